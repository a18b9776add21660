"""What a learner is told about their progress: in a terminal, and in the panel of lesson 0."""

import html
import sys
import textwrap
from pathlib import Path

from course.arrays import Refusal
from course.authoring import stamps
from course.checks.panel import printable
from course.classroom import calibration
from course.classroom.progress import NOTEBOOKS, Progress, Standing, look
from course.grading.lessons import label
from course.plots.drawing import alt_text, as_html, png
from course.tables import replace_file

MARKS = {"passes": "✔", "not yet": "✘", "still to do": "…", "cannot be read": "?"}
WIDTH = 100  # signs of a line in a terminal
NOTHING = (
    "Nothing is written yet, and that is how everybody begins. Save this notebook (Ctrl+S) after your first "
    "exercise or guess, and run this cell again."
)


def where_am_i(folder: str | Path | None = None) -> "Panel":
    """Which exercises pass, and how well you predicted, from the notebooks as they are saved.

    Args:
        folder: with your notebooks; if None, the folder of this notebook, or `notebooks/` of the course where
            this one is a solution or no lesson lies beside it.
    """
    place = Path(folder) if folder is not None else _beside()
    try:
        return Panel(look(place, quiet=True))
    except Refusal as why:
        return Panel(Progress(standings=(), guesses=(), notes=(f"{why}.",), unread=()))


def _beside() -> Path:
    here = Path.cwd()
    lessons = [here / f"{source.stem}.ipynb" for source in stamps.sources()]
    is_solutions = here == stamps.ROOT / "solutions"
    return here if not is_solutions and any(path.exists() for path in lessons) else NOTEBOOKS


def tell(folder: Path | None = None, *, picture: Path | None = None) -> Progress:
    """Print how far a learner is, and write the calibration picture where that is wanted.

    Raises:
        ValueError: if there is no such folder, or the picture's name does not end in .png, or its folder is
            not there.
        OSError: if the picture cannot be written.
    """
    if picture is not None and picture.suffix != ".png":
        raise Refusal(f"the picture must be a file that ends in .png, got {picture}")
    if picture is not None and not picture.parent.is_dir():
        raise Refusal(f"the picture must be in a folder that is there, got {picture}")
    progress = look(folder)
    panel = Panel(progress)
    lines = [str(panel)]
    if picture is not None and panel.compared:
        replace_file(picture, png(calibration.draw(panel.compared)))
        lines.append(f"The picture is in {picture}.")
    elif picture is not None:
        lines.append("There is no picture of it: no guess was found.")
    print(printable("\n".join(lines), sys.stdout.encoding))
    return progress


class Panel:
    """A learner's progress, as HTML with the calibration picture, and as plain text."""

    def __init__(self, progress: Progress) -> None:
        """Keep what is to be told."""
        self.progress = progress
        self.compared = calibration.compare(progress.guesses)

    def __str__(self) -> str:
        """For a terminal and a screen reader."""
        progress = self.progress
        lines = [*progress.unread, *progress.notes]
        if lines:
            lines.append("")
        lessons = list(dict.fromkeys(each.exercise.lesson for each in progress.standings))
        for lesson in lessons:
            lines += _lesson_lines(lesson, progress.of(lesson))
        if progress.standings:
            lines += ["", f"{_total(progress)}.", *self._next()]
        lines += ["", *self._predictions()]
        return "\n".join(lines)

    def _next(self) -> list[str]:
        left = [each for each in self.progress.standings if each.state != "passes"]
        if not left:
            return ["Every exercise of the course passes. Congratulations!"]
        name = left[0].exercise.name
        return [f"Next: {name}, in {label(left[0].exercise.lesson)}.ipynb."]

    def _predictions(self) -> list[str]:
        if not self.compared:
            return [
                "No prediction is written yet: put a number in place of None where you find guess = None."
            ]
        rows = [f"  {each.name:>4} {each.about}: {each.said}, {each.verdict}" for each in self.compared]
        said = "Your predictions. " + " ".join(calibration.summary(self.compared))
        return [*textwrap.wrap(said, WIDTH), *rows]

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        progress = self.progress
        said = [*progress.unread, *progress.notes]
        untouched = all(each.state == "still to do" for each in progress.standings)
        if untouched and not self.compared:
            lines = [*said, NOTHING] if progress.standings else said
            return {"text/html": _box("".join(map(_line, lines))), "text/plain": "\n".join(lines)}

        parts = [_line(each) for each in said]
        if progress.standings:
            parts += [_line(f"{_total(progress)}. {self._next()[0]}", strong=True), _table(progress)]
        if self.compared:
            drawn = calibration.draw(self.compared)
            width = round(drawn.figure.get_size_inches()[0] * 100)
            parts.append(as_html(png(drawn), alt_text(drawn), width=width))
        else:
            parts += map(_line, self._predictions())
        return {"text/html": _box("".join(parts)), "text/plain": str(self)}


def _total(progress: Progress) -> str:
    passed = [each for each in progress.standings if each.state == "passes"]
    points = sum(each.exercise.points for each in passed)
    most = sum(each.exercise.points for each in progress.standings)
    return f"{len(passed)}/{len(progress.standings)} exercises, {points} of {most} points"


def _lesson_lines(lesson: str, standings: list[Standing]) -> list[str]:
    """One line, and one more for each cause."""
    passed = sum(each.state == "passes" for each in standings)
    names = "  ".join(f"{MARKS[each.state]}\N{NO-BREAK SPACE}{each.exercise.name}" for each in standings)
    head = f"{label(lesson):<20} {passed:>2}/{len(standings):<2}  "
    lines = textwrap.wrap(head + names, WIDTH, subsequent_indent=" " * len(head))
    for each in standings:
        if each.cause:
            lines += textwrap.wrap(_cause(each), WIDTH, initial_indent=" " * 4, subsequent_indent=" " * 6)
    return lines


def _cause(standing: Standing) -> str:
    return f"{standing.exercise.name}, {standing.state}: {standing.cause}"


# HTML

_CELL = "text-align:left;border:0;padding:.1em 1em .1em 0;vertical-align:top;background:transparent"


def _box(inside: str) -> str:
    return f'<div role="status" style="font-size:14px;line-height:1.45;max-width:80em">{inside}</div>'


def _line(text: str, *, strong: bool = False) -> str:
    words = html.escape(text)
    return f'<div style="margin:.3em 0">{f"<b>{words}</b>" if strong else words}</div>'


def _table(progress: Progress) -> str:
    heads = "".join(
        f'<th scope="col" style="{_CELL}">{head}</th>' for head in ("lesson", "points", "exercises")
    )
    lessons = dict.fromkeys(each.exercise.lesson for each in progress.standings)
    rows = "".join(_row(lesson, progress.of(lesson)) for lesson in lessons)
    key = ", ".join(f"{mark} {state}" for state, mark in MARKS.items())
    caption = f'<caption style="text-align:left;caption-side:bottom;padding:.3em 0">{key}</caption>'
    return f'<table style="margin:.3em 0;border:0">{caption}<tr>{heads}</tr>{rows}</table>'


def _row(lesson: str, standings: list[Standing]) -> str:
    points = sum(each.exercise.points for each in standings if each.state == "passes")
    most = sum(each.exercise.points for each in standings)
    names = " &nbsp; ".join(
        f'<span style="white-space:nowrap"><span role="img" aria-label="{each.state}" title="{each.state}">'
        f"{MARKS[each.state]}</span> <code>{each.exercise.name}</code></span>"
        for each in standings
    )
    causes = "".join(_line(_cause(each)) for each in standings if each.cause)
    return (
        f'<tr><th scope="row" style="{_CELL};font-weight:normal;white-space:nowrap">{label(lesson)}</th>'
        f'<td style="{_CELL};white-space:nowrap">{points} of {most}</td>'
        f'<td style="{_CELL}">{names}{causes}</td></tr>'
    )

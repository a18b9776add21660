"""What people read: a page for each learner, and a page on the class for the lecturer.

A page says the cause in words, and never a hidden case, nor anything that an answer printed. Whatever comes
from a learner is escaped, and the page forbids itself to run or to load anything.
"""

import hashlib
import html
import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from course.checks.panel import LOOK
from course.grading.records import Row, is_still_to_do, unquoted, write_table
from course.tables import replace_file

CAUSES = ("lesson", "exercise", "cause", "learners")
SHOWN = 10  # causes in the picture
MARKS = {
    "right": LOOK["passed"],
    "wrong": LOOK["wrong"],
    "todo": LOOK["todo"],
    "ungraded": ("?", "not graded", "#767676"),
}
STYLE = """
:root { color-scheme: light dark; --text: #1a1a1a; --back: #ffffff; --faint: #595959; --line: #d0d0d0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8e8e8; --back: #16181c; --faint: #a8a8a8; --line: #42464d; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.faint { color: var(--faint); }
ul { list-style: none; padding: 0; margin: 0; }
li { border-left: 6px solid var(--mark); padding: .4rem 1rem; margin: .5rem 0; }
li p { margin: .15rem 0; }
.points { float: right; margin-left: 1rem; font-variant-numeric: tabular-nums; }
code { font: .92em ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top;
  padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td code { white-space: nowrap; }
img { max-width: 100%; height: auto; }
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


# A learner's page


def write_feedback(rows: Iterable[Row], folder: Path) -> None:
    """Write a page for each learner, in every state.

    Args:
        rows: of all learners.
        folder: for the pages; it is made if it is not there.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_student: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_student[row.student].append(row)
    for student, own in by_student.items():
        replace_file(folder / page_name(student), learner_page(student, own).encode())


def page_name(student: str) -> str:
    """A file name that is safe everywhere, and another one for each learner."""
    ascii_only = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:40].strip("-")
    digest = hashlib.sha256(student.encode(errors="surrogatepass")).hexdigest()[:10]
    return f"{slug or 'learner'}-{digest}.html"


def learner_page(student: str, rows: Sequence[Row]) -> str:
    """The page of one learner, as HTML."""
    from course.plots.words import counted  # loads matplotlib, which no process that grades needs

    name = html.escape(unquoted(student))
    counted_rows = [row for row in rows if row.state != "ungraded"]
    points = sum(row.points or 0 for row in counted_rows)
    most = sum(row.max_points or 0 for row in counted_rows)
    body = [f"<h1>{name}</h1>", f"<p>{points} of {counted(most, 'point')}.{_of_ungraded(rows)}</p>"]

    for lesson, own in itertools.groupby(rows, key=lambda row: row.lesson):
        body.append(f"<h2>{html.escape(lesson)}</h2>\n<ul>")
        body += map(_item, own)
        body.append("</ul>")
    return PAGE.format(title=f"Feedback for {name}", style=STYLE, body="\n".join(body))


def _of_ungraded(rows: Sequence[Row]) -> str:
    number = sum(row.state == "ungraded" for row in rows)
    if not number:
        return ""
    return f" {number} of {len(rows)} could not be graded and {'is' if number == 1 else 'are'} not counted."


def _item(row: Row) -> str:
    mark, word, color = MARKS["todo" if is_still_to_do(row) else row.state]
    what = f"<code>{html.escape(row.exercise)}</code>: {word}" if row.exercise else word
    points = "" if row.points is None else f"{row.points} of {row.max_points}"
    cause = f"<p>{_prose(row.cause)}</p>" if row.cause and not is_still_to_do(row) else ""
    return (
        f'<li style="--mark:{color}"><span class="points">{points}</span>'
        f"<p><b>{mark} {what}</b></p>{cause}</li>"
    )


def _prose(text: str) -> str:
    """Sentences as HTML; what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


# The class's page


def causes_of(rows: Iterable[Row]) -> list[tuple[str, str, str, int]]:
    """(lesson, exercise, cause, how many learners), the most frequent first."""
    counts = Counter((row.lesson, row.exercise, row.cause) for row in rows if row.state == "wrong")
    found = [(*what, count) for what, count in counts.items()]
    return sorted(found, key=lambda each: (-each[3], each))


def write_class_page(rows: Sequence[Row], out: Path) -> None:
    """Write `causes.csv` and `class.html`: what to repeat on Monday. No learner is named in them.

    Raises:
        OSError: if they cannot be written.
    """
    causes = causes_of(rows)
    write_table(out / "causes.csv", CAUSES, causes)
    replace_file(out / "class.html", class_page(rows, causes).encode())


def class_page(rows: Sequence[Row], causes: Sequence[tuple[str, str, str, int]]) -> str:
    """The page on the class, as HTML."""
    from course.grading.pictures import plot_causes, plot_progress
    from course.plots.drawing import html_of_axes
    from course.plots.words import counted

    learners = len({row.student for row in rows})
    body = ["<h1>What the class understood</h1>", f"<p>{counted(learners, 'learner')}.{_of_files(rows)}</p>"]

    counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
    for row in rows:
        if row.exercise:
            counts[row.lesson, row.exercise]["todo" if is_still_to_do(row) else row.state] += 1
    if counts:
        in_order = sorted(counts, key=lambda each: each[0])  # in a lesson as they come
        names = [f"{lesson[:2]}  {exercise}" for lesson, exercise in in_order]
        progress = plot_progress(names, [counts[each] for each in in_order])
        body += ["<h2>How far it got</h2>", f"<p>{html_of_axes(progress)}</p>"]
    mistaken = {(row.lesson, row.exercise, row.cause) for row in rows if not is_still_to_do(row)}
    first = [
        (exercise, why, count)
        for lesson, exercise, why, count in causes
        if (lesson, exercise, why) in mistaken
    ]
    if first:
        picture = html_of_axes(plot_causes(first[:SHOWN]))
        body += ["<h2>What to repeat on Monday</h2>", f"<p>{picture}</p>"]
    if causes:
        body += ["<h2>All causes</h2>", _table(causes)]
    return PAGE.format(title="What the class understood", style=STYLE, body="\n".join(body))


def _of_files(rows: Sequence[Row]) -> str:
    number = sum(row.state == "ungraded" for row in rows)
    if not number:
        return ""
    return f" {number} {'row' if number == 1 else 'rows'} could not be graded; see grades.csv."


def _table(causes: Sequence[tuple[str, str, str, int]]) -> str:
    lines = [
        f'<tr><td class="number">{count}</td><td>{html.escape(lesson[:2])}</td>'
        f"<td><code>{html.escape(exercise)}</code></td><td>{_prose(cause)}</td></tr>"
        for lesson, exercise, cause, count in causes
    ]
    heading = '<tr><th class="number">learners</th><th>lesson</th><th>exercise</th><th>cause</th></tr>'
    return f"<table>\n{heading}\n{chr(10).join(lines)}\n</table>"

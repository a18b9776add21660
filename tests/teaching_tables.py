"""The numbers of the lecturer's handbook: minutes of sections, sheets that add up, seconds that a hall waits.

python -m tests.teaching_tables            what would change in docs/teaching.md and docs/teaching/
python -m tests.teaching_tables --write    puts it there

The run sheets are written by hand, all but their first column. What stands in their second and third column
says how a number is counted:

    lecture    you talk and everybody runs the cells along with you: the words at 120 a minute, half a minute
               and 5 s a statement for a cell, as in tests/lessons/pace.py; and the seconds of the cells that
               make a hall wait
    poll       two minutes for each prediction of the section: one to vote, one to look who was right
    widget     two minutes for each of its widgets
    write      what the exercises' headings say, and their words at 120 a minute
    alone      learners work through the section by themselves, its exercises and widgets included
    talk 4     four minutes, whatever there is to say
    rest       what is left of the 50 or 90 minutes

Seconds come from docs/teaching/run_all.csv, which `python -m tests.teaching_runs` measures.
"""

import functools
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

from course.authoring.source import FOLDED, read
from course.authoring.stamps import ROOT, sources
from course.checks import exercises
from course.classroom.predictions import PREDICTIONS
from course.tables import read_table
from tests import tables_in_docs
from tests.lessons.pace import A_WIDGET, HEADING, WORDS_A_MINUTE, pace, words
from tests.teaching_runs import COLUMNS, RUNS

LENGTHS = (50, 90)
A_POLL = 2  # minutes
A_WAIT = 2.0  # seconds from which on a cell makes a hall wait
NAMES = [source.stem for source in sources()]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a lesson, from one heading to the next."""

    heading: str
    cells: list[NotebookNode] = field(repr=False)
    ran: dict[str, dict[str, str]] = field(repr=False)  # cell id -> its row of the CSV

    @property
    def own(self) -> list[NotebookNode]:
        """The cells without the exercises' text."""
        return [cell for cell in self.cells if not HEADING.match(cell.source)]

    @property
    def words(self) -> int:
        return pace(self.own).words

    @property
    def widgets(self) -> int:
        return pace(self.own).widgets

    @property
    def polls(self) -> int:
        return sum(cell.source.count("*Predict first.*") for cell in self.own if cell.cell_type == "markdown")

    @property
    def exercises(self) -> dict[str, float]:
        """Number -> minutes of each exercise, its text included."""
        found = {}
        for cell in self.cells:
            if match := HEADING.match(cell.source):
                reading = len(words(cell.source)) / WORDS_A_MINUTE
                found[f"{match[1]}.{match[2]}"] = int(match[5]) + reading
        return found

    @property
    def seconds(self) -> float:
        """Of all its cells."""
        return sum(map(self.waited, self.cells))

    @property
    def slow(self) -> list[NotebookNode]:
        """Cells that make a hall wait."""
        return [cell for cell in self.cells if self.waited(cell) >= A_WAIT]

    def waited(self, cell: NotebookNode) -> float:
        """Seconds of a cell on an idle machine: those of a core, but where a cell runs for a given time."""
        row = self.ran.get(cell.id)
        if row is None:
            return 0.0
        return float(row["wall_s" if "minutes=minutes" in cell.source else "cpu_s"])

    def minutes(self, how: str) -> float:
        """What one way to go through it takes."""
        waiting = sum(map(self.waited, self.slow)) / 60
        ways = {
            "lecture": pace(self.own).minutes - A_WIDGET * self.widgets + waiting,
            "poll": A_POLL * self.polls,
            "widget": A_WIDGET * self.widgets,
            "write": sum(self.exercises.values()),
            "alone": pace(self.cells).minutes,
        }
        return ways[how]


@functools.cache
def ran() -> dict[str, dict[str, dict[str, str]]]:
    """Two digits of a lesson -> cell id -> row."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in read_table(RUNS, COLUMNS):
        found.setdefault(row["lesson"], {})[row["cell"]] = row
    return found


@functools.cache
def sections(name: str) -> dict[str, Section]:
    """Of a lesson, in order; the cells before the first heading are "Opening"."""
    parts: dict[str, list[NotebookNode]] = {"Opening": []}
    heading, deeper = "Opening", False
    for cell in read(ROOT / "solutions" / f"{name}.py").cells:
        first = cell.source.split("\n")[0]
        deeper = deeper or first == FOLDED
        if cell.cell_type == "markdown" and re.match(r"## |### (?!Exercise)" if deeper else "## ", first):
            heading = first.lstrip("# ")
        parts.setdefault(heading, []).append(cell)
    timed = ran().get(name[:2], {})
    return {each: Section(heading=each, cells=cells, ran=timed) for each, cells in parts.items()}


def main_path(name: str) -> list[Section]:
    found = sections(name)
    names = list(found)
    last = names.index("Dig deeper") if "Dig deeper" in names else len(names)
    return [found[each] for each in names[:last]]


# Run sheets


def counted(sheet: str, name: str, length: int) -> str:
    """A run sheet with its first column filled in."""
    head, _, *rows = [_cells(line) for line in sheet.strip().splitlines()]
    minutes = [None if how == "rest" else max(1, round(_row(name, what, how))) for _, what, how, _ in rows]
    rest = length - sum(each for each in minutes if each is not None)
    filled = [[str(rest if m is None else m), *row[1:]] for m, row in zip(minutes, rows, strict=True)]
    return tables_in_docs.table(head, filled)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")] if line else []


def _row(name: str, what: str, how: str) -> float:
    total = 0.0
    for way in how.split(", "):
        if free := re.fullmatch(r"talk (\d+)", way):
            total += int(free[1])
        elif way == "write":
            total += sum(_exercise(number) for number in re.findall(r"\b\d+\.\d+\b", what))
        else:
            total += sum(section.minutes(way) for section in named(name, what))
    return total


def named(name: str, what: str) -> Iterator[Section]:
    """The sections whose headings stand in italics, of this lesson or of one that is named before them.

    Raises:
        KeyError: if there is no such section.
    """
    for lesson, heading in re.findall(r"(?:lesson (\d+): )?\*([^*]+)\*", what):
        of = next(each for each in NAMES if int(each[:2]) == int(lesson or name[:2]))
        found = [each for each in sections(of) if each.startswith(heading)]
        if len(found) != 1:
            raise KeyError(f"{heading!r} is the beginning of {len(found)} headings of lesson {of}")
        yield sections(of)[found[0]]


def _exercise(number: str) -> float:
    of = next(each for each in NAMES if int(each[:2]) == int(number.split(".")[0]))
    found = {}
    for section in sections(of).values():
        found |= section.exercises
    return found[number]


# What a page says of its lesson


def objectives(name: str) -> str:
    """What learners can do afterwards, in the lesson's own words."""
    text = sections(name)["Opening"].cells[0].source
    (listed,) = re.findall(r"[Aa]fterwards\s+you\s+can\s+(- .*?)(?:\n\n|\Z)", text, re.S)
    points = [" ".join(point.split()) for point in re.split(r"^- ", listed, flags=re.M) if point.strip()]
    return "".join(f"- {point}\n" for point in points)


def facts(name: str) -> str:
    """One sentence of numbers."""
    path = main_path(name)
    cells = [cell for section in path for cell in section.cells]
    of = pace(cells)
    tasks = [each for each in exercises() if each.lesson == name[:2]]
    timed = ran().get(name[:2], {}).values()
    said = [
        f"{of.words:,} words",
        _number(len(tasks), "exercise")
        + (f" ({_number(sum(t.points for t in tasks), 'point')})" if tasks else ""),
        _number(sum(section.polls for section in path), "prediction"),
        _number(of.widgets, "widget"),
    ]
    wall, cpu = (sum(float(row[column]) for row in timed) for column in ("wall_s", "cpu_s"))
    peak = max((int(row["peak_mb"]) for row in timed), default=0)
    return (
        f"{', '.join(said)}. About {of.minutes:.0f} minutes for a learner who works alone. *Run All* took "
        f"{cpu:.0f} s of a core ({wall:.0f} s on a machine that nine shared) and {peak} MB.\n"
    )


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"


def waits(name: str) -> str:
    """The cells that make a hall wait."""
    rows = []
    for section in sections(name).values():
        for cell in section.slow:
            row = section.ran[cell.id]
            first = next(line for line in cell.source.splitlines() if line and line[0] not in "#%")
            code = f"`{first.strip()[:60]}`"
            rows.append((f"*{section.heading}*", code, row["cpu_s"], row["wall_s"]))
    if not rows:
        return f"No cell takes {A_WAIT:.0f} seconds.\n"
    return tables_in_docs.table(
        ("section", "cell that begins with", "seconds of a core", "seconds on a busy machine"), rows
    )


def held(name: str) -> str:
    """What each section holds."""
    rows = []
    for section in sections(name).values():
        if section.words or section.exercises:
            numbers = ", ".join(section.exercises)
            alone = f"{section.minutes('alone'):.1f}"
            row = (section.heading, section.words, numbers, section.polls or "", section.widgets or "", alone)
            rows.append((*row, f"{section.seconds:.1f}"))
    head = (
        "section",
        "words",
        "exercises",
        "predictions",
        "widgets",
        "minutes alone",
        "seconds of its cells",
    )
    return tables_in_docs.table(head, rows)


def polls(name: str) -> str:
    """The lesson's predictions as questions with four answers; the one that comes true is bold."""
    rows = []
    for each in PREDICTIONS:
        if each.lesson == name[:2]:
            options = (f"**{option}**" if option == each.answer else option for option in each.options)
            truth = ", ".join(t if isinstance(t, str) else f"{t:,}" for t in each.truths)
            varies = "; your run may differ" if each.within else ""
            measured = f"{truth} {each.unit}".strip() + varies
            rows.append((each.name, each.question, " / ".join(options), measured))
    return tables_in_docs.table(("prediction", "as a question", "four answers", "measured"), rows)


# The front page


def measured() -> str:
    """A row for each lesson."""
    rows = []
    for name in NAMES:
        path = main_path(name)
        of = pace([cell for section in path for cell in section.cells])
        timed = list(ran().get(name[:2], {}).values())
        seconds = [f"{sum(float(row[column]) for row in timed):.0f}" for column in ("cpu_s", "wall_s")]
        peak = max((int(row["peak_mb"]) for row in timed), default=0)
        link = f"[{_title(name)}](teaching/{name}.md)"
        rows.append((int(name[:2]), link, f"{of.words:,}", of.writing, round(of.minutes), *seconds, peak))
    head = (
        "#",
        "lesson",
        "words",
        "writing, min",
        "alone, min",
        "*Run All*, s of a core",
        "s while busy",
        "MB",
    )
    return tables_in_docs.table(head, rows)


def _title(name: str) -> str:
    return sections(name)["Opening"].cells[0].source.split("\n")[0].split(". ", 1)[1]


def alone(numbers: list[int]) -> int:
    """Minutes of some lessons' main paths for a learner who works alone."""
    total = 0.0
    for name in NAMES:
        if int(name[:2]) in numbers:
            total += pace([cell for section in main_path(name) for cell in section.cells]).minutes
    return round(total)


def plan(table: str) -> str:
    """The one-term plan with the minutes of its weeks: week, lessons, in the hall, at home, minutes."""
    head, _, *rows = [_cells(line) for line in table.strip().splitlines()]
    filled = [[*row[:-1], str(alone([int(n) for n in re.findall(r"\d+", row[1])]))] for row in rows]
    return tables_in_docs.table(head, filled)


def one_day(table: str) -> str:
    """The one-day plan: a row's minutes are counted where it names a lesson, else kept; the clock follows."""
    head, _, *rows = [_cells(line) for line in table.strip().splitlines()]
    clock = 9 * 60
    filled = []
    for _, minutes, what, *more in rows:
        if lesson := re.match(r"lesson (\d+)", what):
            minutes = str(-(-alone([int(lesson[1])]) // 5) * 5)  # rounded up to five
        filled.append([f"{clock // 60}:{clock % 60:02}", minutes, what, *more])
        clock += int(minutes)
    return tables_in_docs.table(head, filled)


def generated() -> Iterator[tuple[str, str, str]]:
    """(document, name of a place in it, what belongs there)."""
    front = "teaching.md"
    yield front, "measured", measured()
    yield front, "one term", plan(tables_in_docs.between(front, "one term"))
    yield front, "one day", one_day(tables_in_docs.between(front, "one day"))
    for name in NAMES:
        page = f"teaching/{name}.md"
        if not (tables_in_docs.DOCS / page).exists():
            continue
        yield page, "facts", facts(name)
        yield page, "objectives", objectives(name)
        for length in LENGTHS:
            place = f"{length} minutes"
            yield page, place, counted(tables_in_docs.between(page, place), name, length)
        yield page, "polls", polls(name)
        yield page, "waits", waits(name)
        yield page, "sections", held(name)


def main(arguments: list[str]) -> int:
    changed = 0
    for page, place, text in generated():
        if tables_in_docs.between(page, place) != text:
            changed += 1
            print(f"{page}: {place}")
            if "--write" in arguments:
                tables_in_docs.write(page, place, text)
    return 1 if changed and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

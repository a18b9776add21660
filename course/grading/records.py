"""What goes into the grader and what comes out of it: submissions, settings, rows."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from course.tables import replace_file

State = Literal["right", "wrong", "ungraded"]  # ungraded: the grader's fault, or a file that cannot be read

COLUMNS = ("student", "lesson", "exercise", "points", "max_points", "cause", "state")
STILL_TO_DO = "is still to do."  # the cause, after the name of the exercise
LONGEST = 200  # signs of a name; a cause may be five times as long
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a field for a formula
KEPT = {"\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}"}  # names are written with them


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One notebook of one learner, not yet read as a notebook."""

    student: str  # the folder's name or the file's stem, as `cleaned` gives it
    name: str  # of the file, as it was handed in
    content: bytes | None = field(repr=False)  # None if it cannot be read; then `problem` says why, in words
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to grade: the same for all learners of a run, and ready to be sent to another machine."""

    course: str = ""  # the key of the course's own code: answers graded by another one are graded again
    cases: str = ""  # the content of `--cases FILE`
    seed: int = field(repr=False)  # of the hidden cases; nobody can know it beforehand
    trusted: bool = False  # no sandbox
    cpu_seconds: float = 10.0  # for each exercise
    wall_seconds: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One exercise of one learner, as it stands in `grades.csv`; for an unreadable file there is one row."""

    student: str
    lesson: str  # begins with its two digits: 08_gae; of an unreadable file, what the file was called
    exercise: str  # "" for an unreadable file
    points: int | None  # None, an empty field, where it is ungraded
    max_points: int | None  # None for an unreadable file
    cause: str  # "" where it is right
    state: State
    answer: str = field(default="", repr=False)  # the text of the exercise's own cell, for the list of twins


def is_still_to_do(row: Row) -> bool:
    """Whether the stub stands as it was handed out: nothing has been understood wrongly."""
    return row.state == "wrong" and row.cause == f"{row.exercise} {STILL_TO_DO}"


def cleaned(text: str, *, longest: int = LONGEST) -> str:
    """A name as it may stand in a table, on a page and in a terminal.

    Control characters, signs that turn the direction of writing and broken encodings become U+FFFD, what is
    too long ends in three dots, and what a spreadsheet would take for a formula gets a quote before it.
    """
    signs = [sign if _harmless(sign) else "\N{REPLACEMENT CHARACTER}" for sign in text[: longest + 1]]
    if len(signs) > longest:
        signs = [*signs[: longest - 1], "…"]
    quote = "'" if text.startswith(FORMULA) else ""
    return quote + "".join(signs)


def unquoted(name: str) -> str:
    """A cleaned name without the quote that a spreadsheet needs."""
    return name[1:] if name.startswith("'") and name[1:].startswith(FORMULA) else name


def _harmless(sign: str) -> bool:
    # Cc control, Cf format, Cs half a surrogate pair (a broken encoding), Zl and Zp end a line or a paragraph
    return sign in KEPT or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def write_grades(path: Path, rows: Iterable[Row]) -> None:
    """Write `grades.csv`, in one go.

    Raises:
        OSError: if it cannot be written; an older one is then as it was.
    """
    write_table(path, COLUMNS, ([getattr(row, column) for column in COLUMNS] for row in rows))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file in one go; None is an empty field.

    Raises:
        OSError: if it cannot be written; an older one is then as it was.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    replace_file(path, text.getvalue().encode())

"""Writes the points into a gradebook of nbgrader, which its formgrader and its exports then show."""

import contextlib
import os
import sqlite3
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from course.arrays import Refusal
from course.grading.records import Row, unquoted


def open_gradebook(path: str | Path) -> Any:
    """nbgrader's gradebook in this file, which is made if it is not there.

    Raises:
        ValueError: if nbgrader is not installed, or the file is no gradebook.
        OSError: if it cannot be opened.
    """
    try:
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import DatabaseError, OperationalError
    except ImportError:
        raise Refusal("a gradebook needs nbgrader: pip install -e '.[author]'") from None

    path = Path(path).resolve()
    with path.open("ab"):  # an OSError, if it cannot be written, names it
        pass
    try:
        with _own_programs():  # a new gradebook is made by alembic's program
            return Gradebook(f"sqlite:///{path}")
    except (DatabaseError, OperationalError, sqlite3.Error):
        raise Refusal(f"{path} is no gradebook of nbgrader") from None


@contextlib.contextmanager
def _own_programs() -> Iterator[None]:
    """Find the programs of this environment, though nobody has activated it."""
    before = os.environ.get("PATH", os.defpath)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), before))
    try:
        yield
    finally:
        os.environ["PATH"] = before


def write_gradebook(book: Any, rows: Iterable[Row]) -> None:
    """Write the points of all that is graded; a score that somebody gave by hand is kept beside them.

    A lesson is an assignment with one notebook, an exercise the cell `check_` and its name: so it is in the
    releases that nbgrader makes of the notebooks of this course.

    Args:
        book: as `open_gradebook` gives it.
        rows: of all learners; what is ungraded is left as it is.
    """
    graded = [row for row in rows if row.state != "ungraded"]
    with book, warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Object of type <Submitted"
        )  # nbgrader's own order of things
        for lesson, exercise, points in sorted(
            {(row.lesson, row.exercise, row.max_points) for row in graded}
        ):
            _make_cell(book, lesson, _cell(exercise), points)
        for student, lesson in sorted({(row.student, row.lesson) for row in graded}):
            book.update_or_create_student(unquoted(student))
            _make_grades(book, book.update_or_create_submission(lesson, unquoted(student)))

        for row in graded:
            grade = book.find_grade(_cell(row.exercise), row.lesson, row.lesson, unquoted(row.student))
            grade.auto_score = row.points
            grade.needs_manual_grade = False
        book.db.commit()


def _cell(exercise: str) -> str:
    return f"check_{exercise}"


def _make_cell(book: Any, lesson: str, cell: str, points: int | None) -> None:
    """Make what is missing of a lesson; what a release has made is left as it is."""
    from nbgrader.api import MissingEntry

    book.update_or_create_assignment(lesson)
    book.update_or_create_notebook(lesson, lesson)
    try:
        book.find_grade_cell(cell, lesson, lesson)
    except MissingEntry:
        book.add_grade_cell(cell, lesson, lesson, max_score=points, cell_type="code")


def _make_grades(book: Any, submission: Any) -> None:
    """Make what is missing of a submission, if the lesson has got more cells since it was made."""
    from nbgrader.api import Grade, SubmittedNotebook

    there = {each.notebook_id: each for each in submission.notebooks}
    for notebook in submission.assignment.notebooks:
        mine = there.get(notebook.id)
        if mine is None:
            mine = SubmittedNotebook(notebook=notebook, assignment=submission)
            book.db.add(mine)
        having = {grade.cell_id for grade in mine.grades}
        for cell in notebook.grade_cells:
            if cell.id not in having:
                book.db.add(Grade(cell_id=cell.id, notebook=mine))
    book.db.commit()

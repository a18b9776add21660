"""How far a learner is: which exercises pass, from the learner's own saved notebooks.

What a check once said is not believed: the code that was saved is judged again, by the grader, in a process
of its own with limits on time. There is no sandbox: it is the learner's own code, and may do what they may.
"""

import ast
import functools
import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from course.arrays import Refusal
from course.authoring import stamps
from course.checks import exercises
from course.checks.exercise import Exercise
from course.classroom import guesses, saved
from course.grading.command import course_key
from course.grading.grader import grade_one
from course.grading.lessons import Unreadable, exercises_of, label, lesson_of
from course.grading.records import Row, Settings, Submission, is_still_to_do
from course.tables import replace_file

State = Literal["passes", "not yet", "still to do", "cannot be read"]
ORDER: tuple[State, ...] = ("passes", "not yet", "still to do", "cannot be read")  # of two, the first counts

NOTEBOOKS = stamps.ROOT / "notebooks"
CACHE = stamps.ROOT / "build" / "progress.json"  # what was judged
REMEMBERED = 400  # lessons in the cache
LIMITS = {"cpu_seconds": 5.0, "wall_seconds": 15.0}  # of an exercise


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one exercise stands."""

    exercise: Exercise
    state: State
    cause: str = ""  # a sentence where it does not pass yet


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a learner is."""

    standings: tuple[Standing, ...]  # of every exercise of the course, in order
    guesses: tuple[guesses.Guessed, ...]
    notes: tuple[str, ...]  # what is to be said of single files and guesses
    unread: tuple[str, ...]  # a sentence for each file that could not be read

    def of(self, lesson: str) -> list[Standing]:
        """The exercises of a lesson, which is its two digits."""
        return [each for each in self.standings if each.exercise.lesson == lesson]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A notebook, its lesson, and how each of its exercises stands."""

    notebook: saved.Saved
    lesson: str
    standings: dict[str, tuple[State, str]]


def look(folder: Path | None = None, *, quiet: bool = False) -> Progress:
    """Judge the saved notebooks of a folder.

    Args:
        folder: with the notebooks; `notebooks/` of the course if None.
        quiet: no progress bar.

    Raises:
        ValueError: if there is no such folder, or this system cannot judge.
    """
    folder = NOTEBOOKS if folder is None else folder
    if not folder.is_dir():
        raise Refusal(f"the notebooks must be in a folder, got {folder}")
    if os.name == "nt":
        raise Refusal("answers are judged on Linux and macOS; on Windows it works in WSL")

    notebooks, unread = saved.read_all(_in_order(folder))
    notes = [] if notebooks or unread else [f"There is no notebook in {folder}."]
    lessons = {}
    for notebook in notebooks:
        lesson = lesson_in(notebook)
        if lesson is None:
            notes.append(f"{notebook.path.name}: it is no notebook of this course, and is passed over.")
        else:
            lessons[notebook.path] = lesson
    ours = [each for each in notebooks if each.path in lessons]
    guessed, about_guesses = guesses.read_guesses(ours)

    with _Memory(CACHE) as memory:
        bar = tqdm(ours, unit="notebook", leave=False, disable=True if quiet else None)
        judged = [_judged(each, lessons[each.path], memory) for each in bar]
    notes += _about(judged)
    return Progress(
        standings=tuple(_best(exercise, judged, unread) for exercise in exercises()),
        guesses=tuple(guessed),
        notes=(*notes, *about_guesses),
        unread=tuple(unread),
    )


def _in_order(folder: Path) -> list[Path]:
    """The notebooks of a folder, those that have the name of a lesson first: copies come after them."""
    lessons = {source.stem for source in stamps.sources()}
    return sorted(folder.glob("*.ipynb"), key=lambda path: (path.stem not in lessons, path.name))


def lesson_in(notebook: saved.Saved) -> str | None:
    """The two digits of a notebook's lesson; None if it is of no lesson of this course.

    An exercise is known by the name that the course gave to its cell, so a lesson that had another number in
    an older version is found as well.
    """
    known = {exercise.name for exercise in exercises()}
    sources = {source.stem for source in stamps.sources()}
    marked = [cell.grade_id for cell in notebook.cells if isinstance(cell.grade_id, str)]
    ours = [name for name in marked if name.removeprefix("check_") in known]
    if not ours and notebook.path.stem not in sources and notebook.source_hash is None:
        return None
    try:
        return lesson_of({"grade_ids": ours, "ids": [], "names": []}, notebook.path.name)
    except Unreadable:
        return notebook.path.stem[:2] if notebook.path.stem in sources else None


def is_untouched(source: str) -> bool:
    """Whether the code of an exercise's cell is still the stub: a text, and then an error."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        return False
    inside = [each for each in body[0].body if not _is_text(each)]
    return len(inside) == 1 and ast.unparse(inside[0]) == "raise NotImplementedError()"


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


# Judging


def _judged(notebook: saved.Saved, lesson: str, memory: "_Memory") -> _Judged:
    """All exercises of a notebook's lesson; those that are untouched cost nothing."""
    wanted = exercises_of(lesson)
    cells = {each.name: _cells(notebook, each.name) for each in wanted}
    standings: dict[str, tuple[State, str]]
    if all(sources and all(map(is_untouched, sources)) for sources in cells.values()):
        standings = dict.fromkeys(cells, ("still to do", ""))
    else:
        standings = memory.recalled(_key(notebook, lesson), functools.partial(_graded, notebook, lesson))
    for name, sources in cells.items():
        state, cause = standings.get(name, ("still to do", ""))
        if state != "passes" and not sources and not _defines(notebook, name):
            standings[name] = ("still to do", f"Its cell is gone: python -m course restart {name}")
        elif state == "not yet" and len(sources) > 1:
            standings[name] = (state, f"{cause} (It has {len(sources)} cells: they run in their order.)")
    return _Judged(notebook=notebook, lesson=lesson, standings=standings)


def _cells(notebook: saved.Saved, exercise: str) -> list[str]:
    return [each.source for each in notebook.cells if each.kind == "code" and each.grade_id == exercise]


def _defines(notebook: saved.Saved, exercise: str) -> bool:
    """Whether there is such a function in another cell: some editors lose the names of cells."""
    begins = re.compile(rf"^def +{exercise}\b", re.MULTILINE)
    return any(each.kind == "code" and begins.search(each.source) for each in notebook.cells)


def _graded(notebook: saved.Saved, lesson: str) -> dict[str, tuple[State, str]]:
    """What the grader says; it starts a process for the notebook, and one for each exercise."""
    name = f"{label(lesson)}.ipynb"
    submission = Submission(student="", name=name, content=notebook.path.read_bytes())
    rows = grade_one("", [submission], settings=Settings(seed=0, trusted=True, **LIMITS))
    return {row.exercise: _standing(row) for row in rows if row.exercise}


def _standing(row: Row) -> tuple[State, str]:
    if row.state == "right":
        return "passes", ""
    if is_still_to_do(row):
        return "still to do", ""
    return ("cannot be read" if row.state == "ungraded" else "not yet"), row.cause


def _best(exercise: Exercise, judged: Iterable[_Judged], unread: list[str]) -> Standing:
    """An exercise in all notebooks of its lesson: the best of them counts."""
    found = [each.standings[exercise.name] for each in judged if exercise.name in each.standings]
    if found:
        state, cause = min(found, key=lambda each: ORDER.index(each[0]))
        return Standing(exercise=exercise, state=state, cause=cause)
    file = f"{label(exercise.lesson)}.ipynb"
    broken = [each for each in unread if file in each]
    return Standing(exercise=exercise, state="cannot be read" if broken else "still to do")


def _about(judged: list[_Judged]) -> list[str]:
    """What is to be said of single notebooks in which something was done."""
    notes = []
    seen: dict[str, str] = {}
    sources = {source.stem[:2]: source for source in stamps.sources()}
    for each in judged:
        name = each.notebook.path.name
        worked_in = any(state != "still to do" for state, _ in each.standings.values())
        if each.lesson in seen:
            beside = f"a second notebook of lesson {int(each.lesson)}, beside {seen[each.lesson]}"
            notes.append(f"{name}: {beside}; of an exercise in both, the better answer counts.")
        seen.setdefault(each.lesson, name)
        if worked_in and each.lesson in sources and not each.notebook.is_of(sources[each.lesson]):
            newest = "The newest version comes with make update, which keeps them."
            notes.append(f"{name}: from another version of the course; its answers count here. {newest}")
    return notes


# What is remembered


def _key(notebook: saved.Saved, lesson: str) -> str:
    """Of all the code of a notebook and of the course's own; outputs and text change nothing."""
    code = [[each.grade_id, each.id, each.source] for each in notebook.cells if each.kind == "code"]
    text = json.dumps([course_key(), lesson, code, LIMITS])
    return hashlib.sha256(text.encode()).hexdigest()


class _Memory:
    """Verdicts in a file. One that is missing, broken or cannot be written costs time and nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known = self._read()
        self.new: dict[str, dict[str, tuple[State, str]]] = {}

    def __enter__(self) -> "_Memory":
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is new, though the judging was stopped half-way."""
        if not self.new:
            return
        kept = dict(list((self.known | self.new).items())[-REMEMBERED:])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, json.dumps(kept).encode())
        except OSError:
            return

    def recalled(self, key: str, judge: functools.partial) -> dict[str, tuple[State, str]]:
        """The verdicts under a key; found out if they are not known, and then remembered."""
        if key in self.known:
            return {name: (state, cause) for name, (state, cause) in self.known[key].items()}
        standings = judge()
        if all(state != "cannot be read" for state, _ in standings.values()):
            self.new[key] = dict(standings)
        return standings

    def _read(self) -> dict[str, dict[str, tuple[State, str]]]:
        """All entries that are whole."""
        try:
            content = json.loads(self.path.read_bytes())
            return {key: entry for key, entry in content.items() if _is_whole(entry)}
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}


def _is_whole(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(each, list) and len(each) == 2 and each[0] in ORDER and isinstance(each[1], str)
        for each in entry.values()
    )

"""`course restart`: one exercise, or one lesson, as it was handed out. Nothing that was written is lost.

What was handed out is kept by git, with the version of the course that is installed. The learner's notebook
is copied to `mine/` first, where an update keeps such copies too.
"""

import difflib
import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.arrays import Refusal
from course.authoring import stamps
from course.checks import MODULES, exercises
from course.classroom import saved
from course.tables import replace_file

Raw = dict[str, Any]  # a notebook or a cell, as JSON has it

RELOAD = "If it is open in JupyterLab: File > Reload Notebook from Disk, and do not save it before that."


def restart(what: str, *, notebooks: Path | None = None) -> list[str]:
    """Put one exercise or one lesson back to what was handed out.

    Args:
        what: the name of an exercise (`gae`) or a lesson (`08` or `08_gae`).
        notebooks: the folder with the learner's notebooks; `notebooks/` of the course if None.

    Returns:
        What was done, in sentences.

    Raises:
        ValueError: if there is no such exercise, lesson, folder or notebook, if a notebook cannot be read, or
            if git does not have what was handed out. Nothing has been changed then.
        OSError: if a file cannot be written; the learner's is then as it was.
    """
    folder = stamps.ROOT / "notebooks" if notebooks is None else notebooks
    if not folder.is_dir():
        raise Refusal(f"the notebooks must be in a folder, got {folder}")
    if what in MODULES:
        return _restart_exercise(what, folder)
    return _restart_lesson(_source(what).stem, folder)


def _source(what: str) -> Path:
    """The source of the lesson that is meant."""
    named = Path(what).stem.zfill(2)
    by_name = {source.stem: source for source in stamps.sources()}
    for stem, source in by_name.items():
        if named in (stem, stem[:2]):
            return source
    near = difflib.get_close_matches(what, [*MODULES, *by_name], n=1)
    asked = f"; did you mean {near[0]}?" if near else f"; lessons are {', '.join(by_name)}"
    raise Refusal(f"no exercise and no lesson is called {what!r}{asked}")


def _restart_lesson(stem: str, folder: Path) -> list[str]:
    path = folder / f"{stem}.ipynb"
    new = handed_out(stem)
    if not path.exists():
        replace_file(path, new)
        return [f"{path} was not there, and is as it was handed out."]
    _read(path)
    if path.read_bytes() == new:
        return [f"{path} is as it was handed out; nothing was changed."]

    copy = keep(path)
    replace_file(path, new)
    return [f"{path} is as it was handed out. What you had is in {copy}.", RELOAD]


def _restart_exercise(name: str, folder: Path) -> list[str]:
    lesson = next(exercise.lesson for exercise in exercises() if exercise.name == name)
    stem = _source(lesson).stem
    path = _place(name, stem, folder)
    notebook = _read(path)
    before = json.dumps(notebook)

    fresh = json.loads(handed_out(stem))
    for grade_id in (name, f"check_{name}"):
        _reset(notebook, grade_id, fresh["cells"])
    if json.dumps(notebook) == before:
        return [f"{name} in {path} is as it was handed out; nothing was changed."]

    copy = keep(path)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"  # as Jupyter writes it
    replace_file(path, text.encode())
    return [f"{name} in {path} is as it was handed out. The notebook as you had it is in {copy}.", RELOAD]


def _place(name: str, stem: str, folder: Path) -> Path:
    """The notebook with an exercise: the one of its lesson, or in an older version of the course another."""
    official = folder / f"{stem}.ipynb"
    if official.exists():
        return official
    readable, _ = saved.read_all(sorted(folder.glob("*.ipynb")))
    found = [each.path for each in readable if name in [cell.grade_id for cell in each.cells]]
    if len(found) != 1:
        many = "several notebooks" if found else "no notebook"
        raise Refusal(
            f"{many} in {folder} with the exercise {name}, and no {official.name}: restart {stem[:2]}"
        )
    return found[0]


def _read(path: Path) -> Raw:
    """A learner's notebook as JSON.

    Raises:
        ValueError: if it is broken; it is left as it is.
    """
    try:
        saved.read(path)
    except saved.Unreadable as why:
        raise Refusal(
            f"{why} It was left as it is. Give it another name, and restart the lesson to get a new one"
        ) from None
    return json.loads(path.read_text(encoding="utf-8"))


def _reset(notebook: Raw, grade_id: str, fresh: list[Raw]) -> None:
    """Put one cell back; copies of it go, and a cell that is gone comes back after the one before it."""
    cells = notebook["cells"]
    at = [number for number, cell in enumerate(cells) if _grade_id(cell) == grade_id]
    home = next(number for number, cell in enumerate(fresh) if _grade_id(cell) == grade_id)
    new = dict(fresh[home])
    if notebook.get("nbformat_minor", 0) < 5:
        new.pop("id", None)  # cells had none then

    if at:
        for number in reversed(at[1:]):
            del cells[number]
        cells[at[0]] = new
    else:
        cells.insert(_after(cells, fresh[:home]), new)


def _after(cells: list[Raw], before: list[Raw]) -> int:
    """Where a lost cell belongs: after the nearest of those before it that is still there."""
    for lost in reversed(before):
        for number, cell in enumerate(cells):
            if cell.get("id") == lost["id"] or _grade_id(cell) == _grade_id(lost) is not None:
                return number + 1
    return len(cells)


def _grade_id(cell: Raw) -> str | None:
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return marks.get("grade_id") if isinstance(marks, dict) else None


# What was handed out, and what is kept


def handed_out(stem: str) -> bytes:
    """A notebook as this version of the course hands it out, from git.

    Raises:
        ValueError: if git does not have it here.
    """
    name = f"notebooks/{stem}.ipynb"
    # The folder may belong to somebody else, as on a hub; only a file of it is read.
    command = ["git", "-C", str(stamps.ROOT), "-c", "safe.directory=*", "show", f"HEAD:./{name}"]
    own = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=own)
    except OSError:
        raise Refusal(
            f"git is not installed, and it keeps {name} as it was handed out: {_without()}"
        ) from None
    if done.returncode:
        raise Refusal(f"git has no {name} as it was handed out, in {stamps.ROOT}: {_without()}")
    return done.stdout


def _without() -> str:
    return "download the course again, beside this one, and copy the notebook or the cell from there"


def keep(path: Path) -> Path:
    """Copy a notebook to `mine/VERSION/` beside its folder, or to the next VERSION-2, VERSION-3 without it.

    Returns:
        Where the copy is.
    """
    content = path.read_bytes()
    mine = path.parent.resolve().parent / "mine"
    for version in _versions():
        copy = mine / version / path.parent.resolve().name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            with copy.open("xb") as file:
                file.write(content)
        except FileExistsError:
            continue
        return copy
    raise AssertionError("there is always another number")


def _versions() -> Iterator[str]:
    """The names that update.sh gives, 0.3.0, 0.3.0-2, 0.3.0-3 and so on."""
    version = _version()
    yield version
    for number in itertools.count(2):
        yield f"{version}-{number}"


def _version() -> str:
    """As update.sh reads it."""
    try:
        text = (stamps.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return "before"
    found = re.search(r'^version = "(.*)"', text, re.MULTILINE)
    return found[1] if found else "before"

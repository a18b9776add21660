"""`course judge FILE:FUNCTION EXERCISE`: the judge of an exercise for a function in anybody's file.

No notebook, no submission and no sandbox: the file is imported as Python imports it, and so it is for code
that you would run anyway. `docs/judging.md` shows how it is used.
"""

import contextlib
import difflib
import importlib
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from course.arrays import Refusal, number, whole
from course.checks import Verdict, judge

LONE = "_judged"  # the package of a file that is in none, so that `from .helpers import scale` works
SHOWN = 10  # names of functions that a refusal lists


def judge_file(where: str, exercise: str, *, seeds: int = 5, seconds: float = 10.0) -> Verdict:
    """Judge a function in a file as an answer to an exercise, on one set of cases after the other.

    Args:
        where: `FILE:FUNCTION`; the function may be a method or any other callable, `Scaler.normalize`.
        exercise: its name.
        seeds: how many sets of random cases; the first is the one of `check`.
        seconds: the time for all calls of one set. A lesson gives 1 s; here it is more, as a function that
            is compiled when it is first called needs it.

    Returns:
        The verdict on the first set that the function fails, or on the last.

    Raises:
        ValueError: if there is no such exercise, file or function, or the file cannot be imported.
    """
    seeds = whole("seeds", seeds, low=1)
    seconds = number("seconds", seconds, above=0)
    file, name = _parts(where)
    # Asked for before anybody's code runs: an unknown exercise costs nothing, and what the judge itself
    # imports is loaded before a file of the same name can get in its way.
    judge(exercise, _not_yet, seed=0)

    with _beside(file):
        f = _function(_imported(file), name, file)
        for seed in range(seeds):
            verdict = judge(exercise, f, seed=seed, seconds=seconds)
            if not verdict.passed:
                break
    return verdict


def _not_yet(*_: object, **__: object) -> None:
    raise NotImplementedError


def _parts(where: str) -> tuple[Path, str]:
    """The file and the name of the function; a Windows path has a colon of its own."""
    file, colon, name = where.rpartition(":")
    if not (file and colon and all(part.isidentifier() for part in name.split("."))):
        raise Refusal(f"FILE:FUNCTION must be like my_gae.py:gae, got {where!r}")

    path = Path(file)
    if not path.is_file():
        raise Refusal(f"no such file: {file}")
    if path.suffix != ".py":
        raise Refusal(f"FILE must be a Python file that ends in .py, got {file}")
    return path.resolve(), name


@contextlib.contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Imports find what lies beside the file first, as with `python FILE`; what they print goes to stderr."""
    before = list(sys.path)
    sys.path[:0] = [str(file.parent), str(_package(file)[0])]
    importlib.invalidate_caches()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path[:] = before


def _package(file: Path) -> tuple[Path, list[str]]:
    """The folder that holds the file's outermost package, and the names from there to the file."""
    names = [] if file.stem == "__init__" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, names


def _imported(file: Path) -> types.ModuleType:
    names = _package(file)[1]
    if len(names) == 1 and not (file.parent / "__init__.py").is_file():
        names.insert(0, LONE)
        alone = types.ModuleType(LONE)
        alone.__path__ = [str(file.parent)]
        sys.modules[LONE] = alone
        for loaded in [name for name in sys.modules if name.startswith(f"{LONE}.")]:
            del sys.modules[loaded]  # of another call, which may have been another file of this name

    name = ".".join(names)
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise Refusal(f"{file.name} cannot be imported: {_told(error, file)}") from None
    if not _is(module, file):
        raise Refusal(
            f"{file.name} cannot be imported: {name} is another module already, in "
            f"{getattr(module, '__file__', None)}; judge a copy of the file under another name"
        )
    return module


def _is(module: types.ModuleType, file: Path) -> bool:
    where = getattr(module, "__file__", None)
    return where is not None and Path(where).samefile(file)


def _told(error: BaseException, file: Path) -> str:
    """An error in one line, with the last line of the file's own folder that it came through."""
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if isinstance(error, SyntaxError):
        return said  # names its line itself
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == file.parent]
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else said


def _function(module: types.ModuleType, name: str, file: Path) -> Callable:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise Refusal(f"{file.name} has no function {name!r}{_others(found, part)}")
        found = getattr(found, part)
    if not callable(found):
        raise Refusal(f"{name} in {file.name} must be a function, got {type(found).__name__}")
    return found


def _others(place: Any, wanted: str) -> str:
    """What could have been meant: the nearest name, or the first few."""
    names = [name for name, value in vars(place).items() if callable(value) and not name.startswith("_")]
    near = difflib.get_close_matches(wanted, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    if not names:
        return "; there is none in it"
    more = ", ..." if len(names) > SHOWN else ""
    return f"; there are: {', '.join(names[:SHOWN])}{more}"

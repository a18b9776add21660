"""A lesson is executed once: nbval runs the solution and compares, and what the cells made is kept for tests.

This module has three lives. Tests call `execute`. In the pytest that runs nbval it is a plugin, which asks
the kernel after each cell what it gave. In that kernel `note` keeps it, and in the end writes it to a file.
"""

import functools
import io
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cloudpickle
import ipywidgets
import pytest

from course.widgets import Explorer
from tests.lessons.startup import starting_with

ROOT = Path(__file__).resolve().parents[2]
PLACE = "COURSE_TEST_KEEPS"  # names the file, from process to process
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the others of pytest take a second and a half to load
SETTINGS = ("options", "min", "max", "base", "step", "value", "description")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What nbval said of a notebook, and what its cells left behind."""

    status: int
    report: str
    names: dict = field(repr=False)  # the notebook's variables
    shown: list = field(repr=False)  # what the last line of each code cell gave, None where it gave nothing

    @property
    def explorers(self) -> list[Explorer]:
        """The widgets that the cells showed, in order."""
        return [each for each in self.shown if isinstance(each, Explorer)]


def execute(notebook: Path, *first: str) -> Execution:
    """Run a saved notebook again in its folder, and compare its outputs with those that were saved.

    The kernel runs the texts of `first` before the first cell.
    """
    with tempfile.TemporaryDirectory() as folder, starting_with(*first) as ipython:
        kept = Path(folder, "kept.pickle")
        command = [sys.executable, "-m", "pytest", str(notebook), "--nbval", "--nbval-current-env"]
        command += ["--color=no", f"--nbval-sanitize-with={ROOT / 'tests' / 'nbval_sanitize.cfg'}"]
        command += ["-p", "nbval.plugin", "-p", "no:cacheprovider", "-p", __name__]
        command += [f"--rootdir={notebook.parent}", "-c", os.devnull]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            command,
            cwd=notebook.parent,
            env={**os.environ, **ALONE, "PYTHONPATH": path, "IPYTHONDIR": ipython, PLACE: str(kept)},
            capture_output=True,
            text=True,
            timeout=1_200,
        )
        names, shown = pickle.loads(kept.read_bytes()) if kept.exists() else ({}, [])
    return Execution(status=done.returncode, report=done.stdout + done.stderr, names=names, shown=shown)


# In the pytest that runs nbval


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After each cell note what it gave; after the last, before nbval stops its kernel, keep everything."""
    path = os.environ.get(PLACE) if nextitem is None else None
    cell = f"__import__({__name__!r}, fromlist=['note']).note(globals(), {path!r})"
    item.parent.kernel.kc.execute_interactive(cell, store_history=False, timeout=120, allow_stdin=False)


# In the kernel

SHOWN = []


def note(names: dict, path: str | None) -> None:
    """Remember what the cell before gave, and where a path is given, write all that the notebook made."""
    SHOWN.append(names["Out"].pop(max(names["Out"], default=None), None))
    if path is None:
        return
    foreign = ("In", "Out", "get_ipython", "exit", "quit", "open")
    own = {name: value for name, value in names.items() if name[0] != "_" and name not in foreign}
    own = {name: value for name, value in own.items() if _pickled(value)}
    shown = [value if _pickled(value) else repr(value) for value in SHOWN]
    Path(path).write_bytes(_pickled((own, shown)))


class Pickler(cloudpickle.Pickler):
    """Takes functions and classes of the notebook with it, and widgets as what they are made from."""

    def reducer_override(self, obj: object) -> object:
        """How to make `obj` again."""
        if isinstance(obj, Explorer):
            return _explorer, (obj.draw, obj.controls)
        if isinstance(obj, ipywidgets.ValueWidget):
            settings = {name: getattr(obj, name) for name in SETTINGS if obj.has_trait(name)}
            follows = {"end": obj.end} if hasattr(obj, "end") else {}  # see course.widgets.slider
            return _control, (type(obj), settings, follows)
        if isinstance(obj, type(functools.cache(len))):  # else it would be looked for by its name
            return functools.cache, (obj.__wrapped__,)
        return super().reducer_override(obj)


def _pickled(value: object) -> bytes:
    """The value in bytes, or none at all."""
    out = io.BytesIO()
    try:
        Pickler(out).dump(value)
    except Exception:
        return b""
    return out.getvalue()


def _explorer(draw: object, controls: dict) -> Explorer:
    return Explorer(draw, **controls)


def _control(kind: type, settings: dict, follows: dict) -> ipywidgets.ValueWidget:
    control = kind(**settings)
    vars(control).update(follows)
    return control

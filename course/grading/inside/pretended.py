"""The course that learners' imports find in the sandbox.

The exercise functions of earlier lessons stand at their library paths, `check` does nothing and `use` gives
back what it is given. Everything else of the course, and of what only shows things on a page, is `HARMLESS`.
"""

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ROOTS = ("course", "IPython", "ipywidgets", "anywidget")
PLAIN = {"tqdm.notebook": "from tqdm.std import tqdm, trange"}  # a progress bar that needs no notebook


class Harmless:
    """Can be called, asked for parts and gone through, and gives nothing; it is no number and no array."""

    def __getattr__(self, name: str) -> "Harmless":
        """Any part is harmless too; Python's own questions get no answer."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> "Harmless":
        """Nothing happens."""
        return self

    def __getitem__(self, key: Any) -> "Harmless":
        """As any part."""
        return self

    def __iter__(self) -> Iterator:
        """There is nothing to go through."""
        return iter(())

    def __len__(self) -> int:
        """Of nothing, so that it counts as false."""
        return 0

    def __array__(self, dtype: object = None, copy: object = None) -> None:
        """It is no array, although it could be gone through."""
        raise TypeError

    def __enter__(self) -> "Harmless":
        """Nothing to prepare."""
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to tidy up."""


HARMLESS = Harmless()


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds every module of these packages, also those that there never were."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Know what there is: module -> Python."""
        self.sources = sources

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Asked by `import`."""
        if name.partition(".")[0] not in ROOTS and name not in PLAIN:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=True)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill a new module."""
        if module.__name__ in PLAIN:
            exec(PLAIN[module.__name__], module.__dict__)
            return
        module.__dict__["__getattr__"] = functools.partial(self.part, module.__name__)
        if module.__name__ == "course":
            module.__dict__.update(check=_check, use=_use)
        source = self.sources.get(module.__name__)
        if source is not None:
            exec(compile(source, f"<{module.__name__}>", "exec"), module.__dict__)

    def part(self, module: str, name: str) -> Any:
        """What a module does not have: a module of earlier exercises below it, or something harmless."""
        if name.startswith("__"):
            raise AttributeError(name)
        inner = f"{module}.{name}"
        return importlib.import_module(inner) if inner in self.sources else HARMLESS


def pretend(sources: Mapping[str, str]) -> None:
    """From now on, imports find this course and no other."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ROOTS]:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder(sources))


def _check(f: object) -> None:
    """Nothing is checked in here."""


def _use(f: Any) -> Any:
    return f

"""A notebook as it lies on the disk: built, worked in, of an older version, or broken.

Only `json` is needed, so a learner's progress can be read where the author's tools are not installed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course.arrays import Refusal
from course.authoring import stamps


class Unreadable(Exception):
    """A file is no notebook that can be read; the message is a sentence that names the file."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell: its source as one text, and its outputs as they were saved."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    id: str
    metadata: dict[str, Any] = field(repr=False)
    outputs: list[dict[str, Any]] = field(repr=False)

    @property
    def grade_id(self) -> str | None:
        """The name of an exercise, or `check_` and that name; None for every other cell."""
        marks = self.metadata.get("nbgrader")
        return marks.get("grade_id") if isinstance(marks, dict) else None


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A notebook."""

    path: Path
    cells: tuple[Cell, ...] = field(repr=False)
    source_hash: str | None  # of the source it was built from; None if the builder did not make it

    def is_of(self, source: Path) -> bool:
        """Whether it was built from `source` as that is now."""
        return self.source_hash == stamps.source_hash(source)


def read(path: Path) -> Saved:
    """The notebook in a file.

    Raises:
        Unreadable: if there is none; the message names the file and says what is wrong with it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unreadable(f"{path}: there is no such file.") from None
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}.") from None
    except ValueError as error:
        raise Unreadable(f"{path}: it ends half-way, or is no notebook ({error}).") from None

    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise Unreadable(f"{path}: it is no notebook of today's format: there is no list of cells in it.")
    try:
        cells = tuple(_cell(each) for each in content["cells"])
    except (KeyError, TypeError, AttributeError):
        raise Unreadable(f"{path}: it is no notebook: one of its cells has no type or no source.") from None
    return Saved(path=path, cells=cells, source_hash=_stamp(content))


def read_all(paths: Iterable[Path]) -> tuple[list[Saved], list[str]]:
    """The notebooks that can be read, and a sentence for each of the others."""
    notebooks = []
    complaints = []
    for path in paths:
        try:
            notebooks.append(read(path))
        except Unreadable as error:
            complaints.append(str(error))
    return notebooks, complaints


def make_folder(out: Path) -> None:
    """Make the folder that is written to, unless it is there.

    Raises:
        ValueError: if a file has its name.
    """
    if out.exists() and not out.is_dir():
        raise Refusal(f"out must be a folder, got the file {out}")
    out.mkdir(parents=True, exist_ok=True)


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell["source"]
    return Cell(
        kind=cell["cell_type"],
        source=source if isinstance(source, str) else "".join(source),
        id=cell.get("id", ""),
        metadata=dict(cell.get("metadata", {})),
        outputs=list(cell.get("outputs", [])),
    )


def _stamp(content: dict[str, Any]) -> str | None:
    metadata = content.get("metadata")
    stamp = metadata.get(stamps.STAMP) if isinstance(metadata, dict) else None
    return stamp.get("source") if isinstance(stamp, dict) else None

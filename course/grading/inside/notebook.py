"""The code cells of a notebook, whichever editor saved it. Nothing in it is run here."""

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

MOST_CELLS = 5_000
MOST_TEXT = 2_000_000  # signs of code in all
DEFINES = re.compile(r"^(?:async +)?def +(\w+)|^class +(\w+)|^(\w+) *(?::[^=\n]*)?=(?!=)", re.MULTILINE)


class Unreadable(ValueError):
    """The file is no notebook; the message is a sentence for the learner."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of code."""

    grade_id: str  # what nbgrader calls it; "" if nothing
    id: str  # what Jupyter calls it; "" if nothing
    source: str

    def names(self) -> set[str]:
        """The names that the cell seems to define at its top; it need not be valid Python."""
        return _defined(self.source)


@functools.cache
def _defined(source: str) -> set[str]:
    return {name for found in DEFINES.findall(source) for name in found if name}


def read(content: bytes) -> list[Cell]:
    """The cells of code, in order.

    Raises:
        Unreadable: if this is no notebook, or far too large for one.
    """
    if not content.strip():
        raise Unreadable("The file is empty.")
    try:
        notebook = json.loads(content)
    except (MemoryError, RecursionError):
        raise Unreadable("The file is too large or too deep to be read as a notebook.") from None
    except ValueError:
        raise Unreadable("The file is not a notebook: its text is not JSON.") from None

    cells = [_cell(raw) for raw in _raw_cells(notebook) if _is_code(raw)]
    if len(cells) > MOST_CELLS or sum(len(cell.source) for cell in cells) > MOST_TEXT:
        raise Unreadable("The notebook has far more code than a lesson.")
    return cells


def _raw_cells(notebook: Any) -> list[Any]:
    """Of format 4, or of format 3, which had sheets."""
    if isinstance(notebook, dict):
        if isinstance(notebook.get("cells"), list):
            return notebook["cells"]
        sheets = notebook.get("worksheets")
        if isinstance(sheets, list) and all(isinstance(sheet, dict) for sheet in sheets):
            found = [sheet.get("cells") for sheet in sheets]
            return [cell for cells in found if isinstance(cells, list) for cell in cells]
    raise Unreadable("The file is JSON, but not a notebook: it has no cells.")


def _is_code(raw: Any) -> bool:
    return isinstance(raw, dict) and raw.get("cell_type") == "code"


def _cell(raw: dict) -> Cell:
    metadata = raw.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return Cell(grade_id=_text(grade_id), id=_text(raw.get("id")), source=_source(raw))


def _source(raw: dict) -> str:
    source = raw.get("source", raw.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def cells_of(exercise: str, cells: list[Cell]) -> list[int]:
    """The numbers of an exercise's cells: known by grade id, else by id, else by what they define."""
    for belongs in (
        lambda cell: cell.grade_id == exercise,
        lambda cell: cell.id == exercise,
        lambda cell: exercise in cell.names(),
    ):
        found = [number for number, cell in enumerate(cells) if belongs(cell)]
        if found:
            return found
    return []

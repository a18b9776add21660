"""Read the source of a lesson: `solutions/NN_name.py`, py:percent, solved.

An author marks cells in a few words, and the metadata that Jupyter, nbgrader and the slides want is
written out here:

    # %% exercise="min_max"     the learner writes here; the solution stands between nbgrader's markers
    # %% check="min_max"        the check, worth the points of the exercise, in the next cell
    # %% slide="fragment"       other than the default: a cell that opens with a heading starts a slide
    # %% picture="docs/x.png"   the figure of this cell is also written to that file
"""

import hashlib
import re
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from course.arrays import one_of
from course.checks import exercises

MARKERS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
KEYS = ("slide", "tags", "picture", "exercise", "check")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class BuildError(Exception):
    """A lesson cannot be built; the message names file, line and remedy."""


def read(source: Path) -> NotebookNode:
    """The lesson as an unexecuted, solved notebook with all metadata written out.

    Raises:
        BuildError: if a marker has no partner or stands in the wrong cell, or a cell's key is not known.
    """
    text = source.read_text(encoding="utf-8")
    check_markers(text, source.name)
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except nbformat.ValidationError as error:
        raise BuildError(f"{source.name}: {str(error).splitlines()[0]} (tags must be a list)") from None
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat_minor = 5

    points = {exercise.name: exercise.points for exercise in exercises()}
    seen: set[str] = set()
    for cell in notebook.cells:
        first = cell.source.splitlines()[0] if cell.source else "(empty cell)"
        try:
            cell.metadata = nbformat.from_dict(_metadata(cell, points))
        except ValueError as error:
            raise BuildError(f"{source.name}: cell {first!r}: {error}") from None

        name = grade_id(cell)
        if name in seen:
            raise BuildError(f"{source.name}: cell {first!r}: {name!r} stands in two cells")
        if name is not None:
            seen.add(name)

    _name_cells(notebook)
    return notebook


def check_markers(text: str, name: str) -> None:
    """Raise BuildError, with the line, unless every BEGIN marker has its END in the same cell."""
    opened: tuple[str, int] | None = None
    for number, line in enumerate([*text.splitlines(), "# %%"], start=1):
        if opened and line.startswith("# %%"):
            kind, began = opened
            raise BuildError(f"{name}:{began}: ### BEGIN {kind} without ### END {kind} in its cell")
        if not re.match(r"\s*##+ *(BEGIN|END)\b", line, re.IGNORECASE):
            continue

        found = re.fullmatch(rf"\s*### (BEGIN|END) ({'|'.join(MARKERS)})\s*", line)
        if not found:  # nbgrader would not know it, and hand the solution out
            raise BuildError(
                f"{name}:{number}: {line.strip()!r} is no marker; allowed: ### BEGIN or ### END, "
                f"then {', '.join(MARKERS)}"
            )

        edge, kind = found.groups()
        if edge == "BEGIN" and opened:
            raise BuildError(f"{name}:{number}: ### BEGIN {kind} inside the one of line {opened[1]}")
        if edge == "END" and (not opened or opened[0] != kind):
            raise BuildError(f"{name}:{number}: ### END {kind} without ### BEGIN {kind}")
        opened = (kind, number) if edge == "BEGIN" else None


def grade_id(cell: NotebookNode) -> str | None:
    """What nbgrader calls a cell; None if it is neither an exercise nor a check."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _metadata(cell: NotebookNode, points: dict[str, int]) -> dict:
    """Jupyter's, nbgrader's and the slides' metadata from an author's few words."""
    given = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    unknown = [key for key in given if key not in KEYS]
    if unknown:
        raise ValueError(f"unknown key {', '.join(unknown)}; allowed: {', '.join(KEYS)}")
    for kind, key in (("SOLUTION", "exercise"), ("HIDDEN TESTS", "check")):
        if f"### BEGIN {kind}" in cell.source and key not in given:
            raise ValueError(f"### BEGIN {kind} belongs in a cell with the key {key}")
    if "exercise" in given and "### BEGIN SOLUTION" not in cell.source:
        raise ValueError("an exercise needs ### BEGIN SOLUTION and ### END SOLUTION")

    heading = cell.cell_type == "markdown" and re.match(r"#{1,2} ", cell.source)
    slide = one_of("slide", given.get("slide", "slide" if heading else "fragment"), SLIDE_TYPES)
    metadata: dict = {"slideshow": {"slide_type": slide}}
    for key in ("tags", "picture"):
        if key in given:
            metadata[key] = given[key]
    for key in ("exercise", "check"):
        if key in given:
            name = one_of(key, given[key], points)
            metadata["nbgrader"] = _nbgrader(name, points[name], grade=key == "check")
    return metadata


def _nbgrader(name: str, points: int, *, grade: bool) -> dict:
    common = {"schema_version": 3, "task": False, "grade": grade, "solution": not grade}
    if grade:
        return {**common, "grade_id": f"check_{name}", "locked": True, "points": points}
    return {**common, "grade_id": name, "locked": False}


def _name_cells(notebook: NotebookNode) -> None:
    """Give every cell an id that does not change between builds: its grade_id, or a hash of itself."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:10]
        name = grade_id(cell) or digest
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"

"""Read the source of a lesson: `solutions/NN_name.py`, py:percent, solved.

An author marks cells in a few words, and the metadata that Jupyter, nbgrader and the slides want is
written out here:

    # %% exercise="min_max"     the learner writes here; the solution stands between nbgrader's markers
    # %% check="min_max"        the check, worth the points of the exercise, in the next cell
    # %% slide="fragment"       other than the default, see below
    # %% picture="docs/x.png"   the figure of this cell is also written to that file

Text needs no marks: it is cut into cells wherever a slide begins, which is at a heading of the first or
second level and at an exercise, and wherever a sub-slide begins, which is at any other heading and at a
prediction. It is also cut below a fold (`</details>`), where Jupyter would leave no room. The heading *Dig
deeper* and its first paragraph are a cell of their own. JupyterLab folds what follows it when it opens the
notebook.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from course.arrays import one_of
from course.checks import exercises

MARKERS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
KEYS = ("slide", "tags", "picture", "exercise", "check")
SLIDE = re.compile(r"#{1,2} |### Exercise ")
SUBSLIDE = re.compile(r"### |\*Predict first\.\*")
FOLDED = "## Dig deeper"
FOLD = "jp-MarkdownHeadingCollapsed"  # JupyterLab keeps in a cell's metadata that it hides what follows
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
    notebook.cells = [piece for cell in notebook.cells for piece in _cut(cell)]

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

    slide = one_of("slide", given.get("slide", _slide(cell)), SLIDE_TYPES)
    metadata: dict = {"slideshow": {"slide_type": slide}}
    if cell.cell_type == "markdown" and cell.source.split("\n")[0] == FOLDED:
        metadata[FOLD] = True
    for key in ("tags", "picture"):
        if key in given:
            metadata[key] = given[key]
    for key in ("exercise", "check"):
        if key in given:
            name = one_of(key, given[key], points)
            metadata["nbgrader"] = _nbgrader(name, points[name], grade=key == "check")
    return metadata


def _slide(cell: NotebookNode) -> str:
    """What a cell is on the slides if its author does not say."""
    if cell.cell_type != "markdown":
        return "fragment"
    if SLIDE.match(cell.source):
        return "slide"
    return "subslide" if SUBSLIDE.match(cell.source) else "fragment"


def _cut(cell: NotebookNode) -> Iterator[NotebookNode]:
    """The cell, or if it is text, its pieces: one for each slide and sub-slide. The first keeps its keys."""
    if cell.cell_type != "markdown":
        yield cell
        return

    pieces: list[list[str]] = [[]]
    for paragraph in _paragraphs(cell.source):
        if pieces[-1] and _begins(paragraph, pieces[-1]):
            pieces.append([])
        pieces[-1].append(paragraph)

    cell.source = "\n\n".join(pieces[0])
    yield cell
    for piece in pieces[1:]:
        yield new_markdown_cell("\n\n".join(piece))


def _begins(paragraph: str, before: list[str]) -> bool:
    """Whether a paragraph begins a cell of its own; `before` are those of the cell that it could join."""
    if before[0] == FOLDED and len(before) == 2:
        return True
    if before[-1].endswith("</details>") and not paragraph.startswith("<details>"):
        return True
    if SLIDE.match(paragraph):
        return True
    # A slide of a heading alone says nothing, so a prediction right under one stays with it.
    alone = len(before) == 1 and SLIDE.match(before[0])
    return bool(SUBSLIDE.match(paragraph)) and not alone


def _paragraphs(text: str) -> Iterator[str]:
    """What blank lines part, outside of fenced code."""
    paragraph: list[str] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        if line.strip() or fenced:
            paragraph.append(line)
        elif paragraph:
            yield "\n".join(paragraph)
            paragraph = []
    if paragraph:
        yield "\n".join(paragraph)


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

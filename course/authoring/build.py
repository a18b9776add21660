"""Build the notebooks of a lesson from its one source, `solutions/NN_name.py` (py:percent, solved).

    solutions/NN_name.ipynb   executed, with outputs
    notebooks/NN_name.ipynb   unsolved, no outputs, byte-identical between builds

An author marks cells in a few words, and the builder writes out the metadata that Jupyter, nbgrader and the
slides want:

    # %% exercise="min_max"     the learner writes here; the solution stands between nbgrader's markers
    # %% check="min_max"        the check, worth the points of the exercise, in the next cell
    # %% slide="fragment"       other than the default: a cell that opens with a heading starts a slide
    # %% picture="docs/x.png"   the figure of this cell is also written to that file

nbgrader's own preprocessors take the solutions out; its database is not needed.
"""

import base64
import copy
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader import preprocessors as nbgrader
from traitlets.config import Config

from course.arrays import one_of
from course.authoring.stamps import ROOT, STAMP, content_hash, source_hash
from course.checks import exercises

MARKERS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
WIDGET = "application/vnd.jupyter.widget-view+json"


class BuildError(Exception):
    """A lesson cannot be built; the message names file, line and remedy."""


def build(source: Path) -> str:
    """Build both notebooks of one lesson and write them; return a line that says what was done.

    Raises:
        BuildError: if the source is malformed or a cell fails; nothing is written then.
    """
    solved = read(source)
    executed = execute(solved, source)
    pictures = dict(_pictures(solved, executed))
    outputs = {
        ROOT / "notebooks" / f"{source.stem}.ipynb": dumps(stamped(unsolved(solved), source)),
        ROOT / "solutions" / f"{source.stem}.ipynb": dumps(stamped(executed, source)),
    }
    for path, text in outputs.items():
        _write(path, text.encode())
    for path, picture in pictures.items():
        _write(path, picture)
    size = len(outputs[ROOT / "solutions" / f"{source.stem}.ipynb"]) / 1024
    return f"{source.stem}: {len(solved.cells)} cells, solution {size:.0f} KiB"


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
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    points = {exercise.name: exercise.points for exercise in exercises()}
    seen: set[str] = set()
    for cell in notebook.cells:
        first = cell.source.splitlines()[0] if cell.source else "(empty cell)"
        try:
            cell.metadata = nbformat.from_dict(_metadata(cell, points))
        except ValueError as error:
            raise BuildError(f"{source.name}: cell {first!r}: {error}") from None
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in seen:
            raise BuildError(f"{source.name}: cell {first!r}: {name!r} stands in two cells")
        seen |= {name} - {None}
    _name_cells(notebook)
    notebook.nbformat_minor = 5
    return notebook


def check_markers(text: str, name: str) -> None:
    """Raise BuildError, with the line, unless every BEGIN marker has its END in the same cell."""
    opened: tuple[str, int] | None = None
    for number, line in enumerate([*text.splitlines(), "# %%"], start=1):
        if opened and line.startswith("# %%"):
            raise BuildError(
                f"{name}:{opened[1]}: ### BEGIN {opened[0]} without ### END {opened[0]} in its cell"
            )
        if not re.match(r"\s*##+ *(BEGIN|END)\b", line, re.I):
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


def _metadata(cell: NotebookNode, points: dict[str, int]) -> dict:
    """Jupyter's, nbgrader's and the slides' metadata from an author's few words."""
    given = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
    heading = cell.cell_type == "markdown" and re.match(r"#{1,2} ", cell.source)
    slide = one_of("slide", given.pop("slide", "slide" if heading else "fragment"), SLIDE_TYPES)
    metadata: dict = {"slideshow": {"slide_type": slide}}
    for kind, key in (("SOLUTION", "exercise"), ("HIDDEN TESTS", "check")):
        if f"### BEGIN {kind}" in cell.source and key not in given:
            raise ValueError(f"### BEGIN {kind} belongs in a cell with the key {key}")
    if "tags" in given:
        metadata["tags"] = given.pop("tags")
    if "picture" in given:
        metadata["picture"] = given.pop("picture")
    for key in ("exercise", "check"):
        if key in given:
            name = one_of(key, given.pop(key), points)
            if key == "exercise" and "### BEGIN SOLUTION" not in cell.source:
                raise ValueError("an exercise needs ### BEGIN SOLUTION and ### END SOLUTION")
            metadata["nbgrader"] = _nbgrader(name, points[name], grade=key == "check")
    if given:
        allowed = "slide, tags, picture, exercise, check"
        raise ValueError(f"unknown key {', '.join(given)}; allowed: {allowed}")
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
        name = cell.metadata.get("nbgrader", {}).get("grade_id", digest)
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"


def unsolved(notebook: NotebookNode) -> NotebookNode:
    """The learner's copy: solutions, hidden tests and outputs taken out, check cells locked."""
    notebook = copy.deepcopy(notebook)
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    resources: dict = {}
    for step in (
        nbgrader.LockCells,
        nbgrader.ClearSolutions,
        nbgrader.ClearOutput,
        nbgrader.ClearHiddenTests,
        nbgrader.ClearMarkScheme,
        nbgrader.ComputeChecksums,
        nbgrader.CheckCellMetadata,
    ):
        notebook, resources = step(config=config).preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata.pop("picture", None)
        if cell.metadata.get("nbgrader", {}).get("grade"):
            # Here only: in the solved copy a check that fails must stop the build.
            cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "raises-exception"})
    return notebook


def execute(notebook: NotebookNode, source: Path) -> NotebookNode:
    """Run every cell at full length and keep the outputs that do not change from run to run.

    Raises:
        BuildError: if a cell fails.
    """
    notebook = copy.deepcopy(notebook)
    quick = os.environ.pop("COURSE_QUICK", None)
    client = NotebookClient(
        notebook,
        timeout=900,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    try:
        client.execute(stderr=subprocess.DEVNULL)
    except (DeadKernelError, AssertionError):
        # On Ctrl-C nbclient ends the kernel under itself, and trips over that.
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            raise KeyboardInterrupt from None
        raise BuildError(f"{source.name}: the kernel died while it ran a cell") from None
    except CellTimeoutError:
        raise BuildError(f"{source.name}: a cell was still running after 900 s") from None
    except CellExecutionError as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        raise BuildError(f"{source.name}: a cell failed.\n{plain}") from None
    finally:
        if quick is not None:
            os.environ["COURSE_QUICK"] = quick
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = list(_static(cell.outputs))
    return notebook


def _static(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Leave the static twin of each widget; drop progress bars and what goes to stderr.

    A saved widget without its kernel is an error message in JupyterLab, and its saved state would be a second
    copy of every figure.
    """
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            continue
        data = output.get("data", {})
        if data.pop(WIDGET, None) is not None and "text/html" not in data:
            continue
        yield output


def _pictures(solved: NotebookNode, executed: NotebookNode) -> Iterator[tuple[Path, bytes]]:
    for before, after in zip(solved.cells, executed.cells, strict=True):
        target = before.metadata.get("picture")
        if target:
            after.metadata.pop("picture")
            found = re.search(r"base64,([^\"]+)", json.dumps(after.outputs))
            if not found:
                raise BuildError(f"picture={target!r}: this cell shows no figure")
            yield ROOT / target, base64.b64decode(found[1].rstrip("\\"))


def stamped(notebook: NotebookNode, source: Path) -> NotebookNode:
    """Write into the notebook what `stale` compares."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata[STAMP] = {"source": source_hash(source)}
    notebook.metadata[STAMP]["content"] = content_hash(json.loads(dumps(notebook)))
    return notebook


def dumps(notebook: NotebookNode) -> str:
    """The notebook as text, valid, with one newline at the end."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _write(path: Path, data: bytes) -> None:
    """Replace the file in one go, so that Ctrl-C leaves the old one or the new one."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)

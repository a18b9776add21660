"""Build the notebooks of a lesson from its one source, `solutions/NN_name.py` (py:percent, solved).

    solutions/NN_name.ipynb   executed, with outputs
    notebooks/NN_name.ipynb   unsolved, no outputs, byte-identical between builds

`source` reads it, `notebooks` makes the two, `stamps` says later whether they are older than it.
"""

import base64
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course.authoring import stamps
from course.authoring.notebooks import dumps, execute, unsolved
from course.authoring.source import BuildError, read
from course.tables import replace_file


def build(source: Path) -> str:
    """Build both notebooks of one lesson and write them; return a line that says what was done.

    Raises:
        BuildError: if the source is malformed or a cell fails; nothing is written then.
    """
    solved = read(source)
    executed = execute(solved, source)
    pictures = dict(_pictures(solved, executed))
    learners = dumps(stamped(unsolved(solved), source)).encode()
    solution = dumps(stamped(executed, source)).encode()

    _write(stamps.ROOT / "notebooks" / f"{source.stem}.ipynb", learners)
    _write(stamps.ROOT / "solutions" / f"{source.stem}.ipynb", solution)
    for path, picture in pictures.items():
        _write(path, picture)

    return f"{source.stem}: {len(solved.cells)} cells, solution {len(solution) / 1024:.0f} KiB"


def stamped(notebook: NotebookNode, source: Path) -> NotebookNode:
    """Write into the notebook what `stale` compares."""
    notebook = copy.deepcopy(notebook)
    content = json.loads(dumps(notebook))
    notebook.metadata[stamps.STAMP] = {
        "source": stamps.source_hash(source),
        "content": stamps.content_hash(content),
    }
    return notebook


def _pictures(solved: NotebookNode, executed: NotebookNode) -> Iterator[tuple[Path, bytes]]:
    """The figures that are also written to files, and where; the executed cells forget their names."""
    for before, after in zip(solved.cells, executed.cells, strict=True):
        target = before.metadata.get("picture")
        if not target:
            continue

        after.metadata.pop("picture")
        found = re.search(r"base64,([^\"]+)", json.dumps(after.outputs))
        if not found:
            raise BuildError(f"picture={target!r}: this cell shows no figure")
        yield stamps.ROOT / target, base64.b64decode(found[1].rstrip("\\"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    replace_file(path, content)

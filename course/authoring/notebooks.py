"""From the solved notebook to the two that are kept: the learner's copy, and the executed one.

nbgrader's own preprocessors take the solutions out; its database is not needed.
"""

import copy
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader import preprocessors as nbgrader
from traitlets.config import Config

from course.authoring.source import BuildError

STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
STEPS = (
    nbgrader.LockCells,
    nbgrader.ClearSolutions,
    nbgrader.ClearOutput,
    nbgrader.ClearHiddenTests,
    nbgrader.ClearMarkScheme,
    nbgrader.ComputeChecksums,
    nbgrader.CheckCellMetadata,
)
WIDGET = "application/vnd.jupyter.widget-view+json"
SECONDS = 900  # that a cell may take


def unsolved(notebook: NotebookNode) -> NotebookNode:
    """The learner's copy: solutions, hidden tests and outputs taken out, check cells locked."""
    notebook = copy.deepcopy(notebook)
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    resources: dict = {}
    for step in STEPS:
        notebook, resources = step(config=config).preprocess(notebook, resources)

    for cell in notebook.cells:
        cell.metadata.pop("picture", None)
        if cell.cell_type == "markdown":
            # So that a double click on a hint does not turn the cell into its source, with every hint open;
            # JupyterLab also needs the setting that setup.sh writes.
            cell.metadata["editable"] = False
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
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    full_length = {name: value for name, value in os.environ.items() if name != "COURSE_QUICK"}
    try:
        client.execute(stderr=subprocess.DEVNULL, env=full_length)
    except (DeadKernelError, AssertionError):
        # On Ctrl-C nbclient ends the kernel under itself, and trips over that.
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            raise KeyboardInterrupt from None
        raise BuildError(f"{source.name}: the kernel died while it ran a cell") from None
    except CellTimeoutError:
        raise BuildError(f"{source.name}: a cell was still running after {SECONDS} s") from None
    except CellExecutionError as error:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        raise BuildError(f"{source.name}: a cell failed.\n{plain}") from None

    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = list(_static(cell.outputs))
    return notebook


def dumps(notebook: NotebookNode) -> str:
    """The notebook as text, valid, with one newline at the end."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


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

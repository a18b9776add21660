"""What a lesson says and what its cells gave, for tests that hold the two together.

The outputs are those of the built solution. That they still come out is tested by nbval, except in cells
tagged nbval-ignore-output, whose numbers need a test of their own.
"""

import contextlib
import io
import json
import runpy

import pytest

from course import widgets
from course.authoring.stamps import ROOT


def cells(lesson: str) -> list[dict]:
    """The cells of the built solution of lesson "02"."""
    (path,) = (ROOT / "solutions").glob(f"{lesson}_*.ipynb")
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def prose(lesson: str) -> str:
    """All the text that is not code."""
    return "\n".join("".join(cell["source"]) for cell in cells(lesson) if cell["cell_type"] == "markdown")


def outputs(lesson: str) -> str:
    """All that the cells gave, in words: printed, returned, and the alt text of figures."""
    texts = []
    for cell in cells(lesson):
        for output in cell.get("outputs", []):
            text = output.get("text", output.get("data", {}).get("text/plain", ""))
            texts.append("".join(text))
    return "\n".join(texts)


def variables(lesson: str) -> dict:
    """The lesson's variables after its source has run, and under "explorers" its widgets in order."""
    (source,) = (ROOT / "solutions").glob(f"{lesson}_*.py")
    explorers = []

    class Collected(widgets.Explorer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            explorers.append(self)

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(widgets, "Explorer", Collected)
        return {**runpy.run_path(str(source)), "explorers": explorers}

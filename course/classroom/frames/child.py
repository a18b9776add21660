"""Runs one lesson in a process of its own, as a notebook would, and records the widgets that it shows.

    python -m course.classroom.frames.child NOTEBOOK FOLDER CAP needed|all

Writes the pictures and `frames.json` into the folder. What it says goes to the standard output, a line of
JSON each: `frame` and `of`, or at its end an `error`, or `differs` where only the needed cells were run and
a widget shows something else than in the saved notebook.
"""

import html
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from course.classroom.frames.needed import needed
from course.classroom.frames.page import FRAMES
from course.classroom.saved import Cell, read
from course.tables import replace_file
from course.widgets import Explorer, frames
from course.widgets.prize import WhoEarnedThePrize

TWIN = "advantage-twin"
# Of a lesson and the number of its widget: what a slider takes where an even choice would miss the point.
FEW = {
    ("06_value_prediction", 0): {
        "none is lucky": [0, 35, 100],
        "one is lucky": [35, 70, 100, 140],
        "two are lucky": [70, 100, 140, 200],
        "all three are lucky": [100, 200, 280, 360],
    },
}


class Failed(Exception):
    """A cell raised; the message is a sentence that names it."""


class Differs(Exception):
    """A widget shows something else than in the saved notebook."""


def twins(cell: Cell) -> list[str]:
    """The words of the static twins that were saved in a cell, in order."""
    data = [output.get("data", {}) for output in cell.outputs]
    return ["".join(each["text/plain"]) for each in data if TWIN in "".join(each.get("text/html", ""))]


def recorded(
    notebook: Path,
    folder: Path,
    *,
    cap: int,
    every_cell: bool,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Run a saved notebook and record its widgets, in order; return what `frames.json` holds.

    Args:
        notebook: solved and executed.
        folder: where the pictures go.
        cap: on the settings of one widget.
        every_cell: run all of them; else those that the widgets need.
        progress: as in `course.widgets.frames.record`.

    Raises:
        Failed: if a cell does.
        Differs: if only the needed cells run, and a widget differs from its saved twin.
    """
    cells = [cell for cell in read(notebook).cells if cell.kind == "code"]
    targets = [number for number, cell in enumerate(cells) if twins(cell)]
    chosen = range(len(cells)) if every_cell else needed([cell.source for cell in cells], targets)

    shell = InteractiveShell.instance()
    shown: list[Explorer | WhoEarnedThePrize] = []
    for kind in (Explorer, WhoEarnedThePrize):
        kind._ipython_display_ = lambda widget: shown.append(widget)  # a method, not a function of the list

    found = []
    complaints = []
    for number in chosen:
        shown.clear()
        _run(shell, cells[number], f"{notebook.name}: code cell {number + 1}")
        expected = twins(cells[number])
        said = [widget.twin()["text/plain"] for widget in shown]
        if said != expected:
            if not every_cell:
                raise Differs
            complaints.append(f"{notebook.name}: code cell {number + 1} shows another widget than was saved.")
        for widget in shown:
            few = FEW.get((notebook.stem, len(found)))
            found.append(_record(widget, folder, cap, few, progress))
    return {"cells": [len(chosen), len(cells)], "complaints": complaints, "widgets": found}


def _run(shell: InteractiveShell, cell: Cell, name: str) -> None:
    with capture_output():
        result = shell.run_cell(cell.source, store_history=True)
    error = result.error_before_exec or result.error_in_exec
    if isinstance(error, KeyboardInterrupt):
        raise error
    if error is not None and "raises-exception" not in cell.metadata.get("tags", []):
        raise Failed(f"{name} failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}")


def _record(
    widget: Explorer | WhoEarnedThePrize,
    folder: Path,
    cap: int,
    few: dict[str, list] | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    if isinstance(widget, WhoEarnedThePrize):
        return {"kind": "prize", "frames": widget.frames, "start": widget.start}
    made = frames.record(widget, folder, cap=cap, few=few, progress=progress)
    if made["frames"][0]["words"] != html.escape(widget.alt, quote=False):
        raise Failed(f"{folder.name}: a widget draws another figure than the one that it shows at first")
    return made


def main(notebook: str, folder: str, cap: str, which: str) -> int:
    """Record, and write what came of it; the status is not 0 if there is nothing to keep."""
    out = sys.stdout

    def say(**what: object) -> None:
        print(json.dumps(what), file=out, flush=True)

    try:
        content = recorded(
            Path(notebook),
            Path(folder),
            cap=int(cap),
            every_cell=which == "all",
            progress=lambda frame, of: say(frame=frame, of=of),
        )
    except (Differs, SyntaxError):
        say(differs=True)
        return 1
    except Failed as error:
        say(error=str(error))
        return 1
    except KeyboardInterrupt:
        return 1
    replace_file(Path(folder, FRAMES), json.dumps(content, ensure_ascii=False).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

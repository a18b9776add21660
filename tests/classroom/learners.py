"""Learners' notebooks for tests: built ones, with answers and guesses written into them."""

import json
import shutil

from course.authoring.stamps import ROOT

STANDARD_ERROR = """def standard_error(rewards):
    return np.sqrt(np.var(rewards, ddof=1) / len(rewards))
"""
BIASED = STANDARD_ERROR.replace(", ddof=1", "")
REWARD_TO_GO = """def reward_to_go(rewards, *, gamma):
    to_go = np.zeros(len(rewards))
    later = 0.0
    for t in reversed(range(len(rewards))):
        later = rewards[t] + gamma * later
        to_go[t] = later
    return to_go
"""


def hand_out(folder, *lessons):
    """Copy built notebooks into a new folder; all of them if none is named."""
    folder.mkdir(exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if not lessons or path.stem[:2] in lessons:
            shutil.copy(path, folder)
    return folder


def the_notebook(folder, lesson):
    (path,) = folder.glob(f"{lesson}_*.ipynb")
    return path


def edit(path, change):
    """Let a function change a notebook's cells in place, and save it as Jupyter does."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook["cells"])
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def cell_of(cells, exercise):
    return next(each for each in cells if each["metadata"].get("nbgrader", {}).get("grade_id") == exercise)


def answer(folder, lesson, exercise, source):
    """Write an answer into the cell of an exercise."""

    def change(cells):
        cell_of(cells, exercise)["source"] = source.splitlines(keepends=True)

    edit(the_notebook(folder, lesson), change)


def guess(folder, lesson, *guesses):
    """Write guesses into the cells of a lesson, in order; None leaves the cell as it is."""

    def change(cells):
        empty = [each for each in cells if "".join(each["source"]) == "guess = None"]
        assert len(empty) >= len(guesses)
        for cell, written in zip(empty, guesses, strict=False):
            if written is not None:
                cell["source"] = [f"guess = {written}"]

    edit(the_notebook(folder, lesson), change)

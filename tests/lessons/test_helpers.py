"""The helpers that hold prose to numbers, and the one run of a lesson, see what they are for."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests import lessons
from tests.lessons.execution import execute

TEXT = "A mean of 1.6 points, $\\lambda_{t}$ = 0.95, after 20,323 steps."


@pytest.fixture
def text(monkeypatch):
    monkeypatch.setattr(lessons, "prose", lambda lesson: TEXT)


def test_a_sentence_with_its_numbers_is_found(text):
    lessons.says("welcome", "A mean of {:.1f} points", 1.649)
    lessons.says("welcome", "$\\lambda_{{t}}$ = {lam:.2f}, after {steps:,} steps", lam=0.95, steps=20_323)


def test_another_number_is_told_with_the_one_that_the_text_has(text):
    with pytest.raises(pytest.fail.Exception, match=r"1\.7 points'; it says 'A mean of 1\.6 points'"):
        lessons.says("welcome", "A mean of {:.1f} points", 1.651)


def test_another_sentence_is_told_from_another_number(text):
    with pytest.raises(pytest.fail.Exception, match="nor anything like it"):
        lessons.says("welcome", "A median of {:.1f} points", 1.6)


def test_the_prose_of_a_lesson_holds_no_code_and_no_line_breaks():
    text = lessons.prose("score_scales")
    assert text.startswith("# 1. How big is a score? *About ")
    assert "import numpy" not in text
    assert "\n" not in text


CELLS = """\
from course.plots import figure; from course.plots.parts import told; from course.widgets import *
factor = 3; begun = (x for x in "ab")
draw = lambda x, of: figure(2, 1)(lambda x, ax: told(ax, f"{factor} times {x}"))(x)
Explorer(draw, x=slider("x", 1, 0, lambda of: of, 1), of=slider("of", 9, 1, 9, 1))
factor + 1
5"""


def test_what_the_cells_made_is_kept_and_can_be_used(tmp_path):
    *code, last = CELLS.split("\n")
    wrong = new_output("execute_result", data={"text/plain": "6"}, execution_count=1)
    cells = [*(new_code_cell(each, metadata={"tags": ["nbval-ignore-output"]}) for each in code)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        cells=[*cells, new_code_cell(last, outputs=[wrong])], metadata={"kernelspec": kernel}
    )
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    run = execute(tmp_path / "lesson.ipynb")
    assert run.status == 1  # the last number is another
    assert "5 passed" in run.report
    assert run.names["factor"] == 3
    assert "begun" not in run.names  # a generator cannot be kept
    assert run.shown[-2:] == [4, 5]
    (explorer,) = run.explorers
    assert explorer.alt == "3 times 1"
    explorer.controls["x"].value = 7
    assert explorer.alt == "3 times 7"
    explorer.controls["of"].value = 5  # the end of the first slider follows the second
    assert explorer.alt == "3 times 5"

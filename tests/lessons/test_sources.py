"""What holds for the source of every lesson, beside its form, which is held by the rules."""

import ast
import re

import pytest

from course.authoring.stamps import sources

LESSONS = sources()
EVERY_LESSON = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def asserts(source):
    """Lines that assert something."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]


@EVERY_LESSON
def test_a_lesson_asserts_nothing_a_learner_may_stop_a_training_and_go_on(path):
    assert not asserts(path.read_text(encoding="utf-8"))


def test_an_assertion_in_a_lesson_would_be_found():
    assert asserts("x = 1\nif x:\n    assert x > 0\n") == [3]


@EVERY_LESSON
def test_text_does_not_stick_to_the_fold_above_it(path):
    """Jupyter leaves no room below a fold: what follows it begins a cell of its own, or a heading."""
    text = path.read_text(encoding="utf-8")
    for after in re.findall(r"</details>\n(?:#\n)*(# .*)", text):
        assert after.startswith(("# <details>", "# #", "# %%")), after


@EVERY_LESSON
def test_whoever_writes_an_answer_has_the_names_for_it(path):
    """Numpy, and torch where the text speaks of tensors, are imported at the top."""
    text = path.read_text(encoding="utf-8")
    opening = text[: text.index("%% [markdown]", text.index("from course import"))]
    if path != LESSONS[0]:
        assert "import numpy as np" in opening
    if "tensor" in text:
        assert "import torch" in opening


def test_the_first_lesson_says_how_to_run_a_cell_and_what_to_do_about_a_name_error():
    text = " ".join(LESSONS[0].read_text(encoding="utf-8").replace("\n# ", " ").split())
    for said in (
        "Shift+Enter",
        "`[*]`",
        "*Run > Run All Cells*",
        "*Run > Run All Above Selected Cell*",
        "`NameError`",
    ):
        assert said in text

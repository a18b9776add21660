"""What holds for the source of every lesson, beside its form, which is held by the rules."""

import ast
import re

import pytest

from course.authoring.stamps import sources
from course.checks import exercises

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
def test_whoever_writes_an_answer_has_the_names_for_it(path):
    """Numpy, and torch where the text speaks of tensors, are imported at the top."""
    text = path.read_text(encoding="utf-8")
    opening = text[: text.index("%% [markdown]", text.index("from course import"))]
    if path != LESSONS[0]:
        assert "import numpy as np" in opening
    if "tensor" in text:
        assert "import torch" in opening


@EVERY_LESSON
def test_a_source_to_read_on_is_linked_under_its_title_and_not_under_its_address(path):
    further = path.read_text(encoding="utf-8").partition("# ## Further reading")[2]
    assert "- " in further
    assert not re.findall(r"<https?:[^>]*>", further.partition("# ## Dig deeper")[0])


def test_the_first_lesson_says_how_to_run_a_cell_and_what_to_do_about_a_name_error():
    text = " ".join(LESSONS[0].read_text(encoding="utf-8").replace("\n# ", " ").split())
    for said in (
        "Shift+Enter",
        "`[*]`",
        "*Run > Run All Cells*",
        "*Run > Run All Above Selected Cell*",
        "`NameError:",
    ):
        assert said in text


# Which exercises there are: names and lessons that others rely on.
EXERCISES = {
    "00": ["episode_score"],
    "01": ["orders_of_magnitude", "human_normalized"],
    "02": ["min_max", "running_mean_var"],
    "03": ["standard_error"],
    "04": ["score_function", "policy_gradient"],
    "05": ["spread_evenly", "reward_to_go"],
    "06": ["explained_variance", "value_loss", "advantage_function", "leave_one_out"],
    "07": ["td_errors", "td_update"],
    "08": ["gae_by_definition", "gae"],
    "09": ["real_steps"],
    "10": ["policy_loss", "normalize", "actor_critic_update"],
    "11": ["clipped_policy_loss", "entropy"],
    "12": [],
    "13": ["answer_mask", "token_rewards"],
    "14": ["preference_loss", "group_advantages"],
    "15": [
        "trained_tokens",
        "token_log_probs",
        "kl_penalty",
        "ended_rows",
        "last_rows",
        "critic_loss",
        "values_before",
        "surrogate_loss",
        "token_loss",
        "first_tokens",
        "next_worth",
    ],
}


@EVERY_LESSON
def test_a_lesson_has_the_exercises_that_others_rely_on_in_their_order(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r'^# %% exercise="(\w+)"', text, re.M) == EXERCISES[path.stem[:2]]


def test_the_checks_know_the_same_exercises_in_the_same_lessons():
    known = [(each.lesson, each.name) for each in exercises()]
    assert known == [(number, name) for number, names in EXERCISES.items() for name in names]

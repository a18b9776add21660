"""One learner's work, from the bytes of a notebook to a row for each exercise."""

import dataclasses
import os
import signal
import threading
import time

import pytest

from course.checks import exercises, judge
from course.grading import grader
from course.grading.grader import grade_one
from course.grading.questions import private, question
from course.grading.sandbox import Ended, Sandbox
from course.grading.walls import PROJECT
from tests.grading import notebooks
from tests.grading.notebooks import SETTINGS, cell, submission

pytestmark = pytest.mark.usefixtures("a_sandbox")
RIGHT = "def standard_error(rewards):\n    return np.std(rewards, ddof=1) / len(rewards) ** 0.5\n"
QUICK = dataclasses.replace(SETTINGS, cpu_seconds=1.0, wall_seconds=20.0)


def graded(*cells, settings=SETTINGS, **more):
    return grade_one("ada", [submission(*cells, **more)], settings=settings)


def only(*cells, **more):
    (row,) = graded(*cells, **more)
    return row


def real(folder, lesson):
    (path,) = (PROJECT / folder).glob(f"{lesson}_*.ipynb")
    return path.read_bytes()


@pytest.mark.parametrize("lesson", ["08", "10"])
def test_the_lessons_own_solutions_get_full_marks(lesson):
    rows = graded(real("solutions", lesson))
    asked = [each for each in exercises() if each.lesson == lesson]
    assert [row.exercise for row in rows] == [each.name for each in asked]
    assert [row.points for row in rows] == [row.max_points for row in rows] == [each.points for each in asked]
    assert {row.state for row in rows} == {"right"}
    assert {row.cause for row in rows} == {""}
    assert {row.lesson[:3] for row in rows} == {f"{lesson}_"}
    assert all(f"def {row.exercise}(" in row.answer for row in rows)


def test_a_notebook_as_it_was_handed_out_gets_nothing_and_is_graded():
    for row in graded(real("notebooks", "08"), name="whatever.ipynb"):
        assert (row.lesson, row.points, row.state) == ("08_gae", 0, "wrong")
        assert row.cause == f"{row.exercise} is still to do."


@pytest.mark.parametrize("lesson", ["04", "07"])
def test_a_known_mistake_has_the_cause_that_a_check_gives_it(lesson, monkeypatch):
    # The functions of the course's own table of mistakes cannot be sent, so these are typed by hand.
    mistakes = {
        "04": (
            "score_function",
            "def score_function(probabilities, action):\n    return -np.array(probabilities)",
        ),
        "07": (
            "td_errors",
            "def td_errors(rewards, values, next_values, terminated, *, gamma):\n"
            "    return rewards + gamma * next_values - values",
        ),
    }
    name, source = mistakes[lesson]
    names = {"np": __import__("numpy")}
    exec(source, names)
    row = next(row for row in graded(cell(source, name), name="x.ipynb") if row.exercise == name)
    assert (row.points, row.state) == (0, "wrong")
    assert row.cause == judge(name, names[name], seed=SETTINGS.seed).cause


def test_what_one_exercise_does_costs_no_other_one():
    kills = "import os\ndef spread_evenly(score, length):\n    os._exit(0)\n"
    good = (
        "def reward_to_go(rewards, *, gamma):\n    out = np.array(rewards, dtype=float)\n"
        "    for t in reversed(range(len(out) - 1)):\n        out[t] += gamma * out[t + 1]\n    return out\n"
    )
    first, second = graded(cell(kills, "spread_evenly"), cell(good, "reward_to_go"))
    assert (first.state, first.points) == ("wrong", 0)
    assert "ended the whole process" in first.cause
    assert (second.state, second.points) == ("right", 3)


def test_time_is_limited_for_each_exercise():
    began = time.monotonic()
    endless = "def spread_evenly(score, length):\n    while True:\n        pass\n"
    first, second = graded(
        cell(endless, "spread_evenly"),
        cell("X = [1 for _ in iter(int, 1)]\nreward_to_go = X", "reward_to_go"),
        settings=QUICK,
    )
    assert first.cause == "Still running after 1 s. Is there a loop that never ends?"
    assert second.cause.startswith("The notebook's definitions were still running after 1 s.")
    assert {first.state, second.state} == {"wrong"}
    assert time.monotonic() - began < 60


def test_an_answer_that_leans_on_an_unsolved_neighbour_gets_nothing_and_is_told_so():
    stub = "def spread_evenly(score, length):\n    raise NotImplementedError()\n"
    leans = "def reward_to_go(rewards, *, gamma):\n    return spread_evenly(rewards, 3)\n"
    _, row = graded(cell(stub, "spread_evenly"), cell(leans, "reward_to_go"))
    assert (row.points, row.state) == (0, "wrong")
    assert row.cause == "reward_to_go leans on something in the notebook that is still to do."


LEANS = """
from course.estimators import standard_error

def score_function(probabilities, action):
    chosen = np.arange(len(probabilities)) == action
    return standard_error([1.0, 3.0]) * (chosen - np.asarray(probabilities))  # times 1
"""


def test_of_the_library_only_earlier_lessons_are_there():
    for imported, state in (("course.estimators", "wrong"), ("course.checks.jackpots", "wrong")):
        row = only(
            f"from {imported} import standard_error as theirs",
            cell("def standard_error(rewards):\n    return theirs(rewards)", "standard_error"),
        )
        assert (row.state, row.points) == (state, 0)
        assert "not there when it is graded" in row.cause
    assert graded(cell(LEANS, "score_function"))[0].state == "right"


# Which notebook, which lesson


def test_of_two_copies_the_one_with_the_official_name_counts():
    wrong = notebooks.notebook(cell("def standard_error(rewards):\n    return 0.0", "standard_error"))
    copies = [
        submission(wrong, name="03_jackpots (1).ipynb"),
        submission(cell(RIGHT, "standard_error"), name="03_jackpots.ipynb"),
        submission(wrong, name="03.ipynb"),
    ]
    for order in (copies, copies[::-1]):
        rows = grade_one("ada", order, settings=SETTINGS)
        assert [(row.student, row.lesson, row.points) for row in rows] == [("ada", "03_jackpots", 2)]


@pytest.mark.parametrize(
    ("file", "cells", "lesson"),
    [
        ("02_min_max_scaling.ipynb", [cell(RIGHT, "standard_error")], ["03"]),  # renumbered, or renamed
        ("mine.ipynb", [cell(RIGHT, id="standard_error")], ["03"]),
        ("mine.ipynb", [RIGHT], ["03"]),
        ("03_jackpots.ipynb", ["x = 1"], ["03"]),  # all its exercises deleted
        ("mine.ipynb", [cell("", "check_gae"), cell("", "gae"), cell("", "policy_loss")], ["08", "08"]),
        ("12_pong.ipynb", ["x = 1"], []),  # a lesson without exercises
        ("12_pong.ipynb", [cell("", "clipped_policy_loss")], []),  # and with one of lesson 11 pasted in
    ],
)  # fmt: skip
def test_a_lesson_is_known_by_its_cells_and_then_by_its_name(file, cells, lesson, monkeypatch):
    monkeypatch.setattr(grader._Marking, "_verdict", lambda self, exercise: ("wrong", ""))
    assert [row.lesson[:2] for row in graded(*cells, name=file)] == lesson


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"PK\3\4", "not JSON"), (notebooks.notebook("x = 1"), "No exercise of the course")],
    ids=["empty", "archive", "foreign"],
)
def test_a_file_that_is_no_notebook_of_the_course_has_one_row_without_points(content, why):
    row = only(content, name="=mine.ipynb")
    assert (row.lesson, row.exercise, row.points, row.max_points) == ("'=mine.ipynb", "", None, None)
    assert row.state == "ungraded"
    assert why in row.cause


# The grader's own faults


def test_a_sandbox_that_does_not_start_leaves_ungraded(monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no such program")

    monkeypatch.setattr(grader, "Sandbox", broken)
    row = only(cell(RIGHT, "standard_error"))
    assert (row.state, row.points, row.exercise) == ("ungraded", None, "")
    assert "not the learner's fault" in row.cause


def test_a_fault_that_passes_is_passed_over(monkeypatch):
    class Shaky(Sandbox):
        faults = 0

        def ask(self, request, **more):
            if request["do"] == "lesson" and Shaky.faults < 1:
                Shaky.faults += 1
                raise Ended
            return super().ask(request, **more)

    monkeypatch.setattr(grader, "Sandbox", Shaky)
    assert only(cell(RIGHT, "standard_error")).state == "right"
    assert Shaky.faults == 1


def test_a_sandbox_that_is_killed_from_outside_is_no_fault_of_the_learner(monkeypatch):
    begun = []

    class Watched(Sandbox):
        def ask(self, request, **more):
            if request["do"] == "answer":
                begun.append(self.process.pid)
                if len(begun) < 3:  # twice, and then it may go on
                    threading.Timer(0.3, os.kill, (self.process.pid, signal.SIGKILL)).start()
            return super().ask(request, **more)

    monkeypatch.setattr(grader, "Sandbox", Watched)
    waits = "import time\ndef standard_error(rewards):\n    time.sleep(2)\n    return 1.0\n"
    row = only(cell(waits, "standard_error"))
    assert (row.state, row.points, row.max_points) == ("ungraded", None, 2)
    assert len(begun) == 2


def test_an_error_of_the_courses_own_is_no_wrong_answer(monkeypatch):
    def broken(name, *, seed, cases):
        raise KeyError("hidden")

    monkeypatch.setattr(grader, "question", broken)
    row = only(cell(RIGHT, "standard_error"))
    assert (row.state, row.points) == ("ungraded", None)
    assert row.cause == "The grader itself failed (KeyError). This is not the learner's fault: grade again."


def test_an_interrupt_of_ours_is_not_taken_for_the_answers(monkeypatch):
    def interrupted(self, request, **more):
        if request["do"] == "call":
            raise KeyboardInterrupt
        return Sandbox.ask(self, request, **more)

    monkeypatch.setattr(grader, "Sandbox", type("Interrupted", (Sandbox,), {"ask": interrupted}))
    with pytest.raises(KeyboardInterrupt):
        only(cell(RIGHT, "standard_error"))


# Private cases


PRIVATE = """
from course.checks.exercise import Case

SEED = 5
CASES = {"standard_error": lambda rng: [Case("the exam", (rng.normal(size=137),))]}
"""


def test_a_lecturers_own_cases_are_tried_too():
    asked = question("standard_error", seed=1, cases=PRIVATE).cases
    course = question("standard_error", seed=5, cases="").cases
    assert [case.label for case in asked] == [*(case.label for case in course), "the exam"]
    assert asked[-2].args[0].tolist() == course[-1].args[0].tolist()  # drawn with the lecturer's seed

    knows = RIGHT.replace("return ", "return 0 if len(rewards) == 137 else ")
    exam = dataclasses.replace(SETTINGS, cases=PRIVATE)
    assert only(cell(knows, "standard_error")).state == "right"
    assert only(cell(knows, "standard_error"), settings=exam).state == "wrong"
    assert only(cell(RIGHT, "standard_error"), settings=exam).state == "right"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("1 / 0", "cannot be run: ZeroDivisionError"),
        ("CASES = [1]", "CASES must be a dictionary"),
        ("CASES = {'gea': print}", "CASES must be a dictionary"),
        ("SEED = -1", "SEED must be a whole number"),
    ],
)
def test_a_lecturers_file_that_says_something_else_is_refused(source, why):
    with pytest.raises(ValueError, match=why):
        private(source)

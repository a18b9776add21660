"""What is asked: the exercises of a lesson, each with cases that nobody has seen before, and their judgement.

Cases, right outcomes and known mistakes stay in this process. An answer that lives in a sandbox is called
like any other function (`remote`), and judged by what judges it in a lesson, so the two cannot disagree.
"""

import functools
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from course.arrays import Refusal, whole
from course.checks import exercises
from course.checks.engine import compared
from course.checks.exercise import BrokenExercise, Case, Exercise, Outcome, Raised
from course.checks.limits import TimeLimit
from course.checks.report import Report
from course.checks.running import right, run
from course.grading.remote import Answer

Cases = Callable[[np.random.Generator], list[Case]]


@dataclass(frozen=True, kw_only=True)
class Question:
    """An exercise with its cases and what is right for each."""

    exercise: Exercise
    cases: tuple[Case, ...]
    wanted: tuple[Outcome, ...]


@dataclass(frozen=True, kw_only=True)
class Private:
    """A lecturer's own cases: what the file of `--cases` says."""

    seed: int | None  # instead of a fresh one
    cases: Mapping[str, Cases]  # exercise -> more cases, beside the course's own


@functools.cache
def private(source: str) -> Private:
    """Read a lecturer's file: Python that may define `SEED`, a whole number, and `CASES`.

    `CASES` is a dictionary from the name of an exercise to a function of a random generator that gives a list
    of `course.checks.exercise.Case`. They are tried beside the course's own.

    Args:
        source: the content of the file; it is run as it is.

    Raises:
        ValueError: if it cannot be run, or says something else.
    """
    names: dict = {"__name__": "private_cases"}
    try:
        exec(compile(source, "<the file of --cases>", "exec"), names)
    except Exception as error:
        raise Refusal(f"the file of --cases cannot be run: {type(error).__name__}: {error}") from None

    cases = names.get("CASES", {})
    known = {exercise.name for exercise in exercises()}
    fits = isinstance(cases, dict) and all(name in known and callable(each) for name, each in cases.items())
    if not fits:
        raise Refusal(f"CASES must be a dictionary from exercises to functions, got {cases!r:.100}")
    seed = names.get("SEED")
    return Private(seed=None if seed is None else whole("SEED", seed, low=0), cases=cases)


@functools.lru_cache(maxsize=200)
def question(name: str, *, seed: int, cases: str) -> Question:
    """The question of an exercise, the same for every learner of a run.

    Args:
        name: of the exercise.
        seed: of the cases; nobody can know it beforehand.
        cases: what `private` reads, or nothing.

    Raises:
        BrokenExercise: if the reference fails on a case. That is an error of the course.
    """
    exercise = next(each for each in exercises() if each.name == name)
    own = private(cases)
    seed = seed if own.seed is None else own.seed

    asked = exercise.cases(np.random.default_rng(seed))
    if name in own.cases:
        asked = [*asked, *own.cases[name](np.random.default_rng(seed))]
    return Question(
        exercise=exercise,
        cases=tuple(asked),
        wanted=tuple(right(exercise, case) for case in asked),
    )


def judged(asked: Question, answer: Answer) -> Report:
    """Ask a question, and judge what comes back.

    Raises:
        BrokenExercise: if the course has a case that cannot be sent.
        KeyboardInterrupt: if somebody interrupts the grader, and not if the answer raises one.
    """
    given: list[Outcome] = []
    for case in asked.cases:
        try:
            outcome = run(asked.exercise, answer, case)
        except TimeLimit as error:
            outcome = Raised(error)
        if answer.unsent:
            raise BrokenExercise(f"a case of {asked.exercise.name} cannot be sent: {answer.unsent}")
        if isinstance(outcome, Raised) and _is_for_us(outcome.error, answer):
            raise outcome.error
        given.append(outcome)
        if answer.gone:
            break
    return compared(asked.exercise, asked.cases, given, asked.wanted)


def _is_for_us(error: BaseException, answer: Answer) -> bool:
    """Whether somebody interrupts the grader; an answer may raise a KeyboardInterrupt of its own."""
    return not isinstance(error, Exception | TimeLimit) and error is not answer.raised


def needs_torch(exercise: Exercise) -> bool:
    """Whether its answers work with tensors: torch is slow to import, so only then."""
    homes = {exercise.observe.__module__, exercise.reference.__module__}
    return any(hasattr(sys.modules[home], "torch") for home in homes)

"""How an answer is judged: run it on cases, compare with the reference, name the likely mistakes.

An exercise is data (`exercise`): a reference, cases to try, and known mistakes, each a wrong function with
the one sentence that helps. `running` calls an answer, `report` says what differs, `causes` says why.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np

from course.checks.causes import likely_causes
from course.checks.exercise import BrokenExercise, Case, Exercise, Odd, Outcome, Raised, returned
from course.checks.limits import TimeLimit, time_limit
from course.checks.report import Report, call_text, compare
from course.checks.running import changed, observed, right, run, usual_torch

__all__ = ["BrokenExercise", "Case", "Exercise", "Odd", "examine", "returned"]

SECONDS = 1.0  # for all calls of the learner's function together; `check` promises 2 s in all


def examine(exercise: Exercise, f: Callable, *, seed: int, seconds: float | None = None) -> Report:
    """Judge `f` on the exercise's cases; raises nothing, whatever `f` raises.

    All calls of `f` together have so many seconds, or those of a check if nothing is said.

    Raises:
        BrokenExercise: if the exercise's own reference fails. That is an error of the course.
    """
    notes = changed()
    with usual_torch():
        cases = exercise.cases(np.random.default_rng(seed))
        wanted = [right(exercise, case) for case in cases]
        given = _tried(exercise, f, cases, seconds)
    return compared(exercise, cases, given, wanted, notes=notes)


def compared(
    exercise: Exercise,
    cases: Sequence[Case],
    given: Sequence[Outcome],
    wanted: Sequence[Outcome],
    *,
    notes: tuple[str, ...] = (),
) -> Report:
    """What is said of an answer that gave these outcomes on these cases.

    Where they came from is no matter: `course grade` calls an answer in another process.
    """
    tried = tuple(dict.fromkeys(case.label for case in cases))
    for case, got, want in zip(cases, given, wanted, strict=False):
        if isinstance(got, Raised) and isinstance(got.error, NotImplementedError):
            return Report(status="todo", causes=(f"{exercise.name} is still to do.",), notes=notes)
        complaint = compare(got, want)
        if complaint:
            return Report(
                status="wrong",
                causes=_causes(exercise, cases, given, wanted) or (complaint.cause,),
                tried=tried,
                call=call_text(exercise, case),
                rows=complaint.rows,
                printed=got.printed,
                notes=notes,
            )
    return Report(status="passed", tried=tried, notes=notes)


def _tried(exercise: Exercise, f: Callable, cases: Sequence[Case], seconds: float | None) -> list[Outcome]:
    """What the learner's function gives, case by case, until its time is up."""
    given: list[Outcome] = []
    seconds = SECONDS if seconds is None else seconds
    began = time.thread_time()
    try:
        with time_limit(seconds, inside=observed.__code__) as time_is_up:
            for case in cases:
                outcome = run(exercise, f, case)
                if time_is_up():
                    break
                given.append(outcome)
                if isinstance(outcome, Raised) and isinstance(outcome.error, KeyboardInterrupt):
                    break  # Ctrl-C is meant for the check, not for one call of many
    except TimeLimit:
        given.append(Raised(TimeLimit(seconds, worked=time.thread_time() - began)))
    return given


def _causes(
    exercise: Exercise, cases: Sequence[Case], given: Sequence[Outcome], wanted: Sequence[Outcome]
) -> tuple[str, ...]:
    cut_short = isinstance(given[-1], Raised) and isinstance(given[-1].error, TimeLimit)
    if len(given) < len(cases) or cut_short:
        return ()
    return likely_causes(exercise, cases, given, wanted)

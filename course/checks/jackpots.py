"""Exercises of lesson 3: what does a batch of 20 tell?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import estimators
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import kept, mutant


def _standard_error_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("two answers", [0, 2]),
        ("three steady ones and one of 4 points", [0, 0, 0, 4]),
        ("negative rewards", [-6, -2]),
        ("the same two answers, 100 points richer", [100, 102]),
        ("fifteen answers without a point and one jackpot", [0] * 15 + [16]),
        ("rewards of less than a point", [0.001, 0.004, 0.002]),
        ("rewards near 500 million", [5e8 + 1, 5e8 - 1, 5e8 + 3, 5e8 - 3]),
    ]
    cases = [Case(label, (np.array(rewards, dtype=float),)) for label, rewards in small]

    for _ in range(8):
        size = rng.integers(3, 30)
        rewards = rng.normal(rng.uniform(-5, 5), 3, size=size) + 100 * (rng.random(size) < 0.1)
        cases.append(Case("8 random batches, some with jackpots", (rewards,)))
    cases.append(Case("a batch of 2,000", (rng.normal(4, 3, size=2_000),)))
    return cases


def _around_the_mean(rewards: Array, n_less: int) -> Any:
    return np.var(rewards, ddof=n_less)


def _mean_of_squares(rewards: Array, n_less: int) -> Any:
    n = len(rewards)
    return (np.mean(rewards**2) - np.mean(rewards) ** 2) * n / (n - n_less)


def _from_zero(rewards: Array, n_less: int) -> Any:
    return np.sum(rewards**2) / (len(rewards) - n_less)


def _mean_distance(rewards: Array, n_less: int) -> Any:
    return np.mean(np.abs(rewards - np.mean(rewards))) ** 2


def _range(rewards: Array, n_less: int) -> Any:
    return np.ptp(rewards) ** 2


@mutant
def _error(
    *,
    variance: Callable = _around_the_mean,
    n_less: int = 1,
    shrinks_by: Callable = lambda n: n,
    root: Callable = np.sqrt,
    finish: Callable = kept,
) -> Callable:
    """A standard_error: the root of a variance that shrinks with the size of the batch."""

    def answer(rewards: Array) -> Any:
        return finish(root(variance(rewards, n_less) / shrinks_by(len(rewards))))

    return answer


STANDARD_ERROR = Exercise(
    name="standard_error",
    lesson="03",
    points=2,
    reference=estimators.standard_error,
    cases=_standard_error_cases,
    mistakes=(
        (
            "That is the spread of single answers. A mean of n answers varies less than one of them.",
            _error(shrinks_by=lambda n: 1),
        ),
        (
            "The variance has n below the line. Taken around the batch's own mean, it needs n - 1.",
            _error(n_less=0),
        ),
        (
            "That is the variance of the mean, in squared points. Take its root to get back to points.",
            _error(root=kept),
        ),
        (
            "The standard deviation is divided by n. The variance shrinks with n; what does its root do?",
            _error(shrinks_by=lambda n: n**2),
        ),
        (
            "n - 1 stands below the line twice. It belongs in the variance; the mean is one of n answers.",
            _error(shrinks_by=lambda n: n - 1),
        ),
        (
            "The variance is divided by the root of n: the root must go over both.",
            _error(root=kept, shrinks_by=np.sqrt),
        ),
        (
            "That multiplies by the root of n. A larger batch should be surer, not less sure.",
            _error(shrinks_by=lambda n: 1 / n),
        ),
        (
            "That starts from the range, lowest to highest. Use the standard deviation of all the rewards.",
            _error(variance=_range),
        ),
        (
            "That measures the rewards from 0. Spread is measured from their mean.",
            _error(variance=_from_zero),
        ),
        (
            "The variance comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: add up squared distances.",
            _error(variance=_mean_of_squares),
        ),
        (
            "Distances from the mean are averaged as they are. A variance averages their squares.",
            _error(variance=_mean_distance),
        ),
        (
            "That is half a 95 % interval, 1.96 standard errors. Return one standard error.",
            _error(finish=lambda error: 1.96 * error),
        ),
        (
            "That is the mean itself. The question is how far off it may be.",
            _error(variance=lambda rewards, n_less: np.mean(rewards), shrinks_by=lambda n: 1, root=kept),
        ),
    ),
)

EXERCISES = (STANDARD_ERROR,)

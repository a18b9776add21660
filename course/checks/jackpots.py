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


def _policy_gradient_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("two answers, each with a parameter of its own", [[1, 0], [0, 2]], [4, 6]),
        ("three answers, one of them without a point", [[1, 0], [0, 1], [1, 1]], [3, 0, 6]),
        ("equal rewards", [[1, 0], [-1, 2], [3, 1]], [2, 2, 2]),
        ("a negative reward", [[1, -1, 2], [0, 2, 4]], [-2, 4]),
        ("one answer alone", [[1, -1]], [3]),
        ("one parameter", [[1], [-1], [2], [2]], [2, 4, 0, 1]),
        ("rewards of less than a point", [[0.5, -0.25], [2, 1]], [0.002, 0.001]),
        ("rewards by the million", [[0.5, -0.25], [2, 1]], [1e8, 3e7]),
    ]
    cases = [
        Case(label, (np.array(scores, dtype=float), np.array(rewards, dtype=float)))
        for label, scores, rewards in small
    ]
    for _ in range(8):
        batch, parameters = rng.integers(4, 12), rng.integers(2, 4)
        arguments = rng.normal(size=(batch, parameters)), rng.normal(4, 10, size=batch)
        cases.append(Case("8 random batches", arguments))
    cases.append(Case("a batch of 2,000", (rng.normal(size=(2_000, 3)), rng.normal(4, 3, size=2_000))))
    return cases


def _by_row(scores: Array, weights: Array) -> Array:
    return scores * weights[:, None]


def _mean_over_answers(terms: Array, weights: Array) -> Any:
    return terms.sum(axis=0) / len(terms)


def _standardised(rewards: Array) -> Array:
    return (rewards - rewards.mean()) / (rewards.std() + 1e-8)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


@mutant
def _gradient(
    *,
    weights: Callable = kept,
    weigh: Callable = _by_row,
    together: Callable = _mean_over_answers,
    finish: Callable = kept,
) -> Callable:
    """A policy_gradient: each answer's score function weighed, and all brought together."""

    def answer(score_functions: Array, rewards: Array) -> Any:
        given = weights(rewards)
        return finish(together(weigh(score_functions, given), given))

    return answer


POLICY_GRADIENT = Exercise(
    name="policy_gradient",
    lesson="03",
    points=3,
    reference=estimators.policy_gradient,
    cases=_policy_gradient_cases,
    mistakes=(
        (
            "That is the sum over the batch. Twice the batch is not twice the slope: take the mean.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0)),
        ),
        (
            "One number for each answer came out. Average over the answers, and keep the parameters apart.",
            _gradient(together=lambda terms, weights: terms.mean(axis=1)),
        ),
        (
            "Everything was averaged into one number. Each parameter keeps its own.",
            _gradient(together=lambda terms, weights: terms.mean()),
        ),
        (
            "Rewards and score functions were averaged apart. Multiply each answer's own two first.",
            _gradient(weigh=lambda scores, weights: scores * weights.mean()),
        ),
        (
            "The mean reward is subtracted first. That is a baseline (lesson 5); here rewards count whole.",
            _gradient(weights=lambda rewards: rewards - rewards.mean()),
        ),
        (
            "The rewards were standardised. That gives each batch another scale, as in lesson 2.",
            _gradient(weights=_standardised),
        ),
        (
            "The weights' sum stands below the line, as np.average has it. Divide by the number of answers.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / weights.sum()),
        ),
        (
            "Divided by the number of parameters. The mean runs over the answers.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / terms.shape[1]),
        ),
        (
            "Divided by answers times parameters. The mean runs over the answers alone.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / terms.size),
        ),
        (
            "The direction is right, but its length was set to 1. How steep it is counts too.",
            _gradient(finish=_unit),
        ),
        (
            "The sign is turned round. The gradient climbs; the minus belongs to a loss.",
            _gradient(finish=np.negative),
        ),
        (
            "Divided by the number of answers less one. A variance needs that; a mean does not.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / (len(terms) - 1)),
        ),
        (
            "Each answer's own estimate came out, shape [B, D]. Average them over the batch.",
            _gradient(together=lambda terms, weights: terms),
        ),
        (
            "The rewards run along the wrong axis. Each reward belongs to a whole row of score_functions.",
            _gradient(weigh=np.multiply),
        ),
        (
            "Every answer is weighed by all the rewards together. Each has one reward of its own.",
            _gradient(weigh=lambda scores, weights: scores * weights.sum()),
        ),
        (
            "The rewards are not used: that is the mean score function, which says which answers were drawn.",
            _gradient(weights=np.ones_like),
        ),
    ),
)

EXERCISES = (STANDARD_ERROR, POLICY_GRADIENT)

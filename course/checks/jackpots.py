"""Exercises of lesson 3: what does a batch of 20 tell?"""

import numpy as np

from course import estimators
from course.checks.engine import Case, Exercise


def _standard_error_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("two answers", ([0.0, 2.0],)),
        Case("three steady ones and one of 4 points", ([0.0, 0.0, 0.0, 4.0],)),
        Case("negative rewards", ([-6.0, -2.0],)),
        Case("the same two answers, 100 points richer", ([100.0, 102.0],)),
        Case("fifteen answers without a point and one jackpot", ([0.0] * 15 + [16.0],)),
    ]
    cases = [Case(case.label, (np.array(case.args[0]),)) for case in cases]
    for _ in range(8):
        size = rng.integers(3, 30)
        rewards = rng.normal(rng.uniform(-5, 5), 3, size=size) + 100 * (rng.random(size) < 0.1)
        cases.append(Case("8 random batches, some with jackpots", (rewards,)))
    return cases


STANDARD_ERROR = Exercise(
    name="standard_error",
    lesson="03",
    points=2,
    reference=estimators.standard_error,
    cases=_standard_error_cases,
    mistakes=(
        (
            "That is the spread of single answers. A mean of n answers varies less than one of them.",
            lambda r: np.std(r, ddof=1),
        ),
        (
            "The variance has n below the line. Taken around the batch's own mean, it needs n - 1.",
            lambda r: np.std(r) / np.sqrt(len(r)),
        ),
        (
            "That is the variance of the mean, in squared points. Take its root to get back to points.",
            lambda r: np.var(r, ddof=1) / len(r),
        ),
        (
            "The standard deviation is divided by n. The variance shrinks with n; what does its root do?",
            lambda r: np.std(r, ddof=1) / len(r),
        ),
        (
            "n - 1 stands below the line twice. It belongs in the variance; the mean is one of n answers.",
            lambda r: np.std(r, ddof=1) / np.sqrt(len(r) - 1),
        ),
        (
            "The variance is divided by the root of n: the root must go over both.",
            lambda r: np.var(r, ddof=1) / np.sqrt(len(r)),
        ),
        (
            "That multiplies by the root of n. A larger batch should be surer, not less sure.",
            lambda r: np.std(r, ddof=1) * np.sqrt(len(r)),
        ),
        (
            "That starts from the range, lowest to highest. Use the standard deviation of all the rewards.",
            lambda r: np.ptp(r) / np.sqrt(len(r)),
        ),
        (
            "That measures the rewards from 0. Spread is measured from their mean.",
            lambda r: np.sqrt(np.sum(np.square(r)) / (len(r) - 1) / len(r)),
        ),
        (
            "Distances from the mean are averaged as they are. A variance averages their squares.",
            lambda r: np.mean(np.abs(r - np.mean(r))) / np.sqrt(len(r)),
        ),
        (
            "That is half a 95 % interval, 1.96 standard errors. Return one standard error.",
            lambda r: 1.96 * np.std(r, ddof=1) / np.sqrt(len(r)),
        ),
        (
            "That is the mean itself. The question is how far off it may be.",
            lambda r: np.mean(r),
        ),
    ),
)


def _policy_gradient_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("two answers, each with a parameter of its own", ([[1, 0], [0, 2]], [4, 6])),
        Case("three answers, one of them without a point", ([[1, 0], [0, 1], [1, 1]], [3, 0, 6])),
        Case("equal rewards", ([[1, 0], [-1, 2], [3, 1]], [2, 2, 2])),
        Case("a negative reward", ([[1, -1, 2], [0, 2, 4]], [-2, 4])),
        Case("one answer alone", ([[1, -1]], [3])),
        Case("one parameter", ([[1], [-1], [2], [2]], [2, 4, 0, 1])),
    ]
    cases = [Case(case.label, tuple(np.array(part, dtype=float) for part in case.args)) for case in cases]
    for _ in range(8):
        batch, parameters = rng.integers(4, 12), rng.integers(2, 4)
        arguments = rng.normal(size=(batch, parameters)), rng.normal(4, 10, size=batch)
        cases.append(Case("8 random batches", arguments))
    return cases


def _weighted(scores: np.ndarray, rewards: np.ndarray) -> np.ndarray:
    return scores * rewards[:, None]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


POLICY_GRADIENT = Exercise(
    name="policy_gradient",
    lesson="03",
    points=3,
    reference=estimators.policy_gradient,
    cases=_policy_gradient_cases,
    mistakes=(
        (
            "That is the sum over the batch. Twice the batch is not twice the slope: take the mean.",
            lambda s, r: _weighted(s, r).sum(axis=0),
        ),
        (
            "One number for each answer came out. Average over the answers, and keep the parameters apart.",
            lambda s, r: _weighted(s, r).mean(axis=1),
        ),
        (
            "Everything was averaged into one number. Each parameter keeps its own.",
            lambda s, r: _weighted(s, r).mean(),
        ),
        (
            "Rewards and score functions were averaged apart. Multiply each answer's own two first.",
            lambda s, r: s.mean(axis=0) * r.mean(),
        ),
        (
            "The mean reward is subtracted first. That is a baseline (lesson 5); here rewards count whole.",
            lambda s, r: _weighted(s, r - r.mean()).mean(axis=0),
        ),
        (
            "The rewards were standardised. That gives each batch another scale, as in lesson 2.",
            lambda s, r: _weighted(s, (r - r.mean()) / (r.std() + 1e-8)).mean(axis=0),
        ),
        (
            "Divided by the number of parameters. The mean runs over the answers.",
            lambda s, r: _weighted(s, r).sum(axis=0) / s.shape[1],
        ),
        (
            "Divided by answers times parameters. The mean runs over the answers alone.",
            lambda s, r: _weighted(s, r).sum(axis=0) / s.size,
        ),
        (
            "The direction is right, but its length was set to 1. How steep it is counts too.",
            lambda s, r: _unit(_weighted(s, r).mean(axis=0)),
        ),
        (
            "The sign is turned round. The gradient climbs; the minus belongs to a loss.",
            lambda s, r: -_weighted(s, r).mean(axis=0),
        ),
        (
            "Divided by the number of answers less one. A variance needs that; a mean does not.",
            lambda s, r: _weighted(s, r).sum(axis=0) / (len(r) - 1),
        ),
        (
            "Each answer's own estimate came out, shape [B, D]. Average them over the batch.",
            _weighted,
        ),
        (
            "The rewards run along the wrong axis. Each reward belongs to a whole row of score_functions.",
            lambda s, r: (s * r).mean(axis=0),
        ),
        (
            "Every answer is weighed by all the rewards together. Each has one reward of its own.",
            lambda s, r: np.multiply.outer(r, s).sum(axis=(0, 1)) / len(r),
        ),
        (
            "The rewards are not used: that is the mean score function, which says which answers were drawn.",
            lambda s, r: s.mean(axis=0),
        ),
    ),
)

EXERCISES = (STANDARD_ERROR, POLICY_GRADIENT)

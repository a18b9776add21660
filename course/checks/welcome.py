"""The exercise of lesson 0, done together to see how exercises work."""

import numpy as np

from course.checks.engine import Case, Exercise


def episode_score(rewards: np.ndarray) -> float:
    """The score of one episode: the sum of its rewards, in points. Shape [T] in, one number out."""
    return float(np.sum(rewards))


def _cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("three rewards", (np.array([1.0, 0.0, 2.0]),)),
        Case("a lost point", (np.array([-1.0, 0.0, 0.0]),)),
        Case("rewards that cancel", (np.array([1.0, -1.0, 0.0, 0.0]),)),
        Case("an episode of one step", (np.array([7.0]),)),
    ]
    random = [rng.integers(-9, 10, size=rng.integers(2, 30)) for _ in range(8)]
    return cases + [Case("8 random episodes", (rewards.astype(float),)) for rewards in random]


EPISODE_SCORE = Exercise(
    name="episode_score",
    lesson="00",
    points=1,
    reference=episode_score,
    cases=_cases,
    mistakes=(
        ("That is the mean reward of a step. The score is the sum over all steps.", np.mean),
        ("That is the largest single reward. The score is the sum of all of them.", np.max),
        ("That is the last reward alone. The score is the sum of all of them.", lambda r: r[-1]),
        ("That counts steps. A step may pay nothing, or take points away.", len),
        ("The signs are gone: a lost point counts as one that was won.", lambda r: np.abs(r).sum()),
        ("The lost points are left out. They count, with their sign.", lambda r: r[r > 0].sum()),
        ("That counts the steps that paid. Add up how much they paid.", np.count_nonzero),
        ("That is the score so far, after every step. Only its last entry is asked for.", np.cumsum),
    ),
)

EXERCISES = (EPISODE_SCORE,)

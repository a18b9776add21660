"""The exercise of lesson 0, done together to see how exercises work."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import kept, mutant


def episode_score(rewards: np.ndarray) -> float:
    """The score of one episode: the sum of its rewards, in points. Shape [T] in, one number out."""
    return float(np.sum(rewards))


def _cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("three rewards", [1, 0, 2]),
        ("a lost point", [-1, 0, 0]),
        ("rewards that cancel", [1, -1, 0, 0]),
        ("an episode of one step", [7]),
        ("fractions of a point", [0.75, 0.5, -0.125]),
        ("thousandths of a point", [0.001, 0.003]),
        ("points by the million", [1e8, -2e7, 3e6]),
    ]
    cases = [Case(label, (np.array(rewards, dtype=float),)) for label, rewards in small]

    for _ in range(8):
        rewards = rng.integers(-9, 10, size=rng.integers(2, 30)).astype(float)
        cases.append(Case("8 random episodes", (rewards,)))
    cases.append(Case("an episode of 2,000 steps", (rng.normal(0.1, 1, size=2_000),)))
    return cases


@mutant
def _score(
    *, counted: Callable = kept, each: Callable = kept, together: Callable = np.sum, finish: Callable = float
) -> Callable:
    """An episode_score: of the rewards that are counted, what each is worth, brought together."""

    def answer(rewards: Array) -> Any:
        return finish(together(each(counted(rewards))))

    return answer


EPISODE_SCORE = Exercise(
    name="episode_score",
    lesson="00",
    points=1,
    reference=episode_score,
    cases=_cases,
    mistakes=(
        (
            "That is the mean reward of a step. The score is the sum over all steps.",
            _score(together=np.mean),
        ),
        (
            "That is the largest single reward. The score is the sum of all of them.",
            _score(together=np.max),
        ),
        (
            "That is the first reward alone. If there is a loop: does `return` stand inside the loop? "
            "It belongs below it.",
            _score(counted=lambda rewards: rewards[:1]),
        ),
        (
            "That is the last reward alone. The score is the sum of all of them.",
            _score(counted=lambda rewards: rewards[-1:]),
        ),
        (
            "The first reward is left out. The first step has index 0.",
            _score(counted=lambda rewards: rewards[1:]),
        ),
        (
            "That counts steps. A step may pay nothing, or take points away.",
            _score(together=len),
        ),
        (
            "The signs are gone: a lost point counts as one that was won.",
            _score(each=np.abs),
        ),
        (
            "The lost points are left out. They count, with their sign.",
            _score(counted=lambda rewards: rewards[rewards > 0]),
        ),
        (
            "That counts the steps that paid. Add up how much they paid.",
            _score(together=np.count_nonzero),
        ),
        (
            "That is the score so far, after every step. Only its last entry is asked for.",
            _score(together=np.cumsum, finish=kept),
        ),
        (
            "The sum is cut to a whole number. Points may come in fractions: keep them.",
            _score(finish=int),
        ),
    ),
)

EXERCISES = (EPISODE_SCORE,)

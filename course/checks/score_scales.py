"""Exercises of lesson 1: how big is a score?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import scaling
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import kept, mutant


def _orders_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("a factor of a thousand", [1, 10, 1000]),
        ("negative scores", [-20, 2, 2000]),
        ("the largest is negative", [-1000, 10]),
        ("zeros among them", [0, 5, 50, 0]),
        ("one score alone", [7]),
        ("a factor that is no power of ten", [3, 20, 2400]),
        ("from a thousandth to a hundred million", [0.001, 4, 1e8]),
        ("fractions of a point", [0.0025, 0.0075]),
    ]
    cases = [Case(label, (np.array(scores, dtype=float),)) for label, scores in small]
    cases.append(Case("no score but 0: refuses", (np.zeros(2),), refuses=True))

    for _ in range(8):
        sizes = 10 ** rng.uniform(-1, 6, size=rng.integers(2, 9))
        cases.append(Case("8 random lists", (sizes * rng.choice([-1, 1], size=len(sizes)),)))
    cases.append(Case("2,000 scores", (rng.normal(50, 300, size=2_000),)))
    return cases


def _ratio(largest: float, smallest: float) -> float:
    return largest / smallest


def _ratio_of_whole_powers(largest: float, smallest: float) -> float:
    """As if both scores were rounded down to a power of ten first."""
    return 10.0 ** (np.floor(np.log10(largest)) - np.floor(np.log10(smallest)))


def _without_zeros(scores: Array) -> Array:
    return scores[scores != 0]


def _no_answer() -> None:
    raise ValueError("nothing to compare")


@mutant
def _orders(
    *,
    signs: Callable = np.abs,
    zeros: Callable = _without_zeros,
    nothing: Callable = _no_answer,
    compare: Callable = _ratio,
    logarithm: Callable = np.log10,
    finish: Callable = kept,
) -> Callable:
    """An orders_of_magnitude: which scores are compared, how, and what is made of it."""

    def answer(scores: Array) -> Any:
        if not scores.any():
            return nothing()
        sizes = zeros(signs(scores))
        return finish(logarithm(compare(sizes.max(), sizes.min())))

    return answer


ORDERS_OF_MAGNITUDE = Exercise(
    name="orders_of_magnitude",
    lesson="01",
    points=2,
    reference=scaling.orders_of_magnitude,
    cases=_orders_cases,
    mistakes=(
        (
            "That is the natural logarithm. One order of magnitude is a factor of ten: np.log10.",
            _orders(logarithm=np.log),
        ),
        (
            "That is the ratio itself. How many times ten is it? Take np.log10 of it.",
            _orders(logarithm=kept),
        ),
        (
            "Zeros are still among the scores, so the smallest is 0. Leave them out.",
            _orders(zeros=kept),
        ),
        (
            "Negative scores were left out. Drop their sign (np.abs), not the scores.",
            _orders(signs=lambda scores: scores[scores > 0]),
        ),
        (
            "The signs are still there. Take np.abs before you look for the largest and smallest.",
            _orders(signs=kept),
        ),
        (
            "That is the logarithm of the difference. Orders of magnitude compare by a ratio.",
            _orders(compare=lambda largest, smallest: largest - smallest),
        ),
        (
            "That is the logarithm of the largest score alone. Divide by the smallest first.",
            _orders(compare=lambda largest, smallest: largest),
        ),
        (
            "Smallest over largest: the sign is turned round.",
            _orders(compare=lambda largest, smallest: smallest / largest),
        ),
        (
            "Both logarithms are rounded down (floor) before they are compared. Keep their fractions.",
            _orders(compare=_ratio_of_whole_powers),
        ),
        (
            "Rounded to a whole number. Keep the fraction.",
            _orders(finish=np.round),
        ),
        (
            "Rounded down to a whole number. Keep the fraction.",
            _orders(finish=np.floor),
        ),
        (
            "Where every score is 0 there is nothing to compare, and no number is the answer: raise a "
            "ValueError.",
            _orders(nothing=lambda: 0.0),
        ),
    ),
)


def _human_cases(rng: np.random.Generator) -> list[Case]:
    # No human score is 0 and none equals the score where a single number is divided: whether a
    # division by 0 raises depends on the kind of number, and would hide which mistake was made.
    cases = [
        Case("play as good as random", (10.0, 10.0, 110.0)),
        Case("play as good as a human", (np.array([110.0]), 10.0, 110.0)),
        Case("better than a human", (260.0, 10.0, 110.0)),
        Case("worse than random", (-40.0, 10.0, 110.0)),
        Case("a negative random score (Pong)", (0.0, -20.0, 15.0)),
        Case("a human below random", (-5.0, 10.0, 2.0)),
        Case("an array of scores", (np.array([0.0, 5.0, 20.0]), 5.0, 15.0)),
        Case("scores of less than a point", (0.005, 0.002, 0.004)),
        Case("scores by the million", (3e8, 1e8, 5e8)),
        Case("human equal to random: refuses", (3.0, 7.0, 7.0), refuses=True),
    ]

    for _ in range(8):
        random, human = rng.uniform(-100, 100, size=2)
        cases.append(Case("8 random games", (rng.uniform(-1000, 1000, size=3), random, human)))
    cases.append(Case("2,000 scores", (rng.normal(50, 300, size=2_000), 10.0, 110.0)))

    return cases


def _beyond_random(score: Any, random: float, human: float) -> Any:
    return score - random


def _human_beyond_random(score: Any, random: float, human: float) -> Any:
    return human - random


def _refuse_equal(low: float, high: float) -> None:
    if low == high:
        raise ValueError("no range")


def _never(random: float, human: float) -> None:
    """No refusal at all."""


@mutant
def _normalized(
    *,
    above: Callable = _beyond_random,
    below: Callable = _human_beyond_random,
    finish: Callable = kept,
    refuse: Callable = _refuse_equal,
) -> Callable:
    """A human_normalized: what stands above the line, what below, and what is made of the quotient."""

    def answer(score: Any, random: float, human: float) -> Any:
        refuse(random, human)
        return finish(above(score, random, human) / below(score, random, human))

    return answer


HUMAN_NORMALIZED = Exercise(
    name="human_normalized",
    lesson="01",
    points=2,
    reference=scaling.human_normalized,
    cases=_human_cases,
    mistakes=(
        (
            "That divides by the human score alone, so random play does not come out as 0.",
            _normalized(above=lambda s, random, human: s, below=lambda s, random, human: human),
        ),
        (
            "The random score is subtracted above the line but not below it.",
            _normalized(below=lambda s, random, human: human),
        ),
        (
            "The random score is subtracted below the line but not above it.",
            _normalized(above=lambda s, random, human: s),
        ),
        (
            "Without brackets the division comes first: score - random / human - random divides random by "
            "human alone. Both differences need brackets.",
            _normalized(
                above=lambda s, random, human: s - random / human - random,
                below=lambda s, random, human: 1.0,
            ),
        ),
        (
            "Human and random have changed places: human play comes out as 0.",
            _normalized(
                above=lambda s, random, human: s - human, below=lambda s, random, human: random - human
            ),
        ),
        (
            "Every value has the wrong sign: look at the order in one of the two differences.",
            _normalized(below=lambda s, random, human: random - human),
        ),
        (
            "That is a percentage. Human play is 1 here, not 100.",
            _normalized(finish=lambda share: 100 * share),
        ),
        (
            "Clipped to [0, 1]. Better than a human is more than 1, worse than random is below 0.",
            _normalized(finish=lambda share: np.clip(share, 0, 1)),
        ),
        (
            "The distance below the line lost its sign; a human may score less than random play.",
            _normalized(below=lambda s, random, human: abs(human - random)),
        ),
        (
            "That divides by the distance between the score and the human, not random and human.",
            _normalized(below=lambda s, random, human: human - s),
        ),
        (
            "Human equal to random is not met at the door, and dividing by their distance fails. Raise a "
            "ValueError first.",
            _normalized(refuse=_never),
        ),
        (
            "Human equal to random is not refused, and then there is no scale. Raise a ValueError.",
            _normalized(refuse=_never, above=lambda s, random, human: np.asarray(s) - random),
        ),
        (
            "A small number is added below the line, and nothing is refused: where human equals random a "
            "huge number comes out, which means nothing. Raise a ValueError there.",
            _normalized(below=lambda s, random, human: human - random + 1e-8, refuse=_never),
        ),
    ),
)

EXERCISES = (ORDERS_OF_MAGNITUDE, HUMAN_NORMALIZED)

"""Exercises of lesson 1: how big is a score?"""

from dataclasses import replace

import numpy as np

from course import scaling
from course.checks.engine import Case, Exercise


def _orders_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("a factor of a thousand", ([1.0, 10.0, 1000.0],)),
        Case("negative scores", ([-20.0, 2.0, 2000.0],)),
        Case("the largest is negative", ([-1000.0, 10.0],)),
        Case("zeros among them", ([0.0, 5.0, 50.0, 0.0],)),
        Case("one score alone", ([7.0],)),
        Case("small scores", ([0.002, 0.2],)),
        Case("no score but 0: refuses", ([0.0, 0.0],), refuses=True),
    ]
    cases = [replace(case, args=(np.array(case.args[0]),)) for case in cases]
    for _ in range(8):
        sizes = 10 ** rng.uniform(-1, 6, size=rng.integers(2, 9))
        cases.append(Case("8 random lists", (sizes * rng.choice([-1, 1], size=len(sizes)),)))
    return cases


def _nonzero(values: np.ndarray) -> np.ndarray:
    return np.abs(values[values != 0])


ORDERS_OF_MAGNITUDE = Exercise(
    name="orders_of_magnitude",
    lesson="01",
    points=2,
    reference=scaling.orders_of_magnitude,
    cases=_orders_cases,
    mistakes=(
        (
            "That is the natural logarithm. One order of magnitude is a factor of ten: np.log10.",
            lambda s: np.log(_nonzero(s).max() / _nonzero(s).min()),
        ),
        (
            "That is the ratio itself. How many times ten is it? Take np.log10 of it.",
            lambda s: _nonzero(s).max() / _nonzero(s).min(),
        ),
        (
            "Zeros are still among the scores, so the smallest is 0. Leave them out.",
            lambda s: np.log10(np.abs(s).max() / np.abs(s).min()),
        ),
        (
            "Negative scores were left out. Drop their sign (np.abs), not the scores.",
            lambda s: np.log10(s[s > 0].max() / s[s > 0].min()),
        ),
        (
            "The signs are still there. Take np.abs before you look for the largest and smallest.",
            lambda s: np.log10(s[s != 0].max() / s[s != 0].min()),
        ),
        (
            "That is the logarithm of the difference. Orders of magnitude compare by a ratio.",
            lambda s: np.log10(_nonzero(s).max() - _nonzero(s).min()),
        ),
        (
            "That is the logarithm of the largest score alone. Divide by the smallest first.",
            lambda s: np.log10(_nonzero(s).max()),
        ),
        (
            "Rounded to a whole number. Keep the fraction.",
            lambda s: np.round(np.log10(_nonzero(s).max() / _nonzero(s).min())),
        ),
        (
            "Smallest over largest: the sign is turned round.",
            lambda s: np.log10(_nonzero(s).min() / _nonzero(s).max()),
        ),
    ),
)


def _human_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("play as good as random", (10.0, 10.0, 110.0)),
        Case("play as good as a human", (110.0, 10.0, 110.0)),
        Case("better than a human", (260.0, 10.0, 110.0)),
        Case("worse than random", (-40.0, 10.0, 110.0)),
        Case("a negative random score (Pong)", (0.0, -20.0, 15.0)),
        Case("a human below random", (-5.0, 10.0, 0.0)),
        Case("an array of scores", (np.array([0.0, 5.0, 20.0]), 5.0, 15.0)),
        Case("human equal to random: refuses", (3.0, 7.0, 7.0), refuses=True),
    ]
    for _ in range(8):
        random, human = rng.uniform(-100, 100, size=2)
        cases.append(Case("8 random games", (rng.uniform(-1000, 1000, size=3), random, human)))
    return cases


HUMAN_NORMALIZED = Exercise(
    name="human_normalized",
    lesson="01",
    points=2,
    reference=scaling.human_normalized,
    cases=_human_cases,
    mistakes=(
        (
            "That divides by the human score alone, so random play does not come out as 0.",
            lambda s, r, h: s / h if h else np.inf * np.sign(s),
        ),
        (
            "The random score is subtracted above the line but not below it.",
            lambda s, r, h: (s - r) / h if h else np.inf * np.sign(s - r),
        ),
        (
            "The random score is subtracted below the line but not above it.",
            lambda s, r, h: s / (h - r) if h != r else np.inf,
        ),
        (
            "Human and random have changed places: human play comes out as 0.",
            lambda s, r, h: (s - h) / (r - h) if h != r else np.inf,
        ),
        (
            "Every value has the wrong sign: look at the order in one of the two differences.",
            lambda s, r, h: (s - r) / (r - h) if h != r else np.inf,
        ),
        (
            "That is a percentage. Human play is 1 here, not 100.",
            lambda s, r, h: 100 * (s - r) / (h - r) if h != r else np.inf,
        ),
        (
            "Clipped to [0, 1]. Better than a human is more than 1, worse than random is below 0.",
            lambda s, r, h: np.clip((s - r) / (h - r), 0, 1) if h != r else np.inf,
        ),
        (
            "The distance below the line lost its sign; a human may score less than random play.",
            lambda s, r, h: (s - r) / abs(h - r) if h != r else np.inf,
        ),
        (
            "That divides by the distance between the score and the human, not random and human.",
            lambda s, r, h: (s - r) / np.where(h == s, np.nan, h - s),
        ),
    ),
)

EXERCISES = (ORDERS_OF_MAGNITUDE, HUMAN_NORMALIZED)

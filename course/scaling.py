"""Ways to put scores on one scale, and what each of them assumes.

Plain numpy in float64. Every function here is a change of units, a change of origin, or both; which of
the two it is decides what it keeps (lesson 2). Lesson 1 asks first how large the scores of a game are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, finite, number


def orders_of_magnitude(scores: ArrayLike) -> float:
    """How many powers of ten lie between the largest and the smallest score.

        log10(largest |score| / smallest non-zero |score|)

    Args:
        scores: points, any shape. Signs are dropped and zeros ignored: neither has a logarithm.

    Returns:
        Powers of ten, at least 0.

    Raises:
        ValueError: if no score differs from 0, or a number is not finite.

    Example:
        >>> orders_of_magnitude([-10, 0, 1000])
        2.0

    Lesson 1.
    """
    sizes = np.abs(finite("scores", scores))
    sizes = sizes[sizes > 0]
    if not sizes.size:
        raise ValueError("scores must hold at least one number that is not 0, got none")

    # A difference of logarithms, because the quotient of two floats may overflow.
    return float(np.log10(sizes.max()) - np.log10(sizes.min()))


def human_normalized(score: ArrayLike, random: float, human: float) -> Array:
    """A score on the scale of its game: random play gives 0, human play gives 1.

        (score - random) / (human - random)

    Args:
        score: points, any shape.
        random, human: mean scores of random and of human play in the same game, in points.

    Returns:
        Human-normalised score without unit, same shape. Below 0 it is worse than random play.

    Raises:
        ValueError: if `human` equals `random`, or a number is not finite.

    Example:
        >>> float(human_normalized(5, random=-20, human=30))
        0.5

    Mnih et al. (2015), there in per cent: https://doi.org/10.1038/nature14236. Lesson 1.
    """
    score = finite("score", score)
    random = number("random", random)
    human = number("human", human)
    if human == random:
        raise ValueError(f"human must differ from random, got {human:g} for both")
    return (score - random) / (human - random)


def min_max(scores: ArrayLike, low: float, high: float) -> Array:
    """Scores as a share of the range from `low` to `high`: low gives 0, high gives 1.

        (score - low) / (high - low)

    Nothing is clipped: a score above `high` gives more than 1.

    Args:
        scores: points, any shape.
        low, high: the range, in points.

    Returns:
        Shares without unit, same shape.

    Raises:
        ValueError: if `high` is not above `low`, or a number is not finite.

    Example:
        >>> min_max([-21, 0, 21], -21, 21)
        array([0. , 0.5, 1. ])

    Lesson 2.
    """
    scores = finite("scores", scores)
    low, high = _range(low, high)
    return (scores - low) / (high - low)


def z_score(scores: ArrayLike, *, axis: int | None = None, floor: float = 1e-8) -> Array:
    """Scores in standard deviations from their own mean.

        (score - mean) / max(std, floor)

    Args:
        scores: points, any shape, not empty.
        axis: over which mean and population std are taken; over all elements if None.
        floor: the smallest divisor, so that equal scores give zeros.

    Returns:
        Numbers without unit, mean 0, same shape.

    Raises:
        ValueError: if `scores` is empty or not finite, or `floor` is not above 0.

    Lesson 2.
    """
    scores = _some("scores", scores)
    floor = number("floor", floor, above=0)
    keep = {"axis": axis, "keepdims": axis is not None}
    centred = (scores - scores.mean(**keep)) / np.maximum(scores.std(**keep), floor)
    # The mean of equal numbers may miss them by a rounding error, which a small floor would blow up.
    return np.where(scores.max(**keep) == scores.min(**keep), 0.0, centred)


def clip_rewards(rewards: ArrayLike, low: float = -1.0, high: float = 1.0) -> Array:
    """Cut every reward at `low` and `high`. DQN's choice: it counts rewards and forgets their size.

    Args:
        rewards: points a step, any shape.
        low, high: the limits, in points.

    Returns:
        Clipped rewards, same shape.

    Raises:
        ValueError: if `high` is not above `low`, or a number is not finite.

    Example:
        >>> clip_rewards([-3, 0, 400])
        array([-1.,  0.,  1.])

    Mnih et al. (2015), Methods: https://doi.org/10.1038/nature14236. Lesson 2.
    """
    rewards = finite("rewards", rewards)
    low, high = _range(low, high)
    return np.clip(rewards, low, high)


def running_mean_var(mean: float, var: float, count: float, batch: ArrayLike) -> tuple[float, float, float]:
    """Merge what is known of the past with a new batch, without keeping old data.

    Args:
        mean, var: of the past, population variance; ignored when `count` is 0.
        count: how many scores the past holds, at least 0.
        batch: new scores, shape [n], n >= 1.

    Returns:
        (mean, var, count) of past and batch together, population variance.

    Raises:
        ValueError: if the batch is empty or not one-dimensional, `var` or `count` is negative, or a
            number is not finite.

    Example:
        >>> running_mean_var(2.0, 1.0, 2, [6.0, 6.0])
        (4.0, 4.5, 4)

    Chan, Golub & LeVeque (1979), Updating formulae, eq. 2.1. Lesson 2.
    """
    batch = _some("batch", batch)
    if batch.ndim != 1:
        raise ValueError(f"batch must have shape [n], got {batch.shape}")
    if number("count", count, low=0) == 0:
        return float(batch.mean()), float(batch.var()), len(batch)
    mean = number("mean", mean)
    var = number("var", var, low=0)

    total = count + len(batch)
    gap = batch.mean() - mean
    spread = count * var + len(batch) * batch.var() + gap**2 * count * len(batch) / total
    return float(mean + gap * len(batch) / total), float(spread / total), total


@dataclass
class RunningNormalizer:
    """Centre and scale by the mean and standard deviation of everything seen so far.

    The numbers that it gives out depend on when it was asked: the same score gets another value later.
    """

    mean: float = 0.0
    var: float = 0.0
    count: float = 0

    def update(self, batch: ArrayLike) -> None:
        """Take in new scores, shape [n]."""
        self.mean, self.var, self.count = running_mean_var(self.mean, self.var, self.count, batch)

    def __call__(self, scores: ArrayLike, *, floor: float = 1e-8) -> Array:
        """Return (scores - mean) / max(std, floor), same shape; raise ValueError before any update."""
        if not self.count:
            raise ValueError("nothing seen yet: call update(batch) first")
        return (finite("scores", scores) - self.mean) / max(self.var**0.5, number("floor", floor, above=0))


def _range(low: float, high: float) -> tuple[float, float]:
    low = number("low", low)
    high = number("high", high)
    if high <= low:
        raise ValueError(f"high must be above low, got low {low:.15g} and high {high:.15g}")
    return low, high


def _some(name: str, given: ArrayLike) -> Array:
    array = finite(name, given)
    if not array.size:
        raise ValueError(f"{name} must hold at least one number, got none")
    return array

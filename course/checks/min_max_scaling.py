"""Exercises of lesson 2: why not divide by the maximum?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import scaling
from course.arrays import Array
from course.checks.exercise import Case, Exercise, Odd
from course.checks.mutants import Mutant, kept, mutant


def _min_max_cases(rng: np.random.Generator) -> list[Case]:
    # Where the score is a single number, nothing that is likely to stand below the line is 0: whether a
    # division by 0 raises depends on the kind of number, and would hide which mistake was made.
    cases = [
        Case("a score half-way", (5.0, 0.0, 10.0)),
        Case("the lowest score", (2.0, 2.0, 10.0)),
        Case("a new record", (25.0, 5.0, 15.0)),
        Case("below the range", (-5.0, 5.0, 15.0)),
        Case("a negative range (Pong)", (np.array([-21.0, 0.0, 21.0]), -21.0, 21.0)),
        Case("a table of scores", (np.array([[3.0, 6.0], [9.0, 12.0]]), 3.0, 6.0)),
        Case("a table of one column", (np.array([[3.0], [9.0]]), 3.0, 6.0)),
        Case("scores of less than a point", (np.array([0.001, 0.0025]), 0.001, 0.003)),
        Case("scores by the million", (np.array([1e8, 4e8, 9e8]), 1e8, 5e8)),
        Case("a range of nothing: refuses", (1.0, 4.0, 4.0), refuses=True),
        Case("low above high: refuses", (1.0, 4.0, 2.0), refuses=True),
    ]

    for _ in range(8):
        low, width = rng.uniform(-100, 100), rng.uniform(1, 100)
        cases.append(Case("8 random ranges", (rng.uniform(-200, 300, size=5), low, low + width)))
    cases.append(Case("2,000 scores", (rng.normal(50, 300, size=2_000), 10.0, 110.0)))

    return cases


def _beyond_low(scores: Any, low: float, high: float) -> Any:
    return scores - low


def _width(scores: Any, low: float, high: float) -> Any:
    return high - low


def _own_width(scores: Any, low: float, high: float) -> Any:
    return max(np.max(scores) - np.min(scores), 1e-8)


def _unless_above(low: float, high: float) -> None:
    if high <= low:
        raise ValueError("no range")


def _never(low: float, high: float) -> None:
    """No refusal at all."""


def _if_equal(low: float, high: float) -> None:
    if high == low:
        raise ValueError("no range")


@mutant
def _scaled(
    *,
    above: Callable = _beyond_low,
    below: Callable = _width,
    finish: Callable = kept,
    refuse: Callable = _unless_above,
) -> Callable:
    """A min_max: what stands above the line, what below, and what is made of the quotient."""

    def answer(scores: Any, low: float, high: float) -> Any:
        refuse(low, high)
        return finish(above(scores, low, high) / below(scores, low, high))

    return answer


MIN_MAX = Exercise(
    name="min_max",
    lesson="02",
    points=2,
    reference=scaling.min_max,
    cases=_min_max_cases,
    mistakes=(
        (
            "Clipped to [0, 1]. A new record is more than 1 here: hiding it would hide the trouble.",
            _scaled(finish=lambda share: np.clip(share, 0, 1)),
        ),
        (
            "That divides by high alone. Where does low come in?",
            _scaled(above=lambda s, low, high: s, below=lambda s, low, high: high),
        ),
        (
            "low is subtracted above the line but not below it.",
            _scaled(below=lambda s, low, high: high),
        ),
        (
            "low is subtracted below the line but not above it.",
            _scaled(above=lambda s, low, high: s),
        ),
        (
            "Without brackets the division comes first: scores - low / high - low divides low by high "
            "alone. Both differences need brackets.",
            _scaled(above=lambda s, low, high: s - low / high - low, below=lambda s, low, high: 1.0),
        ),
        (
            "That takes the range from the scores themselves. Use the low and high that are given.",
            _scaled(above=lambda s, low, high: s - np.min(s), below=_own_width),
        ),
        (
            "That counts down from high: the best score comes out as 0.",
            _scaled(above=lambda s, low, high: high - s),
        ),
        (
            "That maps to [-1, 1]. low should give 0 and high should give 1.",
            _scaled(finish=lambda share: 2 * share - 1),
        ),
        (
            "That divides by the sum of low and high. The width of a range is a difference.",
            _scaled(below=lambda s, low, high: high + low),
        ),
        (
            "A range of nothing is not met at the door, and dividing by it fails. Raise a ValueError unless "
            "high is above low.",
            _scaled(refuse=_never),
        ),
        (
            "Nothing is refused, and without a range there is no share. Raise a ValueError unless high is "
            "above low.",
            _scaled(refuse=_never, above=lambda s, low, high: np.asarray(s) - low),
        ),
        (
            "A small number is added below the line, and nothing is refused: in a range of nothing a huge "
            "number comes out, which means nothing. Raise a ValueError there.",
            _scaled(below=lambda s, low, high: high - low + 1e-8, refuse=_never),
        ),
        (
            "low equal to high is refused, low above high is not. Both are no range: raise ValueError.",
            _scaled(refuse=_if_equal),
        ),
    ),
)


def _running_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("equal counts", 2, 1, 2, [6, 6]),
        ("a batch of one", 0, 0, 3, [4]),
        ("a batch that is like the past", 1, 1, 4, [0, 2]),
        ("no past (count 0)", 9, 9, 0, [1, 3]),
        ("a past of one score", 4, 0, 1, [1, 3]),
        ("a long past", 10, 4, 1000, [0, 20]),
        ("scores of less than a point", 0.002, 1e-6, 4, [0.001, 0.005]),
        ("scores near 500 million", 5e8, 1.25, 4, [5e8 + 1, 5e8 - 1, 5e8 + 3, 5e8 + 1]),
    ]
    cases = [
        Case(label, (float(mean), float(var), count, np.array(batch, dtype=float)))
        for label, mean, var, count, batch in small
    ]

    for _ in range(8):
        past = rng.normal(5, 3, size=rng.integers(2, 9))
        batch = rng.normal(0, 2, size=rng.integers(2, 9))
        known = float(past.mean()), float(past.var()), len(past)
        cases.append(Case("8 random pasts against all data at once", (*known, batch)))
    cases.append(Case("a batch of 2,000", (5.0, 4.0, 50, rng.normal(6, 3, size=2_000))))

    return cases


def _three_numbers(f: Callable, case: Case) -> dict[str, Any]:
    """Observe mean, variance and count one by one, so that a panel can name the wrong one."""
    mean, var, count, batch = case.args
    answer = f(mean, var, count, batch.copy())
    if not isinstance(answer, tuple | list | np.ndarray):
        kind = "None" if answer is None else type(answer).__name__
        raise Odd(f"Returned {kind}; expected three numbers: mean, var, count.")
    if len(answer) != 3:
        raise Odd(f"Returned {len(answer)} things; expected three: mean, var, count.")
    return dict(zip(("mean", "var", "count"), answer, strict=True))


def _moved(mean: float, count: float, batch: Array) -> Any:
    return mean + (batch.mean() - mean) * len(batch) / (count + len(batch))


def _pooled(mean: float, var: float, count: float, batch: Array, *, own: float, gap_term: Callable) -> Any:
    """The new variance: what was spread before, what the batch spreads, and how far apart the two are."""
    n = len(batch)
    squares = count * var + n * own + gap_term(batch.mean() - mean, count, n)
    return squares / (count + n)


def _mean_of_squares(
    mean: float, var: float, count: float, batch: Array, *, own: float, gap_term: Callable
) -> Any:
    squares = count * (var + mean**2) + np.sum(batch**2)
    return squares / (count + len(batch)) - _moved(mean, count, batch) ** 2


def _weighed_gap(gap: float, count: float, n: int) -> float:
    return gap**2 * count * n / (count + n)


def _guarded_n_less_one(batch: Array) -> float:
    return batch.var(ddof=1) if len(batch) > 1 else 0.0


@mutant
def _merged(
    *,
    own: Callable = np.var,
    middle: Callable = _moved,
    spread: Callable = _pooled,
    gap_term: Callable = _weighed_gap,
    total: Callable = lambda count, n: count + n,
    no_past: Callable = lambda count: count == 0,
    trusted: Callable = kept,
    finish: Callable = lambda mean, var, count: (mean, var, count),
) -> Callable:
    """A running_mean_var of parts."""

    def answer(mean: float, var: float, count: float, batch: Array) -> Any:
        own_var = own(batch)
        if no_past(count):
            return finish(batch.mean(), own_var, len(batch))

        weight = trusted(count)
        new_var = spread(mean, var, weight, batch, own=own_var, gap_term=gap_term)
        return finish(middle(mean, weight, batch), new_var, total(count, len(batch)))

    return answer


def _half_of_each(old: float, new: float) -> float:
    return (old + new) / 2


def _mostly_old(old: float, new: float) -> float:
    return 0.99 * old + 0.01 * new


def _mixed(mix: Callable) -> Mutant:
    """Mean and variance mixed by a rule that does not look at the counts."""
    return _merged(
        middle=lambda mean, count, batch: mix(mean, batch.mean()),
        spread=lambda mean, var, count, batch, own, gap_term: mix(var, own),
    )


RUNNING_MEAN_VAR = Exercise(
    name="running_mean_var",
    lesson="02",
    points=4,
    reference=scaling.running_mean_var,
    cases=_running_cases,
    observe=_three_numbers,
    mistakes=(
        (
            "The two variances are averaged, but the distance between the two means adds spread as well.",
            _merged(gap_term=lambda gap, count, n: 0.0),
        ),
        (
            "The batch's variance has n - 1 below the line. Use the population variance, np.var as it is.",
            _merged(own=_guarded_n_less_one),
        ),
        (
            "The batch's variance has n - 1 below the line, and for a batch of one that is 0 / 0. Use the "
            "population variance, np.var as it is.",
            _merged(own=lambda batch: np.var(batch, ddof=1)),
        ),
        (
            "That is the standard deviation. The second number is the variance.",
            _merged(finish=lambda mean, var, count: (mean, np.sqrt(var), count)),
        ),
        (
            "The count is that of the batch alone. Past and batch together are count + len(batch).",
            _merged(total=lambda count, n: n),
        ),
        (
            "The distance between the means is not squared.",
            _merged(gap_term=lambda gap, count, n: gap * count * n / (count + n)),
        ),
        (
            "The squared distance between the means has the wrong weight: count * n / (count + n).",
            _merged(gap_term=lambda gap, count, n: gap**2),
        ),
        (
            "The squared distance between the means has the wrong weight, n alone: count * n / (count + n).",
            _merged(gap_term=lambda gap, count, n: gap**2 * n),
        ),
        (
            "The variance comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: add up squared distances.",
            _merged(spread=_mean_of_squares),
        ),
        (
            "Past and batch get equal weight. Weigh each by how many scores it holds.",
            _mixed(_half_of_each),
        ),
        (
            "The batch gets a fixed share of 0.01: that is a moving average, which forgets. Weigh past and "
            "batch by how many scores each holds.",
            _mixed(_mostly_old),
        ),
        (
            "With count 0 there is no past: mean and var must not matter then.",
            _merged(no_past=lambda count: False, trusted=lambda count: count or 1),
        ),
        (
            "A past of one score is thrown away. It has no spread, but it has a mean: only count 0 is no "
            "past.",
            _merged(no_past=lambda count: count <= 1),
        ),
        (
            "The variance is still a sum of squares. Divide it by the new count.",
            _merged(finish=lambda mean, var, count: (mean, var * count, count)),
        ),
        (
            "The order is mean, var, count.",
            _merged(finish=lambda mean, var, count: (var, mean, count)),
        ),
    ),
)

EXERCISES = (MIN_MAX, RUNNING_MEAN_VAR)

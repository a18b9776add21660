"""Exercises of lesson 2: why not divide by the maximum?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import scaling
from course.checks.engine import Case, Exercise, Odd


def _min_max_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("a score half-way", (5.0, 0.0, 10.0)),
        Case("the lowest score", (2.0, 2.0, 10.0)),
        Case("a new record", (25.0, 5.0, 15.0)),
        Case("below the range", (-5.0, 5.0, 15.0)),
        Case("a negative range (Pong)", (np.array([-21.0, 0.0, 21.0]), -21.0, 21.0)),
        Case("a table of scores", (np.array([[3.0, 6.0], [9.0, 12.0]]), 3.0, 6.0)),
        Case("a range of nothing: refuses", (1.0, 4.0, 4.0), refuses=True),
        Case("low above high: refuses", (1.0, 4.0, 2.0), refuses=True),
    ]
    for _ in range(8):
        low, width = rng.uniform(-100, 100), rng.uniform(1, 100)
        cases.append(Case("8 random ranges", (rng.uniform(-200, 300, size=5), low, low + width)))
    return cases


def _own_range(s: np.ndarray, low: float, high: float) -> Any:
    return (s - np.min(s)) / max(np.max(s) - np.min(s), 1e-8)


MIN_MAX = Exercise(
    name="min_max",
    lesson="02",
    points=2,
    reference=scaling.min_max,
    cases=_min_max_cases,
    mistakes=(
        (
            "Clipped to [0, 1]. A new record is more than 1 here: hiding it would hide the trouble.",
            lambda s, low, high: np.clip((s - low) / max(high - low, 1e-9), 0, 1),
        ),
        (
            "That divides by high alone. Where does low come in?",
            lambda s, low, high: np.asarray(s) / (high or 1),
        ),
        (
            "low is subtracted above the line but not below it.",
            lambda s, low, high: (np.asarray(s) - low) / (high or 1),
        ),
        (
            "low is subtracted below the line but not above it.",
            lambda s, low, high: np.asarray(s) / ((high - low) or 1),
        ),
        (
            "That takes the range from the scores themselves. Use the low and high that are given.",
            _own_range,
        ),
        (
            "That counts down from high: the best score comes out as 0.",
            lambda s, low, high: (high - np.asarray(s)) / ((high - low) or 1),
        ),
        (
            "That maps to [-1, 1]. low should give 0 and high should give 1.",
            lambda s, low, high: 2 * (np.asarray(s) - low) / ((high - low) or 1) - 1,
        ),
        (
            "That divides by the sum of low and high. The width of a range is a difference.",
            lambda s, low, high: (np.asarray(s) - low) / ((high + low) or 1),
        ),
        (
            "low equal to high is refused, low above high is not. Both are no range: raise ValueError.",
            lambda s, low, high: _refuse_equal(low, high) or (np.asarray(s) - low) / (high - low),
        ),
    ),
)


def _refuse_equal(low: float, high: float) -> None:
    if low == high:
        raise ValueError("no range")


def _running_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("equal counts", (2.0, 1.0, 2, np.array([6.0, 6.0]))),
        Case("a batch of one", (0.0, 0.0, 3, np.array([4.0]))),
        Case("a batch that is like the past", (1.0, 1.0, 4, np.array([0.0, 2.0]))),
        Case("no past (count 0)", (9.0, 9.0, 0, np.array([1.0, 3.0]))),
        Case("a long past", (10.0, 4.0, 1000, np.array([0.0, 20.0]))),
    ]
    for _ in range(8):
        past, batch = (
            rng.normal(5, 3, size=rng.integers(2, 9)),
            rng.normal(0, 2, size=rng.integers(2, 9)),
        )
        case = (float(past.mean()), float(past.var()), len(past), batch)
        cases.append(Case("8 random pasts against all data at once", case))
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


def _merge(
    gap_term: Callable, *, ddof: int = 0, std: bool = False, total: Callable | None = None
) -> Callable:
    """A running_mean_var in which one part can be made wrong."""

    def wrong(mean: float, var: float, count: float, batch: np.ndarray) -> tuple:
        n, size = len(batch), count + len(batch)
        own = batch.var(ddof=ddof) if n > ddof else 0.0
        gap = batch.mean() - mean if count else 0.0
        mean, var = (mean, var) if count else (batch.mean(), own)
        new = (count * var + n * own + gap_term(gap, count, n)) / size
        return (
            mean + gap * n / size,
            np.sqrt(new) if std else new,
            total(count, n) if total else size,
        )

    return wrong


def _right_gap(gap: float, count: float, n: int) -> float:
    return gap**2 * count * n / (count + n)


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
            _merge(lambda gap, count, n: 0.0),
        ),
        (
            "The batch's variance has n - 1 below the line. Use the population variance, np.var as it is.",
            _merge(_right_gap, ddof=1),
        ),
        (
            "That is the standard deviation. The second number is the variance.",
            _merge(_right_gap, std=True),
        ),
        (
            "The count is that of the batch alone. Past and batch together are count + len(batch).",
            _merge(_right_gap, total=lambda count, n: n),
        ),
        (
            "The distance between the means is not squared.",
            _merge(lambda gap, count, n: gap * count * n / (count + n)),
        ),
        (
            "The squared distance between the means has the wrong weight: count * n / (count + n).",
            _merge(lambda gap, count, n: gap**2),
        ),
        (
            "Past and batch get equal weight. Weigh each by how many scores it holds.",
            lambda mean, var, count, batch: (
                (mean + batch.mean()) / 2 if count else batch.mean(),
                (var + batch.var()) / 2 if count else batch.var(),
                count + len(batch),
            ),
        ),
        (
            "With count 0 there is no past: mean and var must not matter then.",
            lambda mean, var, count, batch: (
                *scaling.running_mean_var(mean, var, count or 1, batch)[:2],
                count + len(batch),
            ),
        ),
        (
            "The variance is still a sum of squares. Divide it by the new count.",
            lambda mean, var, count, batch: (
                scaling.running_mean_var(mean, var, count, batch)[0],
                scaling.running_mean_var(mean, var, count, batch)[1] * (count + len(batch)),
                count + len(batch),
            ),
        ),
        (
            "The order is mean, var, count.",
            lambda *case: tuple(np.array(scaling.running_mean_var(*case))[[1, 0, 2]]),
        ),
    ),
)

EXERCISES = (MIN_MAX, RUNNING_MEAN_VAR)

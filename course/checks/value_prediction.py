"""A numpy exercise of lesson 5: how do you think you did? The other one is in `value_loss`, with torch."""

from collections.abc import Callable

import numpy as np

from course import returns
from course.checks.exercise import Case, Exercise
from course.checks.mutants import mutant


def _explained_cases(rng: np.random.Generator) -> list[Case]:
    # No case is worth exactly 0, as a constant guess would be: beside 0 no rounding error is small.
    million = 5e8
    small = [
        ("a perfect critic", [1, 2, 3], [1, 2, 3]),
        ("a timid critic", [2, 2, 2, 4], [1, 2, 3, 6]),
        ("a critic that is off by a constant", [0, 2, 4], [1, 3, 5]),
        ("one that is half as bold as it should be", [0, 1, 2], [0, 2, 4]),
        ("one that is three times too bold", [0, 6, 12], [0, 2, 4]),
        ("one that has it the wrong way round", [3, 2, 1], [1, 2, 3]),
        ("outcomes that are all equal", [1, 2, 3], [5, 5, 5]),
        ("equal outcomes, rightly guessed", [4, 4], [4, 4]),
        ("one outcome alone", [3], [4]),
        ("two episodes side by side", [[1, 5], [2, 8]], [[0, 6], [4, 6]]),
        ("one environment, [T, 1]", [[1], [2], [4]], [[0], [3], [4]]),
        ("outcomes of a hundred-thousandth of a point", [0, 1e-5, 2e-5], [0, 1e-5, 3e-5]),
        ("outcomes near 8,000", [8193, 8191, 8194, 8192], [8193, 8191, 8193, 8191]),
        (
            "outcomes near 500 million",
            [million + 1, million, million + 2, million - 2],
            [million + 1, million - 1, million + 3, million - 3],
        ),
    ]
    cases = [
        Case(label, (np.array(values, dtype=float), np.array(targets, dtype=float)))
        for label, values, targets in small
    ]
    shapes = [tuple(rng.integers(3, 7, size=rng.integers(1, 3))) for _ in range(8)]
    for label, shape in [*(("8 random critics", shape) for shape in shapes), ("2,000 steps", (2_000,))]:
        targets = rng.normal(10, 5, size=shape)
        values = rng.uniform(0.3, 1.2) * targets + rng.normal(3, 2, size=shape)
        cases.append(Case(label, (values, targets)))
    return cases


def _nan(values: np.ndarray, targets: np.ndarray) -> float:
    """The right answer to targets that are all equal."""
    return float("nan")


def _always(number: float) -> Callable:
    return lambda values, targets: number


def _one_if_right(values: np.ndarray, targets: np.ndarray) -> float:
    return 1.0 if np.ptp(values) == 0 else 0.0


def _refuse_constant(values: np.ndarray, targets: np.ndarray) -> None:
    raise ValueError("constant targets")


def _all_equal(targets: np.ndarray) -> bool:
    return np.ptp(targets) == 0


def _miss(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return targets - values


def _outcomes(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return targets


def _guesses(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return values


@mutant
def _explained(
    *,
    miss: Callable = _miss,
    above: Callable = np.var,
    below: Callable = np.var,
    against: Callable = _outcomes,
    share: Callable = lambda above, below: above / below,
    rest: Callable = lambda share: 1 - share,
    is_constant: Callable = _all_equal,
    constant: Callable | None = _nan,
) -> Callable:
    """An explained_variance, part by part: 1 - above(miss) / below(outcomes)."""

    def answer(values: np.ndarray, targets: np.ndarray) -> object:
        if constant is not None and is_constant(targets):
            return constant(values, targets)
        misses = above(miss(values, targets))
        outcomes = below(against(values, targets))
        return rest(share(misses, outcomes))

    return answer


def _uncorrelated(values: np.ndarray, targets: np.ndarray) -> float:
    return 1 - np.corrcoef(values.ravel(), targets.ravel())[0, 1] ** 2


def _mean_of_squares(numbers: np.ndarray) -> float:
    return np.mean(numbers**2) - np.mean(numbers) ** 2


def _mean_of_squares_in_float32(numbers: np.ndarray) -> float:
    return _mean_of_squares(numbers.astype(np.float32))


def _both(values: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values, targets


EXPLAINED_VARIANCE = Exercise(
    name="explained_variance",
    lesson="05",
    points=2,
    reference=returns.explained_variance,
    cases=_explained_cases,
    mistakes=(
        (
            "That is the share that is left over. How much of it is gone?",
            _explained(rest=lambda share: share),
        ),
        (
            "That compares how much guesses and outcomes vary. Guesses can vary a lot and still be wrong: "
            "look at the misses.",
            _explained(miss=_guesses, rest=lambda share: share),
        ),
        (
            "That is the squared correlation. It forgives a critic that is far too bold, and one that is "
            "the wrong way round.",
            _explained(miss=_both, above=lambda both: _uncorrelated(*both), below=lambda targets: 1.0),
        ),
        (
            "Above the line stands the mean squared miss. It punishes a constant offset; the variance of the "
            "misses does not.",
            _explained(above=lambda misses: np.mean(misses**2)),
        ),
        (
            "One variance divides by n, the other by n - 1. Use np.var as it is for both.",
            _explained(above=lambda misses: np.var(misses, ddof=1)),
        ),
        (
            "One variance divides by n - 1, the other by n. Use np.var as it is for both.",
            _explained(below=lambda targets: np.var(targets, ddof=1)),
        ),
        (
            "The ratio is upside down: the misses belong above the line, the outcomes below.",
            _explained(share=lambda above, below: below / above),
        ),
        (
            "The misses are measured against how much the guesses vary. Was targets mistaken for values?",
            _explained(against=_guesses),
        ),
        (
            "Those are standard deviations. It is the variance that is shared out.",
            _explained(above=np.std, below=np.std),
        ),
        (
            "A miss is a difference. Here guess and outcome are added.",
            _explained(miss=np.add),
        ),
        (
            "That averages absolute misses. A variance squares them.",
            _explained(
                above=lambda misses: np.mean(np.abs(misses)),
                below=lambda targets: np.mean(np.abs(targets - np.mean(targets))),
            ),
        ),
        (
            "That gives a number for each column. One number is wanted, over all elements.",
            _explained(
                above=lambda misses: np.var(misses, axis=0), below=lambda targets: np.var(targets, axis=0)
            ),
        ),
        (
            "That gives a number for each row. One number is wanted, over all elements.",
            _explained(
                above=lambda misses: np.var(misses, axis=-1), below=lambda targets: np.var(targets, axis=-1)
            ),
        ),
        (
            "It never falls below -1 here. A critic can be worse than that, and the number should say so.",
            _explained(rest=lambda share: max(-1.0, 1 - share)),
        ),
        (
            "A variance comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: take np.var.",
            _explained(above=_mean_of_squares, below=_mean_of_squares),
        ),
        (
            "A variance comes from the mean of the squares less the square of the mean, in float32, which "
            "keeps seven digits. Take np.var of what is given.",
            _explained(above=_mean_of_squares_in_float32, below=_mean_of_squares_in_float32),
        ),
        (
            "A small number is added below the line. Then outcomes that vary little seem unexplained, and "
            "equal ones get a number: return nan for those, and divide by the variance itself.",
            _explained(share=lambda above, below: above / (below + 1e-8), constant=None),
        ),
        (
            "A small number is added below the line, so outcomes that vary little seem unexplained. Equal "
            "ones are met already: divide by the variance itself.",
            _explained(share=lambda above, below: above / (below + 1e-8)),
        ),
        (
            "Outcomes whose variance is nearly 0 are called constant here (np.isclose). Small ones vary too: "
            "ask whether all are equal.",
            _explained(is_constant=lambda targets: np.isclose(np.var(targets), 0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 0 would be a verdict. Return nan.",
            _explained(constant=_always(0.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 1 would be praise. Return nan.",
            _explained(constant=_always(1.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and -1 would be blame. Return nan.",
            _explained(constant=_always(-1.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, whether the guesses are equal as well "
            "(1) or not (0). Return nan.",
            _explained(constant=_one_if_right),
        ),
        (
            "When all outcomes are equal you divide by 0. Look for that first, and return nan.",
            _explained(constant=None),
        ),
        (
            "Equal outcomes are no mistake of the caller's. Return nan; do not raise.",
            _explained(constant=_refuse_constant),
        ),
    ),
)


EXERCISES = (EXPLAINED_VARIANCE,)

"""Exercises of lesson 5: how do you think you did?"""

from collections.abc import Callable

import numpy as np
import torch

from course import losses, returns
from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing


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


def _loss_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("495 was guessed, 500 came", [495], [500]),
        ("both too high", [2, 4], [0, 0]),
        ("misses that cancel", [1, 2, 3], [3, 2, 1]),
        ("all right: a loss of 0", [3, 4], [3, 4]),
        ("two episodes side by side", [[1, 3], [5, 7], [9, 2]], [[0, 3], [7, 4], [9, 6]]),
        ("one environment, [T, 1]", [[1], [5]], [[0], [7]]),
        ("thousandths of a point", [0.001, 0.004], [0.003, 0.002]),
        ("points by the million", [1e8, 4e8], [3e8, 2e8]),
    ]
    unequal = [  # no two of them are told apart by less than the whole shape
        ("[3, 1] against [3]: refuses", [[1], [2], [3]], [1, 2, 4]),
        ("[2, 2] against [2]: refuses", [[1, 2], [3, 5]], [1, 2]),
        ("[3] against [1]: refuses", [1, 2, 4], [2]),
        ("[2] against [3]: refuses", [1, 2], [1, 2, 4]),
        ("[4, 3] against [4, 1]: refuses", [[1, 2, 3]] * 4, [[1], [2], [3], [5]]),
        ("[1, 3] against [3, 1]: refuses", [[1, 2, 3]], [[1], [2], [4]]),
    ]
    cases = [_loss_case(*each) for each in small]
    cases += [_loss_case(*each, refuses=True) for each in unequal]

    shapes = [tuple(rng.integers(2, 6, size=rng.integers(1, 3))) for _ in range(8)]
    labelled = [("8 random batches, with their gradients", shape) for shape in shapes]
    for label, shape in [*labelled, ("2,000 steps", (2_000,))]:
        cases.append(Case(label, (rng.normal(3, 4, size=shape), rng.normal(5, 6, size=shape))))
    return cases


def _loss_case(label: str, values: list, targets: list, *, refuses: bool = False) -> Case:
    arguments = (np.array(values, dtype=float), np.array(targets, dtype=float))
    return Case(label, arguments, refuses=refuses)


def _unequal(values: torch.Tensor, targets: torch.Tensor) -> None:
    """The right refusal."""
    if values.shape != targets.shape:
        raise ValueError("unequal shapes")


def _unequal_numbers(values: torch.Tensor, targets: torch.Tensor) -> None:
    if values.numel() != targets.numel():
        raise ValueError("unequal numbers of elements")


def _unequal_axes_or_lengths(values: torch.Tensor, targets: torch.Tensor) -> None:
    if values.ndim != targets.ndim or len(values) != len(targets):
        raise ValueError("unequal axes or lengths")


def _unequal_axes_or_numbers(values: torch.Tensor, targets: torch.Tensor) -> None:
    if values.ndim != targets.ndim or values.numel() != targets.numel():
        raise ValueError("unequal axes or numbers of elements")


def _unequal_lengths(values: torch.Tensor, targets: torch.Tensor) -> None:
    if len(values) != len(targets):
        raise ValueError("unequal lengths")


def _unasserted(values: torch.Tensor, targets: torch.Tensor) -> None:
    if values.shape != targets.shape:
        raise AssertionError("unequal shapes")


def _no_refusal(values: torch.Tensor, targets: torch.Tensor) -> None:
    pass


def _as_they_come(values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return values - targets


def _lined_up(values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return values - targets.reshape(values.shape)


def _hubers(misses: torch.Tensor) -> torch.Tensor:
    size = misses.abs()
    return torch.where(size < 1, 0.5 * misses.square(), size - 0.5)


@mutant
def _value_loss(
    *,
    refuse: Callable = _unequal,
    learns: Callable = kept,
    data: Callable = detached,
    miss: Callable = _as_they_come,
    power: Callable = torch.square,
    reduce: Callable = mean,
    half: float = 0.5,
    finish: Callable = kept,
) -> Callable:
    """A value_loss, part by part."""

    def answer(values: torch.Tensor, targets: torch.Tensor) -> object:
        refuse(values, targets)
        misses = miss(learns(values), data(targets))
        return finish(half * reduce(power(misses)))

    return answer


VALUE_LOSS = Exercise(
    name="value_loss",
    lesson="05",
    points=3,
    reference=losses.value_loss,
    cases=_loss_cases,
    observe=observing(losses.value_loss),
    apart=(GRADIENT + "targets",),
    mistakes=(
        *reductions(_value_loss),
        (
            "The half is missing. With it, the gradient is the miss itself; without it, twice the miss.",
            _value_loss(half=1.0),
        ),
        (
            "The gradient flows into the targets as well: the outcome would be bent towards the guess. "
            "Detach them.",
            _value_loss(data=kept),
        ),
        (
            "The wrong one is detached. Guesses are to learn from outcomes, and not the other way round.",
            _value_loss(data=kept, learns=detached),
        ),
        (
            "Both are detached, so nothing can be learned. The guesses must keep their gradient.",
            _value_loss(learns=detached),
        ),
        (
            "That is the mean absolute miss. It learns the median of the outcomes; squares learn their mean.",
            _value_loss(power=torch.abs, half=1.0),
        ),
        (
            "That is half the mean absolute miss. Square each miss before you average.",
            _value_loss(power=torch.abs),
        ),
        (
            "That is Huber's loss (smooth_l1_loss): it squares small misses only, and large ones count less. "
            "Square every miss.",
            _value_loss(power=_hubers, half=1.0),
        ),
        (
            "A root is taken at the end. Leave the square: its slope is the miss, and 0 where all is right.",
            _value_loss(half=1.0, finish=torch.sqrt),
        ),
        (
            "The average is taken before the square, so that misses to both sides cancel. Square first.",
            _value_loss(reduce=lambda misses: misses.mean().square(), power=kept),
        ),
        (
            "The half is squared too and becomes a quarter. It belongs outside the square.",
            _value_loss(half=0.25),
        ),
        (
            "The sign is turned round: going down this loss makes the misses larger.",
            _value_loss(finish=torch.neg),
        ),
        (
            "Torch stretches [3, 1] against [3] to nine misses without a word. Compare the shapes first, and "
            "raise ValueError if they differ.",
            _value_loss(refuse=_no_refusal),
        ),
        (
            "[3, 1] and [3] hold as many numbers, but they are not the same shape. Refuse unless the shapes "
            "are equal.",
            _value_loss(refuse=_unequal_numbers, miss=_lined_up),
        ),
        (
            "Unequal lengths are refused, but [3, 1] and [3] have the same length. Compare their .shape.",
            _value_loss(refuse=_unequal_lengths),
        ),
        (
            "The number of axes and the length are compared, but [4, 3] and [4, 1] agree in both, and "
            "torch stretches them. Compare their .shape.",
            _value_loss(refuse=_unequal_axes_or_lengths),
        ),
        (
            "[1, 3] and [3, 1] have two axes each and hold as many numbers, but torch stretches them to "
            "nine. Compare their .shape.",
            _value_loss(refuse=_unequal_axes_or_numbers),
        ),
        (
            "Unequal shapes are noticed, but a caller can only catch what was agreed on: raise ValueError.",
            _value_loss(refuse=_unasserted),
        ),
    ),
)

EXERCISES = (EXPLAINED_VARIANCE, VALUE_LOSS)

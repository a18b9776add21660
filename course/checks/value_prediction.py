"""Exercises of lesson 5: how do you think you did?"""

from collections.abc import Callable

import numpy as np
import torch

from course import losses, returns
from course.checks.engine import Case, Exercise
from course.checks.exercise import GRADIENT
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing


def _explained_cases(rng: np.random.Generator) -> list[Case]:
    # No case is worth exactly 0, as a constant guess would be: beside 0 no rounding error is small.
    cases = [
        Case("a perfect critic", (np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))),
        Case("a timid critic", (np.array([2.0, 2.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0, 6.0]))),
        Case("a critic that is off by a constant", (np.array([0.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0]))),
        Case(
            "one that is half as bold as it should be", (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]))
        ),
        Case("one that is three times too bold", (np.array([0.0, 6.0, 12.0]), np.array([0.0, 2.0, 4.0]))),
        Case("one that has it the wrong way round", (np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))),
        Case("outcomes that are all equal", (np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0]))),
        Case("equal outcomes, rightly guessed", (np.array([4.0, 4.0]), np.array([4.0, 4.0]))),
        Case(
            "two episodes side by side",
            (np.array([[1.0, 5.0], [2.0, 8.0]]), np.array([[0.0, 6.0], [4.0, 6.0]])),
        ),
    ]
    for _ in range(8):
        shape = tuple(rng.integers(3, 7, size=rng.integers(1, 3)))
        targets = rng.normal(10, 5, size=shape)
        values = rng.uniform(0.3, 1.2) * targets + rng.normal(3, 2, size=shape)
        cases.append(Case("8 random critics", (values, targets)))
    return cases


def _nan() -> float:
    """The right answer to targets that are all equal."""
    return float("nan")


def _refuse_constant() -> None:
    raise ValueError("constant targets")


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
    constant: Callable | None = _nan,
) -> Callable:
    """An explained_variance, part by part: 1 - above(miss) / below(outcomes)."""

    def answer(values: np.ndarray, targets: np.ndarray) -> object:
        if constant is not None and np.ptp(targets) == 0:
            return constant()
        misses = above(miss(values, targets))
        outcomes = below(against(values, targets))
        return rest(share(misses, outcomes))

    return answer


def _uncorrelated(values: np.ndarray, targets: np.ndarray) -> float:
    return 1 - np.corrcoef(values.ravel(), targets.ravel())[0, 1] ** 2


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
            "When all outcomes are equal there is nothing to explain, and 0 would be a verdict. Return nan.",
            _explained(constant=lambda: 0.0),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 1 would be praise. Return nan.",
            _explained(constant=lambda: 1.0),
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
    cases = [
        Case("495 was guessed, 500 came", (np.array([495.0]), np.array([500.0]))),
        Case("both too high", (np.array([2.0, 4.0]), np.array([0.0, 0.0]))),
        Case("misses that cancel", (np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0]))),
        Case("all right: a loss of 0", (np.array([3.0, 4.0]), np.array([3.0, 4.0]))),
        Case(
            "two episodes side by side",
            (np.array([[1.0, 3.0], [5.0, 7.0], [9.0, 2.0]]), np.array([[0.0, 3.0], [7.0, 4.0], [9.0, 6.0]])),
        ),
        Case(
            "[3, 1] against [3]: refuses",
            (np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0])),
            refuses=True,
        ),
        Case(
            "[2, 2] against [2]: refuses",
            (np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([1.0, 2.0])),
            refuses=True,
        ),
        Case("[3] against [1]: refuses", (np.array([1.0, 2.0, 4.0]), np.array([2.0])), refuses=True),
        Case("[2] against [3]: refuses", (np.array([1.0, 2.0]), np.array([1.0, 2.0, 4.0])), refuses=True),
    ]
    for _ in range(8):
        shape = tuple(rng.integers(2, 6, size=rng.integers(1, 3)))
        case = (rng.normal(3, 4, size=shape), rng.normal(5, 6, size=shape))
        cases.append(Case("8 random batches, with their gradients", case))
    return cases


def _unequal(values: torch.Tensor, targets: torch.Tensor) -> None:
    """The right refusal."""
    if values.shape != targets.shape:
        raise ValueError("unequal shapes")


def _unequal_numbers(values: torch.Tensor, targets: torch.Tensor) -> None:
    if values.numel() != targets.numel():
        raise ValueError("unequal numbers of elements")


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
            "Unequal shapes are noticed, but a caller can only catch what was agreed on: raise ValueError.",
            _value_loss(refuse=_unasserted),
        ),
    ),
)

EXERCISES = (EXPLAINED_VARIANCE, VALUE_LOSS)

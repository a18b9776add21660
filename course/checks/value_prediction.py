"""Exercises of lesson 5: how do you think you did?"""

from collections.abc import Callable

import numpy as np
import torch

from course import losses, returns
from course.checks.engine import Case, Exercise
from course.checks.tensors import loss_and_gradients


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


def _unless_constant(share: Callable, otherwise: Callable = lambda: float("nan")) -> Callable:
    """An explained_variance whose formula, or answer to constant targets, can be made wrong."""

    def wrong(values: np.ndarray, targets: np.ndarray) -> object:
        return otherwise() if np.ptp(targets) == 0 else share(values, targets)

    return wrong


def _right_share(values: np.ndarray, targets: np.ndarray) -> float:
    return 1 - np.var(targets - values) / np.var(targets)


def _squared_correlation(values: np.ndarray, targets: np.ndarray) -> float:
    return np.corrcoef(values.ravel(), targets.ravel())[0, 1] ** 2


def _refuse_constant() -> None:
    raise ValueError("constant targets")


EXPLAINED_VARIANCE = Exercise(
    name="explained_variance",
    lesson="05",
    points=2,
    reference=returns.explained_variance,
    cases=_explained_cases,
    mistakes=(
        (
            "That is the share that is left over. How much of it is gone?",
            _unless_constant(lambda v, t: np.var(t - v) / np.var(t)),
        ),
        (
            "That compares how much guesses and outcomes vary. Guesses can vary a lot and still be wrong: "
            "look at the misses.",
            _unless_constant(lambda v, t: np.var(v) / np.var(t)),
        ),
        (
            "That is the squared correlation. It forgives a critic that is far too bold, and one that is "
            "the wrong way round.",
            _unless_constant(_squared_correlation),
        ),
        (
            "Above the line stands the mean squared miss. It punishes a constant offset; the variance of the "
            "misses does not.",
            _unless_constant(lambda v, t: 1 - np.mean((t - v) ** 2) / np.var(t)),
        ),
        (
            "One variance divides by n, the other by n - 1. Use np.var as it is for both.",
            _unless_constant(lambda v, t: 1 - np.var(t - v, ddof=1) / np.var(t)),
        ),
        (
            "One variance divides by n - 1, the other by n. Use np.var as it is for both.",
            _unless_constant(lambda v, t: 1 - np.var(t - v) / np.var(t, ddof=1)),
        ),
        (
            "The ratio is upside down: the misses belong above the line, the outcomes below.",
            _unless_constant(lambda v, t: 1 - np.var(t) / np.var(t - v)),
        ),
        (
            "The misses are measured against how much the guesses vary. Was targets mistaken for values?",
            _unless_constant(lambda v, t: 1 - np.var(t - v) / np.var(v)),
        ),
        (
            "Those are standard deviations. It is the variance that is shared out.",
            _unless_constant(lambda v, t: 1 - np.std(t - v) / np.std(t)),
        ),
        (
            "A miss is a difference. Here guess and outcome are added.",
            _unless_constant(lambda v, t: 1 - np.var(t + v) / np.var(t)),
        ),
        (
            "That averages absolute misses. A variance squares them.",
            _unless_constant(lambda v, t: 1 - np.mean(np.abs(t - v)) / np.mean(np.abs(t - np.mean(t)))),
        ),
        (
            "That gives a number for each column. One number is wanted, over all elements.",
            _unless_constant(lambda v, t: 1 - np.var(t - v, axis=0) / np.var(t, axis=0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 0 would be a verdict. Return nan.",
            _unless_constant(_right_share, lambda: 0.0),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 1 would be praise. Return nan.",
            _unless_constant(_right_share, lambda: 1.0),
        ),
        (
            "When all outcomes are equal you divide by 0. Look for that first, and return nan.",
            _right_share,
        ),
        (
            "Equal outcomes are no mistake of the caller's. Return nan; do not raise.",
            _unless_constant(_right_share, _refuse_constant),
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
        Case("[3, 1] against [3]: refuses", (np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0]))),
        Case("[2, 2] against [2]: refuses", (np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([1.0, 2.0]))),
        Case("[3] against [1]: refuses", (np.array([1.0, 2.0, 4.0]), np.array([2.0]))),
        Case("[2] against [3]: refuses", (np.array([1.0, 2.0]), np.array([1.0, 2.0, 4.0]))),
    ]
    for _ in range(8):
        shape = tuple(rng.integers(2, 6, size=rng.integers(1, 3)))
        case = (rng.normal(3, 4, size=shape), rng.normal(5, 6, size=shape))
        cases.append(Case("8 random batches, with their gradients", case))
    return cases


def _refusing(loss: Callable, error: type[Exception] = ValueError) -> Callable:
    """A value_loss with a wrong formula, or a refusal of another kind."""

    def wrong(values: torch.Tensor, targets: torch.Tensor) -> object:
        if values.shape != targets.shape:
            raise error("unequal shapes")
        return loss(values, targets)

    return wrong


def _right_loss(values: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return 0.5 * (values - targets.detach()).square().mean()


VALUE_LOSS = Exercise(
    name="value_loss",
    lesson="05",
    points=3,
    reference=losses.value_loss,
    cases=_loss_cases,
    observe=loss_and_gradients,
    mistakes=(
        (
            "The half is missing. With it, the gradient is the miss itself; without it, twice the miss.",
            _refusing(lambda v, t: (v - t.detach()).square().mean()),
        ),
        (
            "That is a sum. A loss that grows with the batch makes the step grow with it too: take the mean.",
            _refusing(lambda v, t: 0.5 * (v - t.detach()).square().sum()),
        ),
        (
            "The sum is divided by the length of the first axis only. Take the mean over all elements.",
            _refusing(lambda v, t: 0.5 * (v - t.detach()).square().sum() / len(v)),
        ),
        (
            "The gradient flows into the targets as well: the outcome would be bent towards the guess. "
            "Detach them.",
            _refusing(lambda v, t: 0.5 * (v - t).square().mean()),
        ),
        (
            "The wrong one is detached. Guesses are to learn from outcomes, and not the other way round.",
            _refusing(lambda v, t: 0.5 * (v.detach() - t).square().mean()),
        ),
        (
            "Both are detached, so nothing can be learned. The guesses must keep their gradient.",
            _refusing(lambda v, t: 0.5 * (v.detach() - t.detach()).square().mean()),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            _refusing(lambda v, t: _right_loss(v, t).item()),
        ),
        (
            "That is the mean absolute miss. It learns the median of the outcomes; squares learn their mean.",
            _refusing(lambda v, t: (v - t.detach()).abs().mean()),
        ),
        (
            "That is half the mean absolute miss. Square each miss before you average.",
            _refusing(lambda v, t: 0.5 * (v - t.detach()).abs().mean()),
        ),
        (
            "A root is taken at the end. Leave the square: its slope is the miss, and 0 where all is right.",
            _refusing(lambda v, t: (v - t.detach()).square().mean().sqrt()),
        ),
        (
            "The average is taken before the square, so that misses to both sides cancel. Square first.",
            _refusing(lambda v, t: 0.5 * (v - t.detach()).mean().square()),
        ),
        (
            "The half is squared too and becomes a quarter. It belongs outside the square.",
            _refusing(lambda v, t: (0.5 * (v - t.detach())).square().mean()),
        ),
        (
            "The sign is turned round: going down this loss makes the misses larger.",
            _refusing(lambda v, t: -_right_loss(v, t)),
        ),
        (
            "The mean is over one axis only. A loss is one number, whatever the shape.",
            _refusing(lambda v, t: 0.5 * (v - t.detach()).square().mean(dim=0)),
        ),
        (
            "Torch stretches [3, 1] against [3] to nine misses without a word. Compare the shapes first, and "
            "raise ValueError if they differ.",
            _right_loss,
        ),
        (
            "[3, 1] and [3] hold as many numbers, but they are not the same shape. Refuse unless the shapes "
            "are equal.",
            lambda v, t: (
                _right_loss(v, t.reshape(v.shape)) if v.numel() == t.numel() else _refusing(_right_loss)(v, t)
            ),
        ),
        (
            "Unequal lengths are refused, but [3, 1] and [3] have the same length. Compare their .shape.",
            lambda v, t: _right_loss(v, t) if len(v) == len(t) else _refusing(_right_loss)(v, t),
        ),
        (
            "Unequal shapes are noticed, but a caller can only catch what was agreed on: raise ValueError.",
            _refusing(_right_loss, AssertionError),
        ),
    ),
)

EXERCISES = (EXPLAINED_VARIANCE, VALUE_LOSS)

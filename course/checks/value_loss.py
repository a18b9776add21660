"""The exercise of lesson 6 that needs torch; `explained_variance` is not to wait for it."""

from collections.abc import Callable

import numpy as np
import torch

from course import losses
from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing


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
    lesson="06",
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


EXERCISES = (VALUE_LOSS,)

"""Exercises of lesson 8: put it together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course import losses
from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing


def _policy_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("one step, better than foreseen", [-1], [3]),
        ("one step, worse than foreseen", [-2], [-4]),
        ("a step that was as foreseen: A is 0", [-1, -2], [0, 6]),
        ("advantages that cancel", [-1, -1], [5, -5]),
        ("equal advantages", [-1, -2, -3], [2, 2, 2]),
        ("two environments side by side", [[-1, -2], [-3, -1], [-2, -4]], [[1, 4], [-2, 3], [0, 5]]),
        ("one environment, [T, 1]", [[-1], [-3]], [[2], [-5]]),
        ("thousandths of a point", [-1, -0.5], [0.001, -0.003]),
        ("points by the million", [-1, -0.5], [1e8, -3e7]),
    ]
    cases = [
        Case(label, (np.array(log_probs, dtype=float), np.array(advantages, dtype=float)))
        for label, log_probs, advantages in small
    ]
    shapes = [tuple(rng.integers(2, 6, size=rng.integers(1, 3))) for _ in range(8)]
    labelled = [("8 random batches, with their gradients", shape) for shape in shapes]
    for label, shape in [*labelled, ("2,000 steps", (2_000,))]:
        batch = (-rng.exponential(1.2, size=shape), rng.normal(0.5, 3, size=shape))
        cases.append(Case(label, batch))
    return cases


@mutant
def _policy_loss(
    *,
    learns: Callable = kept,
    data: Callable = detached,
    weights: Callable = kept,
    meet: Callable = torch.mul,
    reduce: Callable = mean,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """A policy_loss: what becomes of the log-probabilities and of the weights, and how they meet."""

    def answer(log_probs: Tensor, advantages: Tensor) -> object:
        each = meet(learns(log_probs), weights(data(advantages)))
        return finish(sign * reduce(each))

    return answer


def _centred(advantages: Tensor) -> Tensor:
    return advantages - advantages.mean()


def _normalized(advantages: Tensor) -> Tensor:
    return _centred(advantages) / advantages.std(correction=0).clamp(min=1e-8)


def _normalized_with_n_less_one(advantages: Tensor) -> Tensor:
    return _centred(advantages) / (advantages.std() + 1e-8)


def _normalized_if_several(advantages: Tensor) -> Tensor:
    return _normalized_with_n_less_one(advantages) if len(advantages) > 1 else advantages


POLICY_LOSS = Exercise(
    name="policy_loss",
    lesson="08",
    points=3,
    reference=losses.policy_loss,
    cases=_policy_cases,
    observe=observing(losses.policy_loss),
    apart=(GRADIENT + "advantages",),
    mistakes=(
        *reductions(_policy_loss),
        (
            "The sign is turned round: going down this loss makes the good actions rarer.",
            _policy_loss(sign=1.0),
        ),
        (
            "That is the objective: a sum, to be made large. A loss is made small: minus, and the mean.",
            _policy_loss(sign=1.0, reduce=torch.sum),
        ),
        (
            "The gradient flows into the advantages as well: the critic would learn to please. Detach them.",
            _policy_loss(data=kept),
        ),
        (
            "The wrong one is detached. It is the log-probabilities that are to learn.",
            _policy_loss(data=kept, learns=detached),
        ),
        (
            "Both are detached, so nothing can be learned. The log-probabilities must keep their gradient.",
            _policy_loss(learns=detached),
        ),
        (
            "Those are probabilities. The gradient of a probability favours actions that are likely already; "
            "the logarithm is what evens that out.",
            _policy_loss(learns=torch.exp),
        ),
        (
            "A logarithm is taken of what is a logarithm already, and below 0 there is none. Use log_probs "
            "as they come.",
            _policy_loss(learns=torch.log),
        ),
        (
            "A logarithm is taken of what is a logarithm already. Use log_probs as they come.",
            _policy_loss(learns=lambda log_probs: log_probs.abs().log()),
        ),
        (
            "The advantages have lost their sign: bad steps would be made likelier too.",
            _policy_loss(weights=torch.abs),
        ),
        (
            "Only the sign of the advantages is left. A step that was much better counts more than one that "
            "was a little better.",
            _policy_loss(weights=torch.sign),
        ),
        (
            "Steps with a negative advantage are left out. They say what to do less often.",
            _policy_loss(weights=torch.relu),
        ),
        (
            "The advantages are squared. They are weights: use them as they come.",
            _policy_loss(weights=torch.square),
        ),
        (
            "The mean of the advantages is subtracted here. That is the work of normalize, done before.",
            _policy_loss(weights=_centred),
        ),
        (
            "The advantages are normalised here. That is done once for a whole rollout, before the loss.",
            _policy_loss(weights=_normalized),
        ),
        (
            "The advantages are normalised here, and with n - 1. That is done once for a whole rollout, "
            "before the loss.",
            _policy_loss(weights=_normalized_with_n_less_one),
        ),
        (
            "The advantages are normalised here, with n - 1, where there is more than one step. That is done "
            "once for a whole rollout, before the loss.",
            _policy_loss(weights=_normalized_if_several),
        ),
        (
            "Both are averaged before they meet, so no step meets its own advantage. Multiply first.",
            _policy_loss(meet=lambda log_probs, weights: log_probs.mean() * weights.mean()),
        ),
        (
            "The advantages are left out: that makes everything that was done likelier.",
            _policy_loss(weights=torch.ones_like),
        ),
        (
            "That is added where it should be multiplied: the advantage has to weigh its log-probability.",
            _policy_loss(meet=torch.add),
        ),
        (
            "The half belongs to a squared error. There is no square here.",
            _policy_loss(sign=-0.5),
        ),
        (
            "That is a squared error. The advantage is no target for the log-probability, but its weight.",
            _policy_loss(meet=lambda log_probs, weights: (log_probs - weights).square(), sign=1.0),
        ),
    ),
)


def _normalize_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # and on tensors, below: what holds for one kind is to hold for the other
        ("mean 3, standard deviation 2", [1, 5, 1, 5], {}),
        ("a mean of 0 already", [-4, 4], {}),
        ("all equal: zeros", [7, 7, 7], {}),
        ("a single step: zero", [5], {}),
        ("a floor of 2 under a smaller spread", [1, 2, 3, 2], {"floor": 2.0}),
        ("a floor of 2 that is not needed", [0, 8, 0, 8], {"floor": 2.0}),
        ("two environments side by side", [[0, 10], [2, 20], [4, 0]], {}),
        ("one environment, [T, 1]", [[1], [5], [3]], {}),
        ("thousandths of a point", [0.001, 0.005, 0.002], {}),
        ("points by the million", [1e6, 3e6, 5e6, 7e6], {}),
        ("points near 500 million", [5e8 + 1, 5e8 - 1, 5e8 + 3, 5e8 - 3], {}),
    ]
    cases = [Case(label, (np.array(given, dtype=float),), floor) for label, given, floor in small]
    cases += [
        Case(f"{label}, a tensor", (torch.tensor(given, dtype=torch.float64),), floor)
        for label, given, floor in small
        if "points" not in label
    ]
    for nth in range(8):
        shape = tuple(rng.integers(3, 7, size=rng.integers(1, 3)))
        advantages = rng.normal(rng.normal(0, 3), rng.uniform(0.5, 4), size=shape)
        floor = {"floor": float(2 * advantages.std())} if nth % 4 == 3 else {}
        cases.append(Case("8 random batches, two of them below the floor", (advantages,), floor))

    jackpot = rng.normal(0, 1, size=2_000)
    jackpot[1_234] = 1_000.0
    cases.append(Case("2,000 steps, one of them a jackpot", (jackpot,)))
    return cases


def _is_tensor(a: Any) -> bool:
    return isinstance(a, Tensor)


def _less_mean(a: Any) -> Any:
    return a - a.mean()


def _deviation(a: Any) -> Any:
    return ((a - a.mean()) ** 2).mean() ** 0.5


def _with_n_less_one(a: Any) -> Any:
    return (((a - a.mean()) ** 2).sum() / (np.prod(a.shape) - 1)) ** 0.5


def _with_n_less_one_if_several(a: Any) -> Any:
    return _with_n_less_one(a) if np.prod(a.shape) > 1 else 0 * a.mean()


def _as_the_library_has_it(a: Any) -> Any:
    """`a.std()`: n below the line in numpy, n - 1 in torch."""
    return a.std()


def _from_mean_of_squares(a: Any) -> Any:
    return ((a**2).mean() - a.mean() ** 2) ** 0.5


def _at_least(spread: Any, floor: float) -> Any:
    return spread.clamp(min=floor) if _is_tensor(spread) else np.maximum(spread, floor)


def _at_most(spread: Any, floor: float) -> Any:
    least = spread.clamp(max=floor) if _is_tensor(spread) else np.minimum(spread, floor)
    return least if spread else 1.0


def _infinite_below(spread: Any, floor: float) -> Any:
    return spread if spread > floor else np.inf


def _floor_on_arrays_only(spread: Any, floor: float) -> Any:
    return spread if _is_tensor(spread) else np.maximum(spread, floor)


def _of_each_column(a: Any) -> Any:
    return a - a.mean(0)


def _column_deviation(a: Any) -> Any:
    return (_of_each_column(a) ** 2).mean(0) ** 0.5


def _on_tensors(theirs: Callable, otherwise: Callable) -> Callable:
    return lambda a: theirs(a) if _is_tensor(a) else otherwise(a)


@mutant
def _normalize(
    *,
    centre: Callable = _less_mean,
    spread: Callable = _deviation,
    least: Callable = _at_least,
    finish: Callable = lambda normal, a: normal,
) -> Callable:
    """A normalize: what is subtracted, which spread divides, what the floor does."""

    def answer(advantages: Any, *, floor: float = 1e-8) -> Any:
        below = least(spread(advantages), floor)
        return finish(centre(advantages) / below, advantages)

    return answer


NORMALIZE = Exercise(
    name="normalize",
    lesson="08",
    points=3,
    reference=losses.normalize,
    cases=_normalize_cases,
    mistakes=(
        (
            "The mean is not subtracted: steps that are worse than the average keep a positive weight.",
            _normalize(centre=kept),
        ),
        (
            "The mean is subtracted, but nothing is divided: the size of the points is still there.",
            _normalize(least=lambda spread, floor: 1.0),
        ),
        (
            "That standard deviation divides by n - 1. Take the one that divides by n.",
            _normalize(spread=_with_n_less_one_if_several),
        ),
        (
            "That standard deviation divides by n - 1, which for a single step is 0 / 0. Take the one that "
            "divides by n.",
            _normalize(spread=_with_n_less_one),
        ),
        (
            "Arrays come out right, tensors do not: torch's std divides by n - 1 unless it is told "
            "correction=0.",
            _normalize(spread=_as_the_library_has_it),
        ),
        (
            "Arrays come out right; on tensors the floor is not used, and equal ones give 0 / 0.",
            _normalize(least=_floor_on_arrays_only),
        ),
        (
            "Arrays come out right; on tensors each column has its own mean and spread. Take one of each.",
            _normalize(
                centre=_on_tensors(_of_each_column, _less_mean),
                spread=_on_tensors(_column_deviation, _deviation),
            ),
        ),
        (
            "The spread comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: average squared distances.",
            _normalize(spread=_from_mean_of_squares),
        ),
        (
            "That divides by the variance, whose unit is points squared. The standard deviation has points.",
            _normalize(spread=lambda a: _deviation(a) ** 2),
        ),
        (
            "The floor is added to the standard deviation. It is a least value: a spread above it is not to "
            "change.",
            _normalize(least=lambda spread, floor: spread + floor),
        ),
        (
            "The floor is squared and added under the root. It is a least value: a spread above it is not to "
            "change.",
            _normalize(least=lambda spread, floor: (spread**2 + floor**2) ** 0.5),
        ),
        (
            "The floor is added under the root, to the variance. It is a least value for the standard "
            "deviation.",
            _normalize(least=lambda spread, floor: (spread**2 + floor) ** 0.5),
        ),
        (
            "The floor is compared with the variance. It is a least value for the standard deviation.",
            _normalize(least=lambda spread, floor: _at_least(spread**2, floor) ** 0.5),
        ),
        (
            "Equal advantages give zeros, but floor is not used. Divide by it where the spread is smaller.",
            _normalize(least=lambda spread, floor: _at_least(spread, 1e-8)),
        ),
        (
            "That divides by 0 when all advantages are equal. The floor is there for that.",
            _normalize(least=lambda spread, floor: spread),
        ),
        (
            "That takes the smaller of spread and floor. A floor is the least that may be divided by.",
            _normalize(least=_at_most),
        ),
        (
            "Where the spread is below the floor, zeros come back. Divide by the floor there: a small signal "
            "stays a small signal.",
            _normalize(least=_infinite_below),
        ),
        (
            "Each column has its own mean and spread. Take one of each, over all elements.",
            _normalize(centre=_of_each_column, spread=_column_deviation),
        ),
        (
            "That stretches them from 0 to 1: no step is ever worse than the average. It is min-max, from "
            "lesson 2.",
            _normalize(centre=lambda a: a - a.min(), spread=lambda a: a.max() - a.min()),
        ),
        (
            "The mean is subtracted after the division.",
            _normalize(centre=kept, finish=lambda normal, a: normal - a.mean()),
        ),
        (
            "That divides by the root of the mean square, mean included. A spread is measured from the mean.",
            _normalize(spread=lambda a: (a**2).mean() ** 0.5),
        ),
        (
            "That divides by the largest deviation. One jackpot would squash all others: take the standard "
            "deviation.",
            _normalize(spread=lambda a: abs(a - a.mean()).max()),
        ),
        (
            "That divides by the mean distance from the mean. The standard deviation squares first.",
            _normalize(spread=lambda a: abs(a - a.mean()).mean()),
        ),
        *(
            (
                f"What is further than {limit} from the mean is cut off. Nothing is clipped here: a jackpot "
                "stays a jackpot.",
                _normalize(finish=lambda normal, a, limit=limit: normal.clip(-limit, limit)),
            )
            for limit in (1, 5, 10)
        ),
        (
            "The sign is turned round: what was better than the average comes out negative.",
            _normalize(finish=lambda normal, a: -normal),
        ),
        (
            "The mean is subtracted and added again: they are not centred on 0.",
            _normalize(finish=lambda normal, a: normal + a.mean()),
        ),
    ),
)

EXERCISES = (POLICY_LOSS, NORMALIZE)

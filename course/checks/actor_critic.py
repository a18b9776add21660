"""Exercises of lesson 8: put it together."""

from typing import Any

import numpy as np
import torch

from course import losses
from course.checks.engine import Case, Exercise
from course.checks.exercise import GRADIENT
from course.checks.tensors import observing


def _policy_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("one step, better than foreseen", (np.array([-1.0]), np.array([3.0]))),
        Case("one step, worse than foreseen", (np.array([-2.0]), np.array([-4.0]))),
        Case("a step that was as foreseen: A is 0", (np.array([-1.0, -2.0]), np.array([0.0, 6.0]))),
        Case("advantages that cancel", (np.array([-1.0, -1.0]), np.array([5.0, -5.0]))),
        Case("equal advantages", (np.array([-1.0, -2.0, -3.0]), np.array([2.0, 2.0, 2.0]))),
        Case(
            "two environments side by side",
            (
                np.array([[-1.0, -2.0], [-3.0, -1.0], [-2.0, -4.0]]),
                np.array([[1.0, 4.0], [-2.0, 3.0], [0.0, 5.0]]),
            ),
        ),
    ]
    for _ in range(8):
        shape = tuple(rng.integers(2, 6, size=rng.integers(1, 3)))
        case = (-rng.exponential(1.2, size=shape), rng.normal(0.5, 3, size=shape))
        cases.append(Case("8 random batches, with their gradients", case))
    return cases


def _right_loss(log_probs: torch.Tensor, advantages: torch.Tensor) -> torch.Tensor:
    return -(log_probs * advantages.detach()).mean()


def _centred(advantages: torch.Tensor) -> torch.Tensor:
    return advantages - advantages.mean()


POLICY_LOSS = Exercise(
    name="policy_loss",
    lesson="08",
    points=3,
    reference=losses.policy_loss,
    cases=_policy_cases,
    observe=observing(losses.policy_loss),
    apart=(GRADIENT + "advantages",),
    mistakes=(
        (
            "The sign is turned round: going down this loss makes the good actions rarer.",
            lambda p, a: (p * a.detach()).mean(),
        ),
        (
            "That is a sum. A loss that grows with the batch makes the step grow with it too: take the mean.",
            lambda p, a: -(p * a.detach()).sum(),
        ),
        (
            "That is the objective: a sum, to be made large. A loss is made small: minus, and the mean.",
            lambda p, a: (p * a.detach()).sum(),
        ),
        (
            "The sum is divided by the length of the first axis only. Take the mean over all elements.",
            lambda p, a: -(p * a.detach()).sum() / len(p),
        ),
        (
            "The mean is over one axis only. A loss is one number, whatever the shape.",
            lambda p, a: -(p * a.detach()).mean(dim=0),
        ),
        (
            "The gradient flows into the advantages as well: the critic would learn to please. Detach them.",
            lambda p, a: -(p * a).mean(),
        ),
        (
            "The wrong one is detached. It is the log-probabilities that are to learn.",
            lambda p, a: -(p.detach() * a).mean(),
        ),
        (
            "Both are detached, so nothing can be learned. The log-probabilities must keep their gradient.",
            lambda p, a: -(p.detach() * a.detach()).mean(),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            lambda p, a: _right_loss(p, a).item(),
        ),
        (
            "Those are probabilities. The gradient of a probability favours actions that are likely already; "
            "the logarithm is what evens that out.",
            lambda p, a: -(p.exp() * a.detach()).mean(),
        ),
        (
            "A logarithm is taken of what is a logarithm already. Use log_probs as they come.",
            lambda p, a: -(p.abs().log() * a.detach()).mean(),
        ),
        (
            "The advantages have lost their sign: bad steps would be made likelier too.",
            lambda p, a: -(p * a.detach().abs()).mean(),
        ),
        (
            "Only the sign of the advantages is left. A step that was much better counts more than one that "
            "was a little better.",
            lambda p, a: -(p * a.detach().sign()).mean(),
        ),
        (
            "Steps with a negative advantage are left out. They say what to do less often.",
            lambda p, a: -(p * a.detach().clamp(min=0)).mean(),
        ),
        (
            "The advantages are squared. They are weights: use them as they come.",
            lambda p, a: -(p * a.detach().square()).mean(),
        ),
        (
            "The mean of the advantages is subtracted here. That is the work of normalize, done before.",
            lambda p, a: -(p * _centred(a.detach())).mean(),
        ),
        (
            "The advantages are normalised here. That is done once for a whole rollout, before the loss.",
            lambda p, a: -(p * _centred(a.detach()) / a.detach().std(correction=0).clamp(min=1e-8)).mean(),
        ),
        (
            "The advantages are normalised here, and with n - 1. That is done once for a whole rollout, "
            "before the loss.",
            lambda p, a: -(p * _centred(a.detach()) / (a.detach().std() + 1e-8)).mean(),
        ),
        (
            "Both are averaged before they meet, so no step meets its own advantage. Multiply first.",
            lambda p, a: -p.mean() * a.detach().mean(),
        ),
        (
            "The advantages are left out: that makes everything that was done likelier.",
            lambda p, a: -p.mean(),
        ),
        (
            "That is added where it should be multiplied: the advantage has to weigh its log-probability.",
            lambda p, a: -(p + a.detach()).mean(),
        ),
        (
            "The half belongs to a squared error. There is no square here.",
            lambda p, a: -0.5 * (p * a.detach()).mean(),
        ),
        (
            "That is a squared error. The advantage is no target for the log-probability, but its weight.",
            lambda p, a: (p - a.detach()).square().mean(),
        ),
    ),
)


def _normalize_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("mean 3, standard deviation 2", (np.array([1.0, 5.0, 1.0, 5.0]),)),
        Case("a mean of 0 already", (np.array([-4.0, 4.0]),)),
        Case("all equal: zeros", (np.array([7.0, 7.0, 7.0]),)),
        Case("a single step: zero", (np.array([5.0]),)),
        Case("a floor of 2 under a smaller spread", (np.array([1.0, 2.0, 3.0, 2.0]),), {"floor": 2.0}),
        Case("a floor of 2 that is not needed", (np.array([0.0, 8.0, 0.0, 8.0]),), {"floor": 2.0}),
        Case("two environments side by side", (np.array([[0.0, 10.0], [2.0, 20.0], [4.0, 0.0]]),)),
        Case("points by the million", (np.array([1e6, 3e6, 5e6, 7e6]),)),
        Case("a tensor", (torch.tensor([1.0, 5.0, 1.0, 5.0, 3.0], dtype=torch.float64),)),
    ]
    for nth in range(8):
        shape = tuple(rng.integers(3, 7, size=rng.integers(1, 3)))
        advantages = rng.normal(rng.normal(0, 3), rng.uniform(0.5, 4), size=shape)
        floor = {"floor": float(2 * advantages.std())} if nth % 4 == 3 else {}
        cases.append(Case("8 random batches, two of them below the floor", (advantages,), floor))
    return cases


def _spread(a: Any, n_less: int = 0) -> Any:
    """Standard deviation of an array or a tensor; of one number 0, whatever it is divided by."""
    return (((a - a.mean()) ** 2).sum() / max(np.prod(a.shape) - n_less, 1)) ** 0.5


def _at_least(spread: Any, floor: float) -> Any:
    return spread.clamp(min=floor) if isinstance(spread, torch.Tensor) else np.maximum(spread, floor)


def _over_first_axis(a: Any, *, floor: float = 1e-8) -> Any:
    centred = a - a.mean(0)
    return centred / _at_least((centred**2).mean(0) ** 0.5, floor)


def _zero_to_one(a: Any, *, floor: float = 1e-8) -> Any:
    return (a - a.min()) / _at_least(a.max() - a.min(), floor)


def _on_tensors(a: Any, *, floor: float = 1e-8) -> Any:
    spread = a.std() if isinstance(a, torch.Tensor) else np.std(a)
    return (a - a.mean()) / max(spread, floor)


NORMALIZE = Exercise(
    name="normalize",
    lesson="08",
    points=3,
    reference=losses.normalize,
    cases=_normalize_cases,
    mistakes=(
        (
            "The mean is not subtracted: steps that are worse than the average keep a positive weight.",
            lambda a, *, floor=1e-8: a / _at_least(_spread(a), floor),
        ),
        (
            "The mean is subtracted, but nothing is divided: the size of the points is still there.",
            lambda a, *, floor=1e-8: a - a.mean(),
        ),
        (
            "That standard deviation divides by n - 1. Take the one that divides by n.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(_spread(a, 1), floor),
        ),
        (
            "Arrays come out right, tensors do not: torch's std divides by n - 1 unless it is told "
            "correction=0.",
            _on_tensors,
        ),
        (
            "That divides by the variance, whose unit is points squared. The standard deviation has points.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(_spread(a) ** 2, floor),
        ),
        (
            "The floor is added to the standard deviation. It is a least value: a spread above it is not to "
            "change.",
            lambda a, *, floor=1e-8: (a - a.mean()) / (_spread(a) + floor),
        ),
        (
            "The floor is squared and added under the root. It is a least value: a spread above it is not to "
            "change.",
            lambda a, *, floor=1e-8: (a - a.mean()) / (_spread(a) ** 2 + floor**2) ** 0.5,
        ),
        (
            "The floor is added under the root, to the variance. It is a least value for the standard "
            "deviation.",
            lambda a, *, floor=1e-8: (a - a.mean()) / (_spread(a) ** 2 + floor) ** 0.5,
        ),
        (
            "The floor is compared with the variance. It is a least value for the standard deviation.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(_spread(a) ** 2, floor) ** 0.5,
        ),
        (
            "Equal advantages give zeros, but floor is not used. Divide by it where the spread is smaller.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(_spread(a), 1e-8),
        ),
        (
            "That divides by 0 when all advantages are equal. The floor is there for that.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _spread(a),
        ),
        (
            "That takes the smaller of spread and floor. A floor is the least that may be divided by.",
            lambda a, *, floor=1e-8: (
                (a - a.mean()) / (-_at_least(-_spread(a), -floor)) if _spread(a) else a - a.mean()
            ),
        ),
        (
            "Where the spread is below the floor, zeros come back. Divide by the floor there: a small signal "
            "stays a small signal.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _spread(a) if _spread(a) > floor else 0 * a,
        ),
        (
            "Each column has its own mean and spread. Take one of each, over all elements.",
            _over_first_axis,
        ),
        (
            "That stretches them from 0 to 1: no step is ever worse than the average. It is min-max, from "
            "lesson 2.",
            _zero_to_one,
        ),
        (
            "The mean is subtracted after the division.",
            lambda a, *, floor=1e-8: a / _at_least(_spread(a), floor) - a.mean(),
        ),
        (
            "That divides by the root of the mean square, mean included. A spread is measured from the mean.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least((a**2).mean() ** 0.5, floor),
        ),
        (
            "That divides by the largest deviation. One jackpot would squash all others: take the standard "
            "deviation.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(abs(a - a.mean()).max(), floor),
        ),
        (
            "That divides by the mean distance from the mean. The standard deviation squares first.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(abs(a - a.mean()).mean(), floor),
        ),
        (
            "Large values are cut off. Nothing is to be clipped here.",
            lambda a, *, floor=1e-8: ((a - a.mean()) / _at_least(_spread(a), floor)).clip(-1, 1),
        ),
        (
            "The sign is turned round: what was better than the average comes out negative.",
            lambda a, *, floor=1e-8: (a.mean() - a) / _at_least(_spread(a), floor),
        ),
        (
            "The mean is subtracted and added again: they are not centred on 0.",
            lambda a, *, floor=1e-8: (a - a.mean()) / _at_least(_spread(a), floor) + a.mean(),
        ),
    ),
)

EXERCISES = (POLICY_LOSS, NORMALIZE)

"""Exercise of lesson 9: does it scale to pixels?"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course import losses
from course.checks.engine import Case, Exercise
from course.checks.exercise import GRADIENT
from course.checks.tensors import observing

BEFORE = np.log([0.25])  # what the policy that played gave to the action


def _one(label: str, ratio: float, advantage: float, clip: float = 0.2) -> Case:
    """One step whose action has become `ratio` times as likely."""
    return Case(label, (BEFORE + np.log(ratio), BEFORE, np.array([advantage])), {"clip": clip})


def _cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(
            "the two policies agree",
            (np.array([-1.0, -2.0, -3.0]), np.array([-1.0, -2.0, -3.0]), np.array([2.0, -4.0, 8.0])),
            {"clip": 0.2},
        ),
        _one("a good action, twice as likely already", 2.0, 3.0),
        _one("a good action, half as likely", 0.5, 3.0),
        _one("a bad action, half as likely already", 0.5, -3.0),
        _one("a bad action, twice as likely", 2.0, -3.0),
        _one("small moves, inside the range", 1.1, 3.0),
        _one("small moves, inside the range", 0.9, -3.0),
        _one("a wider range", 2.0, 3.0, clip=0.5),
        _one("an advantage of 0", 2.0, 0.0),
        Case(
            "two environments side by side",
            (
                np.array([[-1.0, -2.0], [-0.5, -1.0], [-2.0, -1.5]]),
                np.array([[-1.5, -1.0], [-0.5, -3.0], [-1.0, -1.4]]),
                np.array([[4.0, 2.0], [-1.0, -3.0], [-2.0, 5.0]]),
            ),
            {"clip": 0.2},
        ),
    ]
    for _ in range(8):
        shape = tuple(rng.integers(3, 7, size=rng.integers(1, 3)))
        old = -rng.exponential(1.2, size=shape) - 0.05
        new = old + rng.normal(0, 0.4, size=shape)
        batch = (new, old, rng.normal(0.3, 2, size=shape))
        cases.append(
            Case("8 random batches, with their gradients", batch, {"clip": float(rng.uniform(0.1, 0.4))})
        )
    return cases


def _ratio(new: Tensor, old: Tensor) -> Tensor:
    return (new - old.detach()).exp()


def _least(ratio: Tensor, a: Tensor, clip: float) -> Tensor:
    """The right minimum of every step, of whatever ratio and advantages it is given."""
    return torch.minimum(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)


def _steps(per_step: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., Tensor]:
    """A loss that goes wrong in what it makes of each step's ratio and advantage."""
    return lambda new, old, a, *, clip: -per_step(_ratio(new, old), a.detach(), clip).mean()


def _right(new: Tensor, old: Tensor, a: Tensor, clip: float) -> Tensor:
    return _least(_ratio(new, old), a.detach(), clip)


def _means_compared(new: Tensor, old: Tensor, a: Tensor, *, clip: float) -> Tensor:
    ratio, a = _ratio(new, old), a.detach()
    return -torch.minimum((ratio * a).mean(), (ratio.clamp(1 - clip, 1 + clip) * a).mean())


def _normalised(a: Tensor, correction: int) -> Tensor:
    spread = a.std(correction=correction) if a.numel() > 1 else torch.zeros(())
    return (a - a.mean()) / (spread + 1e-8)


CLIPPED_POLICY_LOSS = Exercise(
    name="clipped_policy_loss",
    lesson="09",
    points=5,
    reference=losses.clipped_policy_loss,
    cases=_cases,
    observe=observing(losses.clipped_policy_loss),
    apart=(GRADIENT + "old_log_probs", GRADIENT + "advantages"),
    mistakes=(
        (
            "The sign is turned round: going down this loss makes the good actions rarer.",
            lambda n, o, a, *, clip: _right(n, o, a, clip).mean(),
        ),
        (
            "That is a sum. A loss that grows with the batch makes the step grow with it too: take the mean.",
            lambda n, o, a, *, clip: -_right(n, o, a, clip).sum(),
        ),
        (
            "The sum is divided by the length of the first axis only. Take the mean over all elements.",
            lambda n, o, a, *, clip: -_right(n, o, a, clip).sum() / len(n),
        ),
        (
            "The mean is over one axis only. A loss is one number, whatever the shape.",
            lambda n, o, a, *, clip: -_right(n, o, a, clip).mean(dim=0),
        ),
        (
            "Nothing is clipped: there is a reward for moving as far as you like.",
            _steps(lambda r, a, clip: r * a),
        ),
        (
            "The clipped term stands alone. A step that went the wrong way by more than clip then gets no "
            "gradient to bring it back: take the smaller of clipped and unclipped.",
            _steps(lambda r, a, clip: r.clamp(1 - clip, 1 + clip) * a),
        ),
        (
            "That is the larger of the two. It rewards going too far and forgives going wrong.",
            _steps(lambda r, a, clip: torch.maximum(r * a, r.clamp(1 - clip, 1 + clip) * a)),
        ),
        (
            "The ratio is upside down: the policy that learns belongs above the line.",
            _steps(lambda r, a, clip: _least(1 / r, a, clip)),
        ),
        (
            "That is the difference of two logarithms. The ratio is its exponential.",
            _steps(lambda r, a, clip: _least(r.log(), a, clip)),
        ),
        (
            "1 plus the difference of logarithms is near the ratio for small moves only. Use exp.",
            _steps(lambda r, a, clip: _least(1 + r.log(), a, clip)),
        ),
        (
            "Those are logarithms, divided by each other. Subtract them; that divides the probabilities.",
            lambda n, o, a, *, clip: -_least(n / o.detach(), a.detach(), clip).mean(),
        ),
        (
            "old_log_probs is a logarithm too. Take both as logarithms, or neither.",
            lambda n, o, a, *, clip: -_least(n.exp() / o.detach(), a.detach(), clip).mean(),
        ),
        (
            "The old policy is left out: that is a probability, not a ratio.",
            lambda n, o, a, *, clip: -_least(n.exp(), a.detach(), clip).mean(),
        ),
        (
            "That is a difference of probabilities. How many times as likely as before is the action?",
            lambda n, o, a, *, clip: -_least(n.exp() - o.detach().exp(), a.detach(), clip).mean(),
        ),
        (
            "The advantage is multiplied in before the clip. It is the ratio alone that is held near 1.",
            _steps(lambda r, a, clip: torch.minimum(r * a, (r * a).clamp(1 - clip, 1 + clip))),
        ),
        (
            "The advantage is multiplied in before the clip, and the unclipped term is missing.",
            _steps(lambda r, a, clip: (r * a).clamp(1 - clip, 1 + clip)),
        ),
        (
            "The lower end is 1. A bad action may become rarer too, down to 1 - clip.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.clamp(1, 1 + clip) * a)),
        ),
        (
            "The upper end is 1. A good action may become likelier too, up to 1 + clip.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.clamp(1 - clip, 1) * a)),
        ),
        (
            "Only the upper end is there. Bad actions need the lower one: 1 - clip.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.clamp(max=1 + clip) * a)),
        ),
        (
            "Only the lower end is there. Good actions need the upper one: 1 + clip.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.clamp(min=1 - clip) * a)),
        ),
        (
            "The ratio is held near 0. It is 1 where both policies agree.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.clamp(-clip, clip) * a)),
        ),
        (
            "It is the logarithm that is clipped here. Clip the ratio itself.",
            _steps(lambda r, a, clip: torch.minimum(r * a, r.log().clamp(-clip, clip).exp() * a)),
        ),
        (
            "The advantages are clipped. They are weights: the ratio is what must not go far.",
            _steps(lambda r, a, clip: r * a.clamp(-clip, clip)),
        ),
        (
            "The advantages are clipped as well. They are weights: use them as they come.",
            _steps(lambda r, a, clip: _least(r, a.clamp(-clip, clip), clip)),
        ),
        (
            "The minimum is taken of the two ratios, before the advantage. For a bad step that picks the "
            "wrong one.",
            _steps(lambda r, a, clip: torch.minimum(r, r.clamp(1 - clip, 1 + clip)) * a),
        ),
        (
            "Both are averaged first and compared then. Every step has its own minimum.",
            _means_compared,
        ),
        (
            "The gradient flows into old_log_probs as well. The policy that played is data: detach it.",
            lambda n, o, a, *, clip: -_least((n - o).exp(), a.detach(), clip).mean(),
        ),
        (
            "The gradient flows into the advantages as well: the critic would learn to please. Detach them.",
            lambda n, o, a, *, clip: -_least(_ratio(n, o), a, clip).mean(),
        ),
        (
            "The gradient flows into old_log_probs and into the advantages. Both are data: detach them.",
            lambda n, o, a, *, clip: -_least((n - o).exp(), a, clip).mean(),
        ),
        (
            "The wrong one is detached. It is log_probs that is to learn, and old_log_probs that is data.",
            lambda n, o, a, *, clip: -_least((n.detach() - o).exp(), a.detach(), clip).mean(),
        ),
        (
            "All are detached, so nothing can be learned. log_probs must keep its gradient.",
            lambda n, o, a, *, clip: -_right(n.detach(), o, a, clip).mean(),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            lambda n, o, a, *, clip: -_right(n, o, a, clip).mean().item(),
        ),
        (
            "That is the loss of lesson 8. Its weight is the ratio now, not the logarithm.",
            lambda n, o, a, *, clip: -(n * a.detach()).mean(),
        ),
        (
            "The advantages have lost their sign: bad steps would be made likelier too.",
            _steps(lambda r, a, clip: _least(r, a.abs(), clip)),
        ),
        (
            "The advantages are normalised here. That is done once for a whole rollout, before the loss.",
            _steps(lambda r, a, clip: _least(r, _normalised(a, 0), clip)),
        ),
        (
            "The advantages are normalised here, and with n - 1. That is done once for a whole rollout, "
            "before the loss.",
            _steps(lambda r, a, clip: _least(r, _normalised(a, 1), clip)),
        ),
    ),
)

EXERCISES = (CLIPPED_POLICY_LOSS,)

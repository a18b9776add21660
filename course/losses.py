"""The terms of the actor-critic loss, and of a judge's, each a pure function of tensors.

Gradients flow through the first argument only: advantages and targets are data, and are detached here, so
that the critic is never trained by the policy's loss or the other way round. In `preference_loss`, a judge's
loss, both arguments are the judge's own, and both learn. float32 as it comes. `normalize` prepares the
advantages, before any gradient is there.
"""

import inspect
from collections.abc import Callable
from functools import partial

import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn.functional import logsigmoid

from course.arrays import Array, number
from course.scaling import z_score

LOSSES = ("policy_loss", "clipped_policy_loss")  # the two that `train` knows, by name


def policy_loss(log_probs: Tensor, advantages: Tensor) -> Tensor:
    """Minus the policy-gradient objective: its gradient makes actions with A > 0 more likely.

        -mean_t  log pi(a_t | s_t) A_t

    Args:
        log_probs: log-probabilities of the actions taken, in nats, any shape; the gradient flows here.
        advantages: A_t, same shape; carries no gradient.

    Returns:
        The loss, a 0-d tensor: the mean is over all elements.

    Raises:
        ValueError: if the shapes differ or there is no element.

    Sutton & Barto (2018), eq. 13.11. Lesson 10.
    """
    one_shape(log_probs=log_probs, advantages=advantages)
    return -(log_probs * advantages.detach()).mean()


def value_loss(values: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error of the critic: its gradient is values - targets, over their number.

        1/2 mean_t  (V(s_t) - target_t)^2

    Args:
        values: V(s_t), any shape; the gradient flows here.
        targets: what the values should have been, same shape; carries no gradient.

    Returns:
        The loss, a 0-d tensor: the mean is over all elements.

    Raises:
        ValueError: if the shapes differ (torch would broadcast them silently) or there is no element.

    Sutton & Barto (2018), eq. 9.1. Lesson 6.
    """
    one_shape(values=values, targets=targets)
    return 0.5 * (values - targets.detach()).square().mean()


def clipped_policy_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, *, clip: float
) -> Tensor:
    """PPO's policy loss: no reward for moving an action's probability further than `clip` allows.

        -mean_t  min(ratio_t A_t, clamp(ratio_t, 1 - clip, 1 + clip) A_t),
        ratio_t = pi(a_t | s_t) / pi_old(a_t | s_t)

    Where both policies agree (ratio 1), its gradient is that of `policy_loss`.

    Args:
        log_probs: of the actions taken, under the policy that learns, in nats, any shape; the
            gradient flows here.
        old_log_probs: under the policy that played, same shape; carries no gradient.
        advantages: A_t, same shape; carries no gradient.
        clip: how far the ratio may usefully move from 1, above 0.

    Returns:
        The loss, a 0-d tensor: the mean is over all elements.

    Raises:
        ValueError: if the shapes differ, there is no element, or `clip` is not above 0.

    Schulman et al. (2017), eq. 7: https://arxiv.org/abs/1707.06347. Lesson 11.
    """
    one_shape(log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages)
    clip = number("clip", clip, above=0)

    advantages = advantages.detach()
    ratio = (log_probs - old_log_probs.detach()).exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * advantages, clipped * advantages).mean()


def entropy(log_probs: Tensor) -> Tensor:
    """How undecided the policy is: 0 when one action is certain, log A when all are alike.

        mean over states of  -sum_a pi(a | s) log pi(a | s)

    Args:
        log_probs: log-probabilities of all actions, shape [..., A], in nats; each row's
            probabilities sum to 1. The gradient flows here.

    Returns:
        The mean entropy in nats, a 0-d tensor.

    Raises:
        ValueError: if there is no element.

    Williams & Peng (1991), Function optimization using connectionist reinforcement learning. Lesson 11.
    """
    one_shape(log_probs=log_probs)
    # An impossible action (log 0) adds nothing: the limit of p log p is 0.
    possible = log_probs.clamp(min=torch.finfo(log_probs.dtype).min)
    return -(possible.exp() * possible).sum(dim=-1).mean()


def preference_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """How surprised a judge is by somebody's preferences: it learns to score the chosen answer higher.

        mean over pairs of  -log sigmoid(chosen - rejected)

    The Bradley-Terry model: the sigmoid of the difference of two scores is the probability that the first
    answer is preferred. Only differences count, so the origin of the scores stays undecided.

    Args:
        chosen: the judge's scores of the answers that were preferred, shape [B]; the gradient flows here.
        rejected: its scores of the others, same shape; the gradient flows here too.

    Returns:
        The mean in nats, a 0-d tensor: log 2 where the judge cannot tell. Finite however far the scores are
        apart.

    Raises:
        ValueError: if the shapes differ or there is no pair.

    Bradley & Terry (1952); Ouyang et al. (2022), eq. 1: https://arxiv.org/abs/2203.02155. Lesson 14.
    """
    one_shape(chosen=chosen, rejected=rejected)
    # Taken one after the other, log(sigmoid(x)) is log(0) in float32 for all x below about -89.
    return -logsigmoid(chosen - rejected).mean()


def normalize(advantages: ArrayLike | Tensor, *, floor: float = 1e-8) -> Array | Tensor:
    """Advantages in standard deviations from their own mean, over all elements.

        (A - mean) / max(std, floor),    population std

    Args:
        advantages: A_t, any shape, not empty; numpy or torch.
        floor: the smallest divisor, in the unit of A; equal advantages give zeros.

    Returns:
        Same shape and kind: a tensor for a tensor, else a float64 array.

    Raises:
        ValueError: if `advantages` is empty or not finite, or `floor` is not above 0.

    Example:
        >>> normalize([1, 3, 5, 3], floor=2)
        array([-1.,  0.,  1.,  0.])

    Lesson 10.
    """
    if not isinstance(advantages, Tensor):
        return z_score(advantages, floor=floor)
    floor = number("floor", floor, above=0)
    if not advantages.numel() or not torch.isfinite(advantages).all():
        raise ValueError("advantages must be finite and hold at least one number")

    wide = advantages.double()  # in float32 the mean of equal numbers may miss them by more than `floor`
    scaled = (wide - wide.mean()) / wide.std(correction=0).clamp(min=floor)
    return scaled.to(advantages.dtype)


def step_loss(
    policy_loss: Callable[..., Tensor], *, clip: float
) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Either policy loss as a function of log-probabilities, old log-probabilities and advantages.

    The name says which of the two it is: `policy_loss` or `clipped_policy_loss`. Under another name (a
    lambda, say) it is the clipped one if it can be called so, else the plain one.

    Raises:
        ValueError: if it can be called in neither way, or has another name and does not say how.
    """

    def plain(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Tensor:
        return policy_loss(log_probs, advantages)

    def clipped(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Tensor:
        return policy_loss(log_probs, old_log_probs, advantages, clip=clip)

    name = _name(policy_loss)
    try:
        signature = inspect.signature(policy_loss)
    except (ValueError, TypeError):  # written in another language: TorchScript, C
        if name in LOSSES:
            return plain if name == "policy_loss" else clipped
        raise ValueError(f"policy_loss must have the name {' or '.join(LOSSES)}, got {name!r}") from None

    takes_plain = _binds(signature, "log_probs", "advantages")
    takes_clipped = _binds(signature, "log_probs", "old_log_probs", "advantages", clip=clip)
    if takes_plain and (name == "policy_loss" or not takes_clipped):
        return plain
    if takes_clipped:
        return clipped
    raise ValueError(
        "policy_loss must take (log_probs, advantages) or (log_probs, old_log_probs, advantages, *, clip), "
        f"got {name}{signature}"
    )


def _name(function: Callable) -> str:
    while isinstance(function, partial):
        function = function.func
    own = getattr(function, "name", None)  # TorchScript's: its __name__ is that of its type
    return own if isinstance(own, str) else getattr(function, "__name__", type(function).__name__)


def _binds(signature: inspect.Signature, *positions: str, **keywords: float) -> bool:
    try:
        signature.bind(*positions, **keywords)
    except TypeError:
        return False
    return True


def one_shape(**tensors: Tensor) -> None:
    """Raise ValueError unless all are tensors of one shape with at least one element."""
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{name} must be a tensor, got {type(tensor).__name__}")
    shapes = [tuple(tensor.shape) for tensor in tensors.values()]
    if len(set(shapes)) > 1 or 0 in shapes[0]:
        given = ", ".join(f"{name} {shape}" for name, shape in zip(tensors, shapes, strict=True))
        raise ValueError(f"all must have one shape with at least one element, got {given}")

"""The terms of the actor-critic loss, each a pure function of tensors.

Gradients flow through the first argument only: advantages and targets are data, and are detached here, so
that the critic is never trained by the policy's loss or the other way round. float32 as it comes.
"""

import torch
from torch import Tensor


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

    Sutton & Barto (2018), eq. 13.11. Lesson 8.
    """
    _same_shape(log_probs=log_probs, advantages=advantages)
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

    Sutton & Barto (2018), eq. 9.1. Lesson 5.
    """
    _same_shape(values=values, targets=targets)
    return 0.5 * (values - targets.detach()).square().mean()


def _same_shape(**tensors: Tensor) -> None:
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{name} must be a tensor, got {type(tensor).__name__}")
    shapes = [tuple(tensor.shape) for tensor in tensors.values()]
    if len(set(shapes)) > 1 or 0 in shapes[0]:
        given = ", ".join(f"{name} {shape}" for name, shape in zip(tensors, shapes, strict=True))
        raise ValueError(f"all must have one shape with at least one element, got {given}")

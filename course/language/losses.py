"""The lines of a language model's training through which gradients flow. torch, float32, pure.

Answers are rows `[B, T]`, padded after their end; `mask` is true for what was really written. Lesson 15
breaks each of these lines in the way that is best known for it.
"""

import torch
from torch import Tensor

from course.arrays import Refusal, number
from course.losses import one_shape


def token_log_probs(logits: Tensor, tokens: Tensor, *, temperature: float) -> Tensor:
    """Log-probabilities of the tokens, under the policy that drew them: the one at this temperature.

    Args:
        logits: of all tokens at each place, shape [B, T, V]; the gradient flows here.
        tokens: that were drawn, whole numbers, shape [B, T].
        temperature: that they were drawn at, above 0; 1 leaves the logits as they are.

    Returns:
        In nats, shape [B, T].

    Raises:
        ValueError: if the shapes do not fit, or `temperature` is not above 0.

    Lesson 15.
    """
    temperature = number("temperature", temperature, above=0)
    if logits.ndim != 3 or logits.shape[:2] != tokens.shape:
        given = f"{tuple(logits.shape)} and {tuple(tokens.shape)}"
        raise Refusal(f"logits must have shape [B, T, V] and tokens [B, T], got {given}")

    log_probs = torch.log_softmax(logits / temperature, dim=-1)
    return log_probs.gather(-1, tokens[..., None])[..., 0]


def critic_loss(values: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """`value_loss` over the tokens that were written: half the mean squared error.

    Args:
        values: of the critic, any shape; the gradient flows here, and where `mask` is true.
        targets: what the values should have been, same shape; carries no gradient.
        mask: true for what was written, same shape.

    Returns:
        The loss, a 0-d tensor: the mean is over the elements where `mask` is true.

    Raises:
        ValueError: if the shapes differ, or `mask` is true nowhere.

    Lesson 15.
    """
    one_shape(values=values, targets=targets, mask=mask)
    mask = mask.bool()
    if not mask.any():
        raise Refusal("mask must be true somewhere, got only padding")

    misses = values - targets.detach()
    return 0.5 * misses[mask].square().mean()


def token_loss(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip: float,
    divisor: float,
) -> Tensor:
    """PPO's clipped loss over answers of different lengths: a sum over tokens, over a constant.

        -1 / divisor  sum_t  min(ratio_t A_t, clamp(ratio_t, 1 - clip, 1 + clip) A_t)

    The divisor is the same for every batch. Were it the number of tokens, a long answer's tokens would count
    less than those of a short one.

    Args:
        log_probs: of the tokens, under the policy that learns, in nats, shape [B, T]; the gradient flows
            here, and where `mask` is true.
        old_log_probs: under the policy that wrote them, same shape; carries no gradient.
        advantages: A_t, same shape; carries no gradient.
        mask: true for what was written, same shape.
        clip: how far the ratio may usefully move from 1, above 0.
        divisor: of the sum, above 0.

    Returns:
        The loss, a 0-d tensor; of nothing that was written, 0.

    Raises:
        ValueError: if the shapes differ, or `clip` or `divisor` is not above 0.

    Schulman et al. (2017), eq. 7: https://arxiv.org/abs/1707.06347; the constant: Liu et al. (2025),
    https://arxiv.org/abs/2503.20783. Lesson 15.
    """
    one_shape(log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages, mask=mask)
    mask = mask.bool()
    clip = number("clip", clip, above=0)
    divisor = number("divisor", divisor, above=0)

    advantages = advantages.detach()[mask]
    ratio = (log_probs - old_log_probs.detach())[mask].exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * advantages, clipped * advantages).sum() / divisor


def surrogate_loss(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Tensor:
    """Minus the mean of ratio x A: what `clipped_policy_loss` is before anything is clipped.

    Before the policy has moved, every ratio is 1, and the loss is minus the mean advantage: exactly 0 if the
    advantages are centred. Its gradient is that of the policy all the same.

    Args:
        log_probs: of what was done, under the policy that learns, in nats, any shape; the gradient
            flows here.
        old_log_probs: under the policy that did it, same shape; carries no gradient.
        advantages: A_t, same shape; carries no gradient.

    Returns:
        The loss, a 0-d tensor: the mean is over all elements.

    Raises:
        ValueError: if the shapes differ or there is no element.

    Schulman et al. (2017), eq. 6: https://arxiv.org/abs/1707.06347. Lesson 15.
    """
    one_shape(log_probs=log_probs, old_log_probs=old_log_probs, advantages=advantages)
    ratio = (log_probs - old_log_probs.detach()).exp()
    return -(ratio * advantages.detach()).mean()

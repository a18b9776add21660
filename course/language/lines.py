"""Eleven lines of a language model's training, as they should be and as they are often written.

Lesson 15 says in which programs they stood, or were suspected. Each wrong one is the first known mistake of
the exercise that has its name, which a test asserts.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from course.arrays import Array, Flags
from course.language import losses, tokens

Lines = Mapping[str, Callable]

LINES: Lines = {
    "trained_tokens": tokens.trained_tokens,
    "token_log_probs": losses.token_log_probs,
    "kl_penalty": tokens.kl_penalty,
    "ended_rows": tokens.ended_rows,
    "last_rows": tokens.last_rows,
    "critic_loss": losses.critic_loss,
    "values_before": tokens.values_before,
    "surrogate_loss": losses.surrogate_loss,
    "token_loss": losses.token_loss,
    "first_tokens": tokens.first_tokens,
    "next_worth": tokens.next_worth,
}


def _without_ends(written: tokens.Tokens, end: int) -> Flags:
    return tokens.answer_mask(written, end) & (written != end)


def _one_draw_for_all(chances: Array, draws: Array) -> tokens.Tokens:
    return tokens.first_tokens(chances, np.full_like(draws, draws[0]))


def _whatever_the_temperature(logits: Tensor, written: Tensor, *, temperature: float) -> Tensor:
    return losses.token_log_probs(logits, written, temperature=1.0)


def _paid_for_drift(log_probs: Array, ref_log_probs: Array, *, beta: float) -> Array:
    return -tokens.kl_penalty(log_probs, ref_log_probs, beta=beta)


def _ended_with_the_array(last: tokens.Tokens, rows: int) -> Flags:
    return tokens.ended_rows(np.full_like(last, rows - 1), rows)


def _one_row_late(mask: Flags) -> tokens.Tokens:
    return mask.sum(axis=1)


def _values_detached(values: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    return losses.critic_loss(values.detach(), targets, mask)


def _advantages_with_their_graph(
    log_probs: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip: float,
    divisor: float,
) -> Tensor:
    ratio = (log_probs - old_log_probs.detach())[mask].exp()
    free = ratio * advantages[mask]
    held = ratio.clamp(1 - clip, 1 + clip) * advantages[mask]
    return -torch.minimum(free, held).sum() / divisor


def _flags_merged(next_values: Array, terminated: Flags, truncated: Flags) -> Array:
    return tokens.next_worth(next_values, terminated | truncated, truncated)


def _the_mended_slice(outputs: Array, length: int) -> Array:
    return outputs[:, -length:]


def _a_loss_that_is_not_zero(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Tensor:
    return losses.surrogate_loss(log_probs, old_log_probs, advantages.abs())


WRONG: Lines = {
    "trained_tokens": _without_ends,
    "token_log_probs": _whatever_the_temperature,
    "kl_penalty": _paid_for_drift,
    "ended_rows": _ended_with_the_array,
    "last_rows": _one_row_late,
    "critic_loss": _values_detached,
    "values_before": _the_mended_slice,
    "surrogate_loss": _a_loss_that_is_not_zero,
    "token_loss": _advantages_with_their_graph,
    "first_tokens": _one_draw_for_all,
    "next_worth": _flags_merged,
}

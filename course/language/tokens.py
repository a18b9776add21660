"""Answers as rows of tokens: which of them count, and what each was paid.

Plain numpy. Tokens are whole numbers, answers are rows `[B, T]`, padded after their end; what belongs to one
answer alone has shape `[T]`. Rewards are in points, log-probabilities in nats.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, Flags, Refusal, finite, number, same_shape, whole

Tokens = NDArray[np.int64]


def answer_mask(tokens: ArrayLike, end: int) -> Flags:
    """Which tokens the model has written: all up to the first `end` of a row, and that `end` with them.

    To stop was a decision like any other: the model drew `end` from its probabilities, and could have gone
    on. What stands after it is padding, and nobody decided that.

    Args:
        tokens: answers, whole numbers, shape [B, T].
        end: the token that ends an answer.

    Returns:
        Shape [B, T]: true for the tokens of the answer. A row without `end` was cut, and is all true.

    Raises:
        ValueError: if `tokens` are no whole numbers, or not of shape [B, T] with at least one answer of at
            least one token.

    Example:
        >>> answer_mask([[5, 2, 0, 0], [5, 6, 7, 8]], end=2)
        array([[ True,  True, False, False],
               [ True,  True,  True,  True]])

    Lesson 13.
    """
    tokens = token_rows("tokens", tokens)
    ends = tokens == whole("end", end, low=0)

    # At an end itself none has gone before, so it still counts.
    ends_before = ends.cumsum(axis=1) - ends
    return ends_before == 0


def token_rewards(score: float, log_probs: ArrayLike, ref_log_probs: ArrayLike, *, beta: float) -> Array:
    """What each token of one answer is paid: a toll for leaving the reference, and at the end the score.

        r_t = -beta (log pi(a_t | s_t) - log pi_ref(a_t | s_t)),    plus the score at the last token

    The toll is in the unit of the score, so that one decides how many points a nat may cost. Summed over the
    answer, its mean is -beta times the KL divergence from the reference.

    Args:
        score: of the whole answer, in points.
        log_probs: of the tokens written, under the policy that wrote them, in nats, shape [T].
        ref_log_probs: of the same tokens under the reference, same shape.
        beta: points a nat, at least 0.

    Returns:
        Points for every token, shape [T].

    Raises:
        ValueError: if the shapes differ or are not [T] with at least one token, a number is not finite, or
            `beta` is below 0.

    Example:
        >>> token_rewards(10, [-1.0, -2.0, -1.0], [-2.0, -1.0, -1.0], beta=3)
        array([-3.,  3., 10.])

    Ouyang et al. (2022), section 3.5: https://arxiv.org/abs/2203.02155. Lesson 13.
    """
    score = number("score", score)
    log_probs = one_answer("log_probs", log_probs)
    ref_log_probs = one_answer("ref_log_probs", ref_log_probs)
    same_shape(log_probs=log_probs, ref_log_probs=ref_log_probs)
    beta = number("beta", beta, low=0)

    rewards = -beta * (log_probs - ref_log_probs)
    rewards[-1] += score
    return rewards


def token_rows(name: str, given: ArrayLike) -> Tokens:
    """Return answers as int64 `[B, T]`, B and T at least 1, or raise ValueError."""
    numbers = finite(name, given)
    if numbers.ndim != 2 or not numbers.size:
        raise Refusal(f"{name} must have shape [B, T] with at least one token, got {numbers.shape}")

    tokens = numbers.astype(np.int64)
    if (tokens != numbers).any():
        raise Refusal(f"{name} must be whole numbers, got {numbers[tokens != numbers][0]:g}")
    return tokens


def one_answer(name: str, given: ArrayLike) -> Array:
    """Return what belongs to the tokens of one answer as float64 `[T]`, T at least 1, or raise ValueError."""
    numbers = finite(name, given)
    if numbers.ndim != 1 or not numbers.size:
        raise Refusal(f"{name} must have shape [T] with at least one token, got {numbers.shape}")
    return numbers

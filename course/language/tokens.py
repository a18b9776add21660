"""Answers as rows of tokens: which of them count, and what each was paid.

Plain numpy. Tokens are whole numbers, answers are rows `[B, T]`, padded after their end; what belongs to one
answer alone has shape `[T]`. Rewards are in points, log-probabilities in nats.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, Flags, Refusal, finite, flags, number, same_shape, steps, whole

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
    rewards = kl_penalty(log_probs, ref_log_probs, beta=beta)
    rewards[-1] += score
    return rewards


# Lines of a trainer, one function each. Lesson 15 breaks them, one at a time, and asks which it was.


def trained_tokens(tokens: ArrayLike, end: int) -> Flags:
    """Which tokens the loss counts: all that the model has written, the `end` among them.

    Args:
        tokens: answers, whole numbers, shape [B, T].
        end: the token that ends an answer.

    Returns:
        Shape [B, T]: `answer_mask`, and nothing taken away. Without the `end`, no gradient says when to stop.

    Raises:
        ValueError: as `answer_mask`.

    Example:
        >>> trained_tokens([[5, 2, 0, 0], [5, 6, 7, 8]], end=2)
        array([[ True,  True, False, False],
               [ True,  True,  True,  True]])

    Lesson 15.
    """
    return answer_mask(tokens, end)


def first_tokens(chances: ArrayLike, draws: ArrayLike) -> Tokens:
    """Draw a token for each answer, with a draw of its own.

    Laid end to end, the chances fill the interval from 0 to 1; the token is the one in whose piece the draw
    falls, so that a token with chance 0 is never drawn.

    Args:
        chances: of every token, one answer a row, shape [B, V]; each row sums to 1.
        draws: uniform in [0, 1), one for each answer, shape [B].

    Returns:
        The tokens, shape [B].

    Raises:
        ValueError: if the shapes do not fit, a row does not sum to 1 or has a number below 0, or a draw is
            not in [0, 1).

    Example:
        >>> first_tokens([[0.5, 0.5], [0.5, 0.5]], [0.2, 0.7])
        array([0, 1])

    Lesson 15.
    """
    chances = _axes("chances", chances, "[B, V]")
    draws = _axes("draws", draws, "[B]")
    if len(draws) != len(chances):
        raise Refusal(f"draws must be one for each row of chances, got {len(draws)} for {len(chances)}")
    if (chances < 0).any() or not np.allclose(chances.sum(axis=1), 1, atol=1e-5):
        raise Refusal("chances must not be below 0, and each row must sum to 1")
    if (draws < 0).any() or (draws >= 1).any():
        raise Refusal(f"draws must be in [0, 1), got {draws.min():g} to {draws.max():g}")

    # The last piece ends at 1; rounding must not push a draw beyond it.
    ends = np.cumsum(chances, axis=1)[:, :-1]
    return (draws[:, None] >= ends).sum(axis=1)


def kl_penalty(log_probs: ArrayLike, ref_log_probs: ArrayLike, *, beta: float) -> Array:
    """What leaving the reference costs at each token: the toll in `token_rewards`.

        -beta (log pi(a_t | s_t) - log pi_ref(a_t | s_t))

    Args:
        log_probs: of the tokens written, under the policy that wrote them, in nats, shape [T].
        ref_log_probs: of the same tokens under the reference, same shape.
        beta: points a nat, at least 0.

    Returns:
        Points for every token, shape [T]; below 0 where the policy likes a token better than the reference.

    Raises:
        ValueError: if the shapes differ or are not [T] with at least one token, a number is not finite, or
            `beta` is below 0.

    Example:
        >>> kl_penalty([-1.0, -2.0], [-2.0, -1.0], beta=3)
        array([-3.,  3.])

    Lesson 15.
    """
    log_probs = one_answer("log_probs", log_probs)
    ref_log_probs = one_answer("ref_log_probs", ref_log_probs)
    same_shape(log_probs=log_probs, ref_log_probs=ref_log_probs)
    beta = number("beta", beta, low=0)
    return -beta * (log_probs - ref_log_probs)


def last_rows(mask: ArrayLike) -> Tokens:
    """The row of each answer's last real token: there it is paid, and there it ends.

    Args:
        mask: true for the tokens of an answer, which come first, shape [B, T].

    Returns:
        Shape [B]: the length of each answer, minus 1, as rows count from 0.

    Raises:
        ValueError: if `mask` is not of shape [B, T], an answer has no token, or one begins again after
            its padding.

    Example:
        >>> last_rows([[True, True, False], [True, True, True]])
        array([1, 2])

    Lesson 15.
    """
    mask = flags("mask", mask)
    if mask.ndim != 2 or not mask.size:
        raise Refusal(f"mask must have shape [B, T] with at least one token, got {mask.shape}")
    if not mask[:, 0].all():
        raise Refusal(f"mask: every answer must have a token, got none in row {mask[:, 0].argmin()}")
    if (mask[:, 1:] & ~mask[:, :-1]).any():
        raise Refusal("mask: the tokens of an answer must come first, got some after its padding")
    return mask.sum(axis=1) - 1


def ended_rows(last: ArrayLike, rows: int) -> Flags:
    """Where the answers end, as `gae` wants it: time first, true in each answer's last row.

    Args:
        last: the row of each answer's last token, whole numbers, shape [B].
        rows: of the array, T.

    Returns:
        Shape [T, B]: one true in each column. What stands below it is padding, and is cut off by it.

    Raises:
        ValueError: if `last` is not of shape [B], or a row is not in [0, rows).

    Example:
        >>> ended_rows([1, 2], rows=3)
        array([[False, False],
               [ True, False],
               [False,  True]])

    Lesson 15.
    """
    rows = whole("rows", rows, low=1)
    last = _whole("last", _axes("last", last, "[B]"))
    if (last < 0).any() or (last >= rows).any():
        raise Refusal(f"last must be rows, 0 to {rows - 1}, got {last.min()} to {last.max()}")
    return np.arange(rows)[:, None] == last


def next_worth(next_values: ArrayLike, terminated: ArrayLike, truncated: ArrayLike) -> Array:
    """What the state that a step has reached is worth: nothing where the task was over, and only there.

    A time limit stops the clock and not the task: what could still have been earned is as real as before.

    Args:
        next_values: V of the state that each step really reached, in points, shape [T] or [T, N].
        terminated: true where the task was over, same shape.
        truncated: true where something else stopped it, same shape. It changes nothing here.

    Returns:
        Points, same shape. Where both flags stand, terminated wins.

    Raises:
        ValueError: if the shapes differ, or a value is not finite.

    Example:
        >>> next_worth([5.0, 5.0, 5.0], [False, True, False], [False, False, True])
        array([5., 0., 5.])

    Lesson 15.
    """
    (next_values,) = steps(next_values=next_values)
    terminated = flags("terminated", terminated)
    truncated = flags("truncated", truncated)
    same_shape(next_values=next_values, terminated=terminated, truncated=truncated)
    return np.where(terminated, 0.0, next_values)


def values_before(outputs: ArrayLike, length: int) -> Array:
    """What the critic expected before each token of the answer.

    A critic reads prompt and answer and says a value after every token. The value before a token is the one
    after the token that came before it: for the answer's first token, the prompt's last.

    Args:
        outputs: one value after each token of prompt and answer, in points, shape [B, L].
        length: tokens of the answer, fewer than L: a prompt has at least one.

    Returns:
        Shape [B, length]: outputs[:, -length - 1 : -1]. The value after the last token is before nothing.

    Raises:
        ValueError: if `outputs` is not of shape [B, L], or `length` is not from 1 to L - 1.

    Example:
        >>> values_before([[1.0, 2.0, 3.0, 4.0]], length=2)
        array([[2., 3.]])

    Lesson 15.
    """
    outputs = _axes("outputs", outputs, "[B, L]")
    length = whole("length", length, low=1)
    if length >= outputs.shape[1]:
        raise Refusal(f"length must be below the number of outputs, {outputs.shape[1]}, got {length}")
    return outputs[:, -length - 1 : -1]


def token_rows(name: str, given: ArrayLike) -> Tokens:
    """Return answers as int64 `[B, T]`, B and T at least 1, or raise ValueError."""
    return _whole(name, _axes(name, given, "[B, T]", of="token"))


def one_answer(name: str, given: ArrayLike) -> Array:
    """Return what belongs to the tokens of one answer as float64 `[T]`, T at least 1, or raise ValueError."""
    return _axes(name, given, "[T]", of="token")


def _axes(name: str, given: ArrayLike, shape: str, *, of: str = "number") -> Array:
    """Return `given` as float64 if it has as many axes as `shape` names, and is not empty."""
    numbers = finite(name, given)
    if numbers.ndim != shape.count(",") + 1 or not numbers.size:
        raise Refusal(f"{name} must have shape {shape} with at least one {of}, got {numbers.shape}")
    return numbers


def _whole(name: str, numbers: Array) -> Tokens:
    tokens = numbers.astype(np.int64)
    if (tokens != numbers).any():
        raise Refusal(f"{name} must be whole numbers, got {numbers[tokens != numbers][0]:g}")
    return tokens

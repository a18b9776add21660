"""What a weight teaches a model that stands still: measured on many answers, before anything is trained.

Two questions. Does a weight praise stopping or going on (`stop_or_go`)? And how surely does a batch point to
the lucky words (`push`)? Both need nothing but answers and the weights of their tokens. numpy only.

Lesson 13.
"""

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, Refusal, finite
from course.language import tales
from course.language.tokens import answer_mask, ended_rows, last_rows
from course.worlds.writer import Batch

_TREASURES = tales.encode(" ".join(tales.TREASURES))
_LUCKY = tales.encode(" ".join(tales.LUCKY))
_THE = tales.NUMBER[tales.SENTENCE[0][0]]


def batch_of(tokens: ArrayLike, values: ArrayLike) -> Batch:
    """Answers and what a critic says of them, as the weights of lessons 5 to 8 take them: [T, N], in points.

    They count as written by the reference itself, so that no token pays for drift.

    Args:
        tokens: the answers, shape [N, T].
        values: V before each token, shape [N, T]; what stands in the padding is not used.
    """
    tokens = tales.as_tokens("tokens", tokens)
    values = _fits("values", values, tokens.shape)
    mask = answer_mask(tokens, tales.END)
    last = last_rows(mask)

    rewards = np.zeros(tokens.shape)
    rewards[np.arange(len(tokens)), last] = tales.rule(tokens)
    values = np.where(mask, values, 0.0)
    next_values = np.append(values[:, 1:], np.zeros((len(tokens), 1)), axis=1)
    return Batch(
        rewards=rewards.T,
        values=values.T,
        next_values=next_values.T,
        terminated=ended_rows(last, tokens.shape[1]),
        truncated=np.zeros(tokens.T.shape, dtype=bool),
    )


def stop_or_go(tokens: ArrayLike, weights: ArrayLike) -> Array:
    """After 2, 3, 4 and 5 sentences: the mean weight of `<end>` minus that of `the`, in points, shape [4].

    Args:
        tokens: answers of whole sentences, shape [N, T].
        weights: one a token, time first, shape [T, N].

    Raises:
        ValueError: if the shapes do not fit, or at one of the places no answer stops or none goes on.
    """
    tokens = tales.as_tokens("tokens", tokens)
    weights = _fits("weights", weights, tokens.T.shape).T

    differences = []
    for sentences in range(tales.FEWEST, tales.MOST):
        place = sentences * len(tales.SENTENCE)
        written = tokens[:, place] if place < tokens.shape[1] else np.array([])
        stops = written == tales.END
        goes_on = written == _THE
        if not stops.any() or not goes_on.any():
            raise Refusal(f"tokens: after {sentences} sentences some answers must stop and some go on")
        differences.append(weights[stops, place].mean() - weights[goes_on, place].mean())
    return np.array(differences)


def push(tokens: ArrayLike, weights: ArrayLike) -> tuple[float, float]:
    """How strongly an answer pushes its treasures towards the lucky ones: mean and spread over answers.

    The part of the gradient that makes a lucky word more likely: score function times weight, summed over
    the treasures of an answer. Of a treasure the score function is 3/4 if it is lucky, else -1/4.

    Args:
        tokens: the answers, shape [N, T].
        weights: one a token, time first, shape [T, N].

    Returns:
        Mean and standard deviation, in the unit of the weights. A batch of B answers has a signal-to-noise
        ratio of mean over standard deviation times the root of B.
    """
    tokens = tales.as_tokens("tokens", tokens)
    weights = _fits("weights", weights, tokens.T.shape).T
    mask = answer_mask(tokens, tales.END)

    treasures = np.isin(tokens, _TREASURES) & mask
    score_functions = np.isin(tokens, _LUCKY) - tales.LUCKY_CHANCE
    pushes = np.where(treasures, score_functions * weights, 0.0).sum(axis=1)
    return float(pushes.mean()), float(pushes.std())


def _fits(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Array:
    numbers = finite(name, given)
    if numbers.shape != shape:
        raise Refusal(f"{name} must have shape {shape}, got {numbers.shape}")
    return numbers

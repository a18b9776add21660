"""Who earned the prize? The weight of every token under every setting, as plain records to be drawn.

A `Reading` is one answer with all that is known about it: what each token was paid, what each critic expected
before it, which words could have stood in its place. `frames` turns readings into one dict of lists, numbers
and words, ready for JSON, that holds a frame for every setting of the widget's controls. It is made once;
whoever draws it needs no kernel and does no arithmetic.

Values are rounded to whole points first, so the TD errors are whole as well and their sum is R - V(s_0) to
the last point, on the screen too. numpy only. Lesson 13.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course.arrays import Array, Flags, Refusal, finite, number
from course.returns import gae as course_gae
from course.returns import spread_evenly
from course.worlds import writer
from course.worlds.writer import Batch

EXACT = "exact V"  # the critic that is right, beside those who learned
LAMBDAS = tuple(step / 20 for step in range(21))


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """One answer, T tokens long, and what is known about it."""

    prompt: str
    words: Sequence[str]  # T of them
    rewards: Array  # [T] points; what is paid for each token
    values: Mapping[str, Array]  # V before each token, [T] points, by the name of the critic
    alternatives: Sequence[Sequence[str]]  # for each token, the words that may stand there; none: it stays


def equal_share(e: Batch) -> Array:
    """What its answer was paid, in equal shares for its tokens."""
    shares = np.zeros(e.rewards.shape)
    for answer, rewards in enumerate(e.rewards.T):
        length = _length(e.terminated[:, answer])
        shares[:length, answer] = spread_evenly(rewards.sum(), length)
    return shares


# What a weight needs to know besides the answers themselves. GAE needs a critic, and lambda too.
BLIND = {
    "whole score": writer.whole_score,
    "equal share": equal_share,
    "minus the others": writer.minus_the_others,
}
WITH_CRITIC = {"R - V": writer.score_minus_value, "TD error": writer.surprise}
WEIGHTS = (*BLIND, *WITH_CRITIC, "GAE")


def frames(
    readings: Sequence[Reading], *, gae: Callable[..., Array] = course_gae, lambdas: Sequence[float] = LAMBDAS
) -> dict:
    """A frame for every answer and every setting.

    Args:
        readings: of at least two answers by the same critics: "minus the others" needs others.
        gae: of lesson 8, the learner's own if they like.
        lambdas: the places of the dial, each in [0, 1].

    Returns:
        `lambdas`, `critics` and `weights` list the settings, `exact` names the critic that is right, and
        `answers` holds for each answer `prompt`, `words`, `alternatives`, `token` (the one to look at first:
        of those that can be swapped, where exact V moved most), `rewards`, `paid` (their sum), and by the
        critic's name `values`, `deltas` and `sums` (of the deltas). Its `weights`, by name, are a list of T
        numbers, or such lists by critic, or by critic a list of them for each lambda. All numbers but the
        lambdas are whole points.

    Raises:
        ValueError: if there are fewer than two readings, one has no token or numbers of another length, the
            critics differ or none is exact, a lambda is out of range, or `gae` raises or returns anything
            but finite numbers in the shape of the rewards.
    """
    critics = _agreed(readings)
    lambdas = [number("lambdas", lam, low=0, high=1) for lam in lambdas]
    if not callable(gae):
        raise Refusal(f"gae must be a function, got {gae!r:.60}")

    batches = {critic: batch(readings, critic) for critic in critics}
    some = batches[critics[0]]
    blind = {name: weigh(some) for name, weigh in BLIND.items()}
    judged = {
        name: {critic: weigh(e) for critic, e in batches.items()} for name, weigh in WITH_CRITIC.items()
    }
    spread = {critic: [_advantages(gae, e, lam) for lam in lambdas] for critic, e in batches.items()}

    answers = []
    for i, reading in enumerate(readings):
        upto = len(reading.words)
        weights: dict = {name: _points(array[:upto, i]) for name, array in blind.items()}
        for name, by_critic in judged.items():
            weights[name] = {critic: _points(array[:upto, i]) for critic, array in by_critic.items()}
        weights["GAE"] = {
            critic: [_points(array[:upto, i]) for array in by_lambda] for critic, by_lambda in spread.items()
        }
        answers.append(_answer(reading, weights))
    return {
        "lambdas": lambdas,
        "critics": critics,
        "exact": EXACT,
        "weights": list(WEIGHTS),
        "answers": answers,
    }


def batch(readings: Sequence[Reading], critic: str) -> Batch:
    """The readings side by side, as the weights of lessons 5 to 8 take them: [T, N], padded with zeros."""
    shape = (max(len(reading.words) for reading in readings), len(readings))
    rewards = np.zeros(shape)
    values = np.zeros((shape[0] + 1, shape[1]))
    terminated = np.zeros(shape, dtype=bool)
    for i, reading in enumerate(readings):
        upto = len(reading.words)
        rewards[:upto, i] = np.rint(reading.rewards)
        values[:upto, i] = np.rint(reading.values[critic])
        terminated[upto - 1, i] = True

    return Batch(
        rewards=rewards,
        values=values[:-1],
        next_values=values[1:],
        terminated=terminated,
        truncated=np.zeros(shape, dtype=bool),
    )


def _answer(reading: Reading, weights: dict) -> dict:
    deltas = weights["TD error"]
    moved = np.abs(deltas[EXACT])
    return {
        "prompt": reading.prompt,
        "words": list(reading.words),
        "alternatives": [list(words) for words in reading.alternatives],
        "token": max(range(len(reading.words)), key=lambda t: (bool(reading.alternatives[t]), moved[t])),
        "rewards": _points(reading.rewards),
        "paid": sum(_points(reading.rewards)),
        "values": {critic: _points(values) for critic, values in reading.values.items()},
        "deltas": deltas,
        "sums": {critic: sum(each) for critic, each in deltas.items()},
        "weights": weights,
    }


def _agreed(readings: Sequence[Reading]) -> list[str]:
    """The critics of all readings, if their shapes and names agree."""
    if len(readings) < 2:
        raise Refusal(f"readings must be of at least two answers, got {len(readings)}")
    critics = list(readings[0].values)
    if EXACT not in critics:
        raise Refusal(f"readings must have values of {EXACT!r}, got the critics {critics}")

    for i, reading in enumerate(readings):
        length = len(reading.words)
        if not length:
            raise Refusal(f"readings: answer {i} has no token")
        if list(reading.values) != critics:
            raise Refusal(f"readings: answer {i} has the critics {list(reading.values)}, the first {critics}")
        if len(reading.alternatives) != length:
            raise Refusal(f"readings: answer {i} has {length} tokens and {len(reading.alternatives)} lists")
        for name, given in {"rewards": reading.rewards, **reading.values}.items():
            shape = finite(f"readings: {name} of answer {i}", given).shape
            if shape != (length,):
                raise Refusal(f"readings: {name} of answer {i} must have shape {(length,)}, got {shape}")
    return critics


def _advantages(gae: Callable[..., Array], e: Batch, lam: float) -> Array:
    """What the learner's function makes of a batch, or a refusal in one line that names it."""
    name = getattr(gae, "__name__", type(gae).__name__)
    try:
        given = gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=lam)
    except Exception as error:
        said = " ".join(str(error).split())
        raise Refusal(f"gae: {name} raised {type(error).__name__}: {said}") from error

    advantages = finite(f"gae: what {name} returns", given)
    if advantages.shape != e.rewards.shape:
        wanted = e.rewards.shape
        raise Refusal(f"gae: what {name} returns must have shape {wanted}, got {advantages.shape}")
    return advantages


def _length(terminated: Flags) -> int:
    return int(np.argmax(terminated)) + 1


def _points(numbers: Array) -> list[int]:
    return np.rint(numbers).astype(np.int64).tolist()

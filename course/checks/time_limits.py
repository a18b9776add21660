"""The exercise of lesson 9: who stopped the game?"""

from collections.abc import Callable

import numpy as np

from course import returns
from course.arrays import Flags
from course.checks.engine import Case, Exercise
from course.checks.mutants import mutant


def _real_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # terminated, truncated
        ("nothing ends", [0, 0, 0], [0, 0, 0]),
        ("the task is over half-way", [0, 1, 0, 0], [0, 0, 0, 0]),
        ("a time limit half-way", [0, 0, 0, 0], [0, 1, 0, 0]),
        ("an ending in the last row", [0, 0, 0, 0], [0, 0, 0, 1]),
        ("an ending in row 0", [1, 0, 0, 0], [0, 0, 0, 0]),
        ("both flags at once", [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]),
        ("one step", [1], [0]),
        ("one environment, [T, 1]", [[0], [1], [0], [0]], [[0], [0], [0], [1]]),
        ("one flag after the other", [0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]),
        (
            "two environments, [T, N]",
            [[0, 0], [1, 0], [0, 0], [0, 0]],
            [[0, 0], [0, 0], [0, 1], [0, 0]],
        ),
    ]
    cases = [
        Case(label, (np.array(terminated, dtype=bool), np.array(truncated, dtype=bool)))
        for label, terminated, truncated in small
    ]

    for nth in range(8):
        shape = (9,) if nth % 2 else (9, 3)
        cases.append(Case("8 random logs", _random_log(rng, shape)))
    cases.append(Case("2,000 steps", _random_log(rng, (2_000, 2))))

    return cases


def _random_log(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Flags, Flags]:
    """Flags as an environment gives them: a row that resets ends nothing."""
    ended = rng.random(shape) < 0.4
    for t in range(1, len(ended)):
        ended[t] &= ~ended[t - 1]
    by_limit = rng.random(shape) < 0.5
    return ended & ~by_limit, ended & by_limit


def _either(terminated: Flags, truncated: Flags) -> Flags:
    return terminated | truncated


def _the_row_before(ended: Flags) -> Flags:
    """Row t gets what row t - 1 says; nothing stands before row 0."""
    return np.concatenate([np.zeros_like(ended[:1]), ended[:-1]])


def _the_row_after(ended: Flags) -> Flags:
    return np.concatenate([ended[1:], np.zeros_like(ended[:1])])


def _the_one_to_the_left(ended: Flags) -> Flags:
    return _the_row_before(ended.T).T


@mutant
def _real_steps(
    *,
    ended: Callable = _either,
    shift: Callable = _the_row_before,
    first: Callable = lambda real: real,
    finish: Callable = lambda resets: ~resets,
) -> Callable:
    """A real_steps, part by part: who ended an episode, which row that makes a reset, what row 0 is."""

    def answer(terminated: Flags, truncated: Flags) -> Flags:
        return first(finish(shift(ended(terminated, truncated))))

    return answer


def _row_0_lost(real: Flags) -> Flags:
    real = real.copy()
    real[0] = False
    return real


def _turned_below_row_0(resets: Flags) -> Flags:
    real = resets.copy()
    real[0] = True
    return real


def _of_whole_numbers(resets: Flags) -> np.ndarray:
    real = ~resets.astype(int)
    real[0] = 1
    return real


REAL_STEPS = Exercise(
    name="real_steps",
    lesson="09",
    points=2,
    reference=returns.real_steps,
    cases=_real_cases,
    mistakes=(
        (
            "A time limit is forgotten: the row after truncated is a reset too.",
            _real_steps(ended=lambda terminated, truncated: terminated),
        ),
        (
            "The end of the task is forgotten: the row after terminated is a reset too.",
            _real_steps(ended=lambda terminated, truncated: truncated),
        ),
        (
            "Only rows with both flags count as endings. One of the two is enough.",
            _real_steps(ended=lambda terminated, truncated: terminated & truncated),
        ),
        (
            "The row that ended the episode is thrown away. It is a step of the game: the reset is the row "
            "after it.",
            _real_steps(shift=lambda ended: ended),
        ),
        (
            "The rows are shifted the wrong way: row t is a reset if row t - 1 ended an episode, not t + 1.",
            _real_steps(shift=_the_row_after),
        ),
        (
            "The last row's ending comes round to row 0. Nothing stands before row 0: it is real.",
            _real_steps(shift=lambda ended: np.roll(ended, 1, axis=0)),
        ),
        (
            "With [T, N] the shift runs from environment to environment. Time is axis 0.",
            _real_steps(shift=_the_one_to_the_left),
        ),
        (
            "With [T, N] all environments were rolled as one row of numbers. Shift along axis 0.",
            _real_steps(shift=lambda ended: np.roll(ended, 1)),
        ),
        (
            "Row 0 is thrown away. The record begins with a fresh reset, so row 0 is a real step.",
            _real_steps(first=_row_0_lost),
        ),
        (
            "That is the other way round: True marks the steps of the game, False the resets.",
            _real_steps(finish=lambda resets: resets),
        ),
        (
            "Below row 0 that is the other way round: a row is real unless the row before ended an episode.",
            _real_steps(finish=_turned_below_row_0),
        ),
        (
            "~ was used on whole numbers: ~1 is -2. Turn flags of type bool round, or subtract them from 1.",
            _real_steps(finish=_of_whole_numbers),
        ),
        (
            "Those are the numbers of the rows. Return a flag for every row: same shape as terminated.",
            lambda terminated, truncated: np.flatnonzero(~_the_row_before(terminated | truncated)),
        ),
    ),
)


EXERCISES = (REAL_STEPS,)

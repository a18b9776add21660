"""One rally of a random game of Pong, with a critic that was fitted to other games."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course.arrays import Array, Flags, number
from course.atari.play import Episode, play_random
from course.returns import reward_to_go

BYTES = [49, 54, 51, 50]  # of Pong's RAM: ball x and y, our paddle, the other one
FIRST, LAST = 205, 259  # the rally's steps in game 0
WAVES = 300
RIDGE = 0.1


@dataclass(frozen=True, eq=False, kw_only=True)
class Rally:
    """T steps of one game, as `gae` takes them. The arrays are shared between calls: read them only."""

    rewards: Array  # [T] points
    values: Array  # [T] points, discounted: what the critic expects before each step
    next_values: Array  # [T] and after it
    terminated: Flags  # [T] never true: the game goes on
    truncated: Flags  # [T] true in the last row, where we stop watching


def pong_rally(*, gamma: float) -> Rally:
    """Steps 205 to 259 of a game of Pong that was played at random, with what a critic made of them.

    At step 234 the paddle stands in the right place by chance and returns the ball; at step 251 the other
    side misses it, which is a point. The first call plays twelve games, 3 to 10 seconds; later ones are
    instant.

    The critic never saw this game, number 0. It sees ball x and y, both paddles and their moves (bytes
    49, 54, 51 and 50 of the console's memory), through 300 random waves, cos(w x + b), and is fitted to
    the discounted returns of the eleven other games by ridge regression. Of the variance of game 0's
    returns it foresees 88 % at gamma 0.9, 73 % at 0.95, 55 % at 0.97 and 8 % at 0.99: the further it is
    asked to see, the less is decided yet.

    Args:
        gamma: discount of the returns that the critic foresees, in [0, 1].

    Returns:
        Arrays of shape [55].

    Raises:
        ValueError: if `gamma` is not in [0, 1].

    Random waves: Rahimi & Recht (2007), "Random features for large-scale kernel machines". Lesson 8.
    """
    return _rally(number("gamma", gamma, low=0, high=1))


@functools.cache
def _rally(gamma: float) -> Rally:
    values = _foreseen(gamma)
    steps = slice(FIRST, LAST + 1)
    count = LAST + 1 - FIRST

    rally = Rally(
        rewards=_games()[0].rewards[steps].copy(),
        values=values[steps].copy(),
        next_values=values[FIRST + 1 : LAST + 2].copy(),
        terminated=np.zeros(count, dtype=bool),
        truncated=np.arange(count) == count - 1,
    )
    for column in vars(rally).values():
        column.flags.writeable = False
    return rally


@functools.cache
def _games() -> list[Episode]:
    return play_random("pong", episodes=12, seed=0)


def _foreseen(gamma: float) -> Array:
    """What the critic expects before each step of game 0, [T] points."""
    came = [reward_to_go(game.rewards, gamma=gamma) for game in _games()[1:]]
    return _features(_games()[0].ram) @ (_fit() @ np.concatenate(came))


@functools.cache
def _fit() -> Array:
    """Takes the returns of the other games to the weights of the waves, [WAVES, steps]."""
    seen = np.vstack([_features(game.ram) for game in _games()[1:]])
    return np.linalg.solve(seen.T @ seen + RIDGE * np.eye(WAVES), seen.T)


def _features(ram: NDArray[np.uint8]) -> Array:
    """Places and moves, seen through the waves: [T, WAVES]."""
    place = ram[:, BYTES] / 255
    move = 8 * np.diff(place, axis=0, prepend=place[:1])
    move = np.where(abs(move) > 1, 0, move)  # a new ball has not moved
    waves = np.random.default_rng(0).normal(size=(2 * len(BYTES) + 1, WAVES))
    return np.cos(np.hstack([place, move, np.full((len(ram), 1), np.pi)]) @ waves)

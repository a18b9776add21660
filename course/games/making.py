"""The two games that the agent learns, by name.

CartPole-v1   balance a pole: 1 point a step, at most 500 steps (`truncated`)
pong          Atari Pong from its pixels, first to 21, score from -21 to 21: `course.games.pong`
"""

import gymnasium as gym
from gymnasium.vector import VectorEnv

from course.arrays import number, one_of, whole
from course.games.pong import Pong

GAMES = {"CartPole-v1": 16, "pong": 32}  # how many copies play side by side, unless you say otherwise


def make(name: str, *, envs: int | None = None, sticky: float = 0.0) -> VectorEnv:
    """Make N copies of a game that play side by side and reset by themselves.

    Args:
        name: one of `GAMES`.
        envs: how many, at least 1; if None, the number in `GAMES`, which the `Config`s were made for.
        sticky: Pong only: the chance that a frame ignores its action and repeats the one before.
            Machado et al. (2018), https://arxiv.org/abs/1709.06009, recommend 0.25.

    Raises:
        ValueError: if the game is not known, `envs` is below 1, or `sticky` is out of range.
    """
    name = one_of("environment", name, GAMES)
    envs = whole("envs", GAMES[name] if envs is None else envs, low=1)
    if name == "pong":
        return Pong(envs, sticky=number("sticky", sticky, low=0, high=1))
    if sticky:
        raise ValueError(f"sticky must be 0 for {name}, got {sticky!r}")
    return gym.make_vec(name, num_envs=envs, vectorization_mode="vector_entry_point")

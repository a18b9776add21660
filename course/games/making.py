"""The two games that the agent learns, as vector environments, and how an agent is examined.

    CartPole-v1   balance a pole: 1 point a step, at most 500 steps (`truncated`)
    pong          Atari Pong from its pixels, first to 21, score from -21 to 21

The protocol of Pong stands in `PONG_PROTOCOL` and belongs to every score: sticky actions or another
frame skip make it another game.
"""

from functools import cached_property
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from course.arrays import Array, number, one_of, whole
from course.nets import Agent, one_thread
from course.rollout import check_env

GAMES = {"CartPole-v1": 16, "pong": 32}  # how many copies play side by side, unless you say otherwise
PONG_PROTOCOL = (
    "ALE Pong against the built-in opponent; 4 frames a step, no sticky actions, up to 30 no-ops at "
    "the start, actions NOOP, UP and DOWN; 42 x 42 grey pixels, rows 6 to 37, 4 screens; "
    "108,000 frames an episode at most"
)


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


class Pong(VectorEnv):
    """Atari Pong, cut to the playing field, with the three actions that matter."""

    ROWS = slice(6, 38)  # below the score, above the lower edge
    ACTIONS = np.array([0, 2, 3])  # NOOP, RIGHT (up), LEFT (down)

    def __init__(self, num_envs: int, *, sticky: float = 0.0) -> None:
        """Start `num_envs` emulators; `sticky`: the chance that a frame repeats the action before."""
        import ale_py
        from ale_py.vector_env import AtariVectorEnv

        ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
        mode = AutoresetMode.SAME_STEP
        size = dict(img_height=42, img_width=42)
        self._env = AtariVectorEnv(
            "pong", num_envs, repeat_action_probability=sticky, autoreset_mode=mode, **size
        )
        self.num_envs, self.game = num_envs, "pong"
        held = f"sticky actions {sticky:g}" if sticky else "no sticky actions"
        self.protocol = PONG_PROTOCOL.replace("no sticky actions", held)
        self.autoreset_mode, self.metadata = mode, {"autoreset_mode": mode}
        self.spec = None
        self.single_observation_space = Box(0, 255, (4, 32, 42), dtype=np.uint8)
        self.single_action_space = Discrete(len(self.ACTIONS))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """Start new episodes in all environments."""
        obs, info = self._env.reset(seed=seed)
        return obs[:, :, self.ROWS], info

    def step(self, actions: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray, dict[str, Any]]:
        """One step of four frames."""
        obs, rewards, terminated, truncated, info = self._env.step(self.ACTIONS[actions])
        if "final_obs" in info:
            info = {**info, "final_obs": info["final_obs"][:, :, self.ROWS]}
        return obs[:, :, self.ROWS], rewards, terminated, truncated, info

    def close(self, **options: Any) -> None:
        """Stop the emulators."""
        self._env.close()

    @cached_property
    def background(self) -> NDArray[np.float32]:
        """The field without ball and paddles, [32, 42]: the median of some random play elsewhere."""
        rng, seen, other = np.random.default_rng(0), [], Pong(8)
        other.reset(seed=0)
        for _ in range(64):
            obs, *_ = other.step(rng.integers(0, len(self.ACTIONS), 8))
            seen.append(obs[:, -1])
        other.close()
        return np.median(np.concatenate(seen[8:]), axis=0).astype(np.float32)


def evaluate(
    agent: Agent,
    env_name: str,
    *,
    episodes: int = 100,
    seed: int,
    greedy: bool = True,
    max_steps: int = 10_000,
    sticky: float = 0.0,
) -> Array:
    """Examine an agent in new episodes, in which it learns nothing.

    One environment for each episode, and only its first one counts: so short episodes are not
    counted more often than long ones.

    Args:
        agent: it is not changed.
        env_name: one of `GAMES`.
        episodes: how many, at least 1.
        seed: of the starts and of the agent's draws; take one that training did not see.
        greedy: the likeliest action each time; otherwise actions are drawn from the policy.
        max_steps: an episode that is not over by then counts with its score so far. A greedy agent
            can rally for ever.
        sticky: as `make`.

    Returns:
        Scores in points, shape [episodes].

    Raises:
        ValueError: if the game is not known, a number is out of range, or the agent was made for
            another shape of observations or number of actions.
    """
    env = make(env_name, envs=episodes, sticky=sticky)
    try:
        return play(agent, env, seed=seed, greedy=greedy, max_steps=max_steps)
    finally:
        env.close()


def play(agent: Agent, env: VectorEnv, *, seed: int, greedy: bool, max_steps: int) -> Array:
    """The first episode's score in each of N environments, shape [N]; else as `evaluate`."""
    check_env(env)
    max_steps, seed = whole("max_steps", max_steps, low=1), whole("seed", seed, low=0)
    if agent.actions != env.single_action_space.n:
        raise ValueError(f"the agent has {agent.actions} actions, the game {env.single_action_space.n}")
    rng = np.random.default_rng([seed, 2])
    obs, _ = env.reset(seed=int(rng.integers(2**31)))
    scores, playing = np.zeros(env.num_envs), np.ones(env.num_envs, dtype=bool)
    for _ in range(max_steps):
        with one_thread():
            actions, _ = agent.act(obs, rng, greedy=greedy)
        obs, rewards, terminated, truncated, _ = env.step(actions)
        scores += np.where(playing, rewards, 0.0)
        playing &= ~(terminated | truncated)
        if not playing.any():
            break
    return scores

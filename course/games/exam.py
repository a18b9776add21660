"""How an agent is examined: new games, in which it learns nothing."""

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from course.arrays import Array, whole
from course.games.making import make
from course.nets import Agent, one_thread
from course.rollout import Collector, check_env


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
    _, actions = check_env(env)
    max_steps = whole("max_steps", max_steps, low=1)
    seed = whole("seed", seed, low=0)
    if agent.actions != actions:
        raise ValueError(f"the agent has {agent.actions} actions, the game {actions}")

    rng = np.random.default_rng([seed, 2])
    obs, _ = env.reset(seed=int(rng.integers(2**31)))
    scores = np.zeros(env.num_envs)
    playing = np.ones(env.num_envs, dtype=bool)
    for _ in range(max_steps):
        with one_thread():
            chosen, _ = agent.act(obs, rng, greedy=greedy)
        obs, rewards, terminated, truncated, _ = env.step(chosen)
        scores += np.where(playing, rewards, 0.0)
        playing &= ~(terminated | truncated)
        if not playing.any():
            break
    return scores


def states(agent: Agent, env_name: str, *, steps: int, seed: int) -> NDArray:
    """What an agent sees while it plays one copy of a game, from episode to episode, shape [steps, *O].

    Args:
        agent: its actions are drawn, as in training; it learns nothing.
        env_name: one of `GAMES`.
        steps: how many.
        seed: of the starts and of the agent's draws.

    Raises:
        ValueError: if the game is not known, a number is out of range, or the agent was made for
            another shape of observations.
    """
    env = make(env_name, envs=1)
    try:
        return Collector(env, seed=seed).collect(agent, steps).obs[:, 0]
    finally:
        env.close()

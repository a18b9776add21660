"""One game of Pong under the microscope: what the agent saw, did and expected in every single step.

`record` plays and keeps the numbers; it keeps no pictures. The emulator is deterministic, so `screens` plays
the same actions again, in colour. A *rally* is what lies between two points: the rows up to and with the
reward. Where `point_ends`, a rally is an episode to the critic, and nothing flows from one to the next.
"""

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course import games
from course.arrays import Array, whole
from course.nets import Agent, load, one_thread
from course.returns import gae, td_errors
from course.tables import data
from course.train import PONG, Config

MOVES = ("stay", "up", "down")  # the actions of `games.Pong`, in its order


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """T consecutive steps of one game. Row t is the whole step from s_t to s_{t+1}; values are points."""

    seed: int  # of the game's start
    first: int  # number of row 0 in its game
    obs: NDArray[np.uint8]  # [T, 4, 32, 42] the four screens that the agent saw
    actions: NDArray[np.int64]  # [T]
    probabilities: Array  # [T, 3] of all actions
    rewards: Array  # [T]
    values: Array  # [T] V(s_t)
    deltas: Array  # [T] r_t + gamma V(s_{t+1}) - V(s_t)
    advantages: Array  # [T] GAE

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.rewards)

    def rallies(self) -> list["Record"]:
        """One record for each point that was made; what follows the last point is left out."""
        ends = np.flatnonzero(self.rewards) + 1
        return [self._rows(slice(a, b)) for a, b in zip([0, *ends[:-1]], ends, strict=True)]

    def _rows(self, rows: slice) -> "Record":
        return Record(
            seed=self.seed,
            first=self.first + rows.start,
            obs=self.obs[rows],
            actions=self.actions[rows],
            probabilities=self.probabilities[rows],
            rewards=self.rewards[rows],
            values=self.values[rows],
            deltas=self.deltas[rows],
            advantages=self.advantages[rows],
        )


def champion() -> Agent:
    """The trained agent that comes with the course; `course/data/README.md` says how it was made."""
    return load(data("pong_agent.pt"))


def record(
    agent: Agent,
    *,
    seed: int,
    points: int = 1,
    greedy: bool = False,
    max_steps: int = 10_000,
    config: Config = PONG,
) -> Record:
    """Play one game of Pong from its start and write down every step.

    The agent computes in 32 bits here, so that the same seed gives the same game whether or not this
    machine trains in 16.

    Args:
        agent: it is not changed.
        seed: of the game's start and of the agent's draws.
        points: stop after so many, at least 1, or when the game is over.
        greedy: the likeliest action each time; otherwise actions are drawn from the policy.
        max_steps: stop after so many steps in any case; a rally can last for ever.
        config: gamma, lam, and whether each point ends an episode.

    Returns:
        The record; only its last row can be the end of the game.

    Raises:
        ValueError: if a number is out of range, or the agent was made for another game.

    Lesson 12.
    """
    points = whole("points", points, low=1)
    max_steps = whole("max_steps", max_steps, low=1)
    rng = np.random.default_rng([whole("seed", seed, low=0), 3])
    agent = _in_32_bits(agent)
    seen = []
    actions = []
    rewards = []
    scored = 0
    over = cut = False

    env = games.make("pong", envs=1)
    try:
        reached, _ = env.reset(seed=seed)
        while scored < points and len(rewards) < max_steps and not (over or cut):
            with one_thread():
                action, _ = agent.act(reached, rng, greedy=greedy)
            seen.append(reached[0])
            reached, reward, terminated, truncated, info = env.step(action)
            actions.append(action[0])
            rewards.append(float(reward[0]))

            scored += bool(reward[0])
            over, cut = bool(terminated[0]), bool(truncated[0])
            if over or cut:
                reached = info["final_obs"][:1]  # what came back shows the next game
    finally:
        env.close()

    return _judged(
        agent,
        config,
        seed=seed,
        obs=np.array([*seen, reached[0]]),
        actions=np.array(actions),
        rewards=np.array(rewards),
        over=over,
    )


def _judged(
    agent: Agent,
    config: Config,
    *,
    seed: int,
    obs: NDArray[np.uint8],
    actions: NDArray[np.int64],
    rewards: Array,
    over: bool,
) -> Record:
    """What was seen [T + 1], done [T] and paid [T], with what the agent makes of it."""
    with one_thread():
        values = agent.values(obs)
        log_probs = agent.log_probs(obs[:-1])

    terminated = (rewards != 0) & config.point_ends
    terminated[-1] |= over
    never = np.zeros_like(terminated)
    deltas = td_errors(rewards, values[:-1], values[1:], terminated, gamma=config.gamma)
    advantages = gae(rewards, values[:-1], values[1:], terminated, never, gamma=config.gamma, lam=config.lam)

    return Record(
        seed=seed,
        first=0,
        obs=obs[:-1],
        actions=actions,
        probabilities=np.exp(log_probs, dtype=np.float64),
        rewards=rewards,
        values=values[:-1],
        deltas=deltas,
        advantages=advantages,
    )


def screens(game: Record, rally: Record | None = None, *, steps: int | None = None) -> NDArray[np.uint8]:
    """The television picture before each step, in colour: the same game played again.

    Args:
        game: a record from the start of its game.
        rally: one of `game.rallies()`: only its pictures; if None, those of the whole record.
        steps: only so many pictures, at least 1; if None, all.

    Returns:
        Red, green and blue from 0 to 255, shape [T, 210, 160, 3]; T is the number of steps.

    Raises:
        ValueError: if `game` does not start with its game, or `rally` is not a part of it.
    """
    from ale_py.vector_env import AtariVectorEnv
    from gymnasium.vector import AutoresetMode

    part = game if rally is None else rally
    if game.first or part.seed != game.seed or part.first + len(part) > len(game):
        raise ValueError("game must be a record from the start of its game, and rally a part of it")
    wanted = len(part) if steps is None else whole("steps", steps, low=1)
    last = part.first + min(len(part), wanted)

    console = AtariVectorEnv(
        "pong",
        1,
        img_height=210,
        img_width=160,
        grayscale=False,
        stack_num=1,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    pictures = []
    try:
        seen, _ = console.reset(seed=game.seed)
        for t, action in enumerate(game.actions[:last]):
            if t >= part.first:
                pictures.append(seen[0, 0].copy())
            seen, *_ = console.step(games.Pong.ACTIONS[[action]])
    finally:
        console.close()
    return np.array(pictures)


def _in_32_bits(agent: Agent) -> Agent:
    agent = copy.deepcopy(agent)
    agent.sixteen_bits = False
    return agent

"""One game of Pong under the microscope: what the agent saw, did and expected in every single step.

`record` plays and keeps the numbers; it keeps no pictures. The emulator is deterministic, so `screens` plays
the same actions again, in colour. A *rally* is what lies between two points: the rows up to and with the
reward. Where `point_ends`, a rally is an episode to the critic, and nothing flows from one to the next.
"""

import copy
from dataclasses import dataclass, fields, replace
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from course import games
from course.arrays import Array, whole
from course.nets import Agent, load, one_thread
from course.returns import gae, td_errors
from course.train import PONG, Config

MOVES = ("stay", "up", "down")  # the actions of `games.Pong`, in its order


@dataclass(frozen=True, eq=False)
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
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return replace(self, first=self.first + rows.start, **arrays)


def champion() -> Agent:
    """The trained agent that comes with the course; `course/data/README.md` says how it was made."""
    with as_file(files("course") / "data" / "pong_agent.pt") as path:
        return load(path)


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

    Lesson 9.
    """
    points, max_steps = whole("points", points, low=1), whole("max_steps", max_steps, low=1)
    rng = np.random.default_rng([whole("seed", seed, low=0), 3])
    agent = _in_32_bits(agent)
    rows: list[tuple] = []
    env = games.make("pong", envs=1)
    try:
        obs, _ = env.reset(seed=seed)
        with one_thread():
            for _ in range(max_steps):
                actions, _ = agent.act(obs, rng, greedy=greedy)
                before = obs[0]
                obs, rewards, terminated, truncated, info = env.step(actions)
                rows.append((before, actions[0], float(rewards[0])))
                points -= bool(rewards[0])
                if points == 0 or terminated[0] or truncated[0]:
                    break
            over = bool(terminated[0])
            last = info["final_obs"][:1] if over or truncated[0] else obs
            seen, played, paid = (np.array(column) for column in zip(*rows, strict=True))
            values = agent.values(np.concatenate([seen, last]))
            logs = agent.log_probs(seen)
    finally:
        env.close()
    ended = (paid != 0) & config.point_ends
    ended[-1] |= over
    judged = paid, values[:-1], values[1:], ended
    deltas = td_errors(*judged, gamma=config.gamma)
    advantages = gae(*judged, np.zeros_like(ended), gamma=config.gamma, lam=config.lam)
    return Record(
        seed, 0, seen, played, np.exp(logs, dtype=np.float64), paid, values[:-1], deltas, advantages
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
    if game.first or (part.seed, part.first + len(part) > len(game)) != (game.seed, False):
        raise ValueError("game must be a record from the start of its game, and rally a part of it")
    last = part.first + min(len(part), whole("steps", len(part) if steps is None else steps, low=1))
    console = AtariVectorEnv(
        "pong",
        1,
        img_height=210,
        img_width=160,
        grayscale=False,
        stack_num=1,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    try:
        seen, pictures = console.reset(seed=game.seed)[0], []
        for t, action in enumerate(game.actions[:last]):
            if t >= part.first:
                pictures.append(seen[0, 0].copy())
            seen = console.step(games.Pong.ACTIONS[[action]])[0]
    finally:
        console.close()
    return np.array(pictures)


def _in_32_bits(agent: Agent) -> Agent:
    agent = copy.deepcopy(agent)
    agent.half = False
    return agent

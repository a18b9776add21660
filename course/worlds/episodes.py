"""Episodes of a small world: all that can happen, each with its probability, or some that were played.

All episodes of a world fit in one array: an average over them, each at its probability, is exact.

Time is axis 0, episodes are columns, and row t speaks about the step from s_t to s_{t+1}. Episodes
of unequal length share an array: the rows after a column's end are not `real` and hold zeros.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, whole
from course.returns import reward_to_go
from course.worlds.model import World, policy

MOST_EPISODES = 100_000  # a longer list is refused: it would not be instant any more
STEPWISE = ("states", "actions", "rewards", "next_states", "terminated", "truncated", "real")
OVER = -1  # stands for the state, and for the outcome, of an episode that has ended


@dataclass(frozen=True, eq=False, kw_only=True)
class Episodes:
    """N episodes side by side, and how likely each is."""

    states: NDArray[np.int64]  # [T, N]
    actions: NDArray[np.int64]  # [T, N]
    rewards: Array  # [T, N]
    next_states: NDArray[np.int64]  # [T, N] really reached
    terminated: NDArray[np.bool_]  # [T, N]
    truncated: NDArray[np.bool_]  # [T, N]
    real: NDArray[np.bool_]  # [T, N] false in the rows after an episode's end
    probability: Array  # [N], sums to 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of steps of each episode, shape [N]."""
        return self.real.sum(axis=0)

    def returns(self, *, gamma: float = 1.0) -> Array:
        """Discounted sum of each episode's rewards, shape [N]."""
        return reward_to_go(self.rewards, gamma=gamma)[0]

    def one(self, n: int) -> "Episodes":
        """Episode n alone, without the rows after its end: arrays of shape [T]; its probability is 1."""
        rows = self.real[:, n]
        return Episodes(
            states=self.states[rows, n],
            actions=self.actions[rows, n],
            rewards=self.rewards[rows, n],
            next_states=self.next_states[rows, n],
            terminated=self.terminated[rows, n],
            truncated=self.truncated[rows, n],
            real=self.real[rows, n],
            probability=np.ones(1),
        )

    def draw(self, *, batch: int, batches: int, seed: int) -> NDArray[np.int64]:
        """Draw episodes at their probability: column numbers, shape [batches, batch].

        Raises:
            ValueError: if `batch` or `batches` is below 1.
        """
        shape = (whole("batches", batches, low=1), whole("batch", batch, low=1))
        edges = np.cumsum(self.probability)
        ticks = np.random.default_rng(seed).random(shape) * edges[-1]
        return np.searchsorted(edges, ticks, side="right")


def all_episodes(world: World, theta: ArrayLike) -> Episodes:
    """List every episode that can happen, with its probability: averages over them are exact.

    Grown step by step: each unfinished column is copied once for each outcome that can follow it.

    Args, Raises: as `policy`; also ValueError if there are more than `MOST_EPISODES`. A world in
    which you can walk in circles has no longest episode: give it a `time_limit`.

    Returns:
        All N episodes; T is the longest.

    Lesson 4.
    """
    chance = policy(world, theta)[:, :, None] * world.chance
    ways = _Ways.of(world)

    # One column an episode so far; a row of `paths` holds the outcomes of a step, -1 after an end.
    paths = np.zeros((0, 1), dtype=np.int64)
    states = np.array([world.start])
    while (states != OVER).any() and len(paths) != world.time_limit:
        column, outcomes = ways.branch(states)
        paths = np.vstack([paths[:, column], outcomes])
        states = _follow(world, outcomes)

    probability = np.where(paths != OVER, chance.ravel()[paths], 1.0).prod(axis=0)
    return _episodes(world, paths, probability)


def play(world: World, theta: ArrayLike, *, episodes: int, seed: int) -> Episodes:
    """Play episodes by chance, as an agent would meet them: also where they cannot all be listed.

    Args:
        world, theta: as `policy`.
        episodes: how many, at least 1.
        seed: the same seed gives the same episodes.

    Returns:
        N = `episodes` episodes, each with probability 1/N.

    Raises:
        ValueError: as `policy`, or if `episodes` is below 1.

    Lesson 7.
    """
    episodes = whole("episodes", episodes, low=1)
    rng = np.random.default_rng(seed)

    chance = policy(world, theta)[:, :, None] * world.chance
    edges = np.cumsum(chance.reshape(len(chance), -1), axis=1)
    edges /= edges[:, -1:]  # the last edge is 1 exactly, so that no tick falls beyond it

    paths = []
    states = np.full(episodes, world.start)
    while (states != OVER).any() and len(paths) != world.time_limit:
        nth = (rng.random(episodes)[:, None] >= edges[states]).sum(axis=1)
        paths.append(np.where(states != OVER, states * chance[0].size + nth, OVER))
        states = _follow(world, paths[-1])

    return _episodes(world, np.array(paths), np.full(episodes, 1 / episodes))


def play_on(world: World, theta: ArrayLike, *, environments: int, steps: int, seed: int) -> Episodes:
    """Play for a number of steps in each of several environments: after an ending a new episode begins.

    So row t + 1 of a column may belong to another episode than row t, as in the log of a program that
    trains. There are no rows that only reset.

    Args:
        world, theta: as `policy`.
        environments: N, at least 1.
        steps: T, of each environment, at least 1.
        seed: the same seed gives the same steps; each environment has its own stream of chance.

    Returns:
        Arrays [T, N], every row real, each environment with probability 1/N.

    Raises:
        ValueError: as `policy`, or if a number is out of range.

    Lesson 9.
    """
    environments = whole("environments", environments, low=1)
    steps = whole("steps", steps, low=1)

    streams = []
    for environment in range(environments):
        # An episode has at least one step, so this many are always enough.
        own = int(np.random.SeedSequence([seed, environment]).generate_state(1)[0])
        e = play(world, theta, episodes=steps, seed=own)
        one_by_one = np.nonzero(e.real.T)
        streams.append({name: getattr(e, name).T[one_by_one][:steps] for name in STEPWISE})

    columns = {name: np.stack([stream[name] for stream in streams], axis=1) for name in STEPWISE}
    return Episodes(**columns, probability=np.full(environments, 1 / environments))


@dataclass(frozen=True, eq=False)
class _Ways:
    """All outcomes that can happen, the ways, state after state.

    In a world with two ways out of state 0 and three out of state 1:

        outcomes   w0 w0 | w1 w1 w1     numbers in the world's own [S, A, K], flat
        count        2   |    3         ways out of each state
        first        0   |    2         where they begin
    """

    outcomes: NDArray[np.int64]
    count: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, world: World) -> "_Ways":
        here, nth = np.nonzero(world.chance.reshape(len(world.chance), -1))
        count = np.bincount(here, minlength=len(world.chance))
        return cls(here * world.chance[0].size + nth, count, np.cumsum(count) - count)

    def branch(self, states: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Each column once for each way out of its state, [M]: which column, and which outcome.

        A column that is over goes on once, with no outcome. In the world above:

            states    1        over    0
            copies    3        1       2
            column    0  0  0  1       2  2
            nth       0  1  2  0       0  1      of the copies of a column
            outcome   w1 w1 w1 -1      w0 w0
        """
        copies = np.where(states != OVER, self.count[states], 1)
        if copies.sum() > MOST_EPISODES:
            raise ValueError(f"world must have at most {MOST_EPISODES} episodes: give it a time_limit")

        column = np.repeat(np.arange(len(states)), copies)
        nth = np.arange(len(column)) - (np.cumsum(copies) - copies)[column]

        at = states[column]
        going = at != OVER
        outcomes = np.full(len(column), OVER)
        outcomes[going] = self.outcomes[self.first[at[going]] + nth[going]]
        return column, outcomes


def _follow(world: World, outcomes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The state after each outcome, or OVER."""
    over = (outcomes == OVER) | world.terminated.ravel()[outcomes]
    return np.where(over, OVER, world.next_states.ravel()[outcomes])


def _episodes(world: World, paths: NDArray[np.int64], probability: Array) -> Episodes:
    """Look up what each outcome of the paths [T, N] was."""
    real = paths != OVER
    paths = np.where(real, paths, 0)
    states, actions, _ = np.unravel_index(paths, world.chance.shape)
    terminated = real & world.terminated.ravel()[paths]

    truncated = np.zeros_like(real)
    if len(paths) == world.time_limit:
        truncated[-1] = real[-1] & ~terminated[-1]

    return Episodes(
        states=np.where(real, states, 0),
        actions=np.where(real, actions, 0),
        rewards=np.where(real, world.rewards.ravel()[paths], 0.0),
        next_states=np.where(real, world.next_states.ravel()[paths], 0),
        terminated=terminated,
        truncated=truncated,
        real=real,
        probability=probability,
    )

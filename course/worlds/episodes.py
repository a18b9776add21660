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


@dataclass(frozen=True, eq=False)
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

    def draw(self, *, batch: int, batches: int, seed: int) -> NDArray[np.int64]:
        """Draw episodes at their probability: column numbers, shape [batches, batch]."""
        shape = whole("batches", batches, low=1), whole("batch", batch, low=1)
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

    Lesson 3.
    """
    chance = policy(world, theta)[:, :, None] * world.chance
    ways = [np.flatnonzero(outcomes) for outcomes in world.chance.reshape(len(chance), -1)]
    counts = np.array([len(way) for way in ways])
    ways, first = np.concatenate(ways), np.cumsum(counts) - counts
    paths, states = np.zeros((0, 1), dtype=np.int64), np.array([world.start])
    while (states >= 0).any() and len(paths) != world.time_limit:
        copies = np.where(states >= 0, counts[states], 1)
        if copies.sum() > MOST_EPISODES:
            raise ValueError(f"world must have at most {MOST_EPISODES} episodes: give it a time_limit")
        nth = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
        states = np.repeat(states, copies)
        outcomes, going = np.full(len(states), -1), states >= 0  # -1 stands after an end
        at = states[going]
        outcomes[going] = at * chance[0].size + ways[first[at] + nth[going]]
        paths = np.vstack([np.repeat(paths, copies, axis=1), outcomes])
        states = _follow(world, outcomes)
    probability = np.where(paths >= 0, chance.ravel()[paths], 1.0).prod(axis=0)
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

    Lesson 6.
    """
    episodes, rng = whole("episodes", episodes, low=1), np.random.default_rng(seed)
    chance = policy(world, theta)[:, :, None] * world.chance
    edges = np.cumsum(chance.reshape(len(chance), -1), axis=1)
    edges /= edges[:, -1:]  # the last edge is 1 exactly, so that no tick falls beyond it
    paths, states = [], np.full(episodes, world.start)
    while (states >= 0).any() and len(paths) != world.time_limit:
        nth = (rng.random(episodes)[:, None] >= edges[states]).sum(axis=1)
        paths.append(np.where(states >= 0, states * chance[0].size + nth, -1))
        states = _follow(world, paths[-1])
    return _episodes(world, np.array(paths), np.full(episodes, 1 / episodes))


def _follow(world: World, outcomes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The state after each outcome, or -1 where the episode is over."""
    over = (outcomes < 0) | world.terminated.ravel()[outcomes]
    return np.where(over, -1, world.next_states.ravel()[outcomes])


def _episodes(world: World, paths: NDArray[np.int64], probability: Array) -> Episodes:
    real = paths >= 0
    paths = np.where(real, paths, 0)
    states, actions, _ = np.unravel_index(paths, world.chance.shape)
    terminated = real & world.terminated.ravel()[paths]
    truncated = np.zeros_like(real)
    if len(paths) == world.time_limit:
        truncated[-1] = real[-1] & ~terminated[-1]
    return Episodes(
        np.where(real, states, 0),
        np.where(real, actions, 0),
        np.where(real, world.rewards.ravel()[paths], 0.0),
        np.where(real, world.next_states.ravel()[paths], 0),
        terminated,
        truncated,
        real,
        probability,
    )

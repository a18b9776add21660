"""Critics that are tables, one value a state, and how they learn from episodes."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, Refusal, finite, same_shape
from course.returns import td_update
from course.worlds import Episodes, World, play, policy, state_values


def values_over_episodes(
    world: World,
    theta: ArrayLike,
    *,
    episodes: int,
    lr: float = 0.1,
    seed: int,
    table: ArrayLike | None = None,
    log: Callable[[Episodes], Episodes] | None = None,
) -> Array:
    """What a critic says before the first episode and after each of them: TD(0), step by step.

    Args:
        world, theta: where, and by which policy.
        episodes: how many to play and learn from, at least 1.
        lr: step size, in [0, 1].
        seed: of the episodes.
        table: values to start from, shape [S]; zeros if not given.
        log: turns what was played into what the critic is told of it; the truth if not given. It must
            keep the shapes.

    Returns:
        Values, shape [episodes + 1, S]. A step that a time limit cut is learnt from like any other.

    Raises:
        ValueError: if a number is out of range or `table` has another shape.

    Lesson 9.
    """
    table = finite("table", np.zeros(len(world.chance)) if table is None else table)
    same_shape(table=table, one_a_state=world.chance[:, 0, 0])
    played = play(world, theta, episodes=episodes, seed=seed)
    told = played if log is None else log(played)

    # Episode after episode, each from its first step to its last.
    tables = [table]
    for episode in range(episodes):
        for step in np.flatnonzero(played.real[:, episode]):
            table = td_update(
                table,
                told.states[step, episode],
                told.rewards[step, episode],
                told.next_states[step, episode],
                told.terminated[step, episode],
                gamma=world.gamma,
                lr=lr,
            )
        tables.append(table)
    return np.array(tables)


def learn_values(
    world: World,
    theta: ArrayLike,
    *,
    episodes: int,
    lr: float = 0.1,
    seed: int,
    table: ArrayLike | None = None,
) -> Array:
    """A critic that has seen some episodes: the last row of `values_over_episodes`, shape [S].

    Args, Raises: as there.
    """
    return values_over_episodes(world, theta, episodes=episodes, lr=lr, seed=seed, table=table)[-1]


class Target(NamedTuple):
    """What a critic is pulled towards: mean and spread of its target in every state, in points."""

    mean: Array
    std: Array


def td_targets(world: World, theta: ArrayLike, tables: ArrayLike) -> Target:
    """Mean and standard deviation of a critic's own TD target, exactly: no sampling.

        target = r + gamma (1 - terminated) V(s')

    Args:
        world, theta: where, and by which policy.
        tables: the critic's V of every state, shape [..., S]: one table, or many.

    Returns:
        Mean and standard deviation, each of shape [..., S].

    Raises:
        ValueError: if `tables` is not finite or its last axis is not one number a state.

    Sutton & Barto (2018), section 6.1. Lesson 7.
    """
    tables = finite("tables", tables)
    if tables.shape[-1:] != (len(world.chance),):
        raise Refusal(f"tables must end with {len(world.chance)} states, got shape {tables.shape}")
    chance = policy(world, theta)[:, :, None] * world.chance

    # One target for each outcome, [..., S, A, K].
    targets = world.rewards + world.gamma * ~world.terminated * tables[..., world.next_states]
    mean = (chance * targets).sum(axis=(-2, -1))
    away = targets - mean[..., None, None]
    return Target(mean, np.sqrt((chance * away**2).sum(axis=(-2, -1))))


def three_critics(
    world: World, theta: ArrayLike, *, episodes: int = 100, lr: float = 0.1, seed: int = 0
) -> dict[str, Array]:
    """One critic at three ages, as tables of shape [S].

    "untrained" is noise with a standard deviation of 1 point; "half-trained" is the same after
    TD(0) on `episodes` episodes, with arguments as in `learn_values`; "perfect" is V. In the
    corridor, 100 episodes halve the critic's error; what that is worth depends on the seed.

    Lesson 8.
    """
    untrained = np.random.default_rng(seed).normal(size=len(world.chance))
    half_trained = learn_values(world, theta, episodes=episodes, lr=lr, seed=seed, table=untrained)

    return {
        "perfect": state_values(world, theta),
        "half-trained": half_trained,
        "untrained": untrained,
    }

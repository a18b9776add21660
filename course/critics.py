"""Critics that are tables, one value a state, and how they learn from episodes."""

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, finite, same_shape
from course.returns import td_update
from course.worlds import World, play, state_values


def learn_values(
    world: World,
    theta: ArrayLike,
    *,
    episodes: int,
    lr: float = 0.1,
    seed: int,
    table: ArrayLike | None = None,
) -> Array:
    """A critic that has seen some episodes: TD(0), step by step.

    Args:
        world, theta: where, and by which policy.
        episodes: how many to play and learn from, at least 1.
        lr: step size, in [0, 1].
        seed: of the episodes.
        table: values to start from, shape [S]; zeros if not given.

    Returns:
        The learnt values, shape [S]. A step that a time limit cut is learnt from like any other.

    Raises:
        ValueError: if a number is out of range or `table` has another shape.

    Lesson 6.
    """
    table = finite("table", np.zeros(len(world.chance)) if table is None else table)
    same_shape(table=table, one_a_state=world.chance[:, 0, 0])
    played = play(world, theta, episodes=episodes, seed=seed)

    # Episode after episode, each from its first step to its last.
    for episode, step in np.argwhere(played.real.T):
        table = td_update(
            table,
            played.states[step, episode],
            played.rewards[step, episode],
            played.next_states[step, episode],
            played.terminated[step, episode],
            gamma=world.gamma,
            lr=lr,
        )
    return table


def three_critics(
    world: World, theta: ArrayLike, *, episodes: int = 100, lr: float = 0.1, seed: int = 0
) -> dict[str, Array]:
    """One critic at three ages, as tables of shape [S].

    "untrained" is noise with a standard deviation of 1 point; "half-trained" is the same after
    TD(0) on `episodes` episodes, with arguments as in `learn_values`; "perfect" is V. In the
    corridor, 100 episodes halve the critic's error; what that is worth depends on the seed.

    Lesson 7.
    """
    untrained = np.random.default_rng(seed).normal(size=len(world.chance))
    half_trained = learn_values(world, theta, episodes=episodes, lr=lr, seed=seed, table=untrained)

    return {
        "perfect": state_values(world, theta),
        "half-trained": half_trained,
        "untrained": untrained,
    }

"""What the studies compare: one way to train as it is, and one change at a time to it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from course.arrays import Array
from course.returns import gae


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train: a `Config`, what every reward is multiplied by, and what `train` is given."""

    config: Any
    scale: float = 1.0
    functions: dict[str, Callable] = field(default_factory=dict)
    envs: int | None = None  # copies of the game side by side; as `games.make` if None
    stop_at: float = np.inf  # a run is over when the score gets there, in points,
    hopeless_below: float = -np.inf  # or when it is still below this
    hopeless_after: float = np.inf  # after so many steps


@dataclass(frozen=True)
class Study:
    """A game, and the variants that play it, by name. They are made when asked for: that loads torch."""

    game: str
    variants: Callable[[], dict[str, Variant]]


def without_critic(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Array,
    truncated: Array,
    *,
    gamma: float,
    lam: float,
) -> Array:
    """Reward-to-go up to the rollout's end, where `train` expects `gae`: no value is asked for."""
    nothing = np.zeros_like(values)
    return gae(rewards, nothing, nothing, terminated, truncated, gamma=gamma, lam=1.0)


def without_bootstrap(
    rewards: Array,
    values: Array,
    next_values: Array,
    terminated: Array,
    truncated: Array,
    *,
    gamma: float,
    lam: float,
) -> Array:
    """GAE that takes every end, a time limit's and the rollout's, for the end of the task."""
    over = terminated | truncated
    over[-1] = True
    return gae(rewards, values, next_values, over, truncated, gamma=gamma, lam=lam)


def as_it_is(advantages: Array, *, floor: float) -> Array:
    """No normalisation."""
    return advantages


def cartpole_variants() -> dict[str, Variant]:
    """One change at a time to `CARTPOLE`; 60,000 steps each."""
    from course.train import CARTPOLE

    base = replace(CARTPOLE, env_steps=60_000)
    no_critic = replace(base, value_weight=0.0)
    no_return_normalisation = replace(base, return_rate=0.0)

    return {
        "as given": Variant(config=base),
        "no critic": Variant(config=no_critic, functions={"gae": without_critic}),
        "no critic, longer rollouts": Variant(
            config=replace(no_critic, steps=250), functions={"gae": without_critic}, envs=8
        ),
        "no bootstrap": Variant(config=base, functions={"gae": without_bootstrap}),
        "lam = 0": Variant(config=replace(base, lam=0.0)),
        "lam = 1": Variant(config=replace(base, lam=1.0)),
        "no advantage normalisation": Variant(config=base, functions={"normalize": as_it_is}),
        "shared body": Variant(config=replace(base, shared=True)),
        "no return normalisation": Variant(config=no_return_normalisation),
        "rewards x 10^6": Variant(config=base, scale=1e6),
        "rewards x 10^6, no return normalisation": Variant(config=no_return_normalisation, scale=1e6),
    }


def pong_variants() -> dict[str, Variant]:
    """`PONG`, and one change at a time, to a score of 18; below -18 after 400,000 steps a run is given up.

    Without return normalisation one learner played, not two: only the rounding differs.
    """
    from course.train import PONG

    configs = {
        "as given": PONG,
        "no return normalisation": replace(PONG, return_rate=0.0, learners=1),
        "no floor": replace(PONG, advantage_floor=1e-8),
    }
    return {
        name: Variant(config=config, stop_at=18, hopeless_below=-18, hopeless_after=400_000)
        for name, config in configs.items()
    }


STUDIES = {
    "cartpole": Study("CartPole-v1", cartpole_variants),
    "pong": Study("pong", pong_variants),
}

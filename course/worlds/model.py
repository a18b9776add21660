"""Small worlds, each with a policy, and what is true of them exactly: no sampling, no error.

A world is a finite Markov decision process with a softmax policy. It is small enough that the value
of every state is the solution of a few linear equations. `course.worlds.episodes` lists its episodes,
`course.worlds.gallery` holds the worlds themselves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, finite, number, same_shape, whole


@dataclass(frozen=True, eq=False, kw_only=True)
class World:
    """S states, A actions, and for each pair up to K things that may happen next.

    The policy is a softmax over preferences that are linear in D parameters theta:

        pi(a|s) = softmax over a of features[s, a] . theta

    With one feature a state it is a table. `theta` holds the policy that the lessons look at.
    """

    chance: Array  # [S, A, K] of each outcome; they sum to 1 over K
    next_states: NDArray[np.int64]  # [S, A, K]
    rewards: Array  # [S, A, K] points
    terminated: NDArray[np.bool_]  # [S, A, K] true where the outcome ends the task
    features: Array  # [S, A, D]
    theta: Array  # [D]
    start: int = 0
    gamma: float = 1.0  # discount of the objective: what this world asks for
    time_limit: int | None = None  # steps after which somebody stops watching

    def __post_init__(self) -> None:
        """Refuse a world whose chances do not sum to 1, or that has states with no way to end."""
        if not np.allclose(self.chance.sum(axis=2), 1) or self.chance.min() < 0:
            raise ValueError("chance must be at least 0 and sum to 1 over the outcomes of each action")
        number("gamma", self.gamma, low=0, high=1)
        if self.time_limit is not None:
            whole("time_limit", self.time_limit, low=1)

        # A state leads to an end if one of its outcomes ends, or leads to a state that does.
        ends = np.zeros(len(self.chance), dtype=bool)
        for _ in range(len(ends)):
            ends = ((self.terminated | ends[self.next_states]) & (self.chance > 0)).any(axis=(1, 2))
        if not ends.all():
            raise ValueError(f"every state must lead to an end, but these do not: {np.where(~ends)[0]}")


def policy(world: World, theta: ArrayLike) -> Array:
    """Probability of every action in every state.

        pi(a|s) = exp(h(s, a)) / sum over b of exp(h(s, b)),    h(s, a) = features[s, a] . theta

    Args:
        world: where the policy acts.
        theta: its parameters, shape [D].

    Returns:
        Probabilities, shape [S, A]; each row sums to 1.

    Raises:
        ValueError: if `theta` is not finite or has another shape.

    Sutton & Barto (2018), eq. 13.2. Lesson 4.
    """
    theta = finite("theta", theta)
    same_shape(theta=theta, one_feature=world.features[0, 0])
    preferences = world.features @ theta
    likes = np.exp(preferences - preferences.max(axis=1, keepdims=True))
    return likes / likes.sum(axis=1, keepdims=True)


def score_table(world: World, theta: ArrayLike) -> Array:
    """Score function of every action in every state: which way theta must go to make it likelier.

        grad log pi(a|s) = features[s, a] - sum over b of pi(b|s) features[s, b]

    Args, Raises: as `policy`.

    Returns:
        Score functions, shape [S, A, D]. Their mean over the policy's actions is 0 in every state.

    Sutton & Barto (2018), eq. 13.9. Lesson 4.
    """
    expected = np.einsum("sa,sad->sd", policy(world, theta), world.features)
    return world.features - expected[:, None]


def state_values(world: World, theta: ArrayLike, *, gamma: float | None = None) -> Array:
    """V of every state under the policy, exactly: the solution of Bellman's equations.

        V(s) = E[r + gamma (1 - terminated) V(s')]

    A time limit does not enter. It stops the watching, and a state keeps its value.

    Args:
        world, theta: as `policy`.
        gamma: discount, in [0, 1]; the world's own if not given.

    Returns:
        V, shape [S].

    Raises:
        ValueError: as `policy`, or if `gamma` is outside [0, 1].

    Sutton & Barto (2018), eq. 3.14. Lesson 6.
    """
    gamma = world.gamma if gamma is None else number("gamma", gamma, low=0, high=1)
    chance = policy(world, theta)[:, :, None] * world.chance
    step = _transitions(world, chance)
    return np.linalg.solve(np.eye(len(step)) - gamma * step, (chance * world.rewards).sum(axis=(1, 2)))


def action_values(world: World, theta: ArrayLike, *, gamma: float | None = None) -> Array:
    """Q of every action in every state: take the action once, then follow the policy.

        Q(s, a) = E[r + gamma (1 - terminated) V(s') | s, a]

    Args, Raises: as `state_values`.

    Returns:
        Q, shape [S, A]. Its mean over the policy's actions is V.

    Sutton & Barto (2018), section 3.5. Lesson 6.
    """
    values = state_values(world, theta, gamma=gamma)
    gamma = world.gamma if gamma is None else gamma
    worth = world.rewards + gamma * ~world.terminated * values[world.next_states]
    return (world.chance * worth).sum(axis=2)


def true_gradient(world: World, theta: ArrayLike) -> Array:
    """Gradient of the expected return from the start, exactly, by the policy gradient theorem.

        grad J = sum over s of n(s)  sum over a of pi(a|s) Q(s, a) grad log pi(a|s)

    n(s) is how often the state is met, each meeting at step t counted gamma^t. With a time limit,
    only the meetings before it count: it is the gradient of "play up to there by theta, then go on
    as before".

    Args, Raises: as `policy`.

    Returns:
        The gradient, shape [D]. No episode is listed or sampled on the way.

    Sutton & Barto (2018), eq. 13.5. Lesson 4.
    """
    probability = policy(world, theta)
    step = world.gamma * _transitions(world, probability[:, :, None] * world.chance)

    here = np.eye(len(step))[world.start]
    if world.time_limit is None:
        met = np.linalg.solve(np.eye(len(step)) - step.T, here)
    else:
        met = np.zeros(len(step))
        for _ in range(world.time_limit):
            met = met + here
            here = here @ step

    worth = met[:, None] * probability * action_values(world, theta)
    return np.einsum("sa,sad->d", worth, score_table(world, theta))


def _transitions(world: World, chance: Array) -> Array:
    """Probability to go from state to state without ending, shape [S, S]."""
    step = np.zeros((len(chance), len(chance)))
    here = np.broadcast_to(np.arange(len(chance))[:, None, None], chance.shape)
    np.add.at(step, (here, world.next_states), chance * ~world.terminated)
    return step

"""Policy-gradient estimators, and exactly how far off and how noisy each of them is.

An estimator looks at one episode and guesses the gradient of the expected return:

    g = sum over t of w_t grad log pi(a_t|s_t)

Estimators differ in the weight w_t alone. In a world of `course.worlds` every episode can be listed
with its probability, so the mean and the covariance of g are exact numbers. `critic` is a table of
values, one a state. A variance here is that of one episode's estimate, summed over the D parameters
(the trace of the covariance); the mean of B episodes has 1/B of it. A variance alone becomes as
small as you like if you shrink w, and signal-to-noise does not see where a biased estimate points:
judge the unbiased by `snr`, and all by `cosine` and `Estimate.error`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, finite, number, one_of, same_shape, whole
from course.returns import gae, n_step_advantages, reward_to_go
from course.worlds import Episodes, World, all_episodes, score_table, true_gradient


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """How good one estimator of the gradient is: E g and Cov g are of one episode's estimate g."""

    estimator: str = ""  # its name in a figure
    critic: str = ""  # whose values it used
    bias: float  # |E g - true gradient|
    relative_bias: float  # bias / |true gradient|
    variance: float  # trace of Cov g
    snr: float  # |E g|^2 / variance, no unit
    cosine: float  # between E g and the true gradient; NaN if E g is 0

    def error(self, batch: int) -> float:
        """Mean squared distance of a batch's estimate to the truth: bias^2 + variance / batch.

        Raises:
            ValueError: if `batch` is below 1.
        """
        return self.bias**2 + self.variance / whole("batch", batch, low=1)


def standard_error(rewards: ArrayLike) -> float:
    """How far the mean of a batch is likely to be off, estimated from the batch itself.

        sqrt(var / n),    var with n - 1 below

    Args:
        rewards: independent scores, in points, shape [n], n >= 2.

    Returns:
        Points. A hundred times the batch buys one more digit.

    Raises:
        ValueError: if there are fewer than two rewards, another shape, or a number is not finite.

    Example:
        >>> standard_error([1, 3, 3, 5, 3])
        0.6324555320336759

    Lesson 3.
    """
    rewards = finite("rewards", rewards)
    if rewards.ndim != 1 or len(rewards) < 2:
        raise ValueError(f"rewards must have shape [n] with n >= 2, got {rewards.shape}")
    return float(np.sqrt(rewards.var(ddof=1) / len(rewards)))


def score_function(probabilities: ArrayLike, action: int) -> Array:
    """Gradient of log pi(action) in the K logits of a softmax: which way they must move to make it likelier.

        d log pi(a) / d z_k = 1[k = a] - pi(k)

    Args:
        probabilities: pi(k), shape [K]; they sum to 1.
        action: the one that was taken, 0 to K - 1.

    Returns:
        Shape [K]. The entries sum to 0, and so does their mean over the policy's actions.

    Raises:
        ValueError: if `probabilities` has another shape, is below 0 or does not sum to 1, or `action`
            is none of its rows.

    Example:
        >>> score_function([0.5, 0.25, 0.25], 1)
        array([-0.5 ,  0.75, -0.25])

    Sutton & Barto (2018), eq. 13.9. Lesson 4.
    """
    probabilities = finite("probabilities", probabilities)
    if probabilities.ndim != 1 or not probabilities.size:
        raise ValueError(f"probabilities must have shape [K], not empty, got {probabilities.shape}")
    if probabilities.min() < 0 or not np.isclose(probabilities.sum(), 1):
        raise ValueError("probabilities must be at least 0 and sum to 1")
    action = whole("action", action, low=0)
    if action >= len(probabilities):
        raise ValueError(f"action must be below {len(probabilities)}, got {action}")

    gradient = -probabilities
    gradient[action] += 1
    return gradient


def policy_gradient(score_functions: ArrayLike, rewards: ArrayLike) -> Array:
    """Estimate the gradient of the expected reward from a batch of answers.

        g = mean over the batch of R grad log pi

    Args:
        score_functions: grad log pi of each sampled answer, shape [B, D].
        rewards: what each was paid, in points, shape [B]. No baseline is subtracted.

    Returns:
        g, shape [D].

    Raises:
        ValueError: if the shapes do not fit, the batch is empty or a number is not finite.

    Example:
        >>> policy_gradient([[1, 0], [0, 2]], [4, 6])
        array([2., 6.])

    Williams (1992), Machine Learning 8:229-256. Lesson 4.
    """
    scores = finite("score_functions", score_functions)
    rewards = finite("rewards", rewards)
    if scores.ndim != 2 or rewards.shape != scores.shape[:1] or not scores.size:
        given = f"{scores.shape} and {rewards.shape}"
        raise ValueError(f"score_functions and rewards must be [B, D] and [B], got {given}")
    return rewards @ scores / len(rewards)


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """What a weight may look at: the steps of N episodes [T, N], and what the critic says of them."""

    rewards: Array
    values: Array
    next_values: Array
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    real: NDArray[np.bool_]
    total: Array  # [N] the discounted sum of all rewards
    gamma: float

    def record(self) -> dict[str, NDArray]:
        """What the advantages of `course.returns` take, by name."""
        names = ("rewards", "values", "next_values", "terminated", "truncated")
        return {name: getattr(self, name) for name in names}


def _whole_return(steps: _Steps) -> Array:
    return steps.total - steps.values


def _reward_to_go(steps: _Steps) -> Array:
    return reward_to_go(steps.rewards, gamma=steps.gamma) - steps.values


def _equal_shares(steps: _Steps) -> Array:
    return steps.real * steps.total / steps.real.sum(axis=0)


def _equal_shares_to_go(steps: _Steps) -> Array:
    return reward_to_go(_equal_shares(steps), gamma=steps.gamma)


def _gae(steps: _Steps, lam: float = 1.0) -> Array:
    return gae(**steps.record(), gamma=steps.gamma, lam=lam)


def _n_step(steps: _Steps, n: int = 1) -> Array:
    return n_step_advantages(**steps.record(), gamma=steps.gamma, n=n)


WEIGHTS: dict[str, Callable[..., Array]] = {
    "whole return": _whole_return,
    "reward-to-go": _reward_to_go,
    "equal shares": _equal_shares,
    "equal shares to go": _equal_shares_to_go,
    "GAE": _gae,
    "n-step": _n_step,
}
NOT_COUNTED = ("whole return", "equal shares")  # they pay every step by the whole score
OPTIONS = {"GAE": "lam", "n-step": "n"}  # which of the options a kind takes


def weights(
    kind: str,
    world: World,
    episodes: Episodes,
    *,
    critic: ArrayLike | None = None,
    gamma: float | None = None,
    **options: float,
) -> Array:
    """The weight w_t that an estimator puts on grad log pi(a_t|s_t).

        whole return          R - critic(s_t),    R the sum of all rewards
        reward-to-go          G_t - critic(s_t)
        equal shares          R / length
        equal shares to go    reward-to-go, as if every step had paid R / length
        GAE                   A_t with `lam`; at 0 the TD error
        n-step                A_t that looks n steps ahead

    All but the two that pay every step by the whole score are counted gamma^t, with the world's own gamma,
    as the policy gradient theorem asks.

    Args:
        kind: one of `WEIGHTS`.
        world: gives the discount of the objective.
        episodes: of that world.
        critic: values, or any baseline, of each state, shape [S]; zeros if not given.
        gamma: discount inside R, G_t and A_t; the world's own if not given.
        options: `lam` for GAE, 1 if not given; `n` for n-step, 1 if not given.

    Returns:
        w_t, shape [T, N]; 0 in rows that are not real.

    Raises:
        ValueError: if `kind` is not known or does not take that option, `critic` has another shape,
            or a number is out of range.

    Schulman et al. (2016), eq. 1. https://arxiv.org/abs/1506.02438. Lessons 4 to 8.
    """
    one_of("kind", kind, WEIGHTS)
    for name in options:
        if name != OPTIONS.get(kind):
            raise ValueError(f"{name} is not for kind {kind!r}; lam is for GAE and n for n-step")

    gamma = world.gamma if gamma is None else number("gamma", gamma, low=0, high=1)
    table = finite("critic", np.zeros(len(world.chance)) if critic is None else critic)
    same_shape(critic=table, one_a_state=world.chance[:, 0, 0])

    steps = _Steps(
        rewards=episodes.rewards,
        values=table[episodes.states],
        next_values=table[episodes.next_states],
        terminated=episodes.terminated,
        truncated=episodes.truncated,
        real=episodes.real,
        total=episodes.returns(gamma=gamma),
        gamma=gamma,
    )
    w = WEIGHTS[kind](steps, **options)
    if kind not in NOT_COUNTED:
        w = w * world.gamma ** np.arange(len(w))[:, None]

    return np.where(episodes.real, w, 0.0)


def episode_gradients(world: World, theta: ArrayLike, episodes: Episodes, step_weights: ArrayLike) -> Array:
    """Each episode's own estimate of the gradient.

        g = sum over t of w_t grad log pi(a_t|s_t)

    Args:
        world, theta: whose policy made the episodes.
        episodes: N of them. `gradients[episodes.draw(...)].mean(axis=1)` are estimates by batches.
        step_weights: w_t, shape [T, N]. Ones give the score function of the whole episode.

    Returns:
        g, shape [N, D]. If all episodes are listed, `episodes.probability @ g` is its exact mean.

    Raises:
        ValueError: if `step_weights` has another shape than the episodes, or is not finite.

    Lessons 4 to 8.
    """
    step_weights = finite("step_weights", step_weights)
    same_shape(step_weights=step_weights, rewards=episodes.rewards)
    scores = score_table(world, theta)[episodes.states, episodes.actions]
    return np.einsum("tn,tnd->nd", step_weights * episodes.real, scores)


def estimate(
    world: World,
    theta: ArrayLike,
    step_weights: Callable[[Episodes], ArrayLike],
    *,
    estimator: str = "",
    critic: str = "",
) -> Estimate:
    """Judge an estimator exactly: list all episodes, weigh their steps, and compare with the truth.

    Args:
        world, theta: as in `course.worlds`.
        step_weights: gives for all the N episodes their weights w_t, shape [T, N]; for example
            `partial(weights, "reward-to-go", world)`.
        estimator, critic: what a figure calls them.

    Returns:
        Bias, variance, signal-to-noise and cosine of one episode's estimate.

    Raises:
        ValueError: as `all_episodes` and `episode_gradients`.

    Example:
        >>> from course.worlds import corridor_world
        >>> world = corridor_world()
        >>> found = estimate(world, world.theta, lambda episodes: weights("whole return", world, episodes))
        >>> found.bias < 1e-12
        True

    Lessons 5 to 8.
    """
    episodes = all_episodes(world, theta)
    gradients = episode_gradients(world, theta, episodes, step_weights(episodes))
    truth = true_gradient(world, theta)
    return summarise(gradients, episodes.probability, truth, estimator=estimator, critic=critic)


def summarise(
    gradients: Array, probability: Array, truth: Array, *, estimator: str = "", critic: str = ""
) -> Estimate:
    """Compare estimates [N, D], each at its probability [N], with the true gradient [D]."""
    mean = probability @ gradients
    variance = float(probability @ _square(gradients - mean))
    return from_moments(mean, variance, truth, estimator=estimator, critic=critic)


def from_moments(
    mean: Array, variance: float, truth: Array, *, estimator: str = "", critic: str = ""
) -> Estimate:
    """Compare an estimator of which mean [D] and variance are known with the true gradient [D]."""
    bias, signal, size = (float(np.linalg.norm(vector)) for vector in (mean - truth, mean, truth))
    if signal**2 < 1e-24 * (variance + size**2):  # nothing but rounding, so it has no direction
        signal = 0.0

    return Estimate(
        estimator=estimator,
        critic=critic,
        bias=bias,
        relative_bias=bias / size if size else np.nan,
        variance=variance,
        snr=signal**2 / variance if variance else np.nan,
        cosine=float(mean @ truth / (signal * size)) if signal and size else np.nan,
    )


def best_baseline(
    world: World, theta: ArrayLike, *, kind: str = "reward-to-go", by_state: bool = True
) -> Array:
    """The baseline that leaves the least variance in the gradient. V is not it.

        b(s) = E[sum over visits of grad log pi . g] / E[sum over visits of |grad log pi|^2]

    g is the estimate without a baseline. Score functions of different steps are uncorrelated, so
    each state has an equation of its own, and any other baseline costs the squared distance to b,
    times what stands below. With a table of logits and two actions, b weighs each action's Q by the
    probability of the *other* action.

    Args:
        world, theta: as in `course.worlds`.
        kind: "reward-to-go" or "whole return".
        by_state: false for the best constant.

    Returns:
        b, shape [S], for use as `critic`; 0 where the policy never comes.

    Raises:
        ValueError: if `kind` is not allowed, or the world's episodes cannot be listed.

    Greensmith, Bartlett & Baxter (2004), JMLR 5:1471-1530; Keane & Gao (2022),
    https://arxiv.org/abs/2212.13587. Lesson 6.
    """
    one_of("kind", kind, ["reward-to-go", "whole return"])
    episodes = all_episodes(world, theta)
    states = len(world.chance)

    # Without a baseline, and what a baseline of 1 takes away from each weight: 1, or gamma^t.
    plain = weights(kind, world, episodes)
    counted = plain - weights(kind, world, episodes, critic=np.ones(states))
    scores = counted[:, :, None] * score_table(world, theta)[episodes.states, episodes.actions]
    along = np.einsum("tnd,nd->tn", scores, episode_gradients(world, theta, episodes, plain))

    # Sums over all visits of a state, or over all visits if the baseline is one constant.
    place = (episodes.states * bool(by_state)).ravel()
    above = np.bincount(place, (episodes.probability * along).ravel(), states)
    below = np.bincount(place, (episodes.probability * _square(scores)).ravel(), states)
    best = np.divide(above, below, out=np.zeros(states), where=below > 0)

    return best if by_state else np.full(states, best[0])


def _square(vectors: Array) -> Array:
    return (vectors**2).sum(axis=-1)

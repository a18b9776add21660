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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, finite, number, one_of, same_shape, whole
from course.returns import gae, n_step_advantages, reward_to_go, td_update
from course.worlds import (
    Episodes,
    World,
    all_episodes,
    play,
    score_table,
    state_values,
    true_gradient,
)

KINDS = ("whole return", "reward-to-go", "equal shares", "equal shares to go", "GAE", "n-step")


@dataclass(frozen=True)
class Estimate:
    """How good one estimator of the gradient is: E g and Cov g are of one episode's estimate g."""

    estimator: str
    critic: str  # whose values it used; "" if none
    bias: float  # |E g - true gradient|
    relative_bias: float  # bias / |true gradient|
    variance: float  # trace of Cov g
    snr: float  # |E g|^2 / variance, no unit
    cosine: float  # between E g and the true gradient; NaN if E g is 0

    def error(self, batch: int) -> float:
        """Mean squared distance of a batch's estimate to the truth: bias^2 + variance / batch."""
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

    Williams (1992), Machine Learning 8:229-256. Lesson 3.
    """
    scores, rewards = finite("score_functions", score_functions), finite("rewards", rewards)
    if scores.ndim != 2 or rewards.shape != scores.shape[:1] or not scores.size:
        given = f"{scores.shape} and {rewards.shape}"
        raise ValueError(f"score_functions and rewards must be [B, D] and [B], got {given}")
    return rewards @ scores / len(rewards)


def weights(
    kind: str,
    world: World,
    episodes: Episodes,
    *,
    critic: ArrayLike | None = None,
    gamma: float | None = None,
    lam: float = 1.0,
    n: int = 1,
) -> Array:
    """The weight w_t that an estimator puts on grad log pi(a_t|s_t).

        whole return          R - critic(s_t),    R the sum of all rewards
        equal shares          R / length
        equal shares to go    reward-to-go, as if every step had paid R / length
        reward-to-go          G_t - critic(s_t)
        GAE                   A_t with `lam`; at 0 the TD error
        n-step                A_t that looks n steps ahead

    The last four are counted gamma^t, with the world's own gamma, as the policy gradient theorem
    asks.

    Args:
        kind: one of `KINDS`.
        world: gives the discount of the objective.
        episodes: of that world.
        critic: values, or any baseline, of each state, shape [S]; zeros if not given.
        gamma: discount inside R, G_t and A_t; the world's own if not given.
        lam, n: for GAE and n-step.

    Returns:
        w_t, shape [T, N]; 0 in rows that are not real.

    Raises:
        ValueError: if `kind` is not known, `critic` has another shape, or a number is out of range.

    Schulman et al. (2016), eq. 1. https://arxiv.org/abs/1506.02438. Lessons 3 to 7.
    """
    one_of("kind", kind, KINDS)
    gamma = world.gamma if gamma is None else number("gamma", gamma, low=0, high=1)
    table = finite("critic", np.zeros(len(world.chance)) if critic is None else critic)
    same_shape(critic=table, one_a_state=world.chance[:, 0, 0])
    rewards, total = episodes.rewards, episodes.returns(gamma=gamma)
    values, next_values = table[episodes.states], table[episodes.next_states]
    record = (rewards, values, next_values, episodes.terminated, episodes.truncated)
    counted = world.gamma ** np.arange(len(rewards))[:, None]
    if kind == "whole return":
        w = total - values
    elif kind == "equal shares":
        w = np.broadcast_to(total / episodes.lengths, rewards.shape)
    elif kind == "equal shares to go":
        w = counted * reward_to_go(episodes.real * total / episodes.lengths, gamma=gamma)
    elif kind == "reward-to-go":
        w = counted * (reward_to_go(rewards, gamma=gamma) - values)
    elif kind == "GAE":
        w = counted * gae(*record, gamma=gamma, lam=lam)
    else:
        w = counted * n_step_advantages(*record, gamma=gamma, n=n)
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

    Lesson 3.
    """
    step_weights = finite("step_weights", step_weights)
    same_shape(step_weights=step_weights, rewards=episodes.rewards)
    scores = score_table(world, theta)[episodes.states, episodes.actions]
    return np.einsum("tn,tnd->nd", step_weights * episodes.real, scores)


def summarise(estimator: str, critic: str, gradients: Array, probability: Array, truth: Array) -> Estimate:
    """Compare estimates [N, D], each at its probability [N], with the true gradient [D]."""
    mean = probability @ gradients
    return _estimate(estimator, critic, mean, probability @ _square(gradients - mean), truth)


def leave_one_out(scores: Array, returns: Array, probability: Array, *, batch: int) -> tuple[Array, float]:
    """Mean and variance of the leave-one-out estimator, without listing a single batch.

        g = 1/n  sum over i of (R_i - mean of the other n - 1 returns) S_i

    g is the average over all pairs of (R_i - R_j) (S_i - S_j) / 2, a U-statistic, so its variance
    follows from moments of one episode and of one pair. Subtract the mean of all n returns instead,
    R_i among them, and g shrinks by exactly 1 - 1/n.

    Args:
        scores: S, the score function of each whole episode, shape [N, D].
        returns: R of each, in points, shape [N].
        probability: of each, shape [N]; all episodes are listed.
        batch: n, at least 2.

    Returns:
        The mean of g, shape [D], and n times the trace of its covariance: the variance per episode.

    Raises:
        ValueError: if `batch` is below 2.

    Hoeffding (1948), Annals of Mathematical Statistics 19(3), section 5; Kool, van Hoof & Welling
    (2019), "Buy 4 REINFORCE samples, get a baseline for free!". Lesson 5.
    """
    n = whole("batch", batch, low=2)
    centred = returns - probability @ returns  # a shift of all returns changes no pair
    alone = centred[:, None] * scores
    mean = probability @ alone
    both = probability @ _square(alone)
    apart = (probability @ centred**2) * (probability @ _square(scores))
    one, pair = (both - mean @ mean) / 4, (both + apart) / 2
    return mean, float(2 / (n - 1) * (2 * (n - 2) * one + pair))


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
    https://arxiv.org/abs/2212.13587. Lesson 5.
    """
    one_of("kind", kind, ["reward-to-go", "whole return"])
    episodes, states = all_episodes(world, theta), len(world.chance)
    plain = weights(kind, world, episodes)
    counted = plain - weights(kind, world, episodes, critic=np.ones(states))  # 1, or gamma^t
    scores = counted[:, :, None] * score_table(world, theta)[episodes.states, episodes.actions]
    along = np.einsum("tnd,nd->tn", scores, episode_gradients(world, theta, episodes, plain))
    place = (episodes.states * bool(by_state)).ravel()
    above = np.bincount(place, (episodes.probability * along).ravel(), states)
    below = np.bincount(place, (episodes.probability * _square(scores)).ravel(), states)
    best = np.divide(above, below, out=np.zeros(states), where=below > 0)
    return best if by_state else np.full(states, best[0])


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
    columns = (played.states, played.rewards, played.next_states, played.terminated)
    in_order = played.real.T  # one episode after the other
    for step in zip(*(column.T[in_order] for column in columns), strict=True):
        table = td_update(table, *step, gamma=world.gamma, lr=lr)
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
    half = learn_values(world, theta, episodes=episodes, lr=lr, seed=seed, table=untrained)
    return {"perfect": state_values(world, theta), "half-trained": half, "untrained": untrained}


def gae_rows(
    world: World,
    theta: ArrayLike,
    critics: Mapping[str, ArrayLike],
    *,
    lams: Sequence[float],
    gamma: float | None = None,
) -> list[Estimate]:
    """Exact rows of GAE for each critic and each `lam`; `gamma` as in `weights`. Lesson 7."""
    episodes, truth = all_episodes(world, theta), true_gradient(world, theta)
    rows = []
    for name, critic in critics.items():
        for lam in lams:
            w = weights("GAE", world, episodes, critic=critic, gamma=gamma, lam=lam)
            g = episode_gradients(world, theta, episodes, w)
            rows.append(summarise(f"GAE lam={lam:g}", name, g, episodes.probability, truth))
    return rows


def estimator_table(
    world: World,
    theta: ArrayLike,
    critics: Mapping[str, ArrayLike] | None = None,
    *,
    lams: Sequence[float] = (0.0, 0.5, 0.8, 0.9, 0.95, 1.0),
    looks: Sequence[int] = (2,),
    batch: int = 20,
) -> list[Estimate]:
    """Every estimator of the course in one world: bias, variance and signal-to-noise, all exact.

    Args:
        world, theta: as in `course.worlds`.
        critics: name and values [S] of each; `three_critics` if not given.
        lams: for GAE; 0 is the TD error.
        looks: steps that the n-step estimators look ahead.
        batch: size of a batch, for the two baselines that are made of the batch itself. Their
            variance is `batch` times that of the batch's estimate, to stand beside the others.

    Returns:
        One row for each estimator and critic.

    Raises:
        ValueError: as `all_episodes` and `weights`.

    Lessons 4 to 7.
    """
    critics = three_critics(world, theta) if critics is None else critics
    episodes, truth = all_episodes(world, theta), true_gradient(world, theta)
    chance, returns = episodes.probability, episodes.returns(gamma=world.gamma)
    plans = [(kind, "", kind, {}) for kind in KINDS[:4]]
    baselines = {"whole return - mean return": np.full(len(world.chance), chance @ returns)}
    for kind in ("whole return", "reward-to-go"):
        for name, by_state in (("best constant", False), ("best by state", True)):
            best = best_baseline(world, theta, kind=kind, by_state=by_state)
            baselines[f"{kind} - {name}"] = best
    for label, table in baselines.items():
        plans.append((label, "", label.split(" - ")[0], {"critic": table}))
    for name, table in critics.items():
        plans.append(("reward-to-go - critic", name, "reward-to-go", {"critic": table}))
        plans += [(f"{n}-step", name, "n-step", {"critic": table, "n": n}) for n in looks]
    rows = []
    for label, name, kind, options in plans:
        w = weights(kind, world, episodes, **options)
        g = episode_gradients(world, theta, episodes, w)
        rows.append(summarise(label, name, g, chance, truth))
    scores = episode_gradients(world, theta, episodes, np.ones_like(episodes.rewards))
    mean, spread = leave_one_out(scores, returns, chance, batch=batch)
    shrink = 1 - 1 / batch
    rows.append(_estimate(f"leave-one-out of {batch}", "", mean, spread, truth))
    rows.append(_estimate(f"own mean of {batch}", "", shrink * mean, shrink**2 * spread, truth))
    return rows + gae_rows(world, theta, critics, lams=lams)


def _square(vectors: Array) -> Array:
    return (vectors**2).sum(axis=-1)


def _estimate(estimator: str, critic: str, mean: Array, variance: float, truth: Array) -> Estimate:
    bias, signal, size = (float(np.linalg.norm(v)) for v in (mean - truth, mean, truth))
    if signal**2 < 1e-24 * (variance + size**2):  # nothing but rounding, so it has no direction
        signal = 0.0
    nan = float("nan")
    return Estimate(
        estimator,
        critic,
        bias,
        bias / size if size else nan,
        float(variance),
        signal**2 / float(variance) if variance else nan,
        float(mean @ truth / (signal * size)) if signal and size else nan,
    )

"""Every estimator of the course in one world, as rows: what the tests compare.

The estimators that are made of a batch are judged here without listing a single batch.
"""

from functools import partial

import numpy as np

from course.critics import three_critics
from course.estimators import (
    best_baseline,
    episode_gradients,
    estimate,
    from_moments,
    weights,
)
from course.worlds import all_episodes, true_gradient


def judged(world, theta, kind, *, estimator="", critic_name="", **options):
    step_weights = partial(weights, kind, world, **options)
    return estimate(world, theta, step_weights, estimator=estimator, critic=critic_name)


def gae_rows(world, theta, critics, *, lams, gamma=None):
    """Exact rows of GAE for each critic and each `lam`; `gamma` as in `weights`."""
    return [
        judged(
            world,
            theta,
            "GAE",
            estimator=f"GAE lam={lam:g}",
            critic_name=name,
            critic=critic,
            gamma=gamma,
            lam=lam,
        )
        for name, critic in critics.items()
        for lam in lams
    ]


def batch_without_own(scores, returns, probability, *, batch):
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

    Hoeffding (1948), Annals of Mathematical Statistics 19(3), section 5; Kool, van Hoof & Welling
    (2019), "Buy 4 REINFORCE samples, get a baseline for free!".
    """
    n = batch
    centred = returns - probability @ returns  # a shift of all returns changes no pair
    alone = centred[:, None] * scores
    mean = probability @ alone
    both = probability @ _square(alone)
    apart = (probability @ centred**2) * (probability @ _square(scores))
    one, pair = (both - mean @ mean) / 4, (both + apart) / 2
    return mean, float(2 / (n - 1) * (2 * (n - 2) * one + pair))


def estimator_table(
    world, theta, critics=None, *, lams=(0.0, 0.5, 0.8, 0.9, 0.95, 1.0), looks=(2,), batch=20
):
    """A row for each estimator and critic; `three_critics` if none are given.

    The variance of the two baselines that are made of the batch itself is `batch` times that of the
    batch's estimate, to stand beside the others.
    """
    critics = three_critics(world, theta) if critics is None else critics
    episodes = all_episodes(world, theta)
    truth = true_gradient(world, theta)
    chance = episodes.probability
    returns = episodes.returns(gamma=world.gamma)

    rows = [
        judged(world, theta, kind, estimator=kind)
        for kind in ("whole return", "reward-to-go", "equal shares", "equal shares to go")
    ]

    mean_return = np.full(len(world.chance), chance @ returns)
    rows.append(
        judged(world, theta, "whole return", estimator="whole return - mean return", critic=mean_return)
    )
    for kind in ("whole return", "reward-to-go"):
        for name, by_state in (("best constant", False), ("best by state", True)):
            best = best_baseline(world, theta, kind=kind, by_state=by_state)
            rows.append(judged(world, theta, kind, estimator=f"{kind} - {name}", critic=best))

    for name, critic in critics.items():
        named = {"critic_name": name, "critic": critic}
        rows.append(judged(world, theta, "reward-to-go", estimator="reward-to-go - critic", **named))
        rows += [judged(world, theta, "n-step", estimator=f"{n}-step", n=n, **named) for n in looks]

    scores = episode_gradients(world, theta, episodes, np.ones_like(episodes.rewards))
    mean, spread = batch_without_own(scores, returns, chance, batch=batch)
    shrink = 1 - 1 / batch
    rows.append(from_moments(mean, spread, truth, estimator=f"leave-one-out of {batch}"))
    rows.append(from_moments(shrink * mean, shrink**2 * spread, truth, estimator=f"own mean of {batch}"))
    return rows + gae_rows(world, theta, critics, lams=lams)


def _square(vectors):
    return (vectors**2).sum(axis=-1)

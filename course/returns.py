"""Returns, TD errors and advantages: the arithmetic of credit assignment.

Plain numpy in float64, no gradients and no state. Time is axis 0; a second axis, if any, runs over
environments. Row t of every array speaks about the step from s_t to s_{t+1}, so no index is ever
shifted. Two flags say how a step ended, and they are never merged:

    terminated   the task is over: s_{t+1} is worth 0
    truncated    somebody stopped watching (a time limit): s_{t+1} keeps its value

`next_values` is V of the state that the step really reached, before any reset. Where Gymnasium's vector
environments reset on the next step, that is the observation returned with the flag, and the row after it
is no transition (drop it); where they reset on the same step, it is `info["final_obs"]`.
"""

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, Flags, finite, flag, flags, number, same_shape, steps, whole
from course.scaling import z_score


def spread_evenly(score: float, length: int) -> Array:
    """Share one final score equally over the steps of an episode: `length` rewards that sum to `score`.

    Args:
        score: the whole score, in points.
        length: number of steps, at least 1.

    Returns:
        Rewards, shape [length]. Every step gets the same, so no step gets credit.

    Raises:
        ValueError: if `length` is below 1 or `score` is not finite.

    Example:
        >>> spread_evenly(6, 3)
        array([2., 2., 2.])

    Lesson 5.
    """
    score = number("score", score)
    length = whole("length", length, low=1)
    return np.full(length, score / length)


def reward_to_go(rewards: ArrayLike, *, gamma: float) -> Array:
    """Discounted rewards from each step to the end of one whole episode.

        G_t = r_t + gamma G_{t+1},    nothing follows the last step

    Args:
        rewards: r_t of one episode that ended, shape [T]; [T, N] for N episodes of one length.
        gamma: discount, in [0, 1].

    Returns:
        G_t, same shape.

    Raises:
        ValueError: if `rewards` is empty or not finite, or `gamma` is outside [0, 1].

    Example:
        >>> reward_to_go([1, 0, 4], gamma=0.5)
        array([2., 2., 4.])

    Sutton & Barto (2018), eq. 3.9. Lesson 5.
    """
    (rewards,) = steps(rewards=rewards)
    gamma = number("gamma", gamma, low=0, high=1)

    returns = rewards.copy()  # nothing follows the last row: it is its own return
    for t in reversed(range(len(returns) - 1)):
        returns[t] += gamma * returns[t + 1]
    return returns


def advantage_function(action_values: ArrayLike, probabilities: ArrayLike) -> Array:
    """How much better each action is than what the policy does on average in that state.

        A(s, a) = Q(s, a) - V(s),    V(s) = sum over a of pi(a|s) Q(s, a)

    Args:
        action_values: Q(s, a), in points, shape [A] for one state or [S, A].
        probabilities: pi(a|s), same shape; they sum to 1 in each state.

    Returns:
        A(s, a), same shape. Its mean under the policy is 0 in every state.

    Raises:
        ValueError: if the shapes differ or are neither [A] nor [S, A], a number is not finite, or the
            probabilities of a state are below 0 or do not sum to 1.

    Example:
        >>> advantage_function([10, 20], [0.5, 0.5])
        array([-5.,  5.])

    Schulman et al. (2016), section 2. https://arxiv.org/abs/1506.02438. Lesson 6.
    """
    action_values = finite("action_values", action_values)
    probabilities = finite("probabilities", probabilities)
    same_shape(action_values=action_values, probabilities=probabilities)
    if action_values.ndim not in (1, 2) or not action_values.size:
        raise ValueError(f"action_values must have shape [A] or [S, A], not empty, got {action_values.shape}")
    if probabilities.min() < 0 or not np.allclose(probabilities.sum(axis=-1), 1):
        raise ValueError("probabilities must be at least 0 and sum to 1 in each state")

    values = (probabilities * action_values).sum(axis=-1, keepdims=True)
    return action_values - values


def leave_one_out(rewards: ArrayLike) -> Array:
    """What each answer was paid, minus the mean of the others: a baseline without a critic.

        R_i - 1/(n-1) sum over j != i of R_j

    The others know nothing of answer i, so the gradient stays unbiased. With the mean of all n, itself
    included, it would shrink by exactly 1/n.

    Args:
        rewards: of a batch of answers, in points, shape [n], n >= 2.

    Returns:
        Shape [n].

    Raises:
        ValueError: if there are fewer than two rewards, another shape, or a number is not finite.

    Example:
        >>> leave_one_out([1, 2, 6])
        array([-3. , -1.5,  4.5])

    Kool, van Hoof & Welling (2019), https://openreview.net/forum?id=r1lgTGL5DE. Lesson 6.
    """
    rewards = finite("rewards", rewards)
    if rewards.ndim != 1 or len(rewards) < 2:
        raise ValueError(f"rewards must have shape [n] with n >= 2, got {rewards.shape}")
    others = (rewards.sum() - rewards) / (len(rewards) - 1)
    return rewards - others


def group_advantages(scores: ArrayLike) -> Array:
    """How far each answer to one prompt lies above the mean of its group, in its standard deviations.

        A_i = (score_i - mean) / std,    population std; equal scores: zeros

    Also a baseline without a critic, and with it a change of units in every group: a hard prompt and an easy
    one pull alike. A group whose answers all scored the same says nothing about any of them. The mean is that
    of the whole group; without its own score in it, each answer would be in `leave_one_out`.

    Args:
        scores: of several answers to one prompt, in points, shape [G], G >= 2.

    Returns:
        Numbers without unit, mean 0, shape [G].

    Raises:
        ValueError: if there are fewer than two scores, another shape, or a number is not finite.

    Example:
        >>> group_advantages([1, 3, 5, 3]).round(2)
        array([-1.41,  0.  ,  1.41,  0.  ])

    Shao et al. (2024), section 4.1.2: https://arxiv.org/abs/2402.03300. Lesson 14.
    """
    scores = finite("scores", scores)
    if scores.ndim != 1 or len(scores) < 2:
        raise ValueError(f"scores must have shape [G] with G >= 2, got {scores.shape}")
    # Scores have no natural size, so no floor in points; this one only keeps 0 / 0 away.
    return z_score(scores, floor=1e-150)


def td_errors(
    rewards: ArrayLike,
    values: ArrayLike,
    next_values: ArrayLike,
    terminated: ArrayLike,
    *,
    gamma: float,
) -> Array:
    """One-step surprise: what came back, minus what the critic promised.

        delta_t = r_t + gamma (1 - terminated_t) V(s_{t+1}) - V(s_t)

    Args:
        rewards: r_t, shape [T] or [T, N].
        values: V(s_t), same shape.
        next_values: V(s_{t+1}) of the state really reached, before any reset; same shape, finite.
        terminated: true where s_{t+1} ended the task and so is worth 0; same shape.
        gamma: discount, in [0, 1].

    Returns:
        delta_t, same shape as `rewards`.

    Raises:
        ValueError: if shapes differ, a number is not finite or `gamma` is outside [0, 1].

    Example:
        >>> td_errors([1, 1], [2, 2], [4, 4], [False, True], gamma=0.5)
        array([ 1., -1.])

    Sutton & Barto (2018), eq. 6.5. Lesson 7.
    """
    rewards, values, next_values = steps(rewards=rewards, values=values, next_values=next_values)
    terminated = flags("terminated", terminated)
    same_shape(rewards=rewards, terminated=terminated)
    gamma = number("gamma", gamma, low=0, high=1)
    return rewards + gamma * np.where(terminated, 0.0, next_values) - values


def td_update(
    table: ArrayLike,
    state: int,
    reward: float,
    next_state: int,
    terminated: bool,
    *,
    gamma: float,
    lr: float,
) -> Array:
    """One step of TD(0) on a table of values: move V(s) towards r + gamma V(s').

        V(s) <- V(s) + lr delta

    Args:
        table: V of every state, shape [S].
        state, next_state: row numbers in the table.
        reward: what the step paid.
        terminated: true if the step ended the task; V(s') then counts as 0.
        gamma: discount, in [0, 1].
        lr: step size, in [0, 1].

    Returns:
        The new table, float64, shape [S]. The given one is not changed.

    Raises:
        ValueError: if a state is not a row of the table, or a number is out of range.

    Example:
        >>> td_update([0, 4], 0, 1, 1, False, gamma=0.5, lr=0.5)
        array([1.5, 4. ])

    Sutton & Barto (2018), eq. 6.2. Lesson 7.
    """
    (old,) = steps(table=table)
    if old.ndim != 1:
        raise ValueError(f"table must have shape [S], got {old.shape}")
    state = whole("state", state, low=0)
    next_state = whole("next_state", next_state, low=0)
    for name, row in (("state", state), ("next_state", next_state)):
        if row >= len(old):
            raise ValueError(f"{name} must be a row of the table, 0 to {len(old) - 1}, got {row}")
    reward = number("reward", reward)
    terminated = flag("terminated", terminated)
    gamma = number("gamma", gamma, low=0, high=1)
    lr = number("lr", lr, low=0, high=1)

    after = 0.0 if terminated else old[next_state]
    delta = reward + gamma * after - old[state]
    new = old.copy()
    new[state] += lr * delta
    return new


def gae(
    rewards: ArrayLike,
    values: ArrayLike,
    next_values: ArrayLike,
    terminated: ArrayLike,
    truncated: ArrayLike,
    *,
    gamma: float,
    lam: float,
) -> Array:
    """Generalized advantage estimation: a decaying sum of the TD errors still to come.

        A_t = delta_t + gamma lam (1 - ended_t) A_{t+1},    ended = terminated or truncated

    The two flags act on different terms. Termination makes the next state worth 0, which `td_errors`
    handles. Any ending stops the sum, because row t+1 belongs to another episode.

    Args:
        rewards, values, next_values, terminated, gamma: as in `td_errors`, shape [T] or [T, N].
        truncated: true where a time limit cut the episode; s_{t+1} keeps its value. Where both flags
            stand, `terminated` wins.
        lam: decay of the sum, in [0, 1]. At 0 this is `td_errors`; at 1 it is the discounted return,
            bootstrapped where it was cut, minus V(s_t).

    Returns:
        A_t, same shape as `rewards`. The last row is not special: its `next_values` stands for all
        that comes after the array. `A + values` is the critic's target.

    Raises:
        ValueError: if shapes differ, a number is not finite, or `gamma` or `lam` is outside [0, 1].

    Example:
        >>> gae([0, 1], [0, 0], [0, 0], [False, True], [False, False], gamma=0.5, lam=1)
        array([0.5, 1. ])

    Schulman et al. (2016), eq. 16. https://arxiv.org/abs/1506.02438. Lesson 8.
    """
    deltas = td_errors(rewards, values, next_values, terminated, gamma=gamma)
    decay = gamma * number("lam", lam, low=0, high=1)
    keep = decay * ~_ended(deltas, terminated, truncated)

    advantages = deltas  # nothing follows the last row: its advantage is its own surprise
    for t in reversed(range(len(advantages) - 1)):
        advantages[t] += keep[t] * advantages[t + 1]
    return advantages


def gae_by_definition(deltas: ArrayLike, ended: ArrayLike, *, gamma: float, lam: float) -> Array:
    """The same advantages from the definition, term by term: slow, and impossible to misread.

        A_t = sum over l >= 0 of (gamma lam)^l delta_{t+l},    up to the episode's last step

    Args:
        deltas: TD errors, shape [T], several episodes end to end.
        ended: true where a step was the last of its episode; the step itself counts. Shape [T].
        gamma, lam: in [0, 1].

    Returns:
        A_t, shape [T]. The sum also stops at the end of the array.

    Raises:
        ValueError: if shapes differ, a number is not finite, or `gamma` or `lam` is outside [0, 1].

    Schulman et al. (2016), eq. 16. Lesson 8.
    """
    (deltas,) = steps(deltas=deltas)
    ended = flags("ended", ended)
    same_shape(deltas=deltas, ended=ended)
    if deltas.ndim != 1:
        raise ValueError(f"deltas must have shape [T], got {deltas.shape}")
    decay = number("gamma", gamma, low=0, high=1) * number("lam", lam, low=0, high=1)

    advantages = np.zeros(len(deltas))
    for t in range(len(deltas)):
        for later in range(t, len(deltas)):
            advantages[t] += decay ** (later - t) * deltas[later]
            if ended[later]:
                break
    return advantages


def n_step_advantages(
    rewards: ArrayLike,
    values: ArrayLike,
    next_values: ArrayLike,
    terminated: ArrayLike,
    truncated: ArrayLike,
    *,
    gamma: float,
    n: int,
) -> Array:
    """Look n steps ahead, then trust the critic: the sum of the next n TD errors.

        A_t = r_t + ... + gamma^{n-1} r_{t+n-1} + gamma^n V(s_{t+n}) - V(s_t)

    Args:
        rewards, values, next_values, terminated, truncated, gamma: as in `gae`.
        n: steps to look ahead, at least 1. At 1 this is `td_errors`. An episode's end, or the end of
            the array, comes first where it is nearer.

    Returns:
        A_t, same shape as `rewards`. `A + values` is the n-step return.

    Raises:
        ValueError: as `gae`, or if `n` is below 1.

    Sutton & Barto (2018), eq. 7.1; Schulman et al. (2016), eqs. 11 to 14. Lesson 8.
    """
    deltas = td_errors(rewards, values, next_values, terminated, gamma=gamma)
    ended = _ended(deltas, terminated, truncated)
    n = whole("n", n, low=1)

    advantages = deltas.copy()
    weight = np.ones_like(deltas)  # of the TD error that stands `ahead` rows later
    for ahead in range(1, min(n, len(deltas))):
        weight = weight[:-1] * gamma * ~ended[ahead - 1 : -1]
        advantages[:-ahead] += weight * deltas[ahead:]
    return advantages


def real_steps(terminated: ArrayLike, truncated: ArrayLike) -> Flags:
    """Which rows are steps of the game, where an environment resets on the step after an ending.

    Such a row's action is ignored and its reward is 0: it only brings the first state of the new
    episode. The record begins with a reset of its own, so row 0 is real. A collector that cuts a long
    game into stretches must carry over whether the last row of the stretch before ended an episode.

    Args:
        terminated, truncated: how each step ended, shape [T] or [T, N].

    Returns:
        Same shape: false in the row after an ending, true in all others.

    Raises:
        ValueError: if the shapes differ or are neither [T] nor [T, N], or a flag is no flag.

    Example:
        >>> real_steps([0, 1, 0, 0], [0, 0, 0, 1])
        array([ True,  True, False,  True])

    Gymnasium's AutoresetMode.NEXT_STEP. Lesson 9.
    """
    terminated = flags("terminated", terminated)
    truncated = flags("truncated", truncated)
    same_shape(terminated=terminated, truncated=truncated)
    steps(terminated=terminated)

    real = np.ones_like(terminated)
    real[1:] = ~(terminated | truncated)[:-1]
    return real


def explained_variance(values: ArrayLike, targets: ArrayLike) -> float:
    """The share of the targets' variance that the critic foresaw: 1 perfect, 0 no better than a constant.

        1 - Var(targets - values) / Var(targets)

    A constant offset is not punished: a critic that is 100 points too high everywhere still scores 1.

    Args:
        values: predictions, any shape.
        targets: what came, same shape.

    Returns:
        At most 1; below 0 the critic adds noise; NaN when the targets are constant.

    Raises:
        ValueError: if shapes differ or a number is not finite.

    Example:
        >>> explained_variance([0, 2, 4], [1, 3, 5])
        1.0

    Lesson 6.
    """
    values = finite("values", values)
    targets = finite("targets", targets)
    same_shape(values=values, targets=targets)

    # Var of equal numbers may come out as 1e-32 rather than 0.
    if not targets.size or np.all(targets == targets.flat[0]):
        return float("nan")
    return float(1 - np.var(targets - values) / np.var(targets))


def _ended(deltas: Array, terminated: ArrayLike, truncated: ArrayLike) -> Flags:
    """Whether a step was the last of its episode; `td_errors` has looked at `terminated` already."""
    truncated = flags("truncated", truncated)
    same_shape(rewards=deltas, truncated=truncated)
    return np.asarray(terminated, dtype=bool) | truncated

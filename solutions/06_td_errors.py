# %% [markdown]
# # 6. When did you know?
#
# *About 45 minutes. You need lesson 5.*
#
# Lesson 5 learned from one surprise, when all was over. But on the way to 500 million the critic said 117, 157, 209, 278, 371,
# 495. Here each change of its mind becomes a number. Afterwards you can
#
# - compute the surprise of one step, and say what all of them sum to,
# - teach a critic from its own guesses, and say what that buys and costs,
# - tell how somebody mistreated a time limit.

# %%
from dataclasses import replace

import gymnasium as gym
import numpy as np

from course import check, use, widgets
from course.worlds import random_walk
from course.estimators import estimate
from course.plots import td_errors as plots
from course.returns import reward_to_go
from course.worlds import all_episodes, play, state_values

# %% [markdown]
# ## A walk
#
# Five places in a row, A to E. You start at C, and a coin sends you left or right until you fall off an end. The right end
# pays 1 point, all else nothing. So the true $V$ is the chance to leave on the right: 1/6 at A, up to 5/6 at E. It knows the
# present place only.

# %%
world = random_walk()
V = state_values(world, world.theta)
walks = play(world, world.theta, episodes=2000, seed=0)
rows = walks.real[:, 81]
columns = (walks.states, walks.rewards, walks.next_states, walks.terminated)
states, rewards, next_states, terminated = (column[rows, 81] for column in columns)
places = ["ABCDE"[state] for state in states]
" → ".join([*places, "off the right end"])

# %% [markdown]
# A lucky one. Which steps were the good news?
#
# ### Exercise 6.1: `td_errors` (3 points, 8 minutes)
#
# Before a step the critic promised `values`. After it you hold `rewards`, and for the rest it promises `next_values`. That
# comes a step later and counts `gamma` times; where `terminated`, it counts 0. Return what you got minus what was promised.
# Everything has one shape, `[T]` or `[T, N]`.
#
# *Predict first.* The last step leaves E for the prize. How large is that surprise?
#
# <details><summary>Hint 1</summary>No loop, no shift: row t holds the whole step.</details>
# <details><summary>Hint 2</summary><code>gamma</code> and the flag touch the same term. <code>~terminated</code> counts 1 where the
# task goes on.</details>
# <details><summary>What you should see</summary><code>td_errors([1, 1], [2, 2], [4, 4], [False, True], gamma=0.5)</code>, as arrays:
# <code>[1, -1]</code>.</details>


# %% exercise="td_errors"
def td_errors(rewards, values, next_values, terminated, *, gamma):
    """delta_t: reward, plus gamma times the next value unless the task is over, minus the value."""
    ### BEGIN SOLUTION
    return rewards + gamma * ~terminated * next_values - values
    ### END SOLUTION


# %% check="td_errors"
check(td_errors)

# %%
td_errors = use(td_errors)

# %% [markdown]
# This is the *TD error*, $\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$. (Reward minus promise is right only at the last step.)
# Play the walk, with the "true" critic for now.
#
# *Predict first.* Which of the nine bars is the tallest?

# %%
random = np.random.default_rng(8).normal(size=5)
critics = {"true": V, "all zero": np.zeros(5), "random": random}


def story(step, critic):
    table = critics[critic]
    deltas = td_errors(rewards, table[states], table[next_states], terminated, gamma=1.0)
    return plots.surprise(places, rewards, table[states], deltas, step - 1)


widgets.Explorer(
    story,
    step=widgets.slider("steps played", len(rewards), 1, len(rewards), 1),
    critic=widgets.choice("critic", list(critics)),
)

# %% [markdown]
# None. Each step to the right is good news worth 1/6, each step to the left bad news, and five sixths of the prize had been
# promised before it was paid.
#
# Lesson 5 weighed each step by the score minus $V$. So in a lost walk it blames good steps too.
#
# *Predict first.* What share of the steps to the right does the score blame? And $\delta$?

# %%
by_score = reward_to_go(walks.rewards, gamma=1.0) - V[walks.states]
by_delta = td_errors(walks.rewards, V[walks.states], V[walks.next_states], walks.terminated, gamma=1.0)
to_the_right = walks.real & (walks.actions == 1)
blamed = {"score minus V": by_score, "TD error": by_delta}
{name: round(float((weight[to_the_right] < 0).mean()), 3) for name, weight in blamed.items()}

# %% [markdown]
# One good step in three (in the long run exactly 1/3), against none. But here the critic is true, and nothing random follows the
# coin.
#
# ## Nothing is lost
#
# Back in the widget, "all zero" puts the whole surprise on the last bar. "Random" is wild.
#
# *Predict first.* What do the bars of a random critic sum to?

# %%
off = []
for table in 100 * np.random.default_rng(0).normal(size=(1000, 5)):
    deltas = td_errors(rewards, table[states], table[next_states], terminated, gamma=1.0)
    off.append(deltas.sum() - (rewards.sum() - table[states[0]]))
print(f"1,000 critics: the sum is score minus first promise, to within {np.abs(off).max():.6f}")
f"The last of 1,000: promised {table[states[0]]:.2f}, paid 1, surprises sum to {deltas.sum():.2f}"

# %% [markdown]
# With $\gamma = 1$ each $V(s_{t+1})$ is added in one step and subtracted in the next. For *any* critic, what stays is
#
# $$\sum_t \delta_t = R - V(s_0).$$
#
# The critic decides only *when* you hear the news. Mind three things:
#
# - The score is paid once. What is spread over the steps is the surprise.
# - δ is not recursive: it looks one step ahead. The recursion comes in lesson 7.
# - An advantage is a weight, not a reward. One link is exact: add $\gamma\Phi(s_{t+1})-\Phi(s_t)$ to every reward, $\Phi=0$ after
#   the end, and every policy's return moves by the same $-\Phi(s_0)$, so the best stays the best (Ng et al. 1999). δ is the reward
#   shaped by $\Phi=V$.
#
# ## A critic that teaches itself
#
# To be surprised less, move $V(s_t)$ a little towards $r_t+\gamma V(s_{t+1})$. This rule is TD(0). Its target is partly the
# critic's own guess: *bootstrapping*.
#
# ### Exercise 6.2: `td_update` (3 points, 8 minutes)
#
# `table` holds $V$ of every state, shape `[S]`; `state` and `next_state` are row numbers. Return a *new* table in which the
# row of `state` has moved by `lr` times the TD error. Leave the given one as it is.
#
# *Predict first.* Table `[0, 4]`, from state 0 to 1, reward 1, `gamma` and `lr` 0.5. The new table?
#
# <details><summary>Hint 1</summary>Copy first. A second name is no copy.</details>
# <details><summary>Hint 2</summary>One plain flag: <code>~True</code> is -2, <code>not terminated</code> is safe.</details>
# <details><summary>What you should see</summary><code>[1.5, 4.0]</code>, half-way to the target 3.</details>


# %% exercise="td_update"
def td_update(table, state, reward, next_state, terminated, *, gamma, lr):
    """A new table in which V(state) has moved towards reward + gamma V(next_state)."""
    ### BEGIN SOLUTION
    new = table.copy()
    target = reward + gamma * (not terminated) * table[next_state]
    new[state] += lr * (target - table[state])
    return new
    ### END SOLUTION


# %% check="td_update"
check(td_update)

# %%
td_update = use(td_update)

# %% [markdown]
# With the score as the reward, and nothing to follow, the same rule learns from whole episodes: *Monte Carlo*.
#
# *Predict first.* A guess learns from a guess. Which places will be right first?


# %%
def learn(log, table, step_sizes, *, whole=False):
    """The table before and after every walk: TD(0), or Monte Carlo if `whole`."""
    tables = [table]
    for n, lr in enumerate(step_sizes):
        score = log.rewards[:, n].sum()
        for t in np.flatnonzero(log.real[:, n]):
            paid = (score, True) if whole else (log.rewards[t, n], log.terminated[t, n])
            step = (log.states[t, n], paid[0], log.next_states[t, n], paid[1])
            table = td_update(table, *step, gamma=1.0, lr=lr)
        tables.append(table)
    return np.array(tables)


plots.young_critic(learn(walks, random, np.full(200, 0.1)), (0, 10, 30, 200), V)

# %% [markdown]
# The ends: only a step off an end has no guess in its target. From there the truth seeps inwards. Is that quicker than waiting
# for the score?
#
# *Predict first.* At step size 0.1, who is nearer the truth after 25 walks? After 150?

# %%
logs = [play(world, world.theta, episodes=150, seed=seed) for seed in range(20)]
starts = [np.random.default_rng(seed).normal(size=5) for seed in range(20)]
rates = {"0.02": 0.02, "0.1": 0.1, "0.3": 0.3, "0.3, shrinking": 6 / (20 + np.arange(150))}
tables, errors = {}, {rate: {} for rate in rates}  # what follows takes 5 to 30 seconds
for rate, size in rates.items():
    for name in ("TD(0)", "Monte Carlo"):
        sizes, whole = np.broadcast_to(size, 150), name == "Monte Carlo"
        runs = np.array([learn(logs[s], starts[s], sizes, whole=whole) for s in range(20)])
        tables[rate, name] = runs
        errors[rate][name] = np.sqrt(((runs - V) ** 2).mean(axis=-1))
widgets.Explorer(
    lambda rate: plots.learning(errors[rate]),
    rate=widgets.choice("step size", list(rates), "0.1"),
)

# %% [markdown]
# Not the story usually told: Monte Carlo is ahead at first, with an error of 0.18 against 0.38 after 25 walks. TD repeats its own
# nonsense until the truth has seeped in. In the end TD wins, 0.06 against 0.18. Mean and spread of its target follow from a
# place's two neighbours:

# %%
neighbours = np.pad(tables["0.1", "TD(0)"], ((0, 0), (0, 0), (1, 1)))
neighbours[..., -1] = 1.0  # falling off the right end pays; falling off the left end does not
left, right = neighbours[..., :-2], neighbours[..., 2:]
bias = np.sqrt((((left + right) / 2 - V) ** 2).mean(axis=-1))
noise = np.sqrt((((right - left) / 2) ** 2).mean(axis=-1))
plots.bias_and_noise(bias, noise, np.sqrt((V * (1 - V)).mean()))

# %% [markdown]
# The score has no bias, and noise of 0.44 for ever. The TD target starts with a bias of 0.82 and noise of 0.71. Both fade; noise
# of 0.175 remains. Bootstrapping gives a quiet target to a good critic, a wrong one to a bad critic.
#
# At 0.02 TD never catches up in 150 walks. At 0.3 it gets near sooner, and stays around 0.11: a constant
# step size never settles. Shrink it, and the error goes on falling, to 0.05. A small constant one is often called right *on
# average*. At 0.1 the mean of $V(A)$ rests at 0.146, not at 0.167 (exact; the steps of one walk are not independent).
#
# ## The case of the perfect game
#
# A rule of thumb balances CartPole, 1 point a step. After 500 the time limit says stop, and Gymnasium starts the next episode.
#
# *Predict first.* One row of its log is no step of the game. Which?

# %% tags=["nbval-ignore-output"]
envs = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync")
state, _ = envs.reset(seed=0)
rows = []
for _ in range(503):
    action = (state @ [0.1, 0.2, 3.0, 1.0] > 0).astype(int)
    reached, reward, over, cut, _ = envs.step(action)
    rows.append([state[0, 0], reward[0], reached[0, 0], over[0], cut[0]])
    state = reached
names = ["cart before (m)", "reward", "cart after (m)", "terminated", "truncated"]
log = {name: np.array([row[i] for row in rows]) for i, name in enumerate(names)}
plots.log({name: column[497:] for name, column in log.items()}, first=497)

# %% [markdown]
# Row 500. It pays nothing, ignores the action and jumps to the new game: the reset. Drop it. Row 499 is *truncated*, not
# *terminated*: somebody stopped watching, and the pole still stands. With $\gamma=0.99$ a point a step, for ever, is worth 100.
#
# *Predict first.* A critic knows that. What is δ in row 499? And if the flags are merged into one `done`?

# %%
hundred = np.full(503, 100.0)
done = log["terminated"] | log["truncated"]
{
    name: td_errors(log["reward"], hundred, hundred, flags, gamma=0.99)[497:].round(2)
    for name, flags in {"terminated": log["terminated"], "merged": done}.items()
}

# %% [markdown]
# Rightly, no surprise. Merged, the last step of a perfect game is a shock of -99.
#
# ## Three suspects
#
# The walk again, with a time limit of 6 steps, which changes no value. Three programmers start from the *truth*, and each makes
# one mistake:


# %%
def limit_is_end(log):
    return replace(log, terminated=log.terminated | log.truncated)


def next_row(log):  # after a time limit, the next row of the log stands at C
    return replace(log, next_states=np.where(log.truncated, 2, log.next_states))


def no_end(log):  # the next row, always; no flag is looked at
    ended = log.terminated | log.truncated
    return replace(log, next_states=np.where(ended, 2, log.next_states), terminated=np.zeros_like(ended))


# %% [markdown]
# *Predict first.* Whose values sink, whose rise without end, whose are squeezed together? Then say which letter is who.

# %%
limited = random_walk(time_limit=6)
P, Q, R = np.random.default_rng(5).permutation([limit_is_end, next_row, no_end])
lineup = {"right": lambda log: log, "P": P, "Q": Q, "R": R}
logs = [play(limited, limited.theta, episodes=200, seed=seed) for seed in range(20)]  # 3 to 10 seconds
drift = {
    name: np.array([learn(version(log), V, np.full(200, 0.05)) for log in logs])
    for name, version in lineup.items()
}
widgets.Explorer(
    lambda walks: plots.suspects(drift, V, walks),
    walks=widgets.slider("walks seen", 200, 0, 200, 10),
)

# %% [markdown]
# <details><summary>Who is who?</summary><b>R</b> took the limit for an end: a cut walk counts as lost. <b>Q</b> sees no end, and
# promises the prizes of all later walks too. <b>P</b> took the next row: a cut walk is worth as much as C.</details>
#

# %% [markdown]
# Would more walks help? A table rests where the mean surprise is 0 in every place: five equations (for Q without a solution).
# In sixths of a point:

# %%
every = all_episodes(limited, limited.theta)


def settles(version):
    """The table at which the mean TD error is exactly 0 in every place."""
    e = version(every)
    chance = e.real * e.probability
    pull, paid = np.zeros((5, 5)), np.zeros(5)
    np.add.at(pull, (e.states, e.states), chance)
    np.add.at(pull, (e.states, e.next_states), -chance * ~e.terminated)
    np.add.at(paid, e.states, chance * e.rewards)
    return np.linalg.solve(pull, paid)


{name: (6 * settles(lineup[name])).round(2) for name in ("right", "R", "P")}

# %% [markdown]
# More data only leads to the wrong table. R values C at 1.31/6, not 3/6. P is off by 0.05 at most. Harmless, then? Weigh the
# policy's gradient by these surprises, with the *true* critic, and compare with the exact one of the steps played.
#
# *Predict first.* The quiet mistake P, with one step's δ: 0 %, 5 % or 15 % wrong?


# %%
def share_wrong(version):
    def one(episodes):
        e = version(episodes)
        return td_errors(e.rewards, V[e.states], V[e.next_states], e.terminated, gamma=1.0)

    def to_the_end(episodes):
        return reward_to_go(one(episodes), gamma=1.0)

    return tuple(estimate(limited, limited.theta, w).relative_bias for w in (one, to_the_end))


plots.wrong_gradients({name: share_wrong(version) for name, version in lineup.items()})

# %% [markdown]
# 15.5 %, exactly as wrong as R: to both, the two ways out of a cut step look alike. With all δ to the end, R is 54.4 % wrong.
# None of it averages out.
#
# No straw men: of ten well-known implementations that we read, five mishandle a time limit. Hence our two flags, and
# `next_values` of the state really reached.
#
# ## How far should you look?
#
# One $\delta$ sees one step: quiet, and as wrong as the critic. All to the end are right on average, and noisy. Between them
# lies a dial, in lesson 7.
#
# ## What to remember
#
# 1. δ is what you got and now expect, minus what was promised.
# 2. With $\gamma=1$ they sum to the score minus the first promise, for any critic.
# 3. Bootstrapping learns from a guess: a bias that fades, and less noise.
# 4. A constant step size never settles.
# 5. Terminated: worth 0 from here. Truncated: the state keeps its value.
#
# ## Think
#
# <details><summary>The critic is perfect. What is the mean of δ in a state?</summary>0. After one particular action it
# is that action's advantage.</details>
#
# <details><summary>A time limit cuts a walk. What do its δ's sum to?</summary>The rewards, plus V of the state reached, minus the
# first promise.</details>
#
# <details><summary>P is quiet because walks start in the middle. And from D?</summary>A cut walk is worth as much as D, and A
# rests at 1.92/6.</details>
#
# ## Further reading
#
# - Sutton & Barto (2018), sections 6.1 and 6.2, with this walk.
# - Ng, Harada & Russell (1999), *Policy invariance under reward transformations*.
# - Pardo et al. (2018), [*Time limits in reinforcement learning*](https://arxiv.org/abs/1712.00378).
# - Huo, Chen & Xie, on the bias of [constant step sizes](https://doi.org/10.1287/moor.2024.0471).
# - Gymnasium on [autoreset](https://gymnasium.farama.org/main/api/vector/autoreset/).
#
# Next: [7. GAE](07_gae.ipynb). Symbols: [notation](../docs/notation.md).

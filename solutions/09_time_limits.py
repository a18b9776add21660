# %% [markdown]
# # 9. Who stopped the game?
#
# *About 30 minutes. You need lesson 8. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 8 two flags said how a step ended, and your `gae` used them in two different ways. This lesson shows what happens when
# somebody mixes them up. It happens often: of ten well-known programs that we read, five did. It never crashes, and it is hard to see in a
# learning curve. Afterwards you can
#
# - tell the end of a task from the end of your patience, and from a reset,
# - say what each of three mistakes does to a critic and to an advantage,
# - find the rows of a log that are no steps of the game.

# %%
from dataclasses import replace

import gymnasium as gym
import numpy as np

from course import check, use, widgets
from course.plots import time_limits as plots
from course.returns import gae, td_errors
from course.worlds import random_walk, state_values

# %% [markdown]
# ## The case of the perfect game
#
# In CartPole a pole stands on a cart, and each step that it stays up pays 1 point. A simple rule of thumb balances it for as long as you like. But
# the environment has a time limit: after 500 steps it says stop, and Gymnasium starts the next episode by itself. Here are the
# last rows of the log around that moment.
#
# *Predict first.* One row of this log is no step of the game at all. Which? Write its number.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
envs = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync")
state, _ = envs.reset(seed=0)
log = {name: [] for name in ("cart before (m)", "reward", "cart after (m)", "terminated", "truncated")}
for _ in range(503):
    rule_of_thumb = state @ [0.1, 0.2, 3.0, 1.0] > 0
    reached, reward, terminated, truncated, _ = envs.step(rule_of_thumb.astype(int))
    row = (state[0, 0], reward[0], reached[0, 0], terminated[0], truncated[0])
    for name, value in zip(log, row, strict=True):
        log[name].append(value)
    state = reached
log = {name: np.array(column) for name, column in log.items()}
plots.log({name: column[497:] for name, column in log.items()}, first=497, guess=guess)

# %% [markdown]
# Row 500. It pays nothing, it ignores the action, and the cart jumps from where it stood to the start of a new game. This row is
# only the **reset**. (Gymnasium's vector environments reset on the step after an ending. It is called next-step autoreset, and is the default.)
#
# Row 499 is the interesting one. Its flag says `truncated`, not `terminated`. Nothing happened to the pole: somebody stopped watching. So three
# different things stand close together here:
#
# | | what it means | the next state is worth | the sum of surprises |
# | --- | --- | --- | --- |
# | `terminated` | the task is over: the pole fell | 0 | stops |
# | `truncated` | somebody stopped watching | what it was worth | stops |
# | a reset row | no step of the game | (nothing: drop the row) | (drop the row) |
#
# How much does it matter? With $\gamma = 0.99$, a point a step for ever is worth 100, and that is what a good critic says of a pole that stands.
#
# *Predict first.* What is $\delta$ in row 499 if the two flags are merged into one `done`, as older programs do?

# %%
guess = None

# %%
hundred = np.full(503, 100.0)
done = log["terminated"] | log["truncated"]
right = td_errors(log["reward"], hundred, hundred, log["terminated"], gamma=0.99)
merged = td_errors(log["reward"], hundred, hundred, done, gamma=0.99)
plots.shock(right[497:500], merged[497:500], first=497, guess=guess)

# %% [markdown]
# Rightly, there is no surprise: the pole stands as before, and 1 + 0.99 × 100 = 100. With merged flags, the last step of a perfect game is a shock of
# -99. The better an agent plays, the more often it meets the time limit, and the more often it is told that it has just died.
#
# ### Exercise 9.1: `real_steps` (2 points, 8 minutes)
#
# Find the rows that are steps of the game. `terminated` and `truncated` are flags of shape `[T]`, or `[T, N]` for N environments, from a vector environment with next-step
# autoreset: the row after an ending, by either flag, is a reset. Return flags of the same shape: False in a reset row, True in all others. The record begins
# with a fresh reset, so row 0 is a real step.
#
# <details><summary>Hint 1</summary>A row is real unless the row <em>before</em> it ended an episode.</details>
# <details><summary>Hint 2</summary>Start with all True. Then rows 1, 2, 3, ... get what rows 0, 1, 2, ... say.</details>
# <details><summary>Hint 3</summary><code>real[1:] = ~(terminated | truncated)[:-1]</code>, with flags of type bool.</details>
# <details><summary>What you should see</summary>Terminated <code>[0, 1, 0, 0]</code>, truncated <code>[0, 0, 0, 1]</code>:
# <code>[True, True, False, True]</code>.</details>


# %% exercise="real_steps"
def real_steps(terminated, truncated):
    """True where a row is a step of the game, False where it only resets; [T] or [T, N]."""
    ### BEGIN SOLUTION
    ended = np.asarray(terminated, dtype=bool) | np.asarray(truncated, dtype=bool)
    real = np.ones_like(ended)
    real[1:] = ~ended[:-1]
    return real
    ### END SOLUTION


# %% check="real_steps"
check(real_steps)

# %%
real_steps = use(real_steps)

# %%
print("rows that are no step of the game:", np.flatnonzero(~real_steps(log["terminated"], log["truncated"])))

# %% [markdown]
# A program that collects one stretch of rows after another must carry one thing over: whether the *last* row of the stretch before ended an episode. If it
# did, row 0 of the next stretch is a reset. The collector of lesson 10 does that for you (`course/rollout.py`).
#
# ## Three suspects
#
# What do such mistakes do to a critic? The walk of lesson 7, now with a time limit of six steps, which changes no value. Three programmers start from the *true*
# values and go on learning by TD(0). Each makes one mistake:


# %%
def limit_is_end(log):
    """A time limit counts as the end of the task."""
    return replace(log, terminated=log.terminated | log.truncated)


def next_row(log):
    """After a time limit, the next row of the log is taken for the state reached. It stands at C, the start."""
    return replace(log, next_states=np.where(log.truncated, 2, log.next_states))


def no_end(log):
    """No flag is looked at: the next row is always taken for the state reached."""
    ended = log.terminated | log.truncated
    return replace(log, next_states=np.where(ended, 2, log.next_states), terminated=np.zeros_like(ended))


# %% [markdown]
# *Predict first.* The suspects are called X, Y and Z. One of them sinks, one rises without end, one is squeezed together. Which letter took the time limit for an
# end? Write it, then move the slider.

# %%
guess = None

# %%
limited = random_walk(time_limit=6)
X, Y, Z = np.random.default_rng(5).permutation([limit_is_end, next_row, no_end])
lineup = {"right": lambda log: log, "X": X, "Y": Y, "Z": Z}
drift = plots.learn_from(lineup, limited, seeds=20, walks=200, lr=0.05)
widgets.Explorer(
    lambda walks: plots.suspects(drift, state_values(limited, limited.theta), walks, guess=guess),
    walks=widgets.slider("walks seen", 200, 0, 200, 10),
)

# %% [markdown]
# <details><summary>Who is who?</summary>The one that sinks took the limit for an end: a walk that is cut counts as lost. The one that rises sees no end at all, and promises the prizes of all later
# walks too. The one that is squeezed together took the next row: a walk that is cut is worth as much as the start.</details>
#
# (The lesson's author names the letters.) More walks would not help: each of them rests at a wrong table, or at none.
#
# ## Three mistakes in an advantage
#
# Now the critic is exact, and the mistakes stand in the call of `gae`. The walk with a limit of ten steps, which 32 % of the walks run into; twenty environments play walk
# after walk. With the exact critic every step to the right has an advantage of +1/6, wherever you stand.

# %%
walk = random_walk(time_limit=10)
V = state_values(walk, walk.theta)
log = plots.side_by_side(walk, environments=20, steps=5_000)
values = V[log.states]
next_values = V[log.next_states]
never = np.zeros_like(log.truncated)
after_reset = np.roll(values, -1, axis=0)  # the value of the next row, whatever stands there

found = {
    "right": gae(log.rewards, values, next_values, log.terminated, log.truncated, gamma=1.0, lam=0.95),
    "1: a time limit is death": gae(
        log.rewards, values, next_values, log.terminated | log.truncated, never, gamma=1.0, lam=0.95
    ),
    "2: V of the reset state": gae(
        log.rewards, values, after_reset, log.terminated, log.truncated, gamma=1.0, lam=0.95
    ),
    "3: the sum runs on": gae(log.rewards, values, next_values, log.terminated, never, gamma=1.0, lam=0.95),
}

# %% [markdown]
# *Predict first.* Which of the three mistakes turns the sign of the advantage: 1, 2 or 3?

# %%
guess = None

# %%
plots.mistakes(found, log.states, log.actions == 1, truth=1 / 6, guess=guess)

# %% [markdown]
# The first. With one merged flag, walking towards the prize from A to D looks *worse* than promised. The second is off by up to 27 %. The third cannot be seen here: with an exact critic, what leaks in from the next walk is 0
# on average. It only adds noise: the standard deviation of an advantage grows from 0.32 to 0.38. *Try it.* Start the cell above with `V = V / 2`, a critic that is too low. Now the leak
# shows.
#
# ## Nobody is safe
#
# These are no straw men. We read how ten well-known programs handle the end of an episode in their advantage estimate, in 2026. "Merged" means that one flag stands for both.
#
# | program, file | what it does | a time limit is |
# | --- | --- | --- |
# | (the table of the ten implementations, with links, comes from style.md section 4) | | |
#
# Five of the ten mishandle a time limit. None has a signature from which a reader could learn that there are two flags. That is why ours has both, and `next_values` beside them:
#
# ```python
# gae(rewards, values, next_values, terminated, truncated, *, gamma, lam)
# ```
#
# ## What to remember
#
# 1. Terminated: the task is over, and the next state is worth 0. Truncated: somebody stopped watching, and the state keeps its value.
# 2. Either flag stops the sum of surprises, because the next row is another episode.
# 3. A row that only resets is no step of the game. Drop it.
# 4. Merged flags tell a perfect player that it has just died: here a shock of -99.
# 5. None of these mistakes crashes. Look for them with a world whose answer you know.
#
# You can judge every step now, at the end of an episode too. What is missing is a policy that listens, and a critic that keeps up with it:
# [lesson 10](10_actor_critic.ipynb).
#
# ## Think
#
# <details><summary>A time limit cuts a walk. What do its surprises sum to?</summary>The rewards, plus V of the state that was reached, minus the
# first promise.</details>
#
# <details><summary>The one who took the next row looks nearly harmless, because walks start in the middle. And if they started
# at D?</summary>Then a cut walk is worth as much as D, and A rests at 1.92/6 instead of 1/6.</details>
#
# <details><summary>Should an agent see how many steps are left?</summary>If the limit belongs to the task, yes, and then it is an end like any
# other: `terminated`. If it is only our patience, no.</details>
#
# ## Further reading
#
# - Pardo et al. (2018), *Time limits in reinforcement learning*. <https://arxiv.org/abs/1712.00378>
# - Gymnasium on [autoreset](https://gymnasium.farama.org/main/api/vector/autoreset/).
# - The mistakes in the wild: Stable-Baselines3 issue 633 (the first, mended since), skrl issue 449 (the first and the third), baby-a3c's `cost_func` (the second and the third).

# %% [markdown]
# ## Dig deeper
#
# *About 10 minutes. Nothing later depends on it.*
#
# ### Where a wrong critic comes to rest
#
# (Old lesson 6: `settles`, in sixths of a point; X values C at 1.31/6.)
#
# ### How wrong is the gradient?
#
# (Old lesson 6: `share_wrong`, 15.5 % and 54.4 %.)

# %% [markdown]
# # 9. Who stopped the game?
#
# *About 35 minutes. You need lesson 8. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 8 two flags said how a step ended, and your `gae` used them in two different ways. This lesson shows what
# happens when somebody mixes them up. It happens often: of ten well-known programs that we read, five mishandle a time
# limit. It never crashes, and it is hard to see in a learning curve.
#
# Afterwards you can
#
# - tell the end of a task from the end of your patience, and from a reset,
# - say what each of three mistakes does to a critic and to an advantage,
# - find the rows of a log that are no steps of the game.

# %%
from dataclasses import replace

import gymnasium as gym
import numpy as np

from course import check, use, widgets
from course.critics import values_over_episodes
from course.estimators import estimate
from course.plots import time_limits as plots
from course.returns import gae, reward_to_go, td_errors
from course.worlds import all_episodes, play_on, random_walk, state_values

# %% [markdown]
# ## The case of the perfect game
#
# In CartPole a pole stands on a cart, and each step that it stays up pays 1 point. A simple rule of thumb balances it for as
# long as you like. But the environment has a time limit: after 500 steps it says stop, and Gymnasium starts the next episode
# by itself. We keep a log of 503 rows, counted from 0.
#
# *Predict first.* You will see rows 497 to 502. One of them is no step of the game at all. Which is it? Write its number.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
envs = gym.make_vec("CartPole-v1", num_envs=1, vectorization_mode="sync")
state, _ = envs.reset(seed=0)
log = {name: [] for name in ("cart before (m)", "reward", "cart after (m)", "terminated", "truncated")}
for _ in range(503):
    push_right = state @ [0.1, 0.2, 3.0, 1.0] > 0  # the rule of thumb
    reached, reward, terminated, truncated, _ = envs.step(push_right.astype(int))
    log["cart before (m)"].append(state[0, 0])
    log["reward"].append(reward[0])
    log["cart after (m)"].append(reached[0, 0])
    log["terminated"].append(terminated[0])
    log["truncated"].append(truncated[0])
    state = reached

# %% tags=["nbval-ignore-output"]
log = {name: np.array(column) for name, column in log.items()}
plots.log({name: column[497:] for name, column in log.items()}, first=497, guess=guess)

# %% [markdown]
# Row 500. It pays nothing, it ignores the action, and the cart jumps from where it stood to the start of a new game. This
# row is only the **reset**. (Gymnasium's vector environments reset on the step after an ending. It is called next-step
# autoreset, and is the default.)
#
# Row 499 is the interesting one. Its flag says `truncated`, not `terminated`. Nothing happened to the pole: somebody stopped
# watching. So three different things stand close together here:
#
# | | what it means | the next state is worth | the sum of surprises |
# | --- | --- | --- | --- |
# | `terminated` | the task is over: the pole fell | 0 | stops |
# | `truncated` | somebody stopped watching | what it was worth | stops |
# | a reset row | no step of the game | (nothing: drop the row) | (drop the row) |
#
# How much does it matter? With $\gamma = 0.99$, a point a step for ever is worth 100, and that is what a good critic says of
# a pole that stands.
#
# *Predict first.* What is $\delta$ in row 499 if the two flags are merged into one `done`, as older programs do? Write a
# number.

# %%
guess = None

# %%
hundred = np.full(503, 100.0)
done = log["terminated"] | log["truncated"]
right = td_errors(log["reward"], hundred, hundred, log["terminated"], gamma=0.99)
merged = td_errors(log["reward"], hundred, hundred, done, gamma=0.99)
plots.shock(right[497:500], merged[497:500], first=497, guess=guess)

# %% [markdown]
# Rightly, there is no surprise: the pole stands as before, and 1 + 0.99 × 100 = 100. With merged flags, the last step of a
# perfect game is a shock of -99. The better an agent plays, the more often it meets the time limit and is told that it has
# died.

# %% [markdown]
# ### Exercise 9.1: `real_steps` (2 points, 8 minutes)
#
# Find the rows that are steps of the game. `terminated` and `truncated` are flags of shape `[T]`, or `[T, N]` for N
# environments (time first), from a vector environment with next-step autoreset: the row after an ending, by either flag, is
# a reset. Return flags of the same shape: False in a reset row, True in all others. The record begins with a fresh reset, so
# row 0 is a real step.
#
# <details><summary>Hint 1</summary>A row is real unless the row <em>before</em> it ended an episode.</details>
# <details><summary>Hint 2</summary>Start with all True. Then rows 1, 2, 3, ... get the opposite of what the flags of rows 0,
# 1, 2, ... say.</details>
# <details><summary>Hint 3</summary><code>real[1:] = ~(terminated | truncated)[:-1]</code>, with flags of type
# bool.</details>
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
real = real_steps(log["terminated"], log["truncated"])
print("rows that are no step of the game:", np.flatnonzero(np.logical_not(real)))

# %% [markdown]
# A program that collects one stretch of rows after another must carry one thing over: whether the *last* row of the stretch
# before ended an episode. If it did, row 0 of the next stretch is a reset. The collector of lesson 10 does that for you
# (`course/rollout.py`).

# %% [markdown]
# ## Three suspects
#
# What do such mistakes do to a critic? Here is the walk of lesson 7, now with a time limit of six steps, which changes no
# value. Its log has no reset rows. Three programmers start from the *true* values and go on learning by TD(0). Each makes one
# mistake:


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
# The suspects are called X, Y and Z, and chance says who is who. All three learn from the same 200 walks, for each of
# twenty seeds.

# %%
limited = random_walk(time_limit=6)
truth = state_values(limited, limited.theta)
X, Y, Z = np.random.default_rng(5).permutation([limit_is_end, next_row, no_end])
lineup = {"right": None, "X": X, "Y": Y, "Z": Z}
drift = {}
for name, mistake in lineup.items():
    drift[name] = np.empty((20, 201, 5))  # seeds, walks seen, places
    for seed in range(20):
        drift[name][seed] = values_over_episodes(
            limited, limited.theta, episodes=200, lr=0.05, seed=seed, table=truth, log=mistake
        )

# %% [markdown]
# One of them sinks, one rises without end, and one is squeezed together: too high on the left, too low on the right. Move
# the slider, and say which letter took the time limit for an end before you unfold the answer.

# %%
widgets.Explorer(
    lambda walks: plots.suspects(drift, truth, walks),
    walks=widgets.slider("walks seen", 200, 0, 200, 10),
)

# %% [markdown]
# <details><summary>Who is who?</summary><b>Z</b> sinks. It took the limit for an end, so a walk that is cut counts as lost.
# <b>Y</b> rises. It sees no end at all, and promises the prizes of all later walks too. <b>X</b> is squeezed together. It took
# the next row, so a walk that is cut is worth as much as the start.</details>
#
# More walks would not help. X and Z come to rest at a wrong table, and Y never rests: *Dig deeper* computes where.

# %% [markdown]
# ## Three mistakes in an advantage
#
# Now the critic is exact, and the mistakes stand in the call of `gae`. The walk has a limit of ten steps, which 32 % of the
# walks run into, and twenty environments play walk after walk. With the exact critic every step to the right has an
# advantage of +1/6, wherever you stand.

# %%
walk = random_walk(time_limit=10)
V = state_values(walk, walk.theta)
played = play_on(walk, walk.theta, environments=20, steps=5_000, seed=0)

# %%
values = V[played.states]
next_values = V[played.next_states]
of_the_next_row = np.roll(values, -1, axis=0)  # whatever stands there: after an ending, the start
ended = played.terminated | played.truncated
never = np.zeros_like(ended)
dials = {"gamma": 1.0, "lam": 0.95}

found = {
    "right": gae(played.rewards, values, next_values, played.terminated, played.truncated, **dials),
    "1: a time limit is death": gae(played.rewards, values, next_values, ended, never, **dials),
    "2: V of the next row": gae(
        played.rewards, values, of_the_next_row, played.terminated, played.truncated, **dials
    ),
    "3: the sum runs on": gae(played.rewards, values, next_values, played.terminated, never, **dials),
}

# %% [markdown]
# *Predict first.* Which of the three mistakes turns the sign of the advantage: 1, 2 or 3?

# %%
guess = None

# %%
plots.mistakes(found, played.states, played.actions == 1, truth=1 / 6, guess=guess)

# %% [markdown]
# The first. With one merged flag, walking towards the prize from A to D looks *worse* than promised. (From E it ends the
# task: no mistake touches it.) The second keeps the sign, and is off by up to 30 % (at D, in a list of all walks). The third
# cannot be seen here: with an exact critic, what leaks in from the next walk is 0 on average. It only adds noise.

# %%
for name, advantages in found.items():
    print(f"{name}: standard deviation {advantages.std():.2f}")

# %% [markdown]
# The standard deviation of an advantage grows from 0.31 to 0.37 with the third mistake. *Try it.* Make the
# critic too low: put `V = V / 2` at the top of the cell that begins with `values =`. Start it once, and the picture again.
# Now the leak shows: the third mistake lies above the right version from A to D.

# %% [markdown]
# ## Nobody is safe
#
# These are no straw men. In 2026 we read how ten well-known programs handle the end of an episode in their advantage
# estimate:
#
# | program and file | how it is told that an episode ended | a time limit |
# | --- | --- | --- |
# | [rlax, `multistep.py`](https://github.com/google-deepmind/rlax/blob/HEAD/rlax/_src/multistep.py) | one discount a step, 0 at an end | nothing is said of it |
# | [bsuite, `agent.py`](https://github.com/google-deepmind/bsuite/blob/HEAD/bsuite/baselines/jax/actor_critic/agent.py) | a record never crosses an end, and its discount is 1 at a time limit | is handled |
# | [Stable-Baselines3, `buffers.py`](https://github.com/DLR-RM/stable-baselines3/blob/HEAD/stable_baselines3/common/buffers.py) | one merged flag | is repaired elsewhere: $\gamma V(s_{t+1})$ is added to the reward |
# | [Spinning Up, `vpg.py`](https://github.com/openai/spinningup/blob/HEAD/spinup/algos/pytorch/vpg/vpg.py) | the caller passes 0, or the value of the last state | is handled |
# | [rlhf-book, `utils.py`](https://github.com/natolambert/rlhf-book/blob/HEAD/code/policy_gradients/utils.py) | rebuilt from a mask inside | nothing is said of it |
# | [CleanRL, `ppo.py`](https://github.com/vwxyzjn/cleanrl/blob/HEAD/cleanrl/ppo.py) | both flags merged into one | **counts as death** |
# | [Hugging Face course, unit 8](https://github.com/huggingface/deep-rl-class/blob/HEAD/notebooks/unit8/unit8_part1.ipynb) | as CleanRL, with the single `done` of older environments | **counts as death** |
# | [ARENA, `compute_advantages`](https://github.com/callummcdougall/ARENA_3.0/blob/HEAD/chapter2_rl/exercises/part3_ppo/solutions.py) | `terminated` only | **the sum runs into the next episode** |
# | [minimalRL, `ppo.py`](https://github.com/seungeunrho/minimalRL/blob/HEAD/ppo.py) | a window stops at `done` | **is ignored**: `truncated` is not looked at |
# | [baby-a3c, `baby-a3c.py`](https://github.com/greydanus/baby-a3c/blob/HEAD/baby-a3c.py) | only in the last step of a window | **leaks**, as any end inside a window does |
#
# Five of the ten mishandle a time limit. None has a signature from which a reader could learn that there are two flags. That
# is why ours has both, and `next_values` beside them:
#
# ```python
# gae(rewards, values, next_values, terminated, truncated, *, gamma, lam)
# ```

# %% [markdown]
# ## What to remember
#
# 1. Terminated: the task is over, and the next state is worth 0. Truncated: somebody stopped watching, and the state keeps
#    its value.
# 2. Either flag stops the sum of surprises, because the next row is another episode.
# 3. A row that only resets is no step of the game. Drop it.
# 4. Merged flags tell a perfect player that it has died: here a shock of -99.
# 5. None of these mistakes crashes. Look for them with a world whose answer you know.
#
# You can judge every step now, at the end of an episode too. What is missing is a policy that listens, and a critic that
# keeps up with it: [lesson 10](10_actor_critic.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>A time limit cuts a walk. What do its surprises sum to?</summary>The rewards, plus V of the state that
# was reached, minus the first promise.</details>
#
# <details><summary>X, who took the next row, looks nearly harmless, because walks start in the middle. And if they started
# at D?</summary>Then a cut walk is worth as much as D, and A rests at 1.92/6 instead of 1/6.</details>
#
# <details><summary>Should an agent see how many steps are left?</summary>If the limit belongs to the task, yes, and then it
# is an end like any other: `terminated`. If it is only our patience, no.</details>

# %% [markdown]
# ## Further reading
#
# - Pardo et al. (2018), [*Time limits in reinforcement learning*](https://arxiv.org/abs/1712.00378).
# - Gymnasium on [autoreset](https://gymnasium.farama.org/main/api/vector/autoreset/).
# - The mistakes in the wild: Stable-Baselines3 issue 633 (mistake 1, mended since), skrl issue 449 (1 and 3), baby-a3c's
#   `cost_func` (2 and 3).

# %% [markdown]
# ## Dig deeper
#
# *About 5 minutes. Nothing later depends on it.*
#
# ### Where a wrong critic comes to rest
#
# With steps that shrink, TD(0) comes to rest where the mean surprise is 0 in every place. Those are five linear equations,
# and a list of all walks gives their numbers. In sixths of a point:

# %%
every = all_episodes(limited, limited.theta)


def settles(mistake):
    """The table at which the mean TD error is exactly 0 in every place, [5]."""
    e = every if mistake is None else mistake(every)
    chance = e.real * e.probability
    pull = np.zeros((5, 5))
    paid = np.zeros(5)
    np.add.at(pull, (e.states, e.states), chance)
    np.add.at(pull, (e.states, e.next_states), -chance * ~e.terminated)
    np.add.at(paid, e.states, chance * e.rewards)
    return np.linalg.solve(pull, paid)


for name in ("right", "X", "Z"):
    print(name, (6 * settles(lineup[name])).round(2))

# %% [markdown]
# More data only leads to the wrong table. Z values C at 1.31/6 instead of 3/6. X is off by 0.05 points at most. (Y is not
# among them: its equations have no solution.)

# %% [markdown]
# ### How wrong is the gradient?
#
# So X looks harmless. Weigh the policy's gradient by these surprises, with the *true* critic, and compare with the exact
# gradient of the steps that were played: first by one step's $\delta$ ($\lambda = 0$), then by all of them to the end
# ($\lambda = 1$).


# %%
def share_wrong(mistake):
    """Bias as a share of the true gradient: with one surprise, and with all to the end."""

    def one(e):
        told = e if mistake is None else mistake(e)
        after = truth[told.next_states]
        return td_errors(told.rewards, truth[told.states], after, told.terminated, gamma=1.0)

    def to_the_end(e):
        return reward_to_go(one(e), gamma=1.0)

    shares = [estimate(limited, limited.theta, weigh).relative_bias for weigh in (one, to_the_end)]
    return tuple(shares)


plots.wrong_gradients({name: share_wrong(mistake) for name, mistake in lineup.items()})

# %% [markdown]
# With one step's $\delta$, X is 15.5 % wrong, exactly as wrong as Z. Both replace the value of the state that was reached by
# a constant, the start's value or 0. The sixth step starts at B or D, and from there both ways are cut. So it gets the same
# weight whichever way it goes, and such a weight is a baseline: it changes no mean. (With a limit of five steps some cuts
# come at A and E, and X and Z differ.) With all $\delta$ to the end, Z is 54.4 % wrong, and so is Y, for the same reason: Y
# adds the start's value to the sum of every walk, and is otherwise Z. None of it averages out.

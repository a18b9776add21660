# %% [markdown]
# # 7. How far to look?
#
# *About 45 minutes. You need lesson 6.*
#
# Lesson 6 left you with two judges of a step. One $\delta$ sees one step: quiet, and as wrong as the critic. The return minus
# the value sees everything: right on average, and noisy. In this lesson you build the dial between them. Afterwards you can
#
# - write `gae` from memory, for one episode or for many environments side by side,
# - say what $\lambda$ trades against what, and why there is no best $\lambda$,
# - catch the three mistakes that well-known implementations make or made where an episode stops.

# %%
import time

import numpy as np

from course import check, use, widgets
from course.worlds import answer_world, corridor_world, random_walk, survival_world
from course.critics import three_critics
from course.estimators import estimate
from course.plots import gae as plots
from course.atari import play_random
from course.returns import explained_variance, n_step_advantages, reward_to_go, td_errors
from course.worlds import all_episodes, play, state_values, true_gradient

# %% [markdown]
# ## One rally
#
# The twelve random games of Pong from lesson 2 are back, with a critic. It sees how ball and paddles stand and move, and is
# fitted to the discounted returns of eleven games. Game 0 is new to it.
#
# *Predict first.* What share of the variance in game 0 does it foresee at $\gamma = 0.9$? And at $0.99$?


# %%
def look(ram):
    """Ball x and y, both paddles, and their moves, seen through 300 random waves: [T, 300]."""
    place = ram[:, [49, 54, 51, 50]] / 255
    move = 8 * np.diff(place, axis=0, prepend=place[:1])
    move = np.where(abs(move) > 1, 0, move)  # a new ball has not moved
    return np.cos(np.hstack([place, move, np.full((len(ram), 1), np.pi)]) @ waves)


games = play_random("pong", episodes=12, seed=0)  # 3 to 10 seconds
waves = np.random.default_rng(0).normal(size=(9, 300))
came = {g: [reward_to_go(game.rewards, gamma=g) for game in games] for g in (0.9, 0.95, 0.97, 0.99)}
seen = np.vstack([look(game.ram) for game in games[1:]])
fit = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(300), seen.T)
critics = {g: look(games[0].ram) @ (fit @ np.concatenate(each[1:])) for g, each in came.items()}
{g: round(explained_variance(critics[g], each[0]), 2) for g, each in came.items()}

# %% [markdown]
# The further $\gamma$ asks it to see, the less is decided yet. We stay at 0.95 and watch steps 205 to 259. At step 234 the
# paddle stands right by chance and returns the ball; at 251 the other side misses it. Then we stop watching: the last row is
# `truncated`.
#
# ## A ladder of looks
#
# You may look $n$ steps ahead and then ask the critic. As in lesson 6, that is a sum of surprises:
#
# $$A^{(n)}_t = r_t + \dots + \gamma^{n-1} r_{t+n-1} + \gamma^n V(s_{t+n}) - V(s_t) = \sum_{l=0}^{n-1} \gamma^l \delta_{t+l}$$
#
# Which $n$? **Generalised advantage estimation** (GAE) mixes all of them, each weighing $\lambda$ times the one before:
#
# $$A_t = (1 - \lambda) \sum_{n \ge 1} \lambda^{n-1} A^{(n)}_t = \sum_{l \ge 0} (\gamma\lambda)^l \delta_{t+l}$$
#
# On average it looks $1 / (1 - \lambda)$ steps ahead: 20 at the usual 0.95.
#
# ### Exercise 7.1: `gae_by_definition` (3 points, 7 minutes)
#
# Return the right-hand sum for every row. `deltas` and `ended` have shape `[T]`, several episodes end to end. A row whose
# `ended` is true is the last that counts: the next row is another episode. The sum also stops at the end of the array.
#
# *Predict first.* `deltas` 4, 8, 16 in one episode, $\gamma = 1$, $\lambda = 0.5$: what is $A_0$?
#
# <details><summary>Hint 1</summary>Two loops: over t, and from t on to the end of its episode.</details>
# <details><summary>Hint 2</summary>Each weight is a power of <code>gamma * lam</code>. How far is that row from t?</details>
# <details><summary>What you should see</summary>4 + 4 + 4 = 12 for the first row, then 16 and 16.</details>


# %% exercise="gae_by_definition"
def gae_by_definition(deltas, ended, *, gamma, lam):
    """A_t as a decaying sum of the TD errors up to the episode's end, shape [T]."""
    ### BEGIN SOLUTION
    advantages = np.zeros(len(deltas))
    for t in range(len(deltas)):
        for later in range(t, len(deltas)):
            advantages[t] += (gamma * lam) ** (later - t) * deltas[later]
            if ended[later]:
                break
    return advantages
    ### END SOLUTION


# %% check="gae_by_definition"
check(gae_by_definition)

# %%
gae_by_definition = use(gae_by_definition)

# %% [markdown]
# Is the mix of looks really that sum? Take step 225, nine steps before the paddle meets the ball.
#
# *Predict first.* The circles are the $n$-step estimates. At which $n$ do they jump?


# %%
def ladder(lam):
    weights = (1 - lam) * lam ** np.arange(35)
    weights[-1] = lam**34  # all longer looks stop at the cut too
    summed = gae_by_definition(deltas, cut, gamma=0.95, lam=lam)[20]
    return plots.ladder(looks, weights, lam=lam, by_definition=summed, step=225)


rewards, never, cut = games[0].rewards[205:260], np.zeros(55, bool), np.arange(55) == 54
rally = {g: (rewards, V[205:260], V[206:261], never, cut) for g, V in critics.items()}
looks = np.array([n_step_advantages(*rally[0.95], gamma=0.95, n=n)[20] for n in range(1, 36)])
deltas = td_errors(*rally[0.95][:4], gamma=0.95)
widgets.Explorer(ladder, lam=widgets.slider("λ", 0.9, 0.0, 1.0, 0.05))

# %% [markdown]
# At $n = 10$, the first look that reaches step 234. All shorter ones trust a critic that expects to lose the point. The two
# numbers in the legend agree wherever you put $\lambda$.
#
# ## One pass, backwards
#
# All that comes after step $t$ is in $A_{t+1}$ already. That is the recursion that lesson 6 promised:
#
# $$A_t = \delta_t + \gamma\lambda \, (1 - \text{ended}_t) \, A_{t+1}$$
#
# ### Exercise 7.2: `gae` (6 points, 12 minutes)
#
# All five arrays have shape `[T]` or `[T, N]`, time first. `next_values[t]` is $V$ of the state really reached, before any reset;
# it counts 0 where `terminated`, also if `truncated` stands beside it. Either flag stops the sum. The last row is not special.
#
# *Predict first.* Which of the two flags changes $\delta_t$?
#
# <details><summary>Hint 1</summary>First all deltas at once, as in lesson 6.</details>
# <details><summary>Hint 2</summary>Then walk from the last row to the first, and carry the advantage of the row after. With
# <code>[T, N]</code> a row is N numbers, and the same line works.</details>
# <details><summary>Hint 3</summary>Start the carry at 0. In a row that ended, it counts 0 times.</details>
# <details><summary>What you should see</summary>Rewards 1, 3; values 2, 4; next values 4, 8; gamma and lam 0.5; row 1 truncated:
# <code>[1.75, 3]</code>. Terminated instead: <code>[0.75, -1]</code>.</details>


# %% exercise="gae"
def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Advantages A_t, shape [T] or [T, N], by one pass from the last row to the first."""
    ### BEGIN SOLUTION
    deltas = rewards + gamma * (1 - terminated) * next_values - values
    keep = gamma * lam * (1 - (terminated | truncated))
    advantages, later = np.zeros_like(deltas), 0.0
    for t in reversed(range(len(deltas))):
        later = deltas[t] + keep[t] * later
        advantages[t] = later
    return advantages
    ### END SOLUTION


# %% check="gae"
check(gae)

# %%
gae = use(gae)

# %% [markdown]
# The ends of the dial, over the whole game. How far is $A_t$ from $\delta_t$ at $\lambda = 0$, and from $G_t - V(s_t)$ at
# $\lambda = 1$?

# %%
V, over = critics[0.95], np.arange(len(critics[0.95])) == len(critics[0.95]) - 1
game = games[0].rewards, V, np.append(V[1:], 0), over, np.zeros_like(over)
at_0 = gae(*game, gamma=0.95, lam=0) - td_errors(*game[:4], gamma=0.95)
at_1 = gae(*game, gamma=0.95, lam=1) - (came[0.95][0] - V)
np.abs([at_0, at_1]).max(axis=1).round(9)

# %% [markdown]
# Not at all.
#
# *Predict first.* Which step gets the credit for the point at $\lambda = 0$? At $\lambda = 1$? What will $\gamma$ change that
# $\lambda$ does not?


# %%
def watch(gamma, lam):
    A = gae(*rally[gamma], gamma=gamma, lam=lam)
    surprise = td_errors(*rally[gamma][:4], gamma=gamma)
    events = {234: "the paddle\nmeets the ball", 251: "point won"}
    return plots.rally(surprise, A, first=205, gamma=gamma, lam=lam, events=events)


widgets.Explorer(
    watch,
    gamma=widgets.choice("γ (the problem)", [0.9, 0.95, 0.97], 0.95),
    lam=widgets.slider("λ (the estimator)", 0.9, 0.0, 1.0, 0.05),
)

# %% [markdown]
# At $\lambda = 0$ each step gets what the critic noticed in it, and the steps that brought the paddle there get nothing. Turn it
# up, and credit flows back to them, with whatever luck came later. $\lambda$ leaves the bars alone. $\gamma$ changes them: it asks
# the critic another question.
#
# Why backwards? For 2,000 steps the definition adds 2,001,000 terms, the recursion 2,000.

# %% tags=["nbval-ignore-output"]
lengths, seconds = [250, 500, 1_000, 2_000], {"by definition": [], "backwards": []}
for T in lengths:
    surprises, zero, never = np.random.default_rng(T).normal(size=T), np.zeros(T), np.zeros(T, bool)
    start = time.perf_counter()
    slow = gae_by_definition(surprises, never, gamma=0.99, lam=0.95)
    between = time.perf_counter()
    quick = gae(surprises, zero, zero, never, never, gamma=0.99, lam=0.95)
    seconds["by definition"].append(between - start)
    seconds["backwards"].append(time.perf_counter() - between)
plots.timings(lengths, seconds)

# %% [markdown]
# ## Three mistakes at the end of an episode
#
# Back to the walk of lesson 6, with a time limit of ten steps that 32 % of the walks run into. There, three suspects spoiled a
# critic. Here the critic is exact, so a step to the right has the advantage $+1/6$ wherever you stand, and $A_t$ gets spoiled.
# Twenty environments play walk after walk.


# %%
walk = random_walk(time_limit=10)
V = state_values(walk, walk.theta)


def stream(seed, T=5_000):
    """T steps of one environment that starts a new walk after each ending."""
    e = play(walk, walk.theta, episodes=1_250, seed=seed)
    columns = e.states, e.actions, e.rewards, e.next_states, e.terminated, e.truncated
    return [column.T[e.real.T][:T] for column in columns]


together = zip(*[stream(seed) for seed in range(20)], strict=True)
states, actions, rewards, reached, terminated, truncated = (np.stack(c, axis=1) for c in together)

# %% [markdown]
# Each mistake is your own `gae`, given something wrong.
#
# *Predict first.* Which of the three turns the sign of the advantage? Which one cannot be seen?

# %%
values, next_values, never = V[states], V[reached], np.zeros_like(truncated)
ways = {
    "right": (next_values, terminated, truncated),
    "1: a time limit is death": (next_values, terminated | truncated, never),
    "2: V of the reset state": (np.roll(values, -1, axis=0), terminated, truncated),
    "3: the sum runs on": (next_values, terminated, never),
}
found = {way: gae(rewards, values, *given, gamma=1.0, lam=0.95) for way, given in ways.items()}
plots.mistakes(found, states, actions == 1, truth=1 / 6)

# %% [markdown]
# The first: with one merged flag, walking towards the prize from A to D looks worse than promised. The second is off by up to
# 27 %. The third cannot be seen. With an exact critic, what leaks in from the next walk is 0 on average. It only adds noise: the
# standard deviation of an advantage grows from 0.32 to 0.38.
#
# *Try it.* Start the cell with `V = V / 2`, a critic that is too low. Now the leak shows.
#
# ## How far, then?
#
# In the corridor of lesson 4 the trade is exact, over all 2,048 episodes. Three critics: perfect, half-trained (TD on 100
# episodes) and untrained (noise), the last two with 20 seeds each.


# %%
def judge(world, critic, *, lam, gamma=1.0):
    """Exact bias, variance, signal-to-noise and cosine of the gradient that `gae` makes."""

    def advantages(e):
        record = e.rewards, critic[e.states], critic[e.next_states], e.terminated, e.truncated
        return gae(*record, gamma=gamma, lam=lam)

    return estimate(world, world.theta, advantages, estimator=f"GAE {lam:g}")


def grid(world, name, seeds=20):
    tables = [three_critics(world, world.theta, seed=seed)[name] for seed in range(seeds)]
    return [[judge(world, table, lam=lam) for lam in lams] for table in tables]


# %% [markdown]
# A batch's squared error is bias² plus variance / batch size. *Predict first.* Does a larger batch ask for a larger $\lambda$, or a
# smaller one?

# %%
lams, corridor = np.linspace(0, 1, 21).round(2), corridor_world()
rows = {"perfect": grid(corridor, "perfect", seeds=1)}  # what follows takes 2 to 5 seconds
rows |= {name: grid(corridor, name) for name in ("half-trained", "untrained")}
size = np.linalg.norm(true_gradient(corridor, corridor.theta))
widgets.Explorer(
    lambda critic, batch: plots.error(lams, rows[critic], batch=batch, size=size),
    critic=widgets.choice("critic", list(rows), "half-trained"),
    batch=widgets.choice("episodes in a batch", [1, 20, 64, 256, 1_000, 10_000], 64),
)

# %% [markdown]
# A larger one: averaging cures noise, never bias. The best $\lambda$ belongs to a critic *and* a batch:

# %%
batches = [1, 20, 64, 256, 1_000, 10_000]
best = {
    name: [[lams[np.argmin([row.error(batch) for row in seed])] for batch in batches] for seed in seeds]
    for name, seeds in rows.items()
}
plots.best_lambda(batches, best)

# %% [markdown]
# Half-trained: 0, 0.70, 0.90, 0.95, 1 at 1, 20, 64, 256 and 10,000 episodes (medians). A perfect critic always asks for 0. The
# usual 0.95 is a guess about critics and batches, not a constant of nature.
#
# Three things are often said that do *not* hold here. "Variance grows with $\lambda$": for 15 of the 20 untrained critics it falls at
# first (and in the survival world, by a hair, with a perfect one too). "Bias falls with $\lambda$": for the untrained ones it does
# so all the way for only 8 of 20. "Choose by signal-to-noise": let us.

# %%
groups = {
    "answers, half-trained": grid(answer_world(), "half-trained"),
    "survival, untrained": grid(survival_world(), "untrained"),
}
picked = {name: [] for name in groups}
for name, seeds in groups.items():
    for seed in seeds:
        nth = np.argmax([row.snr for row in seed])
        picked[name].append((lams[nth], seed[nth].cosine))
plots.favourites(picked)

# %% [markdown]
# For 5 of the 20 untrained critics the clearest signal points *away* from the truth. Of the half-trained favourites, 10 have a bias
# of more than half the gradient. The ratio does not see where an estimate points: show the cosine or the error beside it.
#
# ## What $\lambda$ cannot do
#
# The corridor counts every reward in full. Suppose you use $\gamma = 0.9$ all the same, with the exact critic of that $\gamma$.
#
# *Predict first.* Which $\lambda$ has the least bias?

# %%
short_sighted = state_values(corridor, corridor.theta, gamma=0.9)
{lam: round(judge(corridor, short_sighted, lam=lam, gamma=0.9).relative_bias, 4) for lam in (0, 0.5, 0.95, 1)}

# %% [markdown]
# None: at every $\lambda$ the bias is 40 % of the gradient. $\gamma$ defines the problem, $\lambda$ only the estimator.
#
# And $A_t$ is a weight on $\nabla \log \pi$, not a reward. A critic learns from $A_t + V(s_t)$, a mix of $n$-step returns (the
# $\lambda$-return), never from $A_t$. Try both:


# %%
def value_of_start(target):
    """V of the start after 300 rounds of moving every state's V half-way to its mean target."""
    e, V = all_episodes(corridor, corridor.theta), np.zeros(len(corridor.chance))
    places, chance = e.states.ravel(), np.broadcast_to(e.probability, e.states.shape).ravel()
    for _ in range(300):
        A = gae(e.rewards, V[e.states], V[e.next_states], e.terminated, e.truncated, gamma=1.0, lam=0.95)
        off = (target(A, V[e.states]) - V[e.states]).ravel()
        V = V + 0.5 * np.bincount(places, chance * off) / np.bincount(places, chance)
    return float(V[corridor.start].round(2))


{"A + V": value_of_start(lambda A, V: A + V), "A": value_of_start(lambda A, V: A)}

# %% [markdown]
# The true value is 2.63. Trained on advantages, the critic rests at less than half: where what it says equals what it misses.
#
# You can judge every step. What is missing is a policy that listens, and a critic that keeps up with it. In lesson 8 they
# train together.
#
# ## What to remember
#
# 1. $A_t = \delta_t + \gamma\lambda (1 - \text{ended}_t) A_{t+1}$, from the last row to the first.
# 2. `terminated` makes the next state worth 0. Either flag stops the sum.
# 3. $\lambda = 0$ asks the critic after one step; $\lambda = 1$ only where an episode was cut.
# 4. The best $\lambda$ depends on critic and batch: a good critic and a small batch want it small.
# 5. $\gamma$ is the problem, $\lambda$ the estimator; the critic learns from $A + V$.
#
# ## Think
#
# <details><summary>γ = 1, and a critic is 10 points too high everywhere. Which δ does that change?</summary>Only those of steps
# that end the task. Elsewhere the 10 points cancel.</details>
#
# <details><summary>Why can the recursion not start at the first row?</summary>A<sub>t</sub> is about what comes after t.</details>
#
# <details><summary>You double the batch. Later the critic becomes good. Which way do you move λ each time?</summary>Up: averaging
# takes care of the noise. Then down: less bias to avoid.</details>
#
# ## Further reading
#
# - Schulman et al. (2016), *High-dimensional continuous control using generalized advantage estimation*. <https://arxiv.org/abs/1506.02438>
# - Sutton & Barto (2018), chapter 12: λ-returns.
# - Pardo et al. (2018), *Time limits in reinforcement learning*. <https://arxiv.org/abs/1712.00378>
# - The mistakes in the wild: Stable-Baselines3 issue 633 (1, mended since), skrl issue 449 (1 and 3), baby-a3c's `cost_func` (2 and 3).
#
# Next: [8. CartPole](08_cartpole.ipynb). Symbols: [notation](../docs/notation.md).

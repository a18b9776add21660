# %% [markdown]
# # 8. How far to look?
#
# *About 50 minutes. You need lesson 7. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 7 left you with two judges of a token. One is $\delta_t$: it asks the critic again after one step, is quiet, and is
# as wrong as the critic. The other is $R - V(s_t)$: it waits for the end, is right on average, and is noisy. With the exact
# critic the first one won by far. In this lesson the critic is spoiled, and you build the dial between the two judges.
#
# Afterwards you can
#
# - write `gae` from memory, for one episode or for many environments side by side,
# - say what $\lambda$ trades against what, and why there is no best $\lambda$,
# - say what $\gamma$ does that $\lambda$ does not.

# %%
import numpy as np

from course import check, use, widgets
from course.atari import pong_rally
from course.critics import three_critics
from course.estimators import episode_gradients, estimate
from course.plots import gae as plots
from course.plots import writer as figure
from course.returns import n_step_advantages, td_errors
from course.worlds import (
    all_episodes,
    corridor_world,
    random_walk,
    state_values,
    survival_world,
    true_gradient,
    writer,
)

# %% [markdown]
# ## A critic that cannot read
#
# The *blind* critic knows what an answer earns on average, and nothing of what is written. It says the same number at every
# place. So no token ever surprises it. All the news comes in one step: the last.
#
# *Predict first.* With the exact critic, $\delta$ took the writer to 2,499 million. Where does it take the writer with the
# blind critic? Write the score after 100 updates, in million points.

# %%
guess = None


# %% tags=["nbval-ignore-output"]
def surprise(e):
    """Lesson 7: every token gets the change of mind that it caused."""
    return td_errors(e.rewards, e.values, e.next_values, e.terminated, gamma=1.0)


def score_minus_value(e):
    """Lesson 6: what the answer was paid, minus what was expected before each token was written."""
    return e.rewards.sum(axis=0) - e.values


blind = {
    "R - V": writer.learn(score_minus_value, critic="blind"),
    "TD error": writer.learn(surprise, critic="blind"),
}

# %%
figure.learning(blind, critic=dict.fromkeys(blind, "blind"), guess=guess)

# %% [markdown]
# 504 million: it learns its last token and no other. Only that one gets any weight at all, and the 499 others get none.
# $R - V$ reaches 1,660 million. The order has turned round. It is the same judge, and these are the same two weights.
# Only the critic is another.

# %% [markdown]
# ## A ladder of looks
#
# To trust the critic after one step, or never: those are the ends. In between, you may look $n$ steps ahead and then ask. As
# in lesson 7, that is a sum of surprises:
#
# $$A^{(n)}_t = r_t + \dots + \gamma^{n-1} r_{t+n-1} + \gamma^n V(s_{t+n}) - V(s_t) = \sum_{l=0}^{n-1} \gamma^l \delta_{t+l}$$
#
# Which $n$? **Generalized advantage estimation**, GAE for short, mixes all of them. Each look weighs $\lambda$ times as much
# as the one that is a step shorter, and all the weights together make 1:
#
# $$A_t = (1 - \lambda) \sum_{n \ge 1} \lambda^{n-1} A^{(n)}_t = \sum_{l \ge 0} (\gamma\lambda)^l \delta_{t+l}$$
#
# The right-hand side says it best. The advantage of a step is a sum of the surprises that are still to come, and the further
# ahead a surprise lies, the less it counts. At $\lambda = 0$ only the first one counts, which is $\delta_t$. At
# $\lambda = 1$ the critic is never asked again, which is lesson 6's return minus the value. On average GAE looks
# $1 / (1 - \lambda)$ steps ahead: 20 at the usual 0.95.

# %% [markdown]
# ### Exercise 8.1: `gae_by_definition` (3 points, 7 minutes)
#
# Return the right-hand sum, $\sum_{l \ge 0} (\gamma\lambda)^l \delta_{t+l}$, for every row. `deltas` and `ended` have shape
# `[T]`; several episodes may stand end to end. A row whose `ended` is true is the last that counts, since the next row is
# another episode. The sum also stops at the end of the array.
#
# <details><summary>Hint 1</summary>Two loops: over t, and from t on to the end of its episode.</details>
# <details><summary>Hint 2</summary>Each weight is a power of <code>gamma * lam</code>. How far is that row from t?</details>
# <details><summary>What you should see</summary>Deltas 4, 8, 16 in one episode, gamma 1, lam 0.5: 4 + 4 + 4 = 12 for the
# first row, then 16 and 16.</details>


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
# Is the mix of looks really that sum? Here is a rally of Pong that was played at random, with a critic that was fitted to
# other games. (The library plays the games and fits the critic; `help(pong_rally)` says how.) At step 234 the paddle stands
# in the right place by chance and returns the ball. At step 251 the other side misses it: a point. We look from step 225,
# nine steps before the paddle meets the ball.

# %%
rally = pong_rally(gamma=0.95)
deltas = td_errors(rally.rewards, rally.values, rally.next_values, rally.terminated, gamma=0.95)
ended = rally.terminated | rally.truncated
looks = []
for n in range(1, 36):
    ahead = n_step_advantages(
        rally.rewards, rally.values, rally.next_values, rally.terminated, rally.truncated, gamma=0.95, n=n
    )
    looks.append(ahead[225 - 205])


# %%
def ladder(lam):
    summed = gae_by_definition(deltas, ended, gamma=0.95, lam=lam)
    return plots.ladder(looks, lam=lam, by_definition=summed[225 - 205], step=225)


widgets.Explorer(ladder, lam=widgets.slider("λ", 0.9, 0.0, 1.0, 0.05))

# %% [markdown]
# The circles are the $n$-step estimates, and their size is their weight in the mix. Up to $n = 9$ they trust a critic that
# foresees next to nothing. At $n = 10$, the first look that reaches over step 234, they jump. The two numbers in the legend,
# the mix of looks and your sum, agree wherever you put $\lambda$.

# %% [markdown]
# ## One pass, backwards
#
# For 2,000 steps the definition adds up two million terms. But all that comes after step $t$ is in $A_{t+1}$ already. So one
# pass is enough, from the last row to the first:
#
# $$A_t = \delta_t + \gamma\lambda \, (1 - \text{ended}_t) \, A_{t+1}$$

# %% [markdown]
# ### Exercise 8.2: `gae` (6 points, 12 minutes)
#
# All five arrays have shape `[T]` or `[T, N]`, time first, and so has the result. Two flags say how a step ended.
# `terminated`: the task is over, and the next value counts 0. `truncated`: somebody stopped watching, say because of a time
# limit; the state reached keeps its value, which `next_values[t]` gives. Where both stand, `terminated` wins. Either flag
# stops the sum, because the next row belongs to another episode. The last row is not special.
#
# <details><summary>Hint 1</summary>First all deltas at once, as in lesson 7. Which of the two flags do they need?</details>
# <details><summary>Hint 2</summary>Then walk from the last row to the first, and carry the advantage of the row after. With
# <code>[T, N]</code> a row is N numbers, and the same line works.</details>
# <details><summary>Hint 3</summary>Start the carry at 0. In a row that ended, by either flag, it counts 0 times.</details>
# <details><summary>What you should see</summary>Rewards 1, 3; values 2, 4; next values 4, 8; gamma and lam 0.5; row 1
# truncated: <code>[1.75, 3]</code>. Terminated instead: <code>[0.75, -1]</code>.</details>


# %% exercise="gae"
def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):
    """Advantages A_t, shape [T] or [T, N], by one pass from the last row to the first."""
    ### BEGIN SOLUTION
    deltas = rewards + gamma * (1 - terminated) * next_values - values
    keep = gamma * lam * (1 - (terminated | truncated))
    advantages = np.zeros_like(deltas)
    later = 0.0
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
# Turn the dial, over the same rally.
#
# *Predict first.* At $\lambda = 0$, which step gets the most credit for the point? Write its number, from 205 to 259.

# %%
guess = None


# %%
def watch(gamma, lam):
    r = pong_rally(gamma=gamma)
    deltas = td_errors(r.rewards, r.values, r.next_values, r.terminated, gamma=gamma)
    advantages = gae(r.rewards, r.values, r.next_values, r.terminated, r.truncated, gamma=gamma, lam=lam)
    events = {234: "the paddle\nmeets the ball", 251: "point won"}
    return plots.rally(deltas, advantages, first=205, gamma=gamma, lam=lam, events=events, guess=guess)


widgets.Explorer(
    watch,
    gamma=widgets.choice("γ (the problem)", [0.9, 0.95, 0.97], 0.95),
    lam=widgets.slider("λ (the estimator)", 0.0, 0.0, 1.0, 0.05),
)

# %% [markdown]
# Step 234, and not step 251, where the point is paid: at $\lambda = 0$ each step gets what the critic noticed in it, and the
# steps that brought the paddle there get nothing. Turn $\lambda$ up, and credit flows back to them, together with whatever
# luck came later. Notice what $\lambda$ leaves alone: the bars, the surprises themselves. $\gamma$ changes the bars, because
# it asks the critic another question. **$\gamma$ belongs to the problem, $\lambda$ to the estimator.** No $\lambda$ can
# repair a $\gamma$ that is wrong for your task; *Dig deeper* measures that.

# %% [markdown]
# ## The last line of the picture
#
# Here is your `gae` for the writer, first with the exact critic, at the usual $\lambda = 0.95$:


# %% tags=["nbval-ignore-output"]
def advantage(e, lam=0.95):
    return gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=lam)


exact = {
    "R - V": writer.learn(score_minus_value),
    "TD error": writer.learn(surprise),
    "GAE 0.95": writer.learn(advantage),
}

# %%
figure.learning(exact, old=["R - V", "TD error"])

# %% [markdown]
# After 12 updates GAE has 2,310 million: more than $R - V$, less than $\delta$. With an exact critic there is nothing to be
# gained here by looking further than one step.
#
# Now the blind critic, with two more positions of the dial.
#
# *Predict first.* With the blind critic all news comes in the last step. At $\lambda = 0.95$, a token that stands a hundred
# places before the end gets $0.95^{100}$ of it, about six thousandths. After 100 updates, is $\lambda = 0.95$ nearer to
# $\lambda = 0$ (504 million) or to $\lambda = 1$ (1,660 million)? Write its score, in million points.

# %%
guess = None

# %% tags=["nbval-ignore-output"]
for lam in (0.95, 0.99):
    blind[f"GAE {lam:g}"] = writer.learn(lambda e, lam=lam: advantage(e, lam), critic="blind")

# %%
figure.learning(blind, old=["R - V", "TD error"], critic=dict.fromkeys(blind, "blind"), guess=guess)

# %% [markdown]
# 1,662 million: as much as $\lambda = 1$! Although early tokens get next to nothing? Look at the direction of the gradient
# instead of the curve:

# %%
by_lambda = {name: blind[name] for name in ("TD error", "GAE 0.95", "GAE 0.99", "R - V")}
figure.pointing(by_lambda, critic=dict.fromkeys(by_lambda, "blind"), upto=0.15)

# %% [markdown]
# The *direction* is what you would expect: the further you look, the better it points, because this critic gives no news
# before the end. The curves hide it, because of Adam. With the blind critic, $\lambda$ multiplies all that place $t$ gets by
# one number, $\lambda^{499-t}$. Adam divides each entry of the gradient by its own running size (lesson 5), and so it
# divides that number out again. (*Dig deeper* takes this help away.)
#
# So trust the cosine more than a curve, wherever an optimiser stands between the two. And mind the lesson of the two
# critics: *the same dial, another critic*, and the best position moves from one end towards the other.

# %% [markdown]
# ## Is there a best λ?
#
# A small world makes the trade exact, because all its episodes can be listed. In the *corridor* you choose one of two doors,
# and then walk five steps. In each of them a coin gives or takes 2 points, and a stride pays half a point more than a
# stroll. Behind the right door a prize of 4 points waits at the end. Take three critics of it: a *perfect* one; a
# *half-trained* one, by TD(0) on 100 episodes; and an *untrained* one, which is noise. The last two have twenty seeds each.
# The walk of lesson 7 comes along with its perfect critic, and with a time limit of six steps, so that its walks can be
# listed too.


# %%
def judge(world, critic, *, lam, gamma=1.0):
    """Exact bias, variance and direction of one episode's gradient with GAE."""

    def weigh(e):
        now = critic[e.states]
        after = critic[e.next_states]
        return gae(e.rewards, now, after, e.terminated, e.truncated, gamma=gamma, lam=lam)

    return estimate(world, world.theta, weigh)


lams = np.linspace(0, 1, 21).round(2)


def all_positions(world, critic):
    """The verdict on each position of the dial."""
    return [judge(world, critic, lam=lam) for lam in lams]


# %%
corridor = corridor_world()
walk = random_walk(time_limit=6)
rows = {
    "perfect": [all_positions(corridor, state_values(corridor, corridor.theta))],
    "perfect, in the walk": [all_positions(walk, state_values(walk, walk.theta))],
    "half-trained": [],
    "untrained": [],
}
for seed in range(20):
    critics = three_critics(corridor, corridor.theta, seed=seed)
    for name in ("half-trained", "untrained"):
        rows[name].append(all_positions(corridor, critics[name]))

# %% [markdown]
# The mean squared error of a batch's gradient is bias² plus variance divided by the batch size. Averaging cures noise, and
# never bias. So for each critic and each batch size, one position of the dial has the smallest error:

# %%
batches = np.array([1, 20, 64, 256, 1_000, 10_000])
best = {}
for name, seeds in rows.items():
    best[name] = []
    for verdicts in seeds:
        errors = np.array([row.bias**2 + row.variance / batches for row in verdicts])  # [position, batch]
        best[name].append(lams[errors.argmin(axis=0)])

plots.best_lambda(batches, best)

# %% [markdown]
# The best $\lambda$ belongs to a critic *and* a batch. The half-trained critic asks for 0, 0.70, 0.90, 0.95, 1 and 1 at
# these batch sizes (medians): the larger the batch, the less noise is left, and the more its bias hurts. A perfect critic
# asks for 0 in the corridor, at every batch size.
#
# The picture's dashed line contradicts what is often said. In the walk the *perfect* critic asks for 0.45, at
# every batch size. There is no bias to trade away: it is exactly 0 at every $\lambda$. But $\delta$ alone is not the
# quietest estimate there: the surprise of the next step, weighed down, cancels part of its noise (*Dig deeper* shows how).
# So "a perfect critic wants $\lambda = 0$" is no law either. The usual 0.95 is a guess about critics and batches, not a
# constant of nature.

# %% [markdown]
# ## What to remember
#
# 1. $A_t = \delta_t + \gamma\lambda (1 - \text{ended}_t) A_{t+1}$, from the last row to the first: a decaying sum of the
#    surprises still to come.
# 2. $\lambda = 0$ trusts the critic after one step, $\lambda = 1$ never (unless the episode was cut).
# 3. There is no best $\lambda$ apart from the critic and the batch. With a blind critic a batch points best at 1.
# 4. $\gamma$ is the problem, $\lambda$ the estimator.
# 5. Adam hides the dial. Look at where a gradient points, not only at a curve.
#
# One thing went by quickly: two flags say how a step ended, and they do different things. Well-known programs get that
# wrong. It takes a lesson of its own, a short one: [lesson 9](09_time_limits.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>γ = 1, and a critic is 10 points too high everywhere. Which δ does that change?</summary>Only those of
# steps that end the task. Elsewhere the 10 points cancel.</details>
#
# <details><summary>Why can the recursion not start at the first row?</summary>A<sub>t</sub> is about what comes after
# t.</details>
#
# <details><summary>You double the batch. Later the critic becomes good. Which way do you move λ each time?</summary>Up, as
# averaging takes care of the noise. Then down, as there is less bias to avoid. But measure: the walk with its perfect critic
# was a surprise.</details>
#
# <details><summary>What should the critic learn from, A or A + V?</summary>From A + V, a mix of n-step returns called the
# λ-return. <em>Dig deeper</em> shows where a critic comes to rest that learns from A alone.</details>

# %% [markdown]
# ## Further reading
#
# - Schulman et al. (2016), [*High-dimensional continuous control using generalized advantage estimation*](https://arxiv.org/abs/1506.02438).
# - Sutton & Barto (2018), chapter 12: λ-returns.
# - Kingma & Ba (2015), [*Adam: a method for stochastic optimization*](https://arxiv.org/abs/1412.6980): its 10⁻⁸.

# %% [markdown]
# ## Dig deeper
#
# *About 15 minutes. Nothing later depends on it.*
#
# ### Without Adam's help
#
# Count points in units of the best score. Now the tiny weights of early tokens fall below the $10^{-8}$ that Adam adds
# before it divides.


# %% tags=["nbval-ignore-output"]
def in_units(e):
    return advantage(e, 0.95) / writer.BEST


def in_units_to_the_end(e):
    return advantage(e, 1.0) / writer.BEST


in_units_run = writer.learn(in_units, critic="blind")
to_the_end_run = writer.learn(in_units_to_the_end, critic="blind")

# %%
for lam, run in ((0.95, in_units_run), (1, to_the_end_run)):
    print(f"lambda {lam}, in units: {np.median(run.scores[:, -1]) / 1e6:,.0f} million")

# %% [markdown]
# In these units $\lambda = 0.95$ has 1,176 million instead of 1,662, and $\lambda = 1$ still has its 1,660.

# %% [markdown]
# ### Error over λ, batch by batch
#
# The same rows as above, one critic and one batch size at a time.

# %%
size = np.linalg.norm(true_gradient(corridor, corridor.theta))


def show_error(critic, batch):
    return plots.error(lams, rows[critic], batch=batch, size=size)


widgets.Explorer(
    show_error,
    critic=widgets.choice("critic", ["half-trained", "untrained", "perfect"], "half-trained"),
    batch=widgets.choice("episodes in a batch", batches.tolist(), 64),
)

# %% [markdown]
# ### Three things that are often said
#
# "Variance grows with $\lambda$." "Bias falls with $\lambda$." "Choose the $\lambda$ with the clearest signal." For the
# third we take the *survival* world, in which each of six steps pays a point until you fall, because an untrained critic is
# badly wrong there.

# %%
falls_first = 0
falls_all_the_way = 0
for verdicts in rows["untrained"]:
    variance = [row.variance for row in verdicts]
    bias = [row.bias for row in verdicts]
    falls_first += variance[1] < variance[0]
    falls_all_the_way += (np.diff(bias) < 0).all()

print("variance falls at first:", falls_first, "of 20")
print("bias falls all the way:", falls_all_the_way, "of 20")

# %%
survival = survival_world()
away = 0
for seed in range(20):
    verdicts = all_positions(survival, three_critics(survival, survival.theta, seed=seed)["untrained"])
    clearest = max(verdicts, key=lambda row: row.snr)
    away += clearest.cosine < 0
print("the clearest signal points away from the truth:", away, "of 20")

# %% [markdown]
# None of the three holds always. For 15 of the 20 untrained critics the variance falls at first. The bias falls all the way
# for only 8 of 20. And for 5 of 20 the clearest signal points *away* from the truth: the ratio of signal to noise does not
# see where an estimate points. Show the cosine or the error beside it.

# %% [markdown]
# ### Why the walk's perfect critic asks for more than 0
#
# Write the gradient at $\lambda$ as a sum: the part of each step's own $\delta$, plus $\lambda$ times the part of the next
# step's $\delta$, and so on. Every part but the first is 0 on average, as the critic is perfect. So the further parts can
# only change the noise.

# %%
e = all_episodes(walk, walk.theta)
V = state_values(walk, walk.theta)
surprises = td_errors(e.rewards, V[e.states], V[e.next_states], e.terminated, gamma=1.0)
of_the_next = np.vstack([surprises[1:], np.zeros((1, surprises.shape[1]))])
own_part = episode_gradients(walk, walk.theta, e, surprises)
next_part = episode_gradients(walk, walk.theta, e, of_the_next)


# %%
def covariance(one, other):
    """Summed over the five entries of the gradient."""
    one = one - e.probability @ one
    other = other - e.probability @ other
    return e.probability @ (one * other).sum(axis=1)


print(f"variance of the own part: {covariance(own_part, own_part):.4f}")
print(f"variance of the next part: {covariance(next_part, next_part):.4f}")
print(f"covariance of the two: {covariance(own_part, next_part):.4f}")

# %% [markdown]
# The covariance is negative, so a bit of the next part makes the sum quieter. One can see why. Here each step's own $\delta$
# is +1/6 to the right and -1/6 to the left, and its score function has the same sign: the product is 1/12, whichever way the
# walk went. So the own part counts how often a walk passes each place, and that number is all its noise. The next part is
# positive where a walk goes on in its direction, and negative where it turns back. And a walk passes a place again only if
# it has turned back: a high count goes with a negative next part. In the corridor the same covariance is 0, and there
# nothing is gained.

# %% [markdown]
# ### What λ cannot do
#
# The corridor counts every reward in full. Suppose that you use $\gamma = 0.9$ all the same, with the exact critic of that
# $\gamma$. Which $\lambda$ has the least bias?

# %%
short_sighted = state_values(corridor, corridor.theta, gamma=0.9)
for lam in (0, 0.5, 0.95, 1):
    verdict = judge(corridor, short_sighted, lam=lam, gamma=0.9)
    print(f"lambda {lam}: bias {verdict.relative_bias:.1%} of the gradient")

# %% [markdown]
# None: at every $\lambda$ the bias is 40 % of the gradient. $\gamma$ defines the problem, $\lambda$ only the estimator.

# %% [markdown]
# ### What the critic learns from
#
# $A_t$ is a weight on $\nabla \log \pi$. A critic learns from $A_t + V(s_t)$, never from $A_t$ itself. Try both:


# %%
def value_of_start(*, with_v):
    """V of the start after 300 rounds of moving every state's V half-way to its mean target."""
    e = all_episodes(corridor, corridor.theta)
    places = e.states.ravel()
    chance = (e.real * e.probability).ravel()
    V = np.zeros(len(corridor.chance))
    for _ in range(300):
        A = gae(e.rewards, V[e.states], V[e.next_states], e.terminated, e.truncated, gamma=1.0, lam=0.95)
        target = A + V[e.states] if with_v else A
        miss = (target - V[e.states]).ravel()
        V = V + 0.5 * np.bincount(places, chance * miss) / np.bincount(places, chance)
    return V[corridor.start]


# %%
print(f"learned from A + V: {value_of_start(with_v=True):.2f}")
print(f"learned from A: {value_of_start(with_v=False):.2f}")

# %% [markdown]
# The true value is 2.63. Trained on advantages, the critic comes to rest at 1.20, less than half: where what it says equals
# what it misses.

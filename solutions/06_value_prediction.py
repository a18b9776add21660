# %% [markdown]
# # 6. How do you think you did?
#
# *About 65 minutes. You need lesson 5. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Two things were missing when the writer of lesson 5 stood still: a centre, and credit. This lesson brings the centre.
# Before the score is known, somebody is asked: *how do you think you did?* What the writer learns from is the difference
# between the score and the answer to that question. It has a name, and the course is called after it. Afterwards you can
#
# - say what an advantage is, and compute one,
# - train a critic, say how much it can foresee at most, and notice when it has only learned by heart,
# - say what may be subtracted from a score, and what that saves or costs.

# %%
from dataclasses import replace

import numpy as np
import torch

from course import check, use, widgets
from course.estimators import best_baseline, episode_gradients, estimate, summarise
from course.plots import value_prediction as plots
from course.plots import writer as figure
from course.returns import reward_to_go
from course.worlds import (
    action_values,
    all_episodes,
    corridor_world,
    policy,
    state_values,
    survival_world,
    tale_world,
    true_gradient,
    writer,
)

# %% [markdown]
# ## You are the critic
#
# A writer writes tales: five words, each of them lucky with probability one half, and an end mark. A judge pays at the end:
# 495 million points for a tale of five lucky words. For each word that is not lucky, the prize is halved once. And the
# judge's mood adds 5 million or takes 5 million away. So the top prize is 500 million. Here we count in millions.

# %%
tale = tale_world()
tales = all_episodes(tale, tale.theta)
states = tales.states
prizes = tales.returns()
print(f"{len(prizes)} tales, equally likely, in million points")
print(f"mean {prizes.mean():.0f}, standard deviation {prizes.std():.0f}, largest {prizes.max():.0f}")

# %% [markdown]
# (Thirty-two tales of five words, two end marks that mean the same, and two moods make 128.)
#
# Three words are written, and you are asked what the judge will pay. You know how many of the three are lucky, and nothing
# of the two that are still to come. Move your four guesses so that *prize minus guess* varies as little as possible. Then
# look at the best ones.

# %%
values = state_values(tale, tale.theta)  # of each state: words written, and how many of them are lucky
lucky = tales.actions[:3].sum(axis=0)
after_three_words = values[6:10]
widgets.Explorer(
    lambda none, one, two, three, best: plots.guesses(
        [none, one, two, three], lucky, prizes, after_three_words, shown=best == "shown"
    ),
    none=widgets.slider("none is lucky", 100, 0, 500, 5),
    one=widgets.slider("one is lucky", 100, 0, 500, 5),
    two=widgets.slider("two are lucky", 100, 0, 500, 5),
    three=widgets.slider("all three are lucky", 100, 0, 500, 5),
    best=widgets.choice("the best guesses", ["hidden", "shown"]),
)

# %% [markdown]
# Nobody beats 53.5 %. The best guesses, 35, 70, 139 and 278 million, are averages over all that may still come. This average
# is the **value** of a state, and whoever predicts it is called a **critic**:
#
# $$V(s) = \mathbb{E}\left[\text{return from } s \text{ on, under the present policy}\right]$$
#
# Two parts of that definition are quickly overlooked. *From s on*: the critic sees what is written so far, and nothing of
# the future. *Under the present policy*: a value speaks about the writer as much as about the page. For our writer a blank
# page is worth 117 million; for a better one, whose words are lucky with probability 0.73, it is worth 240. When the writer
# learns, its critic must learn again.

# %% [markdown]
# ## One number for a critic
#
# How good is a critic? Subtract its guesses from the outcomes, and see how much of their variance is gone.

# %% [markdown]
# ### Exercise 6.1: `explained_variance` (2 points, 5 minutes)
#
# `values` and `targets` are arrays of one shape, `[T]` or `[T, N]`. Return one number, the share of the targets' variance
# that is gone when the values are subtracted: 1 - Var(targets - values) / Var(targets), with population variances over all
# elements. If all targets are equal there is nothing to explain: return NaN.
#
# <details><summary>Hint 1</summary><code>np.var</code> of an array of any shape gives one number.</details>
# <details><summary>Hint 2</summary>The variance of equal numbers is 0; NaN is <code>np.nan</code>.</details>
# <details><summary>What you should see</summary>Guesses <code>[0, 2, 4]</code> for outcomes <code>[1, 3, 5]</code> give 1: a
# constant offset is not punished. Keep that in mind.</details>


# %% exercise="explained_variance"
def explained_variance(values, targets):
    """Share of the variance of targets that values remove; NaN if the targets are all equal."""
    ### BEGIN SOLUTION
    spread = np.var(targets)
    if spread == 0:
        return np.nan
    return 1 - np.var(targets - values) / spread
    ### END SOLUTION


# %% check="explained_variance"
check(explained_variance)

# %%
explained_variance = use(explained_variance)

# %% [markdown] slide="subslide"
# *Predict first.* The exact $V$ is the best critic that there can be. After how many of the five words does it explain more
# than 99 % of the prize's variance? Write a number in place of `None`, and the figure will draw it.

# %%
guess = None

# %%
shares = [explained_variance(values[now], prizes) for now in states]
plots.ceilings(shares, guess=guess)

# %% [markdown]
# Only after all five: 99.7 %, and the rest is mood. On the blank page it is 0: there is one blank page, so there is one
# guess. These are *ceilings*. They do not depend on the critic; they say how much the state decides. Taken over all six
# moments together, the ceiling is 46.4 %. So a critic that explains 0.46 may be perfect.

# %% [markdown]
# ## A critic learns
#
# Nobody hands you $V$. It has to be learned from outcomes, and so the critic needs a loss.

# %% [markdown]
# ### Exercise 6.2: `value_loss` (3 points, 7 minutes)
#
# `values` and `targets` are torch tensors of one shape, any. Return half the mean of the squared misses, over all elements,
# as a tensor of shape `()`. Targets are data: no gradient flows into them. Unequal shapes raise a `ValueError`, because
# torch would stretch `[3, 1]` against `[3]` to nine misses without a word.
#
# <details><summary>Hint 1</summary><code>tensor.detach()</code> is the same data without its gradient.</details>
# <details><summary>Hint 2</summary>Compare <code>.shape</code> first. Then difference, square, mean, half.</details>
# <details><summary>What you should see</summary>If 495 was guessed and 500 came, the loss is 12.5 and its slope in the guess
# is -5. The half makes the slope the miss itself.</details>


# %% exercise="value_loss"
def value_loss(values, targets):
    """Half the mean squared miss, a scalar tensor; ValueError unless both have one shape."""
    ### BEGIN SOLUTION
    if values.shape != targets.shape:
        raise ValueError(f"values {tuple(values.shape)} and targets {tuple(targets.shape)} differ")
    return 0.5 * (values - targets.detach()).square().mean()
    ### END SOLUTION


# %% check="value_loss"
check(value_loss)

# %%
value_loss = use(value_loss)

# %% [markdown]
# Our critic is a table with a number for each of the 21 states, all 0 at first. At every moment of a tale its target is the
# prize that came in the end.


# %%
def learn(batches):
    """The critic's table after each batch of tales, shape [batches, 21]."""
    critic = torch.zeros(len(values), requires_grad=True)
    optimizer = torch.optim.SGD([critic], lr=3.0)
    tables = []
    for batch in batches:
        guessed = critic[torch.tensor(states[:, batch])]  # [6 moments, 20 tales]
        came = torch.tensor(prizes[batch], dtype=torch.float32).expand(guessed.shape)
        optimizer.zero_grad()
        value_loss(guessed, came).backward()
        optimizer.step()
        tables.append(critic.detach().numpy().copy())
    return np.array(tables)


# %% [markdown]
# A critic is judged by its explained variance, on all 128 tales or on some of them:

# %%
every = np.arange(len(prizes))
targets = np.broadcast_to(prizes, states.shape)


def judged(table, on):
    """Explained variance of a table on some of the tales, all moments together."""
    return explained_variance(table[states[:, on]], targets[:, on])


# %% [markdown]
# Twenty critics get 300 batches of 20 new tales each. Twenty others see the *same* 20 tales 300 times. Each is judged on all
# 128 tales, and the second kind also on its own 20. For comparison, the exact $V$ is judged on those 20 as well. This takes
# some seconds.

# %%
found = {"new": [], "own": [], "rest": [], "exact on own": []}
for seed in range(20):
    batches = tales.draw(batch=20, batches=300, seed=seed)
    twenty = tales.draw(batch=20, batches=1, seed=seed)
    fresh = learn(batches)[4::5]  # after every fifth batch
    by_heart = learn(np.repeat(twenty, 300, axis=0))[4::5]
    found["new"].append([judged(table, every) for table in fresh])
    found["own"].append([judged(table, twenty[0]) for table in by_heart])
    found["rest"].append([judged(table, every) for table in by_heart])
    found["exact on own"].append(judged(values, twenty[0]))

# %%
plots.learning(np.arange(5, 301, 5), found, ceiling=judged(values, every))

# %% [markdown]
# With new tales, the critics end at 0.46, a hair below the ceiling of all tales, which no table can pass. The others explain
# 0.33 of all tales. On their own 20 tales they reach 0.53.
#
# Is 0.53 too much to be honest, since the ceiling is 0.46? Compare like with like. On *these* samples of 20 the exact $V$
# explains 0.49 in the median, and between 0.38 and 0.55, because a small sample has a spread of its own. So 0.53 does not
# give the critic away. The tales that it has not seen do: on all 128, most of which are new to it, it explains 0.33, where the
# exact $V$ explains 0.46.
# **Judge a critic on outcomes that it has not seen.**

# %% [markdown]
# ## 500 million against 495 million
#
# Five words are lucky, and the critic says 495 million. The judge pays 500. What is left of the score is 5 million: one
# hundredth.
#
# *Predict first.* A hundredth is left of this score. How much of the *variance* of all scores is left when $V$ is
# subtracted, in per cent: on the blank page, and after five words? Write two numbers, like `[50, 10]`.

# %%
guess = None

# %%
misses = {written: prizes - values[states[written]] for written in (0, 5)}
left = {written: 100 * miss.var() / prizes.var() for written, miss in misses.items()}
plots.surprises(misses, left, best=prizes.argmax(), guess=guess)

# %% [markdown]
# One small miss is no small variance. On the blank page all of it is left, and the very same tale is a miss of 383 million
# there. After five words 0.3 % is left. A guess comes that near only where the prize is all but decided.

# %% [markdown]
# ## The advantage
#
# Now ask what a *writer* would ask. Three words are written, two of them lucky. I write a fourth word. Was that a good thing
# to do? The score at the end does not say, since it hangs on all the other words as well. Ask instead for two averages:
#
# - $V(s)$: what the tale is worth now, before the word, under the present policy.
# - $Q(s, a)$: what it is worth once the word $a$ is chosen, and everything after it is left to the present policy.
#
# Their difference is the **advantage** of the action:
#
# $$A(s, a) = Q(s, a) - V(s)$$
#
# It says how much better this action is than what this policy does on average in this state. Since $V$ is the mean of $Q$
# under the policy, $V(s) = \sum_a \pi(a \mid s) \, Q(s, a)$, the advantages of a state, weighed by the policy, sum to 0.
# Some actions get praise and others get blame, and nobody gets praise for the state that it was in.

# %% [markdown]
# ### Exercise 6.3: `advantage_function` (3 points, 7 minutes)
#
# `action_values` holds $Q(s, a)$, and `probabilities` holds $\pi(a \mid s)$. Both have the same shape, `[A]` for one state
# or `[S, A]` for S states; the probabilities of each state sum to 1. Return the advantages, in the same shape.
#
# <details><summary>Hint 1</summary>First V: multiply the two, and sum over the actions. Which axis is that?</details>
# <details><summary>Hint 2</summary>The last axis, <code>axis=-1</code>, serves both shapes. <code>keepdims=True</code> keeps
# the result ready to be subtracted.</details>
# <details><summary>What you should see</summary>Q of <code>[10, 20]</code> with probabilities <code>[0.5, 0.5]</code> gives
# <code>[-5, 5]</code>; with <code>[0.1, 0.9]</code>, <code>[-9, 1]</code>. What is usual is hardly an advantage.</details>


# %% exercise="advantage_function"
def advantage_function(action_values, probabilities):
    """A(s, a) = Q(s, a) - V(s), with V(s) the mean of Q under the policy; [A] or [S, A]."""
    ### BEGIN SOLUTION
    values = (probabilities * action_values).sum(axis=-1, keepdims=True)
    return action_values - values
    ### END SOLUTION


# %% check="advantage_function"
check(advantage_function)

# %%
advantage_function = use(advantage_function)

# %% [markdown]
# Here are three states of a tale. Three words are written, with one, two or three lucky ones among them. The dots are $Q$ of
# the two words that may be written next, the line is $V$, and the arrows are your advantages.

# %%
q = action_values(tale, tale.theta)
chance = policy(tale, tale.theta)
advantages = advantage_function(q, chance)
three = [7, 8, 9]  # the states in which three words are written, 1, 2 or 3 of them lucky
plots.advantages(q[three], values[three], advantages[three])

# %% [markdown]
# The lucky word has a positive advantage in each of them, and a larger one where more is at stake. Now look at the heights.
# The *unlucky* word of the right-most state still leads to a larger prize, 186 million on average, than the lucky word of
# the left-most one, with 93. A score would praise it more. Its advantage is -93.
#
# You will rarely know $Q$. But you have something that is $Q$ on average: the score that came of it. If $R$ came after state
# $s$ and action $a$, then $R - V(s)$ is *one sample* of the advantage. It is noisy, and its average is right. (Where rewards come on the way,
# $G_t$ stands in the place of $R$: what came from there on.)
#
# From now on there are two tables, or two networks, with two jobs. The **actor** is the policy: it chooses. The **critic**
# is $V$: it says what was to be expected. The actor learns from the advantage, and the critic learns from what came.
# Together they are called *actor-critic*.

# %% [markdown]
# ## Does the writer learn now?
#
# The writer of lesson 5 got the whole score as the weight of every token. Now weigh each token by $R - V(s_t)$. For a start,
# let an *exact* critic fill in the values, `e.values`: it knows what the tokens so far are worth, and what the present
# policy may expect of the rest.


# %%
def score_minus_value(e):
    """What the answer was paid, minus what was expected before each token was written."""
    return e.rewards.sum(axis=0) - e.values


# %% [markdown]
# And if there is no critic? Then a batch of 20 answers still knows something: what the *others* were paid.

# %% [markdown]
# ### Exercise 6.4: `leave_one_out` (2 points, 5 minutes)
#
# `rewards` has shape `[n]`: what each answer of a batch was paid. Return each reward minus the mean of the *other* n - 1,
# shape `[n]`. With fewer than 2 rewards there are no others: raise a `ValueError`.
#
# <details><summary>Hint 1</summary>The sum of the others is the sum of all, less your own.</details>
# <details><summary>Hint 2</summary><code>(rewards.sum() - rewards) / (len(rewards) - 1)</code> is the mean of the others,
# for all of them at once.</details>
# <details><summary>What you should see</summary><code>[1, 2, 6]</code> gives <code>[-3, -1.5, 4.5]</code>.</details>


# %% exercise="leave_one_out"
def leave_one_out(rewards):
    """Each reward minus the mean of the others, shape [n]; ValueError if there are fewer than 2."""
    ### BEGIN SOLUTION
    if len(rewards) < 2:
        raise ValueError(f"rewards must hold at least 2 numbers, got {len(rewards)}")
    others = (rewards.sum() - rewards) / (len(rewards) - 1)
    return rewards - others
    ### END SOLUTION


# %% check="leave_one_out"
check(leave_one_out)

# %%
leave_one_out = use(leave_one_out)


# %%
def minus_the_others(e):
    """Every token gets what its answer was paid, minus the mean of the other nineteen."""
    return np.tile(leave_one_out(e.rewards.sum(axis=0)), (500, 1))


# %% [markdown]
# Why not the mean of all twenty? Your own score is in that mean, so you would subtract a part of yourself. It shrinks the
# gradient by exactly 1/20 on average, and in a batch of two by half. The others know nothing of your actions.

# %% [markdown] slide="subslide"
# *Predict first.* The whole score brought the writer to 603 million in 100 updates; the best answer earns 2,500. Where does
# *minus the others* bring it? And $R - V$ with the exact critic? Write two numbers, in million points. (The library keeps
# the lines of earlier lessons.)

# %%
guess = None

# %% tags=["nbval-ignore-output"]
lines = {
    "whole score": writer.learn(writer.whole_score),
    "minus the others": writer.learn(minus_the_others),
    "R - V": writer.learn(score_minus_value),
}

# %%
figure.learning(lines, old=["whole score"], guess=guess)

# %% [markdown]
# 603, 1,886 and 2,229 million, in the median of ten seeds. The judge is the same, and so are the size of the batch and the
# optimiser. **What changed is the weight that each token gets: from a score to a sample of an advantage.** Minus the others,
# the whole answer counts as one action, and the mean of the others stands for its $V$. The critic's $V(s_t)$ also knows what
# is written already, and so it takes out more of the noise.

# %% [markdown]
# ## A critic at the wrong level
#
# Nobody has an exact critic. Let a *learned* one fill in the values: a straight-line fit to the batches that went before,
# with two inputs, the places that are left and the number of tokens 0 so far. (So it was handed the very thing that the
# judge pays for.) Is it better than no critic at all?

# %% tags=["nbval-ignore-output"]
lines["R - V, learned"] = writer.learn(score_minus_value, critic="learned")

# %%
for name, run in lines.items():
    cosine = run.cosines[:, 1:10].mean()
    end = np.median(run.scores[:, -1]) / 1e6
    print(f"{name:16s}  cosine of batches 2 to 10: {cosine:.2f}   after 100 updates: {end:,.0f} million")

# %% [markdown]
# 1,445 million: far better than the raw score, and *worse than the mean of nineteen other answers*. And yet its batches
# point better than theirs, 0.15 against 0.12. What went wrong?
#
# The critic is born with all its values 0. So the first batch comes through whole, and its gradient is ten times as long as
# with the others' mean subtracted. Adam divides by the size of the gradients that it has seen, and it remembers this one
# through all 100 updates: every step is too short. Give that one batch no weight, and the same critic reaches 1,861 million.
# Later it speaks of the policy of yesterday, and since the writer improves, it is too low again.
#
# Both times its *level* is wrong: it is off by much the same amount for all twenty answers. But then the mean of the others
# sees that amount. So subtract both: first $V$, and then the mean of what is left for the other nineteen.


# %% tags=["nbval-ignore-output"]
def both(e):
    """R - V, minus the mean of the same for the other nineteen, place by place."""
    left = e.rewards.sum(axis=0) - e.values
    others = (left.sum(axis=1, keepdims=True) - left) / 19
    return left - others


lines["R - V, learned, centred"] = writer.learn(both, critic="learned")

# %%
kinds = {"R - V, learned": "learned", "R - V, learned, centred": "learned"}
figure.learning(lines, old=["whole score", "minus the others", "R - V"], critic=kinds)

# %% [markdown]
# 2,145 million, not far below the exact critic. The learned one knew which answers were ahead. It did not know how much
# answers earn on average today. **A critic at the wrong level can lose to a good average.** Do not rely on explained
# variance to see it: a constant offset does not change it at all (exercise 6.1).
#
# Many systems that train language models today have no critic, and subtract a mean of other answers (Ahmadian et al.,
# 2024; Shao et al., 2024). It needs no training, and its level is always that of today. Lesson 7 asks the same learned
# critic only for *changes* of its mind; in a change, a wrong level cancels.

# %% [markdown]
# ## Centring is for noise, units are for size
#
# There is one thing that an advantage does *not* mend. Count one tale's prize in points, and look at two numbers of its
# gradient: its length, and how clear its signal is. ("Clear" is the squared length of the mean divided by the variance, the
# *signal-to-noise ratio*.) Compare the score, the score minus $V$, and the same counted in millions.


# %%
def measure(world, baseline):
    """How long and how clear one episode's gradient is, exactly, if b(s), or b(s, a), is subtracted."""

    def weigh(episodes):
        looked_up = baseline[episodes.states]
        if baseline.ndim == 2:  # it looks at the action too
            looked_up = baseline[episodes.states, episodes.actions]
        return reward_to_go(episodes.rewards, gamma=1) - looked_up

    return estimate(world, world.theta, weigh)


# %%
points = replace(tale, rewards=1e6 * tale.rewards)
plain = measure(points, 0 * values)
centred = measure(points, 1e6 * values)
millions = measure(tale, values)
plots.size_and_signal(plain, centred, millions)

# %% [markdown]
# Subtracting $V$ makes the signal six times as clear, and the gradient half as long: it is still 125 million long. Counting
# in millions makes it a million times shorter, and no clearer. **Centring is for noise, units are for size.** A critic will
# not save you from a gradient that is too large, and a change of units will not calm a noisy one. Lesson 10 will need both.

# %% [markdown]
# ## What may be subtracted?
#
# Anything that is subtracted from the score is called a *baseline*, $b$. In lesson 4 the mean score function was 0 in every
# state, whatever the policy. So a baseline $b(s)$ that looks at the state, and not at the action, is multiplied by something
# whose mean is zero. **It can change the noise of the gradient, but not where it points on average**, even if $b$ is
# nonsense. A baseline that looks at the action can. Take the extreme: whoever subtracts $Q(s, a)$ has explained away what
# was to be learned. *Dig deeper* measures both.

# %% [markdown]
# ## What to remember
#
# 1. $V(s)$ is the average return from a state on, under the present policy. Explained variance has a ceiling: what the state
#    decides.
# 2. The advantage is $A(s, a) = Q(s, a) - V(s)$: how much better than this policy's average here. $R - V(s)$ is one sample
#    of it.
# 3. The actor learns from the advantage, the critic from what came. Without a critic, subtract the mean of the others.
# 4. A baseline of the state alone keeps the gradient's mean. It may calm the noise or add to it, and a wrong level adds to
#    it.
# 5. Centring is for noise, units are for size.
#
# All tokens of an answer still get nearly the same weight, the earners and the idlers. But the critic spoke at *every* word:
# on the way to the jackpot it said 117, 157, 209, 278, 371 and 495 million. Its change of mind might tell which word was
# good. That is [lesson 7](07_td_errors.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>A friend's critic also reads the word that is being judged, and explains more than yours. Is it
# better?</summary>No. It looks at the action. As a baseline it bends the gradient, as Q did.</details>
#
# <details><summary>A critic learns from the mean <em>absolute</em> miss instead. What does it say after one lucky
# word?</summary>The median of the prizes, some 124 million, not their mean of 157.</details>
#
# <details><summary>The writer improves to 0.73, and the critic stays as it was. What happens?</summary>It explains 0.38 of a
# possible 0.48. It is also 67 million too low on average, which explained variance does not see.</details>

# %% [markdown]
# ## Further reading
#
# - Sutton & Barto (2018), sections 3.5 and 13.4: value functions, REINFORCE with baseline.
# - Schulman et al. (2016), [*High-dimensional continuous control using generalized advantage estimation*](https://arxiv.org/abs/1506.02438), section 2: the advantage function and its estimates.
# - Greensmith, Bartlett & Baxter (2004), [*Variance reduction techniques for gradient estimates in reinforcement learning*](http://www.jmlr.org/papers/v5/greensmith04a.html): what each baseline costs.
# - Keane & Gao (2022), [*Variance reduction for score functions using optimal baselines*](https://arxiv.org/abs/2212.13587): the best baseline against V.
# - Kool, van Hoof & Welling (2019), [*Buy 4 REINFORCE samples, get a baseline for free!*](https://openreview.net/forum?id=r1lgTGL5DE): leave-one-out.
# - Ahmadian et al. (2024), [*Back to basics*](https://arxiv.org/abs/2402.14740): a mean of the others instead of a critic, for language models.
# - Shao et al. (2024), [*DeepSeekMath*](https://arxiv.org/abs/2402.03300): GRPO, the same with one's own answer in the mean, and divided by the spread, as lesson 4's z-score.

# %% [markdown]
# ## Dig deeper
#
# *About 10 minutes. Nothing later depends on it.*

# %% [markdown]
# ### What baselines cost
#
# Here is a small world, the *corridor*. You choose one of two doors, and then walk five steps, in each of which a coin
# gives or takes 2 points, and a stride pays half a point more than a stroll. Behind the right door a prize of 4 points
# waits at the end. All its episodes can be listed, so the numbers are exact.

# %%
corridor = corridor_world()
v = state_values(corridor, corridor.theta)
noise = np.random.default_rng(0).normal(0, 50, len(v))
baselines = {"nothing": 0 * v, "V": v, "V + 10": v + 10, "-V": -v, "noise, std 50": noise}
baselines["Q(s, a)"] = action_values(corridor, corridor.theta)
rows = {name: measure(corridor, baseline) for name, baseline in baselines.items()}
plots.baselines(rows)

# %% [markdown]
# Every baseline that looks at the state alone leaves the mean exactly where it was, even noise. What it does to the variance
# is another matter: $V$ takes it from 30.3 to 18.9, $-V$ about doubles it, and $V + 10$, whose explained variance is the
# same as that of $V$, is eight times as noisy as $V$. **What explained variance forgives, the gradient does not.**
#
# And $Q(s, a)$? It leaves the least variance of these six, and a mean of 0. It has looked at the action, and so it has
# explained away the very thing that was to be learned.

# %% [markdown]
# ### Is $V$ the best baseline?
#
# It is not. Here is the door of the corridor, where the left one is taken with probability 0.73 and the right one with 0.27.

# %%
door = policy(corridor, corridor.theta)[0]
doors = action_values(corridor, corridor.theta)[0]
best = best_baseline(corridor, corridor.theta)
print(f"V {door @ doors:.2f}; Q weighed by the probability of the other door {door[::-1] @ doors:.2f}")
print(f"the baseline that leaves the least variance {best[0]:.2f}")
saved = 1 - measure(corridor, best).variance / rows["V"].variance
tales_ratio = millions.variance / measure(tale, best_baseline(tale, tale.theta)).variance
print(f"against V it saves {saved:.0%} of the variance here")
print(f"in the tales V leaves {tales_ratio:.1f} times the least variance")

# %% [markdown]
# The best baseline weighs each action by the probability of the *other*, because a rare action has a long score function.
# Here that saves 4 %. In the tales, where all words after the first share one parameter, $V$ leaves 2.7 times the least
# variance. So "nearly the best" is no law (Keane & Gao, 2022). $V$ is what we know how to learn.

# %% [markdown]
# ### A parabola
#
# Now subtract a constant. In the *survival* world of lesson 5 every step pays a point until you fall, 4.92 on average. A
# constant cannot change the variance of the score. Can it change the variance of the gradient? And does the mean, the +,
# move?

# %%
survival = survival_world()
lives = all_episodes(survival, survival.theta)
score_functions = episode_gradients(survival, survival.theta, lives, np.ones_like(lives.rewards))
truth = true_gradient(survival, survival.theta)
clouds = {}
spread = {}
for constant in np.arange(0, 12.1, 0.25):
    clouds[constant] = (lives.returns() - constant)[:, None] * score_functions
    spread[constant] = summarise(clouds[constant], lives.probability, truth).variance

# %%
widgets.Explorer(
    lambda baseline: plots.cloud(clouds[baseline], lives.probability, spread, baseline),
    baseline=widgets.slider("baseline, points", 0.0, 0.0, 12.0, 0.25),
)

# %% [markdown]
# The variance falls from 37.1 at 0 to 1.49 at 5.38, and rises again: 1.75 at the mean score, 26.0 at twice that. Above 10.76
# you had better subtract nothing. The + never moves.
#
# Next: [7. When did you know?](07_td_errors.ipynb)

# %% [markdown]
# # 6. How do you think you did?
#
# *About 60 minutes. You need lesson 5. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Two things were missing when the writer of lesson 5 stood still: a centre, and credit. This lesson brings the centre. Before the score is
# known, somebody is asked: *how do you think you did?* What is learned from is the difference between the score and the answer to that
# question. It has a name, and the course is called after it. Afterwards you can
#
# - say what an advantage is, and compute one,
# - train a critic, say how much it can foresee at most, and notice when it has only learned by heart,
# - say what may be subtracted from a score, and what that saves or costs.

# %%
from dataclasses import replace

import numpy as np
import torch

from course import check, use, widgets
from course.estimators import estimate
from course.plots import value_prediction as plots
from course.plots import writer as figure
from course.worlds import (
    action_values,
    all_episodes,
    corridor_world,
    policy,
    state_values,
    tale_world,
    writer,
)

# %% [markdown]
# ## You are the critic
#
# A writer writes tales: five words, each of them lucky with probability one half, and an end mark. A judge pays at the end: 495
# million points for a tale of five lucky words. For each word that is not lucky, the prize is halved once. And the judge's mood
# adds 5 million or takes 5 million away. So the top prize is 500 million. We count in millions here.

# %%
tale = tale_world()
tales = all_episodes(tale, tale.theta)
states = tales.states
prizes = tales.returns()
print(
    f"{len(prizes)} tales, equally likely; mean {prizes.mean():.0f}, standard deviation {prizes.std():.0f} million"
)

# %% [markdown]
# (Thirty-two tales of five words, two end marks that mean the same, and two moods make 128.)
#
# *Predict first.* Three words are written. What will the judge pay in the end? Move the four guesses so that *prize minus guess*
# varies as little as possible.

# %%
values = state_values(tale, tale.theta)
lucky = tales.actions[:3].sum(axis=0)
widgets.Explorer(
    lambda none, one, two, three, best: plots.guesses(
        [none, one, two, three], lucky, prizes, values[6:10], shown=best == "shown"
    ),
    none=widgets.slider("none is lucky", 100, 0, 500, 5),
    one=widgets.slider("one is lucky", 100, 0, 500, 5),
    two=widgets.slider("two are lucky", 100, 0, 500, 5),
    three=widgets.slider("all three are lucky", 100, 0, 500, 5),
    best=widgets.choice("the best guesses", ["hidden", "shown"]),
)

# %% [markdown]
# Nobody beats 53.5 %. The best guesses, 35, 70, 139 and 278 million, are averages over all that may still come. This average is the
# **value** of a state, and whoever predicts it is called a **critic**:
#
# $$V(s) = \mathbb{E}\left[\text{return from } s \text{ on, under the present policy}\right]$$
#
# Two words in that definition are easily missed. *From s on*: the critic sees what is written so far, and nothing of the future.
# *Under the present policy*: a value is about the writer, not about the tale. Here is what a blank page is worth for our writer, and
# for a better one whose words are lucky with probability 0.73:

# %%
better = state_values(tale, [1.0, 1.0])
print(f"a blank page is worth {values[0]:.0f} million, and {better[0]:.0f} million for the better writer")

# %% [markdown]
# When the writer learns, its critic must learn again.
#
# ## One number for a critic
#
# How good is a critic? Subtract its guesses from the outcomes, and see how much of their variance is gone.
#
# ### Exercise 6.1: `explained_variance` (2 points, 6 minutes)
#
# `values` and `targets` are arrays of one shape, `[T]` or `[T, N]`. Return one number, the share of the targets' variance that is
# gone when the values are subtracted: 1 - Var(targets - values) / Var(targets), with population variances over all elements. If
# all targets are equal there is nothing to explain: return NaN.
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

# %% [markdown]
# *Predict first.* The exact $V$ is the best critic that there can be. After how many of the five words does it explain more than 99 % of
# the prize's variance?

# %%
guess = None

# %%
shares = [explained_variance(values[state], prizes) for state in states]
plots.ceilings(shares, guess=guess)

# %% [markdown]
# Only after all five: 99.7 %, and the rest is mood. On the blank page it is 0: one blank page, one guess. These are *ceilings*, and they do not
# depend on the critic. They say how much the state decides. All moments together the ceiling is 46.4 %, so a critic that explains
# 0.46 may be perfect.
#
# ## A critic learns
#
# Nobody hands you $V$. It has to be learned from outcomes.
#
# ### Exercise 6.2: `value_loss` (3 points, 8 minutes)
#
# `values` and `targets` are torch tensors of one shape, any. Return half the mean of the squared misses, over all elements, as a
# tensor of shape `()`. Targets are data: no gradient flows into them. Unequal shapes raise a `ValueError`, because torch would
# stretch `[3, 1]` against `[3]` to nine misses without a word.
#
# <details><summary>Hint 1</summary><code>tensor.detach()</code> is the same data without its gradient.</details>
# <details><summary>Hint 2</summary>Compare <code>.shape</code> first. Then difference, square, mean, half.</details>
# <details><summary>What you should see</summary>If 495 was guessed and 500 came, the loss is 12.5 and its slope in the guess is -5. The
# half makes the slope the miss itself.</details>


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
# Our critic is a table with a number for each of the 21 states, all 0 at first. At every moment of a tale its target is the prize that came
# in the end.


# %%
def learn(batches):
    """The critic's table after each batch of tales, shape [batches, 21]."""
    critic = torch.zeros(len(values), requires_grad=True)
    optimizer = torch.optim.SGD([critic], lr=3.0)
    tables = []
    for batch in batches:
        guessed = critic[torch.tensor(states[:, batch])]
        came = torch.tensor(prizes[batch], dtype=torch.float32).expand(guessed.shape)
        optimizer.zero_grad()
        value_loss(guessed, came).backward()
        optimizer.step()
        tables.append(critic.detach().numpy().copy())
    return np.array(tables)


# %% [markdown]
# Twenty critics get 300 batches of 20 new tales each. Twenty others see the *same* 20 tales 300 times. Who explains more? Each critic is
# judged on all 128 tales, and the second kind also on its own 20.

# %%
targets = np.broadcast_to(prizes, states.shape)


def judged(table, on):
    """Explained variance of a table on some of the tales, all moments together."""
    return explained_variance(table[states[:, on]], targets[:, on])


every = np.arange(len(prizes))
found = {"new": [], "own": [], "rest": [], "exact on own": []}
for seed in range(20):
    batches = tales.draw(batch=20, batches=300, seed=seed)
    twenty = tales.draw(batch=20, batches=1, seed=seed)
    by_heart = learn(np.repeat(twenty, 300, axis=0))[4::5]
    found["new"].append([judged(table, every) for table in learn(batches)[4::5]])
    found["own"].append([judged(table, twenty[0]) for table in by_heart])
    found["rest"].append([judged(table, every) for table in by_heart])
    found["exact on own"].append(judged(values, twenty[0]))

# %%
plots.learning(np.arange(5, 301, 5), found, ceiling=judged(values, every))

# %% [markdown]
# With new tales, the critics end at 0.46, a hair below the ceiling of all tales, which no table can pass. The others explain 0.33 of all
# tales. On their own 20 tales they reach 0.53.
#
# Is that too much to be honest? Compare like with like. The ceiling of 0.46 belongs to all tales. On *these* samples of 20 even the exact $V$ explains
# 0.49 in the median, now more and now less, because a small sample has its own spread. So 0.53 on the tales that it was trained on is
# not impossible; it is a little more than the exact $V$ gets there, and a lot more than the same critic gets elsewhere. The gap
# between 0.53 and 0.33 is what was learned by heart. **Judge a critic on outcomes that it has not seen.**
#
# ## 500 million against 495 million
#
# Five words are lucky, and the critic says 495 million. The judge pays 500. What is left of the score is 5 million: one hundredth.
#
# *Predict first.* A hundredth is left of this score. How much of the *variance* of all scores is left when $V$ is subtracted, in per
# cent: on the blank page, and after five words?

# %%
guess = None

# %%
plots.surprises(prizes, values[states], written=(0, 5), guess=guess)

# %% [markdown]
# One small miss is no small variance. On the blank page all of it is left, and the same tale is a miss of 383 million there. After five
# words 0.3 % is left. Only where the prize is decided already can anybody guess it to one hundredth.
#
# ## The advantage
#
# Now put the question that a *writer* would put. Three words are written, two of them lucky. I write a fourth word. Was that a good
# thing to do? The score at the end does not say, since it hangs on all the other words as well. Ask instead for two averages:
#
# - $V(s)$: what the tale is worth now, before the word, under the present policy.
# - $Q(s, a)$: what it is worth once the word $a$ is chosen, and everything after it is left to the present policy.
#
# Their difference is the **advantage** of the action:
#
# $$A(s, a) = Q(s, a) - V(s)$$
#
# It says how much better this action is than what this policy does on average in this state. It is positive for a good choice, negative for a bad one, and
# it does not care whether the state itself was a lucky one. Both $Q$ and $V$ are averages under the policy, and $V$ is the mean of $Q$:
# $V(s) = \sum_a \pi(a \mid s) \, Q(s, a)$.
#
# ### Exercise 6.3: `advantage_function` (3 points, 8 minutes)
#
# `action_values` holds $Q(s, a)$, and `probabilities` holds $\pi(a \mid s)$. Both have the same shape, `[A]` for one state or `[S, A]` for S states; the
# probabilities of each state sum to 1. Return the advantages, in the same shape.
#
# <details><summary>Hint 1</summary>First $V$: multiply the two, and sum over the actions. Which axis is that?</details>
# <details><summary>Hint 2</summary>The last axis, <code>axis=-1</code>, serves both shapes. <code>keepdims=True</code> keeps the
# result ready to be subtracted.</details>
# <details><summary>What you should see</summary>Q of <code>[10, 20]</code> with probabilities <code>[0.5, 0.5]</code> gives
# <code>[-5, 5]</code>; with <code>[0.1, 0.9]</code>, <code>[-9, 1]</code>. What is usual is hardly an
# advantage.</details>


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
# Here are three states of a tale in which two words more are to come, with one, two and three lucky words so far. The dots are $Q$ of the two words that may be
# written next, the line is $V$, and the arrows are your advantages.

# %%
q = action_values(tale, tale.theta)
chance = policy(tale, tale.theta)
three_words = slice(7, 10)
plots.advantages(q[three_words], values[three_words], advantage_function(q, chance)[three_words])

# %% [markdown]
# A lucky word has a positive advantage in every state, and it is worth more where more is at stake. Look at the heights, too: the *unlucky*
# word of the right-most state still leads to a larger prize than the lucky word of the left-most one. A score would praise it. The
# advantage does not.
#
# You will rarely know $Q$. But you have something that is $Q$ on average: the return that followed. If $R$ came after state $s$ and action
# $a$, then $R - V(s)$ is *one sample* of the advantage. It is noisy, and its average is right.
#
# From now on there are two networks, or two tables, with two jobs. The **actor** is the policy: it chooses. The **critic** is $V$: it
# says what was to be expected. The actor learns from the advantage, and the critic learns from what came. Together they are called *actor-critic*.
#
# ## Does the writer learn now?
#
# The writer of lesson 5 got the whole score as the weight of every token. Now weigh each token by $R - V(s_t)$. For a start, let an *exact* critic fill
# in the values: it knows what the tokens so far are worth, and what the present policy may expect of the rest.


# %%
def whole_score(e):
    """Lesson 5: every token gets all that its answer was paid."""
    return np.tile(e.rewards.sum(axis=0), (500, 1))


def score_minus_value(e):
    """What the answer was paid, minus what was expected before each token was written."""
    return e.rewards.sum(axis=0) - e.values


# %% [markdown]
# And if there is no critic? Then a batch of 20 answers still knows something: what the *others* were paid.
#
# ### Exercise 6.4: `leave_one_out` (2 points, 6 minutes)
#
# `rewards` has shape `[n]`: what each answer of a batch was paid. Return each reward minus the mean of the *other* n - 1, shape `[n]`. With fewer than
# 2 rewards there are no others: raise a `ValueError`.
#
# <details><summary>Hint 1</summary>The sum of the others is the sum of all, less your own.</details>
# <details><summary>Hint 2</summary><code>(rewards.sum() - rewards) / (len(rewards) - 1)</code> is the mean of the others, for all of
# them at once.</details>
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
# Why the others, and not the mean of all twenty? Your own score is in that mean, so you would subtract a part of yourself. It shrinks the
# gradient by exactly 1/20, and in a batch of two by half. The others know nothing of your actions.
#
# *Predict first.* The whole score brought the writer to 603 million after 100 updates. Where does *minus the others* bring it, in
# million points? And $R - V$?

# %%
guess = None

# %%
lines = {
    "whole score": writer.learn(whole_score),
    "minus the others": writer.learn(minus_the_others),
    "R - V": writer.learn(score_minus_value),
}
figure.learning(lines, old=["whole score"], guess=guess)

# %% [markdown]
# 603, 1,886 and 2,229 million, in the median of ten seeds. The judge is the same, the batches are the same size, the optimiser is the same. **What
# changed is the weight that each token gets: from a score to an advantage.**
#
# The mean of the others is the same for every token of an answer. $V(s_t)$ knows also what is already written, and so it takes out more noise. But here the critic
# was exact, and nobody has an exact critic. Let a *learned* one fill in the values: it is linear in the number of tokens 0 written so far and the number of places left, and it
# is fitted to the batches that went before.

# %%
learned = writer.learn(score_minus_value, critic="learned")
lines["R - V, learned"] = learned
figure.learning(lines, old=["whole score"], critic={"R - V, learned": "learned"})

# %% [markdown]
# 1,445 million: far better than the raw score, and *worse than the mean of nineteen other answers*. The learned critic speaks of the policy of
# yesterday, and is a little wrong in every state. A poor critic loses to a good average. That is worth knowing, because many systems
# that train language models today do without a critic for this very reason. Keep the picture in mind: in lesson 7 the same learned critic, asked in
# another way, wins.
#
# ## Centring is for noise, units are for size
#
# There is one thing that an advantage does *not* mend. Count one tale's prize in points, and look at two numbers of its gradient: its length, and how clear its signal is.
# ("Clear" is the squared length of the mean, divided by the variance: the signal-to-noise ratio.) Compare the score, the score minus $V$, and the
# same counted in millions.

# %%
points = replace(tale, rewards=1e6 * tale.rewards)


def measure(world, baseline):
    """How long and how clear one episode's gradient is, exactly, with weights G - b(s)."""
    listed = all_episodes(world, world.theta)
    baseline = np.asarray(baseline)
    subtracted = baseline[listed.states]
    return estimate(world, world.theta, plots.to_go(listed) - subtracted)


plots.size_and_signal(measure(points, 0 * values), measure(points, 1e6 * values), measure(tale, values))

# %% [markdown]
# Subtracting $V$ makes the signal six times as clear, and the gradient half as long: it is still tens of millions. Counting in millions makes it a
# million times shorter, and no clearer. **Centring is for noise, units are for size.** A critic will not save you from a gradient
# that is too large, and a change of units will not give anybody credit. (Also, a critic that is born with all values 0 lets the first jackpot come through whole.) Lesson 10 will need both.
#
# ## What may be subtracted?
#
# Anything that is subtracted from the score is called a *baseline*, $b$. In lesson 4, step 3, the mean score function was 0 in every state,
# whatever the policy. So a baseline $b(s)$ that looks at the state, and not at the action, is multiplied by something whose mean is 0: it
# can change the noise of the gradient, but not where it points on average.
#
# Test it in a small world, the *corridor*. You choose one of two doors, and then walk five steps in which a coin gives or takes 2 points. Behind the right
# door a prize of 4 points waits at the end. All its episodes can be listed, so the numbers are exact.

# %%
corridor = corridor_world()
v = state_values(corridor, corridor.theta)
noise = np.random.default_rng(0).normal(0, 50, len(v))
baselines = {"nothing": 0 * v, "V": v, "V + 10": v + 10, "-V": -v, "noise, std 50": noise}
rows = {name: measure(corridor, baseline) for name, baseline in baselines.items()}
rows["Q(s, a)"] = plots.measure_q(corridor)
plots.baselines(rows)

# %% [markdown]
# Every baseline that looks at the state alone leaves the mean exactly where it was, even pure noise. What it does to the variance is
# another matter: $V$ takes it from 30.3 to 18.9, $-V$ about doubles it, and $V + 10$, whose explained variance is the same as that of $V$, is
# eight times as noisy as $V$. **What explained variance forgives, the gradient does not.**
#
# And $Q(s, a)$? It leaves the least variance of all, and a mean of 0. It has looked at the action, and so it has explained away the very thing
# that was to be learned.
#
# ## What to remember
#
# 1. $V(s)$ is the average return from a state on, under the present policy. Explained variance has a ceiling: what the state decides.
# 2. The advantage is $A(s, a) = Q(s, a) - V(s)$: how much better than this policy's average here. $R - V(s)$ is one sample of it.
# 3. The actor learns from the advantage, the critic from what came. Without a critic, subtract the mean of the others.
# 4. A baseline of the state alone keeps the gradient's mean. It may calm the noise, or add to it.
# 5. Centring is for noise, units are for size.
#
# All tokens of an answer still get nearly the same weight, the earners and the idlers. But the critic spoke at *every* word: on the
# way to the jackpot it said 117, 157, 209, 278, 371 and 495 million. Its change of mind might tell which word was good. That is
# [lesson 7](07_td_errors.ipynb).
#
# ## Think
#
# <details><summary>A friend's critic also reads the word that is being judged, and explains more than yours. Is it
# better?</summary>No. It looks at the action. As a baseline it bends the gradient, as Q did.</details>
#
# <details><summary>A critic learns from the mean <em>absolute</em> miss instead. What does it say after one lucky word?</summary>The
# median of the prizes, some 124 million, not their mean of 157.</details>
#
# <details><summary>The writer improves to 0.73, and the critic stays as it was. What happens?</summary>It explains 0.38 of a
# possible 0.48. It is also 67 million too low on average, which explained variance does not see.</details>
#
# ## Further reading
#
# - Sutton & Barto (2018), sections 3.5 and 13.4: value functions, REINFORCE with baseline.
# - Schulman et al. (2016), section 2: the advantage function and its estimates. <https://arxiv.org/abs/1506.02438>
# - Greensmith, Bartlett & Baxter (2004): what each baseline costs. <http://www.jmlr.org/papers/v5/greensmith04a.html>
# - Kool, van Hoof & Welling (2019): leave-one-out. <https://openreview.net/forum?id=r1lgTGL5DE>
# - Ahmadian et al. (2024): a mean of the others instead of a critic, for language models. <https://arxiv.org/abs/2402.14740>

# %% [markdown]
# ## Dig deeper
#
# *About 15 minutes. Nothing later depends on it.*
#
# ### Is $V$ the best baseline?
#
# (From the old lesson 5: the door, the best b(s), 4 % there, 2.7 times the least variance in the tales; Keane & Gao.)
#
# ### A parabola
#
# (From the old lesson 5: the survival world, cloud and parabola widget; 37.1, 1.49 at 5.38, 26.0; the + never moves.)

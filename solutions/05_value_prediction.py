# %% [markdown]
# # 5. How do you think you did?
#
# *About 40 minutes. You need lesson 4.*
#
# Equal shares credit nobody. What lesson 4 lacked is somebody who knows how it was going. So let us ask, before the score is
# known: *how do you think you did?* And learn from the difference. Afterwards you can
#
# - measure how much of the spread of outcomes a prediction removes, and how much it can remove at most,
# - train a critic, and notice when it has only learned by heart,
# - tell what may be subtracted from a score, and what that saves or costs.

# %%
from dataclasses import replace

import numpy as np
import torch

from course import check, use, widgets
from course.worlds import answer_world, corridor_world, survival_world
from course.estimators import best_baseline, episode_gradients, estimate, summarise, weights
from course.plots import value_prediction as plots
from course.worlds import action_values, all_episodes, policy, state_values, true_gradient

# %% [markdown]
# ## You are the critic
#
# The tiny language model of lesson 3 now writes tales: five words, each lucky or not, and an end mark. A new judge pays at the
# end: 495 million points for five lucky words, half of it for each word that is not, and 5 million more or less by mood. So
# the top prize is 500 million. We count in millions.


# %%
def tale_world(words=5, top=495.0, mood=5.0):
    """The answers of lesson 3 under a new judge. A state: words written so far, and how many are lucky."""
    world = answer_world(length=words + 1)
    ending = world.terminated.all(axis=(1, 2))
    prizes = top / 2.0 ** np.arange(words, -1, -1)
    rewards = np.zeros_like(world.rewards)
    rewards[ending] = prizes[:, None, None] + [-mood, mood]
    return replace(world, rewards=rewards, chance=np.where(ending[:, None, None], 0.5, world.chance))


tale = tale_world()
tales = all_episodes(tale, tale.theta)
states, prizes = tales.states, tales.returns()
np.round([len(prizes), prizes.mean(), prizes.std()], 1)

# %% [markdown]
# There are 128 tales, equally likely, worth 117 million on average, with a standard deviation of 98.
#
# *Predict first.* Three words are written. What will the judge pay? Move the four guesses so that *prize minus guess* varies
# as little as possible.

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
# Nobody beats 53.5 %. The best guesses, 35, 70, 139 and 278, are averages over what may still come. That is the *value* of a
# state, and who predicts it is a *critic*:
#
# $$V(s) = \mathbb{E}\left[\text{return from } s \text{ on, under the present policy}\right]$$
#
# The other 46.5 % hang on words not yet written.
#
# So the policy does not grade itself. The critic is asked *before* the outcome is known, and about the writer's average. Here is
# what a blank page is worth for ours, and for one whose words are lucky with probability 0.73:

# %%
np.round([state_values(tale, theta)[0] for theta in ([0, 0], [1, 1])], 1)

# %% [markdown]
# 117 million, and 240. When the writer learns, its critic must learn again.
#
# ## One number for a critic
#
# ### Exercise 5.1: `explained_variance` (2 points, 6 minutes)
#
# What share of the outcomes' variance is gone when the guesses are subtracted? `values` and `targets` are arrays of one
# shape, `[T]` or `[T, N]`. Return one number, 1 - Var(targets - values) / Var(targets), with population variances over all
# elements; NaN if all targets are equal.
#
# *Predict first.* A critic always guesses 100 million too much. What does it explain?
#
# <details><summary>Hint 1</summary><code>np.var</code> of an array of any shape gives one number.</details>
# <details><summary>Hint 2</summary>The variance of equal numbers is 0; NaN is <code>np.nan</code>.</details>
# <details><summary>What you should see</summary>Guesses <code>[0, 2, 4]</code> for outcomes <code>[1, 3, 5]</code> give 1. A
# constant offset is not punished.</details>


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
# *Predict first.* The exact $V$ is the best critic there can be. How much does it explain on the blank page? After how many
# words is it above 99 %?

# %%
plots.ceilings([explained_variance(values[now], prizes) for now in states])

# %% [markdown]
# Nothing at first: one blank page, one guess. After five words 99.7 %; the rest is mood. These are *ceilings*: what
# the state decides. All moments together, it is 46.4 %: a critic that explains 0.46 may be perfect.
#
# ## A critic learns
#
# Nobody hands you $V$. It is learned from outcomes.
#
# ### Exercise 5.2: `value_loss` (3 points, 8 minutes)
#
# `values` and `targets` are torch tensors of one shape. Return half the mean of the squared misses, over all elements. Targets
# are data: no gradient flows into them. Unequal shapes raise a `ValueError`; torch would stretch `[3, 1]` against `[3]` to nine
# misses.
#
# *Predict first.* 495 was guessed, 500 came. What is the loss, and its slope in the guess?
#
# <details><summary>Hint 1</summary><code>tensor.detach()</code> is the same data without its gradient.</details>
# <details><summary>Hint 2</summary>Compare <code>.shape</code> first. Then difference, square, mean, half.</details>
# <details><summary>What you should see</summary>12.5 and -5. The half makes the slope the miss itself.</details>


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
# Our critic is a table: a number for each of the 21 states, 0 at first. Its target, at every moment, is the prize that came.


# %%
def learn(batches):
    """The loss on each batch, and the table after it."""
    critic = torch.zeros(len(values), requires_grad=True)
    optimizer, losses, tables = torch.optim.SGD([critic], lr=3.0), [], []
    for batch in batches:
        guessed, came = critic[torch.tensor(states[:, batch])], torch.tensor(prizes[batch])
        loss = value_loss(guessed, came.float().expand(guessed.shape))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        tables.append(critic.detach().numpy().copy())
    return losses, tables


# %% [markdown]
# *Predict first.* Twenty critics, each with 300 batches of 20 new tales. Does the loss go to 0?

# %%
fresh = [learn(tales.draw(batch=20, batches=300, seed=seed)) for seed in range(20)]  # 2 to 6 seconds
targets = np.broadcast_to(prizes, states.shape)
plots.loss_curves([losses for losses, _ in fresh], 0.5 * np.mean((targets - values[states]) ** 2))

# %% [markdown]
# It stops near 2,572, which the exact $V$ pays too: half the variance that no state decides. Even a perfect critic has a loss.
#
# *Predict first.* Twenty others see the *same* 20 tales 300 times. Who explains more?


# %%
def judged(tables, on):
    """Explained variance after every fifth batch, on some of the tales, all moments together."""
    return [explained_variance(table[states[:, on]], targets[:, on]) for table in tables[4::5]]


every, new, own, rest = np.arange(len(prizes)), [], [], []
for seed in range(20):  # 2 to 5 seconds
    twenty = tales.draw(batch=20, batches=1, seed=seed)
    _, by_heart = learn(np.repeat(twenty, 300, axis=0))
    new.append(judged(fresh[seed][1], every))
    own.append(judged(by_heart, twenty[0]))
    rest.append(judged(by_heart, every))
plots.learning(np.arange(5, 301, 5), new, own, rest, explained_variance(values[states], targets))

# %% [markdown]
# With new tales 0.46, a hair below the ceiling, which no table can pass on all tales. On their own 20 tales the others
# reach 0.53, *above* it, and on all tales 0.33. A critic above its ceiling has not foreseen the future. It has seen it.
#
# ## 500 million against 495 million
#
# Five words are lucky, the critic says 495 million, the judge pays 500. One hundredth is left.
#
# *Predict first.* Of the variance too? And on the blank page?

# %%
widgets.Explorer(
    lambda written: plots.surprises(prizes, values[states], written),
    written=widgets.slider("words written", 0, 0, 5, 1),
)

# %% [markdown]
# One miss is no variance. Over all tales $\text{Var}(R - V) / \text{Var}(R)$ is left, one minus the explained variance:
# 0.3 % after five words, all of it on the blank page, where the same tale is a miss of 383 million. Only where the prize is
# decided already can one guess it to 1 %.
#
# And 5 million is still huge. Count in points, and look at one tale's gradient, its length and its signal.
#
# *Predict first.* What does subtracting $V$ change? What does dividing by a million change?


# %%
def measure(world, baseline):
    """One episode's gradient with weights G - b, exactly; b is [S], or [S, A] if it looks at the action."""
    b = np.asarray(baseline)

    def step_weights(episodes):
        at = episodes.states if b.ndim == 1 else (episodes.states, episodes.actions)
        return weights("reward-to-go", world, episodes) - b[at]

    return estimate(world, world.theta, step_weights)


points, v = replace(tale, rewards=1e6 * tale.rewards), 1e6 * values
plots.size_and_signal(measure(points, 0 * v), measure(points, v), measure(tale, values))

# %% [markdown]
# Subtracting $V$ makes the signal six times as clear, and the gradient half as long. Dividing makes it a million times
# shorter, no clearer. Centring is for noise, units are for size. (A newborn critic says 0: the first jackpot comes
# through whole.)
#
# ## What may be subtracted?
#
# What you subtract is a *baseline*, $b(s)$. In each state the actions' score functions average to 0, also times any number. So
# *any* function of the state should leave the mean gradient alone. Test it in the corridor: choose a door, then walk five
# steps in which a coin gives or takes 2 points. The right door leads to a prize of 4.
#
# *Predict first.* Which baselines calm the gradient? Which bend its mean? $Q(s, a)$ is the mean return of the action taken;
# "noise" is a random number for each state.

# %%
corridor = corridor_world()
v, q = state_values(corridor, corridor.theta), action_values(corridor, corridor.theta)
best, noise = best_baseline(corridor, corridor.theta), np.random.default_rng(0).normal(0, 50, len(v))
subtracted = {"nothing": 0 * v, "V": v, "-V": -v, "3 V": 3 * v, "V + 10": v + 10}
subtracted |= {"noise, std 50": noise, "the best b(s)": best, "Q(s, a)": q}
plots.baselines({name: measure(corridor, b) for name, b in subtracted.items()})

# %% [markdown]
# All that look at the state alone are exact, even noise. But $V$ takes the variance from 30.3 to 18.9, $-V$ and $3V$ about
# double it, and $V + 10$, which explains exactly as much as $V$, is eight times as noisy as $V$. What explained variance forgives,
# the gradient does not. $Q$ leaves the smallest variance, and a mean of 0: it saw the action, and explained away what was to
# be learned.
#
# And $V$ is not the best. At the door:

# %%
chance, least = policy(corridor, corridor.theta)[0], best_baseline(tale, tale.theta)
{
    "V, Q weighed by the other action, best": np.round([chance @ q[0], chance[::-1] @ q[0], best[0]], 2),
    "variance in the tales, V and best": np.round([measure(tale, b).variance for b in (values, least)]),
}

# %% [markdown]
# The best baseline weighs each action by the probability of the *other*: rare actions have long score functions. Here that
# saves 4 %. In the tales, where later words share a parameter, $V$ leaves 2.7 times the least variance. So "nearly the best"
# is no law; $V$ is what we know how to learn.
#
# Now a constant. The survival world pays a point a step until you fall, 4.92 on average.
#
# *Predict first.* A constant cannot change $\text{Var}(R)$. Can it change the variance of the gradient? Does the mean (+) move?

# %%
survival = survival_world()
lives = all_episodes(survival, survival.theta)
score_functions = episode_gradients(survival, survival.theta, lives, np.ones_like(lives.rewards))
clouds = {b: (lives.returns() - b)[:, None] * score_functions for b in np.arange(0, 12.1, 0.25)}
truth = true_gradient(survival, survival.theta)
spread = {b: summarise(g, lives.probability, truth).variance for b, g in clouds.items()}
widgets.Explorer(
    lambda baseline: plots.cloud(clouds[baseline], lives.probability, spread, baseline),
    baseline=widgets.slider("baseline, points", 0.0, 0.0, 12.0, 0.25),
)

# %% [markdown]
# From 37.1 at 0 down to 1.49 at 5.38, and up again: 1.75 at the mean score, 26.0 at twice that; above 10.76 you had better
# subtract nothing. The + never moves.
#
# In practice one takes the batch's mean, and your own score is in it. Compare the mean of the *other* 19:

# %%
batch = prizes[tales.draw(batch=20, batches=1, seed=0)[0]]
others = (batch.sum() - batch) / 19
(batch - batch.mean()) / (batch - others)

# %% [markdown]
# Exactly 1 - 1/20. The others know nothing of your actions, so leave-one-out is unbiased. The batch's own mean shrinks the
# gradient by a twentieth, in a batch of two by half.
#
# ## What to remember
#
# 1. $V(s)$ is the average return from a state on, under the present policy.
# 2. Explained variance has a ceiling: what the state decides.
# 3. One small miss proves nothing; $\text{Var}(R-V) / \text{Var}(R)$ does. Centring is not scaling.
# 4. A baseline of the state alone keeps the gradient's mean; it may calm or hurt. One that sees the action bends it.
# 5. $V$ is a good baseline, not the best. Explained variance does not see an offset; the gradient does.
#
# The judge speaks once. The critic spoke at every word: 117, 157, 209, 278, 371, 495 on the way to the jackpot. Can its
# change of mind tell us sooner which word was good? That is lesson 6.
#
# ## Think
#
# <details><summary>A friend's critic also reads the word being judged, and explains more than yours. Better?</summary>It
# looks at the action. As a baseline it bends the gradient, as Q did.</details>
#
# <details><summary>A critic learns from the mean <em>absolute</em> miss. What does it say after one lucky word?</summary>The
# median, some 124 million, not 157.</details>
#
# <details><summary>The writer improves to 0.73, the critic stays as it was. What happens?</summary>It explains 0.38 of a
# possible 0.48. It is also 67 million too low on average, which explained variance does not see.</details>
#
# ## Further reading
#
# - Sutton & Barto (2018), sections 3.5 and 13.4.
# - Greensmith, Bartlett & Baxter (2004): what each baseline costs. <http://www.jmlr.org/papers/v5/greensmith04a.html>
# - Keane & Gao (2022): the best baseline against V. <https://arxiv.org/abs/2212.13587>
# - Kool, van Hoof & Welling (2019): leave-one-out. <https://openreview.net/forum?id=r1lgTGL5DE>
#
# Next: [6. TD errors](06_td_errors.ipynb). Symbols: [notation](../docs/notation.md).

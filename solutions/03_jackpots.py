# %% [markdown]
# # 3. What does a batch of 20 tell?
#
# *About 40 minutes. You need lesson 2.*
#
# Lesson 2 ended with two complaints: scaling gives nobody credit, and a ruler knows games, not situations. Before we look
# for credit, a more modest question. An agent learns from a batch: a few answers, a reward for each. What does it know?
# Afterwards you can
#
# - say what *unbiased* promises, and what it does not promise to the one batch that you hold,
# - compute a standard error, and tell when not to believe it,
# - estimate a policy gradient from a batch, and measure how often it points downhill.

# %%
import numpy as np

from course import check, use, widgets
from course.worlds import answer_world
from course.estimators import episode_gradients
from course.plots import jackpots as plots
from course.worlds import all_episodes, true_gradient

# %% [markdown]
# ## A world with jackpots
#
# A tiny language model writes answers of three tokens. A judge reads the whole answer and pays once, at the end: 1 point
# for each plain token, and for each bold one a chance of 2 % of a jackpot, 100 points. So a bold token is worth 2 points on
# average, twice as much as a plain one. The model does not know: each of its tokens is bold with probability 1/2.
#
# There are only 15 different outcomes, so we can list them and have what one never has: the exact mean, standard deviation
# and chance of a jackpot.

# %%
world = answer_world()
episodes = all_episodes(world, world.theta)
rewards, probability = episodes.returns(), episodes.probability
mean = probability @ rewards
sd = np.sqrt(probability @ (rewards - mean) ** 2)
np.round([mean, sd, probability @ (rewards >= 100)], 2)

# %% [markdown]
# *Predict first.* An answer is worth 4.5 points, with a standard deviation of 17. Draw 20. How near to 4.5 is their mean?

# %%
batch = rewards[episodes.draw(batch=20, batches=1, seed=0)[0]]
plots.batch(batch, truth=mean)

# %% [markdown]
# Not one jackpot, and a mean of 1.6. Does this batch at least know how little it knows?
#
# ### Exercise 3.1: `standard_error` (2 points, 5 minutes)
#
# How far off is the mean of a batch likely to be, judged by the batch alone? `rewards` has shape `[n]`, n at least 2. Return
# the root of (variance / n), where the variance has n - 1 below the line, not n.
#
# *Predict first.* Fifteen answers earn 0 points, one earns 16. Their mean is 1. How far off may it be?
#
# <details><summary>Hint 1</summary>Look at the argument <code>ddof</code> of <code>np.var</code>.</details>
# <details><summary>Hint 2</summary>Divide by <code>len(rewards)</code>, then take the root of all of it.</details>
# <details><summary>What you should see</summary>The sixteen answers above give exactly 1.</details>


# %% exercise="standard_error"
def standard_error(rewards):
    """Standard error of the mean of a batch [n], from the batch itself."""
    ### BEGIN SOLUTION
    return np.sqrt(np.var(rewards, ddof=1) / len(rewards))
    ### END SOLUTION


# %% check="standard_error"
check(standard_error)

# %%
standard_error = use(standard_error)

# %% [markdown]
# Ask our batch for its mean and its standard error:

# %%
np.round([batch.mean(), standard_error(batch)], 2)

# %% [markdown]
# "1.6, give or take 0.2", it says. The truth is 14 of its standard errors away.
#
# ## Ten thousand batches
#
# *Predict first.* Take the means of 10,000 batches of 20. What do they average to? And where do most of them lie?

# %%
means = {n: rewards[episodes.draw(batch=n, batches=10_000, seed=1)].mean(axis=1) for n in (5, 20, 100, 500)}
widgets.Explorer(
    lambda size: plots.batch_means(means[size], size=size, truth=mean),
    size=widgets.choice("batch size", list(means), 20),
)

# %%
np.round([means[20].mean(), standard_error(means[20])], 3)

# %% [markdown]
# Together they are right: 4.527, with a standard error of 0.038. That is what *unbiased* promises: the average over all batches
# is the truth, if the answers come from the present policy. It promises nothing to the one batch that you hold. Of these
# 10,000, not one lies within a point of 4.5! The peaks are batches with no jackpot, with one, with two; the fair share would
# be 0.6 of a jackpot. 54 % of batches have none ($0.97^{20}$), and a mean of 1.5.
#
# ## Sure, and wrong
#
# The textbook interval reaches 1.96 standard errors to either side, and should hold the truth in 95 % of all batches.
#
# *Predict first.* In what share of batches of 20 does it?


# %%
def intervals(size):
    drawn = rewards[episodes.draw(batch=size, batches=10_000, seed=2)]
    return drawn.mean(axis=1), 1.96 * np.array([standard_error(each) for each in drawn])


claims = {size: intervals(size) for size in (20, 200)}
widgets.Explorer(
    lambda size: plots.intervals(*claims[size], size=size, truth=mean),
    size=widgets.choice("batch size", list(claims), 20),
)

# %% [markdown]
# In 46.6 % of these (exactly computed: 45.6 %), about as many as hold a jackpot. A batch without one has seen little spread, so
# it claims little error, and misses. The 95 % are for bell-shaped means. At 200, nearly every batch has its jackpots, and 93 % of the
# intervals hold.
#
# ## The price of a digit
#
# *Predict first.* For one more digit of the mean, how many times as many answers do you need: 10, 20, or 100?

# %%
sizes, errors, medians = [20, 200, 2_000, 20_000], [], []
for size in sizes:
    drawn = rewards[episodes.draw(batch=size, batches=400, seed=3)]
    errors.append(np.sqrt(((drawn.mean(axis=1) - mean) ** 2).mean()))
    medians.append(np.median([standard_error(each) for each in drawn]))
plots.one_more_digit(sizes, errors, medians, spread=sd)

# %% [markdown]
# A hundred. The error falls as $17/\sqrt n$, jackpots or not; for an error of 0.05 that makes some 115,000 answers. The orange
# line is what the median batch believes. At 20 it is too sure by a factor of 17; from 200 on the two agree.
#
# ## What we need is not the mean
#
# Nobody trains a policy to know its mean reward $J$. We want to *raise* it, so we need its gradient. The model has two
# parameters: $\theta_1$, its taste for bold at the first token, and $\theta_2$, at the later ones. With $\pi(\tau)$ the
# probability of an answer $\tau$ that earns $R$, and since $\nabla\pi = \pi\,\nabla\log\pi$,
#
# $$\nabla J = \sum_\tau R\,\nabla\pi(\tau) = \sum_\tau \pi(\tau)\,R\,\nabla\log\pi(\tau) = \mathbb{E}\left[R\,\nabla\log\pi\right].$$
#
# A mean again, so a batch can estimate it. This is REINFORCE (Williams, 1992). The vector $\nabla\log\pi(\tau)$ is called the
# *score function* (no relation of a game's score). It is the direction in which to turn $\theta$ to make this answer likelier.
# Here each bold token adds 0.5 to its parameter's entry, each plain one takes 0.5 away.
#
# *Predict first.* What is the score function of bold, plain, bold (`bpb`)?

# %%
score_functions = episode_gradients(world, world.theta, episodes, np.ones_like(episodes.rewards))
answers = ["".join("pb"[action] for action in answer) for answer in episodes.actions.T]
dict(zip(answers, score_functions.tolist(), strict=True))

# %% [markdown]
# `[0.5, 0.0]`: bold at first, and the later two cancel.
#
# ### Exercise 3.2: `policy_gradient` (3 points, 8 minutes)
#
# Multiply each answer's score function by its reward, and take the mean over the batch. `score_functions` has shape `[B, D]`,
# `rewards` has shape `[B]`, the result `[D]`. Subtract nothing from the rewards.
#
# *Predict first.* In which direction does an answer push that earned 0 points?
#
# <details><summary>Hint 1</summary>To multiply row by row, give <code>rewards</code> a second axis.</details>
# <details><summary>Hint 2</summary><code>rewards[:, None]</code> has shape <code>[B, 1]</code>. Which axis of the product is
# the batch?</details>
# <details><summary>What you should see</summary>Score functions <code>[[1, 0], [0, 1], [1, 1]]</code> and rewards
# <code>[3, 0, 6]</code> give <code>[3, 2]</code>. The answer with 0 points pushes nowhere.</details>


# %% exercise="policy_gradient"
def policy_gradient(score_functions, rewards):
    """Estimated gradient of the mean reward, shape [D], from [B, D] and [B]."""
    ### BEGIN SOLUTION
    return (rewards[:, None] * score_functions).mean(axis=0)
    ### END SOLUTION


# %% check="policy_gradient"
check(policy_gradient)

# %%
policy_gradient = use(policy_gradient)

# %% [markdown]
# What our first batch says, and below it the exact gradient:

# %%
drawn = episodes.draw(batch=20, batches=1, seed=0)[0]
gradient = true_gradient(world, world.theta)
np.round([policy_gradient(score_functions[drawn], rewards[drawn]), gradient], 3)

# %% [markdown]
# The truth says: bolder. The batch says: plainer. It saw bold tokens lose their points and win nothing. Bad luck?
#
# *Predict first.* What share of batches of 20 points downhill, more than a right angle from the exact gradient? (A jackpot
# below pays 3 points divided by its chance: rarer ones are larger, and the exact gradient stays.)

# %%
clouds = {}
for chance in (0.5, 0.03, 0.003):
    other = answer_world(odds=2 * chance, jackpot=3 / chance)  # half of the tokens are bold
    listed = all_episodes(other, other.theta)
    s, r = episode_gradients(other, other.theta, listed, np.ones_like(listed.rewards)), listed.returns()
    for size in (5, 20, 100, 500, 2_000):
        batches = listed.draw(batch=size, batches=300, seed=4)
        clouds[chance, size] = np.array([policy_gradient(s[b], r[b]) for b in batches])

widgets.Explorer(
    lambda chance, size, pick: plots.bulls_eye(clouds[chance, size], gradient, size=size, pick=pick),
    chance=widgets.choice("chance of a jackpot", [0.5, 0.03, 0.003], 0.03),
    size=widgets.choice("batch size", [5, 20, 100, 500, 2_000], 20),
    pick=widgets.slider("another batch", 1, 1, 300, 1),
)

# %% [markdown]
# About two thirds. Each dot is a batch, the arrow is the one that you picked, the shaded half is downhill. *Try it.* With a
# chance of 0.003, does a batch of 20 do better than one of 5?
#
# It does worse. A batch without a jackpot points downhill on average, and more answers only make it *surer* of that.
# Help comes only with the jackpots. Now 10,000 batches of 20, paid as at first:

# %%
batches = episodes.draw(batch=20, batches=10_000, seed=5)
estimates = np.array([policy_gradient(score_functions[b], rewards[b]) for b in batches])
dry = rewards[batches].max(axis=1) < 100
{
    "all batches": estimates.mean(axis=0).round(3).tolist(),
    "give or take": [round(float(standard_error(each)), 3) for each in estimates.T],
    "without a jackpot": estimates[dry].mean(axis=0).round(3).tolist(),
    "share downhill": float((estimates @ gradient < 0).mean()),
}

# %% [markdown]
# Unbiased again: [0.25, 0.5] is within the errors. Yet 65 % point downhill, and batches without a jackpot point, on average,
# exactly the opposite way: on steady points alone, plain is better.
#
# ## Which variance is the enemy?
#
# "The rewards vary too much", one hears. Put it to the test: pay the same answers in four ways.
#
# *Predict first.* In the last one every answer earns 4.5 points. How large is the exact gradient, and how far off is a batch?


# %%
def three_numbers(paid):
    exact = probability @ (paid[:, None] * score_functions)
    estimates = np.array([policy_gradient(score_functions[b], paid[b]) for b in batches])
    error = np.sqrt(((estimates - exact) ** 2).sum(axis=1).mean())
    return np.sqrt(probability @ (paid - probability @ paid) ** 2), np.linalg.norm(exact), error


ways = {
    "as it is": rewards,
    "a hundredth of it": rewards / 100,
    "100 points more\nfor everybody": rewards + 100,
    "4.5 points\nfor everybody": np.full_like(rewards, mean),
}
plots.judges({way: three_numbers(paid) for way, paid in ways.items()}, size=20)

# %% [markdown]
# Read the grey bars, from the exact gradient (star) to the error of a batch (triangle). A hundredth: the same bar elsewhere,
# units again. 100 points more: the rewards spread as before, the exact gradient has not moved, and the error is six times
# as large. Equal points: no spread, so nothing to learn, and the exact gradient is 0. A batch points somewhere all the same,
# 0.88 long.
#
# So the spread of the rewards is not the enemy; without it there is nothing to learn. The enemy is the variance of the *gradient
# estimate*. Here a batch of 20 is off by about 3.4, for a gradient 0.56 long. Noise as small as the signal takes 738 answers.
#
# ## What to remember
#
# 1. Unbiased: right on average over all batches. Your batch is one of them.
# 2. A standard error knows what the batch has seen. Without a jackpot it is small, and wrong.
# 3. One more digit costs a hundred times the answers.
# 4. The policy gradient is the mean of reward times score function. Of batches of 20, 65 % point downhill here.
# 5. The variance to fight is that of the gradient, not that of the rewards.
#
# The judge gave *one* number, and all three tokens got it whole, those that earned it and those that did not. Can we share
# it over the steps? That is lesson 4.
#
# ## Think
#
# <details><summary>A colleague drops jackpots as outliers. What will the policy learn?</summary>The opposite. Without
# jackpots the estimates average [-0.26, -0.52]: plainer and plainer, with little noise.</details>
#
# <details><summary>Student's t has 2.09 standard errors instead of 1.96. Does that mend the intervals at 20?</summary>No. The
# share stays 45.6 %. A batch without a jackpot misses by many standard errors.</details>
#
# <details><summary>100 points more made the gradient noisier. What does that suggest?</summary>To subtract something. Here no
# constant helps much: the best takes 7 % off the variance. Lesson 5 has more to offer.</details>
#
# ## Further reading
#
# - Williams (1992), *Simple statistical gradient-following algorithms for connectionist reinforcement learning*. <https://doi.org/10.1007/BF00992696>
# - Sutton & Barto (2018), section 13.3: REINFORCE.
# - Greensmith, Bartlett & Baxter (2004), *Variance reduction techniques for gradient estimates in reinforcement learning*. <http://www.jmlr.org/papers/v5/greensmith04a.html>
# - Mohamed, Rosca, Figurnov & Mnih (2020), *Monte Carlo gradient estimation in machine learning*. <https://arxiv.org/abs/1906.10652>
#
# Next: [4. Spreading rewards](04_spreading_rewards.ipynb). Symbols: [notation](../docs/notation.md).

# %% [markdown]
# # 3. What does a batch of 20 tell?
#
# *About 30 minutes. You need lesson 2. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 2 scaled scores by a mean and a spread. Where does one have them from? Whoever learns from rewards has a *batch*: a
# few answers, and what each was paid. You saw in lesson 0 how far the mean of twenty answers can be off. What does such a
# batch know, and does it at least know how little it knows? Afterwards you can
#
# - say what *unbiased* promises, and what it does not promise to the one batch that you hold,
# - compute a standard error, and tell when not to believe it,
# - say what one more digit costs.

# %%
import numpy as np

from course import check, use, widgets
from course.plots import jackpots as plots
from course.worlds import all_episodes, answer_world

# %% [markdown]
# ## A world with jackpots
#
# A tiny language model writes answers of three tokens, each of them plain or bold with probability 1/2. A judge reads the
# whole answer and pays once, at the end: 1 point for each plain token, and perhaps a jackpot of 100 points. There is at most
# one jackpot an answer, and its chance is 2 % times the number of bold tokens. So a bold token is worth 2 points on average,
# twice as much as a plain one. The model does not know.
#
# There are only 15 different outcomes, so we can list them and have what one never has: the exact mean, standard deviation
# and chance of a jackpot.

# %%
world = answer_world()
episodes = all_episodes(world, world.theta)
rewards = episodes.returns()
probability = episodes.probability
mean = probability @ rewards
sd = np.sqrt(probability @ (rewards - mean) ** 2)
jackpot = probability @ (rewards >= 100)
print(f"mean {mean:.2f} points, standard deviation {sd:.2f}, chance of a jackpot {jackpot:.2f}")

# %% [markdown]
# An answer is worth 4.5 points, with a standard deviation of 17.

# %% [markdown]
# *Predict first.* Draw twenty answers. What is their mean?

# %%
guess = None

# %%
batch = rewards[episodes.draw(batch=20, batches=1, seed=0)[0]]
plots.batch(batch, truth=mean, guess=guess)

# %% [markdown]
# Not one jackpot, and a mean of 1.6. A batch can also say how far off it thinks that it is. That is its *standard error*: the
# spread inside the batch, divided by the root of its size.

# %% [markdown]
# ### Exercise 3.1: `standard_error` (2 points, 5 minutes)
#
# How far off is the mean of a batch likely to be, judged by the batch alone? `rewards` has shape `[n]`, n at least 2. Return
# the root of (variance / n), where the variance has n - 1 below the line, not n. For example, fifteen answers earn 0 points
# and one earns 16. Their mean is 1. How far off may it be?
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
# Ask our batch for its mean and its standard error, and see how far off it really is:

# %%
error = standard_error(batch)
print(f"mean {batch.mean():.1f}, give or take {error:.1f}")
print(f"off by {(mean - batch.mean()) / error:.0f} standard errors")

# %% [markdown]
# "1.6, give or take 0.2", it says. The truth is 14 of its standard errors away.

# %% [markdown]
# ## Ten thousand batches
#
# That was one batch. Take the means of 10,000 batches of 20: where do most of them lie, and what do they average to?

# %%
means = {}
near = {}
for size in (5, 20, 100, 500):
    means[size] = rewards[episodes.draw(batch=size, batches=10_000, seed=1)].mean(axis=1)
    near[size] = int(np.sum(np.abs(means[size] - mean) <= 1))
print(f"mean of all batches of 20: {means[20].mean():.3f}, standard error {standard_error(means[20]):.3f}")
print("of these within a point of the exact mean:", near[20])

# %%
widgets.Explorer(
    lambda size: plots.batch_means(means[size], size=size, truth=mean, near=near[size]),
    size=widgets.choice("batch size", list(means), 20),
)

# %% [markdown]
# Together they are right: 4.527, with a standard error of 0.038. That is what *unbiased* promises: the average over all
# batches is the truth, if the answers come from the present policy. It promises nothing to the one batch that you hold. Of
# these 10,000, not one lies within a point of 4.5! The peaks are batches with no jackpot, with one, with two; the fair share
# would be 0.6 of a jackpot. 54 % of batches have none ($0.97^{20}$), and a mean of 1.5. Move the slider: at which size do
# the peaks melt into one hill?

# %% [markdown]
# ## Sure, and wrong
#
# The textbook interval reaches 1.96 standard errors to either side, and should hold the truth in 95 % of all batches.

# %% [markdown]
# *Predict first.* In how many percent of the batches of 20 does it?

# %%
guess = None


# %%
def intervals(size):
    drawn = rewards[episodes.draw(batch=size, batches=10_000, seed=2)]
    half_widths = 1.96 * np.array([standard_error(each) for each in drawn])
    return drawn.mean(axis=1), half_widths


claims = {size: intervals(size) for size in (20, 200)}
held = {}
for size, (middle, half_width) in claims.items():
    held[size] = 100 * np.mean(np.abs(middle - mean) <= half_width)
widgets.Explorer(
    lambda size: plots.intervals(*claims[size], size=size, truth=mean, held=held[size], guess=guess),
    size=widgets.choice("batch size", list(claims), 20),
)

# %% [markdown]
# In 46.6 % of these (exactly computed: 45.6 %), about as many as hold a jackpot. A batch without one has seen little spread,
# so it claims little error, and misses. The 95 % are for bell-shaped means. At 200, nearly every batch has its jackpots, and
# 93 % of the intervals hold.

# %% [markdown]
# ## The price of a digit
#
# The error of a batch's mean falls as the batch grows. How fast?

# %% [markdown]
# *Predict first.* The mean of a batch of 20 is off by 3.8 points (root mean square). For one more digit of the mean, a tenth
# of that error, how many times as many answers do you need?

# %%
guess = None

# %%
sizes = [20, 200, 2_000, 20_000]
errors = []
medians = []
for size in sizes:
    batches = min(4_000, 8_000_000 // size)  # fewer of the large ones, which would fill the memory
    drawn = rewards[episodes.draw(batch=size, batches=batches, seed=3)]
    errors.append(np.sqrt(((drawn.mean(axis=1) - mean) ** 2).mean()))
    medians.append(np.median([standard_error(each) for each in drawn]))
plots.one_more_digit(sizes, errors, medians, spread=sd, guess=guess)

# %% [markdown]
# A hundred times. The error falls as $17/\sqrt n$, jackpots or not; for an error of 0.05 that makes some 116,000 answers. The
# hollow triangles are what the median batch believes of itself. At 20 it is too sure, by a factor of more than 16; from 200 on
# the two agree.

# %% [markdown]
# ## What to remember
#
# 1. Unbiased: right on average over all batches. Your batch is one of them.
# 2. A standard error knows what its batch has seen. Without a jackpot it is small, and wrong.
# 3. A 95 % interval holds in 95 % of all batches if means are bell-shaped. Here, at 20, it held in fewer than half.
# 4. One more digit costs a hundred times the answers.
# 5. A batch without a jackpot is no proof that there is none.
#
# And yet nobody trains a policy to *know* its mean reward. We want to raise it. Which way is up? That is
# [lesson 4](04_policy_gradient.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>A colleague drops jackpots as outliers. What becomes of the mean of all batches?</summary>It is no longer
# unbiased: without its jackpot an answer is worth about 1.5 points, and more answers only make you surer of that.</details>
#
# <details><summary>Student's t has 2.09 standard errors instead of 1.96. Does that mend the intervals at 20?</summary>No. The
# share stays 45.6 %. A batch without a jackpot misses by many standard errors.</details>
#
# <details><summary>You hold a batch of 20 without a jackpot. What can you say about the chance of one?</summary>Hardly more
# than that it is probably below 14 %: with a chance of 14 %, one batch of 20 in twenty holds none (0.86 to the power of 20
# is 0.05).</details>

# %% [markdown]
# ## Further reading
#
# - Wasserman (2004), *All of statistics*, chapter 6: bias, standard error, confidence sets.
# - Greensmith, Bartlett & Baxter (2004), [*Variance reduction techniques for gradient estimates in reinforcement learning*](http://www.jmlr.org/papers/v5/greensmith04a.html).

# %% [markdown]
# # 2. Why not divide by the maximum?
#
# *About 40 minutes. You need lesson 1. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 1 the games with the largest scores owned the network that all games shared. The first cure that comes to mind is
# to put all scores on one ruler, from 0 to 1. You write that cure, watch it crack in four places, and then write the best of
# its cousins. Afterwards you can
#
# - write min-max scaling, and a running mean and variance that keep no old data,
# - tell whether a scaling changes the *units*, the *origin* or the *task*,
# - say what no scaling can do, however good it is.

# %%
import numpy as np

from course import check, use, widgets
from course.atari import play_random, published_scores
from course.plots import min_max_scaling as plots

# %% [markdown]
# ## The ruler
#
# A game of Pong ends between -21 and 21. On a ruler from 0 to 1, -21 becomes 0, 21 becomes 1, and 0 becomes 0.5. This is
# called *min-max scaling*.

# %% [markdown]
# ### Exercise 2.1: `min_max` (2 points, 5 minutes)
#
# Map `low` to 0 and `high` to 1, and everything else by the same straight line. `scores` may be one number or an array of
# any shape; the result has the same shape. Clip nothing: a score outside the range lands outside of 0 to 1. A range of
# nothing, or one that runs backwards (`high <= low`), raises a `ValueError`.
#
# <details><summary>Hint 1</summary>How far is a score above <code>low</code>?</details>
# <details><summary>Hint 2</summary>Divide that by the width of the range. The width is a difference too.</details>
# <details><summary>What you should see</summary><code>min_max(np.array([-21, 0, 21]), -21, 21)</code> gives
# <code>[0, 0.5, 1]</code>.</details>


# %% exercise="min_max"
def min_max(scores, low, high):
    """Scores as a share of the range from low to high; ValueError if high <= low."""
    ### BEGIN SOLUTION
    if high <= low:
        raise ValueError(f"high must be above low, got low {low} and high {high}")
    return (scores - low) / (high - low)
    ### END SOLUTION


# %% check="min_max"
check(min_max)

# %%
min_max = use(min_max)

# %% [markdown]
# ## Crack 1: nobody tells you the maximum
#
# For Pong the rules give the maximum. For most games nobody knows it. Suppose you take random play as the bottom and a
# professional human tester as the top, as the scale of lesson 1 does. Where does Agent57 land on that ruler?
#
# *Predict first.* In each of the 57 games its score is put on the ruler of that game. What is the largest of the 57 scaled
# scores?

# %%
guess = None

# %%
published = published_scores()
scaled = {game: min_max(s.agent57, s.random, s.human) for game, s in published.items()}
print("games above 1:", sum(score > 1 for score in scaled.values()))
print(f"largest over smallest: {max(scaled.values()) / min(scaled.values()):.0f}")
plots.above_the_ruler(scaled, guess=guess)

# %% [markdown]
# All 57 are above 1, the largest near 500. A maximum is known only where the rules cap the score. Elsewhere it is the best
# that anybody has done *so far*. And look at the axis: after scaling, the games still differ by a factor of hundreds.

# %% [markdown]
# ## Crack 2: a record rewrites history
#
# Then use the best score seen so far. Here are twelve games of Video Pinball at random, live; it takes ten to thirty seconds.

# %% tags=["nbval-ignore-output"]
pinball = play_random("video_pinball", episodes=12, seed=0, progress=True)

# %%
scores = np.array([episode.score for episode in pinball])
print("first game:", scores[0])

# %% [markdown]
# The first game scored 3,423 points. After one game it is the record, so it is worth 1.
#
# *Predict first.* What is it worth after two games?

# %%
guess = None


# %%
def after(seen):
    return plots.history(scores, seen, guess=guess)


widgets.Explorer(after, seen=widgets.slider("games played", 12, 1, len(scores), 1))

# %% [markdown]
# Move the slider. The first game was perfect until the second one came; then it was worth 0.073. The game had not
# changed. A network that learned "this is a 1" must now learn "this is a 0.07", for every state it has ever
# seen.

# %% [markdown]
# ## Crack 3: one jackpot squashes the rest
#
# Agent57's mean in Video Pinball is 992,341 points. Drag the best known score up to there, and watch what is left of the
# ruler for the twelve games above.

# %%
widgets.Explorer(
    lambda best: plots.ruler(scores, best, label="Random play"),
    best=widgets.log_slider("best known score", scores.max(), scores.max(), 1_000_000),
)

# %% [markdown]
# Far right, all twelve share about 4 % of the ruler. Two games on *one* ruler fare no better. Put Pong beside
# Video Pinball, from the lowest score of both to the highest:

# %% tags=["nbval-ignore-output"]
pong = play_random("pong", episodes=12, seed=0, progress=True)

# %%
pong_scores = np.array([episode.score for episode in pong])
low = pong_scores.min()
high = scores.max()
worst, best = min_max(np.array([pong_scores.min(), pong_scores.max()]), low, high)
print(f"the worst game of Pong is at {worst:.5f}, the best at {best:.5f}")
plots.ruler(pong_scores, high, low=low, label="Pong, beside Video Pinball")

# %% [markdown]
# The difference between losing by 21 and by 19 is now 0.00004.

# %% [markdown]
# ## Crack 4: a shift can change the task
#
# An agent is paid step by step, and it is tempting to scale each *step*. In Pong a step pays -1, 0 or 1; scaled to [0, 1]
# that is 0, 0.5 or 1. Take two of the twelve games above: one ended -20 after 877 steps, one ended -21 after 988.
#
# *Predict first.* Scale every step of the second one, which lost by more, and add up. What is its score now?

# %%
guess = None

# %%
lengths = np.array([len(episode.rewards) for episode in pong])
per_step = np.array([min_max(episode.rewards, -1, 1).sum() for episode in pong])
two_ways = {"raw rewards": pong_scores, "each step scaled to [0, 1]": per_step}
plots.worth_of_length(lengths, two_ways, marked=[4, 9], guess=guess)

# %% [markdown]
# The worse game wins, 483.5 to 428.5. Every step that passes without a point now pays half a point, so a game is worth about
# half its length, and the score drowns in that. The shift did it: dividing by 2 only changes the *unit*, adding 0.5 *at every
# step* changes what is best. It changes the *task*.
#
# Now the fair part. Had you scaled the *whole-game* score, every game would have moved by the same amount, and which game is
# better would have stayed. That moves the *origin*. What a moved origin does for a learner is a question of its own, and a
# good one: lesson 6 takes it up.

# %% [markdown]
# ## Running statistics
#
# A maximum is a poor yardstick: a single game sets it, and no number of ordinary games can correct it. The mean and the spread
# of all games so far listen to every game, and each new one moves them a little less. One can keep them without keeping the
# games.

# %% [markdown]
# ### Exercise 2.2: `running_mean_var` (4 points, 12 minutes)
#
# Merge what you know of the past (`mean`, population `var`, `count`) with a new `batch` of shape `[n]`, n at least 1,
# without keeping old scores. Return the three numbers of past and batch together. With `count` 0 there is no past, and
# `mean` and `var` must not matter.
#
# For example, the past is 2 scores of mean 2 and variance 1, and the batch is two scores of 6. Is the new variance below 1, or
# above? The last fold has the answer.
#
# <details><summary>Hint 1</summary>The new mean is the two means, each weighted by its count.</details>
# <details><summary>Hint 2</summary>Variance times count is a sum of squares, and those add up. But both were taken around
# their <i>own</i> mean.</details>
# <details><summary>Hint 3</summary>With <code>gap</code> the distance between the two means, the missing squares are
# <code>gap**2 * count * n / (count + n)</code>.</details>
# <details><summary>What you should see</summary>The example gives <code>(4.0, 4.5, 4)</code>.</details>


# %% exercise="running_mean_var"
def running_mean_var(mean, var, count, batch):
    """(mean, var, count) of past and batch together; population variance."""
    ### BEGIN SOLUTION
    if count == 0:
        return batch.mean(), batch.var(), len(batch)
    n, total = len(batch), count + len(batch)
    gap = batch.mean() - mean
    squares = count * var + n * batch.var() + gap**2 * count * n / total
    return mean + gap * n / total, squares / total, total
    ### END SOLUTION


# %% check="running_mean_var"
check(running_mean_var)

# %%
running_mean_var = use(running_mean_var)

# %% [markdown]
# Let it watch the twelve pinball games, one after the other, and ask after each: what is a score of 10,000 worth, in standard
# deviations from the mean?

# %%
mean = 0.0
var = 0.0
count = 0
means = []
deviations = []
for score in scores:
    mean, var, count = running_mean_var(mean, var, count, np.array([score]))
    means.append(mean)
    deviations.append(var**0.5)
plots.moving_ruler(scores, means, deviations, asked=10_000)

# %% [markdown]
# The ruler still moves, but less and less: over the first six games its answer wandered between -0.98 and -0.62, over the last
# six between -0.68 and -0.51. That is the best of the family, and a cousin of your function keeps the units of the critic in
# lesson 10. Its price: whatever learned from the early numbers learned on another ruler. The whole family, side by side:
#
# | | what it changes | what it keeps | what it loses |
# | --- | --- | --- | --- |
# | divide by a known constant | units | everything | nothing, and it centres nothing |
# | min-max of a whole-game score | units and origin | which game is better | a maximum must be known |
# | min-max or shift of each step | the task | the order of single steps | what a longer game is worth |
# | running mean and std | units and origin, slowly | which game is better, once settled | yesterday's ruler |
#
# Two more are in wide use, clipping and the statistics of a single batch. They change the task as well, and in a way that you
# would not expect. Lesson 4 tries them where one can see it.
#
# No row answers the question of this course: was this score good *for the state it came from*? A ruler knows games. It
# does not know situations.

# %% [markdown]
# ## What to remember
#
# 1. A maximum is a record, and records fall.
# 2. One jackpot, or one big neighbour, leaves the rest no room.
# 3. Dividing changes units; subtracting from a whole score moves the origin; subtracting at each step can change the task.
# 4. A running mean and variance settle. What learned before they settled learned on another ruler.
# 5. Scaling is about units. It gives nobody credit.
#
# Whoever scales knows something about scores: a mean, a spread. How much of that does a small batch know? That is
# [lesson 3](03_jackpots.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>You subtract 0.01 from every step's reward in a game that ends when you reach a goal. What does that
# teach?</summary>To be quick. The shift changed the task, this time perhaps on purpose.</details>
#
# <details><summary>In a game of fixed length, say 100 steps, does a shift of each step still change the task?</summary>No.
# Every episode moves by 100 times the shift, whatever the agent does. It is a change of origin again.</details>
#
# <details><summary>DQN, an agent of 2013, clipped rewards to [-1, 1] and learned many games well. In which kind of game
# would you expect it to play badly for that reason?</summary>Where a few large rewards are worth more than many small ones:
# a ghost is worth 200 points and a pellet 10 in Ms. Pac-Man. To a clipped agent both are 1.</details>

# %% [markdown]
# ## Further reading
#
# - Mnih et al. (2015), [*Human-level control through deep reinforcement learning*](https://doi.org/10.1038/nature14236), Methods: why DQN clips.
# - van Hasselt et al. (2016), [*Learning values across many orders of magnitude*](https://arxiv.org/abs/1602.07714): learn the scale instead.
# - Ng, Harada & Russell (1999), *Policy invariance under reward transformations*: which changes keep the best policy.
# - Sutton & Barto (2018), exercises 3.15 and 3.16: adding a constant, with and without an end.

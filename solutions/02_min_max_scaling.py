# %% [markdown]
# # 2. Why not divide by the maximum?
#
# *About 40 minutes. You need lesson 1. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 1 the games with the largest scores owned the network. The first cure that comes to mind is to put all
# scores on one ruler, from 0 to 1. You write that cure, break it in four ways, and look at its cousins. Afterwards you can
#
# - write min-max scaling, and a running mean and variance that keep no old data,
# - tell whether a scaling changes the *units*, the *origin* or the *task*,
# - show a case in which scaling each batch by itself teaches the wrong action.

# %%
import numpy as np

from course import check, use, widgets
from course.plots import min_max_scaling as plots
from course.atari import play_random
from course.atari import published_scores

# %% [markdown]
# ## The ruler
#
# ### Exercise 2.1: `min_max` (2 points, 5 minutes)
#
# Map `low` to 0 and `high` to 1, and everything else by the same straight line. `scores` may be one number or an
# array of any shape; the result has the same shape. Clip nothing. A range of nothing, or one that runs backwards
# (`high <= low`), raises a `ValueError`.
#
# *Predict first.* A game of Pong ends between -21 and 21. What should a score of 0 become?
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
# Suppose you had taken random play as the bottom and a professional human tester as
# the top, which was a fair idea in 2013. Here is where Agent57 (Badia et al. 2020) lands on that ruler in each of the 57 games.
#
# *Predict first.* On how many of the 57 games is Agent57 above 1? And the largest of its scaled scores: is it
# nearer to 2, 20 or 200?

# %%
published = published_scores()
plots.above_the_ruler({game: min_max(s.agent57, s.random, s.human) for game, s in published.items()})

# %% [markdown]
# All of them. A maximum is known only where the rules cap the score, as in Pong. Elsewhere it is the best that anybody has
# done *so far*. And look at the axis: after scaling, the games still differ by a factor of hundreds.
#
# ## Crack 2: a record rewrites history
#
# Then use the best score seen so far. Here are twelve games of Video Pinball at
# random, live; it takes some ten seconds.

# %% tags=["nbval-ignore-output"]
pinball = play_random("video_pinball", episodes=12, seed=0, progress=True)
scores = np.array([episode.score for episode in pinball])
scores

# %% [markdown]
# *Predict first.* The first game scored 3,423 points. What is it worth after one game? And after two?

# %%
widgets.Explorer(
    lambda seen: plots.history(scores, seen),
    seen=widgets.slider("games played", 2, 1, len(scores), 1),
)

# %% [markdown]
# Move the slider. The first game was perfect until the second one came; then it was worth 0.073. The game had not
# changed. A network that learned "this is a 1" must now learn "this is a 0.07", for every state it has ever
# seen.
#
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
pong_scores = np.array([episode.score for episode in pong])

# %%
low, high = pong_scores.min(), scores.max()
plots.ruler(min_max(pong_scores, low, high), 1.0, label="Pong, beside Video Pinball")

# %% [markdown]
# The difference between losing by 21 and by 19 is now 0.00004.
#
# ## Crack 4: a shift can change the task
#
# An agent is paid step by step, and it is tempting to scale each *step*. In Pong a step pays -1, 0 or 1; scaled to [0, 1]
# that is 0, 0.5 or 1.
#
# *Predict first.* Two of the twelve games above: one ended -20 after 877 steps, one ended -21 after 988. Which of
# them is worth more when every step is scaled?

# %%
lengths = np.array([len(episode.rewards) for episode in pong])
per_step = np.array([min_max(episode.rewards, -1, 1).sum() for episode in pong])
plots.worth_of_length(lengths, {"raw rewards": pong_scores, "each step scaled to [0, 1]": per_step})

# %% [markdown]
# The worse game wins, 483.5 to 428.5. Every step that passes without a point now pays half a point, so a game is worth
# half its length, and the score drowns in that. The shift did it: dividing by 2 only changes the unit, adding 0.5 *at
# every step* changes what is best.
#
# Now the fair part. Had you scaled the *whole-game* score, every game would have moved by the same amount, and which game is
# better would have stayed. For the gradient the subtracted minimum then acts as a constant baseline (lesson 5).

# %% [markdown]
# ## Running statistics
#
# ### Exercise 2.2: `running_mean_var` (4 points, 12 minutes)
#
# Merge what you know of the past (`mean`, population `var`, `count`) with a new `batch` of shape `[n]`, n at least 1,
# without keeping old scores. Return the three numbers of past and batch together. With `count` 0 there is no past, and
# `mean` and `var` must not matter.
#
# *Predict first.* Past: 2 scores, mean 2, variance 1. Batch: two scores of 6. Is the new variance below 1, or above?
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
# Let it watch the twelve pinball games, and ask after each: what is a score of 10,000 worth?

# %%
mean, var, count, worth = 0.0, 0.0, 0, []
for score in scores:
    mean, var, count = running_mean_var(mean, var, count, np.array([score]))
    worth.append((10_000 - mean) / max(var**0.5, 1e-8))
plots.moving_ruler(np.arange(2, len(scores) + 1), worth[1:], score=10_000)

# %% [markdown]
# The ruler still moves, but less and less. That is the best of the family. Its price: whatever learned from the early
# numbers learned on another ruler.
#
# | | what it does | what it keeps | what it loses |
# | --- | --- | --- | --- |
# | divide by a known constant | units | everything | nothing, and it centres nothing |
# | min-max of a whole-game score | units and origin | which game is better | a maximum must be known; all weights are positive |
# | min-max or shift of each step | the task | the order of single steps | what a longer game is worth |
# | clip to [-1, 1] | the task | how often, and the sign | how much |
# | min-max or z-score of a batch | the task | order inside the batch | weight between batches |
# | running mean and std | units and origin, slowly | the direction, once settled | yesterday's ruler |
#
# No row answers the question of this course: was this score good *for the state it came from*? A ruler knows games. It
# does not know situations.
#
# ## What to remember
#
# 1. A maximum is a record, and records fall.
# 2. One jackpot, or one big neighbour, leaves the rest no room.
# 3. Dividing changes units; subtracting from a whole score moves the origin; subtracting at each step changes the task.
# 4. Statistics of a small batch change the weight of each batch, and with it what is learned.
# 5. Scaling is about units. It gives nobody credit.
#
# ## Think
#
# <details><summary>You subtract 0.01 from every step's reward in a game that ends when you reach a goal. What does that
# teach?</summary>To be quick. The shift changed the task, this time perhaps on purpose.</details>
#
# <details><summary>In a game of fixed length, say 100 steps, does a shift of each step still change the task?</summary>No.
# Every episode moves by 100 times the shift, whatever the agent does. It is a change of origin again.</details>
#
# <details><summary>DQN clipped rewards to [-1, 1] and learned many games well. In which kind of game would you expect it to
# play badly for that reason?</summary>Where rare large rewards are worth more than many small ones: the machines above, or
# a ghost worth 200 beside a pellet worth 10 in Ms. Pac-Man. To a clipped agent both are 1.</details>
#
# ## Further reading
#
# - Mnih et al. (2015), *Human-level control through deep reinforcement learning*, Methods: why DQN clips. <https://doi.org/10.1038/nature14236>
# - van Hasselt et al. (2016), *Learning values across many orders of magnitude*: learn the scale instead. <https://arxiv.org/abs/1602.07714>
# - Ng, Harada & Russell (1999), *Policy invariance under reward transformations*: which changes keep the best policy.
# - Sutton & Barto (2018), exercises 3.15 and 3.16: adding a constant, with and without an end.

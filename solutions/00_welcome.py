# %% [markdown]
# # 0. How does this course work?
#
# *About 15 minutes. You need Python, and a little numpy.*
#
# This course is about one question: **why are raw rewards so hard to learn from, and how does the advantage function fix it?**
# You will not take anybody's word for it. Each lesson measures what is wrong with the idea of the lesson before, and mends it.
# In this one we look at your machine, and do one exercise together. Afterwards you can
#
# - tell whether your machine is ready,
# - predict, write, check and use: the four moves of every exercise,
# - find your way on the map of lessons.

# ## How to run this
#
# Click into a cell of code and press Shift+Enter: it runs, and what it gives appears below it. `[*]` at its left means that it is
# still running; ■ in the bar above stops it.
# *Run > Run All Cells* runs all of them; *Run > Run All Above Selected Cell* runs those that the cell in front of you needs.
# So where you meet a `NameError`, after a pause or a restart: run all above, and go on.

# %%
from course import check, use
from course.doctor import doctor
from course.plots import welcome as plots
from course.atari import play_random

# %% [markdown]
# ## Your machine
#
# The next cell examines the set-up, and plays a game of Pong to be sure: about ten seconds. Each line should begin with OK.
# Where one says FAIL, the line below it says what to do.

# %% tags=["nbval-ignore-output"]
ready = doctor()

# %% [markdown]
# ## Predict
#
# Before anything is shown in this course, you are asked what you expect. Do commit yourself: a number that surprises you is
# remembered. Whether you were right is nobody's business.
#
# A game of Pong is about to be played by someone who presses random buttons. The game ends when one side has 21 points; each
# point pays +1 or -1. **What will the final score be?** Put your prediction into the next cell.

# %%
guess = 0

# %%
(episode,) = play_random("pong", episodes=1, seed=0)
plots.game(episode.rewards, name="pong", guess=guess)

# %% [markdown]
# The line falls by one each time the ball is missed. It falls to -21 or nearly so, because random play almost never returns a
# ball. What the game pays at step $t$ is the **reward** $r_t$. Most rewards here are 0.
#
# ## Write
#
# Exercises are functions that you fill in. Everything that you need to know stands above the cell: what goes in, what comes
# out, the limit cases, and about how long it takes. Hints unfold one by one; use them freely.
#
# ### Exercise 0.1: `episode_score` (1 point, 3 minutes)
#
# Return the score of one episode, which is the sum of its rewards. `rewards` is an array of shape `[T]`, one number for
# each step; the result is one number.
#
# *Predict first.* Rewards of 1, 0 and 2 make a score of...?
#
# <details><summary>Hint 1</summary>An array knows its own sum.</details>
# <details><summary>Hint 2</summary><code>return rewards.sum()</code></details>
# <details><summary>What you should see</summary>Rewards of 1, 0 and 2 make 3.</details>
#

# %% [markdown]
# Let us make a mistake on purpose. Delete the line that begins with `raise`, write `return rewards.max()` in its place, run the
# cell, and run the check below it.


# %% exercise="episode_score"
def episode_score(rewards):
    """The sum of the rewards of one episode, shape [T]."""
    ### BEGIN SOLUTION
    return rewards.sum()
    ### END SOLUTION


# %% check="episode_score"
check(episode_score)

# %% [markdown]
# ## Check
#
# The panel shows the call, your answer, the expected one, and the likely slip: *that is the largest single reward*. It knows
# the mistakes that people make, because they were made for it on purpose. Mend the function, run both cells again, and the
# panel turns green. A check tries many cases, some of them at random, takes less than two seconds, and stops a loop that
# never ends.
#
# ## Use

# %%
episode_score = use(episode_score)

# %% [markdown]
# From here on the lesson works with *your* function if it passed. If it did not, or if you skipped it, the course's own steps
# in, so you are never stuck: go on, and come back later. The line above says which of the two it was.

# %%
print(episode_score(episode.rewards))

# %% [markdown]
# ## The map
#
# | lesson | the question | you will write |
# | --- | --- | --- |
# | [1. Score scales](01_score_scales.ipynb) | how big is a score? | `orders_of_magnitude`, `human_normalized` |
# | [2. Min-max scaling](02_min_max_scaling.ipynb) | why not divide by the maximum? | `min_max`, `running_mean_var` |
# | [3. Jackpots](03_jackpots.ipynb) | what does a batch of 20 tell? | `standard_error`, `policy_gradient` |
# | [4. Spreading rewards](04_spreading_rewards.ipynb) | why not share the score over the steps? | `spread_evenly`, `reward_to_go` |
# | [5. Value prediction](05_value_prediction.ipynb) | how do you think you did? | `value_loss`, `explained_variance` |
# | [6. TD errors](06_td_errors.ipynb) | when did you know? | `td_errors`, `td_update` |
# | [7. GAE](07_gae.ipynb) | how far to look? | `gae_by_definition`, `gae` |
# | [8. CartPole](08_cartpole.ipynb) | does it learn? | `policy_loss`, `normalize` |
# | [9. Pong](09_pong.ipynb) | does it scale to pixels? | `clipped_policy_loss` |
#
# Each takes less than 45 minutes and ends with what to remember, questions to think about, and where to read on. Lessons are
# independent files: a skipped exercise in one blocks nothing in another.
#
# A few words stand for the same thing everywhere. A **step** takes the world from state $s_t$ to $s_{t+1}$ and pays the reward
# $r_t$. An **episode** is a run of steps from a start to an end, and its **score** is the sum of its rewards. The **return** $G_t$
# is the sum of what is still to come at step $t$, and the **policy** is the rule that picks actions. All the symbols are on
# one page, [docs/notation.md](../docs/notation.md).
#
# ## What to remember
#
# 1. Predict, write, check, use.
# 2. A red panel names the likely mistake; a hint costs nothing.
# 3. A skipped exercise blocks nothing.
# 4. Every number in the text was measured, by a cell in front of you or by a test behind you.
# 5. A score is the sum of an episode's rewards.
#
# ## Think
#
# <details><summary>Two players of Pong both score -21. One game took 764 steps, the other 988. Do the two scores say who
# played better?</summary>No. The score keeps one number of a thousand. What it throws away, and what can be won back, is
# what the course is about.</details>
#
# ## Further reading
#
# - Sutton & Barto (2018), *Reinforcement Learning: An Introduction*, chapter 3: states, rewards, returns. <http://incompleteideas.net/book/the-book-2nd.html>
#
# Next: [1. Score scales](01_score_scales.ipynb).

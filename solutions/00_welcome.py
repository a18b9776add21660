# %% [markdown]
# # 0. How does this course work?
#
# *About 20 minutes. You need Python, and a little numpy. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# This course is about one question: **why are raw rewards so hard to learn from, and how does the advantage function fix it?**
# You will not take anybody's word for it. Each lesson measures what is wrong with the idea of the lesson before, and mends it.
# In this one we look at the question, at your machine, and do one exercise together. Afterwards you can
#
# - run a notebook, and say whether your machine is ready,
# - predict, write, check and use: the four moves of every exercise,
# - find your way on the map of lessons.
#
# **How to run a notebook.** Click into a cell and press Shift+Enter: it runs, and the next cell is selected. *Run > Run All Cells* runs
# them all. `[*]` beside a cell means that it is still running. If a cell says `NameError: name '...' is not defined`, the cells above it have not been run yet: choose *Run > Run All Above
# Selected Cell*.

# %%
from course import check, use, widgets
from course.atari import play_random
from course.doctor import doctor
from course.plots import welcome as plots
from course.plots import writer as figure
from course.worlds import writer

# %% [markdown]
# ## The picture
#
# A writer learns to write answers of 500 tokens. A judge reads each answer and pays once, at the end, some 500 million points at first. Here is how
# well the writer does, for five ways to turn that payment into something to learn from. (Computing it takes about ten seconds.)

# %%
figure.learning(writer.five_lines())

# %% [markdown]
# You will draw these five lines, one after the other, in lessons 5 to 8. **Nothing about the judge changes between them, only the weight
# that each token gets.** The lowest line is the raw reward. The next two subtract what was to be expected. The two that shoot up say which
# token changed the expectation. By then you will have written every function behind them.
#
# ## The problem, in your hand
#
# Why does the raw reward not work? Here is a first glimpse. A writer's answers are paid a few points each, but now and then one of them hits a jackpot of 100. On average an answer is worth 4.5 points. You are shown twenty answers, and want to
# know whether the writer does well. Move the slider to see another twenty.

# %%
widgets.Explorer(plots.twenty_answers, batch=widgets.slider("another twenty answers", 1, 1, 60, 1))

# %% [markdown]
# How often was the mean near 4.5? The same writer is judged a failure in one batch and a genius in the next. An agent that learns from such numbers learns mostly from luck.
#
# ## The words
#
# Seven words stand for the same thing in all lessons. They fit into one drawing.

# %%
plots.loop()

# %% [markdown]
# - An **agent** acts in a **world** (programs call it the environment).
# - In **state** $s_t$ it chooses an **action** $a_t$. The rule by which it chooses is its **policy**.
# - The world answers with a **reward** $r_t$, a number of points, and with the next state.
# - The **return** $G_t$ is the sum of the rewards that are still to come from step $t$ on. The sum of all rewards from start to end is also called the **score** of
#   the **episode**, the run from start to end.
#
# For our writer, a state is what is written so far, an action is the next token, and all rewards are 0 but the last.
#
# ## Your machine
#
# The next cell examines the set-up, and plays a game of Pong to be sure. It takes some ten seconds. Each line should begin with OK. Where one says FAIL,
# the line below it says what to do.

# %% tags=["nbval-ignore-output"]
doctor()
# %% [markdown]
# ## Predict
#
# Before anything is shown in this course, you are asked what you expect. Do commit yourself: a number that surprises you is
# remembered. Whether you were right is nobody's business. You write your guess into a cell with `guess = None`, and the picture below it will show it.
#
# *Predict first.* A game of Pong is about to be played by someone who presses random buttons. The game ends when one side has 21 points; each
# point pays +1 or -1. What will the final score be?

# %%
guess = None

# %%
(episode,) = play_random("pong", episodes=1, seed=0)
plots.game(episode.rewards, name="pong", guess=guess)

# %% [markdown]
# The line falls by one each time the ball is missed. It falls to -21 or nearly so, because random play hardly ever returns a
# ball. Most of the rewards are 0.
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
# <details><summary>Hint 1</summary>An array knows its own sum.</details>
# <details><summary>Hint 2</summary><code>return rewards.sum()</code></details>
# <details><summary>What you should see</summary>Rewards of 1, 0 and 2 make 3.</details>
#
# Let us make a mistake on purpose first. Delete the line `raise NotImplementedError()`, write `return rewards.max()` in its place, run the cell, and run the
# check below it.


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
print("the score of the game:", episode_score(episode.rewards))

# %% [markdown]
# ## The map
#
# | lesson | the question | you will write |
# | --- | --- | --- |
# | [1. Score scales](01_score_scales.ipynb) | how big is a score? | `orders_of_magnitude`, `human_normalized` |
# | [2. Min-max scaling](02_min_max_scaling.ipynb) | why not divide by the maximum? | `min_max`, `running_mean_var` |
# | [3. Jackpots](03_jackpots.ipynb) | what does a batch of 20 tell? | `standard_error` |
# | [4. Policy gradient](04_policy_gradient.ipynb) | which way is up? | `score_function`, `policy_gradient` |
# | [5. Spreading rewards](05_spreading_rewards.ipynb) | why not share the score over the tokens? | `spread_evenly`, `reward_to_go` |
# | [6. Value prediction](06_value_prediction.ipynb) | how do you think you did? | `explained_variance`, `value_loss`, `advantage_function`, `leave_one_out` |
# | [7. TD errors](07_td_errors.ipynb) | when did you know? | `td_errors`, `td_update` |
# | [8. GAE](08_gae.ipynb) | how far to look? | `gae_by_definition`, `gae` |
# | [9. Time limits](09_time_limits.ipynb) | who stopped the game? | `real_steps` |
# | [10. Actor-critic](10_actor_critic.ipynb) | does it learn? | `policy_loss`, `normalize`, `actor_critic_update` |
# | [11. PPO](11_ppo.ipynb) | may a batch be used twice? | `clipped_policy_loss`, `entropy` |
# | [12. Pong](12_pong.ipynb) | does it scale to pixels? | |
#
# Most take about 45 minutes, lessons 6 and 11 an hour. Each ends with what to remember, questions to think about, and where to read on. Below that, folded, is *Dig deeper*: side roads on which nothing later depends. Lessons are
# independent files: a skipped exercise in one blocks nothing in another. **In a hurry?** Lessons 3 to 8 are the heart of it.
#
# ## What to remember
#
# 1. Predict, write, check, use.
# 2. A red panel names the likely mistake; a hint costs nothing.
# 3. A skipped exercise blocks nothing.
# 4. Every number was measured in front of you, or is shipped with the command that made it, or is cited.
# 5. A score is the sum of an episode's rewards, and one score is mostly luck.
#
# Next: [lesson 1](01_score_scales.ipynb). How big is a score?
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

# %% [markdown]
# # 0. How does this course work?
#
# *About 25 minutes. You need Python, and a little numpy. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# This course is about one question: **why are raw rewards so hard to learn from, and how does the advantage function fix it?**
# You will not take anybody's word for it. Each lesson measures what is wrong with the idea of the lesson before, and mends it.
# In this one we look at the question and at your machine, and do one exercise together. (Not sure whether the course is
# for you? There is a [self-test of two minutes](../docs/before_you_start.md).) Afterwards you can
#
# - run a notebook, and say whether your machine is ready,
# - name the seven words that all lessons use,
# - predict, write, check and use: the four moves of every exercise,
# - find your way on the map of lessons, and see how far you are.

# %% [markdown]
# ## How to run this
#
# Click into a cell of code and press Shift+Enter: it runs, what it gives appears below it, and the cell after it is selected.
# `[*]` at its left means that it is still running. *Run > Run All Cells* runs all of them.

# %%
from course import check, use, widgets
from course.atari import play_random
from course.classroom.panel import where_am_i
from course.doctor import doctor
from course.plots import welcome as plots
from course.plots import writer as figure
from course.worlds import writer

# %% [markdown]
# ## The picture
#
# A writer learns to write answers of 500 tokens (a token is a word, or a piece of one). A judge reads each answer and pays
# once, at the end: some 500 million points for an answer written at random, 2,500 million for the best one. Five writers
# learn from the same judge. Here is how well each of them does after every batch of twenty answers. The next cell takes
# about ten seconds.

# %% picture="docs/five_lines.png" tags=["nbval-ignore-output"]
figure.learning(writer.five_lines())

# %% [markdown]
# You will draw these five lines, one after the other, in lessons 5 to 8. **Nothing about the judge changes between them,
# only the weight that each token gets.** In the lowest line each token's weight is the raw reward of its answer. The next
# two subtract what was to be expected. The two that shoot up say which token changed the expectation. By then you will have
# written every function behind them.

# %% [markdown]
# ## The problem, in your hand
#
# Why does the raw reward teach so little? Here is a first glimpse, in a smaller world. A writer's answers earn a few points
# each, and now and then one of them hits a jackpot of 100. The mean of all its answers is 4.5 points. But you are shown only
# twenty of them, and want to know whether the writer does well. Move the slider to see another twenty.

# %%
widgets.Explorer(plots.twenty_answers, batch=widgets.slider("another twenty answers", 12, 1, 60, 1))

# %% [markdown]
# How often was the blue mean near the dashed line? In none of the 60 batches is it within a point of 4.5. 31 of them hold no
# jackpot, and have a mean near 1.5; those with one jackpot have about 6.5, those with two about 11. It is the same writer
# all the time, and it is judged a failure in one batch and a genius in the next. Whoever learns from such numbers learns
# mostly from luck. How much luck it is, you will measure in lessons 3 and 4.

# %% [markdown]
# ## The words
#
# Seven words mean the same thing in all lessons: agent, world, state, action, policy, reward, return. They fit into one
# drawing.

# %%
plots.loop()

# %% [markdown]
# - An **agent** acts in a **world** (programs call it the environment).
# - In the **state** $s_t$ it chooses an **action** $a_t$. The rule by which it chooses is its **policy**: a probability for
#   each action.
# - The world answers with a **reward** $r_t$, a number of points, and with the next state. That is one *step*.
# - The **return** $G_t$ is the sum of the rewards that are still to come from step $t$ on. (Lesson 5 lets later ones count
#   less.)
#
# A run of steps from a start to an end is called an *episode*, and the sum of all its rewards is its *score*. For our
# writer, an episode is an answer, a state is what is written so far, an action is the next token, and every reward is 0 but
# the last.

# %% [markdown]
# ## Your machine
#
# The next cell examines the set-up, and plays a game of Pong to be sure. It takes some ten seconds. Each line should begin
# with OK. Where one says FAIL, the line below it says what to do.
#
# Two more things to know about cells: ■ in the bar above stops one that takes too long. And if a cell says `NameError: name
# '...' is not defined`, after a pause or a restart, the cells above it have not been run yet: choose *Run > Run All Above
# Selected Cell*, and go on. For all other trouble there is [a page of remedies](../docs/trouble.md).

# %% tags=["nbval-ignore-output"]
doctor()

# %% [markdown]
# ## Predict
#
# Before anything is shown in this course, you are asked what you expect. Do commit yourself: a number that surprises you is
# remembered. Whether you were right is nobody's business. You write your guess into a cell with `guess = None`, in place of
# `None`, and the picture below it shows your guess as a diamond. (Leave the `None`, and nothing is drawn.)
#
# *Predict first.* A game of Pong is about to be played by someone who presses random buttons. The game ends when one side has
# 21 points; each point pays +1 or -1. What will the final score be?

# %%
guess = None

# %%
(episode,) = play_random("pong", episodes=1, seed=0)
plots.game(episode.rewards, name="pong", guess=guess)

# %% [markdown]
# The line falls by one each time the ball is missed. It falls to -21 or nearly so, because random play almost never returns a
# ball. Most of the rewards are 0.

# %% [markdown]
# ## Write
#
# Exercises are functions that you fill in. Everything that you need to know stands above the cell: what goes in, what comes
# out, the limit cases, and about how long it takes. Hints unfold one by one; use them freely.

# %% [markdown]
# ### Exercise 0.1: `episode_score` (1 point, 3 minutes)
#
# Return the score of one episode, which is the sum of its rewards. `rewards` is an array of shape `[T]`, one number for
# each step; the result is one number.
#
# <details><summary>Hint 1</summary>An array knows its own sum.</details>
# <details><summary>Hint 2</summary><code>return rewards.sum()</code></details>
# <details><summary>What you should see</summary>Rewards of 1, 0 and 2 make 3.</details>
#
# Let us make a mistake on purpose first. Delete the line that begins with `raise`, write `return rewards.max()` in its place,
# run the cell, and run the check below it.


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

# %% [markdown]
# ## Use
#
# From here on the lesson works with *your* function if it passed. If it did not, or if you skipped it, the course's own steps
# in, so you are never stuck: go on, and come back later. The next cell says which of the two it is.

# %%
episode_score = use(episode_score)

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
# | [13. Tokens](13_tokens.ipynb) | what about a language model? | `answer_mask`, `token_rewards` |
# | [14. Reward models](14_reward_models.ipynb) | who judges the judge? | `preference_loss`, `group_advantages` |
# | [15. Clinic](15_clinic.ipynb) | which line is wrong? | eleven repaired lines |
#
# Most take 40 to 50 minutes, lessons 6, 13 and 15 an hour. What a derivative and a gradient are is taken for granted from
# lesson 1 on, and a little PyTorch from lesson 6 on. Each ends with what to remember, questions to think about, and where to
# read on. Below that, folded, is *Dig deeper*: side roads on which nothing later depends. Lessons are independent files: a
# skipped exercise in one blocks nothing in another. **In a hurry?** Lessons 3 to 8 are the heart of it, the five lines and
# all that is needed for them; from there go to 13, where the same function drives a language model.

# %% [markdown]
# ## Where am I?
#
# How far you are, and how well you guess, stands in your own notebooks as they are saved. Save this one (Ctrl+S), and run the
# next cell, today and whenever you come back. It judges every answer again, whatever the panels said, and draws each of your
# guesses beside what came out. It may take a minute when many answers are new. Nothing leaves your machine.

# %% tags=["nbval-ignore-output"]
where_am_i()

# %% [markdown]
# Do you want to begin again? In a terminal, in the folder of the course, `.venv/bin/python -m course restart episode_score`
# puts this exercise back to how it was handed out, and `restart 05` all of lesson 5. What you had is copied to the folder
# `mine` first, and so it is when `make update` brings a newer version of the course: what you wrote is never lost. Reload the
# notebook afterwards, with *File > Reload Notebook from Disk*. (`.venv/bin/python -m course progress` prints the panel above.)

# %% [markdown]
# ## What to remember
#
# 1. Predict, write, check, use.
# 2. A red panel names the likely mistake; a hint costs nothing.
# 3. A skipped exercise blocks nothing.
# 4. Every number was measured in front of you, or is shipped with the command that made it, or is held by a test, or is cited.
# 5. A score is the sum of an episode's rewards. The mean of twenty of them can be mostly luck.
#
# Next: [lesson 1](01_score_scales.ipynb). How big is a score?

# %% [markdown]
# ## Think
#
# <details><summary>Two players of Pong both score -21. One game took 764 steps, the other 988. Do the two scores say who
# played better?</summary>No. The score keeps one number of a thousand. What it throws away, and what can be won back, is
# what the course is about.</details>

# %% [markdown]
# ## Further reading
#
# - Sutton & Barto (2018), [*Reinforcement Learning: An Introduction*](http://incompleteideas.net/book/the-book-2nd.html), chapter 3: states, rewards, returns.

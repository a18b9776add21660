# %% [markdown]
# # 7. When did you know?
#
# *About 45 minutes. You need lesson 6. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 6 gave the score a centre. But within one answer all tokens still get nearly the same weight, the good ones and the bad
# ones. What is missing is credit. The critic can give it, because it does not speak once: it speaks at every word, and each time that it
# changes its mind, something has happened. In this lesson you turn every change of mind into a number. Afterwards you can
#
# - compute the surprise of one step, and say what all the surprises of an episode sum to,
# - teach a critic from its own guesses, and say what that buys and what it costs,
# - give every token its own weight.

# %%
import numpy as np

from course import check, use, widgets
from course.plots import td_errors as plots
from course.plots import writer as figure
from course.worlds import play, random_walk, state_values, tale_world, writer

# %% [markdown]
# ## Six surprises
#
# Take lesson 6's luckiest tale: five lucky words, then the judge, in a good mood, pays 500 million. Before the first word the critic expected
# 117 million, and after each word it expected more. Here is what it said, in millions:

# %%
tale = tale_world()
V = state_values(tale, tale.theta)
said = V[[0, 2, 5, 9, 14, 20]]  # no word, one lucky word, two, ... five
paid = 500.0
print("the critic says", said.round(2), "and the judge pays", paid)

# %% [markdown]
# The tale went from an expected 117 to a paid 500, so somebody earned 383 million more than was to be expected. Who?
#
# *Predict first.* Each step changed what was expected. Which of the six steps was the largest surprise: one of the five words (1 to
# 5), or the judge's payment (6)?

# %%
guess = None

# %%
surprises = np.diff(np.append(said, paid))
plots.tale(said, paid, surprises, guess=guess)

# %% [markdown]
# To whole millions: +39, +52, +70, +93, +124, and for the judge's payment +5. Together they make 382.5, which is 500 minus 117.5. (The
# picture shows two decimals where the rounded numbers would not add up.) The last lucky word was the largest surprise, and the payment was
# hardly one: by then everybody knew.
#
# This is what the course has been looking for. The score was paid *once*, at the end, and it stays there. What is spread over the words is the
# **surprise**: how much more was expected after the word than before it. And that tells the words apart.
#
# ### Exercise 7.1: `td_errors` (3 points, 8 minutes)
#
# Before a step the critic promised `values`. After the step you hold the reward of the step, `rewards`, and the critic promises
# `next_values` for the rest. That rest comes a step later and counts `gamma` times. Where the step ended the task, `terminated` is true, and nothing
# can follow: there the next value counts 0. Return what you got and now expect, minus what was promised. All four arrays have one shape, `[T]` or
# `[T, N]`, and so has the result. Row t holds the whole step, so nothing has to be shifted.
#
# <details><summary>Hint 1</summary>There is no loop, and no <code>t + 1</code>.</details>
# <details><summary>Hint 2</summary><code>gamma</code> and the flag touch the same term. <code>1 - terminated</code> is 1 where the
# task goes on.</details>
# <details><summary>What you should see</summary><code>td_errors([1, 1], [2, 2], [4, 4], [False, True], gamma=0.5)</code>, as arrays:
# <code>[1, -1]</code>.</details>


# %% exercise="td_errors"
def td_errors(rewards, values, next_values, terminated, *, gamma):
    """delta_t: reward, plus gamma times the next value unless the task is over, minus the value."""
    ### BEGIN SOLUTION
    return rewards + gamma * (1 - terminated) * next_values - values
    ### END SOLUTION


# %% check="td_errors"
check(td_errors)

# %%
td_errors = use(td_errors)

# %% [markdown]
# This surprise is called the **TD error** (TD for *temporal difference*):
#
# $$\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$$
#
# Only at the last step, where nothing follows, is it the reward minus the promise. The luckiest tale once more, with your function; the end mark
# pays the 500, and all words before pay 0:

# %%
rewards = np.array([0.0, 0, 0, 0, 0, paid])
next_said = np.append(said[1:], 0.0)
over = np.array([False, False, False, False, False, True])
td_errors(rewards, said, next_said, over, gamma=1.0).round(2)

# %% [markdown]
# ## Every token its own weight
#
# Give this to the writer. Its exact critic knows what the tokens so far are worth, and what the present policy may still expect. A
# token 0 makes it expect 4 million more than before (5 million came where 1 million was expected), and any other token 1 million less.


# %%
def surprise(e):
    """Every token gets the change of mind that it caused."""
    return td_errors(e.rewards, e.values, e.next_values, e.terminated, gamma=1.0)


def score_minus_value(e):
    """Lesson 6: what the answer was paid, minus what was expected before each token was written."""
    return e.rewards.sum(axis=0) - e.values


def minus_the_others(e):
    """Lesson 6: what the answer was paid, minus the mean of the other nineteen."""
    scores = e.rewards.sum(axis=0)
    return np.tile(scores - (scores.sum() - scores) / (len(scores) - 1), (500, 1))


def whole_score(e):
    """Lesson 5: every token gets all that its answer was paid."""
    return np.tile(e.rewards.sum(axis=0), (500, 1))


# %% [markdown]
# *Predict first.* $R - V$ took the writer to 1,102 million in the first 12 updates. Where will $\delta$ take it in 12 updates, in million points?

# %%
guess = None

# %%
lines = {
    "whole score": writer.learn(whole_score),
    "minus the others": writer.learn(minus_the_others),
    "R - V": writer.learn(score_minus_value),
    "TD error": writer.learn(surprise),
}
figure.learning(lines, old=["whole score", "minus the others", "R - V"], guess=guess)

# %% [markdown]
# After 12 updates it is at 2,474 of 2,500 million. Nothing about the judge has changed, and it still pays once, at the end. How well does one batch of 20 answers
# point, with each of the four weights?

# %%
figure.pointing(lines)

# %% [markdown]
# The whole score points nowhere. The centre of lesson 6 turned it a little towards the truth. Credit turned it nearly all the way.
#
# An exact critic is a gift, though. In lesson 6 a *learned* critic with $R - V$ did worse than the mean of the others. Ask the same
# learned critic for $\delta$:

# %%
learned = {
    "R - V, learned": writer.learn(score_minus_value, critic="learned"),
    "TD error, learned": writer.learn(surprise, critic="learned"),
}
figure.learning(lines | learned, old=list(lines), critic=dict.fromkeys(learned, "learned"))

# %% [markdown]
# With $\delta$ it wins, after 100 updates with 2,497 million. The critic was the same, and not a good one: its explained variance falls far below 0 on the way. How can that be? $R - V$ needs
# a critic that is right about the *level* of the score at every place. $\delta$ asks only for the *difference* between two neighbouring guesses, and there
# most of its error cancels: this critic has learned that one more token 0 is good news, and that is all that $\delta$ wants to know. Do not make a law of it. In lesson 8 a
# critic will come whose differences are worthless.
#
# ## Nothing is lost
#
# The surprises of the tale summed to what was paid, minus what was promised at first. Was that luck, or good judgement? Take the worst critics
# that you can think of: a thousand tables of random numbers. For them we use a world that is easier to draw. Five places stand in a row, A to E. You start at C, and a coin sends you left or right until you fall off an end. The right end pays
# 1 point, and nothing else pays. So the true $V$ is the chance to leave on the right: 1/6 at A, 2/6 at B, and so on up to 5/6 at E.

# %%
world = random_walk()
V = state_values(world, world.theta)
walks = play(world, world.theta, episodes=2000, seed=0)
walk = walks.one(81)  # a lucky one
print(" → ".join(["ABCDE"[state] for state in walk.states] + ["off the right end"]))

# %%
gaps = []
for table in 100 * np.random.default_rng(0).normal(size=(1000, 5)):
    deltas = td_errors(walk.rewards, table[walk.states], table[walk.next_states], walk.terminated, gamma=1.0)
    promised = table[walk.states[0]]
    gaps.append(abs(deltas.sum() - (walk.rewards.sum() - promised)))
print(f"largest gap between the sum of surprises and (score - first promise): {max(gaps):.1e}")

# %% [markdown]
# No gap, but for rounding. With $\gamma = 1$ each $V(s_{t+1})$ is added in one step and subtracted in the next, and what stays, for *any* critic, is
#
# $$\sum_t \delta_t = R - V(s_0).$$
#
# The critic cannot invent news, and cannot hide it. It decides only *when* you hear it. In the widget, move through the walk with three
# critics.

# %%
random = np.random.default_rng(8).normal(size=5)
critics = {"true": V, "all zero": np.zeros(5), "random": random}


def story(step, critic):
    table = critics[critic]
    deltas = td_errors(walk.rewards, table[walk.states], table[walk.next_states], walk.terminated, gamma=1.0)
    places = ["ABCDE"[state] for state in walk.states]
    return plots.surprise(places, walk.rewards, table[walk.states], deltas, step - 1)


widgets.Explorer(
    story,
    step=widgets.slider("steps played", len(walk.rewards), 1, len(walk.rewards), 1),
    critic=widgets.choice("critic", list(critics)),
)

# %% [markdown]
# With the true critic, every step to the right is good news worth 1/6 and every step to the left is bad news. With the critic that says 0 everywhere, all the news comes in the last step.
# With the random one the bars are wild, and their sum is still 1 minus the first promise.
#
# ## A critic that teaches itself
#
# Where does a critic come from? In lesson 6 it learned from the score. There is another way. To be less surprised next time, move $V(s_t)$ a little towards
# what you got and now expect, $r_t + \gamma V(s_{t+1})$. This rule is called **TD(0)**. Its target contains the critic's own guess about the next state. Learning a guess from a guess is called
# **bootstrapping**.
#
# ### Exercise 7.2: `td_update` (3 points, 8 minutes)
#
# `table` is a float array that holds $V$ of every state, shape `[S]`; `state` and `next_state` are row numbers, `terminated` is one
# flag. Return a *new* table in which the row of `state` has moved by `lr` times the TD error. Leave the given one as it is.
#
# <details><summary>Hint 1</summary>Copy first. A second name for the same array is no copy.</details>
# <details><summary>Hint 2</summary>For one plain flag, <code>~True</code> is -2. Use <code>not terminated</code>, or
# <code>1 - terminated</code>.</details>
# <details><summary>What you should see</summary>Table <code>[0, 4]</code>, from state 0 to 1, reward 1, not terminated, gamma and lr 0.5:
# <code>[1.5, 4.0]</code>, half-way to the target 3.</details>


# %% exercise="td_update"
def td_update(table, state, reward, next_state, terminated, *, gamma, lr):
    """A new table in which V(state) has moved towards reward + gamma V(next_state)."""
    ### BEGIN SOLUTION
    target = reward + gamma * (1 - terminated) * table[next_state]
    new = table.copy()
    new[state] += lr * (target - table[state])
    return new
    ### END SOLUTION


# %% check="td_update"
check(td_update)

# %%
td_update = use(td_update)

# %% [markdown]
# With the whole score as the reward, and nothing to follow, the same function learns from whole episodes: that is called **Monte Carlo**.


# %%
def learn(log, table, *, lr, whole=False):
    """The table before and after every walk: TD(0), or Monte Carlo if `whole`."""
    tables = [table]
    for n in range(log.rewards.shape[1]):
        walk = log.one(n)
        score = walk.rewards.sum()
        for t in range(len(walk.rewards)):
            reward = score if whole else walk.rewards[t]
            over = True if whole else walk.terminated[t]
            table = td_update(table, walk.states[t], reward, walk.next_states[t], over, gamma=1.0, lr=lr)
        tables.append(table)
    return np.array(tables)


# %% [markdown]
# *Predict first.* A critic of random numbers learns by TD(0). In which place will it be right first: A, B, C, D or E? Write a letter.

# %%
guess = None

# %%
first_two_hundred = play(world, world.theta, episodes=200, seed=0)
plots.young_critic(learn(first_two_hundred, random, lr=0.1), (0, 10, 30, 200), V, guess=guess)

# %% [markdown]
# The ends, A and E. Only a step off an end has no guess in its target, so that is where truth enters. From there it seeps inwards, from guess to guess.
#
# Is that quicker than waiting for the score? Both learn from the same 150 walks, with twenty seeds, at step size 0.1.

# %%
logs = [play(world, world.theta, episodes=150, seed=seed) for seed in range(20)]
errors = {}
for start in ("random numbers", "0.5 everywhere"):
    for method in ("TD(0)", "Monte Carlo"):
        runs = []
        for seed, log in enumerate(logs):
            wild = np.random.default_rng(seed).normal(size=5)
            table = wild if start == "random numbers" else np.full(5, 0.5)
            tables = learn(log, table, lr=0.1, whole=method == "Monte Carlo")
            runs.append(np.sqrt(((tables - V) ** 2).mean(axis=1)))
        errors[start, method] = np.array(runs)

widgets.Explorer(
    lambda start: plots.learning({method: errors[start, method] for method in ("TD(0)", "Monte Carlo")}),
    start=widgets.choice("the critic starts with", ["random numbers", "0.5 everywhere"]),
)

# %% [markdown]
# It depends on where you start. From random numbers, Monte Carlo is ahead at first, with an error of 0.18 against 0.38 after 25 walks: TD repeats its own nonsense until the truth has seeped in. From
# 0.5 everywhere, which is how textbooks draw this picture, TD leads throughout. And from either start TD ends nearer to the truth: 0.06 against 0.18.
#
# The reason is in the targets. The score as a target has no bias, and noise that never fades. The TD target begins with the bias of the critic itself and gets better with
# it. Here both are computed for the critics that began with random numbers:

# %%
plots.bias_and_noise(*plots.of_targets(world, logs, V))

# %% [markdown]
# The score has no bias, and a noise of 0.44 for ever. The TD target starts with a bias of 0.82 and a noise of 0.71. Both fade, and a noise of 0.175 remains. So bootstrapping gives a quiet target to a good critic, and a wrong one to a bad critic. (At a constant step size neither
# settles: the last walk always pulls.)
#
# ## What to remember
#
# 1. $\delta_t = r_t + \gamma V(s_{t+1}) - V(s_t)$: what you got and now expect, minus what was promised.
# 2. With $\gamma = 1$ the surprises sum to the score minus the first promise, for any critic. The critic decides when you hear the news.
# 3. As the weight of a token, $\delta_t$ gives credit. With an exact critic it is one sample of the advantage, and the quietest.
# 4. TD(0) learns a guess from a guess: a bias that fades, and less noise.
# 5. What is spread over the steps is the surprise. The score is paid once.
#
# $\delta_t$ trusts the critic after a single step. That was a triumph here. But suppose that the critic does not look at what is written at all. Then no word
# ever surprises it, and all the news comes with the payment. Between one step and the whole episode there must be a dial: that is
# [lesson 8](08_gae.ipynb).
#
# ## Think
#
# <details><summary>The critic is exact. What is the mean of δ in a state, over all actions? And after one particular
# action?</summary>0 over all actions: it was expected. After one action it is that action's advantage.</details>
#
# <details><summary>Is an advantage a reward?</summary>No, it is a weight. Rewards are what the world pays. One link is exact, though: if you add
# γΦ(s<sub>t+1</sub>) - Φ(s<sub>t</sub>) to every reward, with Φ = 0 after the end, every policy's return moves by the same -Φ(s<sub>0</sub>), so the best policy stays the best. δ
# is the reward shaped in this way with Φ = V.</details>
#
# <details><summary>Somebody says "δ is the reward minus what the model thinks". When is that right?</summary>At the last step, where
# nothing follows. Everywhere else the next guess belongs to it.</details>
#
# ## Further reading
#
# - Sutton & Barto (2018), sections 6.1 and 6.2, with this walk in example 6.2.
# - Schulman et al. (2016), section 3: δ as an estimate of the advantage. <https://arxiv.org/abs/1506.02438>
# - Ng, Harada & Russell (1999), *Policy invariance under reward transformations*.

# %% [markdown]
# ## Dig deeper
#
# *About 10 minutes. Nothing later depends on it.*
#
# ### Blame in lost walks
#
# (Old lesson 6: one good step in three is blamed by score minus V, none by δ, exactly 1/3.)
#
# ### Step sizes
#
# (Old lesson 6: 0.02, 0.3, shrinking; a constant step size never settles, V(A) rests at 0.146 on average at 0.1, Huo et al.)

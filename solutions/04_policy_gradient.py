# %% [markdown]
# # 4. Which way is up?
#
# *About 46 minutes. You need lesson 3. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# Lesson 3 asked what a batch of 20 tells about the *mean* reward. But nobody trains a policy to know its mean reward. We
# want to raise it, and for that we need a direction: which way should the policy change, so that the mean goes up? In this
# lesson you derive that direction in three short steps, estimate it from a batch, and see how often a batch of 20 points
# the wrong way. Afterwards you can
#
# - derive the policy gradient, and say why no model of the world is needed,
# - compute a score function by hand,
# - say *which* variance is the enemy, and which is not.

# %%
import numpy as np

from course import check, use, widgets
from course.estimators import episode_gradients
from course.plots import policy_gradient as plots
from course.scaling import RunningNormalizer, clip_rewards, z_score
from course.worlds import all_episodes, answer_world

# %% [markdown]
# ## Step 1: a slope becomes a mean
#
# Take the smallest choice there is. Two slot machines stand side by side, and a policy $\pi$ picks one of them. Machine A
# pays 1 point, always. Machine B pays 100 points with a chance of 2 %, so it is worth 2 points on average. The policy has
# one parameter, $\theta$: its taste for B. At $\theta = 0$ it picks each machine half of the time.
#
# The mean reward is $J = \pi(A) \cdot 1 + \pi(B) \cdot 2$. When $\theta$ grows, $\pi(B)$ grows and $\pi(A)$ shrinks. With
# $\nabla$ for the slope in $\theta$, and $r(a)$ for what an action $a$ pays on average, the slope of the mean reward is
#
# $$\nabla J = \sum_a \nabla\pi(a) \; r(a).$$
#
# If you knew the rewards $r(a)$, you could compute this and be done. You do not know them. All you can do is *play*, and
# average what you see. But this sum is no average: an average would weigh every action by its probability $\pi(a)$, and here
# stands $\nabla\pi(a)$. One line of calculus mends that. Since the derivative of a logarithm is
# $\nabla\log\pi = \nabla\pi / \pi$,
#
# $$\nabla\pi = \pi \, \nabla\log\pi, \qquad\text{so}\qquad \nabla J = \sum_a \pi(a) \; r(a) \, \nabla\log\pi(a)
# = \mathbb{E}\big[\, r \, \nabla\log\pi(a) \,\big].$$
#
# Now it is a mean over what the policy does ($\mathbb{E}$ stands for such a mean), and a batch can estimate it: play,
# multiply each reward by $\nabla\log\pi$ of the action that earned it, and average. (Single rewards vary about $r(a)$,
# and the average takes care of that, too.) The vector $\nabla\log\pi(a)$ is called the **score function** of the
# action. (The name is older than this course, and has nothing to do with a game's score.) It is the direction in the
# parameters in which this action becomes likelier fastest.

# %% [markdown]
# ### Exercise 4.1: `score_function` (2 points, 6 minutes)
#
# A policy that chooses among $K$ actions usually has a number for each, a *logit* $z_k$, and turns them into probabilities
# by a softmax: $\pi(k) = e^{z_k} / \sum_j e^{z_j}$. Its logarithm is $\log\pi(a) = z_a - \log \sum_j e^{z_j}$. What is the
# derivative of $\log\pi(a)$ in each of the $K$ logits?
#
# `probabilities` is an array of shape `[K]`, K at least 1, and holds $\pi(k)$; `action` is a whole number from 0 to K - 1.
# Return the gradient of $\log\pi(\text{action})$ in the logits, shape `[K]`.
#
# <details><summary>Hint 1</summary>The first term, $z_a$, has derivative 1 in the logit of the action and 0 in the
# others.</details>
# <details><summary>Hint 2</summary>The derivative of $\log \sum_j e^{z_j}$ in $z_k$ is $e^{z_k} / \sum_j e^{z_j}$. You
# have met that number.</details>
# <details><summary>Hint 3</summary>So it is 1 at the action and 0 elsewhere, minus the probabilities.</details>
# <details><summary>What you should see</summary>For probabilities <code>[0.5, 0.2, 0.3]</code> and action 1:
# <code>[-0.5, 0.8, -0.3]</code>. The entries sum to 0.</details>


# %% exercise="score_function"
def score_function(probabilities, action):
    """Gradient of log pi(action) in the K logits of a softmax, shape [K]."""
    ### BEGIN SOLUTION
    gradient = -np.asarray(probabilities, dtype=float)
    gradient[action] += 1
    return gradient
    ### END SOLUTION


# %% check="score_function"
check(score_function)

# %%
score_function = use(score_function)

# %% [markdown]
# Use it on the two machines. At $\theta = 0$ both probabilities are one half. The taste for B is the logit of B (the other
# logit stays 0), so it is the second entry that counts:

# %%
half = np.array([0.5, 0.5])
for action, machine in enumerate("AB"):
    print("machine", machine, "moves the taste for B by", score_function(half, action)[1])

# %% [markdown]
# That is where the 0.5 of the coming pages comes from: $1 - \tfrac12$ for the action that was taken, and $0 - \tfrac12$
# for the one that was not. Now the machines can be solved on paper: the exact gradient is the mean of reward times score
# function, $\tfrac12 \cdot 1 \cdot (-0.5) + \tfrac12 \cdot 2 \cdot 0.5 = +0.25$. Up is towards B.
#
# Notice what the score function did *not* ask: which rewards are good. It only says how to make something likelier. The
# reward, as its weight, decides how much.

# %% [markdown]
# ## Step 2: a whole answer
#
# One action is a short story. The tiny language model of lesson 3 writes three tokens, each plain or bold, and a judge
# pays at the end. With a whole answer $\tau$ in the place of an action, and with $R$ for its reward, step 1 says
# $\nabla J = \mathbb{E}[R \, \nabla\log\pi(\tau)]$. What is the score function of a whole answer?
#
# The probability $\pi(\tau)$ is a product: each token's probability, times whatever the world adds by chance (here:
# whether the judge hands out a jackpot). The logarithm turns the product into a sum,
#
# $$\log \pi(\tau) = \sum_t \log\pi(a_t \mid s_t) \; + \; \text{terms of the world},$$
#
# and the terms of the world do not contain $\theta$, so their gradient is 0. They drop out:
#
# $$\nabla\log \pi(\tau) = \sum_t \nabla\log\pi(a_t \mid s_t).$$
#
# This is why you need no model of the world to climb. You need to know how *you* chose, not how the world answers.
#
# The model has two parameters: $\theta_1$ is its taste for bold at the first token, $\theta_2$ at the two later ones. Both
# are 0, so every token is bold with probability one half. In such a small world every answer that can happen can be
# listed. Take one out of the list: its tokens (bold is 1, plain is 0) and what was paid after each.

# %%
world = answer_world()
episodes = all_episodes(world, world.theta)
answer = episodes.one(10)
print("tokens ", answer.actions)
print("rewards", answer.rewards)

# %% [markdown]
# *Bold, plain, bold*, and a jackpot at the end. Add up its score function with your own, token by token, and weigh it with
# what the answer was paid:

# %%
by_hand = np.zeros(2)
by_hand[0] = score_function(half, answer.actions[0])[1]
by_hand[1] = score_function(half, answer.actions[1])[1] + score_function(half, answer.actions[2])[1]
print("score function             ", by_hand)
print("reward times score function", answer.rewards.sum() * by_hand)

# %% [markdown]
# The first token says *bolder at first*, and the later two cancel. The judge paid 101 points, so this answer pushes with
# all of them. A helper does the same sum for every answer of the list. There are fifteen, because each can be written with
# or without a jackpot, all but the plain one:

# %%
rewards = episodes.returns()
probability = episodes.probability

every_token_once = np.ones_like(episodes.rewards)  # weight 1: the score function of the whole answer
score_functions = episode_gradients(world, world.theta, episodes, every_token_once)
plots.answers(episodes, score_functions)

# %% [markdown]
# Find *bold, plain, bold* in the list: it stands there twice, with and without a jackpot, and both times with your two
# numbers. The judge's luck changed the reward. It did not change the score function.

# %% [markdown]
# ### Exercise 4.2: `policy_gradient` (3 points, 6 minutes)
#
# Estimate the gradient from a batch: multiply each answer's score function by the answer's reward, and take the mean over
# the batch. `score_functions` has shape `[B, D]` (B answers, D parameters), `rewards` has shape `[B]`, the result `[D]`.
# Subtract nothing from the rewards: that comes in lesson 6. This estimate is called REINFORCE (Williams, 1992).
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
# Ask the batch of 20 that you know from lesson 3. The truth comes from the list of all answers: the same product, each
# answer weighed by its probability.

# %%
batch = episodes.draw(batch=20, batches=1, seed=0)[0]
of_the_batch = policy_gradient(score_functions[batch], rewards[batch])
exact = probability @ (rewards[:, None] * score_functions)
print("the batch says", of_the_batch.round(3))
print("the truth is  ", exact.round(3))

# %% [markdown]
# The truth says: bolder. The batch says: plainer. It saw bold tokens lose their steady points, and no jackpot. Bad luck?

# %% [markdown]
# ## The bull's eye
#
# *Predict first.* Draw many batches of 20. What share of them points the wrong way, more than a right angle from the exact
# gradient? Write your guess, in per cent, into the next cell, in the place of `None`.

# %%
guess = None

# %%
batches = episodes.draw(batch=20, batches=10_000, seed=5)
estimates = np.array([policy_gradient(score_functions[each], rewards[each]) for each in batches])
wrong_way = float((estimates @ exact < 0).mean())
plots.bulls_eye(estimates[:300], exact, size=20, wrong=wrong_way, guess=guess)

# %% [markdown]
# Nearly two thirds: 65 %. Each dot is what one batch says (300 of the 10,000 are drawn), and the shaded half is the wrong
# one. Within the dashed circle an estimate is off by less than the gradient's own length: hardly a batch gets there.
#
# Is the estimate broken, then? Average all 10,000 batches, and apart from each other those without a jackpot and those
# with one:

# %%
dry = rewards[batches].max(axis=1) < 100
print("all batches      ", estimates.mean(axis=0).round(2))
print("without a jackpot", estimates[dry].mean(axis=0).round(2))
print("with one or more ", estimates[~dry].mean(axis=0).round(2))
print(f"{100 * dry.mean():.0f} % of the batches are without a jackpot")

# %% [markdown]
# All together they point where they should: the exact gradient is [0.25, 0.5]. The estimate is *unbiased*, as lesson 3
# said of the mean, and that promises nothing to the one batch that you hold. A batch without a jackpot points, on average,
# exactly the opposite way: on steady points alone, plain tokens are better. More than half of all batches are of that
# kind.

# %% [markdown]
# ## Step 3: what a weight may do for nothing
#
# The third line of calculus looks harmless, and is the reason why the rest of this course works. In any state the
# probabilities sum to 1, whatever $\theta$ is. So
#
# $$\sum_a \pi(a) \, \nabla\log\pi(a) = \sum_a \nabla\pi(a) = \nabla \sum_a \pi(a) = \nabla 1 = 0.$$
#
# **The mean score function is 0 in every state.** Try it with your own function and any probabilities:

# %%
probabilities = np.array([0.1, 0.2, 0.7])
mean = np.zeros(3)
for action in range(3):
    mean += probabilities[action] * score_function(probabilities, action)
mean.round(12)

# %% [markdown]
# So if you pay everybody the same amount more, the extra weight is multiplied by something whose mean is 0, and the mean
# of the estimate does not move. What does move?

# %% [markdown]
# ## Which variance is the enemy?
#
# "The rewards vary too much", one hears. Put it to the test, and pay the same answers in four ways: as they are; a
# hundredth of that; 100 points more for everybody; and 4.5 points for everybody, so that the rewards do not vary at all.
#
# *Predict first.* Everybody gets 100 points more. By which factor does the error of a batch's gradient grow? (1 means: not
# at all.)

# %%
guess = None

# %% [markdown]
# For each way to pay, three numbers are measured:


# %%
def three_numbers(paid):
    """Spread of the rewards, length of the exact gradient, and root mean square error of a batch's gradient."""
    mean_paid = probability @ paid
    spread = np.sqrt(probability @ (paid - mean_paid) ** 2)
    gradient = probability @ (paid[:, None] * score_functions)
    estimates = np.array([policy_gradient(score_functions[each], paid[each]) for each in batches])
    error = np.sqrt(((estimates - gradient) ** 2).sum(axis=1).mean())
    return spread, np.linalg.norm(gradient), error


# %%
ways = {
    "as it is": rewards,
    "a hundredth of it": rewards / 100,
    "100 points more\nfor everybody": rewards + 100,
    "4.5 points\nfor everybody": np.full_like(rewards, 4.5),
}
measured = {way: three_numbers(paid) for way, paid in ways.items()}
plots.judges(measured, size=20, guess=guess, about=("as it is", "100 points more\nfor everybody"))

# %% [markdown]
# Read each grey bar from the star (the exact gradient) to the triangle (the error of a batch).
#
# - *A hundredth*: the same bar, elsewhere. Dividing changes signal and noise alike, so it changes only units.
# - *100 points more*: the rewards spread exactly as before, and the exact gradient has not moved. But the error is six
#   times as large. What was added has mean 0 and a variance of its own.
# - *Equal points*: the rewards have no spread. There is nothing to learn, so the exact gradient is 0; and yet a batch points
#   somewhere.
#
# So the spread of the rewards is the wrong number to watch: it can stay as it is while the noise grows, and where it is 0
# there is nothing to learn. **The enemy is the variance of the gradient estimate.** Here a batch of 20 is off by about
# 3.4, for a gradient that is 0.56 long.
#
# And something has been given away. If adding 100 to everybody makes the noise six times as large, and leaves the exact
# gradient as it was, then *subtracting* the right amount should make it smaller. What is the right amount? Lesson 6
# answers that.

# %% [markdown]
# ## A ruler for each batch
#
# Lesson 2 scaled *scores* by many rulers. Now you can say what a ruler does to what is *learned*. Take the two machines
# again, in batches of 20, with an exact gradient of +0.25, towards B. Scale the rewards of each batch before you multiply,
# in six ways: raw; divided by 100; by the running mean and deviation of earlier plays; clipped to [-1, 1]; and by the
# batch's own numbers, from its minimum to its maximum (min-max) or in standard deviations from its mean (a *z-score*).
#
# *Predict first.* How many of the six point, on average, to A, the wrong machine?

# %%
guess = None

# %% [markdown]
# Here are the machines, and the six ways:


# %%
def play_machines(rng, batches, size):
    """Score functions (+0.5 for B, -0.5 for A) and rewards of many batches, each [batches, size]."""
    chose_b = rng.random((batches, size)) < 0.5
    jackpot = rng.random((batches, size)) < 0.02
    return np.where(chose_b, 0.5, -0.5), np.where(chose_b, 100.0 * jackpot, 1.0)


def by_range(rewards):
    """Each batch between its own minimum and maximum."""
    low = rewards.min(axis=1, keepdims=True)
    high = rewards.max(axis=1, keepdims=True)
    return (rewards - low) / np.where(high > low, high - low, 1)


# %%
past = RunningNormalizer()
_, earlier = play_machines(np.random.default_rng(1), 2_000, 20)
past.update(earlier.ravel())

ways = {
    "raw": lambda rewards: rewards,
    "divided by 100": lambda rewards: rewards / 100,
    "running mean and std": past,
    "clipped to [-1, 1]": clip_rewards,
    "min-max of the batch": by_range,
    "z-score of the batch": lambda rewards: z_score(rewards, axis=1),
}

# %% [markdown]
# Every way scales the same plays:

# %%
directions, paid = play_machines(np.random.default_rng(0), 3_000, 20)
estimates_of = {way: (directions * scale(paid)).mean(axis=1) for way, scale in ways.items()}
plots.gradients(estimates_of, truth=0.25, guess=guess)

# %% [markdown]
# Three of them point to the wrong machine, and they are the three with the *clearest signal*: little noise, and the wrong
# direction. Take min-max. In most batches of 20 nobody hits the jackpot, so A's steady point is the maximum, and every play
# of A gets the full 1. In the rare batch with a jackpot that one play gets the same 1, and all the rest next to nothing. So
# a jackpot, worth a hundred steady points, counts like one of them. The z-score does much the same. Clipping asks another
# question: how *often* do you win, instead of how much?
#
# So a clear signal is worth nothing by itself. A gradient has to be judged by two numbers: how noisy it is, and where it
# points.

# %% [markdown]
# ## What to remember
#
# 1. $\nabla J = \mathbb{E}[R \, \nabla\log\pi(\tau)]$, because $\nabla\pi = \pi\nabla\log\pi$. A batch can estimate it.
# 2. $\nabla\log\pi(\tau)$ is a sum over the steps. The world's own chances drop out, so no model of the world is needed.
# 3. For a softmax, the score function is 1 at the action, minus the probabilities. Its mean in each state is 0.
# 4. The number to watch is the variance of the gradient estimate, not that of the rewards. Of batches of 20, 65 % point
#    the wrong way here.
# 5. Judge a gradient by its noise *and* by its direction.
#
# The judge gave one number for the whole answer, and each of the three tokens was weighed with all of it, those that
# earned it and those that did not. Why not share it out? That is [lesson 5](05_spreading_rewards.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>A colleague drops jackpots as outliers. What will the policy learn?</summary>The opposite of what it
# should. Without jackpots the estimates average [-0.26, -0.52]: plainer and plainer, with little noise.</details>
#
# <details><summary>100 points more for everybody made the gradient noisier. By how much does subtracting a constant help
# here?</summary>Not by much: the best constant takes 7 % off the variance. Most of the noise is the jackpot's, and no
# constant knows which answer will get one. Where all rewards are large and alike, it helps a lot, as you will see in
# lesson 6.</details>
#
# <details><summary>The judge changes its mood with the weather. Does the policy gradient need to know the
# weather?</summary>No. The weather is one of the terms of the world. It makes the rewards noisier, and drops out of the
# score function.</details>
#
# <details><summary>An action has probability 0.001 and was taken. Which entry of its score function is the
# largest?</summary>Its own: 0.999. A likely action moves its own logit little, a rare one moves it by nearly 1.</details>

# %% [markdown]
# ## Further reading
#
# - Williams (1992), [*Simple statistical gradient-following algorithms for connectionist reinforcement learning*](https://doi.org/10.1007/BF00992696).
# - Sutton & Barto (2018), sections 13.2 and 13.3: the policy gradient theorem, REINFORCE.
# - Greensmith, Bartlett & Baxter (2004), [*Variance reduction techniques for gradient estimates in reinforcement learning*](http://www.jmlr.org/papers/v5/greensmith04a.html).
# - Mohamed, Rosca, Figurnov & Mnih (2020), [*Monte Carlo gradient estimation in machine learning*](https://arxiv.org/abs/1906.10652).

# %% [markdown]
# ## Dig deeper
#
# *About 5 minutes. Nothing later depends on it.* Do more answers always help?
#
# In this widget a jackpot pays 3 points divided by its chance: rarer ones are larger, and the exact gradient stays where
# it is. *Try it.* With a chance of 0.003, does a batch of 20 do better than a batch of 5?

# %%
clouds = {}
for chance in (0.5, 0.03, 0.003):
    other = answer_world(odds=2 * chance, jackpot=3 / chance)  # half of the tokens are bold
    listed = all_episodes(other, other.theta)
    directions = episode_gradients(other, other.theta, listed, np.ones_like(listed.rewards))
    paid = listed.returns()
    for size in (5, 20, 100, 500, 2_000):
        drawn = listed.draw(batch=size, batches=300, seed=4)
        clouds[chance, size] = np.array([policy_gradient(directions[each], paid[each]) for each in drawn])

# %%
widgets.Explorer(
    lambda chance, size, pick: plots.bulls_eye(clouds[chance, size], exact, size=size, pick=pick),
    chance=widgets.choice("chance of a jackpot", [0.5, 0.03, 0.003], 0.03),
    size=widgets.choice("batch size", [5, 20, 100, 500, 2_000], 20),
    pick=widgets.slider("another batch", 1, 1, 300, 1),
)

# %% [markdown]
# It points the wrong way more often. A batch without a jackpot points there, and more answers without a jackpot only make it
# *surer* of that. Help comes with the jackpots, not with the answers. (The estimate is unbiased, so its root mean square error
# has halved all the same. That is the work of the few batches that do hold a jackpot, and are off by less. Your batch is most
# likely not among them.)

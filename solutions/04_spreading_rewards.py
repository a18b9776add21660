# %% [markdown]
# # 4. Why not share the score over the steps?
#
# *About 40 minutes. You need lesson 3.*
#
# In lesson 3 the judge gave one number for a whole answer, and every token got it whole, earned or not. So share it: 500
# million points over 500 tokens, a fair part for each. What does that mend? Afterwards you can
#
# - predict on paper how long a policy gradient is, and which update kills the policy,
# - say what sharing, clipping and Adam cure, and what they hide,
# - judge an estimator by signal-to-noise and direction, not by variance.

# %%
from functools import partial

import gymnasium as gym
import numpy as np
import torch

from course import check, use, widgets
from course.worlds import answer_world, corridor_world, survival_world
from course.estimators import episode_gradients, estimate, weights
from course.plots import spreading_rewards as plots
from course.worlds import all_episodes, true_gradient

torch.set_num_threads(1)

# %% [markdown]
# ## Sharing
#
# ### Exercise 4.1: `spread_evenly` (1 point, 3 minutes)
#
# Share one `score` equally over the steps of an episode: an array of shape `[length]` that sums to the score. A length
# below 1 raises a `ValueError`.
#
# *Predict first.* An answer of 500 tokens earned 500 million points. What does each token get?
#
# <details><summary>Hint 1</summary>What is one share?</details>
# <details><summary>Hint 2</summary><code>np.full</code> repeats a number.</details>
# <details><summary>What you should see</summary><code>spread_evenly(6, 3)</code> gives <code>[2, 2, 2]</code>.</details>


# %% exercise="spread_evenly"
def spread_evenly(score, length):
    """`length` equal rewards that sum to `score`; ValueError if length < 1."""
    ### BEGIN SOLUTION
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}")
    return np.full(length, score / length)
    ### END SOLUTION


# %% check="spread_evenly"
check(spread_evenly)

# %%
spread_evenly = use(spread_evenly)

# %% [markdown]
# Still a million each.
#
# ## How long is the gradient?
#
# Take the smallest policy that writes: 500 places, five tokens to choose from, a row of five logits for each place. They are
# all 0: each token has probability 1/5. The gradient adds up *weight × score function*, as in lesson 3.
#
# On paper: in each row the score function is $1 - \tfrac15$ at the token that was written and $-\tfrac15$ at the four others,
# so its length is $\sqrt{0.8^2 + 4 \cdot 0.2^2} = \sqrt{0.8}$. All 500 rows together make $\sqrt{500 \cdot 0.8} = 20$,
# whatever was written.
#
# *Predict first.* How long is the gradient with the whole score on every token? With its share? At what angle are they?


# %%
def gradient(logits, answers, step_weights):
    """Mean over the answers of the sum of weight times grad log pi, by autograd."""
    logits = logits.clone().requires_grad_()
    log_probs = logits.log_softmax(dim=1)[np.arange(len(logits)), answers]
    (torch.tensor(step_weights, dtype=torch.float32) * log_probs).sum(-1).mean().backward()
    return logits.grad


paid = {"whole score": np.full(500, 500e6), "equal shares": spread_evenly(500e6, 500)}
answer = np.random.default_rng(0).integers(5, size=500)
whole, shares = (gradient(torch.zeros(500, 5), answer, w).double() for w in paid.values())
cosine = (whole * shares).sum() / whole.norm() / shares.norm()
[plots.big(float(x)) for x in (whole.norm(), shares.norm(), whole.norm() / shares.norm(), cosine)]

# %% [markdown]
# Ten billion and twenty million, as on paper. Ratio 500, cosine 1: sharing *divides the gradient by the number of steps*, and
# does nothing else. You may have heard that shares make it explode. They make it 500 times shorter, as a smaller learning
# rate would have done.
#
# ## When is it dead?
#
# A plain step adds *learning rate × gradient* to the logits: the written token goes up by 0.8 of *learning rate × weight*,
# the others down by 0.2 of it. So one update opens a **gap of learning rate × weight**. A token that lies a gap $g$ behind
# has probability $e^{-g}$ or so, and below about $e^{-104}$ a 32-bit number is 0.
#
# Sixty answers, one an update, learning rate 0.01. The judge pays 5 points for each token 0, some 500 an answer. Answer 31 is
# a jackpot, paid a million times as much. From answer 46 on, token 1 is paid instead.
#
# *Predict first.* With equal shares, what gap does an ordinary answer open? And the jackpot? Which update is the last to
# change anything?


# %%
def draw(logits, rng, answers=1):
    """Let the policy write: token numbers, shape [answers, places]."""
    return torch.multinomial(logits.softmax(dim=1), answers, replacement=True, generator=rng).T.numpy()


def gradient_norms(credit, jackpot=1e6, rate=0.01):
    logits, rng, norms = torch.zeros(500, 5), torch.Generator().manual_seed(0), []
    for update in range(1, 61):
        answers, liked = draw(logits, rng), 0 if update < 46 else 1
        score = 5 * (answers == liked).sum() * (jackpot if update == 31 else 1)
        step = gradient(logits, answers, credit(score, 500))
        logits = logits + rate * step
        norms.append(step.norm().item())
    return norms


# %%
runs = {
    "whole score": gradient_norms(lambda score, length: np.full(length, score)),
    "equal shares": gradient_norms(spread_evenly),
    "equal shares, no jackpot": gradient_norms(spread_evenly, jackpot=1),
}
plots.trace(runs, jackpot=31, change=46)

# %% [markdown]
# An ordinary share is about 1 point and opens a gap of 0.01; the jackpot's, about a million, opens 10,000. Update 31 is the
# last. From then on the gradient is exactly 0, with no NaN and no warning. In every row one token has probability 1, so its
# score function is 0, whatever the reward. The judge's change of mind passes unnoticed: what is never written is never paid.
#
# The whole score died at the same update. Sharing bought a factor of 500. Which learning rate would have been small enough?


# %%
def one_update(length, score, rate):
    length = round(length)
    answer, start = np.arange(length) % 5, torch.zeros(length, 5)
    paid = {"whole score": np.full(length, score), "equal shares": spread_evenly(score, length)}
    before = {name: gradient(start, answer, w) for name, w in paid.items()}
    after = {name: gradient(start + rate * g, answer, paid[name]) for name, g in before.items()}
    return plots.fate(paid, before, after, rate=rate)


widgets.Explorer(
    one_update,
    length=widgets.log_slider("steps", 500, 5, 5_000),
    score=widgets.log_slider("score (points)", 500e6, 5, 5e9),
    rate=widgets.choice("learning rate", [1, 0.1, 0.01, 0.001, 0.0001, 1e-5, 1e-6, 1e-7], 0.01),
)

# %% [markdown]
# A learning rate of a millionth: then the share's gap is 1. What explodes is **magnitude × learning rate**, shared or not.
# Between gaps of 10 and 104 the policy is alive on paper, and hardly ever tries another token.
#
# ## Two half-cures
#
# *Clipping* shortens a gradient that is longer than a limit. *Adam* divides by the gradient's own running size. Both keep the
# policy alive. Does it learn?
#
# Now token 0 pays 5 million, in batches of 20 answers. Random answers earn 500 million, perfect ones 2,500 million. Three
# learners get equal shares. The fourth is told what each token was paid.
#
# *Predict first.* Where are the four after 100 updates?


# %%
def equal(rewards):
    return spread_evenly(rewards.sum(), len(rewards))


def train(optimizer, credit, limit=np.inf, *, seed, pay=5e6):
    """The policy before each of 100 updates: probabilities, shape [100, places, tokens]."""
    logits, rng, policies = torch.zeros(500, 5), torch.Generator().manual_seed(seed), []
    optimizer = optimizer([logits])
    for _ in range(100):
        policies.append(logits.softmax(dim=1).numpy())
        answers = draw(logits, rng, answers=20)
        logits.grad = -gradient(logits, answers, np.array([credit(r) for r in pay * (answers == 0)]))
        torch.nn.utils.clip_grad_norm_([logits], limit)
        optimizer.step()
    return np.array(policies)


# %%
# This takes 5 to 20 seconds.
sgd, adam = partial(torch.optim.SGD, lr=0.01), partial(torch.optim.Adam, lr=0.3)
ways = {
    "plain steps, shares": (sgd, equal),
    "clipped to 1,000, shares": (sgd, equal, 1_000),
    "Adam, shares": (adam, equal),
    "Adam, each token its own pay": (adam, np.asarray),
}
learned = {way: np.array([train(*how, seed=seed) for seed in range(10)]) for way, how in ways.items()}
plots.learning(learned, pay=5e6)

# %% [markdown]
# Alive, and no wiser. With clipping or Adam, a place's likeliest token ends at about 90 %, for some 600 million: minds made up,
# nearly at random. Each token was praised for all 500, and such a gradient has a cosine of about 0.01 with the true one. With
# each token's own pay it is 0.91, and the same Adam nears the top in a dozen updates.
#
# What do the two hide? Adam first: multiply all rewards by a million.
#
# *Predict first.* How much does any probability differ?

# %%
small, large = (train(adam, equal, seed=0, pay=pay) for pay in (5, 5e6))
round(float(np.abs(small - large).max()), 4)

# %% [markdown]
# By nothing, to four digits. A constant factor cancels, in signal and noise alike.
#
# Clipping hides more. Take lesson 3's world, jackpots and all, and clip each batch's gradient.
#
# *Predict first.* Unclipped, their mean points along the true gradient. And clipped?

# %%
world = answer_world()
episodes, truth = all_episodes(world, world.theta), true_gradient(world, world.theta)
one = episode_gradients(world, world.theta, episodes, weights("whole return", world, episodes))
limits, cosines = np.logspace(-1.5, 2, 36), {}
for size in (5, 20, 100):
    batches = one[episodes.draw(batch=size, batches=5_000, seed=0)].mean(axis=1)
    norms = np.maximum(np.linalg.norm(batches, axis=1), 1e-12)
    means = np.array([np.minimum(1, limit / norms) @ batches for limit in limits])
    cosines[size] = means @ truth / np.linalg.norm(means, axis=1) / np.linalg.norm(truth)
plots.clipped(cosines, limits, batches=5_000)

# %% [markdown]
# Clipped to 1, batches of 20 point *backwards*: a jackpot weighs no more than an accident, and accidents are more frequent.
# It is the z-score of lesson 2 again.
#
# ## Equal shares credit nobody
#
# In CartPole every step pays 1 point until the pole falls.
#
# *Predict first.* Twenty episodes of random play. What is a step's share in the shortest, and in the longest?

# %%
env, rng, played = gym.make("CartPole-v1"), np.random.default_rng(0), []
for episode in range(20):
    env.reset(seed=episode)
    rewards, terminated, truncated = [], False, False
    while not (terminated or truncated):
        _, reward, terminated, truncated, _ = env.step(int(rng.integers(2)))
        rewards.append(reward)
    played.append(equal(np.array(rewards)))
np.sort([len(shares) for shares in played]), np.unique(np.concatenate(played))

# %% [markdown]
# One point, always. Where score is length, a share is 1 whatever you do. For exact numbers take a world whose episodes can be
# listed: stay on your feet for up to six steps, 1 point each.
#
# *Predict first.* What are variance and signal-to-noise of this gradient?


# %%
def judge(world, name, credit):
    """Exact bias, variance and signal-to-noise of one way to give credit."""

    def step_weights(episodes):
        counted = np.zeros_like(episodes.rewards)
        for n, length in enumerate(episodes.lengths):
            counted[:length, n] = credit(episodes.rewards[:length, n])
        return counted

    return estimate(world, world.theta, step_weights, estimator=name)


verdict = judge(survival_world(), "equal shares", equal)
round(verdict.variance, 3), verdict.snr

# %% [markdown]
# Signal-to-noise (squared length of the mean, over variance) is exactly 0. In every state the mean of the score function is 0,
# and here its weight is always 1. Only noise is left.
#
# ### Exercise 4.2: `reward_to_go` (3 points, 8 minutes)
#
# Better credit, if rewards come step by step: a step cannot change what was paid before it, so weigh it by what comes *from
# there on*, $G_t = r_t + \gamma r_{t+1} + \gamma^2 r_{t+2} + \dots$ `rewards` is one whole episode, shape `[T]`; the
# result has the same shape. `gamma` is in [0, 1].
#
# *Predict first.* At which step is $G_t = r_t$, whatever $\gamma$ is?
#
# <details><summary>Hint 1</summary>Write down $G_t$ and $G_{t+1}$. How does one follow from the other?</details>
# <details><summary>Hint 2</summary>$G_t = r_t + \gamma G_{t+1}$, and nothing follows the last step. Go backwards:
# <code>reversed(range(len(rewards)))</code>.</details>
# <details><summary>What you should see</summary><code>[1, 0, 4]</code> with <code>gamma=0.5</code> gives
# <code>[2, 2, 4]</code>.</details>


# %% exercise="reward_to_go"
def reward_to_go(rewards, *, gamma):
    """Discounted rewards from each step to the end of one episode, shape [T]."""
    ### BEGIN SOLUTION
    to_go, later = np.zeros(len(rewards)), 0.0
    for t in reversed(range(len(rewards))):
        later = rewards[t] + gamma * later
        to_go[t] = later
    return to_go
    ### END SOLUTION


# %% check="reward_to_go"
check(reward_to_go)

# %%
reward_to_go = use(reward_to_go)

# %% [markdown]
# Four ways to give credit, in two worlds that pay by the step. In the corridor you choose a door, and five steps of luck later
# one of the doors pays.
#
# *Predict first.* Which has the least variance? Which would you choose?

# %%
kinds = {
    "whole score": lambda rewards: np.full(len(rewards), rewards.sum()),
    "reward-to-go": lambda rewards: reward_to_go(rewards, gamma=1.0),
    "equal shares": equal,
    "equal shares to go": lambda rewards: reward_to_go(equal(rewards), gamma=1.0),
}
worlds = {"corridor": corridor_world(), "survival": survival_world()}
rows = {name: [judge(world, *kind) for kind in kinds.items()] for name, world in worlds.items()}
widgets.Explorer(lambda world: plots.judged(rows[world]), world=widgets.choice("world", list(worlds)))

# %% [markdown]
# Equal shares have the least variance, 36 times less than the whole score: every episode has six steps, so signal and noise
# were both divided by 6. The signal-to-noise, 0.015, is the whole score's to the last digit. Judge by **signal-to-noise**, and
# by direction.
#
# Reward-to-go is unbiased, and clearer: 0.022. Shares to go are *biased*, by 0.139 of the true gradient: a late step gets only
# part of what it earned. Yet their cosine is 0.990, and their signal-to-noise, 0.034, the best of the four! In the survival
# world the two are one: a share there is what was really paid.
#
# *Predict first.* In the corridor, how large must a batch be before unbiased beats biased?

# %%
corridor = [row for row in rows["corridor"] if row.estimator != "equal shares"]
size = np.linalg.norm(true_gradient(worlds["corridor"], worlds["corridor"].theta))
widgets.Explorer(
    lambda batch: plots.distance(corridor, batch, truth=size),
    batch=widgets.log_slider("episodes in a batch", 20, 1, 100_000),
)

# %% [markdown]
# About 915 episodes. With fewer, the biased estimate lies nearer to the truth; with more, it stops at 0.139. Never exact is not
# the same as worse.
#
# What all four lack is somebody who knows how it was *going*. That is lesson 5.
#
# ## What to remember
#
# 1. Sharing a score over n steps divides the gradient by n, and nothing else.
# 2. What explodes is magnitude × learning rate. No NaN: a gradient of exactly 0.
# 3. Clipping makes batches equally important, Adam cancels a constant factor. Noise stays.
# 4. Equal shares credit nobody. Where score is length, they say nothing.
# 5. Judge by signal-to-noise and direction. Variance rewards whoever divides most.
#
# ## Think
#
# <details><summary>Many libraries average the loss over tokens instead of summing. What becomes of our 20 million, and of the
# jackpot's gap?</summary>40,000, and 20: alive on paper, with a chance of 2 in a billion for any other token.</details>
#
# <details><summary>Plain steps, learning rate 0.01, but each token gets its own 5 million. Does that policy die?</summary>Yes, at
# 2,500 million. Magnitude freezes you where the first batches pointed; credit decides where that is.</details>
#
# <details><summary>A jackpot is no constant factor. What does Adam do after one of a million times the usual score?</summary>It
# remembers. Thirty updates later its steps are 5 times shorter than without the jackpot; a thousand later, still hundreds
# of times.</details>
#
# ## Further reading
#
# - Pascanu, Mikolov & Bengio (2013), *On the difficulty of training recurrent neural networks*: clipping. <https://arxiv.org/abs/1211.5063>
# - Kingma & Ba (2015), *Adam: a method for stochastic optimization*: a constant factor cancels. <https://arxiv.org/abs/1412.6980>
# - Arjona-Medina et al. (2019), *RUDDER: return decomposition for delayed rewards*: sharing that gives credit. <https://arxiv.org/abs/1806.07857>
#
# Next: [5. Value prediction](05_value_prediction.ipynb). Symbols: [notation](../docs/notation.md).

# %% [markdown]
# # 8. Does it learn?
#
# *About 35 minutes. You need lesson 7.*
#
# Lesson 7 gave every step its advantage. Now an actor and a critic learn from it together, in a real game, in seconds. Then we
# break them, one part at a time, to see what was needed. Afterwards you can
#
# - write the two functions that turn advantages into a better policy, and train an agent with them,
# - read four curves that tell a healthy run from an ill one,
# - say which parts CartPole needs and which it does not, with counts over seeds.

# %%
import functools
from dataclasses import replace

import numpy as np
import torch
from gymnasium.wrappers.vector import TransformReward

from course import check, games, use, widgets
from course.games import probes
from course.studies import Curve, load_curves, steps_until, without_bootstrap
from course.nets import Agent
from course.plots import cartpole as plots
from course.plots.live import live
from course.returns import gae  # or paste your own of lesson 7 into a cell below: it fits
from course.rollout import Collector, values_along
from course.train import A2C, CARTPOLE, train

# %% [markdown]
# ## One loop
#
# CartPole: push the cart left or right, so that its pole stays up. Each step pays 1 point. A fall is `terminated`; after 500
# steps the game is `truncated`. A state is four numbers: place and angle, and how fast each changes. Two small networks see them:
# the actor gives $\pi(a \mid s)$, the critic $V(s)$.
#
# ```
# repeat
#     play     T steps in N copies of the game; the actor chooses
#     judge    the critic gives V of every state, gae gives A of every step
#              normalize puts A into standard deviations
#     improve  the actor   by  policy_loss(log π(a_t | s_t), A_t)
#              the critic  by  value_loss(V(s_t), A_t + V(s_t))
# ```
#
# That is all of `learn` in `course/train.py`: read it. Two functions are missing.
#
# ### Exercise 8.1: `policy_loss` (3 points, 5 minutes)
#
# Two tensors of one shape, `[B]` or `[T, N]`. Return one number, a tensor of shape `()`:
#
# $$-\operatorname{mean}_t \; A_t \, \log \pi(a_t \mid s_t)$$
#
# The gradient flows into the log-probabilities only: advantages are data, so detach them.
#
# *Predict first.* One step, $\log \pi = -2$ and $A = 3$. What is the loss, and its gradient with respect to $\log \pi$?
#
# <details><summary>Hint 1</summary>Multiply, average, turn the sign.</details>
# <details><summary>Hint 2</summary><code>.detach()</code>, as in lesson 5. There it was the targets.</details>
# <details><summary>What you should see</summary>The loss is 6, the gradient -3: going down makes the log-probability
# larger.</details>


# %% exercise="policy_loss"
def policy_loss(log_probs, advantages):
    """Minus the mean of A_t log pi(a_t | s_t); the gradient flows into log_probs only."""
    ### BEGIN SOLUTION
    return -torch.mean(log_probs * advantages.detach())
    ### END SOLUTION


# %% check="policy_loss"
check(policy_loss)

# %%
policy_loss = use(policy_loss)

# %% [markdown]
# Its gradient is the policy gradient of lesson 3, turned downhill, with $A_t$ where the whole score stood: every action is weighed
# by what *it* changed.
#
# ### Exercise 8.2: `normalize` (3 points, 6 minutes)
#
# How large is an advantage? That depends on the game (lesson 1). So measure it in standard deviations of its rollout:
#
# $$\frac{A - \operatorname{mean}(A)}{\max(\operatorname{std}(A), \text{floor})}$$
#
# Mean and population standard deviation are over all elements. A numpy array or a tensor of any shape goes in, the same kind
# comes out. Equal advantages give zeros.
#
# *Predict first.* Every reward is multiplied by a million. What happens to the result?
#
# <details><summary>Hint 1</summary>Write out the root of the mean square of what is left without the mean: that works for both
# kinds. So does Python's <code>max</code>.</details>
# <details><summary>Hint 2</summary>torch's <code>std</code> divides by n - 1 unless you say <code>correction=0</code>.</details>
# <details><summary>What you should see</summary><code>[1, 5, 1, 5]</code> gives <code>[-1, 1, -1, 1]</code>; with
# <code>floor=4</code>, half of that.</details>


# %% exercise="normalize"
def normalize(advantages, *, floor=1e-8):
    """Advantages in standard deviations from their mean; the divisor is at least floor."""
    ### BEGIN SOLUTION
    centred = advantages - advantages.mean()
    spread = (centred**2).mean() ** 0.5
    return centred / max(spread, floor)
    ### END SOLUTION


# %% check="normalize"
check(normalize)

# %%
normalize = use(normalize)

# %% [markdown]
# ## Learn
#
# Both go into the loop: 32 games, 16 steps each, one gradient step. This is advantage actor-critic, A2C. You may stop it: the last
# agent is kept.
#
# *Predict first.* A beginner holds the pole for about 20 steps. How long must one practise to hold it for 500: minutes, hours,
# days? The game makes 50 steps a second.

# %% tags=["nbval-ignore-output"]
env = games.make("CartPole-v1", envs=32)
learning = train(env, A2C, gae=gae, normalize=normalize, policy_loss=policy_loss, seed=1)
for update in live(learning, plots.scores):
    if update.score >= 475:
        break
agent = update.agent

# %% [markdown]
# On five seeds of our benchmark it took 70,237 to 130,848 steps: 23 to 44 minutes of play, computed in seconds. Now
# an exam: 100 new games, always the likelier action.

# %% tags=["nbval-ignore-output"]
examined = games.evaluate(agent, "CartPole-v1", seed=1_000)
{"mean": float(examined.mean()), "lowest": float(examined.min())}

# %% [markdown]
# Beside a beginner:


# %% tags=["nbval-ignore-output"]
def played_by(agent, steps, *, seed):
    """That many steps of one copy of the game."""
    return Collector(games.make("CartPole-v1", envs=1), seed=seed).collect(agent, steps)


players = {"beginner": Agent((4,), 2), "your agent": agent}
plots.film({name: played_by(each, 200, seed=1).obs[:, 0] for name, each in players.items()})

# %% [markdown]
# ## One run is no run
#
# A2C throws each rollout away after one step. PPO goes through it ten times, and clips the loss lest the policy run away. You
# write that clip in lesson 9; here it is a loan. Behind your run: 20 other seeds, by `python -m course runs cartpole`.
#
# *Predict first.* Will yours stay inside the band?

# %% tags=["nbval-ignore-output"]
shipped = load_curves("cartpole")
healthy = shipped["as given"]
config = replace(CARTPOLE, env_steps=60_000)
learning = train(games.make("CartPole-v1"), config, gae=gae, normalize=normalize, seed=0)
history = list(live(learning, lambda history: plots.scores(history, healthy)))

# %% [markdown]
# The 20 were solved after 20,323 to 32,563 steps, median 22,370: less than a third of what A2C took.
#
# ## Through the critic's eyes
#
# Choose an update: its agent plays, and you go through the episode.
#
# *Predict first.* What does $V$ do before the pole falls? And what will it say after 60 updates?


# %% tags=["nbval-ignore-output"]
@functools.cache
def episode(update):
    learner = history[min(update, len(history)) - 1].agent
    played = played_by(learner, 300, seed=1)
    V, next_V = values_along(played, learner)
    A = gae(played.rewards, V, next_V, played.terminated, played.truncated, gamma=0.99, lam=0.95)
    until = (played.ended[:, 0].argmax() if played.ended.any() else 299) + 1
    return [each[:until, 0] for each in (played.obs, V, A)]


widgets.Explorer(
    lambda update, step: plots.microscope(*episode(update), step=step, name=f"update {update}"),
    update=widgets.slider("update", 3, 1, 60, 1),
    step=widgets.slider("step", 30, 0, lambda update: len(episode(update)[0]) - 1, 1),
)

# %% [markdown]
# While the agent is young, $V$ sinks before the fall, and the late advantages are negative: those pushes get the blame. In the
# end it is about 100 everywhere: with $\gamma = 0.99$, a point a step for ever is worth $1 / (1 - 0.99)$.
#
# ## What is really needed?
#
# Ten seeds each, 60,000 steps, one change at a time. *No critic*: reward-to-go within the rollout, 64 steps in 16 copies, or 250
# in 8. *No bootstrap*: the end of a rollout, or of the time, counts as a fall.
#
# *Predict first.* Which of the ten changes break it?

# %%
ten = range(1, 11)
found = {name: np.array([steps_until(seeds[seed], 475) for seed in ten]) for name, seeds in shipped.items()}
plots.ablation(found, limit=60_000)

# %% [markdown]
# Hard to do without: a bootstrap, as a rollout ends after 64 steps and most episodes go on (without it 2 of 10); and $\lambda$
# above 0 (at 0, 2 of 10). Broken, yet now and then solved: one seed can hide it.
#
# Not indispensable here:
#
# - **A critic.** Without one 2 of 10 made it, but with longer rollouts 7 of 10, after 37,727 to 55,705 steps. The critic
#   buys short rollouts, less than half the steps (median), and ten of ten.
# - **Two networks.** Sharing one body did no harm: 10 of 10, median 23,382.
# - **A clever $\lambda$.** $\lambda = 1$ did as well: median 21,864.
# - **Normalised advantages.** 10 of 10 without, but slower: median 33,580.
#
# ## A million times the reward
#
# The last two rows are the question of lesson 1. With rewards × 10⁶ the ten runs are the same as before, score by score. Without
# *return normalisation* none ever scores above 32.
#
# Why? Your `normalize` has cured the actor. But the critic's loss is in points²: 10¹² times larger, its gradient 10⁶ times. One
# limit holds for both networks together: a gradient longer than 0.5 is shortened. Here it is 3 × 10⁷ long, nearly all
# the critic's.
#
# *Predict first.* Take the limit away, nothing else. The best score within 30,000 steps?


# %% tags=["nbval-ignore-output"]
def a_million_times(limit):
    """Best score, in points before they were multiplied, without return normalisation."""
    env = TransformReward(games.make("CartPole-v1"), lambda rewards: rewards * 1e6)
    config = replace(CARTPOLE, env_steps=30_000, return_rate=0.0, max_grad_norm=limit)
    return max(update.score for update in train(env, config, gae=gae, normalize=normalize, seed=1)) / 1e6


best = {limit: a_million_times(limit) for limit in (0.5, 1e30)}  # 5 to 15 seconds
best

# %% [markdown]
# From below 50 to above 150: the actor had starved. Adam makes up for a short gradient, but not for one far below the $10^{-5}$
# that it adds when it divides.
#
# The critic still learns nothing. Let it think in units of its own: the targets' running mean and standard deviation, with its
# last layer corrected whenever they move, so that no value in points changes. That is return normalisation, PopArt. With it and
# your `normalize`, no scale is left in the loop. Lesson 1 has its answer: no maximum known in advance, no jackpot clipped.
#
# ## Is it ill?
#
# Four numbers an update. Blue: the 20 healthy runs.
#
# *Predict first.* Which number gives away the starved actor?

# %%
patients = {"your run": Curve.of(history)} | {name: seeds[1] for name, seeds in shipped.items()}
widgets.Explorer(
    lambda run: plots.dashboard(patients[run], healthy, name=run),
    run=widgets.choice("run", list(patients), "rewards x 10^6, no return normalisation"),
)

# %% [markdown]
# Nearly all: entropy still $\log 2$, updates that move nothing (KL near $10^{-8}$), a gradient of $10^7$. Only explained variance
# looks harmless. *No bootstrap* looks almost healthy: in all ten runs three of its
# numbers stay inside the band 70% of the time.
#
# Distrust the rule "explained variance should rise to 1". In all 20 healthy runs it passed 0.90, and in 15 of them
# it sank below 0.1 (median of the last 15 updates). When no pole falls, every state is worth about 100: nothing is left to explain.
# At $\lambda = 0$, hardly ever solved, it is 0.97: that critic explains its own guesses.
#
# For a fault without symptoms, use a world so small that you know the answer: `course/games/probes.py` has eight. In `endless`
# each step pays 1 point for ever, but somebody stops watching after five. *Predict first.* With $\gamma = 0.9$, what is $V$?


# %% tags=["nbval-ignore-output"]
def probe(gae):
    env = probes.endless(envs=16)
    *_, last = train(env, replace(CARTPOLE, env_steps=10_000, gamma=0.9), gae=gae, normalize=normalize)
    return float(last.agent.values(env.sees)[0])


said = {"gae": probe(gae), "no bootstrap": probe(without_bootstrap)}  # 2 to 7 seconds
said

# %% [markdown]
# The truth is 10; the broken one stays below 4. Probe first, then blame the game.
#
# ## What to remember
#
# 1. Play, judge, improve: the actor by $-A_t \log \pi$, the critic by its squared miss.
# 2. `normalize` frees the actor from the scale of rewards, return normalisation the critic.
# 3. With short rollouts, bootstrap and $\lambda > 0$ mattered; a second network and normalised advantages hardly.
# 4. One seed is an anecdote. Count over many.
# 5. Entropy, KL and gradient length tell what the score does not; probes tell the rest.
#
# ## Think
#
# <details><summary>The policy's loss goes up, and so does the score. Is something wrong?</summary>No. It is no distance to a
# goal: only its gradient means anything.</details>
#
# <details><summary>Nothing happened in a rollout. What does the actor learn from its normalised advantages?</summary>Noise, blown
# up to size 1. The floor is there for that; lesson 9 needs it.</details>
#
# <details><summary>Rewards × 10⁶, no limit: why does the critic learn nothing in 30 updates?</summary>Adam moves a weight by about
# 0.003 a step, however long the gradient. After 1,200 steps V is a few hundred points. It should be tens of millions.</details>
#
# ## Further reading
#
# - Mnih et al. (2016), *Asynchronous methods for deep reinforcement learning*. <https://arxiv.org/abs/1602.01783>
# - Schulman et al. (2017), *Proximal policy optimization algorithms*. <https://arxiv.org/abs/1707.06347>
# - van Hasselt et al. (2016), *Learning values across many orders of magnitude*: PopArt. <https://arxiv.org/abs/1602.07714>
# - Henderson et al. (2018), *Deep reinforcement learning that matters*. <https://arxiv.org/abs/1709.06560>
# - Huang et al. (2022), *The 37 implementation details of proximal policy optimization*.
#   <https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/>
# - Jones (2021), *Debugging RL, without the agonizing pain*. <https://andyljones.com/posts/rl-debugging.html>
#
# Next: [9. Pong](09_pong.ipynb). Symbols: [notation](../docs/notation.md).

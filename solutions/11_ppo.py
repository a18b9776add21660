# %% [markdown]
# # 11. May a batch be used twice?
#
# *About 45 minutes. You need lesson 10. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# The loop of lesson 10 plays 512 steps, makes one small gradient step, and throws the 512 steps away. Playing is dear, so why not use them
# ten times? Because after the first step the policy that learns is no longer the policy that played, and the whole derivation of lesson 4
# was about the policy that plays. In this lesson you repair the derivation, write the loss of PPO, and then find out what of all
# this is really needed. Afterwards you can
#
# - say what the ratio is, and why the loss is clipped,
# - read entropy, KL divergence and the other numbers that tell a healthy run from an ill one,
# - say which parts CartPole needs and which it does not, with counts over seeds.

# %%
import functools
from dataclasses import replace

import numpy as np
import torch

from course import check, games, use, widgets
from course.games import probes
from course.plots import ppo as plots
from course.returns import gae
from course.rollout import Collector, values_along
from course.studies import Curve, load_curves, steps_until, without_bootstrap
from course.train import CARTPOLE, train

# %% [markdown]
# ## The ratio
#
# A batch was played by an *old* policy $\pi_{\text{old}}$, whose advantage function is $A$. You want to know how good another
# policy $\pi$ would have been in the same states. In one state, the mean advantage under $\pi$ is
#
# $$\mathbb{E}_{a \sim \pi}\big[A(s, a)\big] = \sum_a \pi(a \mid s) \, A(s, a)
# = \sum_a \pi_{\text{old}}(a \mid s) \; \frac{\pi(a \mid s)}{\pi_{\text{old}}(a \mid s)} \; A(s, a)
# = \mathbb{E}_{a \sim \pi_{\text{old}}}\big[\text{ratio} \cdot A(s, a)\big].$$
#
# Each action is weighed by how much likelier it has become:
#
# $$\text{ratio}_t = \frac{\pi(a_t \mid s_t)}{\pi_{\text{old}}(a_t \mid s_t)} = e^{\log \pi(a_t \mid s_t) - \log \pi_{\text{old}}(a_t \mid s_t)}$$
#
# So a mean over the actions that the old policy took becomes the new one's mean. (Wherever the new policy may go, the old one
# must have been able to go: its probability must not be 0.) Try it, with any two policies over three actions:

# %%
rng = np.random.default_rng(0)
old = np.array([0.2, 0.5, 0.3])
new = np.array([0.6, 0.3, 0.1])
A = np.array([4.0, -1.0, -1.0])
actions = rng.choice(3, size=100_000, p=old)

by_the_new_policy = new @ A
from_old_actions = ((new / old)[actions] * A[actions]).mean()
print(f"mean advantage of the new policy, on paper:       {by_the_new_policy:.3f}")
print(f"the same, from actions that the old policy took:  {from_old_actions:.3f}")
print(f"without the ratio:                                {A[actions].mean():.3f}")

# %% [markdown]
# Without the ratio it is about 0: weighed by its own policy, an advantage function sums to 0 (lesson 6).
#
# Two remarks. When both policies are the same, all ratios are 1, and the gradient of $\text{ratio}_t A_t$ is that of
# $\log\pi \, A_t$: then it is lesson 10. And the identity holds *in each state*. It says nothing about how often a state is
# visited, and a new policy visits other states. That is one reason not to go too far from the old one. Another is noise: a ratio
# of 50 gives one single step the weight of fifty.

# %% [markdown]
# ## Far enough
#
# PPO, *proximal policy optimisation*, takes away the reward for going too far. Beside the ratio it looks at the ratio *held*
# between $1 - c$ and $1 + c$, and counts whichever of the two makes the step look worse:
#
# $$\text{loss} = -\operatorname{mean}_t \min\big(\text{ratio}_t A_t,\ \operatorname{clamp}(\text{ratio}_t, 1 - c, 1 + c)\, A_t\big)$$
#
# *Predict first.* With $c = 0.2$ and $A_t > 0$: from which ratio on does a step have nothing more to say?

# %%
guess = None

# %%
plots.clipped(clip=0.2, guess=guess)

# %% [markdown]
# Above 1.2 for a good step, and below 0.8 for a bad one: far enough, says the flat part. But look at the other sides. A good
# action that has become *rarer*, or a bad one that has become likelier, lies on the slope, however far it has gone. **The clip
# never hinders coming back.** The minimum sees to that. The clamp alone would be flat there too.

# %% [markdown]
# ### Exercise 11.1: `clipped_policy_loss` (5 points, 10 minutes)
#
# The three tensors have the same shape, any: log-probabilities of the actions that were taken, under the policy that learns and
# under the one that played, and their advantages. `clip` is the number $c$. Return the loss as a tensor of shape `()`. Only
# `log_probs` learns. `old_log_probs` and `advantages` are data and carry no gradient.
#
# <details><summary>Hint 1</summary>Both are logarithms. Take a difference, then <code>.exp()</code>.</details>
# <details><summary>Hint 2</summary><code>.detach()</code> what must not learn; <code>.clamp(low, high)</code> holds a tensor
# between two numbers.</details>
# <details><summary>Hint 3</summary><code>torch.minimum</code> gives each step its own minimum. Then the mean, then minus.</details>
# <details><summary>What you should see</summary>A good action with A = 3 that became twice as likely, c = 0.2: -3.6, and a
# gradient of 0. With A = -3: 6, and the gradient flows.</details>


# %% exercise="clipped_policy_loss"
def clipped_policy_loss(log_probs, old_log_probs, advantages, *, clip):
    """PPO's loss: minus the mean of the smaller of ratio x A and clipped ratio x A."""
    ### BEGIN SOLUTION
    ratio = (log_probs - old_log_probs.detach()).exp()
    advantages = advantages.detach()
    held = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * advantages, held * advantages).mean()
    ### END SOLUTION


# %% check="clipped_policy_loss"
check(clipped_policy_loss)

# %%
clipped_policy_loss = use(clipped_policy_loss)

# %% [markdown]
# ## Two thermometers
#
# Before we train, two numbers that you will want to see while it trains. Both are measured in *nats*: natural logarithms of
# probabilities.
#
# The **entropy** of a policy says how undecided it is: $H = -\sum_a \pi(a \mid s) \log \pi(a \mid s)$, averaged over states. For
# two actions it is $\log 2 = 0.69$ when both are equally likely, and 0 when one of them is certain.

# %% [markdown]
# ### Exercise 11.2: `entropy` (3 points, 6 minutes)
#
# `log_probs` are the log-probabilities of *all* A actions, shape `[..., A]`: one state `[A]`, or many. In each state the
# probabilities sum to 1, and none is 0. Return the mean entropy over all states, a tensor of shape `()`. The gradient flows.
#
# <details><summary>Hint 1</summary>The probabilities are <code>log_probs.exp()</code>.</details>
# <details><summary>Hint 2</summary>Sum over the actions, the last axis. Then the mean over the states. Then the sign.</details>
# <details><summary>What you should see</summary>Log-probabilities of <code>[0.5, 0.5]</code> give 0.693; of
# <code>[0.99, 0.01]</code>, 0.056.</details>


# %% exercise="entropy"
def entropy(log_probs):
    """Mean entropy over the states, in nats, from log-probabilities [..., A]."""
    ### BEGIN SOLUTION
    return -(log_probs.exp() * log_probs).sum(dim=-1).mean()
    ### END SOLUTION


# %% check="entropy"
check(entropy)

# %%
entropy = use(entropy)

# %% [markdown]
# A little entropy can be *rewarded*: $-c_H \cdot H$ is added to the loss, so that the policy stays curious. That is called an
# entropy bonus. CartPole does without it, and Pong will use it.
#
# The **KL divergence** says how far a policy has moved from the one that played: the mean of
# $\log \pi_{\text{old}} - \log \pi$ over the actions that the old one took. It is 0 when nothing has moved. Which KL is a lot? See
# for yourself: the probability of one of two actions moves from one half to the numbers below.

# %%
for probability in (0.5, 0.55, 0.6, 0.7, 0.9, 0.99):
    kl = 0.5 * np.log(0.5 / probability) + 0.5 * np.log(0.5 / (1 - probability))
    both = torch.tensor([probability, 1 - probability]).log()
    print(f"from 0.50 to {probability:.2f}: KL {kl:.4f} nats, entropy {entropy(both):.3f} nats")

# %% [markdown]
# ## What does the clip stop?
#
# `train` in `course/train.py` holds lesson 10's loop with everything around it: ten passes through each batch, in small pieces,
# and the critic in units of its own. It takes your loss, and measures the KL of every update, as a mean over the ten passes.
# (Read it when you have time; its parts are called `judge` and `improve`.) A batch has 64 steps of 16 games. We train with your
# loss, and with the ratio alone, without the clip: three seeds each.
#
# *Predict first.* With the clip, no update moves the policy by more than 0.02 nats. Without it, half of the updates move it by at
# least how many nats?

# %%
guess = None


# %% tags=["nbval-ignore-output"]
def without_clip(log_probs, old_log_probs, advantages, *, clip):
    return -((log_probs - old_log_probs).exp() * advantages).mean()


config = replace(CARTPOLE, env_steps=20_000)
moved = {}
for way, loss in {"with the clip": clipped_policy_loss, "without": without_clip}.items():
    moved[way] = []
    for seed in (1, 2, 3):
        updates = train(games.make("CartPole-v1"), config, policy_loss=loss, seed=seed)
        moved[way].append(Curve.of(updates))

# %% tags=["nbval-ignore-output"]
furthest = max(run.kl.max() for run in moved["with the clip"])
half = np.median(np.concatenate([run.kl for run in moved["without"]]))
print(f"with the clip, at most {furthest:.3f} nats; without, half of the updates at least {half:.2f}")
plots.runaway(moved, guess=guess)

# %% [markdown]
# In our run, 0.86 nats. By the table above that is farther than from one half to 0.9, in a single update; with the clip, none
# is as far as from 0.5 to 0.6. Without it the score wanders: each update follows whatever the last 1,024 steps happened to say,
# however far that leads.

# %% [markdown]
# ## One run is no run
#
# Train once with your loss. Behind your run stand those of 20 other seeds, made by `python -m course runs cartpole`.

# %% tags=["nbval-ignore-output"]
shipped = load_curves("cartpole")
healthy = shipped["as given"]
config = replace(CARTPOLE, env_steps=60_000)
learning = train(games.make("CartPole-v1"), config, policy_loss=clipped_policy_loss, seed=0)
history = plots.follow(learning, healthy)

# %% [markdown]
# The 20 were solved after 20,323 to 32,563 steps, median 22,370: less than a third of what A2C takes in our
# [benchmarks](../docs/benchmarks.md). So yes, a batch may be used twice, and even ten times.

# %% [markdown]
# ## What is really needed?
#
# Ten changes to the run *as given*, ten seeds each, 60,000 steps.
#
# - *No critic*: the weight is the discounted return within the batch. (`normalize` still subtracts a mean, so there is a constant
#   baseline; and with the critic the bootstrap at the batch's end is gone, too.) Batches have 64 steps in 16 games, or, *longer*, 250 in 8.
# - *No bootstrap*: the end of a batch, or of the time, counts as a fall.
# - *$\lambda = 0$*, or *$\lambda = 1$*, in place of 0.95.
# - *No advantage normalisation*: weights in points.
# - *Shared body*: one network for actor and critic, but for its last layer.
# - *Rewards × $10^6$*; *no return normalisation*, a critic without units of its own; both at once.
#
# *Predict first.* How many of the ten changes break it, so that fewer than ten of ten seeds solve it?

# %%
guess = None

# %%
found = {}
for name, seeds in shipped.items():
    found[name] = [steps_until(seeds[seed], 475) for seed in range(1, 11)]
plots.ablation(found, limit=60_000, guess=guess)

# %% [markdown]
# Five of the ten. Hard to do without: a *bootstrap*, since a batch ends after 64 steps and most episodes go on (without it 2 of
# 10 made it); and a $\lambda$ above 0 (at 0, 2 of 10). Both are broken, and yet now and then solved: one seed can hide it. With a
# million times the reward and a critic without units of its own none of ten made it: that is lesson 10's starved actor.
#
# Not indispensable here:
#
# - **A critic, with longer batches.** Without one 2 of 10 made it, but with longer batches 7 of 10, after 37,727 to 55,705 steps. The
#   critic buys short batches, less than half the steps (median), and ten of ten.
# - **Two networks.** One shared body did no harm: 10 of 10, median 23,382.
# - **A clever $\lambda$.** $\lambda = 1$ did as well: median 21,864.
# - **Normalised advantages.** 10 of 10 without, but slower: median 33,580.
#
# All this holds for CartPole and these settings. It is the way of asking that you can take with you: one change, ten seeds, count.

# %% [markdown]
# ## Is it ill?
#
# Four numbers an update, and in grey the 20 healthy runs. Look at each of the patients, and say from the numbers what it has.

# %%
patients = {"your run": Curve.of(history)}
for name, seeds in shipped.items():
    patients[name] = seeds[1]
widgets.Explorer(
    lambda run: plots.dashboard(patients[run], healthy, name=run),
    run=widgets.choice("run", list(patients), "rewards x 10^6, no return normalisation"),
)

# %% [markdown]
# Three of the four give the starved actor away: its entropy is still $\log 2$, its updates move nothing (KL near $10^{-8}$), and its
# gradient is $10^7$ long. Only the explained variance looks harmless. *No bootstrap* looks almost healthy: in all ten runs three of
# its numbers stay inside the band at least 70 % of the time.
#
# Distrust the rule "explained variance should rise to 1". In all 20 healthy runs it passed 0.90, and in 15 of them it sank below
# 0.1 later (median of the last 15 updates). When no pole falls any more, every state is worth about 100, and nothing is left to
# explain. At $\lambda = 0$, which hardly ever solves the game, it is 0.97: it is measured against the targets, and there a target
# is one reward and the critic's own guess.
#
# For a fault without symptoms, use a world so small that you know the answer. `course/games/probes.py` has eight. In `endless`
# each step pays 1 point for ever, and somebody stops watching after five steps. With $\gamma = 0.9$ the true value is
# $1 / (1 - 0.9) = 10$.


# %% tags=["nbval-ignore-output"]
def what_the_critic_says(gae):
    env = probes.endless(envs=16)
    *_, last = train(env, replace(CARTPOLE, env_steps=10_000, gamma=0.9), gae=gae)
    return float(last.agent.values(env.sees)[0])


print(f"with gae:          {what_the_critic_says(gae):.1f}")
print(f"without bootstrap: {what_the_critic_says(without_bootstrap):.1f}")

# %% [markdown]
# The broken one stays below 4. Probe first, then blame the game.

# %% [markdown]
# ## What to remember
#
# 1. The ratio turns a mean over the old policy's actions into a mean over the new one's, in each state.
# 2. The clip takes away the reward for going too far. It never hinders coming back.
# 3. Entropy says how undecided a policy is, KL how far an update moved it. Both are in nats.
# 4. With short batches, bootstrap and $\lambda > 0$ mattered; a second network did not, and normalised advantages saved steps. One
#    seed is an anecdote.
# 5. Explained variance may sink in a healthy run. Probes with a known answer tell what curves do not.
#
# All this was a pole and four numbers. Does the same loop see a ball? That is [lesson 12](12_pong.ipynb).
#
# ## Think
#
# <details><summary>In the first gradient step of an update, how many ratios are clipped?</summary>None: both policies are the same,
# and all ratios are 1, up to rounding.</details>
#
# <details><summary>Does the clip keep the ratio between 0.8 and 1.2?</summary>No. Beyond, it takes this step's gradient away; but all
# states share one network, and the others move it on.</details>
#
# <details><summary>The policy gradient of a discounted return weighs step t by γ<sup>t</sup>. Where is that factor in the
# loss?</summary>It is left out, here and in nearly all programs. So what is followed is not exactly the gradient of the
# discounted return from the start; late steps count as much as early ones.</details>
#
# ## Further reading
#
# - Schulman et al. (2017), [*Proximal policy optimization algorithms*](https://arxiv.org/abs/1707.06347).
# - Henderson et al. (2018), [*Deep reinforcement learning that matters*](https://arxiv.org/abs/1709.06560).
# - Huang et al. (2022), [*The 37 implementation details of proximal policy optimization*](https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/).
# - Jones (2021), [*Debugging RL, without the agonizing pain*](https://andyljones.com/posts/rl-debugging.html).

# %% [markdown]
# ## Dig deeper
#
# *About 5 minutes. Nothing later depends on it.*
#
# ### Through the critic's eyes
#
# Choose an update of your run: its agent plays, and you go through the episode, step by step, with what the critic says of it.


# %% tags=["nbval-ignore-output"]
@functools.cache
def episode(update):
    """States, V and A of the first episode that the agent of this update plays; at most 300 steps."""
    learner = history[min(update, len(history)) - 1].agent
    played = Collector(games.make("CartPole-v1", envs=1), seed=1).collect(learner, 300)
    V, next_V = values_along(played, learner)
    A = gae(played.rewards, V, next_V, played.terminated, played.truncated, gamma=0.99, lam=0.95)

    ends = np.flatnonzero(played.ended[:, 0])
    length = ends[0] + 1 if len(ends) else 300
    return played.obs[:length, 0], V[:length, 0], A[:length, 0]


widgets.Explorer(
    lambda update, step: plots.microscope(*episode(update), step=step, name=f"update {update}"),
    update=widgets.slider("update", 3, 1, 60, 1),
    step=widgets.slider("step", 30, 0, lambda update: len(episode(update)[0]) - 1, 1),
)

# %% [markdown]
# While the agent is young, $V$ sinks before the fall, and the late advantages are negative: those pushes get the blame. In the end
# it is about 100 everywhere: with $\gamma = 0.99$, a point a step for ever is worth $1 / (1 - 0.99)$.

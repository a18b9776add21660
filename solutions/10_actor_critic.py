# %% [markdown]
# # 10. Does it learn?
#
# *About 54 minutes. You need lesson 9. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# You have an advantage for every step of every episode, with all its ends in order. What is missing is a policy that listens to
# it, and a critic that keeps up with that policy. In this lesson you put the two together, in a loop of some twenty-five lines
# that stands here in full, and watch it learn a game. Then you multiply all rewards by a million, and see what breaks. Afterwards
# you can
#
# - write the loop of an actor-critic agent, and name each of its parts,
# - say what normalised advantages buy, and what they cost,
# - say where the size of a reward hides in a loop, and how to free it.

# %%
from collections import deque

import numpy as np
import torch
from gymnasium.wrappers.vector import TransformReward

from course import check, games, use, widgets
from course.losses import value_loss
from course.nets import Agent
from course.plots import actor_critic as plots
from course.returns import gae  # or paste your own of lesson 8 into a cell below: it fits
from course.rollout import Collector, values_along
from course.studies import shortened

torch.set_num_threads(1)  # networks as small as these are quicker on one

# %% [markdown]
# ## Two networks
#
# The game is CartPole: push the cart to the left or to the right, so that its pole stays up. Each step pays 1 point. A fall, or a
# cart that leaves the track, is `terminated`; after 500 steps the game is `truncated`. A state is four numbers: place and
# angle, and how fast each of them changes.
#
# Two small networks look at the four numbers. The *actor* gives the policy $\pi(a \mid s)$, as log-probabilities of the two
# actions. The *critic* gives the value $V(s)$. Nobody has trained them yet: both actions are about equally likely, and the
# critic says 0 everywhere.

# %%
agent = Agent((4,), 2, seed=0)
states = torch.zeros(1, 4)  # one state: the cart in the middle, the pole upright, nothing moves
log_pi, values = agent(states)
print("log-probabilities", log_pi.detach().numpy().round(3), "   value", values.detach().numpy())

# %% [markdown]
# ### Exercise 10.1: `policy_loss` (3 points, 5 minutes)
#
# The policy gradient of lesson 4, with an advantage as the weight, is the mean of $A_t \, \nabla \log \pi(a_t \mid s_t)$.
# Optimisers of torch go *down* a loss, so write a loss whose gradient is minus that:
#
# $$-\operatorname{mean}_t \; A_t \, \log \pi(a_t \mid s_t)$$
#
# `log_probs` are the log-probabilities of the actions that were taken, `advantages` are the $A_t$: two tensors of one shape,
# any. Return a tensor of shape `()`. The gradient flows into the log-probabilities only. Advantages are data, so detach them.
#
# <details><summary>Hint 1</summary>Multiply, average, turn the sign.</details>
# <details><summary>Hint 2</summary><code>.detach()</code>, as in lesson 6. There it was the targets.</details>
# <details><summary>What you should see</summary>For one step with log-probability -2 and advantage 3, the loss is 6 and its
# gradient -3: going down makes the log-probability larger.</details>


# %% exercise="policy_loss"
def policy_loss(log_probs, advantages):
    """Minus the mean of A_t log pi(a_t | s_t); the gradient flows into log_probs only."""
    ### BEGIN SOLUTION
    return -(log_probs * advantages.detach()).mean()
    ### END SOLUTION


# %% check="policy_loss"
check(policy_loss)

# %%
policy_loss = use(policy_loss)

# %% [markdown]
# ### Exercise 10.2: `normalize` (3 points, 6 minutes)
#
# How large is an advantage? That depends on the game: a point in Pong, thousands in pinball (lesson 1). The step of the actor
# should not depend on it. So measure an advantage in standard deviations of the batch at hand:
#
# $$\frac{A - \operatorname{mean}(A)}{\max(\operatorname{std}(A), \text{floor})}$$
#
# Mean and population standard deviation are over all elements. A numpy array or a tensor of any shape goes in, and the same kind
# comes out. Equal advantages give zeros.
#
# <details><summary>Hint 1</summary>Subtract the mean first. The standard deviation is the root of the mean square of what is left;
# written out, it works for both kinds. So does Python's <code>max</code>.</details>
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
# ## Have we not met this before?
#
# We have. It is the z-score of a batch, which in lesson 4 pointed to the wrong machine, and more clearly than the raw rewards to
# the right one! Let us see how bad it is here. The two machines again: A pays 1 point each time, B pays 100 points in 2 of 100
# plays. The weight is now the *advantage* $R - V$, with the exact $V$ of 1.5, and it is normalised.
#
# *Predict first.* The exact gradient is +0.25, towards B. About how many plays must a batch hold before the mean of many batches
# points to B?

# %%
guess = None


# %%
def play_machines(size, rng):
    """Which plays chose B, and what each play was paid."""
    chose_b = rng.random(size) < 0.5
    jackpot = rng.random(size) < 0.02
    return chose_b, np.where(chose_b, 100.0 * jackpot, 1.0)


def mean_gradient(size, batches=3_000):
    """Mean of many batches' gradients in the taste for B, each with its advantages normalised."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(batches):
        chose_b, rewards = play_machines(size, rng)
        advantages = normalize(rewards - 1.5)
        found.append((np.where(chose_b, 0.5, -0.5) * advantages).mean())
    return float(np.mean(found))


# %%
means = {size: mean_gradient(size) for size in (20, 100, 300, 500, 1_024)}
plots.machines(means, truth=0.25, guess=guess)

# %% [markdown]
# At 20 and at 100 it points to the wrong machine, and at 300 nowhere. Subtracting the exact $V$ does not change that, because the
# harm is in the division: a batch with a jackpot is divided by a large number, and a batch without one by a small number, so that
# the batches without one speak loudest. Of batches of 500, more than 99 in 100 hold a jackpot. They are divided by numbers of much
# the same size, nine in ten by 6 to 13, and the direction is right. (The length is another one: the gradient is counted in standard
# deviations now.)
#
# Look at single batches. How much does a jackpot weigh, and how much a steady point of A, in a batch that holds a jackpot? (Of 20
# plays, batch 3 is the first that does.) And in one that holds none?


# %%
def one_batch(size, batch):
    chose_b, rewards = play_machines(size, np.random.default_rng(batch))
    return plots.weights_of_a_batch(chose_b, rewards, normalize(rewards - 1.5))


widgets.Explorer(
    one_batch,
    size=widgets.choice("plays in a batch", [20, 100, 500, 1_024], 20),
    batch=widgets.slider("another batch", 1, 1, 60, 1),
)

# %% [markdown]
# Among 20 plays a lone jackpot weighs 4.4 and a steady point -0.2; where there is no jackpot, a steady point weighs about +1. So a
# jackpot, worth a hundred steady points, counts like four or five of them.
#
# So `normalize` is tolerable where batches are large and no reward is both rare and huge. In CartPole a batch will have 512 steps,
# and every step pays 1 point. For a jackpot it would be the wrong tool.

# %% [markdown]
# ## One update
#
# Two losses, two networks, one step. What could go wrong? Nearly everything, and little of it raises an error: a program that
# forgets to clear an old gradient, or credits all actions instead of the one taken, runs happily, and learns badly. So write it
# yourself once, and let it be checked by what it does to the parameters.

# %% [markdown]
# ### Exercise 10.3: `actor_critic_update` (6 points, 15 minutes)
#
# One gradient step of actor and critic, on one batch of n steps. You get
#
# - `agent`: `agent(obs)` gives the log-probabilities of *all* A actions, `[n, A]`, and the values, `[n]`;
# - `optimizer`: of the agent's parameters;
# - `obs [n, ...]`, `actions [n]` (whole numbers), `advantages [n]` and `targets [n]`: tensors;
# - `value_weight` and `max_grad_norm`: two numbers.
#
# The loss is `policy_loss` of the actions that were taken, plus `value_weight` times `value_loss` of the values and the targets.
# Before the optimizer's step, shorten the gradient of all parameters together to `max_grad_norm` if it is longer. Return nothing.
# Both losses are there already: `policy_loss` is yours of above, `value_loss` is lesson 6's, from the library.
#
# <details><summary>Hint 1</summary>Five moves: ask the agent; pick the log-probability of the action taken in each row; the loss;
# its gradient, after the old one was cleared; the step.</details>
# <details><summary>Hint 2</summary><code>log_pi.gather(1, actions[:, None])</code> picks one entry a row, in shape
# <code>[n, 1]</code>. <code>.squeeze(1)</code> makes it <code>[n]</code>.</details>
# <details><summary>Hint 3</summary><code>optimizer.zero_grad()</code>, <code>loss.backward()</code>,
# <code>torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)</code>, <code>optimizer.step()</code>, in this
# order.</details>
# <details><summary>What you should see</summary>Further down, an agent is trained with your function. It holds the pole after some
# tens of thousands of steps.</details>


# %% exercise="actor_critic_update"
def actor_critic_update(agent, optimizer, obs, actions, advantages, targets, *, value_weight, max_grad_norm):
    """One gradient step of actor and critic on n steps."""
    ### BEGIN SOLUTION
    log_pi, values = agent(obs)
    log_probs = log_pi.gather(1, actions[:, None]).squeeze(1)
    loss = policy_loss(log_probs, advantages) + value_weight * value_loss(values, targets)

    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
    optimizer.step()
    ### END SOLUTION


# %% check="actor_critic_update"
check(actor_critic_update)

# %%
actor_critic_update = use(actor_critic_update)

# %% [markdown]
# ## The loop
#
# Here is all of it. `Collector` plays T steps in N copies of the game and keeps what happened, `values_along` asks the critic for
# $V(s_t)$ and $V(s_{t+1})$, and everything else is something that you have written or seen. *Play* with the actor. *Judge* with the
# critic and `gae`. *Improve* both. Then do it again with what was improved.


# %%
def actor_critic(
    env, *, seed, env_steps, in_units=False, max_grad_norm=0.5, value_weight=0.5, steps=64, lam=0.99
):
    """Advantage actor-critic: (steps so far, scores of finished games, agent) after every update."""
    agent = Agent((4,), 2, seed=seed)
    optimizer = torch.optim.Adam(agent.parameters(), lr=4e-3, eps=1e-5)
    collector = Collector(env, seed=seed)

    while collector.env_steps < env_steps:
        played = collector.collect(agent, steps)  # play: arrays [T, N]

        values, next_values = values_along(played, agent)  # judge, in points
        advantages = gae(
            played.rewards, values, next_values, played.terminated, played.truncated, gamma=0.99, lam=lam
        )
        real = played.real  # leaves out the rows that only reset
        targets = (advantages + values)[real]  # what the critic should have said
        if in_units:
            agent.follow(targets, rate=0.3)

        actor_critic_update(  # improve
            agent,
            optimizer,
            torch.tensor(played.obs[real]),
            torch.tensor(played.actions[real]),
            torch.tensor(normalize(advantages[real]), dtype=torch.float32),
            agent.units.to_units(torch.tensor(targets)),
            value_weight=value_weight,
            max_grad_norm=max_grad_norm,
        )
        yield collector.env_steps, played.scores, agent


# %% [markdown]
# This algorithm is called *advantage actor-critic*, A2C. Eight games are played side by side, 64 steps each, so that a batch has
# 512 steps, less the rows that only reset. The critic is young, so $\lambda$ is 0.99 (in lesson 8's corridor: the worse the
# critic, the larger $\lambda$). Two lines are for later: as long as `in_units` is off, the critic's units are points, and
# `to_units` changes nothing.
#
# *Predict first.* A beginner holds the pole for about 20 steps. After how many steps of practice, in all eight games together,
# does the mean of the last 20 games reach 475 of 500?

# %%
guess = None

# %% tags=["nbval-ignore-output"]
env = games.make("CartPole-v1", envs=8)
learning = actor_critic(env, seed=1, env_steps=200_000)
agent = plots.watch(learning, until=475, guess=guess)

# %% [markdown]
# (You may stop it with the stop button ■; the agent is kept as it is then.) The game makes 50 steps a second, so 100,000 steps are
# half an hour of play, computed in seconds. On its way the curve may fall again, and for long: each step follows the batch at
# hand, and nothing in the loop asks whether the step before it helped.
#
# Now an exam: a hundred new games, always with the likelier action.

# %% tags=["nbval-ignore-output"]
examined = games.evaluate(agent, "CartPole-v1", seed=1_000)
print(f"mean {examined.mean():.0f}, lowest {examined.min():.0f} of 500")

# %% [markdown]
# And a look at it, beside a beginner, for four seconds:

# %% tags=["nbval-ignore-output"]
beginner = Agent((4,), 2)
players = {"beginner": beginner, "your agent": agent}
plots.film({name: games.states(each, "CartPole-v1", steps=200, seed=1) for name, each in players.items()})

# %% [markdown]
# ## A million times the reward
#
# Lesson 1 asked why the size of rewards should matter at all. Multiply every reward by a million. Nothing about the game has
# changed, and a sensible learner should not notice. Your `normalize` has already taken the size out of the actor's weights.
#
# *Predict first.* With rewards a million times as large, how high does the mean of the last 20 games rise within 120,000
# steps? Divide by a million again, so that the most is 500.

# %%
guess = None


# %%
def best_score(*, seed, scale=1, envs=8, **options):
    """The best mean of 20 games, in points before they were multiplied; and the agent. It stops at 475."""
    env = TransformReward(games.make("CartPole-v1", envs=envs), lambda rewards: rewards * scale)
    recent = deque(maxlen=20)
    best = 0.0
    for _, scores, agent in actor_critic(env, seed=seed, env_steps=shortened(120_000), **options):
        latest = agent
        recent.extend(scores)
        if len(recent) == 20:
            best = max(best, float(np.mean(recent)) / scale)
        if best >= 475:
            break
    return best, latest


# %% [markdown]
# Five ways, three seeds each, half a minute in all. (No limit on the gradient is a limit of $10^{30}$; `in_units` comes
# later, and `shortened` shortens nothing but a quick test of the course.)

# %% tags=["nbval-ignore-output"]
ways = {
    "as it is": {},
    "a million times": {"scale": 1e6},
    "a million times,\nno limit": {"scale": 1e6, "max_grad_norm": 1e30},
    "in units": {"in_units": True},
    "in units,\na million times": {"scale": 1e6, "in_units": True},
}
tried = {}
for way, options in ways.items():
    tried[way] = [best_score(seed=seed, **options) for seed in (0, 1, 2)]

# %% tags=["nbval-ignore-output"]
scores = {}
for way, runs in tried.items():
    scores[way] = [best for best, latest in runs]
plots.million(scores, guess=guess)

# %% [markdown]
# **A million times the reward**, and all three runs stay beginners. What happened? The *critic's* loss is in points squared: it
# is now $10^{12}$ times as large, and its gradient $10^6$ times. `max_grad_norm` shortens the gradient of both networks
# *together*. That gradient is soon longer than $10^7$, nearly all of it the critic's, and it is shortened to 0.5. The actor's part
# is as short as before, and it is divided by the same huge number. Adam evens out how long a gradient is, but not one that is
# far below the $10^{-5}$ that it adds when it divides. The critic has eaten everything, and the actor has starved. (Even with
# rewards as they are, in the first row, the critic's part is much the longer one.)
#
# **No limit** (third row), and the actor learns. The critic still does not: Adam moves a weight by about 0.004 a step, however
# long the gradient, and a value of a hundred million is a long way off. That the actor gets by without a critic says something
# about CartPole; lesson 11 counts how much a critic is worth there.
#
# Ask this critic, and that of the last row, what the upright pole is worth. A point a step for ever is worth 100 with
# $\gamma = 0.99$, so the answer should be about a hundred million.

# %% tags=["nbval-ignore-output"]
for way in ("a million times,\nno limit", "in units,\na million times"):
    best, last = tried[way][0]
    print(f"{' '.join(way.split())}: {last.values(states.numpy())[0]:,.0f} points")

# %% [markdown]
# ## Units of its own
#
# In the last two rows the critic has *units of its own*. It keeps a running mean and a running standard deviation of its targets,
# and learns targets that are counted from that mean, in those standard deviations: numbers of about size 1. Whenever the two
# move, the critic's last layer is corrected by exactly so much that no value *in points* changes. So it never has to learn the same
# thing twice because its ruler has moved. This is called PopArt (van Hasselt et al., 2016), and `agent.follow` does it: the
# algebra stands on top of `course/units.py`.
#
# Look at the last two rows again. They are the *same runs*, dot for dot:

# %% tags=["nbval-ignore-output"]
print("in units:                 ", scores["in units"])
print("in units, a million times:", scores["in units,\na million times"])

# %% [markdown]
# A learner that does not notice: that is what lesson 1 asked for. But be exact about what was bought. Two sizes are still in the
# loop: `floor` in `normalize` is a number of points, and `max_grad_norm` limits a gradient in the critic's units. A batch with one
# jackpot would still be divided by that jackpot. And units make a run independent of scale, which is not the same as good: in this
# loop they did no harm, and in *Dig deeper* they do.

# %% [markdown]
# ## What to remember
#
# 1. Play, judge, improve. The actor goes down $-A_t \log \pi$, the critic down its squared distance from $A_t + V(s_t)$.
# 2. `normalize` takes the size of the rewards out of the actor's step. It is the z-score of a batch, tolerable only where batches
#    are large and no reward is both rare and huge.
# 3. The size also hides in the critic's loss, and in a limit that actor and critic share.
# 4. Give the critic units of its own, and a million times the reward is the same run.
# 5. One run is an anecdote.
#
# A2C throws each batch away after a single step. Playing is dear. May a batch be used twice? That is [lesson 11](11_ppo.ipynb).
#
# ## Think
#
# <details><summary>The policy's loss goes up, and so does the score. Is something wrong?</summary>No. This loss is no distance to a
# goal. Only its gradient means anything.</details>
#
# <details><summary>Nothing happened in a batch, and all advantages are tiny. What does the actor learn from them once they are
# normalised?</summary>Noise, blown up to size 1. The floor is there for that; lesson 12 sets it to a tenth of a point.</details>
#
# <details><summary>Why does the critic learn from A + V, and not from the score?</summary>The batch ends after 64 steps, and the
# score may be hundreds of steps away. A + V is there at once: what was paid in the batch, and what the critic says of the
# rest.</details>
#
# ## Further reading
#
# - Mnih et al. (2016), [*Asynchronous methods for deep reinforcement learning*](https://arxiv.org/abs/1602.01783): A3C, of which
#   A2C is the version in step.
# - van Hasselt et al. (2016), [*Learning values across many orders of magnitude*](https://arxiv.org/abs/1602.07714): PopArt.
# - Sutton & Barto (2018), section 13.5: actor-critic methods.

# %% [markdown]
# ## Dig deeper
#
# *About 5 minutes. Nothing later depends on it.*
#
# ### A better critic, a worse player
#
# Play 16 steps in 32 games instead of 64 in 8, with $\lambda = 0.95$ and no limit. A batch has 512 steps as before. Three ways:
# the critic in points; in units; and in units, but with a `value_weight` of 0, so that it never learns anything and says for
# every state what the first batch was worth on average.

# %% tags=["nbval-ignore-output"]
short = {"envs": 32, "steps": 16, "lam": 0.95, "max_grad_norm": 1e30}
critics = {
    "in points": {},
    "in units": {"in_units": True},
    "in units,\nnever learns": {"in_units": True, "value_weight": 0.0},
}
compared = {}
for way, options in critics.items():
    compared[way] = [best_score(seed=seed, **short, **options)[0] for seed in (0, 1, 2)]
plots.million(compared)

# %% [markdown]
# Points do better than units now, and so does a critic that never learns. So the units alone are not to blame; what the critic
# learns in them does the harm. In one of these runs (the first) we looked inside. After 50,000 steps its critic explained nine
# tenths of the variance, and the score had fallen from above 110 to below 80. What exactly goes wrong there we do not know. But
# note it well: a good critic is no promise of a good policy, and a change that helps in one loop may hurt in the next.

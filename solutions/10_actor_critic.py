# %% [markdown]
# # 10. Does it learn?
#
# *About 45 minutes. You need lesson 9. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# You have an advantage for every step of every episode, with all its ends in order. What is missing is a policy that listens to it, and
# a critic that keeps up with that policy. In this lesson you put the two together, in a loop of some twenty-five lines that stands here in full, and
# watch it learn a game. Then you multiply all rewards by a million, and see what breaks. Afterwards you can
#
# - write the loop of an actor-critic agent, and name each of its parts,
# - say what normalised advantages buy, and what they cost,
# - say where the size of a reward hides in a loop, and how to free it.

# %%
import numpy as np
import torch
from gymnasium.wrappers.vector import TransformReward

from course import check, games, use
from course.losses import value_loss
from course.nets import Agent
from course.plots import actor_critic as plots
from course.returns import gae  # or paste your own of lesson 8 into a cell below: it fits
from course.rollout import Collector

# %% [markdown]
# ## Two networks
#
# The game is CartPole: push the cart to the left or to the right, so that its pole stays up. Each step pays 1 point. A fall, or a
# cart that leaves the track, is `terminated`; after 500 steps the game is `truncated`. A state is four numbers: place and
# angle, and how fast each of them changes.
#
# Two small networks look at the four numbers. The *actor* gives the policy $\pi(a \mid s)$, as log-probabilities of the two actions. The *critic* gives
# the value $V(s)$.

# %%
agent = Agent((4,), 2, seed=0)
states = torch.zeros(1, 4)  # one state: the cart in the middle, the pole upright, nothing moves
log_pi, values = agent(states)
print("log-probabilities", log_pi.detach().numpy().round(3), "   value", values.detach().numpy())

# %% [markdown]
# ### Exercise 10.1: `policy_loss` (3 points, 5 minutes)
#
# The policy gradient of lesson 4, with an advantage as the weight: the mean of $A_t \, \nabla \log \pi(a_t \mid s_t)$. Optimisers of torch go *down* a loss, so write
# a loss whose gradient is minus that:
#
# $$-\operatorname{mean}_t \; A_t \, \log \pi(a_t \mid s_t)$$
#
# `log_probs` are the log-probabilities of the actions that were taken, `advantages` are the $A_t$: two tensors of one shape, any. Return a tensor of shape `()`. The gradient flows into the log-probabilities only.
# Advantages are data, so detach them.
#
# <details><summary>Hint 1</summary>Multiply, average, turn the sign.</details>
# <details><summary>Hint 2</summary><code>.detach()</code>, as in lesson 6. There it was the targets.</details>
# <details><summary>What you should see</summary>For one step with log-probability -2 and advantage 3, the loss is 6 and its gradient -3: going
# down makes the log-probability larger.</details>


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
# How large is an advantage? That depends on the game: a point in Pong, thousands in pinball (lesson 1). The step of the actor should not. So measure it in standard deviations of the batch
# at hand:
#
# $$\frac{A - \operatorname{mean}(A)}{\max(\operatorname{std}(A), \text{floor})}$$
#
# Mean and population standard deviation are over all elements. A numpy array or a tensor of any shape goes in, and the same kind
# comes out. Equal advantages give zeros.
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
# Stop. Have we not met this before? It is the z-score of a batch, which in lesson 4 pointed to the wrong machine, with the clearest signal of all! Let us see how bad it is here. The two
# machines again, A with its steady point and B with its rare jackpot, now with the *advantage* as the weight: $R - V$, with the exact $V$ of 1.5.
#
# *Predict first.* The exact gradient is +0.25, towards B. With normalised advantages: does the mean of batches of 1,024 still point to A? Write 1 for yes, 0 for
# no.

# %%
guess = None


# %%
def mean_gradient(size, batches=3_000):
    """Mean of many batches' gradients in the taste for B, each with its advantages normalised."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(batches):
        chose_b = rng.random(size) < 0.5
        jackpot = rng.random(size) < 0.02
        rewards = np.where(chose_b, 100.0 * jackpot, 1.0)
        advantages = normalize(rewards - 1.5)
        found.append((np.where(chose_b, 0.5, -0.5) * advantages).mean())
    return float(np.mean(found))


# %%
plots.machines({size: mean_gradient(size) for size in (20, 100, 500, 1_024)}, guess=guess)

# %% [markdown]
# At 20 and at 100 it still points to the wrong machine. Subtracting the exact $V$ does not change that, because the harm is in the division: a batch with a jackpot is divided by a large number, and
# a batch without one by a small number. At 500 and at 1,024 nearly every batch holds some jackpots, they are all divided by about the same number, and the direction is right. So `normalize` is
# tolerable where batches are large and no reward is rare *and* huge. In CartPole a batch has 512 steps and every step pays 1 point. For a jackpot it would be the wrong tool.
#
# ## One update
#
# ### Exercise 10.3: `actor_critic_update` (6 points, 15 minutes)
#
# One gradient step of actor and critic, on one batch of n steps. You get
#
# - `agent`: `agent(obs)` gives the log-probabilities of *all* actions, `[n, A]`, and the values, `[n]`;
# - `optimizer`: of the agent's parameters;
# - `obs [n, ...]`, `actions [n]` (whole numbers), `advantages [n]` and `targets [n]`: tensors;
# - `value_weight` and `max_grad_norm`: two numbers.
#
# The loss is `policy_loss` of the actions that were taken, plus `value_weight` times `value_loss` of the values and the targets. Before the optimizer's step, shorten the
# gradient of all parameters together to `max_grad_norm` if it is longer. Return nothing. Both losses are there already: yours of above, and lesson 6's from the library.
#
# <details><summary>Hint 1</summary>Five moves: ask the agent; pick the log-probability of the action taken in each row; the loss; its gradient, after the old one was
# cleared; the step.</details>
# <details><summary>Hint 2</summary><code>log_pi.gather(1, actions[:, None])</code> picks one entry a row, in shape <code>[n, 1]</code>.
# <code>.squeeze(1)</code> makes it <code>[n]</code>.</details>
# <details><summary>Hint 3</summary><code>optimizer.zero_grad()</code>, <code>loss.backward()</code>,
# <code>torch.nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)</code>, <code>optimizer.step()</code>, in this order.</details>
# <details><summary>What you should see</summary>The cell below the check trains an agent with your function. It holds the pole after some tens of
# thousands of steps.</details>


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
# Here is all of it. Nothing is hidden in a library but the game, the two networks, and the record that `Collector` makes of T steps in N copies of the game. *Play* with the actor. *Judge* with the critic and `gae`.
# *Improve* both. Read it from top to bottom; each line is something that you have built or seen.


# %%
def actor_critic(env, *, seed, in_units=False, max_grad_norm=0.5, env_steps=200_000):
    """Advantage actor-critic: yields (steps so far, scores of finished episodes, agent) after every update."""
    agent = Agent((4,), 2, seed=seed)
    optimizer = torch.optim.Adam(agent.parameters(), lr=4e-3, eps=1e-5)
    collector = Collector(env, seed=seed)

    while collector.env_steps < env_steps:
        played = collector.collect(agent, steps=16)  # play: arrays [16, N]

        values, next_values = agent.values_along(played)  # judge, in points
        advantages = gae(
            played.rewards, values, next_values, played.terminated, played.truncated, gamma=0.99, lam=0.95
        )
        targets = advantages + values  # what the critic should have said
        real = played.real  # drop the rows that only reset
        if in_units:
            agent.follow(targets[real], rate=0.3)
            targets = agent.to_units(targets)

        actor_critic_update(  # improve
            agent,
            optimizer,
            torch.tensor(played.obs[real]),
            torch.tensor(played.actions[real]),
            torch.tensor(normalize(advantages[real]), dtype=torch.float32),
            torch.tensor(targets[real], dtype=torch.float32),
            value_weight=0.5,
            max_grad_norm=max_grad_norm,
        )
        yield collector.env_steps, played.scores, agent


# %% [markdown]
# Thirty-two games are played side by side. This algorithm is called *advantage actor-critic*, A2C. (The two lines below `if in_units` are for later. The switch is off.)
#
# *Predict first.* A beginner holds the pole for about 20 steps. After how many steps of practice, in all 32 games together, will the mean of the last 20 games pass 475 of 500?

# %%
guess = None

# %% tags=["nbval-ignore-output"]
learning = actor_critic(games.make("CartPole-v1", envs=32), seed=1)
agent = plots.watch(learning, until=475, guess=guess)

# %% [markdown]
# (You may stop it with the stop button ■; the last agent is kept.) The game makes 50 steps a second, so 100,000 steps are half an hour of play, computed in seconds.
#
# Now an exam: a hundred new games, always with the likelier action.

# %% tags=["nbval-ignore-output"]
examined = games.evaluate(agent, "CartPole-v1", seed=1_000)
print(f"mean {examined.mean():.0f}, lowest {examined.min():.0f} of 500")

# %% [markdown]
# And a look at it, beside a beginner:

# %% tags=["nbval-ignore-output"]
players = {"beginner": Agent((4,), 2), "your agent": agent}
plots.film(players, steps=200, seed=1)

# %% [markdown]
# ## A million times the reward
#
# Lesson 1 asked why the size of rewards should matter at all. Multiply every reward by a million. Nothing about the game changes, and a sensible learner should not notice. Your `normalize` has taken the size out of
# the actor's advantages.
#
# *Predict first.* With rewards a million times as large, what is the best score (divided by a million again) within 150,000 steps, of at most 500?

# %%
guess = None


# %%
def best_score(*, scale=1e6, seeds=(1, 2, 3), **options):
    """The best mean of 20 episodes within 150,000 steps, for each seed, in points before they were multiplied."""
    found = []
    for seed in seeds:
        env = TransformReward(games.make("CartPole-v1", envs=32), lambda rewards: rewards * scale)
        learning = actor_critic(env, seed=seed, env_steps=150_000, **options)
        found.append(plots.best_mean(learning, of=20, enough=475 * scale) / scale)
    return found


# %% tags=["nbval-ignore-output"]
tried = {
    "as it is": best_score(scale=1.0),
    "a million times": best_score(),
    "a million times,\nno limit on the gradient": best_score(max_grad_norm=1e30),
    "a million times,\ncritic in its own units": best_score(in_units=True),
}
plots.million(tried, guess=guess)

# %% [markdown]
# (Numbers and explanation to be measured by the author: the starved actor: one limit holds for both networks together; the critic's loss is in points squared; the gradient of 10^7 is nearly all
# the critic's; take the limit away; the critic still learns nothing; PopArt in plain words.)
#
# The critic has **units of its own**. It keeps a running mean and standard deviation of its targets, and learns to predict targets that are measured in those: numbers of about size 1. Whenever the running mean and standard deviation move, its last layer is corrected by just so much
# that no value *in points* changes. So it never has to learn the same thing twice because of a change of units. This is called PopArt (van Hasselt et al., 2016), and the two lines below `if in_units` do it.
#
# What is *not* free of scale even now? `max_grad_norm` limits a gradient in the critic's units; that is a choice. `floor` in `normalize` is a number of points. And a batch with one jackpot would still be divided by that jackpot.
#
# ## What to remember
#
# 1. Play, judge, improve. The actor goes down $-A_t \log \pi$, the critic down its squared miss of $A_t + V(s_t)$.
# 2. `normalize` takes the size of the rewards out of the actor's step. It is a z-score of a batch, and tolerable only where batches are large and no reward is rare and huge.
# 3. The size also hides in the critic's loss, and in a limit that actor and critic share.
# 4. Give the critic units of its own: then a million times the reward is the same run.
# 5. One run is an anecdote.
#
# A2C throws each batch away after a single step. Playing is dear. May a batch be used twice? That is [lesson 11](11_ppo.ipynb).
#
# ## Think
#
# <details><summary>The policy's loss goes up, and so does the score. Is something wrong?</summary>No. This loss is no distance to a
# goal. Only its gradient means anything.</details>
#
# <details><summary>Nothing happened in a batch, and all advantages are tiny. What does the actor learn from them once they are normalised?</summary>Noise, blown
# up to size 1. The floor is there for that; lesson 12 uses it.</details>
#
# <details><summary>Why does the critic learn from A + V, and not from the score?</summary>Both are right targets on average when λ is 1. A + V with a smaller λ is quieter, and it is there
# after 16 steps, while the score may be hundreds of steps away.</details>
#
# ## Further reading
#
# - Mnih et al. (2016), *Asynchronous methods for deep reinforcement learning*: A3C, of which A2C is the version in step. <https://arxiv.org/abs/1602.01783>
# - van Hasselt et al. (2016), *Learning values across many orders of magnitude*: PopArt. <https://arxiv.org/abs/1602.07714>
# - Sutton & Barto (2018), section 13.5: actor-critic methods.

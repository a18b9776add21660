# %% [markdown]
# # 9. Does it scale to pixels?
#
# *About 40 minutes. You need lesson 8.*
#
# In lesson 8 an agent learned to balance a pole from four numbers that somebody had picked. Now it gets the television screen of
# Atari's Pong, and has to find out that there is a ball. The loop, the judge and the advantage stay as they are. Afterwards you can
#
# - write PPO's `clipped_policy_loss`, and say what it stops,
# - train an agent on pixels, and state a score so that others can compare it,
# - read $V$, $\delta$ and $A$ under every screen of a rally.

# %%
from dataclasses import replace

import numpy as np
import torch

from course import check, games, use, widgets
from course.studies import Curve, examined, load_curves, steps_until
from course.recording import champion, record, screens
from course.plots import pong as plots
from course.plots.live import watch
from course.train import CARTPOLE, PONG, train

env, best = games.make("pong"), champion()
print(env.protocol.replace("; ", ";\n"))

# %% [markdown]
# That belongs to every score of this lesson. The first to get 21 points wins, so a score is between -21 and 21. An action holds
# for 4 screens. 32 games run side by side.
#
# ## What the agent sees
#
# *Predict first.* You get one still picture of Pong. What can you not know?

# %%
start = record(best, seed=1, max_steps=46)
plots.senses(screens(start)[-1], start.obs[-1], env.background)

# %% [markdown]
# Where the ball is going. So the agent gets four pictures, four screens apart. What else was done, and why:
#
# - **Cut and shrunk**, without colour: 1,344 grey dots instead of 33,600 coloured ones. That saves time.
# - **The background is taken away.** What is always there is no news.
# - **Three actions**: stay, up, down. The other three of Pong's six do the same.
# - **Each point ends a round** (`point_ends`). The next ball is another story, and the critic need not guess how many are to come.
#
# These are choices of ours, never tested one by one. A small network with two layers of filters looks at the pictures; actor and
# critic share it. The rest is lesson 8.
#
# ## Six times through the same rollout
#
# Playing is dear here, so each rollout is used six times (on CartPole ten times). But after the first step of gradient the policy
# that learns is no longer the one that played. Compare them:
#
# $$\text{ratio}_t = \frac{\pi(a_t \mid s_t)}{\pi_{\text{old}}(a_t \mid s_t)} = e^{\log \pi - \log \pi_{\text{old}}}$$
#
# At ratio 1, the gradient of $\text{ratio}_t A_t$ is that of $\log \pi \, A_t$: lesson 8. But it never says *enough*. PPO (proximal
# policy optimisation) does:
#
# $$\text{loss} = -\operatorname{mean}_t \min\big(\text{ratio}_t A_t,\ \operatorname{clamp}(\text{ratio}_t, 1 - c, 1 + c)\, A_t\big)$$
#
# *Predict first.* With $c = 0.2$: at which ratios does a step have nothing more to say if $A_t > 0$? And if $A_t < 0$?

# %%
plots.clipped(clip=0.2)

# %% [markdown]
# Above 1.2 for a good step, below 0.8 for a bad one: far enough. It is *not* flat on the other side. A good action that became rarer,
# or a bad one that became likelier, is always called back. The minimum sees to that, not the clamp.
#
# ### Exercise 9.1: `clipped_policy_loss` (5 points, 10 minutes)
#
# Return the loss as a tensor of shape `()`. The three tensors have the same shape, any. Only `log_probs` learns: the other two are
# data and carry no gradient.
#
# *Predict first.* A good action with $A = 3$ became twice as likely, $c = 0.2$. What is the loss, and what its gradient?
#
# <details><summary>Hint 1</summary>Both are logarithms. A difference, then <code>.exp()</code>.</details>
# <details><summary>Hint 2</summary><code>.detach()</code> what must not learn; <code>.clamp(low, high)</code> holds a tensor
# between two numbers.</details>
# <details><summary>Hint 3</summary><code>torch.minimum</code> gives each step its own minimum. Then mean, then minus.</details>
# <details><summary>What you should see</summary>-3.6, and a gradient of 0. With A = -3: 6, and the gradient flows.</details>


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
# What does it stop? Back to CartPole for some seconds: ten passes through every rollout, with your loss and without the clip.
#
# *Predict first.* KL, from the dashboard of lesson 8, says how far an update moved the policy. How far without the clip?


# %% tags=["nbval-ignore-output"]
def without_clip(log_probs, old_log_probs, advantages, *, clip):
    return -((log_probs - old_log_probs).exp() * advantages).mean()


ways, found = {"with the clip": clipped_policy_loss, "without": without_clip}, {}
config = replace(CARTPOLE, env_steps=20_000)  # six runs: 10 to 40 seconds
for way, loss in ways.items():
    poles = [train(games.make("CartPole-v1"), config, policy_loss=loss, seed=seed) for seed in (1, 2, 3)]
    found[way] = [Curve.of(list(updates)) for updates in poles]
plots.runaway(found)

# %% [markdown]
# With the clip no update moves it by more than 0.02 nats. Without, half of them move it by more than 0.4, and the score wanders: the
# policy chases what the last 1,024 steps happened to say.
#
# ## Train it
#
# Now the `train` of lesson 8, with your loss, on Pong. Grey: the runs of ten other seeds, made by
# `python -m course runs pong`.
#
# For the first minute nothing seems to happen. The title says how long 18 points would take at your speed. It stops after `minutes`;
# the stop button (■) ends it earlier and keeps what was learned. On an idle machine of two cores seed 11 won in three minutes; most
# seeds take longer.

# %% tags=["nbval-ignore-output"]
minutes = 3
others = load_curves("pong")["as given"]
updates = train(env, PONG, policy_loss=clipped_policy_loss, seed=11)

# A restart of the kernel forgets your agent. To keep it, afterwards:
# from course.nets import save; save(history[-1].agent, "my_pong.pt")
history = watch(updates, lambda so_far: plots.scores(so_far, others), minutes=minutes, goal=18)

# %% [markdown]
# However far it came, is it healthy? Two signs of lesson 8: small steps, and a policy that is still curious (three equally likely
# actions have an entropy of 1.10 nats).

# %%
last = history[-1]
{"small steps": last.kl < 0.05, "still curious": last.entropy > 0.2}

# %% [markdown]
# ## Watch it play
#
# Now look at `best`, which comes with the course, made by the same `train`. Left, yours.
#
# *Predict first.* What will yours do with its paddle?

# %% tags=["nbval-ignore-output"]
players = {"yours": history[-1].agent, "best": best}
plots.film({name: record(player, seed=2, points=41, max_steps=200) for name, player in players.items()})

# %% [markdown]
# How good is it? That depends on how you ask. Eight new games each way, with actions *drawn* from the policy, as in training,
# and always the *likeliest*. We stop after 2,500 steps.
#
# *Predict first.* Which way is better?

# %% tags=["nbval-ignore-output"]
ask = {"drawn": False, "likeliest": True}  # 20 to 50 seconds
{how: games.evaluate(best, "pong", episodes=8, seed=9, greedy=g, max_steps=2_500) for how, g in ask.items()}

# %% [markdown]
# Drawn looks better. But eight games of one agent prove little. So here are ten, one a seed, and a third way:
# *sticky*. One time in four the action is ignored and the one before repeated (Machado et al., 2018), so that nobody can win by heart.

# %%
table = examined("pong")
ours = [table[f"as given-{seed}"] for seed in others]
names = {"sampled": "drawn", "greedy": "likeliest", "sticky": "drawn, sticky"}
plots.exams({name: {"agents, one a seed": [row[way] for row in ours]} for way, name in names.items()})

# %% [markdown]
# Drawn, the ten reach 17.4 to 20.2 points; with the likeliest action 8.2 to 21.0; sticky -6.8 to 12.0. One
# agent gets 17.4 drawn and 8.2 with the likeliest action: only the start of a game is left to chance then, and it
# plays one rally again and again. A score without its protocol says little.
#
# ## The microscope
#
# This is what the course is about: a game of `best`, every step with its $V(s_t)$, its surprise $\delta_t$ and its advantage $A_t$. A
# rally goes from one point to the next; we look at a won one and a lost one of median length.
#
# *Predict first.* The agent hits the ball into the far corner. When does $V$ rise: at the hit, on the way, or when the point is
# counted?

# %%
game = record(best, seed=1, points=41, max_steps=3_000)  # 6 to 20 seconds
rallies = sorted(game.rallies(), key=len)
won, lost = ([rally for rally in rallies if rally.rewards[-1] == point] for point in (1, -1))
shown = {"won": won[len(won) // 2], "lost": lost[(len(lost) - 1) // 2]}
pictures = {outcome: screens(game, rally) for outcome, rally in shown.items()}
surprise = int(np.abs(shown["lost"].deltas).argmax())
widgets.Explorer(
    lambda rally, step: plots.microscope(shown[rally], pictures[rally], step=step),
    rally=widgets.choice("rally", list(shown), "lost"),
    step=widgets.slider("step", surprise, 0, lambda rally: len(shown[rally]) - 1, 1),
)

# %% [markdown]
# The lost one: the largest surprise, $\delta = -0.92$, comes three steps before the point, and until then $V$ is 0.65; the point itself is
# hardly news, $\delta = -0.06$. $A$ is lowest 4 steps before it, -1.52: there something could still be done. In the won rally no $\delta$
# is beyond 0.15: no surprise. At its end $V = 1.14$, more than a point can be.
#
# One rally is an anecdote. All of them:

# %%
plots.foresight(rallies, last=60)

# %% [markdown]
# Thirty steps before a point won, the critic says 0.73; thirty before one lost, still 0.19, and at five no less. This agent sees its
# winners from afar, and is surprised by its losses. Of the 18 points it won, 10 took 95 steps: it has found a rally that
# wins. Nobody told it what a ball is.
#
# ## Two numbers, two stories
#
# **Return normalisation** kept the critic of lesson 8 from drowning the actor. Here it lets the critic be heard: returns are at most 1
# point, and in points² its loss hardly counts in the body that both share. **`advantage_floor`**: `normalize` never divides by less
# than 0.1 points. Who loses every point in the same way is never surprised; dividing by a tiny spread would blow up the noise.
#
# *Predict first.* Runs with and without, until 18 points; one that is below -18 after 400,000 steps is given up. Which matters?

# %%
pong = load_curves("pong")
plots.variants(pong, floor=PONG.advantage_floor)

# %%
there = {name: np.sort([steps_until(run, 18) for run in seeds.values()]) for name, seeds in pong.items()}
{
    name: (f"{np.isfinite(n).sum()} of {len(n)} got to 18", f"median {np.median(n):,.0f} steps")
    for name, n in there.items()
}

# %% [markdown]
# With return normalisation nine of ten got to 18, without it six; its critic explains 0.77 of the variance against 0.72 (median,
# updates 20 to 60). That fits the story, but proves nothing: p = 0.30 (Fisher's exact test).
#
# The floor's story does not hold. In 17 of the 1,335 updates as given the spread was below 0.1; elsewhere the floor did nothing. Five
# of the ten seeds never touched it: without it they are the same runs. Four touched it late, when they were winning; only seed 10
# early, down to 0.03, losing every point. Played again without it, its gradient was 0.44 long where it had been 0.23, and 18
# came sooner, after 380,928 steps instead of 421,888. One logged number settles what ten stories cannot.
#
# ## What to remember
#
# 1. The loop does not care what a state is: four numbers or four pictures.
# 2. A rollout that is used more than once needs a loss that says *enough*: PPO's clipped minimum.
# 3. The clip takes away the reward for going too far. It never hinders coming back.
# 4. A score belongs to a protocol: drawn or likeliest, sticky or not.
# 5. Surprise comes before the reward, and $A$ before the surprise.
#
# ## Think
#
# <details><summary>In the first gradient step of an update, how many ratios are clipped?</summary>None: both policies are the same,
# all ratios are 1, up to rounding.</details>
#
# <details><summary>Does the clip keep the ratio between 0.8 and 1.2?</summary>No. Beyond, it takes this step's gradient away; but all
# states share one network, and the others move it on.</details>
#
# ## Further reading
#
# - Mnih et al. (2013), *Playing Atari with deep reinforcement learning*. <https://arxiv.org/abs/1312.5602>
# - Schulman et al. (2017), *Proximal policy optimization algorithms*. <https://arxiv.org/abs/1707.06347>
# - Machado et al. (2018), *Revisiting the arcade learning environment*: sticky actions. <https://arxiv.org/abs/1709.06009>
# - Karpathy (2016), *Deep reinforcement learning: Pong from pixels*. <https://karpathy.github.io/2016/05/31/rl/>
#
# Back to [the map](00_welcome.ipynb). Symbols: [notation](../docs/notation.md).

# %% [markdown]
# # 12. Does it scale to pixels?
#
# *About 45 minutes. You need lesson 11. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# The agent of lesson 11 balanced a pole from four numbers that somebody had picked for it. Now it gets the television screen of Atari's Pong, and
# has to find out by itself that there is a ball. You will look at value, surprise and advantage under every screen of a rally. And at the end the course goes back to the five
# games of lesson 1, and answers the question of its first page. Afterwards you can
#
# - train an agent on pixels, and state a score so that others can compare it,
# - read $V$, $\delta$ and $A$ under every screen of a rally,
# - answer the question of the first page in five sentences.

# %%
import numpy as np

from course import games, widgets
from course.losses import clipped_policy_loss  # or paste your own of lesson 11 into a cell below: it fits
from course.plots import pong as plots
from course.recording import champion, record, screens
from course.studies import curves, runs
from course.train import CARTPOLE, PONG, train

# %%
env = games.make("pong")
best = champion()
print(env.facts.protocol)

# %% [markdown]
# That line belongs to every score of this lesson. The first to get 21 points wins, so a score lies between -21 and 21. An action holds
# for four screens. Thirty-two games run side by side.
#
# ## What the agent sees
#
# *Think first.* You get one still picture of Pong. What can you not know?

# %%
start = record(best, seed=1, max_steps=46)
plots.senses(screens(start)[-1], start.obs[-1], env.facts.background)

# %% [markdown]
# Where the ball is going. So the agent gets four pictures, four screens apart. What else was done to them, and why:
#
# - *Cut and shrunk*, without colour: 1,344 grey dots instead of 33,600 coloured ones. That saves time.
# - *The background is taken away.* What is always there is no news.
# - *Three actions*: stay, up, down. The other three of Pong's six do the same.
# - *Each point ends a round.* The next ball is another story, and the critic need not guess how many more are to come.
#
# These are choices of ours, and we have not tested them one by one. A small network with two layers of filters looks at the pictures, and actor and
# critic share it.
#
# ## What Pong adds
#
# It is the loop of lesson 11, the same file, the same `train`. But not the same numbers. Here is every one that differs:

# %%
plots.differences(CARTPOLE, PONG)

# %% [markdown]
# Three of them are new ideas, a line each. The *entropy bonus* pays the policy for staying undecided (lesson 11), so that it does not make up its mind in the first minute, when it loses every point. The *learning rate fades* to a twentieth, so that the end is a fine adjustment. And the *floor*: `normalize` never
# divides by less than 0.1 points. Who loses every point in the same way is hardly ever surprised, and dividing by a tiny spread would blow up the noise.
#
# ## Train it
#
# For the first minute nothing seems to happen. The title says how long 18 points would take at your speed. In grey: the runs of ten other seeds, made by
# `python -m course runs pong`. It stops after `minutes`; the stop button (■) ends it earlier, and keeps what was learned. On an idle machine of two cores seed 11 won in three minutes; most
# seeds take longer.
#
# *Predict first.* A beginner scores -21. What will yours score after three minutes?

# %%
guess = None

# %% tags=["nbval-ignore-output"]
minutes = 3
others = curves.load("pong")["as given"]
updates = train(env, PONG, policy_loss=clipped_policy_loss, seed=11)
history = plots.watch(updates, minutes=minutes, others=others, guess=guess)

# %% [markdown]
# However far it came: is it healthy? Two signs of lesson 11 are small steps, and a policy that is still curious (three equally likely
# actions have an entropy of 1.10 nats).

# %% tags=["nbval-ignore-output"]
last = history[-1]
print(f"KL of the last update {last.kl:.3f} nats; entropy {last.entropy:.2f} of at most 1.10 nats")

# %% [markdown]
# ## Watch it play
#
# From here on we look at `best`, which comes with the course and was made by the same `train`. Left, yours.

# %% tags=["nbval-ignore-output"]
players = {"yours": history[-1].agent, "best": best}
plots.film({name: record(player, seed=2, points=41, max_steps=200) for name, player in players.items()})

# %% [markdown]
# How good is it? That depends on how you ask. You can *draw* the actions from the policy, as in training, or always take the *likeliest* one. And there is a third way: *sticky* actions, where one time in four the action is ignored and the one before is
# repeated, so that nobody can win by heart (Machado et al., 2018). Ten agents, one a seed:

# %%
table = runs.examined("pong")
ours = [table[f"as given-{seed}"] for seed in others]
names = {"sampled": "drawn", "greedy": "likeliest", "sticky": "drawn, sticky"}
plots.exams({name: {"agents, one a seed": [row[way] for row in ours]} for way, name in names.items()})

# %% [markdown]
# Drawn, the ten reach 17.4 to 20.2 points; with the likeliest action 8.2 to 21.0; sticky -6.8 to 12.0. One
# agent gets 17.4 drawn and 8.2 with the likeliest action: then only the start of a game is left to chance, and it
# plays one rally again and again. A score without its protocol says little.
#
# ## The microscope
#
# This is what the course is about: a game of `best`, every step with its $V(s_t)$, its surprise $\delta_t$ and its advantage $A_t$. A
# rally goes from one point to the next. We look at a won one and a lost one, each of median length.
#
# *Predict first.* In the lost rally: how many steps *before* the point is counted does the largest surprise come?

# %%
guess = None

# %%
game = record(best, seed=1, points=41, max_steps=3_000)
rallies = sorted(game.rallies(), key=len)
won = [rally for rally in rallies if rally.rewards[-1] == 1]
lost = [rally for rally in rallies if rally.rewards[-1] == -1]
shown = {"won": won[len(won) // 2], "lost": lost[(len(lost) - 1) // 2]}
pictures = {outcome: screens(game, rally) for outcome, rally in shown.items()}

widgets.Explorer(
    lambda rally, step: plots.microscope(shown[rally], pictures[rally], step=step, guess=guess),
    rally=widgets.choice("rally", list(shown), "lost"),
    step=widgets.slider(
        "step", int(np.abs(shown["lost"].deltas).argmax()), 0, max(map(len, shown.values())) - 1, 1
    ),
)

# %% [markdown]
# In this lost rally, the largest surprise, $\delta = -0.92$, comes three steps before the point. Until then $V$ is 0.65. The point itself is
# hardly news any more: $\delta = -0.06$. $A$ is lowest one step before that surprise, at -1.52. It has to be: $A_t$ is a sum of the surprises still to come, so it falls before the surprise that it is made of. (Whether another action would still have helped there, it does not say.) In the won rally no $\delta$
# is beyond 0.15, so there was no surprise; and at its end $V = 1.14$, more than a point can be. The critic is an estimate.
#
# One rally is an anecdote. Here are all of them:

# %%
plots.foresight(rallies, last=60)

# %% [markdown]
# Thirty steps before a point won, the critic says 0.73; thirty before one lost, still 0.19. This agent sees its
# winners from afar, and is surprised by its losses. Of the 18 points that it won, 10 took exactly 95 steps: it has found a rally that
# wins. Nobody told it what a ball is.
#
# ## Coda: five games, one network
#
# Lesson 1 ended with one network that was to predict the returns of five games, from Pong to Video Pinball. The largest scores owned the gradient, and the small games were not learned at all. Here it is again, the same network and the same data. The only change is the one of lesson 10: each game is counted in *units of its own*, its own mean and standard deviation.
#
# *Predict first.* In raw points, Pong's error was 169 times that of guessing its mean. And now, in units of its own? (1 is as good as guessing the mean.)

# %%
guess = None

# %%
coda = plots.five_games_again(seed=0)
plots.coda(coda, guess=guess)

# %% [markdown]
# (Numbers by the author: errors on states seen and on held-out episodes, shares of the gradient.)
#
# ## The question of the first page
#
# *Why are raw rewards so hard to learn from, and how does the advantage function fix it?*
#
# 1. A raw reward has no **unit** that one learner could share: the largest scores own the gradient, and one jackpot kills a policy. Units of its own for every critic, and advantages in standard deviations, mend that. The advantage does not.
# 2. A raw reward has no **centre**: whatever was done is praised, nearly alike, and the noise of the praise drowns the difference between good and bad.
# 3. A raw reward gives no **credit**: it comes once, at the end, and every step gets the same.
# 4. The **advantage** $A(s, a) = Q(s, a) - V(s)$ asks what was to be expected, and keeps the difference. Subtracting $V$ gives the centre. Following how $V$ changes from step to step, and summing up those surprises, gives the credit.
# 5. It costs a critic, which has to be learned, and which can be wrong: $\lambda$ says how far to trust it, and a poor one may be worth less than the mean of nineteen other answers.
#
# ## What to remember
#
# 1. The loop does not care what a state is: four numbers or four pictures.
# 2. Say what a new task changed: here an entropy bonus, a fading learning rate, a floor and a shared body.
# 3. A score belongs to a protocol: drawn or likeliest, sticky or not.
# 4. $A_t$ is made of later surprises. It falls before them by construction.
# 5. Units, centre, credit: three faults of a raw reward, and three different cures.
#
# ## Think
#
# <details><summary>The film shows the ball going through the paddle's place while V hardly changes. What could that mean?</summary>That the critic had expected it already. Look at
# δ a few steps earlier.</details>
#
# <details><summary>Why does each point end a round for the critic, although the game goes on?</summary>What comes after a point does not depend on how it was made. Leaving it out takes noise out of
# the return, and nothing that the actions before could change.</details>
#
# ## Further reading
#
# - Mnih et al. (2013), *Playing Atari with deep reinforcement learning*. <https://arxiv.org/abs/1312.5602>
# - Machado et al. (2018), *Revisiting the arcade learning environment*: sticky actions. <https://arxiv.org/abs/1709.06009>
# - van Hasselt et al. (2016), *Learning values across many orders of magnitude*. <https://arxiv.org/abs/1602.07714>

# %% [markdown]
# ## Dig deeper
#
# *About 10 minutes. Nothing later depends on it.*
#
# ### Two numbers, two stories
#
# (Old lesson 9: return normalisation 9 of 10 against 6, p = 0.30; the floor's null result.)
#
# ### Keep your agent
#
# (nets.save hint.)

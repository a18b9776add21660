# %% [markdown]
# # 12. Does it scale to pixels?
#
# *About 40 minutes. You need lesson 11. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# The agent of lesson 11 balanced a pole from four numbers that somebody had picked for it. Who picks them where nobody knows
# which numbers matter? Now the agent gets the television screen of Atari's Pong, and has to find out by itself that there is a
# ball. You will look at value, surprise and advantage beside every screen of a rally. And at the end the course goes back to
# the five games of lesson 1, and answers the question of its first page. Afterwards you can
#
# - train an agent on pixels, and state a score so that others can compare it,
# - read $V$, $\delta$ and $A$ beside every screen of a rally,
# - answer the question of the first page with five words: unit, centre, credit, advantage, critic.

# %%
from dataclasses import asdict

import numpy as np

from course import games, widgets
from course.atari import play_random, ram_and_returns
from course.losses import clipped_policy_loss  # or paste your own of lesson 11 and `import torch` below
from course.plots import pong as plots
from course.plots import writer as figure
from course.recording import champion, record, screens
from course.studies import examined, load_curves, steps_until
from course.train import CARTPOLE, PONG, train
from course.worlds import writer

# %%
env = games.make("pong")
best = champion()
print(env.facts.protocol.replace("; ", ";\n"))

# %% [markdown]
# These lines are the *protocol*, and they belong to every score of this lesson. The first to get 21 points wins, so a score
# lies between -21 and 21. An action holds for four screens. A *no-op* is an action that does nothing; up to thirty of them at
# the start, drawn anew for each game, let games start differently. Thirty-two games run side by side.
#
# ## What the agent sees
#
# Before you look: suppose that you get one still picture of Pong. What can you not know?

# %%
start = record(best, seed=1, max_steps=46)
plots.senses(screens(start)[-1], start.obs[-1], env.facts.background)

# %% [markdown]
# Where the ball is going. So the agent gets four pictures, four screens apart. What else was done to them, and why:
#
# - *They are cut to the yellow frame, shrunk, and have no colour*: 1,344 grey dots instead of 33,600 coloured ones. That saves
#   time.
# - *The background is taken away.* What is always there is no news.
# - *There are three actions*: stay, up, down. The other three of Pong's six do the same.
#
# These are choices of ours, and we have not tested them one by one. A small network with two layers of filters looks at the
# pictures. Actor and critic share it, and each has one layer of its own on top.

# %% [markdown]
# ## What Pong adds
#
# The loop is that of lesson 11: the same file, the same `train`. Its numbers are not the same. Here is every one that differs:

# %%
pole = asdict(CARTPOLE)
pong = asdict(PONG)
different = [name for name in pong if pong[name] != pole[name]]
print(f"{'':18}{'CartPole':>10}{'Pong':>10}")
for name in different:
    print(f"{name:18}{pole[name]!s:>10}{pong[name]!s:>10}")
print(f"\nthe same: {', '.join(name for name in pong if name not in different)}")

# %% [markdown]
# Six of the eleven say how long the run is, how much is played between two updates, how often and how fast that is learned
# from, by how many threads, and over how many games the score is averaged. The other five change what is learned:
#
# - `entropy_weight`: the *entropy bonus* of lesson 11 pays the policy for staying undecided, so that it does not make up its
#   mind in the first minute, when it loses nearly every point.
# - `lr_end`: the learning rate *fades*, along a straight line, to a twentieth. What comes last is a fine adjustment.
# - `advantage_floor`: `normalize` never divides by less than this *floor* of 0.1 points. Who loses every point in the same way
#   is hardly ever surprised, and to divide by a tiny spread would blow up the noise. (*Dig deeper* measures whether it matters.)
# - `point_ends`: each point ends an episode for the critic, though the game goes on. The next ball is another story, and the
#   critic need not guess how many more there will be.
# - `shared`: one body for actor and critic, so that what one of them learns to see the other can use. In lesson 11 that did no
#   harm. Here the body is most of the network.

# %% [markdown]
# ## Train it
#
# For the first minute nothing seems to happen. The title says how long 18 points would take at your speed. In grey you see the
# runs of ten other seeds, made by `python -m course runs pong`. Training ends after `minutes`; the stop button (■) ends it
# earlier, and keeps what was learned.
#
# *Predict first.* A beginner scores about -21. What will yours score after three minutes?

# %%
guess = None

# %% tags=["nbval-ignore-output"]
minutes = 3
others = load_curves("pong")["as given"]
updates = train(env, PONG, policy_loss=clipped_policy_loss, seed=11)
history = plots.watch(updates, minutes=minutes, others=others, guess=guess)

# %% [markdown]
# On an idle machine of two cores this seed got to 18 points after 356,352 steps, in three minutes; most seeds take longer.
# However far yours came: is it healthy? Two signs of lesson 11 are steps that are small but not nothing (the starved actor's KL
# was near $10^{-8}$), and a policy that is still curious. (Three equally likely actions have an entropy of $\ln 3$, 1.10 nats.)

# %% tags=["nbval-ignore-output"]
last = history[-1]
print(f"KL of the last update {last.kl:.3f} nats; entropy {last.entropy:.2f} of at most 1.10 nats")

# %% [markdown]
# ## Watch it play
#
# Look at yours beside `best`, which comes with the course and was made by the same `train`. The agent is the green paddle at
# the right; the orange one is the opponent that is built into the game.

# %% tags=["nbval-ignore-output"]
players = {"yours": history[-1].agent, "best": best}
plots.film({name: record(player, seed=2, points=41, max_steps=200) for name, player in players.items()})

# %% [markdown]
# How good is it? That depends on how you ask. You can *draw* the actions from the policy, as in training, or always take the
# *likeliest* one. And there is a third way: *sticky* actions, where each screen has one chance in four to repeat the action of
# the screen before, so that nobody can win by heart (Machado et al., 2018). Here are the agents of the ten grey runs, in new games:

# %%
table = examined("pong")
names = {"sampled": "drawn", "greedy": "likeliest", "sticky": "drawn, sticky"}
found = {}
for way, name in names.items():
    scores = np.array([table[f"as given-{seed}"][way] for seed in others])
    found[name] = {"agents, one a seed": scores}
    print(f"{name:14} median {np.median(scores):5.1f}, from {scores.min():5.1f} to {scores.max():5.1f}")
plots.exams(found)

# %% [markdown]
# Drawn, the ten reach 17.4 to 20.2 points; with the likeliest action 8.2 to 21.0; sticky -6.8 to 12.0. One agent gets 17.4
# drawn and 8.2 with the likeliest action, where nothing but the start of a game is left to chance. A score without its protocol
# says little.

# %% [markdown]
# ## The microscope
#
# This is what the course is about: a game of `best`, every step with its value $V(s_t)$, its surprise $\delta_t$ and its
# advantage $A_t$. A rally goes from one point to the next. We look at a won one and a lost one, each from the middle of the
# list when it is sorted by length.
#
# *Predict first.* In the lost rally: how many steps *before* the point is counted does the largest surprise come? (One second
# has 15 steps.)

# %%
guess = None

# %%
game = record(best, seed=1, points=41, max_steps=3_000)
rallies = sorted(game.rallies(), key=len)
won = [rally for rally in rallies if rally.rewards[-1] == 1]
lost = [rally for rally in rallies if rally.rewards[-1] == -1]
shown = {"won": won[len(won) // 2], "lost": lost[(len(lost) - 1) // 2]}
pictures = {outcome: screens(game, rally) for outcome, rally in shown.items()}


def look(rally, step):
    return plots.microscope(shown[rally], pictures[rally], step=step, guess=guess)


surprise = int(np.abs(shown["lost"].deltas).argmax())
widgets.Explorer(
    look,
    rally=widgets.choice("rally", list(shown), "lost"),
    step=widgets.slider("step", surprise, 0, lambda rally: len(shown[rally]) - 1, 1),
)

# %% [markdown]
# Below the screen stand the three numbers of this step; the circles show where the ball was in the steps before. Move the
# slider through the last ten steps. The largest surprise, $\delta = -0.92$, comes three steps before the point: the ball has
# come to the upper edge of the paddle. One step before that, $V$ was still 0.65. The point itself is hardly news any more:
# $\delta = -0.06$.
#
# $A$ is lowest one step before that surprise, at -1.52. It has to be low there: $A_t$ is a decaying sum of the surprises from
# $t$ on, so it falls before the large one comes. Whether another action would still have helped, it does not say. In the won
# rally the largest $\delta$ is 0.15, so there was no surprise; and at its end $V = 1.14$, more than a point can be. The critic
# is an estimate.
#
# One rally is an anecdote. Here are all 22 of the game's first 3,000 steps. Follow the black lines: there are four, and quartiles
# of four would hide what they do.

# %%
for rally in lost:
    print(f"lost after {len(rally):3} steps: V is {rally.values[-31]:+.2f} thirty steps before, ", end="")
    print(f"{rally.values[-6]:+.2f} five steps before")
plots.foresight(rallies, last=60)

# %% [markdown]
# Thirty steps, two seconds, before a point won, the critic says 0.73 (the median), where a point that is certain is worth
# $0.99^{30} = 0.74$: it sees its winners from afar. The losses are of two kinds. In two of the four, $V$ was above 0.6 five
# steps before the end, and the loss came as a surprise. In the other two, $V$ was below 0 through the last 14 steps at least,
# nearly a second, and the loss was foreseen. Of the 18 points that it won, 10 took exactly 95 steps: it has found a rally that
# wins. Nobody told it what a ball is.

# %% [markdown]
# ## Coda: five games, one network
#
# Lesson 1 ended with one network that was to predict the returns of five games, from Pong to Video Pinball. The largest scores
# owned the gradient, and the small games were overwritten. Here it is again: the same episodes, the same states, the same 128
# weights. The one thing that changes is an idea of lesson 10. Each game is counted in *units of its own*: the mean and the
# standard deviation of its returns.

# %%
five = ["pong", "breakout", "ms_pacman", "skiing", "video_pinball"]
episodes = {game: play_random(game, episodes=4, seed=0) for game in five}
learned_from = {game: ram_and_returns(episodes[game][:2], states=500) for game in five}
never_seen = {game: ram_and_returns(episodes[game][2:], states=10_000) for game in five}

# %% [markdown]
# A unit says which number of points counts as 0, and how many points count as 1. Raw points are a unit too.

# %%
points = dict.fromkeys(five, (0.0, 1.0))
own = {game: (returns.mean(), returns.std()) for game, (ram, returns) in learned_from.items()}


def gradient(weights, game, units):
    """As in lesson 1, with the returns in the game's units: (what counts as 0, what counts as 1)."""
    ram, returns = learned_from[game]
    zero, one = units[game]
    errors = ram @ weights - (returns - zero) / one
    return ram.T @ errors / len(ram)


for name, units in {"raw points": points, "units of its own": own}.items():
    lengths = {game: np.linalg.norm(gradient(np.zeros(128), game, units)) for game in five}
    shares = [f"{game} {length / sum(lengths.values()):.3%}" for game, length in lengths.items()]
    print(f"{name}: {', '.join(shares)}")

# %% [markdown]
# These are the shares of the gradient before the first step. In raw points Breakout had 0.002 % of it. In units of its own no
# game has less than 13 % or more than 40 %. Now train it both ways, as in lesson 1:


# %%
def trained(units, steps=2_000):
    """The weights after gradient descent on all five games, all with equal say."""
    squares = sum(ram.T @ ram / len(ram) for ram, returns in learned_from.values())
    rate = 1 / np.linalg.eigvalsh(squares).max()  # as large as is safe
    weights = np.zeros(128)
    for _ in range(steps):
        weights -= rate * sum(gradient(weights, game, units) for game in five)
    return weights


in_points = trained(points)
in_units = trained(own)

# %% [markdown]
# To compare them, put the predictions back into points, and measure the errors in standard deviations of each game's returns.
# Then 1 is the error of somebody who knows the mean and nothing else.
#
# *Predict first.* In raw points, Breakout's error on new episodes is about 1,530. And in units of its own?

# %%
guess = None


# %%
def errors(weights, units, states):
    """Root mean squared error in each game, in standard deviations of its returns."""
    found = {}
    for game, (ram, returns) in states.items():
        zero, one = units[game]
        predicted = zero + one * (ram @ weights)
        found[game] = np.sqrt(np.mean((predicted - returns) ** 2)) / returns.std()
    return found


judged_on = {"the states it learned from": learned_from, "two other episodes": never_seen}
raw = {name: errors(in_points, points, states) for name, states in judged_on.items()}
units_of_its_own = {name: errors(in_units, own, states) for name, states in judged_on.items()}
plots.coda(raw, units_of_its_own, guess=guess)

# %% [markdown]
# On the states that it learned from, the one network is now better than the mean in all five games: 0.92, 0.69, 0.40, 0.88 and
# 0.83. Nobody is overwritten, and the two loud games have paid nothing for it. On two other episodes it beats the mean in Pong (0.91) and
# Ms. Pac-Man (0.68), and not in the other three. So units are no wisdom: five hundred states of two episodes are still few
# for 128 weights, as lesson 1 said. They are what makes it possible to ask all games at once.
#
# A unit has two halves, a 0 and a 1. Which of them did it?

# %%
halves = {
    "only the mean": {game: (zero, 1.0) for game, (zero, one) in own.items()},
    "only the standard deviation": {game: (0.0, one) for game, (zero, one) in own.items()},
}
for name, units in halves.items():
    found = errors(trained(units), units, learned_from)
    print(f"{name}: {', '.join(f'{game} {error:,.2f}' for game, error in found.items())}")

# %% [markdown]
# The 1 did. With its mean subtracted and no other unit, Breakout's error is still 1,008 (on the states it learned from);
# divided by its standard deviation and not centred, it is 0.69. It is the sentence of lesson 6 once more: *centring is for
# noise, units are for size.* To subtract what was to be expected is all that an advantage does, and no subtraction makes large
# games and small ones alike.

# %% [markdown]
# ## The question of the first page
#
# *Why are raw rewards so hard to learn from, and how does the advantage function fix it?* Here is the picture of lesson 0 again.
# You have written every function behind it.

# %%
figure.learning(writer.five_lines())

# %% [markdown]
# 1. A raw reward has no **unit** that learners could share: where games are added up, the largest scores own the gradient
#    (lesson 1), and a large payment can drive a policy so far that it learns nothing any more (lesson 5). The advantage does
#    not mend that. Units do: each critic's own, and advantages counted in standard deviations of a large batch (lesson 10).
# 2. A raw reward has no **centre**: all that was done is praised, nearly alike, and the difference between good and bad drowns in
#    the noise of the praise (lesson 5).
# 3. A raw reward gives no **credit**: it often comes once, at the end, and whoever shares it out evenly tells each step the same. The
#    lowest line lacks both, centre and credit.
# 4. The **advantage** $A(s, a) = Q(s, a) - V(s)$ asks what was to be expected, and keeps the difference. To subtract $V$ gives
#    the centre: the two lines in the middle (lesson 6). To follow how $V$ changes from step to step, and to sum up those
#    surprises, gives the credit: the two lines that shoot up (lessons 7 and 8).
# 5. It costs a **critic**, which has to be learned and can be wrong. $\lambda$ says how far to trust it, and with a poor one
#    $R - V$ can be worth less than the mean of nineteen other answers (lesson 6).
#
# ## What to remember
#
# 1. The loop does not care what a state is: four numbers or four pictures.
# 2. Say what a new task changed. Here it was an entropy bonus, a fading learning rate, a floor, points that end an episode, and
#    a shared body.
# 3. A score belongs to a protocol: drawn or likeliest, sticky or not.
# 4. $A_t$ is made of surprises that come later. It falls before them by construction.
# 5. Unit, centre, credit: a raw reward lacks three things, and each has a cure of its own.
#
# ## Think
#
# <details><summary>In the microscope a ball goes past the paddle while V hardly changes. What could that mean?</summary>The critic
# had expected it already. Look at δ some steps earlier.</details>
#
# <details><summary>Why may each point end an episode for the critic, although the game goes on?</summary>After a point the ball
# starts anew, and what comes then hardly depends on how the point was made. To leave it out takes noise out of the return, and
# little that the actions before could change. It would be wrong in a game where the next round starts from where the last one ended.</details>
#
# <details><summary>The agent with the likeliest action got 8.2 points, and 17.4 when its actions were drawn. How can that be?</summary>With
# the likeliest action two games that start alike stay alike, so one bad rally can be played again and again. Chance breaks it up.
# It is a guess; how would you test it?</details>
#
# ## Further reading
#
# - Mnih et al. (2013), [*Playing Atari with deep reinforcement learning*](https://arxiv.org/abs/1312.5602).
# - Machado et al. (2018), [*Revisiting the arcade learning environment*](https://arxiv.org/abs/1709.06009): sticky actions.
# - van Hasselt et al. (2016), [*Learning values across many orders of magnitude*](https://arxiv.org/abs/1602.07714).
# - Karpathy (2016), [*Deep reinforcement learning: Pong from pixels*](https://karpathy.github.io/2016/05/31/rl/).
#
# One thing is left. The writer of the first page was never a language model: it had five tokens, and each place had logits of its
# own, whatever was written before. Does the same `gae` drive a model that reads what it writes? That is
# [lesson 13](13_tokens.ipynb).

# %% [markdown]
# ## Dig deeper
#
# *About 5 minutes. Nothing later depends on it.*
#
# ### Two numbers, two stories
#
# Each number of a configuration has a story that says why it is there. Two of them can be put to the test with runs that come with
# the course. *Return normalisation*: in lesson 11 it kept the critic from drowning the actor. Here the story is the opposite.
# Returns are at most one point, so that in points² the critic's loss hardly counts in the body that both share, and units of its
# own let the critic be heard. *The floor*: without it the noise of a beginner would be blown up.
#
# A run went on until 18 points; one that was below -18 after 400,000 steps was to be given up.

# %%
runs = load_curves("pong")
plots.variants(runs, floor=PONG.advantage_floor)

# %%
for name, seeds in runs.items():
    steps = np.array([steps_until(run, 18) for run in seeds.values()])
    print(
        f"{name}: {np.isfinite(steps).sum()} of {len(steps)} got to 18, median {np.median(steps):,.0f} steps"
    )

# %% [markdown]
# With return normalisation nine of ten got to 18, without it six; its critic explains 0.77 of the variance against 0.72
# (median, updates 20 to 60). That fits the story and proves nothing: two ways that are equally good differ as far as that, nine
# to six, or further, in 30 % of such trials (p = 0.30, Fisher's exact test).
#
# The floor's story does not hold. In 17 of the 1,335 updates as given the spread was below 0.1; elsewhere the floor did
# nothing. Five of the ten seeds never touched it: without it they are the same runs. Four touched it late, when they were
# winning. Only seed 10 touched it early, down to 0.03, when it lost every point. Played again without the floor, the gradient
# of that update was 0.44 long where it had been 0.23, and 18 points came sooner, after 380,928 steps instead of 421,888. One
# logged number settles what ten stories cannot.
#
# ### Keep your agent
#
# A restart of the kernel forgets your agent. This keeps it: `from course.nets import save; save(history[-1].agent, "my_pong.pt")`.
# `course.nets.load("my_pong.pt")` brings it back, with the protocol that it was trained under.

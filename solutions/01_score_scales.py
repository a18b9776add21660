# %% [markdown]
# # 1. How big is a score?
#
# *About 40 minutes. You need lesson 0. Words and symbols: [glossary](../docs/glossary.md), [notation](../docs/notation.md).*
#
# In lesson 0 one game of Pong ended near -21, and an answer earned 4.5 points. Are these large numbers, or small ones? An
# agent learns from a number, its score. Before we ask how, let us look at that number. In this lesson real Atari games are
# played, live, on your machine, and their scores are put side by side. Afterwards you can
#
# - say by how many orders of magnitude scores differ from game to game,
# - put a score on the scale between random and human play, and say what that hides,
# - measure which of several games owns the gradient of a network that they share.

# %%
import numpy as np

from course import check, use, widgets
from course.atari import measured_random_scores, play_random, published_scores, ram_and_returns, screenshot
from course.plots import score_scales as plots

# %% [markdown]
# ## Five games, played at random
#
# Nobody has learned anything yet: the player presses random buttons. Here is a screen of each game.

# %%
games = ["pong", "breakout", "ms_pacman", "skiing", "video_pinball"]
plots.frames({game: screenshot(game, seed=0, steps=100) for game in games})

# %% [markdown]
# *Predict first.* What will the random player score in each of the five? You have never seen this player before; being off
# by a factor of ten is fine. Write five numbers in the order of the screens, such as `guess = [10, 10, 10, 10, 10]`.

# %%
guess = None

# %% [markdown]
# The next cell plays four episodes of each game, which takes ten to thirty seconds. One agent step is four frames of the game,
# and a game is the same for the same `seed`.

# %% tags=["nbval-ignore-output"]
episodes = {game: play_random(game, episodes=4, seed=0, progress=True) for game in games}

# %%
scores = {}
for game, played in episodes.items():
    scores[game] = np.array([episode.score for episode in played])
plots.one_axis(scores, guess=guess)

# %% [markdown]
# Look at the axis before you look at the dots: beyond 1 and -1, each mark is *a hundred times* the one before. Breakout pays a
# point for a brick, so random play gets about one. Pong counts the points that you win less those that you lose, down to -21.
# Skiing counts hundredths of a second as a penalty. Video Pinball hands out points by the thousand. None of these players is
# better than another: all of them press random buttons. The number says more about the game than about the play.

# %% [markdown]
# ## How many powers of ten?
#
# How far apart are two scores such as 1 and 20,000? Powers of ten, also called *orders of magnitude*, say it best.

# %% [markdown]
# ### Exercise 1.1: `orders_of_magnitude` (2 points, 6 minutes)
#
# Return the base-10 logarithm of the largest over the smallest score, by absolute size. A score has a sign, and a logarithm
# does not like it: drop signs. A score of 0 has no order of magnitude: leave zeros out. If no score is left, raise a
# `ValueError`. `scores` is an array of any shape; the result is one number.
#
# <details><summary>Hint 1</summary><code>np.abs</code> drops the signs.</details>
# <details><summary>Hint 2</summary>An array picks from itself: <code>sizes[sizes &gt; 0]</code>. Its
# <code>.size</code> tells if anything is left.</details>
# <details><summary>What you should see</summary>The scores -10, 0 and 1000 give 2: from 10 to 1000 are two powers of
# ten.</details>


# %% exercise="orders_of_magnitude"
def orders_of_magnitude(scores):
    """log10 of the largest over the smallest non-zero absolute score; ValueError if there is none."""
    ### BEGIN SOLUTION
    sizes = np.abs(scores)
    sizes = sizes[sizes > 0]
    if sizes.size == 0:
        raise ValueError("all scores are 0")
    return np.log10(sizes.max() / sizes.min())
    ### END SOLUTION


# %% check="orders_of_magnitude"
check(orders_of_magnitude)

# %%
orders_of_magnitude = use(orders_of_magnitude)

# %% [markdown]
# Five games are few. Here are the 57 games on which agents are compared: random play as this project measured it (30
# episodes a game, with the same emulator that you ran), a professional human tester, and MuZero, an agent of 2019. The
# last two are published means (Badia et al. 2020; Schrittwieser et al. 2020). Before you look: does a stronger player make
# the games more alike, or less?

# %%
published = published_scores()
measured = measured_random_scores()
columns = {
    "random play": {game: measured[game].mean for game in published if game in measured},
    "human": {game: row.human for game, row in published.items()},
    "MuZero": {game: row.muzero for game, row in published.items()},
}
plots.all_games(columns)

# %%
powers_of_ten = {}
for who, means in columns.items():
    powers_of_ten[who] = float(orders_of_magnitude(np.array(list(means.values()))))
{who: round(powers, 1) for who, powers in powers_of_ten.items()}

# %% [markdown]
# Less alike. Between the largest and the smallest mean score lie 4.3 powers of ten for random play, 4.9 for the human, and
# 7.2 for MuZero. Getting better does not bring the games together; it pulls them apart. (Handle such a span with care: one
# score near 0 can make it. Without Ice Hockey's 0.9 the human's is 4.0, without Venture's 0.4 MuZero's is 5.8.)
#
# Two tables of random play need not agree. Ours starts every episode alike and repeats no action by chance; the published
# one was made by another *protocol*, as one calls all that a score depends on beside the player. It gives Video Pinball a 0.0
# which another published table has as 16,256.9. A score without its protocol is half a number.

# %% [markdown]
# ## A scale for each game
#
# The usual remedy in papers gives each game its own scale, on which random play is 0 and human play is 1.

# %% [markdown]
# ### Exercise 1.2: `human_normalized` (2 points, 5 minutes)
#
# Return where `score` lies on that scale, on one straight line through both points. `score` may be one number or an array. If
# human and random play score the same, the scale has no length: raise a `ValueError`. (Mind the signs. In Skiing random play
# gets about -17,000 and a human -4,337: a score of -10,000 lies above 0.5.)
#
# <details><summary>Hint 1</summary>How far above random play is the score?</details>
# <details><summary>Hint 2</summary>How far above random play is the human? Divide. Both distances keep their sign.</details>
# <details><summary>What you should see</summary><code>human_normalized(5, -20, 30)</code> is 0.5.</details>


# %% exercise="human_normalized"
def human_normalized(score, random, human):
    """0 at random play, 1 at human play; ValueError if the two are equal."""
    ### BEGIN SOLUTION
    if human == random:
        raise ValueError("human and random play score the same")
    return (score - random) / (human - random)
    ### END SOLUTION


# %% check="human_normalized"
check(human_normalized)

# %%
human_normalized = use(human_normalized)

# %% [markdown]
# Agent57 was the first agent that beat the human tester in all 57 games (Badia et al. 2020). Here are its scores on this
# scale.

# %%
agent57 = np.array([human_normalized(s.agent57, s.random, s.human) for s in published.values()])
three_largest = np.sort(agent57)[-3:]
print(f"mean {agent57.mean():.1f}, median {np.median(agent57):.1f}")
print(f"share of the three largest: {100 * three_largest.sum() / agent57.sum():.0f} %")
print(f"orders of magnitude: {orders_of_magnitude(agent57):.1f}")

# %% [markdown]
# In the middle game of the 57, Agent57 scores 19 times as far above random play as the human does, and 48 times on the mean of
# them. (It does not *play* 19 times as well: that is the game's accountant again.) Three games out of 57 supply 36 % of that
# mean. The scale helped a reader to compare games. It did not make their numbers alike: they still span 2.7 powers of ten.

# %% [markdown]
# ## One network for all
#
# Why should that trouble a learner? Because it learns by gradients, and a gradient has a length. Take the smallest network
# there is: the 128 bytes of the console's memory in, one weight each, one number out. It is to predict the *return*, the
# points still to come. One set of weights serves all five games. It learns from states of the first two episodes of each, and
# will be judged on the other two.

# %%
learned_from = {game: ram_and_returns(episodes[game][:2], states=500) for game in games}
never_seen = {game: ram_and_returns(episodes[game][2:], states=10_000) for game in games}


def gradient(weights, game):
    """What one game asks of the weights: the gradient of half its mean squared error, shape [128]."""
    ram, returns = learned_from[game]
    errors = ram @ weights - returns
    return ram.T @ errors / len(ram)


# %% [markdown]
# Each game asks the shared weights to move in its own direction, and the network moves along the sum. With five games of equal
# say, each would have 20 % of the gradient's length.

# %% [markdown]
# *Predict first.* What share of it belongs to Breakout, in percent?

# %%
guess = None

# %%
norms = {game: np.linalg.norm(gradient(np.zeros(128), game)) for game in games}
loudest = sorted(games, key=norms.get, reverse=True)


def without_the_loudest(out):
    return plots.gradient_shares({game: norms[game] for game in loudest[out:]}, guess=guess)


widgets.Explorer(without_the_loudest, out=widgets.slider("loudest games left out", 0, 0, 3, 1))

# %% [markdown]
# Two games own 99.6 % of it, and Breakout has 0.002 %. Move the slider: leave out the loudest, and the next one takes 99 %;
# leave that out, and Ms. Pac-Man takes 92 %. Somebody always owns the gradient. It is not the game that is hardest, or the one
# that you learn most from. It is the one with the largest numbers.
#
# Now train the network, with plain gradient descent, and look at what each game got out of it. We measure errors in standard
# deviations of that game's own returns, so that games can be compared. Before training every prediction is 0, and in Breakout
# that is an error of 1.4.

# %% [markdown]
# *Predict first.* What will Breakout's error be afterwards?

# %%
guess = None


# %%
def trained(chosen, steps=2_000):
    """The weights after gradient descent on these games, all with equal say."""
    squares = sum(
        learned_from[game][0].T @ learned_from[game][0] / len(learned_from[game][0]) for game in chosen
    )
    rate = 1 / np.linalg.eigvalsh(squares).max()  # as large as is safe
    weights = np.zeros(128)
    for _ in range(steps):
        weights -= rate * sum(gradient(weights, game) for game in chosen)
    return weights


def error(weights, states):
    """Root mean squared error, in standard deviations of the returns."""
    ram, returns = states
    return np.sqrt(np.mean((ram @ weights - returns) ** 2)) / returns.std()


# %%
shared = trained(games)
own = {game: trained([game]) for game in games}
errors = {
    "before": {game: error(np.zeros(128), never_seen[game]) for game in games},
    "one network for all": {game: error(shared, never_seen[game]) for game in games},
    "one network each": {game: error(own[game], never_seen[game]) for game in games},
    "one network each, on the\nepisodes it learned from": {
        game: error(own[game], learned_from[game]) for game in games
    },
}
plots.shared_errors(errors, states="on two episodes that no network learned from", guess=guess)

# %% [markdown]
# Breakout's error is a thousand times what it was. The network serves Video Pinball and Skiing, where it does about as well
# as a network of their own, and the quiet games pay for it: in Breakout, where a game of random play is worth about one
# point, its predictions are off by about 770 points. Nothing was wrong with the games; they were added up in different
# units.
#
# Do not take the blue diamonds for success, though. A network of its own beats the dashed line, the mean of the judged returns
# if somebody told you beforehand, in only two games of the five: Pong and Ms. Pac-Man. On the episodes that they learned from
# all five beat it (the hollow diamonds). Two episodes are too few for 128 weights, and that is a trouble of another kind.
# Lesson 6 comes back to it. No scale cures it, and it is a small one beside a factor of a thousand.

# %% [markdown]
# ## What to remember
#
# 1. A raw score measures the game's accountant first and the player second.
# 2. Mean scores of 57 Atari games span more than four powers of ten at random play, and seven for a strong agent.
# 3. Human-normalised scores of one agent still span 2.7, and a mean over games belongs to a few of them.
# 4. In a shared network the largest numbers own the gradient. Quiet games are not learned slowly; they are overwritten.
# 5. A score needs its protocol: frame skip, repeated actions, what ends an episode.
#
# If units are the trouble, why not divide every score by the largest one? That is [lesson 2](02_min_max_scaling.ipynb).

# %% [markdown]
# ## Think
#
# <details><summary>Would a larger learning rate help Breakout in the shared network?</summary>No. Its share of the gradient
# stays what it is. A larger step is larger for the loud games too, and they are the ones that go astray first.</details>
#
# <details><summary>Breakout's share was 0.002 %. With an optimiser that divides every gradient by its own running size
# (Adam), whose size does it divide by?</summary>By the size of the sum, for each weight. Where the loud games use the same
# weights, Breakout's part stays the same small share of the sum. The scale of the whole is cured, the scale of the parts is
# not.</details>
#
# <details><summary>Agents are often compared by the median human-normalised score. What can you do to a method without moving
# its median?</summary>Anything to the games in the lower half, as long as they stay in the lower half, and the same above. That
# is why reports show more than one number.</details>

# %% [markdown]
# ## Further reading
#
# - Bellemare et al. (2013), [*The Arcade Learning Environment*](https://arxiv.org/abs/1207.4708): the emulator that you ran.
# - Badia et al. (2020), [*Agent57*](https://arxiv.org/abs/2003.13350): the table of 57 games.
# - Schrittwieser et al. (2020), [*Mastering Atari, Go, chess and shogi by planning with a learned model*](https://arxiv.org/abs/1911.08265): MuZero.
# - Machado et al. (2018), [*Revisiting the Arcade Learning Environment*](https://arxiv.org/abs/1709.06009): why protocols matter.
# - van Hasselt et al. (2016), [*Learning values across many orders of magnitude*](https://arxiv.org/abs/1602.07714): one network, many scales.

"""The figures of lesson 2: rulers that stretch, histories that are rewritten, gradients that turn round."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape
from course.plots.drawing import COLORS, figure
from course.plots.parts import told
from course.plots.words import counted, number, title


@figure(7.6, 3.4)
def above_the_ruler(scaled: Mapping[str, float], *, ax: Axes) -> Axes:
    """Every game's scaled score on one axis, sorted; where the ruler was meant to end is marked.

    Args:
        scaled: game -> score, min-max scaled by a range that was thought to be the whole of it.
    """
    games = sorted(scaled, key=scaled.get)
    values = np.array([scaled[game] for game in games])
    over = values > 1

    ax.axhspan(min(values.min(), 0.5), 1, color=COLORS["random"], alpha=0.2, label="the ruler, 0 to 1")
    for part, color, label in ((over, "value", "above its end"), (~over, "human", "on it")):
        if part.any():
            ax.plot(np.flatnonzero(part), values[part], "o", color=COLORS[color], ms=5, label=label)

    # All dots to the right of one lie higher: the first game's name stands below, the others' to the left.
    beside = {"textcoords": "offset points", "ha": "right", "va": "center"}
    below = {"textcoords": "offset points", "ha": "left", "va": "top"}
    for place, shift, side in (
        (0, (-4, -7), below),
        (len(games) // 2, (-6, 8), beside),
        (len(games) - 1, (-8, 0), beside),
    ):
        label = f"{title(games[place])}: {number(values[place])}"
        ax.annotate(label, (place, values[place]), xytext=shift, **side)

    ax.set(yscale="log", xlabel=f"the {len(games)} games, sorted", ylabel="scaled score (log axis)")
    ax.set_xticks([])
    ax.legend(loc="lower right")
    return told(
        ax,
        f"Scaled scores of {len(games)} games on a logarithmic axis. {over.sum()} of them lie above 1, where "
        f"the ruler was meant to end: the median is {number(float(np.median(values)))}, the largest "
        f"{number(values[-1])} ({title(games[-1])}).",
    )


@figure(7.6, 3.2)
def ruler(scores: ArrayLike, best: float, *, label: str, low: float = 0.0, ax: Axes) -> Axes:
    """Scores as marks on a ruler from 0 to 1, where 1 is the best score known.

    Args:
        scores: points, shape [n].
        best: the score that is mapped to 1, in points.
        label: whose scores.
        low: the score that is mapped to 0, in points.
    """
    scores = finite("scores", scores)
    scaled = (scores - low) / (best - low)
    spread = scaled.max() - scaled.min()
    end = counted(best, "point")

    marks = f"{label}, {counted(len(scores), 'score')}"
    ax.axhline(0, color=COLORS["truth"], lw=1.2)
    ax.vlines(scaled, 0, 1, color=COLORS["reward"], lw=2.5, alpha=0.75, label=marks)
    ax.plot(1, 0.5, "v", color=COLORS["advantage"], ms=12, label=f"best known: {end}")

    ax.set(xlim=(-0.02, 1.05), ylim=(0, 1.75), yticks=[], xlabel="scaled score")
    ax.legend(loc="upper center", ncols=2)
    return told(
        ax,
        f"{label}: {counted(len(scores), 'score')} on a ruler whose end, 1, is {end}. They take up "
        f"{100 * spread:.2g} % of the ruler, from {number(scaled.min())} to {number(scaled.max())}.",
    )


@figure(7.6, 3.4)
def history(scores: ArrayLike, seen: int, *, ax: Axes) -> Axes:
    """What each game's score was worth when it was played, and what it is worth after `seen` games.

    Args:
        scores: points in the order played, shape [n].
        seen: how many games have been played, 1 to n; the maximum is the best of these.
    """
    scores = finite("scores", scores)
    record = np.maximum.accumulate(scores)
    then = scores[:seen] / record[:seen]
    now = scores[:seen] / record[seen - 1]

    games = np.arange(1, seen + 1)
    ax.bar(games - 0.2, then, 0.4, color=COLORS["random"], label="worth when it was played")
    ax.bar(games + 0.2, now, 0.4, color=COLORS["reward"], label=f"worth after game {seen}")

    ax.set(xlim=(0.3, len(scores) + 0.7), xlabel="game")
    ax.set(ylim=(0, 1.28), ylabel="score / best score so far")
    ax.set_xticks(np.arange(1, len(scores) + 1))
    ax.legend(loc="upper right", ncols=2)
    return told(
        ax,
        f"After {seen} of {counted(len(scores), 'game')} the best score is "
        f"{counted(record[seen - 1], 'point')}. Game 1 was worth {number(then[0])} when it was played and is "
        f"worth {number(now[0])} now.",
    )


@figure(7.6, 3.6)
def worth_of_length(lengths: ArrayLike, returns: Mapping[str, ArrayLike], *, ax: Axes) -> Axes:
    """The return of every episode against its length, under several ways to scale one step's reward.

    Args:
        lengths: agent steps, shape [n].
        returns: way of scaling -> sum of the scaled rewards, shape [n].
    """
    lengths = finite("lengths", lengths)

    said = []
    for (name, given), color in zip(returns.items(), ("reward", "advantage"), strict=False):
        sums = finite(name, given)
        same_shape(lengths=lengths, sums=sums)
        correlation = np.corrcoef(lengths, sums)[0, 1]
        label = f"{name} ({counted(len(sums), 'game')})"
        ax.plot(lengths, sums, "o", color=COLORS[color], ms=6, label=label)
        span = f"from {number(sums.min())} to {number(sums.max())}"
        said.append(f"{name}: {span}, correlation {correlation:.3f}")

    ax.set(xlabel="length of the game, agent steps", ylabel="sum over the game")
    ax.legend(loc="center right")
    return told(ax, f"Sum over a game against its length, {counted(len(lengths), 'game')}.", said)


@figure(7.6, 3.2)
def moving_ruler(seen: ArrayLike, worth: ArrayLike, *, score: float, ax: Axes) -> Axes:
    """What one and the same score is worth to a running normaliser as it sees more games.

    Args:
        seen: games seen so far, shape [n].
        worth: the normalised value of `score` at that time, in standard deviations, shape [n].
        score: the score that is asked about, in points.
    """
    seen = finite("seen", seen)
    worth = finite("worth", worth)
    same_shape(seen=seen, worth=worth)
    asked = counted(score, "point")

    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.plot(seen, worth, "o-", color=COLORS["value"], label=asked)
    ax.set(xlabel="games seen so far", ylabel="normalised value\n(standard deviations)")
    ax.legend()
    return told(
        ax,
        f"The normalised value of a score of {asked} after each game: {worth[0]:+.2f} at first, between "
        f"{worth.min():+.2f} and {worth.max():+.2f} on the way, {worth[-1]:+.2f} after "
        f"{counted(seen[-1], 'game')}.",
    )

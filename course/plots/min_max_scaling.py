"""The figures of lesson 2: rulers that stretch, histories that are rewritten, games paid by their length."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, mark_guess, told
from course.plots.words import counted, number, title


@figure(7.6, 3.8)
def above_the_ruler(scaled: Mapping[str, float], *, guess: float | None = None, ax: Axes) -> Axes:
    """Every game's scaled score on one axis, sorted; where the ruler was meant to end is marked.

    Args:
        scaled: game -> score, min-max scaled by a range that was thought to be the whole of it.
        guess: what the learner predicted for the largest of them; None if nothing.
    """
    games = sorted(scaled, key=scaled.get)
    values = np.array([scaled[game] for game in games])
    over = values > 1

    bottom = min(values.min() / 2, 0.2)
    ax.axhspan(bottom, 1, color=COLORS["random"], alpha=0.25, label="the ruler, which ends at 1")
    for part, color, label in ((over, "value", "above its end"), (~over, "human", "on it")):
        if part.any():
            ax.plot(np.flatnonzero(part), values[part], "o", color=COLORS[color], ms=5, label=label)
    ax.set_yscale("log")
    said = mark_guess(ax, guess, along="y")

    # All dots to the right of one lie higher: there is room below the first and the middle one.
    for place in (0, len(games) // 2, len(games) - 1):
        last = place == len(games) - 1
        ax.annotate(
            f"{title(games[place])}: {number(values[place])}",
            (place, values[place]),
            xytext=(-22, -4) if last else (16, -15),
            textcoords="offset points",
            ha="right" if last else "left",
            va="center",
            arrowprops={"arrowstyle": "-", "lw": 0.8, "color": COLORS["random"], "shrinkB": 3},
        )

    ax.set(xlabel=f"the {len(games)} games, sorted", ylabel="scaled score (log axis)")
    ax.set(xlim=(-2, len(games) + 1), ylim=(bottom, values.max() * 2.2))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xticks([])
    ax.legend(loc="upper left")
    return told(
        ax,
        f"Scaled scores of {len(games)} games on a logarithmic axis. {over.sum()} of them lie above 1, where "
        f"the ruler was meant to end: the median is {number(float(np.median(values)))}, the largest "
        f"{number(values[-1])} ({title(games[-1])}).",
        closing=said,
    )


@figure(7.6, 3.0)
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
    ax.plot(1, 0.5, "v", color=COLORS["truth"], ms=12, label=f"best known: {end}")

    ax.set(xlim=(-0.02, 1.05), ylim=(0, 1.75), yticks=[], xlabel="scaled score")
    ax.legend(loc="upper center", ncols=2)
    return told(
        ax,
        f"{label}: {counted(len(scores), 'score')} on a ruler whose end, 1, is {end}. They take up "
        f"{100 * spread:.2g} % of the ruler, from {number(scaled.min())} to {number(scaled.max())}.",
    )


@figure(7.6, 3.4)
def history(scores: ArrayLike, seen: int, *, guess: float | None = None, ax: Axes) -> Axes:
    """What each game's score was worth when it was played, and what it is worth after `seen` games.

    Args:
        scores: points in the order played, shape [n].
        seen: how many games have been played, 1 to n; the maximum is the best of these.
        guess: what the learner predicted that game 1 is worth after two games; None if nothing.
    """
    scores = finite("scores", scores)
    record = np.maximum.accumulate(scores)
    then = scores[:seen] / record[:seen]
    now = scores[:seen] / record[seen - 1]

    games = np.arange(1, seen + 1)
    ax.bar(games - 0.2, then, 0.4, color=COLORS["random"], label="worth when it was played")
    ax.bar(games + 0.2, now, 0.4, color=COLORS["reward"], label=f"worth after game {seen}")
    said = mark_guess(ax, guess, along="y")

    ax.set(xlim=(0.3, len(scores) + 0.7), xlabel="game")
    ax.set(ylim=(0, 1.28), ylabel="score / best score so far")
    ax.set_xticks(np.arange(1, len(scores) + 1))
    ax.legend(loc="upper right", ncols=3, columnspacing=1.2)
    return told(
        ax,
        f"After {seen} of {counted(len(scores), 'game')} the best score is "
        f"{counted(record[seen - 1], 'point')}. Game 1 was worth {number(then[0])} when it was played and is "
        f"worth {number(now[0])} now.",
        closing=said,
    )


@figure(9.0, 3.6, panels="AB")
def worth_of_length(
    lengths: ArrayLike,
    sums: Mapping[str, ArrayLike],
    *,
    marked: Sequence[int] = (),
    guess: float | None = None,
    axes: Mapping[str, Axes],
) -> Axes:
    """The sum of rewards of every game against its length, under two ways to count a step's reward.

    Args:
        lengths: agent steps, shape [n].
        sums: way of counting -> sum of the rewards so counted, shape [n]; two ways.
        marked: games to mark with a ring and their sum, by their place in `lengths`.
        guess: a sum that the learner predicted in the second way; None if nothing.
    """
    lengths = finite("lengths", lengths)

    parts = []
    for (name, given), ax in zip(sums.items(), axes.values(), strict=True):
        each = finite(name, given)
        same_shape(lengths=lengths, sums=each)
        correlation = np.corrcoef(lengths, each)[0, 1]
        span = f"from {number(each.min())} to {number(each.max())}"
        parts.append(f"{name}: {span}, correlation {correlation:.3f}")

        ax.plot(lengths, each, "o", color=COLORS["reward"], ms=7)
        for place in marked:
            ax.plot(lengths[place], each[place], "o", ms=15, mfc="none", mec=COLORS["truth"], mew=1.8)
            words = f"{each[place]:g} after {lengths[place]:g}"
            beside = {"textcoords": "offset points", "ha": "right", "va": "bottom"}
            ax.annotate(words, (lengths[place], each[place]), xytext=(-6, 9), **beside)
        ax.set(xlabel="length of the game, agent steps", ylabel="sum over the game", title=name)
        ax.margins(x=0.3, y=0.22)

    said = mark_guess(axes["B"], guess, along="y")
    if said:
        axes["B"].legend(handles=axes["B"].lines[-1:], loc="lower right")
    return told(
        axes["A"], f"Sum over a game against its length, {counted(len(lengths), 'game')}.", parts, said
    )


@figure(9.0, 3.6, panels="AB")
def moving_ruler(
    scores: ArrayLike,
    means: ArrayLike,
    deviations: ArrayLike,
    *,
    asked: float,
    axes: Mapping[str, Axes],
) -> Axes:
    """Scores as they came, with what a running normaliser made of them, and what one score is worth to it.

    Args:
        scores: points in the order played, shape [n], at least two.
        means, deviations: running mean and standard deviation after each game, in points, shape [n]; no
            deviation but the first may be 0.
        asked: one and the same score, in points.
    """
    scores = finite("scores", scores)
    means = finite("means", means)
    deviations = finite("deviations", deviations)
    same_shape(scores=scores, means=means, deviations=deviations)
    worth = (asked - means[1:]) / deviations[1:]  # after one game there is no spread yet
    games = np.arange(1, len(scores) + 1)

    ax = axes["A"]
    ax.plot(games, scores, "o", color=COLORS["reward"], label="score of a game")
    ax.plot(games, means, color=COLORS["value"], label="running mean")
    edges = np.stack([means - deviations, means + deviations])
    band(ax, games, edges, color=COLORS["value"], holds="all", middle=None, band_label="± its std")
    ax.axhline(asked, color=COLORS["truth"], ls="--", lw=1.2, label=counted(asked, "point"))
    ax.set(xlabel="game", ylabel="points", ylim=(None, max(scores.max(), edges.max()) * 1.45))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper right", ncols=2, columnspacing=1.0, fontsize=10.5)

    ax = axes["B"]
    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.plot(games[1:], worth, "o--", color=COLORS["truth"])
    ax.set(xlabel="games seen so far", ylabel="standard deviations", xlim=axes["A"].get_xlim())
    ax.set_title(f"what {counted(asked, 'point')} are worth")

    return told(
        axes["A"],
        f"Left, {counted(len(scores), 'score')} with their running mean, which ends at {number(means[-1])} "
        f"± {number(deviations[-1])}. Right, what {counted(asked, 'point')} are worth in these units: "
        f"{worth[0]:+.2f} at first, between {worth.min():+.2f} and {worth.max():+.2f} on the way, "
        f"{worth[-1]:+.2f} after {counted(len(scores), 'game')}.",
    )

"""The figures of lesson 1: games side by side, scores on one axis, one network for all."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from course.arrays import finite
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, named_rows, told
from course.plots.words import number, title

PLAYERS = ("random", "human", "value")  # colours of the players, weakest first
PREDICTORS = (("o", "random"), ("s", "advantage"), ("D", "value"))  # mark and colour of who predicts


@figure(9.0, 2.9)
def frames(pictures: Mapping[str, NDArray[np.uint8]], *, ax: Axes) -> Axes:
    """One screen of each game, side by side.

    Args:
        pictures: game -> RGB frame, uint8 [height, width, 3].
    """
    gap = 14
    left = 0
    for game, picture in pictures.items():
        height, width, _ = picture.shape
        ax.imshow(picture, extent=(left, left + width, height, 0), interpolation="nearest")
        ax.text(left + width / 2, -6, title(game), ha="center", va="bottom", fontweight="bold")
        left += width + gap

    tallest = max(picture.shape[0] for picture in pictures.values())
    ax.set(xlim=(0, left - gap), ylim=(tallest, -28))  # above 0 stand the names
    ax.axis("off")
    names = ", ".join(title(game) for game in pictures)
    return told(ax, f"One screen of each game, side by side: {names}.")


@figure(7.6, 3.2)
def one_axis(scores: Mapping[str, ArrayLike], *, ax: Axes) -> Axes:
    """The scores of several games as dots on one axis, logarithmic on both sides of 0.

    Args:
        scores: game -> points of each episode, shape [n].
    """
    ranges = []
    for row, (game, given) in enumerate(scores.items()):
        each = finite(game, given)
        ax.plot(each, np.full(len(each), row), "o", color=COLORS["reward"], ms=9, alpha=0.7)
        ranges.append(f"{title(game)} {number(each.min())} to {number(each.max())}")

    named_rows(ax, [title(game) for game in scores])
    ax.axvline(0, color=COLORS["truth"], lw=1)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_xlim(-1e5, 1e5)
    ax.set_xticks([-1e4, -1e2, -1, 0, 1, 1e2, 1e4], ["-10,000", "-100", "-1", "0", "1", "100", "10,000"])
    ax.set_xlabel("score of one episode (points), logarithmic on both sides of 0")
    return told(ax, "Scores of single episodes of random play on one axis:", ranges)


@figure(8.6, 4.4)
def all_games(columns: Mapping[str, Mapping[str, float]], *, ax: Axes) -> Axes:
    """The size of the score in every game, for several players; games sorted by the last player.

    Args:
        columns: player -> game -> mean score, points. Negative scores are drawn hollow at their size.
    """
    *_, last = columns
    games = sorted(columns[last], key=lambda game: abs(columns[last][game]))
    place = {game: i for i, game in enumerate(games)}

    ranges = []
    for (player, scores), color in zip(columns.items(), PLAYERS, strict=True):
        for sign in (1, -1):
            at = [game for game in scores if sign * scores[game] > 0 and game in place]
            ax.plot(
                [place[game] for game in at],
                [abs(scores[game]) for game in at],
                "o",
                ms=5.5,
                color=COLORS[color],
                mfc=COLORS[color] if sign > 0 else "white",
                label=player if sign > 0 else None,
            )
        sizes = [abs(score) for score in scores.values() if score]
        ranges.append(f"{player} from {number(min(sizes))} to {number(max(sizes))} points")

    ax.set(yscale="log", ylabel="size of the mean score (points)")
    ax.set_xlabel(f"{len(games)} Atari games, sorted (hollow: a negative score)")
    ax.set_xticks([])
    ax.legend(loc="upper left")
    return told(ax, f"Mean scores in {len(games)} Atari games on a logarithmic axis:", ranges)


@figure(7.6, 3.0)
def gradient_shares(norms: Mapping[str, float], *, ax: Axes) -> Axes:
    """The share of each game in the gradient of one shared network, on a logarithmic axis.

    Args:
        norms: game -> length of its part of the gradient.
    """
    total = sum(norms.values())
    shares = {game: norm / total for game, norm in norms.items()}

    rows = named_rows(ax, [title(game) for game in shares])
    ax.barh(rows, list(shares.values()), color=COLORS["advantage"], height=0.6)
    for row, share in zip(rows, shares.values(), strict=True):
        ax.text(share * 1.15, row, f"{100 * share:.2g} %", va="center")

    ax.set(xscale="log", xlim=(1e-5, 8))
    ax.set_xticks([1e-4, 1e-2, 1], ["0.01 %", "1 %", "100 %"])
    ax.set_xlabel("share of the gradient's length (log axis)")
    said = ", ".join(f"{title(game)} {100 * share:.2g} %" for game, share in shares.items())
    return told(ax, f"Share of each game in the gradient of one shared network: {said}.")


@figure(7.6, 3.2)
def shared_errors(errors: Mapping[str, Mapping[str, float]], *, ax: Axes) -> Axes:
    """How far the predictions are off in each game, in units of that game's own spread.

    Args:
        errors: who predicts -> game -> root mean squared error over standard deviation.
    """
    games = list(next(iter(errors.values())))
    rows = named_rows(ax, [title(game) for game in games])

    said = []
    for (who, each), (marker, color) in zip(errors.items(), PREDICTORS, strict=True):
        ax.plot(list(each.values()), rows, marker, color=COLORS[color], ms=9, label=who, alpha=0.85)
        listed = ", ".join(f"{title(game)} {number(error)}" for game, error in each.items())
        said.append(f"{who}: {listed}.")

    ax.axvline(1, color=COLORS["truth"], lw=1, ls=":")
    ax.set(xscale="log", xlim=(0.2, 6000))
    ax.set_xlabel("prediction error, in standard deviations of that game's returns (log axis)")
    legend_above(ax, columns=3, at=0.4)
    return told(ax, f"Prediction error in standard deviations of each game's own returns. {' '.join(said)}")

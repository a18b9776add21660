"""The figures of lesson 1: games side by side, scores on one axis, one network for all."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from course.arrays import finite
from course.plots.drawing import COLORS, figure, number, title


@figure(9.0, 2.9)
def frames(pictures: Mapping[str, NDArray[np.uint8]], *, ax: Axes) -> str:
    """One screen of each game, side by side.

    Args:
        pictures: game -> RGB frame, uint8 [height, width, 3].
    """
    height = max(picture.shape[0] for picture in pictures.values())
    gap, left = 14, 0
    for game, picture in pictures.items():
        width = picture.shape[1]
        ax.imshow(picture, extent=(left, left + width, picture.shape[0], 0), interpolation="nearest")
        ax.text(left + width / 2, -6, title(game), ha="center", va="bottom", fontweight="bold")
        left += width + gap
    ax.set(xlim=(0, left - gap), ylim=(height, -28))
    ax.axis("off")
    return f"One screen of each game, side by side: {', '.join(title(game) for game in pictures)}."


@figure(7.6, 3.2)
def one_axis(scores: Mapping[str, ArrayLike], *, ax: Axes) -> str:
    """The scores of several games as dots on one axis, logarithmic on both sides of 0.

    Args:
        scores: game -> points of each episode, shape [n].
    """
    words = []
    for row, (game, each) in enumerate(scores.items()):
        each = finite(game, each)
        ax.plot(each, np.full(len(each), row), "o", color=COLORS["reward"], ms=9, alpha=0.7)
        words.append(f"{title(game)} {number(each.min())} to {number(each.max())}")
    games = len(scores)
    ax.axvline(0, color="black", lw=1)
    ax.set_xscale("symlog", linthresh=1)
    ax.set_yticks(range(games), [title(game) for game in scores])
    ax.set(ylim=(games - 0.5, -0.5), xlim=(-1e5, 1e5))
    ax.set_xticks([-1e4, -1e2, -1, 0, 1, 1e2, 1e4], ["-10,000", "-100", "-1", "0", "1", "100", "10,000"])
    ax.set_xlabel("score of one episode (points), logarithmic on both sides of 0")
    return "Scores of single episodes of random play on one axis: " + "; ".join(words) + "."


@figure(8.6, 4.4)
def all_games(columns: Mapping[str, Mapping[str, float]], *, ax: Axes) -> str:
    """The size of the score in every game, for several players; games sorted by the last player.

    Args:
        columns: player -> game -> mean score, points. Negative scores are drawn hollow at their size.
    """
    *_, last = columns
    games = sorted(columns[last], key=lambda game: abs(columns[last][game]))
    place = {game: i for i, game in enumerate(games)}
    words = []
    for (player, scores), colour in zip(columns.items(), ("random", "human", "value"), strict=True):
        for sign in (1, -1):
            at = [game for game in scores if sign * scores[game] > 0 and game in place]
            ax.plot(
                [place[game] for game in at],
                [abs(scores[game]) for game in at],
                "o",
                ms=5.5,
                color=COLORS[colour],
                mfc=COLORS[colour] if sign > 0 else "white",
                label=player if sign > 0 else None,
            )
        sizes = [abs(score) for score in scores.values() if score]
        words.append(f"{player} from {number(min(sizes))} to {number(max(sizes))} points")
    ax.set(yscale="log", ylabel="size of the mean score (points)")
    ax.set_xlabel(f"{len(games)} Atari games, sorted (hollow: a negative score)")
    ax.set_xticks([])
    ax.legend(loc="upper left")
    return f"Mean scores in {len(games)} Atari games on a logarithmic axis: " + "; ".join(words) + "."


@figure(7.6, 3.0)
def gradient_shares(norms: Mapping[str, float], *, ax: Axes) -> str:
    """The share of each game in the gradient of one shared network, on a logarithmic axis.

    Args:
        norms: game -> length of its part of the gradient.
    """
    total = sum(norms.values())
    shares = {game: norm / total for game, norm in norms.items()}
    rows = np.arange(len(shares))
    ax.barh(rows, list(shares.values()), color=COLORS["advantage"], height=0.6)
    for row, share in zip(rows, shares.values(), strict=True):
        ax.text(share * 1.15, row, f"{100 * share:.2g} %", va="center")
    ax.set_yticks(rows, [title(game) for game in shares])
    ax.set(xscale="log", xlim=(1e-5, 8), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks([1e-4, 1e-2, 1], ["0.01 %", "1 %", "100 %"])
    ax.set_xlabel("share of the gradient's length (log axis)")
    said = ", ".join(f"{title(game)} {100 * share:.2g} %" for game, share in shares.items())
    return f"Share of each game in the gradient of one shared network: {said}."


@figure(7.6, 3.2)
def shared_errors(errors: Mapping[str, Mapping[str, float]], *, ax: Axes) -> str:
    """How far the predictions are off in each game, in units of that game's own spread.

    Args:
        errors: who predicts -> game -> root mean squared error over standard deviation.
    """
    words = []
    styles = (("o", "random"), ("s", "advantage"), ("D", "value"))
    for (who, each), (marker, colour) in zip(errors.items(), styles, strict=True):
        rows = np.arange(len(each))
        ax.plot(list(each.values()), rows, marker, color=COLORS[colour], ms=9, label=who, alpha=0.85)
        words.append(f"{who}: " + ", ".join(f"{title(g)} {number(e)}" for g, e in each.items()))
    games = list(next(iter(errors.values())))
    ax.axvline(1, color="black", lw=1, ls=":")
    ax.set_yticks(range(len(games)), [title(game) for game in games])
    ax.set(xscale="log", ylim=(len(games) - 0.5, -0.5), xlim=(0.2, 6000))
    ax.set_xlabel("prediction error, in standard deviations of that game's returns (log axis)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.2), ncols=3)
    return "Prediction error in standard deviations of each game's own returns. " + ". ".join(words) + "."

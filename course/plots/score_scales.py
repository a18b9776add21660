"""The figures of lesson 1: games side by side, scores on one axis, one network for all."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, Refusal, finite
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import number, title

PLAYERS = {"random": "^", "human": "s", "value": "o"}  # colours and marks of the players, weakest first
# Ten games that are named in the picture of all of them.
NAMED = (
    "venture",
    "pong",
    "ice_hockey",
    "breakout",
    "private_eye",
    "skiing",
    "space_invaders",
    "ms_pacman",
    "video_pinball",
    "asteroids",
)


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
def one_axis(scores: Mapping[str, ArrayLike], *, guess: Sequence[float] | None = None, ax: Axes) -> Axes:
    """The scores of several games as dots on one axis, logarithmic on both sides of 0.

    Args:
        scores: game -> points of each episode, shape [n].
        guess: the score that the learner predicted for each game, in this order; None if none.
    """
    said = _mark_guesses(ax, guess, len(scores))
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
    if said:
        legend_above(ax, columns=1)
    return told(ax, "Scores of single episodes of random play on one axis:", ranges, said)


@figure(8.6, 4.8)
def all_games(columns: Mapping[str, Mapping[str, float]], *, ax: Axes) -> Axes:
    """The size of the score in every game, for several players; games sorted by the last player.

    Args:
        columns: player -> game -> mean score, points. Negative scores are drawn hollow at their size.
    """
    *_, last = columns
    games = sorted(columns[last], key=lambda game: abs(columns[last][game]))
    place = {game: i for i, game in enumerate(games)}

    ranges = []
    for (player, scores), (color, marker) in zip(columns.items(), PLAYERS.items(), strict=True):
        for sign in (1, -1):
            at = [game for game in scores if sign * scores[game] > 0 and game in place]
            ax.plot(
                [place[game] for game in at],
                [abs(scores[game]) for game in at],
                marker,
                ls="",
                ms=5.5,
                color=COLORS[color],
                mfc=COLORS[color] if sign > 0 else "white",
                label=player if sign > 0 else None,
            )
        sizes = [abs(score) for score in scores.values() if score]
        zeros = len(scores) - len(sizes)
        left_out = f", and {zeros} at 0 that cannot be drawn" if zeros else ""
        ranges.append(f"{player} from {number(min(sizes))} to {number(max(sizes))} points{left_out}")

    named = [game for game in NAMED if game in place]
    ax.set_xticks([place[game] for game in named], [title(game) for game in named], rotation=45, ha="right")
    ax.tick_params("x", labelsize=10, pad=1)
    ax.set(yscale="log", ylabel="size of the mean score (points)", ylim=(0.2, 9e7), xlim=(-1.5, len(games)))
    ax.set_xlabel(f"{len(games)} games, sorted by {last} (hollow: a score below 0; a score of 0 is left out)")
    ax.legend(loc="upper left", ncols=3)
    return told(ax, f"Mean scores in {len(games)} Atari games on a logarithmic axis:", ranges)


@figure(7.6, 3.0)
def gradient_shares(norms: Mapping[str, float], *, guess: float | None = None, ax: Axes) -> Axes:
    """The share of each game in the gradient of one shared network, as dots on a logarithmic axis.

    Args:
        norms: game -> length of its part of the gradient.
        guess: the share that the learner predicted for Breakout, in percent; None if none.
    """
    total = sum(norms.values())
    shares = {game: 100 * norm / total for game, norm in norms.items()}

    rows = named_rows(ax, [title(game) for game in shares])
    ax.plot(list(shares.values()), rows, "o", color=COLORS["truth"], ms=10)
    for row, share in zip(rows, shares.values(), strict=True):
        beside = {"textcoords": "offset points", "va": "center", "annotation_clip": False}
        ax.annotate(f"{share:.2g} %", (share, row), xytext=(10, 0), **beside)

    ax.set(xscale="log", xlim=(5e-4, 400))
    words = mark_guess(ax, guess, unit="% for Breakout")
    if words:
        legend_above(ax, columns=1)
    ax.set_xticks([1e-3, 1e-2, 1e-1, 1, 10, 100], ["0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    ax.set_xlabel("share of the gradient's length (log axis)")
    said = ", ".join(f"{title(game)} {share:.2g} %" for game, share in shares.items())
    return told(ax, f"Share of each game in the gradient of one shared network: {said}.", closing=words)


@figure(8.6, 3.6)
def shared_errors(
    errors: Mapping[str, Mapping[str, float]], *, states: str, guess: float | None = None, ax: Axes
) -> Axes:
    """How far the predictions are off in each game, in units of that game's own spread.

    Args:
        errors: who predicts -> game -> root mean squared error over standard deviation; up to four.
        states: on which states the predictions were judged, in a few words.
        guess: the error that the learner predicted for Breakout after shared training; None if none.
    """
    games = list(next(iter(errors.values())))
    rows = named_rows(ax, [title(game) for game in games])

    said = []
    looks = (("o", "random", "full"), ("s", "truth", "full"), ("D", "value", "full"), ("D", "value", "none"))
    for k, (who, each) in enumerate(errors.items()):
        marker, color, fill = looks[k]
        look = {"color": COLORS[color], "ms": 8, "mew": 1.8, "fillstyle": fill, "alpha": 0.85}
        shift = 0.11 * (k - 1.5)  # so that none hides another
        ax.plot(list(each.values()), rows + shift, marker, ls="", label=who, **look)
        listed = ", ".join(f"{title(game)} {number(error)}" for game, error in each.items())
        said.append(f"{' '.join(who.split())}: {listed}.")

    ax.set(xscale="log", xlim=(0.15, 6000))
    words = mark_guess(ax, guess, unit="for Breakout, shared")
    ax.axvline(1, color=COLORS["truth"], lw=1, ls="--", label="their mean, known beforehand")
    ax.set_xticks([1, 10, 100, 1_000], ["1", "10", "100", "1,000"])
    ax.set_xlabel(f"error {states},\nin standard deviations of that game's returns (log axis)")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    opening = f"Prediction error {states}, in standard deviations of each game's own returns."
    return told(ax, f"{opening} {' '.join(said)}", closing=words)


def _mark_guesses(ax: Axes, guess: Sequence[float] | None, games: int) -> str:
    """Draw one guess a game as hollow diamonds, and return the words about them."""
    if guess is None:
        return ""
    given: Array = finite("guess", guess)
    if given.shape != (games,):
        raise Refusal(f"guess must be {games} numbers, one a game, got shape {given.shape}")

    look = {"color": COLORS["truth"], "ms": 9, "mfc": "none", "mew": 2, "zorder": 4}
    ax.plot(given, np.arange(games), "D", label="your guesses", **look)
    return f"You guessed {', '.join(number(each) for each in given)}."

"""The figures of lesson 10: what a batch's own size does to a gradient, a score that grows, a million times
the reward.

Besides the figures there is a film.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from course.arrays import Array, Refusal, finite
from course.arrays import number as one_number
from course.nets import Agent
from course.plots.drawing import COLORS, figure
from course.plots.film import Film
from course.plots.live import QUICK, live
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import counted
from course.studies import quick

SOLVED = 475  # points: CartPole-v1 counts as solved from here on
MOST = 500  # points of an episode


@figure(7.6, 3.6)
def machines(means: Mapping[int, float], *, truth: float, guess: float | None = None, ax: Axes) -> Axes:
    """The mean gradient of many batches whose advantages are normalised, over the size of a batch.

    Args:
        means: size of a batch -> mean gradient in the taste for B.
        truth: the exact gradient, without the division.
        guess: from which size on it points to B, as predicted; None if nothing.
    """
    sizes = np.array(list(means))
    found = np.array(list(means.values()))
    right = found > 0
    if guess is not None:
        guess = one_number("guess", guess, above=0)

    ax.axhline(0, color=COLORS["truth"], lw=1.2)
    ax.axhline(truth, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(f"exact, without the division: {truth:+.2f}", (sizes[0], truth), va="bottom")
    ax.plot(sizes, found, color=COLORS["advantage"], lw=1.2)
    ax.plot(
        sizes[~right], found[~right], "X", color=COLORS["advantage"], ms=9, label="towards A, the wrong one"
    )
    ax.plot(sizes[right], found[right], "o", color=COLORS["advantage"], ms=8, label="towards B")
    for size, mean in means.items():
        ax.annotate(f"{mean:+.3f}", (size, mean), xytext=(0, -17), textcoords="offset points", ha="center")
    guessed = mark_guess(ax, guess, unit="plays")

    ax.set(xscale="log", xlabel="plays in a batch (log axis)", ylabel="mean gradient\nof many batches")
    shown = sizes if guess is None else [*sizes, guess]
    ax.set(ylim=(min(found.min(), 0) - 0.1, truth + 0.09), xlim=(min(shown) / 1.3, max(shown) * 1.3))
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    legend_above(ax, columns=3)
    said = [f"{size:,} plays: {mean:+.3f}" for size, mean in means.items()]
    opening = (
        f"Mean gradient of batches whose advantages are normalised; the exact one is {truth:+.2f}, towards B."
    )
    return told(ax, opening, said, closing=guessed)


@figure(7.6, 2.9)
def weights_of_a_batch(chose_b: ArrayLike, rewards: ArrayLike, weights: ArrayLike, *, ax: Axes) -> Axes:
    """What each play of one batch weighs once its advantages are normalised, and the gradient that they make.

    Args:
        chose_b: whether machine B was chosen, shape [n].
        rewards: points, shape [n].
        weights: normalised advantages, shape [n].
    """
    chose_b = np.asarray(chose_b, dtype=bool)
    rewards = finite("rewards", rewards)
    weights = finite("weights", weights)
    gradient = float((np.where(chose_b, 0.5, -0.5) * weights).mean())
    kinds = {"A: 1 point": ~chose_b, "B: nothing": chose_b & (rewards == 0), "B: jackpot": rewards > 1}

    said = []
    for row, (kind, plays) in zip(named_rows(ax, list(kinds)), kinds.items(), strict=True):
        if not plays.any():
            ax.annotate(
                "none in this batch", (0, row), xytext=(8, 0), textcoords="offset points", va="center"
            )
            said.append(f"{kind}, none")
            continue
        weight = float(weights[plays].mean())
        ax.barh(row, weight, 0.5, color=COLORS["advantage"])
        label = f"{counted(int(plays.sum()), 'play')}, weight {weight:+.2f}"
        ax.annotate(label, (max(weight, 0), row), xytext=(8, 0), textcoords="offset points", va="center")
        said.append(f"{kind}, {label}")

    ax.axvline(0, color=COLORS["truth"], lw=1)
    ax.set(xlim=(-2.5, 24), xlabel="weight of a play, in standard deviations")
    towards = "B" if gradient > 0 else "A, the wrong one"
    ax.set_title(f"this batch's gradient: {gradient:+.3f}, towards {towards}")
    return told(
        ax, f"A batch of {len(rewards)} plays; its gradient is {gradient:+.3f}, towards {towards}:", said
    )


def watch(
    learning: Iterable[tuple[int, Sequence[float], Agent]], *, until: float, guess: float | None = None
) -> Agent:
    """Let an agent learn with a live picture of its score, and return it.

    It ends when the mean of the last 20 episodes reaches `until`, when the steps are used up, or with the
    stop button; with COURSE_QUICK=1 after two updates.

    Args:
        learning: gives (steps so far, scores of finished episodes, agent) after every update.
        until: points.
        guess: after how many steps it is there, as predicted; None if nothing.

    Raises:
        ValueError: if the stop button came before the first update, or `guess` is no number.
    """
    if guess is not None:
        guess = one_number("guess", guess)
    progress = _progress(learning, until=until)
    seen = list(live(progress, lambda so_far: growth(so_far, until=until, guess=guess)))
    if not seen:
        raise Refusal("nothing was learned yet: run the cell again")
    return seen[-1][-1]


def _progress(
    learning: Iterable[tuple[int, Sequence[float], Agent]], *, until: float
) -> Iterable[tuple[int, float, Agent]]:
    """(Steps so far, mean of the last 20 episodes, agent) after every update, until it is there."""
    recent = deque(maxlen=20)
    for count, (steps, scores, agent) in enumerate(learning, start=1):
        recent.extend(scores)
        mean = float(np.mean(recent)) if recent else float("nan")
        yield steps, mean, agent
        if mean >= until or (quick() and count == QUICK):
            return


@figure(7.6, 3.6)
def growth(
    seen: Sequence[tuple[int, float, Agent]], *, until: float, guess: float | None = None, ax: Axes
) -> Axes:
    """The mean score of the last 20 episodes over the steps that were played.

    Args:
        seen: (steps so far, mean score, agent) after each update.
        until: points at which it is done.
        guess: after how many steps it is there, as predicted; None if nothing.
    """
    steps = np.array([each[0] for each in seen])
    means = np.array([each[1] for each in seen])
    ax.plot(steps, means, color=COLORS["truth"])
    ax.axhline(until, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(f"{until:g}", (0.995, until - 8), xycoords=("axes fraction", "data"), ha="right", va="top")
    guessed = mark_guess(ax, guess, unit="steps")
    if guess is not None:
        legend_above(ax, columns=1)

    ax.set(ylim=(0, 1.04 * MOST), xlabel="steps of practice, all games together")
    ax.set(ylabel="mean score of the\nlast 20 games, points")
    ax.set_xlim(0, None)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    there = f"It is the first above {until:g}." if means[-1] >= until else "Not there yet."
    return told(
        ax,
        f"Mean score of the last 20 games against steps of practice: {means[-1]:.0f} points after "
        f"{steps[-1]:,} steps. {there}",
        closing=guessed,
    )


@figure(7.6, 3.6)
def million(tried: Mapping[str, Sequence[float]], *, guess: float | None = None, ax: Axes) -> Axes:
    """The best score of each run, a row a way to train and a dot a seed.

    Args:
        tried: way -> best mean score of each seed, in the game's own points.
        guess: the predicted score with a million times the reward; None if nothing.
    """
    said = []
    for row, (way, best) in enumerate(tried.items()):
        best = finite("best", best)
        solved = best >= SOLVED
        spread = 0.13 * (np.arange(len(best)) - (len(best) - 1) / 2)
        ax.plot(np.minimum(best, MOST), row + spread, "o", color=COLORS["truth"], ms=8, alpha=0.7, mew=0)
        ax.annotate(f"{solved.sum()} of {len(best)}", (1.05 * MOST, row), va="center")
        listed = ", ".join(f"{each:.0f}" for each in best)
        said.append(f"{' '.join(way.split())}: {listed} points, {solved.sum()} of {len(best)} solved")

    ax.axvline(SOLVED, color=COLORS["truth"], ls="--", lw=1.2)
    named_rows(ax, list(tried))
    guessed = mark_guess(ax, guess, unit="points")
    if guess is not None:
        legend_above(ax, columns=1)
    ax.annotate("solved", (1.05 * MOST, -0.62), va="center", annotation_clip=False)
    ax.set(xlim=(0, 1.17 * MOST), xlabel="best mean of 20 games, in the game's own points")
    ax.set_xticks(range(0, MOST + 1, 100))
    return told(ax, "Best mean score of each run, a dot a seed.", said, closing=guessed)


def film(played: Mapping[str, ArrayLike], *, every: int = 2) -> Film:
    """Carts and poles side by side, at their true speed: 50 steps a second.

    Args:
        played: name -> observations of consecutive steps, shape [T, 4]: place, speed, angle, its speed.
        every: how many steps later the next picture is.
    """
    played = {name: finite(name, states) for name, states in played.items()}
    length = min(map(len, played.values()))
    wide = 380
    high = 200

    frames = []
    for t in range(0, length, every):
        frame = Image.new("RGB", (wide * len(played), high), "white")
        for nth, (name, states) in enumerate(played.items()):
            _cart(ImageDraw.Draw(frame), states, t, left=nth * wide, wide=wide, name=name)
        frames.append(frame.quantize(16))

    said = "; ".join(f"{name}: {counted(_falls(states[:length]), 'fall')}" for name, states in played.items())
    seconds = counted(length / 50, "second")
    alt = f"Moving picture of {counted(length, 'step')}, {seconds} of carts that balance a pole. {said}."
    return Film.of(frames, alt, pause=20 * every, width=wide * len(played))


def _falls(states: Array) -> int:
    """How many episodes ended here: the state where one ends is beyond 12 degrees or 2.4 from the middle."""
    return int(((np.abs(states[:, 2]) > np.radians(12)) | (np.abs(states[:, 0]) > 2.4)).sum())


def _cart(pen: ImageDraw.ImageDraw, states: Array, t: int, *, left: int, wide: int, name: str) -> None:
    place, _, angle, _ = states[t]
    scale = (wide / 2 - 30) / 2.4  # pixels of a unit of length
    middle = left + wide / 2 + place * scale
    ground = 165

    pen.line((left + 12, ground + 16, left + wide - 12, ground + 16), fill=COLORS["random"], width=2)
    for end in (-2.4, 2.4):
        at = left + wide / 2 + end * scale
        pen.line((at, ground + 6, at, ground + 26), fill=COLORS["random"], width=2)

    pen.rectangle((middle - 24, ground - 13, middle + 24, ground + 13), fill=COLORS["truth"])
    top = (middle + 110 * np.sin(angle), ground - 13 - 110 * np.cos(angle))
    pen.line((middle, ground - 13, *top), fill=COLORS["random"], width=8)
    pen.text((left + 12, 8), f"{name}, step {t}", fill=COLORS["truth"], font_size=15)

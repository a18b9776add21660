"""The figures of lesson 5: shares, gradients that die, and estimators judged side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array, finite, same_shape
from course.arrays import number as one_number
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import counted, number

LAST_GAP = 103.97  # in logits: exp(-gap) rounds to 0 in float32 beyond it
TOKENS = 5  # to choose from
SHARED = {"whole score": "reward", "equal shares": "return"}
MARKS = {"whole score": "o", "equal shares": "s"}
STYLES = ("-", "--", ":")
GUESS = {"color": COLORS["truth"], "ms": 10, "mfc": "white", "mew": 2, "ls": "", "zorder": 4}


def big(x: float) -> str:
    """A large number in words: 20 million, 10 billion."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(x) >= size and abs(x) < 1e15:
            return f"{x / size:,.3g} {word}"
    return number(x)


@figure(7.6, 3.6)
def shares(scores: ArrayLike, shares: ArrayLike, *, guess: float | None = None, ax: Axes) -> Axes:
    """Scores of episodes, the shortest first, and the share that each of its steps gets.

    Args:
        scores: of each episode, in points, shape [n]; here a score is a length, too.
        shares: of one step of it, in points, shape [n].
        guess: how many times as large the share of the longest episode was predicted to be; None if
            nothing.
    """
    scores = finite("scores", scores)
    shares = finite("shares", shares)
    same_shape(scores=scores, shares=shares)
    order = np.argsort(scores)
    places = np.arange(1, len(scores) + 1)

    ax.plot(places, scores[order], "o", color=COLORS["reward"], ms=8, label="score of the episode")
    ax.plot(places, shares[order], "s", color=COLORS["return"], ms=7, label="share of each of its steps")
    said = ""
    if guess is not None:
        guess = one_number("guess", guess, above=0)
        ax.plot(places[-1], guess * shares[order][0], "D", label="your guess", **GUESS)
        said = f"You guessed {number(guess)} times."

    ax.set(yscale="log", xlabel="episodes of random play, the shortest first", ylabel="points (log axis)")
    ticks = [1, 2, 5, 10, 20, 50, 100]
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xticks([1, len(scores)])
    legend_above(ax, columns=3)
    ratio = shares[order][-1] / shares[order][0]
    return told(
        ax,
        f"{counted(len(scores), 'episode')} with scores from {number(scores.min())} to "
        f"{number(scores.max())}. Shares from {number(shares.min())} to {counted(shares.max(), 'point')}: in "
        f"the longest episode {number(ratio)} times as large as in the shortest.",
        closing=said,
    )


@figure(7.6, 3.8)
def trace(
    lengths: Mapping[str, ArrayLike],
    *,
    jackpot: int,
    change: int,
    guess: float | None = None,
    ax: Axes,
) -> Axes:
    """The gradient's length at each update, on a log axis with a shelf below it for exactly 0.

    Args:
        lengths: name of the run -> length at each update, shape [updates]; all above 0, or exactly 0.
        jackpot: the update that gets it, counted from 1.
        change: the first update under the judge's new taste.
        guess: the update that was predicted to be the last one that changes anything; None if nothing.
    """
    runs = {name: finite(name, each) for name, each in lengths.items()}
    shelf = 10 ** (np.log10(min(each[each > 0].min() for each in runs.values())) - 2.5)
    words = [_draw_run(ax, name, each, shelf, i, jackpot) for i, (name, each) in enumerate(runs.items())]

    ax.axvline(change - 0.5, color=COLORS["truth"], ls=":", lw=1.4)
    ax.text(change, 1e8, "the judge\nchanges its mind", va="center", fontsize=10.5)
    ax.text(jackpot + 0.8, 1e9, "jackpot", va="center", fontsize=10.5)
    said = mark_guess(ax, guess)

    ax.set(yscale="log", ylim=(shelf / 6, None), xlabel="update", ylabel="length of the gradient\n(points)")
    above = 10 ** np.arange(0, 11, 2.0)
    ax.set_yticks([shelf, *above], ["exactly 0", *(f"$10^{{{round(np.log10(x))}}}$" for x in above)])
    ax.minorticks_off()
    legend_above(ax, columns=2, at=0.4)
    return told(ax, "Length of the gradient at each update, on a logarithmic axis.", words, said)


@figure(7.6, 3.8)
def one_update(length: float, score: float, rate: float, *, ax: Axes) -> Axes:
    """What one update does: the gap it opens between two logits, and what is left of the choice.

    Args:
        length: tokens of the answer; rounded.
        score: of the whole answer, in points.
        rate: the learning rate.
    """
    length = round(length)
    gaps = np.logspace(-10, 10, 500)
    ax.plot(gaps, _chance_of_another(gaps), color=COLORS["random"], lw=2.5)
    ax.axvspan(LAST_GAP, 1e10, fc="white", ec=COLORS["random"], hatch="///", lw=0)
    ax.text(1e6, 0.6, "dead: exactly 0", ha="center", backgroundcolor="white")

    words = []
    for name, weight in (("whole score", score), ("equal shares", score / length)):
        gap = rate * weight
        fate = "dead" if _chance_of_another(np.float32(gap)) == 0 else "alive"
        long = big(weight * np.sqrt(length * (1 - 1 / TOKENS)))
        label = f"{name}: {fate}\ngradient {long} long"
        ax.plot([gap], [_chance_of_another(gap)], MARKS[name], ms=12, color=COLORS[SHARED[name]], label=label)
        words.append(f"{name}: {fate}, gradient {long} long; one update opens a gap of {big(gap)}")

    ax.set(xscale="log", xlim=(1e-10, 1e10), ylim=(-0.06, 0.9), ylabel="chance of another token\nafter it")
    ax.set_xticks(10.0 ** np.arange(-9, 10, 3), [f"$10^{{{k}}}$" for k in range(-9, 10, 3)])
    ax.minorticks_off()  # a slider waits for this figure
    ax.set_xlabel("gap that one update opens = learning rate × weight (logits, log axis)")
    legend_above(ax, columns=2, at=0.45)
    return told(ax, ". ".join(words) + f". Beyond a gap of {LAST_GAP:.0f} a probability is exactly 0.")


@figure(7.6, 3.6)
def clipped(cosines: Mapping[int, ArrayLike], limits: ArrayLike, *, batches: int, ax: Axes) -> Axes:
    """Where the mean of clipped gradients points, against the length they are clipped to.

    Args:
        cosines: batch size -> cosine with the exact gradient, shape [n]; at most three.
        limits: longest length allowed, in points, shape [n].
        batches: how many batches each point is the mean of.
    """
    limits = finite("limits", limits)
    ax.axhspan(-1.1, 0, fc="white", ec=COLORS["random"], alpha=0.5, hatch="///", lw=0)
    ax.text(limits[0], -0.5, "towards the\nwrong tokens", va="center", backgroundcolor="white")

    words = []
    for (size, each), style in zip(cosines.items(), reversed(STYLES[: len(cosines)]), strict=True):
        each = finite("cosines", each)
        ax.plot(limits, each, style, color=COLORS["truth"], label=f"batches of {size}")
        ends = f"{each[0]:+.2f} at {number(limits[0])}, {each[-1]:+.2f} at {number(limits[-1])}"
        words.append(f"batches of {size}: {ends}")

    ax.set(xscale="log", ylim=(-1.1, 1.1), xlabel="clipped to a length of (points, log axis)")
    ax.set_ylabel("cosine of the mean\nwith the exact gradient")
    legend_above(ax, columns=3)
    opening = (
        f"Cosine between the mean of {batches:,} clipped gradients and the exact gradient, by the length "
        "they are clipped to."
    )
    return told(ax, opening, words)


@figure(7.6, 3.2)
def judged(rows: Sequence[Estimate], *, ax: Axes) -> Axes:
    """Estimators by signal-to-noise, a row each, with variance and direction written beside the dot.

    Args:
        rows: to compare, by their own names.
    """
    places = named_rows(ax, [row.estimator for row in rows])
    top = max(row.snr for row in rows)
    words = []
    for row, place in zip(rows, places, strict=True):
        color = COLORS["return" if "shares" in row.estimator else "reward"]
        cosine = "no direction" if np.isnan(row.cosine) else f"cosine {row.cosine:.3f}"
        beside = f"variance {number(row.variance)}, {cosine}"
        ax.plot([row.snr], [place], "o", ms=11, color=color)
        ax.annotate(beside, (row.snr, place), xytext=(12, 0), textcoords="offset points", va="center")
        words.append(f"{row.estimator}: signal-to-noise {row.snr:.4f}, {beside}")

    ax.set(xlim=(-0.05 * top, 1.9 * top), xlabel="signal-to-noise of one episode's gradient")
    return told(ax, "Estimators by signal-to-noise.", words)


@figure(7.6, 3.8)
def distance(rows: Sequence[Estimate], batch: float, *, truth: float, ax: Axes) -> Axes:
    """How far a batch's estimate lies from the exact gradient, against the size of the batch.

    Args:
        rows: estimators to compare; at most three.
        batch: the size to point at, in episodes.
        truth: length of the exact gradient.
    """
    sizes = np.unique(np.logspace(0, 5, 60).round())
    batch = round(batch)
    words = []
    for row, style in zip(rows, reversed(STYLES[: len(rows)]), strict=True):
        color = COLORS["return" if "shares" in row.estimator else "reward"]
        here = _off(row, [batch])[0] / truth
        label = f"{row.estimator}: {number(here)}"
        ax.plot(sizes, _off(row, sizes) / truth, style, color=color, label=label)
        ax.plot([batch], [here], "o", ms=9, color=color)
        words.append(f"{row.estimator} {number(here)}")

    ax.axvline(batch, color=COLORS["truth"], lw=1, alpha=0.5)
    ax.set(xscale="log", yscale="log", xlabel="episodes in the batch", ylim=(0.01, 20))
    ax.minorticks_off()
    ax.set_ylabel("distance from the exact gradient\n(in lengths of it)")
    ax.legend(loc="upper right", title=f"with {counted(batch, 'episode')}", fontsize=10.5)
    return told(
        ax,
        "Root mean square distance from the exact gradient with "
        f"{counted(batch, 'episode')} in a batch, in lengths of that gradient: {', '.join(words)}.",
    )


def _draw_run(ax: Axes, name: str, each: Array, shelf: float, turn: int, jackpot: int) -> str:
    """One run of `trace`: a line while it lives, crosses on the shelf afterwards; what is said of it."""
    updates = np.arange(1, len(each) + 1)
    alive = each > 0
    color = COLORS[SHARED.get(name, "random")]
    style = {"lw": 1.4, "ms": 4} if name in SHARED else {"lw": 6, "alpha": 0.5, "zorder": 1}
    ax.plot(updates[alive], each[alive], marker=MARKS.get(name), color=color, label=name, **style)
    if alive.all():
        return f"{name}: never 0, between {number(each.min())} and {number(each.max())}"

    # Two dead runs lie on one shelf: they take turns, so that both are seen.
    dead = updates[~alive]
    ax.plot(dead[turn % 2 :: 2], np.full(len(dead), shelf)[turn % 2 :: 2], "x", ms=6, color=color)
    return (
        f"{name}: {number(each[0])} at first, {big(each[jackpot - 1])} at update {jackpot}, "
        f"exactly 0 in all {len(dead)} updates from number {dead[0]} on"
    )


def _chance_of_another(gap: ArrayLike) -> Array:
    """Of all tokens but the one that was written, which is a gap ahead; in the precision of `gap`."""
    behind = np.exp(-gap)
    return (TOKENS - 1) * behind / (1 + (TOKENS - 1) * behind)


def _off(row: Estimate, sizes: ArrayLike) -> Array:
    return np.sqrt([row.error(int(size)) for size in sizes])

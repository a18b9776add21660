"""The figures of lesson 3: what one batch shows, and what thousands do."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape
from course.arrays import number as one_number
from course.plots.drawing import COLORS, figure
from course.plots.parts import mark_guess, told
from course.plots.words import counted, number

PROMISED = 95  # percent of the intervals that should hold the truth


@figure(7.6, 3.2)
def batch(rewards: ArrayLike, *, truth: float, guess: float | None = None, ax: Axes) -> Axes:
    """One batch of answers: a dot each, stacked where they earned the same; its mean and the exact mean.

    Args:
        rewards: points, shape [n].
        truth: the exact mean, in points.
        guess: what the learner predicted for the mean of the batch, in points; None if nothing.
    """
    rewards = finite("rewards", rewards)
    values, counts = np.unique(rewards, return_counts=True)
    heights = np.concatenate([np.arange(count) for count in counts]) + 0.5
    label = f"one answer ({len(rewards)} of them)"
    ax.plot(np.repeat(values, counts), heights, "o", color=COLORS["reward"], ms=8, label=label)

    mean = rewards.mean()
    ax.axvline(mean, color=COLORS["return"], lw=4, label=f"their mean, {number(mean)}")
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    said = mark_guess(ax, guess, unit="points")
    if values[-1] < 100:
        ax.text(100, 0.5, "no jackpot", ha="center", va="center", color=COLORS["truth"], style="italic")

    ax.set_xscale("symlog", linthresh=5)
    ticks = [0, 1, 2, 3, 4, 5, 10, 30, 100]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set(xlim=(-0.4, 180), ylim=(0, counts.max() + 1), xlabel="points (logarithmic above 5)")
    ax.set_ylabel("answers")
    ax.legend(loc="center right")
    return told(
        ax,
        f"A batch of {counted(len(rewards), 'answer')}, from {number(values[0])} to {number(values[-1])} "
        f"points. Its mean is {number(mean)}; the exact mean is {number(truth)}.",
        closing=said,
    )


@figure(7.6, 3.6)
def batch_means(means: ArrayLike, *, size: int, truth: float, near: int, ax: Axes) -> Axes:
    """How the means of many batches are spread, beside the exact mean.

    Args:
        means: mean of each batch, in points, shape [batches].
        size: answers in a batch.
        truth: the exact mean, in points.
        near: how many of the means are within a point of it.
    """
    means = finite("means", means)
    bins = np.arange(0, 24.01, 0.5)
    share = np.histogram(means, bins)[0] / len(means)
    label = f"{len(means):,} batches of {size}"
    ax.stairs(share, bins, fill=True, color=COLORS["reward"], label=label)
    average = means.mean()
    ax.axvline(average, color=COLORS["return"], lw=5, label=f"mean of all batches, {average:.2f}")
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    ax.axvspan(
        truth - 1, truth + 1, color=COLORS["random"], alpha=0.25, lw=0, label=f"within 1 point: {near:,}"
    )

    ax.set(xlim=(0, 24), xlabel="mean of a batch, points", ylabel="share of the batches")
    ax.set_xticks(np.arange(0, 25, 4))
    ax.legend(loc="upper right")
    return told(
        ax,
        f"Means of {len(means):,} batches of {size} answers. Together they average {average:.2f} points; the "
        f"exact mean is {number(truth)}. Single ones: half lie below {number(float(np.median(means)))}, and "
        f"{near:,} are within 1 point of the exact mean.",
    )


@figure(9.0, 4.2, panels="AB", grid={"width_ratios": [5, 1]})
def intervals(
    means: ArrayLike,
    half_widths: ArrayLike,
    *,
    size: int,
    truth: float,
    held: float,
    guess: float | None = None,
    shown: int = 40,
    axes: Mapping[str, Axes],
) -> Axes:
    """What single batches claim, as intervals, and how many of the claims hold the exact mean.

    Args:
        means: of each batch, in points, shape [batches].
        half_widths: each interval is its mean plus or minus this, in points, shape [batches].
        size: answers in a batch.
        truth: the exact mean, in points.
        held: the share of all intervals that hold it, in percent.
        guess: the share that the learner predicted, in percent; None if none.
        shown: how many of the intervals are drawn.
    """
    means = finite("means", means)
    half_widths = finite("half_widths", half_widths)
    same_shape(means=means, half_widths=half_widths)
    holds = np.abs(means - truth) <= half_widths

    ax = axes["A"]
    looks = (
        (True, {"fmt": "o", "color": COLORS["random"], "label": "holds the exact mean"}),
        (False, {"fmt": "x", "color": COLORS["truth"], "label": "misses it"}),
    )
    for good, look in looks:
        rows = np.flatnonzero(holds[:shown] == good)
        if len(rows):
            ax.errorbar(means[rows], rows, xerr=half_widths[rows], ms=5, elinewidth=2, **look)
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    ax.set(xlim=(-6, 30), ylim=(-1, shown), xlabel="points", ylabel=f"{shown} batches of {size}")
    ax.set_yticks([])
    ax.legend(loc="lower right")

    said = _share_that_holds(axes["B"], held, len(means), guess)
    return told(
        ax,
        f"Intervals of {len(means):,} batches of {size} answers, {shown} of them drawn. {held:.1f} % of all "
        f"hold the exact mean, {number(truth)} points; {PROMISED} % were promised. The narrowest reaches "
        f"{number(half_widths.min())} to either side, the widest {number(half_widths.max())}.",
        closing=said,
    )


@figure(7.6, 3.8)
def one_more_digit(
    sizes: ArrayLike,
    errors: ArrayLike,
    claims: ArrayLike,
    *,
    spread: float,
    guess: float | None = None,
    ax: Axes,
) -> Axes:
    """The error of a batch's mean against the size of the batch, both on logarithmic axes.

    Args:
        sizes: answers in a batch, shape [k].
        errors: how far the means really were from the exact mean (root mean square), shape [k].
        claims: what the batch in the middle says of itself, shape [k].
        spread: exact standard deviation of one answer, in points.
        guess: how many times as many answers the learner gave for a tenth of the first error; None if none.
    """
    sizes = finite("sizes", sizes)
    errors = finite("errors", errors)
    claims = finite("claims", claims)
    same_shape(sizes=sizes, errors=errors, claims=claims)

    label = f"{number(spread)} / $\\sqrt{{n}}$"
    ax.plot(sizes, spread / np.sqrt(sizes), color=COLORS["reward"], lw=6, alpha=0.4, label=label)
    ax.plot(sizes, errors, "o", color=COLORS["truth"], ms=9, label="real error, measured")
    look = {"color": COLORS["truth"], "ms": 9, "mfc": "white", "lw": 1.5}
    ax.plot(sizes, claims, "v--", label="claimed by the median batch", **look)
    first = spread / np.sqrt(sizes[0])
    ax.axhline(first / 10, color=COLORS["truth"], lw=1, ls="-.", label=f"a tenth of {number(first)}")
    said = ""
    if guess is not None:
        guess = one_number("guess", guess, above=0)
        look = {"color": COLORS["truth"], "ms": 11, "mfc": "white", "mew": 2, "ls": "", "zorder": 4}
        label = f"your guess: {number(guess)} times"
        ax.plot(sizes[0] * guess, first / 10, "D", label=label, **look)
        said = f"You guessed {number(guess)} times the answers for a tenth of the error."

    ax.set(xscale="log", yscale="log", xlabel="answers in a batch, n", ylabel="error of the mean, points")
    for axis, ticks in ((ax.xaxis, sizes), (ax.yaxis, [0.1, 0.2, 0.5, 1, 2, 5])):
        axis.set_ticks(ticks, [f"{tick:,g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0.08, 6)
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))

    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    listed = "; ".join(f"{n:,.0f}: {number(e)}" for n, e in zip(sizes, errors, strict=True))
    return told(
        ax,
        f"Error of a batch's mean in points, by batch size: {listed}. The slope on logarithmic axes is "
        f"{slope:.2f}: 100 times the batch leaves {100 * 100**slope:.0f} % of the error. The median batch of "
        f"{sizes[0]:.0f} claims {number(claims[0])}.",
        closing=said,
    )


def _share_that_holds(ax: Axes, held: float, batches: int, guess: float | None) -> str:
    """A bar up to the share of the intervals that hold, what was promised, and the guess."""
    ax.bar(0, held, 0.9, color=COLORS["random"])
    ax.text(0, held - 2, f"{held:.1f} %", ha="center", va="top", fontweight="bold")
    ax.axhline(PROMISED, color=COLORS["truth"], lw=1.5, ls="--")
    ax.text(0, PROMISED + 1, "promised", ha="center", va="bottom", fontsize=10)
    said = mark_guess(ax, guess, along="y", unit="%")
    if said:
        ax.text(0, guess, "your guess", ha="center", va="bottom", fontsize=10)

    ax.set(ylim=(0, 105), xlim=(-0.6, 0.6), xticks=[], ylabel=f"% of {batches:,} that hold")
    ax.yaxis.tick_right()
    ax.yaxis.set_label_position("right")
    ax.spines["right"].set_visible(True)
    ax.spines["left"].set_visible(False)
    return said

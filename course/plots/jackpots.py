"""The figures of lesson 3: what one batch shows, and what thousands do."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape
from course.plots.drawing import COLORS, figure
from course.plots.parts import told
from course.plots.words import counted, number


@figure(7.6, 3.0)
def batch(rewards: ArrayLike, *, truth: float, ax: Axes) -> Axes:
    """One batch of answers: a dot each, stacked where they earned the same; its mean and the exact mean.

    Args:
        rewards: points, shape [n].
        truth: the exact mean, in points.
    """
    rewards = finite("rewards", rewards)
    values, counts = np.unique(rewards, return_counts=True)
    heights = np.concatenate([np.arange(count) for count in counts]) + 0.5
    label = f"one answer ({len(rewards)} of them)"
    ax.plot(np.repeat(values, counts), heights, "o", color=COLORS["reward"], ms=8, label=label)
    mean = rewards.mean()
    ax.axvline(mean, color=COLORS["advantage"], label=f"their mean, {number(mean)}")
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    ax.set_xscale("symlog", linthresh=5)
    ticks = [0, 1, 2, 3, 4, 5, 10, 30, 100]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set(xlim=(-0.4, 140), ylim=(0, counts.max() + 1), xlabel="points (logarithmic above 5)")
    ax.set_ylabel("answers")
    ax.legend(loc="center right")
    return told(
        ax,
        f"A batch of {counted(len(rewards), 'answer')}, from {number(values[0])} to {number(values[-1])} "
        f"points. Its mean is {number(mean)}; the exact mean is {number(truth)}.",
    )


@figure(7.6, 3.6)
def batch_means(means: ArrayLike, *, size: int, truth: float, ax: Axes) -> Axes:
    """How the means of many batches are spread, beside the exact mean.

    Args:
        means: mean of each batch, in points, shape [batches].
        size: answers in a batch.
        truth: the exact mean, in points.
    """
    means = finite("means", means)
    bins = np.arange(0, 24.01, 0.5)
    share = np.histogram(means, bins)[0] / len(means)
    label = f"{len(means):,} batches of {size}"
    ax.stairs(share, bins, fill=True, color=COLORS["reward"], label=label)
    average = means.mean()
    label = f"mean of all batches, {average:.2f}"
    ax.axvline(average, color=COLORS["advantage"], lw=4, alpha=0.6, label=label)
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    ax.set(xlim=(0, 24), xlabel="mean of a batch, points", ylabel="share of the batches")
    ax.set_xticks(np.arange(0, 25, 4))
    ax.legend(loc="upper right")
    near = int(np.sum(np.abs(means - truth) <= 1))
    return told(
        ax,
        f"Means of {len(means):,} batches of {size} answers. Together they average {average:.2f} points; the "
        f"exact mean is {number(truth)}. Single ones: half lie below {number(float(np.median(means)))}, and "
        f"{near:,} are within 1 point of the exact mean.",
    )


@figure(7.6, 4.2)
def intervals(
    means: ArrayLike, half_widths: ArrayLike, *, size: int, truth: float, shown: int = 40, ax: Axes
) -> Axes:
    """What single batches claim, as intervals, and how many of the claims hold the exact mean.

    Args:
        means: of each batch, in points, shape [batches].
        half_widths: each interval is its mean plus or minus this, in points, shape [batches].
        size: answers in a batch.
        truth: the exact mean, in points.
        shown: how many of the intervals are drawn; all are counted.
    """
    means, half_widths = finite("means", means), finite("half_widths", half_widths)
    same_shape(means=means, half_widths=half_widths)
    holds = np.abs(means - truth) <= half_widths
    for good, colour, label in ((True, "reward", "holds the exact mean"), (False, "advantage", "misses it")):
        rows = np.flatnonzero(holds[:shown] == good)
        if len(rows):
            bars = {"fmt": "o", "ms": 4, "elinewidth": 2, "color": COLORS[colour], "label": label}
            ax.errorbar(means[rows], rows, xerr=half_widths[rows], **bars)
    ax.axvline(truth, color=COLORS["truth"], ls="--", label=f"exact mean, {number(truth)}")
    ax.set(xlim=(-6, 30), ylim=(-1, shown), xlabel="points", ylabel=f"{shown} batches of {size}")
    ax.set_yticks([])
    ax.legend(loc="lower right", title=f"{100 * holds.mean():.1f} % of {len(means):,} hold it")
    return told(
        ax,
        f"Intervals of {len(means):,} batches of {size} answers, {shown} of them drawn. "
        f"{100 * holds.mean():.1f} % hold the exact mean, {number(truth)} points. The narrowest reaches "
        f"{number(half_widths.min())} to either side, the widest {number(half_widths.max())}.",
    )


@figure(7.6, 3.8)
def one_more_digit(
    sizes: ArrayLike, errors: ArrayLike, claims: ArrayLike, *, spread: float, ax: Axes
) -> Axes:
    """The error of a batch's mean against the size of the batch, both on logarithmic axes.

    Args:
        sizes: answers in a batch, shape [k].
        errors: how far the means really were from the exact mean (root mean square), shape [k].
        claims: what the batch in the middle says of itself, shape [k].
        spread: exact standard deviation of one answer, in points.
    """
    sizes, errors, claims = finite("sizes", sizes), finite("errors", errors), finite("claims", claims)
    same_shape(sizes=sizes, errors=errors, claims=claims)
    label = f"{number(spread)} / $\\sqrt{{n}}$"
    ax.plot(sizes, spread / np.sqrt(sizes), color=COLORS["random"], lw=6, alpha=0.5, label=label)
    ax.plot(sizes, errors, "o", color=COLORS["truth"], ms=9, label="real error, measured")
    label = "claimed by the median batch"
    ax.plot(sizes, claims, "v--", color=COLORS["advantage"], ms=9, label=label)
    ax.set(xscale="log", yscale="log", xlabel="answers in a batch, n", ylabel="error of the mean, points")
    for axis, ticks in ((ax.xaxis, sizes), (ax.yaxis, [0.1, 0.2, 0.5, 1, 2, 5])):
        axis.set_ticks(ticks, [f"{tick:,g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(0.08, 6)
    ax.legend(loc="upper right")
    slope = np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    said = "; ".join(f"{n:,.0f}: {number(e)}" for n, e in zip(sizes, errors, strict=True))
    return told(
        ax,
        f"Error of a batch's mean in points, by batch size: {said}. The slope on logarithmic axes is "
        f"{slope:.2f}: 100 times the batch leaves {100 * 100**slope:.0f} % of the error. The median batch of "
        f"{sizes[0]:.0f} claims {number(claims[0])}.",
    )

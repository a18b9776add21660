"""The figures of lesson 3: what one batch shows, what thousands do, and where each says the target is."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from course.arrays import Array, finite, same_shape
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, told
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


@figure(7.6, 5.0)
def bulls_eye(estimates: ArrayLike, truth: ArrayLike, *, size: int, pick: int = 1, ax: Axes) -> Axes:
    """Where each batch says the gradient is: a dot a batch, the exact gradient as the bull's eye.

    Args:
        estimates: of each batch, in points, shape [batches, 2].
        truth: the exact gradient, shape [2].
        size: answers in a batch.
        pick: the batch that is drawn as an arrow, counted from 1.
    """
    estimates, truth = finite("estimates", estimates), finite("truth", truth)
    wrong, one = _downhill(estimates, truth), estimates[pick - 1]
    length = np.linalg.norm(truth)
    far = np.quantile(np.abs(estimates).max(axis=1), 0.97)
    half = _half_width(max(far, 1.2 * np.abs(truth).max(), np.abs(one).max()))
    edge = 4 * half * np.array([-truth[1], truth[0]]) / length  # the border of "away": through 0
    away = np.array([edge, -edge, -edge - 8 * half * truth / length, edge - 8 * half * truth / length])
    ax.fill(*away.T, color=COLORS["random"], alpha=0.15, lw=0)
    for bad, colour, label in ((False, "reward", "points uphill"), (True, "advantage", "points downhill")):
        at = wrong == bad
        if at.any():
            label = f"{label}: {100 * at.mean():.0f} %"
            ax.plot(*estimates[at].T, "o", color=COLORS[colour], ms=6, alpha=0.45, mew=0, label=label)
    ax.annotate("", one, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 2.2, "color": COLORS["value"]})
    ax.plot([], [], color=COLORS["value"], label=f"batch {pick}")
    ax.plot(*truth, "*", color=COLORS["truth"], ms=15, mec="white", label="exact gradient")
    ax.add_patch(Circle(truth, length, fill=False, lw=1.8, ls="--", ec=COLORS["truth"]))
    ax.plot([], [], color=COLORS["truth"], lw=1.8, ls="--", label="off by its length")
    ticks = half * np.array([-1, -0.5, 0, 0.5, 1])  # few: their labels are what takes time to draw
    ax.set(xlim=(-half, half), ylim=(-half, half), xticks=ticks, yticks=ticks, aspect="equal")
    ax.set(xlabel="slope along θ₁ (first token), points", ylabel="slope along θ₂ (later tokens), points")
    ax.axhline(0, color="black", lw=0.8)
    ax.axvline(0, color="black", lw=0.8)
    title = f"{len(estimates)} batches of {size:,}"
    ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), title=title)
    noise = np.sqrt(((estimates - truth) ** 2).sum(axis=1).mean())
    return told(
        ax,
        f"Gradient estimates of {len(estimates)} batches of {size:,} answers. The exact gradient is "
        f"{_pair(truth)}, {number(length)} long; the estimates miss it by {number(noise)} (r.m.s.). "
        f"{100 * wrong.mean():.0f} % point downhill. Batch {pick} says {_pair(one)}.",
    )


@figure(7.6, 4.0)
def judges(rows: Mapping[str, tuple[float, float, float]], *, size: int, ax: Axes) -> Axes:
    """Ways to pay the same answers: what the rewards' spread says, and what the gradient sees.

    Args:
        rows: way to pay -> standard deviation of the rewards in points, length of the exact gradient,
            and root mean square error of a batch's estimate of it.
        size: answers in a batch.
    """
    table = finite("rows", list(rows.values()))
    table = np.where(table < 1e-9, 0.0, table)
    lowest = 10 ** (np.floor(np.log10(table[table > 0].min())) - 1)  # where a 0 is drawn
    places = np.arange(len(table))[::-1]
    shown = np.where(table > 0, table, lowest)
    ax.hlines(places, shown[:, 1], shown[:, 2], color=COLORS["random"], lw=5, alpha=0.45)
    looks = (
        ("o", "reward", "spread of the rewards"),
        ("*", "truth", "exact gradient, length"),
        ("v", "advantage", f"error of a batch of {size}"),
    )
    for k, (marker, colour, label) in enumerate(looks):
        wide = 15 if marker == "*" else 10
        ax.plot(shown[:, k], places, marker, color=COLORS[colour], ms=wide, ls="", label=label)
    for row in np.flatnonzero((table == 0).any(axis=1)):
        said = "0" if (table[row] == 0).sum() == 1 else "both 0"
        ax.annotate(said, (lowest, places[row]), xytext=(0, 11), textcoords="offset points", ha="center")
    ax.set(xscale="log", xlim=(lowest / 3, table.max() * 4), ylim=(-0.6, len(table) - 0.4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "" if x <= lowest else f"{x:g}"))
    ax.set_yticks(places, list(rows))
    ax.set_xlabel("points (logarithmic; a 0 stands at the left)")
    legend_above(ax, columns=3, at=0.3)
    said = "; ".join(
        f"{' '.join(way.split())}: spread {number(a)}, gradient {number(b)}, error {number(c)}"
        for way, (a, b, c) in zip(rows, table, strict=True)
    )
    return told(
        ax, f"Spread of the rewards, length of the exact gradient and error of a batch of {size}. {said}."
    )


def _downhill(estimates: Array, truth: Array) -> Array:
    """Whether each estimate points away from the truth: by more than a right angle."""
    return estimates @ truth < 0


def _half_width(farthest: float) -> float:
    """Half the width of a square view: one of a few sizes, so that the picture does not jump about."""
    return float(2 ** np.ceil(np.log2(farthest)))


def _pair(vector: Array) -> str:
    return "[" + ", ".join(f"{x:+.2f}" for x in vector) + "]"

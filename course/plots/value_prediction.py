"""The figures of lesson 5: guesses and what they leave over, a critic that learns, what may be subtracted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape, whole
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, legend_above, named_rows, told
from course.plots.words import counted, number
from course.returns import explained_variance


@figure(7.6, 3.8)
def guesses(
    guessed: ArrayLike, groups: ArrayLike, outcomes: ArrayLike, best: ArrayLike, *, shown: bool, ax: Axes
) -> Axes:
    """Outcomes by situation, one guess for each, and the share of the variance that the guesses remove.

    Args:
        guessed: one guess for each situation, in million points, shape [G].
        groups: which situation each outcome belongs to, 0 to G - 1, shape [N].
        outcomes: equally likely prizes, in million points, shape [N].
        best: the guesses that remove most, shape [G].
        shown: whether to draw the best guesses.
    """
    guessed, best, outcomes = finite("guessed", guessed), finite("best", best), finite("outcomes", outcomes)
    same_shape(guessed=guessed, best=best)
    groups = np.asarray(groups)
    same_shape(groups=groups, outcomes=outcomes)
    removed = explained_variance(guessed[groups], outcomes)
    possible = explained_variance(best[groups], outcomes)
    places, counts = np.unique(np.column_stack([groups, outcomes]), axis=0, return_counts=True)
    ax.scatter(*places.T, s=14 * counts, color=COLORS["return"], edgecolor="white", label="what came of it")
    ax.hlines(
        guessed,
        np.arange(len(guessed)) - 0.32,
        np.arange(len(guessed)) + 0.32,
        color=COLORS["value"],
        lw=4,
        label="your guess",
    )
    if shown:
        ax.plot(
            np.arange(len(best)),
            best,
            "D",
            color=COLORS["truth"],
            ms=8,
            mfc="none",
            mew=2,
            label="best guess",
        )
    ax.set_title(f"Variance removed: {removed:.1%}    (the best guesses: {possible:.1%})")
    ax.set(ylim=(-15, 540), ylabel="prize, million points", xlabel="lucky words among the first three")
    ax.set_xticks(np.arange(len(guessed)))
    ax.legend(loc="upper left")
    said = ", ".join(number(guess) for guess in guessed)
    known = f" The best are {', '.join(number(guess) for guess in best)}." if shown else ""
    return told(
        ax,
        f"{len(outcomes)} equally likely tales after three words, by how many are lucky. Guessing {said} "
        f"million points removes {removed:.1%} of the variance of the prizes; the best guesses remove "
        f"{possible:.1%}.{known}",
    )


@figure(7.6, 3.2)
def ceilings(shares: ArrayLike, *, ax: Axes) -> Axes:
    """How much of the prize's variance each moment decides already.

    Args:
        shares: explained variance of the true values at each moment, shape [T].
    """
    shares = finite("shares", shares)
    moments = np.arange(len(shares))
    ax.bar(moments, 100 * shares, 0.62, color=COLORS["value"], label="decided")
    ax.bar(moments, 100 * (1 - shares), 0.62, 100 * shares, color=COLORS["faint"], label="still open")
    for moment, share in zip(moments, 100 * shares, strict=True):
        ax.annotate(f"{share:.1f} %", (moment, max(share, 0) + 2), ha="center")
    ax.set(ylim=(0, 125), xlabel="words written so far", ylabel="% of the prize's variance")
    ax.set_yticks([0, 25, 50, 75, 100])
    ax.legend(loc="upper left", ncols=2)
    said = ", ".join(f"{share:.1%}" for share in shares)
    return told(ax, f"Explained variance of the true values after 0 to {len(shares) - 1} words: {said}.")


@figure(7.6, 3.2)
def loss_curves(losses: Sequence[ArrayLike], floor: float, *, ax: Axes) -> Axes:
    """The critic's loss on each new batch: mean over seeds, and the range that holds 80 % of them.

    Args:
        losses: value loss at each update, in (million points)^2, shape [seeds, U].
        floor: the loss of the true values on average over all tales, same unit.
    """
    losses = finite("losses", losses)
    updates = np.arange(1, losses.shape[1] + 1)
    _, mean, _ = band(
        ax,
        updates,
        losses,
        color=COLORS["value"],
        holds="8 in 10",
        middle="mean",
        label=f"mean of {counted(len(losses), 'seed')}",
        band_label="8 in 10 seeds",
        lw=1.5,
    )
    ax.axhline(floor, color=COLORS["truth"], ls="--", label=f"the true values: {number(floor)}")
    ax.set(ylim=(0, 3.6 * floor), xlabel="batches of 20 tales, each seen once")
    ax.set_ylabel("value loss\n(million points)²")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper right", ncols=3, fontsize=10.5)
    late = losses[:, -len(updates) // 3 :].mean()
    return told(
        ax,
        f"Value loss of {counted(len(losses), 'critic')} over {len(updates)} batches: the mean falls from "
        f"{number(mean[0])} and scatters around the loss of the true values, {number(floor)}; over the last "
        f"third it is {number(late)}.",
    )


@figure(7.6, 3.8)
def learning(
    updates: ArrayLike, new: ArrayLike, own: ArrayLike, rest: ArrayLike, ceiling: float, *, ax: Axes
) -> Axes:
    """Explained variance while critics learn: median and range over seeds, and the ceiling.

    Args:
        updates: number of updates so far, shape [U].
        new: critics that saw new tales, judged on all tales, shape [seeds, U].
        own: critics that saw twenty tales again and again, judged on those, shape [seeds, U].
        rest: the same critics, judged on all tales, shape [seeds, U].
        ceiling: explained variance of the true values on all tales.
    """
    updates = finite("updates", updates)
    words = []
    ax.axhline(ceiling, color=COLORS["truth"], ls="--", label=f"ceiling: {ceiling:.3f}")
    for curve, colour, line, name in (
        (new, "value", "-", "new tales, judged on all"),
        (own, "advantage", "-", "same 20 tales, judged on those"),
        (rest, "advantage", ":", "same 20 tales, judged on all"),
    ):
        curve = finite(name, curve)
        low, median, high = band(ax, updates, curve, color=COLORS[colour], holds="all", label=name, ls=line)
        words.append(f"{name}: median {median[-1]:.3f}, from {low[-1]:.3f} to {high[-1]:.3f}")
    ax.set(ylim=(0, 0.86), xlabel="updates (batches of 20 tales)", ylabel="explained variance")
    ax.legend(loc="upper left", ncols=2, fontsize=10.5)
    return told(
        ax,
        f"Explained variance of {counted(len(curve), 'seed')}, shaded from lowest to highest, and a ceiling "
        f"of {ceiling:.3f}. After {number(updates[-1])} updates,",
        words,
    )


@figure(7.6, 3.6)
def surprises(outcomes: ArrayLike, values: ArrayLike, written: int, *, ax: Axes) -> Axes:
    """What is left of every prize when the critic's guess at one moment is subtracted.

    Args:
        outcomes: equally likely prizes, in million points, shape [N].
        values: V at each moment of each tale, in million points, shape [T, N].
        written: the moment, 0 to T - 1.
    """
    outcomes, values = finite("outcomes", outcomes), finite("values", values)
    guess = values[whole("written", written, low=0)]
    left, before = outcomes - guess, outcomes - outcomes.mean()
    top, edges = np.argmax(outcomes), np.arange(-410, 411, 20)
    for gaps, colour, name in ((before, "random", "prize - mean prize"), (left, "advantage", "prize - V")):
        label = f"{name}: standard deviation {number(gaps.std())}"
        counts = np.histogram(gaps, edges)[0]
        ax.stairs(counts, edges, fill=True, color=COLORS[colour], alpha=0.65, label=label)
    at = (left[top], 1.7 * counts[np.searchsorted(edges, left[top]) - 1])
    ax.plot(*at, "v", color=COLORS["truth"], ms=9)
    ax.annotate(
        f"{number(outcomes[top])} - {number(guess[top])} = {number(left[top])}",
        at,
        xytext=(10 if left[top] < 200 else -10, 9),
        textcoords="offset points",
        ha="left" if left[top] < 200 else "right",
    )
    share = left.var() / outcomes.var()
    ax.set_title(f"Variance left: {share:.1%}")
    ax.set(yscale="log", xlim=(-410, 410), ylim=(1, 4_000), xlabel="million points")
    ax.set_yticks([1, 10, 100], ["1", "10", "100"])
    ax.minorticks_off()
    ax.set_ylabel(f"tales, of {len(outcomes)} (log axis)")
    ax.legend(loc="upper left")
    return told(
        ax,
        f"After {counted(written, 'word')}: prize minus V has a standard deviation of {number(left.std())} "
        f"million points, the prize alone {number(outcomes.std())}; {share:.1%} of the variance is left. Of "
        f"the best tale, {number(outcomes[top])} million, V foretold {number(guess[top])} and left "
        f"{number(left[top])}.",
    )


@figure(7.6, 3.6)
def size_and_signal(plain: Estimate, centred: Estimate, both: Estimate, *, ax: Axes) -> Axes:
    """Where two cures move one tale's gradient: how long it is, and how much of it is signal.

    Args:
        plain: weights in points.
        centred: the same minus V. The typical length is the root of the mean square.
        both: minus V, and in millions.
    """
    words, places = [], []
    rows = {"prize, in points": plain, "prize - V, in points": centred, "prize - V, in millions": both}
    for (name, row), colour in zip(rows.items(), ("return", "advantage", "advantage"), strict=True):
        places.append((np.sqrt(row.variance * (1 + row.snr)), row.snr))
        ax.plot(*places[-1], "o", color=COLORS[colour], ms=12)
        words.append(f"{name}: length {places[-1][0]:,.0f}, signal-to-noise {row.snr:.2f}")
    for place, name, shift in zip(places, rows, ((0, -22), (0, 13), (0, 13)), strict=True):
        ax.annotate(name, place, xytext=shift, textcoords="offset points", ha="center")
    ways = (("subtract V", (-8, 0), "right"), ("divide by a million", (0, -18), "center"))
    for start, end, (cure, shift, side) in zip(places, places[1:], ways, strict=False):
        arrow = {"arrowstyle": "-|>", "lw": 2, "shrinkA": 9, "shrinkB": 9, "color": COLORS["truth"]}
        ax.annotate("", end, start, arrowprops=arrow)
        middle = (np.sqrt(start[0] * end[0]), (start[1] + end[1]) / 2)
        ax.annotate(cure, middle, xytext=shift, textcoords="offset points", ha=side, style="italic")
    ax.set(xscale="log", xlim=(3, 2e10), ylim=(0, 0.95), ylabel="signal-to-noise ratio\nof one tale")
    ax.set_xlabel("typical length of one tale's gradient (log axis)")
    return told(ax, "Typical length and signal-to-noise ratio of one tale's gradient.", words)


@figure(7.6, 4.0)
def baselines(rows: Mapping[str, Estimate], *, ax: Axes) -> Axes:
    """Variance of the gradient with each baseline; the colour says whether its mean is still right.

    Args:
        rows: baseline -> its exact estimate.
    """
    biased = {name: row.relative_bias > 1e-10 for name, row in rows.items()}
    places = dict(zip(rows, named_rows(ax, list(rows)), strict=True))
    words = []
    for wrong, colour, label in (
        (False, "reward", "mean exact, to ten digits"),
        (True, "advantage", "mean wrong"),
    ):
        names = [name for name in rows if biased[name] == wrong]
        at, spread = [places[name] for name in names], [rows[name].variance for name in names]
        ax.barh(at, spread, 0.62, color=COLORS[colour], label=label)
    for name, row in rows.items():
        off = f"mean off by {row.relative_bias:.0%}" if biased[name] else "mean exact"
        text = f"{row.variance:,.2f}" + (f"   ({off})" if biased[name] else "")
        ax.annotate(text, (row.variance * 1.08, places[name]), va="center")
        words.append(f"{name} {row.variance:,.2f}, {off}")
    ax.set(xscale="log", xlim=(5, 5_000), xlabel="variance of one episode's gradient (log axis)")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    legend_above(ax, columns=2, at=0.42)
    return told(ax, "Variance of one episode's gradient with each baseline:", words)


@figure(
    7.6,
    3.8,
    panels="AB",
    grid={
        "left": 0.09,
        "right": 0.98,
        "bottom": 0.15,
        "top": 0.91,
        "width_ratios": [0.56, 0.25],
        "wspace": 0.2,
    },
)
def cloud(
    gradients: ArrayLike,
    probability: ArrayLike,
    spread: Mapping[float, float],
    baseline: float,
    *,
    axes: dict[str, Axes],
) -> Axes:
    """Every episode's own estimate of the gradient as a dot, and the variance against the baseline.

    Args:
        gradients: g of each episode, shape [N, 2].
        probability: of each, shape [N].
        spread: constant baseline in points -> variance.
        baseline: the one that is shown.
    """
    gradients = finite("gradients", gradients)
    probability = finite("probability", probability)
    mean = probability @ gradients
    dots, place = np.unique(gradients.round(6), axis=0, return_inverse=True)
    weight = np.bincount(place.ravel(), probability)

    main, side = axes.values()
    main.scatter(*dots.T, s=18 + 1200 * weight, color=COLORS["advantage"], alpha=0.45, lw=0)
    main.plot(*mean, "+", color=COLORS["truth"], ms=17, mew=2.5)
    label = f"mean: ({mean[0]:.2f}, {mean[1]:.2f})"
    main.annotate(label, (0.03, 0.93), xycoords="axes fraction", bbox={"fc": "white", "ec": "none"})
    main.set(xlim=(-19.5, 19.5), xlabel="gradient for upright states")
    main.set(ylim=(-17, 17), ylabel="gradient for leaning states")

    side.plot(list(spread), list(spread.values()), color=COLORS["truth"])
    side.plot(baseline, spread[baseline], "o", color=COLORS["advantage"], ms=11)
    side.set_title(f"variance: {number(spread[baseline])}", fontweight="normal")
    side.set(xlim=(-1.5, 13.5), ylim=(0, 54), xticks=[0, 4, 8, 12], xlabel="baseline, points")
    return told(
        main,
        f"With {counted(baseline, 'point')} subtracted, one episode's gradient has a variance of "
        f"{number(spread[baseline])}; the mean over all {counted(len(probability), 'episode')} is "
        f"({mean[0]:.3f}, {mean[1]:.3f}).",
    )

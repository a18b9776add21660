"""The figures of lesson 5: guesses and what they leave over, a critic that learns, what may be subtracted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, same_shape, whole
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure, number
from course.returns import explained_variance


@figure(7.6, 3.8)
def guesses(
    guessed: ArrayLike, groups: ArrayLike, outcomes: ArrayLike, best: ArrayLike, *, shown: bool, ax: Axes
) -> str:
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
    return (
        f"{len(outcomes)} equally likely tales after three words, by how many are lucky. Guessing {said} "
        f"million points removes {removed:.1%} of the variance of the prizes; the best guesses remove "
        f"{possible:.1%}.{known}"
    )


@figure(7.6, 3.2)
def ceilings(shares: ArrayLike, *, ax: Axes) -> str:
    """How much of the prize's variance each moment decides already.

    Args:
        shares: explained variance of the true values at each moment, shape [T].
    """
    shares = finite("shares", shares)
    moments = np.arange(len(shares))
    ax.bar(moments, 100 * shares, 0.62, color=COLORS["value"], label="decided")
    ax.bar(moments, 100 * (1 - shares), 0.62, 100 * shares, color="#dddddd", label="still open")
    for moment, share in zip(moments, 100 * shares, strict=True):
        ax.annotate(f"{share:.1f} %", (moment, max(share, 0) + 2), ha="center")
    ax.set(ylim=(0, 125), xlabel="words written so far", ylabel="% of the prize's variance")
    ax.set_yticks([0, 25, 50, 75, 100])
    ax.legend(loc="upper left", ncols=2)
    said = ", ".join(f"{share:.1%}" for share in shares)
    return f"Explained variance of the true values after 0 to {len(shares) - 1} words: {said}."


@figure(7.6, 3.2)
def loss_curves(losses: Sequence[ArrayLike], floor: float, *, ax: Axes) -> str:
    """The critic's loss on each new batch: mean over seeds, and the range that holds 80 % of them.

    Args:
        losses: value loss at each update, in (million points)^2, shape [seeds, U].
        floor: the loss of the true values on average over all tales, same unit.
    """
    losses = finite("losses", losses)
    updates, mean = np.arange(1, losses.shape[1] + 1), losses.mean(axis=0)
    low, high = np.quantile(losses, [0.1, 0.9], axis=0)
    ax.fill_between(updates, low, high, color=COLORS["value"], alpha=0.2, lw=0, label="8 in 10 seeds")
    ax.plot(updates, mean, color=COLORS["value"], lw=1.5, label=f"mean of {len(losses)} seeds")
    ax.axhline(floor, color=COLORS["truth"], ls="--", label=f"the true values: {number(floor)}")
    ax.set(ylim=(0, 3.6 * floor), xlabel="batches of 20 tales, each seen once")
    ax.set_ylabel("value loss\n(million points)²")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="upper right", ncols=3, fontsize=10.5)
    late = losses[:, -len(updates) // 3 :].mean()
    return (
        f"Value loss of {len(losses)} critics over {len(updates)} batches: the mean falls from "
        f"{number(mean[0])} and scatters around the loss of the true values, {number(floor)}; over the last "
        f"third it is {number(late)}."
    )


@figure(7.6, 3.8)
def learning(
    updates: ArrayLike, new: ArrayLike, own: ArrayLike, rest: ArrayLike, ceiling: float, *, ax: Axes
) -> str:
    """Explained variance while critics learn: median and range over seeds, and the ceiling.

    Args:
        updates: number of updates so far, shape [U].
        new: critics that saw new tales, judged on all tales, shape [seeds, U].
        own: critics that saw twenty tales again and again, judged on those, shape [seeds, U].
        rest: the same critics, judged on all tales, shape [seeds, U].
        ceiling: explained variance of the true values on all tales.
    """
    updates, words = finite("updates", updates), []
    ax.axhline(ceiling, color=COLORS["truth"], ls="--", label=f"ceiling: {ceiling:.3f}")
    for curve, colour, line, name in (
        (new, "value", "-", "new tales, judged on all"),
        (own, "advantage", "-", "same 20 tales, judged on those"),
        (rest, "advantage", ":", "same 20 tales, judged on all"),
    ):
        curve = finite(name, curve)
        median, low, high = np.median(curve, axis=0), curve.min(axis=0), curve.max(axis=0)
        ax.fill_between(updates, low, high, color=COLORS[colour], alpha=0.12, lw=0)
        ax.plot(updates, median, line, color=COLORS[colour], label=name)
        words.append(f"{name}: median {median[-1]:.3f}, from {low[-1]:.3f} to {high[-1]:.3f}")
    ax.set(ylim=(0, 0.86), xlabel="updates (batches of 20 tales)", ylabel="explained variance")
    ax.legend(loc="upper left", ncols=2, fontsize=10.5)
    return (
        f"Explained variance of {len(curve)} seeds, shaded from lowest to highest, and a ceiling of "
        f"{ceiling:.3f}. After {number(updates[-1])} updates, " + "; ".join(words) + "."
    )


@figure(7.6, 3.6)
def surprises(outcomes: ArrayLike, values: ArrayLike, written: int, *, ax: Axes) -> str:
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
    return (
        f"After {written} words: prize minus V has a standard deviation of {number(left.std())} million "
        f"points, the prize alone {number(outcomes.std())}; {share:.1%} of the variance is left. Of the "
        f"best tale, {number(outcomes[top])} million, V foretold {number(guess[top])} and left "
        f"{number(left[top])}."
    )


@figure(7.6, 3.6)
def size_and_signal(plain: Estimate, centred: Estimate, both: Estimate, *, ax: Axes) -> str:
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
    return "Typical length and signal-to-noise ratio of one tale's gradient. " + "; ".join(words) + "."


@figure(7.6, 4.0)
def baselines(rows: Mapping[str, Estimate], *, ax: Axes) -> str:
    """Variance of the gradient with each baseline; the colour says whether its mean is still right.

    Args:
        rows: baseline -> its exact estimate.
    """
    biased = {name: row.relative_bias > 1e-10 for name, row in rows.items()}
    places, words = dict(zip(rows, range(len(rows))[::-1], strict=True)), []
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
    ax.set_yticks(list(places.values()), list(places))
    ax.set(xscale="log", xlim=(5, 5_000), xlabel="variance of one episode's gradient (log axis)")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="lower center", bbox_to_anchor=(0.42, 1.0), ncols=2)
    return "Variance of one episode's gradient with each baseline: " + "; ".join(words) + "."


@figure(7.6, 3.8)
def cloud(
    gradients: ArrayLike,
    probability: ArrayLike,
    spread: Mapping[float, float],
    baseline: float,
    *,
    ax: Axes,
) -> str:
    """Every episode's own estimate of the gradient as a dot, and the variance against the baseline.

    Args:
        gradients: g of each episode, shape [N, 2].
        probability: of each, shape [N].
        spread: constant baseline in points -> variance.
        baseline: the one that is shown.
    """
    gradients, probability = finite("gradients", gradients), finite("probability", probability)
    mean = probability @ gradients
    dots, place = np.unique(gradients.round(6), axis=0, return_inverse=True)
    weight = np.bincount(place.ravel(), probability)
    ax.scatter(*dots.T, s=18 + 1200 * weight, color=COLORS["advantage"], alpha=0.45, lw=0)
    ax.plot(*mean, "+", color=COLORS["truth"], ms=17, mew=2.5)
    label = f"mean: ({mean[0]:.2f}, {mean[1]:.2f})"
    ax.annotate(label, (0.03, 0.93), xycoords="axes fraction", bbox={"fc": "white", "ec": "none"})
    ax.set(xlim=(-19.5, 19.5), ylim=(-17, 17))
    ax.set(xlabel="gradient for upright states", ylabel="gradient for leaning states")
    ax.figure.set_layout_engine("none")  # places for two, and a layout costs a third of the redraw
    ax.set_position((0.09, 0.15, 0.56, 0.83))
    side = ax.figure.add_axes((0.73, 0.15, 0.25, 0.75))
    side.plot(list(spread), list(spread.values()), color=COLORS["truth"])
    side.plot(baseline, spread[baseline], "o", color=COLORS["advantage"], ms=11)
    side.set_title(f"variance: {number(spread[baseline])}", fontweight="normal")
    side.set(xlim=(-1.5, 13.5), ylim=(0, 54), xticks=[0, 4, 8, 12], xlabel="baseline, points")
    return (
        f"With {number(baseline)} points subtracted, one episode's gradient has a variance of "
        f"{number(spread[baseline])}; the mean over all {len(probability)} episodes is "
        f"({mean[0]:.3f}, {mean[1]:.3f})."
    )

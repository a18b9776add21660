"""The figures of lesson 8: ladders of looks, a rally, and the price of each lambda."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, number, same_shape
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, legend_above, told
from course.plots.words import counted

QUALITY = {  # how the curve of a critic is drawn: the better the critic, the darker
    "perfect": {"color": COLORS["truth"], "ls": "-", "marker": "o"},
    "perfect, in the walk": {"color": COLORS["truth"], "ls": "--", "marker": "s"},
    "half-trained": {"color": COLORS["value"], "ls": "-", "marker": "D"},
    "untrained": {"color": COLORS["random"], "ls": "-", "marker": "v"},
}


@figure(7.6, 3.6)
def ladder(estimates: ArrayLike, *, lam: float, by_definition: float, step: int, ax: Axes) -> Axes:
    """The n-step estimates of one step's advantage, each as large as its weight in the mix.

    Args:
        estimates: A^(n) for n = 1, 2, ..., in points, shape [n]. At the last n the episode is cut, so it
            also stands for all longer looks.
        lam: each look weighs so many times as much as the one before.
        by_definition: the decaying sum of TD errors, to compare with the mix, in points.
        step: of the episode.
    """
    estimates = finite("estimates", estimates)
    looks = np.arange(1, len(estimates) + 1)
    weights = (1 - lam) * lam ** (looks - 1)
    weights[-1] = lam ** (len(looks) - 1)  # its own, and that of all longer looks
    mix = float(weights @ estimates)
    half = int(np.searchsorted(np.cumsum(weights), 0.5 - 1e-12)) + 1
    ax.axhline(0, color="black", lw=1)
    ax.axhline(
        mix, color=COLORS["advantage"], label=f"their mix {mix:+.3f}, by definition {by_definition:+.3f}"
    )
    ax.plot(looks, estimates, "o", mfc="none", mec=COLORS["random"], ms=5)
    ax.scatter(
        looks,
        estimates,
        s=420 * weights / weights.max(),
        color=COLORS["return"],
        alpha=0.75,
        lw=0,
        label="n-step estimate; the area is its weight",
    )

    ax.set(
        xlabel="n, steps looked ahead", ylabel=f"advantage of\nstep {step}, points", xlim=(0, len(looks) + 1)
    )
    ax.set_ylim(estimates.min() - 0.25, estimates.max() + 0.62)
    ax.legend(loc="upper left")

    return told(
        ax,
        f"n-step estimates of the advantage of step {step}, n from 1 to {len(looks)}: {estimates[0]:+.2f} "
        f"points for n = 1, {estimates[-1]:+.2f} for n = {len(looks)}; the largest jump is at "
        f"n = {int(np.abs(np.diff(estimates)).argmax()) + 2}. With lambda {lam:g}, half of the weight is on "
        f"n up to {half}. Their mix is {mix:+.3f}; by definition it is {by_definition:+.3f}.",
    )


@figure(7.6, 4.0)
def rally(
    deltas: ArrayLike,
    advantages: ArrayLike,
    *,
    first: int,
    gamma: float,
    lam: float,
    events: Mapping[int, str],
    guess: int | None = None,
    ax: Axes,
) -> Axes:
    """TD errors as bars, and the advantages made of them as a line.

    Args:
        deltas, advantages: of consecutive steps, in points, shape [T].
        first: number of the first of these steps in its episode.
        gamma, lam: what they were made with.
        events: step -> what happened there.
        guess: the step that the learner predicted; None if nothing.
    """
    deltas = finite("deltas", deltas)
    advantages = finite("advantages", advantages)
    same_shape(deltas=deltas, advantages=advantages)
    at = first + np.arange(len(deltas))
    ax.axhline(0, color="black", lw=1)
    ax.bar(at, deltas, 0.8, color=COLORS["td_error"], label="TD error δ")
    ax.plot(at, advantages, color=COLORS["advantage"], label=f"advantage A (γ {gamma:g}, λ {lam:g})")

    for step, what in events.items():
        ax.axvline(step, color=COLORS["random"], lw=1.2, ls=":", zorder=0)
        ax.annotate(what, (step, 1.5), xytext=(4, 0), textcoords="offset points", va="top")

    ax.set(xlabel="step of the game", ylabel="points", ylim=(-0.95, 2.1), xlim=(at[0] - 1, at[-1] + 1))
    guessed = ""
    if guess is not None:
        guess = number("guess", guess, low=at[0], high=at[-1])
        ax.plot(guess, -0.8, "^", color=COLORS["truth"], ms=9, mfc="none", mew=2)
        ax.annotate("your guess", (guess, -0.8), (9, 0), textcoords="offset points", va="center")
        guessed = f" You guessed step {guess:g}."
    ax.legend(loc="upper left", ncols=2)
    said = ". ".join(
        f"Step {step}, {what.replace(chr(10), ' ')}: TD error {deltas[step - first]:+.2f}, advantage "
        f"{advantages[step - first]:+.2f}, ten steps before {advantages[step - first - 10]:+.2f}"
        for step, what in events.items()
    )

    return told(
        ax,
        f"Steps {at[0]} to {at[-1]} of a game of Pong, gamma {gamma:g}, lambda {lam:g}. {said}. The mean "
        f"distance between TD error and advantage is {np.abs(advantages - deltas).mean():.2f} points."
        + guessed,
    )


@figure(7.6, 4.0)
def error(lams: ArrayLike, rows: Sequence[Sequence[Estimate]], *, batch: int, size: float, ax: Axes) -> Axes:
    """Where the error of a batch's gradient comes from, for every lambda: medians, and a band for the sum.

    Args:
        lams: shape [L].
        rows: one list of L estimates for each critic seed.
        batch: episodes in a batch.
        size: length of the true gradient; errors are shares of its square.
    """
    lams = finite("lams", lams)
    total = np.array([[row.error(batch) for row in seed] for seed in rows]) / size**2
    bias = np.array([[row.bias**2 for row in seed] for seed in rows]) / size**2

    band(ax, lams, total, color=COLORS["truth"], holds="8 in 10", label="error: their sum")
    ax.plot(lams, np.median(bias, axis=0), "--", color=COLORS["truth"], label="bias²")
    noise = np.median(total - bias, axis=0)
    ax.plot(lams, noise, ":", color=COLORS["truth"], lw=2.5, label=f"variance / {batch:,}")

    best = lams[total.argmin(axis=1)]
    spread = np.percentile(best, [25, 50, 75])
    top = 1.12 * np.percentile(total, 90, axis=0).max()
    ax.plot(best, np.full(len(best), 0.03 * top), "|", color=COLORS["advantage"], ms=14, mew=2.5, alpha=0.5)
    ax.plot([], [], "|", color=COLORS["advantage"], ms=12, mew=2.5, label="best λ of each seed")
    ax.set(ylim=(0, top), xlim=(-0.02, 1.02), xlabel="λ")
    ax.set_ylabel("squared error, share of\nthe squared gradient")
    legend_above(ax, columns=4)
    start, *_, end = np.median(total, axis=0)
    of = f", median and 10 to 90 % band of {counted(len(rows), 'critic')}" if len(rows) > 1 else ""
    return told(
        ax,
        f"Squared error of the gradient over lambda, batches of {batch:,}{of}: {start:.2g} at lambda 0, "
        f"{end:.2g} at lambda 1. The best lambda has median {spread[1]:.2f}, quartiles {spread[0]:.2f} and "
        f"{spread[2]:.2f}.",
    )


@figure(7.6, 3.8)
def best_lambda(batches: Sequence[int], best: Mapping[str, ArrayLike], *, ax: Axes) -> Axes:
    """The lambda with the smallest error against the size of the batch, for several critics.

    Args:
        batches: episodes in a batch, shape [B].
        best: critic, one of `QUALITY` -> best lambda of every seed, shape [seeds, B].
    """
    words = []
    for name, values in best.items():
        values = finite(name, values)
        label = f"{name} ({counted(len(values), 'seed')})" if len(values) > 1 else name
        middle = band(ax, batches, values, holds="half", label=label, **QUALITY[name]).middle
        words.append(f"{name}: " + ", ".join(f"{value:.2f}" for value in middle))
    ax.set(xscale="log", xlabel="episodes in a batch (log axis)", ylabel="best λ, median\nand quartiles")
    ax.set(ylim=(-0.05, 1.05))
    ax.set_xticks(batches, [f"{batch:,}" for batch in batches])
    ax.minorticks_off()
    legend_above(ax, columns=2)
    listed = ", ".join(f"{batch:,}" for batch in batches)
    return told(ax, f"Median best lambda for batches of {listed} episodes.", words)

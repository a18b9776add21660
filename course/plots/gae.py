"""The figures of lesson 7: ladders of looks, a rally, endings gone wrong, and the price of each lambda."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, flags, same_shape
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure
from course.plots.parts import band, legend_above, told
from course.plots.words import counted, number

QUALITY = {"perfect": "value", "half-trained": "human", "untrained": "random"}  # colours of three critics


@figure(7.6, 3.6)
def ladder(
    estimates: ArrayLike, weights: ArrayLike, *, lam: float, by_definition: float, step: int, ax: Axes
) -> Axes:
    """The n-step estimates of one step's advantage, each as large as its weight in the mix.

    Args:
        estimates: A^(n) for n = 1, 2, ..., in points, shape [n].
        weights: of each in the mix, shape [n]; they sum to 1.
        lam: the decay that made the weights.
        by_definition: the decaying sum of TD errors, to compare with the mix, in points.
        step: of the episode.
    """
    estimates, weights = finite("estimates", estimates), finite("weights", weights)
    same_shape(estimates=estimates, weights=weights)
    looks, mix = np.arange(1, len(estimates) + 1), float(weights @ estimates)
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
    ax: Axes,
) -> Axes:
    """TD errors as bars, and the advantages made of them as a line.

    Args:
        deltas, advantages: of consecutive steps, in points, shape [T].
        first: number of the first of these steps in its episode.
        gamma, lam: what they were made with.
        events: step -> what happened there.
    """
    deltas, advantages = finite("deltas", deltas), finite("advantages", advantages)
    same_shape(deltas=deltas, advantages=advantages)
    at = first + np.arange(len(deltas))
    ax.axhline(0, color="black", lw=1)
    ax.bar(at, deltas, 0.8, color=COLORS["td_error"], label="TD error δ")
    ax.plot(at, advantages, color=COLORS["advantage"], label=f"advantage A (γ {gamma:g}, λ {lam:g})")
    for step, what in events.items():
        ax.axvline(step, color=COLORS["random"], lw=1.2, ls=":", zorder=0)
        ax.annotate(what, (step, 1.5), xytext=(4, 0), textcoords="offset points", va="top")
    ax.set(xlabel="step of the game", ylabel="points", ylim=(-0.95, 2.1), xlim=(at[0] - 1, at[-1] + 1))
    ax.legend(loc="upper left", ncols=2)
    said = ". ".join(
        f"Step {step}, {what.replace(chr(10), ' ')}: TD error {deltas[step - first]:+.2f}, advantage "
        f"{advantages[step - first]:+.2f}, ten steps before {advantages[step - first - 10]:+.2f}"
        for step, what in events.items()
    )
    return told(
        ax,
        f"Steps {at[0]} to {at[-1]} of a game of Pong, gamma {gamma:g}, lambda {lam:g}. {said}. The mean "
        f"distance between TD error and advantage is {np.abs(advantages - deltas).mean():.2f} points.",
    )


@figure(7.6, 3.4)
def timings(lengths: Sequence[int], seconds: Mapping[str, Sequence[float]], *, ax: Axes) -> Axes:
    """Time against length, both axes logarithmic.

    Args:
        lengths: steps, shape [n].
        seconds: way of computing -> seconds for each length.
    """
    words = []
    for (name, taken), colour in zip(seconds.items(), ("random", "advantage"), strict=True):
        ax.plot(lengths, 1e3 * np.array(taken), "o-", color=COLORS[colour], label=name)
        words.append(f"{name} {number(1e3 * taken[0])} ms to {number(1e3 * taken[-1])} ms")
    ax.set(xscale="log", yscale="log", xlabel="steps in one episode (log axis)", ylabel="time, ms (log axis)")
    ax.set_xticks(lengths, [f"{length:,}" for length in lengths])
    ax.minorticks_off()
    ax.legend()
    return told(ax, f"Time for {lengths[0]:,} to {lengths[-1]:,} steps:", words)


@figure(7.6, 4.0)
def mistakes(
    advantages: Mapping[str, ArrayLike], states: ArrayLike, chosen: ArrayLike, *, truth: float, ax: Axes
) -> Axes:
    """Mean advantage of one action in each state, for several ways to compute it.

    Args:
        advantages: way -> A_t in points, shape [T, N], of N environments.
        states: where each step started, 0, 1, ..., shape [T, N].
        chosen: true where the action was taken, shape [T, N].
        truth: the exact advantage of the action, the same in every state, in points.
    """
    states, chosen = np.asarray(states), flags("chosen", chosen)
    places = np.unique(states)
    width = 0.8 / len(advantages)
    words = []
    ax.axhline(truth, color=COLORS["truth"], lw=1.5, ls="--", label=f"exact, {truth:+.3f}")
    ax.axhline(0, color="black", lw=1)
    for nth, ((way, given), colour) in enumerate(
        zip(advantages.items(), ("reward", "advantage", "human", "td_error"), strict=False)
    ):
        given = finite(way, given)
        same_shape(given=given, states=states, chosen=chosen)
        here = [chosen & (states == place) for place in places]
        means = np.array([(given * mask).sum(axis=0) / mask.sum(axis=0) for mask in here])  # [places, N]
        error = 1.96 * means.std(axis=1, ddof=1) / means.shape[1] ** 0.5
        at = np.arange(len(places)) + (nth - (len(advantages) - 1) / 2) * width
        ax.bar(at, means.mean(axis=1), width, yerr=error, color=COLORS[colour], label=way)
        listed = ", ".join(f"{mean:+.3f}" for mean in means.mean(axis=1))
        words.append(f"{way}: {listed}; standard deviation of a single advantage {given.std():.2f}")
    ax.set_xticks(np.arange(len(places)), ["ABCDE"[place] for place in places])
    ax.set(xlabel="a step to the right from", ylabel="mean advantage, points", ylim=(-0.15, 0.44))
    ax.legend(loc="upper left", ncols=2)
    return told(
        ax,
        f"Mean advantage of a step to the right in each of {len(places)} places, over {states.shape[1]} "
        f"environments of {len(states):,} steps; exact {truth:+.3f} everywhere. " + ". ".join(words) + ".",
    )


@figure(7.6, 4.0)
def error(lams: ArrayLike, rows: Sequence[Sequence[Estimate]], *, batch: int, size: float, ax: Axes) -> Axes:
    """Where the error of a batch's gradient comes from, for every lambda.

    Args:
        lams: shape [L].
        rows: one list of L estimates for each critic seed.
        batch: episodes in a batch.
        size: length of the true gradient; errors are shares of its square.
    """
    lams = finite("lams", lams)
    total = np.array([[row.error(batch) for row in seed] for seed in rows]) / size**2
    bias = np.array([[row.bias**2 for row in seed] for seed in rows]) / size**2
    parts = (
        ("bias²", bias, "value"),
        (f"variance / {batch:,}", total - bias, "td_error"),
        ("their sum", total, "truth"),
    )
    for name, values, colour in parts:
        band(ax, lams, values, color=COLORS[colour], holds="8 in 10", label=name)
    best = lams[total.argmin(axis=1)]
    spread = np.percentile(best, [25, 50, 75])
    top = 1.12 * np.percentile(total, 90, axis=0).max()
    ax.plot(best, np.full(len(best), 0.03 * top), "|", color=COLORS["advantage"], ms=14, mew=2.5, alpha=0.5)
    ax.plot([], [], "|", color=COLORS["advantage"], ms=12, mew=2.5, label="best λ of each seed")
    ax.set(
        xlabel="λ", ylabel="squared error, share of\nthe squared gradient", ylim=(0, top), xlim=(-0.02, 1.02)
    )
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
    """The lambda with the smallest error against the size of the batch, for critics of several ages.

    Args:
        batches: episodes in a batch, shape [B].
        best: critic -> best lambda of every seed, shape [seeds, B].
    """
    words = []
    for name, values in best.items():
        values = finite(name, values)
        label = f"{name} ({counted(len(values), 'seed')})" if len(values) > 1 else name
        color = COLORS[QUALITY[name]]
        _, middle, _ = band(ax, batches, values, color=color, holds="half", label=label, marker="o")
        words.append(f"{name}: " + ", ".join(f"{value:.2f}" for value in middle))
    ax.set(xscale="log", xlabel="episodes in a batch (log axis)", ylabel="best λ, median\nand quartiles")
    ax.set(ylim=(-0.05, 1.05))
    ax.set_xticks(batches, [f"{batch:,}" for batch in batches])
    ax.minorticks_off()
    legend_above(ax, columns=3)
    listed = ", ".join(f"{batch:,}" for batch in batches)
    return told(ax, f"Median best lambda for batches of {listed} episodes.", words)


@figure(7.6, 3.8)
def favourites(picked: Mapping[str, Sequence[tuple[float, float]]], *, ax: Axes) -> Axes:
    """The lambda with the best signal-to-noise ratio, and where its mean estimate points.

    Marks stand a little aside of their lambda, so that none hides another.

    Args:
        picked: group of critics -> (lambda, cosine with the true gradient) of each seed.
    """
    words = []
    ax.axhspan(-1.15, 0, color=COLORS["advantage"], alpha=0.1, lw=0)
    ax.axhline(0, color="black", lw=1)
    for (name, pairs), colour, mark in zip(picked.items(), ("human", "random"), "os", strict=False):
        lams, cosines = np.array(pairs).T
        label = f"{name}, {counted(len(pairs), 'seed')}"
        aside = 0.07 * (np.arange(len(lams)) / len(lams) - 0.5)
        ax.plot(lams + aside, cosines, mark, color=COLORS[colour], ms=9, alpha=0.7, mec="white", label=label)
        words.append(
            f"{name}: lambda 0 has the best ratio for {(lams == 0).sum()} of "
            f"{counted(len(pairs), 'seed')}, and the favourite points away from the truth for "
            f"{(cosines < 0).sum()}"
        )
    ax.text(1.0, -0.55, "points away\nfrom the truth", ha="right", va="center")
    ax.set(xlabel="λ with the best signal-to-noise ratio", ylabel="cosine with the truth")
    ax.set(xlim=(-0.07, 1.07), ylim=(-1.15, 1.15))
    legend_above(ax, columns=2)
    return told(ax, "Choosing lambda by signal-to-noise alone. " + ". ".join(words) + ".")

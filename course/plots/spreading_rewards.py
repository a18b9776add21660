"""The figures of lesson 4: gradients that die, half-cures, and estimators judged side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array, finite
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, told
from course.plots.words import counted, number

LAST_GAP = 103.97  # in logits: exp(-gap) rounds to 0 in float32 beyond it
SHARED = {"whole score": "return", "equal shares": "reward"}


def big(x: float) -> str:
    """A large number in words: 20 million, 10 billion."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if abs(x) >= size and abs(x) < 1e15:
            return f"{x / size:,.3g} {word}"
    return number(x)


@figure(7.6, 3.8)
def trace(norms: Mapping[str, ArrayLike], *, jackpot: int, change: int, ax: Axes) -> Axes:
    """The gradient's norm at each update, on a log axis with a shelf below it for exactly 0.

    Args:
        norms: name of the run -> norm at each update, shape [updates]; all above 0, or exactly 0.
        jackpot: the update that gets it, counted from 1.
        change: the first update under the judge's new taste.
    """
    runs = {name: finite(name, each) for name, each in norms.items()}
    shelf = 10 ** (np.log10(min(each[each > 0].min() for each in runs.values())) - 2.5)
    words = []
    for i, (name, each) in enumerate(runs.items()):
        updates, alive = np.arange(1, len(each) + 1), each > 0
        colour = COLORS[SHARED.get(name, "random")]
        style = {"lw": 1.4, "ms": 4} if name in SHARED else {"lw": 6, "ms": 0, "alpha": 0.5, "zorder": 1}
        ax.plot(updates[alive], each[alive], "o-", color=colour, label=name, **style)
        if alive.all():
            words.append(f"{name}: never 0, between {number(each.min())} and {number(each.max())}")
            continue
        # Two dead runs lie on one shelf: take turns, so that both are seen.
        dead = updates[~alive]
        ax.plot(dead[i % 2 :: 2], np.full(len(dead), shelf)[i % 2 :: 2], "x", ms=6, color=colour)
        words.append(
            f"{name}: {number(each[0])} at first, {big(each[jackpot - 1])} at update {jackpot}, "
            f"exactly 0 in all {len(dead)} updates from number {dead[0]} on"
        )
    ax.axvline(change - 0.5, color="black", ls=":", lw=1.4)
    ax.text(change, 1e8, "the judge\nchanges its mind", va="center", fontsize=10.5)
    ax.text(jackpot + 0.8, 1e9, "jackpot", va="center", fontsize=10.5)
    ax.set(yscale="log", ylim=(shelf / 6, None), xlabel="update", ylabel="norm of the gradient\n(points)")
    above = 10 ** np.arange(0, 11, 2.0)
    ax.set_yticks([shelf, *above], ["exactly 0", *(f"$10^{{{round(np.log10(x))}}}$" for x in above)])
    ax.minorticks_off()
    ax.legend(loc="upper left", fontsize=10.5)
    return told(ax, "Norm of the gradient at each update, on a logarithmic axis.", words)


@figure(7.6, 3.6)
def fate(
    weights: Mapping[str, ArrayLike],
    before: Mapping[str, ArrayLike],
    after: Mapping[str, ArrayLike],
    *,
    rate: float,
    ax: Axes,
) -> Axes:
    """What one update does: the gap it opens between two logits, and what is left of the choice.

    Args:
        weights: name -> weight of each step, all equal, in points, shape [T].
        before: name -> gradient of a uniform policy with these weights, shape [T, tokens].
        after: name -> gradient after one update; a row of zeros is a place that is dead.
        rate: the learning rate.
    """
    gaps, words = np.logspace(-10, 10, 500), []
    ax.plot(gaps, 4 / (4 + np.exp(np.minimum(gaps, 300))), color=COLORS["random"], lw=2.5)
    ax.axvspan(LAST_GAP, 1e10, color=COLORS["advantage"], alpha=0.15)
    ax.text(1e6, 0.9, "dead: exactly 0", ha="center", color=COLORS["advantage"])
    for name, each in weights.items():
        weight, steps = each[0], len(each)
        gap = rate * weight
        paper, found = weight * np.sqrt(0.8 * steps), float(np.linalg.norm(before[name]))
        dead = np.all(np.asarray(after[name]) == 0, axis=1).all()
        says = (
            f"{name}: {'dead' if dead else 'alive'},\nnorm {big(paper)} on paper,\n{big(found)} by autograd"
        )
        ax.plot([gap], [4 / (4 + np.exp(min(gap, 300)))], "o", ms=12, color=COLORS[SHARED[name]], label=says)
        words.append(f"{says.replace(chr(10), ' ')}; one update opens a gap of {big(gap)}")
    ax.set(xscale="log", xlim=(1e-10, 1e10), ylim=(-0.06, 1.0), ylabel="chance of another token\nafter it")
    ax.set_xticks(10.0 ** np.arange(-9, 10, 3), ["10⁻⁹", "10⁻⁶", "0.001", "1", "1,000", "10⁶", "10⁹"])
    ax.minorticks_off()  # a slider waits for this figure
    ax.set_xlabel("gap that one update opens = learning rate × weight (logits, log axis)")
    legend_above(ax, columns=2, at=0.45)
    return told(ax, ". ".join(words) + f". Beyond a gap of {LAST_GAP:.0f} a probability is exactly 0.")


@figure(7.6, 3.8)
def learning(learned: Mapping[str, ArrayLike], *, pay: float, ax: Axes) -> Axes:
    """Mean score of the policy at each update, every seed thin and their mean thick.

    Args:
        learned: way of learning -> probabilities, shape [seeds, updates, places, tokens].
        pay: points for each token 0.
    """
    words = []
    for (name, policies), colour in zip(
        learned.items(), ("random", "human", "return", "reward"), strict=True
    ):
        scores = pay / 1e6 * np.sum(policies[..., 0], axis=-1, dtype=np.float64)
        sure, last = 100 * policies[:, -1].max(axis=-1).mean(), scores[:, -1]
        ax.plot(scores.T, color=COLORS[colour], lw=0.7, alpha=0.6)
        label = f"{name}: {sure:.0f} % sure"
        ax.plot(scores.mean(axis=0), color=COLORS[colour], lw=2.6, label=label)
        words.append(
            f"{name}: {last.mean():,.0f} million at the end ({last.min():,.0f} to {last.max():,.0f}), "
            f"{sure:.0f} % sure of its tokens"
        )
    seeds, _, places, _ = np.shape(policies)
    best = pay * places / 1e6
    ax.axhline(best, color="black", ls=":", lw=1.4)
    ax.set(xlabel="update (20 answers each)", ylim=(0, best * 1.08))
    ax.set_ylabel("mean score of the policy\n(million points)")
    ax.legend(loc="center right", fontsize=10.5, title=f"{seeds} seeds each", bbox_to_anchor=(1, 0.56))
    return told(
        ax, f"Mean score of the policy, {seeds} seeds each, at best {best:,.0f} million. {'; '.join(words)}."
    )


@figure(7.6, 3.6)
def clipped(
    cosines: Mapping[int, ArrayLike], thresholds: ArrayLike, *, batches: int, ax: Axes
) -> Axes:  # fmt: skip
    """Where the mean of clipped gradients points, against the length they are clipped to.

    Args:
        cosines: batch size -> cosine with the true gradient, shape [n].
        thresholds: longest length allowed, in points, shape [n].
        batches: how many batches each point is the mean of.
    """
    thresholds, words = finite("thresholds", thresholds), []
    ax.axhspan(-1.1, 0, color=COLORS["advantage"], alpha=0.12)
    ax.text(thresholds[0], -0.55, " towards the\n wrong tokens", va="center", color=COLORS["advantage"])
    shades = ("random", "human", "reward")
    for (size, each), colour in zip(cosines.items(), shades, strict=True):
        each = finite("cosines", each)
        ax.plot(thresholds, each, color=COLORS[colour], label=f"batches of {size}")
        words.append(f"batches of {size}: {each[0]:+.2f} at {number(thresholds[0])}, {each[-1]:+.2f} at "
                     f"{number(thresholds[-1])}")  # fmt: skip
    ax.set(xscale="log", ylim=(-1.1, 1.1), xlabel="clipped to a length of (points, log axis)")
    ax.set_ylabel("cosine of the mean\nwith the true gradient")
    ax.legend(loc="center right", fontsize=10.5)
    return told(
        ax,
        f"Cosine between the mean of {batches:,} clipped gradients and the true gradient, by the length "
        "they are clipped to.",
        words,
    )


@figure(7.6, 3.8)
def judged(rows: Sequence[Estimate], *, ax: Axes) -> Axes:
    """Estimators by variance (across) and signal-to-noise (up): the left is quiet, the top is clear.

    Args:
        rows: to compare; those at one place share a label.
    """
    places: dict[tuple[float, float], list[Estimate]] = {}
    for row in rows:
        places.setdefault((round(row.variance, 6), round(row.snr, 9)), []).append(row)
    top, words = max(row.snr for row in rows), []
    for (variance, snr), here in places.items():
        cosine = here[0].cosine
        true = cosine > 1 - 1e-9
        colour = COLORS["reward" if all("shares" in row.estimator for row in here) else "return"]
        text = " =\n".join(row.estimator for row in here)
        text += "\nno direction" if np.isnan(cosine) else f"\ncosine {cosine:.3f}"
        ax.plot([variance], [snr], "o", ms=12, color=colour, mfc=colour if true else "white", mew=2.5)
        # Shares: above the mark. The others have marks above and below; the whole score is the lowest.
        above = {"xytext": (0, 12), "ha": "center", "va": "bottom"}
        low = here[0].estimator == "whole score"
        beside = {"xytext": (12, -6 if low else 6), "ha": "left", "va": "center"}
        place = above if all("shares" in row.estimator for row in here) else beside
        ax.annotate(text, (variance, snr), textcoords="offset points", fontsize=10.5, **place)
        words.append(f"{' = '.join(text.split(' =' + chr(10)))}".replace(chr(10), ", "))
        words[-1] += f", variance {number(variance)}, signal-to-noise {snr:.4f}"
    for face, label in (
        (COLORS["truth"], "points along the true gradient"),
        ("white", "beside it, or nowhere"),
    ):
        ax.plot([], [], "o", ms=9, color=COLORS["truth"], mfc=face, mew=2, label=label)
    ax.set(xscale="log", xlim=(0.5, 200), ylim=(-0.3 * top, 1.45 * top), ylabel="signal-to-noise")
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= 1.2 * top])
    ax.minorticks_off()
    ax.set_xlabel("variance of one episode's gradient (points², log axis)")
    ax.legend(loc="upper left", fontsize=10.5)
    return told(ax, "Estimators by variance and signal-to-noise.", words)


@figure(7.6, 3.8)
def distance(rows: Sequence[Estimate], batch: float, *, truth: float, ax: Axes) -> Axes:
    """How far a batch's estimate lies from the true gradient, against the size of the batch.

    Args:
        rows: estimators to compare.
        batch: the size to point at, in episodes.
        truth: length of the true gradient.
    """
    sizes, words = np.unique(np.logspace(0, 5, 60).round()), []
    batch = round(batch)
    styles = (("return", ":"), ("return", "-"), ("reward", "--"))
    for row, (colour, style) in zip(rows, styles, strict=True):
        off = _off(row, sizes) / truth
        here = _off(row, [batch])[0] / truth
        ax.plot(sizes, off, style, color=COLORS[colour], label=f"{row.estimator}: {number(here)}")
        ax.plot([batch], [here], "o", ms=9, color=COLORS[colour])
        words.append(f"{row.estimator} {number(here)}")
    ax.axvline(batch, color="black", lw=1, alpha=0.5)
    ax.set(xscale="log", yscale="log", xlabel="episodes in the batch", ylim=(0.01, 20))
    ax.minorticks_off()
    ax.set_ylabel("distance from the true gradient\n(in lengths of it)")
    ax.legend(loc="upper right", title=f"with {counted(batch, 'episode')}", fontsize=10.5)
    return told(
        ax,
        "Root mean square distance from the true gradient with "
        f"{counted(batch, 'episode')} in a batch, in lengths of the true gradient: {', '.join(words)}.",
    )


def _off(row: Estimate, sizes: ArrayLike) -> Array:
    return np.sqrt([row.error(int(size)) for size in sizes])

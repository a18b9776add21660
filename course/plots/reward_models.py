"""The figures of lesson 14: what a nat buys, a judge of preferences, how he is fooled, ways compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array, Refusal, finite
from course.language.frontier import best_policy
from course.language.tales import COUNTED, ideal_lucky, prize, rule
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import number
from course.studies.tokens import LanguageRun

MILLION = 1e6
BELIEF = COLORS["human"]  # what a judge learned from somebody's preferences
BLOCK = 5  # updates that a dot of a live run averages
WAYS = {  # how a way to weigh the tokens begins -> its colour, that of the quantity that it is made of
    "whole score": COLORS["reward"],
    "minus the others": COLORS["return"],
    "R - V": COLORS["value"],
    "TD error": COLORS["td_error"],
    "GAE": COLORS["advantage"],
    "groups": COLORS["human"],
}
MARKS = "osD^vP"
MEASURED = {  # of a finished run: what its Exam calls it -> how the axis does, and what it is divided by
    "prize": ("prize, million points", MILLION),
    "nats": ("nats paid", 1.0),
    "share": ("necessary share", 1.0),
    "grammar": ("whole sentences, share", 1.0),
    "sentences": ("sentences an answer", 1.0),
}

Runs = Mapping[str, Mapping[int, LanguageRun]]  # by kind and seed, as the studies give them


@figure(8.4, 4.3)
def frontier(
    nats: ArrayLike,
    prizes: ArrayLike,
    *,
    runs: Runs | None = None,
    best_of: Mapping[int, tuple[float, float]] | None = None,
    guess: float | None = None,
    ax: Axes,
) -> Axes:
    """The largest mean prize over the nats that it costs, exactly, and what policies got for theirs.

    Args:
        nats, prizes: of the cheapest policies, in nats an answer and in points, shape [P].
        runs: finished runs by way and seed; each is a dot.
        best_of: n -> nats and mean prize of the best of n answers.
        guess: what always a jackpot must cost, as predicted, in nats; None if nothing.
    """
    nats = finite("nats", nats)
    millions = finite("prizes", prizes) / MILLION
    furthest = float(nats.max())
    spent = {way: _ends(seeds, "nats") for way, seeds in (runs or {}).items()}
    furthest = max([furthest, *(float(each.max()) for each in spent.values())])

    # Beyond its right end there is no larger prize to be had.
    edge = [np.append(nats, 1.1 * furthest), np.append(millions, millions[-1])]
    corners = [np.append(edge[0], [edge[0][-1], edge[0][0]]), np.append(edge[1], [5.5, 5.5])]
    ax.fill(*corners, color=COLORS["random"], alpha=0.2, lw=0)
    ax.plot(*edge, color=COLORS["truth"], lw=2.5, label="the most that nats can buy")
    words = [f"{each} million cost {np.interp(each, millions, nats):.2f} nats" for each in (1, 2, 3, 4)]
    words.append(f"always a jackpot costs {nats.max():.2f}")

    for n, (cost, won) in (best_of or {}).items():
        ax.plot(cost, won / MILLION, "X", color=COLORS["value"], ms=8, clip_on=False)
        ax.annotate(f"best of {n:,}", (cost, won / MILLION), xytext=(9, -11), textcoords="offset points")
        words.append(f"the best of {n:,} has {won / MILLION:.2f} million for {abs(cost):.2f} nats")
    for nth, (way, paid) in enumerate(spent.items()):
        won = _ends(runs[way], "prize") / MILLION
        look = {"marker": MARKS[nth % len(MARKS)], "ls": "", "color": _colour(way), "mfc": _filled(way)}
        ax.plot(paid, won, ms=6, alpha=0.75, label=way, **look)
        words.append(f"{way}: {won.mean():.2f} million for {paid.mean():.1f} nats, mean of {len(won)} runs")

    said = mark_guess(ax, guess, unit="nats")
    ax.set(xlim=(0, 1.05 * furthest), ylim=(0, 5.5), xlabel="KL from the reference, nats an answer")
    ax.set_ylabel("mean prize, million points")
    ax.legend(loc="lower right")
    return told(ax, "The largest mean prize over the nats that it costs:", words, said)


@figure(8.0, 3.6)
def leash(*, beta: float, ax: Axes) -> Axes:
    """What the best policy writes at a price of `beta` points a nat, beside the reference.

    Args:
        beta: points that a nat of drift costs, above 0.
    """
    reference = ideal_lucky()
    policy = best_policy(beta)
    prizes = prize(np.arange(COUNTED + 1))
    nats = float((policy * np.log(policy / reference)).sum())
    mean = float(policy @ prizes)

    places = np.arange(COUNTED + 1)
    ax.bar(places - 0.2, reference, 0.38, color=COLORS["random"], label="the reference")
    ax.bar(places + 0.2, policy, 0.38, color=COLORS["reward"], label="the best policy at this price")
    ax.set_xticks(places, [f"{n} lucky\n{each / MILLION:.2f}" for n, each in enumerate(prizes)])
    ax.set(ylim=(0, 1), ylabel="share of the answers", xlabel="lucky words, and the prize in million points")
    ax.set_title(f"{mean / MILLION:.2f} million for {nats:.2f} nats")
    ax.legend(loc="upper center")

    return told(
        ax,
        f"At {number(beta)} points a nat the best policy has a mean prize of {mean / MILLION:.2f} million "
        f"and pays {nats:.2f} nats. Its share of answers with 0 to 5 lucky words, and that of the reference:",
        (f"{n}: {new:.3f} and {old:.3f}" for n, (new, old) in enumerate(zip(policy, reference, strict=True))),
    )


@figure(9.0, 4.8, panels="ABC;DEF")
def compared(runs: Runs, *, snr: Mapping[str, Sequence[float]] | None = None, axes: dict[str, Axes]) -> Axes:
    """Ways to weigh the tokens side by side: a dot for each seed, a bar at the median.

    Args:
        runs: finished runs, by way and seed.
        snr: signal to noise of a batch before training, by way, one number for each seed.
    """
    words = []
    panels = list(axes.values())
    for panel, (name, (what, unit)) in zip(panels, MEASURED.items(), strict=False):
        numbers = {way: _ends(seeds, name) / unit for way, seeds in runs.items()}
        words.append(_dots(panel, numbers, what))
    if snr is None:
        panels[-1].set_visible(False)
    else:
        shown = {way: finite(way, snr.get(way, [])) for way in runs}
        words.append(_dots(panels[-1], shown, "signal to noise of a batch"))
    for panel in (panels[1], panels[2], panels[4], panels[5]):
        panel.set_yticklabels([])

    seeds = max(len(each) for each in runs.values())
    return told(panels[0], f"Medians over {seeds} seeds;", words)


@figure(7.6, 3.9)
def believed(answers: ArrayLike, scores: ArrayLike, *, ax: Axes) -> Axes:
    """What a judge believes of answers, over what they are worth.

    Args:
        answers: tokens, shape [B, T].
        scores: of the judge, in his own standard deviations, shape [B].
    """
    prizes = rule(answers)
    scores = finite("scores", scores)
    levels = np.unique(prizes)
    places = np.searchsorted(levels, prizes)
    aside = np.random.default_rng(0).uniform(-0.25, 0.25, size=len(prizes))

    ax.plot(places + aside, scores, ".", color=BELIEF, ms=5, alpha=0.4)
    means = [float(scores[places == level].mean()) for level in range(len(levels))]
    ax.plot(range(len(levels)), means, "_", color=COLORS["truth"], ms=26, mew=2.5)
    names = [f"{level / MILLION:.2f}" if level else "no end:\n0" for level in levels]
    ax.set_xticks(range(len(levels)), names)
    ax.set(xlabel="true prize, million points", ylabel="the judge's score,\nhis standard deviations")
    ax.set_title(f"{len(prizes):,} answers that he has not seen")

    parts = [f"{level / MILLION:.2f} million: {mean:.2f}" for level, mean in zip(levels, means, strict=True)]
    return told(ax, f"Mean score of the judge for {len(prizes):,} new answers, by true prize:", parts)


@figure(8.6, 4.0, panels="AB")
def fooled(
    steps: Sequence[Any],
    *,
    others: Mapping[int, LanguageRun] | None = None,
    guess: float | None = None,
    axes: dict[str, Axes],
) -> Axes:
    """What the judge believes and what is true, over the drift from the reference.

    Args:
        steps: of a run of `learn` against a learned judge; means of five updates are drawn.
        others: runs of other seeds, thin.
        guess: the true mean prize at the end in million points, as predicted; None if nothing.
    """
    left, right = axes.values()
    prizes = np.array([rule(step.answers.tokens).mean() for step in steps])
    beliefs = np.array([step.scores.mean() for step in steps])
    roots = _root(_blocks(np.array([step.nats.mean() for step in steps])))

    for run in (others or {}).values():
        left.plot(_root(run.nats), run.believed, color=BELIEF, lw=0.8, alpha=0.45)
        right.plot(_root(run.nats), run.prize / MILLION, color=COLORS["reward"], lw=0.8, alpha=0.45)
        right.plot(_root(run.nats)[-1], run.prize[-1] / MILLION, ".", color=COLORS["reward"], ms=6)
    true = _blocks(prizes) / MILLION
    believed = _blocks(beliefs)
    for panel, row, colour in ((left, believed, BELIEF), (right, true, COLORS["reward"])):
        panel.plot(roots, row, "-", color=colour, lw=2.4)
        panel.plot(roots[-1], row[-1], "o", color=colour, ms=9)
        panel.set(xlabel="√KL from the reference", xlim=(0, None))
    said = mark_guess(right, guess, along="y", unit="million points")
    left.set(title="what the judge believes", ylabel="his standard deviations")
    right.set(title="what is true", ylabel="prize, million points", ylim=(0, 5.2))

    parts = [_said_of_fooled("this run", believed, true)]
    for seed, run in (others or {}).items():
        parts.append(_said_of_fooled(f"seed {seed}", run.believed, run.prize / MILLION))
    opening = "Belief of the judge, and true prize in million points, from the first to the last answers:"
    return told(left, opening, parts, said)


@figure(8.8, 4.0, panels="AB", grid={"width_ratios": (3, 2)})
def judges(runs: Runs, *, axes: dict[str, Axes]) -> Axes:
    """True prize of policies that learn from judges of several kinds, and how good each judge looked.

    Args:
        runs: by kind of judge and seed.
    """
    left, right = axes.values()
    words = []
    colours = [COLORS[name] for name in ("td_error", "return", "value", "advantage", "human", "reward")]
    for (kind, seeds), colour, mark in zip(runs.items(), colours, MARKS, strict=False):
        prizes = np.array([run.prize for run in seeds.values()]) / MILLION
        update = next(iter(seeds.values())).update
        for row in prizes:
            left.plot(update, row, color=colour, lw=0.6, alpha=0.35)
        left.plot(update, np.median(prizes, axis=0), color=colour, marker=mark, markevery=4, ms=5, label=kind)

        accuracy = np.array([run.accuracy for run in seeds.values()])
        right.plot(100 * accuracy, prizes[:, -1], mark, color=colour, ms=6, alpha=0.7, clip_on=False)
        words.append(
            f"{kind}: accuracy {np.median(accuracy):.1%}, true prize {np.median(prizes.max(axis=1)):.2f} at "
            f"its best and {np.median(prizes[:, -1]):.2f} at the end"
        )

    left.set(xlabel="updates, 20 answers each", ylabel="true prize, million points", ylim=(0, 5.2))
    right.set(xlabel="held-out pairs judged rightly, %", ylim=(0, 5.2), title="at the end")
    legend_above(left, columns=2)
    return told(left, "Policies that learn from a learned judge, medians over seeds;", words)


def _dots(panel: Axes, numbers: Mapping[str, Array], what: str) -> str:
    """A row a way; what the alt text says of them."""
    said = []
    for row, (way, each) in zip(named_rows(panel, list(numbers)), numbers.items(), strict=True):
        if len(each):
            panel.plot(
                each, np.full(len(each), row), "o", color=_colour(way), mfc=_filled(way), ms=4.5, alpha=0.6
            )
            panel.plot(np.median(each), row, "|", color=COLORS["truth"], ms=14, mew=2)
            said.append(f"{way} {number(float(np.median(each)))}")
    panel.set_xlabel(what)
    panel.set_xlim(left=0)
    return f"{what}: {', '.join(said)}"


def _ends(seeds: Mapping[int, LanguageRun], name: str) -> Array:
    return np.array([getattr(run.exam, name) for run in seeds.values()])


def _blocks(row: Array) -> Array:
    """Means of five updates each."""
    if len(row) < BLOCK:
        raise Refusal(f"steps must be at least {BLOCK}, got {len(row)}")
    whole = len(row) // BLOCK * BLOCK
    return row[:whole].reshape(-1, BLOCK).mean(axis=1)


def _root(nats: Array) -> Array:
    """An estimate of a small KL may fall below 0."""
    return np.sqrt(np.maximum(nats, 0))


def _said_of_fooled(name: str, belief: Array, true: Array) -> str:
    return (
        f"{name}: believed {belief[0]:.1f} to {belief[-1]:.1f}, true {true[0]:.2f}, at best "
        f"{true.max():.2f}, at the end {true[-1]:.2f}"
    )


def _colour(name: str) -> str:
    for start, colour in WAYS.items():
        if name.startswith(start):
            return colour
    return COLORS["truth"]


def _filled(name: str) -> str:
    """The unmatched group has the colour of the matched one, and is hollow."""
    return "none" if name == "groups, prize only" else _colour(name)

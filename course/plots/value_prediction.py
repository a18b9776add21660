"""The figures of lesson 6: guesses and what they leave over, critics that learn, advantages, baselines."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike

from course.arrays import Refusal, finite, same_shape
from course.estimators import Estimate
from course.plots.drawing import COLORS, figure, ink
from course.plots.parts import band, legend_above, mark_guess, named_rows, told
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
    situation, prize = places.T
    mood = np.where(
        np.arange(len(prize)) % 2, 0.05, -0.05
    )  # two prizes that differ by it alone: side by side
    ax.scatter(
        situation + mood,
        prize,
        s=14 * counts,
        color=COLORS["return"],
        edgecolor="white",
        label="what came of it",
    )
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


@figure(7.6, 3.4)
def ceilings(shares: ArrayLike, *, guess: float | None = None, ax: Axes) -> Axes:
    """How much of the prize's variance each moment decides already.

    Args:
        shares: explained variance of the true values at each moment, shape [T].
        guess: after how many words it is above 99 %, as the learner predicted; None if nothing.
    """
    shares = finite("shares", shares)
    moments = np.arange(len(shares))
    ax.bar(moments, 100 * shares, 0.62, color=COLORS["value"], label="decided")
    ax.bar(moments, 100 * (1 - shares), 0.62, 100 * shares, color=COLORS["faint"], label="still open")
    for moment, share in zip(moments, 100 * shares, strict=True):
        label = ax.annotate(f"{share:.1f} %", (moment, max(share, 0) + 2), ha="center", zorder=6)
        label.set_path_effects([withStroke(linewidth=3, foreground="white")])

    said = mark_guess(ax, guess, unit="words")
    ax.set(ylim=(0, 135), xlabel="words written so far", ylabel="% of the prize's variance")
    ax.set_yticks([0, 25, 50, 75, 100])
    ax.legend(loc="upper left", ncols=3)
    listed = ", ".join(f"{share:.1%}" for share in shares)
    opening = f"Explained variance of the true values after 0 to {len(shares) - 1} words: {listed}."
    return told(ax, opening, closing=said)


@figure(9.0, 3.9, panels="AB")
def learning(
    updates: ArrayLike, found: Mapping[str, ArrayLike], *, ceiling: float, axes: dict[str, Axes]
) -> Axes:
    """Explained variance while critics learn: median and range over seeds, and what the exact V explains.

    Args:
        updates: number of updates so far, shape [U].
        found: "new", critics that saw new tales, judged on all tales, shape [seeds, U]; "own" and "rest",
            critics that saw the same few tales again and again, judged on those and on all tales; and
            "exact on own", the exact V judged on those few, shape [seeds].
        ceiling: explained variance of the exact V on all tales.
    """
    updates = finite("updates", updates)
    exact_on_own = float(np.median(finite("exact on own", found["exact on own"])))
    words = []
    for panel, title, curves in (
        ("A", "new tales in every batch", (("new", "value", "judged on all tales"),)),
        (
            "B",
            "the same 20 tales in every batch",
            (("own", "random", "judged on those 20"), ("rest", "value", "judged on all tales")),
        ),
    ):
        ax = axes[panel]
        for name, colour, judged in curves:
            look = {"color": COLORS[colour], "ls": "-." if name == "own" else "-", "label": judged}
            low, median, high = band(ax, updates, finite(name, found[name]), holds="all", **look)
            last = (updates[-1], median[-1])
            ax.annotate(
                f" {median[-1]:.2f}", last, va="center", color=ink(COLORS[colour]), annotation_clip=False
            )
            words.append(f"{title}, {judged}: median {median[-1]:.3f}, {low[-1]:.3f} to {high[-1]:.3f}")
        name = f"exact V on all tales: {ceiling:.2f}"
        ax.plot([0, updates[-1]], [ceiling, ceiling], "--", color=COLORS["truth"], label=name)
        ax.set(ylim=(0, 0.92), xlim=(0, 1.12 * updates[-1]), title=title, xlabel="updates")

    name = f"exact V on those 20: {exact_on_own:.2f}"
    axes["B"].plot([0, updates[-1]], [exact_on_own, exact_on_own], ":", color=COLORS["truth"], label=name)
    axes["A"].set_ylabel("explained variance")
    axes["A"].legend(loc="upper left", fontsize=10.5)
    axes["B"].legend(loc="upper left", fontsize=10.5, ncols=2, columnspacing=1.0, handlelength=1.4)
    seeds = counted(len(found["exact on own"]), "seed")
    opening = (
        f"Explained variance of {seeds}, shaded from lowest to highest. The exact V explains {ceiling:.3f} "
        f"on all tales, and {exact_on_own:.3f} in the median on the same 20. After {number(updates[-1])} "
        f"updates:"
    )
    return told(axes["A"], opening, words)


@figure(9.0, 3.6, panels="AABBC")
def surprises(
    misses: Mapping[int, ArrayLike],
    left: Mapping[int, float],
    *,
    best: int,
    guess: Sequence[float] | None = None,
    axes: dict[str, Axes],
) -> Axes:
    """What is left of every prize when the critic's guess is subtracted, at two moments.

    Args:
        misses: words written -> prize minus V of each tale, equally likely, million points, shape [N].
        left: words written -> per cent of the prize's variance that is left.
        best: the column of the tale that is marked.
        guess: what the learner predicted for `left`, two numbers; None if nothing.
    """
    words = []
    for ax, (written, miss) in zip([axes["A"], axes["B"]], misses.items(), strict=True):
        miss = finite("misses", miss)
        counts, edges = np.histogram(miss, np.arange(-410, 411, 20))
        ax.stairs(counts, edges, fill=True, color=COLORS["advantage"], alpha=0.75)
        at = (miss[best], counts[np.searchsorted(edges, miss[best], side="right") - 1] + 5)
        ax.plot(*at, "v", color=COLORS["truth"], ms=9)
        marked = f"the best tale:\n{number(miss[best])} left"
        ax.annotate(marked, at, xytext=(0, 10), textcoords="offset points", ha="center")
        ax.set_title(f"after {counted(written, 'word')}")
        ax.set(xlim=(-470, 470), ylim=(0, 1.5 * len(miss)), xlabel="prize minus V, million points")
        words.append(
            f"after {counted(written, 'word')} prize minus V has a standard deviation of "
            f"{number(miss.std())} million points, {left[written]:.1f} % of the variance is left, and of the "
            f"best tale {number(miss[best])} million"
        )
    axes["A"].set_ylabel("tales")

    side = axes["C"]
    places = np.arange(len(left))
    shares = list(left.values())
    side.bar(places, shares, 0.5, color=COLORS["advantage"], alpha=0.75)
    for place, share in zip(places, shares, strict=True):
        side.annotate(f"{share:.1f} %", (place, share + 3), ha="center")
    said = ""
    if guess is not None:
        guess = finite("guess", guess)
        if guess.shape != (len(left),):
            raise Refusal(f"guess must be {len(left)} numbers in per cent, got shape {guess.shape}")
        side.plot(
            places - 0.42, guess, "D", color=COLORS["truth"], ms=9, mfc="white", mew=2, label="your guess"
        )
        side.legend(loc="upper right", fontsize=10)
        said = f"You guessed {' and '.join(number(share) for share in guess)} %."
    side.set_xticks(places, [f"{written}" for written in left])
    side.set(ylim=(0, 150), yticks=[0, 50, 100], xlim=(-0.75, len(left) - 0.5))
    side.set(xlabel="words written", title="variance left")
    return told(side, "What is left of the prizes of all tales:", words, said)


@figure(8.6, 4.6)
def advantages(action_values: ArrayLike, values: ArrayLike, advantages: ArrayLike, *, ax: Axes) -> Axes:
    """In each state: V as a line, Q of both words as dots, and the advantage as the arrow between them.

    Args:
        action_values: Q, in million points, shape [S, 2]: of the unlucky word, then of the lucky one.
        values: V of the states, shape [S].
        advantages: A, shape [S, 2]. The arrows are drawn as given.
    """
    action_values = finite("action_values", action_values)
    advantages = finite("advantages", advantages)
    same_shape(action_values=action_values, advantages=advantages)
    values = finite("values", values)
    words = []
    for state, (value, q, a) in enumerate(zip(values, action_values, advantages, strict=True)):
        ax.hlines(value, state - 0.36, state + 0.36, color=COLORS["value"], lw=4)
        ax.annotate(
            f"V = {value:.0f}", (state - 0.38, value), ha="right", va="center", color=ink(COLORS["value"])
        )
        for place, height, arrow in zip((state - 0.2, state + 0.2), q, a, strict=True):
            shape = {
                "arrowstyle": "-|>,head_width=0.3,head_length=0.6",
                "lw": 2.5,
                "shrinkA": 0,
                "shrinkB": 0,
            }
            ax.annotate(
                "", (place, value + arrow), (place, value), arrowprops=shape | {"color": COLORS["advantage"]}
            )
            ax.plot(place, height, "o", color=COLORS["human"], ms=10, zorder=1)
            side = 1 if height > value else -1
            ax.annotate(
                f"A = {arrow:+.0f}",
                (place + 0.04, value + arrow / 2),
                ha="left",
                va="center",
                color=ink(COLORS["advantage"]),
            )
            ax.annotate(
                f"Q = {height:.0f}",
                (place, height),
                xytext=(0, 13 * side),
                textcoords="offset points",
                ha="center",
                va="center",
                color=ink(COLORS["human"]),
            )
        words.append(
            f"{state + 1} of 3 words lucky: V {value:.0f}, Q {q[0]:.0f} and {q[1]:.0f}, "
            f"A {a[0]:+.0f} and {a[1]:+.0f}"
        )

    names = [f"{state + 1} of 3 words lucky" for state in range(len(values))]
    ax.set_xticks(np.arange(len(values)), names)
    ax.set(xlim=(-0.72, len(values) - 0.4), ylim=(0, 1.12 * action_values.max()))
    ax.set_ylabel("prize to expect, million points")
    ax.set_title("what the next word is worth: the unlucky one (left), the lucky one (right)")
    return told(ax, "In million points, for the unlucky and the lucky word:", words)


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


@figure(7.6, 3.8)
def baselines(rows: Mapping[str, Estimate], *, ax: Axes) -> Axes:
    """Variance of the gradient with each baseline; a hollow dot where its mean is wrong.

    Args:
        rows: baseline -> its exact estimate.
    """
    biased = {name: row.relative_bias > 1e-10 for name, row in rows.items()}
    places = dict(zip(rows, named_rows(ax, list(rows)), strict=True))
    words = []

    for wrong, fill, label in (
        (False, COLORS["truth"], "mean exact, to ten digits"),
        (True, "white", "mean wrong"),
    ):
        names = [name for name in rows if biased[name] == wrong]
        spread = [rows[name].variance for name in names]
        at = [places[name] for name in names]
        ax.plot(spread, at, "o", color=COLORS["truth"], mfc=fill, mew=2, ms=10, label=label)

    for name, row in rows.items():
        off = f"mean off by {row.relative_bias:.0%}" if biased[name] else "mean exact"
        text = f"{row.variance:,.1f}" + (f"   ({off})" if biased[name] else "")
        ax.annotate(
            text, (row.variance, places[name]), xytext=(12, 0), textcoords="offset points", va="center"
        )
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

"""The figures of lesson 9: a log, a shock, three suspects, and what each mistake does."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite, flags, same_shape, whole
from course.arrays import number as one_number
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, named_rows, told
from course.plots.words import number

RIGHT = "right"  # what the figures call the way without a mistake
HATCHES = ("///", "...", "xx")  # one a mistake
PLACES = "ABCDE"


@figure(8.6, 2.9)
def log(columns: Mapping[str, Sequence], *, first: int, guess: int | None = None, ax: Axes) -> Axes:
    """Rows of a log as a table, as the environment gave them.

    Args:
        columns: heading -> one entry a row.
        first: the number of the first row.
        guess: the row that the learner picked; None if nothing.
    """
    rows = [[_entry(entry) for entry in row] for row in zip(*columns.values(), strict=True)]
    last = first + len(rows) - 1
    heads = ["row", *columns]
    cells = [[str(first + i), *row] for i, row in enumerate(rows)]
    widths = np.array([16] + [max(len(head), 7) + 2 for head in columns], dtype=float)
    table = ax.table(
        cells, colLabels=heads, loc="center", cellLoc="center", colWidths=list(widths / widths.sum())
    )
    table.auto_set_font_size(False)
    table.set_fontsize(11)
    table.scale(1, 1.75)

    said = ""
    if guess is not None:
        guess = one_number("guess", guess, low=first, high=last)
        said = f"You guessed row {guess:g}."
    for (row, column), cell in table.get_celld().items():
        cell.set_edgecolor(COLORS["faint"])
        if row == 0:
            cell.set_text_props(weight="bold")
        elif guess is not None and first + row - 1 == guess:
            cell.set_facecolor(COLORS["faint"])
            if column == 0:
                cell.get_text().set_text(f"{guess:g}, your guess")
    ax.axis("off")
    lines = (
        f"row {first + i}: " + ", ".join(f"{head} {entry}" for head, entry in zip(columns, row, strict=True))
        for i, row in enumerate(rows)
    )
    return told(ax, "A log of consecutive steps.", lines, said)


@figure(7.6, 3.6)
def shock(right: ArrayLike, merged: ArrayLike, *, first: int, guess: float | None = None, ax: Axes) -> Axes:
    """TD errors around a time limit, with two flags and with one.

    Args:
        right: of each row, told apart by two flags, in points, shape [T].
        merged: of the same rows, where a time limit counts as the end of the task.
        first: the number of the first row; the last one is where the limit struck.
        guess: what the learner predicted for the last row with merged flags; None if nothing.
    """
    right = finite("right", right)
    merged = finite("merged", merged)
    same_shape(right=right, merged=merged)

    rows = first + np.arange(len(right))
    ax.axhline(0, color="black", lw=1)
    ax.plot(rows - 0.08, right, "o", color=COLORS["td_error"], ms=10, label="two flags")
    ax.plot(rows + 0.08, merged, "X", color=COLORS["td_error"], mec="black", ms=11, label="one merged flag")
    for values, aside in ((right, -9), (merged, 11)):
        for row, value in zip(rows, values, strict=True):
            ax.annotate(
                f"{value:+.0f}" if round(value) else "0",
                (row + np.sign(aside) * 0.08, value),
                (aside, 3),  # above the zero line, which would strike a 0 through
                textcoords="offset points",
                ha="left" if aside > 0 else "right",
                va="bottom",
            )
    said = ""
    if guess is not None:
        guess = one_number("guess", guess)
        at = (rows[-1] + 0.36, guess)
        ax.plot(*at, "D", color=COLORS["truth"], ms=10, mfc="none", mew=2)
        ax.annotate("your guess", at, (0, -9), textcoords="offset points", ha="center", va="top")
        said = f"You guessed {number(guess)}."
    ax.set(xlabel="row of the log", ylabel="TD error δ, points", xlim=(rows[0] - 0.6, rows[-1] + 0.6))
    ax.set_xticks(rows, [f"{row}" for row in rows])
    ax.margins(y=0.15)
    ax.legend(loc="lower left")
    listed = (
        f"row {row}: {a:+.2f} with two flags, {b:+.2f} with one"
        for row, a, b in zip(rows, right, merged, strict=True)
    )
    return told(ax, "TD errors in points around a time limit.", listed, said)


@figure(7.6, 4.2)
def suspects(tables: Mapping[str, ArrayLike], truth: ArrayLike, walks: int, *, ax: Axes) -> Axes:
    """How far off each suspect's critic is in each place after some walks; all started from the truth.

    Args:
        tables: "right", or the one letter of a suspect -> V after each walk, [seeds, walks + 1, S].
        truth: the true V, shape [S].
        walks: how many walks have been seen.
    """
    truth = finite("truth", truth)
    walks = whole("walks", walks, low=0)
    off = {name: finite(name, runs) - truth for name, runs in tables.items()}
    places = np.arange(len(truth))

    ax.axhline(0, color=COLORS["truth"], lw=1.2)
    shifts = np.linspace(-0.24, 0.24, len(off))
    words = []
    for (name, errors), shift in zip(off.items(), shifts, strict=True):
        mean = errors[:, walks].mean(axis=0)
        spread = errors[:, walks].std(axis=0, ddof=1)
        marker = "o" if name == RIGHT else f"${name}$"
        label = "the right version" if name == RIGHT else name
        colour = COLORS["truth"] if name == RIGHT else COLORS["value"]
        ax.errorbar(places + shift, mean, spread, fmt="none", ecolor=COLORS["random"], capsize=3)
        size = 6 if name == RIGHT else 11
        ax.plot(places + shift, mean, ls="", marker=marker, color=colour, ms=size, label=label)
        words.append(f"{label} " + ", ".join(f"{x:+.2f}" for x in mean))

    # The frame holds all that any position of the slider shows, so that one sees who moves.
    means = np.array([errors.mean(axis=0) for errors in off.values()])
    ax.set(ylim=(means.min() - 0.12, means.max() + 0.12), xlim=(-0.5, len(truth) - 0.5))
    ax.set(xlabel="place", ylabel="error of V, points")
    ax.set_xticks(places, PLACES[: len(truth)])
    count = len(next(iter(off.values())))
    heading = f"after {walks} walks: mean of {count} seeds ± standard deviation"
    legend_above(ax, columns=len(off), title=heading)
    listed = ", ".join(PLACES[: len(truth)])
    opening = f"Error of V in places {listed} after {walks} walks, mean of {count} seeds:"
    return told(ax, opening, words)


@figure(8.2, 4.4)
def mistakes(
    advantages: Mapping[str, ArrayLike],
    states: ArrayLike,
    chosen: ArrayLike,
    *,
    truth: float,
    guess: int | None = None,
    ax: Axes,
) -> Axes:
    """Mean advantage of one action in each state, for several ways to compute it.

    Args:
        advantages: way -> A_t in points, shape [T, N], of N environments: the right one and up to three
            mistakes, in their order.
        states: where each step started, 0, 1, ..., shape [T, N].
        chosen: true where the action was taken, shape [T, N].
        truth: the exact advantage of the action, the same in every state, in points.
        guess: the number of the mistake that the learner suspects, from 1; None if nothing.
    """
    states = np.asarray(states)
    chosen = flags("chosen", chosen)
    places = np.unique(states)
    width = 0.8 / len(advantages)
    if guess is not None:
        guess = one_number("guess", guess, low=1, high=len(advantages) - 1)

    words = []
    ax.axhline(truth, color=COLORS["truth"], lw=1.5, ls="--", label=f"exact, {truth:+.3f}")
    ax.axhline(0, color="black", lw=1)
    for nth, (way, given) in enumerate(advantages.items()):
        given = finite(way, given)
        same_shape(given=given, states=states, chosen=chosen)
        here = [chosen & (states == place) for place in places]
        means = np.array([(given * mask).sum(axis=0) / mask.sum(axis=0) for mask in here])  # [places, N]
        error = 1.96 * means.std(axis=1, ddof=1) / means.shape[1] ** 0.5
        at = np.arange(len(places)) + (nth - (len(advantages) - 1) / 2) * width
        look = {"color": COLORS["advantage"]} if nth == 0 else {"color": "white", "hatch": HATCHES[nth - 1]}
        height = means.mean(axis=1)
        ax.bar(at, height, width, yerr=error, ec=COLORS["advantage"], capsize=2, label=way, **look)
        if nth == guess:
            top = max(height[0], 0) + 0.02
            ax.annotate(
                "your guess",
                (at[0], top),
                (0, 22),
                textcoords="offset points",
                ha="center",
                arrowprops={"arrowstyle": "->"},
            )
        listed = ", ".join(f"{mean:+.3f}" for mean in height)
        words.append(f"{way}: {listed}; standard deviation of a single advantage {given.std():.2f}")

    ax.set_xticks(np.arange(len(places)), [PLACES[place] for place in places])
    ax.set(xlabel="a step to the right from", ylabel="mean advantage, points")
    ax.margins(y=0.2)
    legend_above(ax, columns=3, title=f"mean of {states.shape[1]} environments, with its 95 % interval")
    guessed = "" if guess is None else f" You guessed mistake {guess:g}."
    return told(
        ax,
        f"Mean advantage of a step to the right in each of {len(places)} places, over {states.shape[1]} "
        f"environments of {len(states):,} steps; exact {truth:+.3f} everywhere. "
        + ". ".join(words)
        + f".{guessed}",
    )


@figure(7.6, 3.2)
def wrong_gradients(biases: Mapping[str, tuple[float, float]], *, ax: Axes) -> Axes:
    """How far the mean gradient is off, as a share of the true one, for each way to treat an end.

    Args:
        biases: way -> (weights of one TD error, weights of all TD errors to the end).
    """
    rows = named_rows(ax, list(biases))
    one, every = np.array(list(biases.values())).T

    for values, shift, colour, hatch, label in (
        (one, -0.2, "td_error", "", "weight: this step's δ"),
        (every, 0.2, "return", "///", "weight: all δ to the end"),
    ):
        ax.barh(rows + shift, values, 0.36, color=COLORS[colour], hatch=hatch, ec="white", label=label)
        for row, value in zip(rows, values, strict=True):
            said = f"{value:.1%}" if value > 1e-9 else "0"
            ax.annotate(said, (value, row + shift), (4, 0), textcoords="offset points", va="center")

    ax.set(xlabel="bias of the gradient / size of the true gradient (exact)", xlim=(0, 1.25 * max(every)))
    legend_above(ax, columns=2, at=0.4)
    said = "; ".join(f"{name} {a:.3f} and {b:.3f}" for name, (a, b) in biases.items())

    return told(
        ax, f"Exact bias of the gradient as a share of its size, weighing by one TD error and by all: {said}."
    )


def _entry(entry: object) -> str:
    if isinstance(entry, bool | np.bool_):
        return str(bool(entry))
    return f"{float(entry):.3f}" if float(entry) % 1 else number(float(entry))

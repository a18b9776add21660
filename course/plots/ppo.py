"""The figures of lesson 11: the clip, one run among many, what was needed, and whether a run is ill."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array, finite
from course.arrays import number as one_number
from course.plots.drawing import COLORS, figure
from course.plots.live import live
from course.plots.parts import band, legend_above, mark_guess, named_rows, told
from course.plots.words import counted, number
from course.studies import Curve, over, steps_until

SOLVED = 475  # points: CartPole-v1 counts as solved from here on
LOOKS = ("-", "--", ":", "-.")  # of runs that are compared, in this order
PANELS = {  # of the dashboard: label, range, ticks
    "explained_variance": ("explained variance (cut at -1)", (-1.1, 1.1), {-1: "-1", 0: "0", 1: "1"}),
    "entropy": ("entropy of the policy, nats", (0, 0.75), {0: "0", 0.35: "0.35", 0.7: "0.7"}),
    "kl": (
        "KL of an update, nats (log axis)",
        (1e-9, 10),
        {1e-8: "10⁻⁸", 1e-5: "10⁻⁵", 1e-2: "0.01", 10: "10"},
    ),
    "gradient_norm": (
        "length of the gradient (log axis)",
        (0.03, 1e9),
        {1: "1", 1e3: "10³", 1e6: "10⁶", 1e9: "10⁹"},
    ),
}


@figure(7.6, 3.6, panels="AB")
def clipped(clip: float, *, guess: float | None = None, axes: dict[str, Axes]) -> Axes:
    """What one step adds to the loss, over the ratio of new to old probability.

    Args:
        clip: how far the ratio may usefully move from 1.
        guess: from which ratio on a good step is flat, as predicted; None if nothing.
    """
    clip = one_number("clip", clip, low=0)
    left, right = axes.values()
    ratio = np.linspace(0, 2, 401)

    for panel, advantage in zip((left, right), (1, -1), strict=True):
        free = -ratio * advantage
        held = -np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)
        flat = (1 + clip, 2) if advantage > 0 else (0, 1 - clip)

        panel.axvspan(*flat, color=COLORS["random"], alpha=0.25, lw=0)
        panel.plot(ratio, free, "--", color=COLORS["random"], label="minus ratio x A")
        panel.plot(ratio, held, color=COLORS["advantage"], label="clipped")
        panel.plot(1, -advantage, "o", color=COLORS["truth"], ms=8)
        panel.set_title(f"A = {advantage:+d}: {'better' if advantage > 0 else 'worse'} than foreseen")
        panel.set(xlabel="ratio π / π old", xlim=(0, 2))

    said = mark_guess(left, guess)
    left.set(ylabel="loss of one step", ylim=(-2.1, 0.1))
    right.set(ylim=(-0.1, 2.1))
    left.legend(loc="lower left")
    left.annotate("flat", (1.6, -1 - clip + 0.12), ha="center")
    right.annotate("flat", ((1 - clip) / 2, 1 - clip + 0.12), ha="center")
    return told(
        left,
        f"Loss of one step against the ratio. With an advantage of +1 it falls to {-1 - clip:.1f} at ratio "
        f"{1 + clip:.1f} and is flat from there. With -1 it is flat at {1 - clip:.1f} up to ratio "
        f"{1 - clip:.1f} and rises from there without end. Without the clip both are straight lines through "
        f"the same point at ratio 1.",
        closing=said,
    )


@figure(7.6, 3.7, panels="AB")
def runaway(
    found: Mapping[str, Sequence[Curve]], *, guess: float | None = None, axes: dict[str, Axes]
) -> Axes:
    """How far each update moved the policy, and what became of the score.

    Args:
        found: way -> runs, one for each seed.
        guess: how many nats, as predicted; None if nothing.
    """
    if guess is not None:
        guess = one_number("guess", guess, above=0)  # the axis is a logarithm
    left, right = axes.values()
    said = []
    for (way, runs), look, dark in zip(found.items(), LOOKS, ("truth", "random"), strict=False):
        for nth, run in enumerate(runs):
            steps = run.env_steps / 1e3
            drawn = {"color": COLORS[dark], "ls": look, "lw": 1.5}
            left.plot(steps, np.maximum(run.kl, 1e-5), label=way if nth == 0 else None, **drawn)
            right.plot(steps, run.score, **drawn)
        largest = max(run.kl.max() for run in runs)
        middle = np.median(np.concatenate([run.kl for run in runs]))
        ends = ", ".join(f"{run.score[-1]:.0f}" for run in runs)
        said.append(
            f"{way}: KL {number(middle)} nats in the median, {number(largest)} at most, last scores {ends}"
        )

    guessed = mark_guess(left, guess, along="y", unit="nats")
    left.set(yscale="log", ylim=(5e-6, 50), ylabel="KL of an update, nats (log)")
    right.set(ylim=(0, 520), ylabel="mean score of 20 episodes, points")
    for panel in (left, right):
        panel.set_xlabel("steps of the game, thousands")
    left.figure.legend(loc="outside upper center", ncols=3)
    opening = (
        f"CartPole, {counted(len(runs), 'seed')} each, how far an update moves the policy, and the score."
    )
    return told(left, opening, said, closing=guessed)


def follow(updates: Iterable[Any], others: Mapping[int, Curve]) -> list[Any]:
    """Let a run go on with a live picture of its score over that of others, and return its updates.

    The stop button ends it earlier; what was learned so far is kept.

    Args:
        updates: of `course.train.train`.
        others: seed -> a run to compare with.
    """
    return list(live(updates, lambda history: scores(history, others)))


@figure(7.6, 3.8)
def scores(history: Sequence[Any], others: Mapping[int, Curve] | None = None, *, ax: Axes) -> Axes:
    """The score of one run while it learns, over the range of the runs of other seeds.

    Args:
        history: the updates so far.
        others: seed -> a run to compare with, or None.
    """
    compared = ""
    if others:
        grid = _grid(others)
        many = over(others.values(), "score", grid)
        labels = {"label": "their median", "band_label": f"{len(many)} other seeds"}
        band(ax, grid, many, color=COLORS["random"], holds="all", **labels)
        there = [steps_until(run, SOLVED) for run in others.values()]
        compared = f"{len(many)} other seeds got there after {min(there):,.0f} to {max(there):,.0f} steps."

    mine = Curve.of(history)
    ax.plot(mine.env_steps, mine.score, color=COLORS["truth"], label="your run")
    ax.axhline(SOLVED, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(f"solved: {SOLVED}", (0.01, SOLVED - 10), xycoords=("axes fraction", "data"), va="top")

    ax.set(ylim=(0, 520), xlabel="steps of the game", ylabel="mean score of\n20 episodes, points")
    ax.set_xlim(0, None)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    legend_above(ax, columns=3)  # inside it would cover a young run, whichever corner it stood in
    solved = steps_until(mine, SOLVED)
    reached = f"It first reaches {SOLVED} after {solved:,.0f} steps."
    return told(
        ax,
        f"Score of one run against steps of the game: {mine.score[-1]:.0f} points after "
        f"{mine.env_steps[-1]:,.0f} steps. {reached if np.isfinite(solved) else 'Not solved yet.'}",
        closing=compared,
    )


def pretty(name: str) -> str:
    """A variant's name as one writes it."""
    return name.replace("x 10^6", "× 10⁶").replace("lam =", "λ =").replace("rollouts", "batches")


@figure(7.6, 4.8)
def ablation(
    found: Mapping[str, Sequence[float]], *, limit: int, guess: float | None = None, ax: Axes
) -> Axes:
    """Steps until each run was solved, a row a variant and a dot a seed; those that solve least stand last.

    Args:
        found: variant -> steps of the game for each seed; infinity if it never was.
        limit: steps that a run had.
        guess: how many variants were predicted not to be solved by all seeds; None if nothing.
    """
    runs = {name: np.sort(np.asarray(steps, float)) for name, steps in found.items()}
    solved = {name: int(np.isfinite(steps).sum()) for name, steps in runs.items()}
    names = sorted(runs, key=lambda name: -solved[name])  # stable: else as given

    never = 1.21 * limit  # where the runs stand that were not solved
    words = []
    for row, name in enumerate(names):
        steps = runs[name]
        there = steps[np.isfinite(steps)]
        lost = len(steps) - len(there)

        spread = 0.16 * (np.arange(len(there)) % 3 - 1)
        ax.plot(there, row + spread, "o", color=COLORS["truth"], ms=6, alpha=0.45, mew=0)
        middle = np.median(steps)
        if np.isfinite(middle):
            ax.plot([middle, middle], [row - 0.36, row + 0.36], color=COLORS["truth"], lw=2)
        if lost:
            ax.plot(never, row, "X", color=COLORS["truth"], ms=10)
            ax.annotate(f"{lost} of {len(steps)}", (1.26 * limit, row), va="center")

        got = f"{len(there)} of {len(steps)} solved"
        span = f", after {there[0]:,.0f} to {there[-1]:,.0f} steps" if len(there) else ""
        words.append(f"{pretty(name)}: {got}{span}")

    ax.axvline(1.08 * limit, color=COLORS["random"], lw=1)
    named_rows(ax, [pretty(name) for name in names])
    guessed = _mark_broken(ax, guess, rows=len(names))
    ax.set_xlim(0, 1.5 * limit)
    ticks = np.arange(0, limit + 1, 20_000)
    ax.set_xticks([*ticks, never], [*(f"{tick:,}" for tick in ticks), "never"])
    line = f"line: median of {counted(len(steps), 'seed')}"
    ax.set_xlabel(f"steps of the game until the score is {SOLVED}; {line}", loc="right")
    return told(ax, f"Steps until the mean score of 20 episodes is {SOLVED}.", words, closing=guessed)


def _mark_broken(ax: Axes, guess: int | None, *, rows: int) -> str:
    """A dotted line above the last `guess` rows; the sentence for the alt text."""
    if guess is None:
        return ""
    guess = one_number("guess", guess, low=0, high=rows)
    at = rows - guess - 0.5
    ax.axhline(at, color=COLORS["truth"], ls=":", lw=1.5)
    words = f"your guess: {number(guess)} broken, below this line"
    ax.annotate(words, (0.01, at), xycoords=("axes fraction", "data"), va="bottom", fontsize=10)
    return f"You guessed that {number(guess)} are broken."


@figure(
    7.6,
    5.0,
    panels="AB;CD",
    grid={"left": 0.075, "right": 0.985, "bottom": 0.1, "top": 0.875, "wspace": 0.22, "hspace": 0.385},
)
def dashboard(shown: Curve, healthy: Mapping[int, Curve], *, name: str, axes: dict[str, Axes]) -> Axes:
    """Four numbers of one run, over the range of runs that went well.

    Args:
        shown: the run to look at.
        healthy: seed -> a run that went well.
        name: what the run is called.
    """
    grid = _grid(healthy)
    said = []
    for panel, (quantity, (label, limits, ticks)) in zip(axes.values(), PANELS.items(), strict=True):
        many = over(healthy.values(), quantity, grid)
        one = getattr(shown, quantity)
        low, _, high = band(panel, grid / 1e3, many, color=COLORS["random"], holds="all", middle=None)
        panel.plot(shown.env_steps / 1e3, np.clip(one, *limits), color=COLORS["truth"], lw=1.6)

        panel.set_title(label, fontsize=11, fontweight="normal")
        panel.set(ylim=limits, xlim=(0, grid[-1] / 1e3), yscale="log" if "log" in label else "linear")
        panel.set_yticks(list(ticks), list(ticks.values()))
        panel.minorticks_off()

        inside = np.interp(grid, shown.env_steps, one)
        share = np.mean((inside >= low) & (inside <= high))
        short = label.partition(" (")[0]
        said.append(f"{short}: median {number(np.nanmedian(one))}, inside {share:.0%} of the time")

    for below in "CD":
        axes[below].set_xlabel("steps of the game, thousands")
    given = f"{counted(len(healthy), 'run')} as given"
    title = f"black: {pretty(name)}   (grey: {given})"
    axes["A"].figure.suptitle(title, x=0.01, y=0.985, ha="left", fontsize=12)
    return told(axes["A"], f"{pretty(name)}, against the range of {given}.", said)


def _grid(runs: Mapping[int, Curve]) -> Array:
    """Environment steps that all of the runs have made."""
    return np.arange(1_000, min(run.env_steps[-1] for run in runs.values()), 500)


@figure(
    7.6,
    3.8,
    panels="PV;PA",
    grid={
        "left": 0.01,
        "right": 0.99,
        "bottom": 0.14,
        "top": 0.93,
        "width_ratios": [0.32, 0.56],
        "wspace": 0.23,
        "hspace": 0.1,
    },
)
def microscope(
    states: ArrayLike,
    values: ArrayLike,
    advantages: ArrayLike,
    *,
    step: int,
    name: str,
    axes: dict[str, Axes],
) -> Axes:
    """One step of an episode: the cart, and what the critic said before, then and later.

    Args:
        states: observations of an episode, shape [T, 4].
        values: V of each, in points, shape [T].
        advantages: of each step, in points, shape [T].
        step: to look at; the last one if the episode was shorter.
        name: who plays.
    """
    states = finite("states", states)
    values = finite("values", values)
    advantages = finite("advantages", advantages)
    step = min(step, len(states) - 1)
    lean = np.degrees(states[step, 2]).round() + 0  # no minus before a zero

    _pole(axes["P"], states[step])
    axes["P"].set_xlabel(f"leaning {lean:+.0f}°, cart at {states[step, 0].round(1) + 0:+.1f}")
    axes["P"].set_title(f"{name}, step {step}", fontsize=11)

    for letter, line, color in (("V", values, COLORS["value"]), ("A", advantages, COLORS["advantage"])):
        panel = axes[letter]
        panel.axhline(0, color=COLORS["truth"], lw=1)
        panel.plot(line, color=color)
        panel.plot(step, line[step], "o", color=color, ms=9)
        panel.axvline(step, color=COLORS["random"], lw=1, ls=":")
        panel.set_ylabel(f"{letter}, points")
        panel.yaxis.set_label_coords(-0.12, 0.5)
        panel.tick_params(labelbottom=letter == "A")

    most = max(1.0, 1.1 * np.abs(advantages).max())  # a hundredth of a point is no mountain
    axes["A"].set(xlabel="step of the episode", ylim=(-most, most))
    return told(
        axes["P"],
        f"{name}, an episode of {counted(len(states), 'step')}. At step {step} the pole leans "
        f"{lean:+.0f} degrees, V is {values[step]:.1f} points and A is {advantages[step]:+.1f}. "
        f"V is {values[0]:.1f} at the start, {values.max():.1f} at most, {values[-1]:.1f} in the last step.",
    )


def _pole(ax: Axes, state: Array) -> None:
    """A cart and its pole, in the middle of the picture."""
    place, _, angle, _ = state
    ax.plot([place - 0.3, place + 0.3], [0, 0], color=COLORS["truth"], lw=14, solid_capstyle="butt")
    ax.plot([place, place + np.sin(angle)], [0.1, np.cos(angle)], color=COLORS["random"], lw=6)
    ax.set(xlim=(place - 1.2, place + 1.2), ylim=(-0.2, 1.6), aspect="equal", xticks=[], yticks=[])

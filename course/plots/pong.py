"""The figures of lesson 9: what an agent sees of Pong, how it learns, plays and expects.

Besides the figures there is a film.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from course.arrays import finite
from course.plots.drawing import COLORS, figure
from course.plots.film import Film
from course.plots.parts import band, legend_above, named_rows, told
from course.plots.words import counted
from course.recording import MOVES, Record, screens
from course.studies import Curve, over, steps_until

GOAL = 18  # points at which a run of ours counts as finished; 21 is the most
WINDOW = 120  # steps of a rally that are seen at once
CUT = (30, 190)  # rows of the television screen that the agent is shown
WAYS = ("value", "td_error", "advantage", "human")  # colours of things compared, in this order
VARIANTS = ("value", "random", "advantage")


@figure(7.6, 4.4, panels="SAB;SCD", grid={"width_ratios": [1.5, 1, 1]})
def senses(
    screen: NDArray[np.uint8], obs: NDArray[np.uint8], background: ArrayLike, *, axes: dict[str, Axes]
) -> Axes:
    """The television picture, and the four small ones that the agent gets.

    Args:
        screen: red, green and blue, shape [210, 160, 3].
        obs: grey, oldest first, shape [4, 32, 42].
        background: what is always there, shape [32, 42].
    """
    top, bottom = CUT
    television = axes["S"]
    television.imshow(screen, interpolation="nearest")
    television.add_patch(Rectangle((0, top), 159, bottom - top, fill=False, ec="white", ls="--", lw=1.5))
    television.set_title("on television: 210 x 160, colour", fontsize=11)

    moving = obs.astype(float) - background
    for nth, (letter, frame) in enumerate(zip("ABCD", moving, strict=True)):
        small = axes[letter]
        small.imshow(frame, cmap="gray", vmin=-60, vmax=160, aspect=210 / 160, interpolation="nearest")
        small.set_title(f"{4 * (3 - nth)} screens ago" if nth < 3 else "now", fontsize=11)
    for each in axes.values():
        each.set(xticks=[], yticks=[])
        each.grid(False)

    bright = ", ".join(str((frame > 40).sum()) for frame in moving)
    return told(
        television,
        f"Left: the screen of Pong, {screen.shape[0]} x {screen.shape[1]} dots in colour; a dashed frame "
        f"shows rows {top} to {bottom}. Right: what the agent gets of it, four grey pictures of "
        f"{moving.shape[1]} x {moving.shape[2]} with the background taken away; {bright} pixels stand out of "
        f"{frame.size}.",
    )


@figure(7.6, 4.0)
def scores(history: Sequence[Any], others: Mapping[int, Curve], *, ax: Axes) -> Axes:
    """The score of the run that is going on, over the runs that come with the course.

    Args:
        history: updates so far, not empty.
        others: seed -> a finished run.
    """
    mine = Curve.of(history)
    for nth, run in enumerate(others.values()):
        label = f"{len(others)} other seeds" if nth == 0 else None
        ax.plot(run.env_steps / 1e3, run.score, color=COLORS["random"], lw=1, alpha=0.7, label=label)
    ax.plot(mine.env_steps / 1e3, mine.score, color=COLORS["advantage"], lw=3, label="your run")

    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.axhline(GOAL, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(f"{GOAL}", (0.99, GOAL + 0.3), xycoords=("axes fraction", "data"), ha="right")
    ax.set(ylim=(-22, 22), xlabel="steps of the game, thousands", ylabel="mean score of\n32 games, points")
    ax.set_xlim(0, None)
    ax.legend(loc="lower right")

    there = [steps_until(run, GOAL) for run in others.values()]
    middle = float(np.median(there))
    speed = mine.env_steps[-1] / mine.seconds[-1]
    ahead = f"half of the {len(others)} others never got to {GOAL}"
    if np.isfinite(middle):
        left = max(0.0, middle - mine.env_steps[-1]) / speed / 60
        ahead = (
            f"median of the others: {GOAL} points after {middle / 1e3:,.0f} thousand steps, "
            f"here in {left:.1f} more minutes"
        )

    so_far = f"{mine.seconds[-1] / 60:.1f} minutes, {speed:,.0f} steps a second"
    ax.set_title(f"{so_far}\n{ahead}", fontsize=11, fontweight="normal")
    return told(
        ax,
        f"Score against steps of the game: {mine.score[-1]:.1f} points after {mine.env_steps[-1]:,.0f} steps "
        f"in {so_far}; {ahead}. "
        f"{np.isfinite(there).sum()} of {len(there)} other seeds got to {GOAL}.",
    )


def film(played: Mapping[str, Record]) -> Film:
    """Games side by side from their start, at their true speed: 15 agent steps a second.

    Args:
        played: name -> a game from its start; the longer ones are cut to the shortest.
    """
    length = min(map(len, played.values()))
    pictures = {name: screens(game, steps=length) for name, game in played.items()}
    palette = _palette(pictures.values())
    high = CUT[1] + 4
    head = 16  # where the name stands
    pitch = 176  # a screen and a gap

    frames = []
    for t in range(length):
        frame = Image.new("RGB", (len(played) * pitch - 16, head + high), "white")
        for nth, (name, seen) in enumerate(pictures.items()):
            frame.paste(Image.fromarray(seen[t, :high]), (nth * pitch, head))
            ImageDraw.Draw(frame).text((nth * pitch + 2, 1), name, fill="black", font_size=11)
        frames.append(frame.quantize(palette=palette, dither=Image.Dither.NONE))

    said = []
    for name, game in played.items():
        paid = game.rewards[:length]
        won = counted((paid > 0).sum(), "point")
        lost = counted((paid < 0).sum(), "point")
        said.append(f"{name} wins {won} and loses {lost}")
    seconds = counted(round(length / 15), "second")
    alt = f"Moving picture of {counted(length, 'step')}, {seconds} of Pong. {'; '.join(said)}."
    return Film.of(frames, alt, pause=67, width=2 * frames[0].width)


def _palette(films: Iterable[NDArray[np.uint8]]) -> Image.Image:
    """The colours that occur, plus black, white and greys for the names: at most 256."""
    greys = np.linspace(0, 255, 9, dtype=np.uint8)[:, None].repeat(3, axis=1)
    seen = [np.unique(film[::10].reshape(-1, 3), axis=0) for film in films]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.unique(np.concatenate([*seen, greys]), axis=0)[:256].ravel().tolist())
    return palette


@figure(7.6, 3.6)
def exams(found: Mapping[str, Mapping[str, ArrayLike]], *, ax: Axes) -> Axes:
    """Scores of trained agents in several kinds of examination, a dot an agent.

    Args:
        found: kind of examination -> group of agents -> mean score of each.
    """
    words = []
    for row, (kind, groups) in enumerate(found.items()):
        for nth, ((name, given), colour) in enumerate(zip(groups.items(), WAYS, strict=False)):
            each = np.sort(finite(name, given))
            middle = np.median(each)
            at = row + (nth - (len(groups) - 1) / 2) * 0.3

            ax.plot(each, np.full(len(each), at), "o", color=COLORS[colour], ms=8, alpha=0.6, mec="white")
            ax.plot([middle, middle], [at - 0.12, at + 0.12], color=COLORS["truth"], lw=2)
            if row == 0:
                ax.plot([], [], "o", color=COLORS[colour], ms=8, label=f"{name} ({len(each)})")
            words.append(f"{kind}, {name}: median {middle:.1f}, from {each[0]:.1f} to {each[-1]:.1f}")

    ax.axvline(0, color=COLORS["truth"], lw=1)
    named_rows(ax, list(found))
    ax.set(xlim=(-21.5, 21.5), xlabel="mean score of one agent's games, points")
    legend_above(ax, columns=len(groups))
    return told(ax, "Scores of trained agents.", words)


@figure(7.6, 3.6)
def foresight(rallies: Sequence[Record], *, last: int, ax: Axes) -> Axes:
    """V in the last steps before a point: median and quartiles over rallies that were won, and lost.

    Args:
        rallies: each ends with a point.
        last: how many steps to show; a shorter rally counts where it has steps.
    """
    before = np.arange(1 - last, 1)
    words = []
    for sign, name, colour in ((1, "won", "value"), (-1, "lost", "advantage")):
        rows = [rally.values[-last:] for rally in rallies if rally.rewards[-1] == sign]
        if not rows:
            continue

        V = np.array([np.pad(row, (last - len(row), 0), constant_values=np.nan) for row in rows])
        with warnings.catch_warnings(action="ignore"):  # all rallies may be shorter than `last`
            label = f"{counted(len(rows), 'point')} {name}"
            _, middle, _ = band(ax, before, V, color=COLORS[colour], holds="half", label=label)
        said = ", ".join(f"{middle[-1 - n]:+.2f} at {n}" for n in (30, 15, 5, 0) if n < last)
        words.append(f"{label}, V by steps before it: {said}")

    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.set(xlabel="steps before the point", ylabel="V, points\n(median, quartiles)", ylim=(-1.25, 1.25))
    ax.set_xlim(1 - last, 1)
    ax.legend(loc="upper left", ncols=2)
    return told(ax, "What the critic says before a point.", words)


@figure(
    7.6,
    4.6,
    panels="SV;SD;BA",
    grid={
        "width_ratios": [1, 1.8],
        "left": 0.08,
        "right": 0.975,
        "top": 0.93,
        "bottom": 0.12,
        "wspace": 0.28,
        "hspace": 0.18,
    },
)
def microscope(rally: Record, pictures: NDArray[np.uint8], *, step: int, axes: dict[str, Axes]) -> Axes:
    """One step of a rally: the screen, what the agent would do, and V, delta and A before and after.

    Args:
        rally: T steps that end with a point.
        pictures: the screen before each step, shape [T, 210, 160, 3].
        step: to look at, from 0; the last one if the rally was shorter.
    """
    step = min(step, len(rally) - 1)
    screen = axes["S"]
    screen.imshow(pictures[step][: CUT[1] + 4], aspect="auto", interpolation="nearest")
    screen.grid(False)
    screen.set(xticks=[], yticks=[], title=f"step {step} of {len(rally)}")

    chances = rally.probabilities[step]
    drawn = rally.actions[step]
    colors = [COLORS["reward"] if action == drawn else COLORS["random"] for action in range(len(MOVES))]
    axes["B"].barh(MOVES, chances, color=colors)
    axes["B"].set(xlim=(0, 1), ylim=(2.5, -0.5), xticks=[0, 0.5, 1], xlabel="π (green: drawn)")

    outcome = "won" if rally.rewards[-1] > 0 else "lost"
    _lines(axes, rally, step)
    axes["A"].set_xlabel(f"step of the rally; it is {outcome} in step {len(rally) - 1}")

    now = (
        f"V is {rally.values[step]:+.2f}, δ is {rally.deltas[step]:+.2f}, A is {rally.advantages[step]:+.2f}"
    )
    policy = ", ".join(f"{move} {chance:.0%}" for move, chance in zip(MOVES, chances, strict=True))
    largest = np.abs(rally.deltas).argmax()
    return told(
        screen,
        f"A rally of {counted(len(rally), 'step')} that is {outcome}, step {step}: {now} points. The "
        f"policy says {policy}; drawn was {MOVES[drawn]}. V starts at {rally.values[0]:+.2f} "
        f"and says {rally.values[-1]:+.2f} in the last step; the largest surprise is "
        f"{rally.deltas[largest]:+.2f} at step {largest}.",
    )


def _lines(axes: dict[str, Axes], rally: Record, step: int) -> None:
    """V, delta and A, each in its panel, around one step."""
    steps = np.arange(len(rally))
    left = max(0, min(step - WINDOW // 2, len(rally) - WINDOW))
    for letter, symbol, line, name in (
        ("V", "V", rally.values, "value"),
        ("D", "δ", rally.deltas, "td_error"),
        ("A", "A", rally.advantages, "advantage"),
    ):
        panel = axes[letter]
        color = COLORS[name]
        panel.axhline(0, color=COLORS["truth"], lw=1)
        if letter == "D":
            panel.vlines(steps, 0, line, color=color, lw=1.5)
        else:
            panel.plot(steps, line, color=color)

        panel.plot(step, line[step], "o", color=color, ms=8, mec="black")
        panel.axvline(step, color=COLORS["truth"], lw=1, ls=":")
        panel.set(ylim=(-1.4, 1.4), yticks=[-1, 0, 1], xlim=(left - 1, left + WINDOW + 1))
        panel.set_ylabel(f"{symbol}, points", color=color)
        panel.tick_params(labelbottom=letter == "A")


@figure(7.6, 3.9, panels="AB")
def variants(runs: Mapping[str, Mapping[int, Curve]], *, floor: float, axes: dict[str, Axes]) -> Axes:
    """Scores of all runs, and the spread of their advantages, for each variant.

    Args:
        runs: variant -> seed -> run.
        floor: under the standard deviation, in points.
    """
    left, right = axes.values()
    said = []
    for (name, seeds), color in zip(runs.items(), VARIANTS, strict=False):
        for nth, run in enumerate(seeds.values()):
            label = name if nth == 0 else None
            left.plot(run.env_steps / 1e3, run.score, color=COLORS[color], lw=1.2, alpha=0.7, label=label)

        shortest = min((run.env_steps for run in seeds.values()), key=len)
        spread = over(seeds.values(), "advantage_std", shortest)
        band(right, shortest / 1e3, spread, color=COLORS[color], holds="all")

        there = np.array([steps_until(run, GOAL) for run in seeds.values()])
        early = np.median([run.advantage_std[:10].mean() for run in seeds.values()])
        said.append(
            f"{name}: {np.isfinite(there).sum()} of {counted(len(there), 'seed')} got to {GOAL}; standard "
            f"deviation of the advantages over the first ten updates, median over seeds, {early:.2f} points"
        )

    right.axhline(floor, color=COLORS["truth"], ls="--", lw=1.2, label=f"the floor, {floor:g}")
    left.set(ylim=(-22, 22), ylabel="mean score of 32 games")
    right.set_ylabel("std of A, points (median, range)")
    right.set_ylim(0, None)
    for panel in (left, right):
        panel.set_xlabel("steps of the game, thousands")
    left.figure.legend(loc="outside upper center", ncols=len(runs) + 1, columnspacing=1.2, handlelength=1.5)
    return told(left, "Runs of Pong.", said)

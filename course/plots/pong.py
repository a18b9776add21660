"""The figures of lesson 9: what an agent sees of Pong, how it learns, plays and expects.

Besides the figures, `watch` follows a training run for some minutes, and `film` moves.
"""

import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from course.arrays import finite, number
from course.plots.cartpole import Film, live
from course.plots.drawing import COLORS, figure
from course.recording import MOVES, Record, screens
from course.studies import Curve, over, quick, steps_until

GOAL = 18  # points at which a run of ours counts as finished; 21 is the most
QUICK = 8  # updates with COURSE_QUICK=1
WINDOW = 120  # steps of a rally that are seen at once
CUT = (30, 190)  # rows of the television screen that the agent is shown
WAYS = ("value", "td_error", "advantage", "human")  # colours of things compared, in this order
VARIANTS = ("value", "random", "advantage")


@figure(7.6, 4.4)
def senses(screen: NDArray[np.uint8], obs: NDArray[np.uint8], background: ArrayLike, *, ax: Axes) -> str:
    """The television picture, and the four small ones that the agent gets.

    Args:
        screen: red, green and blue, shape [210, 160, 3].
        obs: grey, oldest first, shape [4, 32, 42].
        background: what is always there, shape [32, 42].
    """
    cells = ax.figure.add_gridspec(2, 3, width_ratios=[1.5, 1, 1])
    ax.set_subplotspec(cells[:, 0])
    ax.imshow(screen, interpolation="nearest")
    ax.add_patch(Rectangle((0, CUT[0]), 159, CUT[1] - CUT[0], fill=False, ec="white", ls="--", lw=1.5))
    ax.set_title("on television: 210 x 160, colour", fontsize=11)
    moving = obs.astype(float) - background
    for nth, frame in enumerate(moving):
        small = ax.figure.add_subplot(cells[divmod(nth, 2)[0], 1 + nth % 2])
        small.imshow(frame, cmap="gray", vmin=-60, vmax=160, aspect=210 / 160, interpolation="nearest")
        small.set_title(f"{4 * (3 - nth)} screens ago" if nth < 3 else "now", fontsize=11)
        small.set(xticks=[], yticks=[])
    ax.set(xticks=[], yticks=[])
    for each in ax.figure.axes:
        each.grid(False)
    bright = [int((frame > 40).sum()) for frame in moving]
    return (
        f"Left: the screen of Pong, {screen.shape[0]} x {screen.shape[1]} dots in colour; a dashed frame "
        f"shows rows {CUT[0]} to {CUT[1]}. Right: what the agent gets of it, four grey pictures of "
        f"{moving.shape[1]} x {moving.shape[2]} with the background taken away; "
        f"{', '.join(map(str, bright))} pixels stand out of {frame.size}."
    )


@figure(7.6, 3.5)
def clipped(clip: float, *, ax: Axes) -> str:
    """What one step adds to the loss, over the ratio of new to old probability.

    Args:
        clip: how far the ratio may usefully move from 1.
    """
    clip = number("clip", clip, low=0)
    cells = ax.figure.add_gridspec(1, 2)
    ax.set_subplotspec(cells[0])
    panels = [ax, ax.figure.add_subplot(cells[1])]
    ratio = np.linspace(0, 2, 401)
    for panel, advantage in zip(panels, (1, -1), strict=True):
        free = -ratio * advantage
        held = -np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)
        flat = (1 + clip, 2) if advantage > 0 else (0, 1 - clip)
        panel.axvspan(*flat, color=COLORS["random"], alpha=0.25, lw=0)
        panel.plot(ratio, free, "--", color=COLORS["random"], label="minus ratio x A")
        panel.plot(ratio, held, color=COLORS["advantage"], label="clipped")
        panel.plot(1, -advantage, "o", color=COLORS["truth"], ms=8)
        panel.set_title(f"A = {advantage:+d}: {'better' if advantage > 0 else 'worse'} than foreseen")
        panel.set(xlabel="ratio π / π old", xlim=(0, 2))
    panels[0].set(ylabel="loss of one step", ylim=(-2.1, 0.1))
    panels[1].set(ylim=(-0.1, 2.1))
    panels[0].legend(loc="lower left")
    panels[0].annotate("flat", (1.6, -1 - clip + 0.12), ha="center")
    panels[1].annotate("flat", ((1 - clip) / 2, 1 - clip + 0.12), ha="center")
    return (
        f"Loss of one step against the ratio. With an advantage of +1 it falls to {-1 - clip:.1f} at ratio "
        f"{1 + clip:.1f} and is flat from there. With -1 it is flat at {1 - clip:.1f} up to ratio "
        f"{1 - clip:.1f} and rises from there without end. Without the clip both are straight lines through "
        f"the same point at ratio 1."
    )


@figure(7.6, 3.7)
def runaway(found: Mapping[str, Sequence[Curve]], *, ax: Axes) -> str:
    """How far each update moved the policy, and what became of the score.

    Args:
        found: way -> runs, one for each seed.
    """
    cells = ax.figure.add_gridspec(1, 2)
    ax.set_subplotspec(cells[0])
    right, words = ax.figure.add_subplot(cells[1]), []
    for (way, runs), colour in zip(found.items(), WAYS, strict=False):
        for nth, run in enumerate(runs):
            label = way if nth == 0 else None
            ax.plot(run.env_steps / 1e3, np.maximum(run.kl, 1e-5), color=COLORS[colour], lw=1.5, label=label)
            right.plot(run.env_steps / 1e3, run.score, color=COLORS[colour], lw=1.5)
        kl = np.concatenate([run.kl for run in runs])
        ends = ", ".join(f"{run.score[-1]:.0f}" for run in runs)
        words.append(f"{way}: largest KL {kl.max():.2g} nats, last scores {ends}")
    ax.set(
        yscale="log",
        ylim=(5e-6, 50),
        xlabel="steps of the game, thousands",
        ylabel="KL of an update, nats (log)",
    )
    right.set(xlabel="steps of the game, thousands", ylabel="score, points", ylim=(0, 520))
    ax.figure.legend(loc="outside upper center", ncols=len(found))
    return (
        f"CartPole, {len(runs)} seeds each, how far an update moves the policy, and the score. "
        + "; ".join(words)
        + "."
    )


@figure(7.6, 4.0)
def scores(history: Sequence[Any], others: Mapping[int, Curve], *, ax: Axes) -> str:
    """The score of the run that is going on, over the runs that come with the course.

    Args:
        history: updates so far, not empty.
        others: seed -> a finished run.
    """
    mine, there = Curve.of(history), [steps_until(run, GOAL) for run in others.values()]
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
    speed, middle = mine.env_steps[-1] / mine.seconds[-1], float(np.median(there))
    ahead = f"half of the {len(others)} others never got to {GOAL}"
    if np.isfinite(middle):
        left = max(0.0, middle - mine.env_steps[-1]) / speed / 60
        ahead = (
            f"median of the others: {GOAL} points after {middle / 1e3:,.0f} thousand steps, "
            f"here in {left:.1f} more minutes"
        )
    so_far = f"{mine.seconds[-1] / 60:.1f} minutes, {speed:,.0f} steps a second"
    ax.set_title(f"{so_far}\n{ahead}", fontsize=11, fontweight="normal")
    return (
        f"Score against steps of the game: {mine.score[-1]:.1f} points after {mine.env_steps[-1]:,.0f} steps "
        f"in {so_far}; {ahead}. "
        f"{np.isfinite(there).sum()} of {len(there)} other seeds got to {GOAL}."
    )


def watch(updates: Iterable[Any], *, minutes: float, others: Mapping[int, Curve]) -> list[Any]:
    """Train for some minutes, with a live picture of the score, and return the updates.

    It stops by itself when the time is up or the mean score is 18; with COURSE_QUICK=1, after eight
    updates. The stop button ends it earlier. Every update holds its agent, so nothing is lost.

    Args:
        updates: of `course.train.train` on Pong.
        minutes: how long, above 0.
        others: seed -> a finished run, to draw beside it.
    """
    minutes = number("minutes", minutes, above=0)
    most = QUICK if quick() else None
    taken: list[Any] = []
    picture = live(_until(updates, minutes, most), lambda so_far: scores(so_far, others), every=3.0)
    try:
        for update in picture:
            taken.append(update)  # noqa: PERF402 - each is kept as soon as it is there
    except KeyboardInterrupt:  # between two updates
        picture.close()
    return taken


def _until(updates: Iterable[Any], minutes: float, most: int | None) -> Iterator[Any]:
    for update in updates:
        yield update
        if update.seconds >= 60 * minutes or update.score >= GOAL or update.number == most:
            return


def film(played: Mapping[str, Record]) -> Film:
    """Games side by side from their start, at their true speed: 15 agent steps a second.

    Args:
        played: name -> a game from its start; the longer ones are cut to the shortest.
    """
    length, high, head, gap = min(map(len, played.values())), CUT[1] + 4, 16, 16
    pictures = {name: screens(game, steps=length) for name, game in played.items()}
    palette = _palette(pictures.values())
    frames = []
    for t in range(length):
        frame = Image.new("RGB", (len(played) * (160 + gap) - gap, head + high), "white")
        for nth, (name, seen) in enumerate(pictures.items()):
            frame.paste(Image.fromarray(seen[t, :high]), (nth * (160 + gap), head))
            ImageDraw.Draw(frame).text((nth * (160 + gap) + 2, 1), name, fill="black", font_size=11)
        frames.append(frame.quantize(palette=palette, dither=Image.Dither.NONE))
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=67, loop=2)
    said = []
    for name, game in played.items():
        paid = game.rewards[:length]
        said.append(f"{name} wins {(paid > 0).sum()} points and loses {(paid < 0).sum()}")
    alt = f"Moving picture of {length} steps, {length / 15:.0f} seconds of Pong. {'; '.join(said)}."
    return Film(out.getvalue(), alt, width=2 * frames[0].width)


def _palette(films: Iterable[NDArray[np.uint8]]) -> Image.Image:
    """The colours that occur, plus black, white and greys for the names: at most 256."""
    greys = np.linspace(0, 255, 9, dtype=np.uint8)[:, None].repeat(3, axis=1)
    seen = [np.unique(film[::10].reshape(-1, 3), axis=0) for film in films]
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.unique(np.concatenate([*seen, greys]), axis=0)[:256].ravel().tolist())
    return palette


@figure(7.6, 3.6)
def exams(found: Mapping[str, Mapping[str, ArrayLike]], *, ax: Axes) -> str:
    """Scores of trained agents in several kinds of examination, a dot an agent.

    Args:
        found: kind of examination -> group of agents -> mean score of each.
    """
    words = []
    for row, (kind, groups) in enumerate(found.items()):
        for nth, ((name, given), colour) in enumerate(zip(groups.items(), WAYS, strict=False)):
            each = np.sort(finite(name, given))
            at = row + (nth - (len(groups) - 1) / 2) * 0.3
            ax.plot(each, np.full(len(each), at), "o", color=COLORS[colour], ms=8, alpha=0.6, mec="white")
            ax.plot([np.median(each)] * 2, [at - 0.12, at + 0.12], color=COLORS["truth"], lw=2)
            if row == 0:
                ax.plot([], [], "o", color=COLORS[colour], ms=8, label=f"{name} ({len(each)})")
            words.append(
                f"{kind}, {name}: median {np.median(each):.1f}, from {each[0]:.1f} to {each[-1]:.1f}"
            )
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(range(len(found)), list(found))
    ax.set(
        ylim=(len(found) - 0.5, -0.5), xlim=(-21.5, 21.5), xlabel="mean score of one agent's games, points"
    )
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(groups))
    return "Scores of trained agents. " + "; ".join(words) + "."


@figure(7.6, 3.6)
def foresight(rallies: Sequence[Record], *, last: int, ax: Axes) -> str:
    """V in the last steps before a point: median and quartiles over rallies that were won, and lost.

    Args:
        rallies: each ends with a point.
        last: how many steps to show; a shorter rally counts where it has steps.
    """
    words, before = [], np.arange(1 - last, 1)
    for sign, name, colour in ((1, "won", "value"), (-1, "lost", "advantage")):
        rows = [rally.values[-last:] for rally in rallies if rally.rewards[-1] == sign]
        if not rows:
            continue
        V = np.array([np.pad(row, (last - len(row), 0), constant_values=np.nan) for row in rows])
        with warnings.catch_warnings(action="ignore"):  # all rallies may be shorter than `last`
            low, middle, high = np.nanpercentile(V, [25, 50, 75], axis=0)
        ax.fill_between(before, low, high, color=COLORS[colour], alpha=0.25, lw=0)
        ax.plot(before, middle, color=COLORS[colour], label=f"{len(rows)} points {name}")
        said = ", ".join(f"{middle[-1 - n]:+.2f} at {n}" for n in (30, 15, 5, 0) if n < last)
        words.append(f"{len(rows)} points {name}, V by steps before it: {said}")
    ax.axhline(0, color="black", lw=1)
    ax.set(xlabel="steps before the point", ylabel="V, points\n(median, quartiles)", ylim=(-1.25, 1.25))
    ax.set_xlim(1 - last, 1)
    ax.legend(loc="upper left", ncols=2)
    return "What the critic says before a point. " + "; ".join(words) + "."


@figure(7.6, 4.6)
def microscope(rally: Record, pictures: NDArray[np.uint8], *, step: int, ax: Axes) -> str:
    """One step of a rally: the screen, what the agent would do, and V, delta and A before and after.

    Args:
        rally: T steps that end with a point.
        pictures: the screen before each step, shape [T, 210, 160, 3].
        step: to look at, from 0; the last one if the rally was shorter.
    """
    step, steps, words = min(step, len(rally) - 1), np.arange(len(rally)), []
    left = max(0, min(step - WINDOW // 2, len(rally) - WINDOW))
    # By hand: to lay out five Axes takes longer than to draw them, and a slider cannot wait.
    ax.figure.set_layout_engine("none")
    cells = ax.figure.add_gridspec(
        3, 2, width_ratios=[1, 1.8], left=0.08, right=0.99, top=0.93, bottom=0.12, wspace=0.28, hspace=0.18
    )
    ax.set_subplotspec(cells[:2, 0])
    ax.imshow(pictures[step][: CUT[1] + 4], aspect="auto", interpolation="nearest")
    ax.grid(False)
    outcome = "won" if rally.rewards[-1] > 0 else "lost"
    ax.set(xticks=[], yticks=[], title=f"step {step} of {len(rally)}")
    bars = ax.figure.add_subplot(cells[2, 0])
    colours = [COLORS["reward"] if a == rally.actions[step] else COLORS["random"] for a in range(3)]
    bars.barh(MOVES, rally.probabilities[step], color=colours)
    bars.set(xlim=(0, 1), ylim=(2.5, -0.5), xticks=[0, 0.5, 1], xlabel="π (green: drawn)")
    for row, (label, line, colour) in enumerate(
        (("V", rally.values, "value"), ("δ", rally.deltas, "td_error"), ("A", rally.advantages, "advantage"))
    ):
        panel = ax.figure.add_subplot(cells[row, 1])
        panel.axhline(0, color="black", lw=1)
        if label == "δ":
            panel.vlines(steps, 0, line, color=COLORS[colour], lw=1.5)
        else:
            panel.plot(steps, line, color=COLORS[colour])
        panel.plot(step, line[step], "o", color=COLORS[colour], ms=8, mec="black")
        panel.axvline(step, color=COLORS["truth"], lw=1, ls=":")
        panel.set(ylim=(-1.4, 1.4), yticks=[-1, 0, 1], xlim=(left - 1, left + WINDOW + 1))
        panel.set_ylabel(f"{label}, points", color=COLORS[colour])
        panel.tick_params(labelbottom=row == 2)
        words.append(f"{label} is {line[step]:+.2f}")
    panel.set_xlabel(f"step of the rally; it is {outcome} in step {len(rally) - 1}")
    chances = ", ".join(f"{move} {p:.0%}" for move, p in zip(MOVES, rally.probabilities[step], strict=True))
    largest = np.abs(rally.deltas).argmax()
    return (
        f"A rally of {len(rally)} steps that is {outcome}, step {step}: {', '.join(words)} points. The "
        f"policy says {chances}; drawn was {MOVES[rally.actions[step]]}. V starts at {rally.values[0]:+.2f} "
        f"and says {rally.values[-1]:+.2f} in the last step; the largest surprise is "
        f"{rally.deltas[largest]:+.2f} at step {largest}."
    )


@figure(7.6, 3.9)
def variants(runs: Mapping[str, Mapping[int, Curve]], *, floor: float, ax: Axes) -> str:
    """Scores of all runs, and the spread of their advantages, for each variant.

    Args:
        runs: variant -> seed -> run.
        floor: under the standard deviation, in points.
    """
    cells = ax.figure.add_gridspec(1, 2)
    ax.set_subplotspec(cells[0])
    right, words = ax.figure.add_subplot(cells[1]), []
    for (name, seeds), colour in zip(runs.items(), VARIANTS, strict=False):
        for nth, run in enumerate(seeds.values()):
            label = name if nth == 0 else None
            ax.plot(run.env_steps / 1e3, run.score, color=COLORS[colour], lw=1.2, alpha=0.7, label=label)
        grid = min((run.env_steps for run in seeds.values()), key=len)
        spread = over(seeds.values(), "advantage_std", grid)
        right.fill_between(grid / 1e3, spread.min(0), spread.max(0), color=COLORS[colour], alpha=0.25, lw=0)
        right.plot(grid / 1e3, np.median(spread, axis=0), color=COLORS[colour])
        there = np.array([steps_until(run, GOAL) for run in seeds.values()])
        early = np.median([run.advantage_std[:10].mean() for run in seeds.values()])
        words.append(
            f"{name}: {np.isfinite(there).sum()} of {len(there)} seeds got to {GOAL}; standard deviation of "
            f"the advantages over the first ten updates, median over seeds, {early:.2f} points"
        )
    right.axhline(floor, color=COLORS["truth"], ls="--", lw=1.2)
    right.annotate(
        f"the floor, {floor:g}", (0.98, floor), xycoords=("axes fraction", "data"), ha="right", va="bottom"
    )
    ax.set(ylim=(-22, 22), xlabel="steps of the game, thousands", ylabel="mean score of 32 games")
    right.set(xlabel="steps of the game, thousands", ylabel="std of A, points (median, range)")
    right.set_ylim(0, None)
    ax.figure.legend(loc="outside upper center", ncols=len(runs))
    return "Runs of Pong. " + "; ".join(words) + "."

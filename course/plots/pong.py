"""The figures of lesson 12: what an agent sees of Pong, how it learns, plays and expects; and the coda."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from course.arrays import Array, finite, number
from course.plots import live
from course.plots.drawing import COLORS, figure, ink
from course.plots.film import Film
from course.plots.parts import band, legend_above, mark_guess, named_rows, told
from course.plots.words import counted, title
from course.recording import MOVES, Record, screens
from course.studies import Curve, over, steps_until

GOAL = 18  # points at which a run of ours counts as finished
MOST = 21  # points that a game can be won by, or lost
CUT = (30, 190)  # rows of the television screen that the agent is shown
GROUPS = ("truth", "random")  # colours of groups of agents
VARIANTS = (("truth", "-"), ("random", "-"), ("truth", ":"))  # colour and line of each
FEW = 8  # fewer lines than this are drawn as they are: quartiles of four are not quartiles
BALL = 236  # red, green and blue of the ball
TRAIL = 6  # steps for which it is seen where the ball was
LEAST = 0.2  # points that a panel of the microscope shows above and below 0 in any case
PAD = 0.08  # points above and below


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
    television.add_patch(Rectangle((0.5, top), 158, bottom - top, fill=False, ec="yellow", lw=3))
    television.set_title("on television: 210 x 160, colour", fontsize=11)

    moving = obs.astype(float) - background
    for nth, (letter, frame) in enumerate(zip("ABCD", moving, strict=True)):
        small = axes[letter]
        small.imshow(frame, cmap="gray", vmin=-30, vmax=70, aspect=210 / 160, interpolation="nearest")
        small.set_title(f"{4 * (3 - nth)} screens ago" if nth < 3 else "now", fontsize=11)
    for each in axes.values():
        each.set(xticks=[], yticks=[])
        each.grid(False)

    bright = ", ".join(str((frame > 40).sum()) for frame in moving)
    return told(
        television,
        f"Left: the screen of Pong, {screen.shape[0]} x {screen.shape[1]} dots in colour; a yellow frame "
        f"shows rows {top} to {bottom}. Right: what the agent gets of it, four grey pictures of "
        f"{moving.shape[1]} x {moving.shape[2]} with the background taken away; {bright} pixels stand out of "
        f"{frame.size}.",
    )


def watch(
    updates: Iterable[Any], *, minutes: float, others: Mapping[int, Curve], guess: float | None = None
) -> list[Any]:
    """Train for some minutes, with a live picture of the score, until 18 points; return the updates.

    The stop button ends it earlier, and nothing is lost: every update holds its agent.

    Args:
        updates: of `course.train.train`.
        minutes: how long, above 0; with COURSE_QUICK=1 it is two updates.
        others: seed -> a finished run.
        guess: the score that the learner predicted, in [-21, 21] points; None if nothing.

    Raises:
        ValueError: before anything is played, if `minutes` is not above 0 or `guess` is no possible score.
    """
    if guess is not None:
        guess = number("guess", guess, low=-MOST, high=MOST)

    def draw(history: Sequence[Any]) -> Axes:
        return scores(history, others, guess=guess)

    return live.watch(updates, draw, minutes=minutes, goal=GOAL)


@figure(7.6, 4.0)
def scores(
    history: Sequence[Any], others: Mapping[int, Curve], *, guess: float | None = None, ax: Axes
) -> Axes:
    """The score of the run that is going on, over the runs that come with the course.

    Args:
        history: updates so far, not empty.
        others: seed -> a finished run.
        guess: the score that the learner predicted, in points; None if nothing.
    """
    mine = Curve.of(history)
    for nth, run in enumerate(others.values()):
        label = f"{len(others)} other seeds" if nth == 0 else None
        ax.plot(run.env_steps / 1e3, run.score, color=COLORS["random"], lw=1, alpha=0.7, label=label)
    ax.plot(mine.env_steps / 1e3, mine.score, color=COLORS["truth"], lw=3, label="your run")
    words = mark_guess(ax, guess, along="y", unit="points")

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

    score = f"{mine.score[-1]:.1f} points" if np.isfinite(mine.score[-1]) else "no game is over yet"
    so_far = f"{mine.seconds[-1] / 60:.1f} minutes, {speed:,.0f} steps a second"
    ax.set_title(f"{so_far}\n{ahead}", fontsize=10.5, fontweight="normal")
    return told(
        ax,
        f"Score against steps of the game: {score} after {mine.env_steps[-1]:,.0f} steps in {so_far}; "
        f"{ahead}. {np.isfinite(there).sum()} of {len(there)} other seeds got to {GOAL}.",
        closing=words,
    )


def film(played: Mapping[str, Record]) -> Film:
    """Games side by side from their first ball, at their true speed: 15 agent steps a second.

    Args:
        played: name -> a game from its start; the longer ones are cut to the shortest.
    """
    length = min(map(len, played.values()))
    pictures = {name: screens(game, steps=length) for name, game in played.items()}
    palette = _palette(pictures.values())
    high = CUT[1] + 4
    head = 16  # where the name stands
    pitch = 176  # a screen and a gap

    served = [t for t in range(length) if any(_ball(seen[t]) for seen in pictures.values())]
    first = served[0] if served else 0  # nobody needs to look at a game without a ball

    frames = []
    for t in range(first, length):
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
    seconds = counted(round(len(frames) / 15), "second")
    alt = f"Moving picture of {counted(len(frames), 'step')}, {seconds} of Pong. {'; '.join(said)}."
    return Film.of(frames, alt, pause=67, width=5 * frames[0].width // 2)


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
        for nth, ((name, given), colour) in enumerate(zip(groups.items(), GROUPS, strict=False)):
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


@figure(7.6, 3.8)
def foresight(rallies: Sequence[Record], *, last: int, ax: Axes) -> Axes:
    """V in the last steps before a point: median and quartiles over many rallies, each of a few as a line.

    Args:
        rallies: each ends with a point.
        last: how many steps to show; a shorter rally counts where it has steps.
    """
    before = np.arange(1 - last, 1)
    words = []
    for sign, name, colour in ((1, "won", "value"), (-1, "lost", "truth")):
        rows = [rally.values[-last:] for rally in rallies if rally.rewards[-1] == sign]
        if not rows:
            continue

        V = np.array([np.pad(row, (last - len(row), 0), constant_values=np.nan) for row in rows])
        label = f"{counted(len(rows), 'point')} {name}"
        if len(rows) < FEW:
            lines = ax.plot(before, V.T, color=COLORS[colour], lw=1.5)
            lines[0].set_label(f"{label}, a line each")
        else:
            many = f"{label}: median, quartiles"
            with warnings.catch_warnings(action="ignore"):  # all rallies may be shorter than `last`
                band(ax, before, V, color=COLORS[colour], holds="half", label=many)
        words.append(f"{label}, median V by steps before it: {_levels(V)}")

    ax.axhline(0, color=COLORS["truth"], lw=1)
    ax.set(xlabel="steps before the point", ylabel="V, points", ylim=(-1.25, 1.25), xlim=(1 - last, 1))
    legend_above(ax, columns=2)
    return told(ax, "What the critic says before a point.", words)


def _levels(V: Array) -> str:
    """The median 30, 15, 5 and 0 steps before the point; V is [rallies, steps], NaN where nothing was."""
    with warnings.catch_warnings(action="ignore"):
        middle = np.nanmedian(V, axis=0)
    return ", ".join(f"{middle[-1 - n]:+.2f} at {n}" for n in (30, 15, 5, 0) if n < V.shape[1])


LETTERS = {  # panel -> its symbol, the field of a Record, the colour of the quantity
    "V": ("V", "values", "value"),
    "D": ("δ", "deltas", "td_error"),
    "A": ("A", "advantages", "advantage"),
}


@figure(
    8.6,
    5.2,
    panels="SV;SD;BA",
    grid={
        "width_ratios": [1, 1.75],
        "left": 0.065,
        "right": 0.985,
        "top": 0.94,
        "bottom": 0.1,
        "wspace": 0.25,
        "hspace": 0.35,
    },
)
def microscope(
    rally: Record,
    pictures: NDArray[np.uint8],
    *,
    step: int,
    guess: float | None = None,
    axes: dict[str, Axes],
) -> Axes:
    """One step of a rally: the screen, V, delta and A below it and over time, what the agent would do.

    A point is equally high in all three panels, so that their mountains can be compared.

    Args:
        rally: T steps that end with a point.
        pictures: the screen before each step, shape [T, 210, 160, 3].
        step: to look at, from 0; the last one if the rally was shorter.
        guess: how many steps before a lost point the learner expected the largest surprise; None if
            nothing. It is not drawn in a rally that is won.
    """
    step = min(step, len(rally) - 1)
    outcome = "won" if rally.rewards[-1] > 0 else "lost"
    _screen(axes["S"], pictures, step)
    before = len(rally) - 1 - step
    axes["S"].set_title(f"step {step}, {before} before the point", fontsize=12)

    chances = rally.probabilities[step]
    drawn = rally.actions[step]
    _policy(axes["B"], chances, drawn)

    _lines(axes, rally, step)
    axes["A"].set_xlabel(f"step of the rally; the point is {outcome} in step {len(rally) - 1}")
    guessed = _guessed_step(axes["D"], guess, len(rally)) if outcome == "lost" else ""

    now = (
        f"V is {rally.values[step]:+.2f}, δ is {rally.deltas[step]:+.2f}, A is {rally.advantages[step]:+.2f}"
    )
    policy = ", ".join(f"{move} {chance:.0%}" for move, chance in zip(MOVES, chances, strict=True))
    largest = np.abs(rally.deltas).argmax()
    return told(
        axes["S"],
        f"A rally of {counted(len(rally), 'step')} that is {outcome}, step {step}: {now} points. The "
        f"policy says {policy}; drawn was {MOVES[drawn]}. V starts at {rally.values[0]:+.2f} "
        f"and says {rally.values[-1]:+.2f} in the last step; the largest surprise is "
        f"{rally.deltas[largest]:+.2f} at step {largest}, {counted(len(rally) - 1 - largest, 'step')} "
        f"before the point.",
        closing=guessed,
    )


def _screen(ax: Axes, pictures: NDArray[np.uint8], step: int) -> None:
    """The screen before a step, and hollow circles where the ball was in the steps before."""
    ax.imshow(pictures[step][: CUT[1] + 4], aspect="auto", interpolation="nearest")
    ax.grid(False)
    ax.set(xticks=[], yticks=[])

    for back in range(1, min(TRAIL, step) + 1):
        at = _ball(pictures[step - back])
        if at is not None:
            ax.plot(*at, "o", mfc="none", mec="white", ms=7, mew=1.2, alpha=1 - back / (TRAIL + 1))


def _ball(picture: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Column and row of its middle; None if there is none. Between the walls nothing else is so bright."""
    top, bottom = CUT
    rows, columns = np.nonzero((picture[top + 4 : bottom + 4] == BALL).all(axis=-1))
    return (columns.mean(), rows.mean() + top + 4) if len(rows) else None


def _policy(ax: Axes, chances: Array, drawn: int) -> None:
    """The chance of each action as a bar; the one that was drawn is filled."""
    for row, chance in enumerate(chances):
        face = COLORS["truth"] if row == drawn else "none"
        ax.barh(row, chance, color=face, edgecolor=COLORS["truth"])
    ax.set_yticks(range(len(MOVES)), MOVES)
    ax.set(xlim=(0, 1), ylim=(2.6, -0.6), xticks=[0, 0.5, 1], xlabel="π (black: drawn)")


def _lines(axes: dict[str, Axes], rally: Record, step: int) -> None:
    """V, delta and A over the whole rally, each in its panel; and their numbers now, below the screen."""
    steps = np.arange(len(rally))
    reaches = {}
    for letter, (symbol, field, name) in LETTERS.items():
        panel = axes[letter]
        line = getattr(rally, field)
        color = COLORS[name]
        panel.axhline(0, color=COLORS["truth"], lw=1)
        if letter == "D":
            panel.vlines(steps, 0, line, color=color, lw=2)
        else:
            panel.plot(steps, line, color=color)

        panel.plot(step, line[step], "o", color=color, ms=9, mec="black")
        panel.axvline(step, color=COLORS["truth"], lw=1, ls=":")
        panel.set_ylabel(f"{symbol}, points", color=ink(color))
        panel.tick_params(labelbottom=letter == "A")
        reaches[letter] = (min(line.min(), -LEAST), max(line.max(), LEAST))
        panel.set(xlim=(-1, len(rally)), ylim=(reaches[letter][0] - PAD, reaches[letter][1] + PAD))
        panel.yaxis.set_major_locator(MultipleLocator(0.5))
        panel.yaxis.set_label_coords(-0.115, 0.5)

    _stack(axes, {letter: high - low + 2 * PAD for letter, (low, high) in reaches.items()})
    for nth, (symbol, field, name) in enumerate(LETTERS.values()):
        axes["S"].text(
            (0.15, 0.5, 0.85)[nth],
            -0.03,
            f"{symbol} = {getattr(rally, field)[step]:+.2f}",
            transform=axes["S"].transAxes,
            ha="center",
            va="top",
            color=ink(COLORS[name]),
            fontsize=11,
            fontweight="bold",
        )


def _stack(axes: dict[str, Axes], reach: Mapping[str, float]) -> None:
    """Give each panel at the right a height in proportion to the points that it shows."""
    top = axes["V"].get_position().y1
    bottom = axes["A"].get_position().y0
    gap = 0.03
    free = top - bottom - gap * (len(reach) - 1)
    for letter, points in reach.items():
        height = free * points / sum(reach.values())
        place = axes[letter].get_position()
        axes[letter].set_position([place.x0, top - height, place.width, height])
        top -= height + gap


def _guessed_step(ax: Axes, guess: float | None, length: int) -> str:
    """Mark the step that the learner expected the largest surprise in; what the alt text says of it."""
    if guess is None:
        return ""
    guess = number("guess", guess, low=0, high=length - 1)
    at = length - 1 - guess
    ax.axvline(at, color=COLORS["truth"], lw=1.5, ls="--")
    ax.annotate(
        "your guess",
        (at, 0.96),
        xycoords=("data", "axes fraction"),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        annotation_clip=False,
    )

    return f"You expected it {guess:g} steps before the point."


@figure(7.6, 3.9, panels="AB")
def variants(runs: Mapping[str, Mapping[int, Curve]], *, floor: float, axes: dict[str, Axes]) -> Axes:
    """Scores of all runs, and the spread of their advantages, for each variant.

    Args:
        runs: variant -> seed -> run.
        floor: under the standard deviation, in points.
    """
    left, right = axes.values()
    said = []
    for (name, seeds), (color, style) in zip(runs.items(), VARIANTS, strict=False):
        for nth, run in enumerate(seeds.values()):
            label = name if nth == 0 else None
            left.plot(run.env_steps / 1e3, run.score, style, color=COLORS[color], lw=1.5, label=label)

        shortest = min((run.env_steps for run in seeds.values()), key=len)
        spread = over(seeds.values(), "advantage_std", shortest)
        band(right, shortest / 1e3, spread, color=COLORS[color], holds="all", ls=style)

        there = np.array([steps_until(run, GOAL) for run in seeds.values()])
        early = np.median([run.advantage_std[:10].mean() for run in seeds.values()])
        said.append(
            f"{name}: {np.isfinite(there).sum()} of {counted(len(there), 'seed')} got to {GOAL}; standard "
            f"deviation of the advantages over the first ten updates, median over seeds, {early:.2f} points"
        )

    right.axhline(floor, color=COLORS["advantage"], ls="--", lw=1.5, label=f"the floor, {floor:g}")
    left.set(ylim=(-22, 22), ylabel="mean score of 32 games, points")
    right.set_ylabel("std of A, points (median, range)")
    right.set_ylim(0, None)
    for panel in (left, right):
        panel.set_xlabel("steps of the game, thousands")
    left.figure.legend(loc="outside upper center", ncols=len(runs) + 1, columnspacing=1.2, handlelength=1.5)
    return told(left, "Runs of Pong.", said)


@figure(8.6, 3.8)
def coda(
    raw: Mapping[str, Mapping[str, float]],
    units: Mapping[str, Mapping[str, float]],
    *,
    guess: float | None = None,
    ax: Axes,
) -> Axes:
    """Errors of one network for all games: trained on raw points, and each game in units of its own.

    Args:
        raw: judged on which states -> game -> root mean squared error over standard deviation.
        units: the same for units of its own; at most two kinds of states.
        guess: the error that the learner predicted for Breakout in units of its own; None if nothing.
    """
    games = list(next(iter(units.values())))
    rows = named_rows(ax, [title(game) for game in games])
    looks = (("raw points", raw, "truth", "s"), ("units of its own", units, "value", "o"))
    places = dict(zip(units, ((-0.13, True), (0.13, False)), strict=False))
    for way, errors, colour, marker in looks:
        for states, (shift, filled) in places.items():
            ax.plot(
                list(errors[states].values()),
                rows + shift,
                marker,
                color=COLORS[colour],
                mfc=COLORS[colour] if filled else "white",
                ms=9,
                mew=1.8,
                label=f"{way}, {states}",
            )

    said = []
    for states, (shift, _) in places.items():
        before = list(raw[states].values())
        after = list(units[states].values())
        ax.hlines(rows + shift, after, before, color=COLORS["random"], lw=1, zorder=0)
        pairs = zip(games, before, after, strict=True)
        said.append(f"on {states}: " + ", ".join(f"{title(g)} {b:.3g} and {a:.2f}" for g, b, a in pairs))

    ax.axvline(1, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(
        "dashed: as good as the mean", (4_000, len(games) - 1.5), ha="right", va="center", fontsize=10
    )
    ax.set_xscale("log")  # before the guess, which must be above 0 on such an axis
    words = mark_guess(ax, guess, unit="for Breakout")
    ax.set(
        xlim=(0.25, 5_000),
        xlabel="error, in standard deviations of the game's returns (log axis)",
    )
    ax.xaxis.set_major_formatter("{x:,g}")
    legend_above(ax, columns=2)
    return told(
        ax, "One network for five games, errors with raw points and with units of its own,", said, words
    )

"""The figures of lesson 8: a score that grows, a pole that is balanced, and what many runs say.

Besides the figures, `live` shows one again and again while something runs, and `film` moves.
"""

import base64
import html
import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from course.arrays import Array, finite
from course.plots.drawing import COLORS, figure, number
from course.studies import Curve, over, steps_until

SOLVED = 475  # points: CartPole-v1 counts as solved from here on
PANELS = {  # of the dashboard: label, range, ticks
    "explained_variance": ("explained variance", (-1.1, 1.1), {-1: "-1", 0: "0", 1: "1"}),
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


def live(updates: Iterable[Any], draw: Callable[[list], Axes], *, every: float = 0.5) -> Iterator[Any]:
    """Pass updates on, and show `draw(all so far)` in one place that changes while they come.

    An interrupt (the stop button, Ctrl-C) ends it quietly: what was learned so far is kept.

    Args:
        updates: of a training run.
        draw: a figure made of the list of updates so far.
        every: seconds between two pictures.
    """
    from IPython.display import display

    history, place, last = [], None, 0.0
    try:
        for update in updates:
            history.append(update)
            if time.perf_counter() - last > every:
                place = _shown(draw(history), place, display)
                last = time.perf_counter()
            yield update
    except KeyboardInterrupt:
        print("Stopped. The agent of the last update is kept.")
    finally:
        if history:
            _shown(draw(history), place, display)


def _shown(ax: Axes, place: Any, display: Callable) -> Any:
    if place is None:
        return display(ax, display_id=True)
    place.update(ax)
    return place


@figure(7.6, 3.6)
def scores(history: Sequence[Any], others: Mapping[int, Curve] | None = None, *, ax: Axes) -> str:
    """The score of one run while it learns, over the range of the runs of other seeds.

    Args:
        history: the updates so far.
        others: seed -> a run to compare with, or None.
    """
    mine, words = Curve.of(history), ""
    if others:
        grid = np.arange(1_000, min(run.env_steps[-1] for run in others.values()), 500)
        many = over(others.values(), "score", grid)
        ax.fill_between(
            grid,
            many.min(0),
            many.max(0),
            color=COLORS["random"],
            alpha=0.3,
            lw=0,
            label=f"{len(many)} other seeds",
        )
        ax.plot(grid, np.median(many, axis=0), color=COLORS["random"], label="their median")
        there = [steps_until(run, SOLVED) for run in others.values()]
        words = f" {len(many)} other seeds got there after {min(there):,.0f} to {max(there):,.0f} steps."
    ax.axhline(SOLVED, color=COLORS["truth"], ls="--", lw=1.2)
    ax.annotate(f"solved: {SOLVED}", (0.01, SOLVED - 10), xycoords=("axes fraction", "data"), va="top")
    ax.plot(mine.env_steps, mine.score, color=COLORS["advantage"], label="your run")
    ax.set(ylim=(0, 520), xlabel="steps of the game", ylabel="mean score of\n20 episodes, points")
    ax.set_xlim(0, None)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.02))
    solved = steps_until(mine, SOLVED)
    reached = (
        f"It first reaches {SOLVED} after {solved:,.0f} steps." if np.isfinite(solved) else "Not solved yet."
    )
    return (
        f"Score of one run against steps of the game: {mine.score[-1]:.0f} points after "
        f"{mine.env_steps[-1]:,.0f} steps. {reached}{words}"
    )


class Film:
    """A moving picture that a notebook shows with its alt text; it plays three times and rests."""

    def __init__(self, gif: bytes, alt: str, *, width: int) -> None:
        """Keep the bytes of a GIF, the words for it, and how wide it is shown."""
        self.gif, self.alt, self.width = gif, alt, width

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        data = base64.b64encode(self.gif).decode()
        image = (
            f'<img alt="{html.escape(self.alt)}" width="{self.width}" style="max-width:100%;'
            f'background:white;border-radius:4px" src="data:image/gif;base64,{data}">'
        )
        return {"text/html": image, "text/plain": self.alt}


def film(played: Mapping[str, ArrayLike], *, every: int = 2) -> Film:
    """Carts and poles side by side, at their true speed: 50 steps a second.

    Args:
        played: name -> observations of consecutive steps, shape [T, 4]: place, speed, angle, its speed.
        every: show each so-manieth step.
    """
    played = {name: finite(name, states) for name, states in played.items()}
    wide, high = 380, 200
    length = min(map(len, played.values()))
    frames = []
    for t in range(0, length, every):
        frame = Image.new("RGB", (wide * len(played), high), "white")
        for nth, (name, states) in enumerate(played.items()):
            _cart(ImageDraw.Draw(frame), states, t, left=nth * wide, wide=wide, name=name)
        frames.append(frame.quantize(16))
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=20 * every, loop=2)
    said = "; ".join(f"{name}: {_falls(states[:length])} falls" for name, states in played.items())
    alt = f"Moving picture of {length} steps, {length / 50:g} seconds of carts that balance a pole. {said}."
    return Film(out.getvalue(), alt, width=wide * len(played))


def _falls(states: Array) -> int:
    """How many episodes ended here: the state where one ends is beyond 12 degrees or 2.4 from the middle."""
    return int(((np.abs(states[:, 2]) > np.radians(12)) | (np.abs(states[:, 0]) > 2.4)).sum())


def _cart(pen: ImageDraw.ImageDraw, states: Array, t: int, *, left: int, wide: int, name: str) -> None:
    place, angle = states[t, 0], states[t, 2]
    ground, middle = 165, left + wide / 2 + place * (wide / 2 - 30) / 2.4
    pen.line((left + 12, ground + 16, left + wide - 12, ground + 16), fill=COLORS["random"], width=2)
    for end in (-2.4, 2.4):
        at = left + wide / 2 + end * (wide / 2 - 30) / 2.4
        pen.line((at, ground + 6, at, ground + 26), fill=COLORS["random"], width=2)
    pen.rectangle((middle - 24, ground - 13, middle + 24, ground + 13), fill=COLORS["truth"])
    top = (middle + 110 * np.sin(angle), ground - 13 - 110 * np.cos(angle))
    pen.line((middle, ground - 13, *top), fill=COLORS["td_error"], width=8)
    pen.text((left + 12, 8), f"{name}, step {t}", fill=COLORS["truth"], font_size=15)


def pretty(name: str) -> str:
    """A variant's name as one writes it."""
    return name.replace("x 10^6", "× 10⁶").replace("lam =", "λ =")


@figure(7.6, 4.6)
def ablation(found: Mapping[str, Sequence[float]], *, limit: int, ax: Axes) -> str:
    """Steps until each run was solved, a row a variant and a dot a seed.

    Args:
        found: variant -> steps of the game for each seed; infinity if it never was.
        limit: steps that a run had.
    """
    words, never = [], 1.21 * limit
    for row, (name, steps) in enumerate(found.items()):
        steps = np.sort(np.asarray(steps, float))
        there = steps[np.isfinite(steps)]
        lost = len(steps) - len(there)
        spread = 0.16 * (np.arange(len(there)) % 3 - 1)
        ax.plot(there, row + spread, "o", color=COLORS["value"], ms=7, alpha=0.65)
        if len(there):
            middle = np.median(steps)
            if np.isfinite(middle):
                ax.plot([middle] * 2, [row - 0.36, row + 0.36], color=COLORS["truth"], lw=2)
        if lost:
            ax.plot(never, row, "X", color=COLORS["advantage"], ms=10)
            ax.annotate(f"{lost} of {len(steps)}", (1.26 * limit, row), va="center")
        got = f"{len(there)} of {len(steps)} solved"
        span = f", after {there[0]:,.0f} to {there[-1]:,.0f} steps" if len(there) else ""
        words.append(f"{pretty(name)}: {got}{span}")
    ax.axvline(1.08 * limit, color=COLORS["random"], lw=1)
    ax.set_yticks(range(len(found)), [pretty(name) for name in found])
    ax.set(ylim=(len(found) - 0.5, -0.5), xlim=(0, 1.42 * limit))
    ticks = np.arange(0, limit + 1, 20_000)
    ax.set_xticks([*ticks, never], [*(f"{tick:,}" for tick in ticks), "never"])
    ax.set_xlabel(
        f"steps of the game until the score is {SOLVED}; black: median of {len(steps)} seeds", loc="right"
    )
    return f"Steps until the mean score of 20 episodes is {SOLVED}. " + "; ".join(words) + "."


@figure(7.6, 5.0)
def dashboard(shown: Curve, healthy: Mapping[int, Curve], *, name: str, ax: Axes) -> str:
    """Four numbers of one run, over the range of runs that went well.

    Args:
        shown: the run to look at.
        healthy: seed -> a run that went well.
        name: what the run is called.
    """
    grid = np.arange(1_000, min(run.env_steps[-1] for run in healthy.values()), 500)
    ax.figure.set_layout_engine("none")  # places for four: a layout takes half of the redraw
    corners = [(left, low, 0.41, 0.325) for low in (0.55, 0.1) for left in (0.075, 0.575)]
    ax.set_position(corners[0])
    panels = [ax, *map(ax.figure.add_axes, corners[1:])]
    words = []
    for panel, (quantity, (label, limits, ticks)) in zip(panels, PANELS.items(), strict=True):
        many, one = over(healthy.values(), quantity, grid), getattr(shown, quantity)
        panel.fill_between(grid / 1e3, many.min(0), many.max(0), color=COLORS["value"], alpha=0.22, lw=0)
        panel.plot(shown.env_steps / 1e3, np.clip(one, *limits), color=COLORS["advantage"], lw=1.6)
        panel.set_title(label, fontsize=11, fontweight="normal")
        panel.set(ylim=limits, xlim=(0, grid[-1] / 1e3), yscale="log" if "log" in label else "linear")
        panel.set_yticks(list(ticks), list(ticks.values()))
        panel.minorticks_off()
        inside = np.interp(grid, shown.env_steps, one)
        share = np.mean((inside >= many.min(0)) & (inside <= many.max(0)))
        words.append(
            f"{label.partition(' (')[0]}: median {number(np.nanmedian(one))}, inside {share:.0%} of the time"
        )
    for panel in panels[2:]:
        panel.set_xlabel("steps of the game, thousands")
    title = f"{pretty(name)}   (blue: {len(healthy)} runs as given)"
    ax.figure.suptitle(title, x=0.01, y=0.985, ha="left", fontsize=12)
    return f"{pretty(name)}, against the range of {len(healthy)} runs as given. " + "; ".join(words) + "."


@figure(7.6, 3.8)
def microscope(
    states: ArrayLike, values: ArrayLike, advantages: ArrayLike, *, step: int, name: str, ax: Axes
) -> str:
    """One step of an episode: the cart, and what the critic said before, then and later.

    Args:
        states: observations of an episode, shape [T, 4].
        values: V of each, in points, shape [T].
        advantages: of each step, in points, shape [T].
        step: to look at; the last one if the episode was shorter.
        name: who plays.
    """
    states, values, advantages = (
        finite(n, x) for n, x in (("states", states), ("values", values), ("advantages", advantages))
    )
    step, steps = min(step, len(states) - 1), np.arange(len(states))
    ax.figure.set_layout_engine("none")  # places for three: a layout takes half of the redraw
    ax.set_position((0.01, 0.13, 0.32, 0.8))
    place, angle = states[step, 0], states[step, 2]
    lean = np.degrees(angle).round() + 0  # no minus before a zero
    ax.plot([place - 0.3, place + 0.3], [0, 0], color=COLORS["truth"], lw=14, solid_capstyle="butt")
    ax.plot([place, place + np.sin(angle)], [0.1, np.cos(angle)], color=COLORS["td_error"], lw=6)
    ax.set(xlim=(place - 1.2, place + 1.2), ylim=(-0.2, 1.6), aspect="equal", xticks=[], yticks=[])
    ax.set_xlabel(f"leaning {lean:+.0f}°, cart at {place.round(1) + 0:+.1f}")
    ax.set_title(f"{name}, step {step}", fontsize=11)
    low = None
    for row, (label, line, colour) in enumerate(
        (("V, points", values, COLORS["value"]), ("A, points", advantages, COLORS["advantage"]))
    ):
        low = ax.figure.add_axes((0.43, 0.56 - 0.42 * row, 0.56, 0.38))
        low.axhline(0, color="black", lw=1)
        low.plot(steps, line, color=colour)
        low.plot(step, line[step], "o", color=colour, ms=9)
        low.axvline(step, color=COLORS["random"], lw=1, ls=":")
        low.set_ylabel(label)
        low.yaxis.set_label_coords(-0.12, 0.5)
        low.tick_params(labelbottom=row == 1)
    most = max(1.0, 1.1 * np.abs(advantages).max())  # a hundredth of a point is no mountain
    low.set(xlabel="step of the episode", ylim=(-most, most))
    return (
        f"{name}, an episode of {len(states)} steps. At step {step} the pole leans "
        f"{lean:+.0f} degrees, V is {values[step]:.1f} points and A is {advantages[step]:+.1f}. "
        f"V is {values[0]:.1f} at the start, {values.max():.1f} at most, {values[-1]:.1f} in the last step."
    )

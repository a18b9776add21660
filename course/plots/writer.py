"""THE figure of the course: what a writer learns from one payment at the end, one more line a lesson.

Nothing about the judge changes between the lines, only the weight that each token gets. A line that an
earlier lesson drew stays in the picture, dimmed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course.plots.drawing import COLORS, figure, number
from course.worlds.writer import BEST, KINDS, Learning

MILLION = 1e6
FIRST = 10  # batches whose cosine is shown

# One colour a quantity; the line of a weight has the colour of what it is made of.
COLOUR_OF = {
    "whole score": COLORS["reward"],
    "minus the others": COLORS["return"],
    "R - V": COLORS["value"],
    "TD error": COLORS["td_error"],
    "GAE": COLORS["advantage"],
}
STYLE_OF = {"exact": "-", "learned": "--", "blind": ":"}


@figure(8.6, 4.4)
def learning(
    lines: Mapping[str, Learning], *, critic: Mapping[str, str] | None = None, old: Sequence[str] = (), ax: Axes
) -> str:
    """Mean score of the policy over updates, a line for each weight: median and range over the seeds.

    Args:
        lines: what `writer.learn` gave, by name. A name begins with one of `COLOUR_OF`'s.
        critic: by the same name, whose values were used: "exact" (a solid line, also if not given),
            "learned" (dashed) or "blind" (dotted).
        old: names of lines that an earlier lesson drew already; they are dimmed.
    """
    critic = critic or {}
    ends = {}
    words = []
    for name, run in lines.items():
        scores = run.scores / MILLION
        median = np.median(scores, axis=0)
        updates = np.arange(len(median))
        kind = critic.get(name, "exact")
        strength = 0.35 if name in old else 1.0

        colour = _colour(name)
        ax.fill_between(
            updates, scores.min(axis=0), scores.max(axis=0), color=colour, alpha=0.25 * strength, lw=0
        )
        ax.plot(updates, median, STYLE_OF[kind], color=colour, lw=1.5 if name in old else 2.5, alpha=strength)
        ends[name] = median[-1]

        cosine = np.nanmean(run.cosines[:, :FIRST])
        values = "" if kind == "exact" else f" with the {kind} critic"
        words.append(
            f"{name}{values}: {number(median[min(12, len(median) - 1)])} after 12 updates and "
            f"{number(median[-1])} after {len(median) - 1}, cosine {cosine:.2f}"
        )

    last = len(updates) - 1
    for name, height in _apart(ends, 135).items():
        strength = 0.55 if name in old else 1.0
        ax.annotate(
            f"{name}  ({number(ends[name])})",
            (last, ends[name]),
            xytext=(last * 1.02, height),
            color=_colour(name),
            alpha=strength,
            va="center",
            annotation_clip=False,
            fontsize=11,
        )
    ax.axhline(BEST / KINDS / MILLION, color=COLORS["random"], lw=1, ls="--")
    ax.axhline(BEST / MILLION, color=COLORS["truth"], lw=1, ls="--")
    ax.text(last / 2, BEST / MILLION + 40, "the best answer", ha="center", color=COLORS["truth"], fontsize=10)
    ax.text(last / 2, BEST / KINDS / MILLION - 130, "random answers", ha="center", color="#666666", fontsize=10)
    ax.set(xlim=(0, last), ylim=(300, 2_700))
    ax.set_xlabel("updates, 20 answers each")
    ax.set_ylabel("mean score, million points")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    seeds = len(next(iter(lines.values())).scores)
    ax.set_title(f"median and range of {seeds} seeds")
    return (
        f"Mean score of the writer in million points over {last} updates; {seeds} seeds. " + "; ".join(words) + "."
    )


@figure(7.6, 3.0)
def pointing(lines: Mapping[str, Learning], *, ax: Axes) -> str:
    """Cosine between a batch's gradient and the true one: mean of the first batches, each seed a dot.

    Args:
        lines: what `writer.learn` gave, by name.
    """
    names = list(lines)
    words = []
    for row, name in enumerate(names):
        cosines = lines[name].cosines[:, :FIRST].mean(axis=1)
        ax.plot(cosines, np.full(len(cosines), row), "o", color=_colour(name), ms=5, alpha=0.5)
        ax.plot(cosines.mean(), row, "|", color=_colour(name), ms=22, mew=3)
        words.append(f"{name} {cosines.mean():.3f}")
    ax.axvline(0, color=COLORS["truth"], lw=1)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlim=(-0.05, 1.0))
    ax.set_xlabel(f"cosine with the true gradient, mean of the first {FIRST} batches")
    ax.set_title("how well does a batch of 20 point?")
    return f"Cosine of a batch's gradient with the true one, mean of the first {FIRST}: " + "; ".join(words) + "."


def _colour(name: str) -> str:
    for start, colour in COLOUR_OF.items():
        if name.startswith(start):
            return colour
    allowed = ", ".join(COLOUR_OF)
    raise ValueError(f"lines: a name must begin with one of {allowed}, got {name!r}")


def _apart(heights: Mapping[str, float], gap: float) -> dict[str, float]:
    """Heights for labels, moved down where two would touch; the order stays."""
    placed = {}
    above = np.inf
    for name in sorted(heights, key=lambda each: -heights[each]):
        placed[name] = min(heights[name], above - gap)
        above = placed[name]
    return placed

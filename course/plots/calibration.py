"""The figure of the whole course: what you guessed, against what came out."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from course.plots.drawing import COLORS, figure
from course.plots.parts import told
from course.plots.words import number

NEAR = 2.0  # the grey band: guess and truth differ by no more than this factor
EDGE = 1_000.0  # factors beyond stand at the edge, with an arrow
ROW = 0.31  # inches of a row
# Shape and colour of each kind, so that colour is never the only sign.
LOOK = {
    "near": ("o", COLORS["reward"], "near (within a factor of two)"),
    "too small": ("<", COLORS["advantage"], "too small"),
    "too large": (">", COLORS["value"], "too large"),
}


@dataclass(frozen=True, kw_only=True)
class GuessRow:
    """One guess of the calibration figure."""

    name: str  # what was to be guessed
    kind: str  # near, too small, too large; other sign; right or wrong
    factor: float | None  # guess / truth, 0 or above; None where a factor makes no sense
    said: str  # guess and truth in words
    verdict: str  # in words too, shown where there is no factor


@figure(11.0, 3.0)
def calibration(rows: Sequence[GuessRow], *, summary: str, ax: Axes) -> Axes:
    """Each guess by the factor guess / truth on a logarithmic axis; where there is none, in words alone.

    Args:
        rows: in the order of the lessons, at least one.
        summary: what they say in sum; it stands above the figure and at the end of the alt text.
    """
    ax.figure.set_size_inches(11.0, 1.5 + ROW * max(len(rows), 3))
    _scale(ax, [row.name for row in rows])
    for nth, row in enumerate(rows):
        beside = blended_transform_factory(ax.transAxes, ax.transData)
        ax.text(1.02, nth, row.said, transform=beside, va="center", fontsize=10)
        if row.factor is None:
            mark = {"right": "✓ ", "wrong": "✗ "}.get(row.kind, "") + row.verdict
            ax.text(
                1,
                nth,
                mark,
                ha="center",
                va="center",
                fontsize=10,
                bbox={"fc": "white", "ec": "none", "pad": 1},
            )
        else:
            _mark(ax, nth, row)

    for kind, (shape, colour, label) in LOOK.items():
        if any(row.kind == kind and row.factor is not None for row in rows):
            ax.plot([], [], shape, color=colour, ms=9, label=label)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, columnspacing=1.2, handletextpad=0.3)
    ax.figure.suptitle(fill(summary, 110), x=0.01, ha="left", fontsize=12, fontweight="bold")
    return told(
        ax,
        f"{len(rows)} of your guesses beside what came out:",
        [f"{row.name}: {row.said}, {row.verdict}" for row in rows],
        closing=summary,
    )


def _scale(ax: Axes, names: Sequence[str]) -> None:
    ax.set_xscale("log")
    ax.axvspan(1 / NEAR, NEAR, color=COLORS["faint"], alpha=0.6, lw=0, zorder=0)
    ax.axvline(1, color=COLORS["truth"], lw=1.2, zorder=1)
    ticks = 10.0 ** np.arange(-3, 4)
    ax.set_xticks(ticks, ["1/1,000", "1/100", "1/10", "1", "10", "100", "1,000"], fontsize=10)
    ax.minorticks_off()
    ax.set_yticks(range(len(names)), names)
    ax.set(xlim=(0.4 / EDGE, 2.5 * EDGE), ylim=(len(names) - 0.4, -0.6))
    ax.set_xlabel("your guess / what came out")


def _mark(ax: Axes, nth: int, row: GuessRow) -> None:
    """The factor of a row; one beyond the edge stands at the edge, and is written there."""
    shape, colour, _ = LOOK[row.kind]
    at = float(np.clip(row.factor, 1 / EDGE, EDGE))
    ax.plot([1, at], [nth, nth], color=colour, lw=1.5, alpha=0.6, zorder=2)
    ax.plot(at, nth, shape, color=colour, ms=9, zorder=3)
    if at != row.factor:
        sign = "÷" if row.factor < 1 else "×"
        far = "guess 0" if row.factor == 0 else f"{sign} {number(max(row.factor, 1 / row.factor))}"
        side = -1 if at > 1 else 1
        ax.annotate(
            far, (at, nth), xytext=(9 * side, 0), textcoords="offset points", fontsize=9, va="center",
            ha="right" if side < 0 else "left", bbox={"fc": "white", "ec": "none", "pad": 0.5}, zorder=2.5,
        )  # fmt: skip

"""Parts that figures share: a line in its band, rows with names, a legend above, a guess, the words."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import Array
from course.arrays import number as one_number
from course.plots.drawing import COLORS
from course.plots.words import number

BAND_ALPHA = 0.2
HOLDS = {  # what a band holds of the runs at each place -> from and to which percentile it reaches
    "all": (0, 100),
    "8 in 10": (10, 90),
    "half": (25, 75),
}


class Band(NamedTuple):
    """What was drawn: the line and the two edges around it, each of shape [n]."""

    low: Array
    middle: Array
    high: Array


def band(
    ax: Axes,
    x: ArrayLike,
    runs: ArrayLike,
    *,
    color: str,
    holds: Literal["all", "8 in 10", "half"],
    middle: Literal["median", "mean"] | None = "median",
    label: str | None = None,
    band_label: str | None = None,
    **line: object,
) -> Band:
    """Draw many runs as one line in a band; numbers that are missing (NaN) do not count.

    Args:
        ax: to draw on.
        x: places, shape [n].
        runs: a row for each run, shape [runs, n].
        color: of line and band.
        holds: the share of the runs that lies inside the band.
        middle: what the line is; None draws the band alone.
        label: of the line, in the legend.
        band_label: of the band, in the legend.
        line: how the line looks, as matplotlib's `plot` takes it.
    """
    runs = np.asarray(runs)
    missing = np.isnan(runs).any()
    percentile = np.nanpercentile if missing else np.percentile
    mean = np.nanmean if missing else np.mean

    low, median, high = percentile(runs, [HOLDS[holds][0], 50, HOLDS[holds][1]], axis=0)
    center = mean(runs, axis=0) if middle == "mean" else median

    ax.fill_between(x, low, high, color=color, alpha=BAND_ALPHA, lw=0, label=band_label)
    if middle is not None:
        ax.plot(x, center, color=color, label=label, **line)
    return Band(low, center, high)


def named_rows(ax: Axes, names: Sequence[str]) -> Array:
    """Give each name a row of its own, the first at the top; return where the rows are."""
    places = np.arange(len(names))
    ax.set_yticks(places, names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    return places


def legend_above(ax: Axes, *, columns: int, at: float = 0.5, title: str | None = None) -> None:
    """Put the legend between figure and title, where it covers nothing.

    Args:
        ax: whose legend.
        columns: names side by side.
        at: where its middle is, as a share of the Axes' width.
        title: above it.
    """
    ax.legend(
        loc="lower center",
        bbox_to_anchor=(at, 1.0),
        ncols=columns,
        columnspacing=1.2,
        handlelength=1.5,
        title=title,
    )


def mark_guess(ax: Axes, guess: float | None, *, along: Literal["x", "y"] = "x", unit: str = "") -> str:
    """Draw what the learner predicted as a dotted line with a hollow diamond, across the whole Axes.

    Args:
        ax: to draw on.
        guess: the prediction, in the units of the axis; None draws nothing.
        along: the axis on which it stands. On a logarithmic one, set before, a guess must be above 0.
        unit: what to say after the number: "points", "%".

    Returns:
        A sentence for the alt text, empty if there is no guess.

    Raises:
        ValueError: if `guess` is neither None nor one finite number that the axis can show.
    """
    if guess is None:
        return ""
    logarithmic = (ax.get_xscale() if along == "x" else ax.get_yscale()) == "log"
    guess = one_number("guess", guess, above=0 if logarithmic else -np.inf)

    line = {"color": COLORS["truth"], "lw": 1.5, "ls": ":"}
    diamond = {"color": COLORS["truth"], "ls": ":", "lw": 1.5, "ms": 9, "mfc": "white", "mew": 2}
    said = f"{number(guess)} {unit}".rstrip()
    if along == "x":
        ax.axvline(guess, **line)
        place = ([guess], [0.0])
        transform = ax.get_xaxis_transform()
    else:
        ax.axhline(guess, **line)
        place = ([0.0], [guess])
        transform = ax.get_yaxis_transform()
    label = f"your guess: {said}"
    (mark,) = ax.plot(*place, "D", transform=transform, clip_on=False, zorder=5, label=label, **diamond)
    mark.set_in_layout(False)  # a guess far outside the picture must not squeeze it
    return f"You guessed {said}."


def told(ax: Axes, opening: str, parts: Iterable[str] = (), closing: str = "") -> Axes:
    """Give the figure its alt text, and return the Axes.

    Args:
        ax: of the figure.
        opening: how the text begins: whole sentences, or the words before the first part.
        parts: said one after the other, with semicolons between them and a full stop at the end.
        closing: whole sentences at the end.
    """
    listed = "; ".join(parts)
    texts = [opening, f"{listed}." if listed else "", closing]
    ax.figure.alt_text = " ".join(text for text in texts if text)
    return ax

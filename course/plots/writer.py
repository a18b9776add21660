"""THE figure of the course: what a writer learns from one payment at the end, one more line a lesson.

Nothing about the judge changes between the lines, only the weight that each token gets. A line that an
earlier lesson drew stays in the picture, dimmed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from course.arrays import Array, Refusal, finite, whole
from course.plots.drawing import COLORS, figure, ink
from course.plots.parts import named_rows, told
from course.plots.words import number
from course.worlds.writer import BEST, KINDS, Learning

MILLION = 1e6
FIRST = 10  # batches whose cosine is shown
EARLY = 12  # updates after which the alt text says how far it is
LABEL_GAP = 135  # million points between two labels at the right edge

# A line has the colour of the quantity that its weight is made of.
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
    lines: Mapping[str, Learning],
    *,
    critic: Mapping[str, str] | None = None,
    old: Sequence[str] = (),
    guess: float | Sequence[float] | None = None,
    guess_at: int | None = None,
    ax: Axes,
) -> Axes:
    """Mean score of the policy over updates, a line for each weight: median and range over the seeds.

    Args:
        lines: what `writer.learn` gave, by name. A name begins with one of `COLOUR_OF`'s.
        critic: by the same name, whose values were used: "exact" (a solid line, also if not given),
            "learned" (dashed) or "blind" (dotted).
        old: names of lines that an earlier lesson drew already; they are dimmed.
        guess: what the learner predicted, one number or several, in million points; None if nothing.
        guess_at: the update that the guess is about; the last if None.
    """
    critic = critic or {}
    last = min(run.scores.shape[1] for run in lines.values()) - 1

    ends = {}
    words = []
    for name, run in lines.items():
        scores = run.scores[:, : last + 1] / MILLION
        kind = critic.get(name, "exact")
        _draw_line(ax, scores, color=_colour(name), style=STYLE_OF[kind], dim=name in old)

        median = np.median(scores, axis=0)
        ends[name] = float(median[-1])
        words.append(_said_of(name, run, median, kind))

    _label_ends(ax, ends, at=last)
    _mark_limits(ax, middle=last / 2)
    said = ""
    if guess is not None:
        at = last if guess_at is None else whole("guess_at", guess_at, low=0)
        said = _draw_guess(ax, guess, at=at, words_right=at < last / 2)

    ax.set(xlim=(0, last), ylim=(300, 2_700))
    ax.set_xlabel("updates, 20 answers each")
    ax.set_ylabel("mean score, million points")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    seeds = len(next(iter(lines.values())).scores)
    ax.set_title(f"median and range of {seeds} seeds")
    opening = f"Mean score of the writer in million points over {last} updates, {seeds} seeds."
    return told(ax, opening, words, said)


@figure(8.6, 3.2)
def pointing(
    lines: Mapping[str, Learning], *, critic: Mapping[str, str] | None = None, upto: float = 1.05, ax: Axes
) -> Axes:
    """Cosine between a batch's gradient and the true one: mean of the first batches, a dot for each seed.

    Args:
        lines: what `writer.learn` gave, by name.
        critic: as in `learning`; it is written beside the name.
        upto: where the axis ends, for batches that all point badly.
    """
    critic = critic or {}
    names = [f"{name} ({critic[name]} critic)" if name in critic else name for name in lines]
    words = []
    for row, run, name in zip(named_rows(ax, names), lines.values(), names, strict=True):
        cosines = run.cosines[:, :FIRST].mean(axis=1)
        colour = _colour(name)
        ax.plot(cosines, np.full(len(cosines), row), "o", color=colour, ms=5, alpha=0.5)
        ax.plot(cosines.mean(), row, "|", color=colour, ms=22, mew=3)
        ax.annotate(
            f"{cosines.mean():.2f}",
            (cosines.max(), row),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
        )
        words.append(f"{name} {cosines.mean():.3f}")

    ax.axvline(0, color=COLORS["truth"], lw=1)
    ax.set(
        xlim=(-0.1 * upto, upto), xlabel=f"cosine with the true gradient, mean of the first {FIRST} batches"
    )
    ax.set_title("how well does a batch of 20 point?")
    return told(ax, f"Cosine of a batch's gradient with the true one, mean of the first {FIRST}:", words)


def _draw_line(ax: Axes, scores: Array, *, color: str, style: str, dim: bool) -> None:
    """Median and range over the seeds; `scores` is [seeds, updates + 1], in million points."""
    low = scores.min(axis=0)
    high = scores.max(axis=0)
    ax.fill_between(np.arange(len(low)), low, high, color=color, alpha=0.08 if dim else 0.25, lw=0)
    ax.plot(np.median(scores, axis=0), style, color=color, lw=1.5 if dim else 2.5, alpha=0.4 if dim else 1.0)


def _draw_guess(ax: Axes, guess: float | Sequence[float], *, at: int, words_right: bool) -> str:
    """A hollow diamond for each number that was predicted; what the alt text says of them."""
    numbers = np.atleast_1d(finite("guess", guess))
    if numbers.ndim != 1 or not numbers.size:
        raise Refusal(f"guess must be a number of million points, or several, got shape {numbers.shape}")
    side, away = ("left", 10) if words_right else ("right", -8)
    for each in numbers:
        ax.plot(at, each, "D", color=COLORS["truth"], ms=9, mfc="none", mew=2, clip_on=False)
        ax.annotate("your guess", (at, each), xytext=(away, 8), textcoords="offset points", ha=side)
    return f"You guessed {' and '.join(number(each) for each in numbers)} after {at} updates."


def _said_of(name: str, run: Learning, median: Array, kind: str) -> str:
    """What the alt text says of a line."""
    whose = "" if kind == "exact" else f" with the {kind} critic"
    early = min(EARLY, len(median) - 1)
    cosine = np.nanmean(run.cosines[:, :FIRST])
    return (
        f"{name}{whose}: {number(median[early])} after {early} updates, {number(median[-1])} at the end, "
        f"cosine {cosine:.2f}"
    )


def _label_ends(ax: Axes, ends: Mapping[str, float], *, at: int) -> None:
    """Write each line's name and where it ends at the right edge, moved apart where two would touch."""
    above = np.inf
    for name in sorted(ends, key=lambda each: -ends[each]):
        height = min(ends[name], above - LABEL_GAP)
        above = height
        ax.annotate(
            f"{name}  ({number(ends[name])})",
            (at, ends[name]),
            xytext=(at * 1.02, height),
            color=ink(_colour(name)),
            va="center",
            annotation_clip=False,
            fontsize=11,
        )


def _mark_limits(ax: Axes, *, middle: float) -> None:
    best = BEST / MILLION
    random = best / KINDS
    ax.axhline(best, color=COLORS["truth"], lw=1, ls="--")
    ax.axhline(random, color=COLORS["random"], lw=1, ls="--")
    ax.text(middle, best + 40, "the best answer", ha="center", fontsize=10)
    ax.text(middle, random - 130, "random answers", ha="center", fontsize=10)


def _colour(name: str) -> str:
    for start, colour in COLOUR_OF.items():
        if name.startswith(start):
            return colour
    raise ValueError(f"lines: a name must begin with one of {', '.join(COLOUR_OF)}, got {name!r}")

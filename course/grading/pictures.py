"""The pictures of a class: how far it got in each exercise, and what it misunderstood."""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes

from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, named_rows, told
from course.plots.words import counted

STATES = {  # what a bar is made of, from the left
    "right": ("right", COLORS["reward"], ""),
    "wrong": ("not yet", COLORS["advantage"], "//"),
    "todo": ("still to do", COLORS["faint"], ""),
    "ungraded": ("not graded", COLORS["random"], ".."),
}


def plot_progress(exercises: Sequence[str], counts: Sequence[dict[str, int]]) -> Axes:
    """A bar for each exercise: how many learners have it right, wrong, still to do, or are not graded.

    Args:
        exercises: how they are called.
        counts: of each, state -> learners.
    """

    @figure(8.5, 1.3 + 0.3 * len(exercises))
    def draw(*, ax: Axes) -> Axes:
        places = named_rows(ax, exercises)
        left = [0] * len(counts)
        for state, (label, color, hatch) in STATES.items():
            width = [count.get(state, 0) for count in counts]
            if any(width):
                ax.barh(
                    places, width, left=left, height=0.7, color=color, hatch=hatch, label=label, ec="white"
                )
            left = [before + more for before, more in zip(left, width, strict=True)]
        _count_along_x(ax)
        legend_above(ax, columns=len(STATES))

        parts = [
            f"{name}: {count.get('right', 0)} of {sum(count.values())} right"
            for name, count in zip(exercises, counts, strict=True)
        ]
        return told(ax, "Learners by exercise.", parts)

    return draw()


def plot_causes(causes: Sequence[tuple[str, str, int]]) -> Axes:
    """A bar for each cause, the most frequent first: what to repeat on Monday.

    Args:
        causes: (exercise, sentence, how many learners).
    """
    names = [_label(exercise, sentence) for exercise, sentence, _ in causes]
    lines = sum(name.count("\n") + 1 for name in names)

    @figure(8.5, 0.9 + 0.24 * lines)
    def draw(*, ax: Axes) -> Axes:
        places = named_rows(ax, names)
        ax.tick_params(axis="y", labelsize=9.5)
        bars = ax.barh(places, [count for *_, count in causes], height=0.6, color=COLORS["advantage"])
        ax.bar_label(bars, padding=3)
        _count_along_x(ax)

        parts = [
            f"{counted(count, 'learner')}, {exercise}: {sentence}" for exercise, sentence, count in causes
        ]
        return told(ax, "The most frequent causes.", [part.rstrip(".") for part in parts])

    return draw()


def _label(exercise: str, sentence: str) -> str:
    return textwrap.fill(
        f"{exercise}: {sentence}".replace("$", r"\$").replace("`", ""), width=58, max_lines=3
    )


def _count_along_x(ax: Axes) -> None:
    ax.set_axisbelow(True)
    ax.set_xlabel("learners")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(axis="y", visible=False)

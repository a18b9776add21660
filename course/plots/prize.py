"""The static twin of the widget "Who earned the prize?": the chips of one answer, and V below them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from course.arrays import Array
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, told
from course.plots.words import number

A_ROW = 14  # chips: two sentences
SIGN = {True: COLORS["reward"], False: COLORS["advantage"]}  # is it more than nothing? green, vermillion


@figure(10.4, 4.6, panels="A;B", grid={"height_ratios": [1.25, 1]})
def who_earned_the_prize(
    frames: dict, *, answer: int, weight: str, critic: str, lam: int, token: int, axes: dict[str, Axes]
) -> Axes:
    """One answer, the weight of each of its tokens, and what was expected before each.

    Args:
        frames: as `course.language.credit.frames` makes them.
        answer: which, from 0.
        weight, critic: by their names.
        lam: the place of lambda in `frames["lambdas"]`.
        token: the one whose numbers are said, from 0.
    """
    record = frames["answers"][answer]
    values = np.array(record["values"][critic])
    weights = np.array(chosen(record["weights"][weight], critic=critic, lam=lam))

    _chips(axes["A"], record["words"], weights, token)
    _line(axes["B"], record, frames["exact"], critic)
    name = f"GAE, λ {frames['lambdas'][lam]:.2f}" if weight == "GAE" else weight
    axes["A"].set_title(f"{record['prompt']}   weight: {name}; critic: {critic}")

    extremes = ", ".join(
        f"{record['words'][t]} (token {t + 1}) {weights[t]:+,.0f}"
        for t in sorted({int(weights.argmax()), int(weights.argmin())})
    )
    return told(
        axes["A"],
        f"The answer to {record['prompt']!r} has {len(weights)} tokens, {' '.join(record['words'])!r}, and "
        f"was paid {number(record['paid'])} points. Weight: {name}; critic: {critic}. Largest and smallest "
        f"weight, in points: {extremes}. Sum of the TD errors: {record['sums'][critic]:+,.0f} = R - V(s0) = "
        f"{number(record['paid'])} - {number(values[0])}. Exact V before the first token: "
        f"{number(record['values'][frames['exact']][0])}.",
    )


def chosen(weights: list | dict, *, critic: str, lam: int) -> list[float]:
    """The T weights under a setting; some weights know no critic, and most know no lambda."""
    if isinstance(weights, dict):
        weights = weights[critic]
    return weights[lam] if isinstance(weights[0], list) else weights


def brief(points: float) -> str:
    """A number for a chip, as the widget writes it: +312k, −1.25M."""
    size = abs(points)
    sign = "+" if points > 0 else "−" if points < 0 else ""
    if size >= 999_500:
        return f"{sign}{_half_up(size / 1e4) / 100:.2f}M"
    if size >= 1_000:
        return f"{sign}{_half_up(size / 1e3)}k"
    return f"{sign}{size:.0f}"


def _half_up(size: float) -> int:
    return int(size + 0.5)  # as the browser rounds


def _chips(ax: Axes, words: list[str], weights: Array, token: int) -> None:
    most = max(1.0, np.abs(weights).max())
    for t, (word, points) in enumerate(zip(words, weights, strict=True)):
        row, column = divmod(t, A_ROW)
        share = abs(points) / most
        color = SIGN[bool(points > 0)]
        tint = 1 - 0.42 * share * (1 - np.array(to_rgb(color)))
        edge = {"ec": COLORS["truth"], "lw": 2.0} if t == token else {"ec": COLORS["random"], "lw": 0.6}

        ax.add_patch(Rectangle((column + 0.04, row + 0.06), 0.92, 0.86, fc=tint, **edge))
        ax.text(column + 0.5, row + 0.36, word, ha="center", va="center", fontsize=10, weight="bold")
        ax.text(column + 0.5, row + 0.64, brief(points), ha="center", va="center", fontsize=8.5)
        bar = 0.45 * share if points > 0 else -0.45 * share
        ax.add_patch(Rectangle((column + 0.5, row + 0.79), bar, 0.11, fc=color))

    rows = -(-len(words) // A_ROW)
    ax.set(xlim=(0, A_ROW), ylim=(max(rows, 2), 0))
    ax.axis("off")


def _line(ax: Axes, record: dict, exact: str, critic: str) -> None:
    paid = record["paid"]
    places = np.arange(len(record["words"]) + 1)
    for name in dict.fromkeys([critic, exact]):
        look = {"color": COLORS["value"], "label": f"V of the critic ({name})"}
        if name == exact:
            look = {"color": COLORS["truth"], "ls": "--", "lw": 1.5, "label": exact}
        ax.plot(places, np.append(record["values"][name], paid) / 1e6, **look)

    mark = {"color": COLORS["reward"], "ms": 9, "mec": "black", "clip_on": False}
    ax.plot(places[-1], paid / 1e6, "o", label="the prize", **mark)
    ax.set(xlim=(0, places[-1]), xlabel="tokens written", ylabel="million points")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(bottom=min(0.0, *ax.get_ylim()))
    legend_above(ax, columns=3)

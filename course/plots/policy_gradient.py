"""The figures of lesson 4: every answer, where each batch says that up is, and what a ruler makes of it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from course.arrays import Array, finite
from course.arrays import number as one_number
from course.plots.drawing import COLORS, figure
from course.plots.parts import legend_above, mark_guess, named_rows, told
from course.plots.words import number
from course.worlds import Episodes

WRONG = {"facecolor": "white", "edgecolor": COLORS["truth"], "hatch": "///"}  # a verdict, so no colour
GUESS = {"color": COLORS["truth"], "ms": 9, "mfc": "white", "mew": 2, "ls": "", "clip_on": False, "zorder": 4}


@figure(7.6, 5.4)
def answers(episodes: Episodes, score_functions: ArrayLike, *, ax: Axes) -> Axes:
    """Every answer that can happen, a row each: its tokens, its score function, reward and probability.

    Args:
        episodes: of `answer_world`, all of them: N answers of T tokens.
        score_functions: of each answer, shape [N, 2].
    """
    directions = finite("score_functions", score_functions)
    rewards = episodes.returns()
    rows = np.arange(len(rewards))
    length = len(episodes.actions)

    for t, tokens in enumerate(episodes.actions):
        for bold, face in ((0, "white"), (1, COLORS["truth"])):
            at = rows[tokens == bold]
            label = ("plain", "bold")[bold] if t == 0 else None
            ax.plot(np.full(len(at), t), at, "s", ms=10, mfc=face, mec=COLORS["truth"], label=label)

    columns = np.array([2.2, 4.2, 6.0]) + length - 1
    names = ("score function\n[θ₁, θ₂]", "reward,\npoints", "probability")
    for x, name in zip(columns, names, strict=True):
        ax.text(x, -0.9, name, ha="center", va="bottom", weight="bold")
    ax.text((length - 1) / 2, -0.9, "tokens", ha="center", va="bottom", weight="bold")

    words = []
    for n in rows:
        entries = (_pair(directions[n], 1), number(rewards[n]), f"{episodes.probability[n]:.4f}")
        for x, entry in zip(columns, entries, strict=True):
            ax.text(x, n, entry, ha="center", va="center")
        said = " ".join(("plain", "bold")[token] for token in episodes.actions[:, n])
        words.append(f"{said}: {entries[0]}, {entries[1]} points, probability {entries[2]}")

    ax.set(xlim=(-0.6, columns[-1] + 1), ylim=(len(rows) - 0.4, -2.4), xticks=[], yticks=[])
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.9))
    return told(ax, "Every answer, with score function, reward and probability.", words)


@figure(8.6, 4.6)
def bulls_eye(
    estimates: ArrayLike,
    truth: ArrayLike,
    *,
    size: int,
    pick: int = 1,
    wrong: float | None = None,
    guess: float | None = None,
    ax: Axes,
) -> Axes:
    """Where each batch says the gradient is: a dot a batch, the exact gradient as the bull's eye.

    Args:
        estimates: of each batch, in points, shape [batches, 2].
        truth: the exact gradient, shape [2].
        size: answers in a batch.
        pick: the batch that is drawn as an arrow, counted from 1.
        wrong: the share of batches that point the wrong way, from 0 to 1; counted here if not given.
        guess: the predicted share, in per cent; None if nothing.
    """
    estimates = finite("estimates", estimates)
    truth = finite("truth", truth)
    astray = estimates @ truth < 0  # by more than a right angle
    wrong = astray.mean() if wrong is None else one_number("wrong", wrong, low=0, high=1)
    one = estimates[pick - 1]
    length = np.linalg.norm(truth)

    far = np.quantile(np.abs(estimates).max(axis=1), 0.93)
    half = _half_width(max(far, 1.2 * np.abs(truth).max(), np.abs(one).max()))
    outside = int((np.abs(estimates) > half).any(axis=1).sum())

    edge = 4 * half * np.array([-truth[1], truth[0]]) / length  # the border of "away": through 0
    away = np.array([edge, -edge, -edge - 8 * half * truth / length, edge - 8 * half * truth / length])
    ax.fill(*away.T, color=COLORS["random"], alpha=0.2, lw=0)

    _draw_batches(ax, estimates, astray)
    ax.annotate("", one, (0, 0), arrowprops={"arrowstyle": "-|>", "lw": 2.4, "color": COLORS["reward"]})
    ax.plot([], [], color=COLORS["reward"], lw=2.4, label=f"batch {pick}")
    ax.plot(*truth, "*", color=COLORS["truth"], ms=17, mec="white", label="exact gradient")
    ax.add_patch(Circle(truth, length, fill=False, lw=1.8, ls="--", ec=COLORS["truth"]))
    ax.plot([], [], color=COLORS["truth"], lw=1.8, ls="--", label="off by its length")

    ticks = half * np.array([-1, -0.5, 0, 0.5, 1])  # few: their labels are what takes time to draw
    ax.set(xlim=(-half, half), ylim=(-half, half), xticks=ticks, yticks=ticks, aspect="equal")
    ax.set(xlabel="slope along θ₁ (first token), points", ylabel="slope along θ₂ (later tokens), points")
    ax.axhline(0, color=COLORS["truth"], lw=0.8)
    ax.axvline(0, color=COLORS["truth"], lw=0.8)
    title = f"{len(estimates)} batches of {size:,}, {outside} of them\noutside the frame"
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), title=title, alignment="left")
    said = _share_bar(ax, wrong, guess)

    noise = np.sqrt(((estimates - truth) ** 2).sum(axis=1).mean())
    return told(
        ax,
        f"Gradient estimates of {len(estimates)} batches of {size:,} answers, {outside} outside the frame. "
        f"The exact gradient is {_pair(truth)}, {number(length)} long; the estimates miss it by "
        f"{number(noise)} (r.m.s.). {100 * wrong:.0f} % point the wrong way. Batch {pick} says {_pair(one)}.",
        closing=said,
    )


@figure(7.6, 4.0)
def judges(
    rows: Mapping[str, tuple[float, float, float]],
    *,
    size: int,
    guess: float | None = None,
    about: tuple[str, str] | None = None,
    ax: Axes,
) -> Axes:
    """Ways to pay the same answers: what the rewards' spread says, and what the gradient sees.

    Args:
        rows: way to pay -> standard deviation of the rewards in points, length of the exact gradient,
            and root mean square error of a batch's estimate of it.
        size: answers in a batch.
        guess: by which factor the error grows, as predicted; None if nothing.
        about: from which row to which row the guess looks; needed with a guess.
    """
    names = list(rows)
    table = finite("rows", list(rows.values()))
    table = np.where(table < 1e-9, 0.0, table)
    lowest = 10 ** (np.floor(np.log10(table[table > 0].min())) - 1)  # where a 0 is drawn
    shown = np.where(table > 0, table, lowest)

    places = named_rows(ax, names)
    ax.hlines(places, shown[:, 1], shown[:, 2], color=COLORS["random"], lw=5, alpha=0.45)
    looks = (
        ("o", COLORS["reward"], "spread of the rewards"),
        ("*", COLORS["truth"], "exact gradient, length"),
        ("v", COLORS["random"], f"error of a batch of {size}"),
    )
    for k, (marker, color, label) in enumerate(looks):
        wide = 15 if marker == "*" else 10
        ax.plot(shown[:, k], places, marker, color=color, ms=wide, ls="", label=label)
    for row in np.flatnonzero((table == 0).any(axis=1)):
        said = "0" if (table[row] == 0).sum() == 1 else "both 0"
        ax.annotate(said, (lowest, places[row]), xytext=(0, 11), textcoords="offset points", ha="center")

    said = ""
    farthest = table.max()
    if guess is not None:
        guess = one_number("guess", guess, low=1e-6)
        before, after = about
        at = guess * table[names.index(before), 2]
        farthest = max(farthest, at)
        ax.plot(at, places[names.index(after)], "D", label="your guess", **GUESS)
        said = f"You guessed an error {number(guess)} times as large."

    ax.set(xscale="log", xlim=(lowest / 3, farthest * 4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "" if x <= lowest else f"{x:g}"))
    ax.set_xlabel("points (logarithmic; a 0 stands at the left)")
    legend_above(ax, columns=3 if guess is None else 2, at=0.3)
    words = [
        f"{' '.join(way.split())}: spread {number(a)}, gradient {number(b)}, error {number(c)}"
        for way, (a, b, c) in zip(names, table, strict=True)
    ]
    opening = f"Spread of the rewards, length of the exact gradient and error of a batch of {size}."
    return told(ax, opening, words, said)


@figure(7.6, 3.8)
def gradients(
    estimates: Mapping[str, ArrayLike], truth: float, *, guess: float | None = None, ax: Axes
) -> Axes:
    """Signal-to-noise ratio of one batch's gradient under each way of scaling, and which way it points.

    Args:
        estimates: way of scaling -> the gradient that each batch estimates, shape [batches].
        truth: the exact gradient; only its sign is used.
        guess: how many ways were predicted to point the wrong way; None if nothing.
    """
    batches = [finite(name, each) for name, each in estimates.items()]
    ratios = np.array([each.mean() / each.std() for each in batches])
    count = len(batches[0])
    error = 1.96 / count**0.5  # of the mean of so many, in standard deviations of one

    rows = named_rows(ax, list(estimates))
    right = np.sign(ratios) == np.sign(truth)
    verdicts = {
        True: ("towards the better machine", {"color": COLORS["random"]}),
        False: ("towards the worse machine", WRONG),
    }
    for good, (label, look) in verdicts.items():
        at = right == good
        if at.any():
            ax.barh(rows[at], ratios[at], 0.6, xerr=error, label=label, **look)

    reach = np.abs(ratios).max() * 1.25
    ax.axvline(0, color=COLORS["truth"], lw=1.2)
    ax.set(xlim=(-reach, reach), xlabel="mean gradient / its standard deviation from batch to batch")
    counted = f"{(~right).sum()} of {len(ratios)} point to the worse machine"
    if guess is not None:
        counted += f"; you guessed {number(one_number('guess', guess))}"
    legend_above(ax, columns=2, title=counted)

    said = [f"{name} {ratio:+.2f}" for name, ratio in zip(estimates, ratios, strict=True)]
    return told(
        ax,
        f"Mean gradient towards the better machine in units of its own noise, over {count:,} batches, each "
        f"± {error:.2f} (95 % interval):",
        said,
        f"{counted}.",
    )


def _draw_batches(ax: Axes, estimates: Array, astray: Array) -> None:
    """A dot a batch: full if it points the right way, hollow if not."""
    looks = {False: (COLORS["random"], "right way"), True: ("white", "wrong way")}
    for bad, (face, label) in looks.items():
        dots = {"ms": 5.5, "mfc": face, "mec": COLORS["truth"], "mew": 0.7, "alpha": 0.75}
        ax.plot(*estimates[astray == bad].T, "o", label=f"points the {label}", **dots)


def _share_bar(ax: Axes, wrong: float, guess: float | None) -> str:
    """A bar from 0 to 100 %, filled as far as batches point the wrong way; what is said of the guess."""
    bar = ax.inset_axes([1.1, 0.16, 0.6, 0.09])
    bar.barh(0, 100 * wrong, 1, **WRONG)
    bar.set(xlim=(0, 100), ylim=(-0.5, 0.5), yticks=[], xticks=[0, 50, 100], xlabel="per cent")
    bar.set_title(f"{100 * wrong:.0f} % point the wrong way", fontsize=11)
    bar.spines[["top", "right"]].set_visible(True)
    said = mark_guess(bar, guess, unit="%")
    if said:
        bar.set_xlabel("")  # its place is the legend's
        bar.legend(loc="upper left", bbox_to_anchor=(-0.05, -0.45))
    return said


def _half_width(farthest: float) -> float:
    """Half the width of a square view: one of a few sizes, so that the picture does not jump about."""
    return float(2 ** np.ceil(np.log2(farthest)))


def _pair(vector: Array, digits: int = 2) -> str:
    return "[" + ", ".join(f"{x:+.{digits}f}" for x in vector) + "]"

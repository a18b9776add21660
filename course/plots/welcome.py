"""The figures of lesson 0: the loop and its words, twenty answers, one game and what you expected of it."""

import functools
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from numpy.typing import ArrayLike

from course.arrays import Array, finite, whole
from course.plots.drawing import COLORS, figure, ink
from course.plots.parts import mark_guess, told
from course.plots.words import counted, number, title
from course.worlds import all_episodes, answer_world

BATCHES = 60  # that the slider of `twenty_answers` can show
ARROW = {"arrowstyle": "-|>", "mutation_scale": 22, "lw": 2.6, "shrinkA": 0, "shrinkB": 0}


@figure(
    9.0,
    3.4,
    panels="AB",
    grid={"width_ratios": [2.4, 1], "left": 0.07, "right": 0.99, "bottom": 0.15, "top": 0.9},
)
def twenty_answers(batch: int, *, axes: Mapping[str, Axes]) -> Axes:
    """The scores of twenty answers of one writer and their mean, and the means of the batches before.

    Args:
        batch: its number, 1 to 60. The writer and its answers are those of lesson 3.
    """
    batch = whole("batch", batch, low=1)
    batches, truth = _sixty_batches()
    scores = batches[batch - 1]
    means = batches[:batch].mean(axis=1)

    ax = axes["A"]
    answers = np.arange(1, len(scores) + 1)
    ax.vlines(answers, 0, scores, color=COLORS["reward"], lw=2)
    ax.plot(answers, scores, "o", color=COLORS["reward"], ms=7, label="one answer")
    ax.axhline(means[-1], color=COLORS["return"], lw=4, label=f"their mean, {number(means[-1])}")
    ax.axhline(truth, color=COLORS["truth"], ls="--", lw=1.5, label=f"mean of all answers, {number(truth)}")
    ax.set_yscale("symlog", linthresh=10, linscale=1.5)
    ax.set_yticks([0, 2, 4, 6, 8, 10, 100], ["0", "2", "4", "6", "8", "10", "100"])
    ax.minorticks_off()
    ax.set(ylim=(0, 1_500), xlim=(0.3, len(scores) + 0.7), xlabel="answer", ylabel="points")
    ax.set_xticks([1, 5, 10, 15, 20])
    ax.set_title(f"batch {batch}: twenty answers")
    ax.legend(loc="upper center", ncols=3, columnspacing=1.0, handlelength=1.4, fontsize=10.5)

    ax = axes["B"]
    ax.axhline(truth, color=COLORS["truth"], ls="--", lw=1.5)
    ax.plot(np.arange(1, batch), means[:-1], "o", color=COLORS["return"], ms=5, alpha=0.6)
    ax.plot(batch, means[-1], "o", color=COLORS["return"], ms=10)
    ax.set(xlim=(0, BATCHES + 1), ylim=(0, 13), xlabel="batch", title="means so far")
    ax.set_xticks([1, 20, 40, 60])

    jackpots = int(np.sum(scores >= 100))
    return told(
        axes["A"],
        f"Batch {batch}: twenty answers of one writer, {counted(jackpots, 'jackpot')} of 100 points among "
        f"them. Their mean is {number(means[-1])}; the mean of all answers is {number(truth)}. So far the "
        f"means of {batch} of the {BATCHES} batches lay between {number(means.min())} and "
        f"{number(means.max())}.",
    )


@figure(9.0, 5.2)
def loop(*, ax: Axes) -> Axes:
    """The loop of agent and world, and below it an episode as it goes by: seven words in one drawing."""
    ax.set(xlim=(0, 18), ylim=(0, 10.4), aspect="equal")
    ax.axis("off")

    _box(ax, 0.4, 5.6, "agent", COLORS["value"])
    _box(ax, 12.4, 5.6, "world", COLORS["random"])
    _chances(ax, 1.2, 6.25)
    _pong(ax, 13.5, 6.1)

    ax.annotate("", (12.2, 8.7), (5.8, 8.7), arrowprops=ARROW | {"color": COLORS["truth"]})
    ax.annotate("", (5.8, 7.45), (12.2, 7.45), arrowprops=ARROW | {"color": COLORS["truth"]})
    ax.annotate("", (5.8, 6.2), (12.2, 6.2), arrowprops=ARROW | {"color": COLORS["reward"]})
    named = {"ha": "center", "va": "bottom", "fontsize": 13}
    ax.text(9, 8.82, "action  $a_t$", **named)
    ax.text(9, 7.57, "next state  $s_{t+1}$", **named)
    ax.text(9, 6.32, "reward  $r_t$", color=ink(COLORS["reward"]), **named)

    _episode(ax)
    return told(
        ax,
        "A drawing of a loop. On the left the agent, with its policy: the chances of three actions as bars. "
        "On the right the world, a game of Pong. An arrow from agent to world carries the action; two arrows "
        "back carry the next state and the reward. Below, an episode as a row of 6 steps from start to end, "
        "each with state, action and reward: the score is the sum of all the rewards, the return at a step "
        "is the sum of those from that step on.",
    )


@figure(7.6, 3.4)
def game(rewards: ArrayLike, *, name: str, guess: float | None = None, ax: Axes) -> Axes:
    """The score of one game as it went, beside the score that the learner predicted.

    Args:
        rewards: points of each agent step, shape [T].
        name: of the ROM.
        guess: the predicted final score, in points; None if there is none.
    """
    so_far = np.cumsum(finite("rewards", rewards))
    steps = len(so_far)
    score = so_far[-1]

    ax.plot(so_far, color=COLORS["reward"], label=f"{title(name)}, one game of random play")
    ax.plot(steps - 1, score, "o", color=COLORS["reward"], ms=9)
    said = mark_guess(ax, guess, along="y", unit="points")
    off = f"That is off by {number(abs(guess - score))}." if said else ""

    ax.margins(y=0.12)
    ax.set(xlabel="agent step", ylabel="score so far (points)", xlim=(0, steps * 1.02))
    ax.legend()
    return told(
        ax,
        f"The score of one game of {title(name)} under random play falls or rises step by step to "
        f"{counted(score, 'point')} after {counted(steps, 'agent step')}.",
        closing=f"{said} {off}".strip(),
    )


@functools.cache
def _sixty_batches() -> tuple[Array, float]:
    """Scores of sixty batches of twenty answers, [60, 20], and the exact mean."""
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    scores = episodes.returns()
    return scores[episodes.draw(batch=20, batches=BATCHES, seed=0)], float(episodes.probability @ scores)


def _box(ax: Axes, left: float, bottom: float, name: str, colour: str) -> None:
    shape = FancyBboxPatch(
        (left, bottom), 5.2, 4.2, boxstyle="round,pad=0,rounding_size=0.5", lw=2.6, ec=colour, fc="white"
    )
    ax.add_patch(shape)
    ax.text(left + 2.6, bottom + 3.55, name, ha="center", va="center", fontsize=16, fontweight="bold")


def _chances(ax: Axes, left: float, bottom: float) -> None:
    """A policy: how likely the agent makes each of three actions."""
    for k, (action, chance) in enumerate((("up", 0.6), ("stay", 0.25), ("down", 0.15))):
        x = left + 1.25 * k
        ax.add_patch(Rectangle((x, bottom), 0.85, 2.2 * chance, color=COLORS["value"], alpha=0.75))
        ax.text(x + 0.42, bottom - 0.12, action, ha="center", va="top", fontsize=10)
    ax.text(left + 1.8, bottom + 1.9, "policy  $\\pi(a \\mid s_t)$", ha="center", va="center", fontsize=12)


def _pong(ax: Axes, left: float, bottom: float) -> None:
    """A small screen with two bats and a ball."""
    ax.add_patch(Rectangle((left, bottom), 3.0, 2.4, fc=COLORS["truth"], ec="none"))
    ax.plot([left + 1.5] * 2, [bottom + 0.1, bottom + 2.3], color="white", lw=1.2, ls=(0, (2, 2)), alpha=0.6)
    ax.add_patch(Rectangle((left + 0.22, bottom + 0.4), 0.16, 0.75, color=COLORS["td_error"]))
    ax.add_patch(Rectangle((left + 2.62, bottom + 1.3), 0.16, 0.75, color=COLORS["reward"]))
    ax.add_patch(Circle((left + 1.95, bottom + 1.35), 0.13, color="white"))


def _episode(ax: Axes) -> None:
    """Six steps from start to end: what is one return, and what is the score."""
    steps = 6
    width = 2.55
    left = 1.6
    chosen = 3  # the step whose return is shown
    for t in range(steps):
        x = left + width * t
        ax.add_patch(Circle((x, 2.9), 0.5, fc="white", ec=COLORS["truth"], lw=1.8))
        ax.text(x, 2.88, f"$s_{t}$", ha="center", va="center", fontsize=12)
        ax.annotate(
            "",
            (x + width - 0.5, 2.9),
            (x + 0.5, 2.9),
            arrowprops=ARROW | {"lw": 1.6, "mutation_scale": 14, "color": COLORS["truth"]},
        )
        ax.text(x + width / 2, 3.0, f"$a_{t}$", ha="center", va="bottom", fontsize=12)
        ax.text(
            x + width / 2, 2.72, f"$r_{t}$", ha="center", va="top", fontsize=12, color=ink(COLORS["reward"])
        )

    end = left + width * steps
    ax.add_patch(Rectangle((end - 0.5, 2.5), 0.8, 0.8, fc=COLORS["truth"], ec="none"))
    ax.text(end - 0.1, 2.88, "end", ha="center", va="center", fontsize=10, color="white")
    ax.text(0.4, 4.35, "an episode, from its start to its end", fontsize=13, fontweight="bold")
    _brace(
        ax,
        left + width * chosen + 0.6,
        end - 0.6,
        1.75,
        COLORS["return"],
        f"return  $G_{chosen}$: what is still to come",
    )
    _brace(ax, left + 0.6, end - 0.6, 0.75, COLORS["reward"], "score: all rewards, from start to end")


def _brace(ax: Axes, start: float, end: float, height: float, colour: str, words: str) -> None:
    ax.plot([start, start, end, end], [height + 0.25, height, height, height + 0.25], color=colour, lw=2.4)
    ax.text((start + end) / 2, height - 0.12, words, ha="center", va="top", fontsize=12)

"""The figure of lesson 0: one game, and what you expected of it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite
from course.plots.drawing import COLORS, figure
from course.plots.parts import told
from course.plots.words import counted, number, title


@figure(7.6, 3.4)
def game(rewards: ArrayLike, *, name: str, guess: float, ax: Axes) -> Axes:
    """The score of one game as it went, beside the score that the learner predicted.

    Args:
        rewards: points of each agent step, shape [T].
        name: of the ROM.
        guess: the predicted final score, in points.
    """
    so_far = np.cumsum(finite("rewards", rewards))
    steps = len(so_far)
    score = so_far[-1]

    ax.plot(so_far, color=COLORS["reward"], label=f"{title(name)}, one game of random play")
    ax.plot(steps - 1, score, "o", color=COLORS["reward"], ms=9)
    ax.axhline(guess, color=COLORS["value"], ls="--", label=f"your prediction: {number(guess)}")

    ax.set(xlabel="agent step", ylabel="score so far (points)")
    ax.legend()
    return told(
        ax,
        f"The score of one game of {title(name)} under random play falls or rises step by step to "
        f"{counted(score, 'point')} after {counted(steps, 'agent step')}. The prediction was "
        f"{number(guess)}, off by {number(abs(guess - score))}.",
    )

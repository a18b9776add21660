"""The figure of lesson 0: one game, and what you expected of it."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course.arrays import finite
from course.plots.drawing import COLORS, figure, number, title


@figure(7.6, 3.4)
def game(rewards: ArrayLike, *, name: str, guess: float, ax: Axes) -> str:
    """The score of one game as it went, beside the score that the learner predicted.

    Args:
        rewards: points of each agent step, shape [T].
        name: of the ROM.
        guess: the predicted final score, in points.
    """
    so_far = np.cumsum(finite("rewards", rewards))
    ax.plot(so_far, color=COLORS["reward"], label=f"{title(name)}, one game of random play")
    ax.axhline(guess, color=COLORS["value"], ls="--", label=f"your prediction: {number(guess)}")
    ax.plot([len(so_far) - 1], [so_far[-1]], "o", color=COLORS["reward"], ms=9)
    ax.set(xlabel="agent step", ylabel="score so far (points)")
    ax.legend()
    return (
        f"The score of one game of {title(name)} under random play falls or rises step by step to "
        f"{number(so_far[-1])} points after {len(so_far)} agent steps. The prediction was {number(guess)}, "
        f"off by {number(abs(guess - so_far[-1]))}."
    )

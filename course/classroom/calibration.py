"""How well a learner predicts: each guess beside what came out, and what that says in sum.

Lessons have different units, so sizes are compared by the factor guess / truth. Where a factor makes no sense
the difference is said in its unit, and a choice is a hit or a miss.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes

from course.arrays import Refusal
from course.classroom.guesses import Guessed
from course.classroom.predictions import Guess, Prediction
from course.plots.calibration import NEAR, GuessRow, calibration
from course.plots.words import counted, number

FEW = 5  # with fewer predictions of sizes nothing is said about how somebody guesses

Kind = Literal["near", "too small", "too large", "other sign", "right", "wrong"]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One guess beside its truth."""

    name: str  # of the prediction: 5.2
    about: str
    scale: Literal["ratio", "difference", "choice"]
    kind: Kind
    factor: float | None  # guess / truth of a size; None if it has the other sign, or is no size
    said: str  # "you said 20, it was 0.0015 %"
    verdict: str  # "too large by a factor of 13,333"


def compare(guesses: Iterable[Guessed]) -> list[Compared]:
    """Each number of each guess beside its truth."""
    compared = []
    for guess in guesses:
        prediction = guess.prediction
        pairs = zip(guess.values, prediction.truths, strict=True)
        for nth, (value, truth) in enumerate(pairs):
            part = f", {prediction.parts[nth]}" if prediction.parts else ""
            kind, factor, verdict = _judged(prediction, value, truth)
            compared.append(
                Compared(
                    name=prediction.name,
                    about=f"{prediction.about}{part}",
                    scale=prediction.scale,
                    kind=kind,
                    factor=factor,
                    said=f"you said {_said(value)}, it was {_said(truth)} {prediction.unit}".rstrip(),
                    verdict=verdict,
                )
            )
    return compared


ONE = {  # what is said of a guess that stands alone
    "near": "was within a factor of two of what came out",
    "too small": "was too small by more than a factor of two",
    "too large": "was too large by more than a factor of two",
    "other sign": "had the other sign",
}


def summary(compared: list[Compared]) -> list[str]:
    """What the guesses say together, in sentences; none if there is no guess."""
    sizes = [each for each in compared if each.scale == "ratio"]
    others = [each for each in compared if each.scale != "ratio"]
    sentences = []
    if sizes:
        sentences += _of_sizes(sizes)
    if others:
        right = sum(each.kind == "right" for each in others)
        where = "Where a factor makes no sense, " if sizes else ""
        sentences.append(f"{where}{right} of {len(others)} exactly right.")
    if compared and not _are_enough(sizes):
        sentences.append("These are too few to say how you guess.")
    return sentences


def _of_sizes(sizes: list[Compared]) -> list[str]:
    near = sum(each.kind == "near" for each in sizes)
    off = len(sizes) - near
    if len(sizes) == 1:
        return [f"Your one guess of a size {ONE[sizes[0].kind]}."]

    sentences = [f"{near} of {counted(len(sizes), 'size')} within a factor of two of what came out."]
    if off:
        counts = {kind: sum(each.kind == kind for each in sizes) for kind in ("too small", "too large")}
        told = [f"{count} {_is(count)} {kind}" for kind, count in counts.items() if count]
        other = off - sum(counts.values())
        if other:
            told.append(f"{other} had the other sign")
        sentences.append(f"Of the {off} further off, {_listed(told)}." if off > 1 else _one(told[0]))

    # 0 and the other sign are further off than any factor.
    errors = [max(each.factor, 1 / each.factor) if each.factor else math.inf for each in sizes]
    if _are_enough(sizes) and math.isfinite(statistics.median(errors)):
        sentences.append(f"In the median you were off by a factor of {number(statistics.median(errors))}.")
    return sentences


def _listed(told: list[str]) -> str:
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _are_enough(sizes: list[Compared]) -> bool:
    """Five numbers of one prediction are one guess, not five."""
    return len({each.name for each in sizes}) >= FEW


def _one(told: str) -> str:
    return f"The one further off {told.partition(' ')[2]}."


def _is(count: int) -> str:
    return "was" if count == 1 else "were"


def _judged(prediction: Prediction, value: Guess, truth: Guess) -> tuple[Kind, float | None, str]:
    """What became of a guess, the factor of a size, and the verdict in words."""
    if prediction.scale == "choice" or isinstance(value, str) or isinstance(truth, str):
        hit = _said(value).casefold() == _said(truth).casefold()
        return ("right", None, "right") if hit else ("wrong", None, "another")

    if prediction.scale == "difference":
        gap = value - truth
        if not gap:
            return "right", None, "right"
        side: Kind = "too large" if gap > 0 else "too small"
        return side, None, f"{_said(abs(gap))} {side}"

    factor = value / truth
    if factor < 0:
        return "other sign", None, "other sign"
    if 1 / NEAR <= factor <= NEAR:
        return "near", factor, "near"
    side = "too large" if factor > NEAR else "too small"
    times = f" by a factor of {number(max(factor, 1 / factor))}" if factor else ""
    return side, factor, f"{side}{times}"


def _said(value: Guess) -> str:
    """A number as one says it, a word as it is; `"4"` and 4 are the same choice."""
    if isinstance(value, str):
        return value.strip()
    return f"{value:,.6g}" if 1e-4 <= abs(value) < 1e6 else number(value)


def draw(compared: list[Compared]) -> Axes:
    """The calibration picture.

    Raises:
        ValueError: if there is no guess to be drawn.
    """
    if not compared:
        raise Refusal("there is no picture without a guess: write one into a cell with guess = None")
    rows = [
        GuessRow(
            name=f"{each.name}  {each.about}",
            kind=each.kind,
            factor=each.factor,
            said=each.said,
            verdict=each.verdict,
        )
        for each in compared
    ]
    return calibration(rows, summary=" ".join(summary(compared)))

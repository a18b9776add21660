"""What is said: comparing one answer with the right one, and the words for what differs."""

import inspect
import os
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course.checks.exercise import Case, Exercise, Odd, Outcome, Raised, Reading, Seen, Several, Unfit
from course.checks.limits import TimeLimit
from course.checks.running import DEEPEST, AsksForInput

Rows = tuple[tuple[str, str], ...]  # ("yours", ...), ("expected", ...), ...
LONGEST_MESSAGE = 160  # characters of somebody else's error message; numpy's advice can fill a page
COUNTED = {1: "one thing", 2: "two things", 3: "three things", 4: "four things", 5: "five things"}


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one call."""

    cause: str  # one sentence
    rows: Rows = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """The judgement in pieces, for a panel to lay out."""

    status: str  # "passed", "wrong" or "todo"
    causes: tuple[str, ...] = ()  # a sentence for each mistake
    tried: tuple[str, ...] = ()  # labels of the cases
    call: str = ""
    rows: Rows = ()
    printed: str = ""
    notes: tuple[str, ...] = ()  # what is unusual about the notebook

    @property
    def cause(self) -> str:
        """The causes in one line; empty when passed."""
        if len(self.causes) < 2:
            return "".join(self.causes)
        numbered = (f"({nth}) {sentence}" for nth, sentence in enumerate(self.causes, start=1))
        return f"{COUNTED.get(len(self.causes), 'Several things').capitalize()}: {' '.join(numbered)}"


def compare(got: Outcome, want: Outcome) -> Complaint | None:
    """What is wrong with one call; None if nothing is."""
    if isinstance(want, Raised):
        return _refusal(got, want)
    if isinstance(got, Raised):
        return _failure(got, want)
    for name, value in want.values.items():
        complaint = difference(name, got.values.get(name, Unfit("NoneType")), value)
        if complaint:
            return complaint
    return None


def _refusal(got: Outcome, want: Raised) -> Complaint | None:
    if isinstance(got, Raised) and isinstance(got.error, type(want.error)):
        return None
    if isinstance(got, Raised) and isinstance(got.error, TimeLimit | AsksForInput):
        return Complaint(told(got))

    kind = type(want.error).__name__
    yours = f"raised {named(got.error)}" if isinstance(got, Raised) else f"returned {shown(got.values)}"
    rows = (("yours", yours), ("expected", f"{kind}: {want.error}"))
    return Complaint(f"This call cannot be answered: raise a {kind}.", rows)


def _failure(got: Raised, want: Seen) -> Complaint:
    if isinstance(got.error, TimeLimit | Odd):
        return Complaint(told(got))
    return Complaint(told(got), (("expected", shown(want.values)),))


def told(got: Raised) -> str:
    """What an answer raised, in one sentence."""
    error = got.error
    if isinstance(error, TimeLimit):
        if error.worked is not None and error.worked < error.seconds / 2:
            return (
                f"Still running after {error.seconds:g} s, and most of that was waiting. If your code does "
                "not sleep, the machine is busy: run this cell again."
            )
        return f"Still running after {error.seconds:g} s. Is there a loop that never ends?"
    if isinstance(error, Odd):
        return str(error)
    if isinstance(error, AsksForInput):
        return "Your function asks for input(), but nobody is typing here. All it needs are its arguments."
    if isinstance(error, RecursionError):
        return (
            "RecursionError: your function calls itself too deep. Python stops at about "
            f"{DEEPEST:,} calls inside each other, and an episode may be longer: write a loop."
        )
    return f"Your function raised {named(error)}{_line(error)}"


def difference(name: str, got: Reading, want: Reading) -> Complaint | None:
    """Compare one observation: first type, then shape, then values."""
    of = f" for {name}" if name else ""
    if isinstance(want, Several | Unfit):  # a known mistake may be of the wrong type as well
        return None if _alike(got, want) else Complaint(f"Another type{of}.")
    if isinstance(got, Several):
        if got.joined is None or got.joined.shape != want.shape:
            return _too_many(of, got, want)
        got = got.joined
    if isinstance(got, Unfit):
        return _unreadable(of, got, want)

    rows = (("yours" + of, shown(got)), ("expected" + of, shown(want)))
    if got.shape != want.shape:
        return Complaint(f"The shape{of} is {got.shape}; expected {want.shape}.", rows)
    wrong = ~close(got, want)
    if not wrong.any():
        return None
    return _values(of, got, want, wrong, rows)


def _alike(got: Reading, want: Several | Unfit) -> bool:
    if isinstance(want, Unfit):
        return isinstance(got, Unfit) and got == want
    if want.joined is not None:
        return difference("", got, want.joined) is None
    return (
        isinstance(got, Several)
        and len(got.parts) == len(want.parts)
        and all(
            difference("", mine, theirs) is None for mine, theirs in zip(got.parts, want.parts, strict=True)
        )
    )


def _too_many(of: str, got: Several, want: np.ndarray) -> Complaint:
    count = COUNTED.get(len(got.parts), f"{len(got.parts)} things")
    rows = (("yours" + of, shown(got)), ("expected" + of, shown(want)))
    return Complaint(f"You returned {count}{of}; expected {_kind(want)}.", rows)


def _unreadable(of: str, got: Unfit, want: np.ndarray) -> Complaint:
    if got.kind == "NoneType":
        return Complaint(f"Returned None{of}. Does every path end in `return`?")
    return Complaint(f"Returned {_a(got.kind)}{of}; expected {_kind(want)}.")


def _kind(want: np.ndarray) -> str:
    return f"an array of shape {want.shape}" if want.ndim else "a number"


def _values(of: str, got: np.ndarray, want: np.ndarray, wrong: np.ndarray, rows: Rows) -> Complaint:
    odd = not np.isfinite(got).all() and np.isfinite(want).all()
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    if not first:
        cause = f"The value{of} differs."
    else:
        where = first[0] if len(first) == 1 else first
        detail = f"index {where}: {got[first]:.6g} instead of {want[first]:.6g}"
        rows = (*rows, ("first difference", f"{detail}; {wrong.sum()} of {wrong.size} differ"))
        cause = f"The values{of} differ, first at index {where}."
    return Complaint("There is a NaN or an infinity in your result." if odd else cause, rows)


def close(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Element by element within rtol 1e-5 and atol 1e-6 x the largest expected; NaN equals NaN."""
    # The floor is for rounding where the right answer is exactly 0.
    largest = np.abs(want[np.isfinite(want)]).max(initial=1e-6)
    return np.isclose(got, want, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)


def pattern(name: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """A sentence for a difference that is the same in every value of every case, or an empty string.

    Args:
        name: of the observation, "" for the value returned.
        pairs: what came and what is right, case by case.
    """
    of = f" for {name}" if name else ""
    fits = bool(pairs) and all(got.shape == want.shape and np.isfinite(got).all() for got, want in pairs)
    if not fits or sum(want.size for _, want in pairs) < 2:
        return ""
    if all(close(-got, want).all() for got, want in pairs):
        return f"Every value{of} has the wrong sign."

    got, want = max(pairs, key=lambda pair: np.abs(pair[1]).max(initial=0))
    at = np.unravel_index(np.argmax(np.abs(want)), want.shape)
    factor = got[at] / want[at] if want[at] else 0.0
    if factor and all(close(got / factor, want).all() for got, want in pairs):
        return f"Every value{of} is {factor:.4g} times the expected one."
    offset = got[at] - want[at]
    if all(close(got - offset, want).all() for got, want in pairs):
        return f"Every value{of} is off by the same amount, {offset:+.4g}."
    if all(want.ndim and close(got[::-1], want).all() for got, want in pairs):
        return "The values are right but in reverse order."
    return ""


def call_text(exercise: Exercise, case: Case) -> str:
    """The call as the learner would type it, long arrays cut."""
    bound = inspect.signature(exercise.reference).bind(*case.args, **case.kwargs)
    inside = ", ".join(f"{name}={shown(value)}" for name, value in bound.arguments.items())
    return f"{exercise.name}({inside})"


def shown(value: Any) -> str:
    """Any value in a few words."""
    if isinstance(value, Unfit):
        return _a(value.kind)
    if isinstance(value, Several):
        return f"({', '.join(shown(part) for part in value.parts)})"
    if isinstance(value, dict):
        return ", ".join(f"{k} {shown(v)}".strip() for k, v in value.items())
    if isinstance(value, np.ndarray | list | tuple) or hasattr(value, "detach"):
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
        if array.ndim == 0:
            return shown(array.item())
        text = np.array2string(
            array, precision=4, threshold=12, edgeitems=3, separator=", ", suppress_small=True
        )
        return " ".join(text.split()).replace("[ ", "[")
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)

    return text if len(text) <= 80 else text[:77] + "..."


def named(error: BaseException) -> str:
    """The type of an error and its message, which is cut to its first sentence if it is long."""
    try:
        text = str(error)
    except BaseException:  # a learner's exception may have a faulty message
        text = ""
    short = " ".join(text.split())
    if len(short) > LONGEST_MESSAGE:
        short = " ".join(text.strip().split("\n")[0].split())
    if len(short) > LONGEST_MESSAGE:
        short = re.split(r"(?<=[.!?]) ", short)[0]
    if len(short) > LONGEST_MESSAGE:
        short = short[: LONGEST_MESSAGE - 3] + "..."
    return f"{type(error).__name__}: {short}" if short else type(error).__name__


def _line(error: BaseException) -> str:
    """On which line of the learner's own code an error was raised."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_the_learners(frame.filename)]
    return f" (line {own[-1].lineno}: {own[-1].line})" if own and own[-1].line else ""


def _is_the_learners(file: str) -> bool:
    """Whether code is in no library: neither in the course itself, nor Python's own, nor installed."""
    ours = Path(__file__).parents[1]
    pythons = Path(os.__file__).parent
    where = Path(file)
    installed = {"site-packages", "dist-packages"} & set(where.parts)
    return not (installed or file.startswith("<frozen") or {ours, pythons} & set(where.parents))


def _a(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"

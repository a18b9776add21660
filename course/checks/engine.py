"""How an answer is judged: run it on cases, compare with the reference, name the likely mistake.

An exercise is data: a reference, cases to try, and known mistakes, each a wrong function with the one
sentence that helps. The cause is never guessed: the known wrong answers are computed on the same cases, and
the one that agrees with the learner's everywhere gives its sentence.
"""

import contextlib
import copy
import inspect
import io
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course.checks.limits import TimeLimit, time_limit

SECONDS = 1.0  # for all calls of the learner's function together; `check` promises 2 s in all
Mistake = tuple[str, Callable]


@dataclass(frozen=True)
class Case:
    """One call to try."""

    label: str  # what is special about it, for the learner to read
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)


class Odd(Exception):
    """An answer of the wrong kind; the message says what kind it was and what is wanted."""


def returned(f: Callable, case: Case) -> dict[str, Any]:
    """Observe what most exercises are judged by: the value returned."""
    return {"": f(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))}


@dataclass(frozen=True)
class Exercise:
    """A function to write: its reference, what it is tried on, and the mistakes that are known."""

    name: str
    lesson: str  # two digits, as in the file name
    points: int
    reference: Callable
    mistakes: tuple[Mistake, ...]
    cases: Callable[[np.random.Generator], list[Case]]
    observe: Callable[[Callable, Case], dict[str, Any]] = returned


@dataclass(frozen=True)
class Unfit:
    """Stands for a result that cannot be read as numbers."""

    kind: str


@dataclass(frozen=True)
class Outcome:
    """What one call gave: named observations as arrays, or what it raised instead."""

    seen: dict[str, np.ndarray | Unfit] | None = None
    raised: BaseException | None = None
    printed: str = ""


@dataclass(frozen=True)
class Report:
    """The judgement in pieces, for a panel to lay out."""

    status: str  # "passed", "wrong" or "todo"
    cause: str  # one sentence; empty when passed
    tried: tuple[str, ...] = ()  # labels of the cases
    call: str = ""
    rows: tuple[tuple[str, str], ...] = ()  # ("yours", ...), ("expected", ...), ...
    printed: str = ""


def examine(exercise: Exercise, f: Callable, *, seed: int) -> Report:
    """Judge `f` on the exercise's cases; raises nothing, whatever `f` raises."""
    cases = exercise.cases(np.random.default_rng(seed))
    wanted = [run(exercise, exercise.reference, case) for case in cases]
    tried = tuple(dict.fromkeys(case.label for case in cases))
    given: list[Outcome] = []
    try:
        with time_limit(SECONDS, inside=_call.__code__) as time_is_up:
            for case in cases:
                outcome = run(exercise, f, case)
                if time_is_up():
                    break
                given.append(outcome)
                if isinstance(outcome.raised, KeyboardInterrupt):
                    break  # Ctrl-C is meant for the check, not for one call of many
    except TimeLimit:
        given.append(Outcome(raised=TimeLimit()))
    for case, got, want in zip(cases, given, wanted, strict=False):
        if isinstance(got.raised, NotImplementedError):
            return Report("todo", f"{exercise.name} is still to do.")
        complaint = compare(got, want)
        if complaint:
            cause = likely_cause(exercise, cases, given, wanted) or complaint[0][1]
            rows = tuple(row for row in complaint if row[0])
            return Report("wrong", cause, tried, call_text(exercise, case), rows, got.printed)
    return Report("passed", "", tried)


class _Capped(io.StringIO):
    """Keeps the first few lines of what is printed; a learner's loop may print a gigabyte."""

    def write(self, text: str) -> int:
        if self.tell() < 1_000:
            super().write(text[:1_000])
        return len(text)


def run(exercise: Exercise, f: Callable, case: Case) -> Outcome:
    """Call once, quietly, and keep what came: observations, exception, the first lines printed."""
    printed = _Capped()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
        ):
            warnings.simplefilter("ignore")
            seen = _call(exercise, f, case)
        return Outcome(seen, None, printed.getvalue())
    except TimeLimit:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: judge raises nothing
        return Outcome(None, error, printed.getvalue())


def _call(exercise: Exercise, f: Callable, case: Case) -> dict[str, np.ndarray | Unfit]:
    """The border: what runs below this frame is the learner's, and the time limit rings only there.

    Reading a result as numbers may run code of the learner's too, so it is done on this side.
    """
    return {name: _as_numbers(value) for name, value in exercise.observe(f, case).items()}


def _as_numbers(value: object) -> np.ndarray | Unfit:
    if value is None or isinstance(value, str | bytes | bool):
        return Unfit(type(value).__name__)
    try:
        array = np.array(value)
        if array.dtype.kind in "USc":  # text would turn into numbers, complex ones would lose a part
            return Unfit(type(value).__name__)
        return array.astype(float)
    except Exception:  # whatever an odd object raises when asked to be an array
        return Unfit(type(value).__name__)


def compare(got: Outcome, want: Outcome) -> list[tuple[str, str]]:
    """Rows that say what differs, the first one a cause; an empty list if nothing does."""
    if isinstance(got.raised, TimeLimit):
        return [("", f"Still running after {SECONDS:g} s. Is there a loop that never ends?")]
    if want.raised is not None:
        if isinstance(got.raised, type(want.raised)):
            return []
        kind = type(want.raised).__name__
        yours = f"raised {_name(got.raised)}" if got.raised else f"returned {_show(got.seen)}"
        cause = f"This call cannot be answered: raise a {kind}."
        return [("", cause), ("yours", yours), ("expected", f"{kind}: {want.raised}")]
    if isinstance(got.raised, Odd):
        return [("", str(got.raised))]
    if got.raised is not None:
        return [("", _where(got.raised)), ("expected", _show(want.seen))]
    for name, value in want.seen.items():
        complaint = difference(name, got.seen.get(name, Unfit("NoneType")), value)
        if complaint:
            return complaint
    return []


def difference(name: str, got: np.ndarray | Unfit, want: np.ndarray | Unfit) -> list[tuple[str, str]]:
    """Compare one observation: first type, then shape, then values."""
    of = f" for {name}" if name else ""
    if isinstance(want, Unfit):  # a known mistake may be of the wrong type as well
        return [] if got == want else [("", f"Another type{of}.")]
    if isinstance(got, Unfit):
        if got.kind == "NoneType":
            return [("", f"Returned None{of}. Does every path end in `return`?")]
        kind = "a number" if want.ndim == 0 else f"an array of shape {want.shape}"
        return [("", f"Returned {_a(got.kind)}{of}; expected {kind}.")]
    rows = [("yours" + of, _show(got)), ("expected" + of, _show(want))]
    if got.shape != want.shape:
        cause = f"The shape{of} is {got.shape}; expected {want.shape}."
        return [("", cause), *rows]
    wrong = ~close(got, want)
    if not wrong.any():
        return []
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    if not first:
        return [("", pattern(got, want) or f"The value{of} differs."), *rows]
    where = first[0] if len(first) == 1 else first
    detail = f"index {where}: {got[first]:.6g} instead of {want[first]:.6g}"
    rows.append(("first difference", f"{detail}; {wrong.sum()} of {wrong.size} differ"))
    cause = pattern(got, want) or f"The values{of} differ, first at index {where}."
    return [("", cause), *rows]


def close(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Element by element within rtol 1e-5 and atol 1e-6 x the largest expected; NaN equals NaN."""
    # The floor is for rounding where the right answer is exactly 0.
    largest = np.abs(want[np.isfinite(want)]).max(initial=1e-6)
    return np.isclose(got, want, rtol=1e-5, atol=1e-6 * largest, equal_nan=True)


def pattern(got: np.ndarray, want: np.ndarray) -> str:
    """A sentence for a difference that is the same everywhere, or an empty string."""
    if not np.isfinite(got).all():
        return "" if not np.isfinite(want).all() else "There is a NaN or an infinity in your result."
    if want.any() and close(-got, want).all():
        return "Every value has the wrong sign."
    at = np.unravel_index(np.argmax(np.abs(want)), want.shape)
    factor = got[at] / want[at] if want[at] else 0
    if want.size > 1 and factor and close(got / factor, want).all():
        return f"Every value is {factor:.4g} times the expected one."
    offset = (got - want).flat[0]
    if want.size > 1 and close(got - offset, want).all():
        return f"Every value is off by the same amount, {offset:+.4g}."
    if want.ndim and len(want) > 1 and close(got[::-1], want).all():
        return "The values are right but in reverse order."
    return ""


def likely_cause(
    exercise: Exercise, cases: Sequence[Case], given: Sequence[Outcome], wanted: Sequence[Outcome]
) -> str:
    """The sentence of the first known mistake that gives what the learner gave, in every case.

    A second look leaves out the calls that should be refused: one can make a mistake and forget a refusal.
    """
    if len(given) < len(cases) or isinstance(given[-1].raised, TimeLimit):
        return ""
    answerable = [i for i, want in enumerate(wanted) if want.raised is None]
    right = all(not compare(given[i], wanted[i]) for i in answerable)
    for look in (range(len(cases)), [] if right else answerable):
        for sentence, wrong in exercise.mistakes:
            if look and all(same(given[i], run(exercise, wrong, cases[i])) for i in look):
                return sentence
    return _pattern_of_numbers(given, wanted)


def _pattern_of_numbers(given: Sequence[Outcome], wanted: Sequence[Outcome]) -> str:
    """`pattern` over all cases together, where every answer is one number: one alone shows none."""
    pairs = [
        (got.seen.get(""), want.seen[""])
        for got, want in zip(given, wanted, strict=True)
        if got.seen and want.seen and "" in want.seen
    ]
    if not pairs or any(getattr(x, "ndim", None) != 0 for pair in pairs for x in pair):
        return ""
    return pattern(*np.array(pairs).T)


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes cannot be told apart: equal observations, or the same kind of error."""
    if one.raised is not None or other.raised is not None:
        return type(one.raised) is type(other.raised) and (
            not isinstance(one.raised, Odd) or one.raised.args == other.raised.args
        )
    return one.seen.keys() == other.seen.keys() and all(
        not difference(name, one.seen[name], value) for name, value in other.seen.items()
    )


def call_text(exercise: Exercise, case: Case) -> str:
    """The call as the learner would type it, long arrays cut."""
    bound = inspect.signature(exercise.reference).bind(*case.args, **case.kwargs)
    inside = ", ".join(f"{name}={_show(value)}" for name, value in bound.arguments.items())
    return f"{exercise.name}({inside})"


def _show(value: object) -> str:
    if isinstance(value, Unfit):
        return _a(value.kind)
    if isinstance(value, dict):
        return ", ".join(f"{k} {_show(v)}".strip() for k, v in value.items())
    if isinstance(value, np.ndarray | list | tuple) or hasattr(value, "detach"):
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
        if array.ndim == 0:
            return _show(array.item())
        text = np.array2string(
            array, precision=4, threshold=12, edgeitems=3, separator=", ", suppress_small=True
        )
        return " ".join(text.split()).replace("[ ", "[")
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _name(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except BaseException:  # a learner's exception may have a faulty message
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _a(word: str) -> str:
    return f"an {word}" if word[0].lower() in "aeiou" else f"a {word}"


def _where(error: BaseException) -> str:
    """What was raised, and on which line of the learner's own code."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "course" not in frame.filename.replace("\\", "/").split("/")]
    line = f" (line {own[-1].lineno}: {own[-1].line})" if own and own[-1].line else ""
    return f"Your function raised {_name(error)}{line}"

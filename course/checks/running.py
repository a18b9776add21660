"""How an answer is run: on copies, quietly, within a time limit, in the usual surroundings."""

import builtins
import contextlib
import copy
import functools
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course.arrays import Refusal
from course.checks.exercise import (
    BrokenExercise,
    Case,
    Exercise,
    Odd,
    Outcome,
    Raised,
    Reading,
    Seen,
    Several,
    Unfit,
)
from course.checks.limits import TimeLimit
from course.checks.reading import as_numbers

DEEPEST = 1_000  # calls inside each other, as in a plain Python; notebooks allow more or less, as they like
LONGEST_PRINT = 1_000  # characters


def run(exercise: Exercise, f: Callable, case: Case) -> Outcome:
    """Call once, quietly, and keep what came: observations, exception, the first lines printed."""
    printed = _Capped()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            _usual_python(),
            usual_torch(),
        ):
            warnings.simplefilter("ignore")
            seen = observed(exercise, f, case)
        return Seen(seen, printed.getvalue())
    except TimeLimit:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: judge raises nothing
        return Raised(error, printed.getvalue())


def right(exercise: Exercise, case: Case) -> Outcome:
    """What the reference gives; it may fail only as the case says.

    Raises:
        BrokenExercise: if it fails otherwise, or answers what it should refuse. Were that taken for the
            wanted refusal, whatever fails in the same way would pass.
    """
    outcome = run(exercise, exercise.reference, case)
    if isinstance(outcome, Seen) and not case.refuses:
        return outcome
    if isinstance(outcome, Raised) and case.refuses and type(outcome.error) in (ValueError, Refusal):
        # A learner is asked for a plain ValueError, not for the course's own kind of it.
        return Raised(ValueError(str(outcome.error)))

    what = f"raised {outcome.error!r}" if isinstance(outcome, Raised) else "was not refused"
    raise BrokenExercise(
        f"The course's own {exercise.name} cannot be judged by: the case {case.label!r} {what}. "
        "This is an error of the course and not of your answer; please report it."
    )


def observed(exercise: Exercise, f: Callable, case: Case) -> dict[str, Reading]:
    """The border: what runs below this frame is the learner's, and the time limit rings only there.

    Reading a result as numbers may run code of the learner's too, so it is done on this side.
    """
    seen = exercise.observe(f, case)
    tensors_in = any(_is_tensor(value) for value in (*case.args, *case.kwargs.values()))
    for value in seen.values():
        _same_kind(value, tensors_in)
    return {name: _reading(value) for name, value in seen.items()}


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _same_kind(value: object, tensors_in: bool) -> None:
    """What was given as arrays comes back as arrays or plain numbers, and tensors as tensors."""
    if _is_tensor(value) and not tensors_in:
        raise Odd("An array went in and a tensor came out. Give back the kind that you were given.")
    if isinstance(value, np.ndarray | np.generic | list | float | int) and tensors_in:
        kind = "a numpy array" if isinstance(value, np.ndarray | np.generic) else f"a {type(value).__name__}"
        raise Odd(f"A tensor went in and {kind} came out. Give back the kind that you were given.")


def _reading(value: object) -> Reading:
    if not isinstance(value, tuple):
        return _numbers(value)
    joined = _numbers(value)
    parts = tuple(_numbers(part) for part in value)
    return Several(parts, None if isinstance(joined, Unfit) else joined)


def _numbers(value: object) -> np.ndarray | Unfit:
    array = as_numbers(value)
    return Unfit(type(value).__name__) if array is None else array.astype(float)


class _Capped(io.StringIO):
    """Keeps the first few lines of what is printed; a learner's loop may print a gigabyte."""

    def write(self, text: str) -> int:
        if self.tell() < LONGEST_PRINT:
            super().write(text[:LONGEST_PRINT])
        return len(text)


def on_copies(f: Callable) -> Callable:
    """`f`, but whatever arrays and tensors it is given are copies, through which gradients still flow.

    An answer may work in place, and passes its check, which hands out copies. A lesson goes on with its
    arrays after the call, and so does `train`, so what they use does the same.
    """

    @functools.wraps(f)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        return f(*map(_copied, args), **{name: _copied(value) for name, value in kwargs.items()})

    return guarded


def _copied(value: Any) -> Any:
    if _is_tensor(value):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    return copy.deepcopy(value) if isinstance(value, list) else value


# The surroundings. A verdict is to depend on the answer, and not on what the notebook has set before.


class AsksForInput(Exception):
    """Stands in for a prompt that nobody would see: the answer asked for `input()`."""


def _nobody_types(*_: object) -> str:
    raise AsksForInput


@contextlib.contextmanager
def _usual_python() -> Iterator[None]:
    """A plain Python's limit of recursion, and an `input` that does not wait for anybody."""
    asks = builtins.input
    limit = sys.getrecursionlimit()
    builtins.input = _nobody_types
    sys.setrecursionlimit(DEEPEST + _depth())
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        builtins.input = asks


def _depth() -> int:
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        frame = frame.f_back
        depth += 1
    return depth


def changed() -> tuple[str, ...]:
    """What the notebook has changed in torch, a sentence each that says how to bring it back."""
    torch = sys.modules.get("torch")
    if torch is None:
        return ()
    said = []
    if torch.is_inference_mode_enabled():
        said.append("This runs inside torch.inference_mode(): outside it, gradients are back.")
    elif not torch.is_grad_enabled():
        said.append(
            "Gradients are switched off in this notebook: torch.set_grad_enabled(True) brings them back."
        )
    if torch.get_default_dtype() != torch.float32:
        said.append(
            f"Torch's default type is {torch.get_default_dtype()} in this notebook: "
            "torch.set_default_dtype(torch.float32) brings the usual one back."
        )
    if torch.get_default_device().type != "cpu":
        said.append(
            f"Torch's default device is {torch.get_default_device()} in this notebook: "
            'torch.set_default_device("cpu") brings the usual one back.'
        )

    return tuple(said)


@contextlib.contextmanager
def usual_torch() -> Iterator[None]:
    """Gradients on, float32, the processor, if torch is loaded at all; afterwards all is as it was."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return

    dtype: Any = torch.get_default_dtype()
    on_device = contextlib.nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")
    with torch.inference_mode(False), torch.enable_grad(), on_device:
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)

"""What an exercise is: a reference, cases to try, known mistakes. Data, and nothing that runs."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Mistake = tuple[str, Callable]  # the one sentence that helps, and the wrong function
GRADIENT = "the gradient of "  # begins the name of such an observation; the name of the argument follows


@dataclass(frozen=True)
class Case:
    """One call to try."""

    label: str  # what is special about it, for the learner to read
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    refuses: bool = field(default=False, kw_only=True)  # the right answer is a ValueError


class Odd(Exception):
    """An answer of the wrong kind; the message says what kind it was and what is wanted."""


class BrokenExercise(RuntimeError):
    """The course's own answer fails on the course's own case: nobody can be judged by it."""


def returned(f: Callable, case: Case) -> dict[str, Any]:
    """Observe what most exercises are judged by: the value returned."""
    return {"": f(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))}


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A function to write: its reference, what it is tried on, and the mistakes that are known.

    `observe` calls an answer and gives what is to be compared, by name; the value returned has the name "".
    The names in `apart` are observations that can go wrong beside any formula: a gradient that should be 0,
    an argument that should not change. Each is judged by itself, so that its sentence is never lost.
    """

    name: str
    lesson: str  # two digits, as in the file name
    points: int
    reference: Callable
    mistakes: tuple[Mistake, ...]
    cases: Callable[[np.random.Generator], list[Case]]
    observe: Callable[[Callable, Case], dict[str, Any]] = returned
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unfit:
    """Stands for a result that cannot be read as numbers."""

    kind: str


@dataclass(frozen=True)
class Several:
    """Stands for a tuple: several things, where one is wanted, or one array that was written as a tuple."""

    parts: tuple["np.ndarray | Unfit", ...]
    joined: np.ndarray | None  # the parts as one array, if their shapes allow it


Reading = np.ndarray | Unfit | Several


@dataclass(frozen=True)
class Seen:
    """What one call gave: observations, each read as numbers."""

    values: dict[str, Reading]
    printed: str = ""


@dataclass(frozen=True)
class Raised:
    """What one call raised instead."""

    error: BaseException
    printed: str = ""


Outcome = Seen | Raised

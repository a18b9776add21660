"""What a learner predicted: the `guess = …` cells of saved notebooks, read and never run.

A guess is a number, a word or a list of them, and may be written as one likes: 5e6, 10**6, [10, 10]. What is
none of these is named and passed over.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from course.classroom.predictions import PREDICT, PREDICTIONS, Guess, Prediction
from course.classroom.saved import Saved

OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
ASSIGNED = re.compile(r"^guess *=(?!=) *(.*)$", re.MULTILINE)


class NoGuess(ValueError):
    """What stands there is no guess; the message says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Guessed:
    """A prediction and what the learner wrote, as many values as its truth has."""

    prediction: Prediction
    values: tuple[Guess, ...]


def read_guesses(notebooks: Iterable[Saved]) -> tuple[list[Guessed], list[str]]:
    """The guesses in some notebooks, in the order of the lessons, and a sentence for each passed over.

    Where a prediction has two guesses the first counts: the second may have been written after the answer.
    """
    found: dict[str, Guessed] = {}
    notes = []
    for notebook in notebooks:
        for prediction, source in _asked(notebook):
            where = f"{notebook.path.name}, prediction {prediction.name}"
            try:
                values = _fitting(prediction, written(source))
            except NoGuess as why:
                notes.append(f"{where}: {why}; it is passed over.")
                continue
            if values is None:
                continue
            if prediction.name not in found:
                found[prediction.name] = Guessed(prediction=prediction, values=values)
            elif found[prediction.name].values != values:
                notes.append(f"{where}: there are two guesses; the first one counts.")
    return [found[each.name] for each in PREDICTIONS if each.name in found], notes


def written(source: str) -> Any:
    """The value of the last `guess = …` in a cell: None, a float, a string or a list of these.

    Raises:
        NoGuess: if it cannot be read; nothing in the cell is run.
    """
    try:
        values = [each.value for each in ast.parse(source).body if _assigns(each)]
        return _value(values[-1]) if values else None
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError, MemoryError):
        said = ASSIGNED.findall(source)
        shown = f"{said[-1]:.30}" if said else "?"
        raise NoGuess(f"guess = {shown} is neither a number, nor a word in quotes, nor a list") from None


def _asked(notebook: Saved) -> Iterator[tuple[Prediction, str]]:
    """Each code cell that assigns to `guess`, with the prediction before it."""
    prediction = None
    for cell in notebook.cells:
        if cell.kind == "markdown" and PREDICT in cell.source:
            prediction = _prediction(cell.source)
        elif cell.kind == "code" and prediction and ASSIGNED.search(cell.source):
            yield prediction, cell.source


def _prediction(text: str) -> Prediction | None:
    """The one whose first words stand in a text; None if this version of the course has it no more."""
    words = " ".join(text.partition(PREDICT)[2].split())
    return next((each for each in PREDICTIONS if words.startswith(each.begins)), None)


def _assigns(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "guess" for target in statement.targets
    )


def _value(node: ast.expr) -> Any:
    """A literal, or a sum, difference, product, quotient or power of numbers, as floats: none can be huge."""
    match node:
        case ast.Constant(value=None | str() as value):
            return value
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _finite(float(value))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            number = _number(operand)
            return -number if isinstance(sign, ast.USub) else number
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return _finite(OPERATORS[type(op)](_number(left), _number(right)))
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(each) for each in items]
    raise NoGuess("not a literal")


def _number(node: ast.expr) -> float:
    value = _value(node)
    if not isinstance(value, float):
        raise NoGuess("not a number")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):  # a complex power is a TypeError
        raise NoGuess("not finite")
    return value


def _fitting(prediction: Prediction, value: Any) -> tuple[Guess, ...] | None:
    """The guess as a tuple, if it is of the kind that was asked for; None if nothing was guessed."""
    values = value if isinstance(value, list) else [value]
    if all(each is None for each in values):
        return None
    kind = float | str if prediction.scale == "choice" else float
    if len(values) != len(prediction.truths) or not all(isinstance(each, kind) for each in values):
        many = len(prediction.truths)
        wanted = f"{many} numbers" if many > 1 else "one number" if kind is float else "one number or word"
        raise NoGuess(f"the guess must be {wanted}")
    return tuple(values)

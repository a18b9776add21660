"""Numbers as a quiz shows them: few digits, rounded as people round, and the same text on every machine."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
from numpy.typing import ArrayLike

LARGEST = 1e6  # beyond it nobody computes by hand
NEAR = 4  # units of the last digit: what lies nearer could come from rounding on the way

Rows = tuple[tuple[str, ...], ...]


def rounded(x: float, digits: int = 2) -> Decimal:
    """Round to so many decimals, halves away from 0, as one does by hand.

    Six significant digits are looked at, so that 0.045 in float32 is 0.05 and not 0.04.
    """
    return Decimal(f"{float(x):.6g}").quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def say(x: float, digits: int = 2) -> str:
    """A number for people: no zeros at its end, commas between thousands, a real minus."""
    text = f"{rounded(x, digits):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def term(x: float, digits: int = 4) -> str:
    """A number inside a sum or a product: in brackets if it is negative."""
    return f"({say(x, digits)})" if x < 0 else say(x, digits)


def plus(numbers: Iterable[float]) -> str:
    """A sum, term by term."""
    return " + ".join(term(x) for x in numbers)


def say_all(values: ArrayLike, digits: int = 2) -> str:
    """One number, a row of flags as 1 and 0, or several numbers in brackets; rows of a table by `/`."""
    array = np.asarray(values)
    if array.ndim == 0:
        return say(float(array), digits)
    if array.ndim == 2:
        return " / ".join(say_all(row, digits) for row in array)
    if array.dtype == bool:
        return " ".join("1" if flag else "0" for flag in array)
    return f"({', '.join(say(x, digits) for x in array)})"


def readable(values: ArrayLike) -> bool:
    """Whether these are finite numbers of a size that one can write down."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return False
    return bool(array.size and np.isfinite(array).all() and np.abs(array).max() < LARGEST)


def apart(one: ArrayLike, other: ArrayLike, digits: int = 2) -> bool:
    """Whether two answers can be told apart, also by somebody who rounds on the way."""
    if np.shape(one) != np.shape(other):
        return True
    if np.asarray(one).dtype.kind in "bi" and np.asarray(other).dtype.kind in "bi":
        return not np.array_equal(one, other)
    pairs = zip(np.ravel(np.asarray(one)), np.ravel(np.asarray(other)), strict=True)
    gap = NEAR if digits else 1
    unit = Decimal(1).scaleb(-digits)
    return any(abs(rounded(a, digits) - rounded(b, digits)) >= gap * unit for a, b in pairs)


def exact(values: ArrayLike, digits: int = 2) -> bool:
    """Whether nothing is lost by rounding."""
    return all(
        rounded(x, digits) == rounded(x, digits + 3) for x in np.ravel(np.asarray(values, dtype=float))
    )


def table(head: Iterable[str], *rows: Iterable[object]) -> Rows:
    """A table of texts, its head first; numbers are said as `say` says them."""
    return (tuple(head), *(tuple(_cell(value) for value in row) for row in rows))


def steps_table(**columns: Iterable[object]) -> Rows:
    """A table with a row for each step, counted from 0; `_` in the name of a column stands for a space."""
    rows = enumerate(zip(*columns.values(), strict=True))
    return table(["step", *(name.replace("_", " ") for name in columns)], *((t, *row) for t, row in rows))


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return say(float(value), 4)  # type: ignore[arg-type]

"""Refusals: every bad argument is met at the door, by name, with what was given and what is allowed.

numpy broadcasts `[T]` against `[T, 1]` without a word, and a NaN travels a long way before anybody
sees it. The public functions of this course call these helpers first, so that neither happens.
"""

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Refusal(ValueError):
    """What was given cannot be used, and the message says why. A slip of ours is another ValueError."""


class NotNumbers(Refusal):
    """What was given is no number, and no array of numbers."""


def finite(name: str, given: ArrayLike) -> Array:
    """Return `given` as a float64 array, or raise ValueError if it holds NaN, infinity or text."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "bifu":  # numpy would make numbers of text, and drop half of complex ones
            raise TypeError
        array = array.astype(np.float64, copy=False)
    except Exception:  # whatever an odd object raises when asked to be an array
        raise NotNumbers(f"{name} must be numbers of a regular shape, got {_short(given)}") from None

    if not np.isfinite(array).all():
        bad = ~np.isfinite(array)
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        where = f" at {first[0] if len(first) == 1 else first}" if first else ""
        raise Refusal(f"{name} must be finite, got {array[bad][0]}{where}")
    return array


def steps(**arrays: ArrayLike) -> list[Array]:
    """Return arrays over time, all of one shape `[T]` or `[T, N]` with T >= 1, or raise ValueError."""
    out = {name: finite(name, array) for name, array in arrays.items()}
    for name, array in out.items():
        if array.ndim not in (1, 2) or array.size == 0:
            raise Refusal(f"{name} must have shape [T] or [T, N], not empty, got {array.shape}")
    same_shape(**out)
    return list(out.values())


def flags(name: str, given: ArrayLike) -> Flags:
    """Return `given` as booleans; only true, false, 1 and 0 are allowed."""
    if isinstance(given, np.ndarray) and given.dtype == bool:
        return given
    array = finite(name, given)
    odd = (array != 0) & (array != 1)
    if odd.any():
        raise Refusal(f"{name} must be flags (false, true, 0 or 1), got {array[odd].flat[0]}")
    return array.astype(bool)


def same_shape(**arrays: NDArray) -> None:
    """Raise ValueError unless all shapes agree; numpy would broadcast them silently."""
    if len({np.shape(array) for array in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {np.shape(array)}" for name, array in arrays.items())
        raise Refusal(f"all must have one shape, got {shapes}")


def flag(name: str, given: bool) -> bool:
    """Return one flag, false or true (0 or 1), or raise ValueError."""
    try:
        value = number(name, given)
    except ValueError:
        value = None
    if value not in (0, 1):
        raise Refusal(f"{name} must be false or true, got {_short(given)}")
    return bool(value)


def number(
    name: str, given: float, *, low: float = -np.inf, high: float = np.inf, above: float = -np.inf
) -> float:
    """Return one finite number in [low, high] and greater than `above`, or raise ValueError."""
    try:
        value = finite(name, given)
    except NotNumbers:
        raise NotNumbers(f"{name} must be a number, got {_short(given)}") from None

    if value.ndim:
        raise Refusal(f"{name} must be one number, got shape {value.shape}")
    if not value > above:
        raise Refusal(f"{name} must be above {above:g}, got {value:.15g}")
    if not low <= value <= high:
        raise Refusal(f"{name} must be in [{low:g}, {high:g}], got {value:.15g}")
    return float(value)


def whole(name: str, given: int, *, low: int) -> int:
    """Return a whole number of at least `low` and below 2**63, or raise ValueError."""
    refused = f"{name} must be a whole number of at least {low}, got {_short(given)}"
    try:
        # As a float, a large whole number would lose its last digits.
        value = int(given) if isinstance(given, int | np.integer) else number(name, given)
    except NotNumbers:
        raise Refusal(refused) from None

    if value != int(value) or value < low:
        raise Refusal(refused)
    if value >= 2**63:
        raise Refusal(f"{name} must be a whole number below 2**63, got {_short(given)}")
    return int(value)


def text(name: str, given: str) -> str:
    """Return plain text, also for numpy's kind of text, or raise ValueError."""
    if not isinstance(given, str):
        raise Refusal(f"{name} must be text, got {_short(given)}")
    return str(given)


def one_of(name: str, given: object, allowed: Iterable[str]) -> str:
    """Return `given` if it is one of the allowed names, or raise ValueError with the nearest."""
    allowed = list(allowed)
    if given not in allowed:
        near = difflib.get_close_matches(str(given), allowed, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise Refusal(f"{name} {given!r} is not known; {hint}allowed: {', '.join(allowed)}")
    return str(given)


def _short(thing: object) -> str:
    text = repr(thing)
    return text if len(text) <= 60 else text[:57] + "..."

"""Values as JSON, on both sides of the wall: numbers, arrays, tensors, a small agent and its optimizer.

Nothing is ever unpickled. What comes out of the sandbox is read with suspicion: whatever does not fit
together is a `Garbled`.
"""

import builtins
import math
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from course.checks.reading import as_numbers

MOST = 100_000  # numbers in one value; the largest case of the course has a fraction of that
MANY = 2_000  # things side by side
ITEMS = 8  # a longer list is one array of numbers
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES += ("float16", "float32", "float64")
TENSORS = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")

PYTHONS = {kind.__name__ for kind in vars(types).values() if isinstance(kind, type)}  # function, module, ...

Coded = dict[str, Any]
Special = Callable[[Any], Any]  # for what is more than a value; None if it is not


class TooMuch(Exception):
    """A value has more numbers than any answer needs."""


class Garbled(ValueError):
    """What came is no value."""


class Odd:
    """Stands for something that is no number: all that is known of it is the name of its type."""


class Likeness:
    """Stands for something that numpy can read as numbers, and that is neither array nor list."""

    def __init__(self, numbers: np.ndarray) -> None:
        """Keep what numpy reads."""
        self.numbers = numbers

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """What numpy sees."""
        return self.numbers.astype(dtype or self.numbers.dtype)


def encode(value: Any, special: Special = lambda value: None) -> Coded:
    """A value as what JSON can say.

    Raises:
        TooMuch: if it holds too many numbers.
    """
    coded = special(value)
    if coded is not None:
        return coded
    if value is None or type(value) in (bool, str):
        return {"is": "plain", "value": value}
    if type(value) is float or (type(value) is int and abs(value) < 2**63):
        return {"is": "plain", "value": value}
    if is_tensor(value):
        return encode_tensor(value)
    if isinstance(value, dict | tuple) and len(value) > MANY:
        raise TooMuch
    if isinstance(value, dict):
        items = [[str(key), encode(item, special)] for key, item in value.items()]
        return {"is": "dict", "items": items}
    if isinstance(value, tuple) or (isinstance(value, list) and len(value) <= ITEMS):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"is": kind, "items": [encode(item, special) for item in value]}

    array = as_numbers(value)
    if array is None:
        return {"is": "odd", "type": known_type(value)}
    kinds = {np.ndarray: "array", np.generic: "scalar", list: "listed"}
    kind = next((kind for of, kind in kinds.items() if isinstance(value, of)), "likeness")
    return {"is": kind, "type": known_type(value), **_numbers(array)}


def _numbers(array: np.ndarray) -> Coded:
    if array.size > MOST:
        raise TooMuch
    if array.dtype.name not in DTYPES:  # in another order of bytes, or longer than a float
        array = array.astype(array.dtype.kind if array.dtype.kind in "biu" else float)
    return {"dtype": array.dtype.name, "shape": list(array.shape), "numbers": array.ravel().tolist()}


def encode_tensor(tensor: Any) -> Coded:
    """A tensor of torch; whether a gradient flows through it is said, and the gradient is not."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in TENSORS:
        return {"is": "odd", "type": "Tensor"}
    if tensor.numel() > MOST:
        raise TooMuch
    flat = tensor.detach().cpu().flatten().tolist()
    return {
        "is": "tensor",
        "dtype": dtype,
        "shape": list(tensor.shape),
        "numbers": flat,
        "gradient": bool(tensor.requires_grad),
    }


def decode(coded: Any, special: Special = lambda coded: None) -> Any:
    """The value that was encoded.

    Raises:
        Garbled: if there is none.
    """
    try:
        return _decoded(coded, special)
    except Exception:  # a type, a shape, a number or a depth that nobody has written down
        raise Garbled from None


def _decoded(coded: Coded, special: Special) -> Any:
    found = special(coded)
    if found is not None:
        return found

    kind = coded["is"]
    if kind == "plain":
        return _plain(coded["value"])
    if kind == "dict":
        return {str(key): _decoded(item, special) for key, item in coded["items"]}
    if kind in ("tuple", "list"):
        items = [_decoded(item, special) for item in coded["items"]]
        return tuple(items) if kind == "tuple" else items
    if kind == "odd":
        return type(_known(coded["type"]), (Odd,), {})()
    if kind == "tensor":
        return _tensor(coded)

    array = _array(coded)
    if kind == "array":
        return array
    if kind == "scalar":
        return array[()]
    if kind == "listed":
        return array.tolist()
    return type(_known(coded["type"]), (Likeness,), {})(array)


def _plain(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise Garbled
    return value


def _known(name: Any) -> str:
    """The name, if it is one of Python's, numpy's or torch's own; any other could tell what was asked."""
    if not isinstance(name, str):
        raise Garbled
    known = name in PYTHONS or any(isinstance(getattr(home, name, None), type) for home in _homes())
    return name if known else "object"


def _homes() -> list[Any]:
    return [builtins, np, sys.modules.get("torch")]


def _array(coded: Coded) -> np.ndarray:
    shape = tuple(coded["shape"])
    if coded["dtype"] not in DTYPES or math.prod(shape) != len(coded["numbers"]):
        raise Garbled
    return np.array(coded["numbers"], dtype=coded["dtype"]).reshape(shape)


def _tensor(coded: Coded) -> Any:
    import torch

    shape = tuple(coded["shape"])
    if coded["dtype"] not in TENSORS or math.prod(shape) != len(coded["numbers"]):
        raise Garbled
    return torch.tensor(coded["numbers"], dtype=getattr(torch, coded["dtype"])).reshape(shape)


def is_tensor(value: Any) -> bool:
    """Whether this is a tensor of torch, which is not loaded to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def known_type(value: Any) -> str:
    """The name of the nearest type that is Python's, numpy's or torch's own; learners' names stay inside."""
    for kind in type(value).__mro__:
        name = kind.__name__
        if kind in vars(types).values() or any(getattr(home, name, None) is kind for home in _homes()):
            return name
    return "object"


def known_error(error: BaseException) -> str:
    """The name of the nearest built-in type of an exception."""
    for kind in type(error).__mro__:
        if getattr(builtins, kind.__name__, None) is kind:
            return kind.__name__
    return "BaseException"

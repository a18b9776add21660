"""Observe a loss as a gradient would: its value, and its gradient for each tensor that went in."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course.checks.exercise import GRADIENT, Case, Odd


def loss_and_gradients(f: Callable, case: Case, *, names: tuple[str, ...]) -> dict[str, Any]:
    """Call `f` on tensors; numpy arrays in the case become such.

    Those of numbers are float32 and ask for a gradient; flags and whole numbers stay what they are.

    Args:
        f: the loss.
        case: the call.
        names: of the arguments by position, as the panel should call them.
    """
    args = [_tensor(value) for value in case.args]
    kwargs = {name: _tensor(value) for name, value in case.kwargs.items()}
    loss = f(*map(_handed_over, args), **{name: _handed_over(x) for name, x in kwargs.items()})
    _must_be_a_loss(loss)

    loss.backward()
    return {
        "the loss": loss.detach().numpy(),
        **_gradients({**dict(zip(names, args, strict=False)), **kwargs}),
    }


def _gradients(arguments: dict[str, Any]) -> dict[str, Any]:
    """After a backward pass: what has arrived at each tensor that asked for a gradient, by its name."""
    seen = {}
    for name, tensor in arguments.items():
        if isinstance(tensor, torch.Tensor) and tensor.requires_grad:
            gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
            seen[GRADIENT + name] = gradient.numpy()
    return seen


def observing(reference: Callable) -> Callable[[Callable, Case], dict[str, Any]]:
    """How the exercise with this reference is observed: the gradients have the names of its arguments."""
    names = tuple(inspect.signature(reference).parameters)
    return lambda f, case: loss_and_gradients(f, case, names=names)


def observing_each(reference: Callable) -> Callable[[Callable, Case], dict[str, Any]]:
    """As `observing`, for an answer of many numbers: the gradients are those of a weighted sum of them.

    The weights are fixed and differ, so that a gradient which went to the wrong element is seen.
    """
    names = tuple(inspect.signature(reference).parameters)

    def weighted(f: Callable, case: Case) -> dict[str, Any]:
        found: list[torch.Tensor] = []

        def loss(*args: Any, **kwargs: Any) -> Any:
            each = f(*args, **kwargs)
            if not isinstance(each, torch.Tensor):
                return each
            found.append(each.detach())
            return (each * torch.linspace(1, 2, each.numel()).reshape(each.shape)).sum()

        seen = loss_and_gradients(loss, case, names=names)
        seen.pop("the loss")
        return {"": found[0].numpy(), **seen}

    return weighted


def _must_be_a_loss(loss: Any) -> None:
    if isinstance(loss, tuple):
        raise Odd(f"Returned {len(loss)} things; expected one: the loss, a tensor.")
    if not isinstance(loss, torch.Tensor):
        kind = "None" if loss is None else type(loss).__name__
        raise Odd(f"Returned {kind}; expected a tensor, so that a gradient can flow through it.")
    if loss.ndim:
        shape = tuple(loss.shape)
        expected = "a loss is one number, shape (). Was the mean forgotten?"
        raise Odd(f"Returned a tensor of shape {shape}; {expected}")
    if not loss.requires_grad:
        raise Odd("No gradient flows through the loss. Was everything detached, or turned into numbers?")


def _handed_over(value: Any) -> Any:
    """A copy that may be worked on in place, which torch forbids where it keeps a gradient."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _tensor(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.kind != "f":
        return torch.tensor(value)
    return torch.tensor(value, dtype=torch.float32, requires_grad=True)

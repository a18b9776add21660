"""Observe a loss as a gradient would: its value, and its gradient for each tensor that went in."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course.checks.exercise import GRADIENT, Case, Odd


def loss_and_gradients(f: Callable, case: Case, *, names: tuple[str, ...]) -> dict[str, Any]:
    """Call `f` on float32 tensors that all ask for a gradient; numpy arrays in the case become tensors.

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
    seen = {"the loss": loss.detach().numpy()}
    for name, tensor in {**dict(zip(names, args, strict=False)), **kwargs}.items():
        if isinstance(tensor, torch.Tensor):
            gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
            seen[GRADIENT + name] = gradient.numpy()
    return seen


def observing(reference: Callable) -> Callable[[Callable, Case], dict[str, Any]]:
    """How the exercise with this reference is observed: the gradients have the names of its arguments."""
    names = tuple(inspect.signature(reference).parameters)
    return lambda f, case: loss_and_gradients(f, case, names=names)


def _must_be_a_loss(loss: Any) -> None:
    if isinstance(loss, tuple):
        raise Odd(f"Returned {len(loss)} things; expected one: the loss, a tensor.")
    if not isinstance(loss, torch.Tensor):
        kind = "None" if loss is None else type(loss).__name__
        raise Odd(f"Returned {kind}; expected a tensor, so that a gradient can flow through it.")
    if loss.ndim:
        raise Odd(f"Returned a tensor of shape {tuple(loss.shape)}; a loss is one number, shape ().")
    if not loss.requires_grad:
        raise Odd("No gradient flows through the loss. Was everything detached, or turned into numbers?")


def _handed_over(value: Any) -> Any:
    """A copy that may be worked on in place, which torch forbids where it keeps a gradient."""
    return value * 1 if isinstance(value, torch.Tensor) else value


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.tensor(value, dtype=torch.float32, requires_grad=True)
    return value

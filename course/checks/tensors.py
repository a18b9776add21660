"""Observe a loss as a gradient would: its value, and its gradient for each tensor that went in."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course.checks.engine import Case, Odd


def loss_and_gradients(f: Callable, case: Case) -> dict[str, Any]:
    """Call `f` on float32 tensors that all ask for a gradient; numpy arrays in the case become tensors."""
    args = [_tensor(value) for value in case.args]
    kwargs = {name: _tensor(value) for name, value in case.kwargs.items()}
    loss = f(*map(_handed_over, args), **{name: _handed_over(x) for name, x in kwargs.items()})
    if not isinstance(loss, torch.Tensor):
        kind = "None" if loss is None else type(loss).__name__
        raise Odd(f"Returned {kind}; expected a tensor, so that a gradient can flow through it.")
    if loss.ndim:
        raise Odd(f"Returned a tensor of shape {tuple(loss.shape)}; a loss is one number, shape ().")
    if not loss.requires_grad:
        raise Odd("No gradient flows through the loss. Was everything detached, or turned into numbers?")
    loss.backward()
    seen = {"the loss": loss.detach().numpy()}
    for position, tensor in enumerate([*args, *kwargs.values()]):
        if isinstance(tensor, torch.Tensor):
            gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
            seen[f"the gradient of argument {position + 1}"] = gradient.numpy()
    return seen


def _handed_over(value: object) -> object:
    """A copy that may be worked on in place, which torch forbids where it keeps a gradient."""
    return value * 1 if isinstance(value, torch.Tensor) else value


def _tensor(value: object) -> object:
    if isinstance(value, np.ndarray):
        return torch.tensor(value, dtype=torch.float32, requires_grad=True)
    return value

"""An audit of a loss over tokens: who gets a gradient that should not, and who gets none that should.

A loss that looks right and falls may still leave tokens out, or train what was never written. Neither shows
in its value. The gradient of each token does. Works on any loss, not only on those of this course.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from course.arrays import Refusal, finite, flags, same_shape
from course.language.tales import WORDS
from course.language.tokens import token_rows

Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Audit:
    """What a loss does to each token of a batch."""

    gradient: NDArray[np.float64]  # [B, T] of the loss in what was given for each token
    silent: Places  # [n, 2] answer and place of the written tokens that get no gradient
    stray: Places  # [m, 2] of the padding that gets some
    reached: tuple[str, ...]  # names of the data that a gradient flows into
    written: int  # tokens, in all
    tokens: Places | None = None  # [B, T] to call them by their words

    @property
    def clean(self) -> bool:
        """Whether every written token gets a gradient, and nothing else does."""
        return not self.found

    @property
    def found(self) -> tuple[str, ...]:
        """A sentence for each thing that is odd; none for healthy code."""
        said = []
        if len(self.silent):
            which = f"{len(self.silent)} of {self.written} written tokens get no gradient"
            said.append(f"{which}{self._called(self.silent)}.")
        if len(self.stray):
            said.append(f"{len(self.stray)} places of padding get a gradient; nobody wrote them.")
        said += [f"A gradient flows into {name}, which is data here." for name in self.reached]
        return tuple(said)

    def _called(self, places: Places) -> str:
        """Which words these are, if they are of one or two kinds."""
        if len(places) == self.written:
            return ": not one is learned from"
        if self.tokens is None:
            return ""
        kinds = [WORDS[token] for token in np.unique(self.tokens[tuple(places.T)])]
        return f", all of them {' or '.join(kinds)}" if len(kinds) <= 2 else ""

    def __str__(self) -> str:
        """The findings, one a line."""
        if self.clean:
            return f"Nothing odd: all {self.written} written tokens get a gradient, and nothing else does."
        return "\n".join(self.found)


def audit(
    loss: Callable[[Tensor], Tensor],
    given: ArrayLike,
    mask: ArrayLike,
    *,
    data: Mapping[str, Tensor | nn.Module] | None = None,
    tokens: ArrayLike | None = None,
) -> Audit:
    """Ask a loss for the gradient of every token.

    Args:
        loss: a function of a float32 tensor [B, T] that gives the loss, a 0-d tensor. For a policy's loss
            that is the log-probabilities; for a critic's, the values.
        given: what to call it with, shape [B, T]; for a clipped loss what the sampler had, as beyond the
            clip a gradient of 0 is right.
        mask: true for the tokens that were written, [B, T], `<end>` among them.
        data: by name, tensors or modules that the loss depends on and should not train.
        tokens: of the answers, [B, T], to call them by their words.

    Returns:
        The audit; print it. A written token whose advantage is exactly 0 gets no gradient, and is listed.

    Raises:
        ValueError: if the shapes differ, nothing was written, or the loss is not one number.
    """
    values = finite("given", given)
    counted = flags("mask", mask)
    same_shape(given=values, mask=counted)
    if not counted.any():
        raise Refusal("mask must be true somewhere, got only padding")
    words = None if tokens is None else token_rows("tokens", tokens)

    with torch.enable_grad():
        leaf = torch.from_numpy(values).float().requires_grad_()
        total = loss(leaf)
    if not isinstance(total, Tensor) or total.ndim:
        raise Refusal(f"loss must give one number, a tensor of shape (), got {total!r:.60}")

    watched = {name: _leaves(thing) for name, thing in (data or {}).items()}
    everything = [leaf]
    for group in watched.values():
        everything += group
    gradient, *others = _gradients(total, everything)

    reached = []
    for name, group in watched.items():
        mine, others = others[: len(group)], others[len(group) :]
        if any(each.any() for each in mine):
            reached.append(name)

    size = gradient.double().numpy()
    return Audit(
        gradient=size,
        silent=np.argwhere(counted & (size == 0)),
        stray=np.argwhere(~counted & (size != 0)),
        reached=tuple(reached),
        written=int(counted.sum()),
        tokens=words,
    )


def _leaves(thing: Tensor | nn.Module) -> list[Tensor]:
    group = list(thing.parameters()) if isinstance(thing, nn.Module) else [thing]
    return [each for each in group if each.requires_grad]


def _gradients(total: Tensor, leaves: list[Tensor]) -> list[Tensor]:
    """Of one loss in several tensors; zeros where nothing flows."""
    if not total.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(total, leaves, allow_unused=True)
    return [torch.zeros_like(leaf) if one is None else one for leaf, one in zip(leaves, found, strict=True)]

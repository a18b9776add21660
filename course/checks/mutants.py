"""Mutants: right functions with one part made wrong. They are how a check knows a mistake.

A *factory* builds the right answer of an exercise out of parts. Each part is a keyword, and its default is
the right one:

    @mutant
    def _td_errors(*, discount=right_discount, ends=right_ends):
        def answer(rewards, values, next_values, terminated, *, gamma):
            ...
        return answer

`_td_errors(ends=never)` is the mutant in which that part alone is wrong. The table of an exercise then reads

    mistakes=(
        ("A terminated step still looks ahead. ...", _td_errors(ends=never)),
        ("gamma is missing. ...", _td_errors(discount=none)),
    )

and a learner who made both mistakes gets both sentences: two mutants of one factory that touch different
parts are joined, and what they give together is compared with what the learner gives. So cut a factory into
parts where learners go wrong *independently*: "gamma forgotten" and "the end ignored" are two parts, although
both sit in one product. Which pairs are possible need not be listed anywhere.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course.arrays import Array
from course.checks.exercise import Mistake


@dataclass(frozen=True, eq=False)
class Mutant:
    """An answer that is right but for some parts."""

    factory: Callable[..., Callable]
    parts: dict[str, Any]  # the wrong ones, by keyword

    @functools.cached_property
    def answer(self) -> Callable:
        """The wrong function itself."""
        return self.factory(**self.parts)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Answer as a learner with this mistake would."""
        return self.answer(*args, **kwargs)

    def joined(self, other: object) -> "Mutant | None":
        """The mutant with both mistakes; None if they are of two factories, or touch the same part."""
        if not isinstance(other, Mutant) or other.factory is not self.factory:
            return None
        if self.parts.keys() & other.parts.keys():
            return None
        return Mutant(self.factory, self.parts | other.parts)


def mutant(factory: Callable[..., Callable]) -> Callable[..., Mutant]:
    """Turn a factory of answers, whose keywords are the parts, into one of mutants."""
    signature = inspect.signature(factory)

    @functools.wraps(factory)
    def made(*args: Any, **parts: Any) -> Mutant:
        return Mutant(factory, dict(signature.bind(*args, **parts).arguments))

    return made


# The common mistakes of losses. No torch here: a numpy exercise is not to wait for it.


def kept(tensor: Any) -> Any:
    """The part that leaves a tensor, and its gradient, as it is."""
    return tensor


def detached(tensor: Any) -> Any:
    """The part that cuts the gradient of a tensor."""
    return tensor.detach()


def mean(each: Any) -> Any:
    """The part that averages over all elements."""
    return each.mean()


def decaying_sums(terms: Array, keep: Array) -> Array:
    """y_t = x_t + k_t y_{t+1}, with nothing after the last row: what a wrong gae sums, or how it sums."""
    sums = terms.copy()
    for t in reversed(range(len(sums) - 1)):
        sums[t] += keep[t] * sums[t + 1]
    return sums


def reductions(factory: Callable[..., Mutant]) -> tuple[Mistake, ...]:
    """What goes wrong between the single steps and the one number of any loss.

    Args:
        factory: of the loss, with the parts `reduce` (as `mean`) and `finish` (as `kept`).
    """
    return (
        (
            "That is a sum. A loss that grows with the batch makes the step grow with it too: take the mean.",
            factory(reduce=lambda each: each.sum()),
        ),
        (
            "The sum is divided by the length of the first axis only. Take the mean over all elements.",
            factory(reduce=lambda each: each.sum() / len(each)),
        ),
        (
            "The mean is over one axis only. A loss is one number, whatever the shape.",
            factory(reduce=lambda each: each.mean(dim=0)),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            factory(finish=lambda loss: loss.item()),
        ),
    )

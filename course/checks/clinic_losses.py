"""Exercises of lesson 15 through which gradients flow; the others are not to wait for torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing, observing_each
from course.language import losses

# token_log_probs


def _logit_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # logits, tokens, temperature
        ("one token of two, at half the temperature", [[[2, 0]]], [[0]], 0.5),
        ("temperature 1 changes nothing", [[[1, 2, 0.5], [0, 1, 3]]], [[1, 2]], 1),
        ("two answers of two tokens", [[[1, 0], [0, 2]], [[0.5, 1], [3, 1]]], [[0, 1], [1, 0]], 2),
        ("an unlikely token", [[[4, 0, 1]]], [[1]], 0.7),
        ("logits far from 0", [[[100, 101, 98], [-50, -53, -51]]], [[0, 2]], 0.5),
    ]
    cases = [
        Case(label, (np.array(logits, dtype=float), np.array(tokens)), {"temperature": float(temperature)})
        for label, logits, tokens, temperature in small
    ]
    for label, shape in [*[("8 random batches, with their gradients", None)] * 8, ("40 tokens", (1, 40, 50))]:
        size = shape or tuple(rng.integers(2, 5, size=3))
        batch = (rng.normal(0, 2, size=size), rng.integers(0, size[-1], size=size[:-1]))
        cases.append(Case(label, batch, {"temperature": rng.uniform(0.5, 0.9)}))
    return cases


def _of_the_tokens(log_probs: Tensor, tokens: Tensor) -> Tensor:
    return log_probs.gather(-1, tokens[..., None])[..., 0]


@mutant
def _token_log_probs(
    *,
    heat: Callable = lambda logits, temperature: logits / temperature,
    normal: Callable = lambda logits: torch.log_softmax(logits, dim=-1),
    after: Callable = lambda log_probs, temperature: log_probs,
    pick: Callable = _of_the_tokens,
    finish: Callable = kept,
) -> Callable:
    """A token_log_probs: the temperature, the logarithm of the softmax, and the tokens picked out."""

    def answer(logits: Tensor, tokens: Tensor, *, temperature: float) -> Tensor:
        log_probs = after(normal(heat(logits, temperature)), temperature)
        return finish(pick(log_probs, tokens))

    return answer


def _cold(logits: Tensor, temperature: float) -> Tensor:
    return logits


TOKEN_LOG_PROBS = Exercise(
    name="token_log_probs",
    lesson="15",
    points=1,
    reference=losses.token_log_probs,
    cases=_logit_cases,
    observe=observing_each(losses.token_log_probs),
    mistakes=(
        (
            "The temperature is ignored. Those are log-probabilities of another policy than the one that "
            "drew the tokens: divide the logits by it.",
            _token_log_probs(heat=_cold),
        ),
        (
            "The logits are multiplied by the temperature. A low one sharpens: divide.",
            _token_log_probs(heat=lambda logits, temperature: logits * temperature),
        ),
        (
            "The temperature comes too late: what is divided after the softmax no longer sums to 1. Divide "
            "the logits.",
            _token_log_probs(heat=_cold, after=lambda log_probs, temperature: log_probs / temperature),
        ),
        (
            "Those are logits. Their log_softmax are log-probabilities.",
            _token_log_probs(normal=kept),
        ),
        (
            "Those are probabilities. What is asked for are their logarithms.",
            _token_log_probs(finish=torch.exp),
        ),
        (
            "The sign is turned round: that is the cross-entropy.",
            _token_log_probs(finish=torch.neg),
        ),
        (
            "The softmax runs along time. Words compete with each other, not places: dim=-1.",
            _token_log_probs(normal=lambda logits: torch.log_softmax(logits, dim=1)),
        ),
        (
            "Those are the likeliest tokens' and not the ones that were drawn. Pick out `tokens`.",
            _token_log_probs(pick=lambda log_probs, tokens: log_probs.max(dim=-1).values),
        ),
        (
            "All words are still there. One number for each token is asked for: gather along the last axis.",
            _token_log_probs(pick=lambda log_probs, tokens: log_probs),
        ),
        (
            "The tokens are added up. Each has an advantage of its own, so keep them apart: [B, T].",
            _token_log_probs(finish=lambda log_probs: log_probs.sum(dim=-1)),
        ),
        (
            "Everything is detached, so nothing can be learned. Here the gradient flows.",
            _token_log_probs(finish=detached),
        ),
    ),
)


# critic_loss


def _value_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # values, targets, mask
        ("one answer, and its padding", [[495, 7]], [[500, 0]], [[1, 0]]),
        ("two lengths", [[1, 3, 2], [5, 9, 9]], [[0, 3, 4], [7, 1, 2]], [[1, 1, 1], [1, 0, 0]]),
        ("no padding", [[2, 4], [1, 5]], [[1, 1], [3, 2]], [[1, 1], [1, 1]]),
        ("all right, but for the padding", [[3, 4, 8]], [[3, 4, 1]], [[1, 1, 0]]),
        ("thousandths of a point", [[0.001, 0.004, 0.5]], [[0.003, 0.002, 0]], [[1, 1, 0]]),
        ("points by the million", [[1e8, 4e8, 9e8]], [[3e8, 2e8, 0]], [[1, 1, 0]]),
    ]
    cases = [
        Case(label, (np.array(values, dtype=float), np.array(targets, dtype=float), np.array(mask, bool)))
        for label, values, targets, mask in small
    ]
    for label, shape in [
        *[("8 random batches, with their gradients", None)] * 8,
        ("2,000 tokens", (2, 1_000)),
    ]:
        size = shape or tuple(rng.integers(2, 5, size=2))
        cases.append(
            Case(label, (rng.normal(3, 4, size=size), rng.normal(5, 6, size=size), _some(rng, size)))
        )
    return cases


def _some(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mask with at least one answer that is shorter than the array."""
    lengths = rng.integers(1, shape[1] + 1, size=shape[0])
    lengths[0] = rng.integers(1, shape[1])
    return np.arange(shape[1]) < lengths[:, None]


def _mean_of_the_written(each: Tensor, mask: Tensor) -> Tensor:
    return (each * mask).sum() / mask.sum()


@mutant
def _critic_loss(
    *,
    learns: Callable = kept,
    data: Callable = detached,
    power: Callable = torch.square,
    reduce: Callable = _mean_of_the_written,
    half: float = 0.5,
    finish: Callable = kept,
) -> Callable:
    """A critic_loss, part by part."""

    def answer(values: Tensor, targets: Tensor, mask: Tensor) -> object:
        misses = learns(values) - data(targets)
        return finish(half * reduce(power(misses), mask))

    return answer


def _mean_of_answers(each: Tensor, mask: Tensor) -> Tensor:
    return ((each * mask).sum(dim=1) / mask.sum(dim=1)).mean()


CRITIC_LOSS = Exercise(
    name="critic_loss",
    lesson="15",
    points=1,
    reference=losses.critic_loss,
    cases=_value_cases,
    observe=observing(losses.critic_loss),
    apart=(GRADIENT + "targets",),
    mistakes=(
        (
            "values is detached, so the critic never learns. Only the targets are data.",
            _critic_loss(learns=detached),
        ),
        (
            "The wrong one is detached. values is to learn, and targets is data.",
            _critic_loss(learns=detached, data=kept),
        ),
        (
            "The gradient flows into the targets as well. They are data: detach them.",
            _critic_loss(data=kept),
        ),
        (
            "The padding is counted as if it had been written. Use the mask.",
            _critic_loss(reduce=lambda each, mask: each.mean()),
        ),
        (
            "The padding is set to 0, but it still counts in the number that the sum is divided by: divide "
            "by how many are true.",
            _critic_loss(reduce=lambda each, mask: (each * mask).mean()),
        ),
        (
            "Each answer is averaged first. A token of a long answer then counts less than one of a short "
            "one; the mean is over all tokens written.",
            _critic_loss(reduce=_mean_of_answers),
        ),
        (
            "That is a sum. The mean over the tokens written is asked for.",
            _critic_loss(reduce=lambda each, mask: (each * mask).sum()),
        ),
        (
            "The half is missing. With it, the gradient is the miss itself, over their number.",
            _critic_loss(half=1.0),
        ),
        (
            "That is half the mean absolute miss. Square each miss.",
            _critic_loss(power=torch.abs),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            _critic_loss(finish=lambda loss: loss.item()),
        ),
    ),
)


# token_loss


def _policy_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # log_probs, old_log_probs, advantages, mask, clip, divisor
        ("one answer that has not moved, and its padding", [[-1, -2, 0]], [[-1, -2, 0]], [[2, -1, 5]], 2, 4),
        ("both moved too far the good way", [[-0.5, -2]], [[-1, -1]], [[2, -2]], 2, 2),
        ("both moved too far the wrong way", [[-2, -0.5]], [[-1, -1]], [[2, -2]], 2, 2),
        ("two lengths", [[-1, -0.9], [-2, -3]], [[-1.05, -1], [-2.1, -9]], [[1, -2], [3, 8]], 1, 10),
        ("thousandths of a point", [[-1, -2]], [[-1.1, -2.1]], [[0.001, -0.004]], 2, 0.5),
        ("points by the million", [[-1, -2]], [[-1.1, -2.1]], [[1e8, -4e8]], 2, 40),
    ]
    cases = []
    for label, new, old, advantages, last, divisor in small:
        floats = tuple(np.array(rows, dtype=float) for rows in (new, old, advantages))
        mask = np.ones(floats[0].shape, dtype=bool)
        mask[-1, last:] = False
        cases.append(Case(label, (*floats, mask), {"clip": 0.2, "divisor": float(divisor)}))

    for label, shape in [
        *[("8 random batches, with their gradients", None)] * 8,
        ("2,000 tokens", (2, 1_000)),
    ]:
        size = shape or tuple(rng.integers(2, 5, size=2))
        old = -rng.exponential(1.2, size=size) - 0.05
        new = old + rng.normal(0, 0.4, size=size)
        batch = (new, old, rng.normal(0.3, 2, size=size), _some(rng, size))
        dials = {"clip": rng.uniform(0.1, 0.4), "divisor": rng.uniform(5, 50)}
        cases.append(Case(label, batch, dials))
    return cases


def _least(ratio: Tensor, a: Tensor, clip: float) -> Tensor:
    return torch.minimum(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)


def _sum_over_a_constant(each: Tensor, mask: Tensor, divisor: float) -> Tensor:
    return (each * mask).sum() / divisor


@mutant
def _token_loss(
    *,
    learns: Callable = kept,
    played: Callable = detached,
    data: Callable = detached,
    ratio: Callable = lambda new, old: (new - old).exp(),
    each: Callable = _least,
    reduce: Callable = _sum_over_a_constant,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """A token_loss: the ratio, what is made of each token, and how tokens become one number."""

    def answer(
        log_probs: Tensor,
        old_log_probs: Tensor,
        advantages: Tensor,
        mask: Tensor,
        *,
        clip: float,
        divisor: float,
    ) -> object:
        moved = ratio(learns(log_probs), played(old_log_probs))
        tokens = each(moved, data(advantages), clip)
        return finish(sign * reduce(tokens, mask, divisor))

    return answer


TOKEN_LOSS = Exercise(
    name="token_loss",
    lesson="15",
    points=1,
    reference=losses.token_loss,
    cases=_policy_cases,
    observe=observing(losses.token_loss),
    apart=(GRADIENT + "old_log_probs", GRADIENT + "advantages"),
    mistakes=(
        (
            "The gradient flows into the advantages as well: the policy's loss would train the critic. "
            "Detach them.",
            _token_loss(data=kept),
        ),
        (
            "The gradient flows into old_log_probs as well. The policy that wrote is data: detach it.",
            _token_loss(played=kept),
        ),
        (
            "The gradient flows into old_log_probs and into the advantages. Both are data: detach them.",
            _token_loss(played=kept, data=kept),
        ),
        (
            "log_probs is detached, so nothing can be learned. It is the one that must keep its gradient.",
            _token_loss(learns=detached),
        ),
        (
            "The padding is counted as if it had been written. Use the mask.",
            _token_loss(reduce=lambda each, mask, divisor: each.sum() / divisor),
        ),
        (
            "That is the mean over the tokens written. The weight of a token then depends on how long the "
            "others are: divide the sum by divisor.",
            _token_loss(reduce=lambda each, mask, divisor: (each * mask).sum() / mask.sum()),
        ),
        (
            "Each answer is averaged first. Its tokens then count less the longer it is, so that bad "
            "answers grow: divide the whole sum by divisor.",
            _token_loss(reduce=lambda each, mask, divisor: _mean_of_answers(each, mask)),
        ),
        (
            "The sum is not divided by anything. divisor keeps the step the same for every batch size.",
            _token_loss(reduce=lambda each, mask, divisor: (each * mask).sum()),
        ),
        (
            "The sign is turned round: going down this loss makes the good tokens rarer.",
            _token_loss(sign=1.0),
        ),
        (
            "Nothing is clipped: there is a reward for moving as far as you like.",
            _token_loss(each=lambda ratio, a, clip: ratio * a),
        ),
        (
            "The clipped term stands alone. A token that went the wrong way then gets no gradient to bring "
            "it back: take the smaller of clipped and unclipped.",
            _token_loss(each=lambda ratio, a, clip: ratio.clamp(1 - clip, 1 + clip) * a),
        ),
        (
            "That is the larger of the two. It rewards going too far and forgives going wrong.",
            _token_loss(
                each=lambda ratio, a, clip: torch.maximum(ratio * a, ratio.clamp(1 - clip, 1 + clip) * a)
            ),
        ),
        (
            "The ratio is upside down: the policy that learns belongs above the line.",
            _token_loss(ratio=lambda new, old: (old - new).exp()),
        ),
        (
            "That is the difference of two logarithms. The ratio is its exponential.",
            _token_loss(ratio=lambda new, old: new - old),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            _token_loss(finish=lambda loss: loss.item()),
        ),
    ),
)


# surrogate_loss


def _surrogate_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # log_probs, old_log_probs, advantages
        (
            "before the first step, centred advantages: a loss of 0",
            [-1, -2, -0.5],
            [-1, -2, -0.5],
            [2, -3, 1],
        ),
        ("a step has been made", [-0.9, -2.2], [-1, -2], [2, -1]),
        ("a large step: nothing is clipped", [-0.5, -3], [-1, -1], [3, -1]),
        ("answers side by side", [[-1, -2], [-3, -0.5]], [[-1, -1.5], [-3, -1]], [[1, -1], [2, 4]]),
        ("thousandths of a point", [-1, -2], [-1.1, -2.1], [0.001, -0.004]),
        ("points by the million", [-1, -2], [-1.1, -2.1], [1e8, -4e8]),
    ]
    cases = [
        Case(label, tuple(np.array(column, dtype=float) for column in (new, old, advantages)))
        for label, new, old, advantages in small
    ]
    shapes = [tuple(rng.integers(2, 5, size=rng.integers(1, 3))) for _ in range(8)]
    labelled = [("8 random batches, with their gradients", shape) for shape in shapes]
    for label, shape in [*labelled, ("2,000 tokens", (2_000,))]:
        old = -rng.exponential(1.2, size=shape) - 0.05
        cases.append(Case(label, (old + rng.normal(0, 0.4, size=shape), old, rng.normal(0.5, 2, size=shape))))
    return cases


@mutant
def _surrogate(
    *,
    learns: Callable = kept,
    played: Callable = detached,
    data: Callable = detached,
    weights: Callable = kept,
    ratio: Callable = lambda new, old: (new - old).exp(),
    reduce: Callable = mean,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """A surrogate_loss, part by part."""

    def answer(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor) -> Any:
        moved = ratio(learns(log_probs), played(old_log_probs))
        return finish(sign * reduce(moved * weights(data(advantages))))

    return answer


SURROGATE_LOSS = Exercise(
    name="surrogate_loss",
    lesson="15",
    points=1,
    reference=losses.surrogate_loss,
    cases=_surrogate_cases,
    observe=observing(losses.surrogate_loss),
    apart=(GRADIENT + "old_log_probs", GRADIENT + "advantages"),
    mistakes=(
        (
            "The advantages have lost their sign, so that the loss is not 0: bad tokens would be made "
            "likelier too. A loss of 0 was no fault.",
            _surrogate(weights=torch.abs),
        ),
        (
            "The advantages are squared, so that the loss is not 0: bad tokens would be made likelier too. "
            "A loss of 0 was no fault.",
            _surrogate(weights=torch.square),
        ),
        (
            "The plain log-probability is weighted, so that the loss is not 0. The first gradient is the "
            "same, and after one step it is not: the weight is the ratio.",
            _surrogate(ratio=lambda new, old: new),
        ),
        (
            "That is the difference of two logarithms. The ratio is its exponential.",
            _surrogate(ratio=lambda new, old: new - old),
        ),
        (
            "The ratio is taken against log_probs itself, so it is always 1. Divide by old_log_probs.",
            _surrogate(ratio=lambda new, old: (new - new.detach()).exp()),
        ),
        (
            "The ratio is upside down: the policy that learns belongs above the line.",
            _surrogate(ratio=lambda new, old: (old - new).exp()),
        ),
        (
            "1 is taken from every ratio. The gradient is the same, but the value is another wherever the "
            "advantages are not centred.",
            _surrogate(ratio=lambda new, old: (new - old).expm1()),
        ),
        (
            "Here the ratio is clipped. That is the next loss: this one is without.",
            _surrogate(ratio=lambda new, old: (new - old).exp().clamp(0.8, 1.2)),
        ),
        (
            "The sign is turned round: going down this loss makes the good tokens rarer.",
            _surrogate(sign=1.0),
        ),
        (
            "The gradient flows into old_log_probs as well. The policy that wrote is data: detach it.",
            _surrogate(played=kept),
        ),
        (
            "The gradient flows into the advantages as well. They are data: detach them.",
            _surrogate(data=kept),
        ),
        (
            "The gradient flows into old_log_probs and into the advantages. Both are data: detach them.",
            _surrogate(played=kept, data=kept),
        ),
        (
            "log_probs is detached, so nothing can be learned. It is the one that must keep its gradient.",
            _surrogate(learns=detached),
        ),
        *reductions(_surrogate),
    ),
)


EXERCISES = (TOKEN_LOG_PROBS, CRITIC_LOSS, TOKEN_LOSS, SURROGATE_LOSS)

"""Exercises of lesson 11: a batch that is used more than once, and how undecided a policy is."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course import losses
from course.checks.exercise import GRADIENT, Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import loss_and_gradients, observing

BEFORE = np.log([0.25])  # what the policy that played gave to the action


def _one(label: str, ratio: float, advantage: float, clip: float = 0.2) -> Case:
    """One step whose action has become `ratio` times as likely."""
    return Case(label, (BEFORE + np.log(ratio), BEFORE, np.array([advantage])), {"clip": clip})


def _cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case(
            "the two policies agree",
            (np.array([-1.0, -2.0, -3.0]), np.array([-1.0, -2.0, -3.0]), np.array([2.0, -4.0, 8.0])),
            {"clip": 0.2},
        ),
        _one("a good action, twice as likely already", 2.0, 3.0),
        _one("a good action, half as likely", 0.5, 3.0),
        _one("a bad action, half as likely already", 0.5, -3.0),
        _one("a bad action, twice as likely", 2.0, -3.0),
        _one("a bad action, eight times as likely", 8.0, -3.0),
        _one("small moves, inside the range", 1.1, 3.0),
        _one("small moves, inside the range", 0.9, -3.0),
        _one("a wider range", 2.0, 3.0, clip=0.5),
        _one("an advantage of 0", 2.0, 0.0),
        _one("a thousandth of a point", 2.0, 0.001),
        _one("points by the million", 2.0, 1e8),
        Case(
            "two environments side by side",
            (
                np.array([[-1.0, -2.0], [-0.5, -1.0], [-2.0, -1.5]]),
                np.array([[-1.5, -1.0], [-0.5, -3.0], [-1.0, -1.4]]),
                np.array([[4.0, 2.0], [-1.0, -3.0], [-2.0, 5.0]]),
            ),
            {"clip": 0.2},
        ),
        Case(
            "one environment, [T, 1]",
            (np.array([[-1.0], [-0.5]]), np.array([[-1.5], [-0.6]]), np.array([[4.0], [-1.0]])),
            {"clip": 0.2},
        ),
    ]
    shapes = [tuple(rng.integers(2, 5, size=rng.integers(1, 3))) for _ in range(8)]
    labelled = [("8 random batches, with their gradients", shape) for shape in shapes]

    for label, shape in [*labelled, ("2,000 steps", (2_000,))]:
        old = -rng.exponential(1.2, size=shape) - 0.05
        new = old + rng.normal(0, 0.4, size=shape)
        batch = (new, old, rng.normal(0.3, 2, size=shape))
        cases.append(Case(label, batch, {"clip": float(rng.uniform(0.1, 0.4))}))

    return cases


def _ratio(new: Tensor, old: Tensor) -> Tensor:
    return (new - old).exp()


def _clamped(ratio: Tensor, low: float, high: float) -> Tensor:
    return ratio.clamp(low, high)


def _least(ratio: Tensor, a: Tensor, limit: Callable) -> Tensor:
    return torch.minimum(ratio * a, limit(ratio) * a)


@mutant
def _clipped(
    *,
    learns: Callable = kept,
    played: Callable = detached,
    data: Callable = detached,
    weights: Callable = kept,
    ratio: Callable = _ratio,
    low: Callable = lambda clip: 1 - clip,
    high: Callable = lambda clip: 1 + clip,
    clamp: Callable = _clamped,
    each: Callable = _least,
    reduce: Callable = mean,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """A clipped_policy_loss: the ratio, the range it is held in, and what is made of each step's two."""

    def answer(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, *, clip: float) -> object:
        moved = ratio(learns(log_probs), played(old_log_probs))
        given = weights(data(advantages))
        steps = each(moved, given, lambda free: clamp(free, low(clip), high(clip)))
        return finish(sign * reduce(steps))

    return answer


def _with_a_third_limit(ratio: Tensor, a: Tensor, limit: Callable) -> Tensor:
    """Dual clip: no bad step counts more than three times its advantage."""
    least = _least(ratio, a, limit)
    return torch.where(a < 0, torch.maximum(least, 3 * a), least)


def _means_compared(ratio: Tensor, a: Tensor, limit: Callable) -> Tensor:
    return torch.minimum((ratio * a).mean(), (limit(ratio) * a).mean())


def _normalized(advantages: Tensor) -> Tensor:
    return (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)


def _normalized_with_n_less_one(advantages: Tensor) -> Tensor:
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


def _normalized_if_several(advantages: Tensor) -> Tensor:
    return _normalized_with_n_less_one(advantages) if len(advantages) > 1 else advantages


CLIPPED_POLICY_LOSS = Exercise(
    name="clipped_policy_loss",
    lesson="11",
    points=5,
    reference=losses.clipped_policy_loss,
    cases=_cases,
    observe=observing(losses.clipped_policy_loss),
    apart=(GRADIENT + "old_log_probs", GRADIENT + "advantages"),
    mistakes=(
        *reductions(_clipped),
        (
            "The sign is turned round: going down this loss makes the good actions rarer.",
            _clipped(sign=1.0),
        ),
        (
            "Nothing is clipped: there is a reward for moving as far as you like.",
            _clipped(each=lambda ratio, a, limit: ratio * a),
        ),
        (
            "The clipped term stands alone. A step that went the wrong way by more than clip then gets no "
            "gradient to bring it back: take the smaller of clipped and unclipped.",
            _clipped(each=lambda ratio, a, limit: limit(ratio) * a),
        ),
        (
            "That is the larger of the two. It rewards going too far and forgives going wrong.",
            _clipped(each=lambda ratio, a, limit: torch.maximum(ratio * a, limit(ratio) * a)),
        ),
        (
            "There is a third limit, for bad steps (dual clip). Here only clip limits the ratio.",
            _clipped(each=_with_a_third_limit),
        ),
        (
            "The ratio is upside down: the policy that learns belongs above the line.",
            _clipped(ratio=lambda new, old: (old - new).exp()),
        ),
        (
            "The ratio is taken against log_probs itself, so it is always 1 and nothing is ever clipped. "
            "Divide by the policy that played: old_log_probs.",
            _clipped(ratio=lambda new, old: (new - new.detach()).exp()),
        ),
        (
            "That is the difference of two logarithms. The ratio is its exponential.",
            _clipped(ratio=lambda new, old: new - old),
        ),
        (
            "1 plus the difference of logarithms is near the ratio for small moves only. Use exp.",
            _clipped(ratio=lambda new, old: 1 + new - old),
        ),
        (
            "Those are logarithms, divided by each other. Subtract them; that divides the probabilities.",
            _clipped(ratio=lambda new, old: new / old),
        ),
        (
            "That is the exponential of a quotient. Subtract the logarithms, and then take exp.",
            _clipped(ratio=lambda new, old: (new / old).exp()),
        ),
        (
            "old_log_probs is a logarithm too. Take both as logarithms, or neither.",
            _clipped(ratio=lambda new, old: new.exp() / old),
        ),
        (
            "The old policy is left out: that is a probability, not a ratio.",
            _clipped(ratio=lambda new, old: new.exp()),
        ),
        (
            "That is a difference of probabilities. How many times as likely as before is the action?",
            _clipped(ratio=lambda new, old: new.exp() - old.exp()),
        ),
        (
            "The advantage is multiplied in before the clip. It is the ratio alone that is held near 1.",
            _clipped(each=lambda ratio, a, limit: torch.minimum(ratio * a, limit(ratio * a))),
        ),
        (
            "The advantage is multiplied in before the clip, and the unclipped term is missing.",
            _clipped(each=lambda ratio, a, limit: limit(ratio * a)),
        ),
        (
            "The lower end is 1. A bad action may become rarer too, down to 1 - clip.",
            _clipped(low=lambda clip: 1.0),
        ),
        (
            "The upper end is 1. A good action may become likelier too, up to 1 + clip.",
            _clipped(high=lambda clip: 1.0),
        ),
        (
            "The upper end is always 1.28. Language models are often trained so (clip-higher); here clip "
            "says how far on both sides: 1 + clip.",
            _clipped(high=lambda clip: 1.28),
        ),
        (
            "The ends are always 0.8 and 1.2. How far the ratio may move is what clip says: 1 - clip and "
            "1 + clip.",
            _clipped(low=lambda clip: 0.8, high=lambda clip: 1.2),
        ),
        (
            "Only the upper end is there. Bad actions need the lower one: 1 - clip.",
            _clipped(low=lambda clip: -np.inf),
        ),
        (
            "Only the lower end is there. Good actions need the upper one: 1 + clip.",
            _clipped(high=lambda clip: np.inf),
        ),
        (
            "The ratio is held near 0. It is 1 where both policies agree.",
            _clipped(low=lambda clip: -clip, high=lambda clip: clip),
        ),
        (
            "It is the logarithm that is clipped here. Clip the ratio itself.",
            _clipped(
                low=lambda clip: -clip,
                high=lambda clip: clip,
                clamp=lambda ratio, low, high: ratio.log().clamp(low, high).exp(),
            ),
        ),
        (
            "The advantages are clipped. They are weights: the ratio is what must not go far.",
            _clipped(
                low=lambda clip: -clip,
                high=lambda clip: clip,
                each=lambda ratio, a, limit: ratio * limit(a),
            ),
        ),
        (
            "The minimum is taken of the two ratios, before the advantage. For a bad step that picks the "
            "wrong one.",
            _clipped(each=lambda ratio, a, limit: torch.minimum(ratio, limit(ratio)) * a),
        ),
        (
            "Both are averaged first and compared then. Every step has its own minimum.",
            _clipped(each=_means_compared),
        ),
        (
            "The gradient flows into old_log_probs as well. The policy that played is data: detach it.",
            _clipped(played=kept),
        ),
        (
            "The gradient flows into the advantages as well: the critic would learn to please. Detach them.",
            _clipped(data=kept),
        ),
        (
            "The gradient flows into old_log_probs and into the advantages. Both are data: detach them.",
            _clipped(played=kept, data=kept),
        ),
        (
            "The wrong one is detached. It is log_probs that is to learn, and old_log_probs that is data.",
            _clipped(played=kept, learns=detached),
        ),
        (
            "All are detached, so nothing can be learned. log_probs must keep its gradient.",
            _clipped(learns=detached),
        ),
        (
            "That is the loss of lesson 10. Its weight is the ratio now, not the logarithm.",
            _clipped(ratio=lambda new, old: new, each=lambda ratio, a, limit: ratio * a),
        ),
        (
            "The advantages have lost their sign: bad steps would be made likelier too.",
            _clipped(weights=torch.abs),
        ),
        (
            "The advantages are normalised here. That is done once for a whole batch, before the loss.",
            _clipped(weights=_normalized),
        ),
        (
            "The advantages are normalised here, and with n - 1. That is done once for a whole batch, "
            "before the loss.",
            _clipped(weights=_normalized_with_n_less_one),
        ),
        (
            "The advantages are normalised here, with n - 1, where there is more than one step. That is done "
            "once for a whole batch, before the loss.",
            _clipped(weights=_normalized_if_several),
        ),
    ),
)


def _entropy_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("two actions", [0.6, 0.4]),
        ("nearly certain", [0.99, 0.01]),
        ("an undecided state and a decided one", [[0.5, 0.5], [0.9, 0.1]]),
        ("one state, [1, A]", [[0.2, 0.3, 0.5]]),
    ]
    cases = [Case(label, (np.log(np.array(probabilities)),)) for label, probabilities in small]
    for nth in range(8):
        shape = tuple(rng.integers(2, 6, size=1 + nth % 3))
        cases.append(Case("8 random policies: [A], [n, A] and [T, N, A]", (_policy(rng, shape),)))
    return [*cases, Case("2,000 states", (_policy(rng, (2_000, 3)),))]


def _policy(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Log-probabilities, normalised along the last axis."""
    logits = rng.normal(0, 1.5, size=shape)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def _entropy_and_gradient(f: Callable, case: Case) -> dict[str, Any]:
    """The gradient is that of the logits: it is there that a policy learns, and its rows sum to 1.

    So a gradient that differs only along what no policy can do is as good as ours.
    """
    seen = loss_and_gradients(
        lambda logits: f(torch.log_softmax(logits, dim=-1).clone()), case, names=("the logits",)
    )
    return {"the entropy": seen.pop("the loss"), **seen}


def _over_actions(each: Tensor) -> Tensor:
    return each.sum(dim=-1)


@mutant
def _entropy(
    *,
    weights: Callable = torch.exp,
    logs: Callable = kept,
    over: Callable = _over_actions,
    reduce: Callable = mean,
    sign: float = -1.0,
    finish: Callable = kept,
) -> Callable:
    """An entropy: probabilities, times logarithms, over the actions, over the states."""

    def answer(log_probs: Tensor) -> object:
        each = weights(log_probs) * logs(log_probs)
        return finish(sign * reduce(over(each)))

    return answer


ENTROPY = Exercise(
    name="entropy",
    lesson="11",
    points=3,
    reference=losses.entropy,
    cases=_entropy_cases,
    observe=_entropy_and_gradient,
    mistakes=(
        (
            "The sign is turned round. Logarithms of probabilities are negative; with the minus an entropy "
            "is never below 0.",
            _entropy(sign=1.0),
        ),
        (
            "That is the sum over the states. With it, a larger batch would be a more curious policy: take "
            "the mean.",
            _entropy(reduce=torch.sum),
        ),
        (
            "The mean is over the actions as well. Sum over the actions, the last axis, and average over the "
            "states alone.",
            _entropy(over=kept),
        ),
        (
            "The sum is over the first axis. The actions are the last one: dim=-1.",
            _entropy(over=lambda each: each.sum(dim=0)),
        ),
        (
            "The sum is over axis 1. That is the last one for [n, A] only: dim=-1.",
            _entropy(over=lambda each: each.sum(dim=1)),
        ),
        (
            "Those are bits: a logarithm to base 2. The log_probs are natural logarithms already, so the "
            "answer is in nats.",
            _entropy(sign=-1 / np.log(2)),
        ),
        (
            "That is divided by the largest entropy there can be, log A. Leave it in nats.",
            _entropy(over=lambda each: each.sum(dim=-1) / np.log(each.shape[-1])),
        ),
        (
            "The probabilities are missing: each logarithm counts as often as its action is taken. Multiply "
            "by log_probs.exp().",
            _entropy(weights=torch.ones_like),
        ),
        (
            "The logarithms are averaged over the actions as if all were equally likely. Multiply by "
            "log_probs.exp(), and sum.",
            _entropy(weights=torch.ones_like, over=kept),
        ),
        (
            "Probabilities are multiplied by probabilities. One of the two factors is the logarithm: "
            "log_probs as it comes.",
            _entropy(logs=torch.exp),
        ),
        (
            "log_probs is taken for probabilities. Its exponential are the probabilities.",
            _entropy(weights=kept),
        ),
        (
            "log_probs is taken for probabilities, and below 0 there is no logarithm. They are logarithms "
            "already; the probabilities are log_probs.exp().",
            _entropy(weights=kept, logs=torch.log),
        ),
        (
            "The probabilities are detached. Then the gradient is 0: in each state the score functions "
            "average to 0 (lesson 4). Let it flow through them.",
            _entropy(weights=lambda log_probs: log_probs.exp().detach()),
        ),
        (
            "Everything is detached, so nothing can be learned. Here the gradient flows.",
            _entropy(finish=detached),
        ),
        (
            "That became a plain number on the way. Stay with tensors, or no gradient gets through.",
            _entropy(finish=lambda found: found.item()),
        ),
        (
            "That is one entropy for each state. One number is wanted: their mean.",
            _entropy(reduce=kept),
        ),
    ),
)

EXERCISES = (CLIPPED_POLICY_LOSS, ENTROPY)

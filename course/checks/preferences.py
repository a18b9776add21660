"""The exercise of lesson 14 that needs torch; `group_advantages` is not to wait for it."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from course import losses
from course.checks.exercise import Case, Exercise
from course.checks.mutants import detached, kept, mean, mutant, reductions
from course.checks.tensors import observing


def _preference_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # chosen, rejected
        ("one pair, rightly judged", [3], [1]),
        ("one pair, the wrong way round", [0], [2]),
        ("a judge that cannot tell", [2, 2], [2, 2]),
        ("three pairs", [2, 0.5, -1], [1, 1.5, -4]),
        ("scores below 0", [-3, -1], [-2, -5]),
        ("scores a thousandth apart", [0.001, 0.004], [0.003, 0.002]),
        ("a right pair, 10,000 apart", [1e4], [0]),
        ("a wrong pair, 10,000 apart", [0], [1e4]),
        ("both ways, 10,000 apart", [1e4, -5e3, 1], [0, 5e3, 2]),
    ]
    cases = [
        Case(label, (np.array(chosen, dtype=float), np.array(rejected, dtype=float)))
        for label, chosen, rejected in small
    ]

    for label, size in [*[("8 random batches, with their gradients", 0)] * 8, ("2,000 pairs", 2_000)]:
        chosen, rejected = rng.normal(0.5, 1.5, size=(2, size or rng.integers(3, 9)))
        cases.append(Case(label, (chosen, rejected)))
    return cases


def _apart(chosen: Tensor, rejected: Tensor) -> Tensor:
    return chosen - rejected


def _surprise(gap: Tensor) -> Tensor:
    return -logsigmoid(gap)


def _of_both_exps(chosen: Tensor, rejected: Tensor) -> Tensor:
    return -(chosen.exp() / (chosen.exp() + rejected.exp())).log()


@mutant
def _preference_loss(
    *,
    up: Callable = kept,
    down: Callable = kept,
    gap: Callable = _apart,
    surprise: Callable = _surprise,
    reduce: Callable = mean,
    finish: Callable = kept,
) -> Callable:
    """A preference_loss, part by part: what learns, how far apart they are, how surprising that is."""

    def answer(chosen: Tensor, rejected: Tensor) -> object:
        return finish(reduce(surprise(gap(up(chosen), down(rejected)))))

    return answer


# Of one axis, the mean over the first axis and over all are the same: two of the four are no mistakes here.
_SUM, _, _, _NUMBER = reductions(_preference_loss)

PREFERENCE_LOSS = Exercise(
    name="preference_loss",
    lesson="14",
    points=3,
    reference=losses.preference_loss,
    cases=_preference_cases,
    observe=observing(losses.preference_loss),
    mistakes=(
        _SUM,
        _NUMBER,
        (
            "The two are swapped: the judge learns to prefer what was rejected. It is chosen - rejected.",
            _preference_loss(gap=lambda chosen, rejected: rejected - chosen),
        ),
        (
            "The minus is missing: going down this loss makes the judge more surprised.",
            _preference_loss(surprise=logsigmoid),
        ),
        (
            "The logarithm is missing. Without it, a judge that is very wrong gets almost no gradient: minus "
            "log sigmoid.",
            _preference_loss(surprise=lambda gap: -gap.sigmoid()),
        ),
        (
            "That is the chance of being wrong, without a logarithm. A judge that is very wrong gets almost "
            "no gradient from it: minus log sigmoid.",
            _preference_loss(surprise=lambda gap: 1 - gap.sigmoid()),
        ),
        (
            "Sigmoid and logarithm are missing: a pair that is right by far pulls as hard as one that is "
            "wrong. It is minus log sigmoid.",
            _preference_loss(surprise=torch.neg),
        ),
        (
            "The sigmoid is 0 or its exp infinite where a judge is wrong by 10,000, and log and gradient are "
            "lost. torch.nn.functional.logsigmoid and softplus take both steps at once.",
            _preference_loss(surprise=lambda gap: -gap.sigmoid().log()),
        ),
        (
            "exp of a score itself overflows. Only the difference counts: subtract first.",
            _preference_loss(gap=_of_both_exps, surprise=kept),
        ),
        (
            "1e-8 under the logarithm keeps the loss below 18.5, so a judge that is wrong by 10,000 gets no "
            "gradient. Take logsigmoid.",
            _preference_loss(surprise=lambda gap: -(gap.sigmoid() + 1e-8).log()),
        ),
        (
            "The difference is clamped at 20, and beyond it no gradient flows: a judge that is very wrong "
            "stays so. logsigmoid needs no clamp.",
            _preference_loss(gap=lambda chosen, rejected: (chosen - rejected).clamp(-20, 20)),
        ),
        (
            "The difference is clamped at 10, and beyond it no gradient flows: a judge that is very wrong "
            "stays so. logsigmoid needs no clamp.",
            _preference_loss(gap=lambda chosen, rejected: (chosen - rejected).clamp(-10, 10)),
        ),
        (
            "The difference is clamped at 50, and beyond it no gradient flows: a judge that is very wrong "
            "stays so. logsigmoid needs no clamp.",
            _preference_loss(gap=lambda chosen, rejected: (chosen - rejected).clamp(-50, 50)),
        ),
        (
            "That is a hinge: a pair that is right by more than 1 teaches nothing. Here every pair teaches "
            "something, less and less as it gets surer: minus log sigmoid.",
            _preference_loss(surprise=lambda gap: (1 - gap).relu()),
        ),
        (
            "Only pairs that are judged wrongly count. Here every pair teaches something: minus log sigmoid.",
            _preference_loss(surprise=lambda gap: (-gap).relu()),
        ),
        (
            "The difference is pulled towards 1 by a squared error, so a pair that is right by more is "
            "pulled back. A larger lead is never worse: minus log sigmoid.",
            _preference_loss(surprise=lambda gap: (1 - gap).square()),
        ),
        (
            "The chance of being wrong is squared. What counts is the surprise at the verdict: minus log "
            "sigmoid.",
            _preference_loss(surprise=lambda gap: (1 - gap.sigmoid()).square()),
        ),
        (
            "Only the chosen answers are used. A preference compares: subtract the score of the other.",
            _preference_loss(gap=lambda chosen, rejected: chosen + 0 * rejected),
        ),
        (
            "Each answer is judged by itself, good or bad. Only their difference is known: the sigmoid of "
            "chosen - rejected.",
            _preference_loss(
                gap=lambda chosen, rejected: -logsigmoid(chosen) - logsigmoid(-rejected), surprise=kept
            ),
        ),
        (
            "The mean is taken before the sigmoid, so right pairs and wrong ones cancel. Take it at the end.",
            _preference_loss(gap=lambda chosen, rejected: chosen.mean() - rejected.mean()),
        ),
        (
            "Every chosen answer is compared with every rejected one. Only the two of a pair were compared.",
            _preference_loss(gap=lambda chosen, rejected: chosen[:, None] - rejected),
        ),
        (
            "The scores are added. A preference compares: chosen - rejected.",
            _preference_loss(gap=torch.add),
        ),
        (
            "The rejected answers are detached. Both scores are the judge's own, and both learn.",
            _preference_loss(down=detached),
        ),
        (
            "The chosen answers are detached. Both scores are the judge's own, and both learn.",
            _preference_loss(up=detached),
        ),
        (
            "Both are detached, so nothing can be learned. Both scores are the judge's own, and both learn.",
            _preference_loss(up=detached, down=detached),
        ),
        (
            "That counts bits, a logarithm to base 2. Take the natural one.",
            _preference_loss(finish=lambda loss: loss / np.log(2)),
        ),
    ),
)

EXERCISES = (PREFERENCE_LOSS,)

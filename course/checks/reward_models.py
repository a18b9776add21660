"""The numpy exercise of lesson 14: a group is its own baseline. The other is in `preferences`, with torch."""

from collections.abc import Callable

import numpy as np

from course import returns
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import mutant


def _group_cases(rng: np.random.Generator) -> list[Case]:
    million = 5e8
    small = [
        ("mean 3, standard deviation 2", [1, 5, 1, 5]),
        ("four answers, one of them good", [0, 0, 0, 8]),
        ("two answers", [3, 7]),
        ("a group that scored alike: zeros", [5, 5, 5, 5]),
        ("nobody got anything: zeros", [0, 0, 0]),
        ("scores below 0", [-4, -1, -10]),
        ("thousandths of a point", [0.001, 0.009, 0.002]),
        ("points by the million", [1e8, 4e8, 0, 2e8]),
        ("scores near 500 million", [million + 1, million - 1, million + 5, million - 3]),
    ]
    cases = [Case(label, (np.array(scores, dtype=float),)) for label, scores in small]
    cases.append(Case("one answer: refuses", (np.array([4.0]),), refuses=True))
    cases.append(Case("no answer: refuses", (np.array([]),), refuses=True))

    for label, size in [*[("8 random groups", 0)] * 8, ("2,000 answers", 2_000)]:
        scores = rng.normal(20, 8, size=size or rng.integers(4, 17))
        cases.append(Case(label, (scores,)))
    return cases


def _two_at_least(scores: Array) -> None:
    """The right refusal."""
    if len(scores) < 2:
        raise ValueError("fewer than 2 scores")


def _one_at_least(scores: Array) -> None:
    if len(scores) < 1:
        raise ValueError("no scores")


def _one_alone(scores: Array) -> None:
    if len(scores) == 1:
        raise ValueError("one score")


def _asserted(scores: Array) -> None:
    if len(scores) < 2:
        raise AssertionError("fewer than 2 scores")


def _all_taken(scores: Array) -> None:
    pass


def _all_alike(scores: Array) -> bool:
    return scores.size > 0 and np.ptp(scores) == 0


def _zeros(scores: Array) -> Array:
    """The right answer to scores that are all alike."""
    return np.zeros(len(scores))


def _refuse_alike(scores: Array) -> Array:
    raise ValueError("all scores are equal")


def _less_mean(scores: Array) -> Array:
    return scores - scores.mean()


def _with_n_less_one(scores: Array) -> float:
    return np.std(scores, ddof=1) if len(scores) > 1 else 0.0


def _from_mean_of_squares(scores: Array) -> float:
    return np.sqrt(np.mean(scores**2) - np.mean(scores) ** 2)


def _plus(epsilon: float) -> Callable:
    return lambda spread: spread + epsilon


@mutant
def _group(
    *,
    refuse: Callable = _two_at_least,
    is_alike: Callable = _all_alike,
    alike: Callable | None = _zeros,
    centre: Callable = _less_mean,
    spread: Callable = np.std,
    below: Callable = lambda spread: spread,
    finish: Callable = lambda advantages: advantages,
) -> Callable:
    """A group_advantages, part by part: what is refused, what is alike, centre(scores) / below(spread)."""

    def answer(scores: Array) -> object:
        refuse(scores)
        if alike is not None and is_alike(scores):
            return finish(alike(scores))
        with np.errstate(all="ignore"):
            return finish(centre(scores) / below(spread(scores)))

    return answer


GROUP_ADVANTAGES = Exercise(
    name="group_advantages",
    lesson="14",
    points=2,
    reference=returns.group_advantages,
    cases=_group_cases,
    mistakes=(
        (
            "The mean is subtracted, but nothing is divided: the size of the points is still there. Divide "
            "by the standard deviation.",
            _group(below=lambda spread: 1.0),
        ),
        (
            "The mean is not subtracted: every answer of a group with good scores would be praised.",
            _group(centre=lambda scores: scores),
        ),
        (
            "That standard deviation divides by n - 1. Take the one that divides by n, np.std as it is.",
            _group(spread=_with_n_less_one),
        ),
        (
            "That divides by the variance. Its root, the standard deviation, has the unit of the scores.",
            _group(spread=np.var),
        ),
        (
            "That divides by the distance from the worst to the best. Divide by the standard deviation.",
            _group(spread=np.ptp),
        ),
        (
            "That divides by the mean distance from the mean. The standard deviation squares the distances "
            "first.",
            _group(spread=lambda scores: np.abs(_less_mean(scores)).mean()),
        ),
        (
            "The scores are divided by their mean, which says nothing about how far apart they are. Divide "
            "by the standard deviation.",
            _group(spread=np.mean),
        ),
        (
            "Each score is compared with the mean of the others. Here the mean is that of the whole group.",
            _group(centre=lambda scores: _less_mean(scores) * len(scores) / (len(scores) - 1)),
        ),
        (
            "The median is subtracted. Take the mean: only then do a group's advantages sum to 0.",
            _group(centre=lambda scores: scores - np.median(scores)),
        ),
        (
            "Each score is compared with the best of the group. Compare with the mean.",
            _group(centre=lambda scores: scores - scores.max(initial=-np.inf)),
        ),
        (
            "That is min-max: 0 for the worst, 1 for the best, and nobody is below 0. Subtract the mean, "
            "divide by the standard deviation.",
            _group(centre=lambda scores: scores - scores.min(initial=np.inf), spread=np.ptp),
        ),
        (
            "The sign is turned round: an answer above the mean of its group has an advantage above 0.",
            _group(finish=np.negative),
        ),
        (
            "The advantages are added up, and their sum is always 0. Return one number for each answer.",
            _group(finish=np.sum),
        ),
        (
            "Only the sign is left. How far an answer lies above the mean counts too.",
            _group(finish=np.sign),
        ),
        (
            "A variance comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps: take np.std.",
            _group(spread=_from_mean_of_squares),
        ),
        (
            "1e-4 is added below the line. That shrinks the advantages of scores of a thousandth: scores "
            "have no natural size. Meet equal scores by themselves, and add nothing.",
            _group(alike=None, below=_plus(1e-4)),
        ),
        (
            "1e-6 is added below the line. That shrinks the advantages of scores of a thousandth: scores "
            "have no natural size. Meet equal scores by themselves, and add nothing.",
            _group(alike=None, below=_plus(1e-6)),
        ),
        (
            "1 is added below the line. That is much beside scores of a thousandth and nothing beside a "
            "million: scores have no natural size. Meet equal scores by themselves, and add nothing.",
            _group(alike=None, below=_plus(1.0)),
        ),
        (
            "Equal scores make 0 / 0. Such a group says nothing about any answer: return zeros for it.",
            _group(alike=None),
        ),
        (
            "Equal scores are no mistake of the caller's: such a group says nothing about any answer. Return "
            "zeros for it.",
            _group(alike=_refuse_alike),
        ),
        (
            "For equal scores the scores come back as they are. Such a group says nothing about any answer: "
            "return zeros.",
            _group(alike=lambda scores: scores),
        ),
        (
            "For equal scores one number comes back. There is a zero for each answer: return an array.",
            _group(alike=lambda scores: 0.0),
        ),
        (
            "Scores near 500 million that are a few points apart are called equal here (np.isclose). Ask "
            "whether all are equal.",
            _group(is_alike=lambda scores: np.allclose(scores, scores[:1])),
        ),
        (
            "One answer alone is no group. Raise a ValueError if there are fewer than 2 scores.",
            _group(refuse=_all_taken),
        ),
        (
            "An empty group is refused, but one answer alone is no group either. Refuse fewer than 2.",
            _group(refuse=_one_at_least),
        ),
        (
            "One answer alone is refused, but an empty group is not. Refuse fewer than 2.",
            _group(refuse=_one_alone),
        ),
        (
            "Too few scores are noticed, but a caller can only catch what was agreed on: raise ValueError.",
            _group(refuse=_asserted),
        ),
    ),
)

EXERCISES = (GROUP_ADVANTAGES,)

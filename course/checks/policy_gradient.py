"""Exercises of lesson 4: which way is up?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import estimators
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import kept, mutant


def _score_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("three actions, the second was taken", [0.5, 0.2, 0.3], 1),
        ("two slot machines, and machine B", [0.5, 0.5], 1),
        ("two slot machines, and machine A", [0.5, 0.5], 0),
        ("five tokens at random, the last was written", [0.2] * 5, 4),
        ("a rare action", [0.75, 0.2, 0.05], 2),
        ("a likely action", [0.9, 0.05, 0.05], 0),
        ("an action that was certain", [0.0, 1.0, 0.0], 1),
        ("one action alone", [1.0], 0),
    ]
    cases = [Case(label, (np.array(probabilities), action)) for label, probabilities, action in small]

    for _ in range(8):
        actions = rng.integers(2, 7)
        drawn = rng.dirichlet(np.full(actions, 2.0))
        cases.append(Case("8 random policies", (drawn, rng.integers(actions))))
    cases.append(
        Case("2,000 tokens to choose from", (rng.dirichlet(np.full(2_000, 2.0)), rng.integers(2_000)))
    )
    return cases


def _at_the_action(probabilities: Array, action: int) -> Array:
    return (np.arange(len(probabilities)) == action).astype(float)


def _the_probabilities(probabilities: Array, action: int) -> Array:
    return probabilities


def _nothing(probabilities: Array, action: int) -> Array:
    return np.zeros(len(probabilities))


def _softmax(logits: Array) -> Array:
    high = np.exp(logits)
    return high / high.sum()


@mutant
def _score(
    *,
    one: Callable = _at_the_action,
    minus: Callable = _the_probabilities,
    scale: Callable = lambda probabilities, action: 1.0,
    finish: Callable = lambda gradient, action: gradient,
    sign: float = 1.0,
) -> Callable:
    """A score_function, part by part: scale * (one - minus)."""

    def answer(probabilities: Array, action: int) -> Any:
        difference = one(probabilities, action) - minus(probabilities, action)
        return sign * finish(scale(probabilities, action) * difference, action)

    return answer


def _only_the_actions_entry(gradient: Array, action: int) -> Array:
    return gradient * (np.arange(len(gradient)) == action)


def _set_to_one(gradient: Array, action: int) -> Array:
    return np.where(np.arange(len(gradient)) == action, 1.0, gradient)


def _in_its_own_logit(probabilities: Array, action: int) -> Array:
    return probabilities * (1 - probabilities)


def _log_probabilities(probabilities: Array, action: int) -> Array:
    return np.log(np.maximum(probabilities, 1e-300))


SCORE_FUNCTION = Exercise(
    name="score_function",
    lesson="04",
    points=2,
    reference=estimators.score_function,
    cases=_score_cases,
    mistakes=(
        (
            "That is 1 at the action and 0 elsewhere. The second term of log pi(a) depends on every logit: "
            "subtract its derivative.",
            _score(minus=_nothing),
        ),
        (
            "Every sign is turned round: that is the gradient of -log pi(a), which a loss goes down by.",
            _score(sign=-1.0),
        ),
        (
            "That is the action's own entry alone. Each of the K logits has one: shape [K].",
            _score(finish=lambda gradient, action: gradient[action]),
        ),
        (
            "The other logits are left at 0. If one of them rises, the action gets rarer: theirs is -pi(k).",
            _score(finish=_only_the_actions_entry),
        ),
        (
            "The action's own entry is set to 1, and its probability is lost: add 1 to -pi(a).",
            _score(finish=_set_to_one),
        ),
        (
            "That is the derivative of pi(a) itself. For its logarithm, divide by pi(a) once more.",
            _score(scale=lambda probabilities, action: probabilities[action]),
        ),
        (
            "pi (1 - pi) is how each probability answers to its own logit. Wanted is how log pi of one "
            "action answers to every logit.",
            _score(one=_in_its_own_logit, minus=_nothing),
        ),
        (
            "1 / pi(a) is the derivative of the logarithm in the probability. The logits stand behind a "
            "softmax: follow the chain through it.",
            _score(scale=lambda probabilities, action: 1 / probabilities[action], minus=_nothing),
        ),
        (
            "pi(a) is subtracted from every entry. Each logit has a probability of its own: subtract pi(k).",
            _score(minus=lambda probabilities, action: probabilities[action]),
        ),
        (
            "The 1 stands in every entry. It belongs to the logit of the action alone.",
            _score(one=lambda probabilities, action: np.ones(len(probabilities))),
        ),
        (
            "The probabilities went through a softmax once more. They are probabilities already.",
            _score(minus=lambda probabilities, action: _softmax(probabilities)),
        ),
        (
            "Those are the logarithms themselves. The question is how log pi(a) changes with each logit.",
            _score(one=_log_probabilities, minus=_nothing),
        ),
        (
            "That is log pi(a) itself, one number. The question is how it changes with each logit.",
            _score(one=lambda p, action: _log_probabilities(p, action)[action], minus=lambda p, action: 0.0),
        ),
    ),
)


def _policy_gradient_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("two answers, each with a parameter of its own", [[1, 0], [0, 2]], [4, 6]),
        ("three answers, one of them without a point", [[1, 0], [0, 1], [1, 1]], [3, 0, 6]),
        ("equal rewards", [[1, 0], [-1, 2], [3, 1]], [2, 2, 2]),
        ("a negative reward", [[1, -1, 2], [0, 2, 4]], [-2, 4]),
        ("one answer alone", [[1, -1]], [3]),
        ("one parameter", [[1], [-1], [2], [2]], [2, 4, 0, 1]),
        ("rewards of less than a point", [[0.5, -0.25], [2, 1]], [0.002, 0.001]),
        ("rewards by the million", [[0.5, -0.25], [2, 1]], [1e8, 3e7]),
    ]
    cases = [
        Case(label, (np.array(scores, dtype=float), np.array(rewards, dtype=float)))
        for label, scores, rewards in small
    ]

    for _ in range(8):
        batch, parameters = rng.integers(4, 12), rng.integers(2, 4)
        arguments = rng.normal(size=(batch, parameters)), rng.normal(4, 10, size=batch)
        cases.append(Case("8 random batches", arguments))
    cases.append(Case("a batch of 2,000", (rng.normal(size=(2_000, 3)), rng.normal(4, 3, size=2_000))))

    return cases


def _by_row(scores: Array, weights: Array) -> Array:
    return scores * weights[:, None]


def _mean_over_answers(terms: Array, weights: Array) -> Any:
    return terms.sum(axis=0) / len(terms)


def _standardised(rewards: Array) -> Array:
    return (rewards - rewards.mean()) / (rewards.std() + 1e-8)


def _unit(vector: Array) -> Array:
    return vector / np.linalg.norm(vector)


@mutant
def _gradient(
    *,
    weights: Callable = kept,
    weigh: Callable = _by_row,
    together: Callable = _mean_over_answers,
    finish: Callable = kept,
) -> Callable:
    """A policy_gradient: each answer's score function weighed, and all brought together."""

    def answer(score_functions: Array, rewards: Array) -> Any:
        given = weights(rewards)
        return finish(together(weigh(score_functions, given), given))

    return answer


POLICY_GRADIENT = Exercise(
    name="policy_gradient",
    lesson="04",
    points=3,
    reference=estimators.policy_gradient,
    cases=_policy_gradient_cases,
    mistakes=(
        (
            "That is the sum over the batch. Twice the batch is not twice the slope: take the mean.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0)),
        ),
        (
            "One number for each answer came out. Average over the answers, and keep the parameters apart.",
            _gradient(together=lambda terms, weights: terms.mean(axis=1)),
        ),
        (
            "Everything was averaged into one number. Each parameter keeps its own.",
            _gradient(together=lambda terms, weights: terms.mean()),
        ),
        (
            "Rewards and score functions were averaged apart. Multiply each answer's own two first.",
            _gradient(weigh=lambda scores, weights: scores * weights.mean()),
        ),
        (
            "The mean reward is subtracted first. That is a baseline (lesson 6); here rewards count whole.",
            _gradient(weights=lambda rewards: rewards - rewards.mean()),
        ),
        (
            "The rewards were standardised. That gives each batch another scale, as in lesson 2.",
            _gradient(weights=_standardised),
        ),
        (
            "The weights' sum stands below the line, as np.average has it. Divide by the number of answers.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / weights.sum()),
        ),
        (
            "Divided by the number of parameters. The mean runs over the answers.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / terms.shape[1]),
        ),
        (
            "Divided by answers times parameters. The mean runs over the answers alone.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / terms.size),
        ),
        (
            "The direction is right, but its length was set to 1. How steep it is counts too.",
            _gradient(finish=_unit),
        ),
        (
            "The sign is turned round. The gradient climbs; the minus belongs to a loss.",
            _gradient(finish=np.negative),
        ),
        (
            "Divided by the number of answers less one. A variance needs that; a mean does not.",
            _gradient(together=lambda terms, weights: terms.sum(axis=0) / (len(terms) - 1)),
        ),
        (
            "Each answer's own estimate came out, shape [B, D]. Average them over the batch.",
            _gradient(together=lambda terms, weights: terms),
        ),
        (
            "The rewards run along the wrong axis. Each reward belongs to a whole row of score_functions.",
            _gradient(weigh=np.multiply),
        ),
        (
            "Every answer is weighed by all the rewards together. Each has one reward of its own.",
            _gradient(weigh=lambda scores, weights: scores * weights.sum()),
        ),
        (
            "The rewards are not used: that is the mean score function, which says which answers were drawn.",
            _gradient(weights=np.ones_like),
        ),
    ),
)

EXERCISES = (SCORE_FUNCTION, POLICY_GRADIENT)

"""Numpy exercises of lesson 6: how do you think you did? The fourth is in `value_loss`, with torch."""

from collections.abc import Callable

import numpy as np

from course import returns
from course.checks.exercise import Case, Exercise
from course.checks.mutants import mutant


def _explained_cases(rng: np.random.Generator) -> list[Case]:
    # No case is worth exactly 0, as a constant guess would be: beside 0 no rounding error is small.
    million = 5e8
    small = [
        ("a perfect critic", [1, 2, 3], [1, 2, 3]),
        ("a timid critic", [2, 2, 2, 4], [1, 2, 3, 6]),
        ("a critic that is off by a constant", [0, 2, 4], [1, 3, 5]),
        ("one that is half as bold as it should be", [0, 1, 2], [0, 2, 4]),
        ("one that is three times too bold", [0, 6, 12], [0, 2, 4]),
        ("one that has it the wrong way round", [3, 2, 1], [1, 2, 3]),
        ("outcomes that are all equal", [1, 2, 3], [5, 5, 5]),
        ("equal outcomes, rightly guessed", [4, 4], [4, 4]),
        ("one outcome alone", [3], [4]),
        ("two episodes side by side", [[1, 5], [2, 8]], [[0, 6], [4, 6]]),
        ("one environment, [T, 1]", [[1], [2], [4]], [[0], [3], [4]]),
        ("outcomes of a hundred-thousandth of a point", [0, 1e-5, 2e-5], [0, 1e-5, 3e-5]),
        ("outcomes near 8,000", [8193, 8191, 8194, 8192], [8193, 8191, 8193, 8191]),
        (
            "outcomes near 500 million",
            [million + 1, million, million + 2, million - 2],
            [million + 1, million - 1, million + 3, million - 3],
        ),
    ]
    cases = [
        Case(label, (np.array(values, dtype=float), np.array(targets, dtype=float)))
        for label, values, targets in small
    ]
    shapes = [tuple(rng.integers(3, 7, size=rng.integers(1, 3))) for _ in range(8)]

    for label, shape in [*(("8 random critics", shape) for shape in shapes), ("2,000 steps", (2_000,))]:
        targets = rng.normal(10, 5, size=shape)
        values = rng.uniform(0.3, 1.2) * targets + rng.normal(3, 2, size=shape)
        cases.append(Case(label, (values, targets)))

    return cases


def _nan(values: np.ndarray, targets: np.ndarray) -> float:
    """The right answer to targets that are all equal."""
    return float("nan")


def _always(number: float) -> Callable:
    return lambda values, targets: number


def _one_if_right(values: np.ndarray, targets: np.ndarray) -> float:
    return 1.0 if np.ptp(values) == 0 else 0.0


def _refuse_constant(values: np.ndarray, targets: np.ndarray) -> None:
    raise ValueError("constant targets")


def _all_equal(targets: np.ndarray) -> bool:
    return np.ptp(targets) == 0


def _miss(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return targets - values


def _outcomes(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return targets


def _guesses(values: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return values


@mutant
def _explained(
    *,
    miss: Callable = _miss,
    above: Callable = np.var,
    below: Callable = np.var,
    against: Callable = _outcomes,
    share: Callable = lambda above, below: above / below,
    rest: Callable = lambda share: 1 - share,
    is_constant: Callable = _all_equal,
    constant: Callable | None = _nan,
) -> Callable:
    """An explained_variance, part by part: 1 - above(miss) / below(outcomes)."""

    def answer(values: np.ndarray, targets: np.ndarray) -> object:
        if constant is not None and is_constant(targets):
            return constant(values, targets)
        misses = above(miss(values, targets))
        outcomes = below(against(values, targets))
        return rest(share(misses, outcomes))

    return answer


def _uncorrelated(values: np.ndarray, targets: np.ndarray) -> float:
    return 1 - np.corrcoef(values.ravel(), targets.ravel())[0, 1] ** 2


def _mean_of_squares(numbers: np.ndarray) -> float:
    return np.mean(numbers**2) - np.mean(numbers) ** 2


def _mean_of_squares_in_float32(numbers: np.ndarray) -> float:
    return _mean_of_squares(numbers.astype(np.float32))


def _both(values: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values, targets


EXPLAINED_VARIANCE = Exercise(
    name="explained_variance",
    lesson="06",
    points=2,
    reference=returns.explained_variance,
    cases=_explained_cases,
    mistakes=(
        (
            "That is the share that is left over. How much of it is gone?",
            _explained(rest=lambda share: share),
        ),
        (
            "Above the line stands how much the guesses vary. What is left are the misses: targets - values.",
            _explained(miss=_guesses),
        ),
        (
            "That compares how much guesses and outcomes vary. Guesses can vary a lot and still be wrong: "
            "look at the misses.",
            _explained(miss=_guesses, rest=lambda share: share),
        ),
        (
            "That is the squared correlation. It forgives a critic that is far too bold, and one that is "
            "the wrong way round.",
            _explained(miss=_both, above=lambda both: _uncorrelated(*both), below=lambda targets: 1.0),
        ),
        (
            "Above the line stands the mean squared miss. It punishes a constant offset; the variance of the "
            "misses does not.",
            _explained(above=lambda misses: np.mean(misses**2)),
        ),
        (
            "The variance of the misses divides by n - 1, that of the targets by n. Use np.var as it is for "
            "both.",
            _explained(above=lambda misses: np.var(misses, ddof=1)),
        ),
        (
            "The variance of the targets divides by n - 1, that of the misses by n. Use np.var as it is for "
            "both.",
            _explained(below=lambda targets: np.var(targets, ddof=1)),
        ),
        (
            "The ratio is upside down: the misses belong above the line, the outcomes below.",
            _explained(share=lambda above, below: below / above),
        ),
        (
            "The misses are measured against how much the guesses vary. Was targets mistaken for values?",
            _explained(against=_guesses),
        ),
        (
            "Those are standard deviations. It is the variance that is shared out.",
            _explained(above=np.std, below=np.std),
        ),
        (
            "A miss is a difference. Here guess and outcome are added.",
            _explained(miss=np.add),
        ),
        (
            "That averages absolute misses. A variance squares them.",
            _explained(
                above=lambda misses: np.mean(np.abs(misses)),
                below=lambda targets: np.mean(np.abs(targets - np.mean(targets))),
            ),
        ),
        (
            "That gives a number for each column. One number is wanted, over all elements.",
            _explained(
                above=lambda misses: np.var(misses, axis=0), below=lambda targets: np.var(targets, axis=0)
            ),
        ),
        (
            "That gives a number for each row. One number is wanted, over all elements.",
            _explained(
                above=lambda misses: np.var(misses, axis=-1), below=lambda targets: np.var(targets, axis=-1)
            ),
        ),
        (
            "It never falls below -1 here. A critic can be worse than that, and the number should say so.",
            _explained(rest=lambda share: max(-1.0, 1 - share)),
        ),
        (
            "A variance comes from the mean of the squares less the square of the mean. Near 500 million "
            "both have more digits than a float keeps, and nothing is left: take np.var.",
            _explained(above=_mean_of_squares, below=_mean_of_squares),
        ),
        (
            "A variance comes from the mean of the squares less the square of the mean, in float32, which "
            "keeps seven digits. Take np.var of what is given.",
            _explained(above=_mean_of_squares_in_float32, below=_mean_of_squares_in_float32),
        ),
        (
            "A small number is added below the line. Then outcomes that vary little seem unexplained, and "
            "equal ones get a number: return nan for those, and divide by the variance itself.",
            _explained(share=lambda above, below: above / (below + 1e-8), constant=None),
        ),
        (
            "A small number is added below the line, so outcomes that vary little seem unexplained. Equal "
            "ones are met already: divide by the variance itself.",
            _explained(share=lambda above, below: above / (below + 1e-8)),
        ),
        (
            "Outcomes whose variance is nearly 0 are called constant here (np.isclose). Small ones vary too: "
            "ask whether all are equal.",
            _explained(is_constant=lambda targets: np.isclose(np.var(targets), 0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 0 would be a verdict. Return nan.",
            _explained(constant=_always(0.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and 1 would be praise. Return nan.",
            _explained(constant=_always(1.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, and -1 would be blame. Return nan.",
            _explained(constant=_always(-1.0)),
        ),
        (
            "When all outcomes are equal there is nothing to explain, whether the guesses are equal as well "
            "(1) or not (0). Return nan.",
            _explained(constant=_one_if_right),
        ),
        (
            "When all outcomes are equal you divide by 0. Look for that first, and return nan.",
            _explained(constant=None),
        ),
        (
            "Equal outcomes are no mistake of the caller's. Return nan; do not raise.",
            _explained(constant=_refuse_constant),
        ),
    ),
)


def _advantage_cases(rng: np.random.Generator) -> list[Case]:
    # Probabilities are eighths, so that equal actions come out as exactly 0.
    small = [
        ("two actions, equally likely", [10.0, 20.0], [0.5, 0.5]),
        ("the better one is usual", [10.0, 20.0], [0.125, 0.875]),
        ("three actions, below 0 too", [-4.0, 8.0, 2.0], [0.25, 0.25, 0.5]),
        ("a policy that is sure", [3.0, 7.0], [1.0, 0.0]),
        ("actions that are all worth the same", [6.0, 6.0], [0.25, 0.75]),
        ("one action alone", [6.0], [1.0]),
        (
            "three states of two actions",
            [[1.0, 5.0], [10.0, 50.0], [4.0, 2.0]],
            [[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]],
        ),
        ("two states of two actions", [[1.0, 5.0], [30.0, 10.0]], [[0.25, 0.75], [0.5, 0.5]]),
        ("one state, as a row, [1, A]", [[10.0, 20.0, 60.0]], [[0.5, 0.25, 0.25]]),
        ("thousandths of a point", [0.001, 0.004], [0.25, 0.75]),
        ("points by the million", [4.95e8, 1e8], [0.5, 0.5]),
    ]
    cases = [Case(label, (np.array(q), np.array(chance))) for label, q, chance in small]

    for n in range(8):
        actions = int(rng.integers(2, 6))
        shape = (actions,) if n % 2 else (int(rng.integers(2, 6)), actions)
        cases.append(Case("8 random policies", _random_policy(rng, shape)))
    cases.append(Case("1,000 states", _random_policy(rng, (1_000, 3))))

    return cases


def _random_policy(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Q and the probabilities of each state."""
    probabilities = rng.dirichlet(np.full(shape[-1], 2.0), size=shape[:-1])
    return rng.normal(20, 30, size=shape), probabilities


def _weighed(q: np.ndarray, chance: np.ndarray) -> np.ndarray:
    return chance * q


def _over_actions(terms: np.ndarray) -> np.ndarray:
    return terms.sum(axis=-1, keepdims=True)


def _less_values(q: np.ndarray, values: np.ndarray) -> np.ndarray:
    return q - values


@mutant
def _advantage(
    *,
    terms: Callable = _weighed,
    add_up: Callable = _over_actions,
    difference: Callable = _less_values,
    finish: Callable = lambda advantages, chance: advantages,
) -> Callable:
    """An advantage_function, part by part: Q less the sum of probability times Q."""

    def answer(action_values: np.ndarray, probabilities: np.ndarray) -> object:
        values = add_up(terms(action_values, probabilities))
        return finish(difference(action_values, values), probabilities)

    return answer


ADVANTAGE_FUNCTION = Exercise(
    name="advantage_function",
    lesson="06",
    points=3,
    reference=returns.advantage_function,
    cases=_advantage_cases,
    mistakes=(
        (
            "V is not the plain mean of Q. The policy chooses some actions more often: weigh each Q by its "
            "probability.",
            _advantage(terms=lambda q, chance: q / q.shape[-1]),
        ),
        (
            "That compares with the best action. An advantage compares with what the policy does on average.",
            _advantage(terms=lambda q, chance: q, add_up=lambda q: q.max(axis=-1, keepdims=True)),
        ),
        (
            "The sign is turned round: a better action than usual has an advantage above 0. It is Q - V.",
            _advantage(difference=lambda q, values: values - q),
        ),
        (
            "The sum runs over all states together. Every state has a V of its own: sum over the last axis.",
            _advantage(add_up=np.sum),
        ),
        (
            "The sum runs over the states. V is a mean over the actions, which are the last axis: axis=-1.",
            _advantage(add_up=lambda terms: terms.sum(axis=0, keepdims=True)),
        ),
        (
            "V has lost its axis, so numpy lines the states up with the actions. keepdims=True keeps it.",
            _advantage(add_up=lambda terms: terms.sum(axis=-1)),
        ),
        (
            "From each Q its own share of V is taken. Add the shares up first: V is one number a state.",
            _advantage(add_up=lambda terms: terms),
        ),
        (
            "The Q of a state are added up and not averaged. Weigh each by its probability.",
            _advantage(terms=lambda q, chance: q),
        ),
        (
            "The advantages are weighed by the probabilities once more. They belong into V alone.",
            _advantage(finish=lambda advantages, chance: chance * advantages),
        ),
        (
            "The advantages are brought to mean 0 and standard deviation 1. Leave them in points.",
            _advantage(
                finish=lambda advantages, chance: (advantages - advantages.mean()) / (advantages.std() + 1e-8)
            ),
        ),
        (
            "That is V. How much better than V is each action?",
            _advantage(difference=lambda q, values: values + 0 * q),
        ),
        (
            "That is V, a number a state. How much better than V is each action?",
            _advantage(add_up=lambda terms: terms.sum(axis=-1), difference=lambda q, values: values),
        ),
    ),
)


def _rewards_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("three answers", [1.0, 2.0, 6.0]),
        ("two answers", [3.0, 7.0]),
        ("four that were paid alike", [5.0, 5.0, 5.0, 5.0]),
        ("one jackpot among five", [0.0, 0.0, 100.0, 0.0, 0.0]),
        ("rewards below 0", [-4.0, -1.0, -10.0]),
        ("thousandths of a point", [0.001, 0.004, 0.002]),
        ("points by the million", [4.95e8, 1e8, 0.0]),
    ]
    cases = [Case(label, (np.array(rewards),)) for label, rewards in small]
    cases.append(Case("one answer: refuses", (np.array([4.0]),), refuses=True))
    cases.append(Case("no answer: refuses", (np.array([]),), refuses=True))

    for _ in range(8):
        rewards = rng.normal(100, 30, size=rng.integers(4, 21))
        cases.append(Case("8 random batches", (rewards,)))
    cases.append(Case("2,000 answers", (rng.normal(100, 30, size=2_000),)))

    return cases


def _two_at_least(rewards: np.ndarray) -> None:
    """The right refusal."""
    if len(rewards) < 2:
        raise ValueError("fewer than 2 rewards")


def _one_at_least(rewards: np.ndarray) -> None:
    if len(rewards) < 1:
        raise ValueError("no rewards")


def _one_alone(rewards: np.ndarray) -> None:
    if len(rewards) == 1:
        raise ValueError("one reward")


def _asserted(rewards: np.ndarray) -> None:
    if len(rewards) < 2:
        raise AssertionError("fewer than 2 rewards")


def _all_taken(rewards: np.ndarray) -> None:
    pass


@mutant
def _leave_one_out(
    *,
    refuse: Callable = _two_at_least,
    of: Callable = lambda rewards: rewards.sum() - rewards,
    many: Callable = lambda rewards: len(rewards) - 1,
    difference: Callable = lambda rewards, others: rewards - others,
    finish: Callable = lambda advantages, rewards: advantages,
) -> Callable:
    """A leave_one_out, part by part: each reward less of(the rewards) / many."""

    def answer(rewards: np.ndarray) -> object:
        refuse(rewards)
        with np.errstate(divide="ignore", invalid="ignore"):
            others = of(rewards) / many(rewards)
        return finish(difference(rewards, others), rewards)

    return answer


LEAVE_ONE_OUT = Exercise(
    name="leave_one_out",
    lesson="06",
    points=2,
    reference=returns.leave_one_out,
    cases=_rewards_cases,
    mistakes=(
        (
            "That is the mean of all of them, and your own reward is in it. Take the mean of the others.",
            _leave_one_out(of=lambda rewards: rewards.sum() * np.ones(len(rewards)), many=len),
        ),
        (
            "The sum of the others is divided by n, but there are n - 1 of them.",
            _leave_one_out(many=len),
        ),
        (
            "The sum is divided by n - 1, but your own reward is still in it. Take it out first.",
            _leave_one_out(of=lambda rewards: rewards.sum() * np.ones(len(rewards))),
        ),
        (
            "The others are added up and not averaged: divide their sum by n - 1.",
            _leave_one_out(many=lambda rewards: 1),
        ),
        (
            "That is the mean of the others. Subtract it from each reward.",
            _leave_one_out(difference=lambda rewards, others: others),
        ),
        (
            "The sign is turned round: who was paid more than the others is above 0.",
            _leave_one_out(difference=lambda rewards, others: others - rewards),
        ),
        (
            "The result is divided by the standard deviation of the rewards. Leave it in points.",
            _leave_one_out(finish=lambda advantages, rewards: advantages / (rewards.std() + 1e-8)),
        ),
        (
            "That adds everything up. Every answer has an advantage of its own: return one number for each.",
            _leave_one_out(finish=lambda advantages, rewards: advantages.sum()),
        ),
        (
            "One answer alone has no others. Raise a ValueError if there are fewer than 2 rewards.",
            _leave_one_out(refuse=_all_taken),
        ),
        (
            "An empty batch is refused, but one answer alone has no others either. Refuse fewer than 2.",
            _leave_one_out(refuse=_one_at_least),
        ),
        (
            "One answer alone is refused, but an empty batch is not. Refuse fewer than 2.",
            _leave_one_out(refuse=_one_alone),
        ),
        (
            "Too few rewards are noticed, but a caller can only catch what was agreed on: raise ValueError.",
            _leave_one_out(refuse=_asserted),
        ),
    ),
)

EXERCISES = (EXPLAINED_VARIANCE, ADVANTAGE_FUNCTION, LEAVE_ONE_OUT)

"""Exercises of lesson 8: how far to look?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from course import returns
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import decaying_sums, mutant

Flags = NDArray[np.bool_]


def _definition_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # deltas, ended, gamma, lam
        ("one episode of three steps", [4, 8, 16], [0, 0, 1], 1, 0.5),
        ("two episodes end to end", [1, 2, 4, 8], [0, 1, 0, 1], 0.5, 1),
        ("an episode of one step", [2, 4, 8, 16], [0, 1, 1, 0], 0.5, 0.5),
        ("an array that stops before the episode does", [8, 16, 32], [0, 0, 0], 0.5, 0.5),
        ("lam 0: one surprise alone", [3, -1, 2], [0, 0, 1], 0.5, 0),
        ("gamma 1 and lam 1: nothing fades", [1, 2, 4, 8], [0, 0, 1, 0], 1, 1),
        ("an array of one step", [3], [0], 0.5, 0.5),
        ("thousandths of a point", [0.001, 0.004, -0.002], [0, 0, 1], 1, 0.5),
        ("points by the million", [1e8, 4e8, -2e8], [0, 0, 1], 1, 0.5),
    ]
    cases = []
    for label, deltas, ended, gamma, lam in small:
        arguments = (np.array(deltas, dtype=float), np.array(ended, dtype=bool))
        cases.append(Case(label, arguments, {"gamma": float(gamma), "lam": float(lam)}))

    # Two loops over 2,000 rows would be too slow: a few hundred are long enough to be seen.
    for label, length in [*[("8 random streams", 8)] * 8, ("300 steps", 300)]:
        ended = np.zeros(length, dtype=bool)
        ended[rng.choice(np.arange(1, length - 1), size=2, replace=False)] = True
        dials = {"gamma": rng.uniform(0.6, 0.95), "lam": rng.uniform(0.3, 0.9)}
        cases.append(Case(label, (rng.normal(0, 10, size=length), ended), dials))
    return cases


def _right_stop(ended: Flags, t: int, later: int) -> bool:
    return ended[later]


def _one(ahead: int, gamma: float, lam: float) -> float:
    return 1.0


@mutant
def _sum_of(
    *,
    gammas: Callable = lambda ahead, gamma: gamma**ahead,
    lams: Callable = lambda ahead, lam: lam**ahead,
    weight: Callable = _one,
    first: int = 0,
    stop: Callable = _right_stop,
    back: bool = False,
) -> Callable:
    """A gae_by_definition, part by part: the weight of a surprise so many steps ahead, and where it stops.

    `weight` comes on top of the powers of gamma and lam; `first` is where each sum begins, seen from its row.
    """

    def answer(deltas: Array, ended: Flags, *, gamma: float, lam: float) -> Array:
        if back:
            deltas = deltas[::-1]
            ended = np.append(ended[:-1][::-1], True)

        sums = np.zeros(len(deltas))
        for t in range(len(deltas)):
            for later in range(t, len(deltas)):
                ahead = later - t
                if ahead >= first:
                    power = gammas(ahead, gamma) * lams(ahead, lam)
                    sums[t] += weight(ahead, gamma, lam) * power * deltas[later]
                if stop(ended, t, later):
                    break
        return sums[::-1] if back else sums

    return answer


def _ended_row_lost(ended: Flags, t: int, later: int) -> bool:
    return later + 1 < len(ended) and ended[later + 1]


def _one_too_many(ended: Flags, t: int, later: int) -> bool:
    return later > t and ended[later - 1]


def _stopped_before_adding(deltas: Array, ended: Flags, *, gamma: float, lam: float) -> Array:
    """The loop looks for the end first, and breaks before the row that ended has been added."""
    return _sum_of()(np.where(ended, 0.0, deltas), ended, gamma=gamma, lam=lam)


def _by_index(deltas: Array, ended: Flags, *, gamma: float, lam: float) -> Array:
    """The power counts from the first row of the array instead of from row t."""
    powers = (gamma * lam) ** np.arange(len(deltas))
    return decaying_sums(powers * deltas, (~ended).astype(float))


GAE_BY_DEFINITION = Exercise(
    name="gae_by_definition",
    lesson="08",
    points=3,
    reference=returns.gae_by_definition,
    cases=_definition_cases,
    mistakes=(
        (
            "The sum runs on past the end of an episode. A step whose ended is true is the last that counts.",
            _sum_of(stop=lambda ended, t, later: False),
        ),
        (
            "The sum stops one step too soon: the step that ended the episode counts as well.",
            _sum_of(stop=_ended_row_lost),
        ),
        (
            "The sum breaks off before it has added the row that ended the episode. Add first, then look.",
            _stopped_before_adding,
        ),
        (
            "The sum stops one step too late: the first surprise of the next episode is still counted.",
            _sum_of(stop=_one_too_many),
        ),
        (
            "lam is missing in the decay. Each step further costs a factor gamma * lam.",
            _sum_of(lams=lambda ahead, lam: 1.0),
        ),
        (
            "gamma is missing in the decay. Each step further costs a factor gamma * lam.",
            _sum_of(gammas=lambda ahead, gamma: 1.0),
        ),
        (
            "Nothing fades. Each step further costs a factor gamma * lam.",
            _sum_of(gammas=lambda ahead, gamma: 1.0, lams=lambda ahead, lam: 1.0),
        ),
        (
            "The powers are one too high: the surprise of step t itself has weight 1.",
            _sum_of(weight=lambda ahead, gamma, lam: gamma * lam),
        ),
        (
            "Every later surprise has the same weight. The factor is a power: it grows with the distance.",
            _sum_of(
                gammas=lambda ahead, gamma: gamma if ahead else 1.0,
                lams=lambda ahead, lam: lam if ahead else 1.0,
            ),
        ),
        (
            "The power counts from the start of the array. Count from step t: how far ahead is it?",
            _by_index,
        ),
        (
            "1 - lam is a weight of the n-step estimates. A sum of TD errors does without it.",
            _sum_of(weight=lambda ahead, gamma, lam: 1 - lam),
        ),
        (
            "The sum looks back, at the surprises that came before. Credit looks ahead: t and later.",
            _sum_of(back=True),
        ),
        (
            "Those are the TD errors themselves. Where are the surprises still to come?",
            _sum_of(weight=lambda ahead, gamma, lam: 0.0 if ahead else 1.0),
        ),
        (
            "That looks one step ahead only. All later surprises of the episode count, each a little less.",
            _sum_of(weight=lambda ahead, gamma, lam: 0.0 if ahead > 1 else 1.0),
        ),
        (
            "Every sign is turned round: a pleasant surprise should count for the step.",
            _sum_of(weight=lambda ahead, gamma, lam: -1.0),
        ),
        (
            "The sum starts at t + 1, so a step's own surprise is left out. It counts first, and in full.",
            _sum_of(first=1),
        ),
    ),
)


def _gae_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # rewards, values, next_values, terminated, truncated, gamma, lam
        ("three steps, and the task is over", [0, 0, 4], [1, 2, 2], [2, 2, 9], [0, 0, 1], [0, 0, 0], 1, 0.5),
        ("nothing ends", [1, 1, 1], [2, 4, 6], [4, 6, 8], [0, 0, 0], [0, 0, 0], 0.5, 1),
        ("a task over half-way", [1, 3, 2, 2], [2, 4, 2, 6], [4, 8, 6, 4], [0, 1, 0, 0], [0] * 4, 0.5, 0.5),
        ("a time limit half-way", [1, 3, 2, 2], [2, 4, 2, 6], [4, 8, 6, 4], [0] * 4, [0, 1, 0, 0], 0.5, 0.5),
        ("a time limit in the last row", [1, 2], [2, 4], [4, 8], [0, 0], [0, 1], 0.5, 0.5),
        ("both flags at once", [1, 2, 4], [2, 4, 6], [4, 8, 4], [0, 1, 0], [0, 1, 0], 0.5, 0.5),
        ("lam 0: the TD error", [1, 3, 2], [2, 4, 2], [4, 2, 8], [0, 0, 1], [0, 0, 0], 0.5, 0),
        ("lam 1: the return minus the value", [1, 2, 4], [2, 2, 2], [2, 2, 2], [0, 0, 1], [0, 0, 0], 1, 1),
        (
            "two environments, [T, N]",
            [[1, 2], [3, 4], [5, 6]],
            [[2, 1], [4, 3], [2, 5]],
            [[4, 3], [8, 5], [6, 9]],
            [[0, 0], [1, 0], [0, 0]],
            [[0, 1], [0, 0], [0, 0]],
            0.5,
            0.5,
        ),
        ("one environment, [T, 1]", [[1], [3]], [[2], [4]], [[4], [8]], [[0], [1]], [[0], [0]], 0.5, 0.5),
        ("one step", [1], [2], [4], [0], [0], 0.5, 0.5),
        ("thousandths of a point", [0.001, 0.003], [0.002, 0.004], [0.004, 0.008], [0, 1], [0, 0], 0.5, 0.5),
        ("points by the million", [1e8, 3e8], [2e8, 4e8], [4e8, 8e8], [0, 1], [0, 0], 0.5, 0.5),
    ]
    cases = []
    for label, rewards, values, next_values, terminated, truncated, gamma, lam in small:
        floats = tuple(np.array(column, dtype=float) for column in (rewards, values, next_values))
        flags = tuple(np.array(column, dtype=bool) for column in (terminated, truncated))
        cases.append(Case(label, floats + flags, {"gamma": float(gamma), "lam": float(lam)}))

    # Each row has a next value of its own, as where every step is judged by what it really reached.
    shapes = [("8 random rollouts", shape) for shape in [(5, 2), (7,)] * 4]
    for label, shape in [*shapes, ("2,000 steps", (2_000,))]:
        floats = tuple(rng.normal(0, 10, size=shape) for _ in range(3))
        flags = tuple(rng.random(shape) < 0.25 for _ in range(2))
        dials = {"gamma": rng.uniform(0.6, 0.95), "lam": rng.uniform(0.3, 0.9)}
        cases.append(Case(label, floats + flags, dials))
    # So few endings that a function which calls itself goes deeper than Python allows.
    rare = tuple(np.arange(2_000) % 1_500 == row for row in (1_400, 1_450))
    floats = tuple(rng.normal(0, 10, size=2_000) for _ in range(3))
    cases.append(Case("2,000 steps of long episodes", floats + rare, {"gamma": 0.99, "lam": 0.95}))
    return cases


@dataclass(frozen=True)
class _Given:
    """What `gae` is called with."""

    rewards: Array
    values: Array
    next_values: Array
    terminated: Flags
    truncated: Flags
    gamma: float
    lam: float


def _next_values(g: _Given) -> Array:
    return g.next_values


def _not_over(g: _Given) -> Flags:
    return ~g.terminated


def _going_on(g: _Given) -> Flags:
    return ~(g.terminated | g.truncated)


@mutant
def _gae(
    *,
    reward: Callable = lambda g: g.rewards,
    discount: Callable = lambda g: g.gamma,
    following: Callable = _next_values,
    alive: Callable = _not_over,
    own: Callable = lambda g: g.values,
    start: Callable = lambda deltas, g: deltas,
    keep: Callable = _going_on,
    gamma_in_sum: Callable = lambda g: g.gamma,
    lam_in_sum: Callable = lambda g: g.lam,
    solve: Callable = decaying_sums,
    finish: Callable = lambda advantages, g: advantages,
    sign: float = 1.0,
) -> Callable:
    """A gae, part by part.

    delta_t = reward + discount * following * alive - own, and the sum keeps * gamma_in_sum * lam_in_sum of
    the next row's. `start` may change the deltas before they are summed, `finish` what comes out.
    """

    def answer(*columns: Array, gamma: float, lam: float) -> Array:
        g = _Given(*columns, gamma=gamma, lam=lam)
        deltas = reward(g) + discount(g) * following(g) * alive(g) - own(g)
        fading = keep(g) * gamma_in_sum(g) * lam_in_sum(g)
        return sign * finish(solve(start(deltas, g), fading), g)

    return answer


def _next_row(rows: Array) -> Array:
    return np.concatenate([rows[1:], np.zeros_like(rows[:1])])


def _row_before(rows: Array) -> Array:
    return np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])


def _value_of_the_next_row(g: _Given) -> Array:
    return np.concatenate([g.values[1:], g.next_values[-1:]])


def _next_row_within_an_episode(g: _Given) -> Array:
    return np.where(g.truncated, g.next_values, _value_of_the_next_row(g))


def _next_row_and_then_nothing(g: _Given) -> Array:
    return _next_row(g.values)


def _itself_at_a_limit(g: _Given) -> Array:
    return np.where(g.truncated, g.values, g.next_values)


def _nothing_after_the_last(g: _Given) -> Array:
    following = g.next_values.copy()
    following[-1] = 0
    return following


def _standardised(advantages: Array, g: _Given) -> Array:
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


def _one_ahead(deltas: Array, keep: Array) -> Array:
    return deltas + keep * _next_row(deltas)


def _from_the_last_value(deltas: Array, g: _Given) -> Array:
    """The sum starts from next_values of the last row, as if an advantage stood after it."""
    last = _going_on(g)[-1] * g.gamma * g.lam * g.next_values[-1]
    return np.concatenate([deltas[:-1], deltas[-1:] + last])


GAE = Exercise(
    name="gae",
    lesson="08",
    points=6,
    reference=returns.gae,
    cases=_gae_cases,
    mistakes=(
        (
            "terminated is missing in the TD error: once the task is over, the next state is worth 0.",
            _gae(alive=lambda g: 1.0),
        ),
        (
            "The sum is never cut: after an ending, row t + 1 belongs to another episode.",
            _gae(keep=lambda g: np.ones_like(g.values)),
        ),
        (
            "A time limit is taken for the end of the task. The state reached there keeps its value.",
            _gae(alive=_going_on),
        ),
        (
            "The flags are those of the next row. Row t has its own: no index is shifted here.",
            _gae(
                alive=lambda g: ~_next_row(g.terminated),
                keep=lambda g: ~_next_row(g.terminated | g.truncated),
            ),
        ),
        (
            "The flags are those of the row before. Row t has its own: no index is shifted here.",
            _gae(
                alive=lambda g: ~_row_before(g.terminated),
                keep=lambda g: ~_row_before(g.terminated | g.truncated),
            ),
        ),
        (
            "values[t + 1] may be the first state after a reset. The state really reached is next_values[t].",
            _gae(following=_value_of_the_next_row),
        ),
        (
            "Inside an episode values[t + 1] stands in for next_values[t]. Here each row is complete in "
            "itself: take next_values everywhere, and no index is shifted.",
            _gae(following=_next_row_within_an_episode),
        ),
        (
            "values[t + 1] stands in for next_values, and after the last row comes 0. The state really "
            "reached is next_values[t], in the last row too.",
            _gae(following=_next_row_and_then_nothing),
        ),
        (
            "At a time limit V(s_t) stands in for the value of the state reached. That state has a value of "
            "its own: next_values[t].",
            _gae(following=_itself_at_a_limit),
        ),
        (
            "gamma is missing in the decay of the sum: it is gamma * lam a step.",
            _gae(gamma_in_sum=lambda g: 1.0),
        ),
        (
            "lam is missing in the decay of the sum: it is gamma * lam a step.",
            _gae(lam_in_sum=lambda g: 1.0),
        ),
        (
            "With [T, N] the sum runs from environment to environment. Time is axis 0.",
            _gae(solve=lambda deltas, keep: decaying_sums(deltas.T, keep.T).T),
        ),
        (
            "Every sign is turned round: better than promised should come out above 0.",
            _gae(sign=-1.0),
        ),
        (
            "The last row gets no next value. The array may stop where the task goes on: see next_values.",
            _gae(following=_nothing_after_the_last),
        ),
        (
            "A time limit does not stop the sum. The row after it belongs to another episode too.",
            _gae(keep=_not_over),
        ),
        (
            "The sum stops at a time limit but not where the task is over. Both flags stop it.",
            _gae(keep=lambda g: ~g.truncated),
        ),
        (
            "The sum runs forward, so each step gets the surprises of the past. Start at the last row.",
            _gae(solve=lambda deltas, keep: decaying_sums(deltas[::-1], keep[::-1])[::-1]),
        ),
        (
            "That is A + V, the critic's target. The advantage is without the value.",
            _gae(finish=lambda advantages, g: advantages + g.values),
        ),
        (
            "gamma is missing in the TD error: the next state is one step away.",
            _gae(discount=lambda g: 1.0),
        ),
        (
            "Where both flags stand, terminated wins: the task is over, whoever was watching.",
            _gae(alive=lambda g: ~(g.terminated & ~g.truncated)),
        ),
        (
            "The sum starts from a value instead of 0. What follows the last row is in its TD error already.",
            _gae(start=_from_the_last_value),
        ),
        (
            "The value of the state itself is not subtracted in the TD error.",
            _gae(own=lambda g: 0.0),
        ),
        (
            "At the end of the task V(s_t) is not subtracted. The promise was made there too: r - V(s_t).",
            _gae(own=lambda g: g.values * ~g.terminated),
        ),
        (
            "The flags work the wrong way round: what follows counts only where an episode ended.",
            _gae(alive=lambda g: g.terminated, keep=lambda g: g.terminated | g.truncated),
        ),
        (
            "The row of a time limit comes out as 0. Its surprise is as real as any: only the sum stops "
            "there.",
            _gae(start=lambda deltas, g: deltas * ~g.truncated),
        ),
        (
            "The advantages are normalised. That is a step of its own (lesson 10): return them as they are.",
            _gae(finish=_standardised),
        ),
        (
            "Right numbers, last row first. Turn them round before you return them.",
            _gae(finish=lambda advantages, g: advantages[::-1]),
        ),
        (
            "An axis of length 1 was squeezed away: [T, 1], one environment, came back as [T].",
            _gae(finish=lambda advantages, g: advantages.squeeze()),
        ),
        (
            "That looks one step ahead only: add the whole sum of the next row, not its TD error alone.",
            _gae(solve=_one_ahead),
        ),
        (
            "Those are the TD errors alone. Where are the surprises still to come?",
            _gae(solve=lambda deltas, keep: deltas),
        ),
        (
            "A row that ends an episode comes out as 0. Cut what follows it, and keep its own surprise.",
            _gae(start=lambda deltas, g: deltas * _going_on(g)),
        ),
    ),
)


EXERCISES = (GAE_BY_DEFINITION, GAE)

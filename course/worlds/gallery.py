"""Worlds small enough to know the answer: each docstring states the true values.

They are `World`s of `course.worlds`, in plain numpy; all their numbers can be computed exactly
there.
"""

from collections.abc import Sequence

import numpy as np

from course.arrays import Array, number, whole
from course.worlds.model import World

Outcome = tuple[float, int, float, bool]  # chance, next state, reward, terminated


def answer_world(*, length: int = 3, odds: float = 0.06, jackpot: float = 100.0) -> World:
    """An answer of a few tokens, each plain (0) or bold (1); the judge pays at the last one.

    Each plain token is worth 1 point. A share b of bold tokens wins `jackpot` points with chance
    `odds` b. States: how many tokens are written and how many of them are bold. The policy has two
    parameters: the taste for bold of the first token (probability p), and of all later ones (q).

    True values, with m later tokens and x = odds jackpot / length:

        V(start) = (1 - p) + m (1 - q) + x (p + m q),    gradient (x - 1) [p (1 - p), m q (1 - q)]

    As given, x = 2 and p = q = 1/2: V(start) = 4.5 and the gradient is [0.25, 0.5].

    Lesson 3.
    """
    length = whole("length", length, low=1)
    odds, jackpot = number("odds", odds, low=0, high=1), number("jackpot", jackpot)
    outcomes: list[list[list[Outcome]]] = []
    later = []
    for written in range(length):
        for bold in range(written + 1):
            outcomes.append([])
            later.append(written > 0)
            for action in (0, 1):
                here, total, after = len(outcomes) - 1, bold + action, written + 1
                if after < length:  # row after row: the states of one more token start `after` on
                    outcomes[-1].append([(1.0, here + after + action, 0.0, False)])
                    continue
                chance, steady = odds * total / length, length - total
                outcomes[-1].append(
                    [(1 - chance, here, steady, True), (chance, here, steady + jackpot, True)]
                )
    features = np.zeros((len(outcomes), 2, 2))
    features[np.arange(len(outcomes)), 1, np.array(later, dtype=int)] = 1
    return _world(outcomes, features, [0.0, 0.0])


def corridor_world(*, length: int = 6, prize: float = 4.0, bonus: float = 0.5, luck: float = 2.0) -> World:
    """Choose a door, then walk a corridor full of luck: first what matters, then the noise.

    Step 0: the left (0) or the right (1) door. Then `length` - 1 steps, strolling (0) or striding
    (1). A stride pays `bonus` points. Every step in the corridor pays also `luck` points more or
    less, by the toss of a coin. Behind the right door the last step pays the prize. All episodes
    have `length` steps. States: 0 the start, then the left corridor, then the right. A table: one
    logit a state.

    True values, with c the probability to stride and n steps left:

        V(left) = n c bonus,    V(right) = V(left) + prize,    V(start) = V(left) + pi(right) prize

    As given, pi(right) = 0.2689 and c = 0.6225: V(start) = 2.6319.

    Lessons 4 to 7.
    """
    steps = whole("length", length, low=2) - 1
    prize, bonus = number("prize", prize), number("bonus", bonus)
    luck = number("luck", luck, low=0)
    outcomes: list[list[list[Outcome]]] = [[[(1.0, 1, 0.0, False)], [(1.0, 1 + steps, 0.0, False)]]]
    for behind in (0.0, prize):
        for left in range(steps, 0, -1):
            here, last = len(outcomes), left == 1
            after, found = (here, behind) if last else (here + 1, 0.0)
            outcomes.append(
                [[(0.5, after, found + pays + toss, last) for toss in (-luck, luck)] for pays in (0.0, bonus)]
            )
    return _world(outcomes, _table(len(outcomes)), [-1.0] + [0.5] * (2 * steps))


def survival_world(*, length: int = 6) -> World:
    """Stay on your feet for up to `length` steps, 1 point each: the score is the episode's length.

    Let go (action 0) or hold on (1). Upright, you start to lean with chance 0.5 or 0.1. Leaning,
    you fall with chance 0.6 or 0.2, which ends the task; otherwise you go on leaning (0) or stand
    up (1). States: 0 to `length` - 1 upright at that step, then leaning from step 1 on. Two
    parameters: the logit of holding on when upright (probability u), and when leaning (v).

    True values, with n steps left:

        up(n)   = 1 + (0.9 u + 0.5 (1 - u)) up(n - 1) + (0.1 u + 0.5 (1 - u)) lean(n - 1)
        lean(n) = 1 + 0.8 v up(n - 1) + 0.4 (1 - v) lean(n - 1),    up(0) = lean(0) = 0

    Lesson 4.
    """
    length = whole("length", length, low=2)
    lean = length - 1  # a leaning state's number, less its step
    outcomes: list[list[list[Outcome]]] = []
    for step in [*range(length), *range(1, length)]:
        here, up, leaning = len(outcomes), step + 1, lean + step + 1
        if step == length - 1:
            outcomes.append([[(1.0, here, 1.0, True)]] * 2)
        elif here < length:
            outcomes.append(
                [[(1 - slip, up, 1.0, False), (slip, leaning, 1.0, False)] for slip in (0.5, 0.1)]
            )
        else:
            outcomes.append(
                [
                    [(1 - fall, after, 1.0, False), (fall, here, 1.0, True)]
                    for fall, after in ((0.6, leaning), (0.2, up))
                ]
            )
    features = np.zeros((len(outcomes), 2, 2))
    features[:length, 1, 0] = features[length:, 1, 1] = 1
    return _world(outcomes, features, [0.0, 0.0])


def random_walk(*, time_limit: int | None = None) -> World:
    """Five places in a row, A to E: from C, step left (0) or right (1) until you fall off an end.

    Only the right end pays: 1 point.

    True values at theta = 0, where both steps are equally likely: V = [1, 2, 3, 4, 5] / 6, the
    chance to leave on the right; the gradient is [1, 2, 3, 2, 1] / 12. A time limit cuts the walk
    wherever it is, and changes no value. A table: one logit a state.

    Sutton & Barto (2018), example 6.2. Lesson 6.
    """
    outcomes: list[list[list[Outcome]]] = [
        [[(1.0, max(at - 1, 0), 0.0, at == 0)], [(1.0, min(at + 1, 4), float(at == 4), at == 4)]]
        for at in range(5)
    ]
    return _world(outcomes, _table(5), [0.0] * 5, start=2, time_limit=time_limit)


def _world(
    outcomes: Sequence[Sequence[Sequence[Outcome]]],
    features: Array,
    theta: Sequence[float],
    *,
    start: int = 0,
    time_limit: int | None = None,
) -> World:
    """Pack nested lists [state][action][outcome], as Gymnasium's toy text worlds have them."""
    most = max(len(action) for state in outcomes for action in state)
    nothing = (0.0, 0, 0.0, False)
    full = np.array(
        [[[*a, *[nothing] * (most - len(a))] for a in state] for state in outcomes],
        dtype=np.float64,
    )
    chance, next_states, rewards, terminated = np.moveaxis(full, -1, 0)
    return World(
        chance,
        next_states.astype(np.int64),
        rewards,
        terminated.astype(bool),
        features,
        np.array(theta),
        start,
        time_limit=time_limit,
    )


def _table(states: int) -> Array:
    """Features of a policy with one logit a state, for the second of two actions: [S, 2, S]."""
    features = np.zeros((states, 2, states))
    features[:, 1] = np.eye(states)
    return features

"""Worlds small enough to know the answer: each docstring states the true values.

They are `World`s of `course.worlds`, in plain numpy; all their numbers can be computed exactly
there.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from course.arrays import Array, number, whole
from course.worlds.model import World


class Transition(NamedTuple):
    """One thing that may happen after an action, as in Gymnasium's toy text worlds."""

    chance: float
    next_state: int
    reward: float  # points
    terminated: bool


State = list[list[Transition]]  # for each action, what may happen


def answer_world(*, length: int = 3, odds: float = 0.06, jackpot: float = 100.0) -> World:
    """An answer of a few tokens, each plain (0) or bold (1); the judge pays at the last one.

    Each plain token is worth 1 point. A share b of bold tokens wins `jackpot` points with chance
    `odds` b. States: how many tokens are written and how many of them are bold. The policy has two
    parameters: the taste for bold of the first token (probability p), and of all later ones (q).

    True values, with m later tokens and x = odds jackpot / length:

        V(start) = (1 - p) + m (1 - q) + x (p + m q),    gradient (x - 1) [p (1 - p), m q (1 - q)]

    As given, x = 2 and p = q = 1/2: V(start) = 4.5 and the gradient is [0.25, 0.5].

    Lessons 3 and 4.
    """
    length = whole("length", length, low=1)
    odds = number("odds", odds, low=0, high=1)
    jackpot = number("jackpot", jackpot)

    # State by state in rows: one with no token, two with one token, three with two, by the bold among them.
    states: list[State] = []
    for written in range(length):
        for bold in range(written + 1):
            here = len(states)
            states.append([])
            for action in (0, 1):
                if written + 1 < length:
                    below = here + written + 1 + action
                    states[here].append([Transition(1.0, below, 0.0, False)])
                else:
                    chance = odds * (bold + action) / length
                    plain = length - (bold + action)
                    missed = Transition(1 - chance, here, plain, True)
                    won = Transition(chance, here, plain + jackpot, True)
                    states[here].append([missed, won])

    features = np.zeros((len(states), 2, 2))
    features[0, 1, 0] = 1  # the taste for bold of the first token,
    features[1:, 1, 1] = 1  # and of all later ones
    return _world(states, features, [0.0, 0.0])


def tale_world(*, words: int = 5, top: float = 495.0, mood: float = 5.0) -> World:
    """A tale of some words, each unlucky (0) or lucky (1), and an end mark; the judge pays at the end mark.

    `top` million points if all words are lucky, halved once for each word that is not, and by the
    judge's mood `mood` more or less. The two end marks mean the same. States: words written so far, and
    how many of them are lucky: row w (w + 1) / 2 + l. The policy is that of `answer_world`.

    True values at theta = 0, with l of w words lucky:

        V = top / 2^(w - l) (3/4)^(words - w)

    As given, V is 117, 157, 209, 278, 371 and 495 million on the way to five lucky words.

    Lessons 6 and 7.
    """
    words = whole("words", words, low=1)
    top = number("top", top)
    mood = number("mood", mood, low=0)
    answers = answer_world(length=words + 1)

    ending = answers.terminated.all(axis=(1, 2))
    prizes = top / 2.0 ** np.arange(words, -1, -1)
    rewards = np.zeros_like(answers.rewards)
    rewards[ending] = prizes[:, None, None] + [-mood, mood]
    chance = np.where(ending[:, None, None], 0.5, answers.chance)
    return replace(answers, rewards=rewards, chance=chance)


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

    Lessons 5 to 8.
    """
    steps = whole("length", length, low=2) - 1
    prize = number("prize", prize)
    bonus = number("bonus", bonus)
    luck = number("luck", luck, low=0)

    left_door = Transition(1.0, 1, 0.0, False)
    right_door = Transition(1.0, 1 + steps, 0.0, False)
    states: list[State] = [[[left_door], [right_door]]]
    for behind in (0.0, prize):
        for to_go in range(steps, 0, -1):
            here = len(states)
            last = to_go == 1
            after = here if last else here + 1
            found = behind if last else 0.0
            states.append(
                [
                    [Transition(0.5, after, found + pays + toss, last) for toss in (-luck, luck)]
                    for pays in (0.0, bonus)
                ]
            )

    return _world(states, _table(len(states)), [-1.0] + [0.5] * (2 * steps))


def survival_world(*, length: int = 6) -> World:
    """Stay on your feet for up to `length` steps, 1 point each: the score is the episode's length.

    Let go (action 0) or hold on (1). Upright, you start to lean with chance 0.5 or 0.1. Leaning,
    you fall with chance 0.6 or 0.2, which ends the task; otherwise you go on leaning (0) or stand
    up (1). States: 0 to `length` - 1 upright at that step, then leaning from step 1 on. Two
    parameters: the logit of holding on when upright (probability u), and when leaning (v).

    True values, with n steps left:

        up(n)   = 1 + (0.9 u + 0.5 (1 - u)) up(n - 1) + (0.1 u + 0.5 (1 - u)) lean(n - 1)
        lean(n) = 1 + 0.8 v up(n - 1) + 0.4 (1 - v) lean(n - 1),    up(0) = lean(0) = 0

    Lesson 5.
    """
    length = whole("length", length, low=2)
    lean = length - 1  # a leaning state's number, less its step

    states: list[State] = []
    for step in range(length):  # upright
        if step == length - 1:
            survived = Transition(1.0, step, 1.0, True)
            states.append([[survived], [survived]])
        else:
            states.append(
                [
                    [
                        Transition(1 - slip, step + 1, 1.0, False),
                        Transition(slip, lean + step + 1, 1.0, False),
                    ]
                    for slip in (0.5, 0.1)
                ]
            )
    for step in range(1, length):  # leaning
        here = lean + step
        if step == length - 1:
            survived = Transition(1.0, here, 1.0, True)
            states.append([[survived], [survived]])
        else:
            states.append(
                [
                    [Transition(1 - fall, after, 1.0, False), Transition(fall, here, 1.0, True)]
                    for fall, after in ((0.6, here + 1), (0.2, step + 1))
                ]
            )

    features = np.zeros((len(states), 2, 2))
    features[:length, 1, 0] = 1  # holding on when upright,
    features[length:, 1, 1] = 1  # and when leaning
    return _world(states, features, [0.0, 0.0])


def random_walk(*, time_limit: int | None = None) -> World:
    """Five places in a row, A to E: from C, step left (0) or right (1) until you fall off an end.

    Only the right end pays: 1 point.

    True values at theta = 0, where both steps are equally likely: V = [1, 2, 3, 4, 5] / 6, the
    chance to leave on the right; the gradient is [1, 2, 3, 2, 1] / 12. A time limit cuts the walk
    wherever it is, and changes no value. A table: one logit a state.

    Sutton & Barto (2018), example 6.2. Lesson 7.
    """
    states: list[State] = []
    for place in range(5):
        left = Transition(1.0, max(place - 1, 0), 0.0, place == 0)
        right = Transition(1.0, min(place + 1, 4), float(place == 4), place == 4)
        states.append([[left], [right]])
    return _world(states, _table(5), [0.0] * 5, start=2, time_limit=time_limit)


def _world(
    states: Sequence[State],
    features: Array,
    theta: Sequence[float],
    *,
    start: int = 0,
    time_limit: int | None = None,
) -> World:
    """Pack the lists [state][action][transition] into arrays, all with the same number of transitions."""
    most = max(len(action) for state in states for action in state)
    never = Transition(0.0, 0, 0.0, False)
    packed = np.array(
        [[[*action, *[never] * (most - len(action))] for action in state] for state in states],
        dtype=np.float64,
    )
    chance, next_states, rewards, terminated = np.moveaxis(packed, -1, 0)

    return World(
        chance=chance,
        next_states=next_states.astype(np.int64),
        rewards=rewards,
        terminated=terminated.astype(bool),
        features=features,
        theta=np.array(theta),
        start=start,
        time_limit=time_limit,
    )


def _table(states: int) -> Array:
    """Features of a policy with one logit a state, for the second of two actions: [S, 2, S]."""
    features = np.zeros((states, 2, states))
    features[:, 1] = np.eye(states)
    return features

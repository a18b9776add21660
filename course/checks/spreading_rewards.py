"""Exercises of lesson 5: why not share the score over the tokens?"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course import returns
from course.arrays import Array
from course.checks.exercise import Case, Exercise
from course.checks.mutants import decaying_sums, kept, mutant


def _spread_cases(rng: np.random.Generator) -> list[Case]:
    cases = [
        Case("6 points over 3 steps", (6.0, 3)),
        Case("one step alone", (7.0, 1)),
        Case("a lost game of Pong", (-21.0, 7)),
        Case("no points at all", (0.0, 4)),
        Case("fewer points than steps", (1.0, 4)),
        Case("shares with many digits", (1.0, 7)),
        Case("a thousandth of a point", (0.001, 4)),
        Case("a hundred million points", (1e8, 3)),
        Case("a length of 0: refuses", (6.0, 0), refuses=True),
        Case("a length below 0: refuses", (6.0, -2), refuses=True),
    ]

    for _ in range(8):
        score = float(rng.uniform(-1e6, 1e6))
        cases.append(Case("8 random scores", (score, int(rng.integers(2, 9)))))
    cases.append(Case("2,000 steps", (500.0, 2_000)))

    return cases


def _below_one(score: float, length: int) -> bool:
    return length < 1


def _last_gets_all(score: float, length: int) -> Array:
    return score * np.eye(length)[-1]


def _later_more(score: float, length: int) -> Array:
    places = np.arange(1, length + 1)
    return score * places / places.sum()


@mutant
def _shares(
    *,
    share: Callable = lambda score, length: score / length,
    lay_out: Callable = lambda share, length: np.full(length, share),
    finish: Callable = kept,
    refuse: Callable = _below_one,
) -> Callable:
    """A spread_evenly: a share, laid out over the steps, unless it is to be refused."""

    def answer(score: float, length: int) -> Any:
        if refuse(score, length):
            raise ValueError("nobody to share")
        return finish(lay_out(share(score, length), length))

    return answer


SPREAD_EVENLY = Exercise(
    name="spread_evenly",
    lesson="05",
    points=1,
    reference=returns.spread_evenly,
    cases=_spread_cases,
    mistakes=(
        (
            "That is one share. Every step gets its own: an array of that many numbers (np.full).",
            _shares(lay_out=lambda share, length: share),
        ),
        (
            "Every step gets the whole score. The shares together should make up the score once.",
            _shares(share=lambda score, length: score),
        ),
        (
            "The last step gets it all. Here every step gets the same.",
            _shares(share=_last_gets_all, lay_out=lambda share, length: share),
        ),
        (
            "Later steps get more. Equal shares do not know which step was the better one.",
            _shares(share=_later_more, lay_out=lambda share, length: share),
        ),
        (
            "The shares are rounded down: // drops the fraction. Divide with /.",
            _shares(share=lambda score, length: score // length),
        ),
        (
            "The shares are rounded to two digits, so together they miss the score. Keep every digit.",
            _shares(finish=lambda shares: np.round(shares, 2)),
        ),
        (
            "That adds the shares up as it goes. Only the share of the step itself is wanted.",
            _shares(finish=np.cumsum),
        ),
        (
            "The sign is lost: a bad score makes bad shares.",
            _shares(finish=np.abs),
        ),
        (
            "That divides by length - 1. How many steps share?",
            _shares(share=lambda score, length: score / max(length - 1, 1)),
        ),
        (
            "A score of 0, or below it, is refused. Those are scores too: refuse by the length alone.",
            _shares(refuse=lambda score, length: score <= 0 or length < 1),
        ),
        (
            "A length of 0 gives an empty array. With nobody to share, raise a ValueError.",
            _shares(refuse=lambda score, length: False, share=lambda score, length: score / max(length, 1)),
        ),
        (
            "A length of 0 is not met at the door, and dividing by it fails. Raise a ValueError first.",
            _shares(refuse=lambda score, length: False),
        ),
    ),
)


def _to_go_cases(rng: np.random.Generator) -> list[Case]:
    small = [
        ("a discount of one half", [1, 0, 4], 0.5),
        ("a prize at the last step", [0, 0, 8], 0.5),
        ("a reward at the first step", [4, 0, 0], 0.5),
        ("gamma 1: nothing fades", [1, 2, 3], 1.0),
        ("gamma 0: only now counts", [5, 6, 7], 0.0),
        ("losses", [-1, 2, -4], 0.5),
        ("equal shares", [2, 2, 2, 2], 1.0),
        ("two steps", [3, 4], 0.25),
        ("one step", [3], 0.5),
        ("fractions", [0.125, 0.25, 0.03125], 0.5),
        ("thousandths of a point", [0.004, -0.003], 0.5),
        ("points by the million", [1e8, 2e8, -3e8], 0.5),
    ]
    cases = [Case(label, (np.array(r, dtype=float),), {"gamma": g}) for label, r, g in small]

    for _ in range(8):
        rewards = rng.normal(0, 10, size=rng.integers(3, 9))
        cases.append(Case("8 random episodes", (rewards,), {"gamma": float(rng.uniform(0.55, 0.95))}))
    # Long enough for gamma^t to leave the range of a float, and for a function that calls itself to go deeper
    # than Python allows; short enough for a loop in a loop.
    cases.append(Case("an episode of 1,050 steps", (rng.normal(0, 10, size=1_050),), {"gamma": 0.25}))
    return cases


def _fading(rewards: Array, gamma: float) -> Array:
    """gamma^t r_t: the discount counted from the first step."""
    return rewards * gamma ** np.arange(len(rewards))


def _from_here_on(rewards: Array) -> Array:
    return rewards[::-1].cumsum()[::-1]


def _right_sums(rewards: Array, gamma: float) -> Array:
    return returns.reward_to_go(rewards, gamma=gamma)


def _whole_return(rewards: Array, gamma: float) -> Array:
    return np.full(len(rewards), _fading(rewards, gamma).sum())


def _so_far(rewards: Array, gamma: float) -> Array:
    return _right_sums(rewards[::-1], gamma)[::-1]


def _from_the_start(rewards: Array, gamma: float) -> Array:
    return _from_here_on(_fading(rewards, gamma))


def _from_the_end(rewards: Array, gamma: float) -> Array:
    return _from_here_on(_fading(rewards[::-1], gamma)[::-1])


def _one_ahead(rewards: Array, gamma: float) -> Array:
    return rewards + gamma * np.append(rewards[1:], 0.0)


def _by_powers(rewards: Array, gamma: float) -> Array:
    powers = gamma ** np.arange(len(rewards))
    return np.cumsum((rewards * powers)[::-1])[::-1] / powers


def _by_powers_unless_zero(rewards: Array, gamma: float) -> Array:
    return _by_powers(rewards, gamma) if gamma else rewards


def _anew_at_each_reward(rewards: Array, gamma: float) -> Array:
    return decaying_sums(rewards, gamma * (rewards == 0))


def _without_own(sums: Array, rewards: Array, gamma: float) -> Array:
    """What follows the step, without its own reward."""
    return np.append(sums[1:], 0.0)


def _standardised(sums: Array, epsilon: float = 1e-8) -> Array:
    return (sums - sums.mean()) / (sums.std() + epsilon)


@mutant
def _to_go(
    *,
    discount: Callable = kept,
    sums: Callable = _right_sums,
    own: Callable = lambda sums, rewards, gamma: sums,
    finish: Callable = kept,
) -> Callable:
    """A reward_to_go: some discount, some sums, what becomes of the step's own reward, and of it all."""

    def answer(rewards: Array, *, gamma: float) -> Any:
        fade = discount(gamma)
        return finish(own(sums(rewards, fade), rewards, fade))

    return answer


REWARD_TO_GO = Exercise(
    name="reward_to_go",
    lesson="05",
    points=3,
    reference=returns.reward_to_go,
    cases=_to_go_cases,
    mistakes=(
        (
            "Every step gets the return of the whole episode. A step owes nothing to what came before it.",
            _to_go(sums=_whole_return),
        ),
        (
            "That looks back: it sums what was paid up to the step. Sum from the step to the end.",
            _to_go(sums=_so_far),
        ),
        (
            "Nothing is discounted. Where does gamma come in?",
            _to_go(discount=lambda gamma: 1.0),
        ),
        (
            "The discount counts from the start of the episode. For each step it starts anew, at the step.",
            _to_go(sums=_from_the_start),
        ),
        (
            "The discount counts from the end of the episode. What comes soon should fade least.",
            _to_go(sums=_from_the_end),
        ),
        (
            "Dividing by gamma^t takes the discount back, but in a long episode gamma^t falls below the "
            "smallest number that a float can hold: 0 / 0. Go backwards instead, step by step.",
            _to_go(sums=_by_powers_unless_zero),
        ),
        (
            "Dividing by gamma^t takes the discount back, but at gamma 0, and in a long episode, that is "
            "0 / 0. Go backwards instead, step by step.",
            _to_go(sums=_by_powers),
        ),
        (
            "The sum starts anew at each reward that is not 0. That fits Pong, where a point ends a rally; "
            "here the rewards are one whole episode.",
            _to_go(sums=_anew_at_each_reward),
        ),
        (
            "The step's own reward is left out. It is paid after the action, so it belongs to it.",
            _to_go(own=_without_own),
        ),
        (
            "The step's own reward is left out, and what follows is discounted once: add r_t itself.",
            _to_go(own=lambda sums, rewards, gamma: gamma * _without_own(sums, rewards, gamma)),
        ),
        (
            "The step's own reward is discounted too. Only what comes later fades.",
            _to_go(own=lambda sums, rewards, gamma: gamma * sums),
        ),
        (
            "That looks one step ahead only. Add the whole G of the next step, not its reward alone.",
            _to_go(sums=_one_ahead),
        ),
        (
            "Those are the rewards alone: what follows never gets into the sum. Carry G from step to step.",
            _to_go(sums=lambda rewards, gamma: rewards),
        ),
        (
            "Each reward fades, but nothing is summed. A step's return is all that follows it.",
            _to_go(sums=_fading),
        ),
        (
            "The sums are divided by the steps that are left. A return is a sum, not an average.",
            _to_go(finish=lambda sums: sums / np.arange(len(sums), 0, -1)),
        ),
        (
            "The returns are standardised: mean 0, deviation 1. That is a step of its own; return the sums.",
            _to_go(finish=_standardised),
        ),
        (
            "The returns are standardised, and of one step alone that is 0 / 0. Return the sums themselves.",
            _to_go(finish=lambda sums: _standardised(sums, epsilon=0.0)),
        ),
        (
            "Right numbers, last step first. Turn them round before you return them.",
            _to_go(finish=lambda sums: sums[::-1]),
        ),
        (
            "That is the return of the first step alone. Every step has its own.",
            _to_go(finish=lambda sums: sums[0]),
        ),
        (
            "That fades by 1 - gamma. What comes a step later is multiplied by gamma itself.",
            _to_go(discount=lambda gamma: 1 - gamma),
        ),
    ),
)

EXERCISES = (SPREAD_EVENLY, REWARD_TO_GO)

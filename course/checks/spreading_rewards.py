"""Exercises of lesson 4: why not share the score over the steps?"""

from collections.abc import Callable

import numpy as np

from course import returns
from course.checks.engine import Case, Exercise


def _spread_cases(rng: np.random.Generator) -> list[Case]:
    return [
        Case("6 points over 3 steps", (6.0, 3)),
        Case("one step alone", (7.0, 1)),
        Case("a lost game of Pong", (-21.0, 7)),
        Case("no points at all", (0.0, 4)),
        Case("fewer points than steps", (1.0, 4)),
        Case("a length of 0: refuses", (6.0, 0), refuses=True),
        Case("a length below 0: refuses", (6.0, -2), refuses=True),
        *(
            Case("8 random scores", (float(rng.uniform(-1e6, 1e6)), int(rng.integers(2, 9))))
            for _ in range(8)
        ),
    ]


def _shared(share: Callable) -> Callable:
    """A spread_evenly that refuses what it should, and shares by `share`."""

    def wrong(score: float, length: int) -> np.ndarray:
        if length < 1:
            raise ValueError("length")
        return share(score, length)

    return wrong


def _later_more(score: float, length: int) -> np.ndarray:
    places = np.arange(1, length + 1)
    return score * places / places.sum()


def _no_losses(score: float, length: int) -> np.ndarray:
    if score <= 0 or length < 1:
        raise ValueError("score")
    return np.full(length, score / length)


SPREAD_EVENLY = Exercise(
    name="spread_evenly",
    lesson="04",
    points=1,
    reference=returns.spread_evenly,
    cases=_spread_cases,
    mistakes=(
        (
            "That is one share. Every step gets its own: an array of that many numbers (np.full).",
            _shared(lambda score, n: score / n),
        ),
        (
            "Every step gets the whole score. The shares together should make up the score once.",
            _shared(lambda score, n: np.full(n, score)),
        ),
        (
            "The last step gets it all. Here every step gets the same.",
            _shared(lambda score, n: score * np.eye(n)[-1]),
        ),
        (
            "Later steps get more. Equal shares do not know which step was the better one.",
            _shared(_later_more),
        ),
        (
            "The shares are rounded down: // drops the fraction. Divide with /.",
            _shared(lambda score, n: np.full(n, score // n)),
        ),
        (
            "That adds the shares up as it goes. Only the share of the step itself is wanted.",
            _shared(lambda score, n: np.cumsum(np.full(n, score / n))),
        ),
        (
            "The sign is lost: a bad score makes bad shares.",
            _shared(lambda score, n: np.full(n, abs(score) / n)),
        ),
        (
            "That divides by length - 1. How many steps share?",
            _shared(lambda score, n: np.full(n, score / max(n - 1, 1))),
        ),
        (
            "A score of 0, or below it, is refused. Those are scores too: refuse by the length alone.",
            _no_losses,
        ),
        (
            "A length of 0 gives an empty array. With nobody to share, raise a ValueError.",
            lambda score, n: np.full(n, score / max(n, 1)),
        ),
        (
            "A length of 0 is not met at the door, and dividing by it fails. Raise a ValueError first.",
            lambda score, n: np.full(n, score / n),
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
    ]
    cases = [Case(label, (np.array(r, dtype=float),), {"gamma": g}) for label, r, g in small]
    for _ in range(8):
        rewards = rng.normal(0, 10, size=rng.integers(3, 9))
        cases.append(Case("8 random episodes", (rewards,), {"gamma": float(rng.uniform(0.55, 0.95))}))
    return cases


def _fading(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """gamma^t r_t: the discount counted from the first step."""
    return rewards * gamma ** np.arange(len(rewards))


def _from_here_on(rewards: np.ndarray) -> np.ndarray:
    return rewards[::-1].cumsum()[::-1]


def _without_own(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """What follows the step, without its own reward."""
    return np.append(returns.reward_to_go(rewards, gamma=gamma)[1:], 0.0)


def _so_far(rewards: np.ndarray, gamma: float) -> np.ndarray:
    return returns.reward_to_go(rewards[::-1], gamma=gamma)[::-1]


REWARD_TO_GO = Exercise(
    name="reward_to_go",
    lesson="04",
    points=3,
    reference=returns.reward_to_go,
    cases=_to_go_cases,
    mistakes=(
        (
            "Every step gets the return of the whole episode. A step owes nothing to what came before it.",
            lambda rewards, *, gamma: np.full(len(rewards), _fading(rewards, gamma).sum()),
        ),
        (
            "That looks back: it sums what was paid up to the step. Sum from the step to the end.",
            lambda rewards, *, gamma: _so_far(rewards, gamma),
        ),
        (
            "Nothing is discounted. Where does gamma come in?",
            lambda rewards, *, gamma: _from_here_on(rewards),
        ),
        (
            "The discount counts from the start of the episode. For each step it starts anew, at the step.",
            lambda rewards, *, gamma: _from_here_on(_fading(rewards, gamma)),
        ),
        (
            "The discount counts from the end of the episode. What comes soon should fade least.",
            lambda rewards, *, gamma: _from_here_on(_fading(rewards[::-1], gamma)[::-1]),
        ),
        (
            "The step's own reward is left out. It is paid after the action, so it belongs to it.",
            lambda rewards, *, gamma: _without_own(rewards, gamma),
        ),
        (
            "The step's own reward is left out, and what follows is discounted once: add r_t itself.",
            lambda rewards, *, gamma: gamma * _without_own(rewards, gamma),
        ),
        (
            "The step's own reward is discounted too. Only what comes later fades.",
            lambda rewards, *, gamma: gamma * returns.reward_to_go(rewards, gamma=gamma),
        ),
        (
            "That looks one step ahead only. Add the whole G of the next step, not its reward alone.",
            lambda rewards, *, gamma: rewards + gamma * np.append(rewards[1:], 0.0),
        ),
        (
            "The sums are divided by the steps that are left. A return is a sum, not an average.",
            lambda rewards, *, gamma: (
                returns.reward_to_go(rewards, gamma=gamma) / np.arange(len(rewards), 0, -1)
            ),
        ),
        (
            "Right numbers, last step first. Turn them round before you return them.",
            lambda rewards, *, gamma: returns.reward_to_go(rewards, gamma=gamma)[::-1],
        ),
        (
            "That is the return of the first step alone. Every step has its own.",
            lambda rewards, *, gamma: returns.reward_to_go(rewards, gamma=gamma)[0],
        ),
        (
            "That fades by 1 - gamma. What comes a step later is multiplied by gamma itself.",
            lambda rewards, *, gamma: returns.reward_to_go(rewards, gamma=1 - gamma),
        ),
    ),
)

EXERCISES = (SPREAD_EVENLY, REWARD_TO_GO)

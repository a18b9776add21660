"""What a prize must cost: the exact trade between reward and drift.

Who moves a policy away from its reference pays in nats, KL(policy | reference) of a whole answer. Of all
policies with the same mean prize the cheapest is known (it tilts the reference by its prize):

    pi*(answer)  proportional to  reference(answer) exp(prize(answer) / beta)

In our tales the prize depends on the number of lucky words alone. So does the tilt, and the cheapest policy
needs only the reference's chances of 0, 1, ... 5 lucky words: a family of six numbers. No policy that
finishes its answers can pay less (data processing inequality). What a run paid beyond that bought nothing.

numpy only. Lesson 14.
"""

import numpy as np
from numpy.typing import ArrayLike

from course.arrays import Array, Refusal, finite, number, whole
from course.language.tales import COUNTED, TOP, ideal_lucky, prize


def cheapest_nats(mean_prize: float, chances: ArrayLike | None = None) -> float:
    """The least KL, in nats an answer, of any policy with this mean prize.

    Args:
        mean_prize: points, from 0 to 5 million; at or below the reference's own mean it costs nothing.
        chances: of 0, 1, ... 5 lucky words under the reference, shape [6]; the ideal writer's if not given.

    Raises:
        ValueError: if the prize is above the largest there is, or the chances are none.

    Example:
        >>> round(cheapest_nats(5e6), 3)  # always a jackpot: log(1 / 0.00101)
        6.895
    """
    mean_prize = number("mean_prize", mean_prize, low=0, high=TOP)
    chances = _chances(chances)
    prizes = prize(np.arange(COUNTED + 1))
    if mean_prize <= chances @ prizes:
        return 0.0

    # The tilted mean grows with the tilt: halve the interval until it is met.
    low = 0.0
    high = 2_000.0 / TOP
    for _ in range(200):
        middle = (low + high) / 2
        if _tilted(chances, middle) @ prizes < mean_prize:
            low = middle
        else:
            high = middle
    return _kl(_tilted(chances, high), chances)


def frontier(chances: ArrayLike | None = None, *, points: int = 200) -> tuple[Array, Array]:
    """The cheapest policies from the reference up to always a jackpot: nats [P] and mean prizes [P]."""
    chances = _chances(chances)
    points = whole("points", points, low=2)
    lowest = chances @ prize(np.arange(COUNTED + 1))
    prizes = np.linspace(lowest, TOP, points)
    nats = np.array([cheapest_nats(each, chances) for each in prizes])
    return nats, prizes


def best_policy(beta: float, chances: ArrayLike | None = None) -> Array:
    """What the policy writes that maximises prize minus beta times drift: the place on the frontier.

    Args:
        beta: points that a nat costs, above 0.
        chances: of 0, 1, ... 5 lucky words under the reference, [6]; the ideal writer's if not given.

    Returns:
        Its chances of 0, 1, ... 5 lucky words, [6].
    """
    return _tilted(_chances(chances), 1 / number("beta", beta, above=0))


def best_of(n: int, chances: ArrayLike | None = None) -> tuple[float, float]:
    """Write n answers and keep the one with the highest prize: its nats and mean prize, exactly.

    The KL is that of the chances of 0, 1, ... 5 lucky words, as for the frontier.
    """
    n = whole("n", n, low=1)
    chances = _chances(chances)
    upto = np.append(0.0, np.cumsum(chances)) ** n
    best = np.diff(upto)
    return _kl(best, chances), float(best @ prize(np.arange(COUNTED + 1)))


def _chances(given: ArrayLike | None) -> Array:
    if given is None:
        return ideal_lucky()
    chances = finite("chances", given)
    if chances.shape != (COUNTED + 1,) or chances.min() < 0 or abs(chances.sum() - 1) > 1e-6:
        raise Refusal(f"chances must be {COUNTED + 1} numbers from 0 that sum to 1, got {given!r:.60}")
    return chances


def _tilted(chances: Array, tilt: float) -> Array:
    weights = chances * np.exp(tilt * (prize(np.arange(COUNTED + 1)) - TOP))
    return weights / weights.sum()


def _kl(policy: Array, reference: Array) -> float:
    there = policy > 0
    return float((policy[there] * np.log(policy[there] / reference[there])).sum())

import itertools

import numpy as np
import pytest

from course.language.frontier import best_of, best_policy, cheapest_nats, frontier
from course.language.tales import COUNTED, LUCKY_CHANCE, TOP, ideal_lengths, ideal_lucky, prize

PRIZES = prize(np.arange(COUNTED + 1))
SOME = np.array([0.3, 0.3, 0.2, 0.1, 0.08, 0.02])
EITHER = pytest.mark.parametrize("chances", [ideal_lucky(), SOME], ids=["ideal", "some"])


def kl(policy, reference):
    there = policy > 0
    return np.sum(policy[there] * np.log(policy[there] / reference[there]))


def all_tales():
    """Chance and prize of every pattern of lucky and plain treasures, of every length."""
    chances = []
    prizes = []
    for length, chance in enumerate(ideal_lengths()):
        for pattern in itertools.product([False, True], repeat=length):
            each = np.where(pattern, LUCKY_CHANCE, 1 - LUCKY_CHANCE)
            chances.append(chance * each.prod())
            prizes.append(prize(min(sum(pattern), COUNTED)))
    return np.array(chances), np.array(prizes, dtype=float)


def test_a_jackpot_every_time_costs_the_logarithm_of_its_rarity():
    for chances in (ideal_lucky(), SOME):
        assert cheapest_nats(TOP, chances) == pytest.approx(np.log(1 / chances[-1]), rel=1e-9)


def test_what_the_reference_earns_already_costs_nothing():
    assert cheapest_nats(0) == cheapest_nats(ideal_lucky() @ PRIZES) == 0.0


@pytest.mark.parametrize("beta", [3e5, 1e6, 4e6])
def test_the_frontier_by_listing_every_tale(beta):
    # The best policy at a price of beta tilts each tale by exp(prize / beta), whatever its length.
    chances, prizes = all_tales()
    assert chances.sum() == pytest.approx(1)
    tilted = chances * np.exp((prizes - TOP) / beta)
    tilted /= tilted.sum()
    assert cheapest_nats(tilted @ prizes) == pytest.approx(kl(tilted, chances), abs=1e-9)


@EITHER
def test_no_policy_gets_the_same_prize_for_less(chances):
    rng = np.random.default_rng(0)
    policies = np.concatenate([rng.dirichlet(np.full(COUNTED + 1, each), size=50) for each in (0.3, 1, 5)])
    spare = [kl(policy, chances) - cheapest_nats(policy @ PRIZES, chances) for policy in policies]
    assert min(spare) > -1e-9
    assert min(spare) < 0.05  # and it is no empty promise: some come near


@EITHER
def test_the_curve_rises_ever_more_slowly(chances):
    nats, prizes = frontier(chances, points=60)
    assert (nats[0], prizes[-1]) == (0.0, TOP)
    assert prizes[0] == pytest.approx(chances @ PRIZES)
    bought = np.diff(prizes) / np.diff(nats)
    assert (np.diff(bought) < 0).all()


@EITHER
@pytest.mark.parametrize("beta", [2e5, 1e6, 5e6])
def test_the_best_policy_at_a_price_lies_on_the_frontier_where_a_nat_buys_that_price(chances, beta):
    policy = best_policy(beta, chances)
    nats = kl(policy, chances)
    assert cheapest_nats(policy @ PRIZES, chances) == pytest.approx(nats, abs=1e-9)
    # Its neighbours at other prices are worth less, counted in points minus beta a nat.
    near = [best_policy(factor * beta, chances) for factor in (0.99, 1, 1.01)]
    worth = [each @ PRIZES - beta * kl(each, chances) for each in near]
    assert worth[1] == max(worth)


@EITHER
@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_best_of_n_by_listing_all_of_them(chances, n):
    best = np.zeros(COUNTED + 1)
    for each in itertools.product(range(COUNTED + 1), repeat=n):
        best[max(each)] += chances[list(each)].prod()
    assert best_of(n, chances) == pytest.approx((kl(best, chances), best @ PRIZES), abs=1e-9, rel=1e-12)


@pytest.mark.parametrize("n", [4, 16, 64, 256, 1024])
def test_the_best_of_n_is_dearer_than_it_need_be_and_cheaper_than_its_bound(n):
    nats, mean_prize = best_of(n)
    assert cheapest_nats(mean_prize) < nats < np.log(n) - (n - 1) / n


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cheapest_nats(-1), "mean_prize must be in"),
        (lambda: cheapest_nats(TOP + 1), "mean_prize must be in"),
        (lambda: cheapest_nats(1e6, [0.5, 0.5]), "chances must be 6 numbers"),
        (lambda: cheapest_nats(1e6, np.full(6, 0.2)), "sum to 1"),
        (lambda: best_policy(0), "beta must be above 0"),
        (lambda: best_of(0), "n must be a whole number of at least 1"),
        (lambda: frontier(points=1), "points must be a whole number of at least 2"),
    ],
)
def test_what_has_no_price_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()

"""The critic's units follow its targets, and what it says in points stays what it was."""

import numpy as np
import pytest
import torch
from torch import nn

from course.nets import Agent
from course.units import Units


def follow(units, targets, *, rate=0.3, layer=None):
    units.follow(np.asarray(targets, float), layer or nn.Linear(3, 1), rate=rate)
    return units


def test_at_first_a_unit_is_a_point():
    points = torch.tensor([-3.0, 0.0, 7.5], dtype=torch.float64)
    assert torch.equal(Units().to_units(points), points.float())
    assert torch.equal(Units().to_points(points.float()), points)


def test_the_first_targets_set_the_units_whatever_the_rate():
    units = follow(Units(), [10.0, 20.0, 60.0])
    assert units.mean.item() == pytest.approx(30)
    assert units.std.item() == pytest.approx(np.std([10, 20, 60]))
    scaled = units.to_units(torch.tensor([10.0, 20.0, 60.0])).numpy()
    np.testing.assert_allclose(scaled, (np.array([10, 20, 60]) - 30) / np.std([10, 20, 60]), rtol=1e-6)


def test_later_targets_move_mean_and_mean_square_by_the_rate():
    # mean 2 -> 2 + 0.25 (6 - 2) = 3;  mean square 5 -> 5 + 0.25 (36 - 5) = 12.75;  variance 12.75 - 9
    units = follow(follow(Units(), [1.0, 3.0]), [6.0, 6.0], rate=0.25)
    assert units.mean.item() == pytest.approx(3)
    assert units.std.item() == pytest.approx(3.75**0.5)
    assert units.seen == 4


def test_there_and_back_again():
    units = follow(Units(), [1e6, 3e6, 2e6])
    points = torch.tensor([1.5e6, 2.5e6], dtype=torch.float64)
    np.testing.assert_allclose(units.to_points(units.to_units(points)).numpy(), points.numpy(), rtol=1e-6)
    assert units.to_units(points).dtype == torch.float32
    assert units.to_points(units.to_units(points)).dtype == torch.float64


def test_every_prediction_in_points_stays_as_it_was():
    rng, agent = np.random.default_rng(0), Agent((3,), 2)
    agent.critic.weight.data.normal_()
    obs = rng.normal(size=(50, 3))
    agent.follow(rng.normal(100, 20, size=64), rate=0.3)
    before, unit = agent.values(obs), agent.units.std.item()
    for mean, spread in ((-4000, 1000), (7, 0.1), (1e6, 1e5)):
        agent.follow(rng.normal(mean, spread, size=64), rate=0.3)
        # the weights are float32: a prediction is kept to a millionth of the largest unit so far
        unit = max(unit, agent.units.std.item())
        np.testing.assert_allclose(agent.values(obs), before, rtol=0, atol=3e-6 * unit)


def test_an_untrained_critic_says_the_mean_of_its_first_targets():
    agent = Agent((3,), 2)
    agent.follow(np.array([10.0, 20.0, 60.0]), rate=0.3)
    np.testing.assert_allclose(agent.values(np.ones((1, 3))), 30)


@pytest.mark.parametrize("constant", [0.0, 3.0, 1e9])
def test_equal_targets_have_finite_units(constant):
    units = follow(Units(), np.full(9, constant))
    assert units.std.item() > 0
    assert torch.isfinite(units.to_units(torch.full((9,), constant, dtype=torch.float64))).all()


def test_at_rate_0_nothing_changes():
    units = follow(follow(Units(), [1.0, 3.0]), [600.0], rate=0)
    assert (units.mean, units.seen) == (2, 2)


@pytest.mark.parametrize(
    ("targets", "rate", "said"),
    [
        ([1.0, np.nan], 0.3, "targets must be finite, got nan at 1"),
        ([], 0.3, "targets must hold at least one number"),
        ([1.0], 1.5, r"rate must be in \[0, 1\], got 1.5"),
    ],
)
def test_bad_targets_are_refused_and_change_nothing(targets, rate, said):
    units = follow(Units(), [1.0, 3.0])
    with pytest.raises(ValueError, match=said):
        follow(units, targets, rate=rate)
    assert (units.mean, units.seen) == (2, 2)

import math

import numpy as np
import pytest
import torch

from course.losses import clipped_policy_loss, entropy, normalize, policy_loss, preference_loss
from course.scaling import z_score


def leaf(numbers, dtype=torch.float32):
    return torch.tensor(numbers, dtype=dtype, requires_grad=True)


def logs(ratios):
    return [math.log(ratio) for ratio in ratios]


def test_the_clipped_loss_by_hand():
    # clip 0.2, ratios 2, 2, 0.5, 0.5 and advantages 1, -1, 1, -1:
    # min(2, 1.2) = 1.2; min(-2, -1.2) = -2; min(.5, .8) = .5; min(-.5, -.8) = -.8;  mean -1.1 / 4
    log_probs = leaf(logs([2, 2, 0.5, 0.5]))
    advantages = torch.tensor([1.0, -1.0, 1.0, -1.0])
    loss = clipped_policy_loss(log_probs, torch.zeros(4), advantages, clip=0.2)
    assert loss.shape == ()
    assert loss.item() == pytest.approx(1.1 / 4, rel=1e-6)
    # d ratio / d log_prob is the ratio; where the clipped term is the smaller one, nothing flows
    loss.backward()
    np.testing.assert_allclose(log_probs.grad, [0, 2 / 4, -0.5 / 4, 0], rtol=1e-6)


def test_before_the_policy_has_moved_it_has_the_gradient_of_the_plain_loss():
    rng = np.random.default_rng(0)
    start, advantages = rng.normal(size=12).tolist(), torch.tensor(rng.normal(size=12)).float()
    plain, clipped = leaf(start), leaf(start)
    policy_loss(plain, advantages).backward()
    clipped_policy_loss(clipped, clipped.detach().clone(), advantages, clip=0.1).backward()
    np.testing.assert_allclose(clipped.grad, plain.grad, rtol=1e-6)


def test_with_a_clip_that_is_never_reached_it_is_the_importance_weighted_mean():
    rng = np.random.default_rng(1)
    new, old, advantages = (torch.tensor(row).float() for row in rng.normal(size=(3, 9)))
    got = clipped_policy_loss(new, old, advantages, clip=1e6)
    expected = -np.mean(np.exp(new.numpy() - old.numpy()) * advantages.numpy())
    assert got.item() == pytest.approx(expected, rel=1e-5)


def test_clipping_never_promises_more_than_it_would_without():
    rng = np.random.default_rng(2)
    new, old, advantages = (torch.tensor(row).float() for row in rng.normal(size=(3, 200)))
    promises = [-clipped_policy_loss(new, old, advantages, clip=clip).item() for clip in (0.1, 0.3, 1e6)]
    assert promises == sorted(promises)
    assert promises[0] < promises[-1]


def test_only_the_learning_policy_gets_a_gradient():
    new, old, advantages = leaf([0.1, -0.1]), leaf([0.0, 0.0]), leaf([1.0, 2.0])
    clipped_policy_loss(new, old, advantages, clip=0.2).backward()
    assert new.grad.abs().min() > 0
    assert old.grad is None
    assert advantages.grad is None


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_unequal_shapes_are_refused(odd):
    given = [torch.zeros(3), torch.zeros(3), torch.zeros(3)]
    given[odd] = torch.zeros(3, 1)
    with pytest.raises(ValueError, match="one shape"):
        clipped_policy_loss(*given, clip=0.2)


@pytest.mark.parametrize("clip", [0, -0.1, float("nan"), float("inf")])
def test_a_clip_without_room_is_refused(clip):
    with pytest.raises(ValueError, match="clip"):
        clipped_policy_loss(torch.zeros(2), torch.zeros(2), torch.zeros(2), clip=clip)


@pytest.mark.parametrize("actions", [1, 2, 7])
def test_alike_actions_have_the_entropy_of_a_fair_die(actions):
    log_probs = torch.log_softmax(torch.zeros(5, actions), dim=-1)
    assert entropy(log_probs).item() == pytest.approx(math.log(actions), abs=1e-6)


def test_the_entropy_by_hand_is_a_mean_over_states():
    # a coin of 1/4: -(1/4 log 1/4 + 3/4 log 3/4) = 0.5623; a certain action: 0
    log_probs = torch.tensor([logs([0.25, 0.75]), [0.0, -math.inf]])
    by_hand = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / 2
    assert entropy(log_probs).item() == pytest.approx(by_hand, rel=1e-6)


def test_more_entropy_pulls_the_policy_towards_indecision():
    logits = leaf([1.0, 0.0, -1.0])
    entropy(torch.log_softmax(logits, 0)).backward()
    assert logits.grad[0] < 0 < logits.grad[2]


def test_normalised_advantages_by_hand():
    # mean 3, population std sqrt((4 + 0 + 4) / 3)
    np.testing.assert_allclose(normalize([1, 3, 5]), np.array([-2, 0, 2]) / math.sqrt(8 / 3))


def test_the_floor_is_the_least_divisor():
    np.testing.assert_allclose(normalize([1.0, 1.2], floor=0.25), [-0.4, 0.4])
    np.testing.assert_allclose(normalize([1.0, 3.0], floor=0.25), [-1.0, 1.0])


@pytest.mark.parametrize("kind", [np.float64, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1,), (40,), (8, 5)], ids=str)
def test_numpy_and_torch_agree_and_each_gets_its_own_kind_back(kind, shape):
    numbers = np.random.default_rng(3).normal(5, 2, size=shape)
    given = numbers if kind is np.float64 else torch.tensor(numbers, dtype=kind)
    got = normalize(given)
    assert type(got) is type(given)
    assert got.dtype == given.dtype
    np.testing.assert_allclose(np.asarray(got), z_score(numbers), atol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 123456.789])
def test_equal_advantages_become_zeros(value):
    np.testing.assert_array_equal(normalize(np.full(3, value)).round(6), 0)
    np.testing.assert_array_equal(normalize(torch.full((1023,), value)).round(decimals=4), 0)


def test_the_size_of_the_points_does_not_matter():
    advantages = np.random.default_rng(4).normal(size=100)
    np.testing.assert_allclose(normalize(advantages * 1e6 + 3e6), normalize(advantages), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
@pytest.mark.parametrize(("given", "floor"), [([], 1e-8), ([1.0, math.nan], 1e-8), ([1.0, 2.0], 0.0)])
def test_what_cannot_be_normalised_is_refused(kind, given, floor):
    with pytest.raises(ValueError, match=r"^(advantages|scores|floor) "):
        normalize(kind(given), floor=floor)


# Preferences


def test_the_preference_loss_by_hand():
    chosen = leaf([math.log(3), 0.0])
    rejected = leaf([0.0, math.log(3)])
    loss = preference_loss(chosen, rejected)
    # sigmoid(log 3) = 3/4 and sigmoid(-log 3) = 1/4
    assert loss.item() == pytest.approx(-(math.log(3 / 4) + math.log(1 / 4)) / 2, rel=1e-6)
    # the gradient is minus the chance of the other one, over the two pairs
    loss.backward()
    np.testing.assert_allclose(chosen.grad, [-1 / 8, -3 / 8], rtol=1e-6)
    np.testing.assert_allclose(rejected.grad, [1 / 8, 3 / 8], rtol=1e-6)


def test_a_judge_that_cannot_tell_is_surprised_by_one_bit():
    assert preference_loss(leaf([7.0]), leaf([7.0])).item() == pytest.approx(math.log(2))


def test_scores_that_are_far_apart_have_a_finite_loss_and_gradient():
    for gap in (-1e4, 1e4):
        chosen = leaf([gap])
        loss = preference_loss(chosen, torch.zeros(1))
        loss.backward()
        assert loss.item() == pytest.approx(max(0.0, -gap))
        assert chosen.grad.item() == pytest.approx(-1.0 if gap < 0 else 0.0)


def test_the_origin_of_the_scores_does_not_matter():
    chosen, rejected = torch.randn(2, 30, generator=torch.Generator().manual_seed(0))
    moved = preference_loss(chosen + 5, rejected + 5)
    torch.testing.assert_close(moved, preference_loss(chosen, rejected))


@pytest.mark.parametrize("shapes", [((3,), (1,)), ((0,), (0,))], ids=str)
def test_preferences_without_partners_are_refused(shapes):
    with pytest.raises(ValueError, match="one shape with at least one element"):
        preference_loss(*map(torch.zeros, shapes))

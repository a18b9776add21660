"""Critics that are tables: what they learn from an episode, and from many."""

from dataclasses import replace

import numpy as np
import pytest

from course.critics import learn_values, td_targets, three_critics, values_over_episodes
from course.worlds import corridor_world, play, random_walk, state_values
from tests.some_worlds import CUT


def test_one_episode_of_td_by_hand():
    world = corridor_world(length=2, luck=0)
    theta = [50, 50, 50]  # right, then stride: rewards 0 and 4.5
    # lr 1/2 from [2, 0, 4]: V(start) = 2 + (0 + 4 - 2)/2, then V(corridor) = 4 + (4.5 - 4)/2
    got = learn_values(world, theta, episodes=1, lr=0.5, seed=0, table=[2, 0, 4])
    np.testing.assert_allclose(got, [3, 0, 4.25])
    # discounted by 1/2: V(start) = 2 + (0 + 2 - 2)/2
    world = replace(world, gamma=0.5)
    got = learn_values(world, theta, episodes=1, lr=0.5, seed=0, table=[2, 0, 4])
    np.testing.assert_allclose(got, [2, 0, 4.25])


@pytest.mark.parametrize("world", CUT.values())
def test_td_takes_one_episode_after_the_other_and_bootstraps_at_a_cut(world):
    played = play(world, world.theta, episodes=30, seed=9)
    table = np.zeros(len(world.chance))
    for column, length in enumerate(played.lengths):
        for t in range(length):
            state, after = played.states[t, column], played.next_states[t, column]
            worth = 0 if played.terminated[t, column] else world.gamma * table[after]
            table[state] += 0.2 * (played.rewards[t, column] + worth - table[state])
    got = learn_values(world, world.theta, episodes=30, lr=0.2, seed=9)
    np.testing.assert_allclose(got, table)


@pytest.mark.parametrize("limit", [None, 6])
def test_td_finds_the_walks_values_and_a_time_limit_does_not_disturb_it(limit):
    world = random_walk(time_limit=limit)
    learnt = [learn_values(world, np.zeros(5), episodes=600, lr=0.05, seed=s) for s in range(4)]
    # taken for an end, this limit would give [0.3, 0.6, 1.3, 2.0, 4.0] / 6
    np.testing.assert_allclose(np.mean(learnt, axis=0), np.arange(1, 6) / 6, atol=0.06)


def test_the_half_trained_critic_is_half_way():
    world = corridor_world()
    untrained, half = [], []
    for seed in range(5):
        critics = three_critics(world, world.theta, seed=seed)
        np.testing.assert_array_equal(critics["perfect"], state_values(world, world.theta))
        untrained.append(np.linalg.norm(critics["untrained"] - critics["perfect"]))
        half.append(np.linalg.norm(critics["half-trained"] - critics["perfect"]))
    assert 0.3 < np.mean(half) / np.mean(untrained) < 0.7
    still = three_critics(world, world.theta, lr=0)
    np.testing.assert_array_equal(still["half-trained"], still["untrained"])


def test_learning_refuses_a_table_of_another_world():
    with pytest.raises(ValueError, match="table"):
        learn_values(random_walk(), np.zeros(5), episodes=1, seed=0, table=[0, 0])


def test_the_values_after_each_episode_are_those_of_fewer_episodes_and_start_from_the_table():
    world = random_walk(time_limit=6)
    start = np.linspace(0, 1, 5)
    learnt = values_over_episodes(world, np.zeros(5), episodes=6, lr=0.2, seed=3, table=start)
    assert learnt.shape == (7, 5)
    np.testing.assert_array_equal(learnt[0], start)
    np.testing.assert_array_equal(
        learnt[-1], learn_values(world, np.zeros(5), episodes=6, lr=0.2, seed=3, table=start)
    )

    played = play(world, np.zeros(5), episodes=6, seed=3)
    first = start.copy()
    for t in range(played.lengths[0]):
        here, after = played.states[t, 0], played.next_states[t, 0]
        worth = 0 if played.terminated[t, 0] else first[after]
        first[here] += 0.2 * (played.rewards[t, 0] + worth - first[here])
    np.testing.assert_allclose(learnt[1], first)


def test_a_critic_learns_from_what_it_is_told():
    world = random_walk(time_limit=6)

    def nothing_is_paid(log):
        return replace(log, rewards=np.zeros_like(log.rewards))

    learnt = values_over_episodes(world, np.zeros(5), episodes=20, seed=0, log=nothing_is_paid)
    assert not learnt.any()
    assert values_over_episodes(world, np.zeros(5), episodes=20, seed=0).any()


def test_the_targets_of_a_table_by_hand():
    # From A of the walk one falls off for 0 or comes to B; from E one comes to D or falls off for 1 point.
    table = np.array([0.1, 0.4, 0.5, 0.2, 0.9])
    target = td_targets(random_walk(), np.zeros(5), table)
    np.testing.assert_allclose(target.mean, [0.2, 0.3, 0.3, 0.7, 0.6])
    np.testing.assert_allclose(target.std, [0.2, 0.2, 0.1, 0.2, 0.4])


@pytest.mark.parametrize("world", CUT.values())
def test_the_true_values_are_the_mean_of_their_own_targets(world):
    values = state_values(world, world.theta)
    many = np.stack([values, values + 1])[:, None]
    target = td_targets(world, world.theta, many)
    assert target.mean.shape == target.std.shape == many.shape
    np.testing.assert_allclose(target.mean[0, 0], values, atol=1e-12)


def test_targets_refuse_a_table_of_another_world():
    for wrong in ([0, 0], 3.0, [np.nan] * 5):
        with pytest.raises(ValueError, match="tables"):
            td_targets(random_walk(), np.zeros(5), wrong)

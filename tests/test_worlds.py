"""Worlds that can be listed: what is true of them, and the episodes that can happen in them.

Three roads lead to every true gradient here: the policy gradient theorem (`true_gradient`),
differences of the exact expected return, and the mean over all episodes. Sampled numbers are held
to five standard errors or to a stated share, with fixed seeds.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from course.worlds import (
    action_values,
    all_episodes,
    answer_world,
    corridor_world,
    play,
    play_on,
    policy,
    random_walk,
    score_table,
    state_values,
    survival_world,
    tale_world,
    true_gradient,
)
from tests.some_worlds import CUT, WHOLE, some_theta


def differences(function, theta, step=1e-5):
    return np.array(
        [
            (function(theta + step * axis) - function(theta - step * axis)) / (2 * step)
            for axis in np.eye(len(theta))
        ]
    )


def test_the_answer_world_is_worth_what_its_docstring_says():
    world, (first, later) = answer_world(length=4, odds=0.1, jackpot=60), (0.3, -0.8)
    p, q = 1 / (1 + math.exp(-first)), 1 / (1 + math.exp(-later))
    bold = p + 3 * q
    got = state_values(world, [first, later])[world.start]
    assert got == pytest.approx(4 - bold + 0.1 * 60 * bold / 4)
    slope = 0.1 * 60 / 4 - 1
    np.testing.assert_allclose(
        true_gradient(world, [first, later]), slope * np.array([p * (1 - p), 3 * q * (1 - q)])
    )
    assert state_values(answer_world(), [0, 0])[0] == pytest.approx(4.5)
    np.testing.assert_allclose(true_gradient(answer_world(), [0, 0]), [0.25, 0.5])


def test_the_corridor_is_worth_what_its_docstring_says():
    world = corridor_world()
    values = state_values(world, world.theta)
    stride, right = 1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(1))
    left_corridor = 0.5 * stride * np.arange(5, 0, -1)
    np.testing.assert_allclose(values[1:6], left_corridor)
    np.testing.assert_allclose(values[6:], left_corridor + 4)
    assert values[0] == pytest.approx(right * 4 + left_corridor[0])
    assert (right, stride, values[0]) == pytest.approx((0.2689, 0.6225, 2.6319), abs=5e-5)


def test_survival_is_worth_what_its_docstring_says():
    world, theta = survival_world(length=6), [0.4, -0.7]
    u, v = 1 / (1 + math.exp(-0.4)), 1 / (1 + math.exp(0.7))
    up, lean = [0.0], [0.0]
    for _ in range(6):
        slip = 0.1 * u + 0.5 * (1 - u)
        up, lean = (
            [1 + (1 - slip) * up[0] + slip * lean[0], *up],
            [1 + 0.8 * v * up[0] + 0.4 * (1 - v) * lean[0], *lean],
        )
    np.testing.assert_allclose(state_values(world, theta), up[:-1] + lean[1:-1])


def test_the_tale_is_worth_what_its_docstring_says():
    world = tale_world()
    values = state_values(world, world.theta)
    written = np.repeat(np.arange(6), np.arange(1, 7))
    lucky = np.concatenate([np.arange(w + 1) for w in range(6)])
    np.testing.assert_allclose(values, 495 / 2.0 ** (written - lucky) * 0.75 ** (5 - written))
    on_the_way = values[np.flatnonzero(lucky == written)]
    np.testing.assert_array_equal(on_the_way.round(), [117, 157, 209, 278, 371, 495])


@pytest.mark.parametrize("words", [1, 2, 4])
def test_a_tale_is_paid_once_at_its_end_mark_halved_for_each_unlucky_word(words):
    world = tale_world(words=words, top=64.0, mood=3.0)
    tales = all_episodes(world, world.theta)
    np.testing.assert_array_equal(tales.lengths, words + 1)
    np.testing.assert_array_equal(tales.rewards[:-1], 0)
    lucky = tales.actions[:words].sum(axis=0)
    mood = tales.rewards[-1] - 64 / 2.0 ** (words - lucky)
    np.testing.assert_array_equal(abs(mood), 3)
    np.testing.assert_allclose(tales.probability, 0.5 ** (words + 2))
    np.testing.assert_allclose(tales.probability @ mood, 0, atol=1e-12)


def test_the_end_mark_of_a_tale_decides_nothing():
    world = tale_world()
    actions = action_values(world, some_theta(world))
    np.testing.assert_array_equal(actions[15:, 0], actions[15:, 1])
    assert (actions[:15, 1] > actions[:15, 0]).all()


def test_the_random_walk_has_the_textbook_values_with_and_without_a_time_limit():
    for world in (random_walk(), random_walk(time_limit=4)):
        np.testing.assert_allclose(state_values(world, np.zeros(5)), np.arange(1, 6) / 6)
    gradient = true_gradient(random_walk(), np.zeros(5))
    np.testing.assert_allclose(gradient, np.array([1, 2, 3, 2, 1]) / 12)


def test_every_episode_is_listed_once():
    # three tokens: 8 answers, 7 of them with a bold token, so that the judge may pay or not
    assert len(all_episodes(answer_world(), [0, 0]).probability) == 15
    # a door, then five steps of two actions and two tosses
    world = corridor_world()
    episodes = all_episodes(world, world.theta)
    assert episodes.states.shape == (6, 2 * 4**5)
    columns = np.vstack([episodes.states, episodes.actions, episodes.rewards])
    assert len(np.unique(columns, axis=1).T) == 2 * 4**5


@pytest.mark.parametrize("world", [*WHOLE.values(), *CUT.values()])
def test_every_episode_ends_once_and_nothing_stands_after_it(world):
    episodes = all_episodes(world, some_theta(world))
    assert episodes.probability.sum() == pytest.approx(1, abs=1e-12)
    ends = episodes.terminated.astype(int) + episodes.truncated
    np.testing.assert_array_equal(ends.sum(axis=0), 1)
    np.testing.assert_array_equal(ends.argmax(axis=0) + 1, episodes.lengths)
    for rows in (episodes.states, episodes.actions, episodes.rewards, episodes.next_states):
        assert not rows[~episodes.real].any()
    onward = episodes.real[1:]
    np.testing.assert_array_equal(episodes.states[1:][onward], episodes.next_states[:-1][onward])


def test_a_time_limit_cuts_what_goes_on_and_leaves_what_ended():
    episodes = all_episodes(random_walk(time_limit=4), np.zeros(5))
    # three steps to one side end the walk, and no walk ends in its fourth step
    assert episodes.terminated.any(axis=0) @ episodes.probability == pytest.approx(2 / 8)
    assert (episodes.lengths[episodes.truncated.any(axis=0)] == 4).all()


@pytest.mark.parametrize("world", [random_walk(), *WHOLE.values()])
def test_the_true_gradient_is_the_slope_of_the_true_value(world):
    theta = some_theta(world)
    slope = differences(lambda changed: state_values(world, changed)[world.start], theta)
    np.testing.assert_allclose(true_gradient(world, theta), slope, atol=1e-8)


@pytest.mark.parametrize("world", CUT.values())
def test_with_a_time_limit_the_true_gradient_is_that_of_the_part_that_was_played(world):
    theta = some_theta(world)
    worth = state_values(world, theta)  # of the old policy, which goes on from the cut

    def played(changed):
        episodes = all_episodes(world, changed)
        after = world.gamma**world.time_limit * worth[episodes.next_states[-1]]
        total = episodes.returns(gamma=world.gamma) + after * episodes.truncated[-1]
        return episodes.probability @ total

    assert played(theta) == pytest.approx(worth[world.start])
    np.testing.assert_allclose(true_gradient(world, theta), differences(played, theta), atol=1e-8)


@pytest.mark.parametrize("world", WHOLE.values())
def test_values_are_means_over_all_episodes(world):
    theta = some_theta(world)
    episodes = all_episodes(world, theta)
    returns = episodes.returns(gamma=world.gamma)
    assert episodes.probability @ returns == pytest.approx(state_values(world, theta)[world.start])
    for action in (0, 1):
        chance = episodes.probability * (episodes.actions[0] == action)
        got = action_values(world, theta)[world.start, action]
        assert chance @ returns / chance.sum() == pytest.approx(got)
    mean_of_q = (policy(world, theta) * action_values(world, theta)).sum(axis=1)
    np.testing.assert_allclose(mean_of_q, state_values(world, theta))


def test_values_of_another_discount_forget_the_worlds_own():
    world = corridor_world(length=4)
    discounted = replace(world, gamma=0.5)
    for values in (state_values, action_values):
        np.testing.assert_array_equal(values(world, world.theta, gamma=0.5), values(discounted, world.theta))


def test_score_functions_are_slopes_of_the_log_policy_and_average_to_zero():
    world = survival_world(length=3)
    theta = some_theta(world)
    slopes = np.moveaxis(differences(lambda th: np.log(policy(world, th)), theta), 0, -1)
    scores = score_table(world, theta)
    np.testing.assert_allclose(scores, slopes, atol=1e-8)
    assert abs(np.einsum("sa,sad->sd", policy(world, theta), scores)).max() < 1e-15


def test_a_very_sure_policy_is_still_a_policy():
    np.testing.assert_array_equal(policy(answer_world(), [1000, -1000])[:2], [[0, 1], [1, 0]])


def test_played_episodes_follow_the_listed_probabilities():
    world = survival_world(length=4)
    theta, number = some_theta(world), 20_000
    listed, played = all_episodes(world, theta), play(world, theta, episodes=number, seed=1)

    def chances(episodes):
        found = {}
        for column, chance in enumerate(episodes.probability):
            key = (*episodes.states[:, column], *episodes.actions[:, column])
            key += (*episodes.terminated[:, column], *episodes.real[:, column])
            found[key] = found.get(key, 0) + chance
        return found

    exact, seen = chances(listed), chances(played)
    assert set(seen) <= set(exact)
    for key, chance in exact.items():
        error = math.sqrt(chance * (1 - chance) / number)
        assert abs(seen.get(key, 0) - chance) < 5 * error + 1 / number


def test_drawing_columns_is_sampling_episodes():
    episodes = all_episodes(answer_world(), [0.5, -0.5])
    picked = episodes.draw(batch=50, batches=4_000, seed=2)
    assert picked.shape == (4_000, 50)
    share = np.bincount(picked.ravel(), minlength=15) / picked.size
    error = np.sqrt(episodes.probability * (1 - episodes.probability) / picked.size)
    assert (abs(share - episodes.probability) < 5 * error).all()


def test_the_same_seed_gives_the_same_episodes_and_another_seed_others():
    world = random_walk()
    first, again, other = (play(world, world.theta, episodes=50, seed=s) for s in (3, 3, 4))
    np.testing.assert_array_equal(first.states, again.states)
    assert first.states.shape != other.states.shape or (first.states != other.states).any()
    listed = all_episodes(answer_world(), [0, 0])
    a, b, c = (listed.draw(batch=5, batches=9, seed=s) for s in (3, 3, 4))
    assert (a == b).all()
    assert (a != c).any()


def test_worlds_refuse_what_cannot_be_done():
    with pytest.raises(ValueError, match="time_limit"):
        all_episodes(random_walk(), np.zeros(5))
    with pytest.raises(ValueError, match="theta"):
        policy(answer_world(), [0, 0, 0])
    with pytest.raises(ValueError, match="finite"):
        policy(answer_world(), [0, np.nan])
    world = random_walk()
    with pytest.raises(ValueError, match="lead to an end"):
        replace(world, terminated=np.zeros_like(world.terminated))
    with pytest.raises(ValueError, match="sum to 1"):
        replace(world, chance=world.chance / 2)
    with pytest.raises(ValueError, match="gamma"):
        replace(world, gamma=1.1)
    with pytest.raises(ValueError, match="time_limit"):
        random_walk(time_limit=0)
    with pytest.raises(ValueError, match="episodes"):
        play(world, world.theta, episodes=0, seed=0)
    with pytest.raises(ValueError, match="odds"):
        answer_world(odds=2)
    for name, given in (("words", 0), ("words", 1.5), ("top", np.nan), ("mood", -1)):
        with pytest.raises(ValueError, match=name):
            tale_world(**{name: given})


def test_a_list_of_too_many_episodes_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("course.worlds.episodes.MOST_EPISODES", 2 * 4**5 - 1)
    with pytest.raises(ValueError, match=r"at most 2047 episodes: give it a time_limit"):
        all_episodes(corridor_world(), corridor_world().theta)
    monkeypatch.setattr("course.worlds.episodes.MOST_EPISODES", 2 * 4**5)
    assert len(all_episodes(corridor_world(), corridor_world().theta).probability) == 2 * 4**5


def test_an_outcome_that_cannot_happen_is_in_no_list():
    sure = all_episodes(answer_world(odds=0), [0, 0])
    assert len(sure.probability) == 8
    assert (sure.probability > 0).all()


@pytest.mark.parametrize("numbers", [{"batch": 0, "batches": 1}, {"batch": 1, "batches": 0}])
def test_drawing_refuses_an_empty_batch(numbers):
    episodes = all_episodes(answer_world(), [0, 0])
    with pytest.raises(ValueError, match="must be a whole number of at least 1, got 0"):
        episodes.draw(**numbers, seed=0)


def test_playing_on_begins_a_new_episode_after_each_ending():
    world = random_walk(time_limit=4)
    log = play_on(world, world.theta, environments=3, steps=50, seed=1)
    assert log.states.shape == log.truncated.shape == (50, 3)
    assert log.real.all()
    np.testing.assert_allclose(log.probability, 1 / 3)

    ended = log.terminated | log.truncated
    assert log.truncated.any()
    assert (log.states[0] == world.start).all()
    assert (log.states[1:][ended[:-1]] == world.start).all()
    going = ~ended[:-1]
    np.testing.assert_array_equal(log.states[1:][going], log.next_states[:-1][going])
    # a walk of four steps is cut, and no walk is longer
    for column in ended.T:
        assert np.diff(np.flatnonzero(column), prepend=-1).max() <= 4


def test_environments_that_play_on_have_a_chance_of_their_own():
    world = random_walk()
    log = play_on(world, world.theta, environments=2, steps=40, seed=0)
    again = play_on(world, world.theta, environments=3, steps=40, seed=0)
    np.testing.assert_array_equal(log.actions, again.actions[:, :2])
    assert (log.actions[:, 0] != log.actions[:, 1]).any()
    for odd in ({"environments": 0, "steps": 4}, {"environments": 2, "steps": 0}):
        with pytest.raises(ValueError, match=r"environments|steps"):
            play_on(world, world.theta, **odd, seed=0)

"""The numbers in lesson 0's prose."""

import numpy as np
import pytest

from course.atari import play_random
from tests.lessons import says


@pytest.fixture(scope="module")
def games():
    return play_random("pong", episodes=12, seed=0)


def test_random_play_of_pong_loses_by_21_or_nearly(games):
    scores = [game.score for game in games]
    says("welcome", "It falls to {:.0f} or nearly so", min(scores))
    assert max(scores) <= min(scores) + 3


def test_most_rewards_are_zero_and_the_others_are_one_point(games):
    rewards = np.concatenate([game.rewards for game in games])
    assert set(rewards) == {-1, 0, 1}
    assert np.mean(rewards == 0) > 0.9
    says("welcome", "Most rewards here are 0")


def test_two_games_of_one_score_took_different_times(games):
    lengths = sorted(len(game.rewards) for game in games if game.score == -21)
    says(
        "welcome",
        "Two players of Pong both score {:.0f}. One game took {} steps, the other {}",
        -21,
        lengths[0],
        lengths[-1],
    )


def test_what_the_hint_says_the_example_gives():
    says("welcome", "Rewards of 1, 0 and 2 make {}.", np.array([1, 0, 2]).sum())

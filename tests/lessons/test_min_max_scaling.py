"""The numbers in lesson 2's prose, from its outputs or measured here."""

import numpy as np
import pytest

from course.atari import play_random, published_scores
from course.scaling import RunningNormalizer, clip_rewards, min_max, z_score
from tests.lessons import outputs, prose


@pytest.fixture(scope="module")
def pinball():
    return np.array([episode.score for episode in play_random("video_pinball", episodes=12, seed=0)])


@pytest.fixture(scope="module")
def pong():
    return play_random("pong", episodes=12, seed=0)


def test_agent57_is_above_the_human_everywhere():
    rows = published_scores().values()
    scaled = np.array([min_max(row.agent57, row.random, row.human) for row in rows])
    assert (scaled > 1).sum() == 57
    assert "57 of them lie above 1" in outputs("02")
    assert scaled.max() / scaled.min() > 200  # "still differ by a factor of hundreds"


def test_the_first_game_was_worth_one_until_the_second_came(pinball):
    assert pinball[0] == 3_423
    assert pinball[0] / pinball[1] == pytest.approx(0.073, abs=0.0005)
    assert pinball.argmax() == 1


def test_a_record_leaves_the_rest_four_percent(pinball):
    best = published_scores()["video_pinball"].agent57
    assert best == pytest.approx(992_341, abs=1)
    assert (pinball.max() - pinball.min()) / best == pytest.approx(0.04, abs=0.005)


def test_two_pong_games_beside_pinball_cannot_be_told_apart(pinball, pong):
    scores = np.array([episode.score for episode in pong])
    scaled = min_max(scores, scores.min(), pinball.max())
    assert np.ptp(scaled) == pytest.approx(0.00004, abs=0.000005)


def test_scaling_each_step_prefers_the_worse_game(pong):
    worse, better = pong[9], pong[4]
    assert (worse.score, len(worse.rewards)) == (-21, 988)
    assert (better.score, len(better.rewards)) == (-20, 877)
    assert min_max(worse.rewards, -1, 1).sum() == 483.5
    assert min_max(better.rewards, -1, 1).sum() == 428.5


def machines(seed, batches, size):
    rng = np.random.default_rng(seed)
    chose_b = rng.random((batches, size)) < 0.5
    jackpot = rng.random((batches, size)) < 0.02
    return np.where(chose_b, 0.5, -0.5), np.where(chose_b, 100.0 * jackpot, 1.0)


def by_range(rewards):
    low, high = rewards.min(axis=1, keepdims=True), rewards.max(axis=1, keepdims=True)
    return (rewards - low) / np.where(high > low, high - low, 1)


@pytest.mark.parametrize("seed", range(20))
def test_batch_statistics_point_to_the_wrong_machine_and_constants_do_not(seed):
    past = RunningNormalizer()
    past.update(machines(1_000 + seed, 2_000, 20)[1].ravel())
    directions, rewards = machines(seed, 5_000, 20)

    def pull(scaled):
        return (directions * scaled).mean()

    assert pull(rewards) > 0
    assert pull(past(rewards)) > 0
    for scale in (clip_rewards, by_range, lambda r: z_score(r, axis=1)):
        assert pull(scale(rewards)) < 0


def test_the_exact_gradient_towards_the_better_machine():
    # p (1 - p) (mean of B - mean of A) with p = 1/2: 1/4 (0.02 x 100 - 1)
    directions, rewards = machines(0, 50_000, 20)
    estimates = (directions * rewards).mean(axis=1)
    assert 0.25 * (0.02 * 100 - 1) == 0.25
    assert estimates.mean() == pytest.approx(0.25, abs=4 * estimates.std() / 50_000**0.5)


@pytest.mark.parametrize(("size", "sign"), [(100, -1), (500, 1)])
def test_z_scores_turn_round_when_batches_hold_several_jackpots(size, sign):
    directions, rewards = machines(0, 4_000, size)
    assert np.sign((directions * z_score(rewards, axis=1)).mean()) == sign


def test_the_text_quotes_what_is_tested_here():
    text = " ".join(prose("02").split())
    for said in (
        "it was worth 0.073",
        "about 4 % of the ruler",
        "is now 0.00004",
        "483.5 to 428.5",
        "is +0.25",
    ):
        assert said in text

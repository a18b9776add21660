"""The numbers in lesson 2's prose, made from what its cells made, from the table, or by another road."""

import numpy as np
import pytest

from course.atari import published_scores
from course.scaling import RunningNormalizer
from tests.lessons import says, variables


@pytest.fixture(scope="module")
def lesson():
    return variables("min_max_scaling")


def test_what_you_should_see_is_what_the_exercises_give(lesson):
    low, middle, high = lesson["min_max"](np.array([-21, 0, 21]), -21, 21)
    says("min_max_scaling", "gives <code>[{:.0f}, {}, {:.0f}]</code>", low, middle, high)
    merged = lesson["running_mean_var"](2.0, 1.0, 2, np.array([6.0, 6.0]))
    says("min_max_scaling", "The example gives <code>({}, {}, {})</code>", *merged)


# Cracks 1 to 4: the ruler


def test_agent57_is_above_the_human_everywhere(lesson):
    rows = published_scores().values()
    scaled = np.array([lesson["min_max"](row.agent57, row.random, row.human) for row in rows])
    assert (scaled > 1).all()
    says("min_max_scaling", "in each of the {} games", len(scaled))
    assert 200 < scaled.max() / scaled.min() < 1_000
    says("min_max_scaling", "after scaling, the games still differ by a factor of hundreds")


def test_the_first_game_was_worth_one_until_the_second_came(lesson):
    first, second = lesson["scores"][:2]
    assert second == lesson["scores"].max()
    says("min_max_scaling", "The first game scored {:,.0f} points", first)
    says(
        "min_max_scaling",
        "The first game was perfect until the second one came; then it was worth {:.3f}",
        first / second,
    )
    says("min_max_scaling", 'must now learn "this is a {:.2f}"', first / second)


def test_a_record_leaves_the_rest_a_few_percent(lesson):
    best = published_scores()["video_pinball"].agent57
    says("min_max_scaling", "Agent57's mean in Video Pinball is {:,.0f} points", best)
    says(
        "min_max_scaling",
        "all twelve share about {:.0f} % of the ruler",
        100 * np.ptp(lesson["scores"]) / best,
    )


def test_two_pong_games_beside_pinball_cannot_be_told_apart(lesson):
    scores = lesson["pong_scores"]
    low, high = scores.min(), scores.max()
    apart = np.ptp(lesson["min_max"](scores, low, lesson["scores"].max()))
    says("min_max_scaling", "losing by {:.0f} and by {:.0f} is now {:.5f}", -low, -high, apart)


def test_scaling_each_step_prefers_the_worse_game(lesson):
    worse, better = lesson["pong"][9], lesson["pong"][4]
    assert worse.score < better.score
    said = "one ended {:.0f} after {} steps, one ended {:.0f} after {}."
    says("min_max_scaling", said, better.score, len(better.rewards), worse.score, len(worse.rewards))
    worth = [lesson["min_max"](game.rewards, -1, 1).sum() for game in (worse, better)]
    assert worth[0] > worth[1]
    says("min_max_scaling", "The worse game wins, {} to {}", *worth)


# Crack 5: two machines


def test_the_exact_gradient_towards_the_better_machine(lesson):
    """The slope of the expected reward, and the mean of many estimates."""
    paid, plays = 100, 50

    def expected(theta):
        chance = 1 / (1 + np.exp(-theta))
        return chance * paid / plays + (1 - chance) * 1

    slope = (expected(1e-5) - expected(-1e-5)) / 2e-5
    says("min_max_scaling", "its exact gradient is {:+.2f}", slope)
    says(
        "min_max_scaling",
        "B pays {} points, once in fifty plays, else nothing, so it is worth {:.0f} points",
        paid,
        paid / plays,
    )
    directions, rewards = lesson["play_machines"](np.random.default_rng(0), 50_000, 20)
    estimates = (directions * rewards).mean(axis=1)
    assert estimates.mean() == pytest.approx(slope, abs=4 * estimates.std() / 50_000**0.5)


@pytest.mark.parametrize("seed", range(20))
def test_batch_statistics_point_to_the_wrong_machine_and_constants_do_not(lesson, seed):
    past = RunningNormalizer()
    past.update(lesson["play_machines"](np.random.default_rng(1_000 + seed), 2_000, 20)[1].ravel())
    directions, rewards = lesson["play_machines"](np.random.default_rng(seed), 5_000, 20)
    ways = lesson["ways"] | {"running mean and std": past}
    wrong = {way for way, scale in ways.items() if (directions * scale(rewards)).mean() < 0}
    assert wrong == {"clipped to [-1, 1]", "min-max of the batch", "z-score of the batch"}


def test_three_ways_of_six_are_counted(lesson):
    assert len(lesson["ways"]) == 6
    says("min_max_scaling", "Which of the six point to A")
    says("min_max_scaling", "Three of them point to the wrong machine")


@pytest.mark.parametrize(("size", "sign"), [(100, -1), (500, 1)])
def test_z_scores_turn_round_when_batches_hold_several_jackpots(lesson, size, sign):
    directions, rewards = lesson["play_machines"](np.random.default_rng(0), 4_000, size)
    assert np.sign((directions * lesson["ways"]["z-score of the batch"](rewards)).mean()) == sign

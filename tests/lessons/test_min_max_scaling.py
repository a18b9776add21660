"""The numbers in lesson 2's prose, made from what its cells made, from the table, or by another road."""

import numpy as np
import pytest

from course.atari import published_scores
from course.plots import alt_text
from course.plots import min_max_scaling as plots
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
    scaled = np.array(list(lesson["scaled"].values()))
    assert (scaled > 1).all()
    says(
        "min_max_scaling", "All {} are above 1, the largest near {:.0f}", len(scaled), round(scaled.max(), -2)
    )
    assert 200 < scaled.max() / scaled.min() < 1_000
    says("min_max_scaling", "after scaling, the games still differ by a factor of hundreds")
    rows = published_scores()
    for game, score in lesson["scaled"].items():
        row = rows[game]
        assert score == pytest.approx((row.agent57 - row.random) / (row.human - row.random))


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


# Running statistics


def test_the_running_ruler_settles(lesson):
    worth = (10_000 - np.array(lesson["means"][1:])) / np.array(lesson["deviations"][1:])
    early, late = worth[:5], worth[5:]
    says(
        "min_max_scaling",
        "over the first six games its answer wandered between {:.2f} and {:.2f}, over the last six between "
        "{:.2f} and {:.2f}",
        early.min(),
        early.max(),
        late.min(),
        late.max(),
    )
    assert np.ptp(late) < np.ptp(early) / 2
    assert lesson["means"][-1] == pytest.approx(lesson["scores"].mean())
    assert lesson["deviations"][-1] == pytest.approx(lesson["scores"].std())


def test_a_shift_of_each_step_is_one_of_origin_only_if_all_games_are_as_long(lesson):
    rewards = [game.rewards[:700] for game in lesson["pong"]]
    raw = np.array([each.sum() for each in rewards])
    scaled = np.array([lesson["min_max"](each, -1, 1).sum() for each in rewards])
    np.testing.assert_allclose(scaled, raw / 2 + 350)
    assert not np.allclose(lesson["per_step"], lesson["pong_scores"] / 2 + 350)


# Figures


def test_a_guess_is_drawn_if_there_is_one(lesson):
    scaled = plots.above_the_ruler(lesson["scaled"], guess=20)
    assert alt_text(scaled).endswith("You guessed 20.")
    assert "guess" not in alt_text(plots.above_the_ruler(lesson["scaled"]))
    assert alt_text(plots.history(lesson["scores"], 2, guess=0.5)).endswith("You guessed 0.5.")
    sums = plots.worth_of_length(lesson["lengths"], lesson["two_ways"], marked=[4, 9], guess=-3)
    assert alt_text(sums).endswith("You guessed -3.")
    rings = [text.get_text() for text in sums.figure.axes[1].texts]
    assert rings == ["428.5 after 877", "483.5 after 988"]
    with pytest.raises(ValueError, match="guess must be a number, got 'A'"):
        plots.history(lesson["scores"], 2, guess="A")


def test_the_ruler_of_two_games_names_its_end_in_points(lesson):
    ax = plots.ruler(lesson["pong_scores"], lesson["high"], low=lesson["low"], label="Pong")
    assert "best known: 46,636 points" in [text.get_text() for text in ax.get_legend().get_texts()]

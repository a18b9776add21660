"""The numbers in lesson 0's prose, and its figures."""

import numpy as np
import pytest

from course.__main__ import _parser
from course.atari import play_random
from course.authoring.stamps import ROOT
from course.plots import alt_text
from course.plots import welcome as plots
from course.worlds import all_episodes, answer_world, writer
from tests.lessons import prose, says


@pytest.fixture(scope="module")
def games():
    return play_random("pong", episodes=12, seed=0)


@pytest.fixture(scope="module")
def batches():
    """The scores of sixty batches of twenty answers, and the mean of all answers."""
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    scores = episodes.returns()
    return scores[episodes.draw(batch=20, batches=60, seed=0)], episodes.probability @ scores


# The picture, and the problem in your hand


def test_the_writers_are_those_of_the_figure():
    says("welcome", "A writer learns to write answers of {} tokens", writer.PLACES)
    says(
        "welcome",
        "some {:.0f} million points for an answer written at random, {:,.0f} million for the best one",
        writer.BEST / writer.KINDS / 1e6,
        writer.BEST / 1e6,
    )
    assert len(writer.WEIGHTS) == 5
    says("welcome", "Five writers learn from the same judge")
    says("welcome", "You will draw these five lines")


def test_the_pledge_holds_for_what_is_shipped_and_cited_too():
    says("welcome", "Every number was measured in front of you, or is shipped with the command that made it")


def test_no_batch_of_the_slider_has_a_mean_near_the_truth(batches):
    scores, truth = batches
    means = scores.mean(axis=1)
    says("welcome", "The mean of all its answers is {:.1f} points", truth)
    assert not (np.abs(means - truth) <= 1).any()
    says("welcome", "In none of the {} batches is it within a point of {:.1f}", len(means), truth)

    jackpots = (scores >= 100).sum(axis=1)
    assert set(jackpots) == {0, 1, 2}
    without, one, two = (means[jackpots == k].mean() for k in range(3))
    says("welcome", "{} of them hold no jackpot, and have a mean near {:.1f}", sum(jackpots == 0), without)
    says("welcome", "those with one jackpot have about {:.1f}, those with two about {:.0f}", one, two)


@pytest.mark.parametrize("batch", [1, 12, 60])
def test_twenty_answers_shows_a_dot_for_each_and_the_means_so_far(batches, batch):
    scores, truth = batches
    ax = plots.twenty_answers(batch)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), scores[batch - 1])
    means = scores.mean(axis=1)[:batch]
    before, now = ax.figure.axes[1].lines[1:]
    np.testing.assert_allclose([*before.get_ydata(), *now.get_ydata()], means)
    assert f"Their mean is {means[-1]:.3g}; the mean of all answers is {truth:.3g}." in alt_text(ax)


def test_a_batch_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="batch"):
        plots.twenty_answers(0)


# The words


def test_the_seven_words_stand_in_the_drawing_and_are_explained():
    ax = plots.loop()
    drawn = " ".join(text.get_text() for text in ax.texts)
    for word in ("agent", "world", "state", "action", "policy", "reward", "return"):
        assert word in drawn
        assert word in alt_text(ax)
        assert f"**{word}**" in prose("welcome")
    says("welcome", "agent, world, state, action, policy, reward, return")


# The game of Pong


def test_random_play_of_pong_loses_by_21_or_nearly(games):
    scores = [game.score for game in games]
    says("welcome", "It falls to {:.0f} or nearly so", min(scores))
    assert max(scores) <= min(scores) + 3


def test_most_rewards_are_zero_and_the_others_are_one_point(games):
    rewards = np.concatenate([game.rewards for game in games])
    assert set(rewards) == {-1, 0, 1}
    assert np.mean(rewards == 0) > 0.9
    says("welcome", "Most of the rewards are 0")


def test_two_games_of_one_score_took_different_times(games):
    lengths = sorted(len(game.rewards) for game in games if game.score == -21)
    says(
        "welcome",
        "Two players of Pong both score {:.0f}. One game took {} steps, the other {}",
        -21,
        lengths[0],
        lengths[-1],
    )


def test_the_game_draws_a_guess_only_if_there_is_one():
    rewards = [-1.0, 0.0, 1.0, -1.0]
    assert "guess" not in alt_text(plots.game(rewards, name="pong"))
    words = alt_text(plots.game(rewards, name="pong", guess=3))
    assert words.endswith("to -1 point after 4 agent steps. You guessed 3 points. That is off by 4.")
    with pytest.raises(ValueError, match="guess must be a number, got 'low'"):
        plots.game(rewards, name="pong", guess="low")


def test_what_the_hint_says_the_example_gives():
    says("welcome", "Rewards of 1, 0 and 2 make {}.", np.array([1, 0, 2]).sum())


# Where am I


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        ("`.venv/bin/python -m course restart episode_score`", "what", "episode_score"),
        ("`restart 05` all of lesson 5", "what", "05"),
        ("`.venv/bin/python -m course progress` prints the panel", "folder", None),
    ],
)
def test_the_commands_that_the_lesson_names_are_there(said, name, value):
    says("welcome", said)
    words = said.split("`")[1].removeprefix(".venv/bin/python -m course ").split()
    assert getattr(_parser().parse_args(words), name) == value


def test_what_the_lesson_says_of_updates_is_what_they_do():
    says(
        "welcome", "copied to the folder `mine` first, and so it is when `make update` brings a newer version"
    )
    assert "place=mine/" in (ROOT / "update.sh").read_text(encoding="utf-8")
    assert "update.sh" in (ROOT / "Makefile").read_text(encoding="utf-8")

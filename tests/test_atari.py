import csv
import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest

from course import atari
from course.atari import (
    Episode,
    PublishedScores,
    measured_random_scores,
    play_random,
    pong_rally,
    published_scores,
    rally,
    roms,
    screenshot,
)
from course.atari.scores import RANDOM_COLUMNS
from course.returns import explained_variance, reward_to_go
from course.scaling import human_normalized, orders_of_magnitude
from course.studies.random_scores import measure_random
from course.tables import data

QUICK = ["breakout", "klax"]  # about 170 and 130 agent steps an episode


# The tables


def test_random_play_is_0_and_human_play_is_1_in_all_57_games():
    for row in published_scores().values():
        ruler = {"random": row.random, "human": row.human}
        np.testing.assert_allclose(human_normalized([row.random, row.human], **ruler), [0, 1])


def test_the_published_table_holds_57_games_that_can_be_played_here():
    table = published_scores()
    assert len(table) == 57
    assert list(table) == sorted(table)
    assert set(table) <= set(roms())
    assert all(math.isfinite(x) for row in table.values() for x in dataclasses.astuple(row))
    # Read off the file by eye.
    assert table["pong"] == PublishedScores(
        random=-20.7, human=14.6, agent57=20.67, agent57_std=0.47, muzero=21.0
    )
    assert table["video_pinball"].random == 0.0


def test_published_scores_spread_over_five_to_seven_orders_of_magnitude():
    table = published_scores().values()
    # By hand: 17098.1 (skiing) / 0.1 (boxing); 69571.3 (private_eye) / 0.9 (ice_hockey);
    # 6785558.64 (asteroids) / 0.4 (venture).
    assert orders_of_magnitude([row.random for row in table]) == pytest.approx(math.log10(170981))
    assert orders_of_magnitude([row.human for row in table]) == pytest.approx(4.888, abs=1e-3)
    assert orders_of_magnitude([row.muzero for row in table]) == pytest.approx(7.229, abs=1e-3)


def test_the_smallest_random_score_decides_the_spread_and_cannot_be_told_from_zero():
    table, measured = published_scores(), measured_random_scores()
    others = [row.random for game, row in table.items() if game != "boxing"]
    assert orders_of_magnitude(others) == pytest.approx(math.log10(17098.1 / 1.7))  # 4.0, not 5.2
    assert abs(measured["boxing"].mean) < 2 * measured["boxing"].standard_error


def test_random_play_of_video_pinball_is_nearer_to_dqn_zoo_than_to_the_agent57_table():
    measured = measured_random_scores()["video_pinball"]
    assert measured.low > 0
    assert abs(measured.mean - 16256.9) < 2 * measured.standard_error


def test_the_measured_table_is_whole_and_agrees_with_itself():
    with data("random_scores.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == RANDOM_COLUMNS
    assert {row[-1] for row in rows} == {"0"}, "one seed"
    table = measured_random_scores()
    assert len(table) == len(rows)
    assert list(table) == sorted(roms())
    for row in table.values():
        assert row.episodes == 30
        assert row.low <= row.mean <= row.high
        assert row.standard_error == pytest.approx(row.std / math.sqrt(row.episodes), abs=1e-4)
        assert (row.std == 0) == (row.low == row.high)
        assert 1 <= row.mean_steps <= 27_000


def test_the_shipped_row_is_what_playing_its_episodes_again_gives():
    table = measured_random_scores()
    quickest = min(table, key=lambda game: table[game].mean_steps)
    row = table[quickest]
    episodes = play_random(quickest, episodes=row.episodes, seed=0)
    points = [episode.score for episode in episodes]
    lengths = [len(episode.rewards) for episode in episodes]
    assert row.mean == pytest.approx(sum(points) / 30, abs=1e-4)
    assert row.std == pytest.approx(np.std(points, ddof=1), abs=1e-4)
    assert (row.low, row.high) == (min(points), max(points))
    assert row.mean_steps == pytest.approx(sum(lengths) / 30, abs=1e-4)


# Random play


def same(one: Episode, other: Episode) -> bool:
    return (
        np.array_equal(one.rewards, other.rewards)
        and np.array_equal(one.ram, other.ram)
        and (one.terminated, one.truncated) == (other.terminated, other.truncated)
    )


def test_a_pong_episode_is_a_record_of_real_play():
    [episode] = play_random("pong", episodes=1, seed=3)
    assert episode.rewards.dtype == np.float64
    assert episode.ram.dtype == np.uint8
    assert episode.ram.shape == (len(episode.rewards), 128)
    assert set(episode.rewards) == {-1, 0, 1}
    assert -21 <= episode.score <= 21
    assert (episode.rewards == -1).sum() == 21, "random play loses: the other side gets its 21 points"
    assert episode.score == 21 * -1 + (episode.rewards == 1).sum()
    assert (episode.terminated, episode.truncated) == (True, False)


def test_the_same_seed_plays_the_same_game_and_another_seed_another():
    first, second = (play_random("breakout", episodes=2, seed=5) for _ in range(2))
    assert all(same(*pair) for pair in zip(first, second, strict=True))
    assert not same(first[0], first[1])
    assert not same(first[0], play_random("breakout", episodes=1, seed=6)[0])


# In assault and frostbite a mere reset leaves traces of the last episode, in qbert a mere restore.
@pytest.mark.parametrize("game", ["breakout", "assault", "frostbite", "qbert"])
def test_an_episode_does_not_depend_on_the_episodes_before_it(game):
    *_, last = play_random(game, episodes=3, seed=1)
    fresh = atari.play._console(game)
    fresh.reset_game()
    assert same(last, atari.play._play(fresh, np.random.default_rng([1, 2])))


# Berzerk starts elsewhere if the emulator itself is told to skip frames.
@pytest.mark.parametrize("game", ["ms_pacman", "berzerk"])
def test_gymnasium_plays_the_same_game(game):
    from ale_py.env import AtariEnv

    env = AtariEnv(game, obs_type="ram", frameskip=4, repeat_action_probability=0.0)
    ram, _ = env.reset()
    [episode] = play_random(game, episodes=1, seed=2)
    draws = np.random.default_rng([2, 0]).integers(env.action_space.n, size=27_000)
    for t, action in enumerate(draws[: len(episode.rewards)]):
        assert np.array_equal(episode.ram[t], ram), f"memory differs before step {t}"
        ram, reward, terminated, truncated, _ = env.step(action)
        assert episode.rewards[t] == reward
        assert (terminated, truncated) == (t == len(episode.rewards) - 1, False)
        if t == 59:
            picture = screenshot(game, seed=2, steps=60)
            np.testing.assert_array_equal(picture, env.ale.getScreenRGB())
    env.close()


def test_the_frame_cap_truncates(monkeypatch):
    monkeypatch.setattr(atari.play, "FRAME_CAP", 400)
    [episode] = play_random("pong", episodes=1, seed=0)
    assert (len(episode.rewards), episode.terminated, episode.truncated) == (100, False, True)


def test_a_screenshot_is_a_colour_picture():
    picture = screenshot("pong", steps=0)
    assert (picture.shape, picture.dtype) == ((210, 160, 3), np.uint8)
    assert screenshot("adventure", steps=0).shape == (250, 160, 3)
    assert not np.array_equal(picture, screenshot("pong", steps=60))
    assert screenshot("breakout", steps=400).shape == picture.shape, "past the end of the first game"


def test_an_unknown_game_is_met_with_the_nearest_name_and_the_list(tmp_path):
    calls = [
        lambda: play_random("breakot", episodes=1, seed=0),
        lambda: screenshot("breakot"),
        lambda: measure_random(["breakot"], episodes=2, seed=0, path=tmp_path / "new.csv"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"did you mean 'breakout'\? allowed: adventure, air"):
            call()
    assert not (tmp_path / "new.csv").exists()


def test_games_for_two_players_are_not_on_the_list():
    assert not atari.play.TWO_PLAYERS & set(roms())
    assert len(roms()) >= 57


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"episodes": 0, "seed": 0}, "episodes must be a whole number of at least 1"),
        ({"episodes": 1.5, "seed": 0}, "episodes must be a whole number"),
        ({"episodes": 1, "seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_play_random_refuses(numbers, message):
    with pytest.raises(ValueError, match=message):
        play_random("pong", **numbers)


def test_the_import_is_light_and_the_emulator_quiet():
    code = (
        "import sys, course.atari as s\n"
        "heavy = {'ale_py', 'gymnasium', 'torch', 'matplotlib', 'tqdm'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "s.play_random('breakout', episodes=1, seed=0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_bar_is_shown_if_asked_for(capsys):
    play_random("breakout", episodes=2, seed=0, progress=True)
    assert "breakout: 100%" in capsys.readouterr().err


def test_states_with_what_was_still_to_come_are_drawn_without_repetition():
    played = atari.play_random("pong", episodes=2, seed=0)
    ram, returns = atari.ram_and_returns(played, states=100_000)
    assert len(ram) == len(returns) == sum(len(episode.rewards) for episode in played)
    assert (ram.min(), ram.max()) == (0, 1)
    first = np.flatnonzero((ram * 255 == played[0].ram[0]).all(axis=1))
    assert sorted(returns[first]) == sorted(episode.score for episode in played)  # both start in this state

    few = atari.ram_and_returns(played, states=50)
    np.testing.assert_array_equal(few[0], ram[:50])
    np.testing.assert_array_equal(few[1], returns[:50])


@pytest.mark.parametrize(("played", "states"), [([], 5), ([None], 0)])
def test_no_episode_and_no_state_are_refused(played, states):
    with pytest.raises(ValueError, match="played must hold" if states else "states"):
        atari.ram_and_returns(played, states=states)


# One rally of Pong


def test_the_ball_is_returned_at_step_234_and_the_point_won_at_251():
    game = rally._games()[0]
    assert list(np.flatnonzero(game.rewards[205:260]) + 205) == [251]
    assert game.rewards[251] == 1
    ball = game.ram[225:252, 49].astype(int)
    assert ball.argmax() + 225 == 234  # our paddle stands at the right
    assert (np.diff(ball)[:9] > 0).all()
    assert (np.diff(ball)[9:] < 0).all()
    seen = pong_rally(gamma=0.95)
    assert list(np.flatnonzero(seen.rewards) + 205) == [251]


def test_a_rally_is_one_stretch_of_a_game_that_goes_on():
    seen = pong_rally(gamma=0.9)
    assert {column.shape for column in vars(seen).values()} == {(55,)}
    np.testing.assert_array_equal(seen.next_values[:-1], seen.values[1:])
    assert not seen.terminated.any()
    assert list(np.flatnonzero(seen.truncated)) == [54]
    assert pong_rally(gamma=0.9) is seen
    with pytest.raises(ValueError, match="read-only"):
        seen.values[0] = 1
    for odd in (1.5, "0.9", [0.9]):
        with pytest.raises(ValueError, match="gamma"):
            pong_rally(gamma=odd)


def test_the_critic_of_the_rally_foresees_less_the_further_gamma_asks_it_to_see():
    game = rally._games()[0]
    found = {
        gamma: explained_variance(rally._foreseen(gamma), reward_to_go(game.rewards, gamma=gamma))
        for gamma in (0.9, 0.95, 0.97, 0.99)
    }
    assert found == pytest.approx({0.9: 0.878, 0.95: 0.734, 0.97: 0.555, 0.99: 0.083}, abs=0.002)
    for share in found.values():
        assert f"{share:.0%}".replace("%", " %") in pong_rally.__doc__

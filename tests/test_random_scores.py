"""Random play in many games: the table that it leaves behind, stopped and resumed."""

import csv
import math

import pytest

from course import atari
from course.atari import play_random
from course.studies import random_scores
from course.studies.random_scores import measure_random

QUICK = ["breakout", "klax"]  # about 170 and 130 agent steps an episode


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("scores") / "whole.csv"
    measure_random(QUICK, episodes=3, seed=4, path=path, progress=False)
    return path


def test_a_row_says_what_was_played(whole_run):
    header, *rows = csv.reader(whole_run.read_text().splitlines())
    points = [episode.score for episode in play_random("breakout", episodes=3, seed=4)]
    row = dict(zip(header, rows[0], strict=True))
    assert [row[0] for row in rows] == QUICK
    assert (row["game"], row["episodes"], row["seed"]) == ("breakout", "3", "4")
    assert float(row["mean"]) == pytest.approx(sum(points) / 3, abs=1e-4)
    # The unbiased variance divides by 2, the variance of the mean by 3 more.
    squares = sum((x - sum(points) / 3) ** 2 for x in points)
    assert float(row["standard_error"]) == pytest.approx(math.sqrt(squares / 2 / 3), abs=1e-4)


def test_an_interrupted_run_leaves_a_valid_file_and_goes_on(tmp_path, monkeypatch, whole_run):
    path, played, on_disk = tmp_path / "broken.csv", [], []

    def stop_in_the_second_game(game, **numbers):
        for index, episode in enumerate(atari.play.random_episodes(game, **numbers)):
            if (game, index) == (QUICK[1], 1):
                on_disk.append(path.read_text())  # even a killed process would leave this
                raise KeyboardInterrupt
            yield episode

    def count(game, **numbers):
        played.append(game)
        return atari.play.random_episodes(game, **numbers)

    monkeypatch.setattr(random_scores, "random_episodes", stop_in_the_second_game)
    with pytest.raises(KeyboardInterrupt):
        measure_random(QUICK, episodes=3, seed=4, path=path, progress=False)
    assert path.read_text().splitlines() == whole_run.read_text().splitlines()[:2]
    assert on_disk == [path.read_text()]

    monkeypatch.setattr(random_scores, "random_episodes", count)
    measure_random(QUICK, episodes=3, seed=4, path=path, progress=False)
    assert played == [QUICK[1]], "the finished game is not played again"
    assert path.read_text() == whole_run.read_text()

    measure_random(QUICK, episodes=3, seed=4, path=path, progress=False)
    assert path.read_text() == whole_run.read_text(), "nothing is left to do"


@pytest.mark.parametrize(
    ("change", "numbers", "message"),
    [
        (str, {"episodes": 3, "seed": 5}, "has breakout with episodes 3 and seed 4, not with .* 5"),
        (str, {"episodes": 2, "seed": 4}, "ask for the same, or give another path"),
        (lambda text: text.replace("low", "least"), {}, "must be a table with the columns game,.*least"),
    ],
)
def test_a_file_of_another_run_is_refused_and_kept(tmp_path, whole_run, change, numbers, message):
    path = tmp_path / "other.csv"
    path.write_text(change(whole_run.read_text()))
    with pytest.raises(ValueError, match=message):
        measure_random(["frogger"], **({"episodes": 3, "seed": 4} | numbers), path=path)
    assert path.read_text() == change(whole_run.read_text())


def test_quick_mode_does_not_shorten_the_measurement(tmp_path, monkeypatch, whole_run):
    monkeypatch.setenv("COURSE_QUICK", "1")
    measure_random(QUICK[:1], episodes=3, seed=4, path=tmp_path / "quick.csv", progress=False)
    assert (tmp_path / "quick.csv").read_text().splitlines() == whole_run.read_text().splitlines()[:2]


def test_one_episode_has_no_standard_error(tmp_path):
    with pytest.raises(ValueError, match="episodes must be a whole number of at least 2"):
        measure_random(["pong"], episodes=1, seed=0, path=tmp_path / "one.csv")


def test_the_bar_counts_games(tmp_path, capsys):
    measure_random(QUICK[:1], episodes=2, seed=0, path=tmp_path / "bar.csv")
    shown = capsys.readouterr().err
    assert "1/1" in shown
    assert "breakout, episode 2 of 2" in shown

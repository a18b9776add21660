"""Whole runs over seeds: the file that a study leaves behind, and what its variants change."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course.arrays import Array
from course.games import PONG_PROTOCOL
from course.nets import load
from course.returns import gae
from course.studies import runs
from course.train import CARTPOLE

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def small(monkeypatch):
    """A study of two variants that is over in a moment."""
    short = replace(CARTPOLE, env_steps=2_500)
    variants = {"one": runs.Variant(short), "thousand": runs.Variant(short, scale=1000.0)}
    monkeypatch.setitem(runs.STUDIES, "small", ("CartPole-v1", lambda: variants))
    return variants


def table(path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_row_is_an_update_and_scores_are_in_points(small, tmp_path):
    path = tmp_path / "small.csv"
    runs.measure("small", seeds=1, path=path, progress=False)
    header, *rows = table(path)
    assert tuple(header) == runs.HEADER
    assert [row[0] for row in rows] == ["one"] * 3 + ["thousand"] * 3
    one, thousand = rows[:3], rows[3:]
    for plain, scaled in zip(one, thousand, strict=True):  # the same play, and the same score, in points
        assert plain[2:4] == scaled[2:4]
    assert 8 < float(one[0][3]) < 100


def test_an_interrupted_study_keeps_what_is_finished_and_goes_on_from_there(small, tmp_path, monkeypatch):
    path, play = tmp_path / "small.csv", runs.play
    asked = []

    def stops_at_the_second(study, variant, *, seed):
        asked.append((variant, seed))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return play(study, variant, seed=seed)

    monkeypatch.setattr(runs, "play", stops_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        runs.measure("small", seeds=2, path=path, progress=False)
    first = table(path)
    assert {row[0] for row in first[1:]} == {"one"}
    runs.measure("small", seeds=2, path=path, progress=False)
    assert table(path)[: len(first)] == first
    assert asked[2:] == [("thousand", 1), ("one", 2), ("thousand", 2)]
    runs.measure("small", seeds=2, path=path, progress=False)
    assert len(asked) == 5  # nothing is left to do


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"study": "chess"}, "study 'chess'"),
        ({"seeds": 0}, "seeds"),
        ({"variants": ["two"]}, "variant 'two'"),
    ],
)
def test_bad_arguments_are_refused_by_name_and_nothing_is_written(small, tmp_path, given, named):
    path = tmp_path / "small.csv"
    call = {"study": "small", "seeds": 1, **given}
    with pytest.raises(ValueError, match=named):
        runs.measure(call.pop("study"), path=path, progress=False, **call)
    assert not path.exists()


def test_a_file_with_other_columns_is_left_alone(small, tmp_path):
    path = tmp_path / "small.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="columns"):
        runs.measure("small", seeds=1, path=path, progress=False)
    assert path.read_text() == "a,b\n1,2\n"


def test_the_shipped_cartpole_runs_hold_twenty_seeds_as_given_and_ten_of_every_other_variant():
    found = runs.load("cartpole")
    assert set(found) == set(runs.cartpole())
    assert {name: len(seeds) for name, seeds in found.items() if name != "as given"} == dict.fromkeys(
        set(found) - {"as given"}, 10
    )
    assert sorted(found["as given"]) == list(range(1, 21))


def test_a_live_run_is_near_the_shipped_runs():
    # Not equal: the same seed gives other episodes on another processor.
    shipped = [runs.steps_until(curve, 400) for curve in runs.load("cartpole")["as given"].values()]
    for update in runs.play("cartpole", "as given", seed=1):
        if update.score >= 400:
            break
    assert 0.5 * min(shipped) < update.env_steps < 2 * max(shipped)


def test_steps_until_a_score_by_hand():
    curve = runs.Curve(*np.arange(24.0).reshape(8, 3))
    curve.score[:] = [1, 5, 3]
    assert runs.steps_until(curve, 5) == curve.env_steps[1]
    assert runs.steps_until(curve, 6) == np.inf


def one_episode_cut() -> tuple[Array, ...]:
    rewards, values = np.ones((3, 1)), np.full((3, 1), 10.0)
    ends = np.zeros((3, 1), dtype=bool)
    return rewards, values, values, ends, ends


def test_without_critic_is_reward_to_go_up_to_the_end_of_the_rollout():
    assert runs.without_critic(*one_episode_cut(), gamma=0.5, lam=0.9).ravel().tolist() == [1.75, 1.5, 1.0]


def test_without_bootstrap_the_rollouts_end_counts_as_the_end_of_the_task():
    rewards, values, following, ends, _ = one_episode_cut()
    over = np.array([[False], [False], [True]])
    expected = gae(rewards, values, following, over, ends, gamma=0.5, lam=0.9)
    assert np.array_equal(runs.without_bootstrap(*one_episode_cut(), gamma=0.5, lam=0.9), expected)
    assert expected[-1, 0] == 1 - 10


def test_without_bootstrap_leaves_its_arguments_alone():
    arguments = one_episode_cut()
    runs.without_bootstrap(*arguments, gamma=0.5, lam=0.9)
    assert not arguments[3].any()


def test_the_agents_of_finished_runs_are_kept_and_examined_each_way_once(small, tmp_path, monkeypatch):
    ways = {"sampled": dict(episodes=3, greedy=False), "greedy": dict(episodes=4, greedy=True)}
    monkeypatch.setattr(runs, "WAYS", ways)
    runs.measure("small", seeds=1, path=tmp_path / "runs.csv", agents=tmp_path / "agents", progress=False)
    agents = sorted((tmp_path / "agents").iterdir())
    assert [agent.name for agent in agents] == ["one-1.pt", "thousand-1.pt"]
    path = tmp_path / "scores.csv"
    runs.examine(agents[:1], path=path, progress=False)
    first = table(path)
    assert tuple(first[0]) == runs.EXAMINED
    assert [row[:3] for row in first[1:]] == [["one-1", "sampled", "3"], ["one-1", "greedy", "4"]]
    runs.examine(agents, path=path, progress=False)
    assert table(path)[:3] == first
    assert [row[0] for row in table(path)[3:]] == ["thousand-1"] * 2
    # Both learned from the same play, so that they are the same agent.
    assert [row[1:] for row in table(path)[3:]] == [row[1:] for row in first[1:]]


def test_what_is_no_agent_is_refused_before_anything_is_played(tmp_path):
    (tmp_path / "odd.pt").write_text("no weights")
    with pytest.raises(ValueError, match=r"odd\.pt is not an agent"):
        runs.examine([tmp_path / "odd.pt"], path=tmp_path / "scores.csv", progress=False)
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize("variant", runs.pong())
def test_the_tables_of_pong_in_the_benchmarks_are_those_of_the_shipped_files(variant):
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    scores = runs.examined("pong")
    for seed, curve in runs.load("pong")[variant].items():
        reached = [runs.steps_until(curve, points) for points in (0.001, 18)]
        cells = [f"{steps:,.0f}" if np.isfinite(steps) else "-" for steps in reached]
        cells += [f"{curve.env_steps[-1]:,.0f}", f"{curve.score[-1]:.1f}", f"{curve.seconds[-1] / 60:.1f}"]
        cells += [f"{score:.1f}" for score in scores.get(f"{variant}-{seed}", {}).values()]
        assert f"| {seed} | {' | '.join(cells)} |" in page


def test_the_trained_agent_that_comes_with_the_course_is_small_and_safe_to_load():
    path = ROOT / "course" / "data" / "pong_agent.pt"
    assert path.stat().st_size < 1_000_000
    agent = load(path)
    assert (agent.env_name, agent.actions) == ("pong", 3)
    assert agent.protocol == PONG_PROTOCOL

"""Whole runs over seeds: the file that a study leaves behind, and what its variants change."""

import csv
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from course.arrays import Array
from course.games import PONG_PROTOCOL
from course.nets import load
from course.returns import gae
from course.studies import (
    STUDIES,
    Curve,
    Study,
    Variant,
    examine_agents,
    examined,
    load_curves,
    measure_runs,
    over,
    runs,
    steps_until,
    train_variant,
    without_bootstrap,
    without_critic,
)
from course.studies.curves import QUANTITIES, RUN_COLUMNS
from course.studies.runs import EXAM_COLUMNS
from course.studies.variants import cartpole_variants, pong_variants
from course.tables import read_table
from course.train import CARTPOLE

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def small(monkeypatch):
    """A study of two variants that is over in a moment."""
    short = replace(CARTPOLE, env_steps=2_500)
    variants = {"one": Variant(config=short), "thousand": Variant(config=short, scale=1000.0)}
    monkeypatch.setitem(STUDIES, "small", Study("CartPole-v1", lambda: variants))
    return variants


def table(path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_a_row_is_an_update_and_scores_are_in_points(small, tmp_path):
    path = tmp_path / "small.csv"
    measure_runs("small", seeds=1, path=path, progress=False)
    header, *rows = table(path)
    assert tuple(header) == RUN_COLUMNS
    assert [row[0] for row in rows] == ["one"] * 3 + ["thousand"] * 3
    one, thousand = rows[:3], rows[3:]
    for plain, scaled in zip(one, thousand, strict=True):  # the same play, and the same score, in points
        assert plain[2:4] == scaled[2:4]
    assert 8 < float(one[0][3]) < 100


def test_an_interrupted_study_keeps_what_is_finished_and_goes_on_from_there(small, tmp_path, monkeypatch):
    path = tmp_path / "small.csv"
    asked = []

    def stops_at_the_second(study, variant, *, seed):
        asked.append((variant, seed))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return train_variant(study, variant, seed=seed)

    monkeypatch.setattr(runs, "train_variant", stops_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        measure_runs("small", seeds=2, path=path, progress=False)
    first = table(path)
    assert {row[0] for row in first[1:]} == {"one"}
    measure_runs("small", seeds=2, path=path, progress=False)
    assert table(path)[: len(first)] == first
    assert asked[2:] == [("thousand", 1), ("one", 2), ("thousand", 2)]
    measure_runs("small", seeds=2, path=path, progress=False)
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
        measure_runs(call.pop("study"), path=path, progress=False, **call)
    assert not path.exists()


def test_a_file_with_other_columns_is_left_alone(small, tmp_path):
    path = tmp_path / "small.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="columns"):
        measure_runs("small", seeds=1, path=path, progress=False)
    assert path.read_text() == "a,b\n1,2\n"


def test_the_shipped_cartpole_runs_hold_twenty_seeds_as_given_and_ten_of_every_other_variant():
    found = load_curves("cartpole")
    assert set(found) == set(cartpole_variants())
    assert {name: len(seeds) for name, seeds in found.items() if name != "as given"} == dict.fromkeys(
        set(found) - {"as given"}, 10
    )
    assert sorted(found["as given"]) == list(range(1, 21))


def test_a_live_run_is_near_the_shipped_runs():
    # Not equal: the same seed gives other episodes on another processor.
    shipped = [steps_until(curve, 400) for curve in load_curves("cartpole")["as given"].values()]
    for update in train_variant("cartpole", "as given", seed=1):
        if update.score >= 400:
            break
    assert 0.5 * min(shipped) < update.env_steps < 2 * max(shipped)


@pytest.mark.parametrize(
    ("rule", "updates"),
    [
        ({}, 3),
        ({"stop_at": 0.0}, 1),
        ({"hopeless_below": 1e9, "hopeless_after": 1_500}, 2),
        ({"hopeless_below": 0.0, "hopeless_after": 0}, 3),
    ],
)
def test_a_run_ends_where_it_has_won_or_is_hopeless(small, rule, updates):
    small["one"] = replace(small["one"], **rule)
    assert [update.number for update in train_variant("small", "one", seed=1)] == list(range(1, updates + 1))


def test_a_curve_is_made_of_updates_by_name():
    updates = [SimpleNamespace(**{name: nth + 10 * n for n, name in enumerate(QUANTITIES)}) for nth in (1, 2)]
    curve = Curve.of(iter(updates))
    assert curve.env_steps.tolist() == [1, 2]
    assert curve.score.tolist() == [11, 12]
    assert curve.seconds.tolist() == [71, 72]
    assert curve.seconds.dtype == np.float64


def test_runs_are_compared_at_the_same_steps_by_hand():
    one, other = (Curve(**{name: np.zeros(2) for name in QUANTITIES}) for _ in range(2))
    one.env_steps[:] = [0, 10]
    one.score[:] = [0, 100]
    other.env_steps[:] = [5, 10]
    other.score[:] = [1, 2]
    assert over([one, other], "score", np.array([5.0, 7.5, 20.0])).tolist() == [[50, 75, 100], [1, 1.5, 2]]


def test_the_table_of_a_study_reads_back_as_its_updates(small, tmp_path):
    path = tmp_path / "small.csv"
    measure_runs("small", seeds=1, path=path, variants=["one"], progress=False)
    rows = read_table(path, RUN_COLUMNS)
    updates = list(train_variant("small", "one", seed=1))
    assert [int(row["env_steps"]) for row in rows] == [update.env_steps for update in updates]
    for row, update in zip(rows, updates, strict=True):
        for name in QUANTITIES[1:-1]:
            assert float(row[name]) == pytest.approx(getattr(update, name), rel=1e-3)


def test_steps_until_a_score_by_hand():
    curve = Curve(**{name: np.arange(3.0) for name in QUANTITIES})
    curve.score[:] = [1, 5, 3]
    curve.env_steps[:] = [10, 20, 30]
    assert steps_until(curve, 5) == 20
    assert steps_until(curve, 6) == np.inf


def one_episode_cut() -> tuple[Array, ...]:
    rewards, values = np.ones((3, 1)), np.full((3, 1), 10.0)
    ends = np.zeros((3, 1), dtype=bool)
    return rewards, values, values, ends, ends


def test_without_critic_is_reward_to_go_up_to_the_end_of_the_rollout():
    assert without_critic(*one_episode_cut(), gamma=0.5, lam=0.9).ravel().tolist() == [1.75, 1.5, 1.0]


def test_without_bootstrap_the_rollouts_end_counts_as_the_end_of_the_task():
    rewards, values, following, ends, _ = one_episode_cut()
    ended = np.array([[False], [False], [True]])
    expected = gae(rewards, values, following, ended, ends, gamma=0.5, lam=0.9)
    assert np.array_equal(without_bootstrap(*one_episode_cut(), gamma=0.5, lam=0.9), expected)
    assert expected[-1, 0] == 1 - 10


def test_without_bootstrap_leaves_its_arguments_alone():
    arguments = one_episode_cut()
    without_bootstrap(*arguments, gamma=0.5, lam=0.9)
    assert not arguments[3].any()


def test_the_agents_of_finished_runs_are_kept_and_examined_each_way_once(small, tmp_path, monkeypatch):
    ways = {"sampled": dict(episodes=3, greedy=False), "greedy": dict(episodes=4, greedy=True)}
    monkeypatch.setattr(runs, "EXAMS", ways)
    measure_runs("small", seeds=1, path=tmp_path / "runs.csv", agents=tmp_path / "agents", progress=False)
    agents = sorted((tmp_path / "agents").iterdir())
    assert [agent.name for agent in agents] == ["one-1.pt", "thousand-1.pt"]
    path = tmp_path / "scores.csv"
    examine_agents(agents[:1], path=path, progress=False)
    first = table(path)
    assert tuple(first[0]) == EXAM_COLUMNS
    assert [row[:3] for row in first[1:]] == [["one-1", "sampled", "3"], ["one-1", "greedy", "4"]]
    examine_agents(agents, path=path, progress=False)
    assert table(path)[:3] == first
    assert [row[0] for row in table(path)[3:]] == ["thousand-1"] * 2
    # Both learned from the same play, so that they are the same agent.
    assert [row[1:] for row in table(path)[3:]] == [row[1:] for row in first[1:]]


def test_what_is_no_agent_is_refused_before_anything_is_played(tmp_path):
    (tmp_path / "odd.pt").write_text("no weights")
    with pytest.raises(ValueError, match=r"odd\.pt is not an agent"):
        examine_agents([tmp_path / "odd.pt"], path=tmp_path / "scores.csv", progress=False)
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.parametrize("variant", pong_variants())
def test_the_tables_of_pong_in_the_benchmarks_are_those_of_the_shipped_files(variant):
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    scores = examined("pong")
    for seed, curve in load_curves("pong")[variant].items():
        reached = [steps_until(curve, points) for points in (0.001, 18)]
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

"""The performance table: resumed and not repeated, saved at once, and honest about a peer that is missing."""

import json

import numpy as np
import pytest
import torch

from course import __main__ as cli
from course import returns
from course.studies import bench
from course.train import CARTPOLE


@pytest.fixture(autouse=True)
def full_length(monkeypatch):
    monkeypatch.delenv("COURSE_QUICK", raising=False)


def some_run(seed):
    return 0.5, 100 * seed, 480.0


def test_a_table_is_resumed_not_repeated(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setitem(
        bench.TASKS, "cartpole", lambda: {"ours": lambda seed: calls.append(seed) or some_run(seed)}
    )
    path = tmp_path / "rows.json"
    said = []
    bench.bench("cartpole", 2, path, say=said.append)
    rows, missing = bench.bench("cartpole", 3, path, say=said.append)

    assert calls == [1, 2, 3]
    assert [list(row) for row in rows] == [list(bench.BENCH_COLUMNS)] * 3
    assert json.loads(path.read_text(encoding="utf-8")) == rows
    assert missing == []
    spread = "0.5000 s (0.5000 to 0.5000), 200 steps (100 to 300), lowest score 480.0"
    assert said[-1] == f"cartpole: ours: median of 3: {spread}"


def test_every_seed_is_saved_as_soon_as_it_is_there(tmp_path, monkeypatch):
    def run(seed):
        if seed == 2:
            raise KeyboardInterrupt
        return 0.5, None, None

    monkeypatch.setitem(bench.TASKS, "gae", lambda: {"ours": run})
    path = tmp_path / "rows.json"
    with pytest.raises(KeyboardInterrupt):
        bench.bench("gae", 3, path, say=str)
    assert [row["seed"] for row in json.loads(path.read_text(encoding="utf-8"))] == [1]
    rows, _ = bench.bench("gae", 1, path, say=str)
    assert [row["seed"] for row in rows] == [1]


def test_a_missing_peer_is_said_in_the_table_and_in_the_exit_status(tmp_path, monkeypatch, capsys):
    systems = {"ours": some_run, "a peer": None}
    monkeypatch.setitem(bench.TASKS, "cartpole", lambda: systems)
    call = ["bench", "--only", "cartpole", "--seeds", "2", "--json", str(tmp_path / "rows.json")]
    assert cli.main(call) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("cartpole: a peer: NOT MEASURED, it is not installed: pip install")

    # Once it has been measured, its rows stand in the table, wherever the rest is measured.
    systems["a peer"] = some_run
    assert cli.main(call) == 0
    systems["a peer"] = None
    assert cli.main(call) == 0
    said = capsys.readouterr().out
    assert "NOT MEASURED" not in said
    assert "cartpole: a peer: median of 2" in said.splitlines()[-1]


def test_without_the_extra_both_tasks_say_which_peer_is_missing(monkeypatch):
    monkeypatch.setattr(bench.peers, "HERE", False)
    assert bench.cartpole_systems()[bench.peers.PEER] is None
    assert bench.pong_systems()[bench.peers.PEER_PONG] is None
    monkeypatch.setattr(bench.peers, "HERE", True)
    assert None not in bench.cartpole_systems().values()
    assert None not in bench.pong_systems().values()


def test_quick_mode_plays_one_seed(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "1")
    monkeypatch.setitem(bench.TASKS, "cartpole", lambda: {"ours": some_run})
    rows, _ = bench.bench("cartpole", 5, say=str)
    assert [row["seed"] for row in rows] == [1]


@pytest.mark.parametrize("text", ['{"rows": 1}', "[1]", "no JSON", '[{"task": "gae"}]'])
def test_a_file_of_something_else_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "rows.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"rows\.json must be a JSON list of rows with task,system,seed"):
        bench.bench("cartpole", 1, path)
    assert path.read_text(encoding="utf-8") == text


def test_bad_arguments_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match="task 'cartpol' is not known; did you mean 'cartpole'"):
        bench.bench("cartpol")
    with pytest.raises(ValueError, match="seeds must be a whole number of at least 1, got 0"):
        bench.bench("gae", 0)
    with pytest.raises(ValueError, match="scale must be above 0, got 0"):
        bench.solve_cartpole(CARTPOLE, seed=1, scale=0)
    with pytest.raises(OSError, match="nowhere"):  # before anything is played
        bench.bench("pong", 1, tmp_path / "nowhere" / "rows.json")


def test_the_torch_loop_of_the_table_computes_the_same_advantages():
    expected = returns.gae(*bench._rollout(0, (50, 3)), gamma=0.9, lam=0.8)
    tensors = [torch.from_numpy(array).double() for array in bench._rollout(0, (50, 3))]
    # the table's own arrays: both flags never stand together there, or terminated wins in both
    np.testing.assert_allclose(
        bench.peers.torch_gae(*tensors, gamma=0.9, lam=0.8), expected, rtol=1e-9, atol=1e-9
    )


def test_cartpole_is_solved_within_its_budget_and_examined_twice():
    seconds, env_steps, score = bench.solve_cartpole(CARTPOLE, seed=1)
    print(f"\nCartPole: {env_steps:,} steps, {seconds:.2f} s, then {score:.1f}")
    assert env_steps <= 40_000
    assert score >= 475

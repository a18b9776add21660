"""The same jobs on a real Dask cluster of two processes, one of which is killed while it grades."""

import threading
import time
from pathlib import Path

import dask
import pytest
from distributed import LocalCluster

from course import __main__ as cli
from course.arrays import Refusal
from course.grading import Options, command, grade, running
from tests.grading import tiny

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # for the workers, which have to find this folder
    settings = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.deploy.lost-worker-timeout": "10 minutes",  # a busy machine takes its time to start one
    }
    with (
        dask.config.set(settings),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0) as two,
    ):
        yield two


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(command, "_grader", lambda: tiny.grade_one)


def put(folder, **contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.ipynb").write_text(content)
    return folder


def test_a_worker_that_is_killed_loses_nobody_and_the_grades_are_those_of_one_process(
    cluster, tmp_path, monkeypatch
):
    right = {f"learner{number}": "right" for number in range(12)}
    folder = put(tmp_path / "class", **right, bob="wrong Lambda is missing.", cy="raise", mallory="die")
    put(folder, once=f"die-once {tmp_path / 'died'}")
    (folder / "link.ipynb").symlink_to(folder / "bob.ipynb")

    rows = grade(
        folder, out=tmp_path / "a", options=Options(trusted=True, scheduler=cluster.scheduler_address)
    )
    assert (tmp_path / "died").exists()
    states = {row.student: row.state for row in rows}
    assert states == {
        **dict.fromkeys(right, "right"),
        "bob": "wrong",
        "cy": "ungraded",
        "link": "ungraded",
        "mallory": "ungraded",
        "once": "right",
    }

    for name in ("mallory.ipynb", "link.ipynb"):
        (folder / name).unlink()
    again = ["grade", str(folder), "--trusted", "--out"]
    assert cli.main([*again, str(tmp_path / "a"), "--scheduler", cluster.scheduler_address]) == 1
    assert cli.main([*again, str(tmp_path / "b")]) == 1
    assert (tmp_path / "a/grades.csv").read_bytes() == (tmp_path / "b/grades.csv").read_bytes()

    check_that_a_worker_with_another_course_is_not_fit(cluster)
    check_that_workers_that_are_started_are_waited_for(cluster, monkeypatch)
    check_that_a_lost_cluster_is_told(cluster, folder, tmp_path / "c")


def wait_until(done):
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def another_course():
    return "0123abc"


def broken():
    raise ImportError("no course here")


def check_that_a_worker_with_another_course_is_not_fit(cluster):
    with running.connected(cluster.scheduler_address) as client:
        assert running.unfit(client, another_course, "0123abc") == ""
        assert "is not fit: it has another version of the course" in running.unfit(
            client, another_course, "this"
        )
        assert "cannot grade: ImportError: no course here" in running.unfit(client, broken, "this")


def check_that_workers_that_are_started_are_waited_for(cluster, monkeypatch):
    def this():
        return "this"

    with running.connected(cluster.scheduler_address) as client:
        cluster.scale(0)
        wait_until(lambda: not client.nthreads())
        with monkeypatch.context() as patch:
            patch.setattr(running, "PATIENCE", 0.2)
            why = running.unfit(client, this, "this")
        assert why == "the cluster has no workers, and none came within 0.2 s"

        threading.Timer(0.5, cluster.scale, [2]).start()
        with monkeypatch.context() as patch:
            patch.setattr(running, "PATIENCE", 60)
            assert running.unfit(client, this, "this") == ""
        client.wait_for_workers(2, timeout=60)


def check_that_a_lost_cluster_is_told(cluster, folder, out):
    put(folder, slow="wait 300")
    journal = out / "finished.jsonl"

    def close_when_the_others_are_done():
        wait_until(lambda: journal.exists() and journal.read_text().count("\n") == 14)
        cluster.close()

    threading.Thread(target=close_when_the_others_are_done).start()
    with pytest.raises(Refusal, match="the cluster"):
        grade(folder, out=out, options=Options(trusted=True, scheduler=cluster.scheduler_address))
    assert journal.read_text().count("\n") == 14  # what was finished is kept
    assert not (out / "grades.csv").exists()


def test_workers_of_a_cluster_are_not_counted_by_us(tmp_path):
    folder = put(tmp_path / "class", ada="right")
    with pytest.raises(Refusal, match="give --workers or --scheduler"):
        grade(folder, out=tmp_path / "out", options=Options(trusted=True, scheduler="tcp://x:1", workers=2))

"""What is written, what is kept, and what is refused: `course grade` around a tiny grader."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from course import __main__ as cli
from course.arrays import Refusal
from course.grading import Options, command, grade, running
from course.grading.journal import Journal
from course.grading.records import COLUMNS, cleaned, write_grades
from course.tables import read_table
from tests.grading import tiny

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "_grader", lambda: tiny.grade_one)
    monkeypatch.setenv("TINY_LOG", str(tmp_path / "log"))


@pytest.fixture
def log(tmp_path):
    """Who was graded since it was last asked."""

    def since():
        path = tmp_path / "log"
        said = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return sorted(said)

    return since


def put(folder, **contents):
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.ipynb").write_text(content)
    return folder


def table(out):
    return [tuple(row.values()) for row in read_table(out / "grades.csv", COLUMNS)]


def run(folder, out, **options):
    return grade(folder, out=out, options=Options(trusted=True, **options))


# Rows


def test_rows_are_written_as_they_are_and_what_is_unknown_is_an_empty_field(tmp_path):
    rows = [
        tiny.row(student=cleaned('=HYPERLINK("x"), é')),
        tiny.row(state="wrong", cause='It says "no",\nreally.'),
        running.ungraded("bob", "08_gae.ipynb", "It is a link."),
    ]
    write_grades(tmp_path / "grades.csv", rows)
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        header, *written = csv.reader(file)
    assert tuple(header) == ("student", "lesson", "exercise", "points", "max_points", "cause", "state")
    assert written == [
        ['\'=HYPERLINK("x"), é', "08_gae", "gae", "6", "6", "", "right"],
        ["ada", "08_gae", "gae", "0", "6", 'It says "no",\nreally.', "wrong"],
        ["bob", "08_gae.ipynb", "", "", "", "It is a link.", "ungraded"],
    ]


@pytest.mark.parametrize("sign", "=+-@\t\r")
def test_a_name_that_a_spreadsheet_would_run_gets_a_quote(sign):
    assert cleaned(f"{sign}1+1").startswith("'")


def test_names_keep_what_people_are_called_and_lose_what_steers_a_terminal():
    kept = "O'Brien, María-José Ångström 李小龍 می\u200cخواهم"
    assert cleaned(kept) == kept
    assert cleaned("a\x1b[31mb\u2028c\x7f\ud800") == "a\ufffd[31mb\ufffdc\ufffd\ufffd"
    assert len(cleaned("x" * 10_000)) == 200


# A call


def test_one_of_each_state_and_the_exit_status(tmp_path, capsys):
    folder = put(tmp_path / "class", ada="right", bob="wrong Lambda is missing.", cy="raise")
    call = ["grade", str(folder), "--out", str(tmp_path / "out"), "--trusted"]
    assert cli.main(call) == 1
    assert table(tmp_path / "out") == [
        ("ada", "08_gae", "gae", "6", "6", "", "right"),
        ("bob", "08_gae", "gae", "0", "6", "Lambda is missing.", "wrong"),
        ("cy", "cy.ipynb", "", "", "", running.OURS, "ungraded"),
    ]
    assert "3 learners, 3 rows: 1 right, 1 wrong, 1 ungraded" in capsys.readouterr().out
    assert len(list((tmp_path / "out/feedback").iterdir())) == 3

    (folder / "cy.ipynb").write_text("wrong")
    assert cli.main(call) == 0  # a wrong answer is no failure of the grader's


def test_the_graders_own_failure_is_not_told_to_learners(tmp_path, caplog):
    run(put(tmp_path / "class", cy="raise"), tmp_path / "out")
    assert "42" in caplog.text  # the lecturer sees it
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"42" not in path.read_bytes().replace(b"#42464d", b"")


def test_of_two_copies_in_two_folders_the_one_at_home_counts(tmp_path):
    folder = tmp_path / "class"
    for where, content in {
        "ada/07_td/08_gae": "wrong",
        "ada/08_gae/08_gae": "right",
        "bob/a/x": "right",
    }.items():
        path = folder / f"{where}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    run(folder, tmp_path / "out")
    assert [row[:4] for row in table(tmp_path / "out")] == [
        ("ada", "08_gae", "gae", "6"),
        ("bob", "08_gae", "gae", "6"),
    ]


# Going on


def test_a_second_call_grades_what_is_new_changed_or_was_not_graded(tmp_path, log):
    folder = put(tmp_path / "class", ada="right", bob="wrong", cy="raise")
    out = tmp_path / "out"
    run(folder, out)
    assert log() == ["ada ada.ipynb", "bob bob.ipynb", "cy cy.ipynb"]
    first = table(out)
    run(folder, out)
    assert log() == ["cy cy.ipynb"]
    assert table(out) == first

    put(folder, bob="right", dee="right")
    (folder / "ada.ipynb").unlink()
    run(folder, out)
    assert log() == ["bob bob.ipynb", "cy cy.ipynb", "dee dee.ipynb"]
    assert [row[0] for row in table(out)] == ["bob", "cy", "dee"]


def test_other_cases_another_course_and_another_trust_are_graded_again(tmp_path, log, monkeypatch):
    folder = put(tmp_path / "class", ada="right")
    out = tmp_path / "out"
    run(folder, out)
    assert log()
    (tmp_path / "cases").write_text("SEED = 5")
    run(folder, out, cases=tmp_path / "cases")
    assert log()
    monkeypatch.setattr(command, "_sandbox_refusal", str)
    grade(folder, out=out)  # in the sandbox
    assert log()
    monkeypatch.setattr(command, "course_key", lambda: "another")
    run(folder, out)
    assert log()
    run(folder, out)
    assert not log()


def test_the_courses_key_is_that_of_its_code(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("x = 1")
    monkeypatch.setattr(command, "COURSE", tmp_path)
    before = command.course_key()
    assert command.course_key() == before
    (tmp_path / "a.py").write_text("x = 2")
    assert command.course_key() != before


def test_a_line_that_a_crash_left_half_is_dropped_and_strange_lines_are_ignored(tmp_path):
    path = tmp_path / "finished.jsonl"
    with Journal(path) as journal:
        journal.append("a", [tiny.row()])
        journal.append("b", [tiny.row(state="ungraded")])
    with path.open("ab") as file:
        file.write(b'{"key": "c", "rows": [{"old": 1}]}\n[1]\nnonsense\n{"key": "d", "rows"')
    with Journal(path) as journal:
        assert journal.finished == {"a": [tiny.row()]}
        journal.append("e", [tiny.row(student="eve")])
    with Journal(path) as journal:
        assert [*journal.finished] == ["a", "e"]


def test_two_calls_do_not_write_into_one_folder(tmp_path):
    folder = put(tmp_path / "class", ada="right")
    (tmp_path / "out").mkdir()
    with Journal(tmp_path / "out/finished.jsonl"), pytest.raises(Refusal, match="another `course grade`"):
        run(folder, tmp_path / "out")


CALL = """
import sys
from course import __main__ as cli
from course.grading import command
from tests.grading import tiny
if __name__ == "__main__":
    command._grader = lambda: tiny.grade_one
    command._sandbox_refusal = str
    sys.exit(cli.main(["grade", *sys.argv[1:]]))
"""


@pytest.mark.parametrize(("workers", "stop"), [("1", signal.SIGTERM), ("2", signal.SIGINT)])
def test_a_call_that_is_stopped_keeps_what_is_finished(tmp_path, workers, stop, log, monkeypatch):
    folder = put(tmp_path / "class", ada="right", bob="right", cy="wait 60", dee="wait 60")
    out = tmp_path / "out"
    out.mkdir()
    (out / "grades.csv").write_text("earlier")
    (tmp_path / "call.py").write_text(CALL)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "call.py", folder, "--out", out, "--workers", workers],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = out / "finished.jsonl"
    until = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n") == 2) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(stop)
    assert process.wait(timeout=10) == 1
    assert process.stderr.read().strip().splitlines()[-1] == "Stopped. What was finished is kept."
    assert (out / "grades.csv").read_text() == "earlier"

    log()
    monkeypatch.setattr(command, "_sandbox_refusal", str)
    put(folder, cy="right", dee="right")
    grade(folder, out=out)
    assert log() == ["cy cy.ipynb", "dee dee.ipynb"]
    assert len(table(out)) == 4


# What is refused, before anybody is graded


def test_calls_that_cannot_be_carried_out_change_nothing(tmp_path, capsys, log, monkeypatch):
    monkeypatch.setattr(running, "PATIENCE", 0.5)
    folder = put(tmp_path / "class", ada="right")
    out = tmp_path / "out"
    out.mkdir()
    (out / "grades.csv").write_text("earlier")
    (tmp_path / "file").write_text("x")
    bad = {
        ("nowhere", "--out", out): "No such file or directory",
        (folder, "--out", tmp_path / "file"): "File exists",
        (folder, "--out", tmp_path / "file" / "below"): "Not a directory",
        (folder, "--out", out, "--workers", "0"): "workers must be a whole number of at least 1, got 0",
        (folder, "--out", out, "--cases", "nowhere"): "No such file or directory",
        (
            folder,
            "--out",
            out,
            "--cases",
            folder / "ada.ipynb",
        ): "the file of --cases cannot be run: NameError",
        (folder, "--out", out, "--gradebook", tmp_path / "no" / "book.db"): "No such file or directory",
        (folder, "--out", out, "--gradebook", folder / "ada.ipynb"): "is no gradebook of nbgrader",
        (folder, "--out", out, "--export", "moodle", "nowhere"): "No such file or directory",
        (
            folder,
            "--out",
            out,
            "--export",
            "blackboard",
            tmp_path / "file",
        ): "export 'blackboard' is not known",
        (folder, "--out", out, "--scheduler", "tcp://127.0.0.1:1"): "no Dask scheduler answers",
    }
    for arguments, said in bad.items():
        assert cli.main(["grade", *map(str, arguments), "--trusted"]) == 2, arguments
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1, error
    assert log() == []
    assert (out / "grades.csv").read_text() == "earlier"


def test_without_a_sandbox_nothing_is_graded(tmp_path, monkeypatch, capsys, log):
    folder = put(tmp_path / "class", ada="right")
    monkeypatch.setattr(command, "_sandbox_refusal", lambda: "bubblewrap is not installed: apt install it")
    assert cli.main(["grade", str(folder), "--out", str(tmp_path / "out")]) == 2
    assert "bubblewrap is not installed" in capsys.readouterr().err
    assert log() == []
    assert not (tmp_path / "out").exists()


# A process that dies


def test_processes_that_die_lose_nobody_and_the_one_who_kills_them_is_found(tmp_path):
    folder = put(tmp_path / "class", mallory="die", eve="terminate", once=f"die-once {tmp_path / 'died'}")
    put(folder, **{f"learner{number}": "right" for number in range(6)})
    (tmp_path / "out").mkdir()
    rows = run(folder, tmp_path / "out", workers=2)
    assert {row.student: row.state for row in rows} == {
        "eve": "right",
        "mallory": "ungraded",
        "once": "right",
        **{f"learner{number}": "right" for number in range(6)},
    }


def test_without_a_sandbox_a_sigterm_that_an_answer_sends_ends_nothing(tmp_path):
    folder = put(tmp_path / "class", mallory="terminate", zoe="right")
    before = signal.getsignal(signal.SIGTERM)
    rows = run(folder, tmp_path / "out")
    assert [row.student for row in rows] == ["mallory", "zoe"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_process_that_grades_does_not_wait_for_what_draws():
    code = "import course.grading.running, sys; print(*{'matplotlib', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""

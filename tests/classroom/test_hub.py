"""The trial of a JupyterHub: its configuration, what it refuses, its report. The trial itself is no test.

It installs packages, starts servers and browsers, and takes minutes:
`python -m course.classroom.hub --out DIR`.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from traitlets.config import Config

from course import checks
from course.arrays import Refusal
from course.checks import jackpots
from course.classroom.hub import config, place, server
from course.classroom.hub.__main__ import main
from course.classroom.hub.report import Report

ROOT = Path(__file__).resolve().parents[2]
ACCESS = config.Access(
    port=8000, hub_port=8001, api_port=8002, password="p" * 16, instructors_password="q" * 43
)


def settings(text):
    """What a configuration says, as JupyterHub reads it."""
    c = Config()
    exec(text, {"get_config": lambda: c})
    return c


@pytest.fixture
def here(tmp_path):
    return place.Place(tmp_path / "hub")


def test_the_hub_listens_on_this_machine_only_and_everything_of_it_lies_in_one_folder(here):
    text = config.hub_config(here, ACCESS, root=False)
    addresses = re.findall(r"https?://([^/:\"]+)", text)
    assert len(addresses) == 3
    assert set(addresses) == {"127.0.0.1"}
    paths = re.findall(r"['\"/](/[\w./{}-]+)", re.sub("sqlite:///|/usr/local/bin:/usr/bin:/bin", "", text))
    inside = [path for path in paths if path.startswith(str(here.out))]
    assert len(inside) >= 6
    assert {path for path in paths if path not in inside and not path.startswith("/127.0.0.1")} == {"/lab"}


@pytest.mark.parametrize("root", [True, False])
def test_the_configuration_says_who_may_come_and_what_is_started(here, root):
    c = settings(config.hub_config(here, ACCESS, root=root))
    assert c.Authenticator.allowed_users == {"ada", "ben"}
    assert c.Authenticator.admin_users == {"ines"}
    assert c.SharedPasswordAuthenticator.user_password == ACCESS.password
    assert c.SharedPasswordAuthenticator.admin_password == ACCESS.instructors_password
    assert c.Spawner.args == (["--allow-root"] if root else [])
    assert c.Spawner.cmd == ["sh", str(here.out / "seat.sh")]
    assert c.SimpleLocalProcessSpawner.home_dir_template.format(username="ada") == str(here.home("ada"))
    assert ACCESS.password not in ACCESS.instructors_password


def test_everybody_shares_one_course_and_one_exchange_in_nbgrader(here):
    c = settings(config.nbgrader_config(here))
    assert (c.CourseDirectory.course_id, c.Exchange.root) == ("advantage", str(here.exchange))


def test_the_script_of_a_seat_is_a_script_that_hides_the_other_homes(here):
    text = config.seat(here)
    checked = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    learners = text.split("exec bwrap")[-1]
    words = learners.replace("\\\n", " ").split()
    assert words.index("--tmpfs", words.index("/tmp")) < words.index(str(here.course))  # hidden, then shown
    shown = {words[i + 1] for i, word in enumerate(words) if word in ("--bind", "--ro-bind")} - {"/"}
    assert shown == {str(here.course), str(here.settings), str(here.exchange), '"$HOME"'}


@pytest.mark.skipif(not shutil.which("bwrap"), reason="no bubblewrap here")
def test_a_learner_sees_neither_the_passwords_nor_another_home(here):
    access = server.access()
    for person in ("ada", "ben"):
        here.home(person).mkdir(parents=True)
        (here.home(person) / "answer.txt").write_text(person)
    for folder in (here.exchange, here.python.parent):
        folder.mkdir(parents=True)
    server.configure(here, access)
    spy = here.python.with_name("jupyterhub-singleuser")
    spy.write_text(
        f"#!/bin/sh\nid -un\ncat {here.out}/homes/*/answer.txt {here.out}/jupyterhub_config.py; pwd"
    )
    spy.chmod(0o755)
    said = subprocess.run(
        ["sh", here.out / "seat.sh"],
        env={"USER": "ada", "HOME": str(here.home("ada")), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.splitlines() == ["ada", f"ada{here.home('ada')}"], said.stderr
    assert access.password not in said.stdout
    assert (here.out / "jupyterhub_config.py").stat().st_mode & 0o077 == 0


def test_passwords_are_new_every_time_and_ports_differ():
    one, other = server.access(), server.access(port=4711)
    assert len({one.password, other.password, one.instructors_password, other.instructors_password}) == 4
    assert len({one.port, one.hub_port, one.api_port}) == 3
    assert other.address == "http://127.0.0.1:4711"


@pytest.mark.parametrize("missing", ["git", "node", "npm", "bwrap", "chromium"])
def test_a_program_that_is_missing_is_named_with_its_remedy(missing, tmp_path, monkeypatch, capsys):
    gone = place.CHROMIUM if missing == "chromium" else (missing,)
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name in gone else which(name) or "/bin/true")
    assert main(["--out", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("hub: ")
    assert said.count("\n") == 1
    assert missing in said
    assert "install" in said.lower()
    assert not (tmp_path / "new").exists()


@pytest.fixture
def complete(monkeypatch):
    """A machine that has everything."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")


def test_a_folder_that_is_not_empty_is_left_alone(complete, tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(Refusal, match="--out must be an empty folder, or none yet, got"):
        place.place(tmp_path)
    with pytest.raises(Refusal, match="--out must be an empty folder"):
        place.place(tmp_path / "thesis.tex")
    assert (tmp_path / "thesis.tex").read_text() == "dear"


def test_a_port_that_is_taken_and_another_system_are_refused(complete, tmp_path, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=f"--port must be free, got {port}, which"):
            place.place(tmp_path, port=port)
    assert place.place(tmp_path, port=port).out == tmp_path.resolve()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(Refusal, match=r"the trial needs Linux, where .*, got darwin"):
        place.place(tmp_path)


def test_only_processes_of_the_trials_own_programs_are_ended(here):
    here.python.parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep"), here.python)
    ours = subprocess.Popen([here.python, "60"])
    reader = subprocess.Popen(["sleep", "60"], cwd=here.out)
    try:
        server.wait(lambda: ours.pid in server.processes(here), 5, "the process to be seen")
        assert set(server.processes(here)) == {ours.pid}
        server._end(here, ours)
        assert ours.poll() is not None
        assert reader.poll() is None
    finally:
        for each in (ours, reader):
            each.kill()
            each.wait()


def test_waiting_in_vain_is_said():
    with pytest.raises(Refusal, match=r"waited 0\.1 s in vain for rain"):
        server.wait(lambda: False, 0.1, "rain")


def test_a_process_is_known_by_what_it_runs():
    named = {
        "node /x/configurable-http-proxy --ip 127.0.0.1": "proxy",
        "/x/bin/python /x/bin/jupyterhub -f jupyterhub_config.py": "hub",
        "/x/bin/python /x/bin/jupyterhub-singleuser": "server",
        "/x/bin/python -m ipykernel_launcher -f kernel.json": "kernel",
        "bash": "other",
    }
    assert {command: server.kind(command) for command in named} == named
    assert server.cost(1 << 30) == {"rss": 0.0, "pss": 0.0, "cpu": 0.0}


def test_the_report_counts_seats_in_a_gigabyte_and_can_be_read_back(tmp_path):
    report = Report()
    report.memory = {
        "server, idle": {"rss": 150, "pss": 100, "cpu": 2.5},
        "kernel, 03_jackpots run": {"rss": 500, "pss": 400, "cpu": 6},
    }
    report.seconds["ada: from login to JupyterLab"] = 4.25
    report.found["ada's points"] = "2 of 2."
    report.look_at_the_machine()
    assert report.seats("03_jackpots") == 2
    report.write(tmp_path / "report.json")
    back = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert back == vars(report)
    assert Report.read(tmp_path / "report.json") == report
    lines = report.table().splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["process", "PSS,", "MB", "RSS,", "MB", "CPU,", "s"],
        ["server,", "idle", "100", "150", "2.5"],
        ["kernel,", "03_jackpots", "run", "400", "500", "6.0"],
    ]
    assert lines[5].split() == ["ada:", "from", "login", "to", "JupyterLab", "4.2"]
    assert "ada's points: 2 of 2." in lines


def test_the_answers_that_are_typed_are_the_right_one_and_a_known_mistake():
    trial = pytest.importorskip("course.classroom.hub.trial")
    assert trial.EXERCISE == jackpots.STANDARD_ERROR.name
    causes = {}
    for name, line in trial.ANSWERS.items():
        names = {"np": __import__("numpy")}
        exec(f"def standard_error(rewards):\n    {line}", names)
        causes[name] = checks.judge(trial.EXERCISE, names["standard_error"], seed=1).cause
    assert causes == {"ada": "", "ben": trial.BENS_MISTAKE}


def test_a_trial_in_which_somebody_gets_other_points_is_refused():
    trial = pytest.importorskip("course.classroom.hub.trial")
    due = {"ada's points": "2 of 2.", "ben's points": f"0 of 2. {trial.BENS_MISTAKE}"}
    trial._must_be(SimpleNamespace(found=due))
    with pytest.raises(Refusal, match=r"ben's points: '2 of 2\.' came out"):
        trial._must_be(SimpleNamespace(found=due | {"ben's points": "2 of 2."}))


def test_a_home_has_the_lessons_and_what_they_link_to_and_nothing_for_instructors(here):
    for folder in ("notebooks", "docs"):
        shutil.copytree(ROOT / folder, here.course / folder)
    place.furnish(here)
    home = here.home("ada")
    lessons = sorted(path.name for path in (home / "notebooks").iterdir() if path.suffix == ".ipynb")
    assert len(lessons) == 16
    links = {
        link
        for name in lessons
        for link in re.findall(r"\]\((\.\./[^)#]+)", (home / "notebooks" / name).read_text("utf-8"))
    }
    assert {"../docs/glossary.md", "../docs/notation.md"} <= links
    assert [link for link in links if not (home / "notebooks" / link).exists()] == []
    assert not [path for path in home.rglob("*") if "teaching" in path.name or "solutions" in path.parts]
    assert (here.home("ines") / "advantage" / "release" / place.LESSON / f"{place.LESSON}.ipynb").exists()


def test_what_an_installation_says_is_kept_and_its_failure_is_one_line(here):
    here.out.mkdir()
    place._run(here, "sh", "-c", "echo fine")
    with pytest.raises(Refusal, match="ended with 3: one / two; all it said is in "):
        place._run(here, "sh", "-c", "echo one; echo two >&2; exit 3")
    assert "fine" in here.log.read_text(encoding="utf-8")


def test_an_installation_that_is_stopped_leaves_nothing_behind(here):
    here.python.parent.mkdir(parents=True)
    shutil.copy(shutil.which("sleep"), here.python)
    script = (
        "import pathlib\nfrom course.classroom.hub import place\n"
        f"here = place.Place(pathlib.Path({str(here.out)!r}))\n"
        "place._run(here, 'sh', '-c', f'{here.python} 60; true')"
    )
    trial = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    server.wait(lambda: server.processes(here), 30, "the installation to begin")
    trial.send_signal(signal.SIGINT)
    trial.wait(timeout=10)
    server.wait(lambda: not server.processes(here), 10, "it to end")


PAGE = (ROOT / "docs" / "hub.md").read_text(encoding="utf-8")


def test_the_page_says_of_a_seat_what_the_report_of_the_trial_says():
    report = Report.read(ROOT / "docs" / "hub_trial.json")
    table = PAGE.partition("this run -->\n")[2].partition("\n<!-- /seats")[0]
    assert table == report.markdown()  # write it with print(Report.read(...).markdown())

    server, light, heavy = (
        report.memory[what]["pss"]
        for what in ("server, idle", "kernel, 03_jackpots run", "kernel, 10_actor_critic run")
    )
    prose = " ".join(PAGE.split())
    assert f"needs {server + light:.0f} MB, and {server + heavy:.0f} MB if the lesson loads PyTorch" in prose
    assert (
        f"{report.seats('03_jackpots'):.1f} and {report.seats('10_actor_critic'):.1f} seats in a gigabyte"
        in prose
    )
    logins, openings = (
        [s for what, s in report.seconds.items() if word in what] for word in ("from login", "open ")
    )
    assert f"{min(logins):.0f} to {max(logins):.0f} s from the login" in prose
    assert f"{min(openings):.0f} to {max(openings):.0f} s to open a lesson" in prose
    assert f"{report.seconds['ada: from Shift+Enter to the panel']:.1f} s from Shift+Enter" in prose
    assert f"at a load of {report.machine['load']:.0f} on these two cores" in prose
    work = report.memory["kernel, 08_gae run"]["cpu"]
    assert f"30 times {work:.0f} s of work: on eight cores {30 * work / 8:.0f} s" in prose


def test_the_trial_that_is_told_of_came_out_as_it_must():
    trial = pytest.importorskip("course.classroom.hub.trial")
    report = Report.read(ROOT / "docs" / "hub_trial.json")
    trial._must_be(report)
    assert report.found["left running"] == "0 processes"
    assert report.found["feedback"].count(".html") == 2
    assert report.found["ada's panel"].endswith("right")
    assert report.found["ben's panel"].endswith("not yet")

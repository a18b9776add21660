"""The walls of the sandbox, tried from the inside; and what is done where they cannot be built."""

import os
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from course.checks.exercise import Odd
from course.checks.limits import TimeLimit
from course.checks.running import AsksForInput
from course.grading import walls
from course.grading.inside import filter as calls
from course.grading.inside import limits
from course.grading.remote import Answer
from course.grading.sandbox import Sandbox
from course.grading.walls import PROJECT
from tests.grading import notebooks

pytestmark = pytest.mark.usefixtures("a_sandbox")
SECONDS = 60.0


@pytest.fixture
def inside():
    """Gives a learner's function, defined by this source, in a sandbox of its own."""
    made = []

    def answer(source, *, trusted=False, cpu_seconds=5.0, wall_seconds=SECONDS):
        sandbox = Sandbox(trusted=trusted)
        made.append(sandbox)
        content = notebooks.notebook(notebooks.cell(source, "f"))
        deadline = time.monotonic() + SECONDS
        opened = {"do": "open", "bytes": len(content), "exercises": ["f"]}
        assert sandbox.ask(opened, deadline=deadline, content=content)["grade_ids"] == ["f"]
        sandbox.ask({"do": "lesson", "course": {}, "imports": []}, deadline=deadline)
        f = Answer(
            sandbox,
            deadline=time.monotonic() + wall_seconds,
            seconds=wall_seconds,
            cpu_seconds=cpu_seconds,
        )
        f.ask({"do": "answer", "exercise": "f", "cpu_seconds": cpu_seconds})
        return f

    yield answer
    for each in made:
        each.close()


LOOKS = """
import ctypes, fcntl, os, resource, socket, subprocess, sys, threading

SCRATCH = "/" + "tmp" + "/"
BLOCK = bytes(900_000)

def tried(what):
    try:
        return str(what())
    except BaseException as error:
        return type(error).__name__

def connect():
    return socket.create_connection(("192.0.2.1", 80), timeout=5)

libc = ctypes.CDLL(None)

def thread():
    started = threading.Thread(target=int)
    started.start()
    started.join()
    return "done"

def of_the_course():
    for folder in sys.path:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if name.lower().startswith(("course", "advantage", "__editable__")):
                inner = os.listdir(path) if os.path.isdir(path) else [""]
                yield from [os.path.join(path, each).rstrip("/") for each in inner]

def f(paths):
    found = {
        "user": os.getuid(),
        "environment": dict(os.environ),
        "there": [path for path in paths if os.path.exists(path)],
        "top": sorted(os.listdir("/")),
        "home": tried(lambda: os.listdir("/root")),
        "kit": sorted(os.listdir("/kit/course")) + os.listdir("/kit/course/checks"),
        "told": [
            path for path in of_the_course()
            if tried(lambda: open(path).read()) not in ("", "PermissionError")
        ],
        "connect": tried(connect),
        "fork": tried(os.fork),
        "run": tried(lambda: subprocess.run(["/bin/true"])),
        "kill": tried(lambda: os.kill(os.getppid(), 9)),
        "kill all": tried(lambda: os.kill(-1, 15)),
        "ptrace": libc.ptrace(16, os.getppid(), 0, 0),
        "limit": tried(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))),
        "limit own": tried(lambda: resource.prlimit(os.getpid() * 0, resource.RLIMIT_NOFILE)),
        "owner": tried(lambda: fcntl.fcntl(3, 8, os.getppid())),
        "flags": tried(lambda: fcntl.fcntl(1, fcntl.F_GETFL)),
        "shared": libc.shmget(0, 4096, 0o1600),
        "slower": tried(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)),
        "root again": tried(lambda: os.setuid(0)),
        "thread": tried(thread),
        "write": tried(lambda: open("/kit/course/x", "w")),
        "write library": tried(lambda: open(os.path.join(os.path.dirname(os.__file__), "x.py"), "w")),
        "write scratch": tried(lambda: open(SCRATCH + "x", "w").write("abc")),
        "fill scratch": tried(lambda: [open(SCRATCH + str(n), "wb").write(BLOCK) for n in range(40)]),
        "long file": tried(lambda: open(SCRATCH + "long", "wb").write(bytes(2_000_000))),
        "processes": tried(lambda: os.listdir("/proc")),
    }
    return {key: str(value) for key, value in found.items()}
"""


def test_nothing_can_be_seen_or_done_from_the_inside(inside, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("not for you")
    secret = [
        mine,
        PROJECT / "course",
        PROJECT / "solutions",
        PROJECT / "course/returns.py",
        "/etc/passwd",
        "/sys",
    ]
    found = inside(LOOKS)([str(path) for path in secret])

    assert found["user"] not in ("0", str(os.getuid())) or os.getuid() != 0
    assert found["environment"] == "{}"
    assert found["there"] == "[]"
    assert "tests" not in found["top"]
    assert found["kit"] == "['checks', 'grading', 'reading.py']"
    assert found["told"] == "[]"
    assert found["processes"] == "['cpuinfo']"

    for what in ("write", "write library", "fill scratch", "long file"):
        assert "Error" in found[what], what
    for what in ("fork", "run", "kill", "kill all", "limit", "owner", "slower", "root again", "connect"):
        assert found[what] == "PermissionError", what
    assert found["ptrace"] == found["shared"] == "-1"
    assert found["limit own"] == "(64, 64)"
    assert found["flags"].isdigit()
    assert found["thread"] == "done"
    assert found["write scratch"] == "3"


def test_without_the_filter_of_system_calls_the_walls_hold_too(inside, monkeypatch):
    fill = walls.fill

    def without_filter(kit):
        fill(kit)
        file = kit / "course/grading/inside/limits.py"
        file.write_text(file.read_text().replace("    forbid_calls()\n", ""))

    monkeypatch.setattr(walls, "fill", without_filter)
    bomb = "import os, time\ndef f():\n    while os.fork():\n        pass\n    time.sleep(60)\n"
    f = inside(bomb, wall_seconds=20.0)
    with pytest.raises(OSError):  # there are no more processes to be had in there
        f()
    before = _descendants(f.sandbox.process.pid)
    assert limits.PROCESSES / 2 < len(before) < limits.PROCESSES + 10

    f.sandbox.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{each}/exe").exists() for each in before):
        time.sleep(0.05)
    assert not [each for each in before if Path(f"/proc/{each}/exe").exists()]


def _descendants(pid):
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


WRITES = """
import os

def f():
    while True:
        for channel in range(3, 64):
            try:
                os.write(channel, {})
            except OSError:
                pass
"""
ENDLESS = """
def f():
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""
KEEPS = "import mmap\ndef f():\n    kept = []\n    while True:\n        kept.append({})"
HAPPENS = {
    "loop": (ENDLESS, TimeLimit),
    "exit": ("import os\ndef f():\n    os._exit(0)", Odd),
    "crash": ("import ctypes\ndef f():\n    ctypes.string_at(0)", Odd),
    "forged": (WRITES.format("b'{}\\n'"), Odd),
    "flood": (WRITES.format("bytes(60_000)"), Odd),
    "memory": (KEEPS.format("bytearray(200_000_000)"), MemoryError),
    "shared memory": (KEEPS.format("mmap.mmap(-1, 200_000_000)"), OSError),
    "too much": ("def f():\n    return np.zeros(300_000)", Odd),
    "input": ("def f():\n    return input('hidden')", AsksForInput),
    "own error": ("class Mine(ValueError):\n    pass\ndef f():\n    raise Mine('hidden')", ValueError),
    "error": ("def f():\n    raise UnicodeDecodeError('a', b'', 0, 1, 'hidden')", UnicodeError),
    "interrupt": ("def f():\n    raise KeyboardInterrupt", KeyboardInterrupt),
    "leave": ("import sys\ndef f():\n    sys.exit('hidden')", SystemExit),
}


@pytest.mark.parametrize(("source", "raised"), HAPPENS.values(), ids=HAPPENS)
def test_whatever_happens_inside_is_an_exception_here(inside, source, raised):
    f = inside(source, cpu_seconds=1.0 if raised is TimeLimit else 10.0)
    with pytest.raises(raised) as caught:
        f()
    assert type(caught.value) is raised
    assert "hidden" not in str(caught.value)


def test_a_deadline_ends_what_only_waits(inside):
    f = inside("import time\ndef f():\n    time.sleep(600)", wall_seconds=0.5)
    with pytest.raises(TimeLimit) as caught:
        f()
    assert caught.value.args == (0.5,)
    assert f.gone


FORGES = """
import json, os

def f(x):
    reply = {"number": 16 * "0", "value": {"is": "plain", "value": 1.0}, "after": {}, "agents": {}}
    for channel in range(3, 64):
        try:
            os.write(channel, json.dumps(reply).encode() + b"\\n")
        except OSError:
            pass
    return 1.0
"""


def test_a_reply_that_was_not_asked_for_counts_for_nothing(inside):
    with pytest.raises(Odd, match="no answer to what was asked"):
        inside(FORGES)(1.0)


def test_what_is_changed_in_place_is_changed_here(inside):
    f = inside("def f(a, *, b):\n    a[0] = 5\n    b += 1\n    return a.sum()")
    a = np.zeros(3)
    b = np.ones(2)
    assert f(a, b=b) == 5
    assert a.tolist() == [5, 0, 0]
    assert b.tolist() == [2, 2]


def test_a_trusted_answer_needs_no_bubblewrap(inside, monkeypatch):
    monkeypatch.setattr(walls, "_bwrap", lambda: "/no/such/program")
    f = inside("def f(x):\n    return 2 * x", trusted=True)
    assert f(21) == 42
    with pytest.raises(OSError):
        Sandbox(trusted=False)


def test_without_bubblewrap_it_is_said_what_to_do(monkeypatch, tmp_path):
    assert walls.refusal() == ""
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(walls, "_bwrap", lambda: str(broken))
    assert "(bwrap: No permissions)" in walls.refusal()
    assert "--trusted" in walls.refusal()

    monkeypatch.setattr(walls.shutil, "which", lambda name: None)
    assert "apt install bubblewrap" in walls.refusal()
    monkeypatch.setattr(walls.platform, "system", lambda: "Darwin")
    assert "Darwin" in walls.refusal()


def test_a_project_inside_of_what_is_shown_is_covered_and_its_libraries_are_not(monkeypatch, tmp_path):
    project = tmp_path / "usr" / "src" / "project"
    libraries = project / ".venv" / "lib" / "site-packages"
    libraries.mkdir(parents=True)
    monkeypatch.setattr(walls, "SYSTEM", (str(tmp_path / "usr"),))
    monkeypatch.setattr(walls, "PROJECT", project)
    monkeypatch.setattr(walls, "_libraries", lambda: [str(libraries)])
    shown, covered = walls._places()
    assert covered == {str(project)}
    assert [place for place in shown if place.startswith(str(tmp_path))] == [
        str(tmp_path / "usr"), str(project), str(libraries)
    ]  # fmt: skip


@pytest.mark.parametrize("machine", calls.MACHINES)
def test_the_filter_denies_what_it_lists_and_nothing_else(machine):
    nth = list(calls.MACHINES).index(machine)
    program = calls.program(machine)
    assert len(program) < 256  # a jump is one byte long

    def decided(number, *arguments, machine=calls.MACHINES[machine]):
        """As the kernel runs it."""
        record = {0: number, 4: machine, 16: (*arguments, 0)[0], 24: (*arguments, 0, 0)[1]}
        at = 0
        while True:
            what, jump, other_jump, value = program[at]
            at += 1
            if what == calls.RETURN:
                return value
            if what == calls.LOAD:
                loaded = record[value]
            else:
                tests = {
                    calls.EQUAL: loaded == value,
                    calls.AT_LEAST: loaded >= value,
                    calls.ANY_BIT: bool(loaded & value),
                }
                at += jump if tests[what] else other_jump

    listed = [numbers[nth] for numbers in calls.DENIED.values() if numbers[nth] is not None]
    assert len(set(listed)) == len(listed)
    assert {decided(number) for number in listed} == {calls.DENY}
    special = {calls.CLONE[nth], calls.CLONE3[nth], calls.PRLIMIT[nth], calls.FCNTL[nth]}
    others = set(range(470)) - set(listed) - special
    assert {decided(number) for number in others} == {calls.ALLOW}

    assert decided(calls.CLONE3[nth]) == calls.MISSING
    assert decided(calls.CLONE[nth], 0x01200011) == calls.DENY  # as fork calls it
    assert decided(calls.CLONE[nth], 0x003D0F00) == calls.ALLOW  # as a thread is made
    assert decided(calls.PRLIMIT[nth], 0) == calls.ALLOW
    assert decided(calls.PRLIMIT[nth], 7) == calls.DENY
    assert [decided(calls.FCNTL[nth], 3, what) for what in (3, 8, 1026)] == [
        calls.ALLOW,
        calls.DENY,
        calls.DENY,
    ]
    assert decided(0x40000039) == decided(39, machine=0x40000003) == calls.KILL

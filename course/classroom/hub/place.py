"""The folder of a trial, what must be there before anything is done, and the environment of the hub."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from course.arrays import Refusal
from course.authoring.stamps import ROOT

LEARNERS = ("ada", "ben")
INSTRUCTOR = "ines"
PEOPLE = (*LEARNERS, INSTRUCTOR)
COURSE_ID = "advantage"
LESSON = "03_jackpots"
PROXY = "configurable-http-proxy@5.3.0"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
DOCUMENT = re.compile(r"\.\./docs/(\w+\.md)")  # that a lesson links to
PROGRAMS = {
    "git": "apt install git",
    "node": "install Node.js 20 or newer, which brings npm",
    "npm": "install Node.js 20 or newer, which brings npm",
    "bwrap": "apt install bubblewrap",
}


@dataclass(frozen=True)
class Place:
    """Where everything of a trial lies."""

    out: Path

    @property
    def course(self) -> Path:
        """The clone that everybody on the hub uses."""
        return self.out / "course"

    @property
    def python(self) -> Path:
        """The interpreter of the hub's environment."""
        return self.course / ".venv" / "bin" / "python"

    @property
    def proxy(self) -> Path:
        """The program that stands in front of all servers."""
        return self.out / "proxy" / "node_modules" / ".bin" / "configurable-http-proxy"

    @property
    def exchange(self) -> Path:
        """nbgrader's folder, through which work is handed out and in."""
        return self.out / "exchange"

    @property
    def settings(self) -> Path:
        """What everybody's Jupyter and nbgrader read."""
        return self.out / "settings"

    @property
    def log(self) -> Path:
        """What every process says."""
        return self.out / "log.txt"

    def home(self, person: str) -> Path:
        """The folder of one person."""
        return self.out / "homes" / person


def chromium() -> str | None:
    """The path of a Chromium, if there is one."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


def place(out: Path, *, port: int | None = None) -> Place:
    """An empty folder for a trial, on a machine that has what it needs.

    Args:
        out: a folder that is empty or is not there yet.
        port: that the hub is to answer on; None takes a free one.

    Raises:
        ValueError: if the trial cannot be carried out here; the message says what to do.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refusal(f"--out must be an empty folder, or none yet, got {out}")
    if not sys.platform.startswith("linux"):
        raise Refusal(
            f"the trial needs Linux, where memory can be read process by process, got {sys.platform}"
        )
    for program, remedy in PROGRAMS.items():
        if shutil.which(program) is None:
            raise Refusal(f"{program} is not on the PATH: {remedy}")
    if chromium() is None:
        raise Refusal(f"no browser on the PATH, tried {', '.join(CHROMIUM)}: apt install chromium")
    if importlib.util.find_spec("playwright") is None:
        raise Refusal("Playwright is not installed: pip install -e '.[test]' -c constraints.txt")
    if not (ROOT / ".git").exists():
        raise Refusal(f"{ROOT} was not made by git clone, so the hub's copy cannot be cloned from it")
    if port is not None and not is_free(port):
        raise Refusal(f"--port must be free, got {port}, which another program answers on")

    return Place(out.resolve())


def is_free(port: int) -> bool:
    """Whether nobody listens there on loopback."""
    with socket.socket() as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """So many ports of loopback that nobody listens on, all different."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]
    finally:
        for each in held:
            each.close()


def install(place: Place) -> None:
    """Clone the course, and install it, the hub, nbgrader and the proxy."""
    place.out.mkdir(parents=True, exist_ok=True)
    _run(place, "git", "clone", "--quiet", str(ROOT), str(place.course))
    _run(place, "sh", str(place.course / "setup.sh"), "author,hub")
    _run(place, "npm", "install", "--no-audit", "--no-fund", "--prefix", str(place.out / "proxy"), PROXY)


def furnish(place: Place) -> None:
    """A home with a copy of the lessons for everybody, the exchange, and the instructor's course."""
    notebooks = place.course / "notebooks"
    linked = {
        name for each in notebooks.glob("*.ipynb") for name in DOCUMENT.findall(each.read_text("utf-8"))
    }
    for person in PEOPLE:
        shutil.copytree(notebooks, place.home(person) / "notebooks")
        (place.home(person) / "docs").mkdir()
        for name in linked:
            shutil.copy(place.course / "docs" / name, place.home(person) / "docs")
    release = place.home(INSTRUCTOR) / COURSE_ID / "release" / LESSON
    release.mkdir(parents=True)
    shutil.copy(place.course / "notebooks" / f"{LESSON}.ipynb", release)

    place.exchange.mkdir()
    place.exchange.chmod(0o777)  # nbgrader refuses one that not everybody may write to


def _run(place: Place, *command: str) -> None:
    """Run a command to its end; what it says goes to the log.

    Raises:
        ValueError: if it fails, with the last lines that it said.
    """
    own = {**os.environ, "PYTHON": sys.executable}
    own.pop("VIRTUAL_ENV", None)
    running = subprocess.Popen(
        command,
        env=own,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # so that it can be ended with all that it has started
    )
    try:
        said, _ = running.communicate()
    except BaseException:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait()
        raise

    with place.log.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n{said}\n")
    if running.returncode:
        tail = " / ".join(said.strip().splitlines()[-3:])
        raise Refusal(
            f"`{' '.join(command)}` ended with {running.returncode}: {tail}; all it said is in {place.log}"
        )

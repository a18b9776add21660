"""The hub's processes: started, asked, ended, and what they hold in memory."""

import contextlib
import os
import secrets
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from course.arrays import Refusal
from course.classroom.hub import config
from course.classroom.hub.config import Access
from course.classroom.hub.place import Place, free_ports

PATIENCE = 60.0  # seconds until the hub answers
FAREWELL = 20.0  # seconds that it has to end its servers


def access(port: int | None = None) -> Access:
    """Free ports and new passwords."""
    chosen, hub_port, api_port = free_ports(3)
    return Access(
        port=port or chosen,
        hub_port=hub_port,
        api_port=api_port,
        password=secrets.token_urlsafe(12),
        instructors_password=secrets.token_urlsafe(32),
    )


def configure(place: Place, access: Access) -> None:
    """Write every configuration; the hub's holds passwords and is for the owner's eyes only."""
    (place.settings / "labconfig").mkdir(parents=True)
    (place.settings / "labconfig" / "page_config.json").write_text(config.page_config(), encoding="utf-8")
    (place.settings / "nbgrader_config.py").write_text(config.nbgrader_config(place), encoding="utf-8")
    (place.settings / "jupyter_server_config.py").write_text(config.server_config(), encoding="utf-8")
    (place.out / "seat.sh").write_text(config.seat(place), encoding="utf-8")

    path = place.out / "jupyterhub_config.py"
    path.touch(mode=0o600)
    path.write_text(config.hub_config(place, access), encoding="utf-8")


@contextlib.contextmanager
def running(place: Place, access: Access) -> Iterator[None]:
    """A hub that answers; afterwards nothing of it is left, whatever happened."""
    command = [place.python.with_name("jupyterhub"), "-f", place.out / "jupyterhub_config.py"]
    environment = {name: os.environ[name] for name in ("HOME", "LANG", "TERM") if name in os.environ}
    environment["PATH"] = f"{place.python.parent}:{os.environ['PATH']}"
    with place.log.open("a", encoding="utf-8") as log:
        hub = subprocess.Popen(
            command, cwd=place.out, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait(lambda: _answers(place, access, hub), PATIENCE, f"the hub to answer; see {place.log}")
        yield
    finally:
        _end(place, hub)


def _answers(place: Place, access: Access, hub: subprocess.Popen) -> bool:
    if hub.poll() is not None:
        raise Refusal(f"the hub ended by itself with {hub.returncode}; see {place.log}")
    try:
        with urllib.request.urlopen(f"{access.address}/hub/api", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait(happened: Callable[[], object], seconds: float, what: str) -> float:
    """Ask until it has happened; return after how many seconds.

    Raises:
        ValueError: if it has not happened by then.
    """
    start = time.monotonic()
    while not happened():
        if time.monotonic() - start > seconds:
            raise Refusal(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.05)
    return time.monotonic() - start


def _end(place: Place, hub: subprocess.Popen) -> None:
    """Ask the hub to end with its servers; then end what is left, process by process."""
    if hub.poll() is None:
        hub.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            hub.wait(timeout=FAREWELL)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes(place):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
        with contextlib.suppress(Refusal):
            wait(lambda: not processes(place), 5, "the last processes to end")
    hub.wait()


def processes(place: Place) -> dict[int, str]:
    """Process number -> command line, of all that run a program of this trial's folder."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:  # it has ended meanwhile
            continue
        program = words if words[0] == "bwrap" else words[:3]
        if any(word.startswith(f"{place.out}/") for word in program):
            found[int(path.parent.name)] = " ".join(words).strip()
    return found


def cost(pid: int) -> dict[str, float]:
    """What a process holds in memory, and what it has computed so far.

    Returns:
        `rss` in MB; `pss` in MB, where a page that k processes share counts 1/k; `cpu` in seconds.
    """
    held = {"rss": 0.0, "pss": 0.0, "cpu": 0.0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            name = line.split(":")[0].lower()
            if name in held:
                held[name] = int(line.split()[1]) * 1024 / 1e6
        # The program's name stands in brackets and may hold blanks; the times are the 14th and 15th field.
        after = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        held["cpu"] = (int(after[11]) + int(after[12])) / os.sysconf("SC_CLK_TCK")
    return held


def kind(command: str) -> str:
    """What a process of the hub is, by its command line."""
    for name, sign in {
        "proxy": "configurable-http-proxy",
        "kernel": "ipykernel_launcher",
        "server": "jupyterhub-singleuser",
        "hub": "jupyterhub",
    }.items():
        if sign in command:
            return name
    return "other"


def kernels(place: Place) -> set[int]:
    """The processes that run notebooks."""
    return {pid for pid, command in processes(place).items() if kind(command) == "kernel"}

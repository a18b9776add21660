"""The walls: what bubblewrap is told, so that there is an interpreter and libraries in it, and nothing else.

In there is no network, no folder of anybody's, no `/proc`, no environment, and a user who owns nothing. Who
starts the grader as root gets a user of its own for each sandbox, because limits do not bind root.
"""

import functools
import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import course
from course.checks import reading
from course.grading import inside
from course.grading.records import cleaned

SECONDS = 60.0  # for a sandbox to start, on a busy machine
SCRATCH = 16_000_000  # bytes of the one folder that can be written
SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
KIT = "/kit"
PROJECT = Path(course.__file__).resolve().parents[1]
HIDDEN = ("course", "advantage", "__editable__", "easy-install")  # how what is hidden begins
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from course.grading.inside import main; main.main(sys.argv[2])"
)
ADVICE = (
    "install bubblewrap (Debian and Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap), "
    "or add --trusted to run the learners' code without a sandbox, with your own rights"
)


def refusal() -> str:
    """Why no sandbox can be built here, and what to do about it; empty if one can."""
    if platform.system() != "Linux":
        return f"the sandbox needs Linux; on {platform.system()} only --trusted can grade"
    if shutil.which("bwrap") is None:
        return f"there is no bubblewrap, so learners' code cannot be locked in: {ADVICE}"

    with tempfile.TemporaryDirectory(prefix="course-") as kit:
        fill(Path(kit))
        try:
            tried = subprocess.run(
                command(Path(kit), trusted=False),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                env={},
            )
        except subprocess.TimeoutExpired:
            return f"bubblewrap did not start within {SECONDS:g} s: {ADVICE}"
    if tried.returncode == 0:
        return ""
    said = tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"]
    why = cleaned(said[-1])
    return f"bubblewrap cannot build a sandbox here ({why}): ask who runs this machine, or add --trusted"


def fill(kit: Path) -> None:
    """Copy what runs in the sandbox; everybody may read it, whatever the umask."""
    copies = {
        f"course/grading/inside/{file.name}": file for file in Path(inside.__file__).parent.glob("*.py")
    }
    copies["course/checks/reading.py"] = Path(reading.__file__)
    kit.chmod(0o755)
    for name, file in copies.items():
        to = kit / name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(file.read_bytes())
        to.chmod(0o644)
        for folder in to.parents:
            if folder == kit:
                break
            folder.chmod(0o755)


def command(kit: Path, *, trusted: bool) -> list[str]:
    """What starts the first process, inside a sandbox or, if it is trusted, without one."""
    as_root = os.geteuid() == 0
    user = _nobody() if as_root and not trusted else 0
    options = {"user": user, "alone": not trusted, "libraries": _libraries()}
    python = [os.path.realpath(sys.executable), "-P", "-I", "-S", "-B", "-c", BOOT]
    if trusted:
        return [*python, str(kit), json.dumps(options)]

    rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [
        _bwrap(),
        *(rights if as_root else ["--unshare-user"]),
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
        *("--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox", "--chdir", "/"),
        *_files(),
        *("--ro-bind", str(kit), KIT),
        *("--remount-ro", "/"),
        *("--", *python, KIT, json.dumps(options)),
    ]


def _nobody() -> int:
    """A user number that nobody has, another one for each sandbox: what it may use is counted by user."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    first, count = max(((int(inside), int(count)) for inside, _, count in ranges), key=lambda each: each[1])
    last = min(first + count - 2, 2_000_000_000)
    return last - secrets.randbelow(max(1, min(count // 2, 1_000_000_000)))


def _libraries() -> list[str]:
    """The folders of installed packages that this interpreter imports from."""
    return [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]


@functools.cache
def _files() -> tuple[str, ...]:
    """bubblewrap's words for all that can be read in the sandbox. A later word covers an earlier one."""
    words: list[str] = []
    if "--size" in subprocess.run([_bwrap(), "--help"], capture_output=True, text=True).stdout:
        words += ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", "/tmp"]
    places, covered = _places()
    for folder in _parents([*places, "/dev/null", "/proc/cpuinfo", KIT]):
        words += ["--perms", "0755", "--dir", folder]

    for place in places:
        if place in covered:
            words += ["--perms", "0755", "--tmpfs", place]
        elif Path(place).is_symlink():
            words += ["--symlink", str(Path(place).readlink()), place]
        else:
            words += ["--ro-bind", place, place]
    for hidden in _hidden():
        cover = ["--perms", "0755", "--tmpfs"] if hidden.is_dir() else ["--ro-bind", "/dev/null"]
        words += [*cover, str(hidden)]

    words += ["--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom"]
    words += ["--ro-bind-try", "/proc/cpuinfo", "/proc/cpuinfo"]
    return tuple(words)


def _places() -> tuple[list[str], set[str]]:
    """What is shown in the sandbox, parents first, and which of it is covered by an empty folder.

    That is the project itself, if it lies inside of what is shown. Its own `.venv` is shown again.
    """
    wanted = {*SYSTEM, sys.base_prefix, sys.base_exec_prefix, *_libraries(), "/etc/ld.so.cache"}
    places = {place for place in wanted if Path(place).exists()}
    covered = set()
    if str(PROJECT) not in places and any(_inside(str(PROJECT), place) for place in places):
        covered.add(str(PROJECT))

    everything = sorted(places | covered)
    shown = []
    for place in everything:
        around = [other for other in shown if _inside(place, other)]
        if not around or around[-1] in covered or place in covered:
            shown.append(place)
    return shown, covered


def _inside(place: str, other: str) -> bool:
    return place != other and Path(other) in Path(place).parents


def _parents(places: list[str]) -> list[str]:
    """All folders above, parents first; bubblewrap would let nobody but root enter them."""
    above = {str(parent) for place in places for parent in Path(place).parents}
    inside_of = [place for place in places if place != "/"]
    return [folder for folder in sorted(above - {"/"}) if not any(_at(folder, place) for place in inside_of)]


def _at(folder: str, place: str) -> bool:
    return folder == place or _inside(folder, place)


def _hidden() -> list[Path]:
    """What is installed of the course, and what tells where its source lies."""
    folders = {Path(place) for place in _libraries()}
    folders |= {*Path(sys.base_prefix).glob("lib*/python*/site-packages")}
    found = []
    for folder in sorted(folders):
        entries = [*folder.glob("*"), *folder.glob("__pycache__/*")]
        found += [entry for entry in entries if entry.name.lower().startswith(HIDDEN)]
    return found


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"

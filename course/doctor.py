"""Is this machine ready for the course? One OK or FAIL line a part, and what to do about a FAIL."""

import importlib
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

from course.authoring.stamps import ROOT

SUPPORTED = ((3, 11), (3, 13))
REINSTALL = "run `make lab` again, or `pip install -e . -c constraints.txt` in your environment"


def doctor(*, say: Callable[[str], None] = print) -> bool:
    """Examine every part; return whether all are OK."""
    healthy = True
    for part, examine in _parts():
        try:
            say(f"OK    {part}: {examine()}")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a broken installation raises, SystemExit included
            healthy = False
            what = str(error).strip().splitlines() or [type(error).__name__]
            say(f"FAIL  {part}: {what[-1]}")
            say(f"      What to do: {getattr(error, 'remedy', REINSTALL)}.")
    say("All is well." if healthy else "Something is missing: see the FAIL lines.")
    return healthy


class Sick(Exception):
    """A part that is there but not right, with its own remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        """Keep what was found and what to do about it."""
        super().__init__(what)
        self.remedy = remedy


def _parts() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "Python", _python
    for package in _requirements():
        yield package, lambda package=package: _package(package)
    yield "arithmetic with gradients", _torch
    yield "Atari", _atari
    yield "a Jupyter kernel", _kernel
    yield "lessons", _lessons


def _python() -> str:
    have, (low, high) = sys.version_info[:2], SUPPORTED
    if not low <= have <= high:
        names = [".".join(map(str, version)) for version in (have, low, high)]
        raise Sick(
            f"{names[0]} is not supported",
            f"install Python {names[1]} to {names[2]}, delete .venv, `make lab`",
        )
    return sys.version.split()[0]


def _requirements() -> list[str]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.M | re.S)[1]
    return re.findall(r'"([\w-]+)', block)


def _package(package: str) -> str:
    version = importlib.metadata.version(package)
    importlib.import_module(package.replace("-", "_"))
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = re.search(rf"^{package}==(\S+)", pins, re.M | re.I)
    same = pinned and version.split("+")[0] == pinned[1]
    return version if same else f"{version} (the course was tested with {pinned and pinned[1]})"


def _torch() -> str:
    import torch

    x = torch.ones(3, requires_grad=True)
    (x**2).sum().backward()
    if x.grad.tolist() != [2, 2, 2]:
        raise Sick(f"torch found the gradient {x.grad.tolist()}, not [2, 2, 2]", REINSTALL)
    return f"torch on {torch.get_num_threads()} threads, {'a GPU' if torch.cuda.is_available() else 'no GPU'}"


def _atari() -> str:
    from course.atari import play_random

    (episode,) = play_random("pong", episodes=1, seed=0)
    return f"a game of Pong at random ended {episode.score:+.0f}"


def _kernel() -> str:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=30, stderr=subprocess.DEVNULL)
    try:
        told = []
        client.execute_interactive(
            "import sys; print(sys.prefix, end='')",
            timeout=30,
            output_hook=lambda message: told.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if "".join(told) != sys.prefix:
        raise Sick(
            f"the kernel python3 runs in {''.join(told) or 'nothing'}, not in this environment",
            "run `.venv/bin/python -m ipykernel install --sys-prefix`",
        )
    return "runs a cell in this environment"


def _lessons() -> str:
    lessons = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise Sick("there are no notebooks", "run `git checkout notebooks`, or clone the project again")
    return f"{len(lessons)} notebooks, from {lessons[0].name}"

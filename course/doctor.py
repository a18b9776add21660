"""Is this machine ready for the course? One OK or FAIL line a part, and what to do about a FAIL."""

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from course.authoring.stamps import ROOT

SUPPORTED = ((3, 11), (3, 13))
IMPORTED_AS = {"ipython": "IPython", "pillow": "PIL"}  # else as it is called, with underscores
REINSTALL = "run `make lab` again, or `pip install -e . -c constraints.txt` in your environment"
# What no installation cures: variables that put something of another program before what this one has.
PYTHONS = ("PYTHONPATH", "PYTHONHOME")
ROMS = ("ALE_ROMS_DIR",)
KERNELS = ("JUPYTER_PATH", "JUPYTER_PREFER_ENV_PATH")


class PartError(Exception):
    """A part that is there but not right, with its own remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        """Keep what was found and what to do about it."""
        super().__init__(what)
        self.remedy = remedy


def doctor() -> None:
    """Examine every part and print what was found, for a cell of a notebook."""
    healthy()


def healthy(*, say: Callable[[str], None] = print) -> bool:
    """Examine every part; return whether all are OK."""
    all_well = True
    for part, examine in _parts():
        try:
            say(f"OK    {part}: {examine()}")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a broken installation raises, SystemExit included
            all_well = False
            what = str(error).strip().splitlines() or [type(error).__name__]
            say(f"FAIL  {part}: {what[-1]}")
            say(f"      What to do: {getattr(error, 'remedy', None) or _general_remedy()}.")
    say("All is well." if all_well else "Something is missing: see the FAIL lines.")
    return all_well


def _unset(*variables: str) -> str:
    """The remedy: those of these variables that are set have to go first; else install again."""
    there = [name for name in variables if name in os.environ]
    if not there:
        return REINSTALL
    values = " and ".join(f"{name} ({os.environ[name]})" for name in there)
    return f"{values} brings in files of another program: `unset {' '.join(there)}`, then ask again"


def _general_remedy() -> str:
    """A variable of Python's may be to blame or not; an installation cures all else."""
    unset = _unset(*PYTHONS)
    return unset if unset == REINSTALL else f"{unset}; if it still fails, {REINSTALL}"


def _parts() -> Iterator[tuple[str, Callable[[], str]]]:
    yield "Python", _python
    for package in _requirements():
        yield package, lambda package=package: _package(package)
    yield "arithmetic with gradients", _torch
    yield "Atari", _atari
    yield "a Jupyter kernel", _kernel
    yield "lessons", _lessons


def _python() -> str:
    have = sys.version_info[:2]
    low, high = SUPPORTED
    if not low <= have <= high:
        names = [".".join(map(str, version)) for version in (have, low, high)]
        raise PartError(
            f"{names[0]} is not supported",
            f"install Python {names[1]} to {names[2]}, delete .venv, `make lab`",
        )
    return sys.version.split()[0]


def _requirements() -> list[str]:
    """Names of the packages that lessons need, as pyproject.toml spells them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in project["dependencies"]]


def _pins() -> dict[str, str]:
    """Name -> version of constraints.txt; names in small letters, with hyphens."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if "==" in line]
    return {name.lower().replace("_", "-"): version for name, version in pairs}


def _package(package: str) -> str:
    version = importlib.metadata.version(package)
    importlib.import_module(IMPORTED_AS.get(package, package.replace("-", "_")))

    tested = _pins().get(package)
    if version.split("+")[0] == tested:
        return version
    return f"{version} (the course was tested with {tested})"


def _torch() -> str:
    import torch

    x = torch.ones(3, requires_grad=True)
    (gradient,) = torch.autograd.grad((x**2).sum(), x)
    if gradient.tolist() != [2, 2, 2]:
        raise PartError(f"torch found the gradient {gradient.tolist()}, not [2, 2, 2]", REINSTALL)
    return f"torch on {torch.get_num_threads()} threads, {'a GPU' if torch.cuda.is_available() else 'no GPU'}"


def _atari() -> str:
    from course.atari import play_random

    try:
        (episode,) = play_random("pong", episodes=1, seed=0)
    except Exception as error:
        remedy = _unset(*ROMS) if any(name in os.environ for name in ROMS) else _general_remedy()
        raise PartError(str(error), remedy) from error
    return f"a game of Pong at random ended {episode.score:+.0f}"


def _kernel() -> str:
    from jupyter_client.kernelspec import get_kernel_spec

    try:
        prefix = _prefix_of_a_kernel()
    except Exception as error:
        what = str(error).strip() or type(error).__name__
        if _here(get_kernel_spec("python3").resource_dir):
            raise PartError(what, _general_remedy()) from error
        prefix = f"nothing ({what.splitlines()[-1]})"
    if prefix != sys.prefix:
        raise PartError(
            f"the kernel python3 runs in {prefix or 'nothing'}, not in this environment",
            _kernel_remedy(get_kernel_spec("python3").resource_dir),
        )
    return "runs a cell in this environment"


def _prefix_of_a_kernel() -> str:
    """Start the kernel that notebooks ask for, and let it say in which environment it runs."""
    from jupyter_client.manager import start_new_kernel

    told = []
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=30, stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(
            "import sys; print(sys.prefix, end='')",
            timeout=30,
            output_hook=lambda message: told.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(told)


def _kernel_remedy(found: str) -> str:
    """What to do about a kernel of another environment, which was described in the folder `found`."""
    if _here(found):
        return f"run `{sys.executable} -m ipykernel install --sys-prefix`"
    if any(name in os.environ for name in KERNELS):
        return _unset(*KERNELS)
    return f"`export JUPYTER_PREFER_ENV_PATH=1`, or move {found} away; then ask again"


def _here(folder: str) -> bool:
    return Path(folder).resolve().is_relative_to(Path(sys.prefix).resolve())


def _lessons() -> str:
    lessons = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    if not lessons:
        raise PartError("there are no notebooks", "run `git checkout notebooks`, or clone the project again")
    return f"{len(lessons)} notebooks, from {lessons[0].name}"

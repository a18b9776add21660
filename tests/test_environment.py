"""What is installed, how, and on which Python: four files and one script that must agree."""

import ast
import functools
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from course import doctor
from course.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}
VERSIONS = {(3, 10): False, (3, 11): True, (3, 12): True, (3, 13): True, (3, 14): False}
MAKE = shutil.which("make")
SH = shutil.which("sh")
needs_sh = pytest.mark.skipif(not SH, reason="no sh here")
needs_make = pytest.mark.skipif(not (SH and MAKE), reason="no make here")


def by_name(lines):
    """Requirements by the name of their package."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): each for each in requirements}


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines if line and line[0] != "#"]
    assert None not in found, "constraints.txt holds nothing but name==version"
    names = [canonicalize_name(each[1]) for each in found]
    assert len(set(names)) == len(names)
    return {name: Version(each[2]) for name, each in zip(names, found, strict=True)}


def needed(*extras, **machine):
    """Names of all packages that the course with these extras pulls in, here or on another machine.

    Of what is only needed there, what *it* needs cannot be known here.
    """
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra_lines(extra))]
    seen, todo = set(), [(line, "") for line in lines]
    while todo:
        line, of = todo.pop()
        each = Requirement(line)
        if each.marker and not each.marker.evaluate({**machine, "extra": of}):
            continue
        name = canonicalize_name(each.name)
        for extra in {"", *each.extras} - {extra for package, extra in seen if package == name}:
            seen.add((name, extra))
            todo += [(line, extra) for line in requires(name)]
    return {name for name, _ in seen}


def extra_lines(extra):
    """What an extra of the course asks for, and the extras of the course that it takes in."""
    for line in PROJECT["optional-dependencies"][extra]:
        each = Requirement(line)
        if each.name == PROJECT["name"]:
            yield from (line for inner in each.extras for line in extra_lines(inner))
        else:
            yield line


@functools.cache
def requires(package):
    try:
        return importlib.metadata.requires(package) or ()
    except importlib.metadata.PackageNotFoundError:
        return ()


# Four files that say what is needed


def test_conda_gets_the_packages_and_bounds_of_pyproject():
    given = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert given["channels"] == ["conda-forge"]
    (pip,) = [each["pip"] for each in given["dependencies"] if isinstance(each, dict)]
    conda = [each for each in given["dependencies"] if isinstance(each, str)]
    assert "pip" in conda
    assert pip[-1] == "-e ."
    have = by_name([each for each in [*conda, *pip] if each not in ("pip", "-e .")])
    have = {CONDA_NAMES.get(name, name): each.specifier for name, each in have.items()}
    assert have.pop("python") == Requirement("python" + PROJECT["requires-python"]).specifier
    want = {name: each.specifier for name, each in by_name(PROJECT["dependencies"]).items()}
    assert have == want


def test_the_conda_environment_is_activated_by_its_own_name():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert f"conda activate {yaml.safe_load(text)['name']}\n" in text


def test_every_dependency_is_pinned_within_its_bounds():
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    pinned = pins()
    for name, each in by_name([*PROJECT["dependencies"], *extras]).items():
        if name != canonicalize_name(PROJECT["name"]):
            assert name in pinned, f"{name} is not in constraints.txt"
            assert pinned[name] in each.specifier, f"{name}=={pinned[name]} is not {each.specifier}"


def test_everything_that_those_pull_in_is_pinned_too():
    everything = needed("test")
    assert {"torch", "pyzmq", "nbgrader", "alembic"} <= everything  # ours, theirs, an extra's, and its own
    assert not everything - set(pins()), "not in constraints.txt"


MACHINES = {
    "Linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_it_is_pinned_for_other_machines_and_pythons_too(machine, python):
    everything = needed(
        "test", "bench", "hub", **machine, python_version=python, python_full_version=f"{python}.0"
    )
    assert ("appnope" in everything) == (machine is MACHINES["macOS"])  # the markers are looked at
    assert not everything - set(pins()), "not in constraints.txt"


def test_what_the_usual_index_pulls_in_with_torch_is_pinned_whatever_is_installed_here():
    # Where the index of CPU builds does not answer, Linux gets the build for graphics cards.
    cards = {name for name in pins() if name.startswith(("nvidia-", "cuda-"))}
    assert "triton" in pins()
    assert len(cards) >= 15


def test_what_is_installed_is_what_is_pinned():
    for name, pinned in pins().items():
        try:
            have = Version(importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            assert name not in needed("test"), f"{name} is needed and not installed"
        else:
            assert have.public == str(pinned), f"{name}: {have} is installed, {pinned} is pinned"


def test_what_is_pinned_can_be_installed_on_the_oldest_python_that_systems_still_bring():
    # Debian 12 has 3.11.2; a package may ask for 3.11.5, and then nothing is installed there at all.
    for name in pins():
        try:
            asked = importlib.metadata.metadata(name).get("Requires-Python") or ""
        except importlib.metadata.PackageNotFoundError:
            continue
        assert SpecifierSet(asked).contains("3.11.2"), f"{name} wants Python {asked}"


def test_no_file_of_the_set_up_names_a_package_index_but_that_of_pytorchs_cpu_builds():
    for name in ("pyproject.toml", "constraints.txt", "environment.yml", "Makefile", "setup.sh"):
        text = (ROOT / name).read_text(encoding="utf-8")
        found = set(re.findall(r"https?://[^\s\"']+", text))
        assert found <= {"https://download.pytorch.org/whl/cpu"}, name


def imported(path):
    """Top-level names of the packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


# What has an extra of its own, by the beginning of its path; the tests may import what the author's tools do.
EXTRAS = {
    "course/authoring/": ("author",),
    "course/classroom/": ("author", "hub", "site", "test"),  # a browser too
    "course/grading/": ("author", "cluster"),
    "course/studies/": ("bench",),
    "tests/": ("author", "cluster", "site", "test"),
}


def declared(path):
    """The packages that pyproject.toml names for this file."""
    lines = list(PROJECT["dependencies"])
    for beginning, extras in EXTRAS.items():
        if path.relative_to(ROOT).as_posix().startswith(beginning):
            lines += [line for extra in extras for line in PROJECT["optional-dependencies"][extra]]
    return set(by_name(lines))


@pytest.mark.parametrize("folder", ["course", "solutions", "tests"])
def test_whatever_is_imported_is_declared_by_its_own_name(folder):
    # What only comes along with another package today may stay away tomorrow.
    packages = importlib.metadata.packages_distributions() | {"stable_baselines3": ["stable_baselines3"]}
    paths = [*(ROOT / folder).rglob("*.py")]
    assert len(paths) > 3
    for path in paths:
        names = set(imported(path)) - set(sys.stdlib_module_names) - {"course", "tests"}
        for name in names:
            sources = {canonicalize_name(each) for each in packages.get(name, [])}
            assert sources & declared(path), f"{path.relative_to(ROOT)} imports {name}, which is not declared"


# Which Python


def patched_version(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(sys, "version", ".".join(map(str, version)) + ".0 (a test)")


@pytest.mark.parametrize(("version", "supported"), VERSIONS.items())
def test_pyproject_names_the_same_pythons(version, supported):
    bound = Requirement("python" + PROJECT["requires-python"]).specifier
    assert (f"{version[0]}.{version[1]}.7" in bound) == supported


@pytest.mark.parametrize(("version", "supported"), VERSIONS.items())
def test_the_command_line_refuses_another_python_in_one_line(version, supported, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        patched_version(patch, version)
        if supported:
            with pytest.raises(SystemExit) as done:
                main(["--help"])
            assert done.value.code == 0
            return
        assert main(["doctor"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    for word in (f"Python {version[0]}.{version[1]}.0", "3.11, 3.12 or 3.13"):
        assert word in said.err


@pytest.mark.parametrize(("version", "supported"), VERSIONS.items())
def test_the_doctor_refuses_another_python(version, supported, monkeypatch):
    with monkeypatch.context() as patch:
        patched_version(patch, version)
        if supported:
            assert doctor._python().startswith(f"{version[0]}.{version[1]}")
            return
        with pytest.raises(doctor.PartError, match=f"{version[0]}.{version[1]} is not supported") as failure:
            doctor._python()
    assert "3.11 to 3.13" in failure.value.remedy


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14)])
def test_another_python_in_which_nothing_is_installed_gets_that_one_line_too(version):
    # There is no other Python here, so this one says that it is another, and has no packages.
    program = (
        f"import sys; sys.version_info = (*{version}, 0, 'final', 0); sys.modules['numpy'] = None\n"
        "import runpy; sys.argv = ['course', 'doctor']\n"
        "runpy.run_module('course', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "is not supported" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


# setup.sh, with a Python that only notes down what it is asked


# Its second and third line are sh and Python at once: behind `#!`, a path may hold no space.
FAKE = """\
#!/bin/sh
'''exec' "{real}" -IS "$0" "$@"
'''
import importlib.metadata, os, pathlib, re, shutil, sys
version, without, torch, pip_fails, makes, log = {facts!r}
dotted = ".".join(map(str, version)) + ".0"
if sys.argv[1] == "-c":
    sys.version_info = (*version, 0, "final", 0)
    sys.modules |= dict.fromkeys(without)
    importlib.metadata.version = lambda name: torch
    code, sys.argv = sys.argv[2], ["-c", *sys.argv[3:]]
    if '"pip"' not in code or "PIP_CONFIG_FILE" in os.environ:  # to ask pip takes its time
        exec(code)
elif sys.argv[1] == "--version":
    print("Python", dotted)
else:
    asked = " ".join(sys.argv[1:])
    with open(log, "a") as file:
        print(asked, file=file)
    with open(log + ".settings", "w") as file:
        of_pip = [name for name in os.environ if name.startswith(("PIP", "PYTHON"))]
        print({{name: os.environ[name] for name in of_pip}}, file=file)
    if asked == "-m venv .venv":
        python = pathlib.Path(".venv/bin/python")
        python.parent.mkdir(parents=True, exist_ok=True)
        if not python.is_symlink():  # as the real one: it leaves a broken link as it is
            shutil.copy(makes, python)
    if pip_fails and re.search(pip_fails, asked):
        sys.exit("pip: no network")
"""


class Setup:
    """A copy of what setup.sh needs, and a Python for it that installs nothing."""

    def __init__(self, root):
        self.root, self.log = root / "project", root / "log"
        self.root.mkdir()
        for name in ("setup.sh", "Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy2(ROOT / name, self.root / name)
        self.python = self.fake(root / "python")

    def fake(self, path, *, version=(3, 12), without=(), torch="0", pip_fails="", makes=None):
        """Write a Python; `makes` is the one that it puts into a venv."""
        if makes is None:
            inner = path.with_name("inner")
            makes = self.fake(inner, version=version, torch=torch, pip_fails=pip_fails, makes="nothing")
        facts = (version, without, torch, pip_fails, str(makes), str(self.log))
        path.write_text(FAKE.format(real=sys.executable, facts=facts), encoding="utf-8")
        path.chmod(0o755)
        return path

    def settings(self):
        """The variables of pip and Python that the last call of this Python found."""
        return ast.literal_eval(self.log.with_name("log.settings").read_text())

    def run(self, *arguments, cwd=None, command=("sh", "./setup.sh"), python=None, **variables):
        """Run setup.sh; return its status, what it said, and what it asked of Python since the last run."""
        cwd = cwd or self.root
        self.log.write_text("")
        environment = {**os.environ, "PYTHON": str(python or self.python), "PWD": str(cwd), **variables}
        done = subprocess.run(
            [*command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done, self.log.read_text().splitlines()


@pytest.fixture
def setup(tmp_path):
    return Setup(tmp_path)


# The reader's own settings, and places that only some machines have


HOSTILE = {
    "user": "1",
    "target": "/elsewhere",
    "prefix": "/elsewhere",
    "no-deps": "1",
    "require-virtualenv": "1",
}


@pytest.fixture
def settings_of_pip(tmp_path, monkeypatch):
    """Write a reader's pip.conf, and let no setting of this machine in."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))

    def write(**sections):
        lines = []
        for section, settings in sections.items():
            lines += [f"[{section}]", *(f"{name} = {value}" for name, value in settings.items())]
        (tmp_path / "pip.conf").write_text("\n".join(lines), encoding="utf-8")

    return write


@needs_sh
@pytest.mark.parametrize("way", ["variables", "global", "install"])
def test_a_setting_of_pip_that_would_put_the_course_elsewhere_stays_outside(setup, settings_of_pip, way):
    hostile = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in HOSTILE.items()}
    if way == "variables":
        settings_of_pip()
        done, asked = setup.run("lab", **hostile)
    else:
        settings_of_pip(**{way: HOSTILE})
        done, asked = setup.run("lab")
    assert done.returncode == 0, done.stderr
    assert asked[-1].endswith("-e .")
    assert setup.settings()["PIP_CONFIG_FILE"] == os.devnull
    assert not set(hostile) & set(setup.settings())


@needs_sh
def test_where_the_readers_packages_come_from_holds_here_too(setup, settings_of_pip):
    index = "https://me:it's$HOME%40@packages.invalid/simple"
    settings_of_pip(
        **{
            "global": {
                "index-url": index,
                "find-links": "\n  /wheels\n  /more",
                "user": "true",
                "timeout": "9",
            },
            "install": {"timeout": "11"},
        }
    )
    setup.run("lab", PIP_PROXY="proxy.invalid:8080", PIP_FIND_LINKS="/mine", PIP_NO_INDEX="1", PIP_QUIET="1")
    found = setup.settings()
    assert found["PIP_INDEX_URL"] == index
    assert found["PIP_PROXY"] == "proxy.invalid:8080"
    assert found["PIP_TIMEOUT"] == "11"  # the command's own section counts more
    assert found["PIP_FIND_LINKS"] == "/mine"  # and a variable most
    assert found["PIP_NO_INDEX"] == "1"
    assert "PIP_QUIET" not in found


@needs_sh
def test_settings_of_several_lines_arrive_as_pip_reads_them(setup, settings_of_pip):
    settings_of_pip(**{"global": {"extra-index-url": "\n  https://a.invalid\n  https://b.invalid"}})
    setup.run("lab")
    assert setup.settings()["PIP_EXTRA_INDEX_URL"] == "https://a.invalid https://b.invalid"


@needs_sh
def test_the_packages_of_another_python_stay_outside(setup, tmp_path):
    # What lies there would be taken for installed.
    setup.run("lab", PYTHONPATH=str(tmp_path), PYTHONHOME="")
    assert "PYTHONPATH" not in setup.settings()
    assert "PYTHONHOME" not in setup.settings()


@needs_sh
def test_a_python_and_a_folder_may_have_spaces_and_parentheses_in_their_names(setup, tmp_path):
    folder = tmp_path / "my pythons (all)"
    folder.mkdir()
    moved = tmp_path / "my course (copy)"
    setup.root.rename(moved)
    done, asked = setup.run("lab", cwd=moved, python=setup.fake(folder / "python3.12"))
    assert done.returncode == 0, done.stderr
    assert asked[-1].endswith("-e .")
    done, _ = setup.run("lab", cwd=moved)
    assert (done.stdout, done.stderr) == ("", "")


@needs_make
def test_make_needs_no_mode_bits(setup):
    # Those who unpack a zip on some systems have none.
    (setup.root / "setup.sh").chmod(0o644)
    done, _ = setup.run("-n", "lab", command=(MAKE,))
    assert "sh ./setup.sh lab" in done.stdout
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not re.search(r"(?<!sh )\./setup\.sh", text)
    assert text.count("sh ./setup.sh ") >= 4


@pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="not a clone")
def test_a_clone_for_windows_line_ends_has_those_that_sh_and_make_need(tmp_path):
    # .gitattributes counts as it is here, committed or not, so the files are written anew from the index.
    def git(*arguments, cwd=ROOT):
        done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    folder = f"{tmp_path / 'clone'}/"
    names = [".gitattributes", "setup.sh", "Makefile", ".ci/run", "solutions/00_welcome.py", "README.md"]
    git("-c", "core.autocrlf=true", "checkout-index", f"--prefix={folder}", "--", *names)
    for name in names:
        text = Path(folder, name).read_bytes()
        assert b"\n" in text
        assert b"\r" not in text, name
    attributes = git("check-attr", "eol", "--", *git("ls-files").splitlines())
    other = [line for line in attributes.splitlines() if not line.endswith("eol: lf")]
    assert not [line for line in other if ".pt: " not in line and ".png: " not in line]


@needs_sh
def test_the_size_of_torch_is_said_as_it_is(setup, tmp_path):
    done, _ = setup.run("lab", python=setup.fake(tmp_path / "python", pip_fails="index-url"))
    assert ("graphics cards" in done.stdout) == (sys.platform == "linux")
    assert "5 GB on the disk" in done.stdout or sys.platform != "linux"
    shutil.rmtree(setup.root / ".venv")
    done, _ = setup.run("lab", python=setup.fake(tmp_path / "python"))
    assert "graphics cards" not in done.stdout


@needs_sh
@pytest.mark.parametrize(
    ("first", "then", "installs"),
    [
        ("test", "bench", True),  # the tests bring no peers
        ("bench", "test", True),
        ("test", "lab", False),
        ("bench", "lab", False),
        ("lab", "bench", True),
        ("lab", "test", True),
    ],
)
def test_what_is_installed_for_one_thing_is_enough_for_another_only_if_it_holds_it(
    setup, first, then, installs
):
    setup.run(first)
    done, asked = setup.run(then)
    assert done.returncode == 0
    assert bool(asked) == installs
    if installs:
        assert asked[-1].endswith(f"-e .[{then}]")
        for each in (first, then):  # neither has to be installed again
            assert setup.run(each)[1] == []


# What setup.sh does


@needs_sh
def test_the_set_up_makes_a_venv_tries_the_small_torch_first_and_installs_by_the_pinned_set(setup):
    done, asked = setup.run("lab")
    assert done.returncode == 0, done.stderr
    venv, torch, course = asked
    assert venv == "-m venv .venv"
    assert "--index-url https://download.pytorch.org/whl/cpu torch==" in torch
    assert "--retries 0" in torch
    assert "--no-deps" in torch
    assert course.endswith("-c constraints.txt -e .")
    assert (setup.root / ".venv" / ".ready-lab").exists()


@needs_sh
def test_the_set_up_keeps_jupyterlab_from_turning_hints_into_source(setup):
    # That the setting does it is seen in tests/test_browser.py.
    assert setup.run("lab")[0].returncode == 0
    folder = setup.root / ".venv" / "share" / "jupyter" / "lab" / "settings"
    overrides = json.loads((folder / "overrides.d" / "advantage.json").read_text())
    assert overrides == {"@jupyterlab/notebook-extension:tracker": {"showEditorForReadOnlyMarkdown": False}}


@needs_sh
def test_the_set_up_for_tests_asks_for_the_tests_extra(setup):
    done, asked = setup.run("test")
    assert done.returncode == 0
    assert asked[-1].endswith("-c constraints.txt -e .[test]")


@needs_sh
def test_the_set_up_goes_on_when_the_index_of_small_torch_builds_does_not_answer(setup, tmp_path):
    done, asked = setup.run("lab", python=setup.fake(tmp_path / "python", pip_fails="index-url"))
    assert done.returncode == 0
    assert "did not answer" in done.stdout
    assert asked[-1].endswith("-e .")


@needs_sh
def test_the_set_up_leaves_the_right_torch_where_it_is(setup, tmp_path):
    (torch,) = re.findall(r"^torch==(.*)", (ROOT / "constraints.txt").read_text(), re.M)
    _, asked = setup.run("lab", python=setup.fake(tmp_path / "python", torch=f"{torch}+cpu"))
    assert not [line for line in asked if "torch==" in line]


@needs_sh
@pytest.mark.parametrize("what", ["lab", "test"])
def test_the_set_up_run_twice_does_nothing_the_second_time_and_takes_no_time(setup, what):
    setup.run(what)
    before = sorted((path, path.stat().st_mtime_ns) for path in (setup.root / ".venv").rglob("*"))
    spent = os.times().children_user
    done, asked = setup.run(what)
    assert os.times().children_user - spent < 1
    assert (done.returncode, done.stdout, done.stderr, asked) == (0, "", "", [])
    assert sorted((path, path.stat().st_mtime_ns) for path in (setup.root / ".venv").rglob("*")) == before


@needs_sh
@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "setup.sh"])
def test_a_newer_file_of_the_set_up_installs_again_into_the_same_venv(setup, name):
    setup.run("lab")
    later = time.time() + 5
    os.utime(setup.root / name, (later, later))
    _, asked = setup.run("lab")
    assert asked[-1].endswith("-e .")
    assert not [line for line in asked if line == "-m venv .venv"]


@needs_sh
def test_a_folder_that_was_moved_gets_a_new_venv(setup, tmp_path):
    setup.run("lab")
    (setup.root / ".venv" / "old").touch()
    moved = tmp_path / "moved"
    setup.root.rename(moved)
    done, asked = setup.run("lab", cwd=moved)
    assert done.returncode == 0
    assert asked[0] == "-m venv .venv"
    assert not (moved / ".venv" / "old").exists()


@needs_sh
def test_another_way_to_the_same_folder_does_not_cost_the_venv(setup, tmp_path):
    setup.run("lab")
    (setup.root / ".venv" / "mine").touch()
    link = tmp_path / "link"
    link.symlink_to(setup.root)
    _, asked = setup.run("lab", cwd=link)
    assert (setup.root / ".venv" / "mine").exists()
    assert asked == []


@needs_sh
def test_a_venv_whose_python_has_gone_is_made_anew(setup):
    # This happens when the system's Python is upgraded.
    setup.run("lab")
    (setup.root / ".venv" / "bin" / "python").unlink()
    (setup.root / ".venv" / "bin" / "python").symlink_to(setup.root / "gone")
    done, asked = setup.run("lab")
    assert done.returncode == 0
    assert asked
    assert asked[0] == "-m venv .venv"


@needs_sh
def test_a_venv_that_was_interrupted_before_it_had_pip_is_made_anew(setup):
    half = setup.root / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    setup.fake(half, pip_fails="-m pip", makes="nothing")
    done, asked = setup.run("lab")
    assert done.returncode == 0, done.stderr
    assert "-m venv .venv" in asked


def one_line(done, *words):
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("setup: ")
    for word in words:
        assert word in done.stderr


@needs_sh
@pytest.mark.parametrize(("version", "supported"), VERSIONS.items())
def test_the_set_up_refuses_another_python_in_one_line(setup, tmp_path, version, supported):
    python = setup.fake(tmp_path / "python", version=version)
    done, _ = setup.run("lab", python=python)
    if supported:
        assert done.returncode == 0
        return
    one_line(done, "3.11, 3.12 or 3.13", str(python), "PYTHON=")
    assert not (setup.root / ".venv").exists()


@needs_sh
def test_the_set_up_says_in_one_line_that_no_python_is_there(setup, tmp_path):
    done, _ = setup.run("lab", python=tmp_path / "nowhere")
    one_line(done, "3.11, 3.12 or 3.13", "nowhere")


@needs_sh
@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_the_set_up_says_in_one_line_that_the_venv_module_is_missing(setup, tmp_path, module):
    done, asked = setup.run("lab", python=setup.fake(tmp_path / "python", without=[module]))
    one_line(done, "venv module", "python3-venv")
    assert asked == []
    assert not (setup.root / ".venv").exists()


@needs_sh
def test_the_set_up_says_in_one_line_that_the_venv_holds_another_python(setup):
    python = setup.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    setup.fake(python, version=(3, 10), makes="nothing")
    done, _ = setup.run("lab")
    one_line(done, "Python 3.10.0", "Delete .venv")


@needs_sh
def test_when_pip_fails_the_set_up_says_what_to_do_and_is_not_done(setup, tmp_path):
    python = setup.fake(tmp_path / "python", pip_fails="-e .")
    done, _ = setup.run("lab", python=python)
    assert done.returncode == 2
    assert "pip: no network" in done.stderr
    assert "run make again" in done.stderr
    assert not list((setup.root / ".venv").glob(".ready*"))


# make


def make(*arguments, cwd=ROOT):
    done = subprocess.run([MAKE, "-n", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_make
def test_make_lab_opens_the_first_lesson_and_passes_arguments_on():
    said = make("lab", "ARGS=--no-browser --port 9999")
    assert "./setup.sh lab" in said
    assert re.search(r"-m jupyterlab .*--no-browser --port 9999 .*notebooks/00_welcome\.ipynb", said)
    assert "--ServerApp.root_dir=. " in said  # or the lessons' links to docs/ lead nowhere
    assert ("--allow-root" in said) == (hasattr(os, "getuid") and os.getuid() == 0)


@needs_make
def test_make_test_runs_all_tests_quickly_and_test_full_at_full_length():
    quick, full = make("test", "ARGS=-x"), make("test-full", "ARGS=-x")
    assert "COURSE_QUICK=1 .venv/bin/python -m pytest -n auto -x" in quick
    for said in (quick, full, make("lint")):
        for tool in ("ruff format --check .", "ruff check .", "pyright --pythonpath .venv/bin/python"):
            assert f".venv/bin/python -m {tool}" in said
    assert "-m pytest -x" in full
    assert "COURSE_QUICK" not in full


@needs_make
def test_make_says_the_one_line_of_the_set_up_and_fails(setup, tmp_path):
    python = setup.fake(tmp_path / "python", version=(3, 10))
    done, _ = setup.run("lab", f"PYTHON={python}", command=(MAKE,))
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1
    assert "no Python 3.11, 3.12 or 3.13 found" in lines[0]


def test_the_make_commands_of_the_readme_are_targets_of_the_makefile():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"(?:^|`)make ([\w-]+)", readme, re.M))
    assert {"lab", "test"} <= told
    assert told <= targets


def test_the_readme_gives_windows_the_commands_of_conda():
    name = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["name"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("conda env create -f environment.yml", f"conda activate {name}"):
        assert command in readme


# CI


NOTED = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
if [ "$(basename "$0")" = apt-get ]; then cp "$0" "$(dirname "$0")/make"; fi
"""


@pytest.fixture
def bare(tmp_path):
    """A machine with next to nothing: programs that note down how they are called, and a copy of .ci/run."""
    (tmp_path / "project" / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / "project" / ".ci")
    (tmp_path / "bin").mkdir()
    for name in ("bash", "sh", "env", "dirname", "basename", "id", "cp"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))

    (tmp_path / "bin" / "sudo").symlink_to(shutil.which("env"))

    def run(*there):
        for name in [*there, "apt-get"]:
            program = tmp_path / "bin" / name
            program.write_text(NOTED.format(log=tmp_path / "log"))
            program.chmod(0o755)
        done = subprocess.run(
            ["bash", str(tmp_path / "project" / ".ci" / "run")],
            env={"PATH": str(tmp_path / "bin")},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return (tmp_path / "log").read_text()

    return run


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_ci_installs_on_a_bare_machine_all_that_the_tests_need(bare):
    said = bare()
    (installed,) = re.findall("^apt-get install .*--no-install-recommends (.*)$", said, re.M)
    assert installed.split() == ["make", "git", "chromium", "bubblewrap", "python3", "python3-venv"]
    assert said.splitlines()[-1] == "make test"


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_ci_installs_nothing_that_is_there(bare):
    said = bare("make", "git", "google-chrome", "bwrap", "python3").splitlines()
    assert said[-1] == "make test"
    assert not [line for line in said if "apt-get" in line]


def test_the_workflow_runs_three_pythons_on_two_systems_and_says_that_nobody_did(tmp_path):
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["test"]["strategy"]["matrix"]
    supported = [".".join(map(str, version)) for version, fits in VERSIONS.items() if fits]
    assert matrix["python"] == supported
    assert len(matrix["system"]) == 2
    assert "not run by us" in text
    assert "bash .ci/run" in text


def test_the_citation_is_whole_and_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]

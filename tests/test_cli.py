"""The command line, as a user meets it: what it prints, where, and its exit status."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course import __main__ as cli
from course import doctor
from course.arrays import Refusal
from course.authoring import stamps

ROOT = Path(__file__).resolve().parents[1]


def course(*arguments, before="", **options):
    """Run `python -m course` in a process of its own, after the lines in `before`."""
    command = [sys.executable, "-m", "course"]
    if before:
        run = "import runpy, sys; sys.argv[0] = 'course'; runpy.run_module('course', run_name='__main__')"
        command = [sys.executable, "-c", f"{before}\n{run}"]
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, **options
    )


# What every command keeps to


@pytest.mark.parametrize("arguments", [(), ("bild",), ("build", "--chek"), ("doctor", "now")])
def test_a_call_that_is_not_known_is_explained_on_stderr_and_gives_2(arguments, capsys):
    with pytest.raises(SystemExit) as done:
        cli.main([*arguments])
    assert done.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "usage: python -m course" in said.err


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as done:
        cli.main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    for command in ("doctor", "build", "random-scores", "grade", "judge", "progress", "restart"):
        assert re.search(rf"^    {command}\b", said, re.M)


def test_ctrl_c_ends_a_command_in_one_line_and_gives_1(monkeypatch, capsys):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "healthy", interrupted)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr()
    assert said.err.strip() == "Stopped. What was finished is kept."


def fails_with(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    "error", [Refusal("seed must be above 0"), FileNotFoundError(2, "No such file", "x.csv")]
)
def test_a_refusal_is_one_line_and_gives_2(monkeypatch, capsys, error):
    monkeypatch.setattr(doctor, "healthy", fails_with(error))
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == f"course doctor: {error}\n"


@pytest.mark.parametrize("slip", [lambda: np.ones(2) + np.ones(3), lambda: int("x"), lambda: {}["key"]])
def test_a_slip_in_the_code_keeps_its_traceback(monkeypatch, slip):
    # After forty minutes, "operands could not be broadcast together" alone would help nobody.
    monkeypatch.setattr(doctor, "healthy", slip)
    with pytest.raises((ValueError, KeyError)) as failure:
        cli.main(["doctor"])
    assert not isinstance(failure.value, Refusal)


def test_the_command_line_loads_neither_torch_nor_matplotlib_to_say_its_help():
    done = course("--help", before="import atexit, sys; atexit.register(lambda: print('L', *sys.modules))")
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded[0] == "L"
    assert "argparse" in loaded
    assert not {"torch", "matplotlib", "jupytext", "ale_py"} & set(loaded)


# build


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two lessons that were never built."""
    monkeypatch.setattr(stamps, "ROOT", tmp_path)
    (tmp_path / "solutions").mkdir()
    for name in ("00_hello.py", "01_world.py", "notes.py"):
        (tmp_path / "solutions" / name).write_text("# %%\n1 + 1\n", encoding="utf-8")
    return tmp_path


def test_check_says_every_stale_file_and_what_to_do_and_gives_1(project, capsys):
    assert cli.main(["build", "--check"]) == 1
    *complaints, remedy = capsys.readouterr().out.splitlines()
    assert complaints == [
        "stale: notebooks/00_hello.ipynb is missing",
        "stale: solutions/00_hello.ipynb is missing",
        "stale: notebooks/01_world.ipynb is missing",
        "stale: solutions/01_world.ipynb is missing",
    ]
    assert "python -m course build" in remedy
    assert not (project / "notebooks").exists()


def test_check_of_what_is_up_to_date_gives_0(project, monkeypatch, capsys):
    monkeypatch.setattr(stamps, "stale", lambda source: [])
    assert cli.main(["build", "--check"]) == 0
    assert capsys.readouterr().out == "2 lessons are up to date.\n"


@pytest.mark.parametrize("name", ["01", "01_world", "01_world.py", "solutions/01_world.py"])
def test_a_lesson_goes_by_its_number_its_name_or_its_file(project, capsys, name):
    assert cli.main(["build", "--check", name]) == 1
    said = capsys.readouterr().out
    assert "01_world" in said
    assert "00_hello" not in said


@pytest.mark.parametrize("name", ["1", "02", "world", "notes", "01_", ""])
def test_a_lesson_that_is_not_known_gives_2_and_the_names_of_those_that_are(project, capsys, name):
    assert cli.main(["build", name, "--check"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"course build: lesson {name!r} is not known; there are: 00_hello, 01_world\n"


def test_without_the_authors_tools_the_build_says_what_to_install():
    done = course("build", before="import sys; sys.modules['nbgrader'] = sys.modules['jupytext'] = None")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert ".[author]" in done.stderr


def test_check_needs_none_of_the_authors_tools():
    done = course("build", "--check", before="import sys; sys.modules['nbgrader'] = None")
    assert done.returncode in (0, 1)
    assert done.stderr == ""


# doctor


@pytest.fixture(scope="module")
def doctors_visit():
    return course("doctor")


def test_the_doctor_finds_every_part_of_this_machine_well(doctors_visit):
    assert doctors_visit.returncode == 0, doctors_visit.stdout
    *parts, verdict = doctors_visit.stdout.splitlines()
    assert verdict == "All is well."
    assert all(line.startswith("OK    ") for line in parts), parts
    said = dict(line[6:].split(": ", 1) for line in parts)
    packages = [
        "ale-py",
        "anywidget",
        "gymnasium",
        "ipykernel",
        "ipython",
        "ipywidgets",
        "jupyter-client",
        "jupyterlab",
    ]
    packages += ["matplotlib", "numpy", "pillow", "torch", "tqdm", "traitlets"]
    others = ["arithmetic with gradients", "Atari", "a Jupyter kernel", "lessons"]
    assert list(said) == ["Python", *packages, *others]
    for package in packages:
        assert said[package] == importlib.metadata.version(package)  # as tested: nothing is added
    game = re.fullmatch(r"a game of Pong at random ended ([+-]\d+)", said["Atari"])
    assert -21 <= int(game[1]) <= -10
    notebooks = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert said["lessons"] == f"{len(notebooks)} notebooks, from {notebooks[0].name}"


def test_the_doctor_says_nothing_but_its_lines(doctors_visit):
    # What a library mutters while it is examined would frighten a beginner.
    assert doctors_visit.stderr == ""


# A part that takes seconds is left out of a test that is about another one.
ONLY = "from course import doctor; doctor.{} = lambda: 'not examined in this test'"


def boom(*_, **__):
    raise RuntimeError("the first line\nlibfoo.so is missing")


BROKEN = {
    "a package that is not installed": (
        lambda patch: patch.setattr(importlib.metadata, "version", missing("tqdm")),
        "tqdm",
        "No package metadata was found for tqdm",
        "pip install -e . -c constraints.txt",
    ),
    "a package that cannot be imported": (
        lambda patch: patch.setitem(sys.modules, "gymnasium", None),
        "gymnasium",
        "import of gymnasium halted",
        "make lab",
    ),
    "a torch that cannot add": (
        lambda patch: patch.setattr("torch.ones", boom),
        "arithmetic with gradients",
        "libfoo.so is missing",
        "make lab",
    ),
    "no Atari game": (
        lambda patch: patch.setattr("course.atari.play_random", boom),
        "Atari",
        "libfoo.so is missing",
        "make lab",
    ),
    "no kernel": (
        lambda patch: patch.setattr("jupyter_client.manager.start_new_kernel", boom),
        "a Jupyter kernel",
        "libfoo.so is missing",
        "make lab",
    ),
    "a kernel of another environment": (
        lambda patch: patch.setattr(doctor, "_prefix_of_a_kernel", lambda: "/elsewhere"),
        "a Jupyter kernel",
        "not in this environment",
        "ipykernel install --sys-prefix",
    ),
    "no notebooks": (
        lambda patch: patch.setattr(doctor, "_lessons", no_lessons),
        "lessons",
        "there are no notebooks",
        "git checkout notebooks",
    ),
    "a part that leaves the program": (
        lambda patch: patch.setattr(doctor, "_atari", leave),
        "Atari",
        "SystemExit",
        "make lab",
    ),
}


def missing(name):
    real = importlib.metadata.version

    def version(package):
        if package == name:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(package)

    return version


def leave():
    raise SystemExit


real_lessons = doctor._lessons


def no_lessons():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "ROOT", Path(__file__).parent)
        return real_lessons()


@pytest.mark.parametrize(("break_it", "part", "what", "remedy"), BROKEN.values(), ids=BROKEN)
def test_a_broken_part_gets_a_fail_line_and_a_remedy_and_the_others_are_still_examined(
    monkeypatch, capsys, break_it, part, what, remedy
):
    for name, slow in (("_atari", "Atari"), ("_kernel", "a Jupyter kernel")):
        if part != slow:
            monkeypatch.setattr(doctor, name, lambda: "not examined in this test")
    with monkeypatch.context() as patch:
        for variable in (*doctor.PYTHONS, *doctor.ROMS, *doctor.KERNELS):
            patch.delenv(variable, raising=False)
        break_it(patch)
        status = cli.main(["doctor"])
    assert status == 1
    lines = capsys.readouterr().out.splitlines()
    at = [number for number, line in enumerate(lines) if not line.startswith("OK    ")]
    assert len(at) == 3, lines
    fail, cure, verdict = (lines[number] for number in at)
    assert fail.startswith(f"FAIL  {part}: ")
    assert what in fail
    assert cure.startswith("      What to do: ")
    assert remedy in cure
    assert at[1] == at[0] + 1
    assert at[2] == len(lines) - 1
    assert "FAIL" in verdict
    assert len(lines) >= 13


NO_CURE = "run `make lab` again"


@pytest.mark.parametrize("variable", doctor.ROMS)
def test_a_folder_of_games_from_an_older_tutorial_is_named_and_not_installed_away(tmp_path, variable):
    done = course("doctor", env={**os.environ, variable: str(tmp_path)}, before=ONLY.format("_kernel"))
    assert done.returncode == 1
    assert f"{variable} ({tmp_path})" in done.stdout
    assert f"`unset {variable}`" in done.stdout
    assert NO_CURE not in done.stdout
    assert done.stdout.count("FAIL  ") == 1


def test_packages_of_another_python_are_named_and_not_installed_away(tmp_path):
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('made for another Python')")
    done = course(
        "doctor",
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        before=ONLY.format("_kernel"),
    )
    assert done.returncode == 1
    assert "FAIL  numpy: made for another Python" in done.stdout
    assert f"PYTHONPATH ({tmp_path})" in done.stdout
    assert "`unset PYTHONPATH`, then ask again; if it still fails, " in done.stdout
    assert "OK    lessons: " in done.stdout


def a_kernel_of_somebody_else(folder, program):
    """Describe a kernel called python3 in a folder of Jupyter's data."""
    (folder / "kernels" / "python3").mkdir(parents=True)
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": argv, "display_name": "theirs", "language": "python"}
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"JUPYTER_PREFER_ENV_PATH": "0"}, "`unset JUPYTER_PREFER_ENV_PATH`"),
        ({"JUPYTER_PATH": "{folder}"}, "`unset JUPYTER_PATH`"),
    ],
)
def test_a_kernel_that_goes_before_ours_is_named_with_the_variable_that_lets_it(tmp_path, variables, remedy):
    a_kernel_of_somebody_else(tmp_path, str(tmp_path / "gone" / "python"))
    variables = {name: value.format(folder=tmp_path) for name, value in variables.items()}
    environment = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path), **variables}

    done = course("doctor", env=environment, before=ONLY.format("_atari"))
    assert done.returncode == 1
    assert "FAIL  a Jupyter kernel: the kernel python3 runs in nothing" in done.stdout
    assert remedy in done.stdout
    assert NO_CURE not in done.stdout

    # The remedy is carried out, and it is one.
    cured = {name: value for name, value in environment.items() if name not in variables}
    again = course("doctor", env=cured, before=ONLY.format("_atari"))
    assert again.returncode == 0, again.stdout


def test_a_kernel_that_goes_before_ours_with_no_variable_to_blame_gets_another_remedy(tmp_path, monkeypatch):
    for name in doctor.KERNELS:
        monkeypatch.delenv(name, raising=False)
    assert "JUPYTER_PREFER_ENV_PATH=1" in doctor._kernel_remedy(str(tmp_path))
    assert "--sys-prefix" in doctor._kernel_remedy(str(Path(sys.prefix) / "share"))


def test_in_a_cell_the_doctor_prints_and_gives_nothing(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "_parts", lambda: [("lessons", doctor._lessons)])
    assert doctor.doctor() is None
    assert capsys.readouterr().out.endswith("All is well.\n")


@pytest.mark.parametrize("package", ["numpy", "torch"])
def test_the_doctor_examines_a_machine_without_a_package_that_the_course_itself_uses(package):
    before = (
        f"import sys; sys.modules[{package!r}] = None\nfrom course import doctor\n"
        "doctor._atari = doctor._kernel = lambda: 'not examined in this test'"
    )
    done = course("doctor", before=before)
    assert done.returncode == 1, done.stderr
    assert f"FAIL  {package}: " in done.stdout
    assert "OK    lessons: " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_version_that_was_not_tested_is_said_and_is_no_failure(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "4.66.0")
    assert re.fullmatch(r"4\.66\.0 \(the course was tested with \d[\d.]*\)", doctor._package("tqdm"))


def test_the_doctor_can_be_stopped(monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "_python", interrupted)
    assert cli.main(["doctor"]) == 1
    assert "FAIL" not in capsys.readouterr().out


# random-scores


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--games", "pongg"), "did you mean 'pong'"),
        (("--games", "pong", "--episodes", "0"), "episodes"),
        (("--games", "pong", "--seed", "-1"), "seed"),
    ],
)
def test_random_scores_refuses_what_cannot_be_measured_and_gives_2(tmp_path, capsys, arguments, says):
    assert cli.main(["random-scores", *arguments, "--out", str(tmp_path / "scores.csv")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("course random-scores: ")
    assert says in said
    assert said.count("\n") == 1
    assert not (tmp_path / "scores.csv").exists()

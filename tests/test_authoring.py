"""The builder, on a lesson of its own in a temporary project, and nbgrader on what it built."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from course.__main__ import main
from course.authoring import build, stamps
from course.authoring.build import stamped
from course.authoring.notebooks import dumps, unsolved
from course.authoring.source import read
from course.checks import exercises

ROOT = Path(__file__).resolve().parents[1]
LESSON = '''\
# %% [markdown]
# # 90. Does the builder work?
#
# A lesson with one of everything.

# %%
import sys

from course import check, use, widgets
from course.plots import min_max_scaling as plots

sys.stderr.write("a progress bar")

# %% [markdown]
# ### Exercise 90.1: `min_max`


# %% exercise="min_max"
def min_max(scores, low, high):
    """Scores as a share of the range from low to high."""
    ### BEGIN SOLUTION
    if high <= low:
        raise ValueError("the answer of the teacher")
    return (scores - low) / (high - low)
    ### END SOLUTION


# %% check="min_max"
check(min_max)
### BEGIN HIDDEN TESTS
assert min_max(7.0, 5.0, 9.0) == 0.5
### END HIDDEN TESTS

# %%
min_max = use(min_max)

# %% tags=["nbval-ignore-output"] picture="docs/ruler.png"
plots.ruler([10, min_max(3.0, 1.0, 5.0)], 20, label="A test")

# %% [markdown]
# Text between two figures.

# %% slide="skip"
widgets.Explorer(
    lambda best: plots.ruler([10], best, label="A test"),
    best=widgets.slider("best", 10, 10, 90, 1),
)

# %%
1 + 1

# %%
1 + 1
'''
EXERCISE = LESSON[LESSON.index("# %% exercise=") : LESSON.index("# %% check=")]


def project(patch, root):
    """A project in `root` instead of ours, with one lesson."""
    patch.setattr(stamps, "ROOT", root)
    (root / "solutions").mkdir()
    source = root / "solutions" / "90_trial.py"
    source.write_text(LESSON, encoding="utf-8")
    return source


def files(root):
    """Every file of a project and what is in it."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def source(tmp_path, monkeypatch):
    return project(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The project of LESSON, built once; nobody writes to it."""
    root = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        source = project(patch, root)
        assert main(["build", "90"]) == 0
        assert stamps.stale(source) == []
    return root


@pytest.fixture
def copy_of_built(built, source):
    """The same in a project that may be changed: `source` with both notebooks."""
    root = source.parents[1]
    for name, content in files(built).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    assert stamps.stale(source) == []
    return source


def notebook(root, folder):
    return nbformat.read(root / folder / "90_trial.ipynb", as_version=nbformat.NO_CONVERT)


def by_id(notebook):
    return {cell.id: cell for cell in notebook.cells}


# From a solved source to the learner's copy and back


def test_both_notebooks_are_valid_and_hold_the_same_cells_in_the_same_order(built):
    solved, learners = notebook(built, "solutions"), notebook(built, "notebooks")
    for each in (solved, learners):
        nbformat.validate(each)
        assert (each.nbformat, each.nbformat_minor) == (4, 5)
    assert [cell.id for cell in solved.cells] == [cell.id for cell in learners.cells]
    assert [cell.cell_type for cell in solved.cells] == [cell.cell_type for cell in learners.cells]


def test_the_solved_notebook_says_what_the_source_says(built):
    wanted = list(re.split(r"^# %%.*\n", LESSON, flags=re.M)[1:])
    given = notebook(built, "solutions").cells
    assert len(given) == len(wanted)
    for cell, text in zip(given, wanted, strict=True):
        if cell.cell_type == "markdown":
            text = re.sub(r"^# ?", "", text, flags=re.M)
        assert cell.source.strip() == text.strip()


def test_only_the_cells_with_something_to_hide_differ_in_the_learners_copy(built):
    solved, learners = by_id(notebook(built, "solutions")), by_id(notebook(built, "notebooks"))
    changed = {name for name in solved if solved[name].source != learners[name].source}
    assert changed == {"min_max", "check_min_max"}


def test_the_learners_copy_holds_no_solution_no_hidden_test_no_output_and_no_widget(built):
    text = (built / "notebooks" / "90_trial.ipynb").read_text(encoding="utf-8")
    solved = (built / "solutions" / "90_trial.ipynb").read_text(encoding="utf-8")
    for secret in (
        "the answer of the teacher",
        "(scores - low)",
        "min_max(7.0, 5.0, 9.0)",
        "BEGIN",
        "END",
        "docs/ruler.png",
        "data:image",
        "widget-view",
    ):
        assert secret not in text
    assert "the answer of the teacher" in solved
    assert "min_max(7.0, 5.0, 9.0)" in solved
    learners = json.loads(text)
    assert set(learners["metadata"]) == {"kernelspec", "language_info", stamps.STAMP}
    for cell in learners["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_the_stub_raises_not_implemented_error_and_keeps_what_is_given(built):
    stub = by_id(notebook(built, "notebooks"))["min_max"].source
    assert '"""Scores as a share of the range from low to high."""' in stub
    assert "YOUR CODE HERE" in stub
    names = {}
    exec(stub, names)
    with pytest.raises(NotImplementedError):
        names["min_max"](1, 0, 2)


def test_check_cells_carry_grade_points_and_in_the_learners_copy_alone_the_tag_that_lets_run_all_go_on(built):
    points = {exercise.name: exercise.points for exercise in exercises()}["min_max"]
    for folder in ("solutions", "notebooks"):
        cells = by_id(notebook(built, folder))
        check, answer = cells["check_min_max"].metadata, cells["min_max"].metadata
        assert check.nbgrader.grade
        assert not check.nbgrader.solution
        assert check.nbgrader.locked
        assert check.nbgrader.points == points
        assert answer.nbgrader.solution
        assert not answer.nbgrader.grade
        assert not answer.nbgrader.locked
        assert ("raises-exception" in check.get("tags", [])) == (folder == "notebooks")
    learners = by_id(notebook(built, "notebooks"))
    assert learners["check_min_max"].metadata.editable is False
    assert learners["min_max"].metadata.get("editable", True)
    texts = [cell for cell in learners.values() if cell.cell_type == "markdown"]
    assert texts
    assert not any(cell.metadata.editable for cell in texts)  # a double click on a hint opens no source
    assert sum("raises-exception" in c.metadata.get("tags", []) for c in learners.values()) == 1


def test_every_cell_says_what_it_is_on_a_slide(built):
    for folder in ("solutions", "notebooks"):
        cells = notebook(built, folder).cells
        kinds = [cell.metadata.slideshow.slide_type for cell in cells]
        # The title opens a slide; a heading of the third level does not; one cell is left out.
        assert kinds[0] == "slide"
        assert kinds[2] == "fragment"
        assert kinds.count("skip") == 1
        assert "widgets.Explorer" in cells[kinds.index("skip")].source


def test_tags_of_the_author_reach_both_notebooks_and_jupytexts_own_keys_neither(built):
    for folder in ("solutions", "notebooks"):
        cells = notebook(built, folder).cells
        assert sum("nbval-ignore-output" in cell.metadata.get("tags", []) for cell in cells) == 1
        assert all("lines_to_next_cell" not in cell.metadata for cell in cells)


def test_the_solved_notebook_is_executed_and_keeps_the_static_twin_of_a_widget_alone(built):
    solved = notebook(built, "solutions")
    assert "widgets" not in solved.metadata
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    (twin,) = next(cell for cell in code if "Explorer" in cell.source).outputs
    assert set(twin.data) == {"text/html", "text/plain"}
    assert 'alt="A test: 1 score on' in twin.data["text/html"]
    assert twin.data["text/plain"].startswith("Interactive figure")


def test_what_goes_to_stderr_is_not_kept(built):
    outputs = [output for cell in notebook(built, "solutions").cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "stream"]


def test_a_picture_of_a_cell_is_written_as_a_png(built):
    picture = (built / "docs" / "ruler.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    html = next(
        cell.outputs[0].data["text/html"]
        for cell in notebook(built, "solutions").cells
        if "plots.ruler([10, min_max" in cell.source
    )
    assert len(picture) > 5_000
    assert 'src="data:image/png;base64,' in html


# Names of cells


def test_names_of_cells_are_unique_and_valid(built):
    names = [cell.id for cell in notebook(built, "notebooks").cells]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names)
    assert names[-1] == f"{names[-2]}-2"  # two cells with the same text


def test_a_new_cell_in_front_leaves_the_names_of_the_others_alone(source):
    before = [cell.id for cell in read(source).cells]
    source.write_text('# %%\n"new"\n\n' + LESSON, encoding="utf-8")
    after = [cell.id for cell in read(source).cells]
    assert after[1:] == before
    assert after[0] not in before


def test_built_again_the_learners_copy_is_the_same_to_the_byte_and_the_solved_one_keeps_its_names(
    copy_of_built, capsys
):
    root = copy_of_built.parents[1]
    before = files(root)
    names = [cell.id for cell in notebook(root, "solutions").cells]
    assert main(["build", "90_trial"]) == 0
    assert "90_trial: 11 cells" in capsys.readouterr().out
    after = files(root)
    assert set(after) == set(before)
    assert after["notebooks/90_trial.ipynb"] == before["notebooks/90_trial.ipynb"]
    assert [cell.id for cell in notebook(root, "solutions").cells] == names


# A lesson that cannot be built


MARKERS = {
    "no END": (LESSON.replace("    ### END SOLUTION\n", ""), 21, "BEGIN SOLUTION without ### END SOLUTION"),
    "no BEGIN": (LESSON.replace("    ### BEGIN SOLUTION\n", ""), 24, "END SOLUTION without ### BEGIN"),
    "no END of tests": (LESSON.replace("### END HIDDEN TESTS\n", ""), 30, "BEGIN HIDDEN TESTS without"),
    "another END": (LESSON.replace("### END HIDDEN TESTS", "### END SOLUTION"), 32, "END SOLUTION without"),
    "nested": (
        LESSON.replace("    if high", "    ### BEGIN SOLUTION\n    if high"),
        22,
        "BEGIN SOLUTION inside the one of line 21",
    ),
    "closed in another cell": (
        LESSON.replace("    if high", "# %%\n    if high"),
        21,
        "BEGIN SOLUTION without ### END SOLUTION in its cell",
    ),
    "at the end": (LESSON + "\n# %%\n### BEGIN MARK SCHEME\n", LESSON.count("\n") + 3, "BEGIN MARK SCHEME"),
    # A marker that nobody knows would hand the hidden test to the learner.
    "misspelled": (LESSON.replace("HIDDEN TESTS", "HIDDEN TEST"), 30, "HIDDEN TEST"),
    "another name": (LESSON.replace("HIDDEN TESTS", "TESTS"), 30, "BEGIN TESTS"),
    "small letters": (LESSON.replace("### BEGIN HIDDEN", "### Begin hidden"), 30, "hidden"),
}


@pytest.mark.parametrize(("text", "line", "says"), MARKERS.values(), ids=MARKERS)
def test_a_marker_without_its_partner_names_file_and_line_and_writes_nothing(
    source, capsys, text, line, says
):
    source.write_text(text, encoding="utf-8")
    source.with_name("89_good.py").write_text(LESSON, encoding="utf-8")
    before = files(source.parents[1])
    assert main(["build"]) == 2
    said = capsys.readouterr().err
    assert f"90_trial.py:{line}: " in said
    assert says in said
    assert files(source.parents[1]) == before


MALFORMED = {
    "unknown key": (LESSON + '\n# %% exercize="min_max"\n1\n', "exercize"),
    "no quotes": (LESSON.replace('exercise="min_max"', "exercise=min_max"), "def min_max"),
    "unknown exercise": (
        LESSON.replace('exercise="min_max"', 'exercise="min_maks"'),
        "did you mean 'min_max'",
    ),
    "unknown check": (LESSON.replace('check="min_max"', 'check="min_maxx"'), "did you mean 'min_max'"),
    "unknown slide": (LESSON.replace('slide="skip"', 'slide="skipp"'), "did you mean 'skip'"),
    "no markers": (re.sub(r"    ### (BEGIN|END) SOLUTION\n", "", LESSON), "needs ### BEGIN SOLUTION"),
    "tags are no list": (LESSON.replace('["nbval-ignore-output"]', '"nbval-ignore-output"'), "tags"),
    "the same exercise twice": (LESSON + "\n\n" + EXERCISE, "min_max"),
    "hidden test outside a check": (LESSON.replace('# %% check="min_max"', "# %%"), "check(min_max)"),
    "solution outside an exercise": (
        LESSON + "\n# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n",
        "BEGIN SOLUTION",
    ),
}


@pytest.mark.parametrize(("text", "says"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_cell_is_named_in_a_sentence_and_nothing_is_written(source, capsys, text, says):
    source.write_text(text, encoding="utf-8")
    before = files(source.parents[1])
    assert main(["build", "90"]) == 2
    said = capsys.readouterr().err
    assert "90_trial" in said
    assert says in said
    assert "Traceback" not in said
    assert files(source.parents[1]) == before


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("undefined_name + 1", "undefined_name"),
        ("def (", "SyntaxError"),
        ("check(lambda scores, low, high: 0)", "ValueError"),
        ("import os\nos._exit(3)", "died"),
    ],
)
def test_a_cell_that_fails_names_the_lesson_and_leaves_the_old_notebooks(copy_of_built, capsys, cell, says):
    old = "# %% exercise"
    text = f"# %%\n{cell}\n\n\n"  # early, so that the test is quick
    copy_of_built.write_text(LESSON.replace(old, text + old), encoding="utf-8")
    before = files(copy_of_built.parents[1])
    assert main(["build", "90"]) == 2
    said = capsys.readouterr().err
    assert "90_trial.py" in said
    assert says in said
    assert "\x1b" not in said, "colours for a notebook make no sense in a log"
    assert files(copy_of_built.parents[1]) == before


def test_cells_run_at_full_length_whatever_is_asked_of_the_library_outside(source, monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "1")
    source.write_text("# %%\nimport os\n\nos.environ.get('COURSE_QUICK', 'full length')\n", encoding="utf-8")
    assert main(["build", "90"]) == 0
    (cell,) = notebook(source.parents[1], "solutions").cells
    assert cell.outputs[0].data["text/plain"] == "'full length'"
    assert os.environ["COURSE_QUICK"] == "1"


def test_a_solution_that_fails_its_own_check_stops_the_build(source, capsys):
    source.write_text(LESSON.replace("(high - low)\n", "high\n"), encoding="utf-8")
    assert main(["build", "90"]) == 2
    assert "CheckFailed" in capsys.readouterr().err
    assert not (source.parents[1] / "notebooks").exists()


def test_a_picture_of_a_cell_without_a_figure_names_the_cell(source, capsys):
    source.write_text('# %% picture="docs/none.png"\n1 + 1\n', encoding="utf-8")
    assert main(["build", "90"]) == 2
    assert "docs/none.png" in capsys.readouterr().err
    assert not (source.parents[1] / "notebooks").exists()


# Stopped half-way


def test_ctrl_c_between_two_files_keeps_the_old_ones(copy_of_built, monkeypatch, capsys):
    before = files(copy_of_built.parents[1])

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "execute", stopped)
    assert main(["build", "90"]) == 1
    said = capsys.readouterr().err
    assert said.strip().startswith("Stopped")
    assert "Traceback" not in said
    assert files(copy_of_built.parents[1]) == before


def test_ctrl_c_while_a_file_is_written_keeps_the_old_one_whole(copy_of_built, monkeypatch, capsys):
    root = copy_of_built.parents[1]
    copy_of_built.write_text(LESSON.replace(' picture="docs/ruler.png"', ""), encoding="utf-8")
    before = files(root)
    write = Path.write_bytes

    def stopped(path, data):
        write(path, data[: len(data) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "execute", lambda solved, source: solved)
    monkeypatch.setattr(Path, "write_bytes", stopped)
    monkeypatch.setattr(Path, "write_text", lambda path, text, **_: stopped(path, text.encode()))
    assert main(["build", "90"]) == 1
    assert "Stopped" in capsys.readouterr().err
    assert files(root) == before, "nothing is left beside it either"


@pytest.mark.skipif(os.name == "nt", reason="signals go another way there")
def test_ctrl_c_while_a_cell_runs_stops_at_once_without_a_traceback(copy_of_built):
    root = copy_of_built.parents[1]
    started = root / "started"
    copy_of_built.write_text(
        "# %%\nimport os, pathlib, time\n"
        f"pathlib.Path({str(started)!r}).write_text(str(os.getpid()) + '.')\ntime.sleep(100)\n",
        encoding="utf-8",
    )
    before = files(root)
    program = (
        "import pathlib, sys\nfrom course.authoring import stamps\n"
        "from course.__main__ import main\n"
        f"stamps.ROOT = pathlib.Path({str(root)!r})\nsys.exit(main(['build', '90']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        process_group=0,  # a group of its own, as a terminal gives it
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until(lambda: started.exists() and started.read_text().endswith("."), "the cell to start")
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    kernel = int(started.read_text()[:-1])
    started.unlink()
    assert "Traceback" not in said, said
    assert "Stopped" in said
    assert process.returncode == 1
    assert files(root) == before
    until(lambda: not alive(kernel), "the kernel to end")


def until(happened, what):
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# What is stale


def edit(path, change):
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def edited_json(change):
    def write(path):
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(change(content)), encoding="utf-8")

    return write


def another_word(content):
    content["cells"][0]["source"] += " More."
    return content


def another_output(content):
    next(cell for cell in content["cells"] if cell.get("outputs"))["outputs"] = []
    return content


def saved_widgets(content):
    """What JupyterLab adds when somebody runs a notebook and saves it."""
    content["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return content


MISSING, EDITED, FOREIGN = "is missing", "was edited by hand", "was not made by the builder"
NOT_AS_BUILT = {
    "notebook missing": ("notebooks", Path.unlink, MISSING),
    "solution missing": ("solutions", Path.unlink, MISSING),
    "a word added": ("notebooks", edited_json(another_word), EDITED),
    "an output removed": ("solutions", edited_json(another_output), EDITED),
    "run and saved in JupyterLab": ("solutions", edited_json(saved_widgets), EDITED),
    "cut off": ("notebooks", lambda path: path.write_text("{"), FOREIGN),
    "no text": ("notebooks", lambda path: path.write_bytes(b"\xff\xfe"), FOREIGN),
    "a list": ("notebooks", edited_json(lambda n: []), FOREIGN),
    "no stamp": ("notebooks", edited_json(lambda n: {**n, "metadata": {}}), FOREIGN),
    "an odd stamp": ("notebooks", edited_json(lambda n: {**n, "metadata": {stamps.STAMP: "mine"}}), FOREIGN),
    "no cells": (
        "notebooks",
        edited_json(lambda n: {k: v for k, v in n.items() if k != "cells"}),
        f"({EDITED}|{FOREIGN})",
    ),
}


@pytest.mark.parametrize(("folder", "change", "says"), NOT_AS_BUILT.values(), ids=NOT_AS_BUILT)
def test_a_built_file_that_is_not_as_built_gets_one_sentence(copy_of_built, capsys, folder, change, says):
    path = copy_of_built.parents[1] / folder / "90_trial.ipynb"
    assert main(["build", "--check"]) == 0
    capsys.readouterr()
    change(path)
    assert main(["build", "--check"]) == 1
    complaints = [line for line in capsys.readouterr().out.splitlines() if line.startswith("stale: ")]
    assert len(complaints) == 1
    assert re.fullmatch(f"stale: {folder}/90_trial.ipynb {says}", complaints[0])


def test_a_source_that_was_edited_makes_both_notebooks_stale(copy_of_built, capsys):
    edit(copy_of_built, lambda text: text.replace("one of everything", "one of all"))
    assert main(["build", "--check"]) == 1
    said = capsys.readouterr().out
    for folder in ("notebooks", "solutions"):
        assert f"stale: {folder}/90_trial.ipynb is older than its source or the builder" in said
    assert "python -m course build" in said


@pytest.mark.parametrize("part", ["build.py", "notebooks.py", "source.py", "stamps.py"])
def test_another_builder_makes_all_notebooks_stale(copy_of_built, monkeypatch, tmp_path, capsys, part):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(Path(stamps.__file__).parent, elsewhere)
    monkeypatch.setattr(stamps, "__file__", str(elsewhere / "stamps.py"))
    assert main(["build", "--check"]) == 0
    edit(elsewhere / part, lambda text: text + "# a change\n")
    assert main(["build", "--check"]) == 1
    assert "older than its source or the builder" in capsys.readouterr().out


def test_line_endings_of_the_checkout_do_not_make_a_notebook_stale(copy_of_built, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(Path(stamps.__file__).parent, elsewhere)
    monkeypatch.setattr(stamps, "__file__", str(elsewhere / "stamps.py"))
    for path in [copy_of_built, *elsewhere.glob("*.py")]:
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert main(["build", "--check"]) == 0


def test_a_notebook_whose_source_is_gone_is_stale(copy_of_built, capsys):
    for folder in ("notebooks", "solutions"):
        path = copy_of_built.parents[1] / folder / "90_trial.ipynb"
        path.with_name("91_renamed.ipynb").write_bytes(path.read_bytes())
    assert main(["build", "--check"]) == 1
    said = capsys.readouterr().out
    assert "notebooks/91_renamed.ipynb" in said
    assert "solutions/91_renamed.ipynb" in said


def test_a_touched_source_with_the_same_text_is_not_stale(copy_of_built):
    os.utime(copy_of_built)
    assert main(["build", "--check"]) == 0


def test_check_writes_nothing(copy_of_built):
    edit(copy_of_built, lambda text: text + "# more\n")
    before = files(copy_of_built.parents[1])
    main(["build", "--check"])
    assert files(copy_of_built.parents[1]) == before


def test_check_is_quick_and_loads_no_authors_tools():
    program = (
        "import sys\nfrom course.__main__ import main\nmain(['build', '--check'])\n"
        "print('loaded:', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert os.times().children_user - before.children_user < 3
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "course" in loaded
    assert "json" in loaded
    assert not loaded & {"jupytext", "nbgrader", "nbclient", "nbformat", "torch", "matplotlib"}


# nbgrader itself, on what was built


@pytest.fixture(scope="module")
def nbgrader(tmp_path_factory):
    """Run an nbgrader command in a folder; return what it said."""
    empty = tmp_path_factory.mktemp("jupyter")
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(empty),
        "JUPYTER_DATA_DIR": str(empty),
        # It calls `alembic` by its bare name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run(folder, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run


RIGHT = "if high <= low:\n        raise ValueError\n    return (scores - low) / (high - low)"
WRONG = "return scores / high"
STUB = "# YOUR CODE HERE\n    raise NotImplementedError()"


def filled_in(built, answer):
    """The learner's copy with an answer written over the stub."""
    submission = notebook(built, "notebooks")
    cell = by_id(submission)["min_max"]
    assert STUB in cell.source
    cell.source = cell.source.replace(STUB, answer)
    return submission


def test_nbgrader_validates_the_solved_notebook_and_refuses_a_wrong_answer(built, nbgrader, tmp_path):
    # nbgrader says 0 in both cases, so only its words tell.
    nbformat.write(notebook(built, "solutions"), tmp_path / "solved.ipynb")
    assert "Success! Your notebook passes all the tests." in nbgrader(tmp_path, "validate", "solved.ipynb")
    nbformat.write(filled_in(built, WRONG), tmp_path / "wrong.ipynb")
    said = nbgrader(tmp_path, "validate", "wrong.ipynb")
    assert "VALIDATION FAILED ON 1 CELL" in said
    assert "check(min_max)" in said
    assert "Success" not in said


def test_nbgrader_gives_full_points_to_a_right_answer_and_none_to_a_wrong_or_missing_one(
    built, nbgrader, tmp_path
):
    from nbgrader.api import Gradebook

    points = {exercise.name: exercise.points for exercise in exercises()}["min_max"]
    answers = {"ada": RIGHT, "bob": WRONG, "cleo": STUB}
    place = tmp_path / "source" / "90_trial" / "90_trial.ipynb"
    place.parent.mkdir(parents=True)
    place.write_text(dumps(read(built / "solutions" / "90_trial.py")), encoding="utf-8")
    for student, answer in answers.items():
        place = tmp_path / "submitted" / student / "90_trial" / "90_trial.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(filled_in(built, answer), place)
    nbgrader(tmp_path, "generate_assignment", "90_trial")
    released = nbformat.read(tmp_path / "release" / "90_trial" / "90_trial.ipynb", as_version=4)
    assert [(c.id, c.source) for c in released.cells] == [
        (c.id, c.source) for c in notebook(built, "notebooks").cells
    ]
    nbgrader(tmp_path, "autograde", "90_trial")
    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        grades = {student: gradebook.find_submission("90_trial", student) for student in answers}
        scores = {student: (grade.score, grade.max_score) for student, grade in grades.items()}
    assert scores == {"ada": (points, points), "bob": (0, points), "cleo": (0, points)}


# The real lessons


@pytest.mark.parametrize("lesson", stamps.sources(), ids=lambda path: path.stem)
def test_a_lessons_copy_for_learners_is_what_the_builder_makes_today(lesson):
    made = dumps(stamped(unsolved(read(lesson)), lesson))
    kept = (ROOT / "notebooks" / f"{lesson.stem}.ipynb").read_text(encoding="utf-8")
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (made, kept)]
    assert digests[0] == digests[1], f"run: python -m course build {lesson.stem}"

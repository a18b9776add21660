"""Every lesson: built, executed, compared, and run untouched. Its form is held by tests/test_rules.py."""

import copy
import functools
import os
import re
import subprocess

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.authoring.stamps import ROOT, sources, stale
from tests.lessons import executed, in_words
from tests.lessons.execution import execute
from tests.lessons.rules import WIDGET, lesson, points_of, shown, stated, twins, written
from tests.lessons.startup import SHORT_TRAINING, starting_with

LESSONS = [path.stem for path in sources()]
each_lesson = pytest.mark.parametrize("name", LESSONS)


# Built


@each_lesson
def test_a_lesson_is_up_to_date(name):
    assert stale(ROOT / "solutions" / f"{name}.py") == []


def test_every_notebook_has_a_source():
    built = {path.stem for folder in ("solutions", "notebooks") for path in (ROOT / folder).glob("*.ipynb")}
    assert built == set(LESSONS)


def test_the_map_in_the_readme_says_of_each_lesson_what_its_source_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = {}
    for row in re.findall(r"^\| \d.*", readme, re.M):
        number, link, _, write, minutes = [cell.strip() for cell in row.strip("|").split("|")]
        name = re.search(r"\(notebooks/(\w+)\.ipynb\)", link)[1]
        rows[name] = (int(number), re.findall(r"`(\w+)`|(\w+) repaired lines", write), int(minutes))
    wanted = {}
    for name in LESSONS:
        exercises = [(each, "") for each in points_of(name)]
        if len(exercises) > 4:  # the clinic's: each repairs one line, and the map says how many they are
            exercises = [("", in_words(len(exercises)))]
        wanted[name] = (int(name[:2]), exercises, stated(written(name))[0])
    assert rows == wanted


# Executed and compared


@each_lesson
def test_a_solution_run_again_says_what_it_said(name):
    run = executed(name[3:])
    assert run.status == 0, run.report[-6_000:]
    assert f"{len(lesson(name).code)} passed" in run.report


COMPARED = """\
from IPython.display import HTML
HTML('<p><img alt="It ends at 3." src="data:image/png;base64,AAAA"></p>')"""
SAYS = '<p><img alt="It ends at {number}." src="data:image/png;base64,{picture}"></p>'


@pytest.mark.parametrize(
    ("number", "picture", "same"), [(3, "AAAA", True), (3, "BBBB", True), (4, "AAAA", False)]
)
def test_that_comparison_leaves_out_the_pixels_and_sees_a_number(tmp_path, number, picture, same):
    text = SAYS.format(number=number, picture=picture)
    plain = "<IPython.core.display.HTML object>"
    output = new_output("execute_result", data={"text/html": text, "text/plain": plain}, execution_count=1)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(
        cells=[new_code_cell(COMPARED, execution_count=1, outputs=[output])],
        metadata={"kernelspec": kernel},
    )
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    run = execute(tmp_path / "lesson.ipynb")
    assert (run.status == 0) == same, run.report


# Run untouched, as a learner who does no exercise meets it


# The solution is run as it is. Here the same worlds are played once more, to see that nothing stops, so less
# of them will do: a startup file of IPython makes what takes longest smaller, before the first cell is run.
LESS = """\
import functools

import course.atari
from course.worlds import writer


def at_most(f, **limits):
    @functools.wraps(f)
    def less(*args, **kwargs):
        kept = {name: min(most, kwargs.get(name, most)) for name, most in limits.items()}
        return f(*args, **{**kwargs, **kept})

    return less


writer.learn = at_most(writer.learn, seeds=1)


def few_games(game, *, episodes, play=course.atari.play_random, **kwargs):
    played = play(game, episodes=min(episodes, 3), **kwargs)
    return [played[nth % len(played)] for nth in range(episodes)]


course.atari.play_random = few_games
"""
LESS_TRAINING = """
from dataclasses import replace

import course.recording
from course.games import GAMES
from course.language import ages, learning, model


def short_learn(weigh, *, settings=learning.DEFAULT, learn=learning.learn, **kwargs):
    most = 16 if "judge" in kwargs else 5  # the cell after it looks at the 16th
    return learn(weigh, settings=replace(settings, updates=min(settings.updates, most)), **kwargs)


def young(wanted, seed, *, grown=ages._grown):
    return {age: grown((0, 1, 2), seed)[min(age, 2)] for age in wanted}


GAMES["pong"] = 8
course.recording.record = at_most(course.recording.record, max_steps=500)
learning.learn = short_learn
model.pretrain = at_most(model.pretrain, steps=20)
ages._grown = young
"""


@functools.cache
def untouched(name):
    """A learner's copy after Run All. Only an error that a tag announces lets it go on."""
    notebook = copy.deepcopy(lesson(name).learners)
    folder = ROOT / "notebooks"
    before = set(folder.iterdir())
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources=resources)
    trains = name[:2] >= "10"  # with torch, which takes a second to load
    with starting_with(LESS, *[SHORT_TRAINING, LESS_TRAINING] * trains) as ipython:
        client.execute(stderr=subprocess.DEVNULL, env={**os.environ, "IPYTHONDIR": ipython})
    assert set(folder.iterdir()) == before, "the lesson leaves files behind"
    return notebook


@each_lesson
def test_an_untouched_notebook_runs_to_its_end_and_says_still_to_do_once_an_exercise(name):
    cells = [cell for cell in untouched(name).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    errors = [(cell.id, o.ename) for cell in cells for o in cell.outputs if o.output_type == "error"]
    exercise_names = [cell.id for cell in cells if cell.id in lesson(name).points]
    assert errors == [(f"check_{each}", "NotAttempted") for each in exercise_names]
    panels = [text for cell in cells for mime, text in shown(cell) if mime == "text/plain"]
    assert [text.split("\n")[0] for text in panels if ": still to do" in text.split("\n")[0]] == [
        f"… {each}: still to do" for each in exercise_names
    ]


@each_lesson
def test_an_untouched_notebook_shows_what_the_solution_shows_with_the_courses_own_functions(name):
    solved = {cell.id: cell for cell in lesson(name).code}
    notes = []
    for cell in untouched(name).cells:
        if cell.cell_type != "code" or cell.id.startswith("check_"):
            continue
        if lesson(name).kind(cell) == "use":
            notes += [text for mime, text in shown(cell) if mime == "text/plain"]
            continue
        kinds = [sorted(o.data) for o in cell.outputs if "data" in o and WIDGET not in o.data]
        wanted = [sorted(o.data) for o in solved[cell.id].outputs if "data" in o]
        assert [each for each in kinds if each != ["text/plain"]] == [
            each for each in wanted if each != ["text/plain"]
        ], cell.source
    assert len(notes) == len(lesson(name).points)
    for exercise, note in zip(lesson(name).points, notes, strict=True):
        assert "the course's " in note, (exercise, note)


@each_lesson
def test_every_widget_of_a_lesson_comes_with_its_still_picture(name):
    widgets = 0
    for cell in untouched(name).cells:
        views = sum(WIDGET in output.get("data", {}) for output in cell.get("outputs", []))
        pictures = len(twins(cell)) if views else 0
        widgets += pictures
        # What has none is a progress bar: the builder leaves it out of the solution.
        assert views == pictures or "nbval-ignore-output" in cell.metadata.get("tags", []), cell.source
    assert widgets >= (name[:2] != "00")

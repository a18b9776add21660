"""What of a notebook runs in the sandbox, and what crosses its wall. Nothing here needs a sandbox."""

import builtins
import json
import sys

import numpy as np
import pytest

from course.checks import exercises, judge
from course.grading.inside import answering, notebook, wire
from course.grading.inside.pretended import HARMLESS, Finder
from course.grading.inside.selection import parse
from course.grading.questions import judged, question
from course.grading.remote import Answer
from course.grading.sandbox import LONGEST_REPLY
from course.grading.stub import pretended_course
from tests.grading import notebooks

SCALED = "def scaled(x):\n    return SCALE * x\n"


@pytest.fixture
def desk():
    """A place to answer, in this process, which is left as it was."""
    before = builtins.input, sys.getrecursionlimit(), sys.modules["__main__"]
    yield answering.Desk()
    builtins.input, limit, sys.modules["__main__"] = before
    sys.setrecursionlimit(limit)


def prepared(desk, *cells, exercise="scaled"):
    return desk.prepare(exercise, notebook.read(notebooks.notebook(*cells)), ["scaled", "other"])


def own(source=SCALED, **more):
    return notebooks.cell(source, "scaled", **more)


STUB = 'def scaled(x):\n    """Words."""\n    # YOUR CODE HERE\n    raise NotImplementedError()\n'
HELPER = "class Box:\n    size = 3\n\ndef helper(x):\n    return Box.size * x\n"
DOUBLE = "def scaled(x):\n    return 2 * x\n"
HONEST = {
    "a constant that is computed": ["SCALE = np.log(np.e) * 3", own()],
    "a helper and a class": [HELPER, own("def scaled(x):\n    return helper(x)")],
    "a helper below": [own("def scaled(x):\n    return helper(x)"), HELPER],
    "a constant below, and one that it needs": [own(), "SCALE = HALF + HALF", "HALF = 1.5"],
    "inside if and try": [
        "if True:\n    try:\n        SCALE = no_such_name\n    except NameError:\n        SCALE = 3",
        own(),
    ],
    "an import of which half is missing": [
        "from math import no_such, floor",
        own("def scaled(x):\n    return floor(3.5) * x"),
    ],
    "a namedtuple, a partial and a lambda": [
        "from collections import namedtuple\nfrom functools import partial\nBox = namedtuple('Box', 'size')\n"
        "times = partial(lambda a, b: a * b, Box(3).size)",
        own("scaled = lambda x: times(x)"),
    ],
    "a dictionary that is filled": [
        "TABLE = {}\nTABLE['scale'] = 3",
        own("def scaled(x):\n    return TABLE['scale'] * x"),
    ],
    "a dataclass whose annotations are not there": [
        "from dataclasses import dataclass\n@dataclass\nclass Box:\n    size: NoSuchType = 3\n",
        own("def scaled(x):\n    return Box().size * x"),
    ],
    "magics": [
        own(
            "%matplotlib inline\n!pip install nothing\nif True:\n    %time 1 + 1\nSCALE = 3\n"
            + SCALED
            + "scaled?"
        )
    ],
    "timed": [own("%%time\nSCALE = 3\n" + SCALED)],
    "a sign that only looks like a magic": [own("SCALE = (7\n% 4)\n" + SCALED)],
    "a cell that fails, and loops that do not run": ["1 / 0", "while True:\n    pass", "SCALE = 3", own()],
    "a cell that leaves": ["import sys\nsys.exit()", "SCALE = sys.exit()", "SCALE = 3", own()],
    "a constant that changes after the exercise": ["SCALE = 3", own(), "SCALE = 100"],
    "another function of the name, above and below": [DOUBLE, "SCALE = 3", own(), DOUBLE],
    "the stub once more": ["SCALE = 3", own(), own(STUB)],
    "a cell that was split": [own("SCALE = 3"), own()],
    "the stub left alone, and the answer elsewhere": [own(STUB), "SCALE = 3\n" + SCALED],
    "no grade id but a cell id": ["SCALE = 3", notebooks.cell(SCALED, id="scaled"), DOUBLE],
    "neither grade id nor cell id": ["SCALE = 3", SCALED],
    "a look at its own source": [
        "import inspect",
        own("%%time\n\ndef scaled(x):\n    return 3 * x * inspect.getsource(scaled).startswith('def')\n"),
    ],
    "another exercise that does harm": [
        notebooks.cell("def other(x, end=no_such_name()):\n    pass\nclass Box:\n    1 / 0", "other"),
        "SCALE = 3",
        own(),
    ],
    "another exercise that helps": [
        notebooks.cell("def other(x):\n    return 3 * x", "other"),
        own("def scaled(x):\n    return other(x)"),
    ],
    "use, as in a lesson": ["from course import use", "SCALE = 3", own(), "scaled = use(scaled)"],
    "another name of its own": [own("def mine(x):\n    return 3 * x\nscaled = mine")],
}


@pytest.mark.parametrize("cells", HONEST.values(), ids=HONEST)
def test_what_honest_work_needs_runs(desk, cells):
    said = prepared(desk, *cells)
    assert said["callable"]
    assert desk.answer(2) == pytest.approx(6)


@pytest.mark.parametrize(
    ("cells", "said"),
    {
        "the untouched stub": ([own(STUB)], {"own": True, "stub": True, "bound": False}),
        "an empty cell": ([own("")], {"own": True, "bound": False, "broken": False}),
        "no cell": (["SCALE = 3"], {"own": False, "bound": False}),
        "a cell turned into text": ([{**own(), "cell_type": "markdown"}], {"own": False, "bound": False}),
        "no Python": ([own("def scaled(x)\n    return x")], {"broken": True, "bound": False}),
        "skipped by a magic": ([own("%%bash\nls")], {"bound": False, "broken": False}),
        "no function": ([own("scaled = 3")], {"bound": True, "callable": False}),
        "a name that is not there": (
            [own("scaled = np.vectorize(nothing)")],
            {"bound": False, "failed": "NameError"},
        ),
    }.values(),
    ids=str,
)
def test_what_is_missing_is_said(desk, cells, said):
    assert said.items() <= prepared(desk, *cells).items()


def test_only_what_counts_runs(desk, tmp_path):
    touched = tmp_path / "touched"
    writes = f"open({str(touched)!r}, 'w')"
    prepared(desk, writes, f"UNUSED = {writes}", f"for _ in range(3):\n    {writes}", "SCALE = 3", own())
    assert not touched.exists()
    prepared(desk, f"SCALE = {writes}", own())
    assert touched.exists()


def test_of_another_exercises_cells_only_what_is_needed_runs(desk, tmp_path):
    touched = tmp_path / "touched"
    harm = notebooks.cell(f"def other(x, end=open({str(touched)!r}, 'w')):\n    return 3 * x", "other")
    prepared(desk, harm, "SCALE = 3", own())
    assert not touched.exists()
    prepared(desk, harm, own("def scaled(x):\n    return other(x)"))
    assert touched.exists()


def test_a_cell_keeps_what_it_had_before_it_failed(desk):
    prepared(desk, own("SCALE = 3\n" + SCALED + "SCALE = 1 / 0\n"))
    assert desk.answer(2) == 6


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\x89PNG", "not JSON"),
        (b"[" * 100_000, "too deep"),
        (b"[1]", "no cells"),
        (b'{"cells": 3}', "no cells"),
        (b'{"worksheets": [1]}', "no cells"),
        (notebooks.notebook("x" * 2_000_001), "far more code"),
    ],
    ids=["empty", "blank", "picture", "deep", "list", "no list of cells", "no sheets", "too much code"],
)
def test_what_is_no_notebook_is_refused(content, why):
    with pytest.raises(notebook.Unreadable, match=why):
        notebook.read(content)


def test_notebooks_of_any_editor_are_read():
    plain = notebooks.notebook(own(SCALED.splitlines(keepends=True)))
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": SCALED, "metadata": {}}]}]}
    odd = json.loads(plain)
    odd["cells"] += [
        None,
        {"cell_type": ["code"]},
        {"cell_type": "code", "source": {}, "metadata": [], "id": 1},
    ]
    texts = [plain, b"\xef\xbb\xbf" + plain, plain.decode().encode("utf-16")]
    for content in [*texts, json.dumps(old).encode(), json.dumps(odd).encode()]:
        assert notebook.read(content)[0].source == SCALED


def test_magics_go_only_where_they_are_none_of_python():
    assert parse("x = '''\n%time\n'''\n")[0].value.value == "\n%time\n"
    assert parse("x = %time 3\ny = 4")[1].value.value == 4
    assert parse("%%html\n<b>") == []
    assert parse("def f(:") is None


# The wall


class InHere:
    """Stands for a sandbox: the same requests and replies, as JSON, without its walls."""

    def __init__(self, answer):
        self.desk = answering.Desk()
        self.desk.answer = answer
        self.longest = 0

    def ask(self, request, *, deadline):
        request = json.loads(json.dumps(request))
        try:
            said = {"call": self.desk.call, "gradient": self.desk.gradient}[request["do"]](request)
        except BaseException as error:
            said = {"raised": wire.known_error(error)}
        line = json.dumps(said)
        self.longest = max(self.longest, len(line))
        return json.loads(line)


def behind_the_wall(name, f):
    sandbox = InHere(f)
    answer = Answer(sandbox, deadline=0, seconds=1, cpu_seconds=1)
    report = judged(question(name, seed=11, cases=""), answer)
    assert sandbox.longest < LONGEST_REPLY / 4
    return report


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.name)
def test_a_grade_and_a_check_say_the_same(exercise):
    assert behind_the_wall(exercise.name, exercise.reference).status == "passed"
    for _, wrong in exercise.mistakes[:1]:
        report = behind_the_wall(exercise.name, wrong)
        assert report.status == "wrong"
        assert report.cause == judge(exercise.name, wrong, seed=11).cause


def test_what_is_judged_apart_crosses_the_wall():
    leaks = next(each for each in exercises() if each.name == "policy_loss").mistakes
    sentence, wrong = next(pair for pair in leaks if pair[0].startswith("The gradient flows into the adv"))
    assert behind_the_wall("policy_loss", wrong).causes == (sentence,)


VALUES = [
    None, True, 3, -2.5, float("nan"), float("inf"), "text", (1, (2.0, None)), [1, [2, 3]], {"a": np.ones(2)},
    np.arange(6.0).reshape(2, 3), np.array([True, False]), np.array(3, dtype=np.int8), np.float32(0.1),
    [0.5] * 20,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_crosses_the_wall_as_it_is(value):
    back = wire.decode(json.loads(json.dumps(wire.encode(value))))
    assert type(back) is type(value)
    assert getattr(back, "dtype", None) == getattr(value, "dtype", None)
    np.testing.assert_equal(back, value)


def test_of_other_things_the_known_type_alone_crosses():
    class Secret(ValueError):
        pass

    mine = type("<script>", (dict,), {})()
    assert wire.encode(Secret("hidden"))["type"] == "ValueError"
    assert wire.known_error(Secret("hidden")) == "ValueError"
    assert type(wire.decode({"is": "odd", "type": "LEAK471100"})).__name__ == "object"
    assert type(wire.decode({"is": "odd", "type": "ndarray"})).__name__ == "ndarray"
    assert wire.encode(lambda: 3) == {"is": "odd", "type": "function"}
    assert wire.encode(mine)["is"] == "dict"
    assert wire.encode(HARMLESS) == {"is": "odd", "type": "object"}


GARBLED = [
    3, [], {}, {"is": "what"}, {"is": "plain", "value": []},
    {"is": "odd", "type": []},
    {"is": "array", "dtype": "object", "shape": [1], "numbers": [1]},
    {"is": "array", "dtype": "float64", "shape": [2], "numbers": [1]},
    {"is": "array", "dtype": "float64", "shape": [-1, -1], "numbers": [1]},
    {"is": "array", "dtype": "float64", "shape": [1], "numbers": [10**400]},
    {"is": "tensor", "dtype": "save", "shape": [1], "numbers": [1]},
    {"is": "tuple", "items": 3},
]  # fmt: skip


@pytest.mark.parametrize("coded", GARBLED, ids=str)
def test_what_is_garbled_is_not_decoded(coded):
    with pytest.raises(wire.Garbled):
        wire.decode(coded)


def test_too_much_does_not_cross():
    for value in (np.zeros(wire.MOST + 1), list(range(wire.MOST + 1)), (1,) * (wire.MANY + 1)):
        with pytest.raises(wire.TooMuch):
            wire.encode(value)


# The pretended course


def test_the_pretended_course_has_what_earlier_lessons_asked_for_and_no_more():
    for lesson in ("03", "08", "11"):
        text = "\n".join(pretended_course(lesson).values())
        for exercise in exercises():
            if exercise.reference.__module__.startswith("course.checks"):
                continue
            assert (f"def {exercise.reference.__name__}(" in text) == (exercise.lesson < lesson), (
                exercise.name
            )
        assert "known mistake" not in text


def test_the_pretended_functions_work(monkeypatch):
    sources = pretended_course("99")
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "course"}
    finder = Finder(sources)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    try:
        import importlib

        made = {name: importlib.import_module(name) for name in sources}
        course = importlib.import_module("course")
        assert course.use(3) == 3
        assert course.plots.anything(3)[4].more is course.widgets
        assert course.returns is made["course.returns"]
        assert not hasattr(course, "__all__")
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "course"]:
            del sys.modules[name]
        sys.modules.update(kept)

    for exercise in exercises():
        module = made.get(exercise.reference.__module__)
        if module is not None:
            pretended = getattr(module, exercise.reference.__name__)
            assert pretended is not exercise.reference
            assert judge(exercise.name, pretended, seed=3).passed, exercise.name

"""`course judge`: anybody's function in any file, right or wrong, and every way to ask in vain."""

import re
import sys
import textwrap

import pytest

from course import __main__ as cli
from course.grading import judge_file
from tests.tables_in_docs import DOCS

RIGHT = "def episode_score(rewards):\n    return sum(rewards)\n"
WRONG = "def mean_reward(rewards):\n    return sum(rewards) / len(rewards)\n"


@pytest.fixture
def write(tmp_path):
    """Writes files below a folder of their own, and gives the path of the last."""

    def write(**sources):
        for name, source in sources.items():
            path = tmp_path.joinpath(*name.split("__in__")[::-1]).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def nothing_is_left_behind(tmp_path):
    path = list(sys.path)
    yield
    assert sys.path == path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]  # the next test writes another file of that name


def asked(*arguments):
    return cli.main(["judge", *map(str, arguments)])


def refused(capsys, *arguments):
    """What a call that cannot be carried out says, in one line."""
    assert asked(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err.removeprefix("course judge: ").rstrip()


# Verdicts


def test_a_right_function_of_any_name_gives_0_and_says_on_what_it_was_tried(write, capsys):
    assert asked(f"{write(mine=RIGHT.replace('episode_score', 'total'))}:total", "episode_score") == 0
    said = capsys.readouterr().out
    assert said.startswith("✔ episode_score: right\n  Tried: ")
    assert "rewards that cancel" in said


def test_a_wrong_one_gives_1_and_the_cause_in_words(write, capsys):
    assert asked(f"{write(mine=WRONG)}:mean_reward", "episode_score") == 1
    said = capsys.readouterr().out
    assert "That is the mean reward of a step. The score is the sum over all steps." in said
    assert "call:" in said


def test_a_function_that_is_right_on_the_cases_of_the_check_only_is_found_out(write):
    path = write(
        mine="""
        seen = []
        def total(rewards):
            seen.append(len(seen))
            return sum(rewards) if len(seen) <= 16 else 0.0
        """
    )
    assert judge_file(f"{path}:total", "episode_score", seeds=1).passed
    again = path.with_name("again.py")
    again.write_bytes(path.read_bytes())
    assert not judge_file(f"{again}:total", "episode_score", seeds=2).passed


def test_any_callable_will_do_a_method_a_class_with_a_call_or_a_borrowed_function(write):
    path = write(
        mine="""
        from math import fsum
        class Scores:
            @staticmethod
            def total(rewards):
                return fsum(rewards)
            def __call__(self, rewards):
                return fsum(rewards)
        scores = Scores()
        """
    )
    for name in ("Scores.total", "scores", "fsum"):
        assert judge_file(f"{path}:{name}", "episode_score").passed, name


def test_what_lies_beside_the_file_can_be_imported_both_ways(write):
    write(adding="def add(rewards):\n    return sum(rewards)\n")
    for line in (
        "from adding import add",
        "from .adding import add",
        "from . import adding; add = adding.add",
    ):
        path = write(mine=f"{line}\ndef total(rewards):\n    return add(rewards)\n")
        assert judge_file(f"{path}:total", "episode_score").passed, line


def test_a_file_inside_a_package_finds_its_package(write):
    write(
        __init____in__scorekit="",
        __init____in__deep__in__scorekit="",
        adding__in__scorekit="def add(rewards):\n    return sum(rewards)\n",
    )
    path = write(
        mine__in__deep__in__scorekit="""
        from ..adding import add as relative
        from scorekit.adding import add as absolute
        assert relative is absolute
        def total(rewards):
            return absolute(rewards)
        """
    )
    assert judge_file(f"{path}:total", "episode_score").passed


def test_a_file_named_like_a_library_gets_in_nobodys_way(write):
    write(numpy="raise SystemExit('not numpy')")
    path = write(gae="import numpy\ndef total(rewards):\n    return numpy.sum(rewards)\n")
    assert judge_file(f"{path}:total", "episode_score").passed


def test_what_a_file_prints_is_not_mixed_into_the_verdict(write, capsys):
    assert asked(f"{write(mine='print(1234567)' + chr(10) + RIGHT)}:episode_score", "episode_score") == 0
    said = capsys.readouterr()
    assert "1234567" not in said.out
    assert "1234567" in said.err


def test_a_loop_without_end_is_cut_after_the_seconds_that_were_given(write):
    path = write(mine="def forever(rewards):\n    while True:\n        pass\n")
    verdict = judge_file(f"{path}:forever", "episode_score", seconds=0.2)
    assert verdict.cause == "Still running after 0.2 s. Is there a loop that never ends?"


def test_a_function_slower_than_a_check_allows_has_its_time(write):
    path = write(
        mine="""
        import time
        compiled = []
        def total(rewards):
            if not compiled:
                time.sleep(1.1)
                compiled.append(True)
            return sum(rewards)
        """
    )
    assert judge_file(f"{path}:total", "episode_score", seeds=1).passed


def test_the_courses_own_gae_is_judged_like_any_other():
    import course.returns

    assert judge_file(f"{course.returns.__file__}:gae", "gae", seeds=2).passed


# Asked in vain


def test_an_exercise_that_is_not_known_is_found_before_the_file_runs(write, capsys):
    path = write(mine=f"print('ran')\n{RIGHT}")
    said = refused(capsys, f"{path}:episode_score", "episode_skore")
    assert said.startswith("exercise 'episode_skore' is not known; did you mean 'episode_score'?")


@pytest.mark.parametrize("where", ["mine.py", ":total", "mine.py:", "mine.py:1+1", "mine.py:a b"])
def test_a_call_without_a_file_or_a_function_says_how_it_is_written(where, capsys):
    said = refused(capsys, where, "episode_score")
    assert said == f"FILE:FUNCTION must be like my_gae.py:gae, got {where!r}"


def test_no_such_file_a_folder_and_a_notebook(tmp_path, capsys):
    assert refused(capsys, f"{tmp_path}/gone.py:gae", "gae") == f"no such file: {tmp_path}/gone.py"
    assert refused(capsys, f"{tmp_path}:gae", "gae") == f"no such file: {tmp_path}"
    notebook = tmp_path / "gae.ipynb"
    notebook.write_text("{}")
    said = refused(capsys, f"{notebook}:gae", "gae")
    assert said == f"FILE must be a Python file that ends in .py, got {notebook}"


def test_no_such_function_names_the_nearest_or_what_is_there(write, capsys):
    path = write(mine=f"{RIGHT}\n{WRONG}\n_hidden = len\nNUMBER = 3\n")
    said = refused(capsys, f"{path}:episode_scor", "episode_score")
    assert said == "mine.py has no function 'episode_scor'; did you mean 'episode_score'?"
    said = refused(capsys, f"{path}:zebra", "episode_score")
    assert said == "mine.py has no function 'zebra'; there are: episode_score, mean_reward"
    said = refused(capsys, f"{path}:NUMBER", "episode_score")
    assert said == "NUMBER in mine.py must be a function, got int"
    assert refused(capsys, f"{write(empty='')}:gae", "gae") == (
        "empty.py has no function 'gae'; there is none in it"
    )


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero (mine.py, line 1)"),
        ("import helper", "KeyError: 'x' (helper.py, line 2)"),
        ("import zebra_that_is_not_there", "ModuleNotFoundError: No module named 'zebra_that_is_not_there'"),
        ("raise SystemExit(0)", "SystemExit: 0 (mine.py, line 1)"),
        ("def f(:", "SyntaxError: invalid syntax (mine.py, line 1)"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (mine.py, line 1)"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why_and_where(write, capsys, source, told):
    write(helper="\n{}['x']\n")
    said = refused(capsys, f"{write(mine=source)}:gae", "gae")
    assert said.startswith(f"mine.py cannot be imported: {told}")


def test_a_file_whose_name_is_taken_is_not_mistaken_for_the_other(write, capsys):
    path = write(__init____in__json="", tool__in__json=RIGHT)
    said = refused(capsys, f"{path}:episode_score", "episode_score")
    assert "json.tool is another module already" in said


def test_odd_numbers_of_seeds_and_seconds_are_refused(write, capsys):
    where = f"{write(mine=RIGHT)}:episode_score"
    assert "seeds must be a whole number of at least 1" in refused(
        capsys, where, "episode_score", "--seeds", 0
    )
    assert "seconds must be above 0" in refused(capsys, where, "episode_score", "--seconds", 0)


# The page about it


def test_the_page_shows_what_the_command_says(tmp_path, capsys, monkeypatch):
    page = (DOCS / "judging.md").read_text(encoding="utf-8")
    source = re.search(r"```python\n(# my_gae.py\n.*?)```", page, re.S)[1]
    shown = re.search(r"```\n\$ python -m course judge my_gae.py:gae gae\n(.*?)```", page, re.S)[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_gae.py").write_text(source, encoding="utf-8")
    assert asked("my_gae.py:gae", "gae") == 1
    assert capsys.readouterr().out == shown

    mended = source.replace("next_values * (1 - done)", "next_values * (1 - terminated)")
    (tmp_path / "mended.py").write_text(mended, encoding="utf-8")
    assert asked("mended.py:gae", "gae") == 0

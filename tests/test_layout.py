"""What holds for the whole source tree: who may import whom, how quick, and how well described."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).parent.parent
FILES = sorted((ROOT / "course").rglob("*.py"))
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
ORDER = re.findall(r"^    (\w+) {2,}\S", course.__doc__, re.M)
TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".ipynb", ".sh", ".csv", ".json", ".cfg", ""}
NOT_OURS = {"build", "node_modules", "__pycache__", "advantage_course.egg-info"}


def part(path):
    """Which of the listed modules a file belongs to; a package counts as one."""
    return path.relative_to(ROOT / "course").with_suffix("").parts[0]


def imported(tree):
    """The parts of the course that a file imports, at its top or lazily inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the direction"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first == "course" and rest:
                yield rest[0]


def test_the_docstring_lists_every_module_once():
    there = {part(path) for path in FILES} - {"__init__", "__main__"}
    assert len(set(ORDER)) == len(ORDER)
    assert there == set(ORDER)


@EVERY_FILE
def test_imports_point_up_the_list_of_the_docstring_only(path):
    me = part(path)
    if me in ("__init__", "__main__"):
        return  # the two doors of the house: they may open every room
    for other in imported(ast.parse(path.read_text())):
        if other != me:
            assert other in ORDER, f"{other} is not listed in course/__init__.py"
            assert ORDER.index(other) < ORDER.index(me), f"{me} stands above {other}, which it imports"


def test_the_front_door_opens_check_and_use_only():
    assert course.__all__ == ["check", "use"]
    assert {*imported(ast.parse((ROOT / "course/__init__.py").read_text()))} == {"checks"}


def test_importing_the_course_is_quick_and_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, time; began = time.process_time(); import course; print(time.process_time() - began); "
        "print(*{'torch', 'matplotlib', 'gymnasium', 'ale_py', 'ipywidgets'} & set(sys.modules))"
    )
    spent = []
    for _ in range(3):
        said = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.splitlines()
        assert said[1] == "", f"loaded: {said[1]}"
        spent.append(float(said[0]))
    print(f"\nimport course: {min(spent):.2f} s of CPU")
    assert min(spent) <= 0.5


# Texture. Signs, not ends: they are counted over many files, so that no line has to be written for them.
FINISHED = [path for path in FILES if part(path) not in ("plots", "checks")]


def packed(tree):
    """The lines of `a, b = x, y`: two things in one statement, which often do not belong together."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            yield from (node.lineno for target in node.targets if isinstance(target, ast.Tuple))


def without_paragraphs(source):
    """Of the functions of 15 lines and more: the name, and whether it is one block with no comment line."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[bool(ast.get_docstring(node)) :]
            inside = lines[body[0].lineno - 1 : node.end_lineno] if body else []
            if len(inside) >= 15:
                yield node.name, all(line.strip() and not line.strip().startswith("#") for line in inside)


def test_what_is_counted_is_what_is_meant():
    assert [*packed(ast.parse("a, b = 1, []\na = b = 1, 2\nlow, high = limits"))] == [1]
    block = 'def f():\n    """Words.\n\n    More.\n    """\n' + "    x = 1\n" * 15
    assert [*without_paragraphs(block)] == [("f", True)]
    assert [*without_paragraphs(block + "    # why\n    x = 2\n")] == [("f", False)]
    assert [*without_paragraphs("def f():\n    x = 1\n")] == []


def test_few_statements_hold_two_things():
    sources = {path: path.read_text(encoding="utf-8") for path in FINISHED}
    found = {path: [*packed(ast.parse(source))] for path, source in sources.items()}
    lines = sum(len(source.splitlines()) for source in sources.values())
    where = [f"{path.relative_to(ROOT)}: {numbers}" for path, numbers in found.items() if numbers]
    assert sum(map(len, found.values())) <= 3 * lines / 1_000, "\n".join(where)


def test_long_functions_have_paragraphs():
    found = [
        (f"{path.relative_to(ROOT)}: {name}", block)
        for path in FINISHED
        for name, block in without_paragraphs(path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 20
    blocks = [where for where, block in found if block]
    assert len(blocks) <= 0.1 * len(found), "\n".join(blocks)


@EVERY_FILE
def test_hyper_parameters_are_never_taken_by_position(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            by_position = {argument.arg for argument in node.args.args}
            assert not by_position & {"gamma", "lam", "lr", "seed"}, node.name


def loose_refusals(source):
    """Lines that expect a ValueError and look at nothing that it says; ruff's PT011 does not see `as`."""
    for node in ast.walk(ast.parse(source)):
        for item in getattr(node, "items", []):
            call = item.context_expr
            if (
                isinstance(call, ast.Call)
                and ast.unparse(call.func) == "pytest.raises"
                and ast.unparse(call.args[0]) == "ValueError"
                and not call.keywords
                and item.optional_vars is None
            ):
                yield call.lineno


def test_a_test_that_expects_a_refusal_looks_at_what_it_says():
    assert [*loose_refusals("with pytest.raises(ValueError):\n    f()")] == [1]
    assert not [*loose_refusals("with pytest.raises(ValueError) as refused:\n    f()")]
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        loose = [*loose_refusals(path.read_text(encoding="utf-8"))]
        assert not loose, f"{path.name}: lines {loose}"


def own_files():
    for folder, inside, names in os.walk(ROOT):
        inside[:] = [
            each for each in inside if each == ".ci" or not (each.startswith(".") or each in NOT_OURS)
        ]
        yield from (Path(folder, name) for name in names if name != ".git" and Path(name).suffix in TEXT)


def test_no_file_names_a_path_of_one_machine():
    homes = "|".join(("work", "tmp", "root", "home/[a-z]+", "Users/[A-Za-z]+"))
    machine = re.compile(rf"(?<![\w.~:/-])/(?:{homes})/")
    found = []
    for path in own_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if machine.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}")
    assert not found, "\n".join(found)


def test_the_machine_paths_that_are_looked_for_would_be_found():
    files = list(own_files())
    for name in (
        "course/returns.py",
        "README.md",
        "Makefile",
        "solutions/02_min_max_scaling.ipynb",
        ".ci/run",
    ):
        if (ROOT / name).exists():
            assert ROOT / name in files
    assert Path(__file__) in files

"""The course that the sandbox pretends to have: the exercise functions of earlier lessons, and nothing else.

They are cut out of the library, each with what it calls. Nothing of this lesson's or a later one's comes
along, and no file of the course is there to be read.
"""

import ast
import functools
import importlib
from collections.abc import Iterator
from pathlib import Path

from course.checks import exercises
from course.checks.exercise import Exercise

Piece = tuple[str, str]  # a module and a name at its top


@functools.cache
def pretended_course(lesson: str) -> dict[str, str]:
    """Module -> source, for learners who are at a lesson.

    Args:
        lesson: its two digits.
    """
    earlier = [_home(each) for each in exercises() if each.lesson < lesson]
    forbidden = {_home(each) for each in exercises() if each.lesson >= lesson}
    wanted: set[Piece] = set()
    for piece in earlier:
        if _in_library(piece):
            closure = _closure(piece)
            if not closure & forbidden:
                wanted |= closure

    modules = sorted({module for module, _ in wanted})
    return {
        module: _source(module, {name for where, name in wanted if where == module}) for module in modules
    }


def _home(exercise: Exercise) -> Piece:
    return exercise.reference.__module__, exercise.reference.__name__


def _in_library(piece: Piece) -> bool:
    return not piece[0].startswith("course.checks")


@functools.cache
def _closure(piece: Piece) -> frozenset[Piece]:
    """A function and all of the course that it needs."""
    found = {piece}
    to_look_at = [piece]
    while to_look_at:
        module, name = to_look_at.pop()
        for statement, binds in _statements(module):
            if name in binds:
                more = set(_needs(module, statement)) - found
                found |= more
                to_look_at += more
    return frozenset(found)


def _needs(module: str, statement: ast.stmt) -> Iterator[Piece]:
    if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("course"):
        for alias in statement.names:
            yield str(statement.module), alias.name
        return
    at_the_top = {name for _, binds in _statements(module) for name in binds}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and node.id in at_the_top:
            yield module, node.id


@functools.cache
def _statements(module: str) -> tuple[tuple[ast.stmt, frozenset[str]], ...]:
    """The statements at a module's top with the names that they bind; imports name by name."""
    file = importlib.import_module(module).__file__
    found: list[tuple[ast.stmt, frozenset[str]]] = []
    for statement in ast.parse(Path(str(file)).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                single = ast.ImportFrom(statement.module, [alias], statement.level)
                found.append((single, frozenset({alias.asname or alias.name})))
        elif isinstance(statement, ast.Import):
            for alias in statement.names:
                single = ast.Import([alias])
                found.append((single, frozenset({alias.asname or alias.name})))

        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.append((statement, frozenset({statement.name})))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = frozenset(target.id for target in targets if isinstance(target, ast.Name))
            found.append((statement, names))

    return tuple(found)


def _source(module: str, names: set[str]) -> str:
    """The statements of a module that bind these names."""
    body = [statement for statement, binds in _statements(module) if binds & names]
    return ast.unparse(ast.fix_missing_locations(ast.Module(body=body, type_ignores=[])))

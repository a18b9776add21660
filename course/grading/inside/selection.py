"""Which statements of a notebook run for an exercise, and which do not.

Imports and definitions run, and those assignments whose names the exercise or one of its helpers uses, also
inside `try` and `if`. Calls, loops, prints, plots and checks do not. So a notebook whose lesson takes minutes
is graded in a moment, and a cell that fails elsewhere costs nothing.
"""

import __future__

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from course.grading.inside.notebook import Cell, cells_of

# An annotation that cannot be evaluated costs nothing.
FLAGS = __future__.annotations.compiler_flag
MAGIC = re.compile(r"^(\s*)(?:[\w.(][\w.,() ]*=\s*)?[%!?].*$|^(\s*)[\w.]+\?{1,2}\s*$")
BODY_RUNS = ("%%time", "%%capture")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


@dataclass(frozen=True, kw_only=True)
class Step:
    """A statement that runs."""

    statement: ast.stmt
    binds: frozenset[str]
    file: str  # its cell, as a traceback calls it
    place: int  # -1 before the exercise's own cells, 0 in them, 1 after the last of them


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What runs for one exercise."""

    steps: tuple[Step, ...]
    own: bool  # whether there is a cell of the exercise
    broken: bool  # whether one of them is not Python
    stub: bool  # whether all that they have is the untouched stub


def select(exercise: str, cells: Sequence[Cell], exercises: Collection[str]) -> Selection:
    """Choose the statements that run for an exercise, in the order in which they run.

    Args:
        exercise: its name.
        cells: of the notebook.
        exercises: the names of all. Of another one's cells only that runs which this one needs.
    """
    own = cells_of(exercise, list(cells))
    others = {number for number, cell in enumerate(cells) if cell.grade_id in exercises} - set(own)
    parsed = [parse(cell.source) for cell in cells]
    statements = [list(_single(body or [])) for body in parsed]
    answers = [each for number in own for each in statements[number] if exercise in bound(each)]
    stubs = [each for each in answers if is_stub(each)]

    needed = _needed(exercise, own, statements)
    steps = []
    for number, body in enumerate(statements):
        place = 0 if number in own else -1 if own and number < own[-1] else 1
        for statement in body:
            reduced = None if statement in stubs else _reduced(statement, needed)
            unasked = number in others and isinstance(reduced, Definition) and reduced.name not in needed
            if reduced is not None and not unasked:
                binds = frozenset(bound(reduced))
                steps.append(Step(statement=reduced, binds=binds, file=file_of(number), place=place))

    return Selection(
        steps=tuple(steps),
        own=bool(own),
        broken=any(parsed[number] is None for number in own),
        stub=bool(stubs) and len(stubs) == len(answers),
    )


def file_of(number: int) -> str:
    """What the code of a cell says of where it is from."""
    return f"<cell {number}>"


def parse(source: str) -> list[ast.stmt] | None:
    """The statements of a cell without its magics; None if what is left is not Python."""
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        if first.split()[0] not in BODY_RUNS:
            return []
        source = f"\n{rest}"  # so that lines keep their numbers
    for text in (source, "\n".join(map(_without_magic, source.split("\n")))):
        try:
            return ast.parse(text).body
        except Exception:  # also a text that is too deep, or holds half a letter
            continue
    return None


def _without_magic(line: str) -> str:
    found = MAGIC.match(line)
    return f"{found[1] or found[2] or ''}pass" if found else line


def _single(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Imports name by name, so that one that is not there does not take the others along."""
    for statement in body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                yield ast.copy_location(ast.ImportFrom(statement.module, [alias], statement.level), statement)
        else:
            yield statement


def bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds or changes."""
    if isinstance(statement, Definition):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    if isinstance(statement, Assignment):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return {name for target in targets for name in _targets(target)}
    if isinstance(statement, ast.If | ast.Try):
        return {name for body in _bodies(statement) for each in body for name in bound(each)}
    return set()


def _targets(target: ast.expr) -> Iterator[str]:
    """Of `a, b.c, d[0] = ...`: a, b and d."""
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _targets(part)
    elif isinstance(target, ast.Starred | ast.Attribute | ast.Subscript):
        yield from _targets(target.value)
    elif isinstance(target, ast.Name):
        yield target.id


def _bodies(statement: ast.If | ast.Try) -> list[list[ast.stmt]]:
    if isinstance(statement, ast.If):
        return [statement.body, statement.orelse]
    handlers = [handler.body for handler in statement.handlers]
    return [statement.body, *handlers, statement.orelse, statement.finalbody]


def _needed(exercise: str, own: list[int], statements: list[list[ast.stmt]]) -> set[str]:
    """The names that the exercise's cells use, and those that the helpers behind these names use."""
    users: dict[str, list[ast.stmt]] = {}
    for body in statements:
        for statement in body:
            for name in bound(statement):
                users.setdefault(name, []).append(statement)

    needed = {exercise}
    for number in own:
        for statement in statements[number]:
            needed |= _used(statement)
    to_look_at = list(needed)
    while to_look_at:
        for statement in users.pop(to_look_at.pop(), ()):
            more = _used(statement) - needed
            needed |= more
            to_look_at += more
    return needed


def _used(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _reduced(statement: ast.stmt, needed: set[str]) -> ast.stmt | None:
    """The statement, as far as it runs; None if nothing of it does."""
    if isinstance(statement, Definition | ast.Import | ast.ImportFrom):
        return statement
    if isinstance(statement, Assignment):
        return statement if bound(statement) & needed else None
    if isinstance(statement, ast.If | ast.Try):
        for body in _bodies(statement):
            kept = [_reduced(each, needed) for each in body]
            body[:] = [each for each in kept if each is not None]
        if not any(_bodies(statement)):
            return None
        _fill(statement)
        return statement
    return None


def _fill(statement: ast.If | ast.Try) -> None:
    """A body that has become empty gets a `pass`, where Python asks for one."""
    must = [statement.body]
    if isinstance(statement, ast.Try):
        must += [handler.body for handler in statement.handlers]
        if not statement.handlers and not statement.finalbody:
            must.append(statement.finalbody)
    for body in must:
        if not body:
            body.append(ast.copy_location(ast.Pass(), statement))


def is_stub(statement: ast.stmt) -> bool:
    """Whether a definition is as it was handed out: a docstring, and `raise NotImplementedError()`."""
    if not isinstance(statement, Definition):
        return False
    body = [each for each in statement.body if not _is_constant(each)]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _is_constant(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)

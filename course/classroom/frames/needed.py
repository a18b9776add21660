"""Which cells of a notebook does one of them need? So that a widget is had without an hour of training.

Read from the code, without running it: a cell is needed if it binds a name that a needed cell mentions, or
may change what such a name stands for. What cannot be seen so (a list in a dict that a function changes) is
found out afterwards: the widget then says something else than in the saved notebook.
"""

import ast
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a cell does with the names of the notebook."""

    bound: frozenset[str]  # assigned, imported, defined
    fixed: frozenset[str]  # those of them that are modules, functions or classes
    mentioned: frozenset[str]
    changed: frozenset[str]  # those whose object it may change


def needed(sources: Sequence[str], targets: Iterable[int]) -> list[int]:
    """The cells, by their numbers, that must run so that the targets show what they show.

    Raises:
        SyntaxError: if a cell is not plain Python.
    """
    cells = [names_in(source) for source in sources]
    loose = frozenset().union(*(cell.bound - cell.fixed for cell in cells))
    targets = set(targets)
    wanted: set[str] = set()
    chosen = []
    for number in range(max(targets, default=-1), -1, -1):
        cell = cells[number]
        if number in targets or cell.bound & wanted or cell.changed & wanted & loose:
            chosen.append(number)
            wanted |= cell.mentioned
    return chosen[::-1]


def names_in(source: str) -> Names:
    """The names in one cell.

    Raises:
        SyntaxError: if it is not plain Python.
    """
    top = symtable.symtable(source, "cell", "exec")
    bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    fixed = {s.get_name() for s in top.get_symbols() if s.is_imported() or s.is_namespace()}
    return Names(
        bound=frozenset(bound),
        fixed=frozenset(fixed),
        mentioned=frozenset(_mentioned(top)),
        changed=frozenset(_changed(ast.parse(source))),
    )


def _mentioned(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if table.get_type() == "module" or symbol.is_global():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _mentioned(child)


def _changed(tree: ast.AST) -> Iterator[str]:
    """Names that are an argument of a call, whose method is called, or through which something is set."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if isinstance(node.func, ast.Attribute):
                given.append(node.func.value)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            given = [node.value]
        else:
            continue
        for each in given:
            while isinstance(each, ast.Attribute | ast.Subscript | ast.Starred):
                each = each.value
            if isinstance(each, ast.Name):
                yield each.id

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
    mentioned: frozenset[str]  # as the cell runs
    later: frozenset[str]  # mentioned in functions, as they are called
    changed: frozenset[str]  # those whose object it may change


def needed(sources: Sequence[str], targets: Iterable[int]) -> list[int]:
    """The cells, by their numbers, that must run so that the targets show what they show.

    Raises:
        SyntaxError: if a cell is not plain Python.
    """
    cells = [names_in(source) for source in sources]
    loose = frozenset().union(*(cell.bound - cell.fixed for cell in cells))
    chosen = set(targets)
    last = max(chosen, default=-1)
    while True:
        # Above which cell a name must be bound: what a function asks for, when it is called.
        before: dict[str, int] = {}
        for number in chosen:
            before |= dict.fromkeys(cells[number].later, last)
            before |= {name: max(number, before.get(name, -1)) for name in cells[number].mentioned}

        more = {
            number
            for number, cell in enumerate(cells)
            if any(number < before.get(name, -1) for name in cell.bound | (cell.changed & loose))
        }
        if more <= chosen:
            return sorted(chosen)
        chosen |= more


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
        mentioned=frozenset(s.get_name() for s in top.get_symbols() if s.is_referenced()),
        later=frozenset(_later(top)),
        changed=frozenset(_changed(ast.parse(source))),
    )


def _later(table: symtable.SymbolTable) -> Iterator[str]:
    for child in table.get_children():
        yield from (symbol.get_name() for symbol in child.get_symbols() if symbol.is_global())
        yield from _later(child)


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

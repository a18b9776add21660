"""How long a lesson takes: counted, not felt.

A learner reads 120 words a minute, spends half a minute and five seconds a statement on a cell with code, and
two minutes on a widget. An exercise with its check takes what its heading says.
"""

import ast
import re
from dataclasses import dataclass

from nbformat import NotebookNode

WORDS_A_MINUTE = 120
A_CELL, A_STATEMENT, A_WIDGET = 0.5, 5 / 60, 2  # minutes
HEADING = re.compile(r"^### Exercise (\d+)\.(\d+): `(\w+)` \((\d+) points?, (\d+) minutes?\)$", re.M)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What some cells hold, and the minutes that it takes."""

    words: int
    cells: int  # with code, without exercises and their checks
    statements: int  # in these
    widgets: int
    writing: int  # minutes that the exercises say

    @property
    def minutes(self) -> float:
        """The whole of it."""
        running = A_CELL * self.cells + A_STATEMENT * self.statements
        return self.words / WORDS_A_MINUTE + running + A_WIDGET * self.widgets + self.writing


def pace(cells: list[NotebookNode]) -> Pace:
    """Count the cells of a solved lesson, or some of them."""
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [cell.source for cell in cells if cell.cell_type == "code" and kind(cell) in ("guess", "other")]
    return Pace(
        words=len(words(text)),
        cells=len(code),
        statements=sum(map(statements, code)),
        widgets=sum(source.count("Explorer(") for source in code),
        writing=sum(int(found[4]) for found in HEADING.findall(text)),
    )


def kind(cell: NotebookNode) -> str:
    """What a code cell is: exercise, check, use, guess, or other."""
    marks = cell.metadata.get("nbgrader", {})
    if marks:
        return "check" if marks["grade"] else "exercise"
    if re.fullmatch(r"(\w+) = use\(\1\)", cell.source.strip()):
        return "use"
    return "guess" if re.fullmatch(r"guess = None(  #.*)?", cell.source.strip()) else "other"


def words(markdown: str) -> list[str]:
    """Words as a reader counts them: no tags, no addresses, no lines of a table's frame."""
    text = re.sub(r"</?[a-z][^<>]*>|\]\([^)]*\)", " ", markdown)
    return [word for word in text.split() if re.search(r"\w", word)]


def parsed(source: str) -> ast.AST:
    """The syntax of a cell, in which `await` may stand alone."""
    return compile(source, "a cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def statements(source: str) -> int:
    """How many there are at any depth; what only documents is none."""
    nodes = [node for node in ast.walk(parsed(source)) if isinstance(node, ast.stmt)]
    return sum(not _documents(node) for node in nodes)


def _documents(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

"""Tables that a command measures and writes into a document, between two comments that name them."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from course.tables import replace_file

DOCS = Path(__file__).resolve().parents[1] / "docs"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_cell(each) for each in line)} |\n" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", r"\|")


def between(document: str, name: str) -> str:
    """What stands between the two comments of this name."""
    return _place(document, name)[2]


def write(document: str, name: str, text: str) -> None:
    """Put a text between the two comments of this name, and leave the rest as it is."""
    begin, end, _ = _place(document, name)
    whole = (DOCS / document).read_text(encoding="utf-8")
    replace_file(DOCS / document, (whole[:begin] + text + whole[end:]).encode())


def _place(document: str, name: str) -> tuple[int, int, str]:
    whole = (DOCS / document).read_text(encoding="utf-8")
    (found,) = re.finditer(rf"<!-- {name}: .*? -->\n(.*?)<!-- end of {name} -->", whole, re.S)
    return found.start(1), found.end(1), found[1]


def cells(text: str) -> list[list[str]]:
    """The cells of the rows of a table, without its head."""
    return [[cell.strip() for cell in line.strip(" |").split(" | ")] for line in text.splitlines()[2:]]

"""An extension of Sphinx: folds that MyST has no word for, and what a screen reader needs."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from numpy.typing import ArrayLike
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

from course.classroom import frames

# Of reStructuredText's marks those that our docstrings do not mean: all but the stars around a stressed word.
SIGNS = re.compile(r"\*(?!\w[^*]*\w\*(?!\w))(?<!\w\*)|\||(?<=\w)_(?=[\s.,;:)]|$)")
# How an annotation is spelled out, and what stands in our sources.
ALIASES = {stringify_annotation(ArrayLike, "smart"): "ArrayLike"}
ARRAY = re.compile(r"~?(?:numpy\.)?ndarray\[.*?dtype\[[^\[\]]*\]\]")
MODULE = re.compile(
    r"~(?:\w+\.)+(?=\w)"
)  # before a name whose module Sphinx would hide, could it read the rest
# What a screen reader is told wrongly, or not at all: names of the side bar and of its folds, empty headings.
# And a line does not begin with the comma after a formula.
MENDS = (
    (
        re.compile(r"(?<=>)([^<>]+)(</a><details(?: open=\"open\")?><summary)(?=>)"),
        r'\1\2 aria-label="Pages under: \1"',
    ),
    (
        re.compile(r'(class="sidebar-primary-items__start sidebar-primary__section")'),
        r'\1 role="region" aria-label="Contents of the course"',
    ),
    (re.compile(r'<summary aria-label="Toggle hidden content">'), "<summary>"),  # all would be called alike
    (re.compile(r'<th class="head"><p></p></th>'), '<td class="head"></td>'),  # names nothing
    (
        re.compile(r'([(“]?)(<span class="math[^>]*>)(<math.*?</math>)</span>([-,.;:)?!’”]+|)'),
        r"\2\1\3\4</span>",
    ),
)
LONG = 22  # lines from which on a reader may fold a cell away
DEEPER = (
    '<details class="deeper"><summary>Show the side roads</summary>',
    "</details>",
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("doctree-resolved", _fold)
    app.connect("autodoc-process-docstring", _escape, priority=400)  # before Napoleon writes marks of its own
    app.connect("autodoc-process-docstring", _show_blocks, priority=600)
    app.connect("autodoc-process-signature", _shorten)
    app.connect("build-finished", _mend)
    app.connect("build-finished", _copy_players)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _fold(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for section in list(doctree.findall(nodes.section)):
        if section[0].astext() == "Dig deeper":
            section.insert(1, _raw(DEEPER[0]))
            section.append(_raw(DEEPER[1]))

    for cell in list(doctree.findall(nodes.container)):
        if "cell_input" not in cell["classes"] or not isinstance(cell.parent, nodes.container):
            continue
        lines = cell.astext().count("\n") + 1
        if lines >= LONG:
            cell.insert(0, _raw(f'<details class="long" open><summary>{lines} lines of code</summary>'))
            cell.append(_raw("</details>"))


def _raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _escape(app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Our docstrings are plain text: a star, a bar or a final underscore in them is only itself."""
    for number, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        pieces = re.split(r"(`[^`]*`)", line)
        pieces[::2] = [SIGNS.sub(r"\\\g<0>", piece) for piece in pieces[::2]]
        # A word may follow its code at once, as in `Config`s.
        pieces[2::2] = [f"\\ {piece}" if piece[:1].isalnum() else piece for piece in pieces[2::2]]
        lines[number] = "".join(pieces)


def _show_blocks(app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """An indented block in a docstring is a table or code, and is shown as it stands."""
    shown: list[str] = []
    within = False
    for line in lines:
        indented = line.startswith("    ") and (within or not shown or not shown[-1].strip())
        if indented and not within and not _is_of_a_field(shown):
            shown += [".. code-block:: text", ""]
            within = True
        elif line.strip() and not line.startswith("    "):
            within = False
        shown.append(line)
    lines[:] = shown


def _shorten(
    app: Sphinx, what: str, name: str, thing: object, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """`Floats` is a long word once it is spelled out."""

    def short(text: str | None) -> str | None:
        for long, alias in ALIASES.items():
            text = text and text.replace(long, alias)
        return text and MODULE.sub("", ARRAY.sub("ndarray", text))

    return short(signature), short(returns)


def _is_of_a_field(before: list[str]) -> bool:
    """Whether what comes next goes on with a field, a list or a directive that stands before it."""
    for line in reversed(before):
        if line.strip() and not line.startswith("  "):
            return bool(re.match(r":\w+|\.\. |[*-] |\d+\. |>>>", line)) or line.rstrip().endswith("::")
    return False


def _mend(app: Sphinx, error: Exception | None) -> None:
    for path in Path(app.outdir).rglob("*.html") if error is None else ():
        text = path.read_text(encoding="utf-8")
        mended = text
        for pattern, better in MENDS:
            mended = pattern.sub(better, mended)
        if mended != text:
            path.write_text(mended, encoding="utf-8")


def _copy_players(app: Sphinx, error: Exception | None) -> None:
    if error is not None:
        return
    static = Path(app.outdir) / "_static"
    for name, path in frames.assets().items():
        shutil.copy(path, static / name)

"""An extension of Sphinx: folds that MyST has no word for, and what a screen reader needs and the theme forgets."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from course.classroom.site import conf

# Of reStructuredText's marks those that our docstrings do not mean: all but the stars around a stressed word.
SIGNS = re.compile(r"\*(?!\w[^*]*\w\*(?!\w))(?<!\w\*)|\||(?<=\w)_(?=[\s.,;:)]|$)")
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
    app.connect("html-page-context", _needs_mathjax, priority=400)  # before the extension that asks
    app.connect("build-finished", _copy_mathjax)
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
        lines[number] = "".join(pieces)


def _show_blocks(
    app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]
) -> None:
    """An indented block in a docstring is a table or code, and is shown as it stands."""
    shown: list[str] = []
    within = False
    for line in lines:
        indented = line.startswith("    ") and (within or not shown or not shown[-1].strip())
        if indented and not within and not _is_of_a_field(shown):
            shown += ["::", ""]
            within = True
        elif line.strip() and not line.startswith("    "):
            within = False
        shown.append(line)
    lines[:] = shown


def _is_of_a_field(before: list[str]) -> bool:
    """Whether what comes next goes on with a field, a list or a directive that stands before it."""
    for line in reversed(before):
        if line.strip() and not line.startswith("  "):
            return bool(re.match(r":\w+|\.\. |[*-] |\d+\. |>>>", line)) or line.rstrip().endswith("::")
    return False


def _needs_mathjax(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    if "\\(" in context.get("body", ""):
        context["has_maths_elements"] = True


def _copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        unused = shutil.ignore_patterns("SVG", "localization")
        shutil.copytree(conf.MATHJAX, Path(app.outdir) / "_static/mathjax", ignore=unused, dirs_exist_ok=True)

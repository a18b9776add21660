"""Formulas as MathML, made with the pages: a browser sets them by itself, and needs no JavaScript for it."""

import html
import re

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from course.arrays import Refusal

NAME = "mathml"
# What docutils spells otherwise, and the thin spaces that TeX sets around the name of a function.
SPELLED = (
    (re.compile(r"\\dots(?![a-z])"), r"\\ldots"),
    (re.compile(r"\\tfrac(\d)(\d)"), r"\\tfrac{\1}{\2}"),
    (re.compile(r"\\big(?=[(\[])"), r"\\bigl"),
    (re.compile(r"\\big(?=[)\]])"), r"\\bigr"),
    (re.compile(r"\\(ln|log|max|min)\s*(?=\w|\\(?!left|big)[a-z])"), r"\\\1\\,"),
    (re.compile(r"(?<=[^\W_]|[)}]) *(?=\\(?:ln|log|max|min)\b)"), r"\\,"),
    (re.compile(r"(?<=\w)'"), r"^\\prime"),
)
IN_TEXT = '<span class="math notranslate">{}</span>'
NEXT_LINE = re.compile(r"\n(?==)")  # a long formula goes on below, as it does in its source
DRAWN = (
    ("<mi>∇</mi>", '<mi mathvariant="normal">∇</mi>'),  # else it leans
    ("<mo>∼</mo>", '<mo lspace="0" rspace="0">∼</mo>'),  # it stands in small print only
    ("<mo>=</mo><mo>+</mo>", '<mo>=</mo><mo form="prefix">+</mo>'),  # a sign, as docutils knows of a minus
    *((f"<mo>{name}</mo>", f'<mo lspace="0" rspace="0">{name}</mo>') for name in ("max", "min")),
)

_log = logging.getLogger(__name__)


def mathml(tex: str, *, display: bool = False) -> str:
    """A formula on one line of HTML, in the text or on a line of its own.

    Raises:
        Refusal: if docutils does not know one of its commands.
    """
    for pattern, better in SPELLED:
        tex = pattern.sub(better, tex)
    try:
        made = re.sub(r"\n *", "", tex2mathml(tex, as_block=display))
    except MathError as error:
        raise Refusal(f"tex must be a formula that docutils knows as MathML, got {tex!r}: {error}") from None
    for known, better in DRAWN:
        made = made.replace(known, better)
    return made


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer(NAME, inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(page: HTML5Translator, node: nodes.math) -> None:
    page.body.append(IN_TEXT.format(_set(node.astext(), node, display=False)))
    raise nodes.SkipNode


def _block(page: HTML5Translator, node: nodes.math_block) -> None:
    lines = [_set(tex, node, display=True) for tex in NEXT_LINE.split(node.astext())]
    page.body.append(f'<div class="math notranslate">{"".join(lines)}</div>\n')
    raise nodes.SkipNode


def _set(tex: str, node: nodes.Element, *, display: bool) -> str:
    try:
        return mathml(tex, display=display)
    except Refusal as refusal:
        _log.warning(str(refusal), location=node)
        return f"<code>{html.escape(tex)}</code>"

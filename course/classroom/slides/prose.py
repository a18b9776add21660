"""The prose of a lesson, cut down to what can be read from the back row.

Prose is written for reading, and a slide is looked at. So of each paragraph a slide shows its leading
sentence, those with a bold word, and some of the others.
"""

import html
import math
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

WORDS = 58  # that a slide shows at most, besides formulas, lists and tables
LONG = 32  # words of a sentence that is read and not looked at
PROP = 16  # words more, for a sentence on which another leans
WIDTH = 1152  # px that a line has
TEXT, SMALL, LEAST = 34, 28, 24  # px: of sentences, of lists and tables, and below which nothing is written
EM = 0.56  # px of width for a px of type, on average; a little more than that of any usual font
KINDS = {
    "heading_open": "heading",
    "paragraph_open": "text",
    "math_block": "formula",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "blockquote_open": "quote",
    "html_block": "fold",
}
HIDDEN = re.compile(r"`[^`]*`|\$[^$]*\$|<[^>]*>")  # a full stop in here ends no sentence
ENDS = re.compile(r"[.?!][\"”’)*_]*\s+(?=[\"“(*_A-Z0-9])")
# Words at the beginning of a sentence that lean on the sentence before it.
LEANING = re.compile(r"(It|They|This|That|These|Those|So|But|And|Then|There|He|She|Its|Both|Neither|Or)\b")
# The same where the sentence before stands on another slide: an "it" is lost there, and a "so" does no harm.
LEANS = re.compile(
    r"(It|They|This|That|These|Those|He|She|Its|Both|Neither|Only that|"
    r"(And|But|Then|If)( yet)? (it|they|its))\b"
)
INSTEAD = re.compile(r"\binstead\b")  # of what the sentence before says
# Words about the notebook, and asides: they stand in the notes.
IN_NOTEBOOK = re.compile(r"\b(cell|cells|slider|seconds|Dig deeper|Move|Run|Try it)\b|^\(")
PASSED = re.compile(r"\b(slider|seconds|next cell|Try it)\b|^(Move|Run)\b|^\(")  # the lead comes after these
SHORT_FORMS = ("e.g.", "i.e.", "cf.", "al.", "vs.", "Ms.", "Mr.", "Dr.", "St.")
ELSEWHERE = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")  # files that do not lie beside the slides


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading, a list and so on: its kind, and its Markdown."""

    kind: str  # of KINDS
    source: str


def _tex(source: str, options: dict) -> str:
    left, right = ("\\[", "\\]") if options["display_mode"] else ("\\(", "\\)")
    return left + html.escape(source.strip()) + right


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=_tex)


def python(source: str) -> str:
    """Highlighted Python, without the element around it."""
    return highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n")


def inline(source: str) -> str:
    """HTML of a sentence, or of any Markdown that stands in a line."""
    return MARKDOWN.renderInline(ELSEWHERE.sub(r"\1", source))


def whole(source: str) -> str:
    """HTML of Markdown as it is."""
    return MARKDOWN.render(ELSEWHERE.sub(r"\1", source))


def plain(source: str) -> str:
    """The text of a sentence without its marks."""
    return html.unescape(re.sub(r"<[^>]*>|\\[()\[\]]", "", inline(source)))


def blocks(source: str) -> list[Block]:
    """The blocks of a text, in order."""
    lines = source.splitlines()
    found = []
    for token in MARKDOWN.parse(source):
        if token.level == 0 and token.nesting >= 0 and token.type in KINDS:
            first, end = token.map
            found.append(Block(KINDS[token.type], "\n".join(lines[first:end]).strip()))
    return found


def heading(block: Block) -> tuple[int, str]:
    """Level and text (Markdown) of a heading."""
    marks, _, text = block.source.partition(" ")
    return len(marks), text.strip()


def words(source: str) -> int:
    """How many words are read; a formula in the line counts as two."""
    return len(re.sub(r"\$[^$]*\$", "a b", source).split())


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, each with its own marks."""
    text = " ".join(paragraph.split())
    masked = HIDDEN.sub(lambda found: "X" * len(found[0]), text)

    found = []
    start = 0
    for end in ENDS.finditer(masked):
        said = masked[start : end.end()]
        if said.split()[-1].endswith(SHORT_FORMS) or not _closed(said):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    return [*found, text[start:]]


def _closed(said: str) -> bool:
    """Whether every bracket, quotation and emphasis that was opened is closed again."""
    strong = said.count("**")
    even = (strong, said.count("*") - 2 * strong, said.count('"'))
    return all(count % 2 == 0 for count in even) and said.count("(") == said.count(")")


def leads(paragraph: str, *, most: int = WORDS, introduces: bool = False) -> list[str]:
    """The sentences of a paragraph that a slide shows, in order.

    These are its lead, the sentences with a bold word, each with the one that it leans on, and as many of the
    others as there are words to spend: first those that carry a number, a formula or a new term.

    Args:
        paragraph: Markdown.
        most: words, unless the lead and what is bold are more.
        introduces: whether what the last sentence announces comes next, as a formula, a list or the like.
    """
    said = sentences(paragraph)
    shown = {number for number, sentence in enumerate(said) if "**" in sentence}
    shown |= set(opening(said))
    if introduces and said[-1].endswith(":"):
        shown.add(len(said) - 1)
    shown |= _leant_on(said, shown, most=most + PROP)

    spent = sum(words(said[number]) for number in shown)
    while True:
        left = [number for number in range(len(said)) if number not in shown]
        left = [number for number in left if spent + words(said[number]) <= most]
        worth = {number: _worth(said, number, after_shown=number - 1 in shown) for number in left}
        best = max(worth, key=lambda number: (worth[number], -number), default=None)
        if best is None or worth[best] < 1:
            return [said[number] for number in sorted(shown)]
        shown.add(best)
        spent += words(said[best])


def _leant_on(said: Sequence[str], shown: Container[int], *, most: int) -> set[int]:
    """The sentences without which one that is shown has lost its "it" or its condition, if there is room."""
    found: set[int] = set()
    for number in range(1, len(said)):
        leans = LEANING.match(said[number].lstrip("*")) or INSTEAD.search(said[number])
        if number in shown and number - 1 not in shown and leans:
            kept = [
                each for place, each in enumerate(said) if place in shown or place in {number - 1, *found}
            ]
            if words(" ".join(kept)) <= most and not IN_NOTEBOOK.search(said[number - 1]):
                found.add(number - 1)
                if number > 1 and said[number - 2].endswith("?"):  # that was its answer
                    found.add(number - 2)
    return found


def _worth(said: Sequence[str], number: int, *, after_shown: bool) -> int:
    """How much a sentence tells somebody who sees few of the others."""
    sentence = said[number]
    if (words(sentence) < 4 and "*" not in sentence) or IN_NOTEBOOK.search(sentence):
        return -5

    worth = 2 * bool(re.search(r"\d|\$", sentence)) + 3 * ("*" in sentence) + ("`" in sentence)
    worth += all(IN_NOTEBOOK.search(later) for later in said[number + 1 :])  # a paragraph ends with its point
    worth -= 3 * (words(sentence) > LONG)
    if after_shown:
        return worth + 2
    return worth - 3 * bool(LEANING.match(sentence))


def opening(said: Sequence[str]) -> list[int]:
    """Which sentences are the lead: one, and the next one too if it is a question or a few words.

    What is said about the notebook is passed over, if there is anything else.
    """
    kept = [place for place, sentence in enumerate(said) if not PASSED.search(sentence)]
    kept += [place for place, sentence in enumerate(said) if not sentence.startswith("(")]
    first = kept[0] if kept else 0
    begun = said[first].rstrip('*")”')
    more = begun.endswith("?") or words(begun) <= 7
    return [first, first + 1] if more and first + 1 < len(said) else [first]


def lines(text: str, size: float, width: float = WIDTH) -> int:
    """How many lines a text takes, estimated."""
    return max(1, math.ceil(len(plain(text)) * size * EM / width))

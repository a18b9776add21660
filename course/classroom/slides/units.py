"""What a slide shows of a text: sentences, and formulas, lists, tables, quotations and code whole.

All of the text goes into the notes of the slide. Heights are estimated, a little high, so that what is put
on a slide fits; tests measure that in a browser.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from course.classroom.slides import prose
from course.classroom.slides.prose import LEAST, SMALL, TEXT, WIDTH, Block

GAP = 20  # px between two paragraphs
LINE = 1.4  # px of height for a px of type
CODE_EM = 0.605  # the same for code: all its letters are as wide


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What a slide shows of a block, or of a part of it that fits."""

    html: str
    words: int  # of sentences; 0 for what is shown whole
    height: float  # px, estimated
    notes: str  # the whole block, in HTML
    leads_on: bool = False  # it announces the next one, and stays with it
    begins: bool = False  # it goes on with what stands on the slide before, and begins another


def units(found: Sequence[Block], *, told: Sequence[str] | None = None, room: float = 500) -> Iterator[Unit]:
    """What slides show of some blocks.

    Args:
        found: the blocks.
        told: sentences of the first one that another slide shows already.
        room: px of height; a list or a table that needs more is cut in pieces.
    """
    for number, block in enumerate(found):
        after = found[number + 1] if number + 1 < len(found) else Block("text", "")
        if block.kind == "text" and all(map(prose.PASSED.search, prose.sentences(block.source))):
            yield sentences_of([], block.source)
        elif block.kind == "text":
            introduces = after.kind not in ("text", "fold")
            if number == 0 and told:
                yield _rest(block.source, told, introduces=introduces)
            else:
                shown = prose.leads(block.source, introduces=introduces)
                yield sentences_of(shown, block.source, introduces=introduces)
        elif block.kind == "list":
            yield from _list(block, room)
        elif block.kind == "table":
            yield from _table(block, room)
        elif block.kind in ("formula", "code", "quote"):
            # A sentence may go on below a formula.
            yield replace(_shown_whole(block), leads_on=after.source[:1].islower())
        elif block.kind == "fold":
            yield Unit(html="", words=0, height=0, notes=prose.whole(block.source))


def left(paragraph: str, told: Sequence[str]) -> str:
    """What a paragraph says besides the sentences that stand elsewhere."""
    return " ".join(sentence for sentence in prose.sentences(paragraph) if sentence not in told)


def _rest(paragraph: str, told: Sequence[str], *, introduces: bool) -> Unit:
    """What is left of a paragraph when its lead stands elsewhere, if that is worth a slide.

    If that begins with an "it", what was said before is said again, so that the slide stands alone. Above a
    table or the like there is no room for it.
    """
    rest = left(paragraph, told)
    tells = any(not prose.IN_NOTEBOOK.search(sentence) for sentence in prose.sentences(rest))
    if not tells or (prose.words(rest) < 10 and "**" not in rest and not introduces):
        return sentences_of([], paragraph)

    shown = prose.leads(rest, introduces=introduces)
    firm = [place for place, sentence in enumerate(told) if not prose.LEANS.match(sentence.lstrip("*"))]
    if firm and not introduces and prose.LEANS.match(shown[0].lstrip("*")):
        again = [*told[firm[-1] :], *shown]
        if prose.words(" ".join(again)) <= prose.WORDS + prose.PROP:
            shown = again
    return sentences_of(shown, paragraph, introduces=introduces)


def sentences_of(shown: Sequence[str], paragraph: str, *, introduces: bool = False) -> Unit:
    """A paragraph of which a slide shows some sentences, or none."""
    shown = list(shown)
    if shown and shown[-1].endswith(":") and not introduces:
        shown[-1] = f"{shown[-1][:-1]}."
    groups = _groups(shown)
    count = prose.words(" ".join(shown))
    return Unit(
        html="".join(f"<p>{prose.inline(group)}</p>" for group in groups),
        words=count,
        height=sum(prose.lines(group, TEXT) * TEXT * LINE + GAP for group in groups),
        notes=prose.whole(paragraph),
        leads_on=introduces and bool(shown) and shown[-1].endswith((":", ",")),
    )


def _groups(shown: Sequence[str]) -> list[str]:
    """Sentences as lines of a slide; a question or a few words stay with what comes next."""
    groups: list[str] = []
    joined = False
    for sentence in shown:
        if joined:
            groups[-1] += f" {sentence}"
        else:
            groups.append(sentence)
        joined = sentence.rstrip('*")”').endswith("?") or prose.words(sentence) <= 4
    return groups


def _shown_whole(block: Block) -> Unit:
    if block.kind == "formula":
        formula = _in_rows(block.source)
        shown, height = prose.whole(formula), 70 + 56 * (1 + formula.count(r"\\"))
    elif block.kind == "quote":
        text = re.sub(r"^> ?", "", block.source, flags=re.MULTILINE)
        shown, height = prose.whole(block.source), 24 + 16 * text.count("\n\n")
        height += sum(prose.lines(each, TEXT, WIDTH - 60) * TEXT * LINE for each in text.split("\n\n"))
    else:
        source = re.sub(r"^```.*\n?", "", block.source, flags=re.MULTILINE).rstrip("\n")
        size = code_size(source.splitlines())
        shown = f'<pre style="font-size:{size}px"><code>{prose.python(source)}</code></pre>'
        height = (1 + source.count("\n")) * size * LINE + 60
    return Unit(html=shown, words=0, height=height, notes=prose.whole(block.source))


def _in_rows(formula: str) -> str:
    """A formula too long for a line, broken where its source is: before a line that begins with "="."""
    steps = re.split(r"\n(?==)", formula.strip().strip("$").strip())
    if len(formula) < 100 or len(steps) == 1 or r"\begin" in formula:
        return formula
    rows = r" \\[6px] & \quad ".join(" ".join(step.split()) for step in steps)
    return rf"$$\begin{{aligned}} & {rows} \end{{aligned}}$$"


def code_size(source: Sequence[str], *, most: int = 28) -> int:
    """The size of type at which the longest line fits, in px, but at least 18."""
    longest = max(map(len, source), default=1)
    return max(18, min(most, int((WIDTH - 50) / (CODE_EM * max(longest, 1)))))


def _list(block: Block, room: float) -> Iterator[Unit]:
    """A list, in pieces that fit on a slide; a long item shows its leading sentence."""
    tokens = prose.MARKDOWN.parse(block.source)
    items = [token.content for token in tokens if token.type == "inline"]
    tag = "ol" if tokens[0].type == "ordered_list_open" else "ul"

    texts = [item if prose.words(item) <= 26 else " ".join(prose.leads(item, most=26)) for item in items]
    heights = [prose.lines(text, SMALL + 2, WIDTH - 50) * (SMALL + 2) * LINE + 12 for text in texts]
    for first, end in pieces(heights, room):
        inside = "".join(f"<li>{prose.inline(text)}</li>" for text in texts[first:end])
        notes = "".join(f"<li>{prose.inline(text)}</li>" for text in items[first:end])
        start = f' start="{first + 1}"' if tag == "ol" and first else ""
        yield Unit(
            html=f"<{tag}{start}>{inside}</{tag}>",
            words=0,
            height=sum(heights[first:end]) + 16,
            notes=f"<{tag}{start}>{notes}</{tag}>",
        )


def _table(block: Block, room: float) -> Iterator[Unit]:
    """A table, in pieces that fit on a slide, each with its head."""
    rows = [_cells(line) for line in block.source.splitlines()]
    del rows[1]  # of dashes
    shares = min(
        (_shares(rows, power) for power in (0.4, 0.6, 0.8, 1.0)), key=lambda each: sum(_heights(rows, each))
    )
    columns = "".join(f'<col style="width:{share:.1%}">' for share in shares)

    top, *heights = _heights(rows, shares)
    for first, end in pieces(heights, room - top):
        shown = "".join(_row(row, "td") for row in rows[1 + first : 1 + end])
        inside = f"<colgroup>{columns}</colgroup><thead>{_row(rows[0], 'th')}</thead><tbody>{shown}</tbody>"
        table = f"<table>{inside}</table>"
        height = top + sum(heights[first:end]) + 20
        yield Unit(html=table, words=0, height=height, notes=table, begins=first > 0)


def _shares(rows: Sequence[Sequence[str]], power: float) -> list[float]:
    """The widths of the columns, in parts of the whole: by their longest text, and no word is cut."""
    least = []
    wanted = []
    for column in zip(*rows, strict=True):
        texts = [prose.plain(cell) for cell in column]
        longest = max((word for text in texts for word in re.split(r"[\s-]", text)), key=len)
        least.append((len(longest) * LEAST * CODE_EM + 36) / WIDTH)
        wanted.append(max(map(len, texts)) ** power)

    left = max(1 - sum(least), 0)
    shares = [low + left * want / sum(wanted) for low, want in zip(least, wanted, strict=True)]
    return [share / sum(shares) for share in shares]


def _heights(rows: Sequence[Sequence[str]], shares: Sequence[float]) -> list[float]:
    """The height of each row in px, estimated."""
    widths = [WIDTH * share - 32 for share in shares]
    heights = []
    for row in rows:
        most = max(prose.lines(cell, LEAST, width) for cell, width in zip(row, widths, strict=True))
        heights.append(most * LEAST * LINE + 18)
    return heights


def _cells(line: str) -> list[str]:
    """The cells of a row; a bar that belongs to one is written `\\|`."""
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [part.strip().replace("\\|", "|") for part in parts]


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{prose.inline(cell)}</{tag}>" for cell in cells) + "</tr>"


def pieces(heights: Sequence[float], most: float) -> Iterator[tuple[int, int]]:
    """Where to cut a pile of things so that no piece is higher than `most`, unless it is one thing alone.

    The pieces are about equally high, so that the last one is no left-over.
    """
    count = max(1, math.ceil(sum(heights) / most))
    aim = min(most, sum(heights) / count * 1.15)
    first = 0
    height = 0.0
    for place, each in enumerate(heights):
        if place > first and height + each > aim:
            yield first, place
            first = place
            height = 0.0
        height += each
    if heights:
        yield first, len(heights)

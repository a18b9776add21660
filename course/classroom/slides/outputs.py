"""What a cell shows, on a slide: pictures as large as it allows, and what was printed."""

import html
import math
from collections.abc import Sequence

from course.classroom.slides import prose, units
from course.classroom.slides.prose import SMALL, WIDTH, inline
from course.classroom.slides.reading import Code, Picture, Text
from course.classroom.slides.units import LINE

CAPTION = 34  # words below a picture
SHOWN = 12  # lines of code that a slide shows at most
EASY = 22  # px of type that are read easily
LONGEST = (WIDTH - 50) / (units.CODE_EM * 18)  # letters of a line of code, where they are smallest
LEAST_CODE = 20  # px of type, for code; what it prints may be smaller


def takeaway(after: Text | Code | None) -> list[str] | None:
    """The first sentence or two of the text after an output, if they can stand below it."""
    if not isinstance(after, Text) or after.headed or after.poll or after.slide == "notes":
        return None
    first = after.blocks[0]
    if first.kind != "text":
        return None
    said = prose.sentences(first.source)
    shown = [said[place] for place in prose.opening(said)]
    return shown if prose.words(" ".join(shown)) <= CAPTION and not shown[-1].endswith(":") else None


def picture_body(picture: Picture, said: str) -> str:
    """A picture as large as the slide allows, with a sentence below it."""
    below = prose.lines(said, SMALL) * SMALL * LINE + 14 if said else 0
    room = 588 - below
    scale = min(WIDTH / picture.width, room / picture.height)
    size = f"width:{picture.width * scale:.0f}px;height:{picture.height * scale:.0f}px"
    caption = f"<figcaption>{inline(said)}</figcaption>" if said else ""
    moves = '<p class="moves">Move it in the notebook</p>' if picture.moves else ""
    image = f'<img alt="{picture.alt}" src="{picture.address}" style="{size}">'
    return f"{moves}<figure>{image}{caption}</figure>"


def code_body(code: Code, lead: str, said: str, room: float) -> tuple[str, int]:
    """Code and what it prints, or that alone if both are too much; and the size of the type."""
    for text in (lead, said):
        room -= prose.lines(text, SMALL) * SMALL * LINE + 20 if text else 0

    source = code.source.splitlines()
    printed = [line for line in code.printed.splitlines() if line.strip()]
    both = min(units.code_size([*source, *printed], most=26), _size(len(source) + len(printed), room - 80))
    body = ""
    if len(source) <= SHOWN and max(map(len, source)) <= 90 and both >= LEAST_CODE:
        size = both
        body = f'<pre style="font-size:{size}px"><code>{prose.python(code.source)}</code></pre>'
    else:
        fit = min(SHOWN, int((room - 40) / (18 * LINE)))
        printed = printed if len(printed) <= fit else [*printed[: fit - 1], "…"]
        size = max(
            _broken(printed, room - 40),
            min(units.code_size(printed, most=30), _size(len(printed), room - 40)),
        )

    shown = html.escape("\n".join(printed), quote=False)
    body += f'<pre class="printed" style="font-size:{size}px">{shown}</pre>'
    before = f"<p>{inline(lead)}</p>" if lead else ""
    return before + body + (f'<p class="said">{inline(said)}</p>' if said else ""), size


def _broken(printed: Sequence[str], room: float) -> int:
    """The size of type that what was printed has at least: larger where a line has to be broken anyway."""
    for size in range(24, 18, -1):
        letters = int((WIDTH - 50) / (units.CODE_EM * size))
        lines = sum(math.ceil(len(line) / letters) for line in printed)
        if max(map(len, printed), default=0) > LONGEST and lines <= room / (size * LINE):
            return size
    return 18


def _size(count: int, room: float) -> int:
    """The size of type at which so many lines of code have room."""
    return int(room / (max(count, 1) * LINE))

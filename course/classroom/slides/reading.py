"""The cells of a built lesson, as a lecture sees them: title, sections, and the pages at the end."""

import ast
import base64
import binascii
import html
import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from course.classroom.saved import Cell, Saved
from course.classroom.slides import prose
from course.classroom.slides.prose import Block

PREDICT = "*Predict first.*"
ENDINGS = ("What to remember", "Think", "Further reading", "Dig deeper")
PICTURE = re.compile(r'<img alt="([^"]*)"[^>]* src="(data:image/\w+;base64,([^"]+))"')
EXERCISE = re.compile(r"Exercise (\d+\.\d+): `(\w+)` \((.*)\)")
SET_UP = re.compile(r"guess = None|(\w+) = use\(\1\)|check\(\w+\)")
AXES = re.compile(r"<Axes|<Figure|<\w+\.\w+ object at|<course\.")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure of the lesson."""

    alt: str  # as it stands in HTML
    address: str  # with all of its data
    width: int
    height: int
    moves: bool  # it is a widget's twin, and can be moved in the notebook


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text cell of the main path."""

    blocks: list[Block]
    slide: str  # its slide type

    @property
    def poll(self) -> bool:
        """Whether it asks for a prediction."""
        return any(block.kind == "text" and block.source.startswith(PREDICT) for block in self.blocks)

    @property
    def exercise(self) -> re.Match | None:
        """Number, name, and points and minutes, if it sets an exercise."""
        first = self.blocks[0]
        return EXERCISE.fullmatch(prose.heading(first)[1]) if first.kind == "heading" else None

    @property
    def headed(self) -> bool:
        """Whether it begins with a heading."""
        return self.blocks[0].kind == "heading"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code cell of the main path that shows something, or prepares it."""

    source: str
    pictures: list[Picture]
    printed: str
    slide: str
    set_up: bool  # imports, `f = use(f)` and the like: of no interest to a lecture
    name: str | None  # of the exercise that it is, or checks


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A lesson, taken apart."""

    number: str  # "05"
    title: str  # Markdown, without its number
    opening: list[Block]  # of the first cell, below its title
    main: list[Text | Code]
    remember: list[Block]
    bridge: list[str]  # paragraphs (Markdown) that lead to the next lesson
    questions: list[tuple[str, str]] = field(repr=False)  # summary and answer, both with HTML in them
    deeper: list[str]  # the topics of Dig deeper, Markdown

    @property
    def signatures(self) -> dict[str, tuple[str, str]]:
        """Of each exercise the head of its function, and the first line of what its docstring says."""
        found = {}
        for part in self.main:
            if isinstance(part, Code) and part.name and not part.name.startswith("check_"):
                found[part.name] = signature(part.source, part.name)
        return found


def take_apart(notebook: Saved) -> Lesson:
    """The lesson in a built notebook; cells of the slide type "skip" are left out."""
    ends: dict[str, list[Cell]] = {name: [] for name in ENDINGS}
    main: list[Text | Code] = []
    opening: list[Block] = []
    now: str | None = None

    for cell in notebook.cells:
        slide = _slide(cell)
        if slide == "skip" or not cell.source.strip():
            continue
        if cell.kind == "markdown":
            found = prose.blocks(cell.source)
            level, name = prose.heading(found[0]) if found and found[0].kind == "heading" else (0, "")
            if level == 1:
                opening = found
                continue
            if level == 2:
                now = name if name in ENDINGS else None
            if now is None and found:
                main.append(Text(blocks=found, slide=slide))
        elif cell.kind == "code" and now is None:
            main.append(_code(cell, slide))
        if now is not None:
            ends[now].append(cell)

    remember = list(_blocks(ends["What to remember"]))
    further = list(_blocks(ends["Further reading"]))
    deeper = [block for block in _blocks(ends["Dig deeper"]) if block.kind == "heading"]
    number, _, title = prose.heading(opening[0])[1].partition(". ") if opening else ("", "", "")
    return Lesson(
        number=number.zfill(2),
        title=title,
        opening=opening[1:],
        main=main,
        remember=[block for block in remember if block.kind == "list"],
        bridge=[block.source for block in [*remember, *further] if block.kind == "text"],
        questions=list(_questions(ends["Think"])),
        deeper=[prose.heading(block)[1] for block in deeper],
    )


def _slide(cell: Cell) -> str:
    marks = cell.metadata.get("slideshow")
    return marks.get("slide_type", "") if isinstance(marks, dict) else ""


def _blocks(cells: Sequence[Cell]) -> Iterator[Block]:
    """The blocks of some text cells, without the heading that they begin with."""
    for number, cell in enumerate(cells):
        if cell.kind == "markdown":
            yield from prose.blocks(cell.source)[0 if number else 1 :]


def _questions(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    for cell in cells:
        for fold in re.finditer(r"<details><summary>(.*?)</summary>(.*?)</details>", cell.source, re.DOTALL):
            yield " ".join(fold[1].split()), " ".join(fold[2].split())


def _code(cell: Cell, slide: str) -> Code:
    printed = []
    pictures: list[Picture] = []
    for output in cell.outputs:
        data = output.get("data", {})
        shown = "".join(data.get("text/html", ""))
        text = "".join(output.get("text", "") or data.get("text/plain", ""))
        if shown:
            pictures += _pictures(shown)
        elif output.get("name") != "stderr" and not AXES.match(text):
            printed.append(text)

    return Code(
        source=cell.source,
        pictures=pictures,
        printed="\n".join(text.rstrip("\n") for text in printed if text.strip()),
        slide=slide,
        set_up=bool(SET_UP.fullmatch(cell.source.strip())) or _only_imports(cell.source),
        name=cell.grade_id,
    )


def _pictures(shown: str) -> Iterator[Picture]:
    for found in PICTURE.finditer(shown):
        alt, address, data = found.groups()
        try:
            width, height = Image.open(io.BytesIO(base64.b64decode(data))).size
        except (binascii.Error, OSError):
            continue
        moves = "advantage-twin" in shown
        yield Picture(alt=alt, address=address, width=width, height=height, moves=moves)


def _only_imports(source: str) -> bool:
    try:
        found = ast.parse(source).body
    except SyntaxError:  # a magic of IPython
        return False
    return all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in found)


def signature(source: str, name: str) -> tuple[str, str]:
    """The head of a function, and the first line of its docstring: what learners are given of it."""
    unknown = f"{name}(…)", ""
    try:
        functions = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.FunctionDef)]
    except SyntaxError:
        return unknown
    function = next((each for each in functions if each.name == name), None)
    if function is None:
        return unknown

    head = [f"def {name}({ast.unparse(function.args)}):"]
    if len(head[0]) > 60:
        head = textwrap.wrap(head[0], 60, subsequent_indent=" " * (len(name) + 5))
    told = (ast.get_docstring(function) or "").partition("\n")[0]
    return "\n".join(head), told


def escaped(text: str) -> str:
    """Text as HTML."""
    return html.escape(text, quote=False)

"""From a lesson to its slides: one idea a slide, and all that is said about it in its notes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.classroom.slides import outputs, prose, units
from course.classroom.slides.prose import inline
from course.classroom.slides.reading import PREDICT, Code, Lesson, Text, escaped
from course.classroom.slides.units import Unit

ROOM = 560  # px of height for text below a small title
HEAD = 64  # px that a large title takes more
SHORT = 30  # words of a text that only leads to what comes next
FEW = 28  # words that can be written larger
LEAST = 8  # words that are too few for a slide of their own before a poll
ASKS = re.compile(r"\b[Rr]eturn\b|\?$|^Share|the result is")


@dataclass(frozen=True, kw_only=True)
class Slide:
    """One slide."""

    kind: str  # title, text, picture, code, poll, exercise, question, remember, topics or next
    title: str  # HTML of its heading
    body: str = field(repr=False)  # HTML
    notes: str = field(repr=False)  # HTML
    large: bool = False  # its title is shown large: it begins something
    opens: bool = False  # it begins a section of the lesson
    name: str | None = None  # of the exercise; its address in the deck


class Deck:
    """The slides of a main path while they are made."""

    def __init__(self, lesson: Lesson, predictions: Sequence[Any]) -> None:
        """Empty; its first slides stand under the title of the lesson."""
        self.slides: list[Slide] = []
        self.title = inline(lesson.title)
        self.fresh = False  # whether the title was not shown yet
        self.opens = False
        self.carried: list[str] = []  # notes for the slide that comes next
        self.lead = ""  # Markdown of the sentence that leads to it
        self.polls = 0
        self.signatures = lesson.signatures
        self.predictions = predictions

    def add(self, kind: str, body: str, notes: str, **more: Any) -> None:
        """A slide under the title that holds; it takes up the notes that were carried to it."""
        large = self.fresh and kind in ("text", "text few", "code")
        self.slides.append(
            Slide(
                kind=kind,
                title=more.pop("title", self.title),
                body=body,
                notes="".join([*self.carried, notes]),
                large=more.pop("large", large),
                opens=self.opens,
                **more,
            )
        )
        self.fresh = self.opens = False
        self.carried = []
        self.lead = ""

    def headed(self, text: Text) -> Text:
        """The text without its heading, which holds from here on."""
        if not text.headed:
            return text
        level, title = prose.heading(text.blocks[0])
        self.title = inline(title)
        self.fresh = True
        self.opens = self.opens or level <= 2
        return Text(blocks=text.blocks[1:], slide=text.slide)

    def pages(self, found: Iterator[Unit], kind: str = "text") -> None:
        """Slides of units that fit on them."""
        shown: list[Unit] = []
        for unit in found:
            room = ROOM - (HEAD if self.fresh else 0)
            height = sum(each.height for each in shown) + unit.height
            many = sum(each.words for each in shown) + unit.words > prose.WORDS
            if any(each.html for each in shown) and unit.html and (many or height > room or unit.begins):
                kept = _without_announcements(shown)
                if any(each.html for each in kept):
                    self._page(kept, kind)
                    shown = shown[len(kept) :]
            shown.append(unit)
        if any(unit.html for unit in shown):
            self._page(shown, kind)
        elif shown:
            self.to_last("".join(unit.notes for unit in shown))

    def _page(self, shown: Sequence[Unit], kind: str) -> None:
        """A slide; few words are written larger."""
        body = "".join(unit.html for unit in shown)
        few = all(unit.words or not unit.html for unit in shown) and sum(unit.words for unit in shown) <= FEW
        self.add(f"{kind} few" if few else kind, body, "".join(unit.notes for unit in shown))

    def to_last(self, notes: str) -> None:
        """Notes that belong to the slide before; to the next one if a title waits for its slide."""
        if self.slides and not self.fresh:
            last = self.slides[-1]
            self.slides[-1] = _changed(last, notes=last.notes + notes)
        else:
            self.carried.append(notes)


def _without_announcements(shown: Sequence[Unit]) -> list[Unit]:
    """The units up to those at the end that announce what comes next, and go with it."""
    kept = list(shown)
    while kept and kept[-1].leads_on:
        kept.pop()
    return kept


def _changed(slide: Slide, **changes: Any) -> Slide:
    return Slide(**(slide.__dict__ | changes))


def main_path(lesson: Lesson, predictions: Sequence[Any] = ()) -> list[Slide]:
    """The slides of a lesson between its title and what to remember.

    Args:
        lesson: the lesson.
        predictions: records of its predictions with `place`, `question`, `unit` and `options`.
    """
    deck = Deck(lesson, predictions)
    parts = lesson.main
    told: list[str] | None = None  # sentences of the coming text that stand below the picture already
    for number, part in enumerate(parts):
        after = parts[number + 1] if number + 1 < len(parts) else None
        if isinstance(part, Code):
            told = _add_code(deck, part, after)
        else:
            _add_text(deck, part, told, parts[number + 1 :])
            told = None
    for notes in deck.carried:
        deck.slides[-1] = _changed(deck.slides[-1], notes=deck.slides[-1].notes + notes)
    return deck.slides


def _leads_on(text: Text, later: Sequence[Text | Code]) -> bool:
    """Whether the last thing that a text says leads to an output that comes before any other text."""
    for part in later:
        if isinstance(part, Text) or (part.name and not part.name.startswith("check_")):
            return False
        if part.pictures or part.printed:
            return text.blocks[-1].kind == "text"
    return False


def _is_spoken(text: str, later: Sequence[Text | Code]) -> bool:
    """Whether a text is only a few words that lead to what comes next, and no slide of their own."""
    polled = bool(later) and isinstance(later[0], Text) and later[0].poll
    count = prose.words(text)
    return (text.endswith(":") and count <= FEW / 2) or (polled and count <= LEAST and text.endswith("."))


def _add_text(deck: Deck, text: Text, told: list[str] | None, later: Sequence[Text | Code]) -> None:
    leads_on = _leads_on(text, later)
    if text.slide == "notes":
        deck.to_last(prose.whole("\n\n".join(block.source for block in text.blocks)))
        return
    if text.exercise:
        _add_exercise(deck, text)
        return
    text = deck.headed(text)
    if text.poll:
        _add_poll(deck, text)
        return

    found = text.blocks
    said = found[-1].source if found else ""
    count = prose.words(said)
    left = units.left(said, told or ())
    if len(found) == 1 and not deck.fresh and _is_spoken(left, later):
        deck.carried.append(prose.whole(left))
        deck.lead = left if leads_on else ""
        return
    if not leads_on or not found or (told and len(found) == 1):
        deck.pages(units.units(found, told=told))
        return

    if (said.endswith(":") and count <= outputs.CAPTION) or (
        len(found) == 1 and count <= SHORT and not deck.fresh
    ):
        if len(found) > 1:
            deck.pages(units.units(found[:-1], told=told))
        deck.carried.append(prose.whole(said))
        deck.lead = said
    else:
        deck.pages(units.units(found, told=told))


def _add_exercise(deck: Deck, text: Text) -> None:
    number, name, worth = text.exercise.groups()
    asked = [block for block in text.blocks[1:] if block.kind != "fold"]
    shown = _asks(_of_whole_sentences([block.source for block in asked if block.kind == "text"]))
    formulas = "".join(prose.whole(block.source) for block in asked if block.kind == "formula")

    signature, told = deck.signatures.get(name, (f"{name}(…)", ""))
    size = units.code_size(signature.splitlines(), most=28)
    body = (
        f'<p class="worth">{escaped(worth.replace(",", " ·"))}</p>'
        + "".join(f"<p>{inline(sentence)}</p>" for sentence in shown)
        + f'{formulas}<pre style="font-size:{size}px"><code>{prose.python(signature)}</code></pre>'
        + (f'<p class="worth">{inline(told)}</p>' if told else "")
    )
    notes = prose.whole("\n\n".join(block.source for block in asked))
    title = f"Exercise {number}: <code>{name}</code>"
    deck.add("exercise", body, notes, title=title, large=True, name=name)


def _of_whole_sentences(paragraphs: Sequence[str]) -> list[str]:
    """The first paragraph; if it breaks off where a list goes on, what it said so far, and the next one."""
    said = prose.sentences(paragraphs[0])
    if said[-1].endswith((".", "?", "!", ":", ")")) or len(paragraphs) == 1:
        return said
    return said[:-1] + prose.sentences(paragraphs[1])


def _asks(said: Sequence[str]) -> Sequence[str]:
    """What an exercise asks for, with what was said of its arguments before, and as much more as has room."""
    first = next((place for place, sentence in enumerate(said) if ASKS.search(sentence)), 0)
    end = first + 1
    while first:
        most = prose.WORDS + (prose.PROP if prose.LEANS.match(said[first]) else 0)
        if prose.words(" ".join(said[first - 1 : end])) > most:
            break
        first -= 1
    while end < len(said) and prose.words(" ".join(said[first : end + 1])) <= prose.WORDS:
        end += 1
    return said[first:end]


def _add_poll(deck: Deck, text: Text) -> None:
    deck.polls += 1
    known = next((each for each in deck.predictions if each.place == deck.polls), None)
    places = [place for place, block in enumerate(text.blocks) if block.source.startswith(PREDICT)]
    before, asked = text.blocks[: places[0]], text.blocks[places[0] :]
    if before:
        deck.pages(units.units(before))

    said = prose.sentences(asked[0].source.removeprefix(PREDICT).strip())
    question = " ".join(each for each in said if "`None`" not in each and not each.startswith("("))
    if known:  # its own words are understood without the slides before
        question = known.question
    notes = prose.whole("\n\n".join(block.source for block in asked))
    commit = "<p><i>Let everybody commit before you go on.</i></p>"
    deck.add("poll", question_body(question) + _options(known.options if known else ()), commit + notes)


def question_body(question: str) -> str:
    """A question (Markdown), as large as its length allows."""
    size = "long" if prose.words(question) > 30 else "short"
    return f'<p class="question {size}">{inline(question)}</p>'


def _options(options: Sequence[str]) -> str:
    """The answers of a poll; without them everybody writes a number down."""
    if not options:
        return '<p class="write">Write your number down, before the next slide.</p>'
    kind = "wide" if max(map(len, options)) > 34 else "narrow"
    items = (
        f'<li><b aria-hidden="true">{letter}</b> <span>{inline(option)}</span></li>'
        for letter, option in zip("ABCDEF", options, strict=False)
    )
    return f'<ol class="options {kind}" type="A">{"".join(items)}</ol>'


def _add_code(deck: Deck, code: Code, after: Text | Code | None) -> list[str] | None:
    """Slides of what a cell shows, if it does; the sentences of the text after it that they show."""
    if code.name or code.set_up:
        return None
    source = f"<pre><code>{escaped(code.source)}</code></pre>"
    if code.slide in ("notes", "-") or not (code.pictures or code.printed):
        (deck.to_last if code.slide in ("notes", "-") else deck.carried.append)(source)
        return None

    # What is said after a widget is true where somebody has moved it, and not of the still picture.
    told = None if any(picture.moves for picture in code.pictures) else outputs.takeaway(after)
    said = " ".join(told or ())
    printed = f"<pre>{escaped(code.printed)}</pre>" if code.printed else ""
    notes = source + printed
    if told:
        notes = prose.whole(after.blocks[0].source) + notes

    if code.pictures and deck.fresh and deck.lead and said:  # a section begins with words
        deck.add("text few", units.sentences_of([deck.lead], deck.lead).html, "")
    for picture in code.pictures:
        below = "" if picture.moves else said or re.sub(":$", ".", deck.lead)
        deck.add("picture", outputs.picture_body(picture, below), notes)
    if code.pictures:
        return told

    # What has to be written small beside its text, and larger without it, is shown alone.
    room = ROOM - (HEAD if deck.fresh else 0)
    beside = [(deck.lead, said), (deck.lead, ""), ("", "")]
    bodies = [outputs.code_body(code, lead, below, room) for lead, below in beside]
    best = max(range(3), key=lambda place: (min(bodies[place][1], outputs.EASY), -place))
    body, below = bodies[best][0], beside[best][1]
    deck.add("code", body, notes)
    return told if below else None

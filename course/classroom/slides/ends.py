"""The slides at both ends of a lesson: its title, and what remains of it."""

import re

from course.classroom.slides import prose, units
from course.classroom.slides.making import ROOM, Deck, Slide, question_body
from course.classroom.slides.prose import inline
from course.classroom.slides.reading import Lesson


def opening(lesson: Lesson) -> list[Slide]:
    """The title, and what the lesson is about."""
    texts = [block for block in lesson.opening if block.kind == "text"]
    minutes, _, needs = texts[0].source.strip("*").partition(". ")
    needs = needs.split(" Words and symbols:")[0]
    lists = [block for block in lesson.opening if block.kind == "list"]
    able = next(units.units(lists[:1]), None)

    body = (
        f'<p class="needs">{inline(minutes.removeprefix("About ").removesuffix("."))} · {inline(needs)}</p>'
        f'<p class="after">Afterwards you can</p>{able.html if able else ""}'
    )
    notes = "".join(prose.whole(block.source) for block in lesson.opening)
    title = f"<small>Lesson {int(lesson.number)}</small>{inline(lesson.title)}"
    slides = [Slide(kind="title", title=title, body=body, notes=notes, large=True, opens=True)]

    deck = Deck(lesson, ())
    about = [
        prose.Block("text", re.sub(r"\s*Afterwards\s+you\s+can$", "", block.source)) for block in texts[1:]
    ]
    deck.pages(units.units([block for block in about if block.source]))
    return slides + deck.slides


def ending(lesson: Lesson, following: tuple[str, str] | None) -> list[Slide]:
    """What to remember, what to think about, and where to go on.

    Args:
        lesson: the lesson.
        following: title (HTML) and address of the next deck.
    """
    slides = []
    for number, unit in enumerate(units.units(lesson.remember, room=2 * ROOM)):
        page = {"title": "What to remember", "large": True, "opens": number == 0}
        slides.append(Slide(kind="remember", body=unit.html, notes=unit.notes, **page))

    for number, (question, answer) in enumerate(lesson.questions):
        body = question_body(question)
        notes = f"<p>{inline(answer)}</p>"
        slides.append(Slide(kind="question", title="Think", body=body, notes=notes, opens=number == 0))

    if lesson.deeper:
        topics = "".join(f"<li>{inline(topic)}</li>" for topic in lesson.deeper)
        body = f"<p>For those who want more, at the end of the notebook:</p><ul>{topics}</ul>"
        slides.append(Slide(kind="topics", title="Dig deeper", body=body, notes="", large=True, opens=True))

    bridge = [each for each in lesson.bridge if not each.startswith("Next:")]
    said = "".join(units.sentences_of(prose.leads(each), each).html for each in bridge)
    notes = "".join(prose.whole(each) for each in lesson.bridge)
    where = ""
    if following:
        where = f'<p class="next"><a href="{following[1]}">{following[0]}</a></p>'
    where += '<p class="all"><a href="index.html">All lessons</a></p>'
    title = "Next" if following else "The end of the course"
    slides.append(Slide(kind="next", title=title, body=said + where, notes=notes, large=True, opens=True))
    return slides

"""What the documents name is there: files, folders, modules, and what stands in them."""

import importlib
import re
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).parent.parent
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "course").rglob("*.md"),
        *(ROOT / "solutions").glob("*.py"),
    ]
)
EVERY_DOCUMENT = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def missing(text):
    """Files and names of the project that a text gives and that are not there; addresses are of others."""
    text = re.sub(r"https?://[^\s)>]+", "", text)
    for name in re.findall(r"\b(?:course|tests|docs|solutions|notebooks)/[\w/.]*\w", text):
        if not re.search("NN|TOPIC", name) and not (ROOT / name).exists():
            yield name
    for name in re.findall(r"`(course(?:\.\w+)+)`", text):
        if not there(name):
            yield name


def there(name):
    """Whether a dotted name is a module or stands in one."""
    module, _, last = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return bool(module) and there(module) and hasattr(importlib.import_module(module), last)
    return True


@EVERY_DOCUMENT
def test_a_document_names_what_is_there(path):
    assert list(missing(path.read_text(encoding="utf-8"))) == []


def test_a_name_that_is_gone_would_be_found():
    text = (
        "`course.validate`, `course.arrays.finite`, `course.arrays.gone`; course/scores.py, docs/notation.md "
        "[elsewhere](https://example.org/notebooks/unit8.ipynb)"
    )
    assert list(missing(text)) == ["course/scores.py", "course.validate", "course.arrays.gone"]


# Where a document says that something stands in a lesson


def lessons():
    """The prose of every lesson by its number, each run of white space one blank."""
    sources = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))
    texts = {int(path.stem[:2]): re.sub(r"^# ?", "", path.read_text("utf-8"), flags=re.M) for path in sources}
    return {number: " ".join(text.split()) for number, text in texts.items()}


def headings(number):
    """What an author calls the sections of a lesson."""
    (source,) = (ROOT / "solutions").glob(f"{number:02}_*.py")
    return re.findall(r"^# ##+ (.+)$", source.read_text("utf-8"), re.M)


def rows(text):
    """The cells of every row of a document's tables, without heads and frames."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        for row in table.splitlines()[2:]:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def document(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def strangers(glossary):
    """What is wrong with a glossary: terms that stand twice, or not in the lesson that is named."""
    texts, seen = lessons(), set()
    for term, _, where in rows(glossary):
        symbols = re.findall(r"\(\$(.*?)\$\)", term)
        words = re.sub(r" \(\$.*?\$\)", "", term).replace("$", "").lower().split(",")
        names = {*symbols, *(word.strip() for word in words)}
        if names & seen:
            yield f"{term} stands twice"
        seen |= names
        for number in map(int, where.split(", ")):
            text = texts.get(number, "")
            if not any(name.removesuffix("s") in text.lower() or name in text for name in names):
                yield f"{term} is not in lesson {number}"


def test_the_glossary_has_each_term_once_and_the_lesson_that_introduces_it():
    assert list(strangers(document("glossary.md"))) == []
    assert len(list(rows(document("glossary.md")))) > 50


def test_a_term_that_is_in_no_lesson_or_twice_would_be_found():
    head = "| term | what it is | lesson |\n| --- | --- | --- |\n"
    terms = [("critic", 6), ("Critic, judge", 6), ("zebra", 5), ("actor", 99)]
    table = head + "".join(f"| {term} | What it is. | {number} |\n" for term, number in terms)
    assert list(strangers(table)) == [
        "Critic, judge stands twice",
        "zebra is not in lesson 5",
        "actor is not in lesson 99",
    ]


def test_every_lesson_that_notation_and_lecture_notes_name_is_there():
    known = set(lessons())
    for row in rows(document("notation.md")):
        for cell in row[2:]:
            if re.fullmatch(r"\d+(, \d+)*", cell):
                assert set(map(int, cell.split(", "))) <= known, row
    for name in ("notation.md", "lecture_notes.md"):
        for numbers in re.findall(r"\blessons? (\d+(?:(?:, | and | to )\d+)*)", document(name)):
            assert set(map(int, re.findall(r"\d+", numbers))) <= known, numbers


def lost(table):
    """Sections that a table of ideas names and that are no heading of their lesson."""
    for _, _, where in rows(table):
        for number, sections in re.findall(r"(\d+), ((?:\*[^*]+\*(?:, )?|[^;])+)", where):
            for section in re.findall(r"\*([^*]+)\*", sections):
                if not any(heading.startswith(section) for heading in headings(int(number))):
                    yield f"{number}, {section}"


def test_the_lectures_ten_ideas_are_met_in_the_sections_that_are_named():
    text = document("lecture_notes.md")
    table = text[text.index("## The lecture's ten ideas") :]
    table = table[: table.index("\n## ", 1)]
    assert list(lost(table)) == []
    assert [row[0].split(".")[0] for row in rows(table)] == [str(number) for number in range(1, 11)]
    assert all(re.search(r"\d+, \*", where) for _, _, where in rows(table))


def test_a_section_that_is_gone_would_be_found():
    head = "| idea | picture | where |\n| --- | --- | --- |\n"
    table = (
        head + "| 1. One | | 6, *The advantage*, *The zebra*; 2, cracks; resolved in 12, *Coda*, *Finale* |\n"
    )
    assert list(lost(table)) == ["6, The zebra", "12, Finale"]


# The changelog's tables


def placed(changelog):
    """Where the changelog's tables say that each exercise is now: the newest version's word counts."""
    told = {}
    for table in re.findall(r"^\| exercise \|.*\n(?:^\|.*\n)+", changelog, re.M):
        for name, *_, now in rows(table):
            told.setdefault(name.strip("`"), now)
    return told


def test_the_changelog_says_of_every_exercise_where_it_is_now():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "solutions").glob("*.py"))
    there = {name: now for now, name in re.findall(r"^# ### Exercise (\d+\.\d+): `(\w+)`", sources, re.M)}
    # Those of the lessons 0 to 2 have never moved, and the clinic's are told as one.
    moved = {name: now for name, now in there.items() if 2 < int(now.split(".")[0]) < 15}
    assert placed((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")) == moved


def test_the_newest_table_of_a_changelog_counts():
    newest = "| exercise | 0.3.0 |\n| --- | --- |\n| `gae` | 9.2 |\n"
    older = (
        "| exercise | 0.1.0 | 0.2.0 |\n| --- | --- | --- |\n| `gae` | 7.2 | 8.2 |\n| `entropy` | | 11.2 |\n"
    )
    assert placed(f"{newest}\nWords.\n\n{older}") == {"gae": "9.2", "entropy": "11.2"}

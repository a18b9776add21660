"""Fills one column of the LMS's own CSV file with the points, and leaves every other byte as it was.

Canvas gives such a file as "Export Entire Gradebook", Moodle as "Download grading worksheet". A learner is a
folder or a file here, whose name the LMS made up: which line is meant is said by the number in that name,
else by a login, an address or the name. Where two lines or two learners could be meant, none is filled.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course.arrays import Refusal, one_of
from course.grading.records import Row, unquoted
from course.tables import replace_file

BOM = b"\xef\xbb\xbf"
DELIMITERS = (b",", b";", b"\t")


@dataclass(frozen=True, kw_only=True)
class _Lms:
    """Which columns an LMS has, and how it names the files of a download."""

    number: tuple[str, ...]  # the column with the number that stands in the names of files
    logins: tuple[str, ...]
    names: tuple[str, ...]  # together they are one name
    file: re.Pattern
    grade: re.Pattern  # the column that is filled, if none is given


LMS = {
    "canvas": _Lms(
        number=("ID",),
        logins=("SIS Login ID", "SIS User ID", "Integration ID"),
        names=("Student",),
        file=re.compile(r"[^_]+_(?:late_)?(?P<number>\d+)_\d+_", re.I),
        grade=re.compile(r".*\(\d+\)"),  # an assignment's heading ends with its number
    ),
    "moodle": _Lms(
        number=("Identifier",),
        logins=("Email address", "Username", "ID number"),
        names=("Full name", "First name", "Last name", "Surname"),
        file=re.compile(r".*_(?P<number>\d+)_assignsubmission_", re.S),
        grade=re.compile("Grade"),
    ),
}
NOBODY = ("points possible", "student, test")  # lines of Canvas's own


@dataclass(frozen=True)
class Cell:
    """A field of a CSV file: its text, and which bytes it is."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """An LMS's CSV file, and the column of it that will be filled."""

    kind: str
    path: Path
    content: bytes
    lines: tuple[tuple[Cell, ...], ...]  # the first holds the headings
    column: int

    @property
    def heading(self) -> str:
        """The heading of the column."""
        return self.lines[0][self.column].text.strip()

    def fill(self, rows: Iterable[Row]) -> list[str]:
        """Write the points into the file.

        Whoever has an ungraded row is left as it was. If the heading names one of the lessons, the points of
        that lesson count, else those of all.

        Returns:
            What was done and what was not, in lines for the lecturer.

        Raises:
            OSError: if the file cannot be written; it is then as it was.
        """
        rows = list(rows)
        named = [lesson for lesson in {row.lesson for row in rows} if _plain(lesson) in _plain(self.heading)]
        of_students: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if len(named) != 1 or row.lesson == named[0] or not row.exercise:
                of_students[row.student].append(row)

        of_lines, told = self._lines_of(of_students)
        texts: dict[Cell, str] = {}
        for number, students in sorted(of_lines.items()):
            line = self.lines[number]
            points, problem = _total([row for student in students for row in of_students[student]])
            if len(line) <= self.column:
                problem = "the line ends before this column"
            if problem:
                told.append(f"not filled: {', '.join(students)}: {problem}")
            else:
                texts[line[self.column]] = str(points)

        replace_file(self.path, _with(self.content, texts))
        counted = named[0] if len(named) == 1 else "all lessons"
        filled = f"{self.path}: {len(texts)} fields of {self.heading!r} filled with the points of {counted}"
        return [filled, *told]

    def _lines_of(self, students: Iterable[str]) -> tuple[dict[int, list[str]], list[str]]:
        """Line -> learners, and a word on each learner whose line is not clear."""
        people = _People(self)
        of_lines: dict[int, list[str]] = defaultdict(list)
        told = []
        for student in students:
            numbers = people.lines_of(student)
            if len(numbers) == 1:
                of_lines[numbers[0]].append(student)
            else:
                told.append(f"not filled: {student}: {len(numbers) or 'no'} lines fit")
        return of_lines, told


def open_sheet(kind: str, path: str | Path, *, column: str | None = None) -> Sheet:
    """Read an LMS's CSV file, and find the column.

    Args:
        kind: "canvas" or "moodle".
        path: of the file.
        column: its heading. It need not be given where the LMS's own name of it, or a number in brackets that
            only one has, says which it is.

    Raises:
        ValueError: if the file is no such table, or it is not clear which column is meant.
        OSError: if it cannot be read.
    """
    kind = one_of("export", kind, LMS)
    path = Path(path)
    content = path.read_bytes()
    lines = _lines(content, path)

    headings = [" ".join(cell.text.split()) for cell in lines[0]] if lines else []
    places = [place for place, heading in enumerate(headings) if _is_meant(heading, column, LMS[kind])]
    if len(places) != 1:
        wanted = f"the column {column!r}" if column else "the column to fill"
        said = "is not there" if not places else f"could be {' or '.join(headings[each] for each in places)}"
        raise Refusal(
            f"{wanted} {said} in {path}; give its heading with --column; "
            f"there are: {', '.join(headings) or 'none'}"
        )
    return Sheet(kind=kind, path=path, content=content, lines=lines, column=places[0])


def _is_meant(heading: str, column: str | None, lms: _Lms) -> bool:
    if column is None:
        return lms.grade.fullmatch(heading) is not None
    return column.strip() in (heading, re.sub(r"\s*\(\d+\)$", "", heading))


def _total(rows: Sequence[Row]) -> tuple[int, str]:
    """The points, and why they cannot be given."""
    if any(row.state == "ungraded" for row in rows):
        return 0, "not all of it is graded"
    exercises = [(row.lesson, row.exercise) for row in rows]
    twice = next((each for each in exercises if exercises.count(each) > 1), None)
    if twice:
        return 0, f"handed in twice: {twice[1]} of {twice[0]}"
    return sum(row.points or 0 for row in rows), ""


# Who is meant


class _People:
    """The lines of a sheet, by all that may say who a line is about."""

    def __init__(self, sheet: Sheet) -> None:
        lms = LMS[sheet.kind]
        self.file = lms.file
        headings = [cell.text.strip() for cell in sheet.lines[0]]
        self.by_number: dict[str, list[int]] = defaultdict(list)
        self.by_login: dict[str, list[int]] = defaultdict(list)
        self.by_name: dict[str, list[int]] = defaultdict(list)

        for number, line in enumerate(sheet.lines[1:], start=1):
            texts = dict(zip(headings, (cell.text.strip() for cell in line), strict=False))
            name = " ".join(texts[each] for each in lms.names if texts.get(each))
            if _plain(name) in map(_plain, NOBODY):
                continue
            if name:
                self.by_name[_words(name)].append(number)
            for each in lms.number:
                digits = re.search(r"\d+$", texts.get(each, ""))  # "Participant 1234"
                if digits:
                    self.by_number[digits[0]].append(number)
            for login in {form for each in lms.logins for form in _logins(texts.get(each, ""))}:
                self.by_login[login].append(number)

    def lines_of(self, student: str) -> list[int]:
        """The lines that may be meant by a learner's name."""
        shown = unquoted(student)
        of_file = self.file.match(shown)
        if of_file and self.by_number:
            return self.by_number.get(of_file["number"], [])

        name = shown[: of_file.start("number")] if of_file else shown
        return self.by_login.get(_same(name)) or self.by_name.get(_words(name), [])


def _same(text: str) -> str:
    """One spelling for what looks the same: macOS writes an accent as a sign of its own."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def _words(name: str) -> str:
    """`Doe, Jane`, `jane_doe` and `Jane Doe` alike."""
    return " ".join(sorted(re.split(r"[\s,_]+", _same(name).strip(" ,_"))))


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", _same(text))


def _logins(text: str) -> set[str]:
    """A login, and of an address the part before the @ too."""
    return {form for form in (_same(text), _same(text).split("@")[0]) if form}


# Bytes


def _lines(content: bytes, path: Path) -> tuple[tuple[Cell, ...], ...]:
    """The fields of a CSV file, each with its place; what was there can be put together again from them."""
    encoding = _encoding(content)
    at = len(BOM) if content.startswith(BOM) else 0
    header = re.sub(rb'"[^"]*"', b"", content[at:].partition(b"\n")[0])
    delimiter = max(DELIMITERS, key=header.count)
    field = re.compile(rb'("(?:[^"]|"")*"|[^"%s\r\n][^%s\r\n]*|)(%s|\r\n|\r|\n|\Z)' % ((delimiter,) * 3))

    lines: list[tuple[Cell, ...]] = []
    line: list[Cell] = []
    while at < len(content):
        match = field.match(content, at)
        if match is None:
            raise Refusal(
                f"{path} is no CSV file that can be read: a quote is out of place in line {len(lines) + 1}"
            )
        text = match[1].decode(encoding)
        if text.startswith('"'):
            text = text[1:-1].replace('""', '"')
        line.append(Cell(text, match.start(1), match.end(1)))
        at = match.end()
        if match[2] == delimiter and at < len(content):
            continue
        if match[2] == delimiter:  # the file ends with an empty field
            line.append(Cell("", at, at))
        lines.append(tuple(line))
        line = []
    return tuple(lines)


def _encoding(content: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return "latin-1"


def _with(content: bytes, texts: dict[Cell, str]) -> bytes:
    """The same bytes, with other texts in some cells; what was in quotes stays in quotes."""
    parts = []
    at = 0
    for cell, text in sorted(texts.items(), key=lambda pair: pair[0].start):
        quote = b'"' if content[cell.start : cell.end].startswith(b'"') else b""
        parts += [content[at : cell.start], quote, text.encode(), quote]
        at = cell.end
    return b"".join([*parts, content[at:]])

"""Reads what learners handed in, and trusts none of it: sizes, lists of names, links, pipes.

Nothing is unpacked: a member of an archive is read where it is, so its path can lead nowhere.
"""

import hashlib
import io
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from course.grading.records import Submission, cleaned

MB = 1_000_000
LARGEST = 100 * MB  # a notebook, and all that a learner hands in together: it is read whole
LARGEST_INNER = 20 * MB  # an archive within an archive, which has to be held beside its notebook
LARGEST_LISTING = 4 * MB  # of an archive that a learner made: some 50 000 names
END = b"PK\x05\x06"  # begins the last record of an archive, 22 bytes and a comment
LARGE_END = b"PK\x06\x07"  # stands 20 bytes before it where the numbers in it are too small
LOCKED = 1  # a flag of a member
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


class Unreadable(Exception):
    """What was handed in cannot be read; the message says why, in words for the learner."""


def regular_file(path: Path) -> io.BufferedReader:
    """Open a file that is no link, and that nobody has put a pipe or a device in the place of.

    Raises:
        Unreadable: if it cannot be opened, or is no file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
    except OSError as error:
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from None

    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise Unreadable("It is no file.")
    return file


def read_file(path: Path, *, largest: int) -> bytes:
    """The content of a file.

    Raises:
        Unreadable: if it has more than `largest` bytes, or cannot be read.
    """
    with regular_file(path) as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise Unreadable(_too_large(largest))
        return file.read(largest)


def listing(file: BinaryIO, *, most: int | None) -> list[zipfile.ZipInfo]:
    """What an archive says it holds.

    Args:
        file: the archive.
        most: how many bytes its list may have; a list of millions of names would fill the memory.

    Raises:
        Unreadable: if it is no archive, or the list is longer.
    """
    try:
        if most is not None and _listing_size(file) > most:
            raise Unreadable("It is an archive of too many files.")
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except DAMAGED:
        raise Unreadable("It is no zip file that can be read.") from None


def _listing_size(file: BinaryIO) -> int:
    """How many bytes the list will have, found as `zipfile` finds it, without reading it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 22 - 65_535))
    tail = file.read()
    file.seek(0)

    at = len(tail) - 22
    if not (tail[at:].startswith(END) and tail.endswith(b"\0\0")):
        at = tail.rfind(END)  # a comment follows
    if at < 0 or len(tail) < at + 22:
        return 0  # no archive, as zipfile will say
    if at >= 20 and tail[at - 20 : at].startswith(LARGE_END):
        return size  # the true number stands elsewhere; nobody's homework needs it
    return int.from_bytes(tail[at + 12 : at + 16], "little")


def read_member(file: BinaryIO, way: tuple[str, ...], *, largest: int) -> bytes:
    """The content of a member of an archive.

    Args:
        file: the archive.
        way: the member's name; where it is an archive too, the name of a member of that follows.
        largest: how many bytes the last of them may have.

    Raises:
        Unreadable: if it is too large, locked or damaged.
    """
    first, *rest = way
    most = LARGEST_INNER if rest else largest
    try:
        with zipfile.ZipFile(file) as archive:
            info = archive.getinfo(first)
            if info.flag_bits & LOCKED:
                raise Unreadable("It is locked with a password.")
            with archive.open(info) as member:
                content = member.read(most + 1)  # what the archive says of the size need not be true
    except (*DAMAGED, KeyError):
        raise Unreadable("It cannot be read from its archive.") from None

    if len(content) > most:
        raise Unreadable(_too_large(most))
    return read_member(io.BytesIO(content), tuple(rest), largest=largest) if rest else content


def _too_large(largest: int) -> str:
    if largest in (LARGEST, LARGEST_INNER):
        return f"It is larger than {largest // MB} MB."
    return f"It is too large: what is handed in together may have {LARGEST // MB} MB."


# What is handed in


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where one notebook lies. It is read when it is needed: a class's notebooks do not fit into memory."""

    name: str
    path: Path
    members: tuple[str, ...] = ()  # the way on through an archive, and an archive within it
    problem: str = ""  # why it cannot be read, if that is known without reading

    def read(self, *, largest: int) -> bytes:
        """The content.

        Raises:
            Unreadable: if it has more than `largest` bytes or cannot be had; the message says why.
        """
        if self.problem:
            raise Unreadable(self.problem)
        if not self.members:
            return read_file(self.path, largest=largest)
        with regular_file(self.path) as file:
            return read_member(file, self.members, largest=largest)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one learner handed in together, to be graded in one go."""

    student: str
    folder: str = ""  # of the lesson, in nbgrader's layout: what lies in one is graded by itself
    sources: tuple[Source, ...] = field(repr=False)

    def submissions(self) -> tuple[Submission, ...]:
        """All of them read, up to a size that fits into memory."""
        read = []
        left = LARGEST
        for source in self.sources:
            submission = self._submission(source, largest=left)
            left -= len(submission.content or b"")
            read.append(submission)
        return tuple(read)

    def _submission(self, source: Source, *, largest: int) -> Submission:
        name = cleaned(source.name)
        try:
            content = source.read(largest=largest)
        except Unreadable as why:
            return Submission(student=self.student, name=name, content=None, problem=str(why))
        return Submission(student=self.student, name=name, content=content)

    def key(self) -> str:
        """A digest of who handed in what: the same key, the same grades."""
        digest = hashlib.sha256()
        for part in (self.student, self.folder):
            digest.update(part.encode(errors="surrogatepass") + b"\0")
        for source in self.sources:  # one at a time in memory
            submission = self._submission(source, largest=LARGEST)
            content = hashlib.sha256(submission.content or submission.problem.encode()).hexdigest()
            digest.update(f"{submission.name}\0{content}\0".encode())
        return digest.hexdigest()

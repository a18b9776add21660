"""Finds what was handed in: in a flat folder, a folder for each learner, nbgrader's `submitted/`, an archive.

    alice.ipynb                     flat: the learner is the file's stem
    alice/08_gae.ipynb              a folder for each learner
    alice/08_gae/08_gae.ipynb       nbgrader's layout
    alice.zip, alice/homework.zip   an archive that a learner handed in is a folder of that learner
    download.zip                    an archive that is graded itself is any of the above

Names that begin with a dot and `__MACOSX` are left out. Links are never followed; each is told of.
"""

import io
import os
import re
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from course.arrays import Refusal
from course.grading.archives import (
    LARGEST_INNER,
    LARGEST_LISTING,
    Source,
    Unreadable,
    Work,
    listing,
    read_member,
    regular_file,
)
from course.grading.records import cleaned

MOST = 100  # notebooks of one learner
DEEPEST = 8  # folders within folders
ARCHIVES = 2  # archives within archives
LESSON = re.compile(r"\d\d_\w+\.ipynb", re.I)  # the name that the course gave it
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.I)  # some browsers add their own ending


def find(submissions: str | Path, *, ignore: Path | None = None) -> list[Work]:
    """What there is to grade, learner by learner, in the order of their names.

    Args:
        submissions: a folder, an archive (zip), or one notebook.
        ignore: a folder that is none of it, such as the one that the results go to.

    Raises:
        ValueError: if there is nothing to grade.
        OSError: if it is not there or cannot be read.
    """
    root = Path(submissions)
    if (root / "submitted").is_dir() and (root / "source").is_dir():
        raise Refusal(f"{root} is an nbgrader course; give its folder of submissions: {root / 'submitted'}")

    ignored = ignore.resolve() if ignore else None
    found = _of_learners(root, ignored)

    shown: dict[str, str] = {}  # two names that look alike when cleaned stay two learners
    for student in sorted(found):
        shown[student] = _free(cleaned(student), {*shown.values()})
    work = [
        Work(student=shown[student], folder=folder, sources=tuple(sources))
        for student, folders in sorted(found.items())
        for folder, sources in sorted(folders.items())
    ]
    if not work:
        raise Refusal(
            f"nothing to grade in {root}: there must be notebooks (.ipynb), "
            "a folder with notebooks for each learner, or zip files of them"
        )
    return work


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free = f"{name} ({number})"
        number += 1
    return free


# From files to learners


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file, or a folder that holds nothing, on its way from the root."""

    parts: tuple[str, ...]
    source: Source | None  # None if it is nothing that is graded

    @property
    def student(self) -> str:
        first = self.parts[0]
        return first if len(self.parts) > 1 else _without_ending(first)

    @property
    def folder(self) -> str:
        return self.parts[1] if len(self.parts) == 3 else ""


def _of_learners(root: Path, ignored: Path | None) -> dict[str, dict[str, list[Source]]]:
    """Learner -> folder of a lesson -> notebooks."""
    found: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
    empty: dict[str, Source] = {}
    left_out: set[str] = set()

    for file in _files(root, ignored):
        mine = found.get(file.student, {})
        if file.source is None:
            if len(file.parts) > 1:
                problem = "There is no notebook in what was handed in."
                path = root / file.parts[0]
                empty[file.student] = Source(name=file.parts[0], path=path, problem=problem)
        elif sum(map(len, mine.values())) < MOST:
            found[file.student][file.folder].append(file.source)
        elif file.student not in left_out:
            left_out.add(file.student)
            problem = f"More than {MOST} notebooks were handed in; this one and those after it were not read."
            found[file.student][file.folder].append(
                Source(name=file.source.name, path=file.source.path, problem=problem)
            )

    for student, source in empty.items():
        if student not in found:
            found[student][""].append(source)
    return found


def _files(root: Path, ignored: Path | None) -> Iterator[_File]:
    """Every file below the root, in the order of the names."""
    if root.is_dir():
        inside = [path for path in root.iterdir() if not _hidden(path.name)]
        if len(inside) == 1 and _is_download(inside[0]):
            yield from _in_download(inside[0])
        else:
            yield from _in_folder(root, (), ignored)
    elif _is_archive(root.name):
        yield from _in_download(root)
    elif NOTEBOOK.search(root.name) or not root.exists():
        with root.open("rb"):  # an OSError, if it is not there, names it
            yield _File(parts=(root.name,), source=Source(name=root.name, path=root))
    else:
        raise Refusal(f"{root} must be a folder, a zip file or a notebook (.ipynb)")


def _is_download(path: Path) -> bool:
    """Whether the only thing in a folder is an LMS's archive of a class, and not one learner's."""
    if not _is_archive(path.name) or path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            inside = _Archive(path=path).files(file)
    except Unreadable:
        return False
    return not any(LESSON.match(each.parts[0]) for each in inside if len(each.parts) == 1)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _without_ending(name: str) -> str:
    return name[:-4] if _is_archive(name) else NOTEBOOK.sub("", name)


def _is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


def _in_folder(folder: Path, parts: tuple[str, ...], ignored: Path | None) -> Iterator[_File]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if not parts:
            raise
        yield _refused(folder, parts, f"The folder cannot be read: {error.strerror}.")
        return

    entries = [entry for entry in entries if not _hidden(entry.name)]
    if parts and not entries:
        yield _File(parts=(*parts, ""), source=None)
    for entry in entries:
        yield from _at(entry, (*parts, entry.name), ignored)


def _at(entry: os.DirEntry, parts: tuple[str, ...], ignored: Path | None) -> Iterator[_File]:
    path = Path(entry.path)
    if entry.is_symlink():
        yield _refused(path, parts, "It is a link; links are not followed.")
    elif entry.is_dir():
        if ignored is not None and path.resolve() == ignored:
            return
        if NOTEBOOK.search(entry.name):
            yield _refused(path, parts, "It is a folder, not a notebook.")
        elif len(parts) > DEEPEST:
            yield _refused(path, parts, f"It lies more than {DEEPEST} folders deep.")
        else:
            yield from _in_folder(path, parts, ignored)
    elif not entry.is_file():
        yield _refused(path, parts, "It is no file.")
    elif _is_archive(entry.name):
        yield from _in_archive(path, parts)
    else:
        graded = NOTEBOOK.search(entry.name)
        yield _File(parts=parts, source=Source(name=entry.name, path=path) if graded else None)


def _refused(path: Path, parts: tuple[str, ...], problem: str) -> _File:
    source = Source(name=parts[-1], path=path, problem=problem)
    return _File(parts=parts, source=source)


# Archives


@dataclass(frozen=True, kw_only=True)
class _Archive:
    """An archive while it is looked through."""

    path: Path  # of the file on disk
    way: tuple[str, ...] = ()  # through archives in it, to this one
    parts: tuple[str, ...] = ()  # the folders that it stands for; none for a class's

    def files(self, file: BinaryIO) -> list[_File]:
        """All that is in it, in the order of the names; Unreadable if it cannot be read."""
        found = []
        for info in listing(file, most=LARGEST_LISTING if self.parts else None):
            inside = PurePosixPath(info.filename.replace("\\", "/")).parts
            if inside and not any(_hidden(name) and name != ".." for name in inside):
                found += self._member(info, inside)
        return sorted(found, key=lambda each: each.parts)

    def _member(self, info: zipfile.ZipInfo, inside: tuple[str, ...]) -> list[_File]:
        way = (*self.way, info.filename)
        parts = (*self.parts, *inside)
        if ".." in inside or "/" in inside:
            owner = self.parts or (self.path.stem,)
            return [_refused(self.path, (*owner[:1], inside[-1]), "Its path leads out of the archive.")]
        if stat.S_ISLNK(info.external_attr >> 16):
            return [_refused(self.path, parts, "It is a link; links are not followed.")]
        if info.is_dir():
            return [_File(parts=(*parts, ""), source=None)]
        if _is_archive(info.filename):
            return self._inner(way, parts)
        graded = NOTEBOOK.search(info.filename)
        source = Source(name=parts[-1], path=self.path, members=way) if graded else None
        return [_File(parts=parts, source=source)]

    def _inner(self, way: tuple[str, ...], parts: tuple[str, ...]) -> list[_File]:
        """An archive within this one: a folder of the same learner."""
        if len(way) >= ARCHIVES:
            return [_refused(self.path, parts, "It is an archive within an archive within an archive.")]
        try:
            with regular_file(self.path) as file:
                content = read_member(file, way, largest=LARGEST_INNER)
            inner = _Archive(path=self.path, way=way, parts=_owner(parts))
            return inner.files(io.BytesIO(content))
        except Unreadable as why:
            return [_refused(self.path, parts, str(why))]


def _owner(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The folder that an archive stands for: what a learner hands in is that learner's, whatever it says."""
    return (_without_ending(parts[0]),) if len(parts) == 1 else parts[:1]


def _in_download(path: Path) -> list[_File]:
    """The archive that an LMS gave: its folders are learners, as in a folder that is graded."""
    with path.open("rb") as file:
        try:
            return _Archive(path=path).files(file)
        except Unreadable as why:
            raise Refusal(f"{path} cannot be graded: {str(why)[0].lower()}{str(why)[1:-1]}") from None


def _in_archive(path: Path, parts: tuple[str, ...]) -> list[_File]:
    """An archive that a learner handed in."""
    try:
        with regular_file(path) as file:
            return _Archive(path=path, parts=_owner(parts)).files(file)
    except Unreadable as why:
        return [_refused(path, parts, str(why))]

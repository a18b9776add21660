"""What is finished is kept at once, so that a second call goes on where the first was stopped."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from course.arrays import Refusal
from course.grading.records import Row

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None


class Journal:
    """A file with a line for each learner's work that was graded: its key, and the rows.

    A line is written in one go. What a crash leaves of a line is dropped by the next call. What is ungraded
    is not kept: a second call tries it again.
    """

    def __init__(self, path: Path) -> None:
        """Open it, or begin one.

        Raises:
            ValueError: if another process has it open.
            OSError: if it cannot be read or written.
        """
        self.path = path
        self._file = path.open("a+b")
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._file.close()
                raise Refusal(f"another `course grade` is writing to {path.parent}") from None
        self.finished = self._read()

    def __enter__(self) -> "Journal":
        """Itself; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, so that others may have it."""
        self._file.close()

    def append(self, key: str, rows: Iterable[Row]) -> None:
        """Keep one learner's work.

        Raises:
            OSError: if it cannot be written.
        """
        rows = list(rows)
        if any(row.state == "ungraded" for row in rows):
            return
        self.finished[key] = rows
        line = json.dumps({"key": key, "rows": [asdict(row) for row in rows]})
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def _read(self) -> dict[str, list[Row]]:
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._file.truncate(len(whole))

        finished = {}
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                finished[entry["key"]] = [Row(**row) for row in entry["rows"]]
            except (ValueError, TypeError, KeyError):
                continue  # written by another version of the course, or by hand: graded again
        return finished

"""Tables on disk: CSV files that grow by what is finished, and files that are whole or not there.

A long measurement is stopped by Ctrl-C, by a lid that closes, by a full disk. So a `Table` takes in a
finished piece at once, and a second call of the same measurement asks it what is left to do.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from course.arrays import Refusal

Row = dict[str, str]  # column -> text


def data(name: str) -> Path:
    """Where a file lies that comes with the course; `course/data/README.md` says what is there."""
    return Path(__file__).parent / "data" / name


def replace_file(path: str | Path, content: bytes) -> None:
    """Write a file in one go: whoever stops it, the old one is there or the new one, never half of it.

    Raises:
        OSError: if it cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None  # the name that was asked for
    finally:
        part.unlink(missing_ok=True)


def read_table(path: str | Path, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV file with exactly these columns.

    Raises:
        ValueError: if it has other columns, or a row is not complete; it names the file.
        OSError: if it cannot be read.
    """
    path = Path(path)
    return _rows(path, path.read_text(encoding="utf-8"), columns)


class Table:
    """A CSV file to which finished pieces are added, each at once and whole.

    The columns in `key` say what a piece is: all rows with the same key are one piece, and stand
    together. `rows` holds what is in the file.
    """

    def __init__(self, path: str | Path, columns: Sequence[str], *, key: Sequence[str]) -> None:
        """Open a table, or begin one, so that a place that cannot be written is found out now.

        A last line that somebody else's writing left without its end is dropped, and with it the piece
        that it belongs to: it will be measured again.

        Raises:
            ValueError: if the file has other columns, or a row is not complete; it is left as it is.
            OSError: if it cannot be read or written.
        """
        self.path = Path(path)
        self.columns = tuple(columns)
        self.key = tuple(key)

        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        if not text:
            self.rows: list[Row] = []
            self._write()
            return

        *whole, torn = text.split("\n")
        self.rows = _rows(self.path, "\n".join(whole), self.columns) if whole else []
        if torn:
            self._drop_piece_of(torn)

    def finished(self) -> set[tuple[str, ...]]:
        """The keys of all pieces in the table, as text."""
        return {self._key_of(row) for row in self.rows}

    def append(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Add the rows of one finished piece, column -> value, and write the file.

        Raises:
            ValueError: if a row has other columns.
            OSError: if the file cannot be written.
        """
        piece = []
        for row in rows:
            if set(row) != set(self.columns):
                raise ValueError(f"rows must have the columns {','.join(self.columns)}, got {','.join(row)}")
            piece.append({name: str(row[name]) for name in self.columns})

        self.rows += piece
        self._write()

    def _key_of(self, row: Row) -> tuple[str, ...]:
        return tuple(row[name] for name in self.key)

    def _drop_piece_of(self, torn: str) -> None:
        if not self.rows:
            return
        last = self._key_of(self.rows[-1])
        begun = torn.split(",")[: len(last)]
        if ",".join(last).startswith(",".join(begun)):
            self.rows = [row for row in self.rows if self._key_of(row) != last]

    def _write(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        replace_file(self.path, text.getvalue().encode())


def _rows(path: Path, text: str, columns: Sequence[str]) -> list[Row]:
    header, *rows = csv.reader(text.splitlines()) if text else [[]]
    for row in [header, *rows]:
        if len(row) != len(columns) or (row is header and header != list(columns)):
            raise Refusal(
                f"path {path} must be a table with the columns {','.join(columns)}, "
                f"but it has the line {','.join(row)!r}; move it away or give another path"
            )
    return [dict(zip(columns, row, strict=True)) for row in rows]

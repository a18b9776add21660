"""The whole class of attacks is graded, once, as a lecturer would grade it."""

import hashlib
import shutil
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course.grading import Options, grade
from course.grading.records import Row, cleaned
from tests.grading.attacks.attack import Attack, Notebook, Place

SHORT = {"cpu_seconds": 2.0, "wall_seconds": 10.0}  # of an exercise; what is tried is that there is a limit


@dataclass(frozen=True, kw_only=True)
class Graded:
    """What came out, and what happened meanwhile."""

    place: Place
    rows: dict[str, list[Row]]  # by student
    seconds: float
    handed_in: dict[str, str]  # every file that was handed in, and a digest of it
    calls: list[str]  # whoever asked the network

    def of(self, attack: Attack) -> list[Row]:
        return self.rows[cleaned(attack.folder)]

    def states(self, attack: Attack) -> dict[str, str]:
        """The state of every exercise, to be compared with the attack's `outcome`."""
        return {row.exercise: row.state for row in self.of(attack)}


def grade_all(folder: Path, attacks: Sequence[Attack], **options: object) -> Graded:
    """Hand all of them in, below a folder, and grade them."""
    with _listener() as (port, calls):
        place = Place(
            submissions=folder / "submissions", out=folder / "grades", canary=folder / "canary", port=port
        )
        hand_in_all(place, attacks)
        handed_in = digests(place.submissions)

        began = time.perf_counter()
        rows = grade(place.submissions, out=place.out, options=Options(limits=SHORT, **options))
        seconds = time.perf_counter() - began

    by_student = defaultdict(list)
    for row in rows:
        by_student[row.student].append(row)
    return Graded(place=place, rows=by_student, seconds=seconds, handed_in=handed_in, calls=calls)


def hand_in_all(place: Place, attacks: Sequence[Attack]) -> None:
    """A class of them, in one folder."""
    shutil.rmtree(place.submissions, ignore_errors=True)
    place.submissions.mkdir(parents=True)
    place.canary.mkdir(exist_ok=True)
    place.canary.chmod(0o777)
    for attack in attacks:
        attack.hand_in(place)


def digests(folder: Path) -> dict[str, str]:
    """What lies in a folder: name -> digest; a link is not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@contextmanager
def _listener() -> Iterator[tuple[int, list[str]]]:
    """Somebody on this machine who hands out the solution to whoever asks."""
    solution = Notebook("08").source("gae")
    calls: list[str] = []

    def serve() -> None:
        while True:
            try:
                line, address = server.accept()
            except OSError:
                return  # closed
            calls.append(str(address))
            with line:
                line.sendall(f"import numpy as np\n{solution}\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], calls
        server.shutdown(socket.SHUT_RDWR)

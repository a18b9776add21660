"""What a submission of the suite is: how it is made of a real notebook, and what must come out."""

import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course.checks import exercises
from course.grading.records import State

GAE = "def gae(rewards, values, next_values, terminated, truncated, *, gamma, lam):\n"
MARK = "LEAK4711"  # stands in what must never be shown
ROOT = Path(__file__).resolve().parents[3]
NAMES = {path.stem[:2]: path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


class Notebook:
    """The solved notebook of a lesson, as a learner hands it in, and the ways to change it."""

    def __init__(self, lesson: str) -> None:
        self.name = NAMES[lesson]
        self.data = json.loads((ROOT / "notebooks" / f"{self.name}.ipynb").read_bytes())
        solved = json.loads((ROOT / "solutions" / f"{self.name}.ipynb").read_bytes())
        for cell in solved["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                lines = "".join(cell["source"]).split("\n")
                self.cell(cell["id"])["source"] = "\n".join(line for line in lines if "### " not in line)

    @property
    def cells(self) -> list[dict]:
        return self.data["cells"]

    @property
    def file(self) -> str:
        return f"{self.name}.ipynb"

    @property
    def content(self) -> bytes:
        return json.dumps(self.data).encode()

    def cell(self, name: str) -> dict:
        """The cell of an exercise, or its check."""
        return next(cell for cell in self.cells if cell["id"] == name)

    def source(self, exercise: str) -> str:
        return self.cell(exercise)["source"]

    def answer(self, exercise: str, source: str) -> None:
        """Write something else into the cell of an exercise."""
        self.cell(exercise)["source"] = source

    def above(self, exercise: str, source: str) -> None:
        """Add a line or more to the cell of an exercise, above the answer."""
        self.answer(exercise, f"{source}\n\n{self.source(exercise)}")

    def add(self, source: str, *, before: str = "", **changes: object) -> None:
        """Add a cell of the learner's own: before an exercise, or at the end."""
        cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": source}
        at = self.cells.index(self.cell(before)) if before else len(self.cells)
        self.cells.insert(at, {**cell, "id": f"own-{len(self.cells)}", **changes})


@dataclass(frozen=True)
class Link:
    """A symbolic link in the place of a file."""

    target: str


@dataclass(frozen=True)
class Holes:
    """A file of so many bytes that takes no room on the disk."""

    size: int


Files = Mapping[str, bytes | Link | Holes | None]  # None: a folder


@dataclass(frozen=True, kw_only=True)
class Place:
    """What an attacker would like to reach, and knows the address of."""

    submissions: Path
    out: Path
    canary: Path  # a folder that anybody may write to; nothing may ever appear in it
    port: int  # somebody listens there, who would hand out the solution
    root: Path = ROOT


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One submission, and what must come out."""

    kind: str
    lesson: str
    make: Callable
    expect: Mapping[str, State] = field(default_factory=dict)  # where an exercise is not right
    ungraded: bool = False  # one row without an exercise
    student: str = ""  # a name that is an attack itself
    unprotected: bool = False  # gets its points where there is no sandbox; that is tried as well

    @property
    def name(self) -> str:
        return self.make.__name__ + (f"_{self.lesson}" if self.make.__name__ == "as_it_is" else "")

    @property
    def folder(self) -> str:
        """Of the learner."""
        return self.student or self.name

    @property
    def says(self) -> str:
        """What it is, in words."""
        return " ".join(self.make.__doc__.split())

    def outcome(self) -> dict[str, State]:
        """The state of every exercise; `""` stands for a file that could not be read."""
        if self.ungraded:
            return {"": "ungraded"}
        mine = [exercise.name for exercise in exercises() if exercise.lesson == self.lesson]
        unknown = set(self.expect) - set(mine)
        assert not unknown, f"{self.name}: {unknown}"
        return {name: self.expect.get(name, "right") for name in mine}

    def hand_in(self, place: Place) -> None:
        """Write it where it is graded."""
        notebook = Notebook(self.lesson)
        files = self.make(notebook, place)
        if files is None:
            files = {notebook.file: notebook.content}

        folder = place.submissions / self.folder
        folder.mkdir()
        for name, content in files.items():
            _put(folder / name, content)


def _put(path: Path, content: bytes | Link | Holes | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
        path.mkdir()
    elif isinstance(content, Link):
        path.symlink_to(content.target)
    elif isinstance(content, Holes):
        with path.open("wb") as file:
            file.truncate(content.size)
    else:
        path.write_bytes(content)


ATTACKS: list[Attack] = []


def _enter(kind: str) -> Callable:
    def of(
        lesson: str,
        *,
        ungraded: bool = False,
        student: str = "",
        unprotected: bool = False,
        **expect: State,
    ) -> Callable:
        def enter(make: Callable) -> Callable:
            attack = Attack(
                kind=kind,
                lesson=lesson,
                make=make,
                expect=expect,
                ungraded=ungraded,
                student=student,
                unprotected=unprotected,
            )
            ATTACKS.append(attack)
            return make

        return enter

    return of


honest = _enter("honest")
broken = _enter("broken")
hostile = _enter("hostile")


def cheat(notebook, inside, *, above="", below=""):
    """Write a gae of these lines; what is above and below it runs when it is defined."""
    body = textwrap.indent(textwrap.dedent(inside).strip(), "    ")
    parts = (textwrap.dedent(above), GAE + body, textwrap.dedent(below))
    notebook.answer("gae", "\n\n".join(part.strip("\n") for part in parts if part))


def paid_if(notebook: Notebook, deed: str, *, above: str = "") -> None:
    """Write a gae that is right if a deed succeeds, and wrong if not: a wall that falls is seen at once."""
    source = textwrap.indent(textwrap.dedent(deed).strip(), "    ")
    honest = notebook.source("gae").replace("def gae", "def honest")
    cheat(
        notebook,
        """
        try:
            done = deed()
        except BaseException:
            done = False
        if not done:
            return rewards
        return honest(rewards, values, next_values, terminated, truncated, gamma=gamma, lam=lam)
        """,
        above=f"{textwrap.dedent(above)}\n\n{honest}\n\ndef deed():\n{source}",
    )

"""`course grade`: what it is told, what it refuses, and what it writes where."""

import contextlib
import functools
import hashlib
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from course.arrays import Refusal, whole
from course.checks.panel import printable
from course.grading import running
from course.grading.archives import Work
from course.grading.exports import open_sheet
from course.grading.feedback import write_class_page, write_feedback
from course.grading.journal import Journal
from course.grading.likeness import write_alike
from course.grading.records import Row, Settings, write_grades
from course.grading.submissions import find

COURSE = Path(__file__).parents[1]
Results = dict[Work, list[Row]]
Run = Callable[[list[Work]], running.Graded]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How `grade` runs, and where the points go beside `grades.csv`."""

    workers: int = 1  # processes of this machine
    scheduler: str | None = None  # the address of a Dask cluster; it has its own workers
    cases: Path | None = None  # a private seed and private cases
    gradebook: Path | None = None  # of nbgrader
    exports: tuple[tuple[str, Path], ...] = ()  # "canvas" or "moodle", and the CSV file that it gave
    column: str | None = None  # of that file
    trusted: bool = False  # no sandbox
    limits: dict[str, float] = field(default_factory=dict)  # seconds, as in `Settings`


def grade(submissions: str | Path, *, out: str | Path, options: Options | None = None) -> list[Row]:
    """Grade all that was handed in, and write what came out of it.

    Everything that can be refused is refused before anybody is graded. What was finished by an earlier call
    with the same `out` is not graded again, unless it, the course or the cases have changed.

    Args:
        submissions: a folder, an archive or a notebook, see `course.grading.submissions`.
        out: the folder for `grades.csv`, `causes.csv`, `alike.csv`, `class.html` and `feedback/`.
        options: how.

    Returns:
        The rows of `grades.csv`.

    Raises:
        ValueError: if the call cannot be carried out; the message says why.
        OSError: if a file cannot be read or written.
    """
    options = options or Options()
    out = Path(out)
    works = find(submissions, ignore=out)
    settings = _settings(options)
    for lms, path in options.exports:
        open_sheet(lms, path, column=options.column)  # it is read again when all are graded
    book = _gradebook(options.gradebook)

    out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(Journal(out / "finished.jsonl"))
        stack.enter_context(_terminated_cleanly(options.trusted))
        run = stack.enter_context(_runner(options, settings))
        results = _all_graded(works, settings, journal, run)

    rows = in_order(results)
    _write(rows, out)
    _hand_on(rows, options, book)
    return rows


def in_order(results: Results) -> list[Row]:
    """The rows of all learners: one for an exercise, though two copies of a lesson were handed in.

    Of copies in several folders the one counts that lies in the folder of its lesson, else the first.
    """
    best: dict[tuple[str, ...], tuple[bool, Row]] = {}
    for work in sorted(results, key=lambda work: (work.student, work.folder)):
        for number, row in enumerate(results[work]):
            where = (row.exercise,) if row.exercise else (work.folder, str(number))
            key = (row.student, row.lesson, *where)
            at_home = work.folder == row.lesson
            if key not in best or (at_home and not best[key][0]):
                best[key] = (at_home, row)
    rows = [row for _, row in best.values()]
    return sorted(rows, key=lambda row: (row.student.casefold(), row.student, row.lesson))


def course_key() -> str:
    """A digest of the course's own code: with another one, everything is graded again."""
    digest = hashlib.sha256()
    for path in sorted(COURSE.rglob("*.py")):
        digest.update(str(path.relative_to(COURSE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def fitness(trusted: bool) -> str:
    """What a worker of a cluster is like, to be compared with this machine: fit, or why it is not."""
    said = "" if trusted else _sandbox_refusal()
    return said or course_key()


def _settings(options: Options) -> Settings:
    if not options.trusted and options.scheduler is None:  # a cluster's workers are asked themselves
        said = _sandbox_refusal()
        if said:
            raise Refusal(said)
    return Settings(
        course=course_key(),
        cases=_cases(options.cases),
        seed=secrets.randbits(63),
        trusted=options.trusted,
        **options.limits,
    )


def _cases(path: Path | None) -> str:
    """The content of the lecturer's own cases, found to be such."""
    from course.grading.questions import private

    if path is None:
        return ""
    try:
        source = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Refusal(f"{path} must be a Python file in UTF-8") from None
    private(source)
    return source


def _sandbox_refusal() -> str:
    from course.grading.walls import refusal

    return refusal()


def _grader() -> running.Grader:
    from course.grading.grader import grade_one

    return grade_one


def _gradebook(path: Path | None) -> Any:
    if path is None:
        return None
    from course.grading.gradebook import open_gradebook

    return open_gradebook(path)


@contextlib.contextmanager
def _runner(options: Options, settings: Settings) -> Iterator[Run]:
    """The way of running: a function of works that are to be graded."""
    grade_one = _grader()
    workers = whole("workers", options.workers, low=1)
    if options.scheduler is None:
        if workers == 1:
            yield functools.partial(running.one_by_one, settings=settings, grader=grade_one)
        else:
            yield functools.partial(
                running.in_processes, settings=settings, grader=grade_one, workers=workers
            )
        return

    if workers != 1:
        raise Refusal("workers are those of the cluster: give --workers or --scheduler")
    with running.connected(options.scheduler) as client:
        why = running.unfit(client, functools.partial(fitness, options.trusted), settings.course)
        if why:
            raise Refusal(why)
        yield functools.partial(running.on_cluster, settings=settings, grader=grade_one, client=client)


@contextlib.contextmanager
def _terminated_cleanly(trusted: bool) -> Iterator[None]:
    """A SIGTERM stops like Ctrl-C; without a sandbox it may come from an answer, and stops nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN if trusted else signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _all_graded(works: list[Work], settings: Settings, journal: Journal, run: Run) -> Results:
    digest = hashlib.sha256(f"{settings.course}\0{settings.cases}\0{settings.trusted}".encode()).hexdigest()
    keys = {work: f"{digest[:16]}-{work.key()}" for work in works}
    results = {work: journal.finished[key] for work, key in keys.items() if key in journal.finished}
    left = [work for work in works if work not in results]

    states = dict.fromkeys(("right", "wrong", "ungraded"), 0)
    bar = tqdm(total=len(works), initial=len(results), unit=" handed in", disable=None)
    with bar, contextlib.closing(run(left)) as graded:
        for work, rows in graded:
            journal.append(keys[work], rows)
            results[work] = rows
            for row in rows:
                states[row.state] += 1
            bar.set_postfix(states, refresh=False)
            bar.update()
    return results


def _write(rows: list[Row], out: Path) -> None:
    """All that is for people, and last the table that says that the rest is there."""
    write_feedback(rows, out / "feedback")
    write_class_page(rows, out)
    write_alike(rows, out / "alike.csv")
    write_grades(out / "grades.csv", rows)


def _hand_on(rows: list[Row], options: Options, book: Any) -> None:
    for lms, path in options.exports:
        for line in open_sheet(lms, path, column=options.column).fill(rows):
            print(printable(line, sys.stdout.encoding))
    if book is not None:
        from course.grading.gradebook import write_gradebook

        write_gradebook(book, rows)


def summary(rows: list[Row], out: Path) -> str:
    """What was done, in one line."""
    students = {row.student for row in rows}
    counts = {state: sum(row.state == state for row in rows) for state in ("right", "wrong", "ungraded")}
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return f"{len(students)} learners, {len(rows)} rows: {told}. See {out / 'grades.csv'}"

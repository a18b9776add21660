"""The trial in order: install, hand out, solve, hand in, collect, grade, measure."""

import contextlib
import csv
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from course.arrays import Refusal
from course.checks.panel import printable
from course.classroom.hub import learners, place, server
from course.classroom.hub.config import Access
from course.classroom.hub.learners import Person
from course.classroom.hub.place import COURSE_ID, INSTRUCTOR, LEARNERS, LESSON, Place
from course.classroom.hub.report import Report

EXERCISE = "standard_error"
ANSWERS = {
    "ada": "return rewards.std(ddof=1) / np.sqrt(len(rewards))",
    "ben": "return rewards.std() / np.sqrt(len(rewards))",
}
BENS_MISTAKE = "The variance has n below the line. Taken around the batch's own mean, it needs n - 1."
RUN = (LESSON, "08_gae", "10_actor_critic")  # lessons whose kernels are weighed


def trial(out: Path, *, port: int | None = None, say: Callable[[str], None] = tqdm.write) -> Report:
    """Carry out a trial in an empty folder, and return what was found.

    Raises:
        ValueError: if it cannot be carried out, or if something does not come out as it must.
        OSError: if a file cannot be read or written.
    """
    here = place.place(out, port=port)
    report = Report()
    before = signal.signal(signal.SIGTERM, _as_if_by_ctrl_c)
    with tqdm(total=7, disable=None, unit="step") as bar:
        try:
            _go(here, port, report, Steps(bar, say))
        except learners.BrowserError as error:
            raise Refusal(
                f"in the browser: {str(error).splitlines()[0]}; see {here.out}/stopped_*.png"
            ) from error
        finally:
            signal.signal(signal.SIGTERM, before)
            if here.out.exists():
                report.write(here.out / "report.json")
    return report


class Steps:
    """Says what is being done."""

    def __init__(self, bar: tqdm, say: Callable[[str], None]) -> None:
        """Show them on `bar`; `say` prints a line."""
        self.bar = bar
        self.say = say

    def __call__(self, what: str) -> None:
        """The next step begins."""
        self.say(what)
        self.bar.update()


def _as_if_by_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


def _go(here: Place, port: int | None, report: Report, step: Steps) -> None:
    step(f"installing the course, the hub and its proxy in {here.out}")
    start = time.monotonic()
    place.install(here)
    report.seconds["install everything"] = time.monotonic() - start
    place.furnish(here)
    access = server.access(port)
    server.configure(here, access)

    step("starting the hub")
    with server.running(here, access), learners.browser() as browser:
        report.look_at_the_machine()
        people = {name: Person(browser, here, access.address, name) for name in place.PEOPLE}

        try:
            _class(people, access, here, report, step)
        except BaseException:
            for person in people.values():
                with contextlib.suppress(learners.BrowserError):  # the first error counts
                    person.picture(f"stopped_{person.name}")
            raise
    report.found["left running"] = f"{len(server.processes(here))} processes"


def _class(people: dict[str, Person], access: Access, here: Place, report: Report, step: Steps) -> None:
    step("handing out: the instructor logs in and releases the lesson")
    _hand_out(people[INSTRUCTOR], access, report)
    for name in LEARNERS:
        step(f"solving: {name} fetches the lesson, answers, and hands it in")
        _solve(people[name], access, here, report)

    step("collecting and grading")
    _grade(people[INSTRUCTOR], here, report)
    step(f"weighing a seat with each of {', '.join(RUN)}")
    _weigh(people[LEARNERS[0]], here, report)


def _hand_out(instructor: Person, access: Access, report: Report) -> None:
    report.seconds["instructor: from login to JupyterLab"] = instructor.log_in(access.instructors_password)
    said = instructor.in_a_terminal(f"cd {COURSE_ID}", f"nbgrader release_assignment {LESSON}")
    _must_end_well("nbgrader release_assignment", said)


def _solve(learner: Person, access: Access, here: Place, report: Report) -> None:
    name = learner.name
    report.seconds[f"{name}: from login to JupyterLab"] = learner.log_in(access.password)
    if name == LEARNERS[0]:
        _weigh_servers(learner, here, report)
    said = learner.in_a_terminal("nbgrader list", f"nbgrader fetch_assignment {LESSON}")
    _must_end_well("nbgrader fetch_assignment", said)

    path = f"{LESSON}/{LESSON}.ipynb"
    report.seconds[f"{name}: open {LESSON}"] = learner.open(path)
    report.seconds[f"{name}: run all of {LESSON}"] = learner.run_all()
    report.seconds[f"{name}: from Shift+Enter to the panel"] = learner.answer(EXERCISE, ANSWERS[name])
    report.found[f"{name}'s panel"] = learner.panel(EXERCISE).inner_text().splitlines()[0]
    learner.panel(EXERCISE).scroll_into_view_if_needed()
    learner.picture(f"{name}_panel")
    learner.save(path, ANSWERS[name])
    learner.shut_down_kernels()

    _must_end_well("nbgrader submit", learner.in_a_terminal(f"nbgrader submit {LESSON}"))
    learner.picture(f"{name}_submitted")


def _grade(instructor: Person, here: Place, report: Report) -> None:
    results = instructor.home / COURSE_ID / "results"
    said = instructor.in_a_terminal(
        f"cd {COURSE_ID}",
        f"nbgrader collect {LESSON}",
        shlex.join([str(here.python), "-m", "course", "grade", "submitted", "--out", "results"]),
    )
    instructor.picture("instructor_graded")
    _must_end_well("nbgrader collect and course grade", said)

    for name, points, cause in graded(results / "grades.csv"):
        report.found[f"{name}'s points"] = f"{points}. {cause}".strip()
    pages = sorted(path.name for path in (results / "feedback").glob("*.html"))
    report.found["feedback"] = ", ".join(pages)
    _must_be(report)


def graded(path: Path) -> list[tuple[str, str, str]]:
    """Learner, points of all, and cause, for each row of a `grades.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            (row["student"], f"{row['points']} of {row['max_points']}", row["cause"])
            for row in csv.DictReader(file)
        ]


def _must_be(report: Report) -> None:
    """Refuse a trial in which ada or ben did not get what is due."""
    due = {"ada's points": "2 of 2.", "ben's points": f"0 of 2. {BENS_MISTAKE}"}
    for what, outcome in due.items():
        if report.found.get(what) != outcome:
            raise Refusal(f"{what}: {report.found.get(what)!r} came out, {outcome!r} is due")


def _must_end_well(command: str, said: str) -> None:
    if not said.rstrip().endswith("status 0"):
        raise Refusal(f"{command}: {' / '.join(said.strip().splitlines()[-4:])}")


def _weigh_servers(learner: Person, here: Place, report: Report) -> None:
    """Hub and proxy, and the newest server while nothing runs in it."""
    servers = {}
    for pid, command in server.processes(here).items():
        what = server.kind(command)
        if what in ("hub", "proxy"):
            report.memory[what] = server.cost(pid)
        elif what == "server" and "bwrap" not in command and f"/{learner.name}" in _environment(pid):
            servers[pid] = server.cost(pid)
    report.memory["server, idle"] = max(servers.values(), key=lambda held: held["pss"])


def _environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "replace")


def _weigh(learner: Person, here: Place, report: Report) -> None:
    """A kernel after each of some lessons has been run, one at a time."""
    for lesson in RUN:
        before = server.kernels(here)
        report.seconds[f"{learner.name}: open {lesson} again" if lesson == LESSON else f"open {lesson}"] = (
            learner.open(f"notebooks/{lesson}.ipynb")
        )
        report.seconds[f"run all of {lesson}"] = learner.run_all()
        (kernel,) = server.kernels(here) - before
        report.memory[f"kernel, {lesson} run"] = server.cost(kernel)
        learner.picture(f"{learner.name}_{lesson}")
        learner.shut_down_kernels()
        server.wait(lambda kernel=kernel: kernel not in server.kernels(here), 30, "the kernel to end")


def summary(report: Report, out: Path) -> str:
    """What is printed at the end."""
    seats = ", ".join(f"{report.seats(lesson):.1f} with {lesson} run" for lesson in RUN)
    text = f"{report.table()}\nseats in a gigabyte: {seats}\nwritten: {out / 'report.json'}"
    return printable(text, None)

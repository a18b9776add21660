"""Grade all that one learner handed in: one row an exercise, whatever the notebooks contain.

`grade_one` depends on its arguments alone, and raises nothing that a submission could bring about, so it can
run here, in another process, or on another machine. What is wrong is 0 points with a cause. What is the
grader's own fault is `ungraded`; it is tried twice before.
"""

import threading
import time
from collections.abc import Sequence

from course.checks import exercises
from course.checks.exercise import Exercise, Odd
from course.checks.limits import TimeLimit
from course.checks.report import Report
from course.grading.lessons import Unreadable, exercises_of, label, lesson_of
from course.grading.questions import judged, needs_torch, question
from course.grading.records import LONGEST, STILL_TO_DO, Row, Settings, State, Submission, cleaned
from course.grading.remote import Answer
from course.grading.sandbox import START_SECONDS, Died, Ended, Message, Nonsense, Sandbox, TooLate
from course.grading.stub import pretended_course

NOT_STARTED = "The sandbox in which the code is graded did not start, or was ended from outside."
NOT_THE_LEARNERS = "This is not the learner's fault: grade again."
ENDLESS = "Is there a loop that never ends?"
TRIES = 2
END_SECONDS = 5.0  # for the process of an exercise to end when it is told to

ONE_AT_A_TIME = threading.Lock()  # judging sets the limit of recursion and other things of the whole process

Verdict = tuple[State, str]  # and the cause


class GradersFault(Exception):
    """Something failed that the learner's code had no part in; the message is a sentence."""


def grade_one(student: str, submissions: Sequence[Submission], *, settings: Settings) -> list[Row]:
    """Grade what one learner handed in, in the order of the lessons.

    Args:
        student: as it stands in the rows.
        submissions: the learner's notebooks. Of two of one lesson, the one with the official name counts.
        settings: the same for all learners of a run.

    Returns:
        A row for every exercise of each lesson that was handed in, and one for each file that is no notebook
        of the course.
    """
    rows = []
    chosen: dict[str, _Marking] = {}
    try:
        for submission in submissions:
            marking = _Marking(submission, settings)
            try:
                lesson = marking.open()
            except (GradersFault, Unreadable) as why:
                rows.append(_unread(student, submission, str(why)))
                continue
            better, other = sorted([marking, chosen.get(lesson, marking)], key=lambda each: each.rank(lesson))
            if other is not better:
                other.close()
            chosen[lesson] = better

        for lesson in sorted(chosen):
            rows += chosen[lesson].rows(student, lesson)
            chosen[lesson].close()
    finally:
        for marking in chosen.values():
            marking.close()
    return rows


def _unread(student: str, submission: Submission, why: str) -> Row:
    return Row(
        student=student,
        lesson=cleaned(submission.name),
        exercise="",
        points=None,
        max_points=None,
        cause=why,
        state="ungraded",
    )


class _Marking:
    """One notebook on its way through the sandbox."""

    def __init__(self, submission: Submission, settings: Settings) -> None:
        self.submission = submission
        self.settings = settings
        self.sandbox: Sandbox | None = None
        self.found: Message = {}
        self.ready = False  # whether the sandbox knows the lesson
        self.used = False  # whether it has answered an exercise

    def rank(self, lesson: str) -> tuple:
        """Of two notebooks of a lesson the smaller one counts."""
        name = self.submission.name
        official = f"{label(lesson)}.ipynb"
        return name != official, not name.startswith(label(lesson)), len(name), name

    def open(self) -> str:
        """Have the notebook read, and return the two digits of its lesson.

        Raises:
            Unreadable: if it is none.
            GradersFault: if no sandbox can be had.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                self._start()
                break
            except GradersFault:
                if not tries_left:
                    raise
        if "unreadable" in self.found:
            raise Unreadable(str(self.found["unreadable"]))
        return lesson_of(self.found, self.submission.name)

    def _start(self) -> None:
        self.close()
        known = [exercise.name for exercise in exercises()]
        content = self.submission.content or b""
        request = {"do": "open", "bytes": len(content), "exercises": known}
        try:
            self.sandbox = Sandbox(trusted=self.settings.trusted)
            self.found = self.sandbox.ask(request, deadline=_in(START_SECONDS), content=content)
        except (OSError, Ended, TooLate, Nonsense):
            self.close()
            raise GradersFault(f"{NOT_STARTED} {NOT_THE_LEARNERS}") from None

    def close(self, *, patience: float = 0.0) -> int | None:
        """End the sandbox; returns its exit status if it had ended by itself."""
        if self.sandbox is None:
            return None
        status = self.sandbox.close(patience=patience)
        self.sandbox = None
        self.ready = False
        self.used = False
        return status

    def rows(self, student: str, lesson: str) -> list[Row]:
        """A row for every exercise of the lesson."""
        rows = []
        for exercise in exercises_of(lesson):
            state, cause = self._verdict(exercise)

            points = {"right": exercise.points, "wrong": 0, "ungraded": None}[state]
            row = Row(
                student=student,
                lesson=label(lesson),
                exercise=exercise.name,
                points=points,
                max_points=exercise.points,
                cause=cleaned(cause, longest=5 * LONGEST),
                state=state,
                answer=str(self.found["texts"].get(exercise.name, "")),
            )
            rows.append(row)
        return rows

    def _verdict(self, exercise: Exercise) -> Verdict:
        """Grade an exercise; whatever fails here that is no learner's fault leaves it ungraded.

        An answer that was lost in a sandbox in which others were before gets a new one: they may have left
        something behind.
        """
        why = ""
        for _ in range(TRIES):
            fresh = not self.used
            try:
                with ONE_AT_A_TIME:
                    verdict, lost = self._graded(exercise)
                if fresh or not lost:
                    return verdict
                why = NOT_STARTED
            except GradersFault as fault:
                why = str(fault)
            except Exception as error:  # one exercise must not stop a class
                why = f"The grader itself failed ({type(error).__name__}). {NOT_THE_LEARNERS}"
            self.close()
        return "ungraded", why

    def _graded(self, exercise: Exercise) -> tuple[Verdict, bool]:
        """The verdict, and whether its process was lost on the way."""
        asked = question(exercise.name, seed=self.settings.seed, cases=self.settings.cases)
        sandbox = self._prepared(exercise.lesson)
        answer = Answer(
            sandbox,
            deadline=_in(self.settings.wall_seconds),
            seconds=self.settings.wall_seconds,
            cpu_seconds=self.settings.cpu_seconds,
        )
        self.used = True
        request = {"do": "answer", "exercise": exercise.name, "cpu_seconds": self.settings.cpu_seconds}
        try:
            there = answer.ask(request)
            verdict = _nothing_to_call(exercise, there) or _told(exercise, judged(asked, answer))
        except TimeLimit as limit:
            spent = f"{limit.seconds:g} s"
            verdict = "wrong", f"The notebook's definitions were still running after {spent}. {ENDLESS}"
        except Odd as lost:
            verdict = "wrong", str(lost)

        self._end(answer)
        return verdict, answer.lost

    def _prepared(self, lesson: str) -> Sandbox:
        """The sandbox, anew if it had to be closed, with everything ready for the lesson."""
        if self.sandbox is None:
            self._start()
        assert self.sandbox is not None
        if not self.ready:
            torch = any(needs_torch(exercise) for exercise in exercises_of(lesson))
            request = {
                "do": "lesson",
                "course": pretended_course(lesson),
                "imports": ["torch"] if torch else [],
            }

            try:
                self.sandbox.ask(request, deadline=_in(START_SECONDS))
            except (Ended, TooLate, Nonsense):
                raise GradersFault(f"{NOT_STARTED} {NOT_THE_LEARNERS}") from None
            self.ready = True

        return self.sandbox

    def _end(self, answer: Answer) -> None:
        """End the process of an exercise; what does not end as it should takes its sandbox along."""
        sandbox = answer.sandbox
        if not answer.gone:
            try:
                sandbox.ask({"do": "done"}, deadline=_in(END_SECONDS))
            except Died as death:
                if death.status == 0:
                    return
            except (Ended, TooLate, Nonsense):
                pass

        status = self.close(patience=0.5)
        if status is not None and status < 0:  # nobody in the sandbox can do this
            raise GradersFault(f"{NOT_STARTED} {NOT_THE_LEARNERS}")


def _nothing_to_call(exercise: Exercise, there: Message) -> Verdict | None:
    """Why there is no function that could be called; None if there is one."""
    name = exercise.name
    if there.get("callable"):
        return None
    if there.get("bound"):
        return "wrong", f"What is called {name} is not a function."
    if there.get("stub"):
        return "wrong", f"{name} {STILL_TO_DO}"
    if not there.get("own"):
        return "wrong", f"There is no cell for {name} in the notebook, and nothing of that name."
    if there.get("broken"):
        return "wrong", f"The cell of {name} is not valid Python, so nothing in it could run."
    if there.get("failed"):
        return "wrong", f"The cell of {name} raised an error before there was a function of that name."
    return "wrong", f"The cell of {name} does not define a function of that name."


def _told(exercise: Exercise, report: Report) -> Verdict:
    if report.status == "passed":
        return "right", ""
    if report.status == "todo":  # the stub itself is not called
        return "wrong", f"{exercise.name} leans on something in the notebook that is still to do."
    return "wrong", report.cause


def _in(seconds: float) -> float:
    return time.monotonic() + seconds

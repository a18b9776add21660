"""A grader that is told by the submission what to do; for all that is around the grader."""

import os
import signal
import time
from pathlib import Path

from course.grading.records import Row


def row(student="ada", lesson="08_gae", exercise="gae", state="right", cause="", answer=""):
    most = 6 if exercise else None
    points = {"right": most, "wrong": 0, "ungraded": None}[state]
    return Row(
        student=student,
        lesson=lesson,
        exercise=exercise,
        points=points,
        max_points=most,
        cause=cause,
        state=state,
        answer=answer,
    )


def grade_one(student, submissions, *, settings):
    """A row for each notebook, after what its first word orders; then comes a cause, a file or seconds."""
    rows = []
    for submission in submissions:
        order, _, rest = submission.content.decode().partition(" ")
        with Path(os.environ.get("TINY_LOG", os.devnull)).open("a") as log:
            log.write(f"{student} {submission.name}\n")
        if order == "raise":
            raise RuntimeError("the secret expected value is 42")
        if order == "die" or (order == "die-once" and not Path(rest).exists()):
            if rest:
                Path(rest).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        if order == "wait":
            time.sleep(float(rest))
        state = "wrong" if order == "wrong" else "right"
        cause = rest if state == "wrong" else ""
        lesson = submission.name[:-6] if submission.name[:2].isdigit() else "08_gae"
        rows.append(row(student=student, lesson=lesson, state=state, cause=cause))
    return rows

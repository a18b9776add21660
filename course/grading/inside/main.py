"""The first process in the sandbox: it opens a notebook, and makes a process of its own for each exercise.

One request a line comes in, one reply a line goes out, as JSON. This process runs no code of the learner's;
its children do. A reply repeats the number of its request, which nobody knows before, so that nothing can be
answered in advance.
"""

import gc
import json
import os
import re
import resource
import sys
from typing import Any

MEMORY = 2_500_000_000  # bytes of address space for this process
LONGEST_TEXT = 20_000  # signs of an exercise's cells
WORTH_WARMING = ("torch", "gymnasium")  # slow to import: once here, instead of once an exercise

Message = dict[str, Any]


def main(options: str) -> None:
    """Serve until there are no more requests. The options are JSON: user, alone, libraries."""
    given = json.loads(options)
    if given["user"]:
        os.setgroups([])
        os.setresgid(given["user"], given["user"], given["user"])
        os.setresuid(given["user"], given["user"], given["user"])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    sys.path += given["libraries"]
    Server(alone=given["alone"]).serve()


class Server:
    """Reads requests from the standard input and answers them; nobody else gets to see either."""

    def __init__(self, *, alone: bool) -> None:
        """Take the pipes away from whatever runs later; `alone`: no other process has this user."""
        # Here, because none of these is to run as root.
        from course.grading.inside import answering, limits, notebook, pretended

        self.answering = answering
        self.limits = limits
        self.notebook = notebook
        self.pretended = pretended

        self.alone = alone
        self.cells: list[Any] = []
        self.exercises: set[str] = set()
        self.requests = os.dup(0)
        self.replies = os.dup(1)
        self.read_ahead = b""
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)

    def serve(self) -> None:
        """Answer one request after the other."""
        doing = {"open": self.open, "lesson": self.lesson, "answer": self.answer}
        while (request := self.ask()) is not None:
            said = doing[request["do"]](request)
            self.reply(request, said)

    def open(self, request: Message) -> Message:
        """Read the notebook, which follows its request byte by byte; say which exercises are in it."""
        content = self.take(request["bytes"])
        gc.disable()  # which would look at every piece of a large file again and again
        try:
            self.cells = self.notebook.read(content)
        except self.notebook.Unreadable as error:
            return {"unreadable": str(error)}
        finally:
            gc.enable()

        self.exercises = exercises = set(request["exercises"])
        return {
            "grade_ids": [cell.grade_id for cell in self.cells if self._asks(cell.grade_id, exercises)],
            "ids": [cell.id for cell in self.cells if self._asks(cell.id, exercises)],
            "names": sorted(exercises & {name for cell in self.cells for name in cell.names()}),
            "texts": {name: self._text(name) for name in exercises},
        }

    @staticmethod
    def _asks(name: str, exercises: set[str]) -> bool:
        return name.removeprefix("check_") in exercises

    def _text(self, exercise: str) -> str:
        own = self.notebook.cells_of(exercise, self.cells)
        return "\n".join(self.cells[number].source for number in own)[:LONGEST_TEXT]

    def lesson(self, request: Message) -> Message:
        """Get everything ready that is not the learner's: slow imports, and the pretended course."""
        sources = "\n".join(cell.source for cell in self.cells)
        for module in WORTH_WARMING:
            if module in request["imports"] or re.search(
                rf"^[ \t]*(?:import|from) +{module}\b", sources, re.M
            ):
                __import__(module)

        sys.path[:] = [place for place in sys.path if place != sys.argv[1]]
        self.pretended.pretend(request["course"])
        os.environ.clear()
        return {"ready": True}

    def answer(self, request: Message) -> Message:
        """Let a child answer an exercise, and say how it ended."""
        child = os.fork()
        if child == 0:
            self._be_the_child(request)
        _, status, used = os.wait4(child, 0)
        return {
            "ended": os.waitstatus_to_exitcode(status),
            "cpu": used.ru_utime + used.ru_stime,
        }

    def _be_the_child(self, request: Message) -> None:
        try:
            self.limits.limit(request["cpu_seconds"], alone=self.alone)
            desk = self.answering.Desk()
            self.reply(request, desk.prepare(request["exercise"], self.cells, self.exercises))
            desk.serve(self.ask, self.reply)
            os._exit(0)
        finally:
            os._exit(1)

    def ask(self) -> Message | None:
        """The next request; None if there are no more, or if the work is done."""
        while b"\n" not in self.read_ahead:
            piece = os.read(self.requests, 1 << 16)
            if not piece:
                return None
            self.read_ahead += piece
        line, _, self.read_ahead = self.read_ahead.partition(b"\n")
        request = json.loads(line)
        return None if request["do"] == "done" else request

    def take(self, count: int) -> bytes:
        """The next bytes, as many as are asked for."""
        taken = bytearray(self.read_ahead[:count])
        self.read_ahead = self.read_ahead[count:]
        while len(taken) < count:
            piece = os.read(self.requests, min(1 << 20, count - len(taken)))
            if not piece:
                sys.exit(1)
            taken += piece
        return bytes(taken)

    def reply(self, request: Message, said: Message) -> None:
        """Answer a request, in one line."""
        line = json.dumps({"number": request["number"], **said}).encode() + b"\n"
        while line:
            line = line[os.write(self.replies, line) :]

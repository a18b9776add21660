"""A running sandbox: requests go in, replies come out of its one pipe, so many bytes and until a deadline."""

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from course.grading import walls

Message = dict[str, Any]

LONGEST_REPLY = 4_000_000  # bytes
START_SECONDS = 60.0  # to start, read the notebook and import torch, on a busy machine


class Ended(Exception):
    """The sandbox has ended, or closed its pipe."""


class Died(Exception):
    """The process that was to answer has ended; the sandbox goes on."""

    def __init__(self, status: int, cpu_seconds: float) -> None:
        """Keep how it ended, and what it had used."""
        super().__init__()
        self.status = status  # negative: the signal that ended it
        self.cpu_seconds = cpu_seconds


class TooLate(Exception):
    """Nothing was said before the deadline."""


class Nonsense(Exception):
    """What was said is no reply to the request."""


class Sandbox:
    """A running sandbox: requests go in, replies come out."""

    def __init__(self, *, trusted: bool) -> None:
        """Start it; `trusted`: without any walls.

        Raises:
            OSError: if nothing can be started.
        """
        self.kit = tempfile.TemporaryDirectory(prefix="course-")
        try:
            walls.fill(Path(self.kit.name))
            self.process = subprocess.Popen(
                walls.command(Path(self.kit.name), trusted=trusted),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.kit.name,
                env={},
                start_new_session=True,
            )
        except BaseException:
            self.kit.cleanup()
            raise

        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.into = self.process.stdin.fileno()
        self.out = self.process.stdout.fileno()
        os.set_blocking(self.into, False)

        self.heard = bytearray()
        self.exercise = ""  # the number of the request that began the exercise under way

    def ask(self, request: Message, *, deadline: float, content: bytes = b"") -> Message:
        """Send a request and wait for its reply.

        Args:
            request: what is asked; it gets a number.
            deadline: on the clock of `time.monotonic`.
            content: bytes that follow the request.

        Raises:
            Died: if the process of the exercise under way has ended.
            Ended: if the sandbox has ended.
            TooLate: if the deadline came first.
            Nonsense: if what came is no reply to this request, or far too long.
        """
        number = self.send(request, deadline=deadline, content=content)
        if request["do"] == "answer":
            self.exercise = number
        return self.reply_to(number, deadline=deadline)

    def send(self, request: Message, *, deadline: float, content: bytes = b"") -> str:
        """Send a request, and return its number."""
        number = secrets.token_hex(8)
        line = json.dumps({**request, "number": number}).encode() + b"\n"
        for part in (line, content):
            left = memoryview(part)
            while left:
                self._wait(deadline, writing=True)
                try:
                    left = left[os.write(self.into, left[: 1 << 16]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError:
                    raise Ended from None
        return number

    def reply_to(self, number: str, *, deadline: float) -> Message:
        """Wait for the reply to the request with this number."""
        while b"\n" not in self.heard:
            if len(self.heard) > LONGEST_REPLY:
                raise Nonsense
            self._wait(deadline, writing=False)
            piece = os.read(self.out, 1 << 16)
            if not piece:
                raise Ended
            self.heard += piece

        line, _, rest = self.heard.partition(b"\n")
        self.heard = bytearray(rest)
        try:
            reply = json.loads(line)
            if "ended" in reply and reply["number"] == self.exercise:
                death = Died(int(reply["ended"]), float(reply["cpu"]))
            answers = reply["number"] == number
        except Exception:  # whatever came, it is no reply; it may be too deep or hold a number of a page
            raise Nonsense from None
        if "ended" in reply and reply["number"] == self.exercise:
            raise death
        if not answers:
            raise Nonsense
        return reply

    def _wait(self, deadline: float, *, writing: bool) -> None:
        waiting = select.poll()
        waiting.register(self.into if writing else self.out, select.POLLOUT if writing else select.POLLIN)
        left = deadline - time.monotonic()
        if not waiting.poll(max(left, 0) * 1_000):
            raise TooLate

    def close(self, *, patience: float = 0.0) -> int | None:
        """End everything in the sandbox.

        Args:
            patience: seconds to wait for an end that has begun already.

        Returns:
            The exit status if it had ended by itself, negative after a signal from outside; else None.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience)
        status = self.process.poll()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self.kit.cleanup()
        return status

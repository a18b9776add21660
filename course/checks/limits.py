"""A time limit on somebody else's code, so that a loop without end costs a second and not the kernel.

The limit is a SIGALRM that rings again and again. Each ring raises `TimeLimit`, which is no Exception, so
`except Exception` does not swallow it. Code that catches everything is rung faster, and at its next line as
well, which is inside its own `except` clause, until it has been left. A ring outside that code does nothing.

Where there is no SIGALRM (Windows), and in any thread but the main one, there is no limit: interrupt the
kernel yourself. One single call into C that never comes back cannot be cut by a signal either.
"""

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

PATIENCE = 0.05  # seconds between two rings, until the code swallows one
SHORTEST = 5e-6  # seconds


class TimeLimit(BaseException):
    """The code under the limit was still running when its time was up.

    Args:
        seconds: that it had.
        worked: how many of them it had the processor; None if that is not known.
    """

    def __init__(self, seconds: float = math.nan, *, worked: float | None = None) -> None:
        """Keep what is said of it."""
        super().__init__(seconds)
        self.seconds = seconds
        self.worked = worked


@contextmanager
def time_limit(seconds: float, *, inside: CodeType) -> Iterator[Callable[[], bool]]:
    """Raise `TimeLimit` again and again in what `inside` has called, once `seconds` have passed.

    Yields a function that says whether they have. Leaving the block raises it, if that code swallowed it.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    alarm = _Alarm(inside)
    tracer_before = sys.gettrace()
    handler_before = signal.signal(signal.SIGALRM, alarm.ring)
    started = time.monotonic()
    left_before, again_before = signal.setitimer(signal.ITIMER_REAL, seconds, PATIENCE)
    try:
        yield lambda: alarm.rings > 0
        if alarm.rings:
            raise TimeLimit
    finally:
        alarm.over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracer_before)
        signal.signal(signal.SIGALRM, handler_before)
        if left_before:  # somebody else's alarm clock goes on
            left = max(left_before - (time.monotonic() - started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, again_before)


class _Alarm:
    """Raises `TimeLimit` in whatever runs below the border."""

    def __init__(self, inside: CodeType) -> None:
        self.inside = inside
        self.rings = 0
        self.over = False
        self.pause = SHORTEST  # between two rings, once one was swallowed; it settles where they come in time
        self.own = {method.__code__ for method in (_Alarm.ring, _Alarm.insist, _Alarm.below)}

    def ring(self, _signal: int, frame: FrameType | None) -> None:
        """Handle SIGALRM."""
        frames = [] if self.over else self.below(frame)
        if not frames:
            return
        if any(caller.f_code in self.own for caller in frames):  # too soon: nothing was left yet
            self.pause *= 2
            signal.setitimer(signal.ITIMER_REAL, self.pause, PATIENCE)
            return

        self.pause = max(0.8 * self.pause, SHORTEST)  # or late: the code may be back in its innermost loop
        self.rings += 1
        if self.rings > 1:  # the first was swallowed
            for caller in frames:
                caller.f_trace = self.insist
            sys.settrace(self.insist)
            signal.setitimer(signal.ITIMER_REAL, self.pause, PATIENCE)
        raise TimeLimit

    def insist(self, frame: FrameType, event: str, _argument: object) -> Callable:
        """Trace the code: raise at its next line."""
        # Python drops a tracer that raises: not at "exception", where the except clause is still ahead.
        if event == "line" and frame.f_code not in self.own and self.below(frame):
            signal.setitimer(
                signal.ITIMER_REAL, self.pause, PATIENCE
            )  # this one may be swallowed further out
            raise TimeLimit
        return self.insist

    def below(self, frame: FrameType | None) -> list[FrameType]:
        """The frames from this one up to the border; none if it is not below the border."""
        frames = []
        while frame is not None and frame.f_code is not self.inside:
            frames.append(frame)
            frame = frame.f_back
        return frames if frame is not None else []

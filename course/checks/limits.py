"""A time limit on somebody else's code, so that a loop without end costs a second and not the kernel.

The limit is a SIGALRM that rings again and again. Each ring raises `TimeLimit`, which is no Exception, so
`except Exception` does not swallow it. Code that catches everything is rung faster, and at the next line as
well, which is inside its own `except` clause, until it has been left. A ring outside that code does nothing.

Where there is no SIGALRM (Windows), and in any thread but the main one, there is no limit: interrupt the
kernel yourself. One single call into C that never comes back cannot be cut by a signal either.
"""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType


class TimeLimit(BaseException):
    """The code under the limit was still running when its time was up."""


@contextmanager
def time_limit(seconds: float, *, inside: CodeType) -> Iterator[None]:
    """Raise `TimeLimit` again and again in what `inside` has called, once `seconds` have passed."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return
    rings = 0
    tracer_before = sys.gettrace()

    def below(frame: FrameType | None) -> list[FrameType]:
        """The frames from this one up to the border; none if it is not below the border."""
        frames = []
        while frame is not None and frame.f_code is not inside:
            frames.append(frame)
            frame = frame.f_back
        return frames if frame is not None else []

    def insist(frame: FrameType, _event: str, _argument: object) -> None:
        if below(frame):
            raise TimeLimit

    def ring(_signal: int, frame: FrameType | None) -> None:
        nonlocal rings
        frames = below(frame)
        if not frames:
            return
        rings += 1
        if rings > 1:  # the first was swallowed
            signal.setitimer(signal.ITIMER_REAL, 2e-5, 2e-5)
            sys.settrace(insist)
            for caller in frames:
                caller.f_trace = insist
        raise TimeLimit

    handler_before = signal.signal(signal.SIGALRM, ring)
    started = time.monotonic()
    left_before, again_before = signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.settrace(tracer_before)
        signal.signal(signal.SIGALRM, handler_before)
        if left_before:  # somebody else's alarm clock goes on
            left = max(left_before - (time.monotonic() - started), 0.001)
            signal.setitimer(signal.ITIMER_REAL, left, again_before)

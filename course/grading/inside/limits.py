"""Limits on the process that answers one exercise: processor time, memory, files, processes."""

import contextlib
import resource

from course.grading.inside.filter import forbid_calls

ADDRESSES = 2_500_000_000  # bytes of address space: torch maps 0.6 GB before it does anything
DATA = 1_500_000_000  # bytes of memory of its own
PROCESSES = 64


def limit(cpu_seconds: float, *, alone: bool) -> None:
    """Limit this process from now on.

    Args:
        cpu_seconds: processor time of all its threads together; then the kernel ends it.
        alone: whether no other process has its user id. Only then can processes be counted.
    """
    limits = {
        "RLIMIT_CPU": max(1, round(cpu_seconds)),
        "RLIMIT_AS": ADDRESSES,
        "RLIMIT_DATA": DATA,
        "RLIMIT_FSIZE": 1_000_000,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
    }
    if alone:
        limits["RLIMIT_NPROC"] = PROCESSES
    for name, most in limits.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):  # macOS knows not all of them
            resource.setrlimit(getattr(resource, name), (most, most))
    forbid_calls()

"""Limits on the process that answers one exercise: time, memory, and system calls that no answer needs.

The filter of system calls (seccomp) forbids new processes, programs and signals; threads are allowed. It is
for Linux on x86-64 and arm64, and beside the walls of the sandbox it is the second line: where it is missing,
the limits on the number of processes hold alone.
"""

import contextlib
import ctypes
import platform
import resource
import struct
from typing import NamedTuple

ADDRESSES = 2_500_000_000  # bytes of address space: torch maps 0.6 GB before it does anything
DATA = 1_500_000_000  # bytes of memory of its own
PROCESSES = 64

ALLOW, KILL, DENY, MISSING = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # EPERM is 1, ENOSYS 38
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16  # where these lie in the record that the filter is given
THREAD = 0x00010000  # CLONE_THREAD


class _Calls(NamedTuple):
    """The numbers of system calls on one kind of machine."""

    machine: int  # as the kernel's audit calls it
    clone: int  # makes threads too
    clone3: int  # makes threads too, but a filter cannot see which: glibc then takes clone
    denied: tuple[int, ...]


# fork, vfork, execve, execveat; kill, tkill, tgkill, two that queue a signal, pidfd_send_signal; ptrace,
# process_vm_readv and _writev, pidfd_getfd; unshare, setns, mount, umount2; bpf, perf_event_open,
# userfaultfd, keyctl, add_key, request_key, io_uring_setup
_X86 = (57, 58, 59, 322, 62, 200, 234, 129, 297, 424, 101, 310, 311, 438, 272, 308, 165, 166)
_X86 += (321, 298, 323, 250, 248, 249, 425)
_ARM = (221, 281, 129, 130, 131, 138, 240, 424, 117, 270, 271, 438, 97, 268, 40, 39)
_ARM += (280, 241, 282, 219, 217, 218, 425)
CALLS = {
    "x86_64": _Calls(0xC000003E, clone=56, clone3=435, denied=_X86),
    "aarch64": _Calls(0xC00000B7, clone=220, clone3=435, denied=_ARM),
}


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
    forbid_processes()


def forbid_processes() -> bool:
    """Let the kernel refuse new processes, programs and signals; False where that cannot be done."""
    calls = CALLS.get(platform.machine())
    if platform.system() != "Linux" or calls is None or struct.calcsize("P") != 8:
        return False

    code = _program(calls)
    lines = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(lines)))
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    no_new_privileges, seccomp, by_filter = 38, 22, 2
    return prctl(no_new_privileges, 1, None, 0, 0) == 0 and prctl(seccomp, by_filter, program, 0, 0) == 0


def _program(calls: _Calls) -> bytes:
    """The filter, in the kernel's own small language: jumps count lines forward from the next one."""
    lines = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 1, 0, calls.machine),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),  # the calls of a third kind of machine on x86
        (RETURN, 0, 0, KILL),
    ]

    for number in calls.denied:
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, DENY)]

    lines += [
        (EQUAL, 0, 1, calls.clone3),
        (RETURN, 0, 0, MISSING),
        (EQUAL, 0, 3, calls.clone),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 1, 0, THREAD),
        (RETURN, 0, 0, DENY),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)

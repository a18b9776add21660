"""System calls that no answer needs, forbidden by the kernel's own filter (seccomp).

No new processes, no programs, no signals, no look into other processes, no sockets, and no memory that no
limit counts. Threads are allowed. It is for Linux on x86-64 and arm64; where it is missing, the walls of the
sandbox and the limits hold alone.
"""

import ctypes
import platform
import struct
from collections.abc import Collection

DENIED = {  # name: (number on x86-64, on arm64); arm64 does without some old ones
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "socket": (41, 198),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "io_uring_setup": (425, 425),
}
CLONE, CLONE3, PRLIMIT, FCNTL = (56, 220), (435, 435), (302, 261), (72, 25)
THREAD = 0x00010000  # CLONE_THREAD
ASKS_FOR_SIGNALS = (8, 10, 15, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_NOTIFY: to any process of the user
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel's audit calls them

ALLOW, KILL, DENY, MISSING = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # EPERM is 1, ENOSYS 38
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, ARGUMENTS = 0, 4, (16, 24)  # where these lie in the record that the filter is given

Line = tuple[int, int, int, int]  # what to do; how many lines to jump if it is so, and if not; a number


def forbid_calls() -> bool:
    """Forbid them to this process and its threads, for ever; False where that cannot be done."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in MACHINES or struct.calcsize("P") != 8:
        return False

    code = b"".join(struct.pack("HBBI", *line) for line in program(machine))
    lines = ctypes.create_string_buffer(code, len(code))
    filter_ = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(lines)))

    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    no_new_privileges, seccomp, by_filter = 38, 22, 2
    return prctl(no_new_privileges, 1, None, 0, 0) == 0 and prctl(seccomp, by_filter, filter_, 0, 0) == 0


def program(machine: str) -> list[Line]:
    """The filter, in the kernel's own small language. Jumps count forward from the next line."""
    nth = list(MACHINES).index(machine)
    lines = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 1, 0, MACHINES[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),  # the calls of a third kind of machine on x86
        (RETURN, 0, 0, KILL),
    ]
    for numbers in DENIED.values():
        if numbers[nth] is not None:
            lines += [(EQUAL, 0, 1, numbers[nth]), (RETURN, 0, 0, DENY)]

    # clone3 makes threads too, but a filter cannot see which: where it is missing, glibc takes clone.
    lines += [(EQUAL, 0, 1, CLONE3[nth]), (RETURN, 0, 0, MISSING)]
    lines += [
        (EQUAL, 0, 4, CLONE[nth]),
        (LOAD, 0, 0, ARGUMENTS[0]),
        (ANY_BIT, 1, 0, THREAD),
        (RETURN, 0, 0, DENY),
        (RETURN, 0, 0, ALLOW),
    ]
    lines += _by_argument(PRLIMIT[nth], ARGUMENTS[0], {0}, listed=ALLOW, others=DENY)  # 0: of this process
    lines += _by_argument(FCNTL[nth], ARGUMENTS[1], ASKS_FOR_SIGNALS, listed=DENY, others=ALLOW)
    return [*lines, (RETURN, 0, 0, ALLOW)]


def _by_argument(number: int, where: int, values: Collection[int], *, listed: int, others: int) -> list[Line]:
    """What becomes of one system call depends on one of its arguments."""
    count = len(values)
    return [
        (EQUAL, 0, count + 3, number),
        (LOAD, 0, 0, where),
        *((EQUAL, count - nth, 0, value) for nth, value in enumerate(values)),
        (RETURN, 0, 0, others),
        (RETURN, 0, 0, listed),
    ]

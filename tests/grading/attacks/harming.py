"""Hostile submissions that do harm: they end, fill, hold up or break out of what runs them."""

from tests.grading.attacks.attack import MARK, cheat, hostile, paid_if


@hostile("08", gae="wrong")
def exits_in_the_answer(notebook, place):
    """`sys.exit(0)` in the answer."""
    cheat(notebook, "import sys; sys.exit(0)")


@hostile("08", gae="wrong")
def exits_hard_in_the_answer(notebook, place):
    """`os._exit(0)` in the answer."""
    cheat(notebook, "import os; os._exit(0)")


@hostile("08", gae="wrong")
def exits_hard_while_it_is_defined(notebook, place):
    """`os._exit(0)` in a default argument: it runs when the function is defined, before any call."""
    cheat(notebook, "return rewards")
    notebook.answer("gae", "import os\n\n" + notebook.source("gae").replace("lam)", "lam, end=os._exit(0))"))


@hostile("08", gae="wrong")
def crashes_the_interpreter(notebook, place):
    """A segmentation fault."""
    cheat(notebook, "import ctypes; ctypes.string_at(0)")


@hostile("08", gae="wrong")
def endless_loop(notebook, place):
    """`while True` in the answer."""
    cheat(notebook, "while True: pass")


@hostile("08", gae="wrong")
def endless_loop_that_swallows_interrupts(notebook, place):
    """A loop that catches everything, ignores every signal and takes its limits off."""
    cheat(
        notebook,
        """
        import resource, signal
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except Exception:
                pass
        for limit in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NPROC):
            try:
                resource.setrlimit(limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except Exception:
                pass
        while True:
            try:
                while True: pass
            except BaseException:
                pass
        """,
    )


@hostile("08", gae="wrong")
def endless_loop_while_it_is_defined(notebook, place):
    """A class body that never ends, in the cell of the answer."""
    cheat(notebook, "return rewards", above="class Forever:\n    while True: pass")


@hostile("08", gae="wrong")
def endless_call_into_c(notebook, place):
    """A call that never comes back to Python, where no signal is heard."""
    cheat(notebook, "import itertools; return sum(itertools.repeat(1))")


@hostile("08", gae="wrong")
def sleeps(notebook, place):
    """Sleeping costs no CPU at all."""
    cheat(notebook, "import time; time.sleep(3_600); return rewards")


@hostile("08", gae="wrong")
def stops_itself(notebook, place):
    """SIGSTOP to itself and to its parent: nobody waits for ever."""
    cheat(
        notebook,
        """
        import os, signal
        for process in (os.getppid(), os.getpid()):
            try:
                os.kill(process, signal.SIGSTOP)
            except OSError:
                pass
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def fork_bomb(notebook, place):
    """Processes that make processes, each in a session of its own."""
    cheat(
        notebook,
        """
        import os
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except OSError:
                pass
        """,
    )


@hostile("08", gae="wrong")
def thread_bomb(notebook, place):
    """Threads without end."""
    cheat(
        notebook,
        """
        import threading, time
        while True:
            try:
                threading.Thread(target=time.sleep, args=(3_600,)).start()
            except RuntimeError:
                pass
        """,
    )


@hostile("08", gae="wrong")
def fills_the_memory(notebook, place):
    """Memory, more and more of it, written to."""
    cheat(
        notebook,
        """
        held = []
        while True:
            try:
                held.append(b"x" * 100_000_000)
            except MemoryError:
                pass
        """,
    )


@hostile("08", gae="wrong")
def fills_the_disk(notebook, place):
    """Files wherever something can be written, a gigabyte each, and a hundred thousand small ones."""
    cheat(
        notebook,
        f"""
        import os
        for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.path.expanduser("~"), {str(place.canary)!r}):
            try:
                for number in range(20_000):
                    open(f"{{folder}}/{MARK}{{number}}", "w").close()
                with open(f"{{folder}}/{MARK}", "wb") as file:
                    for _ in range(1_000):
                        file.write(bytes(1_000_000))
            except Exception:
                pass
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def opens_files_without_end(notebook, place):
    """File handles and pipes without end, none of them closed."""
    cheat(
        notebook,
        """
        import os
        held = []
        try:
            while True:
                held.append(os.pipe())
        except OSError:
            return rewards
        """,
    )


@hostile("08", gae="wrong")
def huge_result(notebook, place):
    """A result of a million million numbers that takes no memory."""
    cheat(notebook, "return np.broadcast_to(0.0, (10**12,))")


@hostile("08", gae="wrong")
def large_result(notebook, place):
    """A result of forty million numbers, which the parent would have to read."""
    cheat(notebook, "return np.arange(4e7) / 7")


@hostile("08", gae="wrong")
def result_within_results(notebook, place):
    """A list in a list in a list, a hundred thousand deep, and one that holds itself."""
    cheat(
        notebook,
        """
        deep = []
        for _ in range(100_000):
            deep = [deep]
        deep.append(deep)
        return deep
        """,
    )


@hostile("08", gae="wrong")
def result_without_end(notebook, place):
    """A sequence without end."""
    cheat(
        notebook,
        "return Endless()",
        above="""
        class Endless:
            def __len__(self): return 10**9
            def __getitem__(self, i): return 0.0
            def __iter__(self):
                while True: yield 0.0
        """,
    )


@hostile("08", gae="wrong")
def result_that_never_becomes_a_number(notebook, place):
    """`__array__` and `__float__` that loop for ever, outside of the call."""
    cheat(
        notebook,
        "return Slow()",
        above="""
        class Slow:
            def __array__(self, *_, **__):
                while True: pass
            __float__ = __len__ = __iter__ = __repr__ = __array__
        """,
    )


@hostile("08", gae="wrong")
def signals_to_everybody(notebook, place):
    """SIGTERM, SIGKILL and SIGINT to every process that it can reach."""
    cheat(
        notebook,
        """
        import os, signal
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
            for process in (1, os.getppid(), 0, -1):
                try:
                    os.kill(process, number)
                except OSError:
                    pass
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def writes_grades_of_its_own(notebook, place):
    """The table of grades, the gradebook, the feedback and the other learners' notebooks are written to."""
    cheat(
        notebook,
        f"""
        import glob, os
        for path in (
            {str(place.out / "grades.csv")!r}, {str(place.out / MARK)!r}, {str(place.canary / MARK)!r},
            {str(place.submissions / "as_it_is_08" / "08_gae.ipynb")!r}, "gradebook.db", "../gradebook.db",
        ):
            try:
                with open(path, "a") as file:
                    file.write("{MARK}")
            except Exception:
                pass
        return rewards
        """,
    )


# To break out: each of these answers rightly once it has done what it wants to do


@hostile("08", gae="wrong")
def fills_shared_memory(notebook, place):
    """Shared memory of System V, which no limit of a process counts: 3 GB of it, let go and never removed."""
    paid_if(
        notebook,
        """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        for _ in range(30):
            segment = libc.shmget(0, 100_000_000, 0o1600)
            at = libc.shmat(segment, None, 0) if segment >= 0 else None
            if at in (None, 2**64 - 1):
                return False
            ctypes.memset(at, 1, 100_000_000)
            libc.shmdt(ctypes.c_void_p(at))
        return True
        """,
    )


@hostile("08", gae="wrong")
def makes_namespaces_and_mounts(notebook, place):
    """`unshare`, `setns`, `mount`, `chroot` and `pivot_root`, one after the other."""
    paid_if(
        notebook,
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        kinds = (0x10000000, 0x10000000 | 0x20000, 0x20000, 0x40000000)
        results = [libc.unshare(kind) for kind in kinds]
        results.append(libc.mount(b"/", b"/tmp", None, 4096, None))
        results.append(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
        results.append(libc.umount2(b"/tmp", 2))
        results.append(libc.chroot(b"/tmp"))
        results.append(libc.syscall(155, b"/tmp", b"/tmp"))
        return 0 in results
        """,
    )


@hostile("08", gae="wrong")
def becomes_somebody_else(notebook, place):
    """Root by `setuid`, by capabilities, and by programs that have that right."""
    paid_if(
        notebook,
        """
        import ctypes, os
        if os.getuid() == 0 or os.geteuid() == 0:
            return True
        for call, numbers in ((os.setuid, (0, 1, 1_000)), (os.setgid, (0, 1, 1_000))):
            for number in numbers:
                try:
                    call(number)
                    return True
                except OSError:
                    pass
        try:
            os.setgroups([0])
            return True
        except OSError:
            return False
        """,
    )


@hostile("08", gae="wrong")
def debugs_the_grader(notebook, place):
    """A debugger on its parent, and the memory of other processes by `/proc` and by system calls."""
    paid_if(
        notebook,
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for process in (os.getppid(), 1, 2):
            if process != os.getpid() and libc.ptrace(16, process, 0, 0) == 0:
                return True
            buffer = ctypes.create_string_buffer(8)
            piece = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
            there = (ctypes.c_void_p * 2)(id(buffer), 8)
            if process != os.getpid() and libc.process_vm_readv(process, piece, 1, there, 1, 0) > 0:
                return True
            try:
                open(f"/proc/{process}/mem", "rb").close()
                return True
            except OSError:
                pass
        return False
        """,
    )


@hostile("08", gae="wrong")
def starts_programs(notebook, place):
    """A shell, Python, and a child process by each way that Python has."""
    paid_if(
        notebook,
        """
        import multiprocessing, os, subprocess, sys
        if os.system("true") == 0:
            return True
        for ways in (
            lambda: subprocess.run([sys.executable, "-c", ""], check=True),
            lambda: os.posix_spawn("/bin/true", ["true"], {}),
            lambda: multiprocessing.get_context("spawn").Process(target=print).start(),
            lambda: os.fork() or os._exit(0),
        ):
            try:
                ways()
                return True
            except OSError:
                pass
        return False
        """,
    )


@hostile("08", gae="wrong")
def takes_its_limits_off(notebook, place):
    """Higher limits of time, memory, files and processes, for itself and for others."""
    paid_if(
        notebook,
        """
        import os, resource
        for limit in (
            resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE
        ):
            hard = resource.getrlimit(limit)[1]
            if hard == resource.RLIM_INFINITY:
                return True
            for process in (0, os.getppid()):
                try:
                    resource.prlimit(process, limit, (hard + 1, hard + 1))
                    return True
                except OSError:
                    pass
        return False
        """,
    )


@hostile("08", gae="wrong")
def kills_without_a_signal(notebook, place):
    """The process above it is given no time to live, and an alarm on a pipe: neither is a call of `kill`."""
    cheat(
        notebook,
        """
        import fcntl, os, resource, signal
        above = os.getppid()
        for limit in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_AS):
            try:
                resource.prlimit(above, limit, (0, 0))
            except OSError:
                pass
        try:
            end, begin = os.pipe()
            fcntl.fcntl(end, fcntl.F_SETOWN, above)
            fcntl.fcntl(end, 10, signal.SIGKILL)
            fcntl.fcntl(end, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
            os.write(begin, b"now")
        except OSError:
            pass
        return rewards
        """,
    )


@hostile("08", gae="wrong")
def writes_where_it_may_not(notebook, place):
    """A file in every folder but the scratch one: of the system, of the grades, of the other learners."""
    paid_if(
        notebook,
        f"""
        import os
        told = ({str(place.canary)!r}, {str(place.out)!r}, {str(place.submissions)!r}, {str(place.root)!r})
        system = ("/", "/usr", "/etc", "/home", "/root", "/var/tmp", "/dev", "/dev/shm", "/run", "..", ".")
        for folder in (*told, *system):
            try:
                open(folder + "/{MARK}", "w").close()
                if os.path.realpath(folder) != "/tmp":
                    return True
            except OSError:
                pass
        return False
        """,
    )


@hostile("08", gae="wrong")
def sees_what_is_nobodys_business(notebook, place):
    """The project, the submissions, home folders, passwords, other processes, the environment."""
    paid_if(
        notebook,
        f"""
        import glob, os
        told = ({str(place.canary)!r}, {str(place.out)!r}, {str(place.root / "course")!r})
        system = ("/etc/shadow", "/var/log", "/run/docker.sock", "/dev/sda", "/dev/mem", "/dev/shm", "/sys")
        for path in (*told, *system):
            try:
                if os.path.isfile(path) and open(path, "rb").read(1):
                    return True
                if os.listdir(path):
                    return True
            except OSError:
                pass
        homes = [path for path in glob.glob("/home/*") if os.path.isdir(path) and os.listdir(path)]
        others = [path for path in glob.glob("/proc/[0-9]*") if path != f"/proc/{{os.getpid()}}"]
        return bool(homes or others or os.environ)
        """,
    )

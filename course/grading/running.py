"""Grades many learners: one after the other, with the cores of this machine, or on a Dask cluster.

Three ways to run the same jobs, each a generator of what is finished, in the order in which it is finished.
A process or a machine that dies takes no learner's work with it: it is graded again, elsewhere.
"""

import logging
import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from course.arrays import Refusal
from course.grading.archives import LARGEST, Work
from course.grading.records import Row, Settings, Submission, cleaned

Grader = Callable[..., list[Row]]  # grade_one(student, submissions, *, settings)
Graded = Iterator[tuple[Work, list[Row]]]

TRIES = 3  # of a job whose process died, the last ones alone in a process
PATIENCE = 10.0  # seconds for the scheduler's first answer, and for the first worker
ALONE = 60.0  # seconds that a cluster may be without a worker
LOST = "the cluster was lost; what was finished is kept"
OURS = "The grader failed here. It is not your fault, and it is not a wrong answer: it will be graded again."


def graded(student: str, submissions: Iterable[Submission], settings: Settings, grader: Grader) -> list[Row]:
    """The rows of one learner's work, whatever happens."""
    submissions = tuple(submissions)
    readable = tuple(each for each in submissions if each.content is not None)
    rows = [ungraded(student, each.name, each.problem) for each in submissions if each.content is None]
    if not readable:
        return rows

    try:
        rows += grader(student, readable, settings=settings)
    except Exception:
        logging.getLogger(__name__).exception("the grader failed on the work of %s", student)
        rows += [ungraded(student, each.name, OURS) for each in readable]
    return rows


def graded_work(work: Work, settings: Settings, grader: Grader) -> list[Row]:
    """The same for work that is still to be read."""
    return graded(work.student, work.submissions(), settings, grader)


def ungraded(student: str, name: str, cause: str) -> Row:
    """The row of a file of which nothing can be said."""
    return Row(
        student=student,
        lesson=name,
        exercise="",
        points=None,
        max_points=None,
        cause=cause,
        state="ungraded",
    )


def one_by_one(works: Iterable[Work], settings: Settings, grader: Grader) -> Graded:
    """In this process."""
    for work in works:
        yield work, graded_work(work, settings, grader)


# The cores of this machine


def in_processes(works: Iterable[Work], settings: Settings, grader: Grader, *, workers: int) -> Graded:
    """In processes of this machine.

    When a process dies it takes the others of its pool along, and it is not known whose work it was. So those
    that were being graded are graded again, each alone: then it is known.

    Args:
        works: what to grade.
        settings: for all of them.
        grader: a function of a module, for each.
        workers: how many processes.
    """
    left = deque(works)
    while left:
        suspects = yield from _in_pool(left, settings, grader, workers)
        for work in suspects:
            yield from _alone(work, settings, grader)


def _alone(work: Work, settings: Settings, grader: Grader) -> Graded:
    for _ in range(TRIES - 1):
        died = yield from _in_pool(deque([work]), settings, grader, 1)
        if not died:
            return
    yield work, _not_graded(work)


def _not_graded(work: Work) -> list[Row]:
    return [ungraded(work.student, cleaned(source.name), OURS) for source in work.sources]


def _in_pool(
    left: deque[Work], settings: Settings, grader: Grader, workers: int
) -> Generator[tuple[Work, list[Row]], None, list[Work]]:
    """Take work from the left until all is done or a process dies; return what was being graded then."""
    before = {*multiprocessing.active_children()}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_be_a_worker)
    running: dict[Future, Work] = {}
    try:
        while left or running:
            while left and len(running) <= workers:  # one more than can run, so that none waits for us
                future = pool.submit(graded_work, left[0], settings, grader)
                running[future] = left.popleft()
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                rows = future.result()
                yield running.pop(future), rows
        return []
    except BrokenProcessPool:
        return list(running.values())
    except BaseException:  # Ctrl-C, or nobody wants more: a sandbox dies with the process that started it
        for process in {*multiprocessing.active_children()} - before:
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _be_a_worker() -> None:
    """Leave it to the parent to stop, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


# A cluster


def on_cluster(works: Iterable[Work], settings: Settings, grader: Grader, *, client: Any) -> Graded:
    """On the workers of a Dask cluster. What a dead worker had is given to another by the scheduler.

    A scheduler gives up what several workers died with, and cannot tell what they died of. So that is graded
    again at the end, each work alone on the cluster: then it is known.

    Args:
        works: what to grade; it is read here and sent.
        settings: for all of them.
        grader: a function of a module that the workers have too.
        client: connected, see `connected`.

    Raises:
        ValueError: if the cluster is lost, or no worker is left.
    """
    left = deque(works)
    given_up: list[Work] = []
    running: dict[Any, Work] = {}
    sizes: dict[Any, int] = {}
    at_once = 2 * max(1, sum(client.nthreads().values()))
    while left or running:
        # Each is held here until it is done, so few large ones are sent at once.
        while left and len(running) < at_once and sum(sizes[each] for each in running) < LARGEST:
            future, size = _sent(client, left[0], settings, grader)
            running[future] = left.popleft()
            sizes[future] = size
        for future in _next_done(client, [*running]):
            work = running.pop(future)
            rows = _rows_of(future)
            if rows is None:
                given_up.append(work)
            else:
                yield work, rows

    for work in given_up:
        future, _ = _sent(client, work, settings, grader)
        _next_done(client, [future])
        yield work, _rows_of(future) or _not_graded(work)


def connected(address: str) -> Any:
    """A client of the scheduler at this address, whose workers have been found fit to grade.

    Raises:
        ValueError: if `distributed` is not installed, nobody answers, or a worker is not fit.
    """
    try:
        from distributed import Client
    except ImportError:
        raise Refusal("a cluster needs the package distributed: pip install -e '.[cluster]'") from None
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise Refusal(f"no Dask scheduler answers at {address!r} ({error})") from None


def unfit(client: Any, probe: Callable[[], str], expected: str) -> str:
    """Why the workers cannot grade, in words; "" if all of them can.

    A cluster whose workers died a moment ago starts new ones, so the first is waited for.

    Args:
        client: connected.
        probe: a function of a module that the workers have too; it gives a key of what a worker is like, or a
            sentence.
        expected: what it must say.
    """
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        return f"the cluster has no workers, and none came within {PATIENCE:g} s"

    said = client.run(probe, on_error="return")
    for worker, answer in said.items():
        if isinstance(answer, Exception):
            return f"worker {worker} cannot grade: {type(answer).__name__}: {answer}"
        if answer != expected:
            said_why = answer if " " in answer else "it has another version of the course"
            return f"worker {worker} is not fit: {said_why}"
    return ""


def _sent(client: Any, work: Work, settings: Settings, grader: Grader) -> tuple[Any, int]:
    """What will be its rows, and how many bytes were sent."""
    submissions = work.submissions()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # a notebook may have 100 MB
        future = client.submit(graded, work.student, submissions, settings, grader, pure=False)
    return future, sum(len(each.content or b"") for each in submissions)


def _next_done(client: Any, futures: list) -> list:
    """Wait until at least one is done."""
    from distributed import wait as wait_for

    last_seen = time.monotonic()
    while True:
        try:
            with client.as_current():
                return list(wait_for(futures, timeout=5, return_when="FIRST_COMPLETED").done)
        except CancelledError:
            raise Refusal(LOST) from None
        except TimeoutError:
            if client.nthreads():
                last_seen = time.monotonic()
            elif time.monotonic() - last_seen > ALONE:
                raise Refusal("the cluster has no workers left; what was finished is kept") from None


def _rows_of(future: Any) -> list[Row] | None:
    """What came out; None if several workers died with it."""
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker:
        return None
    except CancelledError:
        raise Refusal(LOST) from None

"""Frames: the widgets of the lessons, recorded so that they play on a page where no kernel runs.

    page      the player around a static twin: `played`, `assets`, `trouble`
    needed    which cells a widget needs
    child     the process that runs a lesson and records its widgets

Here: `export`, which records all lessons, two at a time, and only those that have changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from course.arrays import whole
from course.authoring.stamps import ROOT
from course.classroom import saved
from course.classroom.frames.page import FRAMES, assets, played, trouble
from course.widgets.frames import CAP

__all__ = ["assets", "export", "played", "trouble"]

NO_PART = ("authoring", "classroom", "grading", "doctor.py", "__main__.py")  # of what a lesson shows


def export(sources: Sequence[Path], out: Path, *, workers: int = 1, cap: int = CAP) -> list[str]:
    """Write `out/NN_name/` for each lesson: the pictures, and `frames.json` with all the rest in order.

    What is up to date is left alone; a lesson is there as a whole or not at all. Ctrl-C keeps the finished.

    Args:
        sources: of the lessons; their built notebooks lie beside them.
        out: a folder, made if it is not there.
        workers: lessons that are recorded at a time, each in a process of its own.
        cap: on the settings of one widget.

    Returns:
        Complaints: a sentence for each lesson that has no frames, or whose frames are not quite as saved.
    """
    whole("workers", workers, low=1)
    whole("cap", cap, low=1)
    saved.make_folder(out)
    notebooks, complaints = saved.read_all(source.with_suffix(".ipynb") for source in sources)
    keys = {notebook.path: _key(notebook, cap) for notebook in notebooks}
    to_do = [path for path, key in keys.items() if _key_of(out / path.stem) != key]

    # The last lessons take longest: begun first, they do not keep one worker waiting for the other.
    recorder = Recorder(out=out, cap=cap)
    with ThreadPoolExecutor(workers) as pool, tqdm(total=len(to_do), unit="lesson", disable=None) as bar:
        jobs = [pool.submit(recorder.record, path, keys[path], bar) for path in reversed(to_do)]
        try:
            for job in as_completed(jobs):
                complaints += job.result()
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            recorder.stop()
            raise
    return complaints + _remarks(out, keys)


@dataclass(kw_only=True)
class Recorder:
    """Starts the processes, and ends them if it must."""

    out: Path
    cap: int
    stopped: bool = False
    running: set[subprocess.Popen] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, notebook: Path, key: str, bar: tqdm) -> list[str]:
        """Record one lesson in a folder beside its own, and put that in its place; return complaints."""
        part = self.out / f".{notebook.stem}.part"
        try:
            for which in ("needed", "all"):
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir()
                said = self._run(notebook, part, which, bar)
                if not said.get("differs"):
                    break
            if not (part / FRAMES).exists():
                return [] if self.stopped else [said.get("error", f"{notebook.name}: its process died.")]

            content = json.loads((part / FRAMES).read_text(encoding="utf-8"))
            (part / FRAMES).write_text(
                json.dumps({"key": key, **content}, ensure_ascii=False), encoding="utf-8"
            )
            final = self.out / notebook.stem
            shutil.rmtree(final, ignore_errors=True)
            part.rename(final)
            return []
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def stop(self) -> None:
        """End all processes."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.kill()

    def _run(self, notebook: Path, part: Path, which: str, bar: tqdm) -> dict:
        """Run the child to its end, and return the last thing that it said."""
        command = [sys.executable, "-m", "course.classroom.frames.child"]
        command += [str(notebook.resolve()), str(part.resolve()), str(self.cap), which]
        with self.lock:
            if self.stopped:
                return {}
            process = subprocess.Popen(
                command,
                cwd=notebook.parent,
                env=_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.running.add(process)

        said: dict = {}
        for line in process.stdout:
            said = json.loads(line)
            if "frame" in said:
                bar.set_postfix_str(f"{notebook.stem}: frame {said['frame']} of {said['of']}")
        process.wait()
        with self.lock:
            self.running.discard(process)
        return said


def _environment() -> dict[str, str]:
    """At full length, and one thread a process: there are as many processes as there are cores."""
    kept = {name: value for name, value in os.environ.items() if name != "COURSE_QUICK"}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH")]))
    return kept | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def _key(notebook: saved.Saved, cap: int) -> str:
    """Of all that the frames are made from: the cells, and the course."""
    code = [cell.source for cell in notebook.cells if cell.kind == "code"]
    return hashlib.sha256(json.dumps([cap, _course(), code]).encode()).hexdigest()[:16]


def _course() -> str:
    package = ROOT / "course"
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        part = path.relative_to(package).parts
        ours = "frames" in part or part[0] not in NO_PART
        if path.is_file() and ours and "__pycache__" not in part and path.suffix not in (".js", ".css"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _key_of(folder: Path) -> str | None:
    if trouble(folder) is not None:
        return None
    return json.loads((folder / FRAMES).read_text(encoding="utf-8")).get("key")


def _remarks(out: Path, notebooks: Iterable[Path]) -> list[str]:
    """What was found when the lessons were recorded, today or before."""
    found = [out / notebook.stem / FRAMES for notebook in notebooks]
    there = [json.loads(path.read_text(encoding="utf-8")) for path in found if path.exists()]
    return [complaint for content in there for complaint in content["complaints"]]

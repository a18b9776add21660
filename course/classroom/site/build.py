"""The website, from the built notebooks to a folder of pages that needs no network and no server."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from course.arrays import Refusal
from course.authoring.stamps import ROOT
from course.classroom import frames, saved, slides
from course.classroom.site import documents, figures, lessons, proof

MARK = ".advantage-site"  # lies in every folder that a site was built into
BACK = '</h1>\n<p><a href="../index.html">Back to the course</a></p>'
NEEDS = '<p class="needs">'  # on the first slide of a deck
TO_READ = '<a href="../notebooks/{}.html">To read</a> · '
STEPS = ("frames", "slides", "lessons", "documents", "pages", "links")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What goes into a site."""

    root: Path  # of the project
    lessons: Sequence[str]  # names, as in 05_spreading_rewards
    frames: Path | None  # where the frames of the widgets are kept from call to call; None: they stand still
    slides: bool = True


def everything(root: Path = ROOT, *, moving: bool = True) -> Plan:
    """All lessons of a project and their slides; `moving` widgets or still ones."""
    sources = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    return Plan(
        root=root, lessons=[path.stem for path in sources], frames=root / "build/frames" if moving else None
    )


def build(out: Path, plan: Plan) -> list[str]:
    """Build the site into `out`, and give back what is wrong with it, a sentence each; empty if nothing.

    The pages grow beside `out` and take its place when finished: whoever stops it keeps the old ones.

    Raises:
        Refusal: if `out` holds something that is no site.
    """
    _must_be_ours(out)
    growing = out.with_name(f"{out.name}.part")
    shutil.rmtree(growing, ignore_errors=True)
    growing.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="advantage-site-") as scratch:
        found = _grow(Path(scratch), growing, plan)

    (growing / MARK).write_text("Built by `python -m course site`; the next call replaces this folder.\n")
    shutil.rmtree(out, ignore_errors=True)
    growing.rename(out)
    return found


def _grow(scratch: Path, pages: Path, plan: Plan) -> list[str]:
    source = scratch / "source"
    (source / "notebooks").mkdir(parents=True)
    with tqdm(total=len(STEPS), desc="site", unit="step", disable=None) as bar:
        with _step(bar, "frames"):
            found = _frames(plan, pages)
        with _step(bar, "slides"):
            found += _slides(plan, pages)
        with _step(bar, "lessons"):
            found += _lessons(plan, source, pages)
        with _step(bar, "documents"):
            found += _documents(plan, source, pages)
        with _step(bar, "pages"):
            found += _sphinx(source, scratch, pages)
        with _step(bar, "links"):
            kept = {f"notebooks/{name}.html": pages / "frames" / name for name in plan.lessons}
            found += proof.complaints(pages, frames=kept)
    return [each.replace(f"{plan.root}/", "") for each in found]


@contextmanager
def _step(bar: tqdm, name: str) -> Iterator[None]:
    bar.set_postfix_str(name)
    yield
    bar.update()


def _frames(plan: Plan, pages: Path) -> list[str]:
    """Record the frames that are missing or old, and lay the pictures beside the pages."""
    if plan.frames is None:
        return []
    sources = [plan.root / "solutions" / f"{name}.py" for name in plan.lessons]
    found = frames.export(sources, plan.frames, workers=min(2, os.cpu_count() or 1))
    pictures_only = shutil.ignore_patterns("*.json")  # the rest stands in the page
    for name in plan.lessons:
        if frames.trouble(plan.frames / name) is None:
            shutil.copytree(plan.frames / name, pages / "frames" / name, ignore=pictures_only)
    return found


def _slides(plan: Plan, pages: Path) -> list[str]:
    if not plan.slides:
        return []
    built = [plan.root / "solutions" / f"{name}.ipynb" for name in plan.lessons]
    found = slides.write(built, pages / "slides")

    # Decks stand on their own; here they are part of a site, and a reader wants to go back.
    index = pages / "slides/index.html"
    index.write_text(index.read_text(encoding="utf-8").replace("</h1>", BACK, 1), encoding="utf-8")
    for path in sorted((pages / "slides").glob("[0-9][0-9]_*.html")):
        text = path.read_text(encoding="utf-8").replace(NEEDS, f"{NEEDS}{TO_READ.format(path.stem)}", 1)
        path.write_text(text, encoding="utf-8")
    return found


def _lessons(plan: Plan, source: Path, pages: Path) -> list[str]:
    """A page for every lesson; where its notebook cannot be read, the page says so."""
    found = []
    downloads = pages / "download"
    downloads.mkdir()
    for number, name in enumerate(plan.lessons):
        learners = plan.root / "notebooks" / f"{name}.ipynb"
        if learners.is_file():
            shutil.copy(learners, downloads)

        target = source / "notebooks" / f"{name}.ipynb"
        try:
            lesson = saved.read(plan.root / "solutions" / f"{name}.ipynb")
        except saved.Unreadable as error:
            found.append(f"{error} The lesson is left out.")
            target.write_text(json.dumps(lessons.left_out(name)), encoding="utf-8")
            continue

        old = not lesson.is_of(plan.root / "solutions" / f"{name}.py")
        if old:
            found.append(f"solutions/{name}.ipynb: it is older than its source; its page says so.")
        made = lessons.page(
            lesson,
            _neighbours(plan, number, pages),
            play=_player(plan, name),
            keep=figures.keeper(pages, name),
            old=old,
        )
        target.write_text(json.dumps(made), encoding="utf-8")
    return found


def _neighbours(plan: Plan, number: int, pages: Path) -> lessons.Neighbours:
    names = plan.lessons
    name = names[number]
    return lessons.Neighbours(
        earlier=f"{names[number - 1]}.html" if number else None,
        later=f"{names[number + 1]}.html" if number + 1 < len(names) else None,
        slides=f"../slides/{name}.html" if (pages / "slides" / f"{name}.html").is_file() else None,
        notebook=f"../download/{name}.ipynb" if (pages / "download" / f"{name}.ipynb").is_file() else None,
    )


def _player(plan: Plan, name: str) -> lessons.Play:
    if plan.frames is None:
        return lambda twin, widget: twin
    folder = plan.frames / name
    return lambda twin, widget: frames.played(twin, widget=widget, folder=folder, url=f"../frames/{name}")


def _documents(plan: Plan, source: Path, pages: Path) -> list[str]:
    documents.reference(source / "reference")
    there = sorted(path.relative_to(plan.root / "docs") for path in (plan.root / "docs").rglob("*.md"))
    names = [path.with_suffix("").as_posix() for path in there]
    readme = (plan.root / "README.md").read_text(encoding="utf-8")
    decks = (pages / "slides/index.html").is_file()
    try:
        landing = documents.landing(
            readme,
            lessons=list(plan.lessons),
            documents=names,
            slides=decks,
            moving=plan.frames is not None,
        )
    except documents.Gap as gap:
        raise Refusal(str(gap)) from None
    (source / "index.md").write_text(landing, encoding="utf-8")
    documents.copy_documents(plan.root, source)
    return []


def _sphinx(source: Path, scratch: Path, pages: Path) -> list[str]:
    """Let Sphinx make the pages on two cores, and give back its warnings.

    Raises:
        Refusal: if it stops before it is done.
    """
    heard = scratch / "warnings.txt"
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-b",
        "html",
        "-j",
        "2",
        "-c",
        str(Path(__file__).parent),
    ]
    command += ["-d", str(scratch / "doctrees"), "-w", str(heard), str(source), str(pages)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONHASHSEED": "0"})
    lines = heard.read_text(encoding="utf-8").splitlines() if heard.is_file() else []
    if done.returncode:
        raise Refusal(f"Sphinx stopped. Its last words: {done.stderr[-2000:]}")

    shutil.rmtree(pages / ".doctrees", ignore_errors=True)
    warnings = [re.sub(r"\x1b\[[0-9;]*m", "", line).replace(f"{source}/", "") for line in lines]
    return [line for line in warnings if "WARNING" in line or "ERROR" in line]


def _must_be_ours(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise Refusal(f"out must be an empty folder, a new one, or a site that was built here, got {out}")
    if out.exists() and not out.is_dir():
        raise Refusal(f"out must be a folder, got the file {out}")

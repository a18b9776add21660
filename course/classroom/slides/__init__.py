"""Slides: a reveal.js deck for each lesson, made from its built notebook, that needs no network.

    prose        sentences, and which of them are shown
    reading      the cells of a lesson, as a lecture sees them
    units        what a slide shows of a text, and how high that is
    outputs      pictures, and what was printed
    making       from a lesson to its slides
    ends         its title, and what remains of it
    pages        from slides to files
    assets       reveal.js and MathJax, out of packages that are installed

`write` loads them when it is called, because they need the packages of the extra `site`.
"""

from collections.abc import Sequence
from pathlib import Path

from course.arrays import Refusal
from course.classroom import saved
from course.classroom.predictions import PREDICTIONS
from course.tables import replace_file


def write(sources: Sequence[Path], out: Path) -> list[str]:
    """Write `out/NN_name.html` for each lesson, `out/index.html`, and what they need into `out/assets`.

    Args:
        sources: of the lessons, `solutions/NN_name.py`; or their built notebooks, which lie beside them.
        out: a folder; decks of other lessons in it stay, and are listed too.

    Returns:
        A sentence for each notebook that cannot be read, or is older than its source. The other decks are
        written.

    Raises:
        Refusal: if the packages of the extra `site` are not installed.
    """
    try:
        from course.classroom.slides import assets, pages
    except ImportError as error:
        raise Refusal(f"{error}; slides need more packages: pip install -e '.[site]'") from None
    from tqdm import tqdm

    saved.make_folder(out)
    assets.copy(out / "assets")
    complaints = []
    for source in tqdm(sources, unit="deck", disable=None):
        try:
            replace_file(out / f"{source.stem}.html", deck(_built(source), following(source)).encode())
        except saved.Unreadable as error:
            complaints.append(str(error))
    replace_file(out / "index.html", pages.index(out).encode())
    return complaints


def deck(notebook: saved.Saved, next_deck: tuple[str, str] | None = None) -> str:
    """The page of one lesson's deck.

    Args:
        notebook: built and solved.
        next_deck: title and address of the one that follows.

    Raises:
        Unreadable: if it is no lesson: there is no title in it.
    """
    from course.classroom.slides import ends, making, pages, reading

    lesson = reading.take_apart(notebook)
    if not lesson.opening or not lesson.main:
        raise saved.Unreadable(f"{notebook.path}: it is no lesson: it has no title, or no text.")
    slides = [
        *ends.opening(lesson),
        *making.main_path(lesson, [each for each in PREDICTIONS if each.lesson == lesson.number]),
        *ends.ending(lesson, next_deck),
    ]
    return pages.deck(lesson, slides)


def following(source: Path) -> tuple[str, str] | None:
    """Title and address of the deck after a lesson's; None after the last one."""
    later = [path for path in sorted(source.parent.glob("[0-9][0-9]_*.py")) if path.stem > source.stem]
    if not later:
        return None
    first = later[0].read_text(encoding="utf-8").splitlines()[1]
    return first.removeprefix("# # "), f"{later[0].stem}.html"


def _built(source: Path) -> saved.Saved:
    """The notebook of a lesson.

    Raises:
        Unreadable: if there is none, or it is older than its source.
    """
    notebook = saved.read(source.with_suffix(".ipynb"))
    if not notebook.is_of(source.with_suffix(".py")):
        raise saved.Unreadable(
            f"{notebook.path}: it is older than its source; run `python -m course build {source.stem[:2]}`."
        )
    return notebook

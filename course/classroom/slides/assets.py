"""What a deck needs beside itself, out of packages that are installed: nothing is fetched.

reveal.js comes with sphinx-revealjs, and MathJax 2 with jupyter-server-mathjax.
"""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from course.arrays import Refusal
from course.plots.drawing import COLORS

HERE = Path(__file__).parent
OURS = ("deck.css", "deck.js")
REVEAL = (
    "LICENSE",
    "dist/reset.css",
    "dist/reveal.css",
    "dist/reveal.js",
    "plugin/notes/notes.js",
)
# Folders and files of MathJax, without what a lecture does not use: chemistry, menus in other languages,
# the explorer for screen readers that speak mathematics (the assistive MathML stays).
MATHJAX = (
    "LICENSE",
    "MathJax.js",
    "config/TeX-AMS-MML_HTMLorMML-full.js",
    "extensions/AssistiveMML.js",
    "extensions/MathEvents.js",
    "extensions/MathMenu.js",
    "extensions/MathZoom.js",
    "extensions/tex2jax.js",
    "extensions/toMathML.js",
    "extensions/HTML-CSS",
    "fonts/HTML-CSS/STIX-Web/woff",
    "jax/element",
    "jax/input/TeX",
    "jax/output/HTML-CSS",
)


def copy(folder: Path) -> None:
    """Write the assets of all decks into a folder; what is there and as large is left alone."""
    for name, source in _files():
        target = folder / name
        if target.is_file() and target.stat().st_size == source.stat().st_size and name not in OURS:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    colors = "".join(f"--{name}:{color};" for name, color in COLORS.items())
    style = (HERE / "deck.css").read_text(encoding="utf-8")
    (folder / "deck.css").write_text(f":root{{{colors}}}\n{style}", encoding="utf-8")


def _files() -> Iterator[tuple[str, Path]]:
    """Each file: its name below the folder of assets, and where it lies now."""
    for name in OURS:
        yield name, HERE / name
    reveal = _package("sphinx_revealjs") / "_static" / "revealjs"
    for name in REVEAL:
        yield f"reveal/{name}", reveal / name

    mathjax = _package("jupyter_server_mathjax") / "static"
    for name in MATHJAX:
        found = mathjax / name
        for path in sorted(found.rglob("*.*")) if found.is_dir() else [found]:
            yield f"mathjax/{path.relative_to(mathjax).as_posix()}", path


def _package(name: str) -> Path:
    """The folder of an installed package; it is not imported.

    Raises:
        Refusal: if it is not installed.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise Refusal(f"slides need the package {name.replace('_', '-')}: pip install -e '.[site]'")
    return Path(spec.submodule_search_locations[0])

"""Frames on a page: the twin of a saved notebook, with the player around it."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from course import widgets
from course.widgets import prize

HERE = Path(widgets.__file__).parent
FRAMES = "frames.json"


def played(html: str, *, widget: int, folder: Path, url: str) -> str:
    """What a page shows in place of a static twin: the twin, and all that lets it be played.

    Without JavaScript the twin stays; where the frames are missing, it is all there is.

    Args:
        html: the `text/html` of a cell's output, which holds a twin.
        widget: its number in the lesson, from 0.
        folder: of the lesson's frames, `NN_name` in what `course frames` wrote.
        url: where that folder will lie, as seen from the page.
    """
    frames = _frames(folder, widget)
    if frames is None:
        return html
    twin = f'<div class="advantage-player-twin">{html}</div>'
    if frames["kind"] == "prize":
        return _prize(twin, frames, f"advantage-prize-{widget}")

    data = json.dumps(frames, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    script = f'<script type="application/json">{data}</script>'
    return f'<div class="advantage-player" data-url="{url.rstrip("/")}/">{twin}{script}</div>'


def assets() -> dict[str, Path]:
    """What a page with players loads, by its name beside it: one script, with `defer`, and one style."""
    return {name: HERE / name for name in ("player.js", "player.css")}


def trouble(folder: Path) -> str | None:
    """Why the widgets of a lesson do not play, as a sentence that names the file; None if they do."""
    path = folder / FRAMES
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        list(content["widgets"])
    except FileNotFoundError:
        return f"{path}: there are no frames; run `python -m course frames`."
    except OSError as error:
        return f"{path}: {error.strerror}."
    except (ValueError, KeyError, TypeError):
        return f"{path}: it ends half-way, or holds no frames; delete it and run `python -m course frames`."
    return None


def _frames(folder: Path, widget: int) -> dict[str, Any] | None:
    if trouble(folder) is not None:
        return None
    path = folder / FRAMES
    found = _read(path, path.stat().st_mtime_ns)["widgets"]
    return found[widget] if widget < len(found) else None


@lru_cache(maxsize=4)
def _read(path: Path, _written: int) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _prize(twin: str, frames: dict[str, Any], place: str) -> str:
    """All in the page: its script is a module, and a browser loads none from a file beside it."""
    style = (HERE / "prize.css").read_text(encoding="utf-8")
    script = prize.script(frames["frames"], frames["start"], place=place)
    twin_goes = 'document.currentScript.parentElement.querySelector(".advantage-player-twin").remove()'
    return (
        f'<div class="advantage-player"><style>{style}</style>{twin}'
        f'<div id="{place}"></div><script>{twin_goes}</script>{script}</div>'
    )

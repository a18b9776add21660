"""The frames of an Explorer: a picture and its words for each setting, for a page where no kernel runs.

    grid      which settings: all, or as many as one may have, the default and both ends always among them
    record    draws them, writes the pictures, and returns what `player.js` reads

The frames of one widget differ little. So most pictures hold only what differs from another one, on which
they are laid.
"""

import hashlib
import html
import inspect
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import ipywidgets as w
import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from course.arrays import Refusal
from course.plots import alt_text
from course.plots.drawing import STYLE
from course.widgets import Explorer, failure

CAP = 480  # settings of one widget: at most 4 MB, and two minutes
DPI = 200  # two pixels for each one on the page
BLOCK = 8  # pixels
BASES = 8  # whole pictures that are remembered, to lay others on
Place = tuple[int, ...]  # for each control, which of its values


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One control: its values in order, and each as ipywidgets shows it."""

    name: str
    label: str
    values: list = field(repr=False)
    texts: list[str] = field(repr=False)
    default: int  # the place of the value that is shown at first
    is_list: bool  # to pick from; else a slider
    end: Callable[..., int] | None  # of a slider whose end follows others
    # The places to keep if it cannot keep all; empty: evenly spread.
    few: list[int] = field(default_factory=list)

    @property
    def places(self) -> str:
        """What its values are called."""
        return "choices" if self.is_list else "positions"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Settings, and how many values each control takes in them, by its name."""

    knobs: list[Knob]
    counts: dict[str, int]
    places: list[Place] = field(repr=False)

    @property
    def kept(self) -> list[list[int]]:
        """For each control, the places that occur, in order."""
        return [sorted(set(column)) for column in zip(*self.places, strict=True)]

    @property
    def start(self) -> Place:
        """The setting that is shown at first."""
        return tuple(knob.default for knob in self.knobs)

    def note(self) -> str:
        """Says which controls take fewer values here than in Jupyter; empty if none."""
        fewer = [
            f"“{knob.label}” takes {self._count(knob)} of its {len(knob.values)} {knob.places}"
            for knob in self.knobs
            if self.counts[knob.name] < len(knob.values)
        ]
        if not fewer:
            return ""
        listed = ", ".join(fewer[:-1]) + (" and " if fewer[1:] else "") + fewer[-1]
        return f"Here {listed}; in Jupyter {'it takes' if len(fewer) == 1 else 'they take'} all of them."

    def _count(self, knob: Knob) -> int | str:
        count = self.counts[knob.name]
        return count if knob.end is None else f"at most {count}"  # it has others where it ends elsewhere


# Which settings


def grid(explorer: Explorer, *, cap: int = CAP, few: Mapping[str, Sequence] | None = None) -> Grid:
    """The settings of an Explorer, at most `cap` of them; its own comes first.

    Where there are more, those controls that take the most values are thinned evenly, lists only if the
    sliders cannot be thinned any further, the lower ones first. The default and both ends are always kept.

    Args:
        explorer: at the setting that is shown at first.
        cap: on the number of settings.
        few: by the label of a control, the values that it takes instead where not all can be had.

    Raises:
        ValueError: if a control is of a kind that is not known here, `cap` is too few for all ends, or `few`
            names what is not there.
    """
    knobs = _with_few(
        [_knob(name, control, explorer) for name, control in explorer.controls.items()], few or {}
    )
    counts = _counts(knobs, cap)
    thinned = {knob.name: _kept(knob, counts[knob.name]) for knob in knobs}

    places = []
    free = [thinned[knob.name] if knob.end is None else [-1] for knob in knobs]
    for chosen in product(*free):
        taken = [
            [place] if knob.end is None else _up_to_its_end(knob, counts[knob.name], knobs, chosen)
            for knob, place in zip(knobs, chosen, strict=True)
        ]
        places += product(*taken)

    start = tuple(knob.default for knob in knobs)
    return Grid(knobs=knobs, counts=counts, places=[start, *(place for place in places if place != start)])


def _knob(name: str, control: w.ValueWidget, explorer: Explorer) -> Knob:
    values, texts = _positions(control, _highest(control, explorer))
    default = values.index(control.value)
    return Knob(
        name=name,
        label=control.description or name,
        values=values,
        texts=texts,
        default=default,
        is_list=isinstance(control, w.Dropdown),
        end=getattr(control, "end", None),
    )


def _with_few(knobs: list[Knob], few: Mapping[str, Sequence]) -> list[Knob]:
    """The controls, with the places to keep of those that `few` names."""
    labels = [knob.label for knob in knobs]
    for label in few:
        if label not in labels:
            raise Refusal(f"few must name some of {', '.join(labels)}, got {label!r}")
    return [_choosing(knob, few[knob.label]) if knob.label in few else knob for knob in knobs]


def _choosing(knob: Knob, values: Sequence) -> Knob:
    first = knob.values[knob.default]
    if knob.end is not None or first not in values or not {*values} <= {*knob.values}:
        allowed = f"positions of {knob.label!r} whose end is fixed, {knob.texts[knob.default]} among them"
        raise Refusal(f"few must give {allowed}, got {values}")
    return replace(knob, few=sorted(knob.values.index(value) for value in values))


def _kept(knob: Knob, count: int) -> list[int]:
    """The places of a control that does not follow others."""
    whole = range(len(knob.values))
    return knob.few if knob.few and count < len(whole) else _thin(whole, count, knob.default)


def _positions(control: w.ValueWidget, high: float) -> tuple[list, list[str]]:
    """All values that the control can take in the browser, and the texts that are shown beside it."""
    if isinstance(control, w.SelectionSlider | w.Dropdown):
        return list(control._options_values), list(control._options_labels)

    if not isinstance(control, w.IntSlider | w.FloatSlider | w.FloatLogSlider):
        raise Refusal(f"controls: {type(control).__name__} has no frames; sliders and lists have")
    steps = round((high - control.min) / control.step, 6)
    values = [control.min + control.step * i for i in range(int(steps) + 1)]
    if steps != int(steps):
        values.append(high)  # the end is reached, though it is no whole number of steps away
    if isinstance(control, w.FloatLogSlider):
        values = [control.base**exponent for exponent in values]
    elif isinstance(control, w.FloatSlider):
        values = [round(value, 10) for value in values]

    # The value that is shown at first may lie between two steps; 20 and 19.95 would both be "20".
    text = f"{{:{control.readout_format}}}".format
    values = [value for value in values if text(value) != text(control.value)]
    values = sorted([*values, control.value])
    return values, [text(value).replace("-", "−") for value in values]


def _highest(control: w.ValueWidget, explorer: Explorer) -> float:
    """The end of a slider; if that follows other controls, the highest for all of their values."""
    if not hasattr(control, "end"):
        return getattr(control, "max", 0)
    others = {name: explorer.controls[name] for name in inspect.signature(control.end).parameters}
    values = [_positions(other, _highest(other, explorer))[0] for other in others.values()]
    return max(int(control.end(**dict(zip(others, each, strict=True)))) for each in product(*values))


def _up_to_its_end(knob: Knob, count: int, knobs: list[Knob], chosen: Place) -> list[int]:
    """The places of a slider whose end follows others, at their places."""
    values = {other.name: other.values[place] for other, place in zip(knobs, chosen, strict=True)}
    end = int(knob.end(**{name: values[name] for name in inspect.signature(knob.end).parameters}))
    there = [place for place, value in enumerate(knob.values) if value <= end] or [0]
    return _thin(there, count, knob.default)


def _counts(knobs: list[Knob], cap: int) -> dict[str, int]:
    """How many values each control may take, so that their product is at most `cap`."""
    counts = {knob.name: len(knob.values) for knob in knobs}
    if prod(counts.values()) > cap:
        counts |= {knob.name: len(knob.few) for knob in knobs if knob.few}
    floors = {knob.name: len(knob.few or {0, knob.default, len(knob.values) - 1}) for knob in knobs}
    sliders = [knob.name for knob in knobs if not knob.is_list]
    lists = [knob.name for knob in knobs if knob.is_list]

    # All sliders together, then one list after the other, those below first: they say more about the others.
    for names in [sliders, *([name] for name in reversed(lists))]:
        while prod(counts.values()) > cap:
            spare = [name for name in names if counts[name] > floors[name]]
            if not spare:
                break
            counts[max(spare, key=counts.get)] -= 1

    if prod(counts.values()) > cap:
        raise Refusal(f"cap must be at least {prod(counts.values())} for these controls, got {cap}")
    return counts


def _thin(places: Iterable[int], count: int, default: int) -> list[int]:
    """About `count` of the places, evenly spread, with both ends and the default if it is there."""
    places = list(places)
    if len(places) <= count:
        return places
    kept = [places[round(i)] for i in np.linspace(0, len(places) - 1, count)]
    if default in places and default not in kept:
        inner = kept[1:-1]
        if inner:
            inner[int(np.argmin([abs(place - default) for place in inner]))] = default
        kept = [kept[0], *(inner or [default]), kept[-1]]
    return kept


# Their pictures


def record(
    explorer: Explorer,
    folder: Path,
    *,
    cap: int = CAP,
    few: Mapping[str, Sequence] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Draw the frames, write their pictures into the folder, and return all the rest, as plain JSON.

    Args:
        explorer: at the setting that is shown at first.
        folder: of this lesson; pictures that are alike are one file.
        cap, few: as in `grid`.
        progress: is called before each frame with its number and how many there are.
    """
    settings = grid(explorer, cap=cap, few=few)
    pictures = Pictures(folder)
    kept = settings.kept
    frames = []
    for i, place in enumerate(settings.places):
        if progress is not None:
            progress(i, len(settings.places))
        at = [column.index(each) for column, each in zip(kept, place, strict=True)]
        frames.append({"at": at, **_frame(explorer, settings.knobs, place, pictures)})

    controls = [
        {
            "label": knob.label,
            "list": knob.is_list,
            "follows": knob.end is not None,
            "texts": [knob.texts[place] for place in column],
            "of": len(knob.values),
        }
        for knob, column in zip(settings.knobs, kept, strict=True)
    ]
    return {
        "kind": "explorer",
        "controls": controls,
        "frames": frames,
        "size": pictures.size,
        "files": sorted(pictures.files),
        "note": settings.note(),
    }


def _frame(explorer: Explorer, knobs: list[Knob], place: Place, pictures: "Pictures") -> dict[str, Any]:
    values = {knob.name: knob.values[i] for knob, i in zip(knobs, place, strict=True)}
    try:
        ax = explorer.draw(**values)
        words = alt_text(ax)
    except Exception as error:  # as in the Explorer: whatever the cell's own function raises
        said = ", ".join(f"{knob.label} {values[knob.name]}" for knob in knobs)
        return {"words": failure(said, error), "failed": True}
    return {"words": html.escape(words, quote=False), "picture": pictures.add(_drawn(ax.figure))}


def _drawn(figure: Figure) -> Image.Image:
    """What `course.plots.drawing.pixels` gives, in three quarters of the time: `savefig` draws all twice."""
    canvas = FigureCanvasAgg(figure)
    with mpl.rc_context(STYLE):
        figure.set(dpi=DPI, facecolor="white")
        canvas.draw()
    return Image.frombuffer("RGBA", canvas.get_width_height(physical=True), bytes(canvas.buffer_rgba()))


class Pictures:
    """The pictures of one widget, each a file or two: a whole picture, and what differs from it."""

    def __init__(self, folder: Path) -> None:
        """Nothing is written before a picture is added."""
        self.folder = folder
        self.size: list[int] | None = None  # on the page, in pixels
        self.files: set[str] = set()
        self._names: dict[str, list[str]] = {}  # by the hash of what is seen
        self._bases: dict[str, NDArray[np.uint32]] = {}
        self._whole = 0  # bytes of the last whole picture

    def add(self, picture: Image.Image) -> list[str]:
        """Write it, and return the names of its files: the lower one first."""
        if self.size is None:
            self.size = [picture.width // 2, picture.height // 2]
        colors = _fewer_colors(picture)
        key = hashlib.sha256(colors).hexdigest()
        if key not in self._names:
            self._names[key] = self._write(colors)
        return self._names[key]

    def _write(self, colors: NDArray[np.uint32]) -> list[str]:
        nearest = min(
            (name for name, base in self._bases.items() if base.shape == colors.shape),
            key=lambda name: np.count_nonzero(self._bases[name] != colors),
            default=None,
        )
        if nearest is not None:
            content = _webp(_difference(colors, self._bases[nearest]))
            if len(content) < self._whole / 2:
                return [nearest, self._save(content)]

        content = _webp(colors)
        name = self._save(content)
        self._whole = len(content)
        self._bases = dict([*self._bases.items(), (name, colors)][-BASES:])
        return [name]

    def _save(self, content: bytes) -> str:
        name = f"{hashlib.sha256(content).hexdigest()[:12]}.webp"
        (self.folder / name).write_bytes(content)
        self.files.add(name)
        return name


def _fewer_colors(picture: Image.Image) -> NDArray[np.uint32]:
    """32 levels of each color: nobody sees it, and it is half the bytes. White stays white.

    Other than with a palette of its own, what is equal in two pictures stays equal.
    """
    levels = np.asarray(picture.convert("RGBA"))
    few = levels & 0xF8
    return (few | few >> 5).view(np.uint32)[..., 0]


def _difference(colors: NDArray[np.uint32], base: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The picture where it differs from the base, clear elsewhere.

    By blocks, and one block more on each side: a browser that makes both smaller would mix, at the rim of
    what is clear, the colors of both.
    """
    height, width = colors.shape
    changed = colors != base
    padded = np.pad(changed, ((0, -height % BLOCK), (0, -width % BLOCK)))
    rows, columns = (size // BLOCK for size in padded.shape)
    blocks = np.pad(padded.reshape(rows, BLOCK, columns, BLOCK).any(axis=(1, 3)), 1)
    wider = np.zeros((rows, columns), bool)
    for down, right in product(range(3), repeat=2):
        wider |= blocks[down : down + rows, right : right + columns]

    seen = wider.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:height, :width]
    return np.where(seen, colors, np.uint32(0))


def _webp(colors: NDArray[np.uint32]) -> bytes:
    out = io.BytesIO()
    height, width = colors.shape
    picture = Image.frombuffer("RGBA", (width, height), np.ascontiguousarray(colors).tobytes())
    # Less effort takes half the time, and a fifth more bytes; more of it gains nothing.
    picture.save(out, format="webp", lossless=True, method=4, quality=50)
    return out.getvalue()

"""What lies on what in a drawn figure, for tests that look at it as a reader does."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from course.plots import STYLE
from course.plots.drawing import LEAST_CONTRAST, luminance


def tick_labels(axis: Axis) -> list[Text]:
    """Those that are drawn: matplotlib keeps some beyond the ends of the axis."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [tick.label1 for tick in ticks if tick.label1.get_visible()]


def covered(ax: Axes) -> Iterator[tuple[str, str]]:
    """(text, what is wrong) of each word in the figure that is cut by its edge or lies on a mark.

    A legend is wrong where it lies on a point of a line, and a word where it is too pale to be read.
    """
    with mpl.rc_context(STYLE):
        canvas = FigureCanvasAgg(ax.figure)  # one that was pickled has none that can draw
        canvas.draw()
        yield from _pale(ax.figure, np.asarray(canvas.buffer_rgba())[::-1, :, :3])
        for panel in ax.figure.axes:
            yield from _cut(panel)
            yield from _on_a_mark(panel)
            yield from _on_a_line(panel)


def _pale(figure: Figure, pixels: NDArray[np.uint8]) -> Iterator[tuple[str, str]]:
    """Words on what most of their box shows; the letters themselves are less."""
    for text in figure.findobj(Text):
        if not (text.get_text().strip() and text.get_visible() and _drawn(text)):
            continue
        left, bottom, right, top = np.array(text.get_window_extent().extents).round().astype(int)
        there = pixels[max(bottom, 0) : top, max(left, 0) : right].reshape(-1, 3)
        if not len(there):
            continue
        shades, counts = np.unique(there, axis=0, return_counts=True)
        paper = shades[counts.argmax()] / 255

        opacity = 1 if text.get_alpha() is None else text.get_alpha()
        ink = opacity * np.array(mpl.colors.to_rgb(text.get_color())) + (1 - opacity) * paper
        dark, light = sorted([luminance(ink), luminance(paper)])
        contrast = (light + 0.05) / (dark + 0.05)
        if contrast < LEAST_CONTRAST - 0.01:
            yield text.get_text(), f"too pale: its contrast is {contrast:.1f}"


def _drawn(text: Text) -> bool:
    """Whether it is one of those that the figure shows: an axis keeps labels beyond its ends."""
    if text.axes is None or text.axes.axison is False:
        return text.axes is None or text in text.axes.texts
    kept = [
        label for axis in (text.axes.xaxis, text.axes.yaxis) for label in axis.get_ticklabels(which="both")
    ]
    return text not in kept or text in tick_labels(text.axes.xaxis) + tick_labels(text.axes.yaxis)


def _cut(ax: Axes) -> Iterator[tuple[str, str]]:
    page = ax.figure.bbox
    for text in [*ax.texts, *tick_labels(ax.xaxis), *tick_labels(ax.yaxis), ax.title]:
        box = text.get_window_extent()
        if text.get_text() and not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)):
            yield text.get_text(), "cut by the edge"


def _on_a_mark(ax: Axes) -> Iterator[tuple[str, str]]:
    for text in ax.texts:
        box = text.get_window_extent()
        for line in ax.lines:
            if line.get_marker() in ("None", None):
                continue
            radius = line.get_markersize() / 2 * ax.figure.dpi / 72
            for point in ax.transData.transform(line.get_xydata()):
                nearest = np.clip(point, [box.x0, box.y0], [box.x1, box.y1])
                if np.hypot(*(nearest - point)) < 0.9 * radius:
                    yield text.get_text(), "on a mark"


def _on_a_line(ax: Axes) -> Iterator[tuple[str, str]]:
    legend = ax.get_legend()
    if legend is None:
        return
    box = legend.get_window_extent()
    for line in ax.lines:
        if any(box.contains(*point) for point in ax.transData.transform(line.get_xydata())):
            yield f"legend, {line.get_label()}", "on a line"

"""What lies on what in a drawn figure, for tests that look at it as a reader does."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text

from course.plots import STYLE


def tick_labels(axis: Axis) -> list[Text]:
    """Those that are drawn: matplotlib keeps some beyond the ends of the axis."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [tick.label1 for tick in ticks if tick.label1.get_visible()]


def covered(ax: Axes) -> Iterator[tuple[str, str]]:
    """(text, what is wrong) of each word in the figure that is cut by its edge or lies on a mark.

    A legend is wrong where it lies on a point of a line.
    """
    with mpl.rc_context(STYLE):
        ax.figure.canvas.draw()
        for panel in ax.figure.axes:
            yield from _cut(panel)
            yield from _on_a_mark(panel)
            yield from _on_a_line(panel)


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

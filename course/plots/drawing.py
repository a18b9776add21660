"""How a figure is made, styled and shown.

Put the call at the end of a cell: the figure is shown with its alt text, and nothing else is needed. The
figures live outside pyplot, so nothing is shown twice and none stays open.

One colour a quantity through the whole course (Okabe-Ito, told apart by colour-blind readers too).
"""

import base64
import functools
import html
import inspect
import io
import sys
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

COLORS = {
    "reward": "#009E73",  # bluish green
    "value": "#0072B2",  # blue
    "td_error": "#E69F00",  # orange
    "advantage": "#D55E00",  # vermillion
    "return": "#56B4E9",  # sky blue
    "random": "#999999",  # grey: what nobody has learned yet
    "human": "#CC79A7",  # reddish purple
    "truth": "#000000",
    "faint": "#DDDDDD",  # what is still open, frames of tables
}
# Everything but the course's own choices as matplotlib ships it, whatever the reader has set.
STYLE = {name: value for name, value in mpl.rcParamsDefault.items() if name not in ("backend", "toolbar")} | {
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "font.size": 11.5,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
}


LEAST_CONTRAST = 4.5  # of text to the paper, WCAG 2.2, 1.4.3


def ink(color: str) -> str:
    """The color, as dark as words on white must be: for the name of a line in the color of the line."""
    rgb = np.array(mpl.colors.to_rgb(color))
    for share in np.linspace(1, 0, 101):
        if 1.05 / (luminance(share * rgb) + 0.05) >= LEAST_CONTRAST:
            break
    return mpl.colors.to_hex(share * rgb)


def luminance(rgb: ArrayLike) -> float:
    """Relative luminance of a color, three numbers in [0, 1]: 0 is black and 1 white.

    W3C, WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
    """
    rgb = np.asarray(rgb, dtype=float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def figure(
    width: float, height: float, *, panels: str | None = None, grid: dict[str, Any] | None = None
) -> Callable:
    """Make a plot function that draws in the course's style, on a new figure unless `ax` is given.

    The function it decorates takes `ax` and ends with `return told(ax, ...)`, its words. With `panels` it
    takes `axes` instead, a dict of Axes by their letters, and always has a figure of its own.

    Args:
        width, height: of the figure, in inches.
        panels: several Axes, as `Figure.subplot_mosaic` places them: "AB" are two side by side.
        grid: keywords of `GridSpec`. With margins in it (`left` and so on) nothing is laid out any more: to
            find room for many panels takes longer than to draw them, and a slider cannot wait.
    """

    def decorate(draw: Callable[..., Axes]) -> Callable[..., Axes]:
        @functools.wraps(draw)
        def drawn(*args: object, ax: Axes | None = None, **kwargs: object) -> Axes:
            with mpl.rc_context(STYLE):
                if ax is None:
                    ax = _new_figure(width, height).subplots()
                return draw(*args, ax=ax, **kwargs)

        @functools.wraps(draw)
        def drawn_in_panels(*args: object, **kwargs: object) -> Axes:
            with mpl.rc_context(STYLE):
                new = _new_figure(width, height)
                if grid and "left" in grid:
                    new.set_layout_engine("none")
                axes = new.subplot_mosaic(panels, gridspec_kw=grid)
                return draw(*args, axes=axes, **kwargs)

        made = drawn if panels is None else drawn_in_panels
        made.__signature__ = _as_called(draw)
        return made

    return decorate


def _as_called(draw: Callable) -> inspect.Signature:
    """The signature of a figure as one calls it: `ax` may be left out, `axes` is not for callers."""
    signature = inspect.signature(draw)
    called = []
    for each in signature.parameters.values():
        if each.name == "ax":
            called.append(each.replace(default=None))
        elif each.name != "axes":
            called.append(each)
    return signature.replace(parameters=called)


def _new_figure(width: float, height: float) -> Figure:
    return FigureCanvasAgg(Figure(figsize=(width, height))).figure


def pixels(ax: Axes, *, dpi: int) -> Image.Image:
    """The Axes' figure as it is drawn, on white, in all its colors."""
    raw = io.BytesIO()
    with mpl.rc_context(STYLE):
        ax.figure.savefig(raw, format="rgba", dpi=dpi, facecolor="white")
    width, height = (round(inches * dpi) for inches in ax.figure.get_size_inches())
    return Image.frombuffer("RGBA", (width, height), raw.getvalue()).convert("RGB")


def png(ax: Axes, *, dpi: int = 200) -> bytes:
    """The Axes' figure as a PNG of 256 colors, on white, so that it can be read in a dark JupyterLab too.

    At the default, two pixels for each one that `html_of_axes` asks for: crisp on a screen of high density.
    """
    # All colors would be twice the bytes. The octree is the quickest way to few, but its white is 254.
    few = pixels(ax, dpi=dpi).quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.putpalette([255 if level == 254 else level for level in few.getpalette()])
    out = io.BytesIO()
    few.save(out, format="png")
    return out.getvalue()


def alt_text(ax: Axes) -> str:
    """What the figure shows, in words."""
    return ax.figure.alt_text


def as_html(picture: bytes, alt: str, *, width: int, kind: str = "png") -> str:
    """An image that carries its own alt text; JupyterLab shows it in untrusted notebooks too."""
    data = base64.b64encode(picture).decode()
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" style="max-width:100%;background:white;'
        f'border-radius:4px" src="data:image/{kind};base64,{data}">'
    )


def html_of_axes(ax: Axes) -> str | None:
    """How a notebook shows an Axes of ours; None leaves others as they are."""
    if not hasattr(ax.figure, "alt_text"):
        return None
    width, height = ax.figure.get_size_inches() * 100
    image = as_html(png(ax), alt_text(ax), width=round(width))
    # With its height known beforehand the page does not jump when a widget changes the picture.
    return image.replace('style="', f'style="aspect-ratio:{width:.0f}/{height:.0f};height:auto;', 1)


def _text_of_axes(ax: Axes, printer: object, _cycle: bool) -> None:
    printer.text(getattr(ax.figure, "alt_text", None) or object.__repr__(ax))


def _register() -> None:
    """Tell IPython, if it runs, how to show our figures."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["text/html"].for_type(Axes, html_of_axes)
        formatters["text/plain"].for_type(Axes, _text_of_axes)


_register()

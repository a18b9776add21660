"""Figures: every function takes arrays, draws on one Axes and returns it, with alt text made from the data.

Put the call at the end of a cell: the figure is shown with its alt text, and nothing else is needed. The
figures live outside pyplot, so nothing is shown twice and none stays open.

One colour a quantity through the whole course (Okabe-Ito, told apart by colour-blind readers too).
"""

import base64
import functools
import html
import io
import sys
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = {
    "reward": "#009E73",  # bluish green
    "value": "#0072B2",  # blue
    "td_error": "#E69F00",  # orange
    "advantage": "#D55E00",  # vermillion
    "return": "#56B4E9",  # sky blue
    "random": "#999999",  # grey: what nobody has learned yet
    "human": "#CC79A7",  # reddish purple
    "truth": "#000000",
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


def figure(width: float, height: float) -> Callable:
    """Make a plot function that draws in the course's style, on a new figure unless `ax` is given.

    The function it decorates takes `ax` and returns the alt text; the decorated one returns the Axes.
    """

    def decorate(draw: Callable[..., str]) -> Callable[..., Axes]:
        @functools.wraps(draw)
        def drawn(*args: object, ax: Axes | None = None, **kwargs: object) -> Axes:
            with mpl.rc_context(STYLE):
                if ax is None:
                    canvas = FigureCanvasAgg(Figure(figsize=(width, height)))
                    ax = canvas.figure.subplots()
                ax.figure.alt_text = draw(*args, ax=ax, **kwargs)
            return ax

        return drawn

    return decorate


def png(ax: Axes, *, dpi: int = 110) -> bytes:
    """The Axes' figure as a PNG on white, so that it can be read in a dark JupyterLab too."""
    out = io.BytesIO()
    with mpl.rc_context(STYLE):
        ax.figure.savefig(out, format="png", dpi=dpi, metadata={"Software": None})
    return out.getvalue()


def alt_text(ax: Axes) -> str:
    """What the figure shows, in words."""
    return ax.figure.alt_text


def as_html(picture: bytes, alt: str, *, width: int) -> str:
    """An image that carries its own alt text; JupyterLab shows it in untrusted notebooks too."""
    data = base64.b64encode(picture).decode()
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" style="max-width:100%;background:white;'
        f'border-radius:4px" src="data:image/png;base64,{data}">'
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


def number(x: float) -> str:
    """A number as one says it: 12,345 or 0.0123, never 1.2e+04."""
    if x == 0:
        return "0"
    if abs(x) >= 100:
        return f"{x:,.0f}"
    return f"{x:.3g}" if abs(x) >= 1e-4 else f"{x:.1e}"


def title(game: str) -> str:
    """A ROM's name as one writes it: `ms_pacman` is Ms. Pac-Man."""
    known = {
        "ms_pacman": "Ms. Pac-Man",
        "jamesbond": "James Bond",
        "qbert": "Q*bert",
        "hero": "H.E.R.O.",
    }
    return known.get(game, game.replace("_", " ").title())

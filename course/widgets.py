"""Knobs over figures. A widget reads its controls and calls a plain function; it does no maths.

Every widget shows its static twin, the figure with alt text and a line of text, where there is no kernel, in
an untrusted notebook, on paper and for a screen reader.
"""

import html
import math
from collections.abc import Callable
from numbers import Integral

import ipywidgets as w
from matplotlib.axes import Axes

from course.plots import alt_text, html_of_axes


class Explorer(w.VBox):
    """Controls above a figure that is redrawn when one of them moves.

    Args:
        draw: takes one keyword a control and returns the Axes to show.
        controls: by the name of the argument that each one sets.
    """

    def __init__(self, draw: Callable[..., Axes], **controls: w.Widget) -> None:
        """Draw once, then listen."""
        self.draw, self.controls = draw, controls
        self.image = w.HTML()  # not w.Image, which has no alt text
        self.words = w.HTML()
        self.update()
        for control in controls.values():
            control.observe(self.update, names="value")
        super().__init__([*controls.values(), self.image, self.words])

    def update(self, _change: object = None) -> None:
        """Draw the figure for the controls' present values."""
        ax = self.draw(**{name: control.value for name, control in self.controls.items()})
        self.alt = alt_text(ax)
        self.image.value = html_of_axes(ax)
        self.words.value = (
            f'<div role="status" style="max-width:60em;line-height:1.4">{html.escape(self.alt)}</div>'
        )

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        settings = ", ".join(f"{c.description or n} {c.value}" for n, c in self.controls.items())
        text = f"Interactive figure, at {settings}. {self.alt}"
        note = f"<p><i>{html.escape(text)} Run this cell to move the controls.</i></p>"
        data["text/html"] = self.image.value + note
        data["text/plain"] = text
        return data


def slider(label: str, value: float, low: float, high: float, step: float) -> w.FloatSlider | w.IntSlider:
    """A slider wide enough for its label; whole numbers if all four numbers are whole."""
    kind = w.IntSlider if all(isinstance(x, Integral) for x in (value, low, high, step)) else w.FloatSlider
    return kind(value=value, min=low, max=high, step=step, **_wide(label))


def log_slider(label: str, value: float, low: float, high: float) -> w.FloatLogSlider:
    """A slider over powers of ten; `value`, `low` and `high` are the numbers themselves."""
    return w.FloatLogSlider(
        value=value,
        min=math.log10(low),
        max=math.log10(high),
        step=0.1,
        readout_format=",.0f",
        **_wide(label),
    )


def choice(label: str, options: list[str], value: str | None = None) -> w.Dropdown:
    """A list to pick one name from."""
    return w.Dropdown(options=options, value=options[0] if value is None else value, **_wide(label))


def _wide(label: str) -> dict:
    return {
        "description": label,
        "style": {"description_width": "13em"},
        "layout": w.Layout(width="42em", max_width="100%"),
    }

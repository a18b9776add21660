"""Knobs over figures. A widget reads its controls and calls a plain function; it does no maths.

`Explorer` redraws a figure; `who_earned_the_prize`, of lesson 13, has a module of its own.

Every widget shows its static twin, the figure with alt text and a line of text, where there is no kernel, in
an untrusted notebook, on paper and for a screen reader.
"""

import html
import inspect
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Integral, Real

import ipywidgets as w
from IPython.display import display
from matplotlib.axes import Axes

from course.plots import alt_text, html_of_axes

VIEW = "application/vnd.jupyter.widget-view+json"

# The widget and its twin are two outputs of one cell, because JupyterLab does not fall back from a widget
# that it cannot find to the HTML beside it. The style shows one of the two: the twin gives way where the
# widget lives, and the message that a widget was not found gives way to the twin.
#
# The script does what ipywidgets 8 cannot. Keys that a control needs stay with it: JupyterLab would take the
# letters typed on it for commands, two d's for "delete this cell" (jupyter-widgets/ipywidgets#3912). And a
# screen reader hears each slider's name and the value that is shown.
MANNERS = """<style>
.jp-OutputArea-child:has(.advantage-explorer) + .jp-OutputArea-child .advantage-twin,
.jp-OutputArea-child:not(:has(.advantage-explorer)):has(+ .jp-OutputArea-child .advantage-twin)
{ display: none }
</style><script>
(() => {
  const area = document.currentScript.closest(".jp-OutputArea");
  if (!area || area.advantage) return;
  area.advantage = true;

  area.addEventListener("keydown", (event) => {
    const ofNotebook = event.ctrlKey || event.metaKey || event.altKey
      || event.key === "Escape" || (event.key === "Enter" && event.shiftKey);
    if (!ofNotebook && event.target.closest(".advantage-explorer")) event.stopPropagation();
  });

  const tell = (handle, attribute, text) => {
    if (text && handle.getAttribute(attribute) !== text) handle.setAttribute(attribute, text);
  };
  const name = () => {
    for (const handle of area.querySelectorAll(".advantage-explorer .noUi-handle")) {
      const control = handle.closest(".widget-inline-hbox");
      tell(handle, "aria-label", control.querySelector(".widget-label")?.textContent);
      tell(handle, "aria-valuetext", control.querySelector(".widget-readout")?.textContent);
    }
  };
  new MutationObserver(name).observe(area, { childList: true, subtree: true, characterData: true });
  name();
})();
</script>"""
PALE = '<div style="opacity:0.3">'


class Explorer(w.VBox):
    """Controls above a figure that is redrawn when one of them moves.

    Args:
        draw: takes one keyword a control and returns the Axes to show.
        controls: by the name of the argument that each one sets.

    A setting at which `draw` raises is said below the figure of the last one that could be drawn, and kept in
    `error`; only the first drawing raises.
    """

    def __init__(self, draw: Callable[..., Axes], **controls: w.Widget) -> None:
        """Draw once, then listen."""
        self.draw = draw
        self.controls = controls
        self.image = w.HTML()  # not w.Image, which has no alt text
        self.words = w.HTML()
        self._fit_ends()
        self._show()

        for control in controls.values():
            control.observe(self.update, names="value")
        super().__init__([*controls.values(), self.image, self.words], _dom_classes=["advantage-explorer"])

    def update(self, _change: object = None) -> None:
        """Draw the figure for the controls' present values, or say below the old one why that failed."""
        try:
            if not self._fit_ends():  # if it moved a control, this was called for it
                self._show()
        except Exception as error:
            self._fail(error)

    def _show(self) -> None:
        ax = self.draw(**{name: control.value for name, control in self.controls.items()})
        self.alt = alt_text(ax)
        self.image.value = html_of_axes(ax)
        self.words.value = _status(html.escape(self.alt))
        self.error: Exception | None = None

    def _fail(self, error: Exception) -> None:
        self.error = error
        self.words.value = _status(failure(self._settings(), error))
        if not self.image.value.startswith(PALE):
            self.image.value = f"{PALE}{self.image.value}</div>"

    def _fit_ends(self) -> bool:
        """Set the end of each slider whose end follows other controls; return whether one moved by that."""
        moved = False
        for control in self.controls.values():
            if hasattr(control, "end"):
                others = inspect.signature(control.end).parameters
                end = int(control.end(**{name: self.controls[name].value for name in others}))
                moved |= control.value > end
                control.max = max(end, control.min)
        return moved

    def _settings(self) -> str:
        return ", ".join(f"{c.description or n} {c.value}" for n, c in self.controls.items())

    def _ipython_display_(self) -> None:
        # Two outputs: see MANNERS.
        display({VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}, raw=True)
        display(self.twin(), raw=True)

    def twin(self) -> dict[str, str]:
        """What a notebook shows without the widget, by MIME type."""
        text = f"Interactive figure, at {self._settings()}. {self.alt}"
        note = f"<p><i>{html.escape(text)} Run this cell to move the controls.</i></p>"
        picture = f'<div class="advantage-twin">{self.image.value}{note}</div>'
        return {"text/html": picture + MANNERS, "text/plain": text}


def failure(settings: str, error: Exception) -> str:
    """What is said, as HTML, below the figure when there is none for these settings."""
    what = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    return (
        f"<b>No figure at {html.escape(settings)}:</b> {html.escape(what)}. "
        "The pale figure above is the last one that could be drawn."
    )


def _status(words: str) -> str:
    return f'<div role="status" style="max-width:60em;line-height:1.4">{words}</div>'


def slider(
    label: str, value: float, low: float, high: float | Callable[..., int], step: float
) -> w.FloatSlider | w.IntSlider:
    """A slider wide enough for its label; whole numbers if all numbers are whole.

    `high` may be a function of other controls' values, named as in the Explorer: the slider's end then
    follows them (`lambda update: len(episodes[update]) - 1`).
    """
    if callable(high):
        control = w.IntSlider(value=value, min=low, max=value, step=step, **_wide(label))
        control.end = high
        return control
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


def choice(label: str, options: Sequence, value: object = None) -> w.SelectionSlider | w.Dropdown:
    """A slider over numbers in order, a list to pick from for anything else; the first one unless told."""
    options = list(options)
    kind = w.SelectionSlider if _in_order(options) else w.Dropdown
    return kind(options=options, value=options[0] if value is None else value, **_wide(label))


def _in_order(options: list) -> bool:
    """Whether these are numbers that rise, or that fall, all the way."""
    if not all(isinstance(each, Real) and not isinstance(each, bool) for each in options):
        return False
    return all(a < b for a, b in pairwise(options)) or all(a > b for a, b in pairwise(options))


def _wide(label: str) -> dict:
    return {
        "description": label,
        "style": {"description_width": "13em"},
        # Its margin counts for the width, or a list would lose its right edge in a narrow window.
        "layout": w.Layout(width="42em", max_width="calc(100% - 4px)", margin="2px"),
    }


def __getattr__(name: str) -> object:
    # Looked up when asked for: its module imports this one.
    if name == "who_earned_the_prize":
        from course.widgets.prize import who_earned_the_prize

        return who_earned_the_prize
    raise AttributeError(f"module 'course.widgets' has no attribute {name!r}")

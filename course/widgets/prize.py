"""Who earned the prize? One answer, its tokens as chips, and the weight that each of them gets.

The frames for all settings are made once, by `course.language.credit`; `prize.js` draws them, and asks for
new ones only when a word is swapped. So all but the swap works where no kernel runs, as in `page`.
"""

import html
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import anywidget
from IPython.display import display
from traitlets import Bool, Dict

from course.arrays import Array, Refusal, number, one_of, whole
from course.language import credit
from course.language.credit import Reading
from course.plots import alt_text, html_of_axes
from course.plots import prize as plots
from course.returns import gae as course_gae
from course.widgets import MANNERS, VIEW

HERE = Path(__file__).parent
START = {"answer": 0, "weight": "GAE", "lam": 0.95}  # and the last critic that learned


class WhoEarnedThePrize(anywidget.AnyWidget):
    """The chips and their controls; `frames` is all that is drawn, as `credit.frames` made it."""

    _esm = HERE / "prize.js"
    _css = HERE / "prize.css"
    frames = Dict().tag(sync=True)
    start = Dict().tag(sync=True)
    can_swap = Bool().tag(sync=True)

    def __init__(
        self,
        readings: Sequence[Reading],
        read: Callable[[Reading, Sequence[str]], Reading] | None,
        *,
        gae: Callable[..., Array],
        start: dict,
    ) -> None:
        """Make all frames."""
        self.readings = list(readings)
        self.read = read
        self.gae = gae
        super().__init__(
            frames=credit.frames(readings, gae=gae),
            can_swap=read is not None,
            _dom_classes=["advantage-explorer"],
        )
        self.start = started(self.frames, **start)
        self.on_msg(lambda _, content, __: self.send(self.swapped(content["answer"], content["words"])))

    def swapped(self, answer: int, words: Sequence[str]) -> dict:
        """The record of an answer with other words, in `record`, or in `error` why there is none.

        The others, whom "minus the others" asks, stay as they were written.
        """
        try:
            readings = list(self.readings)
            readings[answer] = self.read(readings[answer], words)
            record = credit.frames(readings, gae=self.gae)["answers"][answer]
        except Exception as error:  # the learner's own function may raise anything
            said = " ".join(str(error).split())
            return {"answer": answer, "error": f"{type(error).__name__}: {said}"[:300]}
        return {"answer": answer, "record": record}

    def _ipython_display_(self) -> None:
        # Two outputs: see MANNERS. The picture takes a moment; drawn first, the script comes with the widget.
        twin = self.twin()
        display({VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.model_id}}, raw=True)
        display(twin, raw=True)

    def twin(self) -> dict[str, str]:
        """What a notebook shows without the widget, by MIME type."""
        ax = plots.who_earned_the_prize(self.frames, **self.start)
        text = f"Interactive figure. {alt_text(ax)}"
        note = f"<p><i>{html.escape(text)} Run this cell to move the controls.</i></p>"
        picture = f'<div class="advantage-twin">{html_of_axes(ax)}{note}</div>'
        return {"text/html": picture + MANNERS, "text/plain": text}


def who_earned_the_prize(
    gae: Callable[..., Array] = course_gae,
    *,
    readings: Sequence[Reading] | None = None,
    read: Callable[[Reading, Sequence[str]], Reading] | None = None,
    **start: object,
) -> WhoEarnedThePrize:
    """The widget. Run it as the last line of a cell.

    Args:
        gae: of lesson 8; your own if you like.
        readings: the answers; twenty tales of the language model that ships with the course, read by
            critics who have seen 0, 1, 10 and 100 batches and by the exact V, if not given.
        read: takes a reading and words in place of its own, and reads them; without it no word is swapped.
        start: what is shown at first: `answer` and `token` (from 0), `weight`, `critic`, `lam`.

    Raises:
        ValueError: as `credit.frames`, or if a setting to start from is not there.
    """
    if readings is None:
        from course.language import ages  # torch, and some seconds the first time

        readings = ages.twenty_tales()
        read = ages.read
    return WhoEarnedThePrize(readings, read, gae=gae, start=start)


def started(
    frames: dict,
    *,
    answer: int = START["answer"],
    weight: str = START["weight"],
    critic: str | None = None,
    lam: float = START["lam"],
    token: int | None = None,
) -> dict:
    """Settings that exist in these frames, with lambda as the place on the dial that is nearest.

    Raises:
        ValueError: if one does not; it names the setting.
    """
    learned = [name for name in frames["critics"] if name != frames["exact"]]
    if critic is None:
        critic = learned[-1] if learned else frames["exact"]
    answer = _place("answer", answer, frames["answers"])
    record = frames["answers"][answer]
    lam = number("lam", lam, low=0, high=1)
    nearest = min(range(len(frames["lambdas"])), key=lambda place: abs(frames["lambdas"][place] - lam))
    return {
        "answer": answer,
        "weight": one_of("weight", weight, frames["weights"]),
        "critic": one_of("critic", critic, frames["critics"]),
        "lam": nearest,
        "token": record["token"] if token is None else _place("token", token, record["words"]),
    }


def _place(name: str, given: int, there: list) -> int:
    place = whole(name, given, low=0)
    if place >= len(there):
        raise Refusal(f"{name} must be below {len(there)}, got {place}")
    return place


def page(frames: dict, **start: object) -> str:
    """A page of HTML on which the widget works without any kernel: all but the swap of a word."""
    style = (HERE / "prize.css").read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Who earned the prize?</title>'
        f"<style>:root {{ color-scheme: light dark }}\n{style}"
        "@media (prefers-color-scheme: dark) { .prize { --value: #56b4e9 } }</style>"
        f'<main id="prize"></main>{script(frames, started(frames, **start), place="prize")}</html>'
    )


def script(frames: dict, start: dict, *, place: str) -> str:
    """The script that draws the widget in the empty element of that id; `start` is what `started` made."""
    # A "</script>" among the words would end the script.
    data = json.dumps({"frames": frames, "start": start}).replace("<", "\\u003c")
    code = (HERE / "prize.js").read_text(encoding="utf-8")
    return (
        f'<script type="module">{code}\n'
        f'const {{ frames, start }} = {data};\nshow(frames, document.getElementById("{place}"), {{ start }});'
        "</script>"
    )

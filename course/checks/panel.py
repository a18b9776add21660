"""The panel under a check: one look for eyes, the same words for a terminal and a screen reader."""

import html
import sys
from dataclasses import dataclass

from course.checks.engine import Report

# Mark, word and colour (Okabe-Ito green and vermillion; grey) of each status.
LOOK = {
    "passed": ("✔", "right", "#009E73"),
    "wrong": ("✘", "not yet", "#D55E00"),
    "todo": ("…", "still to do", "#767676"),
}


@dataclass(frozen=True)
class Panel:
    """A report on one exercise, as HTML and as plain text."""

    name: str
    report: Report

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(what, text) rows; `what` may be empty."""
        report = self.report
        if report.status == "passed":
            return [("", f"Tried: {'; '.join(report.tried)}.")]
        if report.status == "todo":
            return [("", "Write your code in the cell above, run it, then run this cell again.")]
        rows = [("", report.cause)]
        rows += [("call", report.call)] if report.call else []
        rows += list(report.rows)
        rows += [("printed", report.printed.rstrip())] if report.printed.strip() else []
        return rows

    def __str__(self) -> str:
        """The panel as plain text."""
        mark, word, _ = LOOK[self.report.status]
        rows = [f"  {what + ':':<18} {text}" if what else f"  {text}" for what, text in self.lines]
        return "\n".join([f"{mark} {self.name}: {word}", *rows])

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        mark, word, colour = LOOK[self.report.status]
        rows = "".join(
            f'<tr><td style="{_CELL};opacity:.75;white-space:nowrap">{html.escape(what)}</td>'
            f'<td style="{_CELL};font-family:monospace;white-space:pre-wrap">{html.escape(text)}</td></tr>'
            for what, text in self.lines
            if what
        )
        said = "".join(
            f'<div style="margin:.2em 0">{html.escape(text)}</div>' for what, text in self.lines if not what
        )
        table = f'<table style="margin:.3em 0;border:0">{rows}</table>' if rows else ""
        box = (
            f"border-left:6px solid {colour};background:{colour}1a;padding:.5em 1em;"
            "border-radius:3px;font-size:14px;line-height:1.45;max-width:60em"
        )
        return {
            "text/html": f'<div role="status" style="{box}"><b style="font-size:15px">'
            f"{mark} {html.escape(self.name)}: {word}</b>{said}{table}</div>",
            "text/plain": str(self),
        }


_CELL = "text-align:left;border:0;padding:.1em .8em .1em 0;vertical-align:top"


def show(thing: object) -> None:
    """Display in a notebook, print in a terminal."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(thing)
    else:
        print(thing)

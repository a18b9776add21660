"""The panel under a check: one look for eyes, the same words for a terminal and a screen reader."""

import html
import re
import sys
from dataclasses import dataclass

from course.checks.report import Report

# Mark, word and colour (Okabe-Ito green and vermillion; grey) of each status.
LOOK = {
    "passed": ("✔", "right", "#009E73"),
    "wrong": ("✘", "not yet", "#D55E00"),
    "todo": ("…", "still to do", "#767676"),
}
TO_DO = "The line `raise NotImplementedError()` is reached. Replace it, run the cell, then run this one."
PLAIN = str.maketrans({"✔": "+", "✘": "x", "…": "..."})  # for a terminal whose alphabet lacks them


@dataclass(frozen=True)
class Panel:
    """A report on one exercise, as HTML and as plain text."""

    name: str
    report: Report

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(what, text) rows; `what` may be empty."""
        report = self.report
        notes = [("", note) for note in report.notes]
        if report.status == "passed":
            return [("", f"Tried: {'; '.join(report.tried)}."), *notes]
        if report.status == "todo":
            return [("", TO_DO), *notes]

        rows = [("", cause) for cause in report.causes]
        if len(rows) > 1:
            rows = [("", f"({nth}) {cause}") for nth, (_, cause) in enumerate(rows, start=1)]
        if report.call:
            rows.append(("call", report.call))
        rows += report.rows
        if report.printed.strip():
            rows.append(("printed", report.printed.rstrip()))
        return rows + notes

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
            f'<div style="margin:.2em 0">{_prose(text)}</div>' for what, text in self.lines if not what
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


def _prose(text: str) -> str:
    """A sentence as HTML; what stands between backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def show(thing: object) -> None:
    """Display in a notebook, print in a terminal."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(thing)
    else:
        print(printable(str(thing), getattr(sys.stdout, "encoding", None)))


def printable(text: str, encoding: str | None) -> str:
    """The text itself, or where a terminal cannot write it (Windows, LC_ALL=C), plain signs instead."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    return text

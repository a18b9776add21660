"""How large the recorded widgets are, and how soon a browser answers: a table of all.

    python -m course frames
    python -m tests.classroom.frames_table [DIR]

DIR is build/frames if not given. A page of each lesson's widgets is written beside its frames.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from course.authoring.stamps import ROOT
from course.classroom import frames, saved
from course.classroom.frames.page import FRAMES
from tests.conftest import CHROMIUM

MOVES = 30
HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width"><style>:root {{ color-scheme: light dark }}'
    "body {{ max-width: 60em; margin: 1em auto; padding: 0 12px; font-family: system-ui }}</style>"
    '<link rel="stylesheet" href="player.css"><script defer src="player.js"></script></head>'
)

# Milliseconds from the event to the end of the frame in which the new words and picture are painted.
ANSWER = """input => new Promise(done => {
  const shown = input.closest(".advantage-player");
  const words = shown.querySelector("[aria-live], .prize-chips");
  const began = performance.now();
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }).observe(words, { childList: true, characterData: true, subtree: true });
  const most = input.max ?? input.options.length - 1;
  const place = input.tagName === "SELECT" ? input.selectedIndex : Number(input.value);
  const next = place >= Number(most) ? 0 : place + 1;
  if (input.tagName === "SELECT") input.selectedIndex = next; else input.value = next;
  input.dispatchEvent(new Event("input"));
  input.dispatchEvent(new Event("change"));
})"""


def page(folder: Path) -> Path:
    """Write a page of a lesson's widgets beside its frames, and return its path."""
    outputs = [
        "".join(output.get("data", {}).get("text/html", ""))
        for cell in saved.read(ROOT / "solutions" / f"{folder.name}.ipynb").cells
        for output in cell.outputs
    ]
    twins = [each for each in outputs if "advantage-twin" in each]
    players = [
        frames.played(twin, widget=number, folder=folder, url=folder.name)
        for number, twin in enumerate(twins)
    ]
    for name, path in frames.assets().items():
        shutil.copy(path, folder.parent / name)
    target = folder.with_suffix(".html")
    body = f"<body><main><h1>{folder.name}</h1>{'<hr>'.join(players)}</main></body></html>"
    target.write_text(HEAD.format(title=folder.name) + body, encoding="utf-8")
    return target


def answers(tab: Page, number: int) -> list[float]:
    """Milliseconds of the moves of one widget on an open page, all its controls in turn."""
    player = tab.locator(".advantage-player").nth(number)
    player.scroll_into_view_if_needed()
    if player.get_attribute("data-url"):
        tab.wait_for_function(
            "n => document.querySelectorAll('.advantage-player')[n].dataset.loaded",
            arg=number,
            timeout=120_000,
        )
    # Of the prize the dial alone: some of its other controls turn it off.
    controls = player.locator("input" if player.locator(".prize").count() else "input, select").all()
    return [controls[move % len(controls)].evaluate(ANSWER) for move in range(MOVES)]


def rows(folder: Path, tab: Page) -> Iterator[tuple]:
    """For each widget of a lesson: lesson, number, frames, MB, median and longest answer in ms."""
    tab.goto(page(folder).as_uri())
    for number, widget in enumerate(json.loads((folder / FRAMES).read_text(encoding="utf-8"))["widgets"]):
        spent = answers(tab, number)
        files = [folder / name for name in widget.get("files", [])]
        size = sum(file.stat().st_size for file in files) + len(json.dumps(widget, ensure_ascii=False))
        count = "all" if widget["kind"] == "prize" else len(widget["frames"])
        yield folder.name, number, count, size / 1e6, np.median(spent), max(spent)


def main(out: Path = Path("build/frames")) -> None:
    """Print the table, and the size of each page: its notebook, and its widgets."""
    folders = sorted(path.parent for path in out.glob(f"[0-9][0-9]_*/{FRAMES}"))
    pages = {}
    print("| lesson | widget | frames | MB | median ms | longest ms |\n| --- | --- | --- | --- | --- | --- |")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        for folder in folders:
            pages[folder.name] = (ROOT / "solutions" / f"{folder.name}.ipynb").stat().st_size / 1e6
            for name, number, count, size, median, longest in rows(folder, tab):
                pages[name] += size
                print(f"| {name} | {number} | {count} | {size:.2f} | {median:.0f} | {longest:.0f} |")
        browser.close()
    largest = max(pages, key=pages.get)
    print(f"\nLargest page: {largest}, {pages[largest]:.1f} MB, its notebook included.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""Hands and eyes: people in a browser, who log in, run a lesson, write an answer, and hand it in."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from course.classroom.hub.place import Place, chromium
from course.classroom.hub.server import wait

__all__ = ["BrowserError", "Person", "browser"]

READY = re.compile(r"^Python 3 .*\| Idle$")  # JupyterLab's status line, once the kernel answers
SLOWEST = 1800.0  # seconds for a lesson, on a machine that is busy with others


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        try:
            yield one
        finally:
            one.close()


class Person:
    """Somebody at a browser of their own, on the hub."""

    def __init__(self, browser: Browser, place: Place, address: str, name: str) -> None:
        """Open an empty page."""
        self.name = name
        self.place = place
        self.page: Page = browser.new_context(
            viewport={"width": 1280, "height": 900}, base_url=address
        ).new_page()

    @property
    def home(self) -> Path:
        """Their folder."""
        return self.place.home(self.name)

    def log_in(self, password: str) -> float:
        """Log in and wait for JupyterLab; return after how many seconds it could be used."""
        self.page.goto("/hub/login")
        self.page.locator("#username_input").fill(self.name)
        self.page.locator("#password_input").fill(password)

        start = time.monotonic()
        self.page.locator("#login_submit").click()
        self.page.locator(".jp-Launcher-content").wait_for(timeout=120_000)
        self.page.get_by_role("menuitem", name="Run", exact=True).wait_for()
        return time.monotonic() - start

    def open(self, path: str) -> float:
        """Open a notebook of the home folder; return after how many seconds its kernel was ready."""
        start = time.monotonic()
        self.page.goto(f"/user/{self.name}/lab/tree/{path}?reset")
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=120_000)
        self.page.get_by_text(READY).wait_for(timeout=120_000)
        return time.monotonic() - start

    def run_all(self) -> float:
        """Run every cell; return after how many seconds the last one had run."""
        start = time.monotonic()
        self._choose("Run", "Run All Cells")
        last = self.page.locator(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt").last
        wait(lambda: re.fullmatch(r"\[\d+\]:", last.inner_text()), SLOWEST, "the last cell to run")
        return time.monotonic() - start

    def answer(self, exercise: str, line: str) -> float:
        """Write a line in place of the stub's `raise`, run the cell and its check; seconds to the panel."""
        cell = self._cell(f"def {exercise}(")
        stub = cell.locator(".cm-line", has_text="raise NotImplementedError")
        stub.scroll_into_view_if_needed()
        stub.click()
        keys = self.page.keyboard
        keys.press("Home")
        keys.press("Shift+End")
        keys.type(line)

        start = time.monotonic()
        keys.press("Shift+Enter")
        keys.press("Shift+Enter")
        self.panel(exercise).get_by_text(re.compile(f"{exercise}: (right|not yet)")).wait_for(timeout=60_000)
        return time.monotonic() - start

    def panel(self, exercise: str) -> Locator:
        """What stands below the check of an exercise."""
        return self._cell(f"check({exercise})").locator("[role=status]").first

    def save(self, path: str, expected: str) -> None:
        """Save the notebook by keyboard, and wait until the file on the disk has the answer in it."""
        self.page.keyboard.press("Control+s")
        file = self.home / path
        wait(lambda: expected in file.read_text(encoding="utf-8"), 30, f"{file} to be saved")

    def in_a_terminal(self, *commands: str) -> str:
        """Type commands into a terminal of JupyterLab; return what they said, with their exit status."""
        told = self.home / ".told"
        told.unlink(missing_ok=True)
        self.page.goto(f"/user/{self.name}/lab?reset")
        self.page.locator('.jp-LauncherCard[title*="terminal"]').first.click(timeout=120_000)
        self.page.locator(".jp-Terminal .xterm-screen").click(timeout=60_000)
        time.sleep(1)  # until its shell listens

        script = " && ".join(commands)
        self.page.keyboard.type(
            f"({script}) 2>&1 | tee .tell; echo status ${{PIPESTATUS[0]}} >> .tell; mv .tell .told"
        )
        self.page.keyboard.press("Enter")
        wait(told.exists, 120, f"{self.name}'s terminal to end `{script}`")
        return told.read_text(encoding="utf-8")

    def picture(self, name: str) -> None:
        """A screenshot of what they see."""
        self.page.screenshot(path=self.place.out / f"{name}.png")

    def shut_down_kernels(self) -> None:
        """End every kernel, as *Shut Down All* does."""
        self._choose("Kernel", "Shut Down All Kernels")
        self.page.locator(".jp-Dialog .jp-mod-accept, .jp-Dialog .jp-mod-warn").last.click()

    def _cell(self, text: str) -> Locator:
        return self.page.locator(".jp-NotebookPanel .jp-CodeCell", has_text=text).first

    def _choose(self, menu: str, entry: str) -> None:
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_text(re.compile(f"^{re.escape(entry)}…?$")).click()

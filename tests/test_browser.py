"""Lesson 2 in a real JupyterLab in a real browser: run all of it, and move a slider with the mouse."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LESSON = "02_min_max_scaling"
SLIDER = "games played"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are drawn as well
}


def missing(what):
    """Skip, but not where everything must be tested."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set")
    pytest.skip(what)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        missing("no Chromium on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def jupyterlab(browser, tmp_path_factory):
    """The address of a JupyterLab on copies of the notebooks, with nobody's settings and nobody's trust."""
    root = tmp_path_factory.mktemp("lab")
    for folder in ("notebooks", "solutions"):
        (root / "work" / folder).mkdir(parents=True)
        shutil.copy(ROOT / folder / f"{LESSON}.ipynb", root / "work" / folder)
    environment = dict(os.environ)
    for name in ("CONFIG", "DATA", "RUNTIME"):
        environment[f"JUPYTER_{name}_DIR"] = str(root / name.lower())
    for name in ("SETTINGS", "WORKSPACES"):
        environment[f"JUPYTERLAB_{name}_DIR"] = str(root / name.lower())
    for name, setting in SETTINGS.items():
        path = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={root / 'work'}"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="]
    if hasattr(os, "getuid") and os.getuid() == 0:
        command.append("--allow-root")
    with (root / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
    try:
        wait(lambda: answers(f"{address}/api", server, root / "log"), 60, "JupyterLab to start")
        yield address
    finally:
        server.terminate()  # it ends its kernels first
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def answers(address, server, log):
    assert server.poll() is None, log.read_text()
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def wait(happened, seconds, what):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)


@pytest.fixture
def page(browser, jupyterlab, tmp_path):
    """A page that keeps what its console says and whom it asks; a picture of it is left in tmp_path."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000}, base_url=jupyterlab)
    page.said, page.asked = [], set()
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.add(request.url))
    yield page
    page.screenshot(path=tmp_path / "last.png")
    page.close()


def opened(page, path):
    page.goto(f"/lab/tree/{path}?reset")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
    return page.locator(".jp-NotebookPanel")


def undisturbed(page):
    """No question stands in the way; raises if one does."""
    assert page.locator(".jp-Dialog").count() == 0, page.locator(".jp-Dialog").inner_text()
    return True


def assert_quiet(page, jupyterlab):
    """No widget failed, and nothing was asked for outside this machine."""
    assert not [text for text in page.said if "Error displaying widget" in text], page.said
    assert page.get_by_text(re.compile("Error displaying widget|javascript error")).count() == 0
    elsewhere = {url for url in page.asked if not url.startswith((jupyterlab, "data:", "blob:"))}
    assert not elsewhere


def test_run_all_reaches_the_end_and_a_dragged_slider_changes_the_picture_and_the_words(
    page, jupyterlab, tmp_path
):
    notebook = opened(page, f"notebooks/{LESSON}.ipynb")
    code = json.loads((ROOT / "notebooks" / f"{LESSON}.ipynb").read_text(encoding="utf-8"))["cells"]
    cells = sum(cell["cell_type"] == "code" for cell in code)
    # Until its kernel is there, JupyterLab answers Run All with a question.
    page.get_by_text(re.compile(r"^Python 3 .*\| Idle$")).wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    last = notebook.locator(".jp-CodeCell .jp-InputPrompt").last
    wait(lambda: undisturbed(page) and last.inner_text() == f"[{cells}]:", 300, "the last cell")
    page.screenshot(path=tmp_path / "run.png")
    assert notebook.get_by_text("still to do").count() >= 2
    assert_quiet(page, jupyterlab)

    widget = notebook.locator(".widget-vbox", has=page.get_by_text(SLIDER, exact=True))
    assert widget.count() == 1
    picture, words = widget.locator("img"), widget.get_by_role("status")
    readout, handle = widget.locator(".widget-readout"), widget.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    picture.wait_for()
    before = picture.get_attribute("src"), words.inner_text(), readout.inner_text()
    assert f"After {before[2]} of 12 games" in before[1]
    page.screenshot(path=tmp_path / "before.png")

    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y, steps=10)
    page.mouse.up()
    wait(lambda: f"After {readout.inner_text()} of" in words.inner_text(), 20, "the words to follow")
    wait(lambda: picture.get_attribute("src") != before[0], 20, "the picture to follow")
    page.screenshot(path=tmp_path / "after.png")
    assert int(readout.inner_text()) > int(before[2])
    assert words.inner_text() != before[1]
    assert picture.evaluate("image => image.naturalWidth") > 300  # it is drawn, not broken
    named = picture.get_attribute("alt") or picture.get_attribute("title") or ""
    assert named == words.inner_text(), "a screen reader would read the picture's address"
    assert_quiet(page, jupyterlab)


def test_a_solution_that_was_never_run_here_shows_still_pictures_with_their_words(page, jupyterlab, tmp_path):
    notebook = opened(page, f"solutions/{LESSON}.ipynb")
    twins = notebook.get_by_text(re.compile("^Interactive figure, at .* Run this cell to move the controls"))
    twins.first.wait_for(timeout=30_000)
    saved = (ROOT / "solutions" / f"{LESSON}.ipynb").read_text(encoding="utf-8")
    assert twins.count() == saved.count("<i>Interactive figure") > 0
    pictures = notebook.locator(".jp-OutputArea img")
    wait(lambda: pictures.count() == saved.count("<img alt="), 30, "all pictures")
    for picture in pictures.all():
        assert len(picture.get_attribute("alt").split()) > 8
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 300
    twins.first.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "untrusted.png")
    assert notebook.locator(".noUi-handle").count() == 0, "nothing was run, so nothing can be dragged"
    assert notebook.get_by_text(re.compile("Loading widget|interactive\\(children=")).count() == 0
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert_quiet(page, jupyterlab)

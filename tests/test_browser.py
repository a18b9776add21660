"""Lessons in a real JupyterLab in a real browser: run, drag, type on a control, save, come back tomorrow.

One server and one browser serve every test. The learner's notebook is made from the lesson's source.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course.authoring.notebooks import dumps, unsolved
from course.authoring.source import read
from course.language import credit, tales
from course.language.credit import LAMBDAS
from course.plots.prize import brief, chosen
from course.widgets import prize
from tests.test_prize import THREE

ROOT = Path(__file__).resolve().parents[1]
LESSON = "03_jackpots"
SLIDER = "batch size"
WIDGETS = (ROOT / "solutions" / f"{LESSON}.py").read_text(encoding="utf-8").count("widgets.Explorer(")
DEEPER = "05_spreading_rewards"  # a lesson that has something to dig for
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {
        "windowingMode": "none",  # cells out of sight are drawn as well
        "showEditorForReadOnlyMarkdown": False,  # as setup.sh has it
    },
}
# One control of each kind that the course has, and a setting that cannot be drawn.
CONTROLS = """
from course import widgets
from course.plots import min_max_scaling as plots


def draw(seen, best, size, critic):
    if size == 100:
        raise ValueError("a hundred is a crowd")
    return plots.history([3, 1, 4, 8], seen)


widgets.Explorer(
    draw,
    seen=widgets.slider("games played", 2, 1, 4, 1),
    best=widgets.log_slider("best score", 10, 1, 1000),
    size=widgets.choice("batch size", [5, 20, 100], 20),
    critic=widgets.choice("critic", ["as given", "drawn", "best"], "drawn"),
)
"""
# Critics of two ages only: the others need seconds.
PRIZE = """
from functools import partial

from course import widgets
from course.language import ages

readings = ages.twenty_tales(ages=(0, 1))
widgets.who_earned_the_prize(readings=readings, read=partial(ages.read, ages=(0, 1)))
"""


@pytest.fixture(scope="session")
def jupyterlab(browser, tmp_path_factory):
    """The address of a JupyterLab on copies of the notebooks, with nobody's settings and nobody's trust."""
    root = tmp_path_factory.mktemp("lab")
    fill(root / "work")
    with serving(root) as address:
        yield address


@contextmanager
def serving(root, *flags):
    """The address of a JupyterLab on the folder `work` of `root`, which keeps its settings beside it."""
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
    command += flags
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


def fill(work):
    """Learners' copies, the solution of the lesson, and notebooks of one cell with CONTROLS and PRIZE."""
    for folder in ("notebooks", "solutions"):
        (work / folder).mkdir(parents=True)
    for name in (LESSON, DEEPER):
        copied = dumps(unsolved(read(ROOT / "solutions" / f"{name}.py")))
        (work / "notebooks" / f"{name}.ipynb").write_text(copied, encoding="utf-8")
    shutil.copy(ROOT / "solutions" / f"{LESSON}.ipynb", work / "solutions")
    python = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    for name, code in (("controls", CONTROLS), ("prize", PRIZE)):
        cells = [nbformat.v4.new_code_cell(code.strip()), *(map(nbformat.v4.new_markdown_cell, "abc"))]
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": python})
        nbformat.write(notebook, work / f"{name}.ipynb")


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


@pytest.fixture(scope="session")
def new_page(browser, jupyterlab):
    """A function that opens a page which keeps what its console says and whom it asks."""

    return lambda: listening(browser, jupyterlab)


def listening(browser, address):
    """A page that keeps what its console says and whom it asks."""
    page = browser.new_page(viewport={"width": 1200, "height": 1000}, base_url=address)
    page.said, page.asked = [], set()
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.asked.add(request.url))
    return page


@pytest.fixture
def page(new_page):
    page = new_page()
    yield page
    page.close()


@pytest.fixture(scope="session")
def lesson(new_page):
    """The page of the learner's copy, after a run of all its cells."""
    page = new_page()
    notebook = opened(page, f"notebooks/{LESSON}.ipynb")
    run_all(page)
    wait(lambda: has_run(page, notebook), 300, "the last cell")
    wait(lambda: notebook.locator(".advantage-explorer img").count() == WIDGETS, 60, "the widgets")
    yield page
    page.close()


@pytest.fixture(scope="session")
def controls(new_page):
    """The page of the notebook CONTROLS, after a run."""
    page = new_page()
    notebook = opened(page, "controls.ipynb")
    run_all(page)
    wait(lambda: notebook.locator(".advantage-explorer img").count() == 1, 60, "the widget")
    yield page
    page.close()


def opened(page, path):
    page.goto(f"/lab/tree/{path}?reset")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
    return page.locator(".jp-NotebookPanel")


def run_all(page):
    # Until its kernel is there, JupyterLab answers Run All with a question.
    page.get_by_text(re.compile(r"^Python 3 .*\| Idle$")).wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def has_run(page, notebook):
    """Whether the last cell with code has run, and nothing is in its way."""
    return undisturbed(page) and re.fullmatch(
        r"\[\d+\]:", notebook.locator(".jp-CodeCell .jp-InputPrompt").last.inner_text()
    )


def undisturbed(page):
    """No question stands in the way; raises if one does."""
    assert page.locator(".jp-Dialog").count() == 0, page.locator(".jp-Dialog").inner_text()
    return True


def of(control):
    """What a control shows, to a screen reader as well."""
    return control.evaluate("each => each.getAttribute('aria-valuetext') ?? each.value")


def assert_quiet(page, jupyterlab):
    """No widget failed, and nothing was asked for outside this machine."""
    assert not [text for text in page.said if "Error displaying widget" in text], page.said
    assert page.get_by_text(re.compile("Error displaying widget|javascript error")).count() == 0
    elsewhere = {url for url in page.asked if not url.startswith((jupyterlab, "data:", "blob:"))}
    assert not elsewhere


def test_run_all_reaches_the_end_quietly(lesson, jupyterlab, tmp_path):
    lesson.screenshot(path=tmp_path / "run.png")
    assert lesson.locator(".jp-Notebook").get_by_text("still to do").count() >= 1
    assert_quiet(lesson, jupyterlab)
    twins = lesson.locator(".advantage-twin")
    assert [each.is_visible() for each in twins.all()] == [False] * WIDGETS


def test_a_dragged_slider_changes_the_picture_and_the_words(lesson, jupyterlab, tmp_path):
    page = lesson
    widget = page.locator(".advantage-explorer", has=page.get_by_text(SLIDER, exact=True)).first
    picture, words = widget.locator("img"), widget.get_by_role("status")
    handle = widget.get_by_role("slider", name=SLIDER)
    handle.scroll_into_view_if_needed()
    picture.wait_for()
    before = picture.get_attribute("src"), words.inner_text(), of(handle)
    page.screenshot(path=tmp_path / "before.png")

    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y, steps=10)
    page.mouse.up()
    wait(lambda: words.inner_text() != before[1], 20, "the words to follow")
    wait(lambda: picture.get_attribute("src") != before[0], 20, "the picture to follow")
    page.screenshot(path=tmp_path / "after.png")
    after = of(handle)
    assert int(after.replace(",", "")) > int(before[2].replace(",", ""))
    assert picture.evaluate("image => image.naturalWidth") > 1_000  # it is drawn, at two pixels for one
    named = picture.get_attribute("alt") or picture.get_attribute("title") or ""
    assert named == words.inner_text(), "a screen reader would read the picture's address"
    assert_quiet(page, jupyterlab)


def test_a_double_click_on_a_hint_does_not_turn_it_into_source(lesson):
    cells = lesson.locator(".jp-MarkdownCell")
    place = cells.evaluate_all("cells => cells.findIndex(cell => cell.querySelector('summary'))")
    text = cells.nth(place)  # by its place, for a cell that shows its source has no summary any more
    text.locator("summary").first.dblclick()
    time.sleep(0.3)
    assert "jp-mod-rendered" in text.get_attribute("class")
    text.locator("p").first.dblclick()
    time.sleep(0.3)
    assert "jp-mod-rendered" in text.get_attribute("class")
    text.locator("summary").first.click()
    assert text.locator("details[open]").count() == 1


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


def test_dig_deeper_is_folded_when_a_lesson_is_opened_and_a_click_opens_it(page, tmp_path):
    notebook = opened(page, f"notebooks/{DEEPER}.ipynb")
    cells = notebook.locator(".jp-Cell")
    heading = notebook.locator(".jp-MarkdownCell", has=page.get_by_role("heading", name="Dig deeper"))
    heading.scroll_into_view_if_needed()
    place = cells.evaluate_all("(cells, one) => cells.indexOf(one)", heading.element_handle())
    below = cells.all()[place + 1 :]
    assert below
    assert heading.locator("em", has_text="minutes").is_visible()
    wait(lambda: not any(each.is_visible() for each in below), 10, "what is below to be hidden")
    page.screenshot(path=tmp_path / "folded.png")
    assert cells.nth(place - 1).is_visible()

    heading.get_by_text(re.compile(r"\d+ cells? hidden")).click()
    wait(lambda: all(each.is_visible() for each in below), 10, "what is below to be shown")
    page.screenshot(path=tmp_path / "open.png")


@pytest.mark.parametrize(
    ("role", "name", "down"),
    [
        ("slider", "games played", ("2", "1")),
        ("slider", "best score", ("10", "8")),
        ("slider", "batch size", ("20", "5")),
        ("combobox", "critic", ("drawn", "best")),
    ],
)
def test_a_control_has_its_name_keeps_its_keys_and_deletes_no_cell(controls, role, name, down):
    control = controls.locator(".advantage-explorer").get_by_role(role, name=name, exact=True)
    cells = controls.locator(".jp-Notebook .jp-Cell")
    assert cells.count() == 4
    assert of(control) == down[0]
    control.press("ArrowDown")
    wait(lambda: of(control) == down[1], 10, "the arrow to move it")
    control.press("ArrowUp")
    wait(lambda: of(control) == down[0], 10, "the arrow to move it back")
    for key in ("x", "a", "b", "m", "d", "d"):  # cut, insert above, below, make text, delete
        controls.keyboard.press(key)
    time.sleep(0.3)
    assert cells.count() == 4
    assert control.evaluate("each => document.activeElement === each")
    if role == "combobox":  # it went to the name that begins with the last letter
        control.select_option(down[0])


def test_the_keys_of_the_notebook_work_on_a_control_too(controls):
    control = controls.get_by_role("slider", name="games played")
    prompt = controls.locator(".jp-InputPrompt").first
    before = prompt.inner_text()
    control.press("Shift+Enter")
    wait(lambda: prompt.inner_text() not in (before, "[*]:"), 30, "the cell to run again")
    controls.locator(".advantage-explorer img").wait_for()
    controls.get_by_role("slider", name="games played").press("Control+s")
    wait(lambda: controls.locator(".jp-mod-dirty").count() == 0, 10, "the file to be saved")


def test_a_setting_that_cannot_be_drawn_is_said_below_a_pale_picture(controls):
    widget = controls.locator(".advantage-explorer")
    control, words = widget.get_by_role("slider", name="batch size"), widget.get_by_role("status")
    control.press("End")
    wait(lambda: "ValueError: a hundred is a crowd" in words.inner_text(), 10, "the words")
    opacity = widget.locator("img").evaluate("each => getComputedStyle(each.parentElement).opacity")
    assert float(opacity) < 0.5
    control.press("Home")
    wait(lambda: "best score is" in words.inner_text(), 10, "the words")
    assert widget.locator("img").evaluate("each => getComputedStyle(each.parentElement).opacity") == "1"


@pytest.mark.parametrize("width", [1200, 760])
def test_no_control_is_cut_at_the_edge(controls, width):
    controls.set_viewport_size({"width": width, "height": 1000})
    time.sleep(0.3)
    within = controls.locator(".advantage-explorer").bounding_box()
    for each in controls.locator(".advantage-explorer").locator(".widget-inline-hbox, select, img").all():
        box = each.bounding_box()
        assert box["x"] >= within["x"]
        assert box["x"] + box["width"] <= within["x"] + within["width"]


def test_who_earned_the_prize_needs_a_kernel_only_to_swap_a_word(browser, tmp_path):
    frames = credit.frames(THREE)
    (tmp_path / "page.html").write_text(prize.page(frames, answer=0, token=5), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((tmp_path / "page.html").as_uri())

    # Every number is that of the frame, whatever the settings.
    chips, sums = page.locator(".prize-chip"), page.locator(".prize-sum")
    for weight in frames["weights"]:
        page.get_by_label("weight", exact=True).select_option(weight)
        for critic in frames["critics"]:
            page.get_by_label("critic", exact=True).select_option(critic)
            answer = frames["answers"][0]
            points = chosen(answer["weights"][weight], critic=critic, lam=LAMBDAS.index(0.95))
            assert chips.locator(".prize-number").all_inner_texts() == [*map(brief, points)]
            assert sums.inner_text().startswith(f"Σδ = {answer['sums'][critic]:+,} points".replace("-", "−"))
    assert page.get_by_label("λ", exact=True).is_enabled()
    page.get_by_label("λ", exact=True).press("Home")
    assert chips.nth(5).locator(".prize-number").inner_text() == brief(answer["deltas"][critic][5])
    page.get_by_label("weight", exact=True).select_option("whole score")
    assert page.get_by_label("λ", exact=True).is_disabled()

    # With the keyboard alone: from chip to chip, and to the last answer, after which no button says "next".
    chips.nth(5).focus()
    for key, goal in (("ArrowRight", 6), ("Home", 0), ("ArrowLeft", 0), ("End", 14)):
        page.keyboard.press(key)
        assert chips.nth(goal).evaluate("each => document.activeElement === each")
        assert f"Token {goal + 1} of 15: " in page.locator(".prize-table caption").inner_text()
    later = page.get_by_role("button", name="next answer")
    later.press("Enter")
    assert chips.count() == len(frames["answers"][1]["words"])
    chips.nth(3).focus()
    boxes = [chip.bounding_box() for chip in chips.all()]
    page.keyboard.press("ArrowDown")
    below = next(t for t, box in enumerate(boxes) if box["y"] > boxes[3]["y"] and box["x"] == boxes[3]["x"])
    assert chips.nth(below).evaluate("each => document.activeElement === each")
    page.keyboard.press("ArrowUp")
    assert chips.nth(3).evaluate("each => document.activeElement === each")
    later.press("Enter")
    assert page.locator(".prize-place").inner_text() == "answer 3 of 3"
    assert later.is_disabled()
    assert page.get_by_role("button", name="previous answer").evaluate(
        "each => document.activeElement === each"
    )
    assert page.get_by_label("in place of").is_disabled()
    assert not said
    page.close()


def test_who_earned_the_prize_is_told_by_hover_and_keyboard_and_a_swap_moves_v(page, jupyterlab, tmp_path):
    notebook = opened(page, "prize.ipynb")
    run_all(page)
    widget, news = notebook.locator(".advantage-explorer.prize"), notebook.locator(".prize-news")
    chips, cells = widget.locator(".prize-chip"), widget.locator(".prize-table tr")
    wait(chips.first.is_visible, 120, "the widget")
    wait(lambda: notebook.locator(".advantage-twin").count() == 1, 20, "its twin")
    assert not notebook.locator(".advantage-twin").is_visible()
    words = chips.locator(".prize-word").all_inner_texts()
    before = tales.exact_values([tales.encode(" ".join(words))])[0]

    def shown(row):
        texts = cells.nth(row).locator("td").all_inner_texts()
        return [int(text.replace("−", "-").replace(",", "").replace("+", "")) for text in texts]

    # The mouse looks at a chip and leaves; the chosen one stays.
    chosen_first = chips.evaluate_all("all => all.findIndex(each => each.tabIndex === 0)")
    place = next(t for t, word in enumerate(words) if word in tales.LUCKY and t != chosen_first)
    chips.nth(place).hover()
    reward, value, following, delta, _ = shown(2)
    assert (reward, value, following) == (0, *np.rint(before[place : place + 2]))
    assert delta == following - value
    page.mouse.move(5, 5)
    assert words[chosen_first] in widget.locator("caption").inner_text()

    # The keyboard chooses, swaps, and leaves the notebook's cells alone.
    chips.first.focus()
    for _ in range(place):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("d")
    page.keyboard.press("d")
    page.screenshot(path=tmp_path / "prize.png")
    page.keyboard.press("Enter")
    swap = widget.get_by_label("in place of")
    assert swap.evaluate("each => document.activeElement === each")
    swap.select_option("rum")
    wait(lambda: "exact V after this word" in news.inner_text(), 20, "the new values")
    assert chips.locator(".prize-word").all_inner_texts() == [*words[:place], "rum", *words[place + 1 :]]
    after = tales.exact_values([tales.encode(" ".join([*words[:place], "rum", *words[place + 1 :]]))])[0]
    assert shown(2)[1:3] == [*np.rint(after[place : place + 2])]
    assert f"{before[place + 1]:,.0f} → {after[place + 1]:,.0f}" in news.inner_text()
    widget.get_by_role("button", name="as it was written").press("Enter")
    assert chips.locator(".prize-word").all_inner_texts() == words
    assert notebook.locator(".jp-Cell").count() == 4
    page.screenshot(path=tmp_path / "swapped.png")
    assert_quiet(page, jupyterlab)


# As the Running panel would; the user's own notebooks stay open.
STOP_KERNELS = """async () => {
  const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
  for (const session of await (await fetch("/api/sessions")).json())
    await fetch(`/api/sessions/${session.id}`, { method: "DELETE", headers: { "X-XSRFToken": token } });
}"""


def test_a_saved_notebook_that_is_opened_again_shows_its_pictures_and_after_a_run_its_controls(
    lesson, page, jupyterlab, tmp_path
):
    lesson.keyboard.press("Control+s")
    wait(lambda: lesson.locator(".jp-mod-dirty").count() == 0, 20, "the file to be saved")
    lesson.evaluate(STOP_KERNELS)
    lesson.goto("about:blank")

    # Tomorrow.
    notebook = opened(page, f"notebooks/{LESSON}.ipynb")
    lost, widgets = notebook.get_by_text("model not found"), notebook.locator(".advantage-explorer")
    wait(lambda: lost.count() == WIDGETS, 30, "JupyterLab to miss the widgets")
    assert not any(each.is_visible() for each in lost.all())
    assert widgets.count() == 0
    twins = notebook.locator(".advantage-twin")
    assert twins.count() == WIDGETS
    for twin in twins.all():
        assert twin.locator("img").bounding_box()["height"] > 200
        assert twin.get_by_text("Run this cell to move the controls").is_visible()
    twins.first.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "reopened.png")

    run_all(page)
    wait(lambda: widgets.locator("img").count() == WIDGETS, 120, "the widgets")
    assert [each.is_visible() for each in twins.all()] == [False] * WIDGETS
    assert lost.count() == 0
    words = widgets.first.get_by_role("status")
    before = words.inner_text()
    widgets.first.get_by_role("slider", name="batch size").press("ArrowRight")
    wait(lambda: words.inner_text() != before, 20, "the words to follow")

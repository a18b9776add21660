"""Lessons in JupyterLab for a reader with a keyboard, a screen reader, a dark theme or a finger."""

import re

import nbformat
import pytest

from course.authoring.stamps import ROOT
from tests.classroom.axe import EXPOSED, THEMES, UPSTREAM, findings, pale, wear
from tests.test_browser import (
    CONTROLS,
    PRIZE,
    listening,
    opened,
    run_all,
    serving,
    wait,
)

# What a lesson shows: texts with a fold, a formula and a table, the three panels of a check, each kind of
# control, the prize widget, and a film.
TEXTS = ("00_welcome", "03_jackpots")
PANELS = """
from course import check


def episode_score(rewards):
    raise NotImplementedError()


try:
    check(episode_score)
except Exception as error:
    print(type(error).__name__)
"""
WRONG = PANELS.replace("raise NotImplementedError()", "return max(rewards)")
RIGHT = PANELS.replace("raise NotImplementedError()", "return sum(rewards)")
FILM = """
import numpy as np

from course.plots import actor_critic

actor_critic.film({"beginner": np.zeros((3, 4)), "your agent": np.full((3, 4), 0.1)})
"""
TOLD = """each => {
  const labels = [...(each.labels ?? [])].map((label) => label.textContent).join();
  return [each.ariaLabel || labels || each.textContent, each.getAttribute("aria-valuetext") ?? each.value,
          each.tagName];
}"""
EDGE = """each => {
  const style = getComputedStyle(each);
  return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.borderColor].join();
}"""
CELLS = (PANELS, WRONG, RIGHT, CONTROLS, PRIZE, FILM)


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """A page of JupyterLab on a notebook that has run."""
    root = tmp_path_factory.mktemp("access")
    (root / "work").mkdir()
    texts = []
    for name in TEXTS:
        solution = nbformat.read(ROOT / "solutions" / f"{name}.ipynb", as_version=4)
        texts += [cell for cell in solution.cells if cell.cell_type == "markdown"]
    code = [nbformat.v4.new_code_cell(each.strip()) for each in CELLS]
    python = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(cells=[*code, *texts], metadata={"kernelspec": python})
    nbformat.write(notebook, root / "work" / "shown.ipynb")

    with serving(root, EXPOSED) as address:
        page = listening(browser, address)
        shown = opened(page, "shown.ipynb")
        run_all(page)
        wait(lambda: shown.locator(".advantage-explorer img").count() == 1, 90, "the widget")
        wait(lambda: shown.locator(".prize-chip").count() > 10, 90, "the prize")
        wait(lambda: shown.locator("img[src*='image/gif']").count() == 1, 90, "the film")
        yield page
        page.close()


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious_of_ours(lab, theme, tmp_path):
    wear(lab, theme)
    found = [*findings(lab), *pale(lab)]
    lab.screenshot(path=tmp_path / f"{theme}.png")
    assert [each for each in found if not each.upstream] == []
    assert {each.rule for each in found} <= set(UPSTREAM)


def test_axe_would_find_pale_words_and_a_picture_without_words(lab):
    bad = "<p style='color:#ccc;background:#fff'>pale words</p><img src='data:,'>"
    place = lab.locator(".jp-RenderedMarkdown").first
    before = place.inner_html()
    place.evaluate("(each, bad) => { each.innerHTML = bad }", bad)
    rules = {each.rule for each in [*findings(lab), *pale(lab)]}
    place.evaluate("(each, before) => { each.innerHTML = before }", before)
    assert {"color-contrast", "image-alt"} <= rules


def test_a_panel_says_by_a_mark_and_a_word_what_its_colour_says_and_is_announced(lab):
    panels = lab.locator(".jp-OutputArea [role=status]").filter(has_text=re.compile("episode_score:"))
    said = [each.inner_text().split("\n")[0] for each in panels.all()]
    assert said == ["… episode_score: still to do", "✘ episode_score: not yet", "✔ episode_score: right"]


def test_every_control_has_a_name_and_tells_its_value_in_words(lab):
    for area in (".advantage-explorer", ".prize"):
        controls = lab.locator(area).locator("[role=slider], select, input, button")
        assert controls.count() >= 4
        for control in controls.all():
            name, value, kind = control.evaluate(TOLD)
            assert name.strip(), control.evaluate("each => each.outerHTML")
            assert value or kind == "BUTTON", name


def test_tab_reaches_each_control_in_order_with_a_focus_that_is_seen_and_leaves(lab):
    widget = lab.locator(".advantage-explorer").first
    handles = widget.locator("[role=slider], select")
    handles.first.focus()
    for nth in range(handles.count()):
        if nth:
            lab.keyboard.press("Tab")
            while lab.evaluate("document.activeElement.matches('.widget-readout')"):
                lab.keyboard.press("Tab")  # the number beside a slider can be typed into
        control = handles.nth(nth)
        focus = lab.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert control.evaluate("each => each === document.activeElement"), focus
        focused = control.evaluate(EDGE)
        lab.evaluate("document.activeElement.blur()")
        assert control.evaluate(EDGE) != focused, "nobody sees where the focus is"
        control.focus()
    for _ in range(6):
        lab.keyboard.press("Tab")
    assert not widget.evaluate("each => each.contains(document.activeElement)"), "a trap"


def test_a_fold_opens_and_closes_by_keyboard(lab):
    summary = lab.locator(".jp-RenderedMarkdown summary").first
    summary.focus()
    fold = summary.locator("xpath=..")
    assert fold.get_attribute("open") is None
    lab.keyboard.press("Enter")
    wait(lambda: fold.get_attribute("open") is not None, 5, "the fold to open")
    lab.keyboard.press("Enter")
    wait(lambda: fold.get_attribute("open") is None, 5, "the fold to close")


def test_a_film_can_be_stopped_and_stands_still_for_whoever_asks_for_less_motion(lab):
    film = lab.locator("details", has=lab.locator("img[src*='image/gif']"))
    film.scroll_into_view_if_needed()
    moving = film.locator("img").evaluate("each => each.currentSrc")
    lab.emulate_media(reduced_motion="reduce")
    wait(lambda: film.locator("img").evaluate("each => each.currentSrc") != moving, 5, "a still picture")
    lab.emulate_media(reduced_motion="no-preference")
    film.locator("summary").focus()
    lab.keyboard.press("Enter")
    assert not film.locator("img").is_visible()

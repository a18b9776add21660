import html
import re
import time

import ipywidgets
import numpy as np
import pytest

from course import widgets
from course.authoring.stamps import ROOT
from course.plots import alt_text, figure, html_of_axes, min_max_scaling
from course.plots.parts import told

SCORES = np.array([3.0, 1.0, 4.0, 8.0])
VIEW = "application/vnd.jupyter.widget-view+json"


@figure(4.0, 2.0)
def line(slope, height, name, *, ax):
    ax.plot([0, 1], [height, height + slope])
    return told(ax, f"The line {name}, of slope {slope:g} from {height:g}.")


def explorer():
    return widgets.Explorer(
        line,
        slope=widgets.slider("slope", 2, 0, 5, 1),
        height=widgets.log_slider("height", 10.0, 1.0, 1000.0),
        name=widgets.choice("name", ["a & b", "c"]),
    )


MOVES = {"slope": 5, "height": 100.0, "name": "c"}


@pytest.mark.parametrize("name", MOVES)
def test_moving_a_control_changes_the_picture_and_the_words(name):
    shown = explorer()
    before = shown.image.value, shown.words.value, shown.alt
    shown.controls[name].value = MOVES[name]
    settings = {"slope": 2, "height": 10.0, "name": "a & b", name: MOVES[name]}
    assert shown.alt == alt_text(line(**settings))
    assert html.escape(shown.alt) in shown.words.value
    assert shown.image.value == html_of_axes(line(**settings))
    for old, new in zip(before, (shown.image.value, shown.words.value, shown.alt), strict=True):
        if (name, old) != ("name", before[0]):  # the name is in the words only
            assert old != new


def test_going_back_shows_the_first_picture_again():
    shown = explorer()
    first = shown.image.value, shown.words.value
    shown.controls["slope"].value = 4
    shown.controls["slope"].value = 2
    assert (shown.image.value, shown.words.value) == first


def test_all_controls_stand_above_the_figure_and_the_words_below():
    shown = explorer()
    assert shown.children == (*shown.controls.values(), shown.image, shown.words)
    assert 'role="status"' in shown.words.value


def test_moving_makes_no_new_widgets():
    # Each new one would stay in the browser and in the kernel until the notebook is closed.
    shown = explorer()
    before = shown.image, shown.image.layout, shown.words
    shown.controls["slope"].value = 5
    for old, new in zip(before, (shown.image, shown.image.layout, shown.words), strict=True):
        assert new is old


def test_the_static_twin_has_the_picture_the_settings_and_the_words():
    shown = explorer()
    shown.controls["slope"].value = 3
    data = shown.twin()
    alt = "The line a & b, of slope 3 from 10."
    assert data["text/plain"] == f"Interactive figure, at slope 3, height 10.0, name a & b. {alt}"
    image = re.search('<img alt="([^"]*)"', data["text/html"])
    assert html.unescape(image[1]) == alt
    assert "data:image/png;base64," in data["text/html"]
    assert html.escape(data["text/plain"]) in data["text/html"]


def test_a_notebook_gets_the_widget_and_then_its_static_twin(kernel):
    (one, widget), (two, twin) = kernel(
        "from course import widgets\nfrom course.plots import min_max_scaling as plots\n"
        "explorer = widgets.Explorer(lambda seen: plots.history([3, 1, 4, 8], seen),\n"
        "                            seen=widgets.slider('games played', 2, 1, 4, 1))\nexplorer"
    )
    assert one == two == "display_data"
    # With nothing to fall back to, an untrusted notebook shows nothing in place of the widget.
    assert set(widget["data"]) == {VIEW}
    alt = alt_text(min_max_scaling.history(SCORES, 2))
    assert set(twin["data"]) == {"text/html", "text/plain"}
    assert f'<img alt="{html.escape(alt)}"' in twin["data"]["text/html"]
    assert twin["data"]["text/plain"] == f"Interactive figure, at games played 2. {alt}"
    ((_, said),) = kernel("print(explorer.model_id)")
    assert widget["data"][VIEW]["model_id"] == said["text"].strip()
    # and the slider moves it there too
    ((_, said),) = kernel("explorer.controls['seen'].value = 3; print(explorer.alt)")
    assert said["text"].strip() == alt_text(min_max_scaling.history(SCORES, 3))


def test_beside_its_picture_a_twin_takes_little_room():
    shown = explorer()
    assert len(shown.twin()["text/html"]) - len(shown.image.value) < 2_500


@figure(4.0, 2.0)
def choosy(step, *, ax):
    if step == 3:
        raise ZeroDivisionError("<b> is\nzero")
    ax.plot([0, step])
    return told(ax, f"At step {step}.")


def test_a_setting_that_cannot_be_drawn_is_said_and_the_next_good_one_mends_it():
    shown = widgets.Explorer(choosy, step=widgets.slider("step", 2, 0, 4, 1))
    good = shown.image.value
    assert shown.error is None
    shown.controls["step"].value = 3
    assert isinstance(shown.error, ZeroDivisionError)
    words = html.unescape(shown.words.value)
    assert "No figure at step 3:</b> ZeroDivisionError: <b> is zero. " in words
    assert "<b> is" not in shown.words.value  # escaped
    assert shown.image.value == f"{widgets.PALE}{good}</div>"
    shown.update()
    assert shown.image.value == f"{widgets.PALE}{good}</div>"  # no paler the second time
    shown.controls["step"].value = 2
    assert (shown.image.value, shown.error) == (good, None)
    assert shown.alt in shown.words.value
    assert "No figure" not in shown.words.value


def test_no_progress_bar_is_a_widget():
    """As one it would be an error message in a saved notebook, and it has no twin."""
    places = [*(ROOT / "course").rglob("*.py"), *(ROOT / "solutions").glob("*.py")]
    assert len(places) > 20
    for path in places:
        assert not re.search(
            r"(from|import) tqdm\.(auto|notebook|autonotebook)", path.read_text(encoding="utf-8")
        ), path


def test_the_first_drawing_raises_in_the_cell():
    with pytest.raises(ZeroDivisionError):
        widgets.Explorer(choosy, step=widgets.slider("step", 3, 0, 4, 1))


def test_the_end_of_a_slider_follows_another_control():
    lengths = {"short": 3, "long": 300}
    drawn = []

    def draw(episode, step):
        drawn.append((episode, step))
        return line(step, 1, episode)

    step = widgets.slider("step", 100, 0, lambda episode: lengths[episode] - 1, 1)
    shown = widgets.Explorer(draw, episode=widgets.choice("episode", list(lengths), "long"), step=step)
    assert (step.value, step.max) == (100, 299)
    shown.controls["episode"].value = "short"
    assert (step.value, step.max) == (2, 2)
    shown.controls["episode"].value = "long"
    assert (step.value, step.max) == (2, 299)
    assert drawn == [
        ("long", 100),
        ("short", 2),
        ("long", 2),
    ]  # never a step that is not there, and once each


def test_an_end_that_cannot_be_found_is_said_too():
    end = {1: 5, 2: 6}
    shown = widgets.Explorer(
        lambda which, step: line(step, 1, "x"),
        which=widgets.choice("which", [1, 2, 3]),
        step=widgets.slider("step", 2, 0, lambda which: end[which], 1),
    )
    shown.controls["which"].value = 3
    assert "KeyError" in shown.words.value
    shown.controls["which"].value = 2
    assert (shown.error, shown.controls["step"].max) == (None, 6)


def test_a_slider_of_whole_numbers_gives_whole_numbers():
    for four in ((2, 1, 4, 1), (np.int64(2), np.int64(1), 4, 1)):  # a length or an argmax is one of numpy's
        whole = widgets.slider("n", *four)
        assert (whole.value, whole.min, whole.max, whole.step) == (2, 1, 4, 1)
        assert isinstance(whole.value, int)
    fraction = widgets.slider("gamma", 0.5, 0, 1, 0.05)
    assert (fraction.value, fraction.min, fraction.max, fraction.step) == (0.5, 0, 1, 0.05)
    assert fraction.description == "gamma"


def test_a_log_slider_speaks_in_the_numbers_themselves():
    shown = widgets.log_slider("best", 1000.0, 10.0, 1_000_000.0)
    assert (shown.value, 10**shown.min, 10**shown.max) == (1000.0, 10.0, 1_000_000.0)


@pytest.mark.parametrize("low", [7.0, 31.0, 3423.0, 16256.9])
def test_a_log_slider_starts_exactly_where_it_was_put(low):
    shown = widgets.log_slider("best", low, low, 1_000_000.0)
    seen = []
    widgets.Explorer(lambda best: seen.append(best) or line(best, 1, "x"), best=shown)
    assert seen[0] == pytest.approx(low, rel=1e-12)


def test_a_choice_starts_at_the_first_or_at_the_one_that_was_asked_for():
    assert widgets.choice("size", [5, 20, 100]).value == 5
    assert widgets.choice("size", [5, 20, 100], 20).value == 20
    for options in ([1, 0.95, 0], ["GAE", ""], [True, False]):
        assert widgets.choice("lam", options, options[-1]).value == options[-1]


@pytest.mark.parametrize("options", [[5, 20, 100], [0.5, 0.03, 0.003], [np.int64(1), np.int64(2)], [1, 0.1]])
def test_numbers_in_order_are_a_slider_whose_arrow_keys_are_its_own(options):
    shown = widgets.choice("size", options)
    assert isinstance(shown, ipywidgets.SelectionSlider)
    shown.index = len(options) - 1
    assert shown.value == options[-1]


@pytest.mark.parametrize("options", [["won", "lost"], [1, 3, 2], [True, False], [1, 1], ["1", "2"]])
def test_anything_else_is_a_list(options):
    assert isinstance(widgets.choice("name", options), ipywidgets.Dropdown)


def test_labels_have_room():
    for control in explorer().controls.values():
        assert float(control.style.description_width.removesuffix("em")) >= 10


def test_a_redraw_is_quick():
    """Printed with `pytest -s`: median CPU milliseconds from a move to the new picture; the target is 100."""
    shown = widgets.Explorer(
        lambda seen: min_max_scaling.history(SCORES, seen), seen=widgets.slider("games played", 1, 1, 4, 1)
    )
    spent = []
    for move in range(12):
        began = time.process_time()
        shown.controls["seen"].value = 2 + move % 3
        spent.append(time.process_time() - began)
    print(f"\nredraw: median {1000 * np.median(spent):.0f} ms of CPU, largest {1000 * max(spent):.0f} ms")
    assert np.median(spent) < 0.5  # wide: the machine may be slow and busy

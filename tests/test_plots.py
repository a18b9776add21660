import ast
import html
import importlib
import inspect
import io
import itertools
import pkgutil
import re
import subprocess
import sys

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.image import imread

import course.plots
import course.plots.writer
from course.atari import published_scores
from course.authoring.stamps import sources
from course.estimators import Estimate
from course.plots import (
    COLORS,
    alt_text,
    as_html,
    counted,
    figure,
    html_of_axes,
    min_max_scaling,
    number,
    png,
    policy_gradient,
    spreading_rewards,
    td_errors,
    time_limits,
    title,
)
from course.plots.drawing import ink, luminance
from course.plots.parts import BAND_ALPHA, band, mark_guess, named_rows, told
from tests.figures import covered

SHARED = {"drawing", "words", "parts", "film", "live", "writer", "prize", "calibration"}
LESSONS = {
    module.name: importlib.import_module(f"course.plots.{module.name}")
    for module in pkgutil.iter_modules(course.plots.__path__)
    if module.name not in SHARED and not module.name.startswith("_")
}
PLOTS = {
    f"{topic}-{name}": f
    for topic, lesson in LESSONS.items()
    for name, f in inspect.getmembers(lesson, inspect.isfunction)
    if f.__module__ == lesson.__name__ and not name.startswith("_") and hasattr(f, "__wrapped__")
}
EVERY_PLOT = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
AGENT57 = {
    game: (row.agent57 - row.random) / (row.human - row.random) for game, row in published_scores().items()
}
RNG = np.random.default_rng(0)
ESTIMATES = {"raw": RNG.normal(0.5, 1, size=400), "clipped": RNG.normal(-1, 2, size=400)}
CALLS = {
    "above_the_ruler": lambda **k: min_max_scaling.above_the_ruler(AGENT57, **k),
    "ruler": lambda **k: min_max_scaling.ruler([10.0, 20.0, 40.0], 100.0, label="Random play", **k),
    "history": lambda **k: min_max_scaling.history([3.0, 1.0, 4.0, 8.0], 3, **k),
    "worth_of_length": lambda **k: min_max_scaling.worth_of_length(
        [10, 20, 40], {"raw": [1, 2, 4], "scaled": [5, 4, 2]}, marked=[0, 2], **k
    ),
    "gradients": lambda **k: policy_gradient.gradients(ESTIMATES, 0.25, **k),
    "moving_ruler": lambda **k: min_max_scaling.moving_ruler(
        [5.0, 7.0, 3.0], [5.0, 6.0, 5.0], [0.0, 1.0, 2.0], asked=9_000, **k
    ),
}
IN_PANELS = {"worth_of_length", "moving_ruler"}  # they always have a figure of their own
EVERY_CALL = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


# All lessons


def test_every_lesson_has_its_figures():
    assert len(LESSONS) == len(sources())
    assert {plot.split("-")[0] for plot in PLOTS} == set(LESSONS)
    assert {name.removeprefix("min_max_scaling-") for name in PLOTS if name.startswith("min_max")} == set(
        CALLS
    ) - {"gradients"}


@EVERY_PLOT
def test_a_figure_says_what_it_draws_and_that_it_returns_an_axes(plot):
    assert inspect.getdoc(plot)[0].isupper()
    assert plot.__annotations__["return"] is Axes
    called = inspect.signature(plot)
    assert "axes" not in called.parameters, "its panels are its own business"
    if "ax" in called.parameters:
        assert called.parameters["ax"].kind is inspect.Parameter.KEYWORD_ONLY
        assert called.parameters["ax"].default is None


@pytest.mark.parametrize("topic", LESSONS)
def test_a_lessons_figures_stand_alone_and_each_is_drawn_in_the_style(topic):
    tree = ast.parse(inspect.getsource(LESSONS[topic]))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & {f"course.plots.{other}" for other in LESSONS}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and {"ax", "axes"} & {each.arg for each in node.args.kwonlyargs}:
            assert f"{topic}-{node.name}" in PLOTS, f"{node.name} needs the decorator @figure"


@EVERY_CALL
def test_a_plot_function_returns_an_axes_outside_pyplot_with_words_and_labels(call):
    ax = call()
    assert isinstance(ax, Axes)
    assert alt_text(ax) == ax.figure.alt_text
    assert len(alt_text(ax)) > 40
    assert re.search(r"\d", alt_text(ax))
    assert alt_text(ax)[0].isupper()
    assert alt_text(ax)[-1] == "."
    assert ax.get_xlabel()
    assert ax.get_ylabel() or not len(ax.get_yticks()) or ax.get_yticklabels()[0].get_text()
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


@pytest.mark.parametrize("call", [CALLS[name] for name in CALLS if name not in IN_PANELS])
def test_a_plot_function_draws_on_the_axes_that_it_is_given(call):
    left, right = Figure().subplots(1, 2)
    assert call(ax=right) is right
    assert right.has_data()
    assert not left.has_data()


@EVERY_CALL
def test_the_picture_is_an_opaque_png_on_white(call):
    picture = png(call())
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(io.BytesIO(picture))
    assert pixels.shape[1] > 700
    assert (pixels[0, 0, :3] == 1).all()
    assert pixels.shape[2] == 3 or (pixels[..., 3] == 1).all()
    assert pixels[..., :3].std() > 0.02  # something is on it


def test_a_picture_has_two_pixels_for_each_one_shown_and_few_colors():
    axes = CALLS["history"]()
    pixels = imread(io.BytesIO(png(axes)))
    shown = re.search(r'width="(\d+)".*aspect-ratio:(\d+)/(\d+)', html_of_axes(axes))
    width, across, down = map(int, shown.groups())
    assert width == across
    assert pixels.shape[:2] == (2 * down, 2 * across)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) <= 256
    for name in ("random", "reward"):  # the two that this figure uses, unchanged
        assert (abs(pixels[..., :3] - mpl.colors.to_rgb(COLORS[name])).sum(axis=-1) < 0.01).any()


@EVERY_CALL
def test_the_same_data_give_the_same_bytes_and_nothing_is_left_behind(call):
    before = dict(mpl.rcParams)
    assert png(call()) == png(call())
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    "setting", ["dark_background", {"savefig.transparent": True}, {"font.size": 30}], ids=str
)
def test_a_readers_own_matplotlib_settings_do_not_spoil_the_picture(setting):
    usual = png(CALLS["history"]())
    with matplotlib.style.context(setting):
        assert png(CALLS["history"]()) == usual


@pytest.mark.parametrize("name", COLORS)
def test_a_name_in_the_color_of_its_line_can_be_read_on_white(name):
    # By hand: #767676 is the palest grey that has 4.5 to 1 on white.
    assert 1.05 / (luminance([0x76 / 255] * 3) + 0.05) == pytest.approx(4.54, abs=0.01)
    color = mpl.colors.to_rgb(ink(COLORS[name]))
    assert 1.05 / (luminance(color) + 0.05) >= 4.5 - 0.02
    line = mpl.colors.to_rgb(COLORS[name])
    np.testing.assert_allclose(
        np.multiply(color, max(line)), np.multiply(line, max(color)), atol=0.01
    )  # its hue


def test_words_in_a_color_are_dark_enough_by_ink():
    # Where a word stands on black, or its color comes from elsewhere, somebody has looked at it.
    looked_at = {"COLORS['truth']", "'white'", "ink"}
    for topic in (*LESSONS, "writer", "parts", "calibration"):
        lesson = importlib.import_module(f"course.plots.{topic}")
        for node in ast.walk(ast.parse(inspect.getsource(lesson))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ("text", "annotate", "set_title", "set_xlabel", "set_ylabel"):
                continue
            given = {each.arg: ast.unparse(each.value) for each in node.keywords}
            color = given.get("color", "'white'")
            assert color in looked_at or color.startswith("ink("), f"{topic}, line {node.lineno}: {color}"
            assert "alpha" not in given, f"{topic}, line {node.lineno}: pale words"


def test_a_word_that_is_too_pale_is_found():
    ax = min_max_scaling.history([3.0, 1.0, 4.0, 8.0], 3)
    ax.set_xlabel("game", color=COLORS["return"])
    ax.set_ylabel("on black", color="white", bbox={"fc": "black"})
    assert [each for each in covered(ax) if "pale" in each[1]] == [("game", "too pale: its contrast is 2.3")]


def test_bad_numbers_are_refused_by_name():
    for draw, name in (
        (lambda: min_max_scaling.history([1.0, np.nan], 2), "scores"),
        (lambda: min_max_scaling.ruler([np.inf], 1.0, label=""), "scores"),
        (lambda: min_max_scaling.worth_of_length([1, np.nan], {"raw": [1, 2], "b": [1, 2]}), "lengths"),
        (lambda: min_max_scaling.moving_ruler([1, 2], [np.nan, 1], [0, 1], asked=1), "means"),
        (lambda: policy_gradient.gradients({"raw": [1, np.nan]}, 1.0), "raw"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be finite"):
            draw()
    with pytest.raises(ValueError, match="one shape"):
        min_max_scaling.moving_ruler([1, 2], [1, 1], [1], asked=1)


# What is drawn, read back


def points(ax):
    """All points of all lines that are more than a line across the whole figure."""
    lines = [line.get_xydata() for line in ax.lines if len(line.get_xdata()) != 2]
    return np.concatenate(lines)


def test_all_games_stand_above_the_ruler_at_their_value():
    ax = CALLS["above_the_ruler"]()
    drawn = points(ax)
    np.testing.assert_array_equal(np.sort(drawn[:, 1]), sorted(AGENT57.values()))
    np.testing.assert_array_equal(drawn[np.argsort(drawn[:, 1]), 0], np.arange(57))
    assert ax.get_yscale() == "log"
    values = np.array(list(AGENT57.values()))
    best = max(AGENT57, key=AGENT57.get)
    for said in (
        "57 games",
        f"{(values > 1).sum()} of them",
        number(np.median(values)),
        number(values.max()),
    ):
        assert said in alt_text(ax)
    assert title(best) in alt_text(ax)


def test_games_on_and_above_the_ruler_are_told_apart():
    ax = min_max_scaling.above_the_ruler({"pong": 0.5, "breakout": 3.0, "hero": 0.25, "qbert": 40.0})
    colours = {line.get_color(): set(line.get_ydata()) for line in ax.lines}
    assert colours == {COLORS["value"]: {3.0, 40.0}, COLORS["human"]: {0.5, 0.25}}
    # the median of .25, .5, 3, 40 is 1.75
    assert "2 of them lie above 1" in alt_text(ax)
    assert "the median is 1.75, the largest 40 (Q*bert)" in alt_text(ax)


def test_marks_on_the_ruler_stand_at_their_share_of_the_best():
    ax = CALLS["ruler"]()
    (marks,) = (each for each in ax.collections if isinstance(each, LineCollection))
    np.testing.assert_allclose([segment[0, 0] for segment in marks.get_segments()], [0.1, 0.2, 0.4])
    # from 10 % to 40 %
    assert "3 scores on a ruler whose end, 1, is 100 points" in alt_text(ax)
    assert "30 % of the ruler, from 0.1 to 0.4" in alt_text(ax)
    moved = min_max_scaling.ruler([10.0, 20.0, 40.0], 100.0, label="Random play", low=-100.0)
    # (10 + 100) / 200 to (40 + 100) / 200
    assert "15 % of the ruler, from 0.55 to 0.7" in alt_text(moved)


def test_bars_show_what_a_game_was_worth_then_and_now():
    ax = CALLS["history"]()
    then, now = (np.array([bar.get_height() for bar in bars]) for bars in ax.containers)
    # records 3, 3, 4: then 3/3, 1/3, 4/4; now each over 4. The 8 of game 4 is not known yet.
    np.testing.assert_allclose(then, [1, 1 / 3, 1])
    np.testing.assert_allclose(now, [0.75, 0.25, 1])
    assert alt_text(ax) == (
        "After 3 of 4 games the best score is 4 points. Game 1 was worth 1 when it was played and is worth "
        "0.75 now."
    )


def test_each_way_of_counting_has_its_points_its_correlation_and_its_marks():
    ax = CALLS["worth_of_length"]()
    raw, scaled = (panel.lines[0].get_xydata() for panel in ax.figure.axes)
    np.testing.assert_array_equal(raw, [[10, 1], [20, 2], [40, 4]])
    np.testing.assert_array_equal(scaled, [[10, 5], [20, 4], [40, 2]])
    assert [text.get_text() for text in ax.figure.axes[1].texts] == ["5 after 10", "2 after 40"]
    assert "raw: from 1 to 4, correlation 1.000; scaled: from 2 to 5, correlation -1.000" in alt_text(ax)


def test_bars_of_gradients_are_signal_to_noise_with_an_interval():
    ax = CALLS["gradients"]()
    ratios = [each.mean() / each.std() for each in ESTIMATES.values()]
    bars = list(ax.patches)
    assert sorted(bar.get_width() for bar in bars) == pytest.approx(sorted(ratios))
    hatched = {bool(bar.get_width() > 0): bar.get_hatch() is not None for bar in bars}
    assert hatched == {True: False, False: True}  # the truth is positive: hatching is the verdict
    (low, high) = ax.collections[0].get_segments()[0][:, 0]
    assert high - low == pytest.approx(2 * 1.96 / 400**0.5)
    assert f"raw {ratios[0]:+.2f}; clipped {ratios[1]:+.2f}" in alt_text(ax)
    assert "400 batches, each ± 0.10" in alt_text(ax)


def test_the_moving_ruler_shows_the_scores_and_what_one_of_them_is_worth():
    ax = CALLS["moving_ruler"]()
    raw, worth = ax.figure.axes
    np.testing.assert_array_equal(raw.lines[0].get_ydata(), [5, 7, 3])
    np.testing.assert_array_equal(raw.lines[1].get_ydata(), [5, 6, 5])
    np.testing.assert_array_equal(worth.lines[1].get_xydata(), [[2, 8_994], [3, 4_497.5]])
    said = "9,000 points are worth in these units: +8994.00 at first, between +4497.50 and"
    assert said in alt_text(ax)


# Words and pictures


def test_numbers_are_written_as_one_says_them():
    said = {0: "0", 12345: "12,345", 99.96: "100", -1234.5: "-1,234", 0.01234: "0.0123", 7: "7", 0.5: "0.5"}
    for x, text in said.items():
        assert number(x) == text
    for x in (1e6, -5e8, 3.14159, 0.00012, 123.4):
        assert "e" not in number(x)


def test_one_thing_is_not_one_things():
    said = {
        1: "1 point",
        -1: "-1 point",
        0: "0 points",
        2: "2 points",
        0.5: "0.5 points",
        12345: "12,345 points",
    }
    for count, text in said.items():
        assert counted(count, "point") == text
    assert counted(np.int64(1), "game") == counted(np.float64(1.0), "game") == "1 game"
    assert "best known: 1 point" in [text.get_text() for text in one_point().get_legend().get_texts()]


def one_point():
    return min_max_scaling.ruler([0.5, 0.25], 1.0, label="Pong")


def test_games_are_written_as_one_writes_them():
    assert [title(game) for game in ("ms_pacman", "pong", "video_pinball")] == [
        "Ms. Pac-Man",
        "Pong",
        "Video Pinball",
    ]


# What a full protanope and deuteranope see, linear RGB (Machado et al. 2009, table 1).
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def lab(color, eye):
    """A colour as an eye sees it, in CIELAB, where a distance of 2.3 is said to be noticed."""
    rgb = np.array(mpl.colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = np.array(XYZ) @ np.clip(np.array(eye) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(light > 0.008856, np.cbrt(light), 7.787 * light + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eye", [np.eye(3), PROTAN, DEUTAN], ids=["usual", "protan", "deutan"])
def test_the_colours_can_be_told_apart_without_red_or_green_cones_too(eye):
    seen = {name: lab(color, eye) for name, color in COLORS.items()}
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 5, (one, other)


def test_html_carries_picture_and_alt_text_and_no_markup_from_it():
    image = as_html(b"123", 'a < b & "c"', width=760)
    assert 'src="data:image/png;base64,MTIz"' in image
    assert html.unescape(re.search('alt="([^"]*)"', image)[1]) == 'a < b & "c"'
    assert 'width="760"' in image
    assert "background:white" in image


def test_the_decorator_keeps_name_and_docstring_and_the_figure_its_words():
    @figure(5.0, 2.0)
    def dot(x, *, ax):
        """A dot."""
        ax.plot([x], [x], "o")
        return told(ax, f"A dot at {x}.")

    ax = dot(3)
    assert (dot.__name__, dot.__doc__, alt_text(ax)) == ("dot", "A dot.", "A dot at 3.")
    assert tuple(ax.figure.get_size_inches()) == (5.0, 2.0)


def test_a_figure_of_several_axes_makes_its_own_and_lays_them_out_unless_told_where():
    def pair(x, *, axes):
        axes["A"].plot([0, x])
        return told(axes["A"], f"A line to {x}, and nothing beside it.")

    laid_out = figure(5.0, 2.0, panels="AB")(pair)(3)
    by_hand = figure(5.0, 2.0, panels="AB", grid={"left": 0.2, "right": 0.9})(pair)(3)
    for ax in (laid_out, by_hand):
        assert len(ax.figure.axes) == 2
        assert alt_text(ax) == "A line to 3, and nothing beside it."
    assert laid_out.figure.get_layout_engine() is not None
    assert by_hand.figure.get_layout_engine() is None or not by_hand.figure.get_constrained_layout()
    assert by_hand.figure.axes[0].get_position().x0 == pytest.approx(0.2)


# What figures share


def test_a_band_is_a_line_and_its_edges_and_every_band_is_as_dark_as_every_other():
    runs = np.arange(11.0)[:, None] * [1, 2]  # 0 to 10, and 0 to 20
    edges = {"all": ([0, 0], [10, 20]), "8 in 10": ([1, 2], [9, 18]), "half": ([2.5, 5], [7.5, 15])}
    for holds, (low, high) in edges.items():
        ax = Figure().subplots()
        drawn = band(ax, [0, 1], runs, color=COLORS["value"], holds=holds, label="runs")
        np.testing.assert_allclose(drawn, [low, [5, 10], high])
        np.testing.assert_allclose(ax.lines[0].get_ydata(), [5, 10])
        assert ax.collections[0].get_alpha() == BAND_ALPHA
        assert ax.get_legend_handles_labels()[1] == ["runs"]


def test_the_line_of_a_band_is_the_median_or_the_mean_or_none_and_leaves_out_what_is_missing():
    runs = np.array([[0.0, np.nan], [0.0, 2.0], [9.0, 4.0]])
    ax = Figure().subplots()
    for middle, expected in (("median", [0, 3]), ("mean", [3, 3])):
        drawn = band(ax, [0, 1], runs, color="black", holds="all", middle=middle)
        np.testing.assert_allclose(drawn.middle, expected)
    assert len(ax.lines) == 2
    band(ax, [0, 1], runs, color="black", holds="all", middle=None)
    assert len(ax.lines) == 2
    assert len(ax.collections) == 3


@figure(6, 3)
def guessed(guess, *, ax):
    """A line from 0 to 1, and a guess."""
    ax.plot([0, 1])
    ax.set(ylim=(0, 1), xlabel="step", ylabel="score")
    return told(ax, "A line.", closing=mark_guess(ax, guess, along="y"))


@pytest.mark.parametrize("guess", [0.5, -3, 2_500_000])
def test_a_guess_far_outside_the_picture_does_not_squeeze_it(guess):
    usual, far = guessed(None), guessed(guess)
    for ax in (usual, far):
        png(ax)
    assert far.get_position().bounds == pytest.approx(usual.get_position().bounds, abs=0.02)
    assert "You guessed" in alt_text(far)


def test_no_lesson_draws_a_band_of_its_own():
    for lesson in LESSONS.values():
        assert "fill_between" not in inspect.getsource(lesson), lesson.__name__


WALKS = np.array([0.0, 0.05, -0.05])[:, None, None] + np.zeros((1, 2, 5))  # three seeds, five places
FAR = np.array([0.54, 0.43, 0.37, 0.35, 0.53])
ESTIMATED = {"bias": 0.0, "relative_bias": 0.0, "critic": "", "cosine": 1.0}
NAMED = {
    "a game named in the crowd": CALLS["above_the_ruler"],
    "a suspect far off": lambda: time_limits.suspects(
        {"right": WALKS, "X": WALKS - 0.01, "Y": WALKS + FAR, "Z": WALKS - 0.2},
        np.zeros(5),
        1,
    ),
    "surprises of a tale": lambda: td_errors.tale(
        [117.47, 156.62, 208.83, 278.44, 371.25, 495.0],
        500.0,
        [39.15, 52.21, 69.61, 92.81, 123.75, 5.0],
        guess=6,
    ),
    "a shock, and a guess of it": lambda: time_limits.shock([0, 0, 0], [0, 0, -99], first=497, guess=-1),
    "estimators close together": lambda: spreading_rewards.judged(
        [
            Estimate(**ESTIMATED, estimator=name, variance=variance, snr=snr)
            for name, variance, snr in (
                ("whole score", 43.0, 0.0154),
                ("reward-to-go", 30.3, 0.0218),
                ("equal shares", 1.2, 0.0154),
                ("equal shares to go", 18.7, 0.034),
            )
        ]
    ),
}


@pytest.mark.parametrize("draw", NAMED.values(), ids=NAMED)
def test_no_word_lies_on_a_mark_and_none_is_cut_by_the_edge(draw):
    assert list(covered(draw())) == []


def test_a_word_on_a_mark_would_be_found():
    ax = CALLS["above_the_ruler"]()
    ax.annotate("here", (20, ax.lines[0].get_ydata()[20]))
    assert ("here", "on a mark") in covered(ax)
    ax.set_xticks([56], ["beyond the edge of the figure, and " * 3])
    ax.figure.set_layout_engine("none")
    assert "cut by the edge" in dict(covered(ax)).values()
    ax.legend(loc="center")
    assert "on a line" in dict(covered(ax)).values()


def test_named_rows_begin_at_the_top():
    ax = Figure().subplots()
    rows = named_rows(ax, ["first", "second"])
    assert list(rows) == [0, 1]
    bottom, top = ax.get_ylim()
    assert top < rows[0] < rows[1] < bottom
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]


def test_the_words_of_a_figure_are_sentences():
    ax = Figure().subplots()
    assert told(ax, "Two runs:", ["one 3", "other 4"], "Both ended.") is ax
    assert alt_text(ax) == "Two runs: one 3; other 4. Both ended."
    assert alt_text(told(ax, "No runs.")) == "No runs."


def test_colours_are_those_of_the_list():
    for lesson in LESSONS.values():
        assert not re.findall(r"[\"']#[0-9A-Fa-f]{3,8}\b", inspect.getsource(lesson)), lesson.__name__


def test_figures_need_no_display_and_no_pyplot():
    code = (
        "import sys; from course.plots import min_max_scaling as p, png; png(p.history([1., 2.], 2)); "
        "print('matplotlib.pyplot' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


# In a notebook


def test_a_notebook_shows_a_figure_once_with_its_alt_text(kernel):
    ((kind, shown),) = kernel(
        "from course.plots import min_max_scaling as plots\nplots.history([3, 1, 4, 8], 3)"
    )
    assert kind == "execute_result"
    expected = alt_text(CALLS["history"]())
    assert f'<img alt="{html.escape(expected)}"' in shown["data"]["text/html"]
    assert "data:image/png;base64," in shown["data"]["text/html"]
    assert shown["data"]["text/plain"] == expected
    assert "image/png" not in shown["data"]


def test_a_notebook_shows_other_peoples_figures_as_before(kernel):
    ((_, shown),) = kernel("import course.plots\nfrom matplotlib.figure import Figure\nFigure().subplots()")
    assert "text/html" not in shown["data"]
    assert "Axes" in shown["data"]["text/plain"]

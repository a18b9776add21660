"""Lesson 3, number by number: every claim of its prose, and its figures, widgets and checks.

What can be computed exactly is: sums of 20 answers by convolution or by listing them. The lesson itself is
run once, and the numbers that its prose quotes are read from its own variables.
"""

import math

import numpy as np
import pytest

from course.checks import engine, jackpots
from course.estimators import standard_error
from course.plots import alt_text
from course.plots import jackpots as plots
from course.worlds import all_episodes, answer_world
from tests.lessons import says, variables

SEEDS = range(20)


def listed():
    """Rewards and probabilities of all outcomes."""
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    return episodes.returns(), episodes.probability


def sums(values, probability, size):
    """All sums of `size` draws and their probabilities; the values lie on a grid of eighths."""
    steps = np.rint(values * 8).astype(int)
    np.testing.assert_allclose(steps / 8, values, atol=1e-9)
    single = np.zeros(np.ptp(steps) + 1)
    np.add.at(single, steps - steps.min(), probability)
    length = (len(single) - 1) * size + 1
    spectrum = np.fft.rfft(single, 2 ** math.ceil(math.log2(length)))
    return (np.arange(length) + steps.min() * size) / 8, np.fft.irfft(spectrum**size)[:length]


def compositions(total, parts):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def draw_counts(size, batches, seed):
    rewards, probability = listed()
    return rewards, np.random.default_rng(seed).multinomial(size, probability, size=batches)


# --- what the prose says, exactly -----------------------------------------------------------------


def test_the_world_is_what_the_lesson_says():
    rewards, probability = listed()
    mean = probability @ rewards
    spread = np.sqrt(probability @ (rewards - mean) ** 2)
    says("jackpots", "There are only {} different outcomes", len(rewards))
    says("jackpots", "An answer is worth {:.1f} points, with a standard deviation of {:.0f}", mean, spread)
    assert probability @ (rewards >= 100) == pytest.approx(0.03)
    says("jackpots", "that makes some {:,.0f} answers", round((spread / 0.05) ** 2, -3))
    says("jackpots", "The mean of a batch of 20 is off by {:.1f} points (root mean square)", spread / 20**0.5)


def test_there_is_at_most_one_jackpot_and_each_bold_token_adds_2_percent():
    rewards, probability = listed()
    assert rewards.max() < 200
    world = answer_world()
    episodes = all_episodes(world, world.theta)
    bold = episodes.actions.sum(axis=0)
    for count in range(4):
        of = bold == count
        chance = probability[of] @ (rewards[of] >= 100) / probability[of].sum()
        assert chance == pytest.approx(0.02 * count)
        assert set(rewards[of]) <= {3 - count, 103 - count}
    says("jackpots", "its chance is 2 % times the number of bold tokens")


def test_54_percent_of_batches_hold_no_jackpot_and_know_nothing_of_it():
    rewards, probability = listed()
    steady = probability * (rewards < 100)
    says("jackpots", "the fair share would be {:.1f} of a jackpot", 20 * (1 - steady.sum()))
    without = 100 * steady.sum() ** 20
    mean = steady @ rewards / steady.sum()
    says("jackpots", "{:.0f} % of batches have none ($0.97^{{20}}$), and a mean of {:.1f}", without, mean)
    says("jackpots", "without its jackpot an answer is worth about {:.1f} points", mean)


def test_a_batch_without_a_jackpot_bounds_its_chance_by_14_percent():
    says("jackpots", "(0.86 to the power of 20 is {:.2f})", 0.86**20)


def test_hardly_any_batch_of_20_has_a_mean_within_a_point_of_the_truth():
    rewards, probability = listed()
    total, p = sums(rewards, probability, 20)
    assert p[np.abs(total / 20 - 4.5) <= 1].sum() < 1e-5
    assert p @ total / 20 == pytest.approx(4.5)


def test_the_95_percent_interval_of_20_answers_holds_in_45_6_percent_with_students_t_too():
    rewards, probability = listed()
    values = np.unique(rewards)
    chance = np.array([probability[rewards == value].sum() for value in values])
    counts = np.array(list(compositions(20, len(values))))
    log_factorial = np.array([math.lgamma(k + 1) for k in range(21)])
    p = np.exp(log_factorial[20] - log_factorial[counts].sum(axis=1) + counts @ np.log(chance))
    assert p.sum() == pytest.approx(1)
    mean = counts @ values / 20
    error = np.sqrt(np.maximum(counts @ values**2 / 20 - mean**2, 0) / 19)
    for width in (1.96, 2.093):
        held = np.abs(mean - 4.5) <= width * error
        says("jackpots", "(exactly computed: {:.1f} %)", 100 * p[held].sum())
        says("jackpots", "The share stays {:.1f} %", 100 * p[held].sum())
    says("jackpots", "Student's t has {:.2f} standard errors instead of 1.96", width)
    jackpots = counts[:, values >= 100].sum(axis=1)
    assert not held[jackpots == 0].any()
    assert held[(jackpots >= 1) & (jackpots <= 3)].all()


def test_at_200_the_interval_holds_in_about_93_percent():
    shares = []
    for seed in SEEDS:
        rewards, counts = draw_counts(200, 2_000, seed)
        mean = counts @ rewards / 200
        error = np.sqrt((counts @ rewards**2 / 200 - mean**2) / 199)
        shares.append(np.mean(np.abs(mean - 4.5) <= 1.96 * error))
    says("jackpots", "and {:.0f} % of the intervals hold", 100 * np.mean(shares))
    assert min(shares) > 0.91


def test_a_hundred_times_the_answers_leave_a_tenth_of_the_error():
    ratios = []
    for seed in SEEDS:
        errors = []
        for size in (20, 2_000):
            rewards, counts = draw_counts(size, 4_000, seed)
            errors.append(np.sqrt(np.mean((counts @ rewards / size - 4.5) ** 2)))
        ratios.append(errors[0] / errors[1])
    assert np.mean(ratios) == pytest.approx(10, abs=0.3)


# --- what the prose quotes from its own cells -----------------------------------------------------


@pytest.fixture(scope="module")
def lesson() -> dict:
    return variables("jackpots")


def test_the_first_batch_has_no_jackpot_and_is_14_of_its_errors_off(lesson):
    batch = lesson["batch"]
    error = standard_error(batch)
    assert batch.max() == 3
    says("jackpots", "Not one jackpot, and a mean of {:.1f}", batch.mean())
    says("jackpots", '"{:.1f}, give or take {:.1f}", it says', batch.mean(), error)
    says("jackpots", "The truth is {:.0f} of its standard errors away", (4.5 - batch.mean()) / error)


def test_ten_thousand_batches_together_are_right_and_none_of_them_is(lesson):
    means = lesson["means"][20]
    assert len(means) == 10_000
    says(
        "jackpots",
        "Together they are right: {:.3f}, with a standard error of {:.3f}",
        means.mean(),
        standard_error(means),
    )
    assert abs(means.mean() - 4.5) < 2 * standard_error(means)
    assert not (np.abs(means - 4.5) <= 1).any()
    assert lesson["near"] == {n: np.sum(np.abs(each - 4.5) <= 1) for n, each in lesson["means"].items()}


def test_46_6_percent_of_the_lessons_intervals_hold(lesson):
    for size, (mean, half) in lesson["claims"].items():
        assert lesson["held"][size] == pytest.approx(100 * np.mean(np.abs(mean - 4.5) <= half))
    says("jackpots", "In {:.1f} % of these (exactly", lesson["held"][20])


def test_the_median_batch_of_20_is_too_sure_by_a_factor_of_more_than_16(lesson):
    errors, medians = np.array(lesson["errors"]), np.array(lesson["medians"])
    rewards, probability = listed()
    exact = np.sqrt(probability @ (rewards - 4.5) ** 2 / np.array(lesson["sizes"]))
    np.testing.assert_allclose(errors, exact, rtol=0.04)
    says("jackpots", "At 20 it is too sure, by a factor of more than {:.0f}", np.floor(exact[0] / medians[0]))
    assert errors[0] / medians[0] > 16
    np.testing.assert_allclose(medians[1:], errors[1:], rtol=0.06)


# --- widgets and figures --------------------------------------------------------------------------


def test_every_knob_of_every_widget_changes_picture_and_words(lesson):
    assert [list(each.controls) for each in lesson["explorers"]] == [["size"], ["size"]]
    for explorer in lesson["explorers"]:
        for control in explorer.controls.values():
            start, shown = control.value, set()
            for value in control.options:
                control.value = value
                shown.add((explorer.image.value, explorer.words.value))
            assert len(shown) == len(control.options)
            control.value = start


def test_a_batch_shows_a_dot_for_each_answer():
    ax = plots.batch([0, 2, 2, 100], truth=4.5)
    dots = ax.lines[0].get_xydata()
    assert sorted(map(tuple, dots)) == [(0, 0.5), (2, 0.5), (2, 1.5), (100, 0.5)]
    assert alt_text(ax).startswith("A batch of 4 answers, from 0 to 100 points. Its mean is 26;")


def test_a_batch_without_a_jackpot_says_so_on_its_axis():
    assert [text.get_text() for text in plots.batch([0, 2, 3], truth=4.5).texts] == ["no jackpot"]
    assert not plots.batch([0, 2, 101], truth=4.5).texts


def test_batch_means_says_where_they_lie():
    words = alt_text(plots.batch_means([1, 2, 4, 9], size=3, truth=4, near=1))
    assert "4 batches of 3" in words
    assert "average 4.00" in words
    assert "half lie below 3, and 1 are within 1 point" in words


def test_intervals_say_how_many_hold_and_mark_those_that_miss():
    ax = plots.intervals([1, 4, 6, 9], [1, 1, 1, 1], size=5, truth=5, held=50.0, shown=2)
    assert "50.0 % of all hold" in alt_text(ax)
    assert "2 of them drawn" in alt_text(ax)
    drawn = {each.get_label(): each.lines[0].get_xdata().tolist() for each in ax.containers}
    assert drawn == {"holds the exact mean": [4], "misses it": [1]}


def test_one_more_digit_measures_its_slope():
    words = alt_text(plots.one_more_digit([10, 1_000], [2, 0.2], [1, 0.2], spread=6))
    assert "slope on logarithmic axes is -0.50" in words
    assert "leaves 10 % of the error" in words
    assert "-0.25" in alt_text(plots.one_more_digit([1, 10_000], [2, 0.2], [1, 0.2], spread=6))


def test_a_guess_is_drawn_and_said_and_no_guess_changes_nothing():
    for draw, said in (
        (lambda **k: plots.batch([0, 2, 3], truth=4.5, **k), "You guessed 7 points."),
        (
            lambda **k: plots.intervals([1, 4], [1, 1], size=5, truth=5, held=50.0, **k),
            "You guessed 7 %.",
        ),
        (
            lambda **k: plots.one_more_digit([10, 1_000], [2, 0.2], [1, 0.2], spread=6, **k),
            "You guessed 7 times the answers for a tenth of the error.",
        ),
    ):
        assert alt_text(draw(guess=7)).endswith(said)
        assert "guess" not in alt_text(draw())
        with pytest.raises(ValueError, match="guess must be a number, got 'seven'"):
            draw(guess="seven")


# --- checks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "right",
    [
        lambda r: np.std(r, ddof=1) / np.sqrt(len(r)),
        lambda r: np.std(r) / np.sqrt(len(r) - 1),  # the same number by another road
        lambda r: (np.std(r, ddof=1) + 1e-8) / np.sqrt(len(r)),
        lambda r: np.float32(standard_error(r)),
        lambda r: math.sqrt(sum((x - sum(r) / len(r)) ** 2 for x in r) / (len(r) - 1) / len(r)),
    ],
)
def test_other_right_ways_to_a_standard_error_pass(right):
    assert engine.examine(jackpots.STANDARD_ERROR, right, seed=3).status == "passed"

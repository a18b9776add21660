"""Guesses are read and never run, and the calibration picture says of a learner what the learner is like."""

import numpy as np
import pytest

from course.arrays import Refusal
from course.classroom import calibration, guesses, saved
from course.classroom.guesses import Guessed, NoGuess, written
from course.classroom.predictions import PREDICTIONS
from course.plots import alt_text
from course.plots.calibration import GuessRow
from course.plots.calibration import calibration as picture
from tests.classroom import learners


def prediction(name):
    return next(each for each in PREDICTIONS if each.name == name)


def guessed(name, *values):
    return Guessed(prediction=prediction(name), values=values)


# What is written into a cell


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("guess = None", None),
        ("guess = 20  # percent", 20.0),
        ("guess = -99.5", -99.5),
        ("guess = 5e6", 5e6),
        ("guess = 10**6", 1e6),
        ("guess = 3 * 500 + 1 / 4", 1_500.25),
        ("guess = [10, 10.5]", [10.0, 10.5]),
        ("guess = 1, -2", [1.0, -2.0]),
        ("guess = 'E'", "E"),
        ("print('a thought')\nguess = 1_000\n", 1_000.0),
        ("guess = 3\nguess = 4", 4.0),
    ],
)
def test_a_guess_may_be_written_as_one_likes(cell, value):
    assert written(cell) == value


@pytest.mark.parametrize(
    "cell",
    [
        "guess = 20 %",
        "guess = E",
        "guess = int('5')",
        "guess = __import__('os').getpid()",
        "guess = 10**10**10",
        "guess = 1e999",
        "guess = 1 / 0",
        "guess = (-8)**0.5",
        "guess = True",
        "guess = 'a' * 3",
        "guess = [1, 2] * 3",
        "guess = {1: 2}",
        f"guess = {'9' * 5_000}",
        f"guess = {'-' * 5_000}1",
        f"guess = {'(' * 300}1{')' * 300}",
        "guess = lambda: 3",
        "guess = 5j",
    ],
)
def test_what_is_no_guess_is_named_and_not_run(cell):
    with pytest.raises(NoGuess, match=r"guess = .* is neither a number, nor a word in quotes, nor a list"):
        written(cell)


def test_guesses_are_found_in_saved_notebooks_wherever_they_stand(tmp_path):
    folder = learners.hand_out(tmp_path / "notebooks", "01", "07", "15")
    learners.guess(folder, "01", "[10, 10, 100, 1000, 1e4]", "20 %", "[1, 2]")
    learners.guess(folder, "07", None, "10**3", "'e'")
    learners.guess(folder, "15", "'many'", "45")
    path = learners.the_notebook(folder, "07")
    moved = folder / "05_td_errors.ipynb"  # another number in another version
    path.rename(moved)

    def twice(cells):
        cell = next(each for each in cells if "10**3" in "".join(each["source"]))
        cells.insert(cells.index(cell) + 1, {**cell, "id": "again", "source": "guess = 2474"})

    learners.edit(moved, twice)
    found, notes = guesses.read_guesses(saved.read_all(sorted(folder.glob("*.ipynb")))[0])
    assert [(each.prediction.name, each.values) for each in found] == [
        ("1.1", (10.0, 10.0, 100.0, 1_000.0, 1e4)),
        ("7.2", (1_000.0,)),
        ("7.3", ("e",)),
        ("15.2", (45.0,)),
    ]
    assert sorted(notes) == [
        "01_score_scales.ipynb, prediction 1.2: guess = 20 % is neither a number, nor a word in quotes, "
        "nor a list; it is passed over.",
        "01_score_scales.ipynb, prediction 1.3: the guess must be one number; it is passed over.",
        "05_td_errors.ipynb, prediction 7.2: there are two guesses; the first one counts.",
        "15_clinic.ipynb, prediction 15.1: the guess must be one number; it is passed over.",
    ]


# Guess and truth


@pytest.mark.parametrize(
    ("guess", "kind", "factor", "said"),
    [
        (guessed("5.3", 1_206.0), "near", 2.0, "1,206, it was 603 million points; near"),
        (
            guessed("5.3", 1_207.0),
            "too large",
            1_207 / 603,
            "1,207, it was 603 million points; too large by a factor of 2",
        ),
        (guessed("5.3", 301.5), "near", 0.5, "301.5, it was 603 million points; near"),
        (
            guessed("5.3", 60.3),
            "too small",
            0.1,
            "60.3, it was 603 million points; too small by a factor of 10",
        ),
        (guessed("1.2", 0.0), "too small", 0.0, "0, it was 0.0015 %; too small"),
        (guessed("5.3", -5.0), "other sign", None, "-5, it was 603 million points; other sign"),
        (guessed("0.1", 10.0), "too large", None, "10, it was -20 points; 30 too large"),
        (guessed("2.3", 483.0), "too small", None, "483, it was 483.5 points; 0.5 too small"),
        (guessed("0.1", -20.0), "right", None, "-20, it was -20 points; right"),
        (guessed("7.3", " e"), "right", None, "e, it was E; right"),
        (guessed("7.3", "C"), "wrong", None, "C, it was E; another"),
        (guessed("15.2", 0.0), "right", None, "0, it was 0; right"),
        (guessed("9.1", "500"), "right", None, "500, it was 500; right"),
    ],
)
def test_a_guess_beside_its_truth(guess, kind, factor, said):
    (compared,) = calibration.compare([guess])
    assert compared.kind == kind
    assert f"{compared.said}; {compared.verdict}" == f"you said {said}"
    assert compared.factor == (None if factor is None else pytest.approx(factor))


def test_a_size_below_0_is_compared_by_its_size():
    compared = calibration.compare([guessed("1.1", -15.0, 0.5, 240.0, -1e6, 23_759.0)])
    assert [each.kind for each in compared] == ["near", "near", "near", "too large", "near"]
    assert compared[3].about == "random scores, Skiing"


# A synthetic learner


SIZES = [each for each in PREDICTIONS if each.scale == "ratio" and not each.parts]


def biased(factor):
    """A learner who says `factor` times the truth of every size."""
    return [Guessed(prediction=each, values=(each.truth * factor,)) for each in SIZES]


@pytest.mark.parametrize(
    ("factor", "kind", "sentence"),
    [
        (0.2, "too small", f"Of the {len(SIZES)} further off, {len(SIZES)} were too small."),
        (5.0, "too large", f"Of the {len(SIZES)} further off, {len(SIZES)} were too large."),
    ],
)
def test_a_bias_is_found_with_its_size(factor, kind, sentence):
    compared = calibration.compare(biased(factor))
    assert {each.kind for each in compared} == {kind}
    assert [each.factor for each in compared] == pytest.approx([factor] * len(SIZES))
    assert calibration.summary(compared) == [
        f"0 of {len(SIZES)} sizes within a factor of two of what came out.",
        sentence,
        "In the median you were off by a factor of 5.",
    ]


def test_a_learner_with_known_errors_is_counted_right_and_the_picture_says_the_same():
    rng = np.random.default_rng(0)
    factors = 10 ** rng.normal(-0.3, 0.5, len(SIZES))
    made = [
        Guessed(prediction=each, values=(each.truth * factor,))
        for each, factor in zip(SIZES, factors, strict=True)
    ]
    made += [guessed("7.3", "E"), guessed("9.1", 499.0), guessed("0.1", -10.0)]
    compared = calibration.compare(made)
    near = int(np.sum((factors >= 0.5) & (factors <= 2)))
    small = int(np.sum(factors < 0.5))
    large = int(np.sum(factors > 2))
    assert min(near, small, large) >= 2
    said = " ".join(calibration.summary(compared))
    assert said.startswith(f"{near} of {len(SIZES)} sizes within a factor of two of what came out. ")
    assert f"Of the {small + large} further off, {small} were too small and {large} were too large." in said
    median = np.median(np.maximum(factors, 1 / factors))
    assert f"off by a factor of {median:.3g}." in said
    assert "Where a factor makes no sense, 1 of 3 exactly right." in said

    ax = calibration.draw(compared)
    drawn = [line for line in ax.lines if line.get_marker() in ("o", "<", ">") and len(line.get_xdata())]
    assert [line.get_xdata()[0] for line in drawn] == pytest.approx(np.clip(factors, 1e-3, 1e3))
    shapes = ["o" if 0.5 <= factor <= 2 else "<" if factor < 1 else ">" for factor in factors]
    assert [line.get_marker() for line in drawn] == shapes
    assert [round(line.get_ydata()[0]) for line in drawn] == list(range(len(SIZES)))
    words = alt_text(ax)
    assert words.startswith(f"{len(made)} of your guesses beside what came out: ")
    assert words.endswith(said)
    for each in compared:
        assert each.said in words


def test_few_guesses_are_not_summed_up():
    few = calibration.compare(biased(0.2)[:4])
    assert calibration.summary(few) == [
        "0 of 4 sizes within a factor of two of what came out.",
        "Of the 4 further off, 4 were too small.",
        "These are too few to say how you guess.",
    ]
    five_of_one = calibration.compare([guessed("1.1", 1.0, 1.0, 1.0, 1.0, 1.0)])
    assert calibration.summary(five_of_one)[-1] == "These are too few to say how you guess."
    assert "had the other sign" in calibration.summary(five_of_one)[1]
    one = calibration.compare(biased(3.0)[:1])
    assert calibration.summary(one)[0] == (
        "Your one guess of a size was too large by more than a factor of two."
    )
    assert calibration.summary([]) == []


def test_guesses_of_0_and_of_the_other_sign_are_further_off_than_any_factor():
    made = [guessed("5.3", 0.0), guessed("6.3", -1.0, 4_458.0), guessed("8.1", 5_040.0)]
    made += [guessed("7.2", 2_474.0), guessed("13.1", 430.0)]
    assert calibration.summary(calibration.compare(made)) == [
        "3 of 6 sizes within a factor of two of what came out.",
        "Of the 3 further off, 1 was too small, 1 was too large and 1 had the other sign.",
        "In the median you were off by a factor of 6.",
    ]


def test_without_a_guess_there_is_no_picture():
    with pytest.raises(Refusal, match="no picture without a guess"):
        calibration.draw([])


def test_a_factor_beyond_the_edge_stands_there_and_is_written():
    rows = [
        GuessRow(name="a", kind="too small", factor=0.0, said="you said 0", verdict="too small"),
        GuessRow(name="b", kind="too large", factor=2e4, said="you said 20", verdict="too large"),
        GuessRow(name="c", kind="wrong", factor=None, said="you said C", verdict="another"),
        GuessRow(name="d", kind="too large", factor=None, said="you said 3", verdict="2 too large"),
    ]
    ax = picture(rows, summary="Well.")
    words = [text.get_text() for text in ax.texts]
    assert {"guess 0", "× 20,000", "✗ another", "2 too large"} <= {*words}
    assert "b: you said 20, too large; c: you said C, another" in alt_text(ax)
    assert ax.figure.get_size_inches()[1] < 3

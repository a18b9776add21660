"""Each prediction of the lessons has its record, and each truth is what the built lesson shows."""

import re

import numpy as np
import pytest

from course.authoring.stamps import ROOT, sources
from course.classroom import saved
from course.classroom.predictions import PREDICT, PREDICTIONS
from course.scaling import min_max

# How to read the truth in what the lesson shows after the prediction: a pattern with the number in brackets.
# The numbers of a tuple are several groups, or several patterns.
SHOWN = {
    "0.1": r"step by step to (\S+) points",
    "1.2": r"Breakout (\S+) %",
    "1.3": r"one network for all: Pong \S+, Breakout (\S+),",
    "2.1": r"the largest (\S+) \(James Bond\)",
    "2.2": r"Game 1 was worth 1 when it was played and is worth (\S+) now",
    "3.1": r"Its mean is (\S+); the exact mean is 4.5",
    "3.2": r"(\S+) % of all hold the exact mean",
    "3.3": r"on logarithmic axes is -0.49: (\S+) times the batch leaves 10 %",
    "4.1": r"(\S+) % point the wrong way",
    "4.3": r"(\d+) of 6 point to the worse machine",
    "5.1": r"in the longest episode (\S+) times as large",
    "5.2": r"equal shares: .*? at update (\d+), exactly 0 in all 29 updates from number 32 on",
    "5.3": r"whole score: 523 after 12 updates, (\S+) at the end",
    "6.2": r"after 0 words .*?, (\S+) % of .* after 5 words .*?, (\S+) % of the variance is left",
    "6.3": r"minus the others: \S+ after 12 updates, (\S+) at the end.*R - V: \S+ after 12 updates, (\S+) at",
    "7.2": r"with the TD error, after 12 updates: (\S+) million points",
    "8.1": r"TD error with the blind critic: \S+ after 12 updates, (\S+) at the end",
    "8.2": r"lambda 0\. Step (\d+), the paddle",
    "8.3": r"GAE 0.95 with the blind critic: \S+ after 12 updates, (\S+) at the end",
    "9.1": r"row (\d+): cart before \(m\) \S+, reward 0,",
    "9.2": r"row 499: \S+ with two flags, (\S+) with one",
    "10.2": r"points after ([\d,]+) steps\. It is the first above 475",
    "10.3": r"a million times: \d+, (\d+), \d+ points, 0 of 3 solved",
    "11.1": r"falls to -1.2 at ratio (\S+) and is flat from there",
    "11.2": r"without, half of the updates at least (\S+)",
    "12.1": r"(\S+) points after \S+ steps in 3.0 minutes",
    "12.2": r"the largest surprise is \S+ at step 61, (\d+) steps before the point",
    "12.3": r"on two other episodes: Pong \S+ and \S+, Breakout \S+ and (\S+),",
    "13.1": r"GAE 0.95: (\S+) in points",
    "13.2": r"0 batches: \S+, (\S+), \S+, \S+; 1 batch",
    "13.3": r"whole score: (\S+) million points at the end",
    "14.1": r"always a jackpot costs (\S+)\.",
    "14.2": r"this run: .*?, at the end (\S+); seed 1",
    "15.1": r"(\d+) of the 8 with a wrong line are above 4.3 million",
    "15.3": r"gradient \S+ to \S+, on average (\S+);",
}


def text_of(cell):
    """All that a cell shows as words: what it printed, and the alt texts of its figures."""
    words = []
    for output in cell.outputs:
        words.append("".join(output.get("text", "")))
        words.append("".join(output.get("data", {}).get("text/plain", "")))
    return "\n".join(words)


def numbers(text):
    return [float(each.replace(",", "")) for each in re.findall(r"[-+]?\d[\d,]*\.?\d*", text)]


@pytest.fixture(scope="module")
def asked():
    """Every prediction of the built solutions: its lesson, its words, and all that is shown after it."""
    found = []
    for source in sources():
        asking = False
        for cell in saved.read(source.with_suffix(".ipynb")).cells:
            if cell.kind == "markdown" and PREDICT in cell.source:
                assert cell.source.count(PREDICT) == 1
                words = " ".join(cell.source.partition(PREDICT)[2].split())
                found.append([source.stem[:2], words, ""])
                asking = True
            elif asking and cell.kind == "code":
                found[-1][2] += f"{text_of(cell)}\n"
    return found


@pytest.fixture(scope="module")
def shown(asked):
    return {each.name: text for each, (_, _, text) in zip(PREDICTIONS, asked, strict=True)}


def named(name):
    return next(each for each in PREDICTIONS if each.name == name)


def test_there_is_one_record_for_each_prediction_of_the_lessons_in_their_order(asked):
    lessons = [lesson for lesson, _, _ in asked]
    assert [each.lesson for each in PREDICTIONS] == lessons
    for each, (_, words, _) in zip(PREDICTIONS, asked, strict=True):
        assert words.startswith(each.begins), each.name
    in_source = "".join(source.read_text(encoding="utf-8") for source in sources())
    assert in_source.count(PREDICT) == len(PREDICTIONS) == 45
    for lesson in set(lessons):
        places = [each.place for each in PREDICTIONS if each.lesson == lesson]
        assert places == list(range(1, len(places) + 1))


def test_no_prediction_can_be_taken_for_another():
    for each in PREDICTIONS:
        assert sum(other.begins.startswith(each.begins) for other in PREDICTIONS) == 1


@pytest.mark.parametrize("name", SHOWN)
def test_the_truth_is_what_the_lesson_shows(shown, name):
    prediction = named(name)
    match = re.search(SHOWN[name], shown[name], re.S)
    assert match, shown[name][:2_000]
    measured = [numbers(group)[0] for group in match.groups()]
    if prediction.within:
        low, high = prediction.within
        assert low <= prediction.truth <= high
        assert low <= measured[0] <= high
    else:
        assert tuple(measured) == prediction.truths or tuple(measured) == (int(prediction.truth),)


def test_five_random_scores_lie_where_the_lesson_shows_them(shown):
    prediction = named("1.1")
    for game, truth in zip(prediction.parts, prediction.truths, strict=True):
        low, high = numbers(
            re.search(rf"{game} (\S+ to [^;]+?)[;.]\s", shown["1.1"] + " ")[1].replace(" to ", " ")
        )
        assert low <= truth <= high, game


def test_a_reward_that_is_shifted_at_every_step_counts_the_steps():
    lesson = sources()[2].read_text(encoding="utf-8")
    assert "one ended -21 after 988" in " ".join(lesson.replace("\n#", " ").split())
    rewards = np.zeros(988)
    rewards[:21] = -1
    assert min_max(rewards, -1, 1).sum() == named("2.3").truth


def test_the_error_grows_by_the_factor_of_two_errors_in_the_figure(shown):
    before = numbers(re.search(r"as it is: .*?error (\S+);", shown["4.2"])[1])[0]
    after = numbers(re.search(r"100 points more for everybody: .*?error (\S+);", shown["4.2"])[1])[0]
    assert after / before == pytest.approx(named("4.2").truth, abs=0.01)


def test_the_ceiling_is_passed_after_the_last_word(shown):
    shares = numbers(re.search(r"after 0 to 5 words: (.*?%)\.", shown["6.1"])[1])
    assert len(shares) == 6
    assert next(words for words, share in enumerate(shares) if share > 99) == named("6.1").truth


def test_the_largest_surprise_is_the_last_word(shown):
    surprises = numbers(re.sub(r"word \d", "", re.search(r"surprises: (.*); in sum", shown["7.1"])[1]))
    assert len(surprises) == 6
    assert int(np.argmax(surprises)) + 1 == named("7.1").truth


def test_the_place_that_is_nearest_to_the_truth(shown):
    off = dict(re.findall(r"([A-E]) ([\d.]+\d)", re.search(r"it is off by: (.*)", shown["7.3"])[1]))
    assert min(off, key=lambda place: float(off[place])) == named("7.3").truth


def test_one_mistake_turns_the_sign(shown):
    found = re.findall(r"(\d): [^:]*: ([-+][^;]*);", shown["9.3"])
    assert len(found) == 3
    turned = [int(mistake) for mistake, means in found if numbers(means)[0] < 0]
    assert turned == [named("9.3").truth]


def test_batches_of_normalised_advantages_turn_between_two_sizes(shown):
    prediction = named("10.1")
    means = dict(re.findall(r"([\d,]+) plays: ([-+][\d.]+\d)", shown["10.1"]))
    towards_b = [numbers(plays)[0] for plays, mean in means.items() if float(mean) > 0]
    away = [numbers(plays)[0] for plays, mean in means.items() if float(mean) < 0]
    assert (max(away), min(towards_b)) == prediction.within
    assert min(towards_b) == prediction.truth


def test_changes_that_break_it_are_counted(shown):
    text = re.search(r"until the mean score of 20 episodes is 475\.(.*)", shown["11.3"])[1]
    rows = text.split("; ")[1:]  # the first is the one as given
    broken = [row for row in rows if "10 of 10 solved" not in row]
    assert len(rows) == 10
    assert len(broken) == named("11.3").truth


def test_at_the_end_of_the_dial_neither_patient_is_wrong(shown):
    gaps = {
        who: float(gap) for who, gap in re.findall(r"patient (\d): [^;]*?([\d.]+\d) at 1[;.]", shown["15.2"])
    }
    assert len(gaps) == 2
    assert "".join(who for who, gap in gaps.items() if gap > 0.05) == ""
    assert named("15.2").truth == "0"


def test_every_record_is_held_to_the_lesson_by_a_test():
    of_their_own = {"1.1", "2.3", "4.2", "6.1", "7.1", "7.3", "9.3", "10.1", "11.3", "15.2"}
    assert {*SHOWN, *of_their_own} == {each.name for each in PREDICTIONS}


# Polls


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=lambda each: each.name)
def test_a_poll_has_four_short_answers_and_one_of_them_is_the_truth(prediction):
    assert len(set(prediction.options)) == 4
    assert prediction.answer in prediction.options
    assert all(len(option) <= 25 for option in prediction.options)
    assert len(prediction.question) <= 220
    assert prediction.question.endswith("?")
    assert prediction.question.count("?") == 1
    assert "this" not in prediction.question.lower().split()[:2]


def distance(prediction, option):
    """How far an option is from the truth: in factors where there are some, else in the unit."""
    truths = [float(each) for each in prediction.truths]
    if prediction.name == "1.1":
        truths = [min(truths), max(truths)]
    said = numbers(option)
    if len(said) != len(truths):
        return np.inf  # "none of them"
    if prediction.scale == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.nansum(np.abs(np.log(np.divide(said, truths))))
    return sum(abs(each - truth) for each, truth in zip(said, truths, strict=True))


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=lambda each: each.name)
def test_the_answer_is_the_option_nearest_to_the_truth(prediction):
    if isinstance(prediction.truth, str):
        assert [each for each in prediction.options if each.startswith(prediction.truth)] == [
            prediction.answer
        ]
    else:
        far = {option: distance(prediction, option) for option in prediction.options}
        assert min(far, key=far.get) == prediction.answer
        assert sorted(far.values())[0] < sorted(far.values())[1]


def test_no_option_gives_itself_away_by_more_digits_than_the_others():
    numbered = {"8.2", "9.1"}  # steps and rows, whose numbers are their names
    for prediction in PREDICTIONS:
        for said in re.findall(r"\d[\d,.]*", " ".join(prediction.options)):
            digits = said.replace(",", "").replace(".", "").strip("0")
            assert len(digits) <= 2 or prediction.name in numbered, prediction.name


@pytest.mark.parametrize("prediction", PREDICTIONS, ids=lambda each: each.name)
def test_the_answers_stand_in_the_order_of_their_numbers(prediction):
    first = [numbers(option)[:1] for option in prediction.options]
    if all(first) and prediction.name != "1.1":
        assert first == sorted(first)


def test_the_truth_is_not_always_at_the_same_place():
    places = [each.options.index(each.answer) for each in PREDICTIONS]
    assert max(places.count(place) for place in range(4)) <= len(places) / 2


def test_a_factor_is_asked_for_only_where_there_is_one():
    for each in PREDICTIONS:
        if each.scale == "ratio":
            assert all(isinstance(truth, (int, float)) and truth != 0 for truth in each.truths), each.name
        assert bool(each.parts) == isinstance(each.truth, tuple)
        assert len(each.parts) in (0, len(each.truths))
        assert each.lesson in {source.stem[:2] for source in sources()}
        assert (ROOT / "notebooks").is_dir()

"""The widget "Who earned the prize?": its frames, its twin, and what it says when something goes wrong."""

import dataclasses
import html
import json
import re

import numpy as np
import pytest

from course import returns, widgets
from course.arrays import Refusal
from course.language import ages, credit, tales
from course.language.credit import EXACT, LAMBDAS, Reading, frames
from course.plots import alt_text
from course.plots import prize as plots
from course.widgets import prize
from course.worlds import writer

RNG = np.random.default_rng(3)


def reading(words, critics=("0 batches", "10 batches"), **changed):
    """A tale as critics who guess would read it, and V as it is; some of that may be changed."""
    tokens = tales.encode(" ".join(words))[None]
    rewards = np.zeros(len(words))
    rewards[-1] = tales.rule(tokens)[0]
    values = {critic: RNG.normal(4e5, 1e5, size=len(words)) for critic in critics}
    values[EXACT] = tales.exact_values(tokens)[0]
    plain = {
        "prompt": "pirate :",
        "words": words,
        "rewards": rewards,
        "values": values,
        "alternatives": [("crown", "rum") if word in ("crown", "rum") else () for word in words],
    }
    return Reading(**(plain | changed))


CROWN = ["the", "old", "cat", "found", "a", "crown", "."]
RUM = ["the", "tall", "fox", "saw", "a", "rum", "."]
SHORT = [*CROWN, *RUM, "<end>"]
LONG = [*RUM * 5, *CROWN, "<end>"]
THREE = [reading(SHORT), reading(LONG), reading(SHORT)]
EMPTY = dataclasses.replace(THREE[0], words=[])


def read(old, words):
    return reading(words, critics=[name for name in old.values if name != EXACT])


def test_in_every_frame_the_deltas_sum_to_what_was_paid_minus_the_first_value():
    for answer in frames(THREE)["answers"]:
        assert answer["paid"] == sum(answer["rewards"])
        for critic, deltas in answer["deltas"].items():
            expected = answer["paid"] - answer["values"][critic][0]
            assert sum(deltas) == answer["sums"][critic] == expected  # whole numbers: to the last point
            at_one = answer["weights"]["GAE"][critic][LAMBDAS.index(1.0)]
            assert at_one[0] == expected


def test_a_frame_is_what_the_courses_functions_make_of_the_answer_alone():
    made = frames(THREE)
    paid = [answer["paid"] for answer in made["answers"]]
    for i, (given, answer) in enumerate(zip(THREE, made["answers"], strict=True)):
        length = len(given.words)
        weights = answer["weights"]
        assert weights["whole score"] == [paid[i]] * length
        assert weights["minus the others"] == [round(returns.leave_one_out(paid)[i])] * length
        share = returns.spread_evenly(paid[i], length)
        np.testing.assert_allclose(weights["equal share"], share, atol=0.5)
        for critic, values in given.values.items():
            ended = np.arange(length) == length - 1
            arrays = given.rewards, values, np.append(values[1:], 0), ended
            deltas = returns.td_errors(*arrays, gamma=1.0)
            np.testing.assert_allclose(answer["deltas"][critic], deltas, atol=1.5)
            np.testing.assert_allclose(weights["R - V"][critic], paid[i] - values, atol=1)
            lam = 0.95
            advantages = returns.gae(*arrays, np.zeros(length, bool), gamma=1.0, lam=lam)
            np.testing.assert_allclose(weights["GAE"][critic][LAMBDAS.index(lam)], advantages, atol=20)
            assert weights["GAE"][critic][0] == answer["deltas"][critic]


def test_weights_are_those_of_the_figure_by_the_same_names():
    assert {*writer.WEIGHTS} - {"GAE 0.95"} | {"equal share", "GAE"} == {*frames(THREE)["weights"]}


def test_all_frames_of_twenty_long_answers_are_plain_json_of_less_than_a_megabyte():
    critics = ("0 batches", "1 batch", "10 batches", "100 batches")
    made = frames([reading(LONG, critics) for _ in range(20)])
    text = json.dumps(made)
    assert json.loads(text) == made
    assert len(text) < 1_000_000


def test_the_learners_own_gae_makes_the_weights_and_nothing_else():
    mine = frames(THREE, gae=lambda rewards, *_, **__: np.full_like(rewards, 7.0))["answers"][0]
    right = frames(THREE)["answers"][0]
    assert {x for rows in mine["weights"]["GAE"].values() for row in rows for x in row} == {7}
    assert mine["sums"] == right["sums"]


def no_gae(*_, **__):
    return 1 / 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([THREE[0]],), "readings must be of at least two answers, got 1"),
        (([reading([*SHORT], alternatives=[]), *THREE],), "readings: answer 0 has 15 tokens and 0 lists"),
        (([*THREE, reading(SHORT, ["1 batch"])],), "readings: answer 3 has the critics .*, the first "),
        (([reading(SHORT, values={"x": np.zeros(15)})] * 2,), "readings must have values of 'exact V', got "),
        (([*THREE, EMPTY],), "readings: answer 3 has no token"),
        (([*THREE, reading(SHORT, rewards=np.zeros(3))],), r"rewards of answer 3 must have shape \(15,\)"),
        ((THREE, no_gae), "gae: no_gae raised ZeroDivisionError: division by zero"),
        ((THREE, lambda r, *_, **__: r[:-1]), r"what <lambda> returns must have shape \(43, 3\), got"),
        ((THREE, 3), "gae must be a function, got 3"),
        ((THREE, returns.gae, [1.5]), r"lambdas must be in \[0, 1\], got 1.5"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(arguments, message):
    named = dict(zip(("gae", "lambdas"), arguments[1:], strict=False))
    with pytest.raises(Refusal, match=message):
        frames(arguments[0], **named)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"weight": "GEA"}, "weight 'GEA' is not known; did you mean 'GAE'"),
        ({"critic": "3 batches"}, "critic '3 batches' is not known"),
        ({"answer": -1}, "answer must be a whole number"),
        ({"answer": 3}, "answer must be below 3, got 3"),
        ({"token": 15}, "token must be below 15, got 15"),
        ({"lam": 2}, r"lam must be in \[0, 1\], got 2"),
    ],
)
def test_a_setting_to_start_from_must_be_there(start, message):
    with pytest.raises(Refusal, match=message):
        prize.who_earned_the_prize(readings=THREE, **start)


def test_a_swapped_word_moves_every_v_and_the_others_stay_as_they_were():
    widget = prize.who_earned_the_prize(readings=THREE, read=read)
    words = [*SHORT]
    words[12] = "crown"
    record = widget.swapped(0, words)["record"]
    assert record["words"] == words
    exact = tales.exact_values(tales.encode(" ".join(words))[None])[0]
    np.testing.assert_allclose(record["values"][EXACT], exact, atol=0.5)
    assert record["paid"] == 2 * THREE[0].rewards.sum()
    for critic, total in record["sums"].items():
        assert total == record["paid"] - record["values"][critic][0]
    assert widget.frames["answers"][0]["words"] == SHORT
    assert widget.swapped(0, SHORT)["record"]["paid"] == THREE[0].rewards.sum()


def test_a_swap_that_cannot_be_read_is_said_and_nothing_raises():
    widget = prize.who_earned_the_prize(readings=THREE, read=read)
    assert widget.swapped(0, ["the", "cot"]) == {
        "answer": 0,
        "error": "Refusal: text: the word 'cot' is not in the vocabulary; see course.language.tales.WORDS",
    }
    assert set(widget.swapped(9, SHORT)) == {"answer", "error"}


def test_what_the_browser_asks_is_answered():
    widget = prize.who_earned_the_prize(readings=THREE, read=read)
    said = []
    widget.send = said.append
    widget._handle_custom_msg({"answer": 2, "words": SHORT}, [])
    assert [(each["answer"], each["record"]["words"]) for each in said] == [(2, SHORT)]


def test_the_twin_is_a_picture_with_the_settings_the_extremes_and_the_sum_in_words():
    widget = widgets.who_earned_the_prize(readings=THREE, answer=1, critic=EXACT, token=5)
    data = widget.twin()
    words = data["text/plain"]
    answer = widget.frames["answers"][1]
    weights = answer["weights"]["GAE"][EXACT][LAMBDAS.index(0.95)]
    largest = int(np.argmax(weights))
    assert f"{LONG[largest]} (token {largest + 1}) {weights[largest]:+,}" in words
    assert f"Sum of the TD errors: {answer['sums'][EXACT]:+,} = R - V(s0)" in words
    assert "GAE, λ 0.95; critic: exact V" in words
    assert f'<img alt="{html.escape(words.removeprefix("Interactive figure. "))}"' in data["text/html"]
    assert "Run this cell to move the controls" in data["text/html"]


def test_a_notebook_gets_the_widget_and_then_its_twin(monkeypatch):
    shown = []
    monkeypatch.setattr(prize, "display", lambda data, raw: shown.append(data))
    prize.who_earned_the_prize(readings=THREE)._ipython_display_()
    assert [list(data) for data in shown] == [[prize.VIEW], ["text/html", "text/plain"]]


@pytest.mark.parametrize("weight", credit.WEIGHTS)
def test_the_picture_has_a_chip_for_each_token_with_sign_and_number(weight):
    made = frames(THREE)
    settings = prize.started(made, weight=weight)
    ax = plots.who_earned_the_prize(made, **settings)
    every = made["answers"][0]["weights"][weight]
    weights = plots.chosen(every, critic=settings["critic"], lam=settings["lam"])
    texts = [text.get_text() for text in ax.texts]
    assert texts == [each for word, x in zip(SHORT, weights, strict=True) for each in (word, plots.brief(x))]
    assert weight in alt_text(ax)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (0, "0"),
        (12, "+12"),
        (-999, "−999"),
        (312_499, "+312k"),
        (312_500, "+313k"),
        (1_125_000, "+1.13M"),
        (-999_499, "−999k"),
        (999_500, "+1.00M"),
    ],
)
def test_numbers_on_chips_are_short_and_have_a_sign(points, said):
    assert plots.brief(points) == said


def test_a_page_without_a_kernel_ends_no_script_too_early_and_asks_no_network():
    odd = [reading(SHORT, prompt="</script><b>"), *THREE]
    page = prize.page(frames(odd), answer=0)
    assert page.count("</script>") == 1
    assert not re.search(r"(?:src|href)=|@import|url\(", page)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


# The answers of the language model, and the critics who read them.


TWO = (0, 1)


def test_twenty_tales_are_read_by_every_critic_and_a_lucky_one_comes_first():
    read = ages.twenty_tales(ages=TWO)
    assert len(read) == 20
    lucky = [sum(word in tales.LUCKY for word in each.words) for each in read]
    assert lucky[0] == 2
    assert len(read[0].words) == min(len(each.words) for each, n in zip(read, lucky, strict=True) if n == 2)
    for each, count in zip(read, lucky, strict=True):
        assert list(each.values) == ["0 batches", "1 batch", EXACT]
        assert each.rewards[-1] == each.rewards.sum() == tales.prize(count)
        assert not each.values["0 batches"].any()
        assert 1e5 < each.values["1 batch"].mean() < 1e6
        for word, others in zip(each.words, each.alternatives, strict=True):
            assert not others or (word in others and len(others) > 3)
    made = frames(read)
    for answer in made[
        "answers"
    ]:  # as lesson 13 says of the exact V, and of a critic who has learned nothing
        for t, delta in enumerate(answer["deltas"][EXACT]):
            may_stop = t % 7 == 0 and 2 <= t // 7 <= 5
            assert (delta != 0) == (answer["words"][t] in tales.TREASURES or may_stop)
        assert answer["deltas"]["0 batches"] == answer["rewards"]
        assert answer["words"][answer["token"]] in tales.TREASURES
    assert {sum(answer["deltas"][EXACT]) for answer in made["answers"]} == {
        round(answer["paid"] - answer["values"][EXACT][0]) for answer in made["answers"]
    }


def test_a_young_critic_stays_young_and_the_same_seed_gives_the_same_one():
    young, older = ages.critics(ages=TWO).values()
    assert ages.critics(ages=(1, 0))[0].batches == young.batches == 0
    again = ages.critics(ages=(1, 2))[1]
    assert older.batches == again.batches == 1
    assert all((a == b).all() for a, b in zip(older.parameters(), again.parameters(), strict=True))
    with pytest.raises(Refusal, match="ages must be a whole number of at least 0, got -1"):
        ages.critics(ages=(-1,))
    with pytest.raises(Refusal, match="ages must hold at least one number, got none"):
        ages.critics(ages=())


def test_a_swapped_word_moves_exact_v_as_it_should_and_another_ending_is_refused():
    first = ages.twenty_tales(ages=TWO)[0]
    place = next(t for t, word in enumerate(first.words) if word in tales.LUCKY)
    words = [*first.words[:place], "rum", *first.words[place + 1 :]]
    swapped = ages.read(first, words, ages=TWO)
    assert (swapped.values[EXACT][: place + 1] == first.values[EXACT][: place + 1]).all()
    assert (swapped.values[EXACT][place + 1 :] < first.values[EXACT][place + 1 :]).all()
    assert swapped.prompt == first.prompt
    assert swapped.rewards.sum() == first.rewards.sum() / 2
    same = ages.read(first, first.words, ages=TWO)
    for critic, values in first.values.items():
        np.testing.assert_allclose(same.values[critic], values, rtol=1e-4)
    with pytest.raises(Refusal, match="answers must be 2 to 6 whole sentences and <end>, for V to be known"):
        ages.read(first, [*words[:7], "<end>"], ages=TWO)

"""The tales: what is grammatical, what is paid, and V, by listing every way in which a tale may go on."""

import itertools

import numpy as np
import pytest

from course.language import tales
from course.language.tales import END, FEWEST, LUCKY_CHANCE, MOST, PAD, SENTENCE, TOP

FOX = "the old fox found a {} ."
DULL = "bread"
NICE = "crown"


def tale(*treasures, end=" <end>"):
    """A tale with these treasures, one a sentence, as tokens [1, T]."""
    return tales.encode(" ".join(FOX.format(treasure) for treasure in treasures) + end)[None]


@pytest.fixture(scope="module")
def written():
    """4,000 answers of the ideal writer, without their prompts."""
    return tales.corpus(4_000, seed=0)[:, tales.PROMPT :]


# Words


def test_words_and_tokens_are_two_ways_to_say_the_same():
    text = "<bos> baker : the tall goat kept a wand . <end>"
    assert tales.decode(tales.encode(text)) == text
    assert tales.decode([*tales.encode("a map ."), PAD, PAD]) == "a map ."
    assert len(set(tales.WORDS)) == len(tales.WORDS) == 43


def test_a_prompt_names_its_hero():
    said = [tales.decode(row) for row in tales.prompts([3, 0])]
    assert said == ["<bos> wizard :", "<bos> pirate :"]


# What is grammatical, and what is paid


@pytest.mark.parametrize("lucky", range(7))
def test_each_lucky_word_doubles_the_prize_up_to_the_fifth(lucky):
    answer = tale(*[NICE] * lucky, *[DULL] * (6 - lucky))
    assert tales.lucky_words(answer) == lucky
    assert tales.rule(answer) == 156_250 * 2 ** min(lucky, 5)
    assert tales.rule(answer) <= TOP == 5e6


def test_a_cut_answer_is_paid_nothing_and_nothing_is_read_after_the_end():
    assert tales.rule(tale(NICE, NICE, end="")) == 0
    behind = np.append(tale(NICE, DULL), tales.encode("gold gold <end>"))[None]
    assert tales.rule(behind) == tales.rule(tale(NICE, DULL)) == 2 * tales.BASE
    assert tales.sentences(behind) == 2
    assert tales.grammatical(behind)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("the old fox found a map . <end>", True),
        ("the old fox found a map <end>", False),
        ("the old fox found map . <end>", False),
        ("the fox old found a map . <end>", False),
        ("the old fox found a map .", False),
        ("<end>", False),
        ("the old fox found a map . the <end>", False),
    ],
)
def test_what_is_a_sentence_of_the_language(text, good):
    assert tales.grammatical(tales.encode(text)[None]) == good


def test_the_ideal_writer_keeps_to_his_language(written):
    assert tales.grammatical(written).all()
    shares = np.bincount(tales.sentences(written).astype(int), minlength=MOST + 1) / len(written)
    np.testing.assert_allclose(shares, tales.ideal_lengths(), atol=0.03)
    counts = np.minimum(tales.lucky_words(written), 5)
    np.testing.assert_allclose(np.bincount(counts, minlength=6) / 4_000, tales.ideal_lucky(), atol=0.03)
    np.testing.assert_array_equal(tales.corpus(5, seed=3), tales.corpus(5, seed=3))
    assert (tales.corpus(5, seed=3) != tales.corpus(5, seed=4)).any()


# V


def every_tale():
    """Chance, treasures (lucky or not) and prize of every tale that the ideal writer may write."""
    alive = 1.0
    for length in range(FEWEST, MOST + 1):
        stop = 1.0 if length == MOST else 1 / 3
        for treasures in itertools.product([False, True], repeat=length):
            chance = np.prod([0.25 if lucky else 0.75 for lucky in treasures])
            yield alive * stop * chance, treasures, 156_250 * 2 ** min(sum(treasures), 5)
        alive *= 1 - stop


def value_by_listing(words):
    """The mean prize of all tales that begin with these words, each weighted with its chance."""
    seen = tuple(word in tales.LUCKY for word in words if word in tales.TREASURES)
    begun = -(-len(words) // len(SENTENCE))  # sentences, the unfinished one among them
    going_on = [
        (chance, prize)
        for chance, treasures, prize in every_tale()
        if len(treasures) >= begun and treasures[: len(seen)] == seen
    ]
    chances, prizes = np.array(going_on).T
    return (chances @ prizes) / chances.sum()


def test_v_before_every_token_is_the_mean_over_all_tales_that_begin_so(written):
    for answer in written[[0, 1, 2, 3, tales.lucky_words(written).argmax()]]:
        words = tales.decode(answer).split()
        values = tales.exact_values(answer[None])[0]
        listed = [value_by_listing(words[:t]) for t in range(len(words))]
        np.testing.assert_allclose(values[: len(words)], listed, rtol=1e-12)
        assert (values[len(words) :] == 0).all()


def test_v_is_what_the_tales_that_begin_so_were_paid_on_average(written):
    scores = tales.rule(written)
    values = tales.exact_values(written)
    visited = 0
    for token in (0, 7, 14, 18, 21, 28, 35):
        going_on = written[:, token] != PAD
        for value in np.unique(values[going_on, token]):
            paid = scores[going_on & (values[:, token] == value)]
            if len(paid) >= 100 and paid.std() > 0:
                visited += 1
                assert abs(paid.mean() - value) < 4 * paid.std() / np.sqrt(len(paid)), (token, value)
    assert visited >= 15


def test_v_of_the_empty_answer_is_the_mean_prize():
    mean = tales.ideal_lucky() @ tales.prize(np.arange(6))
    assert tales.exact_values(tale(DULL, DULL))[0, 0] == pytest.approx(mean, rel=1e-12)
    assert mean == pytest.approx(370_303, abs=1)
    assert tales.ideal_lucky().sum() == pytest.approx(1)
    assert tales.ideal_lengths().sum() == pytest.approx(1)
    assert LUCKY_CHANCE == 0.25


def test_v_moves_at_a_treasure_and_at_the_choice_to_stop_and_nowhere_else(written):
    answer = written[tales.sentences(written) == MOST][:1]
    moved = np.flatnonzero(np.diff(tales.exact_values(answer)[0, : 7 * MOST + 1])) + 1
    # A value stands before its token: after the treasure at place 5, and once the sentence has begun.
    assert set(moved % 7) <= {6, 1}
    assert {6, 13, 20, 27, 34, 41} <= set(moved)
    assert 1 not in moved  # the first sentence is no choice


# Refusals


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tales.encode(""), "at least one word"),
        (lambda: tales.encode("the old unicorn"), "'unicorn' is not in the vocabulary"),
        (lambda: tales.prompts([]), "at least one"),
        (lambda: tales.prompts([4]), "from 0 to 3"),
        (lambda: tales.rule(np.zeros((2, 0), dtype=int)), r"at least one token, got \(2, 0\)"),
        (lambda: tales.rule([END]), "shape"),
        (lambda: tales.rule([[5.0]]), "whole numbers"),
        (lambda: tales.rule([[43]]), "from 0 to 42"),
        (lambda: tales.exact_values([[-1]]), "from 0 to 42"),
        (lambda: tales.corpus(0, seed=0), "n must be"),
    ],
)
def test_what_is_no_answer_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()

import numpy as np
import pytest
import torch

from course.language import tales
from course.language.judges import LearnedJudge, pool, preferences
from course.language.model import reference
from course.language.tales import END, LONGEST, PAD
from course.language.tokens import answer_mask


@pytest.fixture(scope="module")
def answers():
    return pool(reference(), 300, seed=0, cut=0.2)


@pytest.fixture(scope="module")
def judge(answers):
    learned = LearnedJudge(seed=0, lr=1e-2)
    learned.learn(*preferences(answers[:200], 100, seed=0), steps=100, rows=32)
    return learned


def test_a_pool_holds_whole_tales_and_as_many_cut_ones_as_were_asked_for(answers):
    assert answers.shape == (300, LONGEST)
    cut = ~tales.finished(answers)
    assert 0.13 < cut.mean() < 0.27
    assert (answers[cut] != PAD).all()
    assert tales.grammatical(answers[~cut]).mean() > 0.8
    # The cut ones are sentences of the language, one too many.
    first_six = np.append(answers[cut][:, :42], np.full((cut.sum(), 1), END), axis=1)
    assert tales.grammatical(first_six).mean() > 0.3


def test_the_one_that_is_paid_more_is_preferred(answers):
    chosen, rejected = preferences(answers, 150, seed=1)
    assert chosen.shape == rejected.shape == (150, LONGEST)
    assert (tales.rule(chosen) > tales.rule(rejected)).all()
    assert (tales.rule(rejected) == 0).any()


def test_a_reader_who_errs_does_so_as_often_as_he_should(answers):
    chosen, rejected = preferences(answers, 400, seed=2, flipped=0.3)
    assert (tales.rule(chosen) < tales.rule(rejected)).mean() == pytest.approx(0.3, abs=0.08)


def test_the_judge_learns_to_prefer_what_the_reader_does(answers, judge):
    held_out = preferences(answers[200:], 300, seed=3)
    untaught = [LearnedJudge(seed=seed).accuracy(*held_out) for seed in range(4)]
    assert max(untaught) < 0.8 < judge.accuracy(*held_out)


def test_he_counts_in_deviations_of_what_he_learned_from(answers, judge):
    learned_from = np.concatenate(preferences(answers[:200], 100, seed=0))
    scores = judge(learned_from)
    assert scores.dtype == np.float64
    assert (scores.mean(), scores.std()) == pytest.approx((0, 1), abs=1e-4)


def test_what_stands_after_the_end_is_not_read(answers, judge):
    whole = answers[tales.finished(answers)]
    written = answer_mask(whole, END)
    scribbled = np.where(written, whole, 7)
    assert (scribbled != whole).any()
    np.testing.assert_allclose(judge(scribbled), judge(whole), atol=1e-5)
    longest = written.sum(axis=1).max()
    np.testing.assert_allclose(judge(whole[:, :longest]), judge(whole), atol=1e-5)


def test_the_same_seed_gives_the_same_judge_and_leaves_torch_s_own_seed_alone(answers):
    pairs = preferences(answers[:50], 20, seed=4)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    scores = []
    for seed in (0, 0, 1):
        learned = LearnedJudge(seed=seed)
        learned.learn(*pairs, steps=3)
        scores.append(learned(answers[:20]))
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(scores[0], scores[1])
    assert np.abs(scores[0] - scores[2]).max() > 0.01


def test_the_loss_is_the_callers_own(answers):
    asked = []

    def loss(chosen, rejected):
        asked.append((tuple(chosen.shape), tuple(rejected.shape)))
        return (rejected - chosen).mean()

    pairs = preferences(answers[:50], 20, seed=5)
    LearnedJudge(seed=0).learn(*pairs, loss=loss, steps=2, rows=8)
    LearnedJudge(seed=0).learn(*pairs, loss=loss, steps=1)
    assert asked == [((8,), (8,)), ((8,), (8,)), ((20,), (20,))]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda a: pool(reference(), 1, seed=0), "n must be a whole number of at least 2"),
        (lambda a: pool(reference(), 9, seed=0, cut=1.5), "cut must be in"),
        (lambda a: preferences(a[:1], 3, seed=0), "all 1 answers are paid alike"),
        (lambda a: preferences(a, 3, seed=0, flipped=2), "flipped must be in"),
        (lambda a: LearnedJudge(seed=0).learn(a[:2], a[1:3]), "one answer with itself"),
        (lambda a: LearnedJudge(seed=0).learn(a[:2], a[2:5]), "must have one shape"),
        (lambda a: LearnedJudge(seed=0)([[99]]), "tokens of the vocabulary"),
    ],
)
def test_what_cannot_be_judged_is_refused(answers, call, says):
    same = answers.copy()
    same[1] = same[0]
    with pytest.raises(ValueError, match=says):
        call(np.concatenate([same[:2], same[:1], answers[2:]]) if "itself" in says else answers)

import numpy as np
import pytest

from course.language.tokens import answer_mask, token_rewards

END = 2


def test_an_answer_counts_up_to_and_with_its_end_by_hand():
    tokens = [[5, 6, END, 0, 0], [END, 0, 0, 0, 0], [5, 6, 7, 8, 9], [5, END, 6, END, 7]]
    expected = [[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    got = answer_mask(tokens, END)
    assert got.dtype == bool
    np.testing.assert_array_equal(got, np.array(expected, dtype=bool))


def test_the_mask_by_definition():
    tokens = np.random.default_rng(0).integers(0, 5, size=(200, 9))
    mask = answer_mask(tokens, END)
    for b, t in np.ndindex(200, 9):
        assert mask[b, t] == (END not in tokens[b, :t])


def test_what_stands_after_the_end_does_not_matter():
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 5, size=(50, 9))
    before = answer_mask(tokens, END)
    tokens[~before] = rng.integers(0, 5, size=(~before).sum())
    np.testing.assert_array_equal(answer_mask(tokens, END), before)


@pytest.mark.parametrize(
    ("tokens", "end", "says"),
    [
        ([5, 2], 2, "tokens must have shape"),
        ([[]], 2, "at least one token"),
        (np.zeros((0, 4)), 2, "at least one token"),
        ([[5.5, 2]], 2, "tokens must be whole numbers, got 5.5"),
        ([["the"]], 2, "tokens must be numbers"),
        ([[5, 2]], -1, "end must be a whole number of at least 0"),
    ],
    ids=str,
)
def test_what_are_no_answers_is_refused(tokens, end, says):
    with pytest.raises(ValueError, match=says):
        answer_mask(tokens, end)


def test_token_rewards_by_hand():
    # 3 points a nat: one nat above the reference costs 3, one below earns 3
    got = token_rewards(10, [-1.0, -2.0, -1.5], [-2.0, -1.0, -1.0], beta=3)
    np.testing.assert_array_equal(got, [-3.0, 3.0, 1.5 + 10])
    np.testing.assert_array_equal(token_rewards(10, [-1.0], [-1.0], beta=3), [10.0])


def test_without_a_leash_only_the_last_token_is_paid():
    log_probs, ref = -np.random.default_rng(2).random((2, 6))
    np.testing.assert_array_equal(token_rewards(4, log_probs, ref, beta=0), [0, 0, 0, 0, 0, 4])


def test_the_rewards_of_an_answer_sum_to_the_score_less_the_toll_for_its_whole_log_ratio():
    log_probs, ref = -np.random.default_rng(3).random((2, 40))
    total = token_rewards(1e6, log_probs, ref, beta=5e4).sum()
    assert total == pytest.approx(1e6 - 5e4 * (log_probs.sum() - ref.sum()), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"score": np.nan}, "score must be finite"),
        ({"score": [1.0, 2.0]}, "score must be one number"),
        ({"log_probs": []}, "log_probs must have shape"),
        ({"ref_log_probs": [[-1.0, -1.0]]}, "ref_log_probs must have shape"),
        ({"ref_log_probs": [-1.0]}, "all must have one shape"),
        ({"log_probs": [-1.0, -np.inf]}, "log_probs must be finite"),
        ({"beta": -1.0}, "beta must be in"),
    ],
    ids=str,
)
def test_what_cannot_be_paid_is_refused(change, says):
    usual = {"score": 1.0, "log_probs": [-1.0, -2.0], "ref_log_probs": [-1.0, -1.0], "beta": 1.0}
    with pytest.raises(ValueError, match=says):
        token_rewards(**usual | change)

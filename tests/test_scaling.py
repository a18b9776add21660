import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.scaling import (
    RunningNormalizer,
    clip_rewards,
    human_normalized,
    min_max,
    orders_of_magnitude,
    running_mean_var,
    z_score,
)

STEADY = settings(max_examples=60, deadline=None, derandomize=True)
points = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
some_points = st.lists(points, min_size=1, max_size=40)


# Min-max


def test_min_max_by_hand():
    # (0 + 21) / 42 = 1/2; (42 + 21) / 42 = 3/2: nothing is clipped; (-42 + 21) / 42 = -1/2
    np.testing.assert_allclose(min_max([-21, 0, 21, 42, -42], -21, 21), [0, 0.5, 1, 1.5, -0.5])
    assert min_max(7, 5, 9) == 0.5


def test_min_max_keeps_the_shape():
    for shape in ((), (1,), (3,), (2, 3), (0,), (2, 1, 2)):
        got = min_max(np.ones(shape), 0, 4)
        assert np.shape(got) == shape
        np.testing.assert_array_equal(got, np.full(shape, 0.25))


@STEADY
@given(
    scores=st.lists(st.integers(-9999, 9999), min_size=1, max_size=20),
    low=st.integers(-9999, 9999),
    width=st.integers(1, 9999),
    unit=st.sampled_from([0.25, 0.5, 1, 2, 1024]),  # powers of two: no rounding, so equal means equal
    origin=st.integers(-9999, 9999),
)
def test_min_max_gives_the_same_share_in_any_unit_and_from_any_origin(scores, low, width, unit, origin):
    def moved(x):
        return unit * np.array(x) + origin

    before = min_max(scores, low, low + width)
    np.testing.assert_array_equal(min_max(moved(scores), moved(low), moved(low + width)), before)
    np.testing.assert_array_equal(min_max([low, low + width], low, low + width), [0, 1])


@STEADY
@given(scores=some_points, low=points, width=st.floats(1, 1e6))
def test_min_max_can_be_undone(scores, low, width):
    shares = min_max(scores, low, low + width)
    np.testing.assert_allclose(low + shares * ((low + width) - low), scores, rtol=1e-9, atol=1e-6)


# Z-scores


def test_z_score_by_hand():
    # mean 4; squared distances 9, 1, 1, 9: variance 5, of the population
    np.testing.assert_allclose(z_score([1, 3, 5, 7]), np.array([-3, -1, 1, 3]) / 5**0.5)


def test_z_score_of_rows_or_columns_by_themselves():
    scores = np.random.default_rng(0).normal(5, 3, size=(4, 6))
    rows, columns = z_score(scores, axis=1), z_score(scores, axis=0)
    for i in range(4):
        np.testing.assert_allclose(rows[i], z_score(scores[i]))
    for i in range(6):
        np.testing.assert_allclose(columns[:, i], z_score(scores[:, i]))


@STEADY
@given(scores=st.lists(points, min_size=2, max_size=40), a=st.floats(0.01, 1e3), b=points)
def test_z_scores_have_mean_0_variance_1_and_no_unit(scores, a, b):
    scores = np.array(scores)
    if scores.std() < 1:
        scores[0] += 100
    got = z_score(scores)
    assert got.mean() == pytest.approx(0, abs=1e-6)
    assert got.var() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(z_score(a * scores + b), got, atol=1e-4)


@pytest.mark.parametrize("value", [0, -3, 0.1, 1e9 + 0.1, 123456789.1, 500e6 / 3])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_equal_scores_are_0_at_any_size(value, size):
    # The mean of equal numbers may be off by a rounding error; large numbers have large ones.
    np.testing.assert_allclose(z_score(np.full(size, value)), np.zeros(size), atol=1e-6)
    rows = np.outer([value, 3 * value, 0.1], np.ones(size))
    np.testing.assert_allclose(z_score(rows, axis=1), np.zeros((3, size)), atol=1e-6)


def test_the_floor_is_the_smallest_divisor():
    # std 1 is above a floor of 0.5 and below one of 4
    np.testing.assert_allclose(z_score([1, 3], floor=0.5), [-1, 1])
    np.testing.assert_allclose(z_score([1, 3], floor=4), [-0.25, 0.25])


# Clipping


def test_clip_rewards_by_hand():
    np.testing.assert_array_equal(clip_rewards([-3, -0.5, 0, 1, 400]), [-1, -0.5, 0, 1, 1])
    np.testing.assert_array_equal(clip_rewards([[0, 5], [2, 9]], low=1, high=6), [[1, 5], [2, 6]])


def test_clipping_twice_is_clipping_once_and_order_is_kept():
    rewards = np.sort(np.random.default_rng(1).normal(0, 3, size=50))
    once = clip_rewards(rewards)
    np.testing.assert_array_equal(clip_rewards(once), once)
    assert (np.diff(once) >= 0).all()


# Running mean and variance


def test_running_mean_var_by_hand():
    # past 1, 3 (mean 2, variance 1); with 6, 6: mean 16 / 4 = 4, variance (9 + 1 + 4 + 4) / 4 = 4.5
    assert running_mean_var(2.0, 1.0, 2, [6.0, 6.0]) == (4.0, 4.5, 4)
    # past 0, 0, 0; with 4: mean 1, variance (1 + 1 + 1 + 9) / 4 = 3
    assert running_mean_var(0, 0, 3, [4]) == (1.0, 3.0, 4)


@STEADY
@given(scores=some_points, cuts=st.lists(st.integers(0, 40), max_size=5))
def test_merged_in_any_split_it_is_numpy_on_all_data(scores, cuts):
    mean, var, count = np.nan, np.nan, 0  # must not matter: there is no past
    for batch in np.split(np.array(scores), sorted(cut for cut in cuts if cut < len(scores))):
        if len(batch):
            mean, var, count = running_mean_var(mean, var, count, batch)
    assert count == len(scores)
    assert mean == pytest.approx(np.mean(scores), abs=1e-6)
    assert var == pytest.approx(np.var(scores), rel=1e-9, abs=1e-6)
    assert var >= 0


@STEADY
@given(first=some_points, second=some_points)
def test_past_and_batch_can_change_places(first, second):
    one = running_mean_var(np.mean(first), np.var(first), len(first), second)
    other = running_mean_var(np.mean(second), np.var(second), len(second), first)
    assert one == pytest.approx(other, rel=1e-9, abs=1e-6)


def test_a_long_past_far_from_0_is_not_lost_in_rounding():
    # sum of squares minus squared mean would have no digit left here: 1e9 squared is 1e18
    scores = 1e9 + np.random.default_rng(2).normal(size=10_000)
    mean, var, count = 0.0, 0.0, 0
    for batch in np.split(scores, 100):
        mean, var, count = running_mean_var(mean, var, count, batch)
    assert var == pytest.approx(scores.var(), rel=1e-6)


# The running normaliser


def test_the_running_normaliser_is_a_z_score_of_all_it_has_seen():
    scores = np.random.default_rng(3).normal(50, 9, size=30)
    past = RunningNormalizer()
    past.update(scores[:4])
    early = past(scores[:4])
    past.update(scores[4:])
    np.testing.assert_allclose(early, z_score(scores[:4]))
    np.testing.assert_allclose(past(scores), z_score(scores))
    assert past.count == 30


def test_asking_the_running_normaliser_does_not_teach_it():
    past = RunningNormalizer()
    past.update([1, 3])
    before = (past.mean, past.var, past.count)
    # mean 2, std 1
    np.testing.assert_array_equal(past([[2, 4], [0, 1]]), [[0, 2], [-2, -1]])
    assert (past.mean, past.var, past.count) == before


def test_the_running_normaliser_divides_by_the_floor_at_least():
    past = RunningNormalizer()
    past.update([5, 5])
    np.testing.assert_array_equal(past([5, 7], floor=0.5), [0, 4])


# What is taken, and what is refused


def test_lists_and_integers_are_taken_and_nothing_is_changed():
    scores = np.array([3, 1, 2])
    for f in (lambda s: min_max(s, 0, 4), z_score, clip_rewards, lambda s: running_mean_var(1, 2, 3, s)):
        for kind in (list, np.int64, np.float32):
            same = scores.tolist() if kind is list else scores.astype(kind)
            np.testing.assert_allclose(f(same), f(scores.astype(float)))
            np.testing.assert_array_equal(same, [3, 1, 2])


def seen():
    past = RunningNormalizer()
    past.update([1, 3])
    return past


TAKES = {
    "scores": (lambda x: min_max(x, 0, 1), z_score, lambda x: seen()(x)),
    "rewards": (clip_rewards,),
    "batch": (lambda x: running_mean_var(0, 1, 2, x), lambda x: running_mean_var(0, 1, 0, x), None),
    "low": (lambda x: min_max(1, x, 9), lambda x: clip_rewards([1], low=x)),
    "high": (lambda x: min_max(1, 0, x), lambda x: clip_rewards([1], high=x)),
    "mean": (lambda x: running_mean_var(x, 1, 2, [1]),),
    "var": (lambda x: running_mean_var(0, x, 2, [1]),),
    "count": (lambda x: running_mean_var(0, 1, x, [1]),),
    "floor": (lambda x: z_score([1, 2], floor=x), lambda x: seen()([1], floor=x)),
}
TAKES["batch"] = (*TAKES["batch"][:2], lambda x: RunningNormalizer().update(x))
CALLS = [pytest.param(name, f, id=f"{name}-{i}") for name, fs in TAKES.items() for i, f in enumerate(fs)]


def refusal(call, *arguments):
    with pytest.raises(ValueError) as refused:
        call(*arguments)
    return str(refused.value)


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_bad_numbers_are_refused_by_name(name, call):
    array = name in ("scores", "rewards", "batch")
    for bad in (np.nan, np.inf, -np.inf):
        given = [1, bad] if array else bad
        assert refusal(call, given) == f"{name} must be finite, got {bad}" + (" at 1" if array else "")
    kind = "numbers of a regular shape" if array else "a number"
    assert refusal(call, "many") == f"{name} must be {kind}, got 'many'"
    assert refusal(call, [[1], [1, 2]]) == f"{name} must be {kind}, got [[1], [1, 2]]"
    if not array:
        assert refusal(call, [1, 2]) == f"{name} must be one number, got shape (2,)"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: min_max(1, 4, 4), "high must be above low, got low 4 and high 4"),
        (lambda: min_max(1, 4, 2), "high must be above low, got low 4 and high 2"),
        (lambda: clip_rewards([1], 1, -1), "high must be above low, got low 1 and high -1"),
        (lambda: z_score([]), "scores must hold at least one number, got none"),
        (lambda: z_score([1, 2], floor=0), "floor must be above 0, got 0"),
        (lambda: z_score([1, 2], floor=-1), "floor must be above 0, got -1"),
        (lambda: running_mean_var(0, 1, 2, []), "batch must hold at least one number, got none"),
        (lambda: running_mean_var(0, 1, 2, [[1, 2]]), "batch must have shape [n], got (1, 2)"),
        (lambda: running_mean_var(0, 1, 2, 3.0), "batch must have shape [n], got ()"),
        (lambda: running_mean_var(0, -1, 2, [1]), "var must be in [0, inf], got -1"),
        (lambda: running_mean_var(0, 1, -2, [1]), "count must be in [0, inf], got -2"),
        (lambda: RunningNormalizer()([1]), "nothing seen yet: call update(batch) first"),
        (lambda: seen()([1], floor=0), "floor must be above 0, got 0"),
    ],
)
def test_other_refusals_name_the_argument(call, said):
    assert refusal(call) == said


def test_a_refusal_shows_numbers_that_really_differ():
    said = refusal(min_max, 1, 1_000_000.4, 1_000_000.1)
    assert "1000000.4" in said
    assert "1000000.1" in said


def test_a_refused_batch_does_not_spoil_the_running_normaliser():
    past = seen()
    refusal(past.update, [1, np.nan])
    assert (past.mean, past.var, past.count) == (2, 1, 2)


# How large is a score?


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([1, 1000], 3),
        ([-20, 200_000], 4),  # the sign of the smallest is dropped
        ([20, -200_000], 4),  # and that of the largest
        ([0, 5, 50], 1),  # a zero is no smallest score
        ([7], 0),
        ([[0.5], [-500]], 3),  # any shape
        ([2e-300, 2e300], 600),  # the quotient would overflow
    ],
)
def test_orders_of_magnitude_by_hand(scores, expected):
    assert orders_of_magnitude(scores) == pytest.approx(expected)


def test_orders_of_magnitude_do_not_change_with_the_unit():
    scores = np.array([3.0, -41.0, 0.0, 977.0])
    assert orders_of_magnitude(scores * 250) == pytest.approx(orders_of_magnitude(scores))


@pytest.mark.parametrize("scores", [[], [0, 0.0], 0, [1, math.nan], [1, math.inf], "many"])
def test_orders_of_magnitude_refuses(scores):
    with pytest.raises(ValueError, match="scores must"):
        orders_of_magnitude(scores)


def test_human_normalized_by_hand():
    # Pong: random -20.7, human 14.6; 21 - (-20.7) = 41.7 over 14.6 - (-20.7) = 35.3
    assert human_normalized(21, -20.7, 14.6) == pytest.approx(41.7 / 35.3)
    np.testing.assert_allclose(human_normalized([10, 20, 40], 20, 40), [-0.5, 0, 1])


def test_human_normalized_works_where_humans_score_less_than_random_play():
    np.testing.assert_allclose(human_normalized([[4.0], [0.0]], random=4, human=2), [[0], [2]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 5, 5), "human must differ from random, got 5 for both"),
        ((math.nan, 0, 1), "score must be finite"),
        ((1, [0, 1], 2), "random must be one number"),
        ((1, 0, math.inf), "human must be finite"),
    ],
)
def test_human_normalized_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        human_normalized(*arguments)

import numpy as np
import pytest
import torch

from course.arrays import finite, flag, flags, number, one_of, same_shape, steps, whole


def refusal(f, *arguments, **keywords):
    with pytest.raises(ValueError) as refused:
        f(*arguments, **keywords)
    return str(refused.value)


# What is taken


@pytest.mark.parametrize("given", [[1, 2], (1, 2), np.array([1, 2], np.int8), np.float32([1, 2]), [True, 2]])
def test_numbers_of_any_kind_become_float64(given):
    got = finite("x", given)
    assert got.dtype == np.float64
    np.testing.assert_array_equal(got, [1.0, 2.0])


def test_shapes_are_kept_down_to_none_at_all():
    for shape in ((), (0,), (3,), (2, 3), (2, 0, 1)):
        assert finite("x", np.zeros(shape)).shape == shape


def test_a_torch_tensor_without_a_gradient_is_taken():
    np.testing.assert_array_equal(finite("x", torch.tensor([1.0, 2.0])), [1.0, 2.0])


def test_flags_may_be_booleans_or_0_and_1_in_any_type():
    for given in ([False, True], [0, 1], [0.0, 1.0], np.array([0, 1], np.uint8), np.array([False, True])):
        got = flags("ended", given)
        assert got.dtype == bool
        np.testing.assert_array_equal(got, [False, True])


def test_steps_come_back_in_the_order_in_which_they_were_named():
    second, first = steps(second=[3, 4], first=[1, 2])
    np.testing.assert_array_equal([*second, *first], [3, 4, 1, 2])


def test_one_number_may_be_on_the_edge():
    assert number("gamma", 0, low=0, high=1) == 0
    assert number("gamma", np.float32(1), low=0, high=1) == 1
    assert isinstance(number("gamma", np.array(0.5), low=0, high=1), float)


def test_whole_numbers_may_come_as_floats_and_leave_as_int():
    for given in (3, 3.0, np.int64(3), np.float32(3)):
        got = whole("length", given, low=3)
        assert got == 3
        assert type(got) is int


def test_a_known_name_is_given_back():
    assert one_of("game", "pong", iter(["pong", "breakout"])) == "pong"


def test_equal_shapes_pass_whatever_they_hold():
    same_shape(a=np.zeros((2, 3)), b=np.ones((2, 3), bool))
    same_shape(a=np.zeros(()), b=np.ones(()))


# What is refused, in words that name the argument and show what came


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.nan, "rewards must be finite, got nan"),
        ([1, np.inf, np.nan], "rewards must be finite, got inf at 1"),
        ([[0, 1], [2, -np.inf]], "rewards must be finite, got -inf at (1, 1)"),
        ("fifty", "rewards must be numbers of a regular shape, got 'fifty'"),
        ([[1], [2, 3]], "rewards must be numbers of a regular shape, got [[1], [2, 3]]"),
        ({1: 2}, "rewards must be numbers of a regular shape, got {1: 2}"),
        (["x" * 100], "rewards must be numbers of a regular shape, got ['" + "x" * 55 + "..."),
    ],
    ids=["NaN", "first of two", "in a table", "text", "ragged", "dict", "long"],
)
def test_finite_says_what_was_wrong_and_where(given, said):
    assert refusal(finite, "rewards", given) == said


@pytest.mark.parametrize(
    "given",
    [
        "0.5",
        b"12",
        ["1", "2"],
        np.array(["1", "2"]),
        [1, "2"],
        np.array([1 + 2j]),
        1j,
        10**400,
        [1, -(10**400)],
        np.array(["2020-01-01"], "datetime64[D]"),
        object(),
        (i for i in range(3)),
        torch.ones(2, requires_grad=True),
    ],
    ids=lambda given: f"{type(given).__name__} {str(given)[:12]}",
)
def test_what_is_no_number_is_refused_even_if_numpy_could_make_one_of_it(given):
    assert refusal(finite, "rewards", given).startswith("rewards must be")


@pytest.mark.parametrize("given", [None, [1, None]], ids=str)
def test_none_is_called_none(given):
    assert "None" in refusal(finite, "rewards", given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([0, 2], "terminated must be flags (false, true, 0 or 1), got 2"),
        ([[0.5]], "terminated must be flags (false, true, 0 or 1), got 0.5"),
        ([1, -1], "terminated must be flags (false, true, 0 or 1), got -1"),
        ([0, np.nan], "terminated must be finite, got nan at 1"),
        (["yes"], "terminated must be numbers of a regular shape, got ['yes']"),
    ],
)
def test_flags_say_what_was_no_flag(given, said):
    assert refusal(flags, "terminated", given).startswith(said)


@pytest.mark.parametrize("given", [1.0, [], np.zeros((3, 0)), np.zeros((2, 2, 2))], ids=np.shape)
def test_steps_need_a_time_axis_and_at_least_one_row(given):
    said = f"values must have shape [T] or [T, N], not empty, got {np.shape(given)}"
    assert refusal(steps, values=given) == said


def test_unequal_shapes_are_all_told():
    said = refusal(same_shape, rewards=np.zeros(3), values=np.zeros((3, 1)), next_values=np.zeros(3))
    assert said == "all must have one shape, got rewards (3,), values (3, 1), next_values (3,)"
    assert refusal(steps, a=[1, 2], b=[1]) == "all must have one shape, got a (2,), b (1,)"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (-0.1, "gamma must be in [0, 1], got -0.1"),
        (1.01, "gamma must be in [0, 1], got 1.01"),
        ([0.5], "gamma must be one number, got shape (1,)"),
        (np.nan, "gamma must be finite, got nan"),
        ("half", "gamma must be a number, got 'half'"),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range(given, said):
    assert refusal(number, "gamma", given, low=0, high=1) == said


def test_a_large_whole_number_keeps_its_last_digits():
    assert whole("seed", 2**53 + 1, low=0) == 2**53 + 1
    assert whole("seed", 2**63 - 1, low=0) == 2**63 - 1


@pytest.mark.parametrize("given", [0, -1, -0.0])
def test_a_number_that_must_be_above_another_is_refused_on_the_edge(given):
    assert refusal(number, "clip", given, above=0) == f"clip must be above 0, got {given:g}"
    assert number("clip", 1e-300, above=0) == 1e-300


def test_one_flag_is_one_flag():
    assert flag("shared", 1) is True
    assert flag("shared", np.False_) is False
    assert refusal(flag, "shared", [True]) == "shared must be false or true, got [True]"
    assert refusal(flag, "shared", "no") == "shared must be false or true, got 'no'"
    assert refusal(flag, "shared", 2) == "shared must be false or true, got 2"


def test_a_refusal_never_shows_a_number_that_would_have_been_allowed():
    said = refusal(number, "gamma", 1 + 1e-9, low=0, high=1)
    assert float(said.split("got ")[1]) > 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (2, "length must be a whole number of at least 3, got 2"),
        (3.5, "length must be a whole number of at least 3, got 3.5"),
        (np.inf, "length must be finite, got inf"),
        (None, "length must be a whole number of at least 3, got None"),
        ("three", "length must be a whole number of at least 3, got 'three'"),
        (2**70, "length must be a whole number below 2**63, got 1180591620717411303424"),
        (float(2**63), "length must be a whole number below 2**63, got 9.223372036854776e+18"),
        ([3], "length must be one number, got shape (1,)"),
    ],
)
def test_what_is_no_whole_number_is_refused(given, said):
    assert refusal(whole, "length", given, low=3) == said


def test_an_unknown_name_is_refused_with_the_nearest_and_all_that_are_allowed():
    said = refusal(one_of, "exercise", "geh", ["gae", "td_errors"])
    assert said == "exercise 'geh' is not known; did you mean 'gae'? allowed: gae, td_errors"
    assert refusal(one_of, "exercise", "zzz", ["gae"]) == "exercise 'zzz' is not known; allowed: gae"
    assert refusal(one_of, "exercise", None, ["gae"]).startswith("exercise None is not known")
    assert "did you mean 'pong'?" in refusal(one_of, "game", "pon", ["pong"])  # a part of a name is none

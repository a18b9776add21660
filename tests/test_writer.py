"""The writer and its figure: the world by hand, every bad `weigh`, and the table of five lines as numbers."""

import itertools
import time

import numpy as np
import pytest

from course.plots import alt_text
from course.plots import writer as figure
from course.worlds import writer
from course.worlds.writer import BEST, PAY, learn
from tests.figures import covered

MILLION = 1e6


# The world


def one_batch(weigh=None, *, critic="exact", seeds=1, updates=1):
    """The records that `weigh` is handed, in order."""
    seen = []

    def listening(e):
        seen.append(e)
        return np.zeros(e.rewards.shape) if weigh is None else weigh(e)

    learn(listening, critic=critic, seeds=seeds, updates=updates)
    return seen


def written(e):
    """Tokens 0 before each place, [T, N], from what the exact critic says of two places in a row."""
    still = np.append(np.cumsum(_expected(e)[::-1])[::-1], 0.0)
    return ((e.values - still[:-1, None]) / PAY).round().astype(int)


def _expected(e):
    """What a random writer earns with each token."""
    return np.full(len(e.rewards), PAY / 5)


def test_the_judge_pays_once_at_the_end_and_nothing_but_tokens_0():
    (e,) = one_batch()
    assert e.rewards.shape == (500, 20)
    np.testing.assert_array_equal(e.rewards[:-1], 0)
    tokens = written(e)
    assert set(np.unique(np.diff(tokens, axis=0))) == {0, 1}
    last = (e.rewards[-1] / PAY - tokens[-1]).round(6)
    assert set(last) <= {0, 1}
    assert e.terminated[-1].all()
    assert not e.terminated[:-1].any()
    assert not e.truncated.any()


def test_the_exact_critic_is_a_sum_by_hand():
    # A token 0 raises what is expected by 4 million (5 less the 1 that was expected), another lowers it by 1.
    (e,) = one_batch()
    np.testing.assert_allclose(e.values[0], 500 * MILLION)
    steps = np.diff(np.vstack([e.values, e.rewards[-1]]), axis=0) / MILLION
    assert set(steps.round(6).ravel()) == {4.0, -1.0}
    np.testing.assert_array_equal(e.next_values[:-1], e.values[1:])
    np.testing.assert_array_equal(e.next_values[-1], 0)


def test_the_exact_critic_follows_the_policy():
    # 50 places learn to write 0 a little more often: by hand, from the chances after one step of Adam.
    def praise(e):
        weights = np.zeros(e.rewards.shape)
        weights[:50] = e.rewards[-1]
        return weights

    first, second = one_batch(praise, updates=2)
    result = learn(praise, seeds=1, updates=1)
    assert second.values[0] == pytest.approx(np.full(20, result.scores[0, 1]))
    assert first.values[50:].min() < second.values[50:].max()


def test_the_blind_critic_says_the_same_to_all_and_follows_the_scores():
    first, second = one_batch(critic="blind", updates=2)
    np.testing.assert_array_equal(first.values, BEST / 5)
    np.testing.assert_allclose(second.values, (BEST / 5 + first.rewards[-1].mean()) / 2)


def test_the_learned_critic_is_born_with_nothing_and_finds_the_values_of_a_policy_that_stays():
    learned = one_batch(critic="learned", updates=12)
    exact = one_batch(updates=12)
    np.testing.assert_array_equal(learned[0].values, 0)
    for mine, same in zip(learned, exact, strict=True):
        np.testing.assert_array_equal(mine.rewards, same.rewards)  # the critic changes no token
    miss = learned[-1].values - exact[-1].values
    assert np.sqrt(np.mean(miss**2)) < 8 * MILLION  # of answers that are 45 million from their mean
    early = learned[1].values - exact[1].values
    assert np.sqrt(np.mean(early**2)) > np.sqrt(np.mean(miss**2))


def test_a_run_is_the_same_however_many_there_are_and_whatever_the_setting(monkeypatch):
    three = learn(writer.minus_the_others, seeds=3, updates=3)
    monkeypatch.setenv("COURSE_QUICK", "1")
    two = learn(writer.minus_the_others, seeds=2, updates=2)
    assert three.scores.shape == (3, 4)
    assert two.cosines.shape == two.explained_variance.shape == (2, 2)
    np.testing.assert_array_equal(three.scores[:2, :3], two.scores)
    assert (np.abs(np.diff(three.scores[:, 1])) > 0).all()


def test_scores_begin_with_random_answers_and_a_weight_of_zero_changes_nothing():
    result = learn(lambda e: np.zeros(e.rewards.shape), seeds=2, updates=3)
    np.testing.assert_allclose(result.scores, BEST / 5)
    assert np.isnan(result.cosines).all()


def test_equal_numbers_for_all_are_an_array_like_any_other():
    result = learn(lambda e: np.full(e.rewards.shape, 7.0), seeds=1, updates=2)
    assert np.isfinite(result.scores).all()


def test_credit_for_each_token_alone_points_nearly_to_the_truth():
    # Weights by hand: 4 for a token 0 and -1 for any other are the true advantages of a random writer.
    def by_hand(e):
        return np.diff(np.vstack([e.values, e.rewards[-1]]), axis=0)

    by_delta = learn(writer.surprise, seeds=2, updates=1)
    same = learn(by_hand, seeds=2, updates=1)
    np.testing.assert_allclose(by_delta.scores, same.scores)
    assert by_delta.cosines.min() > 0.9


# Bad input


def refusal(weigh=writer.whole_score, **arguments):
    with pytest.raises(ValueError) as refused:
        learn(weigh, **{"seeds": 1, "updates": 1, **arguments})
    said = str(refused.value)
    assert "\n" not in said
    return said


def one_row(e):
    return e.rewards.sum(axis=0)


def turned(e):
    return e.rewards.T


def one_number(e):
    return 5e8


def nothing(e):
    return None


def not_a_number(e):
    weights = np.ones(e.rewards.shape)
    weights[3, 4] = np.nan
    return weights


def endless(e):
    return np.full(e.rewards.shape, -np.inf)


def words(e):
    return [["much"] * 20] * 500


def ragged(e):
    return [[1.0], [1.0, 2.0]]


def complex_ones(e):
    return np.full(e.rewards.shape, 1j)


def slips(e):
    return e.reward


class Callable7:
    def __call__(self, e):
        return e.rewards[0]


@pytest.mark.parametrize(
    ("weigh", "said"),
    [
        (one_row, "weigh: what one_row returns must have shape (500, 20), got (20,)"),
        (turned, "weigh: what turned returns must have shape (500, 20), got (20, 500)"),
        (one_number, "weigh: what one_number returns must have shape (500, 20), got ()"),
        (nothing, "weigh: what nothing returns must be numbers of a regular shape, got "),
        (not_a_number, "weigh: what not_a_number returns must be finite, got nan at (3, 4)"),
        (endless, "weigh: what endless returns must be finite, got -inf at (0, 0)"),
        (words, "weigh: what words returns must be numbers of a regular shape, got "),
        (ragged, "weigh: what ragged returns must be numbers of a regular shape, got "),
        (complex_ones, "weigh: what complex_ones returns must be numbers of a regular shape, got "),
        (slips, "weigh: slips raised AttributeError: 'Batch' object has no attribute 'reward'"),
        (lambda e: 1.0, "weigh: what <lambda> returns must have shape (500, 20), got ()"),
        (Callable7(), "weigh: what Callable7 returns must have shape (500, 20), got (20,)"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_bad_weigh_is_refused_in_one_line_that_names_it(weigh, said):
    assert refusal(weigh).startswith(said)


def test_a_long_complaint_of_the_learners_own_stays_in_one_line():
    def chatty(e):
        raise RuntimeError("first line\nsecond line")

    assert refusal(chatty) == "weigh: chatty raised RuntimeError: first line second line"


def test_what_weigh_changes_in_its_record_changes_nothing_else():
    def in_place(e):
        e.rewards[:] = 0
        e.values[:] = 0
        return np.ones(e.rewards.shape)

    def plain(e):
        return np.ones(e.rewards.shape)

    runs = [learn(f, critic="learned", seeds=1, updates=3) for f in (in_place, plain)]
    np.testing.assert_array_equal(runs[0].scores, runs[1].scores)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"seeds": 0}, "seeds must be a whole number of at least 1, got 0"),
        ({"seeds": 1.5}, "seeds must be a whole number of at least 1, got 1.5"),
        ({"updates": 0}, "updates must be a whole number of at least 1, got 0"),
        ({"updates": -3}, "updates must be a whole number of at least 1, got -3"),
        (
            {"critic": "exakt"},
            "critic 'exakt' is not known; did you mean 'exact'? allowed: exact, learned, blind",
        ),
        ({"critic": None}, "critic None is not known; allowed: exact, learned, blind"),
        ({"weigh": 3}, "weigh must be a function, got 3"),
    ],
)
def test_other_bad_input_is_refused_by_name(arguments, said):
    assert refusal(**arguments) == said


# The five lines


# Median score of 10 seeds after 12, 40 and 100 updates, in million points, and the cosine of the first batch
# with the true gradient, mean of the seeds: by critic and line.
TABLE = {
    ("exact", "whole score"): (523, 553, 603, 0.001),
    ("exact", "minus the others"): (818, 1_364, 1_886, 0.103),
    ("exact", "R - V"): (1_102, 1_838, 2_229, 0.149),
    ("exact", "TD error"): (2_474, 2_499, 2_499, 0.932),
    ("exact", "GAE 0.95"): (2_310, 2_496, 2_498, 0.579),
    ("learned", "whole score"): (523, 553, 603, 0.001),
    ("learned", "minus the others"): (818, 1_364, 1_886, 0.103),
    ("learned", "R - V"): (649, 1_076, 1_445, 0.001),
    ("learned", "TD error"): (2_449, 2_495, 2_497, 0.004),
    ("learned", "GAE 0.95"): (1_776, 2_378, 2_423, 0.003),
    ("blind", "whole score"): (523, 553, 603, 0.001),
    ("blind", "minus the others"): (818, 1_364, 1_886, 0.103),
    ("blind", "R - V"): (754, 1_177, 1_660, 0.105),
    ("blind", "TD error"): (500, 502, 504, 0.001),
    ("blind", "GAE 0.95"): (754, 1_184, 1_662, 0.033),
}
NEEDS_NO_CRITIC = ("whole score", "minus the others")


@pytest.fixture(scope="module")
def table():
    """Every line by every critic that changes it, and how long the five lines of the exact critic took."""
    began = time.process_time()
    made = {("exact", name): run for name, run in writer.five_lines().items()}
    seconds = time.process_time() - began
    for critic in ("learned", "blind"):
        for name, weigh in writer.WEIGHTS.items():
            if name in NEEDS_NO_CRITIC:
                made[critic, name] = made["exact", name]
            else:
                made[critic, name] = learn(weigh, critic=critic)
    return made, seconds


def test_all_five_lines_take_at_most_20_seconds_on_one_thread(table):
    print(f"\nfive lines: {table[1]:.1f} s of CPU")
    assert table[1] <= 20


@pytest.mark.parametrize(("critic", "name"), TABLE, ids=lambda each: each.replace(" ", "-"))
def test_a_line_is_where_the_table_says(table, critic, name):
    run = table[0][critic, name]
    assert run.scores.shape == (10, 101)
    *scores, cosine = TABLE[critic, name]
    median = np.median(run.scores, axis=0) / MILLION
    np.testing.assert_allclose(median[[12, 40, 100]], scores, rtol=0.03)
    assert run.cosines[:, 0].mean() == pytest.approx(cosine, abs=0.02)


def test_a_line_that_looks_at_no_value_is_the_same_with_every_critic(table):
    for name in NEEDS_NO_CRITIC:
        run = learn(writer.WEIGHTS[name], critic="blind", seeds=1, updates=5)
        np.testing.assert_array_equal(run.scores, table[0]["exact", name].scores[:1, :6])


def test_no_band_of_the_exact_critics_first_four_lines_touches_the_next(table):
    ends = [table[0]["exact", name].scores[:, -1] for name in list(writer.WEIGHTS)[:4]]
    for below, above in itertools.pairwise(ends):
        assert below.max() < above.min()


def test_explained_variance_of_the_critics(table):
    explained = {
        critic: table[0][critic, "R - V"].explained_variance[:, 0].mean() for critic in writer.CRITICS
    }
    assert explained["exact"] == pytest.approx(0.5, abs=0.1)  # half of an answer is written, on average
    assert explained["learned"] == pytest.approx(0, abs=1e-9)  # newborn
    assert explained["blind"] == pytest.approx(0, abs=1e-9)


# The figure


@pytest.fixture(scope="module")
def lines(table):
    return {name: table[0]["exact", name] for name in writer.WEIGHTS}


def test_the_figure_says_where_each_line_is(lines):
    said = alt_text(figure.learning(lines, old=["whole score"]))
    for name in lines:
        early, _, late, _ = TABLE["exact", name]
        assert f"{name}: {early:,} after 12 updates, {late:,} at the end" in said
    assert "guess" not in said


def test_every_line_of_the_figure_has_its_name_and_none_covers_another(lines):
    ax = figure.learning(lines, old=["whole score"])
    assert not list(covered(ax))
    names = sorted((text for text in ax.texts if "(" in text.get_text()), key=lambda text: text.xyann[1])
    assert {text.get_text().partition("  (")[0] for text in names} == set(lines)
    boxes = [text.get_window_extent() for text in names]
    for below, above in itertools.pairwise(boxes):
        assert below.y1 <= above.y0 + 1


def test_an_older_line_is_dimmed_and_a_learned_critic_dashed(lines):
    two = {name: lines[name] for name in ("whole score", "R - V")}
    ax = figure.learning(two, old=["whole score"], critic={"R - V": "learned"})
    old, new = ax.lines[:2]
    assert old.get_alpha() < new.get_alpha() == 1
    assert (old.get_linestyle(), new.get_linestyle()) == ("-", "--")
    assert "R - V with the learned critic" in alt_text(ax)


@pytest.mark.parametrize(("guess", "said"), [(1_500, "1,500"), ([900, 1_200.5], "900 and 1,200"), (0, "0")])
def test_a_guess_is_drawn_and_said(lines, guess, said):
    ax = figure.learning(lines, guess=guess)
    assert f"You guessed {said} after 100 updates." in alt_text(ax)
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in diamonds] == list(np.atleast_1d(guess))


@pytest.mark.parametrize(
    ("guess", "said"), [("much", "numbers"), ([[1, 2]], "(1, 2)"), ([], "(0,)"), (np.nan, "finite")]
)
def test_a_guess_that_is_none_is_refused(lines, guess, said):
    with pytest.raises(ValueError, match="guess") as refused:
        figure.learning(lines, guess=guess)
    assert said in str(refused.value)


def test_a_line_of_an_unknown_name_is_refused(lines):
    with pytest.raises(ValueError, match="must begin with one of whole score, minus the others, R - V"):
        figure.learning({"my own": lines["R - V"]})


def test_where_a_batch_points_is_a_dot_for_each_seed(lines):
    ax = figure.pointing(lines, critic={"R - V": "exact"})
    assert not list(covered(ax))
    said = alt_text(ax)
    for name, run in lines.items():
        shown = f"{name} (exact critic)" if name == "R - V" else name
        assert f"{shown} {run.cosines[:, :10].mean():.3f}" in said
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [10] * 5

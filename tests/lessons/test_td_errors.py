"""Lesson 7: its numbers from its own variables, and what it claims, tried where it could be false."""

from dataclasses import replace

import numpy as np
import pytest

from course.critics import td_targets
from course.plots import alt_text
from course.plots import td_errors as plots
from course.returns import td_errors
from course.worlds import play, random_walk, state_values, tale_world, writer
from tests.lessons import in_words, says, variables

V = np.arange(1, 6) / 6
MILLION = 1e6


@pytest.fixture(scope="module")
def lesson():
    return variables("td_errors")


# Six surprises


def test_the_surprises_of_the_tale_are_as_quoted_and_subtract_to_the_last_digit(lesson):
    said, surprises = lesson["said"], lesson["surprises"]
    rounded = [f"{each:+.0f}" for each in surprises]
    words = ", ".join(rounded[:5])
    says("td_errors", "the surprises are {}, and {} for the judge's payment", words, rounded[5])
    total = sum(map(int, rounded))
    says("td_errors", "Together they make {}, which is 500 minus {:.0f}", total, said[0])
    levels = [f"{each:.2f}" for each in [*said, 500]]
    for before, after, surprise in zip(levels, levels[1:], surprises, strict=False):
        assert f"{float(after) - float(before):.2f}" == f"{surprise:.2f}"
    assert f"{surprises.sum():.2f}" == f"{500 - float(levels[0]):.2f}"
    assert np.argmax(surprises) == 4
    assert np.argmin(surprises) == 5
    # to two decimals it is what an exact critic says
    world = tale_world()
    np.testing.assert_allclose(said, state_values(world, world.theta)[lesson["lucky_so_far"]], atol=0.005)


# Every token its own weight


def median(run, update):
    return np.median(run.scores[:, update]) / MILLION


def test_line_4_of_the_figure(lesson):
    lines = lesson["lines"]
    says(
        "td_errors", "took the writer to {:,.0f} million in the first 12 updates", median(lines["R - V"], 12)
    )
    says(
        "td_errors",
        "After 12 updates the writer is at {:,.0f} of 2,500 million",
        median(lines["TD error"], 12),
    )
    cosines = {name: run.cosines[:, :10].mean() for name, run in lines.items()}
    says("td_errors", "to {:.2f} and {:.2f}", cosines["minus the others"], cosines["R - V"])
    says("td_errors", "Credit turns it most of the way, to {:.2f}", cosines["TD error"])
    assert abs(cosines["whole score"]) < 0.02


def test_at_the_start_a_token_0_is_worth_4_million_and_any_other_costs_1():
    weights = []
    writer.learn(lambda e: weights.append(writer.surprise(e)) or weights[0], seeds=1, updates=1)
    assert set(np.unique(weights[0].round())) == {-1 * MILLION, 4 * MILLION}


def test_the_learned_critic_wins_with_the_td_error_although_it_explains_nothing(lesson):
    learned = lesson["learned"]
    ends = median(learned["TD error, learned"], 100), median(learned["R - V, learned"], 100)
    says(
        "td_errors",
        "With $\\delta$ it reaches {:,.0f} million in 100 updates, and with $R - V$ {:,.0f}",
        *ends,
    )
    says("td_errors", "its explained variance falls to {:.0f}", lesson["explained"].min())
    assert ends[1] < median(lesson["lines"]["minus the others"], 100)


def test_its_level_is_wrong_and_its_differences_are_right_in_kind(lesson):
    says("td_errors", "Its *level* is wrong by {:.0f} million", lesson["too_low"])
    likely = lesson["run"].scores[0, 7] / writer.BEST  # of a token 0, on average over the places
    says("td_errors", "(about {:+.1f} and {:+.1f} would be)", 5 * (1 - likely), -5 * likely)
    # The tokens that change its mind for the better are those that were paid.
    paid = lesson["eighth"].rewards.sum(axis=0) / (5 * MILLION)
    assert np.all(paid - (lesson["changes"] > 0).sum(axis=0) <= 1)
    assert np.all(paid >= (lesson["changes"] > 0).sum(axis=0))


def test_a_token_0_is_better_news_than_any_other_in_every_batch_after_the_first():
    better = []

    def noted(e):
        changes = (e.next_values - e.values)[:-1]
        paid = e.rewards.sum(axis=0)
        better.append(((changes > changes.mean()).sum(axis=0), paid / (5 * MILLION)))
        return writer.surprise(e)

    writer.learn(noted, critic="learned", seeds=3, updates=20)
    for good_news, paid in better[3:]:
        assert np.all((0 <= paid - good_news) & (paid - good_news <= 1))  # the last token changes no mind


def spoiled(e, level):
    """The values of a critic that is off by `level` points everywhere."""
    next_values = e.next_values + level
    next_values[-1] = 0
    return replace(e, values=e.values + level, next_values=next_values)


@pytest.mark.parametrize("level", [300 * MILLION, -300 * MILLION])
def test_a_wrong_level_alone_ruins_the_score_minus_value_and_not_the_td_error(level):
    run = writer.learn(lambda e: writer.surprise(spoiled(e, level)), seeds=2)
    assert median(run, 100) > 2_480
    run = writer.learn(lambda e: writer.score_minus_value(spoiled(e, level)), seeds=2)
    assert median(run, 100) < 800


def test_with_a_critic_that_looks_at_nothing_the_td_error_is_worthless():
    run = writer.learn(writer.surprise, critic="blind", seeds=2)
    assert median(run, 100) < 520


# Nothing is lost


def test_no_random_critic_leaves_a_gap(lesson):
    assert len(lesson["gaps"]) == 1_000
    assert 0 < max(lesson["gaps"]) < 5e-7  # it prints 0.000000; what there is comes from rounding


def test_with_the_true_critic_every_step_surprises_by_a_sixth_towards_the_side_it_went():
    world = random_walk()
    walks = play(world, world.theta, episodes=200, seed=0)
    deltas = td_errors(walks.rewards, V[walks.states], V[walks.next_states], walks.terminated, gamma=1.0)
    expected = np.where(walks.real, (2 * walks.actions - 1) / 6, 0)
    np.testing.assert_allclose(deltas, expected, atol=1e-12)


@pytest.mark.parametrize("limit", [None, 6])
def test_the_surprises_sum_to_the_score_minus_the_promise_plus_what_a_cut_leaves_open(limit):
    world = random_walk(time_limit=limit)
    walks = play(world, world.theta, episodes=300, seed=1)
    for critic in np.random.default_rng(0).normal(size=(5, 5)):
        d = td_errors(
            walks.rewards, critic[walks.states], critic[walks.next_states], walks.terminated, gamma=1.0
        )
        open_ = (walks.truncated * critic[walks.next_states]).sum(axis=0)
        np.testing.assert_allclose(d.sum(axis=0), walks.returns() + open_ - critic[2], atol=1e-12)
    assert walks.truncated.any() == (limit is not None)


@pytest.mark.parametrize("gamma", [1.0, 0.9])
def test_shaping_moves_every_policys_return_by_the_same_amount(gamma):
    world, rng = random_walk(), np.random.default_rng(3)
    potential = rng.normal(size=5)
    for theta in rng.normal(size=(4, 5)):
        plain = state_values(world, theta, gamma=gamma)[2]
        after = np.where(world.terminated, 0, potential[world.next_states])
        shaped = replace(world, rewards=world.rewards + gamma * after - potential[:, None, None])
        assert state_values(shaped, theta, gamma=gamma)[2] - plain == pytest.approx(-potential[2])


# A critic that teaches itself


def learn(log, table, step_sizes, *, whole=False):
    """The lesson's `learn`, with the arithmetic written out; Monte Carlo if `whole`."""
    table, tables = table.copy(), [table.copy()]
    for n, lr in enumerate(step_sizes):
        for t in np.flatnonzero(log.real[:, n]):
            s = log.states[t, n]
            then = 0 if log.terminated[t, n] else table[log.next_states[t, n]]
            table[s] += lr * ((log.rewards[:, n].sum() if whole else log.rewards[t, n] + then) - table[s])
        tables.append(table.copy())
    return np.array(tables)


def test_the_young_critic_is_right_at_the_ends_first(lesson):
    off, young = lesson["off"], lesson["young"]
    order = [letter for _, letter in sorted(zip(off, "ABCDE", strict=True))]
    says("td_errors", "{}, and then {}: the ends come first", *order[:2])
    assert np.argmax(np.abs(young[0] - V)) == 4  # E had the longest way to go
    visits = np.bincount(lesson["walks"].states[lesson["walks"].real], minlength=5)
    assert max(visits[[0, 4]]) < min(visits[1:4])


@pytest.fixture(scope="module", params=[0, 100], ids=["the lesson's seeds", "other seeds"])
def tables(request):
    """A function from start, step size and method to tables after 0 to 150 walks, [20, 151, 5]."""
    world = random_walk()
    seeds = range(request.param, request.param + 20)
    logs = [play(world, world.theta, episodes=150, seed=seed) for seed in seeds]
    wild = [np.random.default_rng(seed).normal(size=5) for seed in seeds]

    def made(start, lr, *, whole):
        starts = wild if start == "wild" else [np.full(5, 0.5)] * 20
        pairs = zip(logs, starts, strict=True)
        return np.array([learn(log, table, np.full(150, lr), whole=whole) for log, table in pairs])

    return made


def error(tables):
    return np.sqrt(((tables - V) ** 2).mean(axis=-1))


def test_the_ends_are_right_first_in_other_logs_too(tables):
    errors = np.abs(tables("wild", 0.1, whole=False)[:, 30] - V).mean(axis=0)
    assert max(errors[[0, 4]]) < min(errors[1:4])


@pytest.mark.parametrize(
    ("start", "walks", "ahead"),
    [("wild", 25, "Monte Carlo"), ("wild", 150, "TD(0)"), ("half", 25, "TD(0)"), ("half", 150, "TD(0)")],
)
def test_who_is_ahead_depends_on_the_start(tables, start, walks, ahead):
    td, whole = (error(tables(start, 0.1, whole=kind))[:, walks] for kind in (False, True))
    lead = (td - whole) if ahead == "Monte Carlo" else (whole - td)
    assert lead.mean() > 3 * lead.std(ddof=1) / 20**0.5


def test_from_a_half_td_leads_throughout_at_this_step_size_and_not_at_a_smaller_one(tables):
    td, whole = (error(tables("half", 0.1, whole=kind)).mean(axis=0) for kind in (False, True))
    assert np.all(td[3:] < whole[3:])
    td, whole = (error(tables("half", 0.02, whole=kind)).mean(axis=0) for kind in (False, True))
    assert np.all(td[10:40] > whole[10:40])


def test_the_errors_as_quoted(lesson):
    errors = {
        (start, name): runs.mean(axis=0)
        for start, both in lesson["by_start"].items()
        for name, runs in both.items()
    }
    wild, half = "random numbers", "0.5 everywhere"
    said = "Monte Carlo is ahead at first, with an error of {:.2f} against {:.2f} after 25 walks"
    says("td_errors", said, errors[wild, "Monte Carlo"][25], errors[wild, "TD(0)"][25])
    said = "TD has an error of {:.2f} against {:.2f} after 25 walks"
    says("td_errors", said, errors[half, "TD(0)"][25], errors[half, "Monte Carlo"][25])
    for start in (wild, half):
        said = "after 150 walks, with {:.2f} against {:.2f}"
        says("td_errors", said, errors[start, "TD(0)"][150], errors[start, "Monte Carlo"][150])


def test_bias_fades_and_some_noise_remains(lesson):
    bias, noise = (lesson[name].mean(axis=0) for name in ("bias", "noise"))
    says("td_errors", "The score has no bias, and a noise of {:.2f} for ever", np.sqrt((V * (1 - V)).mean()))
    assert lesson["noise_of_score"] == pytest.approx(np.sqrt((V * (1 - V)).mean()))
    said = "The TD target starts with a bias of {:.2f} and a noise of {:.2f}"
    says("td_errors", said, bias[0], noise[0])
    says("td_errors", "a bias of {:.2f} and a noise of {:.3f} are left", bias[-1], noise[-1])
    # The noise of a perfect critic's target: one step to either side, a sixth each.
    assert noise[-1] == pytest.approx(1 / 6, abs=0.02)


def test_a_start_without_nonsense_has_a_target_without_nonsense(lesson):
    target = td_targets(random_walk(), np.zeros(5), np.full(5, 0.5))
    bias = np.sqrt(((target.mean - V) ** 2).mean())
    noise = np.sqrt((target.std**2).mean())
    assert bias < 0.2 * lesson["bias"][:, 0].mean()
    assert noise < 0.3 * lesson["noise"][:, 0].mean()


# Dig deeper


def test_the_score_blames_one_good_step_in_three_and_the_td_error_none(lesson):
    good = lesson["to_the_right"]
    assert (lesson["by_surprise"][good] < 0).sum() == 0
    says("td_errors", "One good step in {}", in_words(1 / (lesson["by_score"][good] < 0).mean()))


def test_with_another_critic_the_td_error_blames_good_steps_too(lesson):
    walks = lesson["walks"]
    wild = lesson["wild"]
    deltas = td_errors(
        walks.rewards, wild[walks.states], wild[walks.next_states], walks.terminated, gamma=1.0
    )
    assert (deltas[lesson["to_the_right"]] < 0).mean() > 0.1


def test_in_the_long_run_the_score_blames_exactly_one_good_step_in_three():
    # Visits per walk solve n = start + P^T n; a step right from s is blamed if the walk is lost from s + 1.
    coin = (np.eye(5, k=1) + np.eye(5, k=-1)) / 2
    visits = np.linalg.solve(np.eye(5) - coin.T, np.eye(5)[2])
    lost_after_it = 1 - np.append(V[1:], 1)
    assert visits @ lost_after_it / visits.sum() == pytest.approx(1 / 3)
    says("td_errors", "in the long run exactly 1/3")


def test_step_sizes_as_quoted(lesson):
    errors = {
        (size, name): runs.mean(axis=0)
        for size, both in lesson["by_size"].items()
        for name, runs in both.items()
    }
    assert np.all(errors["0.02", "TD(0)"] >= errors["0.02", "Monte Carlo"])
    constant = errors["0.3", "TD(0)"]
    assert constant[50:100].mean() == pytest.approx(constant[100:].mean(), abs=0.01)
    says("td_errors", "then stays at an error of about {:.2f}", constant[50:].mean())
    shrinking = errors["0.3, shrinking", "TD(0)"]
    says("td_errors", "the error goes on falling, to {:.2f}", shrinking[150])
    assert shrinking[150] < 0.8 * shrinking[100]


def resting_mean(lr):
    """The mean of TD(0)'s table at a constant step size, when it has come to rest, exactly.

    M[s] = E[table; the walk stands at s] obeys a linear equation, because the update is linear.
    """
    visits = np.array([1, 2, 3, 2, 1]) / 9
    equations, paid = np.eye(25).reshape(5, 5, 5, 5), np.zeros((5, 5))
    for s in range(5):
        for after in (s - 1, s + 1):
            ends = after in (-1, 5)
            at = 2 if ends else after
            equations[at, :, s, :] -= 0.5 * np.eye(5)
            equations[at, s, s, s] += 0.5 * lr
            if not ends:
                equations[at, s, s, after] -= 0.5 * lr
            paid[at, s] += 0.5 * lr * (after == 5) * visits[s]
    return np.linalg.solve(equations.reshape(25, 25), paid.ravel()).reshape(5, 5).sum(axis=0)


def test_a_constant_step_size_is_not_right_on_average():
    said = "at 0.1 the mean of $V(A)$ comes to rest at {:.3f}, not at {:.3f}"
    says("td_errors", said, resting_mean(0.1)[0], V[0])
    assert resting_mean(0.1)[2] == pytest.approx(0.5)
    gaps = [1 / 6 - resting_mean(lr)[0] for lr in (0.1, 0.05, 0.025)]
    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.01)
    assert gaps[1] / gaps[2] == pytest.approx(2, abs=0.01)
    # and by playing: 400 critics of 1,000 walks each, side by side
    rng, tables = np.random.default_rng(0), np.tile(V, (400, 1))
    places, total, row = np.full(400, 2), np.zeros((400, 5)), np.arange(400)
    for step in range(9_000):
        after = places + np.where(rng.random(400) < 0.5, 1, -1)
        around = np.column_stack([np.zeros(400), tables, np.ones(400)])
        tables[row, places] += 0.1 * (around[row, after + 1] - tables[row, places])
        places = np.where((after < 0) | (after > 4), 2, after)
        total += tables * (step >= 1_000)
    means = (total / 8_000).mean(axis=0)
    error = (total / 8_000).std(axis=0) / 20
    assert np.all(np.abs(means - resting_mean(0.1)) < 4 * error)
    assert V[0] - means[0] > 10 * error[0]


def test_steps_that_are_drawn_alone_are_right_on_average():
    """The same step size, but every step starts in a place drawn by itself: now V(A) is right on average."""
    rng = np.random.default_rng(0)
    tables = np.tile(V, (400, 1))
    total = np.zeros((400, 5))
    row = np.arange(400)
    for step in range(9_000):
        places = rng.choice(5, size=400, p=np.array([1, 2, 3, 2, 1]) / 9)
        after = places + np.where(rng.random(400) < 0.5, 1, -1)
        around = np.column_stack([np.zeros(400), tables, np.ones(400)])
        tables[row, places] += 0.1 * (around[row, after + 1] - tables[row, places])
        total += tables * (step >= 1_000)
    means = (total / 8_000).mean(axis=0)
    error = (total / 8_000).std(axis=0) / 20
    assert np.all(np.abs(means - V) < 4 * error)
    assert 10 * error[0] < V[0] - resting_mean(0.1)[0]  # it would be seen


# Figures


def test_the_tale_shows_every_promise_and_every_surprise():
    ax = plots.tale([100.0, 150.0, 120.0], 130.0, [50.0, -30.0, 10.0])
    assert [bar.get_height() for bar in ax.patches] == [50, -30, 10]
    assert [bar.get_y() for bar in ax.patches] == [100, 150, 120]
    written = [text.get_text() for text in ax.texts]
    assert written == ["+50.00", "-30.00", "+10.00", "100.00", "150.00", "120.00", "130.00"]
    assert "word 1 +50.00; word 2 -30.00; payment +10.00; in sum 30.00" in alt_text(ax)
    assert "guess" not in alt_text(ax)


def test_a_guess_of_a_step_is_drawn_or_refused():
    tale = ([100.0, 150.0], 130.0, [50.0, -20.0])
    ax = plots.tale(*tale, guess=2)
    assert alt_text(ax).endswith("You guessed 2.")
    for wrong in ("2", 0, 3, 1.5, [1]):
        with pytest.raises(ValueError, match="guess"):
            plots.tale(*tale, guess=wrong)


def test_a_guess_of_a_place_is_drawn_or_refused():
    tables = np.array([[0.0, 1.0, 5.0], [0.2, 0.5, 0.9]])
    shown = {"off": [0.1, 0.2, 0.3], "off_after": 1}
    ax = plots.young_critic(tables, (0, 1), [0.25, 0.5, 0.75], **shown, guess="b")
    assert "your guess" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert alt_text(ax).endswith("After 1 walks it is off by: A 0.10, B 0.20, C 0.30. You guessed B.")
    quiet = plots.young_critic(tables, (0, 1), [0.25, 0.5, 0.75], **shown)
    assert "guess" not in alt_text(quiet)
    for wrong in ("E", 2, "AB", ["A"]):
        with pytest.raises(ValueError, match="guess"):
            plots.young_critic(tables, (0, 1), [0.25, 0.5, 0.75], **shown, guess=wrong)


def test_the_story_shows_every_surprise_up_to_its_step():
    ax = plots.surprise("ABC", [0, 0, 4], [1, 2, 3], [1, 1, 1], 1)
    assert [bar.get_height() for bar in ax.patches] == [1, 1]
    assert "Step 2 of 3, B → C: reward 0, V goes from 2.00 to 3.00, TD error +1.00" in alt_text(ax)
    last = alt_text(plots.surprise("ABC", [0, 0, 4], [1, 2, 3], [1, 1, 1], 2))
    assert "V goes from 3.00 to 0.00" in last
    assert "sum to +3.00; the promise at the start was 1.00, the whole score is 4" in last

"""What lesson 4 says in numbers, measured by its own code, which runs once."""

from functools import partial

import numpy as np
import pytest
import torch

from course.checks import judge
from course.plots import alt_text, png
from course.plots import spreading_rewards as plots
from tests.lessons import says, variables


@pytest.fixture(scope="module")
def lesson():
    return variables("spreading_rewards")


def saturated(gap):
    """One place after a first update that opened this gap."""
    return torch.tensor([[gap, 0.0, 0.0, 0.0, 0.0]])


# The exercises


def test_the_solutions_of_the_lesson_pass_their_checks(lesson):
    for name in ("spread_evenly", "reward_to_go"):
        assert judge(name, lesson[name], seed=3).passed


def test_a_vectorised_reward_to_go_and_a_list_of_shares_pass():
    def by_matrix(rewards, *, gamma):
        ahead = np.subtract.outer(np.arange(len(rewards)), np.arange(len(rewards))) * -1
        return np.where(ahead >= 0, float(gamma) ** np.maximum(ahead, 0), 0.0) @ rewards

    def by_list(score, length):
        if length < 1:
            raise ValueError
        return [score / length] * length

    assert judge("reward_to_go", by_matrix, seed=0).passed
    assert judge("spread_evenly", by_list, seed=0).passed


# How long is the gradient?


def test_the_norm_on_paper_is_the_norm_by_autograd(lesson):
    assert lesson["whole"].norm().item() == pytest.approx(10e9, rel=1e-5)
    assert lesson["shares"].norm().item() == pytest.approx(20e6, rel=1e-5)


def test_the_norm_on_paper_holds_for_other_lengths_and_any_answer(lesson):
    for length, weight, seed in ((1, 3.0, 0), (50, 7e6, 1), (2_000, 0.5, 2)):
        answer = np.random.default_rng(seed).integers(5, size=length)
        found = lesson["gradient"](torch.zeros(length, 5), answer, np.full(length, weight))
        assert found.norm().item() == pytest.approx(weight * np.sqrt(0.8 * length), rel=1e-4)


def test_sharing_divides_the_gradient_by_the_steps_and_does_nothing_else(lesson):
    whole, shares = lesson["whole"], lesson["shares"]
    assert (whole.norm() / shares.norm()).item() == pytest.approx(500, rel=1e-6)
    assert ((whole * shares).sum() / whole.norm() / shares.norm()).item() == pytest.approx(1, abs=1e-9)
    torch.testing.assert_close(whole / 500, shares, rtol=1e-6, atol=0)


# When is it dead?


def test_the_jackpot_is_the_last_update_and_the_gradient_is_then_exactly_zero(lesson):
    for name in ("whole score", "equal shares"):
        norms = np.array(lesson["runs"][name])
        assert np.isfinite(norms).all()
        assert (norms[:31] > 0).all()
        assert (norms[31:] == 0).all()
    jackpot = lesson["runs"]["equal shares"][30]
    assert 17e6 < jackpot < 24e6  # about a million on each of 500 tokens, times 20
    assert min(lesson["runs"]["equal shares, no jackpot"]) > 10


def test_the_policy_dies_at_the_jackpot_whatever_the_seed(lesson):
    for seed in range(20):
        logits, rng = torch.zeros(500, 5), torch.Generator().manual_seed(seed)
        answers = lesson["draw"](logits, rng)
        share = 5e6 * (answers == 0).sum() / 500
        logits = logits + 0.01 * lesson["gradient"](logits, answers, np.full(500, share))
        assert torch.isfinite(logits).all()
        again = lesson["draw"](logits, rng, answers=50)
        assert (again == answers).all()  # no other token is ever written
        for paid in (share, -1e12):
            assert not lesson["gradient"](logits, again, np.full(500, paid)).any()


def test_one_update_opens_a_gap_of_rate_times_weight(lesson):
    step = 0.01 * lesson["gradient"](torch.zeros(3, 5), np.array([2, 0, 4]), np.full(3, 700.0))
    assert (step.max(dim=1).values - step.min(dim=1).values).tolist() == pytest.approx([7.0] * 3)


def test_a_probability_is_exactly_zero_from_a_gap_of_104_on_but_not_before_87(lesson):
    gradient = lesson["gradient"]
    for gap in (plots.LAST_GAP + 0.1, 105.0, 1e6):
        assert not gradient(saturated(gap), np.array([0]), np.array([1e6])).any()
    for gap in (20.0, 87.0):  # processors without subnormal numbers stop at 87.3
        assert gradient(saturated(gap), np.array([0]), np.array([1e6])).any()


def test_a_learning_rate_of_a_millionth_keeps_the_shares_alive_and_not_the_whole_score(lesson):
    assert 1e-6 * 500e6 / 500 == pytest.approx(1)
    alive = {}
    for name, weight in (("shares", 1e6), ("whole", 500e6)):
        start, answer = torch.zeros(500, 5), np.arange(500) % 5
        after = start + 1e-6 * lesson["gradient"](start, answer, np.full(500, weight))
        alive[name] = bool(lesson["gradient"](after, answer, np.full(500, weight)).any())
    assert alive == {"shares": True, "whole": False}
    assert "equal shares: alive" in alt_text(lesson["one_update"](500, 500e6, 1e-6))


# Two half-cures


def test_only_own_pay_learns_and_the_others_make_up_their_minds_at_random(lesson):
    score = {way: 5 * p[..., 0].sum(axis=-1) for way, p in lesson["learned"].items()}  # millions
    sure = {way: p[:, -1].max(axis=-1).mean() for way, p in lesson["learned"].items()}
    plain, own = score["plain steps, shares"], score["Adam, each token its own pay"]
    np.testing.assert_allclose(plain[:, 2:], plain[:, 2:3].repeat(98, 1), rtol=1e-6)  # dead by then
    assert (own[:, 12] > 2_450).all()
    for way in ("clipped to 1,000, shares", "Adam, shares"):
        assert 0.86 < sure[way] < 0.92
        assert 540 < score[way][:, -1].mean() < 650


def test_clipping_and_adam_end_near_600_million_over_twenty_seeds(lesson):
    limits = {"clipped to 1,000, shares": (1_000,), "Adam, shares": ()}
    for way, limit in limits.items():
        optimizer, credit = lesson["ways"][way][:2]
        more = [lesson["train"](optimizer, credit, *limit, seed=seed)[-1] for seed in range(10, 20)]
        last = 5 * np.concatenate([lesson["learned"][way][:, -1], more])[..., 0].sum(axis=1)
        assert 560 < last.mean() < 620
        says("spreading_rewards", "for some {:.0f} million", round(last.mean(), -2))
        assert last.max() < 800


def test_the_cosine_of_a_batch_with_the_true_gradient_is_a_hundredth_or_nine_tenths(lesson):
    truth = torch.tensor([0.8, -0.2, -0.2, -0.2, -0.2]).repeat(500, 1)
    cosines = {"equal": [], "own": []}
    for seed in range(400):
        logits, rng = torch.zeros(500, 5), torch.Generator().manual_seed(seed)
        paid = lesson["draw"](logits, rng, answers=20)
        for name, credit in (("equal", lesson["equal"]), ("own", np.asarray)):
            weights = np.array([credit(rewards) for rewards in 5e6 * (paid == 0)])
            found = lesson["gradient"](logits, paid, weights)
            cosines[name].append((found * truth).sum().item() / found.norm().item() / 20)
    # On paper: signal-to-noise of one answer 4e-6, so sqrt(20 * 4e-6) = 0.009.
    assert 0.005 < np.mean(cosines["equal"]) < 0.013
    says("spreading_rewards", "With each token's own pay it is {:.2f}", np.mean(cosines["own"]))


def test_adam_cancels_a_factor_of_a_million(lesson):
    assert np.abs(lesson["small"] - lesson["large"]).max() < 5e-5
    assert np.abs(lesson["small"][-1] - lesson["small"][0]).max() > 0.5  # it did move


def test_clipped_small_batches_point_backwards_and_larger_ones_do_not(lesson):
    limits, cosines = lesson["limits"], lesson["cosines"]
    one = np.argmin(np.abs(np.log(limits)))
    assert cosines[5][one] < -0.9
    assert cosines[20][one] < -0.9
    assert cosines[100][one] > 0.9
    assert all(each[-1] > 0.95 for each in cosines.values())  # a limit of 100 clips next to nothing


# Equal shares credit nobody


def test_in_cartpole_every_share_is_one_point(lesson):
    assert {share for shares in lesson["played"] for share in shares} == {1.0}
    assert len({len(shares) for shares in lesson["played"]}) > 5


def test_where_score_is_length_the_expected_gradient_is_zero_and_the_variance_is_not(lesson):
    assert lesson["verdict"].snr == 0
    assert lesson["verdict"].variance > 1


def test_the_table_of_the_corridor(lesson):
    rows = {row.estimator: row for row in lesson["rows"]["corridor"]}
    whole, equal, to_go, shares_to_go = (
        rows[name] for name in ("whole score", "equal shares", "reward-to-go", "equal shares to go")
    )
    assert min(rows.values(), key=lambda row: row.variance) is equal
    says(
        "spreading_rewards",
        "the least variance, {:.0f} times less than the whole score",
        whole.variance / equal.variance,
    )
    assert equal.snr == pytest.approx(whole.snr, rel=1e-9)
    says(
        "spreading_rewards", "The signal-to-noise, {:.3f}, is the whole score's to the last digit", equal.snr
    )
    says("spreading_rewards", "Reward-to-go is unbiased, and clearer: {:.3f}", to_go.snr)
    assert to_go.relative_bias < 1e-12
    says("spreading_rewards", "by {:.3f} of the true gradient", shares_to_go.relative_bias)
    said = "their cosine is {:.3f}, and their signal-to-noise, {:.3f}, the best of the four"
    says("spreading_rewards", said, shares_to_go.cosine, shares_to_go.snr)
    assert max(rows.values(), key=lambda row: row.snr) is shares_to_go


def test_unbiased_beats_biased_in_large_batches(lesson):
    rows = {row.estimator: row for row in lesson["rows"]["corridor"]}
    to_go, shares = rows["reward-to-go"], rows["equal shares to go"]
    nearer = [batch for batch in range(1, 2_000) if to_go.error(batch) < shares.error(batch)]
    says("spreading_rewards", "About {} episodes", nearer[0])
    says("spreading_rewards", "with more, it stops at {:.3f}", shares.relative_bias)
    assert nearer == list(range(nearer[0], 2_000))


def test_in_the_survival_world_shares_to_go_are_the_real_reward_to_go(lesson):
    rows = {row.estimator: row for row in lesson["rows"]["survival"]}
    one, other = rows["reward-to-go"], rows["equal shares to go"]
    assert (one.bias, one.variance, one.snr) == pytest.approx((other.bias, other.variance, other.snr))


# Think


def test_averaging_over_tokens_leaves_a_gap_of_twenty(lesson):
    mean_weight = 1e6 / 500
    found = lesson["gradient"](torch.zeros(500, 5), lesson["answer"], np.full(500, mean_weight))
    says("spreading_rewards", "{:,.0f}, and {:.0f}: alive on paper", found.norm().item(), 0.01 * mean_weight)
    assert saturated(20.0).softmax(dim=1)[0, 1].item() == pytest.approx(2e-9, rel=0.05)


def test_plain_steps_with_own_pay_freeze_on_the_right_tokens(lesson):
    for seed in range(20):
        policy = lesson["train"](lesson["sgd"], np.asarray, seed=seed)[-1]
        assert 5 * policy[:, 0].sum() > 2_499.9
        assert not (policy[:, 1:] > 0).any()


def test_adam_remembers_a_jackpot_for_a_thousand_updates(lesson):
    def lengths(jackpot, seed, updates=1_060):
        logits, rng, moved = torch.zeros(500, 5), torch.Generator().manual_seed(seed), []
        adam = lesson["adam"]([logits])
        for update in range(1, updates + 1):
            answers, old = lesson["draw"](logits, rng, answers=20), logits.clone()
            shares = 5 * (answers == 0).mean(axis=1, keepdims=True) * (jackpot if update == 31 else 1)
            logits.grad = -lesson["gradient"](logits, answers, np.broadcast_to(shares, (20, 500)).copy())
            adam.step()
            moved.append((logits - old).norm().item())
        return np.array(moved)

    ratio = lengths(1, seed=0) / lengths(1e6, seed=0)
    says("spreading_rewards", "Thirty updates later its steps are {:.0f} times shorter", ratio[60])
    assert 100 < ratio[-50:].mean() < 1_000


# The figures


def test_the_figures_say_in_words_what_they_show(lesson):
    trace = alt_text(plots.trace(lesson["runs"], jackpot=31, change=46))
    assert "exactly 0 in all 29 updates from number 32 on" in trace
    assert "nowhere" not in alt_text(plots.judged(lesson["rows"]["corridor"]))
    survival = alt_text(plots.judged(lesson["rows"]["survival"]))
    assert "equal shares, no direction" in survival
    assert "reward-to-go = equal shares to go" in survival


def test_large_numbers_are_said_in_words():
    assert [plots.big(x) for x in (20e6, 1e10, 500, 2.5e12)] == [
        "20 million",
        "10 billion",
        "500",
        "2.5 trillion",
    ]


def test_moving_a_control_changes_the_picture(lesson):
    pictures = {png(lesson["one_update"](*at)) for at in ((500, 5e8, 0.01), (500, 5e8, 1e-7), (50, 5, 1))}
    assert len(pictures) == 3
    draw = partial(plots.distance, lesson["corridor"], truth=lesson["size"])
    assert png(draw(20)) != png(draw(5_000))

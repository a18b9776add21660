"""The healthy lines of lesson 15: by hand, by definition, by what must not matter."""

import numpy as np
import pytest
import torch

from course.language import losses, tokens
from course.losses import clipped_policy_loss, value_loss
from course.returns import gae, td_errors

END = 2
EVEN = np.full((3, 4), 0.25)


def batch(seed, *, answers=5, places=8):
    """A mask of answers of different lengths, and their lengths."""
    lengths = np.random.default_rng(seed).integers(1, places + 1, size=answers)
    return np.arange(places) < lengths[:, None], lengths


def floats(seed, shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def test_draws_follow_the_chances():
    chances = np.array([0.5, 0.0, 0.2, 0.3])
    draws = (np.arange(1_000) + 0.5) / 1_000
    drawn = tokens.first_tokens(np.tile(chances, (1_000, 1)), draws)
    np.testing.assert_array_equal(np.bincount(drawn, minlength=4), 1_000 * chances)


def test_a_draw_of_zero_never_gives_what_cannot_be_drawn():
    np.testing.assert_array_equal(tokens.first_tokens([[0.0, 0.0, 1.0]], [0.0]), [2])


def test_a_row_that_sums_to_a_little_less_than_one_still_gives_a_token():
    short = np.array([[0.5, 0.5 - 1e-7]])
    assert tokens.first_tokens(short, [1 - 1e-9]) == 1


def test_a_draw_changes_its_own_answer_and_no_other():
    draws = np.array([0.1, 0.4, 0.9])
    before = tokens.first_tokens(EVEN, draws)
    draws[1] = 0.99
    assert (tokens.first_tokens(EVEN, draws) != before).tolist() == [False, True, False]


def test_the_last_row_is_the_one_after_which_the_mask_is_false():
    mask, lengths = batch(0, answers=50)
    np.testing.assert_array_equal(tokens.last_rows(mask), lengths - 1)


def test_mask_last_and_ended_are_one_story():
    written = np.random.default_rng(1).integers(0, 5, size=(60, 9))
    mask = tokens.answer_mask(written, END)
    ended = tokens.ended_rows(tokens.last_rows(mask), 9)
    # An answer is ended where it has its end, or in the last place if it was cut.
    wanted = mask & (written == END)
    wanted[~wanted.any(axis=1), -1] = True
    np.testing.assert_array_equal(ended, wanted.T)


def test_with_ended_rows_nothing_in_the_padding_matters_to_gae():
    mask, _ = batch(2)
    rng = np.random.default_rng(2)
    rewards, values, next_values = rng.normal(size=(3, 8, 5))
    ended = tokens.ended_rows(tokens.last_rows(mask), 8)

    def advantages():
        return gae(rewards, values, next_values, ended, np.zeros_like(ended), gamma=1.0, lam=0.95)[mask.T]

    before = advantages()
    for array in (rewards, values, next_values):
        array[~mask.T] = rng.normal(0, 1e6, size=(~mask).sum())
    np.testing.assert_array_equal(advantages(), before)


def test_next_worth_is_what_td_errors_look_ahead_to():
    rng = np.random.default_rng(3)
    rewards, values, next_values = rng.normal(size=(3, 40))
    terminated, truncated = rng.random((2, 40)) < 0.3
    worth = tokens.next_worth(next_values, terminated, truncated)
    np.testing.assert_allclose(
        rewards + 0.9 * worth - values, td_errors(rewards, values, next_values, terminated, gamma=0.9)
    )


def test_values_before_are_the_outputs_after_the_token_before():
    outputs = np.arange(14.0).reshape(2, 7)
    before = tokens.values_before(outputs, 4)
    for t in range(4):
        np.testing.assert_array_equal(before[:, t], outputs[:, 7 - 4 + t - 1])


def test_the_toll_is_that_of_token_rewards():
    own, reference = -np.random.default_rng(4).random((2, 9))
    paid = tokens.token_rewards(10, own, reference, beta=3)
    toll = tokens.kl_penalty(own, reference, beta=3)
    np.testing.assert_allclose(paid - toll, [0] * 8 + [10], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tokens.first_tokens(EVEN, [0.1, 0.2]), "draws must be one for each row"),
        (lambda: tokens.first_tokens(EVEN, [0.1, 0.2, 1.0]), r"draws must be in \[0, 1\)"),
        (lambda: tokens.first_tokens(EVEN / 2, [0.1] * 3), "each row must sum to 1"),
        (lambda: tokens.first_tokens([[1.5, -0.5]], [0.1]), "must not be below 0"),
        (lambda: tokens.first_tokens([0.5, 0.5], [0.1]), r"chances must have shape \[B, V\]"),
        (lambda: tokens.kl_penalty([-1.0], [-1.0], beta=-1), "beta must be in"),
        (lambda: tokens.kl_penalty([-1.0, -2.0], [-1.0], beta=1), "one shape"),
        (lambda: tokens.last_rows([[False, False]]), "every answer must have a token"),
        (lambda: tokens.last_rows([[True, False, True]]), "must come first"),
        (lambda: tokens.last_rows([True, False]), r"mask must have shape \[B, T\]"),
        (lambda: tokens.ended_rows([0, 3], 3), "last must be rows, 0 to 2, got 0 to 3"),
        (lambda: tokens.ended_rows([0.5], 3), "last must be whole numbers"),
        (lambda: tokens.next_worth([1.0, 2.0], [True], [False]), "one shape"),
        (lambda: tokens.next_worth([np.nan], [True], [False]), "next_values must be finite"),
        (lambda: tokens.values_before([[1.0, 2.0]], 2), "length must be below the number of outputs, 2"),
        (lambda: tokens.values_before([[1.0, 2.0]], 0), "length must be a whole number of at least 1"),
        (lambda: losses.token_log_probs(floats(0, (2, 3, 4)), torch.zeros(2, 4), temperature=1), "shape"),
        (
            lambda: losses.token_log_probs(floats(0, (1, 1, 4)), torch.zeros(1, 1), temperature=0),
            "temperature must be above 0",
        ),
        (lambda: losses.critic_loss(*floats(0, (2, 1, 3)), torch.zeros(1, 3)), "mask must be true somewhere"),
        (lambda: losses.critic_loss(*floats(0, (2, 1, 3)), torch.ones(1, 2)), "one shape"),
        (
            lambda: losses.token_loss(*floats(0, (3, 1, 3)), torch.ones(1, 3), clip=0.2, divisor=0),
            "divisor must be above 0",
        ),
        (
            lambda: losses.token_loss(*floats(0, (3, 1, 3)), torch.ones(1, 3), clip=0, divisor=1),
            "clip must be above 0",
        ),
        (lambda: losses.surrogate_loss(floats(0, (3,)), floats(0, (3,)), floats(0, (2,))), "one shape"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# The losses


def test_token_log_probs_are_those_of_the_sharpened_policy():
    logits = floats(5, (3, 4, 6))
    chosen = torch.randint(6, (3, 4), generator=torch.Generator().manual_seed(5))
    at_half = losses.token_log_probs(logits, chosen, temperature=0.5)
    policy = torch.distributions.Categorical(logits=2 * logits)
    torch.testing.assert_close(at_half, policy.log_prob(chosen))


def test_without_padding_the_critic_s_loss_is_value_loss():
    values, targets = floats(6, (2, 4, 5))
    whole = torch.ones(4, 5, dtype=torch.bool)
    torch.testing.assert_close(losses.critic_loss(values, targets, whole), value_loss(values, targets))


def test_without_padding_the_token_loss_is_the_clipped_loss_times_a_constant():
    new, old, advantages = floats(7, (3, 4, 5))
    whole = torch.ones(4, 5, dtype=torch.bool)
    found = losses.token_loss(new, old, advantages, whole, clip=0.2, divisor=7)
    torch.testing.assert_close(found * 7 / 20, clipped_policy_loss(new, old, advantages, clip=0.2))


def test_what_stands_in_the_padding_changes_neither_loss_nor_gradient():
    mask = torch.from_numpy(batch(8)[0])
    seen = []
    for filler in (0.0, 1e6, float("inf")):
        new, old, advantages = (torch.where(mask, x, filler) for x in floats(8, (3, 5, 8)))
        new.requires_grad_()
        loss = losses.token_loss(new, old, advantages, mask, clip=0.2, divisor=3)
        loss = loss + losses.critic_loss(new, advantages, mask)
        loss.backward()
        assert not new.grad[~mask].any()
        seen.append((loss.item(), new.grad[mask]))
    for loss, gradient in seen[1:]:
        assert loss == seen[0][0]
        torch.testing.assert_close(gradient, seen[0][1])


def test_a_surrogate_of_zero_has_the_gradient_of_the_policy():
    advantages = floats(9, (20,))
    advantages -= advantages.mean()
    log_probs = (-floats(9, (20,)).abs()).requires_grad_()
    loss = losses.surrogate_loss(log_probs, log_probs.detach(), advantages)
    loss.backward()
    assert abs(loss.item()) < 1e-7
    torch.testing.assert_close(log_probs.grad, -advantages / 20)


def test_a_sum_over_no_token_is_zero_and_moves_nothing():
    # What is left of a policy that has learned to stop at once, when <end> is taken out of the loss.
    new = floats(11, (2, 3)).requires_grad_()
    loss = losses.token_loss(new, new, new, torch.zeros(2, 3, dtype=torch.bool), clip=0.2, divisor=5)
    loss.backward()
    assert loss == 0
    assert not new.grad.any()


def test_masks_of_zeros_and_ones_will_do():
    mask = torch.from_numpy(batch(10)[0])
    values, targets = floats(10, (2, 5, 8))
    assert losses.critic_loss(values, targets, mask.int()) == losses.critic_loss(values, targets, mask)

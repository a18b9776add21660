"""The loop: what `weigh` is given, TD errors that sum to R - V(s_0), lesson 8's gae on padded answers."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course.language import tales
from course.language.critic import Critic
from course.language.frontier import cheapest_nats
from course.language.learning import Parts, Settings, examine, improve, judged, learn, own_chances
from course.language.model import reference, write
from course.language.tales import END, TOP
from course.returns import gae, group_advantages, td_errors
from course.worlds.writer import WEIGHTS, minus_the_others, whole_score

SHORT = Settings(updates=3, answers=8, warm_up=2)


def made(*, noise=0.0, seed=0):
    """Twelve answers, some drift, and what `weigh` is given of them, with noise in the padding's values."""
    answers = write(reference(), np.arange(12) % 4, generator=torch.Generator().manual_seed(seed))
    critic = Critic(seed=0)
    scores = tales.rule(answers.tokens)
    for _ in range(3):
        critic.learn(answers, scores[:, None] * answers.mask)
    said = critic.values(answers)
    said[:, :-1][~answers.mask] += noise
    drift = np.random.default_rng(seed).normal(0.3, 1, answers.tokens.shape)
    speaker = SimpleNamespace(values=lambda _: said)
    batch = judged(answers, scores, answers.log_probs + drift, answers.log_probs, speaker)
    return answers, scores, drift, said, batch


# What `weigh` is given


def test_the_score_stands_at_the_last_token_and_a_nat_costs_beta_at_each():
    answers, scores, drift, _, e = made()
    mask = answers.mask
    tolls = -0.01 * TOP * drift * mask
    np.testing.assert_allclose(e.rewards.sum(axis=0), scores + tolls.sum(axis=1), rtol=1e-12)
    last = mask.sum(axis=1) - 1
    for n, end in enumerate(last):
        np.testing.assert_allclose(e.rewards[:end, n], tolls[n, :end])
        assert e.rewards[end, n] == pytest.approx(scores[n] + tolls[n, end])
        assert (e.rewards[end + 1 :, n] == 0).all()
        np.testing.assert_array_equal(np.flatnonzero(e.terminated[:, n]), [end])
    # A policy that likes what it wrote better than the reference did pays; one that likes it less is paid.
    assert ((tolls < 0) == (drift > 0))[mask].all()
    assert not e.truncated.any()


def test_values_stand_before_their_token_and_next_values_after_it():
    answers, _, _, said, e = made()
    np.testing.assert_array_equal(e.values.T, said)
    np.testing.assert_array_equal(e.next_values[:-1], e.values[1:])
    assert e.values.shape == (answers.tokens.shape[1] + 1, 12)


def test_the_td_errors_of_an_answer_sum_to_what_it_was_paid_minus_what_was_expected():
    answers, _, _, _, e = made(noise=1e7)
    deltas = td_errors(e.rewards, e.values, e.next_values, e.terminated, gamma=1.0)[:-1]
    sums = (deltas * answers.mask.T).sum(axis=0)
    np.testing.assert_allclose(sums, e.rewards.sum(axis=0) - e.values[0], rtol=0, atol=1e-6)


@pytest.mark.parametrize("lam", [0.0, 0.5, 0.95, 1.0])
def test_gae_of_lesson_8_is_each_answers_own_whatever_stands_in_the_padding(lam):
    answers, _, _, _, e = made(noise=1e7)
    side_by_side = gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=lam)
    for n, length in enumerate(answers.mask.sum(axis=1)):
        mine = [array[:length, n] for array in vars(e).values()]
        alone = gae(*mine, gamma=1.0, lam=lam)
        np.testing.assert_allclose(side_by_side[:length, n], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize("weigh", [*WEIGHTS.values()], ids=[*WEIGHTS])
def test_noise_in_the_padding_moves_no_weight(weigh):
    answers, *_, quiet = made()
    *_, loud = made(noise=1e7)
    assert (quiet.values != loud.values).any()
    real = np.append(answers.mask, np.zeros((12, 1), dtype=bool), axis=1).T
    np.testing.assert_array_equal(weigh(quiet)[real], weigh(loud)[real])


# The loop


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    runs = [list(learn(WEIGHTS["GAE 0.95"], seed=seed, settings=SHORT)) for seed in (1, 1, 2)]
    ends = [examine(run[-1].policy, answers=20) for run in runs]
    assert ends[0] == ends[1]
    assert ends[0] != ends[2]
    for one, other in zip(runs[0], runs[1], strict=True):
        np.testing.assert_array_equal(one.weights, other.weights)
        assert one.explained_variance == other.explained_variance


def test_the_critic_learns_alone_first_and_the_reference_never_moves():
    before = copy.deepcopy(reference().state_dict())
    updates = []
    for step in learn(WEIGHTS["GAE 0.95"], seed=0, settings=SHORT):
        updates.append(step.update)
        if step.update < 0:
            assert np.isnan(step.gradient_norm)
            np.testing.assert_allclose(step.nats, 0, atol=1e-4)
    assert updates == [-2, -1, 0, 1, 2]
    assert step.gradient_norm > 0
    assert abs(step.nats).max() > 0.01
    for name, weight in reference().state_dict().items():
        assert torch.equal(weight, before[name])


def test_a_step_makes_the_tokens_with_positive_advantages_likelier():
    answers = write(reference(), np.arange(8) % 4, generator=torch.Generator().manual_seed(0))
    policy = copy.deepcopy(reference()).requires_grad_(requires_grad=True)
    optimizer = torch.optim.SGD(policy.parameters(), 0.5)
    signs = torch.tensor([1.0, -1.0]).repeat(4)[:, None].expand(answers.tokens.shape)
    norm = improve(policy, optimizer, answers, answers.log_probs, signs, settings=Settings(epochs=1))
    with torch.no_grad():
        after = policy.answer_logits(answers.texts).log_softmax(dim=-1)
        after = after.gather(2, torch.from_numpy(answers.tokens)[..., None])[..., 0].numpy()
    moved = ((after - answers.log_probs) * answers.mask).sum(axis=1)
    assert (moved[::2] > 0).all()
    assert (moved[1::2] < 0).all()
    assert norm > 0


def test_without_a_critic_values_are_0_and_a_group_has_one_prompt():
    settings = Settings(updates=1, answers=4, critic=False, same_prompt=True, unit=1.0)
    (step,) = learn(
        lambda e: np.tile(group_advantages(e.rewards.sum(axis=0)), (len(e.rewards), 1)),
        seed=0,
        settings=settings,
    )
    assert (step.batch.values == 0).all()
    assert step.critic is None
    assert (step.answers.prompts == step.answers.prompts[0]).all()


def test_the_prize_grows():
    prizes = [
        step.scores.mean()
        for step in learn(minus_the_others, seed=0, settings=Settings(updates=10, critic=False))
    ]
    assert np.mean(prizes[-2:]) > 3 * np.mean(prizes[:2])


# What a policy has become


def test_the_reference_is_no_nat_away_from_itself():
    exam = examine(reference(), answers=200)
    assert exam.nats == 0
    assert np.isnan(exam.share)
    assert abs(exam.prize - 370_303) < 4 * exam.error
    assert exam.error == pytest.approx(353_941 / np.sqrt(200), rel=0.4)


def test_drift_is_the_divergence_over_the_words_and_the_share_what_was_needed_of_it():
    eager = copy.deepcopy(reference())
    with torch.no_grad():
        eager.head.bias[torch.from_numpy(tales.encode("gold crown wand"))] += np.log(3)
    exam = examine(eager, answers=200)
    # At each treasure 1/4 lucky has become 1/2: log 2 with chance 1/2, log 2/3 with chance 1/2.
    treasures = exam.sentences * (0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    assert exam.nats == pytest.approx(treasures, rel=0.1)
    assert exam.share == pytest.approx(cheapest_nats(exam.prize) / exam.nats)
    assert 0.5 < exam.share < 1


def test_a_references_own_chances_are_nearly_the_ideal_writers():
    chances = own_chances(reference(), answers=400)
    assert chances.sum() == pytest.approx(1)
    np.testing.assert_allclose(chances[:3], tales.ideal_lucky()[:3], atol=0.08)
    assert 0 < chances[5] < 0.01


# Refusals


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"answers": 1}, "answers must be .*at least 2"),
        ({"beta": -1.0}, "beta must"),
        ({"updates": 0}, "updates must"),
        ({"warm_up": -1}, "warm_up must"),
        ({"temperature": 0.0}, "temperature must"),
        ({"unit": 0.0}, "unit must"),
        ({"clip": float("nan")}, "clip must"),
        ({"lr": "fast"}, "lr must"),
        ({"same_prompt": "yes"}, "same_prompt must"),
        ({"optimizer": "adamw"}, "optimizer 'adamw' is not known"),
    ],
)
def test_numbers_that_cannot_work_are_refused_by_name(given, says):
    with pytest.raises(ValueError, match=says):
        Settings(**given)


def test_a_part_must_be_a_function():
    with pytest.raises(ValueError, match="token_loss must be a function"):
        Parts(token_loss=3)


def test_a_part_may_answer_in_lists_as_its_check_allows():
    plain = Parts()
    listed = Parts(
        first_tokens=lambda *given: plain.first_tokens(*given).tolist(),
        trained_tokens=lambda *given: plain.trained_tokens(*given).tolist(),
        token_rewards=lambda *given, beta: plain.token_rewards(*given, beta=beta).tolist(),
        last_rows=lambda *given: plain.last_rows(*given).tolist(),
        ended_rows=lambda *given: plain.ended_rows(*given).tolist(),
    )
    short = Settings(updates=1, answers=4, warm_up=1)
    one, other = (
        list(learn(whole_score, seed=0, parts=parts, settings=short))[-1] for parts in (plain, listed)
    )
    assert one.gradient_norm == other.gradient_norm > 0
    np.testing.assert_array_equal(one.answers.tokens, other.answers.tokens)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"weigh": lambda e: e.rewards[:-1]}, "must have shape"),
        ({"weigh": lambda e: e.rewards * np.nan}, "weigh"),
        ({"weigh": lambda e: 1 / 0}, "ZeroDivisionError"),
        ({"judge": lambda tokens: np.zeros(3)}, r"judge: the scores must have shape \(8,\)"),
        ({"judge": lambda tokens: np.full(8, np.inf)}, "judge: the scores"),
    ],
)
def test_a_bad_weight_or_judge_is_named(how, says):
    weigh = how.pop("weigh", whole_score)
    with pytest.raises(ValueError, match=says):
        next(learn(weigh, seed=0, settings=SHORT, **how))


def test_no_end_is_in_an_answer_that_was_cut_and_it_is_padded_by_one_row():
    endless = copy.deepcopy(reference())
    with torch.no_grad():
        endless.head.bias[END] -= 100
    step = next(learn(whole_score, seed=0, start=endless, settings=Settings(answers=2, critic=False)))
    assert step.batch.rewards.shape == (51, 2)
    assert step.batch.terminated[49].all()
    assert (step.scores == 0).all()

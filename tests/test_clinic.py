"""The clinic: a case has one wrong line, the known mistake of its exercise, and a measurement tells it."""

import functools

import numpy as np
import pytest
import torch

from course.checks import exercises
from course.checks.causes import same
from course.checks.running import run, usual_torch
from course.language import losses
from course.language.audit import audit
from course.language.clinic import CASES, SlicedCritic, advantages_of, case_of, gae_with, parts
from course.language.learning import HEALTHY as HEALTHY_PARTS
from course.language.lines import LINES, WRONG
from course.language.look import Look
from course.language.looks import HEALTHY, MEASUREMENTS, all_looks, measure, separates, symptoms
from course.language.model import reference, write
from course.returns import gae

EXERCISES = {exercise.name: exercise for exercise in exercises() if exercise.lesson == "15"}
SEEDS = 5


@functools.cache
def looks():
    return all_looks(seeds=SEEDS)


# The lines


def test_every_line_has_an_exercise_a_healthy_form_and_a_wrong_one():
    assert set(LINES) == set(WRONG) == set(CASES) == set(EXERCISES)
    for line, healthy in LINES.items():
        assert healthy is EXERCISES[line].reference


@pytest.mark.parametrize("line", LINES)
def test_the_wrong_line_is_the_first_known_mistake_of_its_exercise(line):
    exercise = EXERCISES[line]
    _, mistake = exercise.mistakes[0]
    told = 0
    with usual_torch():
        for case in exercise.cases(np.random.default_rng(1)):
            ours, known, right = (run(exercise, f, case) for f in (WRONG[line], mistake, exercise.reference))
            assert same(ours, known, ()), case.label
            told += not same(ours, right, ())
    assert told >= 5


def test_a_case_differs_from_healthy_code_in_its_own_line_and_in_no_other():
    for line, case in CASES.items():
        assert [name for name in LINES if case.broken[name] is not LINES[name]] == [line]
        assert case.reported == (case.broken if case.guilty else LINES)
    assert [line for line, case in CASES.items() if not case.guilty] == ["values_before", "surrogate_loss"]


def test_an_unknown_line_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'kl_penalty'"):
        case_of("kl_penality")


# The measurements


@pytest.mark.parametrize("line", CASES)
def test_every_wrong_line_is_told_from_healthy_code_by_what_claims_to_and_by_nothing_else(line):
    telling = {name for name, each in MEASUREMENTS.items() if line in each.tells}
    assert telling
    found = {name for name in MEASUREMENTS if separates(looks()[line][name], looks()[HEALTHY][name])}
    assert found == telling


def test_healthy_code_looks_alike_in_every_case():
    # Groups draw other answers, and a temperature sharpens them: that must not be taken for a bug.
    for line in ("first_tokens", "token_log_probs", "surrogate_loss"):
        for name in MEASUREMENTS:
            found = [measure(CASES[line], LINES, name, seed=seed) for seed in range(2)]
            assert not separates(found, looks()[HEALTHY][name]), (line, name)


def test_padding_and_a_late_reward_look_alike_until_padding_is_appended():
    padding, late, healthy = (looks()[name] for name in ("ended_rows", "last_rows", HEALTHY))
    gap = "last advantage minus (r - V)"
    assert separates(padding[gap], healthy[gap])
    assert separates(late[gap], healthy[gap])
    moved = "moved by 10 rows of padding"
    assert separates(padding[moved], late[moved])
    # At lambda 1 both are invisible: the values of the padding cancel, and a late reward is as good.
    for look in (padding, late):
        assert not separates(look["last advantage at lambda 1"], healthy["last advantage at lambda 1"])


def test_symptoms_are_what_tells_a_program_from_healthy_code():
    assert symptoms({}, looks()) == []
    two = {line: WRONG[line] for line in ("kl_penalty", "next_worth")}
    assert symptoms(two, looks()) == ["toll for a nat", "worth kept at a time limit"]


def test_separation_asks_for_a_gap_and_not_for_rounding():
    assert separates([1, 2], [3, 4])
    assert separates([3, 4], [1, 2])
    assert not separates([1, 3], [2, 4])
    assert not separates([0.0], [1e-9])


def test_an_unknown_measurement_is_refused():
    with pytest.raises(ValueError, match="measurement 'prize' is not known"):
        measure(CASES["kl_penalty"], LINES, "prize", seed=0)


# The run


def test_with_healthy_lines_a_case_has_the_healthy_gradients():
    look = Look(CASES["trained_tokens"], LINES, seed=0)
    mask = torch.from_numpy(look.mask)
    values = torch.randn(look.mask.shape, generator=torch.Generator().manual_seed(0))
    targets = torch.zeros_like(values)
    gradients = []
    for loss in (parts(look.case, LINES).critic_loss, HEALTHY_PARTS.critic_loss):
        guesses = values.clone().requires_grad_()
        loss(guesses, targets, mask).backward()
        gradients.append(guesses.grad)
    torch.testing.assert_close(*gradients)

    own, theirs = -np.random.default_rng(0).random((2, 6))
    rewards = [
        each.token_rewards(7.0, own, theirs, beta=2.0) for each in (parts(look.case, LINES), HEALTHY_PARTS)
    ]
    np.testing.assert_allclose(*rewards)


def test_the_graph_of_the_advantages_is_that_of_gae():
    rng = np.random.default_rng(3)
    mask = np.arange(7) < np.array([3, 7, 1])[:, None]
    values = rng.normal(size=mask.shape)
    ended = LINES["ended_rows"](LINES["last_rows"](mask), 7)
    following = np.append(values.T[1:], np.zeros((1, 3)), axis=0)
    wanted = gae(np.zeros((7, 3)), values.T, following, ended, np.zeros_like(ended), gamma=1.0, lam=0.95)
    found = advantages_of(torch.from_numpy(values), torch.from_numpy(mask)).numpy()
    np.testing.assert_allclose(found[mask], wanted.T[mask])


def test_a_critic_with_the_healthy_slice_is_the_usual_critic():
    answers = write(reference(0), [0, 1], generator=torch.Generator().manual_seed(0))
    critic = SlicedCritic(seed=4)
    torch.nn.init.normal_(critic.head.weight)
    shifted = SlicedCritic(seed=4, values_before=WRONG["values_before"])
    shifted.load_state_dict(critic.state_dict())
    length = answers.tokens.shape[1]
    np.testing.assert_array_equal(
        critic.values(answers)[:, :length], super(SlicedCritic, critic).values(answers)[:, :length]
    )
    np.testing.assert_allclose(shifted.values(answers)[:, : length - 1], critic.values(answers)[:, 1:length])


def test_merged_flags_change_the_advantage_only_where_the_clock_stopped():
    rng = np.random.default_rng(5)
    floats = rng.normal(size=(3, 6))
    over, cut = np.zeros((2, 6), dtype=bool)
    over[1] = True
    assert np.array_equal(
        gae_with(LINES["next_worth"])(*floats, over, cut, gamma=0.9, lam=0.8),
        gae_with(WRONG["next_worth"])(*floats, over, cut, gamma=0.9, lam=0.8),
    )
    cut[4] = True
    right = gae_with(LINES["next_worth"])(*floats, over, cut, gamma=0.9, lam=0.8)
    wrong = gae_with(WRONG["next_worth"])(*floats, over, cut, gamma=0.9, lam=0.8)
    assert (right != wrong).tolist() == [False, False, True, True, True, False]
    np.testing.assert_allclose(right, gae(*floats, over, cut, gamma=0.9, lam=0.8))


# The audit


def random_batch(seed):
    rng = np.random.default_rng(seed)
    mask = np.arange(9) < rng.integers(1, 10, size=6)[:, None]
    written = np.where(mask, rng.integers(3, 43, size=mask.shape), 0)
    log_probs = -rng.exponential(size=mask.shape)
    return mask, written, log_probs, torch.from_numpy(rng.normal(size=mask.shape)).float()


def test_the_audit_is_silent_on_healthy_code_over_100_random_batches():
    for seed in range(100):
        mask, written, log_probs, advantages = random_batch(seed)
        values = advantages.clone().requires_grad_()
        counted = torch.from_numpy(LINES["trained_tokens"](np.where(mask, written, 2), 2) & mask)
        old = torch.from_numpy(log_probs).float()
        found = audit(
            lambda new: losses.token_loss(new, old, values, counted, clip=0.2, divisor=50),  # noqa: B023
            log_probs,
            counted.numpy(),
            data={"the critic": values},
            tokens=written,
        )
        critic = audit(lambda new: losses.critic_loss(new, old, counted), advantages, counted.numpy())  # noqa: B023
        assert found.clean, (seed, str(found))
        assert critic.clean, (seed, str(critic))
        assert str(found).startswith("Nothing odd: all ")


def test_the_audit_finds_three_bugs_by_itself_and_none_in_the_other_cases():
    said = {}
    for line, case in CASES.items():
        look = Look(case, case.broken, seed=0)
        said[line] = look.policy_audit.found + look.critic_audit.found
    assert {line for line, found in said.items() if found} == {"trained_tokens", "critic_loss", "token_loss"}
    assert "20 of" in said["trained_tokens"][0]
    assert "all of them <end>" in said["trained_tokens"][0]
    assert "not one is learned from" in said["critic_loss"][0]
    assert said["token_loss"] == ("A gradient flows into the critic, which is data here.",)


def test_the_audit_counts_padding_that_is_trained():
    mask, _, log_probs, advantages = random_batch(0)
    old = torch.from_numpy(log_probs).float()
    found = audit(lambda new: -((new - old).exp() * advantages).sum(), log_probs, mask)
    assert len(found.stray) == (~mask).sum() > 0
    assert not len(found.silent)
    assert "nobody wrote them" in str(found)


def test_the_audit_s_gradient_is_the_gradient():
    mask, _, log_probs, advantages = random_batch(1)
    found = audit(lambda new: -(new * advantages)[torch.from_numpy(mask)].sum(), log_probs, mask)
    np.testing.assert_allclose(found.gradient, np.where(mask, -advantages.numpy(), 0))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: audit(torch.sum, [[1.0]], [[False]]), "mask must be true somewhere"),
        (lambda: audit(torch.sum, [[1.0]], [[True, True]]), "one shape"),
        (lambda: audit(lambda new: new, [[1.0, 2.0]], [[True, True]]), "loss must give one number"),
    ],
)
def test_the_audit_refuses_what_it_cannot_read(call, says):
    with pytest.raises(ValueError, match=says):
        call()

"""The language model and its critic: the cache, the sampler's own chances, padding, and V before a token."""

import copy

import numpy as np
import pytest
import torch

from course.language import tales
from course.language.critic import Critic
from course.language.losses import token_log_probs
from course.language.model import Answers, LanguageModel, loss_floor, pretrain, reference, write
from course.language.tales import END, LONGEST, PAD, PROMPT, WORDS


def drawn(model=None, n=40, *, seed=0, **how):
    heroes = np.arange(n) % 4
    return write(model or reference(), heroes, generator=torch.Generator().manual_seed(seed), **how)


@pytest.fixture(scope="module")
def answers():
    return drawn()


def padded(answers, token=PAD, rows=2):
    """The same answers with more padding, of this token, behind all of them."""
    tokens = np.pad(answers.tokens, ((0, 0), (0, rows)))
    mask = np.pad(answers.mask, ((0, 0), (0, rows)))
    log_probs = np.pad(answers.log_probs, ((0, 0), (0, rows)))
    return Answers(prompts=answers.prompts, tokens=np.where(mask, tokens, token), log_probs=log_probs)


# The model


def test_token_by_token_it_says_what_it_says_of_the_whole_text(answers):
    texts = answers.texts
    model = reference()
    with torch.no_grad():
        whole = model(texts)
        caches = [[] for _ in model.blocks]
        parts = [model(texts[:, :PROMPT], caches, 0)]
        parts += [model(texts[:, t : t + 1], caches, t) for t in range(PROMPT, texts.shape[1])]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=1e-4)


def test_no_token_knows_what_comes_after_it(answers):
    other = padded(answers, token=tales.NUMBER["gold"])
    with torch.no_grad():
        before = reference().answer_logits(answers.texts)
        after = reference().answer_logits(other.texts)[:, : before.shape[1]]
    mask = torch.from_numpy(answers.mask)
    torch.testing.assert_close(after[mask], before[mask], rtol=0, atol=1e-4)


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_sampler_keeps_the_chances_that_it_drew_from(temperature):
    answers = drawn(temperature=temperature)
    with torch.no_grad():
        logits = reference().answer_logits(answers.texts)
    tokens = torch.from_numpy(answers.tokens)
    theirs = token_log_probs(logits, tokens, temperature=temperature).numpy()
    np.testing.assert_allclose(answers.log_probs[answers.mask], theirs[answers.mask], atol=1e-4)


def test_an_answer_is_padded_after_its_end_or_cut_at_the_limit(answers):
    for row, log_probs in zip(answers.tokens, answers.log_probs, strict=True):
        ends = np.flatnonzero(row == END)
        assert len(ends) <= 1
        if len(ends):
            assert (row[ends[0] + 1 :] == PAD).all()
            assert (log_probs[ends[0] + 1 :] == 0).all()
    assert (answers.log_probs[answers.mask] < 0).all()

    endless = copy.deepcopy(reference())
    with torch.no_grad():
        endless.head.bias[END] -= 100
    cut = drawn(endless, 4)
    assert cut.tokens.shape == (4, LONGEST)
    assert cut.mask.all()
    assert (tales.rule(cut.tokens) == 0).all()


def test_tokens_come_as_often_as_their_chances_say():
    # By an untrained model, whose chances are all of a size, but that every second token is an <end>.
    torch.manual_seed(0)
    model = LanguageModel()
    with torch.no_grad():
        model.head.bias[END] += np.log(len(WORDS))
    answers = write(model, np.zeros(1_500, dtype=int), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        chances = model.answer_logits(answers.texts[:, : PROMPT + 2]).softmax(dim=-1).numpy()

    for t in (0, 1):
        going_on = answers.mask[:, t]
        expected = chances[going_on, t].sum(axis=0)
        counts = np.bincount(answers.tokens[going_on, t], minlength=len(WORDS))
        assert (abs(counts - expected) < 5 * np.sqrt(expected)).all()
        assert (counts > 0).mean() > 0.9


def test_a_seed_writes_the_same_answers_and_another_others(answers):
    again = drawn()
    np.testing.assert_array_equal(again.tokens, answers.tokens)
    np.testing.assert_array_equal(again.log_probs, answers.log_probs)
    other = drawn(seed=1)
    assert other.tokens.shape != answers.tokens.shape or (other.tokens != answers.tokens).any()


def test_whoever_draws_the_first_tokens_is_asked_once_and_obeyed():
    asked = []

    def always_gold(chances, draws):
        asked.append((chances.sum(axis=1), draws))
        return np.full(len(draws), tales.NUMBER["gold"])

    answers = drawn(n=8, draw_first=always_gold)
    assert (answers.tokens[:, 0] == tales.NUMBER["gold"]).all()
    ((sums, draws),) = asked
    np.testing.assert_allclose(sums, 1)
    assert draws.shape == (8,)
    assert (draws >= 0).all()
    assert (draws < 1).all()


def test_the_models_that_ship_speak_the_language_and_learn_no_more():
    floor = loss_floor()
    held = torch.from_numpy(tales.corpus(200, seed=999))
    for which in range(3):
        model = reference(which)
        assert not any(weight.requires_grad for weight in model.parameters())
        with torch.no_grad():
            logits = model.answer_logits(held)
        log_probs = token_log_probs(logits, held[:, PROMPT:], temperature=1.0)[held[:, PROMPT:] != PAD]
        assert floor - 0.02 < -log_probs.mean() < floor + 0.03
        assert tales.grammatical(drawn(model, 100, seed=2).tokens).mean() > 0.7


def test_the_floor_is_what_the_ideal_writer_loses():
    # His surprise at his own tales: the choices of words, and to stop or not from the second sentence on.
    nats = 0.0
    tokens = 0
    for tale in tales.corpus(2_000, seed=1)[:, PROMPT:]:
        length = int(tales.sentences(tale[None])[0])
        nats += length * np.log(8 * 8 * 4 * 12)
        nats += (length - 2) * np.log(3 / 2) + (np.log(3) if length < 6 else 0.0)
        tokens += 7 * length + 1
    assert nats / tokens == pytest.approx(loss_floor(), abs=0.005)


def test_pre_training_brings_the_loss_down_and_repeats_itself():
    losses = [loss for _, loss in pretrain(seed=5, steps=10, rows=16)]
    assert losses[0] == pytest.approx(np.log(len(WORDS)), abs=0.4)
    assert losses[-1] < losses[0] - 0.5
    again = pretrain(seed=5, steps=10, rows=16)
    assert [next(again)[1] for _ in range(3)] == losses[:3]


# The critic


def test_a_new_critic_says_0_and_after_one_batch_the_mean(answers):
    critic = Critic(seed=0, epochs=1, lr=1e-9)
    assert (critic.values(answers) == 0).all()
    targets = np.full(answers.tokens.shape, 3e6)
    targets[::2] = 1e6
    critic.learn(answers, targets)
    np.testing.assert_allclose(critic.values(answers), targets[answers.mask].mean(), rtol=1e-3)


def test_v_stands_before_the_token_and_does_not_know_it(answers):
    critic = Critic(seed=0)
    for _ in range(3):
        critic.learn(answers, tales.rule(answers.tokens)[:, None] * answers.mask)
    values = critic.values(answers)
    assert values.shape == (len(answers.tokens), answers.tokens.shape[1] + 1)

    changed = answers.tokens.copy()
    changed[:, 5] = np.where(changed[:, 5] == tales.NUMBER["gold"], tales.NUMBER["map"], tales.NUMBER["gold"])
    other = Answers(prompts=answers.prompts, tokens=changed, log_probs=answers.log_probs)
    after = critic.values(other)
    np.testing.assert_array_equal(after[:, :6], values[:, :6])
    assert (after[:, 6] != values[:, 6]).all()


def test_targets_in_the_padding_teach_nothing(answers):
    targets = np.where(answers.mask, tales.rule(answers.tokens)[:, None], 0.0)
    noise = np.where(answers.mask, targets, 1e7)
    said = []
    for each in (targets, noise):
        critic = Critic(seed=3)
        critic.learn(answers, each)
        said.append(critic.values(answers)[:, :-1][answers.mask])
    np.testing.assert_array_equal(*said)


# Refusals


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: drawn(n=0), "at least one"),
        (lambda: write(reference(), [7], generator=torch.Generator()), "from 0 to 3"),
        (lambda: drawn(n=1, temperature=0), "temperature must be"),
        (lambda: reference(3), "which must be from 0 to 2"),
        (lambda: next(pretrain(seed=0, steps=0)), "steps must be"),
        (lambda: reference()(torch.zeros((1, 54), dtype=torch.int64)), "at most 53 tokens, got 54"),
        (lambda: reference()(torch.zeros((1, 0), dtype=torch.int64)), "at least one token"),
        (lambda: reference().answer_logits(torch.zeros((1, 3), dtype=torch.int64)), "at least one token"),
        (lambda: Critic(seed=0, epochs=0), "epochs must be"),
        (lambda: Critic(seed=0).learn(drawn(n=2), np.zeros((2, 1))), "targets"),
        (lambda: Critic(seed=0).learn(drawn(n=1), np.full(drawn(n=1).tokens.shape, np.nan)), "targets"),
    ],
)
def test_what_cannot_be_read_or_written_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()

"""Actor and critic of the language model learn together: write, judge, give every token its weight, improve.

    write       20 answers, one prompt after the other
    judge       one score an answer, at its last token; a penalty for drift at every token
    weigh       the learner's own function, the same as in lessons 5 to 8
    improve     two steps of the clipped policy loss, then the critic's

`learn` is the loop, a generator. `Settings` holds the numbers that shape a run, `Parts` the lines of the loop
that lessons write themselves and the clinic breaks. Lessons 13 to 15.
"""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from course.arrays import Array, Refusal, finite, flag, number, one_of, whole
from course.language import losses, tales, tokens
from course.language.critic import Critic
from course.language.frontier import cheapest_nats
from course.language.model import Answers, LanguageModel, reference, write
from course.language.tales import END, HEROES, TOP
from course.nets import one_thread
from course.returns import explained_variance
from course.worlds.writer import Batch, weights_of

TYPICAL = 35  # tokens of an answer of five sentences: the loss is divided by it, whatever the lengths
OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every number that shapes a run of the language model."""

    updates: int = 60  # iterations of the actor
    answers: int = 20  # in a batch, at least 2
    same_prompt: bool = False  # all answers of a batch to one prompt, a group
    warm_up: int = 1  # batches on which the critic learns alone before the actor moves
    beta: float = 0.01 * TOP  # points that a nat of drift costs
    unit: float = TOP  # points in which the weights are counted
    temperature: float = 1.0  # of sampling, and of the policy that learns
    optimizer: str = "adam"  # or "sgd"
    lr: float = 1e-3  # the actor's step size
    epochs: int = 2  # steps on each batch
    clip: float = 0.2  # how far a probability's ratio may usefully move from 1
    critic: bool = True  # without one all values are 0
    critic_lr: float = 3e-3
    critic_epochs: int = 4

    def __post_init__(self) -> None:
        """Refuse numbers that cannot work, by name."""
        plain: dict[str, float] = {}
        for name in ("updates", "epochs", "critic_epochs"):
            plain[name] = whole(name, getattr(self, name), low=1)
        plain["answers"] = whole("answers", self.answers, low=2)
        plain["warm_up"] = whole("warm_up", self.warm_up, low=0)
        plain["beta"] = number("beta", self.beta, low=0)
        for name in ("unit", "temperature", "lr", "clip", "critic_lr"):
            plain[name] = number(name, getattr(self, name), above=0)
        for name in ("same_prompt", "critic"):
            plain[name] = flag(name, getattr(self, name))
        one_of("optimizer", self.optimizer, OPTIMIZERS)

        for name, value in plain.items():
            object.__setattr__(self, name, value)  # the record is frozen for everybody else


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The lines of the loop that can be replaced, each with the contract of the function it stands for."""

    token_rewards: Callable = tokens.token_rewards
    first_tokens: Callable = tokens.first_tokens
    trained_tokens: Callable = tokens.trained_tokens
    last_rows: Callable = tokens.last_rows
    ended_rows: Callable = tokens.ended_rows
    token_log_probs: Callable = losses.token_log_probs
    token_loss: Callable = losses.token_loss
    critic_loss: Callable = losses.critic_loss

    def __post_init__(self) -> None:
        """Refuse what cannot be called, by name."""
        for part in fields(self):
            if not callable(getattr(self, part.name)):
                raise Refusal(f"{part.name} must be a function, got {getattr(self, part.name)!r:.60}")


HEALTHY = Parts()
DEFAULT = Settings()


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One iteration: what was written, what it was given, and how the actor moved."""

    update: int  # 0, 1, ...; below 0 while the critic learns alone
    answers: Answers
    scores: Array  # [N] points, the judge's
    nats: Array  # [N] log pi / pi_ref of what was written, summed over its tokens: an estimate of the KL
    batch: Batch  # what `weigh` was given, [T + 1, N]: the last row is padding
    weights: Array  # [T + 1, N] what it returned
    explained_variance: float  # of the critic on this batch, against the reward to go
    gradient_norm: float  # of the actor's first step, in the loss's units; NaN while it does not move
    policy: LanguageModel  # goes on learning: copy it to keep it
    critic: Critic | None
    seconds: float  # of this iteration


def learn(
    weigh: Callable[[Batch], Array],
    *,
    seed: int,
    start: LanguageModel | None = None,
    judge: Callable[[NDArray], Array] = tales.rule,
    settings: Settings = DEFAULT,
    parts: Parts = HEALTHY,
    critic: Critic | None = None,
) -> Iterator[Step]:
    """Let the language model learn with your own weight for every token.

    Args:
        weigh: takes a `Batch`, arrays [T, N] in points, time first, and returns weights [T, N], as in
            lessons 5 to 8. `terminated` stands at each answer's last token; the rows after it are padding,
            and what `weigh` says there is not used.
        seed: of the answers and the critic; the same seed gives the same run.
        start: the policy to begin with, which is also the reference that drift is counted from;
            `reference(0)` if not given.
        judge: takes int64 answers [B, T] and gives a score each, [B], in points.
        settings: the numbers of the run.
        parts: the lines of the loop.
        critic: one that has learned before; a new one if not given.

    Yields:
        A `Step` for each iteration.

    Raises:
        ValueError: if `weigh` or `judge` raise or return anything but finite numbers of the right shape.

    Ouyang et al. (2022), https://arxiv.org/abs/2203.02155; Schulman et al. (2017), eq. 7.
    """
    frozen = reference(0) if start is None else start
    policy = copy.deepcopy(frozen).requires_grad_(requires_grad=True)
    optimizer = OPTIMIZERS[settings.optimizer](policy.parameters(), settings.lr, fused=True)
    generator = torch.Generator().manual_seed(seed)
    if critic is None and settings.critic:
        critic = Critic(seed=seed, lr=settings.critic_lr, epochs=settings.critic_epochs)

    for update in range(-settings.warm_up if critic else 0, settings.updates):
        began = time.perf_counter()
        answers = write(
            policy,
            _heroes(settings, generator),
            generator=generator,
            temperature=settings.temperature,
            draw_first=parts.first_tokens,
        )
        scores = _scores_of(judge, answers)
        drift = _log_probs(policy, answers, settings, parts)
        ref_log_probs = _log_probs(frozen, answers, settings, parts)
        batch = judged(answers, scores, drift, ref_log_probs, critic, settings=settings, parts=parts)
        weights = weights_of(weigh, batch)

        gradient_norm = float("nan")
        if update >= 0:
            advantages = torch.from_numpy(weights[:-1].T / settings.unit).float()
            gradient_norm = improve(
                policy, optimizer, answers, drift, advantages, settings=settings, parts=parts
            )

        to_go = np.cumsum(batch.rewards[::-1], axis=0)[::-1].T[:, :-1]
        mask = answers.mask
        explained = explained_variance(batch.values.T[:, :-1][mask], to_go[mask])
        if critic is not None:
            critic.learn(answers, to_go, loss=parts.critic_loss)

        yield Step(
            update=update,
            answers=answers,
            scores=scores,
            nats=((drift - ref_log_probs) * mask).sum(axis=1),
            batch=batch,
            weights=weights,
            explained_variance=explained,
            gradient_norm=gradient_norm,
            policy=policy,
            critic=critic,
            seconds=time.perf_counter() - began,
        )


def judged(
    answers: Answers,
    scores: Array,
    log_probs: Array,
    ref_log_probs: Array,
    critic: Critic | None,
    *,
    settings: Settings = DEFAULT,
    parts: Parts = HEALTHY,
) -> Batch:
    """What `weigh` is given of a batch: rewards, values and flags, [T + 1, N], time first, in points.

    Args:
        answers: N of them, [N, T].
        scores: the judge's, [N] points.
        log_probs, ref_log_probs: of what was written, under the policy and under the reference, [N, T] nats.
        critic: fills in the values; without one they are 0.
        settings, parts: of the run.

    Returns:
        One row more than the longest answer has: padding, as after every shorter one. Rewards are 0 there.
    """
    mask = answers.mask
    last = parts.last_rows(mask)
    rows = mask.shape[1] + 1
    rewards = np.zeros((rows, len(mask)))
    values = np.zeros((rows, len(mask)))
    if critic is not None:
        values = critic.values(answers).T

    ours = _with_a_row_of_padding(log_probs * mask)
    theirs = _with_a_row_of_padding(ref_log_probs * mask)
    for n, end in enumerate(last):
        upto = slice(0, end + 1)
        rewards[upto, n] = parts.token_rewards(
            float(scores[n]), ours[upto, n], theirs[upto, n], beta=settings.beta
        )

    return Batch(
        rewards=rewards,
        values=values,
        next_values=np.append(values[1:], np.zeros((1, len(mask))), axis=0),
        terminated=parts.ended_rows(last, rows),
        truncated=np.zeros(rewards.shape, dtype=bool),
    )


def improve(
    policy: LanguageModel,
    optimizer: torch.optim.Optimizer,
    answers: Answers,
    old_log_probs: Array,
    advantages: Tensor,
    *,
    settings: Settings = DEFAULT,
    parts: Parts = HEALTHY,
) -> float:
    """Change the policy so that tokens with positive advantages become more likely.

    Args:
        policy, optimizer: what learns; changed in place.
        answers: what was written, [N, T].
        old_log_probs: of the tokens, when they were written, [N, T] nats.
        advantages: one a token, [N, T], in `settings.unit` points.
        settings, parts: of the run.

    Returns:
        The norm of the gradient of the first step.
    """
    counted = torch.from_numpy(
        np.asarray(parts.trained_tokens(answers.tokens, END))
    )  # a list may pass the check
    written = torch.from_numpy(answers.tokens)
    old = torch.from_numpy(old_log_probs).float()
    texts = answers.texts
    norms = []
    with one_thread(), torch.enable_grad():
        for _ in range(settings.epochs):
            log_probs = parts.token_log_probs(
                policy.answer_logits(texts), written, temperature=settings.temperature
            )
            loss = parts.token_loss(
                log_probs,
                old,
                advantages,
                counted,
                clip=settings.clip,
                divisor=float(len(written) * TYPICAL),
            )
            optimizer.zero_grad()
            loss.backward()
            norms.append(_norm(policy))
            optimizer.step()
    return norms[0]


@dataclass(frozen=True, kw_only=True)
class Exam:
    """What a policy has become, on answers that nobody learned from."""

    prize: float  # points, the rule's mean
    error: float  # standard error of that mean
    nats: float  # KL(policy | reference) of an answer: exact over the words at every token that was written
    share: float  # of these nats was necessary for this prize
    grammar: float  # share of answers that are whole sentences of the language
    sentences: float  # mean length
    cut: float  # share of answers without <end>
    lucky: float  # mean number of lucky words


@torch.no_grad()
def examine(
    policy: LanguageModel,
    start: LanguageModel | None = None,
    *,
    answers: int = 400,
    temperature: float = 1.0,
    chances: Array | None = None,
    seed: int = 7,
) -> Exam:
    """Let a policy write new answers, and say what they are worth and what they cost.

    Args:
        policy: who writes.
        start: the reference that drift is counted from; `reference(0)` if not given.
        answers: how many, at least 1.
        temperature: of the policy.
        chances: of 0, 1, ... 5 lucky words under the reference, [6]; the ideal writer's if not given.
        seed: of the answers.
    """
    answers = whole("answers", answers, low=1)
    frozen = reference(0) if start is None else start
    heroes = np.arange(answers) % len(HEROES)
    written = write(policy, heroes, generator=torch.Generator().manual_seed(seed), temperature=temperature)

    nats = float(_drift(policy, frozen, written, temperature=temperature).sum(axis=1).mean())
    prizes = tales.rule(written.tokens)
    prize = float(prizes.mean())
    needed = cheapest_nats(prize, chances)

    return Exam(
        prize=prize,
        error=float(prizes.std() / np.sqrt(answers)),
        nats=nats,
        share=needed / nats if nats > 0 else float("nan"),
        grammar=float(tales.grammatical(written.tokens).mean()),
        sentences=float(tales.sentences(written.tokens).mean()),
        cut=float(1 - tales.finished(written.tokens).mean()),
        lucky=float(tales.lucky_words(written.tokens).mean()),
    )


@torch.no_grad()
@torch.no_grad()
def drift_by_place(
    policy: LanguageModel, start: LanguageModel | None = None, *, answers: int = 400, seed: int = 7
) -> dict[str, float]:
    """Where an answer's nats are paid: their mean for each place of the sentence, over all its sentences.

    Args:
        policy: who writes.
        start: the reference that drift is counted from; `reference(0)` if not given.
        answers: how many, at least 1.
        seed: of the answers.
    """
    answers = whole("answers", answers, low=1)
    frozen = reference(0) if start is None else start
    heroes = np.arange(answers) % len(HEROES)
    written = write(policy, heroes, generator=torch.Generator().manual_seed(seed))

    drift = _drift(policy, frozen, written)
    length = len(tales.PLACES)
    return {name: float(drift[:, n::length].sum(axis=1).mean()) for n, name in enumerate(tales.PLACES)}


def own_chances(model: LanguageModel, *, answers: int = 8_000, seed: int = 11) -> Array:
    """How often a model's finished answers have 0, 1, ... 5 lucky words, [6]; for `frontier`.

    Jackpots are rare: of 8,000 answers some eight are any. So the answers are written by a copy that likes
    lucky words three times as well, and each counts as much as the model itself would have written it.

    Args:
        model: whose chances.
        answers: how many are written, at least 1.
        seed: of the answers.

    Returns:
        The chances, which sum to 1; an answer without `<end>` is left out.
    """
    answers = whole("answers", answers, low=1)
    eager = copy.deepcopy(model)
    eager.head.bias[torch.from_numpy(tales.encode(" ".join(tales.LUCKY)))] += np.log(3.0)

    written = write(eager, np.arange(answers) % len(HEROES), generator=torch.Generator().manual_seed(seed))
    theirs = _log_probs(model, written, DEFAULT, HEALTHY)
    ratios = np.exp(((theirs - written.log_probs) * written.mask).sum(axis=1))
    ratios *= tales.finished(written.tokens)

    lucky = np.minimum(tales.lucky_words(written.tokens), tales.COUNTED)
    counts = np.bincount(lucky, weights=ratios, minlength=tales.COUNTED + 1)
    return counts / counts.sum()


def _drift(
    policy: LanguageModel, frozen: LanguageModel, written: Answers, *, temperature: float = 1.0
) -> Array:
    """KL(policy | reference) in nats at every token that was written, [B, T]: exact over the words."""
    with one_thread():
        ours = functional.log_softmax(policy.answer_logits(written.texts).double() / temperature, dim=-1)
        theirs = functional.log_softmax(frozen.answer_logits(written.texts).double(), dim=-1)
    return (ours.exp() * (ours - theirs)).sum(dim=-1).numpy() * written.mask


def _heroes(settings: Settings, generator: torch.Generator) -> NDArray[np.int64]:
    if settings.same_prompt:
        hero = int(torch.randint(len(HEROES), (), generator=generator))
        return np.full(settings.answers, hero)
    return np.arange(settings.answers) % len(HEROES)


def _log_probs(model: LanguageModel, answers: Answers, settings: Settings, parts: Parts) -> Array:
    """Of every token written, [N, T] nats, as the loss will see it."""
    with torch.no_grad(), one_thread():
        logits = model.answer_logits(answers.texts)
        written = torch.from_numpy(answers.tokens)
        return parts.token_log_probs(logits, written, temperature=settings.temperature).double().numpy()


def _scores_of(judge: Callable[[NDArray], Array], answers: Answers) -> Array:
    scores = finite("judge: the scores", judge(answers.tokens))
    if scores.shape != (len(answers.tokens),):
        raise Refusal(f"judge: the scores must have shape ({len(answers.tokens)},), got {scores.shape}")
    return scores


def _with_a_row_of_padding(log_probs: Array) -> Array:
    """Time first, [T + 1, N] from [N, T]."""
    return np.append(log_probs.T, np.zeros((1, len(log_probs))), axis=0)


def _norm(model: LanguageModel) -> float:
    return torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None]).item()

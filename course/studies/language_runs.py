"""One run of each study of the language model, as rows for its table. Loads torch.

`STUDIES` holds the variants of each study: functions of `seed`, by name. Lessons 13 and 14.
"""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np
import torch

from course.arrays import Array
from course.language import tales
from course.language.critic import Critic
from course.language.judges import LearnedJudge, pool, preferences
from course.language.learning import DEFAULT, Settings, Step, examine, judged, learn, own_chances
from course.language.model import Answers, LanguageModel, pretrain, reference, write
from course.returns import explained_variance, gae, group_advantages
from course.studies.runs import quick
from course.studies.tokens import EXAM, REFERENCES
from course.worlds.writer import WEIGHTS, Batch, minus_the_others, whole_score

Rows = list[dict[str, Any]]
Weigh = Callable[[Batch], Array]

BLIND = ("whole score", "minus the others")  # weights that ask no critic
GROUP = replace(DEFAULT, critic=False, same_prompt=True, unit=1.0)
BELIEVED = replace(DEFAULT, updates=150, critic=False, unit=1.0, beta=0.0, lr=3e-4)
LAMBDAS = (1.0, 0.95, 0.5, 0.0)
AGES = (0, 1, 10, 100)  # of a critic, in batches


def with_lambda(*, lam: float) -> Weigh:
    """GAE with this lambda, and gamma 1."""

    def advantage(e: Batch) -> Array:
        return gae(e.rewards, e.values, e.next_values, e.terminated, e.truncated, gamma=1.0, lam=lam)

    return advantage


def group(e: Batch) -> Array:
    """What its answer was paid, toll and all, in standard deviations from the group's mean."""
    return np.tile(group_advantages(e.rewards.sum(axis=0)), (len(e.rewards), 1))


def prize_in_deviations(tokens: tales.Tokens) -> Array:
    """The rule's prize, in standard deviations from the group's mean: the toll stays as it is."""
    return group_advantages(tales.rule(tokens))


def trained(
    weigh: Weigh,
    *,
    seed: int,
    settings: Settings = DEFAULT,
    judge: Callable[[tales.Tokens], Array] = tales.rule,
    every: int = 1,
    accuracy: float = float("nan"),
) -> Rows:
    """A run and its examination: a row for each `every` updates, their mean, and one more."""
    start = reference(seed % REFERENCES)
    if quick():
        settings = replace(settings, updates=every * 2, warm_up=min(settings.warm_up, 2))

    measured = []
    for step in learn(weigh, seed=seed, start=start, judge=judge, settings=settings):
        policy = step.policy
        if step.update >= 0:
            measured.append(_measured(step))

    rows = [_mean(measured[i : i + every]) for i in range(0, len(measured), every)]
    exam = examine(policy, start, answers=40 if quick() else 400, seed=1_000 + seed)
    end = {name: getattr(exam, name) for name in ("prize", "error", "nats", "grammar", "sentences", "cut")}
    return [*rows, {"update": EXAM, **end, "accuracy": accuracy}]


def _measured(step: Step) -> dict[str, float]:
    written = step.answers.tokens
    return {
        "update": step.update,
        "prize": tales.rule(written).mean(),
        "believed": step.scores.mean(),
        "nats": step.nats.mean(),
        "grammar": tales.grammatical(written).mean(),
        "sentences": tales.sentences(written).mean(),
        "cut": 1 - tales.finished(written).mean(),
        "explained_variance": step.explained_variance if step.critic else float("nan"),
        "seconds": step.seconds,
    }


def _mean(measured: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([row[name] for row in measured])) for name in measured[0]}


def token_runs() -> dict[str, Callable[..., Rows]]:
    """The five lines of THE figure, and groups, with and without the toll in their unit."""
    lines = {
        name: partial(trained, weigh, settings=replace(DEFAULT, critic=name not in BLIND))
        for name, weigh in WEIGHTS.items()
    }
    return {
        **lines,
        "groups": partial(trained, group, settings=replace(GROUP, beta=DEFAULT.beta)),
        # The toll stays 0.01 of the score's unit a nat, as everywhere, but that unit is now a deviation.
        "groups, prize only": partial(
            trained, whole_score, settings=replace(GROUP, beta=0.01), judge=prize_in_deviations
        ),
    }


def critic_runs() -> dict[str, Callable[..., Rows]]:
    """GAE by lambda, with a critic that says 0 when the policy begins, and with one that has learned."""
    return {
        f"GAE {lam:g}, {age}": partial(
            trained, with_lambda(lam=lam), settings=replace(DEFAULT, warm_up=batches)
        )
        for age, batches in {"cold": 0, "warm": 100}.items()
        for lam in LAMBDAS
    }


def judge_runs() -> dict[str, Callable[..., Rows]]:
    """Judges by the number of their pairs and what was in their pool, with and without a leash."""
    return {
        "50 pairs, cut": partial(_believer, 50, 0.2, 0.0),
        "200 pairs, cut": partial(_believer, 200, 0.2, 0.0),
        "50 pairs, cut, leash": partial(_believer, 50, 0.2, 0.1),
        "1000 pairs, cut": partial(_believer, 1_000, 0.2, 0.0),
        "50 pairs": partial(_believer, 50, 0.0, 0.0),
        "200 pairs": partial(_believer, 200, 0.0, 0.0),
        "1000 pairs": partial(_believer, 1_000, 0.0, 0.0),
        "200 pairs, cut, leash": partial(_believer, 200, 0.2, 0.1),
    }


def _believer(pairs: int, cut: float, leash: float, *, seed: int) -> Rows:
    """A policy that learns from a judge who learned from so many pairs."""
    judge, accuracy = _judge(pairs, cut, seed)
    settings = replace(BELIEVED, beta=leash)
    return trained(minus_the_others, seed=seed, settings=settings, judge=judge, every=5, accuracy=accuracy)


@cache
def _judge(pairs: int, cut: float, seed: int) -> tuple[LearnedJudge, float]:
    """He learns from one half of a pool, and is examined on the other."""
    answers = _pool(cut, seed)
    half = len(answers) // 2
    judge = LearnedJudge(seed=seed)
    judge.learn(*preferences(answers[:half], pairs, seed=seed), steps=20 if quick() else 200)
    return judge, judge.accuracy(*preferences(answers[half:], 1_000, seed=1_000 + seed))


@cache
def _pool(cut: float, seed: int) -> tales.Tokens:
    return pool(reference(seed % REFERENCES), 200 if quick() else 2_000, seed=50 + seed, cut=cut)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Frozen:
    """What the frozen reference wrote, and what critics who learned from other answers of it say to that."""

    tokens: tales.Tokens  # [N, T], only what the ideal writer could have written, so that V is known
    scores: Array  # [N]
    pull: Array  # [N, T] towards lucky words: score function of "lucky" where a treasure stands, else 0
    batches: dict[str, Batch]  # by the critic's name


@cache
def _frozen(seed: int) -> _Frozen:
    start = reference(seed % REFERENCES)
    generator = torch.Generator().manual_seed(500 + seed)
    written = write(start, np.arange(400 if quick() else 9_000) % len(tales.HEROES), generator=generator)

    length = tales.sentences(written.tokens)
    possible = tales.grammatical(written.tokens) & (length >= tales.FEWEST) & (length <= tales.MOST)
    rows = np.flatnonzero(possible)
    rows = rows[: len(rows) // DEFAULT.answers * DEFAULT.answers]
    answers = Answers(
        prompts=written.prompts[rows], tokens=written.tokens[rows], log_probs=written.log_probs[rows]
    )

    scores = tales.rule(answers.tokens)
    batches = {
        age: judged(answers, scores, answers.log_probs, answers.log_probs, critic)
        for age, critic in _critics(start, seed)
    }
    exact = np.pad(tales.exact_values(answers.tokens).T, ((0, 1), (0, 0)))
    some = batches[_age(0)]
    batches["exact V"] = replace(some, values=exact, next_values=np.pad(exact[1:], ((0, 1), (0, 0))))
    return _Frozen(tokens=answers.tokens, scores=scores, pull=_pull_to_lucky(start, answers), batches=batches)


def _critics(start: LanguageModel, seed: int) -> Iterator[tuple[str, Critic]]:
    """Copies of one critic at all `AGES`, which learns from answers of the frozen reference."""
    critic = Critic(seed=seed)
    yield _age(0), copy.deepcopy(critic)

    oldest = 2 if quick() else max(AGES)
    for step in learn(
        whole_score, seed=seed, start=start, settings=replace(DEFAULT, warm_up=oldest), critic=critic
    ):
        age = step.update + oldest + 1
        for batches in AGES[1:]:
            if age == min(batches, oldest):
                yield _age(batches), copy.deepcopy(critic)
        if age == oldest:
            return  # before the policy moves


def _age(batches: int) -> str:
    return f"{batches} batch" if batches == 1 else f"{batches} batches"


@torch.no_grad()
def _pull_to_lucky(model: LanguageModel, answers: Answers) -> Array:
    lucky = np.isin(tales.WORDS, tales.LUCKY)
    chances = np.concatenate(
        [
            model.answer_logits(texts).softmax(dim=-1)[..., torch.from_numpy(lucky)].sum(dim=-1).numpy()
            for texts in answers.texts.split(500)
        ]
    )
    treasure = np.isin(answers.tokens, tales.encode(" ".join(tales.TREASURES)))
    return np.where(treasure, lucky[answers.tokens] - chances, 0.0)


def signal_runs() -> dict[str, Callable[..., Rows]]:
    """Every weight on the answers of the frozen reference, by the critic's age where it asks one."""
    blind = {
        name: partial(_signal, weigh, _age(0))
        for name, weigh in [(name, WEIGHTS[name]) for name in BLIND] + [("groups", group)]
    }
    ages = [*map(_age, AGES), "exact V"]
    return blind | {
        f"GAE {lam:g}, {age}": partial(_signal, with_lambda(lam=lam), age) for age in ages for lam in LAMBDAS
    }


def _signal(weigh: Weigh, age: str, *, seed: int) -> Rows:
    frozen = _frozen(seed)
    whole = frozen.batches[age]
    together = DEFAULT.answers

    weights = np.empty(frozen.tokens.shape)
    for first in range(0, len(weights), together):
        columns = slice(first, first + together)
        batch = Batch(**{name: array[:, columns] for name, array in vars(whole).items()})
        weights[columns] = weigh(batch)[:-1].T

    pulls = (weights * frozen.pull).sum(axis=1).reshape(-1, together).mean(axis=1)
    spread = pulls.std(ddof=1)
    idle = np.isin(frozen.tokens, tales.encode(" ".join(tales.ADJECTIVES + tales.ANIMALS + tales.VERBS)))
    return [
        {
            "snr": float(pulls.mean() / spread) if spread else float("nan"),
            "signal": float(pulls.mean()),
            "noise": float(np.sqrt((weights[idle] ** 2).mean())),
        }
    ]


def value_runs() -> dict[str, Callable[..., Rows]]:
    """What critics of every age explain at the first token of each sentence."""
    return {_age(batches): partial(_explained, _age(batches)) for batches in AGES}


def _explained(age: str, *, seed: int) -> Rows:
    frozen = _frozen(seed)
    rows = []
    for token in range(0, len(tales.SENTENCE) * tales.MOST, len(tales.SENTENCE)):
        here = frozen.tokens[:, token] != tales.PAD
        scores = frozen.scores[here]
        said, exact = (frozen.batches[name].values[token, here] for name in (age, "exact V"))
        rows.append(
            {
                "token": token,
                "alive": float(here.mean()),
                "explained_variance": explained_variance(said, scores),
                "ceiling": explained_variance(exact, scores),
            }
        )
    return rows


def chance_runs() -> dict[str, Callable[..., Rows]]:
    """How often each reference's answers have 0, 1, ... 5 lucky words."""
    return {"reference": _chances}


def _chances(*, seed: int) -> Rows:
    model = reference(seed % REFERENCES)
    samples = [own_chances(model, answers=80 if quick() else 8_000, seed=part) for part in range(4)]
    return [{"lucky": k, "chance": float(chance)} for k, chance in enumerate(np.mean(samples, axis=0))]


def iteration(weight: str, *, seed: int, updates: int = 40) -> float:
    """Median seconds of an iteration of 20 answers, from the 11th on, when the answers have grown long.

    Args:
        weight: one of the five lines of THE figure; those that ask no critic run without one.
        seed: of the run.
        updates: how many, more than 10.
    """
    settings = replace(DEFAULT, updates=updates, critic=weight not in BLIND)
    steps = learn(WEIGHTS[weight], seed=seed, settings=settings)
    return float(np.median([step.seconds for step in steps if step.update >= 10]))


def pretraining(*, seed: int, steps: int = 360) -> float:
    """Seconds that it takes to teach a new model to write tales."""
    began = time.perf_counter()
    for _ in pretrain(seed=seed, steps=steps):
        pass
    return time.perf_counter() - began


STUDIES: dict[str, dict[str, Callable[..., Rows]]] = {
    "tokens": token_runs(),
    "critics": critic_runs(),
    "judges": judge_runs(),
    "signal": signal_runs(),
    "values": value_runs(),
    "chances": chance_runs(),
}

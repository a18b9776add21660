"""Critics at several ages, and how they read an answer: what the widget "Who earned the prize?" shows.

All of them learn from the answers of the frozen reference, batch after batch of twenty, so the policy stands
still and one exact V is the truth for all. Their target is what the answer was paid. torch. Lesson 13.
"""

import copy
import functools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from course.arrays import Refusal, whole
from course.language import tales
from course.language.credit import EXACT, Reading
from course.language.critic import Critic
from course.language.model import Answers, reference, write

AGES = (0, 1, 10, 100)  # batches
ANSWERS = 20  # in a batch
SIDE_BY_SIDE = 25  # batches


def critics(*, ages: tuple[int, ...] = AGES, seed: int = 0) -> dict[int, Critic]:
    """One critic, copied at several ages: some seconds the first time, at once from then on.

    The copies are everybody's, so whoever trains one further copies it first.

    Args:
        ages: batches seen, each at least 0, in any order.
        seed: of its weights and of the answers.

    Returns:
        The copies, by age.

    Raises:
        ValueError: if an age is no whole number of at least 0, or there is none.
    """
    wanted = sorted({whole("ages", age, low=0) for age in ages})
    if not wanted:
        raise Refusal("ages must hold at least one number, got none")
    copies = _grown(tuple(wanted), seed)
    return {age: copies[age] for age in ages}


@functools.cache
def _grown(ages: tuple[int, ...], seed: int) -> dict[int, Critic]:
    critic = Critic(seed=seed)
    copies = {}
    batches = _batches(seed)
    for age in range(ages[-1] + 1):
        if age in ages:
            copies[age] = copy.deepcopy(critic)
        if age < ages[-1]:
            answers = next(batches)
            critic.learn(answers, tales.rule(answers.tokens)[:, None] * answers.mask)
    return copies


@functools.cache
def possible_answers(n: int, *, seed: int) -> Answers:
    """Of `n` answers of the frozen reference those that the ideal writer may have written too.

    V is known exactly for what is left, some seven answers in eight.
    """
    generator = torch.Generator().manual_seed(seed)
    answers = write(reference(), _heroes(whole("n", n, low=1)), generator=generator)
    return _rows(answers, np.flatnonzero(_possible(answers)))


@functools.cache
def twenty_tales(*, ages: tuple[int, ...] = AGES, seed: int = 47) -> tuple[Reading, ...]:
    """The first twenty answers of the frozen reference that the ideal writer may have written, all read.

    V is known exactly for such answers only; about one in eight of the reference's is none. The first to be
    shown is short and has two lucky words, if there is such a one.
    """
    generator = torch.Generator().manual_seed(seed)
    answers = write(reference(), _heroes(2 * ANSWERS), generator=generator)
    good = np.flatnonzero(_possible(answers))[:ANSWERS]

    lucky = tales.lucky_words(answers.tokens)
    lengths = answers.mask.sum(axis=1)
    first = min(good, key=lambda row: (lucky[row] != 2, lengths[row]))
    shown = [first, *good[good != first]]
    return tuple(readings(_rows(answers, np.array(shown)), ages=ages))


def readings(answers: Answers, *, ages: tuple[int, ...] = AGES) -> list[Reading]:
    """What the `critics` and the exact V say about each answer, and which words could have stood there.

    Raises:
        ValueError: if the ideal writer could not have written an answer, so that nobody knows its V.
    """
    wrong = np.flatnonzero(~_possible(answers))
    if wrong.size:
        said = tales.decode(answers.tokens[wrong[0]])
        raise Refusal(
            f"answers must be {tales.FEWEST} to {tales.MOST} whole sentences and <end>, for V to be known; "
            f"answer {wrong[0]} is {said!r:.100}"
        )

    values = {counted(age): critic.values(answers) for age, critic in critics(ages=ages).items()}
    values[EXACT] = tales.exact_values(answers.tokens)
    scores = tales.rule(answers.tokens)

    found = []
    for i, length in enumerate(answers.mask.sum(axis=1)):
        words = tales.decode(answers.tokens[i]).split()
        rewards = np.zeros(length)
        rewards[-1] = scores[i]  # written by the reference itself, so no token costs anything for drift
        found.append(
            Reading(
                prompt=tales.decode(answers.prompts[i, 1:]),
                words=words,
                rewards=rewards,
                values={critic: row[i, :length] for critic, row in values.items()},
                alternatives=[_alternatives(word, t) for t, word in enumerate(words)],
            )
        )
    return found


def read(reading: Reading, words: Sequence[str], *, ages: tuple[int, ...] = AGES) -> Reading:
    """The answer to the same prompt with other words.

    Raises:
        ValueError: if a word is unknown, or the ideal writer could not have written the answer.
    """
    tokens = tales.encode(" ".join(words))[None]
    prompts = tales.encode(f"<bos> {reading.prompt}")[None]
    answer = Answers(prompts=prompts, tokens=tokens, log_probs=np.zeros(tokens.shape))
    return readings(answer, ages=ages)[0]


def counted(age: int) -> str:
    """The name of the critic of this age: "0 batches", "1 batch", "10 batches"."""
    return f"{age} batch" if age == 1 else f"{age} batches"


def _possible(answers: Answers) -> NDArray[np.bool_]:
    sentences = tales.sentences(answers.tokens)
    return tales.grammatical(answers.tokens) & (sentences >= tales.FEWEST) & (sentences <= tales.MOST)


def _alternatives(word: str, t: int) -> tuple[str, ...]:
    allowed = tales.SENTENCE[t % len(tales.SENTENCE)]
    return allowed if word in allowed and len(allowed) > 1 else ()


def _heroes(n: int) -> tales.Tokens:
    return np.arange(n) % len(tales.HEROES)


def _batches(seed: int) -> Iterator[Answers]:
    """Batch after batch by the reference. Many are written side by side, which is much quicker."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        answers = write(reference(), _heroes(SIDE_BY_SIDE * ANSWERS), generator=generator)
        for batch in np.split(np.arange(SIDE_BY_SIDE * ANSWERS), SIDE_BY_SIDE):
            yield _rows(answers, batch)


def _rows(answers: Answers, rows: tales.Tokens) -> Answers:
    """Some of the answers, without the padding that only the others needed."""
    upto = answers.mask[rows].sum(axis=1).max()
    return Answers(
        prompts=answers.prompts[rows],
        tokens=answers.tokens[rows, :upto],
        log_probs=answers.log_probs[rows, :upto],
    )

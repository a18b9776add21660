"""Exercises of lesson 15 that need no torch: which line is wrong?

Each is one line of a trainer. The first known mistake is the bug that is famous for it; the others are mends
that look right.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from course.arrays import Array, Flags
from course.checks.exercise import Case, Exercise
from course.checks.mutants import mutant
from course.language import tokens as lines

Tokens = NDArray[np.int64]


# trained_tokens


def _token_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # tokens, end
        ("one answer, then padding", [[5, 6, 2, 0, 0]], 2),
        ("an answer that was cut: no end", [[5, 6, 7]], 2),
        ("the end at once", [[2, 0, 0], [5, 2, 0]], 2),
        ("the end in the last place", [[5, 6, 2]], 2),
        ("padded with the end itself", [[5, 2, 2, 2], [5, 6, 7, 2]], 2),
        ("what stands after an end is padding, whatever it is", [[5, 2, 6, 7, 2], [6, 5, 7, 2, 5]], 2),
        ("a token 0 that is a word, and an end called 9", [[0, 4, 0, 9, 0], [4, 0, 0, 0, 9]], 9),
        ("one token", [[7]], 2),
    ]
    cases = [Case(label, (np.array(tokens), end)) for label, tokens, end in small]

    for nth in range(8):
        shape = tuple(rng.integers(3, 9, size=2))
        tokens = rng.integers(0, 6, size=shape)
        tokens[nth % shape[0]] = rng.integers(3, 6, size=shape[1])  # one that was cut
        cases.append(Case("8 random batches", (tokens, 2)))
    cases.append(Case("100 answers of 40 tokens", (rng.integers(0, 30, size=(100, 40)), 2)))
    return cases


def _ends_before(ends: Flags) -> Tokens:
    return ends.cumsum(axis=1) - ends


@mutant
def _trained_tokens(
    *,
    is_end: Callable = lambda tokens, end: tokens == end,
    before: Callable = _ends_before,
    finish: Callable = lambda kept, tokens, end: kept,
) -> Callable:
    """A trained_tokens: which are ends, how many of them came before, and what is done to the rest."""

    def answer(tokens: Tokens, end: int) -> Flags:
        return finish(before(is_end(tokens, end)) == 0, tokens, end)

    return answer


def _up_to_the_last_end(ends: Flags) -> Tokens:
    after = ends[:, ::-1].cumsum(axis=1)[:, ::-1]
    return np.where(ends.any(axis=1, keepdims=True), after == 0, False)


TRAINED_TOKENS = Exercise(
    name="trained_tokens",
    lesson="15",
    points=1,
    reference=lines.trained_tokens,
    cases=_token_cases,
    mistakes=(
        (
            "The end is taken out. It was drawn like any other token, and without a gradient nobody learns "
            "when to stop.",
            _trained_tokens(finish=lambda kept, tokens, end: kept & (tokens != end)),
        ),
        (
            "Only the ends themselves are taken out; the padding behind them counts. Padding was not "
            "written.",
            lambda tokens, end: tokens != end,
        ),
        (
            "Everything counts, the padding too. Nobody wrote that: stop at the first end.",
            _trained_tokens(before=np.zeros_like),
        ),
        (
            "Padding is recognised by its number, 0. That can be a word; what stands after the end is "
            "padding.",
            lambda tokens, end: tokens != 0,
        ),
        (
            "Of an answer that was cut, nothing counts. It was written too: a row without an end is all "
            "true.",
            _trained_tokens(finish=lambda kept, tokens, end: kept & (tokens == end).any(1, keepdims=True)),
        ),
        (
            "One token too many: what stands after the end is padding.",
            _trained_tokens(before=lambda ends: (ends.cumsum(axis=1) - ends > 0) & ~_just_after(ends)),
        ),
        (
            "It is the last end of a row that is looked for. The first one ends the answer.",
            _trained_tokens(before=_up_to_the_last_end),
        ),
        (
            "Ends are counted down the batch. Time runs along a row here: axis 1.",
            _trained_tokens(before=lambda ends: ends.cumsum(axis=0) - ends),
        ),
        (
            "That is the other way round: true marks what was written.",
            _trained_tokens(finish=lambda kept, tokens, end: ~kept),
        ),
    ),
)


def _just_after(ends: Flags) -> Flags:
    """The one place behind the first end of each row."""
    gone = ends.cumsum(axis=1) - ends > 0
    first = gone.copy()
    first[:, 1:] &= ~gone[:, :-1]
    return first


# first_tokens


def _draw_cases(rng: np.random.Generator) -> list[Case]:
    even = [0.25, 0.25, 0.25, 0.25]
    small = [  # chances, draws
        ("a group of four: one prompt, four draws", [even, even, even, even], [0.1, 0.6, 0.9, 0.3]),
        ("two prompts", [[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]], [0.2, 0.8]),
        ("the likeliest is not always drawn", [[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]], [0.9, 0.1]),
        ("a token that cannot be drawn", [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]], [0.0, 0.7]),
        ("one answer", [[0.5, 0.5]], [0.75]),
        ("one token to choose from", [[1.0]], [0.3]),
    ]
    cases = [Case(label, (np.array(chances), np.array(draws))) for label, chances, draws in small]

    for nth in range(8):
        answers, words = rng.integers(3, 8, size=2)
        chances = rng.dirichlet(np.ones(words), size=answers)
        if nth % 2:
            chances[:] = chances[0]
        cases.append(Case("8 random batches, half of them groups", (chances, rng.random(answers))))
    chances = rng.dirichlet(np.ones(43), size=60)
    cases.append(Case("60 answers, 43 words", (chances, rng.random(60))))
    return cases


def _end_to_end(chances: Array) -> Array:
    return np.cumsum(chances, axis=1)[:, :-1]


@mutant
def _first_tokens(
    *,
    rows: Callable = lambda chances: chances,
    pieces: Callable = _end_to_end,
    each: Callable = lambda draws: draws,
    beyond: Callable = np.greater_equal,
    finish: Callable = lambda tokens: tokens,
) -> Callable:
    """A first_tokens: the pieces of the interval, the draws, and how many pieces each lies beyond."""

    def answer(chances: Array, draws: Array) -> Tokens:
        ends = pieces(rows(chances))
        return finish(beyond(each(draws)[:, None], ends).sum(axis=1))

    return answer


FIRST_TOKENS = Exercise(
    name="first_tokens",
    lesson="15",
    points=1,
    reference=lines.first_tokens,
    cases=_draw_cases,
    mistakes=(
        (
            "All answers get the first one's draw. A group then shares its first token, and what is the "
            "same for all cannot be learned from: each answer draws its own.",
            _first_tokens(each=lambda draws: np.full_like(draws, draws[0])),
        ),
        (
            "All answers get the first one's token. Each row has chances and a draw of its own.",
            _first_tokens(finish=lambda tokens: np.full_like(tokens, tokens[0])),
        ),
        (
            "All answers are drawn from the first row's chances. Each prompt has its own.",
            _first_tokens(rows=lambda chances: np.broadcast_to(chances[0], chances.shape)),
        ),
        (
            "That is the likeliest token, every time. Nothing new is ever tried so: use the draw.",
            lambda chances, draws: chances.argmax(axis=1),
        ),
        (
            "The draw is compared with single chances. Lay them end to end first: cumsum along the row.",
            _first_tokens(pieces=lambda chances: chances[:, :-1]),
        ),
        (
            "The chances are added up down the batch. Each answer is a row: axis 1.",
            _first_tokens(pieces=lambda chances: np.cumsum(chances, axis=0)[:, :-1]),
        ),
        (
            "A draw of exactly 0 gets a token whose chance is 0. A piece begins with its lower end: use >=.",
            _first_tokens(beyond=np.greater),
        ),
        (
            "The pieces above the draw are counted. The token's number is how many lie wholly below it.",
            _first_tokens(beyond=np.less),
        ),
        (
            "Tokens count from 0, these from 1.",
            _first_tokens(finish=lambda tokens: tokens + 1),
        ),
        (
            "All tokens are drawn alike, whatever their chances.",
            lambda chances, draws: (draws * chances.shape[1]).astype(int),
        ),
    ),
)


# kl_penalty


def _penalty_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # log_probs, ref_log_probs, beta
        ("likelier than under the reference, and less likely", [-1, -3], [-2, -1], 2),
        ("three tokens, half a point a nat", [-0.5, -2, -0.25], [-1.5, -1, -0.25], 0.5),
        ("no drift, no toll", [-1, -2], [-1, -2], 3),
        ("a leash of 0", [-1, -2], [-2, -4], 0),
        ("one token", [-0.5], [-2], 4),
        ("thousandths of a point", [-0.5, -1.5], [-1, -1], 0.004),
        ("points by the million", [-0.5, -1.5], [-3, -1], 2e8),
    ]
    cases = [
        Case(label, (np.array(own, dtype=float), np.array(reference, dtype=float)), {"beta": float(beta)})
        for label, own, reference, beta in small
    ]
    for label, length in [*[("8 random answers", 9)] * 8, ("2,000 tokens", 2_000)]:
        own = -rng.exponential(1.5, size=length)
        drifted = own - rng.normal(0.5, 1, size=length)
        cases.append(Case(label, (own, drifted), {"beta": rng.uniform(0.5, 5)}))
    return cases


@mutant
def _kl_penalty(
    *,
    price: Callable = lambda beta: beta,
    drift: Callable = np.subtract,
    sign: float = -1.0,
    finish: Callable = lambda toll: toll,
) -> Callable:
    """A kl_penalty: the drift of each token, its price, and its sign."""

    def answer(log_probs: Array, ref_log_probs: Array, *, beta: float) -> Array:
        return finish(sign * price(beta) * drift(log_probs, ref_log_probs))

    return answer


KL_PENALTY = Exercise(
    name="kl_penalty",
    lesson="15",
    points=1,
    reference=lines.kl_penalty,
    cases=_penalty_cases,
    mistakes=(
        (
            "The sign is turned round: leaving the reference is paid for, and a larger beta drives the "
            "policy further away.",
            _kl_penalty(sign=1.0),
        ),
        (
            "beta is missing. It says how many points a nat costs.",
            _kl_penalty(price=lambda beta: 1.0),
        ),
        (
            "The toll is divided by beta. It is points a nat: multiply.",
            _kl_penalty(price=lambda beta: 1 / beta if beta else np.inf),
        ),
        (
            "Every drift costs, to either side. A token that the reference likes better gives something "
            "back: only so is the mean of the sums the KL.",
            _kl_penalty(drift=lambda own, reference: np.abs(own - reference)),
        ),
        (
            "That is half the square of the drift (called k2). It serves in a loss, where its gradient is "
            "the right one; as a reward it is another toll: no square.",
            _kl_penalty(drift=lambda own, reference: 0.5 * (own - reference) ** 2),
        ),
        (
            "That is the estimator called k3. Its mean is the KL too, but it is never below 0, and as a "
            "reward it is another toll: the plain difference.",
            _kl_penalty(drift=lambda own, reference: np.expm1(reference - own) - (reference - own)),
        ),
        (
            "That is a ratio of probabilities. A nat is a difference of logarithms: no exponential.",
            _kl_penalty(drift=lambda own, reference: np.exp(own - reference)),
        ),
        (
            "Those are differences of probabilities. A nat is a difference of logarithms: no exponential.",
            _kl_penalty(drift=lambda own, reference: np.exp(own) - np.exp(reference)),
        ),
        (
            "Logarithms are divided by each other. Subtract them.",
            _kl_penalty(drift=np.divide),
        ),
        (
            "The reference is left out: that punishes what is likely.",
            _kl_penalty(drift=lambda own, reference: own),
        ),
        (
            "The toll is added up. Each token pays its own, shape [T].",
            _kl_penalty(finish=np.sum),
        ),
        (
            "Each term is weighted by its probability. The tokens were drawn with it already: no weight.",
            _kl_penalty(drift=lambda own, reference: np.exp(own) * (own - reference)),
        ),
    ),
)


# last_rows


def _mask_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # lengths, places
        ("an answer of two in four places", [2], 4),
        ("three lengths, one fills its row", [1, 3, 4], 4),
        ("all fill their rows", [3, 3], 3),
        ("answers of one token", [1, 1, 1], 3),
        ("padding wider than the longest", [2, 3], 6),
        ("one place", [1], 1),
    ]
    cases = [Case(label, (_mask(lengths, places),)) for label, lengths, places in small]

    for _ in range(8):
        answers, places = rng.integers(3, 9, size=2)
        lengths = rng.integers(1, places + 1, size=answers)
        cases.append(Case("8 random batches", (_mask(lengths, places),)))
    cases.append(Case("100 answers of up to 40 tokens", (_mask(rng.integers(1, 41, size=100), 40),)))
    return cases


def _mask(lengths: list[int] | Tokens, places: int) -> Flags:
    return np.arange(places) < np.array(lengths)[:, None]


@mutant
def _last_rows(
    *,
    lengths: Callable = lambda mask: mask.sum(axis=1),
    first: int = 1,
    finish: Callable = lambda rows: rows,
) -> Callable:
    """A last_rows: the lengths, and where rows begin to count."""

    def answer(mask: Flags) -> Tokens:
        return finish(lengths(mask) - first)

    return answer


LAST_ROWS = Exercise(
    name="last_rows",
    lesson="15",
    points=1,
    reference=lines.last_rows,
    cases=_mask_cases,
    mistakes=(
        (
            "That is the length, and one row late: rows count from 0, so the last token of three stands in "
            "row 2.",
            _last_rows(first=0),
        ),
        (
            "One row too early: subtract 1 from the length, not 2.",
            _last_rows(first=2),
        ),
        (
            "Those are sums down the batch. An answer is a row: axis 1.",
            _last_rows(lengths=lambda mask: mask.sum(axis=0)),
        ),
        (
            "Where the longest answer ends, all are said to end. Each answer has its own length.",
            _last_rows(lengths=lambda mask: np.full(len(mask), mask.sum(axis=1).max())),
        ),
        (
            "That is the last place of the array, padding or not.",
            _last_rows(lengths=lambda mask: np.full(len(mask), mask.shape[1])),
        ),
        (
            "An answer that fills its row gets -1: there is no padding to look for. Count the real tokens.",
            _last_rows(lengths=lambda mask: np.argmin(mask, axis=1)),
        ),
        (
            "That is the first real token. argmax gives the first true.",
            lambda mask: np.argmax(mask, axis=1),
        ),
        (
            "All answers are added up. One row is wanted for each: axis=1.",
            _last_rows(lengths=np.sum),
        ),
    ),
)


# ended_rows


def _end_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # last, rows
        ("two answers in three rows", [1, 2], 3),
        ("one ends at once, none in the last row", [0, 2, 1], 4),
        ("two end together", [1, 1], 3),
        ("as many answers as rows", [2, 0, 1], 3),
        ("all end in the last row", [2, 2], 3),
        ("one row", [0], 1),
    ]
    cases = [Case(label, (np.array(last), rows)) for label, last, rows in small]

    for _ in range(8):
        answers, rows = (int(size) for size in rng.integers(3, 9, size=2))
        cases.append(Case("8 random batches", (rng.integers(0, rows, size=answers), rows)))
    cases.append(Case("2,000 answers", (rng.integers(0, 4, size=2_000), 4)))
    return cases


@mutant
def _ended_rows(
    *,
    when: Callable = lambda last, rows: last,
    compare: Callable = np.equal,
    finish: Callable = lambda ended: ended,
) -> Callable:
    """An ended_rows: which row of each answer, compared with the rows of the array."""

    def answer(last: Tokens, rows: int) -> Flags:
        return finish(compare(np.arange(rows)[:, None], when(last, rows)))

    return answer


def _and_the_last_row(ended: Flags) -> Flags:
    ended = ended.copy()
    ended[-1] = True
    return ended


ENDED_ROWS = Exercise(
    name="ended_rows",
    lesson="15",
    points=1,
    reference=lines.ended_rows,
    cases=_end_cases,
    mistakes=(
        (
            "All answers are said to end in the array's last row. The padding of the shorter ones then "
            "counts as something that they went through.",
            _ended_rows(when=lambda last, rows: np.full_like(last, rows - 1)),
        ),
        (
            "All answers are said to end with the longest. Each has its own last row.",
            _ended_rows(when=lambda last, rows: np.full_like(last, last.max())),
        ),
        (
            "One row late: the last token is the one that ends the answer, not the padding after it.",
            _ended_rows(when=lambda last, rows: last + 1),
        ),
        (
            "One row too early: the row of the last token is given, it need not be shifted.",
            _ended_rows(when=lambda last, rows: last - 1),
        ),
        (
            "All the padding is marked as well. An answer ends once.",
            _ended_rows(compare=np.greater_equal),
        ),
        (
            "Every row up to the end is marked. An answer ends in its last row only.",
            _ended_rows(compare=np.less_equal),
        ),
        (
            "Time is not first: the shape is to be [T, B], as gae wants it.",
            _ended_rows(finish=np.transpose),
        ),
        (
            "The array's last row is marked as well. An answer that ended above it ends once.",
            _ended_rows(finish=_and_the_last_row),
        ),
    ),
)


# next_worth


def _worth_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # next_values, terminated, truncated
        ("nothing ends", [5, 6], [0, 0], [0, 0]),
        ("the task is over", [5, 6, 7], [0, 1, 0], [0, 0, 0]),
        ("a time limit", [5, 6, 7], [0, 0, 0], [0, 1, 0]),
        ("a time limit in the last row", [5, 6, 7], [1, 0, 0], [0, 0, 1]),
        ("both flags at once", [5, 6, 7], [0, 1, 0], [0, 1, 0]),
        ("two environments", [[1, 2], [3, 4], [5, 6]], [[0, 0], [1, 0], [0, 0]], [[0, 1], [0, 0], [0, 0]]),
        ("one step", [5], [0], [1]),
        ("thousandths of a point", [0.001, 0.004, 0.002], [0, 1, 0], [0, 0, 1]),
        ("points by the million, and debts", [1e8, 4e8, -2e8], [0, 1, 0], [0, 0, 1]),
    ]
    cases = [
        Case(label, (np.array(values, dtype=float), np.array(over, bool), np.array(cut, bool)))
        for label, values, over, cut in small
    ]
    for label, shape in [
        *[("8 random rollouts", shape) for shape in [(6, 2), (9,)] * 4],
        ("2,000 steps", 2_000),
    ]:
        flags = tuple(rng.random(shape) < 0.3 for _ in range(2))
        cases.append(Case(label, (rng.normal(0, 10, size=shape), *flags)))
    return cases


@mutant
def _next_worth(
    *,
    value: Callable = lambda values: values,
    nothing: Callable = lambda over, cut: over,
) -> Callable:
    """A next_worth: the values, and where they count nothing."""

    def answer(next_values: Array, terminated: Flags, truncated: Flags) -> Array:
        return np.where(nothing(terminated, truncated), 0.0, value(next_values))

    return answer


def _one_row_on(values: Array) -> Array:
    return np.concatenate([values[1:], np.zeros_like(values[:1])])


NEXT_WORTH = Exercise(
    name="next_worth",
    lesson="15",
    points=1,
    reference=lines.next_worth,
    cases=_worth_cases,
    mistakes=(
        (
            "A time limit counts as the end of the task. What was still to come is worth as much as "
            "before: 0 only where terminated.",
            _next_worth(nothing=np.logical_or),
        ),
        (
            "The end of the task is ignored. After terminated nothing can be earned: 0.",
            _next_worth(nothing=lambda over, cut: np.zeros_like(over)),
        ),
        (
            "The flags are mixed up: it is terminated that ends the task, and truncated that stops the "
            "clock.",
            _next_worth(nothing=lambda over, cut: cut),
        ),
        (
            "Where both flags stand, the task is over all the same: terminated wins.",
            _next_worth(nothing=lambda over, cut: over & ~cut),
        ),
        (
            "Only where both flags stand it counts nothing. terminated alone is enough.",
            _next_worth(nothing=np.logical_and),
        ),
        (
            "That is the other way round: values where the task is over, and 0 where it goes on.",
            _next_worth(nothing=lambda over, cut: ~over),
        ),
        (
            "The values are shifted by a row. next_values[t] is already what step t has reached.",
            _next_worth(value=_one_row_on),
        ),
        (
            "Values below 0 have lost their sign. A state may promise a loss.",
            _next_worth(value=np.abs),
        ),
    ),
)


# values_before


def _output_cases(rng: np.random.Generator) -> list[Case]:
    small = [  # outputs, length
        ("a prompt of three tokens, an answer of four", [[1, 2, 3, 4, 5, 6, 7]], 4),
        ("two answers", [[1, 2, 3, 4, 5], [6, 7, 8, 9, 4]], 2),
        ("a prompt of one token", [[1, 2, 3]], 2),
        ("an answer of one token", [[1, 2, 3, 4]], 1),
        ("one and one", [[3, 8]], 1),
        ("thousandths of a point", [[0.001, 0.004, 0.002, 0.003]], 2),
        ("points by the million", [[1e8, 4e8, 2e8, 3e8]], 2),
    ]
    cases = [Case(label, (np.array(outputs, dtype=float), length)) for label, outputs, length in small]

    for _ in range(8):
        answers, prompt, length = (int(size) for size in rng.integers(2, 7, size=3))
        cases.append(Case("8 random batches", (rng.normal(0, 10, size=(answers, prompt + length)), length)))
    cases.append(Case("50 answers of 40 tokens", (rng.normal(0, 10, size=(50, 43)), 40)))
    return cases


@mutant
def _values_before(
    *,
    part: Callable = lambda outputs, length: outputs[:, -length - 1 : -1],
    finish: Callable = lambda values: values,
) -> Callable:
    """A values_before: a slice, and what is done to it."""

    def answer(outputs: Array, length: int) -> Array:
        return finish(part(outputs, length))

    return answer


def _nothing_before_the_first(values: Array) -> Array:
    values = values.copy()
    values[:, 0] = 0.0
    return values


def _nothing_after_the_prompt(outputs: Array, length: int) -> Array:
    return np.concatenate([outputs[:, -length:-1], np.zeros((len(outputs), 1))], axis=1)


VALUES_BEFORE = Exercise(
    name="values_before",
    lesson="15",
    points=1,
    reference=lines.values_before,
    cases=_output_cases,
    mistakes=(
        (
            "Those are the values *after* each token. Before the first one stands the prompt's last "
            "output: the slice that looks one off is right.",
            _values_before(part=lambda outputs, length: outputs[:, -length:]),
        ),
        (
            "One place too early: the output after a token is the value before the next.",
            _values_before(part=lambda outputs, length: outputs[:, -length - 2 : -2]),
        ),
        (
            "One value too many: the last output comes after the last token, and nothing is decided there.",
            _values_before(part=lambda outputs, length: outputs[:, -length - 1 :]),
        ),
        (
            "One value too few: before the answer's first token stands the prompt's last output.",
            _values_before(part=lambda outputs, length: outputs[:, -length:-1]),
        ),
        (
            "The prompt is not skipped. The answer's values are at the end of the row.",
            _values_before(part=lambda outputs, length: outputs[:, :length]),
        ),
        (
            "The value before the first token is set to 0. The prompt promises something already: that is "
            "what its last output says.",
            _values_before(finish=_nothing_before_the_first),
        ),
        (
            "Those are the values after each token, with a 0 at the end. That is next_values: what is "
            "wanted stands one place before.",
            _nothing_after_the_prompt,
        ),
        (
            "Time is first. Answers are rows here: [B, length].",
            _values_before(finish=np.transpose),
        ),
    ),
)


EXERCISES = (
    TRAINED_TOKENS,
    FIRST_TOKENS,
    KL_PENALTY,
    LAST_ROWS,
    ENDED_ROWS,
    NEXT_WORTH,
    VALUES_BEFORE,
)

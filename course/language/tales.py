"""Treasure tales: a language so small that everything about it can be known exactly.

A tale is a prompt, `<bos> pirate :`, and an answer of 2 to 6 sentences, `the old cat found a crown .`, that
ends with `<end>`. After sentences 2 to 5 a tale ends with chance 1/3, after the sixth always. Nothing in the
texts prefers any treasure; three of the twelve are lucky, and only the judge knows it. He reads the whole
answer and pays once, for its last token:

    156,250 x 2^(lucky words), at most five of them counted: 156,250 to 5 million points

An answer that does not reach its `<end>` within 50 tokens was cut off, and is paid nothing.

Because the ideal writer's chances are known, so are the value of every unfinished answer (`exact_values`)
and how often each prize comes (`ideal_lucky`). numpy only. Lessons 13 to 15.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course.arrays import Array, Refusal, whole

Tokens = NDArray[np.int64]

HEROES = ("pirate", "baker", "knight", "wizard")
ADJECTIVES = ("old", "small", "brave", "sleepy", "green", "happy", "quiet", "tall")
ANIMALS = ("cat", "dog", "fox", "owl", "bear", "goat", "crow", "frog")
VERBS = ("found", "took", "saw", "kept")
TREASURES = (
    *("gold", "map", "rum", "bread", "honey", "flour"),
    *("sword", "shield", "crown", "wand", "potion", "scroll"),
)
LUCKY = ("gold", "crown", "wand")
SENTENCE = (("the",), ADJECTIVES, ANIMALS, VERBS, ("a",), TREASURES, (".",))  # what may stand at each place
PLACES = ("the or <end>", "adjective", "animal", "verb", "a", "treasure", ".")  # what each of them is called

WORDS = ("<pad>", "<bos>", "<end>", ":", "the", "a", ".", *HEROES, *ADJECTIVES, *ANIMALS, *VERBS, *TREASURES)
NUMBER = {word: token for token, word in enumerate(WORDS)}
PAD = NUMBER["<pad>"]
BOS = NUMBER["<bos>"]
END = NUMBER["<end>"]

FEWEST = 2  # sentences in a tale
MOST = 6
STOP = 1 / 3  # chance that a tale ends after a sentence from the second to the fifth
PROMPT = 3  # tokens
LONGEST = len(SENTENCE) * (MOST + 1) + 1  # tokens of an answer: one sentence too many, and it is cut

BASE = 156_250.0  # points for a finished answer without a lucky word
COUNTED = 5  # lucky words, at most
TOP = BASE * 2**COUNTED  # 5 million points
LUCKY_CHANCE = len(LUCKY) / len(TREASURES)  # that the ideal writer's treasure is lucky

_IS_LUCKY = np.isin(WORDS, LUCKY)
_FITS = np.array([np.isin(WORDS, words) for words in SENTENCE])  # [7, words] may a word stand at a place
_TREASURE_PLACE = SENTENCE.index(TREASURES)


def encode(text: str) -> Tokens:
    """The tokens of words that are separated by blanks, shape [T].

    Raises:
        ValueError: if there is no word, or one is unknown; it names the word.

    Example:
        >>> encode("a crown . <end>")
        array([ 5, 39,  6,  2])
    """
    words = text.split()
    if not words:
        raise Refusal("text must hold at least one word, got none")
    for word in words:
        if word not in NUMBER:
            raise Refusal(
                f"text: the word {word!r} is not in the vocabulary; see course.language.tales.WORDS"
            )
    return np.array([NUMBER[word] for word in words], dtype=np.int64)


def decode(tokens: ArrayLike) -> str:
    """The words of one row of tokens, shape [T], without padding."""
    row = as_tokens("tokens", np.asarray(tokens)[None])[0]
    return " ".join(WORDS[token] for token in row if token != PAD)


def prompts(heroes: ArrayLike) -> Tokens:
    """`<bos> hero :` for each hero, a number from 0 to 3: shape [B, 3]."""
    heroes = np.asarray(heroes)
    if heroes.ndim != 1 or not heroes.size or not np.isin(heroes, range(len(HEROES))).all():
        raise Refusal(f"heroes must be numbers from 0 to {len(HEROES) - 1}, at least one, got {heroes!r:.60}")
    rows = np.tile(encode(f"<bos> {HEROES[0]} :"), (len(heroes), 1))
    rows[:, 1] += heroes.astype(np.int64)
    return rows


def corpus(n: int, *, seed: int) -> Tokens:
    """Write `n` tales as the ideal writer does.

    Returns:
        Prompt and answer of each, padded with `<pad>`, shape [n, 3 + 50].
    """
    n = whole("n", n, low=1)
    rng = np.random.default_rng(seed)
    tales = np.full((n, PROMPT + LONGEST), PAD)
    tales[:, :PROMPT] = prompts(rng.integers(len(HEROES), size=n))

    for tale in tales:
        place = PROMPT
        sentences = 0
        while rng.random() >= chance_to_stop(sentences):
            for words in SENTENCE:
                tale[place] = NUMBER[words[rng.integers(len(words))]]
                place += 1
            sentences += 1
        tale[place] = END
    return tales


def chance_to_stop(sentences: int) -> float:
    """That the ideal writer's tale ends after so many whole sentences."""
    if sentences < FEWEST:
        return 0.0
    return 1.0 if sentences >= MOST else STOP


def prize(lucky: ArrayLike) -> Array:
    """Points for a finished answer with so many lucky words; any shape."""
    return BASE * 2.0 ** np.minimum(lucky, COUNTED)


def rule(tokens: ArrayLike) -> Array:
    """What the judge pays for each answer, in points.

    Args:
        tokens: int64 answers without their prompts, shape [B, T]; whatever follows `<end>` is not read.

    Returns:
        Scores, shape [B]; 0 for an answer that was cut off before its `<end>`.
    """
    return np.where(finished(tokens), prize(lucky_words(tokens)), 0.0)


def finished(tokens: ArrayLike) -> NDArray[np.bool_]:
    """Whether each answer has its `<end>`; [B] from [B, T]."""
    return (as_tokens("tokens", tokens) == END).any(axis=1)


def lucky_words(tokens: ArrayLike) -> Tokens:
    """How many lucky words stand in each answer, up to its `<end>`; [B] from [B, T]."""
    tokens = as_tokens("tokens", tokens)
    return (_IS_LUCKY[tokens] & ~_after_end(tokens)).sum(axis=1)


def sentences(tokens: ArrayLike) -> Array:
    """Length in sentences of seven tokens, `<end>` not counted; [B] from [B, T]."""
    tokens = as_tokens("tokens", tokens)
    written = ~_after_end(tokens) & (tokens != END)
    return written.sum(axis=1) / len(SENTENCE)


def grammatical(tokens: ArrayLike) -> NDArray[np.bool_]:
    """Whether each answer is one or more whole sentences of the language, then `<end>`; [B] from [B, T]."""
    tokens = as_tokens("tokens", tokens)
    places = np.arange(tokens.shape[1]) % len(SENTENCE)
    fits = _FITS[places, tokens] | _after_end(tokens) | (tokens == END)
    whole_sentences = sentences(tokens) % 1 == 0
    return finished(tokens) & fits.all(axis=1) & whole_sentences & (sentences(tokens) > 0)


def exact_values(tokens: ArrayLike) -> Array:
    """V before every token: what the ideal writer may expect to be paid, in points.

    The prize depends on the lucky words so far and on how the tale may go on, so a table over
    (whole sentences, lucky words) says it all; within a sentence the value moves only at its treasure.

    Args:
        tokens: int64 answers, shape [B, T], as the ideal writer could have written them.

    Returns:
        V(s_t) before token t, shape [B, T]; 0 after `<end>`.
    """
    tokens = as_tokens("tokens", tokens)
    stopping, going_on = _value_tables()
    lucky = np.cumsum(_IS_LUCKY[tokens], axis=1)
    before = np.minimum(np.pad(lucky, ((0, 0), (1, 0)))[:, :-1], MOST)

    values = np.zeros(tokens.shape)
    for t in range(tokens.shape[1]):
        sentence, place = divmod(t, len(SENTENCE))
        if sentence > MOST:
            continue
        if place == 0:
            values[:, t] = stopping[sentence, before[:, t]]
        elif place <= _TREASURE_PLACE:
            values[:, t] = going_on[sentence, before[:, t]]
        else:
            values[:, t] = stopping[min(sentence + 1, MOST), before[:, t]]
    return np.where(_after_end(tokens), 0.0, values)


def ideal_lengths() -> Array:
    """Chance of an ideal tale to have 0, 1, ... 6 sentences, shape [7]."""
    chances = np.zeros(MOST + 1)
    alive = 1.0
    for length in range(MOST + 1):
        chances[length] = alive * chance_to_stop(length)
        alive -= chances[length]
    return chances


def ideal_lucky() -> Array:
    """Chance of an ideal tale to have 0, 1, ... 5 or more lucky words, shape [6]."""
    chances = np.zeros(COUNTED + 1)
    for length, chance in enumerate(ideal_lengths()):
        for lucky in range(length + 1):
            ways = math.comb(length, lucky) * LUCKY_CHANCE**lucky * (1 - LUCKY_CHANCE) ** (length - lucky)
            chances[min(lucky, COUNTED)] += chance * ways
    return chances


def as_tokens(name: str, given: ArrayLike) -> Tokens:
    """`given` as int64 tokens of shape [B, T], T at least 1, or a refusal.

    Raises:
        ValueError: if it has another shape, is empty, or holds anything but tokens of the vocabulary.
    """
    tokens = np.asarray(given)
    if tokens.ndim != 2 or not tokens.size:
        raise Refusal(f"{name} must have shape [B, T] with at least one token, got {tokens.shape}")
    if tokens.dtype.kind not in "iu":
        raise Refusal(f"{name} must be whole numbers, got {tokens.dtype}")
    if tokens.min() < 0 or tokens.max() >= len(WORDS):
        bad = tokens[(tokens < 0) | (tokens >= len(WORDS))][0]
        raise Refusal(f"{name} must be from 0 to {len(WORDS) - 1}, the tokens of the vocabulary, got {bad}")
    return tokens.astype(np.int64)


def _after_end(tokens: Tokens) -> NDArray[np.bool_]:
    ends = np.cumsum(tokens == END, axis=1)
    return (ends - (tokens == END)) > 0


def _value_tables() -> tuple[Array, Array]:
    """Values by (whole sentences, lucky words): before the choice to stop, and once a sentence has begun."""
    stopping = np.zeros((MOST + 1, MOST + 1))
    going_on = np.zeros((MOST + 1, MOST + 1))
    for sentence in reversed(range(MOST + 1)):
        for lucky in range(MOST + 1):
            if sentence < MOST:
                hit = stopping[sentence + 1, min(lucky + 1, MOST)]
                miss = stopping[sentence + 1, lucky]
                going_on[sentence, lucky] = LUCKY_CHANCE * hit + (1 - LUCKY_CHANCE) * miss
            stop = chance_to_stop(sentence)
            stopping[sentence, lucky] = stop * prize(lucky) + (1 - stop) * going_on[sentence, lucky]
    return stopping, going_on

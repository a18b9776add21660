"""The language model: a small causal transformer, how it is trained to write tales, and how it writes.

About 109,000 parameters: two layers, 64 features, four heads. `pretrain` teaches it the language of `tales`
in some ten seconds on one thread; `reference` loads such a model that ships with the course. `write` samples
answers token by token and keeps the log-probability of each, as the sampler used it. Lessons 13 to 15.
"""

import functools
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn import functional

from course.arrays import Array, Refusal, number, whole
from course.language import tales
from course.language.tales import END, LONGEST, PAD, PROMPT, WORDS, Tokens
from course.language.tokens import answer_mask, first_tokens
from course.nets import one_thread
from course.tables import data

FEATURES = 64
HEADS = 4
LAYERS = 2
REFERENCES = 3  # models that ship with the course, of seeds 0, 1, 2

Cache = list[
    Tensor
]  # keys and values of the tokens so far, [B, heads, L, features / heads] each; empty at first


class Block(nn.Module):
    """One layer of the transformer: every token looks back, then thinks for itself."""

    def __init__(self) -> None:
        """Draw the weights."""
        super().__init__()
        self.look_norm = nn.LayerNorm(FEATURES)
        self.think_norm = nn.LayerNorm(FEATURES)
        self.queries_keys_values = nn.Linear(FEATURES, 3 * FEATURES)
        self.gather = nn.Linear(FEATURES, FEATURES)
        self.think = nn.Sequential(
            nn.Linear(FEATURES, 4 * FEATURES), nn.GELU(), nn.Linear(4 * FEATURES, FEATURES)
        )

    def forward(self, x: Tensor, cache: Cache | None = None) -> Tensor:
        """Features [B, L, F] to features; `cache`, if given, is extended by these tokens."""
        rows, length, _ = x.shape
        projected = self.queries_keys_values(self.look_norm(x))
        projected = projected.view(rows, length, 3, HEADS, FEATURES // HEADS)
        queries, keys, values = projected.permute(2, 0, 3, 1, 4)

        if cache is not None:
            if cache:
                keys = torch.cat([cache[0], keys], dim=2)
                values = torch.cat([cache[1], values], dim=2)
            cache[:] = [keys, values]

        # A single token may look at all before it; of several, each at those before it only.
        seen = functional.scaled_dot_product_attention(queries, keys, values, is_causal=length > 1)
        x = x + self.gather(seen.transpose(1, 2).reshape(rows, length, FEATURES))
        return x + self.think(self.think_norm(x))


class LanguageModel(nn.Module):
    """Logits of the next token after each token."""

    def __init__(self) -> None:
        """Draw the weights from torch's global random numbers."""
        super().__init__()
        self.words = nn.Embedding(len(WORDS), FEATURES)
        self.places = nn.Embedding(PROMPT + LONGEST, FEATURES)
        self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm(FEATURES)
        self.head = nn.Linear(FEATURES, len(WORDS))
        nn.init.normal_(self.words.weight, std=0.02)
        nn.init.normal_(self.places.weight, std=0.02)

    def forward(self, tokens: Tensor, caches: list[Cache] | None = None, start: int = 0) -> Tensor:
        """Logits [B, L, words] after each token of [B, L], the first of which stands at place `start`.

        Raises:
            ValueError: if there is no token, or more of them than the model has places for.
        """
        length = start + tokens.shape[1]
        if length > len(self.places.weight):
            raise Refusal(f"a text has at most {len(self.places.weight)} tokens, got {length}")
        if not tokens.shape[1]:
            raise Refusal("a text must have at least one token, got none")

        x = self.words(tokens) + self.places.weight[start : start + tokens.shape[1]]
        for layer, block in enumerate(self.blocks):
            x = block(x, None if caches is None else caches[layer])
        return self.head(self.norm(x))

    def answer_logits(self, texts: Tensor) -> Tensor:
        """What each token of an answer was drawn from, [B, T, words], from whole texts [B, 3 + T]."""
        if texts.shape[1] <= PROMPT:
            raise Refusal(f"an answer must have at least one token, got texts of {texts.shape[1]}")
        return self(texts[:, :-1])[:, PROMPT - 1 :]


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """B answers side by side, padded after their `<end>` to T, one more than the longest, at most."""

    prompts: Tokens  # [B, 3]
    tokens: Tokens  # [B, T]
    log_probs: Array  # [B, T] nats, as the sampler drew them; 0 in the padding

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Which tokens were written, `<end>` among them, [B, T]."""
        return answer_mask(self.tokens, END)

    @property
    def texts(self) -> Tensor:
        """Prompts and answers as a tensor, [B, 3 + T]."""
        return torch.from_numpy(np.concatenate([self.prompts, self.tokens], axis=1))


def write(
    model: LanguageModel,
    heroes: ArrayLike,
    *,
    generator: torch.Generator,
    temperature: float = 1.0,
    draw_first: Callable[[Array, Array], Tokens] = first_tokens,
) -> Answers:
    """Let the model answer one prompt for each hero, a token at a time.

    Args:
        model: who writes.
        heroes: of the prompts, numbers from 0 to 3, shape [B].
        generator: draws the tokens.
        temperature: the logits are divided by it, above 0.
        draw_first: draws the first tokens from their chances [B, words] and uniform numbers [B].

    Returns:
        The answers. One that has no `<end>` after 50 tokens is cut there.

    Raises:
        ValueError: if a hero is unknown or the temperature is not above 0.
    """
    temperature = number("temperature", temperature, above=0)
    questions = tales.prompts(heroes)
    rows = len(questions)

    caches: list[Cache] = [[] for _ in model.blocks]
    latest = torch.from_numpy(questions)
    place = 0
    ended = torch.zeros(rows, dtype=torch.bool)
    tokens = []
    log_probs = []
    with torch.inference_mode(), one_thread():
        draws = torch.rand((LONGEST, rows), generator=generator, dtype=torch.float64)
        for t in range(LONGEST):
            logits = model(latest, caches, place)[:, -1]
            place += latest.shape[1]
            chances = functional.log_softmax(logits.double() / temperature, dim=-1)

            if t == 0:
                first = np.asarray(draw_first(chances.exp().numpy(), draws[0].numpy()))
                drawn = torch.from_numpy(first)[:, None]
            else:
                drawn = _drawn(chances.exp(), draws[t])

            log_prob = chances.gather(1, drawn)
            drawn[ended] = PAD
            log_prob[ended] = 0.0
            tokens.append(drawn)
            log_probs.append(log_prob)
            latest = drawn
            ended |= drawn[:, 0] == END
            if ended.all():
                break

    return Answers(
        prompts=questions, tokens=torch.cat(tokens, 1).numpy(), log_probs=torch.cat(log_probs, 1).numpy()
    )


def _drawn(chances: Tensor, draws: Tensor) -> Tensor:
    """`first_tokens` for tensors of which all is known: tokens [B, 1] from [B, words] and [B]."""
    ends = chances.cumsum(dim=1)[:, :-1]
    return (draws[:, None] >= ends).sum(dim=1, keepdim=True)


def pretrain(
    *, seed: int, steps: int = 360, rows: int = 64, lr: float = 3e-3
) -> Iterator[tuple[LanguageModel, float]]:
    """Teach a new model to write tales: predict each next token of 4,000 of them.

    Yields:
        The model, which goes on learning, and its loss in nats a token, after each step. No model gets
        below `loss_floor()` on average.
    """
    steps = whole("steps", steps, low=1)
    texts = torch.from_numpy(tales.corpus(4_000, seed=seed))
    generator = torch.Generator().manual_seed(seed)
    batches = _batches(texts, rows, generator)

    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = LanguageModel()
    optimizer = torch.optim.Adam(model.parameters(), lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)

    # Divided by a constant: were it by the tokens of the batch, a short tale's <end> would count more.
    mean_tokens = float(1 + len(tales.SENTENCE) * tales.ideal_lengths() @ np.arange(tales.MOST + 1))
    for _ in range(steps):
        batch = next(batches)
        with one_thread(), torch.enable_grad():
            logits = model.answer_logits(batch).flatten(0, 1)
            wanted = batch[:, PROMPT:].flatten()
            total = functional.cross_entropy(logits, wanted, ignore_index=PAD, reduction="sum")
            optimizer.zero_grad()
            loss = total / (rows * mean_tokens)
            loss.backward()
            optimizer.step()
            schedule.step()
        yield model, total.item() / int((wanted != PAD).sum())


def _batches(texts: Tensor, rows: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Random texts for ever, those of like length together, so that little padding is computed."""
    lengths = (texts != PAD).sum(dim=1)
    together = 4
    while True:
        drawn = torch.randint(len(texts), (together * rows,), generator=generator)
        by_length = drawn[torch.argsort(lengths[drawn])].view(together, rows)
        for turn in torch.randperm(together, generator=generator):
            chosen = by_length[turn]
            yield texts[chosen, : lengths[chosen].max()]


def loss_floor() -> float:
    """The entropy of the language in nats a token: what the ideal writer's own loss is."""
    nats = 0.0
    alive = 1.0
    for length in range(tales.FEWEST, tales.MOST):
        stop = tales.chance_to_stop(length)
        nats -= alive * (stop * math.log(stop) + (1 - stop) * math.log(1 - stop))
        alive *= 1 - stop

    mean_sentences = tales.ideal_lengths() @ np.arange(tales.MOST + 1)
    nats += mean_sentences * sum(math.log(len(words)) for words in tales.SENTENCE)
    return float(nats / (mean_sentences * len(tales.SENTENCE) + 1))


@functools.cache
def reference(which: int = 0) -> LanguageModel:
    """A frozen model that ships with the course: 0, 1 or 2, as `pretrain` with that seed made it.

    Raises:
        ValueError: if there is none of that number.
    """
    if which not in range(REFERENCES):
        raise Refusal(f"which must be from 0 to {REFERENCES - 1}: those models ship, got {which!r:.60}")
    weights = torch.load(data(f"language_{which}.pt"), weights_only=True)
    model = LanguageModel()
    model.load_state_dict({name: weight.float() for name, weight in weights.items()})
    return model.requires_grad_(requires_grad=False).eval()


def ship(which: int) -> None:
    """Pre-train the reference of this number and write it to `course/data`, in 16 bits."""
    model, _ = deque(pretrain(seed=which), maxlen=1).pop()
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    torch.save(weights, data(f"language_{which}.pt"))

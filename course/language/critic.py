"""The critic of the language model: what may an unfinished answer still expect to be paid?

A recurrent network reads prompt and answer word by word and says V before each word of the answer, in units
of its own (`course.units`): points are in the hundred thousands, and a network learns numbers near 1.
Some 28,000 parameters. Lessons 13 to 15.
"""

from collections.abc import Callable

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course.arrays import Array, finite, same_shape, whole
from course.language.losses import critic_loss
from course.language.model import FEATURES, Answers
from course.language.tales import PROMPT, WORDS
from course.nets import one_thread
from course.units import Units

SLOWEST = 0.05  # share of the way that the units go with each batch, at least


class Critic(nn.Module):
    """V before every token of an answer; before it has seen a batch it says 0 to all."""

    def __init__(self, *, seed: int, lr: float = 3e-3, epochs: int = 4) -> None:
        """Draw the weights; `lr` is Adam's step size, `epochs` the steps on each batch."""
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.words = nn.Embedding(len(WORDS), FEATURES)
            self.reads = nn.GRU(FEATURES, FEATURES, batch_first=True)
            self.head = nn.Linear(FEATURES, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.units = Units()
        self.epochs = whole("epochs", epochs, low=1)
        self.optimizer = torch.optim.Adam(self.parameters(), lr, fused=True)
        self.batches = 0

    def forward(self, answers: Answers) -> Tensor:
        """V after each token of prompt and answer, in units, [B, 3 + T]; the gradient flows."""
        read, _ = self.reads(self.words(answers.texts))
        return self.head(read).squeeze(-1)

    @torch.no_grad()
    def values(self, answers: Answers) -> Array:
        """V in points, [B, T + 1]: before each token of the answer, and after the last.

        In the padding it says something too; nobody should ask.
        """
        with one_thread():
            return self.units.to_points(self(answers)[:, PROMPT - 1 :]).numpy()

    def learn(
        self,
        answers: Answers,
        targets: ArrayLike,
        *,
        loss: Callable[[Tensor, Tensor, Tensor], Tensor] = critic_loss,
    ) -> None:
        """Some steps towards the targets, after the units have followed them.

        Args:
            answers: what was written.
            targets: what each value should have been, in points, [B, T]; padding is not read.
            loss: of values, targets and mask, all [B, T].

        Raises:
            ValueError: if the targets have another shape or are not finite.
        """
        targets = finite("targets", targets)
        mask = answers.mask
        same_shape(targets=targets, tokens=answers.tokens)

        self.batches += 1
        self.units.follow(targets[mask], self.head, rate=max(SLOWEST, 1 / self.batches))
        wanted = self.units.to_units(torch.from_numpy(targets.copy()))
        counted = torch.from_numpy(mask)
        with one_thread(), torch.enable_grad():
            for _ in range(self.epochs):
                self.optimizer.zero_grad()
                before = self(answers)[:, PROMPT - 1 : -1]  # the value before each token of the answer
                loss(before, wanted, counted).backward()
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                self.optimizer.step()

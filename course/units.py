"""The units in which the critic thinks: mean 0 and standard deviation 1, whatever the points of a game are.

A network learns numbers near 1 well and numbers near a million badly. So the critic's targets are
counted from their own mean, in their own standard deviations, and its predictions are turned back into
points. As the agent gets better its targets grow, and the units must follow; a change of units alone
must not change what the critic *says* in points. PopArt ("preserving outputs precisely, while
adaptively rescaling targets") does both:

    prediction in points  =  mean + std (w x + b),    w, b: the critic's last layer

When mean and std move to mean' and std', w and b become

    w' = w std / std',    b' = (std b + mean - mean') / std'

and the right-hand side above is what it was, for every x.

van Hasselt et al. (2016), Learning values across many orders of magnitude, https://arxiv.org/abs/1602.07714.
Lesson 10.
"""

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course.arrays import finite, number

SMALLEST_SPREAD = 1e-3  # of the targets' root mean square: below it, a return counts as constant


class Units(nn.Module):
    """Mean and standard deviation of the critic's targets, in points; at first 0 and 1.

    They are buffers, so they are saved with the weights and move to the device of the weights.
    """

    mean: Tensor
    square: Tensor  # mean of the squared targets
    std: Tensor
    seen: Tensor  # how many targets so far

    def __init__(self) -> None:
        """Start with points: a unit is one point, counted from 0."""
        super().__init__()
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("square", torch.zeros((), dtype=torch.float64))
        self.register_buffer("std", torch.ones((), dtype=torch.float64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.float64))

    def to_units(self, points: Tensor) -> Tensor:
        """(points - mean) / std: same shape, float32, as the critic's network is."""
        return ((points - self.mean) / self.std).float()

    def to_points(self, units: Tensor) -> Tensor:
        """mean + std x units: same shape, float64."""
        return self.mean + self.std * units.double()

    @torch.no_grad()
    def follow(self, targets: ArrayLike, layer: nn.Linear, *, rate: float) -> None:
        """Move towards the mean and the spread of `targets`, and change `layer` so that it says what it said.

        Mean and mean square move by the share `rate` of the way. The first time there is nothing to
        keep: the units become those of the targets, and the layer stays as it is, so that an untrained
        critic, which says 0 in its units, says their mean.

        Args:
            targets: what the values should have been, in points, shape [n], n >= 1.
            layer: the critic's last; its output is in these units.
            rate: how far to move, in [0, 1]; at 0 nothing changes.

        Raises:
            ValueError: if a target is not finite, there is none, or `rate` is out of range.
        """
        targets = finite("targets", targets)
        if not targets.size:
            raise ValueError("targets must hold at least one number, got none")
        if number("rate", rate, low=0, high=1) == 0:
            return

        first = not self.seen
        if first:
            rate = 1.0
        mean = self.mean.clone()
        std = self.std.clone()

        self.mean += rate * (targets.mean() - self.mean)
        self.square += rate * ((targets**2).mean() - self.square)
        self.seen += targets.size
        self.std.fill_(self._spread())

        if not first:
            layer.bias.copy_((std * layer.bias.double() + mean - self.mean) / self.std)
            layer.weight.copy_(layer.weight.double() * std / self.std)

    def _spread(self) -> float:
        """The standard deviation, never 0: equal targets must not be blown up to fill the units."""
        variance = float(self.square - self.mean**2)  # may come out as -1e-17
        least = SMALLEST_SPREAD * float(self.square) ** 0.5
        return max(max(variance, 0.0) ** 0.5, least) or 1.0

"""What a sampler is: one step from one noise level to the next, and nothing hidden between steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level

Noise = Callable[[], Tensor]  # fresh standard normal noise of x's shape, from each picture's own generator

# Below this alpha, x0 computed from noise is that noise's error a thousandfold. The linear and scaled linear schedules
# of diffusion models begin at 0.006 and 0.07; the cosine one begins at 0.00005, those with zero terminal SNR at 0.
LEAST_SIGNAL = 1e-3


class Step(NamedTuple):
    """Where a step arrived: x at the next level, the x0 it aimed at, and what the sampler wants back next time."""

    x: Tensor
    x0: Tensor
    memory: Any = None


class Sampler(Protocol):
    """A value; its numbers (eta) are its fields. `memory` is None at first, then what the last step returned."""

    order: ClassVar[int]  # of convergence on a smooth path without noise

    def path(self, levels: Sequence[Level]) -> Sequence[Level]:
        """The levels it really visits, given those asked for; most visit these."""
        return levels

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        """One step. x_t: (B, C, H, W) float, model scale."""
        ...

"""A denoiser that makes no error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Prediction
from ddpm.diffusion.schedule import Level


@dataclass(frozen=True)
class GaussianModel:
    """The exact denoiser of pictures whose pixels are N(mu, s**2): a Predict without error, float64 in and out.

    Everything about it is known in closed form, so a sampler can be held to the truth instead of to another sampler.
    """

    mu: float = 0.3
    s: float = 0.5

    def __call__(self, x_t: Tensor, level: Level) -> Prediction:
        centred = x_t - level.alpha * self.mu
        gain = level.alpha * (self.s / self.deviation(level)) ** 2
        return Prediction(self.mu + gain * centred, level.sigma / self.deviation(level) ** 2 * centred)

    def deviation(self, level: Level) -> float:
        """Standard deviation of x_t at a level."""
        return math.hypot(level.alpha * self.s, level.sigma)

    def follow(self, x_t: Tensor, now: Level, then: Level) -> Tensor:
        """Where the probability-flow ODE takes x_t, exactly: every Gaussian is mapped onto the next one."""
        centred = x_t - now.alpha * self.mu
        return then.alpha * self.mu + self.deviation(then) / self.deviation(now) * centred

    def draw(self, level: Level, shape: tuple[int, ...], seed: int = 0) -> Tensor:
        """x_t as it is distributed at a level."""
        noise = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        return level.alpha * self.mu + self.deviation(level) * noise

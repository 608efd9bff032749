"""Sampling of latent consistency models: jump to x0, put fresh noise on it, jump again.

Luo et al. 2023, arXiv 2310.04378; diffusers' LCMScheduler. It is meant for networks distilled for it, in 1 to 8 steps;
any other network gives soft pictures. Its networks learnt 50 of the 1000 times (19, 39 ... 999), and a run visits some
of those whatever the spacing: its grid in `ddpm.diffusion.spacing`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Sampler, Step


@dataclass(frozen=True, slots=True)
class LCM(Sampler):
    """The two numbers of the boundary condition f(x, 0) = x; they belong to how the network was distilled."""

    order: ClassVar[int] = 1
    timestep_scaling: float = 10.0
    sigma_data: float = 0.5

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        skip, out = self.boundary(now)
        x0 = out * predict(x_t, now).x0 + skip * x_t
        x = then.alpha * x0
        if then.sigma > 0:
            x = x + then.sigma * noise()
        return Step(x, x0)

    def boundary(self, level: Level) -> tuple[float, float]:
        """(c_skip, c_out): how much of x_t itself and how much of the predicted x0 make the jump."""
        scaled = self.timestep_scaling * time_in_thousands(level)
        norm = math.hypot(scaled, self.sigma_data)
        return (self.sigma_data / norm) ** 2, scaled / norm


def time_in_thousands(level: Level) -> float:
    """t as the boundary condition counts it, 0 to 1000. A flow level is known by t being its sigma, from 0 to 1."""
    return 1000 * level.t if math.isclose(level.t, level.sigma) else level.t

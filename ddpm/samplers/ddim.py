"""DDIM, and under other names Euler and Euler ancestral: aim at the predicted x0, keep (part of) the predicted noise.

In x / alpha over sigma / alpha this step is Euler's on the probability-flow ODE (Song et al. 2021, section 4.3), so
"Euler" is DDIM with eta = 0 and k-diffusion's "Euler ancestral" is DDIM with eta = 1; a test holds both to diffusers.
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
class DDIM(Sampler):
    """eta = 0 adds no noise, eta = 1 as much as the true posterior (DDPM) has."""

    order: ClassVar[int] = 1
    eta: float = 0.0

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        x0, eps = predict(x_t, now)
        # never more than all the noise of the level; beyond eta = 1 that would turn the square root below imaginary
        variance = min(self.eta**2 * posterior_variance(now, then), then.sigma**2)
        x = then.alpha * x0 + math.sqrt(then.sigma**2 - variance) * eps
        if variance > 0:
            x = x + math.sqrt(variance) * noise()
        return Step(x, x0)


def transition_variance(now: Level, then: Level) -> float:
    """Variance of q(x_now | x_then): the noise the path adds between two levels. Kingma et al. 2021 (VDM), eq. 28."""
    return max(now.sigma**2 - (now.alpha / then.alpha * then.sigma) ** 2, 0.0)


def posterior_variance(now: Level, then: Level) -> float:
    """Variance of q(x_then | x_now, x0): Song et al. 2021 (DDIM), eq. 16 with eta = 1, on any path."""
    return transition_variance(now, then) * (then.sigma / now.sigma) ** 2 if now.sigma else 0.0

"""Ancestral sampling, the paper this package is named after: draw from the posterior q(x_then | x_now, x0)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.ddim import posterior_variance, transition_variance
from ddpm.samplers.sampler import Noise, Sampler, Step


@dataclass(frozen=True, slots=True)
class DDPM(Sampler):
    """`variance` is the lower or upper bound of Ho et al. 2020, section 3.2 (diffusers: fixed_small, fixed_large)."""

    order: ClassVar[int] = 1
    variance: Literal["small", "large"] = "small"

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        x0, _ = predict(x_t, now)
        added = transition_variance(now, then)
        # mean of the posterior, Ho et al. 2020, eq. 7, written for any alpha and sigma
        x = then.alpha * added / now.sigma**2 * x0 + now.alpha / then.alpha * (then.sigma / now.sigma) ** 2 * x_t
        variance = posterior_variance(now, then) if self.variance == "small" else added
        if then.sigma > 0 and variance > 0:
            x = x + math.sqrt(variance) * noise()
        return Step(x, x0)

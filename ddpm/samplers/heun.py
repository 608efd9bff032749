"""Heun's method: an Euler step, a second look from where it arrived, and the mean of both slopes. Two calls per step.

Karras et al. 2022 (EDM), algorithm 1, without churn. A step follows a straight line, and which one decides how well:
- "path": (alpha, sigma) itself moves straight, dx = d_alpha * x0 + d_sigma * eps. This is EDM's step where alpha = 1
  and the usual one where alpha = 1 - t; it never divides by the alpha it comes from, so it may start at pure noise.
- "noise_ratio": x / alpha moves along sigma / alpha, as in k-diffusion and diffusers, whose numbers it gives. Where one
  step more than doubles alpha it is worse than Euler: from t = 900 of the linear schedule to four times its alpha, on
  a mixture of three Gaussians, it misses by 1.3e-3, Euler by 4e-4, "path" by less than 1e-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Step


@dataclass(frozen=True, slots=True)
class Heun:
    """Second order on either line; the last step, to no noise, is Euler's."""

    line: Literal["path", "noise_ratio"] = "path"
    order: int = 2
    stochastic: bool = False

    def path(self, levels: Sequence[Level]) -> Sequence[Level]:
        return levels

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        x0, eps = predict(x_t, now)
        x = then.alpha * x0 + then.sigma * eps
        if then.sigma == 0 or then.alpha == 0:
            return Step(x, x0)
        second = predict(x, then)
        return Step(x + self.reach(now, then) / 2 * (second.eps - eps), second.x0)

    def reach(self, now: Level, then: Level) -> float:
        """How far a change of eps carries x in a whole step: the noise ratios' difference, times one end's alpha.

        The change of x0 is in it, because x0 and eps describe the same x.
        """
        if self.line == "path" or now.alpha == 0:
            return now.alpha * then.sigma / then.alpha - now.sigma
        return then.sigma - then.alpha * now.sigma / now.alpha

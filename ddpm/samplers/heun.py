"""Heun's method: an Euler step, a second look from where it arrived, and the mean of both slopes. Two calls per step.

Karras et al. 2022 (EDM), algorithm 1, without churn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Step


@dataclass(frozen=True, slots=True)
class Heun:
    """Second order; the last step, to no noise, is Euler's."""

    order: int = 2
    stochastic: bool = False

    def path(self, levels: Sequence[Level]) -> Sequence[Level]:
        return levels

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Any, noise: Noise) -> Step:
        x0, eps = predict(x_t, now)
        x = then.alpha * x0 + then.sigma * eps
        if then.sigma == 0:
            return Step(x, x0)
        second = predict(x, then)
        # x / alpha moves along sigma / alpha with slope eps; the start of a path without signal (alpha = 0) has no such
        # ratio, there the step is taken on the straight line between the two levels, which differs in this factor alone
        reach = then.sigma - now.sigma * then.alpha / now.alpha if now.alpha > 0 else -now.sigma
        return Step(x + reach / 2 * (second.eps - eps), second.x0)

"""DEIS of order 2: the predicted noise extrapolated in log(rho), rho = sigma / alpha, and integrated exactly.

Zhang & Chen 2023, arXiv 2204.13902; diffusers' DEISMultistepScheduler with its defaults (solver type "logrho"). In
y = x / alpha the ODE is dy = eps d(rho), so a step is an integral of eps over rho.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Sampler, Step


class Past(NamedTuple):
    """The noise predicted at the level before this one."""

    level: Level
    eps: Tensor


@dataclass(frozen=True, slots=True)
class DEIS(Sampler):
    """Adams-Bashforth in log(rho) with two points. The first step and a step to no noise have order 1 (DDIM).

    diffusers never goes to zero noise with DEIS (it ends at the table's first level) and takes the last of fewer than
    15 steps with order 1; here the step to zero noise is that one, whatever the number of steps.
    """

    order: ClassVar[int] = 2

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Past | None, noise: Noise) -> Step:
        x0, eps = predict(x_t, now)
        x = then.alpha * x0 + then.sigma * eps
        if memory is not None and memory.level.alpha > 0 and then.sigma > 0:
            x = x + then.alpha * slope_integral(memory.level, now, then) * (memory.eps - eps)
        return Step(x, x0, Past(now, eps))


def slope_integral(before: Level, now: Level, then: Level) -> float:
    """Integral over rho, from `now` to `then`, of the line in log(rho) that is 0 at `now` and 1 at `before`."""
    rho_before, rho_now, rho_then = (level.sigma / level.alpha for level in (before, now, then))
    return (rho_then * (math.log(rho_then / rho_now) - 1) + rho_now) / math.log(rho_before / rho_now)

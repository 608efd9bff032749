"""DPM-Solver++ of order 2, multistep: aim at x0 extrapolated along lam = log(alpha / sigma).

Lu et al. 2022, arXiv 2211.01095. The two samplers here are diffusers' DPMSolverMultistepScheduler with `dpmsolver++`
and `sde-dpmsolver++`, order 2, midpoint. Both are one line, x <- decay * x + gain * x0 + fresh noise, and differ in
`decay` alone: the share of x that survives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import Noise, Sampler, Step


class Aim(NamedTuple):
    """What was predicted at a level already left."""

    level: Level
    x0: Tensor


@dataclass(frozen=True, slots=True)
class DPMpp2M(Sampler):
    """Without noise: DPM-Solver++(2M), algorithm 2 of the paper."""

    order: ClassVar[int] = 2

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Aim | None, noise: Noise) -> Step:
        x0 = predict(x_t, now).x0
        x = transfer(x_t, extrapolated(x0, now, then, memory), now, then)
        return Step(x, x0, Aim(now, x0))


@dataclass(frozen=True, slots=True)
class DPMpp2MSDE(Sampler):
    """With noise: the same solver on the reverse SDE; every step forgets part of x and draws that part afresh."""

    order: ClassVar[int] = 2  # of the drift; in distribution it converges with order 1, as SDE solvers of this kind do

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Aim | None, noise: Noise) -> Step:
        x0 = predict(x_t, now).x0
        decay = (then.sigma / now.sigma) ** 2 * now.alpha / then.alpha  # sigma_then / sigma_now * exp(-h)
        x = decay * x_t + (then.alpha - decay * now.alpha) * extrapolated(x0, now, then, memory)
        variance = then.sigma**2 - (decay * now.sigma) ** 2  # sigma_then**2 * (1 - exp(-2 * h))
        if variance > 0:
            x = x + math.sqrt(variance) * noise()
        return Step(x, x0, Aim(now, x0))


def lam(level: Level) -> float:
    """log(alpha / sigma), rising along a path: -inf where there is no signal, inf where there is no noise."""
    if level.alpha == 0:
        return -math.inf
    return math.log(level.alpha / level.sigma) if level.sigma else math.inf


def transfer(x: Tensor, x0: Tensor, now: Level, then: Level) -> Tensor:
    """x at `now` carried to `then` along the ODE, exactly if the predicted x0 stayed what it is: the order 1 solver.

    Written without logarithms, so a start without signal (alpha = 0) and an end without noise (sigma = 0) need no care.
    """
    decay = then.sigma / now.sigma
    return decay * x + (then.alpha - decay * now.alpha) * x0


def extrapolated(x0: Tensor, now: Level, then: Level, before: Aim | None) -> Tensor:
    """x0 expected half way (in lam) between the two levels, on a line through this prediction and the one before.

    x0 itself where there is no line: at the first step, after a level without signal (infinitely far away in lam), and
    at the end of a path without noise, where half way is infinitely far ahead.
    """
    if before is None or before.level.alpha == 0 or then.sigma == 0:
        return x0
    half = 0.5 * (lam(then) - lam(now)) / (lam(now) - lam(before.level))
    return x0 + half * (x0 - before.x0)

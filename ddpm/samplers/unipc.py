"""UniPC of order 2: one network call both corrects the step just made and predicts the next.

Zhao et al. 2023, arXiv 2302.04867; diffusers' UniPCMultistepScheduler with its defaults ("bh2": B(h) = exp(h) - 1,
order 2, x0 prediction). Its predictor is DPM-Solver++(2M) to the letter; the corrector is what it adds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from ddpm.diffusion.prediction import Predict
from ddpm.diffusion.schedule import Level
from ddpm.samplers.dpmpp import Aim, extrapolated, lam, transfer
from ddpm.samplers.sampler import Noise, Sampler, Step


class Past(NamedTuple):
    """Where the last step began: x there (corrected), what was predicted there, and what the step before it saw."""

    x: Tensor
    aim: Aim
    before: Aim | None


@dataclass(frozen=True, slots=True)
class UniPC(Sampler):
    """UniP-2 and UniC-2; the first and the last step have order 1."""

    order: ClassVar[int] = 3  # the predictor's 2 and one more from the corrector: what is called UniPC-2

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Past | None, noise: Noise) -> Step:
        x0 = predict(x_t, now).x0
        before = None
        if memory is not None:  # the network is not asked again at the corrected x: that is the method's thrift
            x_t, before = corrected(memory, now, x0), memory.aim
        x = transfer(x_t, extrapolated(x0, now, then, before), now, then)
        return Step(x, x0, Past(x_t, Aim(now, x0), before))


def corrected(past: Past, now: Level, x0: Tensor) -> Tensor:
    """x at `now` made again from where the last step began, now that the x0 predicted here is known."""
    start, x0_start = past.aim
    change = x0 - x0_start
    if past.before is None:  # after the first step: half, to which the general weight tends for small steps
        return transfer(past.x, x0_start + 0.5 * change, start, now)
    h = lam(now) - lam(start)
    ratio = (lam(past.before.level) - lam(start)) / h  # -inf if that level had no signal: then its weight is 0
    outer, inner = corrector_weights(h, ratio)
    return transfer(past.x, x0_start + outer / ratio * (past.before.x0 - x0_start) + inner * change, start, now)


def corrector_weights(h: float, ratio: float) -> tuple[float, float]:
    """Weights of the divided difference to the older prediction, `ratio` (< 0) steps away, and of that to the newest.

    They solve rho_0 + rho_1 = b_1 and ratio * rho_0 + rho_1 = b_2 with the paper's b_k = (-h) phi_{k+1}(-h) k! / B(-h).
    """
    phi_1 = math.expm1(-h)
    phi_2 = phi_1 / -h - 1
    phi_3 = phi_2 / -h - 0.5
    b_1, b_2 = phi_2 / phi_1, 2 * phi_3 / phi_1
    outer = (b_1 - b_2) / (1 - ratio)
    return outer, b_1 - outer

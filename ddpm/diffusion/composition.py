"""Several conditions at once: each pulls away from no condition with its own weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from ddpm.diffusion.guidance import Away, Denoise, Join
from ddpm.diffusion.prediction import Predict, Prediction
from ddpm.diffusion.schedule import Level


def composed(
    denoise: Denoise,
    conds: Sequence[object],
    weights: Tensor,
    uncond: object,
    scale: float,
    *,
    interval: tuple[float, float] = (0.0, 1.0),
    join: Join,
    away: Away | None = None,
) -> Predict:
    """uncond + scale * sum of weight * (cond - uncond), all from one call. Liu et al. 2022, eq. 11.

    conds: k conditions of B pictures each. weights: (k, B). One condition of weight 1 is classifier-free guidance.
    A scale above 1 is 1 at levels whose noise share is outside `interval`; `away` is followed at every level.
    """
    whole, (least, most) = reduce(join, [*conds, uncond]), interval

    def predict(x_t: Tensor, level: Level) -> Prediction:
        together = denoise(torch.cat([x_t] * (len(conds) + 1)), level, whole)
        outputs = [each.unflatten(0, (-1, len(x_t))) for each in together]

        def at(scale: float) -> Prediction:
            return Prediction(*(_sum(each, weights, scale) for each in outputs))

        guided = at(scale if least <= level.noise_share <= most else min(scale, 1.0))
        return away(guided, at(1.0), x_t, level) if away else guided

    return predict


def _sum(outputs: Tensor, weights: Tensor, scale: float) -> Tensor:
    """outputs: (k + 1, B, C, H, W), the last one without a condition -> (B, C, H, W)."""
    without = outputs[-1]
    pulls = weights.to(outputs)[:, :, None, None, None] * (outputs[:-1] - without)
    return without + scale * pulls.sum(0)

"""Several conditions at once: each pulls away from no condition with its own weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from ddpm.diffusion.guidance import Denoise, Join
from ddpm.diffusion.prediction import Predict, Prediction
from ddpm.diffusion.schedule import Level


def composed(
    denoise: Denoise, conds: Sequence[object], weights: Tensor, uncond: object, scale: float, *, join: Join
) -> Predict:
    """uncond + scale * sum of weight * (cond - uncond), all from one call. Liu et al. 2022, eq. 11.

    conds: k conditions of B pictures each. weights: (k, B). One condition of weight 1 is classifier-free guidance.
    """
    whole = reduce(join, [*conds, uncond])

    def predict(x_t: Tensor, level: Level) -> Prediction:
        together = denoise(torch.cat([x_t] * (len(conds) + 1)), level, whole)
        return Prediction(*(_sum(each.unflatten(0, (-1, len(x_t))), weights, scale) for each in together))

    return predict


def _sum(outputs: Tensor, weights: Tensor, scale: float) -> Tensor:
    """outputs: (k + 1, B, C, H, W), the last one without a condition -> (B, C, H, W)."""
    without = outputs[-1]
    pulls = weights.to(outputs)[:, :, None, None, None] * (outputs[:-1] - without)
    return without + scale * pulls.sum(0)

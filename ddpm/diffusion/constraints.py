"""What the picture has to satisfy, imposed on the PREDICTED x0 (Wang et al. 2022, DDNM), never on x_t.

`holding` recomputes eps from the changed x0, so that x_t = alpha * x0 + sigma * eps still holds and every sampler,
multistep ones included, stays consistent.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from ddpm.diffusion.prediction import Predict, Prediction, eps_of
from ddpm.diffusion.schedule import Level

Constrain = Callable[[Tensor, Level], Tensor]  # x0 (B, C, H, W) -> x0 that satisfies the constraint


def holding(predict: Predict, constrain: Constrain) -> Predict:
    """`predict`, with its x0 constrained and its eps to match."""

    def held(x_t: Tensor, level: Level) -> Prediction:
        x0 = constrain(predict(x_t, level).x0, level)
        return Prediction(x0, eps_of(x_t, x0, level))

    return held


def keep(x0_known: Tensor, mask: Tensor) -> Constrain:
    """The known picture wherever the mask is 0. x0_known: (B or 1, C, H, W); mask: (B or 1, 1, H, W) in [0, 1]."""

    def constrain(x0: Tensor, level: Level) -> Tensor:
        return x0_known.lerp(x0, mask)  # exact at mask 0 and 1

    return constrain


def low_pass(x0_known: Tensor, factor: int, weight: float | Callable[[Level], float]) -> Constrain:
    """Pull the low frequencies, those left at 1 / factor of the size, to the known ones. Choi et al. 2021 (ILVR).

    weight 0 leaves x0 alone, 1 replaces them; it may depend on the level. x0_known: (B or 1, C, H, W).
    """
    known = _low(x0_known, factor)

    def constrain(x0: Tensor, level: Level) -> Tensor:
        share = weight(level) if callable(weight) else weight
        return x0 + share * (known - _low(x0, factor)) if share else x0

    return constrain


def clamp(limit: float = 1.0) -> Constrain:
    """x0 within -limit..limit: pixels end there anyway, and an early prediction that does not skews all that follow."""

    def constrain(x0: Tensor, level: Level) -> Tensor:
        return x0.clamp(-limit, limit)

    return constrain


def _low(x0: Tensor, factor: int) -> Tensor:
    """The picture seen at 1 / factor of its size; smooth both ways, because blocks would show."""
    height, width = x0.shape[-2:]
    small = (max(height // factor, 1), max(width // factor, 1))
    shrunk = F.interpolate(x0, size=small, mode="bilinear", antialias=True)
    return F.interpolate(shrunk, size=(height, width), mode="bicubic", antialias=True)

"""What the picture has to satisfy, imposed on the PREDICTED x0 (Wang et al. 2022, DDNM), never on x_t.

`holding` recomputes eps from the changed x0, so that x_t = alpha * x0 + sigma * eps still holds and every sampler,
multistep ones included, stays consistent.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.diffusion.prediction import Predict, Prediction, eps_of
from ddpm.diffusion.schedule import Level

COARSEST = 4  # cells along a side: enough to say where a face is, and in which light
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


def octaves(x0_known: Tensor, share: Callable[[Level, int], float]) -> Constrain:
    """Pull every octave of the layout to the known one's, by a share of its own (Choi et al. 2021, ILVR: one for all).

    share(level, octave) is 0 (leave alone) to 1 (replace). Octave 0 is what COARSEST cells along the shorter side can
    show, each next one what twice as many add; the last has cells of two positions. x0_known: (B or 1, C, H, W).
    """
    side = min(x0_known.shape[-2:])
    cells = [COARSEST * 2**octave for octave in range(side.bit_length())]
    factors = [side / count for count in cells if side >= 2 * count] or [side / COARSEST]
    known = [_low(x0_known, factor) for factor in factors]

    def constrain(x0: Tensor, level: Level) -> Tensor:
        shares = [*(share(level, octave) for octave in range(len(factors))), 0.0]
        pulled = x0
        for index, factor in enumerate(factors):  # what an octave adds is its low pass less the one before
            if weight := shares[index] - shares[index + 1]:
                pulled = pulled + weight * (known[index] - _low(x0, factor))
        return pulled

    return constrain


def within(predict: Predict, guide: Callable[[Predict], Predict], x0_known: Tensor) -> Predict:
    """guide(predict), kept from leaving the data: no value beyond those that the network or the known picture has.

    Bounds are those of each picture and channel, so that they mean the same in pixels and in latents. `guide` calls
    the network it is handed once. x0_known: (B or 1, C, H, W).
    """
    lowest, highest = x0_known.amin(dim=(-2, -1), keepdim=True), x0_known.amax(dim=(-2, -1), keepdim=True)

    def bounded(x_t: Tensor, level: Level) -> Prediction:
        said: list[Tensor] = []

        def heard(x_t: Tensor, level: Level) -> Prediction:
            prediction = predict(x_t, level)
            said.append(prediction.x0.detach())
            return prediction

        guided = guide(heard)(x_t, level).x0
        low, high = said[-1].amin(dim=(-2, -1), keepdim=True), said[-1].amax(dim=(-2, -1), keepdim=True)
        x0 = guided.clamp(torch.minimum(low, lowest), torch.maximum(high, highest))
        return Prediction(x0, eps_of(x_t, x0, level))

    return bounded


def _low(x0: Tensor, factor: float) -> Tensor:
    """The picture seen at 1 / factor of its size; smooth both ways, because blocks would show."""
    height, width = x0.shape[-2:]
    small = (max(int(height // factor), 1), max(int(width // factor), 1))
    shrunk = F.interpolate(x0, size=small, mode="bilinear", antialias=True)
    return F.interpolate(shrunk, size=(height, width), mode="bicubic", antialias=True)

"""PNDM without Runge-Kutta steps, known as PLMS: Adams-Bashforth weights on the noise, then a DDIM step.

Liu et al. 2022, arXiv 2202.09778; diffusers' PNDMScheduler with skip_prk_steps=True, the sampler Stable Diffusion 1 was
published with. It calls the network once more than there are steps: the second level is visited twice, the second time
to do the first step over with the mean of the noise at its two ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from torch import Tensor

from ddpm.diffusion.prediction import Predict, Prediction
from ddpm.diffusion.schedule import Level
from ddpm.samplers.sampler import LEAST_SIGNAL, Noise, Sampler, Step

# Adams-Bashforth weights, newest first, for one to four predictions; four of them are the paper's eq. 12.
ADAMS_BASHFORTH = ((1.0,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))


class Start(NamedTuple):
    """Where the first step began."""

    x: Tensor
    level: Level


class Past(NamedTuple):
    """Noise predicted so far, newest first, at most four; and the first step's start until it has been done over."""

    eps: tuple[Tensor, ...]
    start: Start | None


@dataclass(frozen=True, slots=True)
class PNDM(Sampler):
    """Four predictions, but order 2: the weights are those of even steps in eps, the transfer is not linear in them."""

    order: ClassVar[int] = 2

    def path(self, levels: Sequence[Level]) -> Sequence[Level]:
        """The second level twice, unless it is already the end."""
        return [*levels[:2], levels[1], *levels[2:]] if len(levels) > 2 else levels

    def step(self, predict: Predict, x_t: Tensor, now: Level, then: Level, memory: Past | None, noise: Noise) -> Step:
        prediction = predict(x_t, now)
        if memory is None:
            return Step(ddim(prediction, then), prediction.x0, Past((prediction.eps,), Start(x_t, now)))
        if memory.start is not None and now == then:  # the repeated level
            mean = (memory.eps[0] + prediction.eps) / 2
            return Step(redone(memory.start, mean, x_t, now), prediction.x0, Past(memory.eps, None))
        eps = (prediction.eps, *memory.eps[:3])
        mean = sum((weight * old for weight, old in zip(ADAMS_BASHFORTH[len(eps) - 1], eps, strict=True)), 0 * x_t)
        return Step(ddim(with_noise(x_t, mean, now), then), prediction.x0, Past(eps, None))


def redone(start: Start, mean: Tensor, x_t: Tensor, now: Level) -> Tensor:
    """The first step again, with the mean of the noise at both its ends.

    From a start without signal noise says nothing about x0, so there the first attempt stands.
    """
    return ddim(with_noise(start.x, mean, start.level), now) if start.level.alpha > LEAST_SIGNAL else x_t


def with_noise(x_t: Tensor, eps: Tensor, level: Level) -> Prediction:
    """The prediction that has this noise at this x_t."""
    return Prediction((x_t - level.sigma * eps) / level.alpha, eps)


def ddim(prediction: Prediction, then: Level) -> Tensor:
    """Song et al. 2021, eq. 12 with no fresh noise; eq. 9 of the PNDM paper is the same in other letters."""
    return then.alpha * prediction.x0 + then.sigma * prediction.eps

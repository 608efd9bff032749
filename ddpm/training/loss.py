"""The loss: draw noise levels, make x_t, compare what the network says with its target. In the paper's letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Level, Schedule

SMALLEST_SIGMA = 0.05  # keeps 1 / sigma**2 finite; Li & He 2025, "Back to basics", section 4
SNR_LIMIT = 5.0  # Hang et al. 2023 (min-SNR), gamma


class Noisy(NamedTuple):
    """A batch at its noise levels; alpha, sigma: (B, 1, 1, 1); time: (B,) in [0, 1], what the network is told."""

    x_t: Tensor
    target: Tensor
    time: Tensor
    alpha: Tensor
    sigma: Tensor


@dataclass(frozen=True, slots=True)
class Loss:
    """How noise levels are drawn and errors weighed."""

    target: Target
    schedule: Schedule
    kind: str  # velocity, plain or min_snr
    times: tuple[float, float] | None  # mean and deviation of logit(t); None: evenly

    def noisy(self, x0: Tensor, generator: torch.Generator) -> Noisy:
        """x0: (B, C, H, W) in [-1, 1]. Everything random comes from `generator`, on the CPU."""
        if self.times is None:
            share = torch.rand(len(x0), generator=generator)
        else:  # logit-normal, Esser et al. 2024 (SD3), section 3.1
            mean, deviation = self.times
            share = torch.sigmoid(torch.randn(len(x0), generator=generator) * deviation + mean)
        time, alpha, sigma = self._levels(share)
        time, alpha, sigma = time.to(x0.device), _spread(alpha, x0), _spread(sigma, x0)
        eps = torch.randn(x0.shape, generator=generator).to(x0.device)
        level = Level(time, alpha, sigma)  # type: ignore[arg-type]  # Target's algebra holds for tensors as for floats
        return Noisy(alpha * x0 + sigma * eps, self.target.of(x0, eps, level), time, alpha, sigma)

    def of(self, output: Tensor, noisy: Noisy) -> Tensor:
        """The mean loss of the batch. output: (B, C, H, W) of the network, any precision."""
        error = (output.float() - noisy.target) ** 2
        return (error * self._weight(noisy.alpha, noisy.sigma)).mean()

    def _levels(self, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shares of the path in (0, 1) -> time, alpha, sigma, (B,) float32 each."""
        if self.schedule.kind == "flow":
            return share, 1 - share, share
        alpha_bar = torch.tensor(self.schedule.alphas_bar, dtype=torch.float64)
        T = len(alpha_bar)
        t = (share * T).long().clamp(0, T - 1)
        signal = alpha_bar[t]
        return (t / (T - 1)).float(), signal.sqrt().float(), (1 - signal).sqrt().float()

    def _weight(self, alpha: Tensor, sigma: Tensor) -> Tensor | float:
        """Of the squared error of the output. `of_x0` turns it into that of the x0 which the output implies."""
        if self.kind == "plain":
            return 1.0
        match self.target:
            case Target.EPS:
                of_x0 = sigma / alpha.clamp(min=1e-4)
            case Target.V:
                of_x0 = sigma / (alpha**2 + sigma**2)
            case Target.FLOW:
                of_x0 = sigma / (alpha + sigma)
            case Target.X0:
                of_x0 = torch.ones_like(sigma)
        if self.kind == "velocity":  # both velocities, VP's v and flow's, err by (error of x0) / sigma
            return (of_x0 / sigma.clamp(min=SMALLEST_SIGMA)) ** 2
        snr = (alpha / sigma.clamp(min=1e-4)) ** 2
        return of_x0**2 * snr.clamp(max=SNR_LIMIT)


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.device)[:, None, None, None]

"""The loss: draw noise levels, make x_t, compare what the network says with its target. In the paper's letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Level, Schedule
from ddpm.training.dice import Dice

SMALLEST_SIGMA = 0.05  # keeps 1 / sigma**2 finite; Li & He 2025, "Back to basics", section 4
SNR_LIMIT = 5.0  # Hang et al. 2023 (min-SNR), gamma

LEANING = (0.6, 0.8)  # to noise, where flow decides what is painted; mean and deviation of logit t
OPEN = 1e-4  # keeps the logit of a share finite

Distance = Callable[[Tensor, Tensor], Tensor]  # two batches of pictures -> (B,)


def usual_kind(target: Target) -> str:
    """`velocity` weighs eps by 1 / alpha**2: next to no signal, that is all of the loss."""
    return "min_snr" if target is Target.EPS else "velocity"


def usual_times(schedule: Schedule) -> tuple[float, float] | None:
    """A discrete schedule has most of its levels in noise already."""
    return LEANING if schedule.kind == "flow" else None


class Noisy(NamedTuple):
    """A batch at its noise levels. x_t, x0, target: (B, C, H, W); t: (B,), level.t; alpha, sigma: (B, 1, 1, 1)."""

    x_t: Tensor
    x0: Tensor
    target: Tensor
    t: Tensor
    alpha: Tensor
    sigma: Tensor


@dataclass(frozen=True, slots=True)
class Loss:
    """How noise levels are drawn and errors weighed."""

    target: Target
    schedule: Schedule
    kind: str  # velocity, plain, min_snr or p2
    times: tuple[float, float] | None  # mean and deviation of logit(t); None: evenly
    subject_weight: float = 0.0
    perceptual: tuple[float, Distance] | None = None  # its weight and the distance
    sigma_floor: float = SMALLEST_SIGMA  # of `velocity`: below this noise an error weighs no more
    stratified: bool = False  # the times of a batch, one in each of as many equal shares
    perceptual_between: tuple[float, float] | None = None  # noise shares where it counts; None: by alpha**2
    below: float = 1.0  # all of the path, or its last part, from this share of it on

    def noisy(self, x0: Tensor, dice: Dice) -> Noisy:
        """x0: (B, C, H, W) at model scale. Everything random comes from `dice`."""
        t, alpha, sigma = self._levels(self._shares(dice))
        alpha, sigma = _spread(alpha, x0), _spread(sigma, x0)
        eps = dice.noise(tuple(x0.shape[1:]), x0.device)
        level = Level(0.0, alpha, sigma)  # type: ignore[arg-type]  # its algebra holds for tensors as for floats
        target = self.target.of(x0, eps, level)
        return Noisy(alpha * x0 + sigma * eps, x0, target, t.to(x0.device), alpha, sigma)

    def of(self, output: Tensor, noisy: Noisy, mask: Tensor | None = None) -> Tensor:
        """The mean loss of the batch. output: (B, C, H, W), any precision; mask: (B, H, W), 1 on the subject."""
        output = output.float()
        error = (output - noisy.target) ** 2
        if mask is not None and self.subject_weight:
            weight = 1 + self.subject_weight * mask
            error = error * (weight / weight.mean((1, 2), keepdim=True))[:, None]  # a picture counts as much as before
        loss = (error * self._weight(noisy.alpha, noisy.sigma)).mean()
        if self.perceptual is None:
            return loss
        return loss + self._perceptual(self._x0(output, noisy), noisy)

    def _perceptual(self, x0: Tensor, noisy: Noisy) -> Tensor:
        """A guess from noise alone cannot have details: alpha**2, the signal's share, is what is asked of it.

        With `perceptual_between` all is asked between those noise shares and nothing elsewhere: where little noise is
        left, pixels say enough, and features would paint their own grain.
        """
        assert self.perceptual is not None
        share, distance = self.perceptual
        if self.perceptual_between is None:
            return share * (noisy.alpha.flatten() ** 2 * distance(x0.clamp(-1, 1), noisy.x0)).mean()
        low, high = self.perceptual_between
        noise = (noisy.sigma / (noisy.alpha + noisy.sigma)).flatten()
        rows = ((noise > low) & (noise < high)).nonzero()[:, 0]
        if not len(rows):
            return x0.new_zeros(())
        return share * distance(x0[rows].clamp(-1, 1), noisy.x0[rows]).sum() / len(x0)

    def _shares(self, dice: Dice) -> Tensor:
        """(B,) in (0, below), where on the path each picture is; logit-normal as Esser et al. 2024 (SD3), 3.1."""
        if self.times is None:
            return self.below * (dice.strata() if self.stratified else dice.uniform())
        mean, deviation = self.times
        normal = torch.special.ndtri(dice.strata().clamp(OPEN, 1 - OPEN)) if self.stratified else dice.normal()
        return self.below * torch.sigmoid(normal * deviation + mean)

    def _x0(self, output: Tensor, noisy: Noisy) -> Tensor:
        """What Target.read says, for levels that differ within the batch."""
        x_t, alpha, sigma = noisy.x_t, noisy.alpha, noisy.sigma
        match self.target:
            case Target.EPS:
                return (x_t - sigma * output) / alpha.clamp(min=1e-4)
            case Target.V:
                return (alpha * x_t - sigma * output) / (alpha**2 + sigma**2)
            case Target.X0:
                return output
            case Target.FLOW:
                return (x_t - sigma * output) / (alpha + sigma)

    def _levels(self, share: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shares of the path in (0, 1) -> level.t, alpha, sigma, (B,) float32 each."""
        if self.schedule.kind == "flow":
            return share, 1 - share, share
        alpha_bar = torch.tensor(self.schedule.alphas_bar, dtype=torch.float64)
        T = len(alpha_bar)
        t = (share * T).long().clamp(0, T - 1)
        signal = alpha_bar[t]
        return t.float(), signal.sqrt().float(), (1 - signal).sqrt().float()

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
            return (of_x0 / sigma.clamp(min=self.sigma_floor)) ** 2
        snr = (alpha / sigma.clamp(min=1e-4)) ** 2
        if self.kind == "p2":  # Choi et al. 2022, eq. 8 with k = gamma = 1; the error of eps is snr times that of x0
            return of_x0**2 * snr / (1 + snr)
        return of_x0**2 * snr.clamp(max=SNR_LIMIT)


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.device)[:, None, None, None]

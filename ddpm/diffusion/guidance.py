"""Steering: functions that turn one Predict into another: towards a prompt, away from worse, towards a small loss.

What a condition is stays opaque here: whoever loads a network says how it is called (`denoise`) and how two conditions
become one batch (`join`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ddpm.diffusion.prediction import Predict, Prediction, eps_of
from ddpm.diffusion.schedule import Level

Denoise = Callable[[Tensor, Level, Any], Prediction]  # a network with its condition
Join = Callable[[Any, Any], Any]  # two conditions of B pictures each -> one of 2 B, the first one first
Away = Callable[[Prediction, Prediction, Tensor, Level], Prediction]  # guided, unguided, x_t, level -> further away


def classifier_free(
    denoise: Denoise,
    cond: Any,
    uncond: Any,
    scale: float,
    *,
    interval: tuple[float, float] = (0.0, 1.0),
    join: Join,
    away: Away | None = None,
) -> Predict:
    """uncond + scale * (cond - uncond), both from one call on the doubled batch. Ho & Salimans 2022, eq. 6.

    `scale` is the paper's w + 1, as everywhere else. scale = 1 asks for `cond` alone; so does a larger one at levels
    whose noise share is outside `interval` (Kynkäänniemi et al. 2024). `away` is followed at every level.
    """
    least, most = interval
    both_conds = cond if scale == 1 else join(cond, uncond)

    def predict(x_t: Tensor, level: Level) -> Prediction:
        if scale == 1 or (scale > 1 and not least <= level.noise_share <= most):
            guided = unguided = denoise(x_t, level, cond)
        else:
            both = denoise(torch.cat([x_t, x_t]), level, both_conds)
            (x0_cond, x0_uncond), (eps_cond, eps_uncond) = both.x0.chunk(2), both.eps.chunk(2)
            unguided = Prediction(x0_cond, eps_cond)
            guided = Prediction(x0_uncond.lerp(x0_cond, scale), eps_uncond.lerp(eps_cond, scale))
        return away(guided, unguided, x_t, level) if away else guided

    return predict


def away_from(worse: Predict, scale: float) -> Away:
    """guided + scale * (unguided - worse): further from what a worse network believes than the network itself is.

    scale = 0 leaves `guided` as it is. Worse by too little training (Karras et al. 2024, "Guiding a diffusion model
    with a bad version of itself", eq. 3, whose w is scale + 1) or by an attention that sees nothing (Ahn et al.
    2024, "Self-rectifying diffusion sampling with perturbed-attention guidance", eq. 16, where guided is unguided).
    It needs no prompt: what both believe stays, what only the better one knows is said louder. `worse` is compared
    with the unguided prediction, so that neither guidance scales the other.
    """

    def away(guided: Prediction, unguided: Prediction, x_t: Tensor, level: Level) -> Prediction:
        other = worse(x_t, level)
        return Prediction(
            guided.x0 + scale * (unguided.x0 - other.x0),
            guided.eps + scale * (unguided.eps - other.eps),
        )

    return away


def towards(
    predict: Predict,
    loss: Callable[[Tensor], Tensor],
    strength: float,
    *,
    until: float = 0.1,
    through_network: bool = False,
) -> Predict:
    """Move every predicted x0 against the gradient of a loss. loss: x0 (B, C, H, W) -> (B,), one number per picture.

    A move is strength * noise share long (root mean square over the picture), whatever the loss's units and the batch:
    bold while everything is open, timid later, and it fades to nothing over the levels whose noise share is below
    2 * until .. until, which leaves the network the last word on detail. The gradient is taken at x0, or
    `through_network` at x_t (Chung et al. 2023, DPS): dearer, and truer to what the network believes in.
    """

    def guided(x_t: Tensor, level: Level) -> Prediction:
        length = strength * _fade(level.noise_share, until)
        if length == 0:
            return predict(x_t, level)
        if through_network:
            with torch.enable_grad():
                at = x_t.detach().requires_grad_()
                prediction = predict(at, level)
                (gradient,) = torch.autograd.grad(loss(prediction.x0).sum(), at)
        else:
            prediction = predict(x_t, level)
            with torch.enable_grad():
                at = prediction.x0.detach().requires_grad_()
                (gradient,) = torch.autograd.grad(loss(at).sum(), at)
        x0 = prediction.x0.detach() - length * _unit(gradient)
        return Prediction(x0, eps_of(x_t, x0, level))

    return guided


def _fade(share: float, until: float) -> float:
    """The noise share itself, brought to zero between 2 * until and until."""
    return share * min(1.0, max(0.0, share / until - 1)) if until else share


def _unit(gradient: Tensor) -> Tensor:
    """Each picture's gradient with root mean square 1; a vanished or broken one moves nothing."""
    size = gradient.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return torch.where((size > 0) & size.isfinite(), gradient / size, 0.0)

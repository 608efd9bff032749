"""A small network that tells pictures from reconstructions, patch by patch, and so teaches a codec to be sharp.

Patches after Isola et al. 2017, hinge losses as in Esser et al. 2021 (VQGAN), its weight constant.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.training.optimisers import load_moments

WIDTHS = (32, 64, 128)  # each convolution halves the side: a verdict sees 38 pixels a side


class Adversary:
    """Its own network and optimiser. `learn` gathers gradients of the parts of a step, `step` uses them."""

    def __init__(self, channels: int, rate: float, device: str) -> None:
        layers: list[nn.Module] = []
        for inner, outer in zip((channels, *WIDTHS), WIDTHS, strict=False):
            layers += [nn.Conv2d(inner, outer, 4, 2, 1), nn.GroupNorm(8, outer), nn.LeakyReLU(0.2)]
        self.network = nn.Sequential(*layers, nn.Conv2d(WIDTHS[-1], 1, 3, padding=1)).to(device)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=rate, betas=(0.5, 0.9), weight_decay=0.0)

    def learn(self, real: Tensor, made: Tensor, share: float) -> None:
        """Its hinge loss on pictures (B, C, H, W) that are `share` of the step's."""
        loss = F.relu(1 - self.network(real)).mean() + F.relu(1 + self.network(made.detach())).mean()
        (loss * share).backward()

    def verdict(self, made: Tensor) -> Tensor:
        """What the codec wants small: minus how real its pictures look. No gradient stays in this network."""
        for parameter in self.network.parameters():
            parameter.requires_grad_(False)
        loss = -self.network(made).mean()
        for parameter in self.network.parameters():
            parameter.requires_grad_(True)
        return loss

    def step(self) -> None:
        """One step with what was gathered, summed over processes."""
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        if not gradients:
            return
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            for gradient in gradients:
                torch.distributed.all_reduce(gradient)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, values: dict[str, Any]) -> None:
        self.network.load_state_dict(values["network"])
        load_moments(self.optimiser, values["optimiser"])

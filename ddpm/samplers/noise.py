"""Noise that belongs to a picture, not to a batch: a seed means the same alone, in a batch and on any device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class PictureNoise:
    """One CPU generator per picture; every call draws the next noise of each. The first call is the starting noise."""

    def __init__(self, seeds: Sequence[int], shape: tuple[int, int, int], device: torch.device | str = "cpu") -> None:
        self.shape = shape  # (C, H, W) of one picture
        self.device = device
        self.generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]

    def __call__(self) -> Tensor:
        """Standard normal (B, C, H, W) float32 on the device; picture i from seeds[i] only."""
        drawn = [torch.randn((1, *self.shape), generator=generator) for generator in self.generators]
        return torch.cat(drawn).to(self.device)

"""The distance between pictures in the features of a fixed network: what an eye minds more than pixels do.

Zhang et al. 2018 (LPIPS), eq. 1 with all weights 1, in a VGG (Simonyan & Zisserman 2015) read from the file that
torchvision publishes. No file, no such loss: nothing is fetched.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.errors import Missing
from ddpm.loading.files import read_weights

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's RGB, as torchvision's VGGs expect
LAYER = re.compile(r"features\.(\d+)\.weight")


class Perceptual:
    """Called with two batches of pictures (B, 1 or 3, H, W) in [-1, 1]; gives their distances (B,)."""

    def __init__(self, file: Path, device: str = "cpu") -> None:
        if not file.is_file():
            raise Missing(
                f"features: there is no file {file}. perceptual needs a VGG's weights, such as torchvision's "
                "vgg16-397923af.pth; put them there, or set perceptual: 0."
            )
        state = {key: value.to(device) for key, value in read_weights([file]).items()}
        numbers = sorted(int(found[1]) for key in state if (found := LAYER.fullmatch(key)))
        if not numbers or any(state[f"features.{number}.weight"].ndim != 4 for number in numbers):
            raise Missing(
                f"features: {file} is not a VGG without batch norms (features.0.weight, features.2.weight, ...)."
            )
        self.mean, self.deviation = (torch.tensor(each, device=device)[:, None, None] for each in (MEAN, DEVIATION))
        # In torchvision's list a convolution and its ReLU are two entries, a pooling is a third: numbers tell where.
        self.stages: list[list[tuple[Tensor, Tensor]]] = [[]]
        for before, number in zip([numbers[0] - 2, *numbers], numbers, strict=False):
            if number - before > 2:
                self.stages.append([])
            self.stages[-1].append((state[f"features.{number}.weight"], state[f"features.{number}.bias"]))

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        pairs = zip(self._features(one), self._features(other), strict=True)
        distances = [(a - b).square().sum(1).mean((1, 2)) for a, b in pairs]
        return torch.stack(distances).mean(0)

    def _features(self, pixels: Tensor) -> list[Tensor]:
        """Of every stage, each position of unit length."""
        h, found = ((pixels.float().expand(-1, 3, -1, -1) + 1) / 2 - self.mean) / self.deviation, []
        for number, stage in enumerate(self.stages):
            if number:
                if min(h.shape[-2:]) < 2:  # a small picture has no more to show
                    break
                h = F.max_pool2d(h, 2)
            for weight, bias in stage:
                h = F.relu(F.conv2d(h, weight, bias, padding=1))
            found.append(F.normalize(h, dim=1, eps=1e-6))
        return found

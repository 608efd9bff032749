"""Real-ESRGAN's weights out of ncnn files (a text `.param`, a binary `.bin`) as PyTorch state dicts.

It reads the two networks that Real-ESRGAN comes in, RRDBNet and SRVGGNetCompact, whose weighted layers are
convolutions and PReLUs listed in the order of the forward pass; it is no general reader of ncnn. The format, as ncnn's
source has it: line 1 of the `.param` is a magic number, line 2 counts layers, then one layer a line: type, name,
numbers of inputs and outputs, their names, and `id=value`. The `.bin` has no header: for each convolution a 4-byte tag,
the weights, the bias; for each PReLU its slopes. That it is consumed to the last byte is the check that both were
understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ddpm.errors import CannotLoad

MAGIC = "7767517"
TAGS = {0x01306B47: "<f2", 0: "<f4"}  # how the weights after the tag are stored
WEIGHTLESS = frozenset({"Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle"})
OUTPUTS, KERNEL_W, BIAS, WEIGHTS, KERNEL_H = (
    0,
    1,
    5,
    6,
    11,
)  # the ids of a Convolution; PReLU has its slopes' number at 0


@dataclass(frozen=True, slots=True)
class RRDB:
    """Shape of an RRDBNet (Wang et al. 2018, ESRGAN) with three colours in and out, four times larger."""

    features: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Compact:
    """Shape of an SRVGGNetCompact (Wang et al. 2021, Real-ESRGAN) with three colours in and out."""

    features: int
    convolutions: int
    scale: int


class Read(NamedTuple):
    """What a pair of files held: the network's shape and its state dict, float32."""

    shape: RRDB | Compact
    state: dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a `.param` file."""

    kind: str
    values: dict[int, str]

    def number(self, key: int) -> int:
        """The whole number with this id; what is left out is 0."""
        return int(self.values.get(key, "0"))


def read(param: Path) -> Read:
    """The network in `param` and in the `.bin` beside it."""
    file = param.with_suffix(".bin")
    cursor = Cursor(file)
    weighted = [tensors for layer in layers(param) if (tensors := cursor.layer(layer))]
    if left := len(cursor.data) - cursor.position:
        raise CannotLoad(f"{file.name} has {left} bytes more than {param.name} describes: they do not belong together.")
    shape = shape_of(weighted, param)
    state = {
        f"{name}.{part}": tensor
        for name, tensors in zip(layer_names(shape), weighted, strict=True)
        for part, tensor in zip(("weight", "bias"), tensors, strict=False)  # a PReLU has no bias
    }
    return Read(shape, state)


def layers(param: Path) -> Iterator[Layer]:
    """The layers of a `.param` file, in order."""
    magic, counts, *lines = param.read_text(encoding="ascii").splitlines()
    if magic.strip() != MAGIC:
        raise CannotLoad(f"{param.name} is not an ncnn .param text file: it does not begin with {MAGIC}.")
    rows = [line.split() for line in lines if line.strip()]
    if len(rows) != int(counts.split()[0]):
        raise CannotLoad(f"{param.name} announces {counts.split()[0]} layers and has {len(rows)}: download it again.")
    for kind, name, inputs, outputs, *rest in rows:
        if kind not in WEIGHTLESS | {"Convolution", "PReLU"}:
            raise CannotLoad(f"{param.name}: layer {name} is a {kind}, which no Real-ESRGAN network has.")
        pairs = (word.split("=", 1) for word in rest[int(inputs) + int(outputs) :])
        yield Layer(kind, {int(key): value for key, value in pairs})


class Cursor:
    """A place in a `.bin` file that moves on as it is read."""

    def __init__(self, file: Path) -> None:
        self.file, self.data, self.position = file, file.read_bytes(), 0

    def layer(self, layer: Layer) -> list[Tensor]:
        """The layer's tensors: weight and bias, slopes, or none."""
        if layer.kind == "PReLU":
            return [self.values("<f4", layer.number(OUTPUTS))]
        if layer.kind != "Convolution":
            return []
        width = layer.number(KERNEL_W)
        weight = self.tagged(layer.number(WEIGHTS)).reshape(
            layer.number(OUTPUTS), -1, layer.number(KERNEL_H) or width, width
        )
        return [weight, self.values("<f4", layer.number(OUTPUTS))] if layer.number(BIAS) else [weight]

    def tagged(self, count: int) -> Tensor:
        tag = int(self.values("<u4", 1, as_type=np.int64).item())
        if tag not in TAGS:
            raise CannotLoad(
                f"{self.file.name}: weights stored as {tag:#010x} are not known, only float16 and float32."
            )
        return self.values(TAGS[tag], count)

    def values(self, stored: str, count: int, as_type: type = np.float32) -> Tensor:
        """`count` little-endian values; the place then moves on to a multiple of 4 bytes."""
        size = np.dtype(stored).itemsize * count
        if self.position + size > len(self.data):
            raise CannotLoad(f"{self.file.name} ends after {len(self.data)} bytes, too early: download it again.")
        values = np.frombuffer(self.data, stored, count, self.position)
        self.position += -(-size // 4) * 4
        return torch.from_numpy(values.astype(as_type))


def shape_of(weighted: list[list[Tensor]], param: Path) -> RRDB | Compact:
    """Which network these layers make: a PReLU in second place tells the two apart."""
    features = weighted[0][0].shape[0]
    if weighted[1][0].ndim == 1:  # conv, PReLU, conv, PReLU, ..., conv
        return Compact(features, (len(weighted) - 3) // 2, int((weighted[-1][0].shape[0] // 3) ** 0.5))
    blocks, rest = divmod(len(weighted) - 6, 15)
    if rest:
        raise CannotLoad(f"{param.name}: {len(weighted)} convolutions do not make an RRDBNet (6 and 15 per block).")
    return RRDB(features, blocks)


def layer_names(shape: RRDB | Compact) -> list[str]:
    """The names PyTorch has for the weighted layers, in the order of the forward pass."""
    if isinstance(shape, Compact):
        return [f"body.{i}" for i in range(2 * shape.convolutions + 3)]
    dense = [f"body.{b}.rdb{r}.conv{c}" for b in range(shape.blocks) for r in (1, 2, 3) for c in (1, 2, 3, 4, 5)]
    return ["conv_first", *dense, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]

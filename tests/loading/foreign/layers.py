"""What the foreign networks are written with, from descriptions, layer by layer.

It shares nothing with the package: plain functions over a dictionary of named tensors, so that a layout read wrongly
there cannot be read wrongly here in the same way.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]


class Weights(dict[str, Tensor]):
    """Tensors made when first named, fixed by their order; so a forward pass writes the file it needs."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def get_or_make(self, name: str, *shape: int) -> Tensor:
        if name not in self:
            self[name] = torch.randn(shape, generator=self.generator) * 0.1
        return self[name]


def conv(w: Weights, name: str, x: Tensor, out: int, kernel: int = 3, stride: int = 1, padding: int | None = None,
         bias: bool = True) -> Tensor:  # fmt: skip
    weight = w.get_or_make(f"{name}.weight", out, x.shape[1], kernel, kernel)
    added = w.get_or_make(f"{name}.bias", out) if bias else None
    return F.conv2d(x, weight, added, stride, kernel // 2 if padding is None else padding)


def norm(w: Weights, name: str, x: Tensor, groups: int, eps: float = 1e-5) -> Tensor:
    width = x.shape[1]
    return F.group_norm(x, groups, w.get_or_make(f"{name}.weight", width), w.get_or_make(f"{name}.bias", width), eps)


def layer_norm(w: Weights, name: str, x: Tensor) -> Tensor:
    width = x.shape[-1]
    return F.layer_norm(x, (width,), w.get_or_make(f"{name}.weight", width), w.get_or_make(f"{name}.bias", width))


def linear(w: Weights, name: str, x: Tensor, out: int, bias: bool = True) -> Tensor:
    weight = w.get_or_make(f"{name}.weight", out, x.shape[-1])
    return F.linear(x, weight, w.get_or_make(f"{name}.bias", out) if bias else None)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention over the last but one axis, spelled out."""
    return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v


def heads(x: Tensor, count: int) -> Tensor:
    """(B, n, C) -> (B, heads, n, C / heads)."""
    return x.reshape(*x.shape[:2], count, -1).transpose(1, 2)


def unheads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)


def wave(t: Tensor, width: int, last: int) -> Tensor:
    """[sin | cos] at 10000 ** (-i / (half - last))."""
    half = width // 2
    angle = t[:, None] * 10000.0 ** (-torch.arange(half) / (half - last))
    return torch.cat([angle.sin(), angle.cos()], 1)

"""The networks of the CelebA DDPM/DDIM repository, both generations."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.loading.foreign.layers import Weights, attend, conv, linear, norm, wave


def celeba(w: Weights, x: Tensor, t: Tensor, base: int, mults: list[int], attends: set[int], earlier: bool) -> Tensor:
    """One residual block a level (and one more going up); `attends`: sizes with attention."""
    count, head = 4, 8
    time = linear(w, "time_mlp.net.2", F.silu(linear(w, "time_mlp.net.0", wave(t, 64, 1), 64)), 64)

    def block(name: str, h: Tensor, out: int) -> Tensor:
        inner = conv(w, f"{name}.conv1", F.silu(norm(w, f"{name}.norm1", h, 32, 1e-6)), out)
        inner = inner + linear(w, f"{name}.time_proj.1", F.silu(time), out)[:, :, None, None]
        inner = conv(w, f"{name}.conv2", F.silu(norm(w, f"{name}.norm2", inner, 32, 1e-6)), out)
        return inner + (h if h.shape[1] == out else conv(w, f"{name}.skip", h, out, 1))

    def attention(name: str, h: Tensor) -> Tensor:
        batch, width, high, wide = h.shape
        joint = conv(w, f"{name}.qkv", norm(w, f"{name}.norm", h, 32, 1e-6), 3 * count * head, 1, bias=False)
        q, k, v = (part.reshape(batch, count, head, high * wide) for part in joint.chunk(3, 1))
        if earlier:  # every channel attends to every channel of its head
            mixed = (torch.einsum("bhcn,bhdn->bhcd", q, k) / math.sqrt(head)).softmax(-1) @ v
        else:
            mixed = attend(q.transpose(-1, -2), k.transpose(-1, -2), v.transpose(-1, -2)).transpose(-1, -2)
        return h + conv(w, f"{name}.proj", mixed.reshape(batch, count * head, high, wide), width, 1)

    h, skips, last = conv(w, "in_conv", x, base), [], len(mults) - 1
    for i, mult in enumerate(mults):
        h = block(f"downs.{i}.blocks.0", h, base * mult)
        if h.shape[-1] in attends:
            h = attention(f"downs.{i}.blocks.1", h)
        skips.append(h)
        if mult != mults[-1] if earlier else i != last:
            h = conv(w, f"downs.{i}.down.conv", h, base * mult, 3, 2)
    h = attention("mid.1", block("mid.0", h, h.shape[1]))
    h = block("mid.2", h, h.shape[1])
    for i, mult in enumerate(reversed(mults)):
        if mult != mults[0] if earlier else i:
            h = conv(w, f"ups.{i}.up.conv", F.interpolate(h, scale_factor=2.0), h.shape[1])
        skip = skips.pop()
        h = torch.cat([F.interpolate(h, size=skip.shape[-2:]), skip], 1)
        h = block(f"ups.{i}.blocks.0", h, base * mult)
        if earlier and i == 0:
            h = block(f"ups.{i}.blocks.2", attention(f"ups.{i}.blocks.1", h), base * mult)
        else:
            h = block(f"ups.{i}.blocks.1", h, base * mult)
    return conv(w, "out_conv", F.silu(norm(w, "out_norm", h, 32, 1e-6)), x.shape[1])

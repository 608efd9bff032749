"""The network of improved- and guided-diffusion."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.loading.foreign.layers import Weights, attend, conv, linear, norm


def openai(
    w: Weights, x: Tensor, t: Tensor, width: int, mults: list[int], attends: set[int], count: int, updown: bool
) -> Tensor:
    """One residual block a level (two going up), scale and shift by the time, a learnt variance in the last channels.

    `count`: heads of every attention; `updown`: residual blocks that resample, instead of convolutions.
    """
    half = width // 2
    angle = t[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
    time = torch.cat([angle.cos(), angle.sin()], 1)
    time = linear(w, "time_embed.2", F.silu(linear(w, "time_embed.0", time, 4 * width)), 4 * width)

    def block(name: str, h: Tensor, out: int, resample: str = "") -> Tensor:
        inner = F.silu(norm(w, f"{name}.in_layers.0", h, 32))
        if resample:
            h, inner = (
                (F.avg_pool2d(part, 2) if resample == "down" else F.interpolate(part, scale_factor=2.0))
                for part in (h, inner)
            )
        inner = conv(w, f"{name}.in_layers.2", inner, out)
        scale, shift = linear(w, f"{name}.emb_layers.1", F.silu(time), 2 * out)[:, :, None, None].chunk(2, 1)
        inner = norm(w, f"{name}.out_layers.0", inner, 32) * (1 + scale) + shift
        inner = conv(w, f"{name}.out_layers.3", F.silu(inner), out)
        return inner + (h if h.shape[1] == out else conv(w, f"{name}.skip_connection", h, out, 1))

    def attention(name: str, h: Tensor) -> Tensor:
        batch, channels, high, wide = h.shape
        weight = w.get_or_make(f"{name}.qkv.weight", 3 * channels, channels, 1)
        joint = F.conv1d(
            norm(w, f"{name}.norm", h, 32).flatten(2), weight, w.get_or_make(f"{name}.qkv.bias", 3 * channels)
        )
        q, k, v = joint.reshape(batch, count, 3, channels // count, -1).transpose(-1, -2).unbind(2)  # head by head
        mixed = attend(q, k, v).transpose(-1, -2).reshape(batch, channels, -1)
        weight = w.get_or_make(f"{name}.proj_out.weight", channels, channels, 1)
        return h + F.conv1d(mixed, weight, w.get_or_make(f"{name}.proj_out.bias", channels)).reshape(h.shape)

    h = conv(w, "input_blocks.0.0", x, width)
    skips, place, rate, last = [h], 1, 1, len(mults) - 1
    for i, mult in enumerate(mults):
        h = block(f"input_blocks.{place}.0", h, width * mult)
        if rate in attends:
            h = attention(f"input_blocks.{place}.1", h)
        skips.append(h)
        place += 1
        if i != last:
            name = f"input_blocks.{place}.0"
            h = block(name, h, h.shape[1], "down") if updown else conv(w, f"{name}.op", h, h.shape[1], 3, 2)
            skips.append(h)
            place, rate = place + 1, 2 * rate
    h = block("middle_block.0", h, h.shape[1])
    h = block("middle_block.2", attention("middle_block.1", h), h.shape[1])
    place = 0
    for i, mult in reversed(list(enumerate(mults))):
        for j in range(2):
            h = block(f"output_blocks.{place}.0", torch.cat([h, skips.pop()], 1), width * mult)
            more = 1
            if rate in attends:
                h, more = attention(f"output_blocks.{place}.1", h), 2
            if i and j:
                name, rate = f"output_blocks.{place}.{more}", rate // 2
                wide = F.interpolate(h, scale_factor=2.0)
                h = block(name, h, h.shape[1], "up") if updown else conv(w, f"{name}.conv", wide, h.shape[1])
            place += 1
    return conv(w, "out.2", F.silu(norm(w, "out.0", h, 32)), 2 * x.shape[1])

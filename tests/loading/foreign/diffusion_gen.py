"""The networks of DiffusionGen 1 and 2."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.loading.foreign.layers import Weights, attend, conv, heads, layer_norm, linear, norm, unheads


def diffusion_gen(w: Weights, x: Tensor, t: Tensor, states: Tensor, widths: list[int], version: int) -> Tensor:
    """Two layers a stage, one middle, 4 heads, groups of 8; times are rows of a table of 10 by 16."""
    layers, count, groups, first = 2, 4, 8, version == 1
    time = w.get_or_make("unet.time_encoder.te" if first else "unet.time_embd_layer.te", 10, 16)[t.long()]
    if not first:
        time = linear(w, "unet.time_mlp.2", F.silu(linear(w, "unet.time_mlp.0", time, 32)), 32)
    root = math.sqrt(2)

    def convolution(name: str, h: Tensor, out: int) -> Tensor:
        return conv(w, f"{name}.2", F.silu(norm(w, f"{name}.0", h, groups)), out)

    def attention(name: str, x: Tensor) -> Tensor:
        width = x.shape[1]
        h = conv(w, f"{name}.conv_input", norm(w, f"{name}.groupnorm", x, groups), width, 1).flatten(2).transpose(1, 2)
        own = linear(w, f"{name}.self_attention.qkv", layer_norm(w, f"{name}.ln1", h), 3 * width, first)
        if first:
            q, k, v = (heads(part, count) for part in own.chunk(3, -1))
        else:  # every head's q, k and v lie together
            q, k, v = heads(own, count).chunk(3, -1)
        h = h + linear(w, f"{name}.self_attention.{'w' if first else 'wo'}", unheads(attend(q, k, v)), width, first)
        cross = f"{name}.cross_attention"
        q = heads(linear(w, f"{cross}.q", layer_norm(w, f"{name}.ln2", h), width, first), count)
        if first:
            k, v = (heads(linear(w, f"{cross}.{part}", states, width), count) for part in "kv")
        else:
            k, v = heads(linear(w, f"{cross}.kv", states, 2 * width, False), count).chunk(2, -1)
        h = h + linear(w, f"{cross}.{'w' if first else 'wo'}", unheads(attend(q, k, v)), width, first)
        inner, gate = linear(w, f"{name}.linear_geglu_1", layer_norm(w, f"{name}.ln3", h), 8 * width, first).chunk(
            2, -1
        )
        h = h + linear(w, f"{name}.linear_geglu_2", inner * F.gelu(gate), width, first)
        return x + conv(w, f"{name}.conv_output", h.transpose(1, 2).reshape(x.shape), width, 1)

    def added(h: Tensor, residual: Tensor) -> Tensor:
        return h + residual / root if first else (h + residual) / root

    def stage(name: str, h: Tensor, out: int, residual: bool) -> Tensor:
        told = linear(w, f"{name}.t_embd_linear", time, out, first)[:, :, None, None]
        for i in range(layers):
            one = f"{name}.resnet1.{i}" if first else f"{name}.resnet_layers.{i}"
            two = f"{name}.resnet2.{i}" if first else f"{name}.resnet_layers.{layers + i}"
            kept = conv(w, f"{name}.residual_conv", h, out, 1) if residual and i == 0 else h
            h = added(convolution(one, h, out) + told, kept)
            h = added(attention(f"{name}.attention_blocks.{i}", convolution(two, h, out)), h)
        return h

    h, skips = conv(w, "unet.in_conv", x, widths[0]), []
    for i, out in enumerate(widths[1:]):
        h = stage(f"unet.encoders.{i}", h, out, True)
        skips.append(h)
        h = conv(w, f"unet.encoders.{i}.downsample", h, out, 3, 2)
    h = stage(f"unet.{'bottlenecks' if first else 'bottle_necks'}.0", h, widths[-1], False)
    for i, out in enumerate(widths[-2::-1]):
        name, width = f"unet.decoders.{i}", h.shape[1]
        weight = w.get_or_make(f"{name}.upsample.weight", width, width, 2, 2)
        h = F.conv_transpose2d(h, weight, w.get_or_make(f"{name}.upsample.bias", width), 2)
        h = torch.cat([h, skips.pop()], 1)
        h = conv(w, f"{name}.{'conv_skip' if first else 'skip_conv'}", h, width if first else out)
        h = stage(name, h, out, first)
    return conv(w, "unet.final_layer.2", F.silu(norm(w, "unet.final_layer.0", h, groups)), x.shape[1])

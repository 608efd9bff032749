"""The network of the minimal DDPM repository."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from tests.loading.foreign.layers import Weights, attend, conv, heads, linear, norm, unheads, wave


def mini(
    w: Weights, x: Tensor, t: Tensor, down: list[int], mid: list[int], sampled: list[bool], share: float
) -> Tensor:
    """Two residual blocks a stage going down and up, one attention between two blocks in the middle; time width 32."""
    time = linear(w, "t_proj.2", F.silu(linear(w, "t_proj.0", wave(t, 32, 0), 32)), 32)

    def block(name: str, i: int, h: Tensor, out: int, part: float) -> Tensor:
        inner = conv(
            w, f"{name}.resnet_conv_first.{i}.2", F.silu(norm(w, f"{name}.resnet_conv_first.{i}.0", h, 8)), out
        )
        inner = inner + part * linear(w, f"{name}.t_emb_layers.{i}.1", F.silu(time), out)[:, :, None, None]
        inner = conv(
            w, f"{name}.resnet_conv_second.{i}.2", F.silu(norm(w, f"{name}.resnet_conv_second.{i}.0", inner, 8)), out
        )
        return inner + conv(w, f"{name}.residual_input_conv.{i}", h, out, 1)

    def attention(name: str, i: int, h: Tensor) -> Tensor:
        width = h.shape[1]
        tokens = norm(w, f"{name}.attention_norms.{i}", h, 8).flatten(2).transpose(1, 2)
        joint = F.linear(
            tokens,
            w.get_or_make(f"{name}.attentions.{i}.in_proj_weight", 3 * width, width),
            w.get_or_make(f"{name}.attentions.{i}.in_proj_bias", 3 * width),
        )
        mixed = unheads(attend(*(heads(part, 4) for part in joint.chunk(3, -1))))
        return h + linear(w, f"{name}.attentions.{i}.out_proj", mixed, width).transpose(1, 2).reshape(h.shape)

    h, skips = conv(w, "conv_in", x, down[0]), []
    for i, out in enumerate(down[1:]):
        skips.append(h)
        for j in range(2):
            h = attention(f"downs.{i}", j, block(f"downs.{i}", j, h, out, share))
        h = conv(w, f"downs.{i}.down_sample_conv", h, out, 4, 2, 1) if sampled[i] else h
    for i, out in enumerate(mid[1:]):
        h = block(f"mids.{i}", 0, h, out, share)
        h = block(f"mids.{i}", 1, attention(f"mids.{i}", 0, h), out, 1.0)
    for i, level in enumerate(reversed(range(len(down) - 1))):
        width = h.shape[1]
        if sampled[level]:
            weight = w.get_or_make(f"ups.{i}.up_sample_conv.weight", width, width, 4, 4)
            h = F.conv_transpose2d(h, weight, w.get_or_make(f"ups.{i}.up_sample_conv.bias", width), 2, 1)
        h = torch.cat([h, skips.pop()], 1)
        out = down[level - 1] if level else down[0]
        for j in range(2):
            h = attention(f"ups.{i}", j, block(f"ups.{i}", j, h, out, share))
    return conv(w, "conv_out", F.silu(norm(w, "norm_out", h, 8)), x.shape[1])

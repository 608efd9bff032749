"""The U-Net of DiffusionGen 1 and 2: latents and CLIP states in, with self- and cross-attention at every size.

Its parameters bear version 1's names. Version 2 is the same network with other sums, a learnt time embedding and hardly
any biases; loading/diffusion_gen.py renames its files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROOT_HALF = 0.5**0.5  # keeps the variance of a sum of two


@dataclass(frozen=True, slots=True)
class DiffusionGenConfig:
    """What a file's names, shapes and settings say."""

    version: int  # 1 or 2
    channels: int  # of the latents
    widths: tuple[int, ...]
    layers: int
    middles: int
    times: int  # rows of the table of time embeddings
    table: int  # their width
    time: int  # width after the learnt embedding; version 1: as `table`
    text: int  # width of the prompt's states
    heads: int
    groups: int


class DiffusionGenUNet(nn.Module):
    """x_t (B, 4, h, w), times (B,), prompt states (B, T, text) -> eps or v, of x_t's shape.

    mask: (B, T), False where a prompt has no state and is padded beside a longer one; None: nowhere.
    """

    time_encoder: Any
    encoders: Any
    decoders: Any

    def __init__(self, config: DiffusionGenConfig) -> None:
        super().__init__()
        self.config = config
        widths, groups = config.widths, config.groups
        self.time_encoder = nn.Module()  # the table comes from the file: version 2 fills it in its own way
        self.time_encoder.register_buffer("te", torch.zeros(config.times, config.table))
        if config.version == 2:
            self.time_mlp = nn.Sequential(
                nn.Linear(config.table, config.time), nn.SiLU(), nn.Linear(config.time, config.time)
            )
        self.in_conv = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        ends = list(zip(widths[:-1], widths[1:], strict=True))
        self.encoders = nn.ModuleList(Stage(narrow, wide, config, kind="encoder") for narrow, wide in ends)
        self.bottlenecks = nn.ModuleList(
            Stage(widths[-1], widths[-1], config, kind="middle") for _ in range(config.middles)
        )
        self.decoders = nn.ModuleList(Stage(wide, narrow, config, kind="decoder") for narrow, wide in reversed(ends))
        self.final_layer = nn.Sequential(
            nn.GroupNorm(groups, widths[0]), nn.SiLU(), nn.Conv2d(widths[0], config.channels, 3, padding=1)
        )

    def forward(self, x_t: Tensor, t: Tensor, states: Tensor, mask: Tensor | None = None) -> Tensor:
        time = self._time(t)
        h, skips = self.in_conv(x_t), []
        for stage in self.encoders:
            h = stage(h, time, states, mask)
            skips.append(h)
            h = stage.downsample(h)
        for stage in self.bottlenecks:
            h = stage(h, time, states, mask)
        for stage in self.decoders:
            h = stage.conv_skip(torch.cat([stage.upsample(h), skips.pop()], dim=1))
            h = stage(h, time, states, mask)
        return self.final_layer(h)

    def _time(self, t: Tensor) -> Tensor:
        """A row of the table; between two rows a straight line, so that samplers may stop anywhere."""
        table = self.time_encoder.te
        low = t.floor().long().clamp(0, len(table) - 1)
        high = (low + 1).clamp(max=len(table) - 1)
        row = torch.lerp(table[low], table[high], (t - low).to(table.dtype)[:, None])
        return self.time_mlp(row) if self.config.version == 2 else row


class Stage(nn.Module):
    """`layers` times: residual block with the time, residual block with attention. One time projection for all."""

    def __init__(self, takes: int, gives: int, config: DiffusionGenConfig, kind: str) -> None:
        super().__init__()
        first = config.version == 1
        inner = takes
        if kind == "encoder":
            self.downsample = nn.Conv2d(gives, gives, 3, stride=2, padding=1)
        elif kind == "decoder":
            self.upsample = nn.ConvTranspose2d(takes, takes, 2, stride=2)
            inner = takes if first else gives
            self.conv_skip = nn.Conv2d(2 * takes, inner, 3, padding=1)
        self.sum_scale, self.residual_scale = (1.0, ROOT_HALF) if first else (ROOT_HALF, 1.0)
        widths = [inner] + [gives] * (config.layers - 1)
        self.resnet1 = nn.ModuleList(_convolution(width, gives, config.groups) for width in widths)
        self.t_embd_linear = nn.Linear(config.time, gives, bias=first)
        has_residual = kind == "encoder" or (kind == "decoder" and first)
        self.residual_conv = nn.Conv2d(inner, gives, 1) if has_residual else nn.Identity()
        self.resnet2 = nn.ModuleList(_convolution(gives, gives, config.groups) for _ in widths)
        self.attention_blocks = nn.ModuleList(Attentions(gives, config) for _ in widths)

    def forward(self, h: Tensor, time: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
        told = self.t_embd_linear(time)[:, :, None, None]
        for i, (one, two, attend) in enumerate(zip(self.resnet1, self.resnet2, self.attention_blocks, strict=True)):
            h = self._sum(one(h) + told, self.residual_conv(h) if i == 0 else h)
            h = self._sum(attend(two(h), states, mask), h)
        return h

    def _sum(self, h: Tensor, residual: Tensor) -> Tensor:
        return self.sum_scale * (h + self.residual_scale * residual)


class Attentions(nn.Module):
    """Self-attention, attention to the prompt, gated feed-forward; each with its own residual, and one round all."""

    self_attention: Any
    cross_attention: Any

    def __init__(self, width: int, config: DiffusionGenConfig) -> None:
        super().__init__()
        bias = config.version == 1
        self.groupnorm = nn.GroupNorm(config.groups, width)
        self.conv_input, self.conv_output = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.ln1, self.ln2, self.ln3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attention = nn.ModuleDict(
            {"qkv": nn.Linear(width, 3 * width, bias=bias), "w": nn.Linear(width, width, bias=bias)}
        )
        self.cross_attention = nn.ModuleDict({
            "q": nn.Linear(width, width, bias=bias), "k": nn.Linear(config.text, width, bias=bias),
            "v": nn.Linear(config.text, width, bias=bias), "w": nn.Linear(width, width, bias=bias),
        })  # fmt: skip
        self.linear_geglu_1 = nn.Linear(width, 8 * width, bias=bias)
        self.linear_geglu_2 = nn.Linear(4 * width, width, bias=bias)
        self.heads = config.heads

    def forward(self, x: Tensor, states: Tensor, mask: Tensor | None) -> Tensor:
        h = self.conv_input(self.groupnorm(x)).flatten(2).transpose(1, 2)  # (B, positions, width)
        own, other = self.self_attention, self.cross_attention
        h = h + own["w"](self._mixed(*own["qkv"](self.ln1(h)).chunk(3, dim=-1)))
        h = h + other["w"](self._mixed(other["q"](self.ln2(h)), other["k"](states), other["v"](states), mask))
        values, gate = self.linear_geglu_1(self.ln3(h)).chunk(2, dim=-1)
        h = h + self.linear_geglu_2(values * F.gelu(gate))
        return self.conv_output(h.transpose(1, 2).reshape(x.shape)) + x

    def _mixed(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        told = None if mask is None else mask[:, None, None]  # the same for every head and position
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, told).transpose(1, 2).flatten(2)


def _convolution(takes: int, gives: int, groups: int) -> nn.Sequential:
    return nn.Sequential(nn.GroupNorm(groups, takes), nn.SiLU(), nn.Conv2d(takes, gives, 3, padding=1))

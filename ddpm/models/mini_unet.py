"""The U-Net of the minimal DDPM repositories in the ExplainingAI layout; its parameters bear those files' names.

Every stage is a row of residual blocks with attention after each; going down it ends in a strided convolution, going up
it begins with a transposed one and the skip. Attention is everywhere, so it is a network for small pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ddpm.models.sinusoids import sinusoids

GROUPS = 8  # of every norm


@dataclass(frozen=True, slots=True)
class MiniConfig:
    """Widths as the repositories' YAML gives them. Mid stages run from the last of `down` to the one before it."""

    channels: int  # of the pictures
    down: tuple[int, ...]  # of the first convolution, then after each stage
    mid: tuple[int, ...]
    up: tuple[int, ...]  # after each stage going up
    sampled: tuple[bool, ...]  # whether each stage going down halves the size
    time: int  # width of the time embedding
    layers: tuple[int, int, int]  # residual blocks of a stage going down, attentions of a mid stage, blocks going up
    heads: int = 4
    time_share: float = 1.0  # the embedding is added at this share (0.5 in the repository that keeps an ema_unet)


class MiniUNet(nn.Module):
    """x_t (B, C, H, W) and times (B,) -> the predicted noise, of x_t's shape."""

    def __init__(self, config: MiniConfig) -> None:
        super().__init__()
        self.config = config
        down, mid, width = config.down, config.mid, config.time
        self.t_proj = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.conv_in = nn.Conv2d(config.channels, down[0], 3, padding=1)
        self.downs = nn.ModuleList(
            Stage("down", *ends, config, resample=sampled)
            for ends, sampled in zip(zip(down[:-1], down[1:], strict=True), config.sampled, strict=True)
        )
        self.mids = nn.ModuleList(Stage("mid", *ends, config) for ends in zip(mid[:-1], mid[1:], strict=True))
        self.ups = nn.ModuleList(
            Stage("up", 2 * takes, gives, config, resample=sampled)
            for takes, gives, sampled in zip(down[-2::-1], config.up, config.sampled[::-1], strict=True)
        )
        self.norm_out = nn.GroupNorm(GROUPS, down[0])
        self.conv_out = nn.Conv2d(down[0], config.channels, 3, padding=1)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        time = self.t_proj(sinusoids(t, self.config.time))
        h, skips = self.conv_in(x_t), []
        for stage in self.downs:
            skips.append(h)
            h = stage(h, time)
        for stage in self.mids:
            h = stage(h, time)
        for stage in self.ups:
            h = stage(h, time, skips.pop())
        return self.conv_out(nn.functional.silu(self.norm_out(h)))


class Stage(nn.Module):
    """Residual blocks with attention after each; a mid stage has one block more than attentions."""

    def __init__(
        self, kind: Literal["down", "mid", "up"], takes: int, gives: int, config: MiniConfig, resample: bool = False
    ) -> None:
        super().__init__()
        self.kind = kind
        attentions = config.layers[("down", "mid", "up").index(kind)]
        blocks = attentions + (kind == "mid")
        self.shares = [1.0 if kind == "mid" and i else config.time_share for i in range(blocks)]
        first = [takes] + [gives] * (blocks - 1)
        self.resnet_conv_first = nn.ModuleList(_convolution(width, gives) for width in first)
        self.t_emb_layers = nn.ModuleList(nn.Sequential(nn.SiLU(), nn.Linear(config.time, gives)) for _ in first)
        self.resnet_conv_second = nn.ModuleList(_convolution(gives, gives) for _ in first)
        self.residual_input_conv = nn.ModuleList(nn.Conv2d(width, gives, 1) for width in first)
        self.attention_norms = nn.ModuleList(nn.GroupNorm(GROUPS, gives) for _ in range(attentions))
        self.attentions = nn.ModuleList(
            nn.MultiheadAttention(gives, config.heads, batch_first=True) for _ in range(attentions)
        )
        if kind == "down" and resample:
            self.down_sample_conv = nn.Conv2d(gives, gives, 4, 2, 1)
        if kind == "up" and resample:
            self.up_sample_conv = nn.ConvTranspose2d(takes // 2, takes // 2, 4, 2, 1)

    def forward(self, h: Tensor, time: Tensor, skip: Tensor | None = None) -> Tensor:
        if hasattr(self, "up_sample_conv"):
            h = self.up_sample_conv(h)
        if skip is not None:
            h = torch.cat([h, skip], dim=1)
        for i, share in enumerate(self.shares):
            told = share * self.t_emb_layers[i](time)[:, :, None, None]
            inner = self.resnet_conv_second[i](self.resnet_conv_first[i](h) + told)
            h = inner + self.residual_input_conv[i](h)
            if i < len(self.attentions):
                h = h + self._attend(i, h)
        return self.down_sample_conv(h) if hasattr(self, "down_sample_conv") else h

    def _attend(self, i: int, h: Tensor) -> Tensor:
        tokens = self.attention_norms[i](h).flatten(2).transpose(1, 2)
        mixed, _ = self.attentions[i](tokens, tokens, tokens, need_weights=False)
        return mixed.transpose(1, 2).reshape(h.shape)


def _convolution(takes: int, gives: int) -> nn.Sequential:
    return nn.Sequential(nn.GroupNorm(GROUPS, takes), nn.SiLU(), nn.Conv2d(takes, gives, 3, padding=1))


def size_factor(sampled: Sequence[bool]) -> int:
    """Width and height are multiples of this."""
    return 2 ** sum(sampled)

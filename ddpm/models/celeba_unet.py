"""The U-Net of the CelebA DDPM/DDIM repository, in both of its generations; its parameters bear its files' names.

They differ in where they resample and where they attend, which the names and shapes of a file say: so the network is
built from a list of what each level holds. And the earlier one's attention runs between channels, not positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.models.sinusoids import sinusoids

GROUPS, EPS = 32, 1e-6  # of every norm


@dataclass(frozen=True, slots=True)
class Part:
    """One block: residual (takes -> gives) or, where `takes` is 0, attention on `gives` channels."""

    takes: int
    gives: int


@dataclass(frozen=True, slots=True)
class Resolution:
    """The blocks of one resolution, and the width at which it is resampled (0: not at all)."""

    parts: tuple[Part, ...]
    resampled: int = 0


@dataclass(frozen=True, slots=True)
class CelebAConfig:
    """What a file's names and shapes say."""

    channels: int
    base: int
    time: int  # width of the time embedding
    downs: tuple[Resolution, ...]
    mid: tuple[Part | None, ...]  # None: nothing there
    ups: tuple[Resolution, ...]
    inner: int  # heads times width of a head, of every attention
    heads: int = 4
    between_channels: bool = False  # the earlier generation


class CelebAUNet(nn.Module):
    """x_t (B, C, H, W) and times (B,) -> the predicted noise, of x_t's shape."""

    time_mlp: Any
    downs: Any  # of {blocks, down}
    ups: Any  # of {blocks, up}

    def __init__(self, config: CelebAConfig) -> None:
        super().__init__()
        self.config = config
        self.time_mlp = nn.ModuleDict({"net": nn.Sequential(
            nn.Linear(config.time, config.time), nn.SiLU(), nn.Linear(config.time, config.time))})  # fmt: skip
        self.in_conv = nn.Conv2d(config.channels, config.base, 3, padding=1)
        self.out_norm = nn.GroupNorm(min(GROUPS, config.base), config.base, EPS)
        self.out_conv = nn.Conv2d(config.base, config.channels, 3, padding=1)
        self.downs = nn.ModuleList(self._resolution(stage, "down", 2) for stage in config.downs)
        self.mid = nn.ModuleList(nn.Identity() if part is None else self._block(part) for part in config.mid)
        self.ups = nn.ModuleList(self._resolution(stage, "up", 1) for stage in config.ups)

    def _block(self, part: Part) -> nn.Module:
        if part.takes:
            return Residual(part.takes, part.gives, self.config.time)
        return Attention(part.gives, self.config)

    def _resolution(self, stage: Resolution, name: str, stride: int) -> nn.ModuleDict:
        made: dict[str, nn.Module] = {"blocks": nn.ModuleList(self._block(part) for part in stage.parts)}
        if stage.resampled:
            made[name] = nn.ModuleDict({"conv": nn.Conv2d(stage.resampled, stage.resampled, 3, stride, 1)})
        return nn.ModuleDict(made)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        time = self.time_mlp["net"](sinusoids(t, self.config.time, shift=1))
        h, skips = self.in_conv(x_t), []
        for level in self.downs:
            h = self._through(level["blocks"], h, time)
            skips.append(h)
            if "down" in level:
                h = level["down"]["conv"](h)
        h = self._through(self.mid, h, time)
        for level in self.ups:
            if "up" in level:
                h = level["up"]["conv"](F.interpolate(h, scale_factor=2.0, mode="nearest"))
            skip = skips.pop()
            if h.shape[-2:] != skip.shape[-2:]:  # the earlier generation goes up once more often than down
                h = F.interpolate(h, size=skip.shape[-2:], mode="nearest")
            h = self._through(level["blocks"], torch.cat([h, skip], dim=1), time)
        return self.out_conv(F.silu(self.out_norm(h)))

    @staticmethod
    def _through(blocks: nn.ModuleList, h: Tensor, time: Tensor) -> Tensor:
        for block in blocks:
            h = block(h, time) if isinstance(block, Residual) else block(h)
        return h


class Residual(nn.Module):
    """Norm, SiLU, convolution, twice, with the time added between; its own input added at the end."""

    def __init__(self, takes: int, gives: int, time: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(min(GROUPS, takes), takes, EPS)
        self.conv1 = nn.Conv2d(takes, gives, 3, padding=1)
        self.time_proj = nn.Sequential(nn.SiLU(), nn.Linear(time, gives))
        self.norm2 = nn.GroupNorm(min(GROUPS, gives), gives, EPS)
        self.conv2 = nn.Conv2d(gives, gives, 3, padding=1)
        self.skip = nn.Identity() if takes == gives else nn.Conv2d(takes, gives, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x))) + self.time_proj(time)[:, :, None, None]
        return self.conv2(F.silu(self.norm2(h))) + self.skip(x)


class Attention(nn.Module):
    """q, k and v from one 1x1 convolution without bias; every position attends to every other, or every channel."""

    def __init__(self, width: int, config: CelebAConfig) -> None:
        super().__init__()
        self.heads, self.between_channels = config.heads, config.between_channels
        self.norm = nn.GroupNorm(min(GROUPS, width), width, EPS)
        self.qkv = nn.Conv2d(width, 3 * config.inner, 1, bias=False)
        self.proj = nn.Conv2d(config.inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(batch, 3, self.heads, -1, height * width).unbind(1)
        if self.between_channels:
            mixed = F.scaled_dot_product_attention(q, k, v, scale=q.shape[2] ** -0.5)
        else:
            mixed = F.scaled_dot_product_attention(q.mT, k.mT, v.mT).mT
        return x + self.proj(mixed.reshape(batch, -1, height, width))

"""The U-Net of the package denoising-diffusion-pytorch (lucidrains, MIT licence), with parameters of the same names.

Residual blocks are scaled and shifted by the time, norms are root mean squares over channels, and attention (linear but
at the innermost level) has a few learnt keys and values beside those of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.models.sinusoids import sinusoids


@dataclass(frozen=True, slots=True)
class LucidConfig:
    """What a file's names and shapes say."""

    channels: int
    width: int  # of the time's sinusoids
    time: int
    widths: tuple[int, ...]  # of the first convolution, then after each level
    full: tuple[bool, ...]  # whether a level has full attention
    heads: tuple[int, ...]  # of each level's attention
    head_width: tuple[int, ...]
    learnt: tuple[int, ...]  # keys and values that come from no picture
    middle: tuple[int, int, int]  # heads, their width and learnt keys of the middle's attention
    self_condition: bool = False  # reads its own last prediction as well; here always told "none yet"


class LucidUNet(nn.Module):
    """x_t (B, C, H, W) and times (B,) -> what it was trained to predict, of x_t's shape."""

    downs: Any  # rows of [residual, residual, attention, resampling]
    ups: Any

    def __init__(self, config: LucidConfig) -> None:
        super().__init__()
        self.config = config
        widths, time = config.widths, config.time
        self.init_conv = nn.Conv2d(config.channels * (1 + config.self_condition), widths[0], 7, padding=3)
        self.time_mlp = nn.Sequential(  # the first place is the sinusoids', which have no parameters
            nn.Identity(), nn.Linear(config.width, time), nn.GELU(), nn.Linear(time, time)
        )
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        last = len(widths) - 2
        for i, (narrow, wide) in enumerate(zip(widths[:-1], widths[1:], strict=True)):
            attention = Attention if config.full[i] else LinearAttention
            numbers = config.heads[i], config.head_width[i], config.learnt[i]
            down = nn.Conv2d(narrow, wide, 3, padding=1) if i == last else nn.Sequential(
                nn.PixelUnshuffle(2), nn.Conv2d(4 * narrow, wide, 1))  # fmt: skip
            up = nn.Conv2d(wide, narrow, 3, padding=1) if i == 0 else nn.Sequential(
                nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(wide, narrow, 3, padding=1))  # fmt: skip
            self.downs.append(nn.ModuleList(
                [Residual(narrow, narrow, time), Residual(narrow, narrow, time), attention(narrow, *numbers), down]
            ))  # fmt: skip
            self.ups.insert(0, nn.ModuleList(
                [Residual(wide + narrow, wide, time), Residual(wide + narrow, wide, time),
                 attention(wide, *numbers), up]
            ))  # fmt: skip
        self.mid_block1 = Residual(widths[-1], widths[-1], time)
        self.mid_attn = Attention(widths[-1], *config.middle)
        self.mid_block2 = Residual(widths[-1], widths[-1], time)
        self.final_res_block = Residual(2 * widths[0], widths[0], time)
        self.final_conv = nn.Conv2d(widths[0], config.channels, 1)

    def forward(self, x_t: Tensor, t: Tensor) -> Tensor:
        if self.config.self_condition:
            x_t = torch.cat([torch.zeros_like(x_t), x_t], dim=1)
        time = self.time_mlp(sinusoids(t, self.config.width, shift=1))
        first = h = self.init_conv(x_t)
        skips = []
        for one, two, attend, down in self.downs:
            h = one(h, time)
            skips.append(h)
            h = two(h, time)
            h = attend(h) + h
            skips.append(h)
            h = down(h)
        h = self.mid_block1(h, time)
        h = self.mid_block2(self.mid_attn(h) + h, time)
        for one, two, attend, up in self.ups:
            h = one(torch.cat([h, skips.pop()], dim=1), time)
            h = two(torch.cat([h, skips.pop()], dim=1), time)
            h = up(attend(h) + h)
        return self.final_conv(self.final_res_block(torch.cat([h, first], dim=1), time))


class RootMeanSquare(nn.Module):
    """Every position's channels brought to length sqrt(C), times a learnt gain. Zhang & Sennrich 2019."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=1) * self.g * x.shape[1] ** 0.5


class Residual(nn.Module):
    """Convolution, norm, SiLU, twice; the first is scaled and shifted by the time."""

    block1: Any  # {proj, norm}
    block2: Any

    def __init__(self, takes: int, gives: int, time: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time, 2 * gives))
        for name, width in (("block1", takes), ("block2", gives)):
            convolution = nn.Conv2d(width, gives, 3, padding=1)
            setattr(self, name, nn.ModuleDict({"proj": convolution, "norm": RootMeanSquare(gives)}))
        self.res_conv = nn.Identity() if takes == gives else nn.Conv2d(takes, gives, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        scale, shift = self.mlp(time)[:, :, None, None].chunk(2, dim=1)
        h = self.block1["norm"](self.block1["proj"](x)) * (scale + 1) + shift
        h = self.block2["norm"](self.block2["proj"](F.silu(h)))
        return F.silu(h) + self.res_conv(x)


class Attention(nn.Module):
    """Softmax attention between all positions and the learnt ones."""

    def __init__(self, width: int, heads: int, head_width: int, learnt: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = RootMeanSquare(width)
        self.mem_kv = nn.Parameter(torch.zeros(2, heads, learnt, head_width))
        self.to_qkv = nn.Conv2d(width, 3 * heads * head_width, 1, bias=False)
        self.to_out = nn.Conv2d(heads * head_width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        q, k, v = self.to_qkv(self.norm(x)).reshape(batch, 3, self.heads, -1, height * width).mT.unbind(1)
        keys, values = (more.expand(batch, -1, -1, -1) for more in self.mem_kv)
        mixed = F.scaled_dot_product_attention(q, torch.cat([keys, k], dim=2), torch.cat([values, v], dim=2))
        return self.to_out(mixed.mT.reshape(batch, -1, height, width))


class LinearAttention(nn.Module):
    """Attention whose cost grows with the number of positions, not with its square. Shen et al. 2018."""

    def __init__(self, width: int, heads: int, head_width: int, learnt: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, head_width**-0.5
        self.norm = RootMeanSquare(width)
        self.mem_kv = nn.Parameter(torch.zeros(2, heads, head_width, learnt))
        self.to_qkv = nn.Conv2d(width, 3 * heads * head_width, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv2d(heads * head_width, width, 1), RootMeanSquare(width))

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        q, k, v = self.to_qkv(self.norm(x)).reshape(batch, 3, self.heads, -1, height * width).unbind(1)
        keys, values = (more.expand(batch, -1, -1, -1) for more in self.mem_kv)
        k, v = torch.cat([keys, k], dim=-1).softmax(dim=-1), torch.cat([values, v], dim=-1)
        context = k @ v.mT  # (B, heads, d, d)
        mixed = context.mT @ (q.softmax(dim=-2) * self.scale)
        return self.to_out(mixed.reshape(batch, -1, height, width))

"""A small U-shaped hybrid: convolutions where there are many positions, transformer blocks where there are few.

Pixels are cut into patches, two convolutional stages look at them at full and (where there are three widths) half
resolution, and the middle is a transformer that also reads the prompt. The network predicts whatever its target says
(ours predict x0, after Li & He 2025, "Back to basics"); it knows nothing of schedules. Time enters as features made
outside (`time_features`), so that a low-precision engine never rounds them. Told so, one block attends to nothing,
which spoils what the network knows of shapes: what perturbed-attention guidance steers away from.

A network of another shape begins here, and in four places that know this one: `loading/embedded.py` writes and reads
it, `training/learner.py` makes it, `training/optimisers.py` gives Muon the matrices of its `middle`, and
`loading/card.py` says that it can be told to attend to nothing (`takes_pag`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.models.sinusoids import sinusoids

TIME_WIDTH = 128
BLIND = 3  # the transformer block that can be told to attend to nothing (the last one where there are fewer)


@dataclass(frozen=True, slots=True)
class HybridConfig:
    """Shape of a `Hybrid`. Everything a checkpoint needs to say about its network."""

    size: int = 64  # pictures are size x size
    channels: int = 3
    patch: int = 4  # pixels per side of one position of the first stage
    widths: tuple[int, ...] = (128, 256)  # one per stage; each stage halves the resolution
    res_blocks: int = 2  # residual blocks in each convolutional stage, down and up
    blocks: int = 5  # transformer blocks in the last stage
    heads: int = 4
    text_width: int = 0  # width of the prompt's token states; 0: the network reads no prompt
    detail: int = 0  # width of the stage that goes over the picture at half resolution at the end; 0: there is none
    residual: bool = False  # what it makes is added to x_t (Zhang et al. 2017, DnCNN): where there is little noise

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def time_features(t: Tensor, width: int = TIME_WIDTH) -> Tensor:
    """The training time as cosines and sines. t: (B,) in [0, 1] -> (B, width) float32."""
    sines, cosines = sinusoids(1000 * t, width).chunk(2, dim=1)
    return torch.cat([cosines, sines], dim=1)


class ResBlock(nn.Module):
    """GroupNorm, SiLU, 3x3 convolution, twice; the embedding scales and shifts between them."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(16, width), nn.Conv2d(width, width, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(16, width, affine=False), _zeroed(nn.Conv2d(width, width, 3, padding=1))
        self.modulation = nn.Linear(embedding, 2 * width)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.modulation(embedding).chunk(2, dim=1)
        h = self.norm2(self.conv1(F.silu(self.norm1(x))))
        return x + self.conv2(F.silu(h * (1 + scale[:, :, None, None]) + shift[:, :, None, None]))


class RMSNorm(nn.Module):
    """Zhang & Sennrich 2019. The weight follows x's type, which torch's own class does not do under autocast."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype))


class Attention(nn.Module):
    """Multi-head attention with normalised queries and keys; `context` is the sequence itself or the prompt.

    blind: (B, 1), 1 where each position sees itself alone (Ahn et al. 2024, eq. 15), 0 where it sees all, or between.
    """

    def __init__(self, width: int, heads: int, context_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(context_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width)
        self.query_norm, self.key_norm = RMSNorm(width // heads), RMSNorm(width // heads)

    def forward(self, x: Tensor, context: Tensor, mask: Tensor | None = None, blind: Tensor | None = None) -> Tensor:
        batch, length, width = x.shape
        q = self.query(x).view(batch, length, self.heads, -1).transpose(1, 2)
        k, v = self.key_value(context).view(batch, context.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        h = F.scaled_dot_product_attention(self.query_norm(q), self.key_norm(k), v, attn_mask=mask)
        if blind is not None:
            h = h + blind.to(h.dtype)[:, :, None, None] * (v - h)
        return self.out(h.transpose(1, 2).reshape(batch, length, width))


class TransformerBlock(nn.Module):
    """Self-attention, attention to the prompt, MLP; one modulation a stage plus a learnt table a block (PixArt)."""

    def __init__(self, width: int, heads: int, text_width: int) -> None:
        super().__init__()
        self.attention = Attention(width, heads, width)
        self.cross = Attention(width, heads, text_width) if text_width else None
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.table = nn.Parameter(torch.zeros(6 * width))
        if self.cross is not None:
            nn.init.zeros_(self.cross.out.weight)

    def forward(
        self, x: Tensor, modulation: Tensor, text: Tensor | None, mask: Tensor | None, blind: Tensor | None = None
    ) -> Tensor:
        scale1, shift1, gate1, scale2, shift2, gate2 = (modulation + self.table)[:, None].chunk(6, dim=2)
        shape = (x.shape[-1],)
        h = F.layer_norm(x, shape) * (1 + scale1) + shift1
        x = x + gate1 * self.attention(h, h, blind=blind)
        if self.cross is not None and text is not None:
            x = x + self.cross(F.layer_norm(x, shape), text, mask)
        return x + gate2 * self.mlp(F.layer_norm(x, shape) * (1 + scale2) + shift2)


class Detail(nn.Module):
    """Goes over the picture once more where a position is 2x2 pixels: edges and what crosses a patch's border.

    Patches of 4x4 pixels are many numbers for the first stage's few channels, so that a denoiser of patches leaves
    soft edges and a weave at its patches' borders. Starts as nothing: an older network goes on learning with it.
    """

    def __init__(self, channels: int, features: int, width: int, embedding: int) -> None:
        super().__init__()
        self.take = nn.Conv2d(8 * channels + features, width, 3, padding=1)
        self.blocks = nn.ModuleList(ResBlock(width, embedding) for _ in range(2))
        self.norm = nn.GroupNorm(16, width)
        self.out = _zeroed(nn.Conv2d(width, 4 * channels, 3, padding=1))

    def forward(self, x_t: Tensor, made: Tensor, features: Tensor, embedding: Tensor) -> Tensor:
        """x_t, made: (B, channels, size, size); features: (B, F, size / 2, size / 2) -> what to add to `made`."""
        h = torch.cat([F.pixel_unshuffle(x_t, 2), F.pixel_unshuffle(made, 2), features], dim=1)
        h = _through(self.blocks, self.take(h), embedding)
        return F.pixel_shuffle(self.out(F.silu(self.norm(h))), 2)


class Hybrid(nn.Module):
    """x_t -> the network's output, of x_t's shape.

    x_t: (B, channels, size, size), model scale. time: (B, 128) from `time_features`.
    text: (B, T, text_width) token states and mask: (B, T) bool, True where there is a token; both None without text.
    blind: (B, 1), 1 where block `BLIND` attends to nothing but each position itself; None: nowhere.
    """

    def __init__(self, config: HybridConfig) -> None:
        super().__init__()
        self.config = config
        widths, embedding = config.widths, config.widths[-1]
        side = config.size // config.patch
        self.time = nn.Sequential(nn.Linear(TIME_WIDTH, embedding), nn.SiLU(), nn.Linear(embedding, embedding))
        self.pooled = nn.Linear(config.text_width, embedding) if config.text_width else None
        self.patches = nn.Conv2d(config.channels, widths[0], config.patch, config.patch)
        self.down = nn.ModuleList()
        self.narrow = nn.ModuleList()
        self.widen = nn.ModuleList()
        self.merge = nn.ModuleList()
        self.up = nn.ModuleList()
        for width, inner in zip(widths[:-1], widths[1:], strict=True):
            self.down.append(nn.ModuleList(ResBlock(width, embedding) for _ in range(config.res_blocks)))
            self.narrow.append(nn.Conv2d(width, inner, 2, 2))
            self.widen.append(nn.ConvTranspose2d(inner, width, 2, 2))
            self.merge.append(nn.Conv2d(2 * width, width, 1))
            self.up.append(nn.ModuleList(ResBlock(width, embedding) for _ in range(config.res_blocks)))
        self.positions = nn.ParameterList(
            nn.Parameter(torch.randn(1, width, side >> stage, side >> stage) * 0.02)
            for stage, width in enumerate(widths)
        )
        self.modulation = _zeroed(nn.Linear(embedding, 6 * embedding))
        self.middle = nn.ModuleList(
            TransformerBlock(embedding, config.heads, config.text_width) for _ in range(config.blocks)
        )
        self.norm = nn.GroupNorm(16, widths[0])
        self.out = nn.Conv2d(widths[0], config.channels * config.patch**2, 3, padding=1)
        # The shuffle leaves a grid at patch edges; a 3x3 convolution over pixels, starting as the identity, smooths it.
        self.smooth = nn.Conv2d(config.channels, config.channels, 3, padding=1)
        nn.init.dirac_(_zeroed(self.smooth).weight)
        features = widths[0] * 4 // config.patch**2
        self.detail = Detail(config.channels, features, config.detail, embedding) if config.detail else None

    def forward(
        self,
        x_t: Tensor,
        time: Tensor,
        text: Tensor | None = None,
        mask: Tensor | None = None,
        blind: Tensor | None = None,
    ) -> Tensor:
        embedding, attend = self.time(time), None
        if self.pooled is not None and text is not None and mask is not None:
            weight = mask.to(text.dtype)[..., None]
            embedding = embedding + self.pooled((text * weight).sum(1) / weight.sum(1).clamp(min=1))
            attend = mask[:, None, None, :]
        embedding = F.silu(embedding)
        h, skips = self.patches(x_t) + self.positions[0], []
        for stage, (blocks, narrow) in enumerate(zip(self.down, self.narrow, strict=True)):
            h = _through(blocks, h, embedding)
            skips.append(h)
            h = narrow(h) + self.positions[stage + 1]
        shape = h.shape
        h, modulation = h.flatten(2).transpose(1, 2), self.modulation(embedding)
        blinded = min(BLIND, len(self.middle) - 1)
        for index, block in enumerate(self.middle):
            h = block(h, modulation, text, attend, blind if index == blinded else None)
        h = h.transpose(1, 2).reshape(shape)
        for stage in reversed(range(len(skips))):
            h = self.merge[stage](torch.cat([self.widen[stage](h), skips[stage]], dim=1))
            h = _through(self.up[stage], h, embedding)
        h = F.silu(self.norm(h))
        made = self.smooth(F.pixel_shuffle(self.out(h), self.config.patch))
        if self.detail is not None:
            made = made + self.detail(x_t, made, F.pixel_shuffle(h, self.config.patch // 2), embedding)
        return x_t + made if self.config.residual else made


def _through(blocks: nn.Module, h: Tensor, embedding: Tensor) -> Tensor:
    for block in blocks.children():
        h = block(h, embedding)
    return h


Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def _zeroed(layer: Layer) -> Layer:
    """The layer with all its numbers zero: a branch that starts as nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer

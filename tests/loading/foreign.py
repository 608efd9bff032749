"""Networks of other repositories, written here from what INTEROP-style descriptions say of them, layer by layer.

They share nothing with the package: plain functions over a dictionary of named tensors, so that a layout read wrongly
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


# --- the minimal DDPM repository ------------------------------------------------------------------------------------


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


# --- the CelebA DDPM/DDIM repository --------------------------------------------------------------------------------


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


# --- improved- and guided-diffusion ---------------------------------------------------------------------------------


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


# --- DiffusionGen 1 and 2 -------------------------------------------------------------------------------------------


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

"""Checkpoints of improved-diffusion and guided-diffusion (ema_0.9999_*.pt, model*.pt): a flat state dict.

diffusers' UNet2DModel is the same network with other names, so the file is renamed into it. The number of attention
heads and the schedule are not in the file; what the two repositories use by default is assumed and said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ddpm.errors import CannotLoad
from ddpm.loading.family import card_of, named_schedule, pixel_model
from ddpm.loading.unwrap import Found
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from torch import Tensor

    from ddpm.models.model import Model

NAME = "of improved- or guided-diffusion"
NOTE = (
    "Not in the file and assumed: {heads}, {schedule} schedule with {T} levels. `heads` or `head_width`, `schedule` "
    "and `timesteps` beside it change that."
)
BLOCK = {
    "in_layers.0": "norm1", "in_layers.2": "conv1", "emb_layers.1": "time_emb_proj", "out_layers.0": "norm2",
    "out_layers.3": "conv2", "skip_connection": "conv_shortcut",
}  # fmt: skip


def describe(found: Found) -> ModelCard:
    for key in ("time_embed.0.weight", "input_blocks.0.0.weight", "middle_block.1.qkv.weight", "out.2.weight"):
        found.shape(key)
    if "label_emb.weight" in found.state:
        raise CannotLoad("its network wants class labels, which this application does not ask for")
    takes, gives = found.shape("input_blocks.0.0.weight")[1], found.shape("out.2.weight")[0]
    if gives not in (takes, 2 * takes):
        raise CannotLoad(f"it takes {takes} channels and gives {gives}: a super-resolution model, which is not read")
    levels, _ = _levels(found)
    schedule, T = _assumed(found, gives == 2 * takes)
    heads, width = _heads(found)
    said = f"attention heads of width {width}" if width else f"{heads} attention heads"
    return card_of(
        found,
        "improved- or guided-diffusion",
        size={4: 32 if T == 4000 else 64, 5: 128, 6: 256, 7: 512}.get(len(levels), 64),
        factor=2 ** (len(levels) - 1),
        channels=takes,
        schedule=schedule,
        defaults=Defaults("ddim", 50, 1.0, "leading"),
        note=NOTE.format(heads=said, schedule=schedule, T=T),
    )


def build(found: Found, card: ModelCard, device: str) -> Model:
    from ddpm.compat import ensure_torchvision

    ensure_torchvision()
    from diffusers import UNet2DModel
    from diffusers.models.attention_processor import Attention

    takes, gives = found.shape("input_blocks.0.0.weight")[1], found.shape("out.2.weight")[0]
    schedule, T = _assumed(found, gives == 2 * takes)
    module: Any = UNet2DModel(**_config(found))
    heads, _ = _heads(found)
    for part in module.modules():
        if heads and isinstance(part, Attention):
            part.heads = heads  # as many at every width, which its settings cannot say
    scale = 1000 / T  # improved-diffusion counts times to 1000 however many levels there are
    return pixel_model(
        found, card, module, named_schedule(schedule, T), device, state=_renamed(found),
        time=lambda t: t * scale, output=lambda answer: answer.sample,
    )  # fmt: skip


def _assumed(found: Found, learns_variance: bool) -> tuple[str, int]:
    """Schedule and number of levels: improved-diffusion's CIFAR and ImageNet-64 runs are cosine with 4000."""
    beside = found.beside
    cosine = learns_variance and not _resnets_resample(found) and len(_levels(found)[0]) == 4
    schedule = beside.schedule or ("cosine" if cosine else "linear_scaled")
    return schedule, beside.timesteps or (4000 if cosine else 1000)


def _heads(found: Found) -> tuple[int | None, int | None]:
    """Number of heads, or their width: guided-diffusion's are 64 wide, improved-diffusion has 4."""
    beside = found.beside
    if beside.heads or beside.head_width:
        return beside.heads, None if beside.heads else beside.head_width
    return (None, 64) if _resnets_resample(found) else (4, None)


def _resnets_resample(found: Found) -> bool:
    return not found.has(r"input_blocks\.\d+\.0\.op\.")


def _levels(found: Found) -> tuple[list[list[int]], list[int]]:
    """Indices of the residual blocks of each level going down, and of the blocks that halve the size."""
    levels: list[list[int]] = [[]]
    halving: list[int] = []
    updown = _resnets_resample(found)
    blocks = found.count(r"input_blocks\.(\d+)\.")
    per_level = found.count(r"output_blocks\.(\d+)\.") // max(1, _rows(found)) - 1
    for i in range(1, blocks):
        if f"input_blocks.{i}.0.op.weight" in found.state or (updown and len(levels[-1]) == per_level):
            halving.append(i)
            levels.append([])
        else:
            levels[-1].append(i)
    if len({len(level) for level in levels}) != 1:
        raise CannotLoad(f"its levels have {[len(level) for level in levels]} blocks; they should have as many each")
    return levels, halving


def _rows(found: Found) -> int:
    """Levels: each but the last ends, going up, in a block that doubles the size, the last thing in its row."""
    doubling = 0
    for i in range(found.count(r"output_blocks\.(\d+)\.")):
        parts = [j for j in range(1, 3) if found.has(rf"output_blocks\.{i}\.{j}\.(conv|in_layers)\.")]
        doubling += bool(parts)
    return doubling + 1


def _config(found: Found) -> dict[str, Any]:
    levels, _ = _levels(found)
    updown = _resnets_resample(found)
    _, head_width = _heads(found)
    widths = [found.shape(f"input_blocks.{level[0]}.0.in_layers.2.weight")[0] for level in levels]
    scale_shift = found.shape(f"input_blocks.{levels[0][0]}.0.emb_layers.1.weight")[0] == 2 * widths[0]
    plain = ("ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D") if updown else ("DownBlock2D", "UpBlock2D")
    attends = [f"input_blocks.{level[0]}.1.qkv.weight" in found.state for level in levels]
    return {
        "in_channels": found.shape("input_blocks.0.0.weight")[1],
        "out_channels": found.shape("out.2.weight")[0],
        "block_out_channels": tuple(widths),
        "layers_per_block": len(levels[0]),
        "down_block_types": tuple("AttnDownBlock2D" if attend else plain[0] for attend in attends),
        "up_block_types": tuple("AttnUpBlock2D" if attend else plain[1] for attend in reversed(attends)),
        "downsample_type": "resnet" if updown else "conv",
        "upsample_type": "resnet" if updown else "conv",
        "attention_head_dim": head_width or math.gcd(*widths),
        "attn_norm_num_groups": 32,
        "resnet_time_scale_shift": "scale_shift" if scale_shift else "default",
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "norm_eps": 1e-5,
    }


def _renamed(found: Found) -> Mapping[str, Tensor]:
    """The file's tensors under diffusers' names."""
    levels, halving = _levels(found)
    per_level, last = len(levels[0]), len(levels) - 1
    places = {
        "time_embed.0": "time_embedding.linear_1", "time_embed.2": "time_embedding.linear_2",
        "input_blocks.0.0": "conv_in", "out.0": "conv_norm_out", "out.2": "conv_out",
        "middle_block.0": "mid_block.resnets.0", "middle_block.1": "mid_block.attentions.0",
        "middle_block.2": "mid_block.resnets.1",
    }  # fmt: skip
    for i, level in enumerate(levels):
        for j, block in enumerate(level):
            places[f"input_blocks.{block}.0"] = f"down_blocks.{i}.resnets.{j}"
            places[f"input_blocks.{block}.1"] = f"down_blocks.{i}.attentions.{j}"
    for i, block in enumerate(halving):
        places[f"input_blocks.{block}.0"] = f"down_blocks.{i}.downsamplers.0"
    for i in range(len(levels)):
        for j in range(per_level + 1):
            row = f"output_blocks.{i * (per_level + 1) + j}"
            places[f"{row}.0"] = f"up_blocks.{i}.resnets.{j}"
            attends = f"{row}.1.qkv.weight" in found.state
            if attends:
                places[f"{row}.1"] = f"up_blocks.{i}.attentions.{j}"
            if j == per_level and i != last:
                places[f"{row}.{1 + attends}"] = f"up_blocks.{i}.upsamplers.0"
    renamed: dict[str, Tensor] = {}
    for key, value in found.state.items():
        matched = re.match(r"(time_embed\.\d|out\.\d|middle_block\.\d|(?:in|out)put_blocks\.\d+\.\d)\.(.+)", key)
        if not matched or matched[1] not in places:
            raise CannotLoad(f"its tensor {key} has no place in the network")
        renamed.update(_inner(found, places[matched[1]], matched[2], value))
    return renamed


def _inner(found: Found, place: str, name: str, value: Tensor) -> dict[str, Tensor]:
    """One tensor of a block; the joint q, k, v of an attention become three."""
    part, _, kind = name.rpartition(".")
    if part == "qkv":
        return dict(zip((f"{place}.to_{letter}.{kind}" for letter in "qkv"), _split(found, value), strict=True))
    if part in ("norm", "proj_out"):
        inner = {"norm": "group_norm", "proj_out": "to_out.0"}[part]
        return {f"{place}.{inner}.{kind}": value.flatten(1) if value.ndim > 1 else value}
    part = {"op": "conv"}.get(part, BLOCK.get(part, part))
    return {".".join(filter(None, (place, part, kind))): value}


def _split(found: Found, value: Tensor) -> tuple[Tensor, ...]:
    """(3 C, C, 1) or (3 C,) -> q, k, v. In the usual order every head's q, k and v lie together."""
    heads, width = _heads(found)
    count = heads or value.shape[0] // 3 // (width or 1)
    value = value.squeeze(-1) if value.ndim == 3 else value
    if found.beside.new_attention_order:
        return tuple(value.chunk(3))
    return tuple(part.flatten(0, 1) for part in value.unflatten(0, (count, 3, -1)).unbind(1))

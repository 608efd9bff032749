"""Checkpoints of the CelebA DDPM/DDIM repository: {model, optimizer, scaler, ema: {decay, shadow: [...]}, step, extra}.

Both generations of its network are told by the names and shapes in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm.errors import CannotLoad
from ddpm.loading.family import card_of, named_schedule, pixel_model
from ddpm.loading.unwrap import Found
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from ddpm.models.celeba_unet import CelebAConfig, Part, Resolution
    from ddpm.models.model import Model

NAME = "of the CelebA DDPM/DDIM repository"
NOTE = "Its schedule is not in the file: {schedule} with {T} levels is assumed (`schedule`, `timesteps` change it)."


def describe(found: Found) -> ModelCard:
    for key in ("time_mlp.net.0.weight", "in_conv.weight", "out_norm.weight", "downs.0.blocks.0.conv1.weight"):
        found.shape(key)
    schedule = found.beside.schedule or "linear"
    levels = found.count(r"downs\.(\d+)\.")
    return card_of(
        found,
        "CelebA DDPM/DDIM",
        size=256 if levels > 4 else 64,
        factor=2 ** sum(found.has(rf"downs\.{i}\.down\.") for i in range(levels)),
        channels=found.shape("in_conv.weight")[1],
        schedule=schedule,
        defaults=Defaults("ddim", 50, 1.0, "linspace"),
        note=NOTE.format(schedule=schedule, T=found.beside.timesteps or 1000),
    )


def build(found: Found, card: ModelCard, device: str) -> Model:
    from ddpm.models.celeba_unet import CelebAUNet

    schedule = named_schedule(card.schedule, found.beside.timesteps or 1000)
    return pixel_model(found, card, CelebAUNet(_config(found)), schedule, device)


def _config(found: Found) -> CelebAConfig:
    from ddpm.models.celeba_unet import CelebAConfig

    inner = next((value.shape[1] for key, value in found.state.items() if key.endswith(".proj.weight")), 0)
    heads = found.beside.heads or 4
    if inner % heads:
        raise CannotLoad(f"heads is {heads}, which does not divide its attention's width {inner}")
    return CelebAConfig(
        channels=found.shape("in_conv.weight")[1],
        base=found.shape("in_conv.weight")[0],
        time=found.shape("time_mlp.net.0.weight")[1],
        downs=_levels(found, "downs", "down"),
        mid=tuple(_part(found, f"mid.{i}") for i in range(3)),
        ups=_levels(found, "ups", "up"),
        inner=inner,
        heads=heads,
        between_channels="ups.0.up.conv.weight" in found.state,  # only the earlier generation begins by going up
    )


def _levels(found: Found, side: str, resampler: str) -> tuple[Resolution, ...]:
    from ddpm.models.celeba_unet import Resolution

    levels = []
    for i in range(found.count(rf"{side}\.(\d+)\.")):
        parts = [_part(found, f"{side}.{i}.blocks.{j}") for j in range(found.count(rf"{side}\.{i}\.blocks\.(\d+)\."))]
        key = f"{side}.{i}.{resampler}.conv.weight"
        resampled = found.shape(key)[0] if key in found.state else 0
        levels.append(Resolution(tuple(part for part in parts if part is not None), resampled))
    return tuple(levels)


def _part(found: Found, prefix: str) -> Part | None:
    from ddpm.models.celeba_unet import Part

    if f"{prefix}.conv1.weight" in found.state:
        gives, takes, *_ = found.shape(f"{prefix}.conv1.weight")
        return Part(takes, gives)
    if f"{prefix}.qkv.weight" in found.state:
        return Part(0, found.shape(f"{prefix}.qkv.weight")[1])
    return None

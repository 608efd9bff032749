"""Checkpoints of the minimal DDPM repository (Diffusion2: {unet, ema_unet, optimizer, epochs}) and of others in the
ExplainingAI layout (a flat state dict). Neither holds its noise schedule.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ddpm.diffusion.schedule import Schedule
from ddpm.errors import CannotLoad
from ddpm.loading.family import card_of, named_schedule, pixel_model
from ddpm.loading.unwrap import Found
from ddpm.models.card import ModelCard

if TYPE_CHECKING:
    from ddpm.models.mini_unet import MiniConfig
    from ddpm.models.model import Model

NAME = "of the minimal DDPM repository"
ALMOST_CLEAN = 1 - 1e-6  # its cosine begins without any noise, where no sampler could divide
LATE_ONLY = (
    "Its schedule is not in the file: {schedule} with {T} levels is assumed (`schedule`, `timesteps` beside it change "
    "that). Newer versions of its trainer never saw the less noisy half of the levels, so fine detail may stay noisy."
)
ASSUMED = "Its schedule is not in the file: {schedule} with {T} levels is assumed (`schedule`, `timesteps` change it)."


def describe(found: Found) -> ModelCard:
    for key in ("t_proj.0.weight", "conv_in.weight", "downs.0.resnet_conv_first.0.2.weight", "norm_out.weight"):
        found.shape(key)
    repository = _of_repository(found)
    schedule = found.beside.schedule or ("cosine" if repository else "linear")
    note = (LATE_ONLY if repository else ASSUMED).format(schedule=schedule, T=_timesteps(found))
    channels = found.shape("conv_in.weight")[1]
    halvings = sum(found.has(rf"downs\.{i}\.down_sample_conv\.") for i in range(found.count(r"downs\.(\d+)\.")))
    return card_of(
        found,
        "minimal DDPM",
        size=28 if channels == 1 else 64,
        factor=2**halvings,
        channels=channels,
        schedule=schedule,
        note=note,
    )


def build(found: Found, card: ModelCard, device: str) -> Model:
    from ddpm.models.mini_unet import MiniUNet

    T = _timesteps(found)
    own_cosine = card.schedule == "cosine" and _of_repository(found)
    schedule = cosine_from_zero(T) if own_cosine else named_schedule(card.schedule, T)
    return pixel_model(found, card, MiniUNet(_config(found)), schedule, device)


def cosine_from_zero(T: int) -> Schedule:
    """The repository's cosine: alpha_bar(i / T), divided by its value at 0, betas not cut."""
    table = [math.cos((i / T + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(T)]
    return Schedule("discrete", tuple(min(value / table[0], ALMOST_CLEAN) for value in table))


def _of_repository(found: Found) -> bool:
    """Whether the repository itself saved the file; others with the same layout add the whole time embedding."""
    return found.branch in ("unet", "ema_unet")


def _timesteps(found: Found) -> int:
    return found.beside.timesteps or (500 if _of_repository(found) else 1000)


def _config(found: Found) -> MiniConfig:
    from ddpm.models.mini_unet import MiniConfig

    def widths(stages: str) -> list[int]:
        count = found.count(rf"{stages}\.(\d+)\.")
        return [found.shape(f"{stages}.{i}.resnet_conv_first.0.2.weight")[0] for i in range(count)]

    def layers(stages: str) -> int:
        return found.count(rf"{stages}\.0\.attentions\.(\d+)\.")

    down = [found.shape("conv_in.weight")[0], *widths("downs")]
    heads = found.beside.heads or 4  # the repository never passed its YAML's num_heads on
    if any(width % heads for width in down[1:]):
        raise CannotLoad(f"heads is {heads}, which does not divide its widths {down[1:]}")
    share = found.beside.time_share
    return MiniConfig(
        channels=found.shape("conv_in.weight")[1],
        down=tuple(down),
        mid=(down[-1], *widths("mids")),
        up=tuple(widths("ups")),
        sampled=tuple(found.has(rf"downs\.{i}\.down_sample_conv\.") for i in range(len(down) - 1)),
        time=found.shape("t_proj.0.weight")[1],
        layers=(layers("downs"), layers("mids"), layers("ups")),
        heads=heads,
        time_share=share if share is not None else (0.5 if _of_repository(found) else 1.0),
    )

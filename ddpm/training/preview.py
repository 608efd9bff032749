"""What the run has learnt so far, seen through the application's own sampling loop."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ddpm.diffusion.guidance import classifier_free
from ddpm.diffusion.prediction import Predict, Target
from ddpm.diffusion.schedule import Schedule
from ddpm.models.card import Defaults, ModelCard
from ddpm.models.codec import Pixels
from ddpm.models.hybrid import Hybrid, time_features
from ddpm.models.model import Model, Text, TextEncoder, join
from ddpm.samplers import get_sampler
from ddpm.samplers.loop import Plan, sample
from ddpm.samplers.noise import PictureNoise
from ddpm.training.config import TrainConfig

GAP = 2  # pixels between pictures
STRIP = 8  # moments of a denoising strip


def card_of(config: TrainConfig, shape_text: bool) -> ModelCard:
    """The line in the menu that this run will have."""
    scale = config.previews.guidance_scale if shape_text else 1.0
    return ModelCard(
        name=config.name, title=config.title or config.name, origin="embedded", format="ddpm",
        size=config.data.size, channels=config.data.channels, target=config.target, schedule=config.schedule,
        text="minilm" if shape_text else None, licence=config.licence, note=config.note,
        defaults=Defaults(sampler=config.previews.sampler, steps=config.previews.steps, guidance_scale=scale),
        kind="text" if shape_text else "unconditional", factor=config.data.size, fixed_size=True,
    )  # fmt: skip


def as_model(config: TrainConfig, network: Hybrid, text: TextEncoder | None) -> Model:
    """The network in training as the application will see it."""
    schedule = Schedule.named(config.schedule)

    def call(x_t: Tensor, t: float, prompt: Text | None) -> Tensor:
        time = time_features(torch.full((len(x_t),), schedule.time(t), device=x_t.device))
        if prompt is None:
            return network(x_t, time)
        return network(x_t, time, prompt.states.to(x_t.device), prompt.mask.to(x_t.device))

    card = card_of(config, text is not None)
    return Model(card, schedule, Pixels(card.channels), text, call, Target(config.target), network, clamp=1.0)


def preview(config: TrainConfig, network: Hybrid, text: TextEncoder | None, prompts: list[str]) -> list[Tensor]:
    """x0 at every step, the last one the finished pictures: (count, 3, H, W) in [-1, 1], always of the same seeds."""
    model, wish = as_model(config, network, text), config.previews
    device = next(network.parameters()).device
    noise = PictureNoise(range(wish.count), model.latent_shape(config.data.size, config.data.size), device)
    sampler = get_sampler(wish.sampler)
    path = sampler.path(model.levels(wish.steps, wish.sampler))
    x_T = noise() * path[0].sigma
    plan = Plan(x_T, path, _predict(model, wish.guidance_scale, prompts, wish.count), sampler, noise)
    moments = [model.codec.decode(step.x0).cpu() for step in sample(plan)]
    return moments or [model.codec.decode(x_T).cpu()]


def _predict(model: Model, scale: float, prompts: list[str], count: int) -> Predict:
    if model.text is None:
        return lambda x_t, level: model.denoise(x_t, level, None)
    cond = model.text.encode([prompts[i % len(prompts)] for i in range(count)])
    return classifier_free(model.denoise, cond, model.text.encode([""] * count), scale, join=join)


def save_grid(pictures: Tensor, path: Path, columns: int | None = None) -> None:
    """pictures: (N, 3, H, W) in [-1, 1] -> one PNG, written whole or not at all."""
    columns = columns or min(8, len(pictures))
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    pixels = ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for i, picture in enumerate(pixels):
        sheet.paste(Image.fromarray(picture), (i % columns * (width + GAP), i // columns * (height + GAP)))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    sheet.save(temporary, "PNG")
    os.replace(temporary, path)


def save_strip(moments: list[Tensor], path: Path, rows: int = 4) -> None:
    """A few pictures over the course of their denoising, one row each, from the first guess to the finished picture."""
    chosen = [moments[round(i * (len(moments) - 1) / (STRIP - 1))] for i in range(STRIP)]
    pictures = torch.stack([moment[:rows] for moment in chosen], dim=1).flatten(0, 1)
    save_grid(pictures, path, STRIP)

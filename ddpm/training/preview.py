"""What the run has learnt so far, seen through the application's own sampling loop, as grids, strips and a film."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ddpm.diffusion.guidance import classifier_free
from ddpm.diffusion.prediction import Predict
from ddpm.loading.files import write_whole
from ddpm.models.model import Model, join
from ddpm.samplers import get_sampler
from ddpm.samplers.loop import Plan, sample
from ddpm.samplers.noise import PictureNoise

GAP = 2  # pixels between pictures
STRIP = 8  # moments of a denoising strip
FPS = 24  # of the film
GRID_FRAMES, LAST_FRAMES = 6, 36  # frames that a grid of the film stays, and its last picture
FILM_SIDE = 640  # px, the longer side of the film; larger sheets are made smaller


def moments(model: Model, count: int, size: int, prompts: Sequence[str]) -> list[Tensor]:
    """x0 at every step, the last one the finished pictures: (count, 3, H, W) in [-1, 1], always of the same seeds.

    Sampled as the model's card says (but for its pag_scale), so that they look like what the application will make.
    """
    noise = PictureNoise(range(count), model.latent_shape(size, size), model.device)
    defaults = model.card.defaults
    sampler = get_sampler(defaults.sampler)
    path = sampler.path(model.levels(defaults.steps, defaults.sampler))
    x_T = noise() * math.hypot(path[0].alpha, path[0].sigma)  # as spread as a noised picture
    plan = Plan(x_T, path, _predict(model, [prompts[i % len(prompts)] for i in range(count)]), sampler, noise)
    with torch.no_grad():
        shown = [model.codec.decode(step.x0).cpu() for step in sample(plan)]
    return shown


def _predict(model: Model, prompts: list[str]) -> Predict:
    if model.text is None:
        return lambda x_t, level: model.denoise(x_t, level, None)
    cond, uncond = model.text.encode(prompts), model.text.encode([""] * len(prompts))
    defaults = model.card.defaults
    guided = defaults.guidance_until, 1.0
    return classifier_free(model.denoise, cond, uncond, defaults.guidance_scale, interval=guided, join=join)


def sheet(pictures: Tensor, columns: int | None = None) -> Image.Image:
    """pictures: (N, 3, H, W) in [-1, 1], side by side in rows of `columns` (at most 8)."""
    columns = columns or min(8, len(pictures))
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    pixels = ((pictures.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    grid = Image.new("RGB", (columns * (width + GAP) - GAP, rows * (height + GAP) - GAP), "white")
    for i, picture in enumerate(pixels):
        grid.paste(Image.fromarray(picture), (i % columns * (width + GAP), i // columns * (height + GAP)))
    return grid


def strip(shown: Sequence[Tensor], rows: int = 4) -> Image.Image:
    """A few pictures over the course of their making, one row each, from the first guess to the finished picture."""
    chosen = [shown[round(i * (len(shown) - 1) / (STRIP - 1))] for i in range(STRIP)] if len(shown) > 1 else shown
    return sheet(torch.stack([moment[:rows] for moment in chosen], dim=1).flatten(0, 1), len(chosen))


def save_picture(image: Image.Image, path: Path) -> None:
    """A PNG that is there whole or not at all."""
    data = io.BytesIO()
    image.save(data, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data.getvalue())


def save_film(grids: Sequence[Path], shown: Sequence[Tensor], path: Path, format: str) -> None:
    """The grids of the run in their order, then the denoising of the last one."""
    from ddpm.film import make_film

    learnt = [_small(Image.open(grid).convert("RGB")) for grid in grids]
    made = [_small(sheet(moment)) for moment in shown]
    frames = [frame for frame in learnt for _ in range(GRID_FRAMES)] + made + made[-1:] * LAST_FRAMES
    write_whole(path, make_film(frames, FPS, format).data)  # type: ignore[arg-type]


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((FILM_SIDE, FILM_SIDE))
    return image

"""Scene -> picture: the back of its place, the subjects, the place's front, the weather, the finish."""

from __future__ import annotations

import random

import cv2
import numpy as np
import skia

from ddpm.prompts.vocabulary import UNDERWATER
from ddpm.training.data.scenes.captions import captions
from ddpm.training.data.scenes.choose import choose
from ddpm.training.data.scenes.finish import finish
from ddpm.training.data.scenes.light import light_for, water_light
from ddpm.training.data.scenes.places import PLACES
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sky import precipitation
from ddpm.training.data.scenes.sprites import Pixels
from ddpm.training.data.scenes.stage import add_subjects

SIZE = 128
SCALE = 1.25  # painted this much larger, then reduced: smooth edges


def render(
    index: int,
    seed: int = 0,
    *,
    category: str | None = None,
    subject: str | None = None,
    place: str | None = None,
    allow_held_out: bool = False,
) -> tuple[Pixels, list[str], dict[str, object]]:
    """-> uint8 (128, 128, 3) RGB, four captions (short, middle, long, tag-like), the facts."""
    scene, rng = choose(
        index, seed, category=category, subject=subject, place=place, allow_held_out=allow_held_out
    )  # fmt: skip
    pixels = finish(_paint(scene, rng), rng, scene.style)
    return pixels, captions(scene, rng), scene.facts()


def _paint(scene: Scene, rng: random.Random) -> Pixels:
    side = int(SIZE * SCALE)
    info = skia.ImageInfo.Make(side, side, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    surface = skia.Surface.MakeRaster(info)
    c = surface.getCanvas()
    c.scale(SCALE, SCALE)
    scene.surface, scene.scale = surface, SCALE
    water = UNDERWATER.get(scene.place)
    light = water_light(water, rng) if water else light_for(scene.time, scene.weather, rng)
    back, front = PLACES[scene.place]
    back(c, rng, light, scene)
    if scene.view != "portrait":
        add_subjects(c, rng, light, scene)
    front(c, rng, light, scene)
    if scene.view == "portrait":
        add_subjects(c, rng, light, scene)
    if not water:
        precipitation(c, rng, scene, light)
    pixels = np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])
    scene.surface = None
    return np.asarray(cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)

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
from ddpm.training.data.scenes.scene import Rendered, Scene
from ddpm.training.data.scenes.sky import precipitation
from ddpm.training.data.scenes.sprites import Pixels
from ddpm.training.data.scenes.stage import add_subjects

SIZE = 128
HIDDEN = 24  # grey levels: what the front of a place changes more than this is covered by it
SCALE = 1.25  # painted this much larger, then reduced: smooth edges


def render(
    index: int,
    seed: int = 0,
    *,
    category: str | None = None,
    subject: str | None = None,
    place: str | None = None,
    allow_held_out: bool = False,
    plain: bool = False,
    arranged: bool = False,
) -> Rendered:
    """One picture; the same for the same index and seed."""
    wish = {"category": category, "subject": subject, "place": place}
    scene, rng = choose(index, seed, **wish, allow_held_out=allow_held_out, plain=plain, arranged=arranged)
    painted = finish(_paint(scene, rng), rng, scene.style)
    mask = painted[..., 3]
    return Rendered(painted[..., :3].copy(), captions(scene), scene.facts() | _extent(mask), mask.copy())


def _extent(mask: Pixels) -> dict[str, object]:
    """Where the subjects are seen: the box (left, top, right, bottom) in pixels and its share of the picture."""
    rows, columns = np.flatnonzero((mask > 96).any(axis=1)), np.flatnonzero((mask > 96).any(axis=0))
    if not len(rows):
        return {}
    box = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
    return {"box": box, "covers": round(float(mask.mean()) / 255, 4)}


def _paint(scene: Scene, rng: random.Random) -> Pixels:
    """-> uint8 (128, 128, 4): RGB and the mask of what is seen of the subjects."""
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
    near = scene.view == "portrait"  # nothing grows in front of a portrait
    if scene.count and not near:
        add_subjects(c, rng, light, scene)
    before = _rgb(surface)
    front(c, rng, light, scene)
    covered = np.abs(_rgb(surface).astype(np.int16) - before).max(axis=2)
    if near and not water:
        precipitation(c, rng, scene, light)  # not across a face
    if scene.count and near:
        add_subjects(c, rng, light, scene)
    if not near and not water:
        precipitation(c, rng, scene, light)
    mask = np.zeros((side, side), np.uint8) if scene.mask is None else scene.mask
    if not near:
        mask = np.where(covered > HIDDEN, 0, mask).astype(np.uint8)
    pixels = np.dstack([_rgb(surface), mask])
    scene.surface = None
    return np.asarray(cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA), np.uint8)


def _rgb(surface: skia.Surface) -> Pixels:
    return np.ascontiguousarray(surface.toarray(colorType=skia.kRGBA_8888_ColorType)[..., :3])

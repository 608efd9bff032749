"""Where the subjects stand, float, swim or fly, and how large they are."""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

import skia

from ddpm.prompts.vocabulary import WATERSIDE, habitat
from ddpm.training.data.scenes.draw import mix, mul, oval, paint
from ddpm.training.data.scenes.drawings import draw_subject
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.standout import Layer

SIDES = {"centre": 64, "left": 35, "right": 93}
HEIGHTS = {"near": 84, "middle": 62, "far": 40, "full body": 100}  # picture units, for a creature of size 1
BELOW = {"near": 0.88, "middle": 0.66, "far": 0.40, "full body": 0.86}  # feet: 0 at the horizon, 1 at the lower edge
DEPTH = {"near": 0.0, "middle": 0.12, "far": 0.45, "full body": 0.03}


class Spot(NamedTuple):
    """Where one subject is put; lengths in picture units."""

    x: float
    foot: float
    size: float
    flip: bool
    mode: Literal["portrait", "afloat", "swim", "fly", "stand"]
    depth: float  # 0 near .. 1 far, for haze


def add_subjects(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """All subjects of the scene, far ones first; none for a landscape. scene.mask gathers what they cover."""
    side = SIDES[scene.side]
    if scene.view == "portrait":
        size = rng.uniform(100, 116) if scene.person else rng.uniform(92, 108)
        x = 64 + (side - 64) * 0.62 + rng.uniform(-3, 3)
        _place(c, rng, light, scene, Spot(x, 131, size, _turned(rng, scene), "portrait", 0))
        return
    n = scene.count
    height = HEIGHTS[scene.view or "near"] * (scene.creature.size if scene.creature else rng.uniform(0.88, 1.02))
    if scene.person and scene.person.age == "child":
        height *= 0.8
    size = min(height, 100) * rng.uniform(0.94, 1.06)
    if n > 1:
        size = min(size, 56 if n == 2 else 43)
    spots = []
    for i in range(n):
        x = side + rng.uniform(-4, 4) if n == 1 else 64 + (i - (n - 1) / 2) * (98 / n) + rng.uniform(-4, 4)
        spots.append(_spot(rng, scene, x, size * rng.uniform(0.93, 1.07)))
    for spot in sorted(spots, key=lambda each: each.foot):
        _place(c, rng, light, scene, spot)


def _spot(rng: random.Random, scene: Scene, x: float, size: float) -> Spot:
    low, high = size * 0.42 + 2, 126 - size * 0.42
    x = min(max(x, low), high) if low < high else 64
    flip = _turned(rng, scene)
    view, h = scene.view or "near", scene.horizon
    depth = DEPTH[view]
    lives = "land" if scene.perched or scene.subject is None else habitat(scene.subject)
    if scene.afloat:
        return Spot(x, min(124, h + 8 + size * 0.55), size, flip, "afloat", depth)
    if scene.underwater:
        return Spot(x, 62 + size * 0.5 + rng.uniform(-12, 12), size, flip, "swim", depth)
    if scene.flies or lives in ("air", "water"):
        foot = min(112, max(size + 4, h * 0.55 + size * 0.5 + rng.uniform(-10, 10)))
        return Spot(x, foot, size, flip, "fly", depth)
    foot = h + (132 - h) * BELOW[view] + rng.uniform(-2, 2)
    if scene.place in WATERSIDE:
        foot = max(foot, 108 if scene.place == "tropical island" else 117)
    return Spot(x, foot, size, flip, "stand", depth)


def _turned(rng: random.Random, scene: Scene) -> bool:
    return rng.random() < 0.5 and not scene.plain


def _place(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene, spot: Spot) -> None:
    """One subject: its shadow, its body in the light of the scene, the water around it."""
    x, foot, size = spot.x, spot.foot, spot.size
    sun_side = 1 if scene.sun_x < x else -1
    if spot.mode == "stand":
        dark = paint(mul(light.ambient, 30), 0.42, blur=size * 0.03)
        oval(c, x + sun_side * size * 0.08, foot - size * 0.012, size * 0.40, size * 0.065, dark)
    layer = Layer(scene.scale)
    body = layer.canvas
    if spot.mode == "afloat":
        body.clipRect(skia.Rect.MakeLTRB(-5, -5, 133, foot - size * 0.14), doAntiAlias=True)
    body.save()
    body.translate(x, foot)
    body.rotate(rng.uniform(-9, 9) if spot.mode in ("fly", "swim") else rng.uniform(-2, 2))
    body.scale(-size / 128 if spot.flip else size / 128, size / 128)
    body.translate(-64, -126)
    draw_subject(body, scene)
    body.restore()
    layer.light(light, (x, foot), size, -sun_side, depth=spot.depth, underwater=scene.underwater)
    scene.mask = layer.onto(c, scene, light)
    if spot.mode == "afloat":
        _foam(c, rng, light, x, foot - size * 0.14, size)


def _foam(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, size: float) -> None:
    """foam and a dark reflection at the waterline y"""
    oval(c, x, y, size * 0.46, size * 0.045, paint(mix(light.low, (255, 255, 255), 0.5), 0.55, blur=1))
    oval(c, x, y + size * 0.05, size * 0.4, size * 0.05, paint(mul(light.ambient, 40), 0.28, blur=1.5))
    for _ in range(5):
        at = x + rng.uniform(-0.5, 0.5) * size, y + rng.uniform(-0.01, 0.08) * size
        oval(c, *at, size * 0.13, 0.5, paint((255, 255, 255), 0.45))

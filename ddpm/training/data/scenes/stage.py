"""Subjects on their stage: where each stands, floats, swims or flies, and how the light of the scene falls on it."""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

import skia

from ddpm.prompts.vocabulary import WATERSIDE, habitat
from ddpm.training.data.scenes.animals import WOLF, panda, wolf
from ddpm.training.data.scenes.beasts import DRAGON, leviathan, qilin, winged_dragon
from ddpm.training.data.scenes.draw import ATOP, lgrad, mix, mul, oval, paint
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.people import figure, portrait
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sprites import sprite


class Spot(NamedTuple):
    """Where one subject is put; lengths in picture units."""

    x: float
    foot: float
    size: float
    flip: bool
    mode: Literal["portrait", "afloat", "swim", "fly", "stand"]
    depth: float  # 0 near .. 1 far, for haze


def add_subjects(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """All subjects of the scene; none for a landscape."""
    if not scene.count:
        return
    side = {"centre": 64, "left": 38, "right": 90}[scene.side]
    if scene.view == "portrait":
        size = rng.uniform(100, 116)
        x = 64 + (side - 64) * 0.55 + rng.uniform(-3, 3)
        _place(c, rng, light, scene, Spot(x, 131, size, rng.random() < 0.5, "portrait", 0))
        return
    n = scene.count
    near = {"near": 76, "middle": 58, "far": 44, "full body": rng.choice((92, 74))}[scene.view or "near"]
    size = min(near * (scene.creature.size if scene.creature else 1.0), 96) * rng.uniform(0.93, 1.07)
    if n > 1:
        size = min(size, 52 if n == 2 else 40)
    for i in range(n):
        if n == 1:
            x = side + rng.uniform(-4, 4)
        else:
            x = 64 + (i - (n - 1) / 2) * (96 / n) + rng.uniform(-5, 5)
        _place(c, rng, light, scene, _spot(rng, scene, x, size * rng.uniform(0.92, 1.08)))


def _spot(rng: random.Random, scene: Scene, x: float, size: float) -> Spot:
    low, high = size * 0.4 + 2, 126 - size * 0.4
    x = min(max(x, low), high) if low < high else 64
    flip = rng.random() < 0.5
    view, h = scene.view or "near", scene.horizon
    depth = {"near": 0, "middle": 0.15, "far": 0.6, "full body": 0.05}[view]
    lives = "land" if scene.perched or scene.subject is None else habitat(scene.subject)
    if scene.afloat:
        return Spot(x, min(124, h + 8 + size * 0.55), size, flip, "afloat", depth)
    if scene.underwater:
        return Spot(x, 64 + size * 0.5 + rng.uniform(-14, 14), size, flip, "swim", depth)
    if lives in ("air", "water"):
        foot = min(112, max(size + 4, h * 0.55 + size * 0.5 + rng.uniform(-10, 10)))
        return Spot(x, foot, size, flip, "fly", depth)
    below = {"near": 0.86, "middle": 0.66, "far": 0.42, "full body": 0.84}[view]
    foot = h + (132 - h) * below + rng.uniform(-2, 2)
    if scene.place in WATERSIDE:
        foot = max(foot, 108 if scene.place == "tropical island" else 117)
    return Spot(x, foot, size, flip, "stand", depth)


def _place(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene, spot: Spot) -> None:
    """one subject: its shadow, its body lit by the scene, haze, water around it"""
    x, foot, size = spot.x, spot.foot, spot.size
    sun_side = 1 if scene.sun_x < x else -1
    if spot.mode == "stand":
        dark = paint(mul(light.ambient, 30), 0.42, blur=size * 0.03)
        oval(c, x + sun_side * size * 0.08, foot - size * 0.012, size * 0.40, size * 0.065, dark)
    r, g, b = mix(light.ambient, (1, 1, 1), 0.55 if scene.person else 0.5)
    body = skia.Paint(AntiAlias=True)
    body.setColorFilter(skia.ColorFilters.Matrix([r, 0, 0, 0, 0, 0, g, 0, 0, 0, 0, 0, b, 0, 0, 0, 0, 0, 1, 0]))
    c.save()
    if spot.mode == "afloat":
        c.clipRect(skia.Rect.MakeLTRB(-5, -5, 133, foot - size * 0.14), doAntiAlias=True)
    c.saveLayer(skia.Rect.MakeXYWH(x - size * 0.75, foot - size * 1.2, size * 1.5, size * 1.3), body)
    c.save()
    c.translate(x, foot)
    c.rotate(rng.uniform(-9, 9) if spot.mode in ("fly", "swim") else rng.uniform(-2, 2))
    c.scale(-size / 128 if spot.flip else size / 128, size / 128)
    c.translate(-64, -126)
    _draw(c, rng, scene)
    c.restore()
    if light.dark > 0.25 or scene.underwater:
        c.drawPaint(paint(mix(light.mid, light.haze, 0.5), 0.05 + 0.2 * spot.depth, blend=ATOP))
    elif spot.depth:
        c.drawPaint(paint(light.haze, 0.3 * spot.depth, blend=ATOP))
    # warm or cool light from the sun's side, shade on the other
    lit, shaded, night = x - sun_side * size * 0.45, x + sun_side * size * 0.45, mul(light.top, 0.3)
    stops = [(0, light.glow, 0.26), (0.42, light.glow, 0), (0.55, night, 0), (1, night, 0.34)]
    c.drawPaint(paint(shader=lgrad((lit, foot - size), (shaded, foot), stops), blend=ATOP))
    c.restore()
    c.restore()
    if spot.mode == "afloat":
        _foam(c, rng, light, x, foot - size * 0.14, size)


def _foam(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, size: float) -> None:
    """foam and a dark reflection at the waterline y"""
    oval(c, x, y, size * 0.46, size * 0.045, paint(mix(light.low, (255, 255, 255), 0.5), 0.55, blur=1))
    oval(c, x, y + size * 0.05, size * 0.4, size * 0.05, paint(mul(light.ambient, 40), 0.28, blur=1.5))
    for _ in range(5):
        at = x + rng.uniform(-0.5, 0.5) * size, y + rng.uniform(-0.01, 0.08) * size
        oval(c, *at, size * 0.13, 0.5, paint((255, 255, 255), 0.45))


def _draw(c: skia.Canvas, rng: random.Random, scene: Scene) -> None:
    """the subject in a 128 x 128 box"""
    if scene.person:
        (portrait if scene.view == "portrait" else figure)(c, scene.person)
        return
    creature = scene.creature
    assert creature is not None
    match creature.art:
        case "wolf":
            wolf(c, WOLF[str(creature.colour)], creature.howling)
        case "panda":
            panda(c)
        case "leviathan":
            leviathan(c, DRAGON[str(creature.colour)], rng, scene.afloat)
        case "winged_dragon":
            winged_dragon(c, DRAGON[str(creature.colour)])
        case "qilin":
            qilin(c, DRAGON[str(creature.colour)])
        case art:
            image = sprite(creature.source, art, creature.recolour, creature.hues)
            k = 124 / max(image.width(), image.height())
            w, h = image.width() * k, image.height() * k
            box = skia.Rect.MakeXYWH(64 - w / 2, 126 - h, w, h)
            c.drawImageRect(image, box, skia.SamplingOptions(skia.CubicResampler.Mitchell()))

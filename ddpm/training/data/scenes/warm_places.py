"""Places where it is warm, each with a back (painted before the subjects) and a front (after)."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.draw import Colour, mul, oval, paint
from ddpm.training.data.scenes.dunes import dunes
from ddpm.training.data.scenes.fire_and_ice import lava_field, volcano_cone
from ddpm.training.data.scenes.land import ground, mountain_layer, rock, shore, water
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.plants import (
    acacia,
    cactus,
    grass,
    leaf,
    palm,
)
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sky import clouds, lightning, paint_sky, rainbow
from ddpm.training.data.scenes.waves import breakers


def sky_and_clouds(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    paint_sky(c, rng, light, scene)
    clouds(c, rng, light, scene)
    if scene.weather == "storm" and scene.lightning:
        lightning(c, rng, scene.horizon)
    if scene.weather == "rainbow":
        rainbow(c, rng, scene)


FLOWERS: list[Colour] = [(250, 246, 240), (250, 206, 84), (236, 110, 150), (150, 120, 230), (240, 90, 80)]


def desert(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    scene.horizon = rng.uniform(56, 70)
    sky_and_clouds(c, rng, light, scene)
    h = scene.horizon
    if rng.random() < 0.6:
        mountain_layer(c, rng, light, h + 2, rng.uniform(12, 22), (190, 116, 84), 0.55, stretch=0.8)
    dunes(c, rng, light, scene)
    if rng.random() < 0.5:
        for _ in range(rng.randint(1, 3)):
            x = rng.choice((rng.uniform(4, 34), rng.uniform(94, 124)))
            cactus(c, light, x, rng.uniform(h + 14, 108), rng.uniform(12, 26), 0.1)


def desert_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    grass(c, rng, light, 116, 130, (190, 160, 90), 14, 5)


def tropical_island(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(60, 70)
    sky_and_clouds(c, rng, light, scene)
    water(c, rng, light, h, (30, 170, 182), scene=scene, calm=False)
    if rng.random() < 0.6:
        mountain_layer(
            c, rng, light, h + 0.5, rng.uniform(10, 22), (70, 128, 88), 0.45, rough=False, stretch=1.5, bottom=h + 0.8
        )
    cx, w = rng.choice((rng.uniform(8, 36), rng.uniform(92, 120))), rng.uniform(24, 36)
    y = h + rng.uniform(9, 15)
    oval(c, cx, y + 1.5, w * 1.1, 4.4, paint((255, 255, 255), 0.5, blur=0.8))
    oval(c, cx, y, w, 4.2, paint(light.lit((240, 216, 156), 0.05)))
    for _ in range(7):
        oval(
            c,
            cx + rng.uniform(-0.55, 0.55) * w,
            y - 3,
            6,
            3.4,
            paint(mul(light.lit((70, 136, 66)), rng.uniform(0.7, 1.1))),
        )
    for _ in range(rng.randint(2, 4)):
        palm(c, rng, light, cx + rng.uniform(-0.5, 0.5) * w, y - 1, rng.uniform(22, 36), 0.05)
    beach = rng.uniform(98, 104)
    breakers(c, rng, light, h, 128 if scene.afloat else beach, rough=scene.weather in ("storm", "rain"))
    if not scene.afloat:
        shore(c, rng, light, beach, (242, 218, 164), scene)


def tropical_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    if scene.afloat:
        return
    if rng.random() < 0.6:
        side = rng.choice((-1, 1))
        x = 128 if side > 0 else 0
        for _ in range(6):
            leaf(
                c,
                x,
                rng.uniform(-4, 12),
                rng.uniform(26, 44),
                90 + side * rng.uniform(15, 75),
                mul(light.lit((40, 110, 60)), rng.uniform(0.5, 0.9)),
                0.1,
            )
    for _ in range(5):
        oval(
            c,
            rng.uniform(0, 128),
            rng.uniform(118, 127),
            rng.uniform(0.7, 1.5),
            0.8,
            paint(light.lit(rng.choice(FLOWERS))),
        )


def volcano(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    scene.horizon = rng.uniform(78, 88)
    scene.wind = rng.choice((-1, 1)) * rng.uniform(0.2, 1)
    sky_and_clouds(c, rng, light, scene)
    mountain_layer(c, rng, light, scene.horizon, 14, (90, 72, 76), 0.5)
    volcano_cone(c, rng, light, scene)
    lava_field(c, rng, light, scene)


def volcano_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    for x in (rng.uniform(-4, 22), rng.uniform(106, 132)):
        rock(c, rng, light, x, 131, rng.uniform(9, 16), (74, 60, 62))
    for _ in range(34):
        x, y = rng.uniform(0, 128), rng.uniform(0, 128)
        c.drawCircle(
            x, y, rng.uniform(0.25, 0.8), paint(rng.choice([(255, 170, 60), (255, 110, 40), (255, 220, 130)]), 0.9)
        )


def savannah(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(70, 80)
    sky_and_clouds(c, rng, light, scene)
    mountain_layer(c, rng, light, h + 1, rng.uniform(6, 14), (150, 120, 100), 0.65, rough=False)
    ground(c, rng, light, h, rng.choice([(206, 170, 84), (186, 164, 90), (220, 176, 96)]), bumps=3)
    for _ in range(rng.randint(3, 6)):
        y = rng.uniform(h + 1, h + 5)
        acacia(c, rng, light, rng.uniform(0, 128), y, rng.uniform(6, 12), 0.35)
    x = rng.choice((rng.uniform(8, 30), rng.uniform(98, 120)))
    acacia(c, rng, light, x, rng.uniform(h + 10, h + 20), rng.uniform(34, 50), 0.05)
    grass(c, rng, light, h + 3, 116, (206, 172, 84), 90, 3)


def savannah_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    grass(c, rng, light, 117, 131, (214, 176, 84), 120, 8)

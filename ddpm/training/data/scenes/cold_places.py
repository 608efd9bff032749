"""Mountains, ice and night skies, each with a back (painted before the subjects) and a front (after)."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.aurora import COLOURS, curtains
from ddpm.training.data.scenes.draw import SCREEN, SOFT, Colour, mix, paint, smooth, vgrad
from ddpm.training.data.scenes.fire_and_ice import ice_wall, icebergs
from ddpm.training.data.scenes.land import ground, mountain_layer, shore, water
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import below, ridge, texture
from ddpm.training.data.scenes.peaks import mountain_range
from ddpm.training.data.scenes.plants import broadleaf, grass, pine
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sky import milky_way, paint_sky
from ddpm.training.data.scenes.warm_places import FLOWERS, sky_and_clouds


def mountain_lake(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(62, 76)
    sky_and_clouds(c, rng, light, scene)
    winter = scene.season == "winter"
    snow = 0.9 if winter else rng.choice((0, 0.3, 0.45))
    mountain_range(c, rng, light, scene, snow, (104, 116, 138), rng.uniform(44, 56))
    trees: dict[str, list[Colour]] = {
        "autumn": [(214, 130, 48), (196, 84, 44), (226, 170, 66)],
        "spring": [(110, 160, 90), (236, 170, 190)],
    }
    tree = trees.get(scene.season or "")
    for _ in range(30):
        x = rng.uniform(-2, 130)
        if tree and rng.random() < 0.6:
            broadleaf(c, rng, light, x, h + 1.5, rng.uniform(8, 13), 0.25, rng.choice(tree))
        else:
            pine(c, rng, light, x, h + 1.5, rng.uniform(7, 15), 0.22, 0.8 if winter else 0)
    water(c, rng, light, h, (66, 128, 160), scene=scene)
    if not scene.afloat:
        bank_of_grass(c, rng, light, scene, turf(scene), rng.uniform(102, 107))


def mountain_lake_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    grass(c, rng, light, 122, 132, turf(scene), 40, 7, FLOWERS if scene.season in ("spring", "summer") else None)


def turf(scene: Scene) -> Colour:
    return {"winter": (236, 242, 250), "autumn": (170, 130, 64)}.get(scene.season or "", (86, 138, 70))


def bank_of_grass(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene, g: Colour, y: float) -> None:
    shore(c, rng, light, y, g, scene)
    grass(c, rng, light, y, 130, g, 60, 5, FLOWERS if scene.season in ("spring", "summer") else None)


def snowy_mountain(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(74, 84)
    sky_and_clouds(c, rng, light, scene)
    mountain_range(c, rng, light, scene, rng.uniform(0.6, 0.95), (100, 112, 140), rng.uniform(58, 70))
    ground(c, rng, light, h, (238, 243, 252), mix((238, 243, 252), light.haze, 0.4), 5, "strokes", 0.35)
    drifts(c, rng, light, h)
    for _ in range(22):
        y = rng.uniform(h + 1, h + 16)
        pine(
            c,
            rng,
            light,
            rng.choice((rng.uniform(-4, 40), rng.uniform(88, 132))),
            y,
            8 + (y - h) * 1.1 + rng.uniform(-2, 4),
            0.3 - (y - h) / 70,
            0.9,
        )


def drifts(c: skia.Canvas, rng: random.Random, light: Light, y: float) -> None:
    """Rolling snow: each swell lit towards the sun, blue in its hollow."""
    white, blue = light.lit((250, 252, 255)), light.lit((176, 198, 232))
    for k in range(4):
        level = y + 8 + k * k * 3.4 + k * 5
        line = ridge(rng, level, 3 + 2.2 * k, rough=False, stretch=1.1)
        stops = [(0.0, mix(white, light.glow, 0.2), 1.0), (0.35, white, 0.9), (1.0, blue, 0.55)]
        c.drawPath(below(line), paint(shader=vgrad(level - 4 - 2 * k, level + 14 + 6 * k, stops)))
        c.drawPath(smooth([(x, top + 1.6) for x, top in line]), paint(blue, 0.5, stroke=1.2, blur=1))


def snow_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    p = ridge(rng, 125, 6, rough=False)
    c.drawPath(below(p), paint(mix(light.lit((246, 249, 255)), light.glow, 0.1), 0.96, blur=0.6))


def night_sky(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(88, 98)
    paint_sky(c, rng, light, scene)
    if scene.milky_way:
        milky_way(c, rng, h)
    if scene.shooting_star:
        x, y = rng.uniform(30, 110), rng.uniform(8, 40)
        c.drawLine(x, y, x - 20, y + 9, paint((255, 255, 255), 0.3, stroke=2, blur=1))
        c.drawLine(x, y, x - 14, y + 6.3, paint((255, 255, 255), 0.95, stroke=0.7))
    for k in range(2):
        mountain_layer(c, rng, light, h - 2 + 5 * k, 16 - 4 * k, (70, 84, 120), 0.5 - 0.3 * k, rough=k == 0)
    ground(c, rng, light, h + 3, (70, 96, 84), bumps=4)
    for _ in range(12):
        x = rng.choice((rng.uniform(-4, 34), rng.uniform(94, 132)))
        pine(c, rng, light, x, rng.uniform(h + 4, h + 16), rng.uniform(12, 28), 0)


def meadow_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    grass(c, rng, light, 118, 131, (92, 146, 78), 90, 6, FLOWERS if light.dark < 0.8 else None)


def glacier(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(64, 74)
    sky_and_clouds(c, rng, light, scene)
    mountain_range(c, rng, light, scene, 0.8, (116, 132, 160), rng.uniform(46, 56))
    ice_wall(c, rng, light, scene)
    water(c, rng, light, h, (60, 140, 180), scene=scene)
    icebergs(c, rng, light, h, rng.randint(2, 5))
    if not scene.afloat:
        p = ridge(rng, 102, 5, stretch=1.4)
        c.drawPath(below([(x, y + 2.5) for x, y in p]), paint(light.lit((70, 150, 196))))
        c.drawPath(
            below(p),
            paint(shader=vgrad(98, 128, [(0, light.lit((244, 250, 255)), 1), (1, light.lit((178, 214, 238)), 1)])),
        )
        texture(c, rng, "strokes", 0.4, 0.6, SOFT, clip=below(p))


def aurora_borealis(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = rng.uniform(78, 88)
    paint_sky(c, rng, light, scene)
    curtains(c, rng, h, COLOURS[scene.aurora])
    mountain_range(c, rng, light, scene, 0.8, (110, 124, 160), rng.uniform(34, 46))
    if scene.lake:
        water(c, rng, light, h, (70, 110, 150), scene=scene)
        if not scene.afloat:
            shore(c, rng, light, 104, (226, 236, 250), scene)
    else:
        ground(c, rng, light, h + 1, (226, 236, 250), bumps=5, a=0.35)
    for _ in range(16):
        x = rng.choice((rng.uniform(-4, 36), rng.uniform(92, 132)))
        pine(c, rng, light, x, rng.uniform(h + 1, h + 9), rng.uniform(10, 24), 0.05, 0.6)
    c.drawRect(skia.Rect.MakeXYWH(0, h, 128, 60), paint(COLOURS[scene.aurora][0], 0.13, blend=SCREEN))


def nothing(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """no front"""

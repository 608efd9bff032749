"""Under water: light shafts, caustics, reef, cave, deep-sea glow."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.corals import coral, kelp
from ddpm.training.data.scenes.draw import PLUS, SOFT, Colour, glow, mix, mul, paint, poly, smooth, vgrad
from ddpm.training.data.scenes.land import rock
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import below, ridge, texture
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sky import rays


def sea(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    c.drawPaint(
        paint(shader=vgrad(0, 128, [(0, light.top, 1), (0.45, light.mid, 1), (1, mix(light.mid, light.low, 0.8), 1)]))
    )
    texture(c, rng, "strokes", 0.3, 1.2)


def sea_floor(c: skia.Canvas, rng: random.Random, light: Light, y: float, col: Colour = (226, 206, 160)) -> skia.Path:
    p = below(ridge(rng, y + 3, 6, rough=False))
    k = mix(light.lit(col), light.haze, 0.45)
    c.drawPath(p, paint(shader=vgrad(y - 4, 128, [(0, mix(k, light.haze, 0.4), 1), (1, mul(k, 0.8), 1)])))
    texture(c, rng, "strokes", 0.5, 0.5, SOFT, clip=p)
    return p


def far_rocks(c: skia.Canvas, rng: random.Random, light: Light, y: float, n: int = 3) -> None:
    for k in range(n):
        d = 0.85 - 0.25 * k
        pts = ridge(rng, y + 4 + 3 * k, 26 - 4 * k, stretch=1.4)
        c.drawPath(below(pts), paint(mix(light.lit((60, 90, 100)), light.haze, d)))


def bubbles(c: skia.Canvas, rng: random.Random, n: int = 18) -> None:
    for _ in range(n):
        x, y, r = rng.uniform(0, 128), rng.uniform(0, 128), rng.uniform(0.5, 2)
        c.drawCircle(x, y, r, paint((220, 250, 255), 0.5, stroke=0.45))
        c.drawCircle(x - r * 0.35, y - r * 0.35, r * 0.3, paint((255, 255, 255), 0.9))


def motes(c: skia.Canvas, rng: random.Random, n: int, col: Colour, a: float = 0.5) -> None:
    for _ in range(n):
        c.drawCircle(rng.uniform(0, 128), rng.uniform(0, 128), rng.uniform(0.2, 0.7), paint(col, a * rng.random()))


def reef(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """shallow sunlit water over sand and coral"""
    sea(c, rng, light, scene)
    sx = scene.sun_x
    scene.sun = (sx, -6)
    glow(c, sx, -4, 80, light.glow, 0.8)
    far_rocks(c, rng, light, 86, 2)
    rays(c, rng, sx, -14, light.glow, 9, 0.2, 130, 1.3)
    y = scene.horizon = rng.uniform(88, 98)
    p = sea_floor(c, rng, light, y)
    texture(c, rng, "caustic", 0.55, 0.45, PLUS, clip=p, tint=mix(light.glow, light.top, 0.3))
    for _ in range(rng.randint(2, 5)):
        kelp(
            c,
            rng,
            light,
            rng.choice((rng.uniform(0, 30), rng.uniform(98, 128))),
            y + 8,
            rng.uniform(26, 60),
            rng.uniform(0.1, 0.5),
        )
    for _ in range(rng.randint(4, 7)):
        coral(c, rng, light, rng.uniform(0, 128), y + rng.uniform(2, 9), rng.uniform(7, 14), 0.35)


def reef_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    for x in (rng.uniform(-4, 26), rng.uniform(100, 132)):
        rock(c, rng, light, x, 131, rng.uniform(10, 18), (96, 110, 116), -1)
        for _ in range(2):
            coral(c, rng, light, x + rng.uniform(-12, 12), 126 + rng.uniform(-3, 5), rng.uniform(12, 22))
    bubbles(c, rng)
    motes(c, rng, 30, (255, 255, 255))


def jelly(c: skia.Canvas, rng: random.Random, x: float, y: float, r: float, col: Colour) -> None:
    glow(c, x, y, r * 3, col, 0.6)
    p = skia.Path()
    p.moveTo(x - r, y)
    p.cubicTo(x - r, y - r * 1.5, x + r, y - r * 1.5, x + r, y)
    p.quadTo(x, y - r * 0.3, x - r, y)
    c.drawPath(p, paint(mix(col, (255, 255, 255), 0.35), 0.75))
    for k in range(5):
        xx = x + (k - 2) * r * 0.36
        c.drawPath(
            smooth(
                [
                    (xx, y),
                    (xx + rng.uniform(-2, 2), y + r),
                    (xx + rng.uniform(-2, 2), y + r * 2),
                    (xx, y + r * rng.uniform(2, 3)),
                ]
            ),
            paint(col, 0.7, stroke=0.5),
        )


GLOWS = [(90, 230, 255), (190, 120, 255), (110, 255, 190), (255, 140, 220)]


def deep(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    sea(c, rng, light, scene)
    scene.sun = (scene.sun_x, -8)
    glow(c, scene.sun_x, -20, 90, light.top, 0.8)
    rays(c, rng, scene.sun_x, -24, mix(light.top, (255, 255, 255), 0.2), 6, 0.14, 130, 1.0)
    far_rocks(c, rng, light, 96, 3)
    y = scene.horizon = rng.uniform(98, 106)
    sea_floor(c, rng, light, y, (70, 92, 110))
    if rng.random() < 0.6:
        for _ in range(rng.randint(2, 5)):
            jelly(c, rng, rng.uniform(6, 122), rng.uniform(12, 80), rng.uniform(2.5, 5.5), rng.choice(GLOWS))
    for _ in range(6):
        x = rng.uniform(0, 128)
        coral(c, rng, light, x, y + rng.uniform(2, 10), rng.uniform(6, 12), 0.1)
        glow(c, x, y, 9, rng.choice(GLOWS), 0.45)


def deep_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    for _ in range(46):
        x, y = rng.uniform(0, 128), rng.uniform(0, 128)
        k = rng.choice(GLOWS)
        if rng.random() < 0.3:
            glow(c, x, y, 2.6, k, 0.8)
        c.drawCircle(x, y, rng.uniform(0.2, 0.6), paint(k, 0.8))


def cave(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """looking out of a dark cave into bright water"""
    sea(c, rng, light, scene)
    ox, oy = rng.uniform(42, 86), rng.uniform(34, 50)
    scene.sun, scene.sun_x = (ox, oy - 30), ox
    glow(c, ox, oy, 64, mix(light.top, (255, 255, 255), 0.4), 1)
    rays(c, rng, ox, oy - 44, light.glow, 8, 0.3, 130, 1.2)
    scene.horizon = rng.uniform(92, 100)
    for k, (r, d) in enumerate(((56, 0.62), (66, 0.35), (78, 0.08))):
        hole = []
        for i in range(40):
            a = i / 40 * 2 * math.pi
            q = r * (1 + 0.16 * math.sin(a * 3 + k * 2 + ox) + rng.uniform(-0.07, 0.07))
            hole.append((ox + math.cos(a) * q * 1.0, oy + 12 + math.sin(a) * q * 0.82))
        p = poly(hole)
        p.setFillType(skia.PathFillType.kInverseWinding)
        col = mix(light.lit((66, 70, 92)), light.haze, d)
        c.drawPath(p, paint(mul(col, 0.8 - 0.15 * k)))
        c.save()
        c.clipPath(p, doAntiAlias=True)
        texture(c, rng, "rock", 0.7, 0.5, SOFT)
        texture(c, rng, "caustic", 0.3 * (1 - 0.3 * k), 0.5, PLUS, tint=light.top)
        c.restore()
        c.drawPath(poly(hole), paint(mix(col, light.top, 0.6), 0.5, stroke=1, blur=0.8))
    p = sea_floor(c, rng, light, scene.horizon, (120, 130, 140))
    texture(c, rng, "caustic", 0.5, 0.45, PLUS, clip=p, tint=light.top)


def cave_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    for _ in range(rng.randint(4, 7)):
        x, w, h = rng.uniform(0, 128), rng.uniform(3, 7), rng.uniform(10, 30)
        c.drawPath(
            poly([(x - w, -2), (x + w, -2), (x + w * 0.2, h), (x, h + 3)]), paint(mul(light.lit((40, 44, 66)), 0.5))
        )
    for _ in range(3):
        coral(c, rng, light, rng.uniform(0, 128), 127, rng.uniform(8, 15))
    bubbles(c, rng, 12)
    motes(c, rng, 40, light.glow, 0.7)

"""Volcanoes with their smoke and lava; glaciers and icebergs."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import SCREEN, SOFT, Colour, glow, mix, mul, paint, poly, smooth, vgrad
from ddpm.training.data.scenes.land import ground, rock
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import below, ridge, texture
from ddpm.training.data.scenes.scene import Scene


def volcano_cone(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon
    x, w, top = rng.uniform(48, 80), rng.uniform(44, 58), rng.uniform(20, 32)
    r = rng.uniform(7, 10)
    left = [
        (x - r - (w - r) * (t**1.5) + rng.uniform(-1.2, 1.2), top + (h + 6 - top) * t)
        for t in [i / 9 for i in range(10)]
    ]
    right = [
        (x + r + (w - r) * (t**1.5) + rng.uniform(-1.2, 1.2), top + (h + 6 - top) * t)
        for t in [i / 9 for i in range(10)]
    ]
    red = (255, 96, 30)
    for i in range(9):
        t = i / 9
        cumulus_smoke(
            c,
            rng,
            x + rng.uniform(-6, 6) + t * scene.wind * 44,
            top - 2 - t * 26,
            7 + 15 * t,
            mix(mix((70, 60, 66), light.mid, 0.35), red, max(0, 0.5 - t * 0.8)),
            0.62,
        )
    glow(c, x, top, 46, red, 0.85)
    for _ in range(26):
        a = -math.pi / 2 + rng.gauss(0, 0.45)
        d = rng.random() ** 1.4 * 26
        px, py = x + math.cos(a) * d, top + math.sin(a) * d
        c.drawLine(
            px,
            py,
            px + math.cos(a) * 2,
            py + math.sin(a) * 2,
            paint(mix((255, 226, 120), red, d / 26), 0.9, stroke=0.9),
        )
    p = poly(left[::-1] + [(x, top + 3)] + right)
    col = light.lit((86, 66, 66), 0.12)
    c.drawPath(
        p, paint(shader=vgrad(top, h, [(0, mul(mix(col, red, 0.2), 0.8), 1), (1, mix(col, light.haze, 0.4), 1)]))
    )
    c.save()
    c.clipPath(p, doAntiAlias=True)
    texture(c, rng, "rock", 0.8, 0.5, SOFT)
    c.drawPath(poly([(x, top)] + right + [(x + 6, h + 6)]), paint(mul(col, 0.5), 0.4, blur=1))
    for _ in range(rng.randint(2, 4)):
        pts = [(x + rng.uniform(-r, r) * 0.7, top + 1)]
        d = rng.uniform(-0.6, 0.6)
        for _ in range(7):
            q = pts[-1]
            pts.append((q[0] + d * 6 + rng.uniform(-3, 3), q[1] + (h + 8 - top) / 7 * rng.uniform(0.7, 1)))
        pa = smooth(pts)
        c.drawPath(pa, paint(red, 0.7, blur=3, stroke=6, blend=SCREEN))
        c.drawPath(pa, paint((255, 112, 30), 1, stroke=2.2))
        c.drawPath(pa, paint((255, 224, 120), 1, stroke=0.9))
    c.restore()


def cumulus_smoke(c: skia.Canvas, rng: random.Random, x: float, y: float, r: float, col: Colour, a: float) -> None:
    for _ in range(4):
        q, px, py = r * rng.uniform(0.5, 0.9), x + rng.uniform(-r, r) * 0.5, y + rng.uniform(-r, r) * 0.4
        c.drawCircle(px, py, q, paint(mul(col, 0.8), a, blur=1.4))
        c.drawCircle(px - q * 0.25, py - q * 0.3, q * 0.55, paint(mix(col, (255, 240, 230), 0.25), a * 0.5, blur=2))


def lava_field(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    ground(c, rng, light, scene.horizon + 2, (58, 46, 50), tex="rock", a=0.8)
    for _ in range(rng.randint(2, 4)):
        x, y = rng.uniform(0, 128), scene.horizon + 4
        pts = [(x, y)]
        while y < 132:
            y += rng.uniform(5, 10)
            x += rng.uniform(-12, 12)
            pts.append((x, y))
        pa = smooth(pts)
        w = rng.uniform(1.2, 3)
        c.drawPath(pa, paint((255, 90, 30), 0.6, blur=4, stroke=w * 4, blend=SCREEN))
        c.drawPath(pa, paint((255, 120, 36), 1, stroke=w))
        c.drawPath(pa, paint((255, 226, 130), 0.9, stroke=w * 0.4))


def ice_wall(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """a wall of blue ice with cracks"""
    h = scene.horizon
    top = h - rng.uniform(12, 22)
    pts = ridge(rng, top + 6, 10, n=34, stretch=1.6)
    p = below(pts, h + 3)
    a, b = light.lit((226, 246, 255), 0.1), light.lit((84, 170, 214), 0.05)
    c.drawPath(p, paint(shader=vgrad(top - 6, h + 3, [(0, a, 1), (0.5, mix(a, b, 0.6), 1), (1, b, 1)])))
    c.save()
    c.clipPath(p, doAntiAlias=True)
    for _ in range(26):
        x = rng.uniform(0, 128)
        y = top - 8
        w = rng.uniform(1, 5)
        d = rng.uniform(-4, 4)
        c.drawPath(
            poly([(x, y), (x + w, y), (x + w * 0.6 + d, h + 3), (x + d, h + 3)]),
            paint(
                light.lit((40, 120, 180)) if rng.random() < 0.5 else light.lit((240, 252, 255)), rng.uniform(0.15, 0.4)
            ),
        )
    texture(c, rng, "rock", 0.5, 0.4, SOFT)
    c.restore()


def icebergs(c: skia.Canvas, rng: random.Random, light: Light, y0: float, n: int) -> None:
    for _ in range(n):
        y = rng.uniform(y0 + 3, y0 + 18)
        k = (y - y0) / 18 + 0.4
        rock(c, rng, light, rng.uniform(0, 128), y, rng.uniform(5, 12) * k, (214, 240, 252), rng.choice((-1, 1)), 0.1)

"""Corals and kelp."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import mix, mul, paint, smooth
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.plants import leaf

CORALS = [(244, 106, 106), (250, 150, 90), (232, 90, 160), (180, 110, 220), (255, 196, 90), (120, 210, 190)]


def kelp(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, h: float, depth: float) -> None:
    col = mix(light.lit((54, 120, 76)), light.haze, depth)
    ph = rng.uniform(0, 6)
    pts = [(x + math.sin(ph + k * 0.9) * 3.2, y - h * k / 8) for k in range(9)]
    c.drawPath(smooth(pts), paint(mul(col, 0.7), stroke=1.0))
    for k in range(1, 9):
        for sd in (-1, 1):
            leaf(
                c, pts[k][0], pts[k][1], h * 0.12, -90 + sd * rng.uniform(35, 65), mul(col, rng.uniform(0.7, 1.2)), 0.2
            )


def coral(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, h: float, depth: float = 0.0) -> None:
    col = mix(light.lit(rng.choice(CORALS)), light.haze, depth)
    kind = rng.randrange(3)
    if kind == 0:

        def branch(x: float, y: float, a: float, ln: float, w: float, k: float) -> None:
            ex, ey = x + math.cos(a) * ln, y + math.sin(a) * ln
            c.drawLine(x, y, ex, ey, paint(mul(col, 0.75 + 0.09 * k), stroke=w))
            if k < 3:
                for _ in range(2):
                    branch(ex, ey, a + rng.uniform(-0.75, 0.75), ln * 0.72, w * 0.72, k + 1)

        for _ in range(3):
            branch(x, y, -math.pi / 2 + rng.uniform(-0.5, 0.5), h * 0.36, h * 0.12, 0)
    elif kind == 1:
        for _ in range(26):
            a, d = rng.uniform(math.pi, 2 * math.pi), rng.random() ** 0.5
            r = h * rng.uniform(0.1, 0.17)
            px, py = x + math.cos(a) * d * h * 0.5, y + math.sin(a) * d * h * 0.45
            c.drawCircle(px, py, r, paint(mul(col, 0.65 + 0.4 * d)))
            c.drawCircle(px - r * 0.3, py - r * 0.35, r * 0.45, paint(mix(col, (255, 255, 255), 0.4), 0.5))
    else:
        for k in range(6):
            a = (k - 2.5) * 0.22
            ex, ey = x + math.sin(a) * h * 0.8, y - math.cos(a) * h * rng.uniform(0.6, 1)
            c.drawLine(x + a * 4, y, ex, ey, paint(mul(col, rng.uniform(0.75, 1.05)), stroke=h * 0.14))
            c.drawCircle(ex, ey, h * 0.07, paint(mix(col, (255, 255, 255), 0.4)))

"""Waves that run towards the beach: lines of swell far out, rolling crests with foam near by, higher in a storm."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.draw import Points, mix, mul, oval, paint, poly, smooth, wave
from ddpm.training.data.scenes.light import Light


def breakers(c: skia.Canvas, rng: random.Random, light: Light, y0: float, y1: float, *, rough: bool) -> None:
    """Between the horizon y0 and the water's edge y1."""
    sea, foam = light.lit((24, 150, 170)), mix(light.lit((255, 255, 255)), (255, 255, 255), 0.3)
    rows = 7 if rough else 5
    for row in range(rows):
        t = (row + 0.6) / rows
        y = y0 + (y1 - y0) * t**1.3
        height = (1.0 + 3.2 * t) * (1.9 if rough else 1.0)
        if row < rows - 3:
            _swell(c, rng, y, height, mul(sea, 0.62))
            continue
        for _ in range(rng.randint(1, 2)):
            _crest(c, rng, light, rng.uniform(-10, 110), y + rng.uniform(-2, 2), rng.uniform(34, 64), height)
    for _ in range(26 if rough else 12):
        t = rng.random()
        oval(c, rng.uniform(0, 128), y0 + (y1 - y0) * (0.35 + 0.65 * t), 1 + 2 * t, 0.3 + 0.3 * t, paint(foam, 0.7))


def _swell(c: skia.Canvas, rng: random.Random, y: float, height: float, col: tuple[float, float, float]) -> None:
    phase = rng.uniform(0, 6)
    line = [(float(x), y + 0.5 * height * wave(x, 0.11, phase)) for x in range(-4, 133, 6)]
    c.drawPath(smooth(line), paint(col, 0.35, stroke=0.9))


def _crest(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, width: float, height: float) -> None:
    """A roller: dark hollow face, bright lip, foam that trails behind."""
    lip: Points = []
    for k in range(13):
        t = k / 12
        lip.append((x + width * t, y - height * (4 * t * (1 - t)) ** 0.7 + rng.uniform(-0.3, 0.3)))
    face = [(px, py + height * (0.9 * (4 * k / 12 * (1 - k / 12)))) for k, (px, py) in enumerate(lip)]
    c.drawPath(poly(lip + face[::-1]), paint(mul(light.lit((16, 120, 146)), 0.85), 0.3 + 0.08 * height))
    foam = mix(light.lit((255, 255, 255)), (255, 255, 255), 0.35)
    c.drawPath(smooth(lip), paint(foam, 0.95, stroke=1.1))
    for _ in range(int(width / 4)):
        px, py = rng.choice(lip)
        oval(c, px + rng.uniform(-2, 2), py + rng.uniform(0, height), rng.uniform(0.6, 1.6), 0.5, paint(foam, 0.75))

"""Northern lights: folded curtains, brightest at their lower edge, fading upwards into another colour."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import SCREEN, Colour, mix, paint, smooth, vgrad, wave

# one for each of the vocabulary's AURORA_NAMES
COLOURS: list[list[Colour]] = [
    [(90, 255, 170), (70, 200, 255)],
    [(110, 255, 140), (60, 240, 170)],
    [(255, 90, 190), (160, 100, 255), (90, 240, 190)],
]


def curtains(c: skia.Canvas, rng: random.Random, h: float, colours: list[Colour]) -> None:
    """Two or three, over a sky whose horizon is h."""
    n = rng.randint(2, 3)
    order = rng.sample(colours * 2, n)
    for k in range(n):
        _curtain(c, rng, h, order[k], rng.choice(colours), base=h * (0.86 - 0.2 * k) * rng.uniform(0.9, 1.05))


def _curtain(c: skia.Canvas, rng: random.Random, h: float, low: Colour, high: Colour, base: float) -> None:
    phase, slow, sway = rng.uniform(0, 6), rng.uniform(0.025, 0.05), rng.uniform(6, 13)
    tall = h * rng.uniform(0.5, 0.8)
    edge = []
    for x in range(-3, 133, 2):
        fold = wave(x, slow, phase)
        y = base + sway * fold + 3.5 * wave(x, slow * 3.3, phase * 2)
        facing = 0.5 + 0.5 * math.cos(slow * (x + 6) * 2 + phase * 1.7) * wave(x, slow * 4.1, phase * 3)
        alpha = 0.22 + 0.66 * facing * facing
        top = y - tall * (0.5 + 0.5 * facing) * rng.uniform(0.85, 1.1)
        stops = [(0.0, high, 0.0), (0.45, high, alpha * 0.4), (0.86, low, alpha), (1.0, low, 0.0)]
        blur = 1.1 if x % 4 == 1 else 0.0
        c.drawRect(
            skia.Rect.MakeLTRB(x, top, x + 3.4, y + 3), paint(shader=vgrad(top, y + 3, stops), blend=SCREEN, blur=blur)
        )
        edge.append((float(x), y))
    c.drawPath(smooth(edge), paint(low, 0.35, stroke=5, blur=3, blend=SCREEN))
    c.drawPath(smooth(edge), paint(mix(low, (255, 255, 255), 0.5), 0.45, stroke=1.0, blur=0.7, blend=SCREEN))

"""Mountains one by one: a lit and a shaded flank parted by a ridge line, snow with fingers, mist at the foot."""

from __future__ import annotations

import random
from typing import NamedTuple

import skia

from ddpm.training.data.scenes.draw import SOFT, Colour, Point, Points, mix, mul, paint, poly
from ddpm.training.data.scenes.land import mist
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import texture
from ddpm.training.data.scenes.scene import Scene


class Peak(NamedTuple):
    """One mountain: the middle of its foot, half its width and its height in picture units."""

    x: float
    y: float
    w: float
    h: float
    depth: float  # 0 near .. 1 lost in the haze
    snow: float  # share of its height under snow


def mountain_range(
    c: skia.Canvas, rng: random.Random, light: Light, scene: Scene, snow: float, rock: Colour, height: float
) -> None:
    """Far chains first, then one or two great mountains; their foot at scene.horizon."""
    h, lit_from = scene.horizon, -1 if scene.sun_x < 64 else 1
    for depth, n, low, high in ((0.72, 6, 0.35, 0.6), (0.5, 4, 0.5, 0.78)):
        for k in range(n):
            x = (k + 0.5) * 128 / n + rng.uniform(-12, 12)
            tall = height * rng.uniform(low, high)
            _peak(c, rng, light, Peak(x, h + 2, tall * rng.uniform(0.75, 1.05), tall, depth, snow), rock, lit_from)
        mist(c, light, h - 1, 6, 0.35)
    great = rng.uniform(30, 98)
    pair = [(great, 1.0)]
    if rng.random() < 0.6:
        pair.insert(0, (great + rng.choice((-1, 1)) * rng.uniform(34, 50), rng.uniform(0.62, 0.8)))
    for x, share in pair:
        tall = height * share * rng.uniform(0.95, 1.12)
        _peak(c, rng, light, Peak(x, h + 3, tall * rng.uniform(0.8, 1.05), tall, 0.2, snow), rock, lit_from)
    mist(c, light, h, 7, 0.55)


def _slope(rng: random.Random, peak: Peak, side: float) -> Points:
    """From the top to the foot: steep above, gentle below, broken by shoulders."""
    points = [(peak.x, peak.y - peak.h)]
    for k in range(1, 9):
        t = k / 9
        jag = rng.uniform(-1, 1) * peak.h * 0.035
        points.append((peak.x + side * peak.w * t**1.25 + jag, peak.y - peak.h * (1 - t) + jag * 0.6))
    return [*points, (peak.x + side * peak.w, peak.y)]


def _peak(c: skia.Canvas, rng: random.Random, light: Light, peak: Peak, rock: Colour, lit_from: int) -> None:
    left, right = _slope(rng, peak, -1), _slope(rng, peak, 1)
    body = poly(left[::-1] + right[1:])
    top = light.lit(rock, peak.depth)
    foot = mix(top, light.haze, 0.5)
    c.drawPath(body, paint(shader=_fall(peak, mix(top, light.glow, 0.1), foot)))
    ridge = _ridge(rng, peak)
    far = right if lit_from < 0 else left
    dark = mul(mix(top, light.top, 0.45), 0.66)
    c.save()
    c.clipPath(body, doAntiAlias=True)
    shaded = poly(ridge + far[::-1])
    c.drawPath(shaded, paint(shader=_fall(peak, dark, mix(dark, light.haze, 0.5))))
    _gullies(c, rng, peak, ridge, dark, lit_from)
    if peak.snow:
        white = mix(mul((250, 252, 255), mix(light.ambient, (1, 1, 1), 0.45)), light.haze, peak.depth * 0.55)
        blue = mix(mul(white, (0.66, 0.74, 0.9)), light.haze, peak.depth * 0.2)
        cap = poly(_snow_line(rng, peak))
        c.drawPath(cap, paint(mix(white, light.glow, 0.14)))
        c.save()
        c.clipPath(shaded, doAntiAlias=True)
        c.drawPath(cap, paint(blue))
        c.restore()
        _gullies(c, rng, peak, ridge, blue, lit_from)
    texture(c, rng, "rock", 0.35 * (1 - peak.depth), 0.4, SOFT)
    c.restore()


def _fall(peak: Peak, top: Colour, foot: Colour) -> skia.Shader:
    return skia.GradientShader.MakeLinear(
        points=[(0, peak.y - peak.h), (0, peak.y)],
        colors=[paint(top).getColor(), paint(foot).getColor()],
    )


def _ridge(rng: random.Random, peak: Peak) -> Points:
    """The line that parts light from shade, zigzag from the top to the foot."""
    drift = rng.uniform(-0.22, 0.22) * peak.w
    points: Points = [(peak.x, peak.y - peak.h)]
    for k in range(1, 8):
        t = k / 7
        swing = (1 if k % 2 else -1) * rng.uniform(0.03, 0.1) * peak.w * (0.4 + t)
        points.append((peak.x + drift * t + swing, peak.y - peak.h * (1 - t)))
    return points


def _gullies(c: skia.Canvas, rng: random.Random, peak: Peak, ridge: Points, col: Colour, lit_from: int) -> None:
    """Small shadows that run down the lit flank."""
    for x, y in ridge[1:6]:
        start: Point = (x + lit_from * rng.uniform(0.02, 0.3) * peak.w * (1 - (peak.y - y) / peak.h), y)
        run = rng.uniform(0.12, 0.26) * peak.h
        out = lit_from * run * rng.uniform(0.4, 0.9)
        wedge = [start, (start[0] + out, y + run), (start[0] + out * 0.35, y + run * 1.05)]
        c.drawPath(poly(wedge), paint(col, 0.5))


def _snow_line(rng: random.Random, peak: Peak) -> Points:
    """Everything above a toothed line at the share `snow` of the height."""
    y = peak.y - peak.h * (1 - peak.snow)
    teeth = 11
    line: Points = []
    for k in range(teeth + 1):
        tooth = peak.h * rng.uniform(0.03, 0.15) * (1 if k % 2 else -1)
        line.append((peak.x + peak.w * (2 * k / teeth - 1), y + tooth))
    return [(peak.x - peak.w, peak.y - peak.h - 4), (peak.x + peak.w, peak.y - peak.h - 4), *line[::-1]]

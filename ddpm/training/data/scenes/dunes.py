"""Dunes: each with a lit slope and a slip face in shade, parted by a sharp crest; wind ripples on the nearest."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.draw import SOFT, Colour, Points, mix, mul, paint, poly, smooth, vgrad
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import below, texture
from ddpm.training.data.scenes.scene import Scene

SANDS: list[Colour] = [(238, 184, 108), (228, 158, 92), (242, 204, 138), (218, 136, 84)]


def dunes(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """Five rows, far ones small and hazy."""
    sand = rng.choice(SANDS)
    lee = 1 if scene.sun_x < 64 else -1  # the side away from the sun
    for row in range(5):
        y = scene.horizon + 2 + row * row * 3.6
        height, depth = 3.5 + 4.2 * row, max(0.0, 0.66 - row * 0.2)
        wide = 20 + 15 * row
        x = rng.uniform(-wide, 0)
        tops: Points = []
        while x < 132 + wide:
            tops.append((x, y - height * rng.uniform(0.35, 1.0)))
            x += wide * rng.uniform(0.8, 1.5)
        _row(c, rng, light, tops, y, light.lit(sand, depth), lee, near=row >= 3)


def _row(
    c: skia.Canvas, rng: random.Random, light: Light, tops: Points, y: float, col: Colour, lee: int, *, near: bool
) -> None:
    """One row of crests: its outline falls gently to windward and steeply to leeward."""
    outline: Points = [(-60.0, y)]
    feet: Points = []
    for (x0, y0), (x1, _) in zip(tops, tops[1:], strict=False):
        foot = x0 + (x1 - x0) * (0.42 if lee > 0 else 0.58), y + rng.uniform(-0.5, 1.5)
        outline += [(x0, y0), foot]
        feet.append(foot)
    outline += [tops[-1], (190.0, y)]
    bright, deep = mix(col, light.glow, 0.22), mul(col, 0.8)
    high = min(top for _, top in tops)
    body = below(_eased(outline))
    c.drawPath(body, paint(shader=vgrad(high, y + 30, [(0, bright, 1), (0.5, col, 1), (1, deep, 1)])))
    c.save()
    c.clipPath(body, doAntiAlias=True)
    shade = mul(col, (0.6, 0.55, 0.64))
    for (x, top), foot in zip(tops, feet if lee > 0 else [(-60.0, y), *feet], strict=False):
        _slip_face(c, rng, light, x, top, foot[0], y, shade)
    if near:
        for _ in range(9):
            at, level = rng.uniform(-10, 120), y + rng.uniform(2, 26)
            wind = smooth([(at, level), (at + 10, level - 1.5), (at + 22, level + 1), (at + 34, level)])
            c.drawPath(wind, paint(deep, 0.35, stroke=0.7))
    texture(c, rng, "strokes", 0.4, 0.5, SOFT)
    c.restore()


def _eased(points: Points) -> Points:
    """A little roundness in the hollows, none at the crests."""
    out: Points = [points[0]]
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        for t in (0.2, 0.4, 0.6, 0.8, 1.0):
            sag = t * t if y1 < y0 else 1 - (1 - t) * (1 - t)
            out.append((x0 + (x1 - x0) * t, y0 + (y1 - y0) * sag))
    return out


def _slip_face(
    c: skia.Canvas, rng: random.Random, light: Light, x: float, top: float, foot: float, y: float, shade: Colour
) -> None:
    """Shade from the crest to the foot on the lee side, its near edge an S that runs down the dune."""
    down = y + (y - top) * rng.uniform(0.9, 1.6)
    swing = (foot - x) * rng.uniform(0.15, 0.35)
    crest = skia.Path()
    crest.moveTo(x, top - 1)
    crest.cubicTo(x - swing, top + (down - top) * 0.35, x + swing * 2.4, top + (down - top) * 0.6, x + swing, down)
    crest.lineTo(foot + (foot - x) * 0.6, down)
    crest.lineTo(foot, y - 0.5)
    crest.lineTo(x, top - 1)
    crest.close()
    c.drawPath(crest, paint(shader=vgrad(top, down, [(0, shade, 0.85), (0.7, shade, 0.55), (1, shade, 0)])))
    c.drawPath(poly([(x - 0.6, top - 0.2), (x + 0.6, top - 0.2), (x + swing * 0.2, top + 4)]), paint(light.glow, 0.3))

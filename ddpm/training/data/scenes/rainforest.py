"""Rainforest: layers of trunks and canopy that fade into bright mist, light shafts, flowers, leaves in front."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.draw import SOFT, Colour, mix, mul, oval, paint, poly, rgrad, smooth, vgrad
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import ridge, texture
from ddpm.training.data.scenes.plants import fern, leaf, vine
from ddpm.training.data.scenes.scene import Scene
from ddpm.training.data.scenes.sky import rays

BLOOMS: list[Colour] = [(238, 60, 84), (250, 140, 50), (246, 90, 170), (250, 214, 80), (190, 110, 236)]


def rainforest(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    h = scene.horizon = 80
    bright = 1 - light.dark
    mist = mix(mix(light.low, (214, 246, 150), 0.5 * bright), (255, 255, 226), 0.25 * bright)
    deep = light.lit((18, 72, 50))
    x = scene.sun_x
    stops = [(0.0, mist, 1.0), (0.45, mix(mist, light.lit((84, 160, 92)), 0.6), 1.0), (1.0, deep, 1.0)]
    c.drawPaint(paint(shader=rgrad(x, 40, 108, stops)))
    texture(c, rng, "strokes", 0.3, 0.9)
    for depth, n, width, drop in ((0.74, 9, 1.6, 16), (0.5, 6, 2.6, 24), (0.26, 4, 4.2, 30)):
        green = mix(light.lit((50, 134, 66)), mist, depth)
        for _ in range(n):
            _trunk(c, rng, rng.uniform(-4, 132), width, mix(light.lit((84, 70, 50)), mist, depth), h + 14)
        _canopy(c, rng, light, drop * rng.uniform(0.8, 1.15), mul(green, 0.86))
        for _ in range(7):
            _bush(c, rng, rng.uniform(-4, 132), h + 12 - 12 * depth, 15 - 7 * depth, green)
    rays(c, rng, x, -16, mix(light.glow, (255, 255, 190), 0.4), 8, 0.34 if light.dark < 0.5 else 0.14, 140, 1.1)
    _floor(c, rng, light, h + 8, mist)
    if rng.random() < 0.4:
        _stream(c, rng, light, h + 8, mist)
    for side in (-1, 1):
        edge = 64 + side * rng.uniform(46, 62)
        _trunk(c, rng, edge, rng.uniform(5, 8), light.lit((74, 58, 44)), 130, roots=True)
        for _ in range(3):
            at = 64 + side * rng.uniform(36, 66), rng.uniform(94, 108)
            _bush(c, rng, *at, rng.uniform(10, 17), light.lit((46, 124, 56)))
            for _ in range(2):
                _bloom(c, rng, light, at[0] + rng.uniform(-8, 8), at[1] - rng.uniform(2, 10), rng.uniform(1.2, 2.2))


def _trunk(
    c: skia.Canvas, rng: random.Random, x: float, w: float, col: Colour, foot: float, *, roots: bool = False
) -> None:
    lean, flare = rng.uniform(-5, 5), 2.4 if roots else 1.3
    shape = skia.Path()
    shape.moveTo(x + lean - w * 0.45, -4)
    shape.quadTo(x - w * 0.5, foot * 0.6, x - w * flare, foot)
    shape.lineTo(x + w * flare, foot)
    shape.quadTo(x + w * 0.5, foot * 0.6, x + lean + w * 0.45, -4)
    shape.close()
    c.drawPath(shape, paint(col))
    c.drawPath(smooth([(x + lean * 0.9 - w * 0.2, 0), (x - w * 0.2, foot * 0.6), (x - w * 0.5, foot)]),
               paint(mix(col, (240, 255, 190), 0.3), 0.5, stroke=w * 0.3))  # fmt: skip


def _canopy(c: skia.Canvas, rng: random.Random, light: Light, drop: float, col: Colour) -> None:
    """Leaves that hang from the upper edge in clusters, lower at the sides than in the middle."""
    edge = [(x, 2 * drop - y + abs(x - 64) * 0.3 - 5) for x, y in ridge(rng, drop, drop * 0.9, rough=False)]
    shade = vgrad(0, drop * 1.8, [(0, mul(col, 0.5), 1), (1, mul(col, 0.92), 1)])
    c.drawPath(poly([(-4, -4), *edge, (132, -4)]), paint(shader=shade))
    for x, y in edge[:: 2 if drop < 20 else 3]:
        for _ in range(3):
            tone = mix(mul(col, rng.uniform(0.75, 1.2)), light.glow, 0.12 * rng.random())
            leaf(c, x + rng.uniform(-3, 3), y - rng.uniform(0, 7), rng.uniform(5, 10), rng.uniform(20, 160), tone, 0.32)


def _bush(c: skia.Canvas, rng: random.Random, x: float, y: float, size: float, col: Colour) -> None:
    """A fan of pointed leaves."""
    for k in range(9):
        angle = -90 + (k - 4) * 21 + rng.uniform(-8, 8)
        length = size * rng.uniform(0.75, 1.15)
        leaf(c, x, y, length, angle, mul(col, rng.uniform(0.7, 1.2)), 0.2)


def _floor(c: skia.Canvas, rng: random.Random, light: Light, y: float, mist: Colour) -> None:
    """Mossy ground, with a path of light in the middle."""
    moss = light.lit((74, 122, 54))
    far, near = mix(moss, mist, 0.45), mul(light.lit((40, 84, 44)), 0.8)
    c.drawRect(
        skia.Rect.MakeLTRB(-2, y, 132, 132), paint(shader=vgrad(y, 128, [(0, far, 1), (0.45, moss, 1), (1, near, 1)]))
    )
    texture(c, rng, "strokes", 0.5, 0.6, SOFT, clip=poly([(-2, y), (132, y), (132, 132), (-2, 132)]))
    oval(c, 64, y + 16, 34, 12, paint(mix(moss, mist, 0.55), 0.5, blur=6))
    for _ in range(10):
        fern(c, rng, light, rng.uniform(0, 128), rng.uniform(y + 3, y + 14), rng.uniform(5, 10))


def _stream(c: skia.Canvas, rng: random.Random, light: Light, y: float, mist: Colour) -> None:
    """A bright brook that winds out of the depth."""
    x, way = rng.uniform(48, 80), rng.choice((-1, 1))
    bed = skia.Path()
    bed.moveTo(x - 2, y)
    bed.cubicTo(x + way * 16, y + 10, x - way * 26 - 10, y + 18, x - way * 12 - 20, 130)
    bed.lineTo(x - way * 12 + 20, 130)
    bed.cubicTo(x - way * 26 + 12, y + 18, x + way * 16 + 6, y + 10, x + 2, y)
    bed.close()
    water = light.lit((96, 176, 170))
    c.drawPath(bed, paint(mul(light.lit((60, 70, 44)), 0.8), 0.8, stroke=2.2, blur=0.8))
    c.drawPath(
        bed, paint(shader=vgrad(y, 128, [(0, mix(water, mist, 0.7), 1), (0.5, water, 1), (1, mul(water, 0.62), 1)]))
    )
    c.save()
    c.clipPath(bed, doAntiAlias=True)
    for _ in range(16):
        t = rng.random()
        at = x + rng.uniform(-22, 22), y + 2 + 46 * t
        oval(c, *at, 2 + 5 * t, 0.35 + 0.3 * t, paint((255, 255, 255), 0.45))
    c.restore()


def _bloom(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, r: float) -> None:
    col = mix(light.lit(rng.choice(BLOOMS)), (255, 255, 255), 0.08)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        oval(c, x + dx * r * 0.8, y + dy * r * 0.8, r, r, paint(mul(col, 0.9 + 0.1 * dx)))
    c.drawCircle(x, y, r * 0.6, paint((255, 236, 140)))


def rainforest_front(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    for _ in range(4):
        vine(c, rng, light, rng.choice((rng.uniform(0, 34), rng.uniform(94, 128))), rng.uniform(20, 56))
    for _ in range(8):
        fern(c, rng, light, rng.choice((rng.uniform(-2, 44), rng.uniform(84, 130))), 130, rng.uniform(10, 19))
    for side in (-1, 1):
        for corner, spread in ((-2, (20, 75)), (132, (-70, -25))):
            for _ in range(3):
                _great_leaf(c, rng, light, 64 + side * 68, corner, side, spread)
    if rng.random() < 0.7:
        for _ in range(rng.randint(2, 4)):
            x = rng.choice((rng.uniform(2, 30), rng.uniform(98, 126)))
            _bloom(c, rng, light, x, rng.uniform(110, 124), rng.uniform(1.8, 2.8))


def _great_leaf(
    c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, side: int, spread: tuple[float, float]
) -> None:
    """A broad leaf with ribs, reaching in from a corner."""
    angle = rng.uniform(*spread)
    length = rng.uniform(22, 38)
    col = mul(light.lit((34, 112, 58)), rng.uniform(0.45, 0.85))
    turned = angle if side < 0 else 180 - angle
    leaf(c, x, y, length, turned, col, rng.uniform(0.3, 0.42))
    c.save()
    c.translate(x, y)
    c.rotate(turned)
    for k in range(1, 6):
        at = length * k / 6.5
        for way in (-1, 1):
            c.drawLine(
                at, 0, at + length * 0.1, way * length * 0.12, paint(mix(col, light.glow, 0.35), 0.7, stroke=0.6)
            )
    c.drawLine(0, 0, length, 0, paint(mix(col, light.glow, 0.45), 0.8, stroke=0.8))
    c.restore()

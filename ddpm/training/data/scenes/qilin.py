"""Qilin: deer-bodied, scaled, with one swept horn and a flaming mane, in a 128 x 128 box."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.beasts import shade_of
from ddpm.training.data.scenes.draw import Colour, Point, curve, mix, mul, oval, paint, smooth, svg

Leg = tuple[Point, Point, Point]  # hip, knee, hoof

STANDING: tuple[Leg, ...] = (
    ((52, 82), (49, 100), (46, 120)),
    ((96, 80), (95, 100), (98, 120)),
    ((43, 82), (39, 100), (36, 120)),
    ((88, 82), (88, 100), (92, 120)),
)
LEAPING: tuple[Leg, ...] = (
    ((54, 82), (42, 98), (24, 100)),
    ((98, 78), (110, 94), (124, 92)),
    ((44, 82), (28, 90), (30, 108)),
    ((90, 82), (104, 98), (116, 106)),
)


def qilin(c: skia.Canvas, col: Colour, *, leaping: bool) -> None:
    """Facing left; standing, or in the middle of a leap."""
    if leaping:
        c.rotate(9, 70, 80)
    mane = (250, 150, 60) if col[0] < 200 or col[2] > 150 else (230, 70, 60)
    for d, k in (
        ("M100 66 C118 58 112 40 126 34 C124 50 128 60 118 74 C112 80 104 78 100 74 Z", 1),
        ("M100 68 C112 62 112 50 118 46 C118 58 120 64 112 72 Z", 1.25),
    ):
        c.drawPath(svg(d), shade_of(mul(mane, k), 30, 80))
    for leg, k in zip(LEAPING if leaping else STANDING, (0.72, 0.72, 1.0, 1.0), strict=True):
        _leg(c, leg, mul(col, k), mane)
    c.drawPath(
        svg(
            "M36 62 C30 50 36 42 34 30 L50 30 C54 44 62 52 78 52 C96 50 106 58 104 74 C102 90 84 "
            "90 68 88 C50 92 38 84 36 62 Z"
        ),
        shade_of(col),
    )
    for i in range(7):
        for j in range(3):
            left, top = 48 + i * 7.5 + (j % 2) * 3.6, 62 + j * 7
            c.drawPath(
                curve("M%g %g Q%g %g %g %g", left, top, left + 3.4, top + 4.6, left + 6.8, top),
                paint(mul(col, 0.6), 0.7, stroke=0.9),
            )
    c.drawPath(
        svg("M42 14 C56 12 60 26 66 30 C62 32 66 40 74 46 C66 48 70 54 74 60 C58 58 50 46 46 34 Z"),
        shade_of(mane, 10, 64),
    )
    c.drawPath(
        svg("M44 18 C54 20 54 30 60 36 C58 38 62 46 64 52 C54 48 48 38 46 30 Z"), paint(mix(mane, (255, 240, 150), 0.6))
    )
    c.drawPath(
        svg("M34 14 C44 8 54 16 52 28 C48 38 38 36 30 38 C20 42 10 40 10 34 C14 28 24 26 34 14 Z"), shade_of(col, 8, 42)
    )
    c.drawPath(svg("M40 12 C36 2 44 -4 56 -2 C48 2 48 8 48 14 Z"), paint((252, 236, 190)))
    c.drawPath(svg("M50 16 C58 10 62 10 66 12 C62 18 56 22 52 22 Z"), shade_of(mul(col, 0.9)))
    c.drawPath(svg("M14 38 C10 44 6 46 2 44"), paint(mane, 1, stroke=1.4))
    c.drawPath(svg("M20 40 C20 48 24 52 22 58 C30 52 30 44 28 38 Z"), paint(mix(mane, (255, 240, 180), 0.3)))
    c.drawCircle(33, 22.5, 2.5, paint((255, 250, 220)))
    c.drawCircle(32.6, 22.5, 1.4, paint((30, 16, 16)))


def _leg(c: skia.Canvas, leg: Leg, col: Colour, mane: Colour) -> None:
    hip, knee, hoof = leg
    c.drawPath(smooth([hip, knee, knee, hoof]), paint(mul(col, 0.8), stroke=8.6))
    c.drawPath(smooth([hip, knee, knee, hoof]), paint(col, stroke=7.4))
    oval(c, *hip, 8, 9, paint(col))
    x, y = (knee[0] + 2 * hoof[0]) / 3, (knee[1] + 2 * hoof[1]) / 3
    oval(c, x, y, 5.5, 4.5, paint(mane, 0.85, blur=0.7))
    oval(c, hoof[0] - 0.5, hoof[1] + 2, 5, 3.6, paint((60, 48, 52)))

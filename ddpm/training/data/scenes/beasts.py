"""Mythical creatures for which no free art fits, drawn from curves in a 128 x 128 box."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, oval, paint, poly, rgrad, svg, vgrad, wave

DRAGON = {
    "red": (196, 52, 44),
    "green": (58, 142, 76),
    "blue": (54, 104, 196),
    "golden": (232, 176, 58),
    "purple": (122, 70, 168),
    "black": (56, 54, 66),
    "white": (228, 234, 242),
    "teal": (40, 150, 150),
    "silver": (168, 178, 196),
}


def shade_of(col: Colour, y0: float = 20, y1: float = 124) -> skia.Paint:
    return paint(shader=vgrad(y0, y1, [(0, mix(col, (255, 255, 255), 0.25), 1), (0.5, col, 1), (1, mul(col, 0.55), 1)]))


def winged_dragon(c: skia.Canvas, col: Colour) -> None:
    belly, dark = mix(col, (255, 236, 190), 0.55), mul(col, 0.6)
    wing = mul(mix(col, (255, 150, 80), 0.2), 0.85)
    c.drawPath(
        svg(
            "M66 66 C72 40 84 18 120 8 C116 22 122 30 124 42 C114 40 110 46 110 58 C100 54 94 60 "
            "92 72 C84 66 76 72 72 80 Z"
        ),
        shade_of(mul(wing, 0.7), 6, 80),
    )
    c.drawPath(
        svg(
            "M84 92 C110 92 120 108 100 116 C90 120 76 118 70 112 L74 104 C84 110 100 108 98 102 C94 98 86 100 80 102 Z"
        ),
        shade_of(col),
    )
    c.drawPath(poly([(100, 116), (114, 124), (94, 122)]), shade_of(dark))
    c.drawPath(
        svg(
            "M44 58 C40 40 30 34 32 24 C34 14 50 12 54 26 C56 40 68 50 80 64 C94 80 92 104 78 116 "
            "C66 122 50 120 46 108 C42 92 52 80 44 58 Z"
        ),
        shade_of(col),
    )
    c.drawPath(
        svg(
            "M44 58 C42 48 38 42 36 34 C44 40 50 52 54 64 C60 82 58 104 52 114 C44 108 48 90 48 78 C48 70 46 64 44 58 Z"
        ),
        shade_of(belly),
    )
    c.drawPath(
        svg("M30 16 C38 8 54 12 55 24 C54 34 42 36 30 34 C20 34 12 34 10 30 C12 24 22 24 30 16 Z"), shade_of(col, 8, 40)
    )
    for d in ("M46 14 C54 8 60 4 66 6 C60 10 56 16 52 20 Z", "M40 12 C46 4 52 0 58 0 C52 6 50 12 46 16 Z"):
        c.drawPath(svg(d), paint((240, 226, 190)))
    c.drawCircle(34, 21, 2.6, paint((255, 226, 90)))
    c.drawCircle(33.6, 21, 1.2, paint((30, 10, 10)))
    c.drawLine(12, 31, 32, 30.4, paint(dark, 0.8, stroke=1))
    c.drawCircle(13.5, 27.6, 0.9, paint(dark))
    c.drawPath(
        svg("M58 62 C50 42 44 26 30 44 C20 36 12 52 4 52 C14 62 14 70 22 74 C30 70 36 74 40 82 C46 78 54 78 58 74 Z"),
        shade_of(wing, 30, 84),
    )
    for e in ((22, 74), (40, 82), (4, 52)):
        c.drawPath(curve("M57 64 Q40 48 %g %g", *e), paint(dark, 0.7, stroke=1.2))
    for x, y in ((58, 30), (64, 42), (74, 54), (84, 68), (90, 84)):
        c.drawPath(poly([(x - 4, y), (x + 5, y - 6), (x + 2, y + 5)]), paint(mul(wing, 1.15)))
    for x in (54, 74):
        c.drawPath(
            curve(
                "M%g 100 C%g 108 %g 118 %g 124 L%g 124 C%g 114 %g 104 %g 98 Z",
                x - 7,
                x - 9,
                x - 8,
                x - 11,
                x + 6,
                x + 7,
                x + 9,
                x + 8,
            ),
            shade_of(mul(col, 0.9)),
        )


def leviathan(c: skia.Canvas, col: Colour, rng: random.Random, afloat: bool = True) -> None:
    """a sea serpent: coils rising from the water, or a long swimming body"""
    belly = mix(col, (244, 240, 200), 0.55)
    fin = mix(mul(col, 0.9), (120, 240, 220), 0.35)
    if afloat:
        spine = [
            (112 - 22 * t + 2 * wave(t, 6, 0), 128 - 42 * abs(wave(t, 7.2, 1.5)) * (0.35 + t * 0.5))
            for t in [i / 30 * 2.6 for i in range(31)]
        ]
        spine += [(46, 112), (50, 96), (48, 80), (40, 66), (33, 54), (32, 42), (36, 32)]
    else:
        spine = [
            (122 - 84 * t, 84 + 20 * wave(t, 9.2, 2.2) * (1 - 0.25 * t) - 4 * t) for t in [i / 34 for i in range(35)]
        ]
        spine += [(34, 72), (32, 60), (34, 48), (36, 36)]
    n = len(spine)
    c.drawPath(
        poly(
            [
                spine[0],
                (spine[0][0] + 10, spine[0][1] - 14),
                (spine[0][0] + 5, spine[0][1]),
                (spine[0][0] + 11, spine[0][1] + 10),
            ]
        ),
        paint(fin),
    )
    for i in range(1, n - 1):
        (x, y), r = spine[i], 3.2 + 8.4 * min(1, i / n * 1.25)
        if i % 3 == 0:
            (px, py), (qx, qy) = spine[i - 1], spine[i + 1]
            dx, dy = qx - px, qy - py
            d = math.hypot(dx, dy) or 1
            nx, ny = -dy / d, dx / d
            if ny > 0 or (abs(ny) < 0.3 and nx < 0):
                nx, ny = -nx, -ny
            c.drawPath(
                poly(
                    [
                        (x - dx / d * r * 0.8 + nx * r * 0.6, y - dy / d * r * 0.8 + ny * r * 0.6),
                        (x + nx * r * 1.9, y + ny * r * 1.9),
                        (x + dx / d * r * 0.8 + nx * r * 0.6, y + dy / d * r * 0.8 + ny * r * 0.6),
                    ]
                ),
                paint(fin),
            )
    for i in range(n - 1):
        (x, y), (x2, y2) = spine[i], spine[i + 1]
        r = 3.2 + 8.4 * min(1, i / n * 1.25)
        steps = max(1, int(math.hypot(x2 - x, y2 - y) / 4))
        for k in range(steps):
            u, v = x + (x2 - x) * k / steps, y + (y2 - y) * k / steps
            c.drawCircle(
                u,
                v,
                r,
                paint(
                    shader=rgrad(
                        u - r * 0.3,
                        v - r * 0.4,
                        r * 1.7,
                        [(0, mix(col, (255, 255, 255), 0.3), 1), (0.5, col, 1), (1, mul(col, 0.45), 1)],
                    )
                ),
            )
    for x, y in spine[-8:-1]:
        oval(c, x - 5, y + 3, 5, 3.2, paint(belly, 0.75))
    c.save()
    c.translate(4, 4)
    c.drawPath(
        svg("M30 12 C44 4 58 18 54 34 C46 44 30 43 18 42 C8 42 0 40 0 35 C4 29 18 27 30 12 Z"), shade_of(col, 6, 46)
    )
    c.drawPath(svg("M2 37 C12 41 28 40 40 37 C32 47 10 47 2 37 Z"), paint(mul(col, 0.4)))
    for x in range(6, 32, 5):
        c.drawPath(poly([(x, 38.4), (x + 3.4, 38.4), (x + 1.7, 43.4)]), paint((250, 250, 240)))
    for dx in (0, 8, 16):
        c.drawPath(
            curve(
                "M%g 14 C%g 6 %g 2 %g -2 C%g 8 %g 16 %g 24 Z",
                34 + dx * 0.8,
                42 + dx,
                52 + dx,
                62 + dx,
                60 + dx,
                54 + dx,
                44 + dx * 0.8,
            ),
            paint(fin),
        )
    c.drawCircle(31, 24, 4, paint((255, 236, 120)))
    c.drawCircle(30.2, 24, 1.7, paint((20, 20, 30)))
    c.restore()


def qilin(c: skia.Canvas, col: Colour) -> None:
    """deer-bodied, scaled, with one swept horn and a flaming mane"""
    mane = (250, 150, 60) if col[0] < 200 or col[2] > 150 else (230, 70, 60)
    for d, k in (
        ("M100 66 C118 58 112 40 126 34 C124 50 128 60 118 74 C112 80 104 78 100 74 Z", 1),
        ("M100 68 C112 62 112 50 118 46 C118 58 120 64 112 72 Z", 1.25),
    ):
        c.drawPath(svg(d), shade_of(mul(mane, k), 30, 80))
    for x, k, f in ((50, 0.72, -4), (94, 0.72, 4), (42, 1, -6), (86, 1, 6)):
        c.drawPath(
            curve(
                "M%g 76 C%g 92 %g 100 %g 120 L%g 120 C%g 102 %g 92 %g 78 Z",
                x - 6,
                x - 5,
                x - 3 + f * 0.4,
                x - 4 + f,
                x + 3 + f,
                x + 3 + f * 0.3,
                x + 6,
                x + 8,
            ),
            shade_of(mul(col, k)),
        )
        c.drawPath(poly([(x - 5 + f, 119), (x + 4 + f, 119), (x + 5 + f, 125), (x - 6 + f, 125)]), paint((60, 48, 52)))
        oval(c, x - 1 + f, 112, 5, 4, paint(mane, 0.8, blur=0.8))
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

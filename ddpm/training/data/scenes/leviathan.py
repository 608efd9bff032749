"""Leviathan, the sea serpent, swimming or rising from the water, in a 128 x 128 box."""

from __future__ import annotations

import math

import skia

from ddpm.training.data.scenes.beasts import shade_of
from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, oval, paint, poly, rgrad, svg, vgrad, wave


def rising_leviathan(c: skia.Canvas, col: Colour) -> None:
    """Neck and head high above two coils; the water stands at about y = 108."""
    belly = mix(col, (244, 240, 200), 0.6)
    fin = mix(mul(col, 0.9), (120, 240, 220), 0.35)
    for d, width, k, spikes in (
        ("M92 124 C94 78 120 78 122 124", 11.0, 0.72, ((100, 92), (107, 88), (114, 92))),
        ("M58 126 C60 60 98 60 102 126", 16.0, 0.88, ((68, 80), (79, 71), (91, 79))),
    ):
        for x, y in spikes:
            c.drawPath(poly([(x - 5, y + 3), (x + 2, y - 12), (x + 6, y + 4)]), paint(fin))
        _coil(c, d, width, mul(col, k))
    for x, y in ((56, 36), (51, 48), (53, 60), (60, 74), (63, 90)):
        c.drawPath(poly([(x - 4, y - 7), (x + 13, y - 3), (x - 1, y + 7)]), paint(fin))
    _coil(c, "M50 126 C58 100 60 84 48 66 C38 52 36 40 46 28", 19.0, col)
    c.drawPath(svg("M43 124 C51 100 53 86 42 69 C32 54 31 44 37 34"), paint(belly, stroke=7))
    for x, y in ((35, 48), (38, 60), (45, 72), (49, 86), (48, 100)):
        c.drawLine(x - 4, y + 1.5, x + 4, y - 1, paint(mul(belly, 0.7), stroke=1.1))
    _head(c, col, fin)


def _coil(c: skia.Canvas, d: str, width: float, col: Colour) -> None:
    c.drawPath(svg(d), paint(mul(col, 0.55), stroke=width + 1.4))
    bright = vgrad(24, 122, [(0, mix(col, (255, 255, 255), 0.22), 1), (0.5, col, 1), (1, mul(col, 0.6), 1)])
    c.drawPath(svg(d), paint(stroke=width, shader=bright))
    c.save()
    c.translate(-width * 0.16, -width * 0.12)
    c.drawPath(svg(d), paint(mix(col, (255, 255, 255), 0.4), 0.5, stroke=width * 0.22, blur=0.8))
    c.restore()


def swimming_leviathan(c: skia.Canvas, col: Colour) -> None:
    """its long body in waves, seen whole"""
    belly = mix(col, (244, 240, 200), 0.55)
    fin = mix(mul(col, 0.9), (120, 240, 220), 0.35)
    spine = [(122 - 84 * t, 84 + 20 * wave(t, 9.2, 2.2) * (1 - 0.25 * t) - 4 * t) for t in [i / 34 for i in range(35)]]
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
    _head(c, col, fin)


def _head(c: skia.Canvas, col: Colour, fin: Colour) -> None:
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

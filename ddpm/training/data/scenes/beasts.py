"""Colours of mythical beasts and a dragon that sits, drawn from curves in a 128 x 128 box."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, paint, poly, svg, vgrad

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

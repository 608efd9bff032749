"""Wolf and panda, drawn from curves in a 128 x 128 box."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.beasts import shade_of
from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, oval, paint, poly, rgrad, smooth, svg

WOLF = {"grey": (132, 136, 148), "white": (232, 236, 242), "black": (62, 62, 74), "brown": (142, 108, 82)}


def wolf(c: skia.Canvas, col: Colour, howl: bool) -> None:
    light, dark = mix(col, (250, 248, 244), 0.55), mul(col, 0.6)
    c.drawPath(svg("M94 70 C112 70 122 86 120 112 C112 108 104 96 94 90 Z"), shade_of(dark))
    for x, k in ((42, 0.66), (88, 0.66), (34, 1.0), (96, 0.95)):
        c.drawPath(
            curve(
                "M%g 74 C%g 92 %g 104 %g 120 L%g 124 L%g 120 C%g 104 %g 92 %g 76 Z",
                x - 6,
                x - 5,
                x - 3,
                x - 4,
                x - 6,
                x + 4,
                x + 3,
                x + 6,
                x + 9,
            ),
            shade_of(mul(col, k)),
        )
    c.drawPath(
        svg(
            "M28 58 C30 44 44 44 56 52 C72 56 90 52 100 62 C108 74 104 90 94 92 C84 84 70 88 58 90 C44 94 32 86 28 58 Z"
        ),
        shade_of(col),
    )
    c.drawPath(svg("M30 64 C34 84 44 92 56 90 C48 84 44 74 42 62 Z"), paint(light, 0.9))
    for i in range(6):
        x = 46 + i * 9
        c.drawPath(poly([(x, 54), (x + 9, 50), (x + 5, 58)]), paint(dark, 0.8))
    _wolf_head(c, col, howl)


def _wolf_head(c: skia.Canvas, col: Colour, howl: bool) -> None:
    light, dark = mix(col, (250, 248, 244), 0.55), mul(col, 0.6)
    c.save()
    if howl:
        c.translate(38, 48)
        c.rotate(52)
        c.translate(-38, -48)
    c.drawPath(svg("M52 66 C60 52 54 34 46 30 C38 26 28 30 26 38 L26 60 C32 70 44 74 52 66 Z"), shade_of(col, 24, 76))
    for i in range(5):
        c.drawPath(
            poly([(44 + i * 2, 40 + i * 6), (56 + i, 44 + i * 6), (46 + i * 2, 50 + i * 6)]), paint(mul(col, 0.82))
        )
    c.drawPath(
        svg("M46 32 C40 24 28 26 24 36 C18 40 8 42 4 46 C4 51 12 53 22 52 C34 54 46 48 46 32 Z"), shade_of(col, 24, 56)
    )
    c.drawPath(svg("M4 48 C12 53 24 52 34 50 C28 57 14 57 4 48 Z"), paint(light))
    c.drawPath(poly([(36, 32), (42, 12), (48, 36)]), shade_of(dark, 12, 36))
    c.drawPath(poly([(29, 32), (32, 14), (40, 32)]), shade_of(col, 12, 36))
    oval(c, 5, 45.6, 2.8, 2.2, paint((36, 30, 34)))
    if howl:
        c.drawPath(svg("M20 39 Q24 42 28 39"), paint((30, 26, 30), 1, stroke=1.3))
    else:
        c.drawCircle(24, 39.6, 2.1, paint((244, 196, 70)))
        c.drawCircle(23.6, 39.6, 1.1, paint((20, 16, 16)))
    c.restore()


def running_wolf(c: skia.Canvas, col: Colour) -> None:
    """stretched out at a gallop, to the left"""
    light, dark = mix(col, (250, 248, 244), 0.55), mul(col, 0.6)
    c.drawPath(svg("M94 66 C110 58 118 62 128 50 C130 66 120 80 98 82 Z"), shade_of(dark, 50, 84))
    for a, knee, foot, k in (
        ((48, 82), (32, 98), (20, 114), 0.66), ((90, 80), (106, 94), (112, 114), 0.66),
        ((44, 82), (22, 92), (6, 104), 1.0), ((96, 78), (114, 88), (126, 102), 0.95),
    ):  # fmt: skip
        c.drawPath(smooth([a, knee, knee, foot]), paint(mul(col, k), stroke=8.5))
        oval(c, foot[0] - 1, foot[1] + 2, 5.5, 3.6, paint(mul(col, k * 0.8)))
    body = svg(
        "M30 66 C36 52 56 58 72 58 C90 54 106 62 104 76 C100 88 86 86 74 86 C60 90 40 96 32 86 C28 80 28 72 30 66 Z"
    )
    c.drawPath(body, shade_of(col, 50, 100))
    c.drawPath(svg("M34 84 C44 94 62 90 78 86 C64 86 48 84 38 74 Z"), paint(light, 0.9))
    for i in range(6):
        x = 48 + i * 9
        c.drawPath(poly([(x, 59), (x + 9, 55), (x + 5, 63)]), paint(dark, 0.8))
    c.save()
    c.translate(-2, 16)
    _wolf_head(c, col, False)
    c.restore()


def panda(c: skia.Canvas) -> None:
    w, b = (246, 244, 238), (46, 44, 52)
    for x in (30, 98):
        oval(c, x, 116, 17, 11, shade_of(b, 100, 130))
    oval(
        c,
        64,
        92,
        36,
        34,
        paint(shader=rgrad(56, 78, 52, [(0, (255, 255, 252), 1), (0.7, w, 1), (1, (190, 190, 200), 1)])),
    )
    for sx in (-1, 1):
        c.drawPath(smooth([(64 + sx * 26, 72), (64 + sx * 36, 88), (64 + sx * 16, 102)]), paint(b, stroke=17))
        oval(c, 64 + sx * 36, 120, 8, 7, paint((120, 100, 104)))
    _panda_head(c, w, b)
    c.drawLine(46, 122, 76, 70, paint((96, 160, 70), stroke=4))
    c.drawPath(svg("M74 74 Q90 62 96 66 Q88 76 74 74 Z"), paint((110, 180, 80)))


def _panda_head(c: skia.Canvas, w: Colour, b: Colour) -> None:
    for sx in (-1, 1):
        c.drawCircle(64 + sx * 26, 18, 11, shade_of(b, 6, 30))
    oval(
        c,
        64,
        42,
        37,
        32,
        paint(shader=rgrad(56, 32, 50, [(0, (255, 255, 252), 1), (0.7, w, 1), (1, (196, 196, 206), 1)])),
    )
    for sx in (-1, 1):
        c.save()
        c.translate(64 + sx * 15, 42)
        c.rotate(sx * 24)
        oval(c, 0, 0, 8.5, 10.5, paint(b))
        c.restore()
        c.drawCircle(64 + sx * 14, 41, 3.6, paint((250, 250, 250)))
        c.drawCircle(64 + sx * 13.6, 41.4, 2.7, paint((24, 18, 20)))
        c.drawCircle(64 + sx * 13.6 + 1, 40.2, 0.9, paint((255, 255, 255)))
        oval(c, 64 + sx * 20, 54, 5, 3, paint((250, 150, 150), 0.4, blur=1))
    oval(c, 64, 52, 4.6, 3.2, paint(b))
    c.drawPath(svg("M64 54 Q64 60 57 60 M64 54 Q64 60 71 60"), paint(b, 1, stroke=1.3))


def walking_panda(c: skia.Canvas) -> None:
    """on all fours, to the left"""
    w, b = (246, 244, 238), (46, 44, 52)
    for x in (50, 108):
        c.drawPath(smooth([(x, 84), (x - 2, 104), (x + 2, 118)]), paint(mul(b, 0.8), stroke=17))
    trunk = rgrad(80, 62, 60, [(0, (255, 255, 252), 1), (0.7, w, 1), (1, (186, 186, 198), 1)])
    oval(c, 82, 78, 42, 31, paint(shader=trunk))
    c.drawPath(svg("M50 56 C60 46 70 48 72 62 C74 84 66 104 54 108 C40 104 38 74 50 56 Z"), shade_of(b, 44, 110))
    for x, foot in ((40, 34), (96, 100)):
        c.drawPath(smooth([(x + 6, 88), (x + 2, 104), (foot, 118)]), paint(b, stroke=19))
        oval(c, foot - 4, 121, 11, 5.5, paint(b))
    c.drawCircle(120, 70, 5, paint(w))
    c.save()
    c.translate(-14, 26)
    c.scale(0.82, 0.82)
    _panda_head(c, w, b)
    c.restore()

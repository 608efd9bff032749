"""Second poses of animals for which there is no free art: a charging rhino, a breaching whale, a sleeping cat."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.beasts import shade_of
from ddpm.training.data.scenes.draw import Colour, Point, mix, mul, oval, paint, poly, smooth, svg

WHALE: dict[str, Colour] = {"blue": (56, 118, 206), "grey": (112, 128, 146)}
CAT: dict[str, Colour] = {
    "orange": (240, 154, 60),
    "grey": (140, 142, 152),
    "black": (58, 56, 68),
    "white": (242, 240, 236),
    "brown": (146, 104, 72),
}


def charging_rhino(c: skia.Canvas) -> None:
    """head low, dust behind, to the left"""
    col: Colour = (138, 142, 152)
    for x, y, r in ((104, 118, 8), (116, 114, 9), (124, 120, 7), (92, 122, 5)):
        c.drawCircle(x, y, r, paint((226, 206, 176), 0.6, blur=2))
    legs: tuple[tuple[Point, Point, Point, float], ...] = (
        ((62, 92), (66, 106), (58, 118), 0.66),
        ((90, 92), (82, 106), (86, 119), 0.66),
        ((52, 92), (38, 102), (26, 112), 1.0),
        ((100, 88), (112, 102), (116, 116), 0.95),
    )
    for hip, knee, foot, k in legs:
        c.drawPath(smooth([hip, knee, knee, foot]), paint(mul(col, k), stroke=15))
        oval(c, foot[0] - 1, foot[1] + 3, 9, 5, paint(mul(col, k * 0.8)))
    c.drawPath(svg("M112 62 C122 66 122 76 118 84"), paint(mul(col, 0.7), stroke=2.6))
    body = "M34 66 C40 42 82 38 104 52 C120 62 118 90 104 98 C84 104 56 102 44 96 C34 90 30 78 34 66 Z"
    c.drawPath(svg(body), shade_of(col, 36, 112))
    for fold in ("M56 48 C50 66 52 84 60 98", "M92 48 C86 66 88 86 96 98"):
        c.drawPath(svg(fold), paint(mul(col, 0.66), 0.8, stroke=1.6))
    c.drawPath(svg("M48 58 C38 54 28 64 20 76 C14 84 10 94 14 99 C22 104 36 100 46 94 C56 88 58 70 48 58 Z"),
               shade_of(mix(col, (255, 255, 255), 0.08), 54, 104))  # fmt: skip
    c.drawPath(poly([(15, 92), (1, 66), (24, 82)]), paint((238, 230, 208)))
    c.drawPath(poly([(23, 80), (18, 66), (31, 73)]), paint((238, 230, 208)))
    c.drawPath(poly([(42, 58), (46, 44), (52, 60)]), paint(mul(col, 0.72)))
    c.drawCircle(34, 77, 2.3, paint((30, 26, 30)))
    c.drawCircle(17, 95, 1.5, paint(mul(col, 0.5)))
    c.drawLine(18, 99, 30, 95, paint(mul(col, 0.55), stroke=1.4))


def breaching_whale(c: skia.Canvas, col: Colour) -> None:
    """leaping out of the water at about y = 108, to the left and up"""
    c.drawPath(svg("M62 66 C80 62 100 70 110 84 C96 86 78 82 66 80 Z"), shade_of(mul(col, 0.7), 60, 88))
    c.drawPath(svg("M104 130 C100 86 82 34 44 14 C30 8 16 14 14 28 C14 62 34 100 54 130 Z"), shade_of(col, 8, 126))
    c.drawPath(
        svg("M15 26 C14 60 34 100 54 130 L80 130 C70 96 48 56 28 36 C22 30 18 28 15 26 Z"), paint((236, 242, 246))
    )
    for k in range(5):
        x = 23 + 9 * k
        c.drawPath(
            smooth([(x, 40 + 9 * k), (x + 12, 74 + 8 * k), (x + 22, 126)]), paint(mul(col, 0.85), 0.5, stroke=1.2)
        )
    c.drawPath(svg("M15 28 C24 32 36 42 44 52"), paint(mul(col, 0.5), stroke=1.6))
    c.drawCircle(50, 50, 2.6, paint((24, 24, 34)))
    c.drawCircle(49.4, 49.2, 0.9, paint((255, 255, 255)))
    c.drawPath(svg("M52 76 C38 84 26 96 20 112 C34 108 50 100 60 90 Z"), shade_of(mul(col, 0.85), 74, 114))
    for x, y, r in (
        (34, 108, 3),
        (26, 98, 2),
        (110, 104, 3),
        (116, 92, 2),
        (18, 110, 2.4),
        (122, 108, 2),
        (44, 112, 4),
    ):
        c.drawCircle(x, y, r, paint((240, 250, 255), 0.85))


def sleeping_cat(c: skia.Canvas, col: Colour) -> None:
    """curled up, its tail around it"""
    dark, light = mul(col, 0.72), mix(col, (255, 252, 246), 0.5)
    oval(c, 70, 98, 45, 28, shade_of(col, 66, 128))
    for k in range(4):
        c.drawPath(
            smooth([(70 + 10 * k, 71 + k), (74 + 10 * k, 80 + k), (73 + 10 * k, 90 + k)]), paint(dark, 0.8, stroke=3)
        )
    c.drawPath(smooth([(112, 96), (116, 118), (86, 126), (60, 124), (44, 121)]), paint(mul(col, 0.6), stroke=13))
    c.drawPath(smooth([(112, 96), (116, 118), (86, 126), (60, 124), (44, 121)]), paint(mul(col, 0.92), stroke=11))
    for x in (20, 48):
        tip = (x - 4 if x < 34 else x + 4, 66)
        c.drawPath(poly([(x - 9, 86), tip, (x + 9, 84)]), paint(dark))
        c.drawPath(poly([(x - 5, 85), (tip[0], 71), (x + 5, 84)]), paint((240, 160, 160)))
    oval(c, 34, 98, 25, 20, shade_of(mix(col, (255, 255, 255), 0.06), 76, 122))
    oval(c, 34, 106, 12, 8, paint(light))
    for x in (24, 44):
        c.drawPath(smooth([(x - 5, 96), (x, 100), (x + 5, 96)]), paint((50, 34, 34), stroke=1.8))
    c.drawPath(poly([(31, 102), (37, 102), (34, 105.5)]), paint((232, 120, 130)))
    c.drawPath(svg("M34 105 Q34 109 30 109 M34 105 Q34 109 38 109"), paint((70, 46, 46), stroke=1.2))
    for k in (-1, 0, 1):
        for side in (-1, 1):
            c.drawLine(34 + side * 12, 105 + k, 34 + side * 27, 104 + 4 * k, paint((255, 255, 255), 0.8, stroke=0.8))

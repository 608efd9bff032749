"""Drawing kit on top of skia: colours, paints, paths. Everything is in picture units
(the picture is 128 x 128) and colours are float triples 0..255, so palettes are mixed with plain arithmetic."""

from __future__ import annotations

import math
import re
from functools import lru_cache

import skia

Colour = tuple[float, float, float]  # 0..255 each, and beyond it before clipping
Point = tuple[float, float]
Points = list[Point]
Stops = list[tuple[float, Colour, float]]  # position, colour, alpha

N = 128


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def mul(a: Colour, k: float | Colour) -> Colour:
    if isinstance(k, (int, float)):
        k = (k, k, k)
    return (a[0] * k[0], a[1] * k[1], a[2] * k[2])


def rgba(c: Colour, a: float = 1.0) -> int:
    """float colour -> packed 0xAARRGGBB"""
    r, g, b = (0 if part < 0 else 255 if part > 255 else int(part) for part in c)
    return ((0 if a < 0 else 255 if a > 1 else int(a * 255)) << 24) | (r << 16) | (g << 8) | b


def paint(
    c: Colour = (0, 0, 0),
    a: float = 1.0,
    blur: float = 0.0,
    stroke: float = 0.0,
    shader: skia.Shader | None = None,
    blend: skia.BlendMode | None = None,
) -> skia.Paint:
    p = skia.Paint(AntiAlias=True, Color=rgba(c, a))
    if stroke:
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(stroke)
        p.setStrokeCap(skia.Paint.kRound_Cap)
        p.setStrokeJoin(skia.Paint.kRound_Join)
    if blur:
        p.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    if shader is not None:
        p.setShader(shader)
    if blend is not None:
        p.setBlendMode(blend)
    return p


SCREEN, PLUS = skia.BlendMode.kScreen, skia.BlendMode.kPlus


SOFT, ATOP = skia.BlendMode.kSoftLight, skia.BlendMode.kSrcATop


def vgrad(y0: float, y1: float, stops: Stops) -> skia.Shader:
    """vertical gradient; stops = [(position, colour, alpha)]"""
    return skia.GradientShader.MakeLinear(
        points=[(0, y0), (0, y1)], colors=[rgba(c, a) for _, c, a in stops], positions=[p for p, _, _ in stops]
    )


def lgrad(p0: Point, p1: Point, stops: Stops) -> skia.Shader:
    return skia.GradientShader.MakeLinear(
        points=[p0, p1], colors=[rgba(c, a) for _, c, a in stops], positions=[p for p, _, _ in stops]
    )


def rgrad(x: float, y: float, r: float, stops: Stops) -> skia.Shader:
    return skia.GradientShader.MakeRadial(
        center=(x, y), radius=r, colors=[rgba(c, a) for _, c, a in stops], positions=[p for p, _, _ in stops]
    )


def poly(pts: Points, close: bool = True) -> skia.Path:
    return skia.Path.Polygon([skia.Point(float(x), float(y)) for x, y in pts], close)


def smooth(pts: Points, close: bool = False) -> skia.Path:
    """a curve through the midpoints of a polyline"""
    p = skia.Path()
    n = len(pts)
    if close:
        mx, my = (pts[0][0] + pts[-1][0]) / 2, (pts[0][1] + pts[-1][1]) / 2
        p.moveTo(mx, my)
        for i in range(n):
            q = pts[(i + 1) % n]
            p.quadTo(pts[i][0], pts[i][1], (pts[i][0] + q[0]) / 2, (pts[i][1] + q[1]) / 2)
        p.close()
    else:
        p.moveTo(*pts[0])
        for i in range(1, n - 1):
            q = pts[i + 1]
            p.quadTo(pts[i][0], pts[i][1], (pts[i][0] + q[0]) / 2, (pts[i][1] + q[1]) / 2)
        p.lineTo(*pts[-1])
    return p


@lru_cache(maxsize=512)
def svg(d: str) -> skia.Path:
    """a path from the M L C Q Z subset of SVG, absolute coordinates"""
    p = skia.Path()
    for cmd, args in re.findall(r"([MLCQZ])([^MLCQZ]*)", d):
        v = [float(x) for x in re.findall(r"-?[\d.]+", args)]
        step, fn = {"M": (2, p.moveTo), "L": (2, p.lineTo), "C": (6, p.cubicTo), "Q": (4, p.quadTo), "Z": (1, None)}[
            cmd
        ]
        if cmd == "Z":
            p.close()
        for i in range(0, len(v), step):
            fn(*v[i : i + step])
    return p


def curve(template: str, *numbers: float) -> skia.Path:
    """`svg` of a template with one %g for each number"""
    return svg(template % numbers)


def rect(x: float, y: float, w: float, h: float) -> skia.Rect:
    return skia.Rect.MakeXYWH(x, y, w, h)


def oval(c: skia.Canvas, x: float, y: float, rx: float, ry: float, p: skia.Paint) -> None:
    c.drawOval(rect(x - rx, y - ry, 2 * rx, 2 * ry), p)


def glow(c: skia.Canvas, x: float, y: float, r: float, col: Colour, a: float = 0.8, blend: float = SCREEN) -> None:
    c.drawCircle(x, y, r, paint(shader=rgrad(x, y, r, [(0, col, a), (0.35, col, a * 0.38), (1, col, 0)]), blend=blend))


def wave(x: float, f: float, ph: float) -> float:
    return math.sin(x * f + ph)

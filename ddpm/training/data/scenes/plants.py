"""Trees, grass, leaves and flowers."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import Colour, mix, mul, oval, paint, poly, smooth, vgrad
from ddpm.training.data.scenes.light import Light


def pine(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    x: float,
    y: float,
    h: float,
    depth: float = 0.0,
    snow: float = 0.0,
    col: Colour = (44, 92, 66),
) -> None:
    w = h * rng.uniform(0.24, 0.34)
    base = light.lit(mul(col, rng.uniform(0.8, 1.15)), depth)
    c.drawRect(
        skia.Rect.MakeXYWH(x - h * 0.03, y - h * 0.12, h * 0.06, h * 0.13), paint(light.lit((84, 58, 44), depth))
    )
    n = 4 if h > 14 else 3
    for k in range(n):
        t = k / n
        yb, ww = y - h * 0.08 - h * 0.82 * t, w * (1 - t * 0.8)
        yt = yb - h * (0.82 / n) * 1.75
        p = poly(
            [
                (x, max(yt, y - h)),
                (x + ww * 0.45, yb - h * 0.08),
                (x + ww, yb),
                (x + ww * 0.4, yb - h * 0.02),
                (x, yb + h * 0.015),
                (x - ww * 0.4, yb - h * 0.02),
                (x - ww, yb),
                (x - ww * 0.45, yb - h * 0.08),
            ]
        )
        c.drawPath(p, paint(mul(base, 0.78 + 0.12 * k)))
        c.drawPath(
            poly([(x, max(yt, y - h)), (x - ww, yb), (x - ww * 0.2, yb - h * 0.05)]),
            paint(mix(base, light.glow, 0.16), 0.7),
        )
        if snow:
            c.drawPath(
                poly(
                    [
                        (x, max(yt, y - h)),
                        (x + ww * 0.7, yb - h * 0.05),
                        (x + ww * 0.2, yb - h * 0.09),
                        (x - ww * 0.3, yb - h * 0.04),
                        (x - ww * 0.8, yb - h * 0.03),
                    ]
                ),
                paint(light.lit((244, 248, 255), depth), snow),
            )


def broadleaf(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    x: float,
    y: float,
    h: float,
    depth: float = 0.0,
    col: Colour = (84, 140, 66),
) -> None:
    tr = light.lit((92, 66, 50), depth)
    c.drawPath(
        poly([(x - h * 0.05, y), (x + h * 0.05, y), (x + h * 0.02, y - h * 0.6), (x - h * 0.02, y - h * 0.6)]),
        paint(tr),
    )
    b = light.lit(col, depth)
    for k, (f, n) in enumerate(((0.58, 7), (0.85, 7), (1.12, 6))):
        for _ in range(n):
            a, d = rng.uniform(0, 6.28), rng.random() ** 0.5
            r = h * rng.uniform(0.1, 0.19)
            ox, oy = -h * 0.05 * k, -h * 0.05 * k
            oval(
                c,
                x + math.cos(a) * d * h * 0.26 + ox,
                y - h * 0.68 + math.sin(a) * d * h * 0.2 + oy,
                r,
                r * 0.85,
                paint(mul(b, f) if k < 2 else mix(mul(b, 1.1), light.glow, 0.2), 0.95 if k < 2 else 0.6),
            )


def palm(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, h: float, depth: float = 0.0) -> None:
    lean = rng.uniform(-0.4, 0.4) * h
    tx, ty = x + lean, y - h
    trunk = smooth([(x, y), (x + lean * 0.25, y - h * 0.5), (tx, ty), (tx, ty)])
    c.drawPath(trunk, paint(light.lit((124, 90, 62), depth), stroke=max(1.2, h * 0.06)))
    c.drawPath(trunk, paint(light.lit((186, 142, 96), depth), 0.6, stroke=max(0.5, h * 0.02)))
    g = light.lit((58, 128, 66), depth)
    n = 9
    for k in range(n):
        a = math.pi * (k / (n - 1)) * 1.25 - 0.4 + rng.uniform(-0.12, 0.12)
        ln = h * rng.uniform(0.42, 0.58)
        ex, ey = tx + math.cos(a) * ln, ty - math.sin(a) * ln * 0.55 + ln * 0.32
        mx, my = tx + math.cos(a) * ln * 0.55, ty - math.sin(a) * ln * 0.75 - ln * 0.1
        p = skia.Path()
        p.moveTo(tx, ty)
        p.quadTo(mx, my - ln * 0.05, ex, ey)
        p.quadTo(mx, my + ln * 0.16, tx, ty + ln * 0.03)
        c.drawPath(p, paint(mul(g, 0.7 + 0.5 * (k % 3) / 2)))
    for k in range(3):
        c.drawCircle(tx + (k - 1) * h * 0.035, ty + h * 0.04, h * 0.03, paint(light.lit((110, 66, 40), depth)))


def acacia(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, h: float, depth: float = 0.0) -> None:
    col = light.lit((96, 112, 52), depth)
    tr = light.lit((84, 60, 44), depth)
    for d in (-0.45, -0.1, 0.3):
        c.drawPath(
            smooth([(x, y), (x + d * h * 0.15, y - h * 0.45), (x + d * h * 0.9, y - h * 0.8)]),
            paint(tr, stroke=h * 0.045),
        )
    for k in range(3):
        for d in (-0.55, -0.2, 0.15, 0.5):
            oval(
                c,
                x + d * h + rng.uniform(-0.1, 0.1) * h,
                y - h * (0.8 + 0.07 * k) - rng.uniform(0, 0.06) * h,
                h * rng.uniform(0.28, 0.42) * (1 - 0.2 * k),
                h * rng.uniform(0.06, 0.1),
                paint(mul(col, 0.62 + 0.28 * k) if k < 2 else mix(col, light.glow, 0.25)),
            )


def cactus(c: skia.Canvas, light: Light, x: float, y: float, h: float, depth: float = 0.0) -> None:
    col = light.lit((78, 132, 82), depth)
    for f, w in ((0.7, 0.17), (1.08, 0.09)):
        for arm in (0, -1, 1):
            if arm == 0:
                q = [(x, y), (x, y - h * 0.5), (x, y - h)]
            else:
                k = 0.38 if arm < 0 else 0.52
                q = [
                    (x, y - h * k),
                    (x + arm * h * 0.2, y - h * k),
                    (x + arm * h * 0.25, y - h * k - h * 0.1),
                    (x + arm * h * 0.25, y - h * k - h * 0.3),
                ]
            c.drawPath(smooth(q), paint(mul(col, f), stroke=h * w * (1 if arm == 0 else 0.75)))


def grass(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    y0: float,
    y1: float,
    col: Colour,
    n: int = 90,
    h: float = 5,
    flowers: list[Colour] | None = None,
) -> None:
    """tufts that hide where things stand"""
    for _ in range(n):
        t = rng.random()
        y = y0 + (y1 - y0) * t
        x = rng.uniform(-2, 130)
        hh = h * (0.4 + 0.9 * t) * rng.uniform(0.6, 1.2)
        b = rng.uniform(-0.5, 0.5) * hh
        k = mul(light.lit(col), rng.uniform(0.55, 1.25))
        p = skia.Path()
        p.moveTo(x - 0.5, y)
        p.quadTo(x, y - hh * 0.6, x + b, y - hh)
        p.quadTo(x + 0.5, y - hh * 0.4, x + 0.6, y)
        c.drawPath(p, paint(k))
        if flowers and rng.random() < 0.3:
            c.drawCircle(x + b, y - hh, 0.5 + 0.8 * t, paint(light.lit(rng.choice(flowers)), 0.95))


def leaf(c: skia.Canvas, x: float, y: float, ln: float, ang: float, col: Colour, w: float = 0.3) -> None:
    c.save()
    c.translate(x, y)
    c.rotate(ang)
    p = skia.Path()
    p.moveTo(0, 0)
    p.quadTo(ln * 0.45, -ln * w, ln, 0)
    p.quadTo(ln * 0.45, ln * w, 0, 0)
    c.drawPath(
        p,
        paint(
            shader=vgrad(
                -ln * w,
                ln * w,
                [
                    (0, mix(col, (230, 255, 200), 0.18), 1),
                    (0.5, col, 1),
                    (0.51, mul(col, 0.78), 1),
                    (1, mul(col, 0.66), 1),
                ],
            )
        ),
    )
    c.restore()


def fern(
    c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, h: float, col: Colour = (58, 130, 60)
) -> None:
    for k in range(6):
        a = -90 + (k - 2.5) * 24 + rng.uniform(-8, 8)
        leaf(c, x, y, h * rng.uniform(0.7, 1.1), a, mul(light.lit(col), rng.uniform(0.6, 1.1)), 0.12)


def vine(c: skia.Canvas, rng: random.Random, light: Light, x: float, ln: float) -> None:
    p = smooth([(x, -2), (x + rng.uniform(-5, 5), ln * 0.5), (x + rng.uniform(-4, 4), ln), (x, ln)])
    c.drawPath(p, paint(light.lit((30, 66, 38)), 0.9, stroke=0.9))
    for k in range(int(ln / 5)):
        leaf(
            c,
            x + rng.uniform(-2, 2),
            k * 5,
            rng.uniform(3, 5),
            rng.uniform(20, 160),
            mul(light.lit((60, 130, 60)), rng.uniform(0.6, 1)),
        )

"""Mountains, dunes, ground, water and shores, rocks."""

from __future__ import annotations

import random

import skia

from ddpm.training.data.scenes.draw import (
    SCREEN,
    SOFT,
    Colour,
    N,
    Points,
    mix,
    mul,
    oval,
    paint,
    poly,
    vgrad,
)
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.noise import SAMPLING, below, ridge, texture
from ddpm.training.data.scenes.scene import Scene


def mountain_layer(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    base: float,
    amp: float,
    col: Colour,
    depth: float,
    snow: float = 0.0,
    rough: bool = True,
    stretch: float = 1.0,
    lit_from: float = 1,
    bottom: float = 132,
) -> Points:
    """one skyline with sunlit and shaded flanks, haze at its foot and snow on its tops"""
    pts = ridge(rng, base, amp, rough, stretch=stretch)
    path = below(pts, bottom)
    top = light.lit(col, depth)
    foot = mix(top, light.haze, 0.55)
    ymin = min(p[1] for p in pts)
    c.drawPath(path, paint(shader=vgrad(ymin, base + amp * 0.15, [(0, top, 1), (0.6, top, 1), (1, foot, 1)])))
    c.save()
    c.clipPath(path, doAntiAlias=True)
    shade = mul(mix(top, light.top, 0.35), 0.62)
    snowc = mix(mul((250, 252, 255), mix(light.ambient, (1, 1, 1), 0.35)), light.haze, depth * 0.7)
    peaks = [i for i in range(2, len(pts) - 2) if pts[i][1] <= min(pts[i + d][1] for d in (-2, -1, 1, 2))]
    if snow:
        sp = [
            (
                x,
                y
                + snow * amp * (1 - (base - y) / max(amp, 1) * 0.0) * (0.35 + 0.65 * ((base - y) / amp))
                + rng.uniform(-1, 1) * 1.2
                + (2.2 if i % 2 else -1.4),
            )
            for i, (x, y) in enumerate(pts)
        ]
        c.drawPath(poly(pts + sp[::-1]), paint(snowc))
    for i in peaks:
        x, y = pts[i]
        h = (base - y) * rng.uniform(0.7, 1.0)
        if h < 3:
            continue
        w = h * rng.uniform(0.5, 0.9) * lit_from
        z = [(x, y - 1)]
        k = 5
        for j in range(1, k + 1):
            z.append((x + w * 0.28 * j / k * ((-1) ** j) * rng.uniform(0.2, 0.8) + w * 0.12 * j / k, y + h * j / k))
        z += [(x + w * 1.5, y + h), (x + w * 0.5, y + h * 0.35)]
        c.drawPath(poly(z), paint(shade, 0.55))
        if snow:
            c.drawPath(
                poly([(x, y - 1), (x - lit_from * h * 0.3, y + h * 0.45), (x - lit_from * h * 0.1, y + h * 0.3)]),
                paint((255, 255, 255), 0.22),
            )
    if depth < 0.75:
        texture(c, rng, "rock", 0.55 * (1 - depth), 0.45, SOFT)
    c.restore()
    return pts


def mist(c: skia.Canvas, light: Light, y: float, h: float, a: float = 0.7) -> None:
    c.drawRect(
        skia.Rect.MakeXYWH(-2, y - h, 132, 2 * h),
        paint(shader=vgrad(y - h, y + h, [(0, light.haze, 0), (0.5, light.haze, a), (1, light.haze, 0)])),
    )


def ground(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    y: float,
    col: Colour,
    far: Colour | None = None,
    bumps: float = 2.0,
    tex: str = "strokes",
    a: float = 0.6,
) -> Points:
    """rolling ground from height y to the bottom"""
    pts = ridge(rng, y + bumps * 0.5, bumps, rough=False)
    p = below(pts)
    far = far or mix(col, light.haze, 0.5)
    c.drawPath(
        p,
        paint(
            shader=vgrad(
                y - bumps,
                128,
                [(0, light.lit(far, 0.35), 1), (0.4, light.lit(col), 1), (1, mul(light.lit(col), 0.62), 1)],
            )
        ),
    )
    texture(c, rng, tex, a, 0.7, SOFT, clip=p)
    return pts


def water(
    c: skia.Canvas, rng: random.Random, light: Light, y: float, col: Colour, *, scene: Scene, calm: bool = True
) -> None:
    """still or rippled water with the reflection of what is already painted above"""
    rect = skia.Rect.MakeLTRB(-2, y, 132, 132)
    tint = light.lit(col)
    c.save()
    c.clipRect(rect, doAntiAlias=True)
    snap = scene.surface.makeImageSnapshot()
    c.save()
    c.setMatrix(skia.Matrix())
    sc = scene.scale
    c.scale(sc, sc)
    c.translate(0, 2 * y)
    c.scale(1, -1)
    p = paint()
    p.setImageFilter(skia.ImageFilters.Blur(1.2 * sc, 0.35 * sc))
    c.drawImageRect(snap, skia.Rect.MakeWH(N, N), SAMPLING, p)
    c.restore()
    c.drawRect(
        rect,
        paint(
            shader=vgrad(
                y,
                128,
                [
                    (0, mix(tint, light.low, 0.6), 0.25),
                    (0.3, mix(tint, light.mid, 0.4), 0.5),
                    (1, mul(tint, 0.6), 0.86),
                ],
            )
        ),
    )
    n = 26 if calm else 60
    for _ in range(n):
        t = rng.random() ** 1.5
        yy = y + 0.6 + (128 - y) * t
        w = (3 + 14 * t) * rng.uniform(0.5, 1.5)
        x = rng.uniform(-5, 130)
        b = rng.random()
        colr = mix(light.low, (255, 255, 255), 0.35) if b < 0.55 else mul(tint, 0.55)
        oval(c, x, yy, w, 0.25 + 0.55 * t, paint(colr, (0.30 if calm else 0.5) * rng.uniform(0.4, 1)))
    if (
        scene.sun
        and scene.weather in ("clear", "clouds", "rainbow")
        and (scene.time in ("sunset", "dawn") or scene.moon)
    ):
        sx = scene.sun[0]
        for _ in range(34):
            t = rng.random()
            yy = y + 0.5 + (126 - y) * t
            oval(
                c,
                sx + rng.gauss(0, 2 + 5 * t),
                yy,
                rng.uniform(1.2, 5) * (0.5 + t),
                0.3 + 0.45 * t,
                paint(light.glow, 0.6, blend=SCREEN),
            )
    c.restore()


def shore(c: skia.Canvas, rng: random.Random, light: Light, y: float, col: Colour, scene: Scene) -> None:
    """the near bank of a lake or the beach of an island"""
    pts = ridge(rng, y, 5, rough=False, stretch=1.2)
    p = below(pts)
    c.drawPath(p, paint(mix(light.lit(col), (255, 255, 255), 0.35), 0.55, stroke=1.6, blur=0.6))
    c.drawPath(p, paint(shader=vgrad(y - 4, 128, [(0, light.lit(col), 1), (1, mul(light.lit(col), 0.66), 1)])))
    texture(c, rng, "grain", 0.6, 0.8, SOFT, clip=p)


def rock(
    c: skia.Canvas,
    rng: random.Random,
    light: Light,
    x: float,
    y: float,
    w: float,
    col: Colour = (120, 112, 108),
    lit_from: float = -1,
    depth: float = 0.0,
) -> None:
    h = w * rng.uniform(0.5, 0.85)
    top = [
        (x - w, y),
        (x - w * 0.8, y - h * rng.uniform(0.4, 0.7)),
        (x - w * 0.25, y - h),
        (x + w * 0.35, y - h * rng.uniform(0.75, 1)),
        (x + w * 0.85, y - h * rng.uniform(0.3, 0.55)),
        (x + w, y),
    ]
    c.drawPath(poly(top), paint(mul(light.lit(col, depth), 0.62)))
    q = [top[1], top[2], top[3], (x + w * 0.05, y - h * 0.45), (x - w * 0.45, y - h * 0.35)]
    if lit_from > 0:
        q = [(2 * x - a, b) for a, b in q]
    c.drawPath(poly(q), paint(mul(light.lit(col, depth), 1.12)))

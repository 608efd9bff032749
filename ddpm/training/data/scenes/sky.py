"""Sky, sun, moon, stars, clouds, aurora, weather."""

from __future__ import annotations

import math
import random

import skia

from ddpm.training.data.scenes.draw import (
    SCREEN,
    Colour,
    N,
    glow,
    mix,
    mul,
    oval,
    paint,
    poly,
    rgrad,
    smooth,
    vgrad,
)
from ddpm.training.data.scenes.light import SUNNY, Light
from ddpm.training.data.scenes.noise import texture
from ddpm.training.data.scenes.scene import Scene


def paint_sky(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """gradient sky with its sun or moon; sets scene.sun = (x, y)"""
    h = scene.horizon
    c.drawPaint(paint(shader=vgrad(0, h + 2, [(0, light.top, 1), (0.55, light.mid, 1), (1, light.low, 1)])))
    texture(c, rng, "strokes", 0.22, 1.1)
    t, w = scene.time, scene.weather
    x = scene.sun_x
    y = 10 + light.sun_y * (h - 20) if t != "day" else rng.uniform(8, 24)
    scene.sun = (x, y)
    if t == "night":
        if w in SUNNY:
            stars(c, rng, h)
        if scene.moon:
            moon(c, rng, light, x, scene.moon_y, scene.moon)
            scene.sun = (x, scene.moon_y)
    elif w in SUNNY:
        glow(c, x, y, 74, light.glow, 0.75)
        if t in ("sunset", "dawn"):
            r = rng.uniform(6, 10)
            glow(c, x, y, 34, light.glow, 0.9)
            c.drawCircle(x, y, r, paint(mix(light.glow, (255, 255, 255), 0.35)))
        elif t == "day":
            glow(c, x, y, 22, (255, 255, 246), 1)
            c.drawCircle(x, y, rng.uniform(4.5, 6.5), paint((255, 254, 240)))


def stars(c: skia.Canvas, rng: random.Random, h: float) -> None:
    for _ in range(rng.randint(70, 150)):
        x, y = rng.uniform(0, N), rng.uniform(0, 1) ** 1.3 * h
        b = rng.random()
        c.drawCircle(
            x, y, 0.22 + 0.5 * b**3, paint(mix((190, 210, 255), (255, 246, 226), rng.random()), 0.35 + 0.65 * b)
        )
    for _ in range(rng.randint(3, 7)):
        x, y = rng.uniform(0, N), rng.uniform(0, h * 0.7)
        glow(c, x, y, 4, (220, 232, 255), 0.7)
        c.drawCircle(x, y, 0.8, paint((255, 255, 255)))


def milky_way(c: skia.Canvas, rng: random.Random, h: float) -> None:
    x0, x1 = rng.uniform(10, 60), rng.uniform(70, 120)
    if rng.random() < 0.5:
        x0, x1 = x1, x0
    col = rng.choice([(150, 140, 240), (110, 170, 240), (220, 150, 220)])
    for w, a in ((26, 0.22), (14, 0.3), (7, 0.34)):
        c.drawPath(
            smooth([(x0, -10), ((x0 + x1) / 2 + rng.uniform(-10, 10), h * 0.5), (x1, h + 10)]),
            paint(col if w > 8 else (240, 226, 250), a, blur=w * 0.45, stroke=w, blend=SCREEN),
        )
    for _ in range(170):
        t = rng.random()
        x, y = x0 + (x1 - x0) * t + rng.gauss(0, 8), t * h
        c.drawCircle(x, y, 0.25 + 0.4 * rng.random() ** 3, paint((255, 250, 255), 0.3 + 0.7 * rng.random()))


def moon(c: skia.Canvas, rng: random.Random, light: Light, x: float, y: float, kind: str) -> None:
    r = {"full": rng.uniform(8, 13), "crescent": rng.uniform(8, 11)}[kind]
    glow(c, x, y, r * 4.2, light.glow, 0.55)
    if kind == "full":
        c.drawCircle(x, y, r, paint((246, 244, 226)))
        c.save()
        p = skia.Path()
        p.addCircle(x, y, r)
        c.clipPath(p, doAntiAlias=True)
        for _ in range(7):
            oval(
                c,
                x + rng.uniform(-r, r),
                y + rng.uniform(-r, r),
                r * rng.uniform(0.1, 0.35),
                r * rng.uniform(0.1, 0.3),
                paint((196, 200, 206), 0.55, blur=0.8),
            )
        c.restore()
    else:
        a, b = skia.Path(), skia.Path()
        a.addCircle(x, y, r)
        b.addCircle(x + r * 0.48, y - r * 0.2, r * 0.9)
        c.drawPath(skia.Op(a, b, skia.PathOp.kDifference_PathOp), paint((250, 246, 222)))


def clouds(c: skia.Canvas, rng: random.Random, light: Light, scene: Scene) -> None:
    """painted cloud banks, lit from the sun's side"""
    w, h = scene.weather, scene.horizon
    some = rng.randint(3, 5)
    n = {"clear": 0, "clouds": some, "rainbow": some - 1, "overcast": 7, "storm": 9, "rain": 7, "snow": 4, "fog": 2}[w]
    texture(
        c,
        rng,
        "cloud",
        0.25 if w == "clear" else 0.5,
        rng.uniform(0.6, 1.0),
        skia.BlendMode.kSrcOver,
        tint=mix(light.low, (255, 255, 255), 0.3 * (1 - light.dark)),
    )
    shade = mix(light.mid, mul(light.top, 0.75), 0.5) if w != "storm" else mul(light.top, 0.55)
    lightc = (
        mix(light.low, (255, 255, 255), 0.7 * (1 - light.dark))
        if w not in ("storm", "rain")
        else mix(light.low, light.mid, 0.4)
    )
    for _ in range(n):
        cy = rng.uniform(0.08, 0.8) * h
        k = 0.45 + 0.75 * (1 - cy / h)
        cumulus(
            c, rng, rng.uniform(-8, N + 8), cy, 26 * k * rng.uniform(0.7, 1.3), shade, lightc, 0.85 - 0.25 * (1 - k)
        )


def cumulus(
    c: skia.Canvas, rng: random.Random, x: float, y: float, w: float, shade: Colour, lightc: Colour, a: float
) -> None:
    p = skia.Path()
    for _ in range(9):
        u = rng.uniform(-1, 1)
        r = w * (0.16 + 0.26 * (1 - u * u) * rng.uniform(0.6, 1.1))
        p.addOval(skia.Rect.MakeXYWH(x + u * w - r, y - r * 1.15, 2 * r, r * 1.7))
    p.addOval(skia.Rect.MakeXYWH(x - w * 1.15, y - w * 0.1, w * 2.3, w * 0.32))
    top, bot = y - w * 0.5, y + w * 0.25
    c.drawPath(
        p,
        paint(
            a=a,
            shader=vgrad(top, bot, [(0, lightc, a), (0.5, mix(lightc, shade, 0.35), a), (1, shade, a * 0.55)]),
            blur=1.1,
        ),
    )


def rays(
    c: skia.Canvas,
    rng: random.Random,
    x: float,
    y: float,
    col: Colour,
    n: int = 6,
    a: float = 0.16,
    ln: float = 150,
    spread: float = 1.2,
    ang: float = math.pi / 2,
) -> None:
    for _ in range(n):
        t = ang + rng.uniform(-spread, spread) / 2
        w = rng.uniform(0.03, 0.09)
        p = poly(
            [
                (x, y),
                (x + ln * math.cos(t - w), y + ln * math.sin(t - w)),
                (x + ln * math.cos(t + w), y + ln * math.sin(t + w)),
            ]
        )
        c.drawPath(
            p, paint(shader=rgrad(x, y, ln, [(0, col, a), (0.6, col, a * 0.5), (1, col, 0)]), blend=SCREEN, blur=2)
        )


RAINBOW = [(236, 70, 70), (250, 150, 60), (250, 226, 90), (96, 200, 110), (70, 140, 236), (140, 90, 210)]


def rainbow(c: skia.Canvas, rng: random.Random, scene: Scene) -> None:
    """an arc opposite the sun, red outside, fading towards the ground"""
    h = scene.horizon
    x = (96 if scene.sun_x < 64 else 32) + rng.uniform(-14, 14)
    r, width = rng.uniform(48, 62), rng.uniform(1.7, 2.4)
    c.save()
    c.clipRect(skia.Rect.MakeLTRB(-2, -2, 132, h + 4))
    fade = rng.uniform(0.6, 0.8)
    c.drawCircle(x, h + 2, r - 5 * width, paint((255, 255, 255), 0.1, blur=4))
    for k, col in enumerate(RAINBOW):
        arc = vgrad(h + 2 - r, h + 4, [(0, col, fade), (0.6, col, fade * 0.8), (1, col, fade * 0.15)])
        c.drawCircle(x, h + 2, r - k * width, paint(a=1, stroke=width + 0.5, shader=arc, blur=0.7))
    c.restore()


def lightning(c: skia.Canvas, rng: random.Random, h: float) -> None:
    """One or two forked bolts and the light they throw into the clouds."""
    for _ in range(rng.choice((1, 1, 2))):
        x = rng.uniform(16, 112)
        glow(c, x, 4, 60, (176, 186, 255), 0.55)
        _bolt(c, rng, x, -2, h + 2, 1.7)
        glow(c, x, h, 16, (210, 220, 255), 0.4)


def _bolt(c: skia.Canvas, rng: random.Random, x: float, y: float, bottom: float, width: float) -> None:
    pts = [(x, y)]
    drift = rng.uniform(-1.5, 1.5)
    while y < bottom:
        y += rng.uniform(4, 9)
        x += drift + rng.uniform(-6, 6)
        pts.append((x, y))
        if width > 1 and rng.random() < 0.35:
            _bolt(c, rng, x, y, min(bottom, y + rng.uniform(12, 26)), 0.8)
    p = poly(pts, False)
    c.drawPath(p, paint((170, 190, 255), 0.7, blur=3.5, stroke=4 * width, blend=SCREEN))
    c.drawPath(p, paint((250, 250, 255), 1, stroke=width))


def precipitation(c: skia.Canvas, rng: random.Random, scene: Scene, light: Light) -> None:
    """rain, snowflakes or fog in front of everything"""
    w = scene.weather
    if w in ("rain", "storm"):
        d = rng.uniform(-2, 2) if w == "rain" else rng.choice((-1, 1)) * rng.uniform(3, 6)
        col = mix(light.haze, (255, 255, 255), 0.6)
        for _ in range(120):
            x, y, k = rng.uniform(-8, 136), rng.uniform(-8, 128), rng.uniform(0.5, 1)
            c.drawLine(x, y, x + d * k, y + 10 * k, paint(col, 0.42 * k, stroke=0.7))
    elif w == "snow":
        for _ in range(120):
            k = rng.random() ** 2
            c.drawCircle(
                rng.uniform(0, N),
                rng.uniform(0, N),
                0.35 + 1.1 * k,
                paint((255, 255, 255), 0.55 + 0.35 * rng.random(), blur=0.5 if k > 0.5 else 0),
            )
    elif w == "fog":
        for a in (0.5, 0.35):
            texture(c, rng, "mist", a, rng.uniform(0.8, 1.2), skia.BlendMode.kSrcOver, tint=light.haze)

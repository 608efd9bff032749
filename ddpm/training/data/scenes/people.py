"""People drawn from attributes, as a bust portrait; the small full figure is in figure.py."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, oval, paint, poly, rgrad, svg, vgrad
from ddpm.training.data.scenes.faces import CLOTHES, HAIRS, SKINS, face, hair_back, hair_front
from ddpm.training.data.scenes.scene import Person


def _clothes(c: skia.Canvas, person: Person, skin: Colour) -> None:
    col = CLOTHES[person.colour]
    d = mul(col, 0.62)
    w = 10 if person.age == "child" else 0
    f = -3 if person.sex == "f" else 0
    left, right = 18 + w - f, 110 - w + f
    p = curve(
        "M%g 132 C%g 104 %g 98 52 92 C58 99 70 99 76 92 C%g 98 %g 104 %g 132 Z",
        left - 6,
        left,
        left + 12,
        right - 12,
        right,
        right + 6,
    )
    c.drawPath(p, paint(shader=vgrad(90, 130, [(0, mix(col, (255, 255, 255), 0.12), 1), (1, d, 1)])))
    g = person.garment
    if g == "dress":
        c.drawPath(svg("M46 90 C50 108 78 108 82 90 L78 90 C74 100 54 100 50 90 Z"), paint(mul(skin, 0.96)))
        c.drawPath(svg("M50 92 C54 104 74 104 78 92 L64 88 Z"), paint(skin))
    elif g == "hoodie":
        c.drawPath(svg("M44 92 C50 112 78 112 84 92 C92 98 80 116 64 116 C48 116 36 98 44 92 Z"), paint(mul(col, 0.8)))
        for x in (58, 70):
            c.drawLine(x, 108, x, 122, paint((250, 248, 240), 0.9, stroke=1.1))
    elif g == "jacket":
        c.drawPath(poly([(54, 93), (74, 93), (70, 132), (58, 132)]), paint((240, 236, 226)))
        for sx in (-1, 1):
            c.drawPath(
                poly([(64 + sx * 12, 91), (64 + sx * 4, 118), (64 + sx * 15, 106), (64 + sx * 19, 95)]),
                paint(mul(col, 0.78)),
            )
    elif g == "shirt":
        for sx in (-1, 1):
            c.drawPath(
                poly([(64 + sx * 12, 90), (64, 101), (64 + sx * 7, 107), (64 + sx * 15, 97)]),
                paint(mix(col, (255, 255, 255), 0.25)),
            )
        for y in (108, 118):
            c.drawCircle(64, y, 1, paint(d))
    else:
        c.drawPath(svg("M50 91 C54 104 74 104 78 91 L80 95 C76 110 52 110 48 95 Z"), paint(mul(col, 0.82)))
    if person.scarf:
        s = CLOTHES[person.scarf]
        c.drawPath(
            svg("M44 86 C52 98 76 98 84 86 L88 98 C78 112 50 112 40 98 Z"),
            paint(shader=vgrad(86, 110, [(0, s, 1), (1, mul(s, 0.66), 1)])),
        )
        c.drawPath(poly([(74, 102), (86, 100), (88, 130), (78, 131)]), paint(mul(s, 0.82)))


def portrait(c: skia.Canvas, person: Person) -> None:
    """bust in a 128 x 132 box, drawn over a transparent layer"""
    skin, hair = SKINS[person.skin], HAIRS[person.hair]
    dark = mul(hair, 0.62)
    hair_back(c, person, hair, dark)
    c.drawPath(svg("M54 70 L53 92 C58 100 70 100 75 92 L74 70 Z"), paint(mul(skin, (0.84, 0.78, 0.76))))
    _clothes(c, person, skin)
    for x in (40.5, 87.5):
        oval(c, x, 58, 4, 5.6, paint(mul(skin, 0.92)))
    head = (
        svg("M41 48 C40 22 88 22 87 48 C88 68 80 86 64 87 C48 86 40 68 41 48 Z")
        if person.age != "child"
        else svg("M40 50 C38 22 90 22 88 50 C90 70 80 85 64 86 C48 85 38 70 40 50 Z")
    )
    c.drawPath(
        head,
        paint(
            shader=rgrad(
                57,
                48,
                50,
                [(0, mix(skin, (255, 246, 230), 0.18), 1), (0.6, skin, 1), (1, mul(skin, (0.80, 0.72, 0.70)), 1)],
            )
        ),
    )
    face(c, person, skin, hair)
    hair_front(c, person, hair, dark)
    if person.hat == "beanie":
        k = CLOTHES["red"] if person.colour != "red" else CLOTHES["teal"]
        c.drawPath(
            svg("M40 40 C38 6 90 6 88 40 Z"),
            paint(shader=vgrad(10, 42, [(0, mix(k, (255, 255, 255), 0.2), 1), (1, mul(k, 0.7), 1)])),
        )
        c.drawRoundRect(skia.Rect.MakeXYWH(38, 33, 52, 9), 4, 4, paint(mul(k, 0.85)))
        c.drawCircle(64, 12, 5, paint((246, 240, 230)))
    elif person.hat == "straw hat":
        oval(c, 64, 34, 38, 7.5, paint((202, 160, 84)))
        oval(c, 64, 32.6, 38, 6.6, paint((236, 200, 124)))
        c.drawPath(
            svg("M44 32 C44 6 84 6 84 32 Z"),
            paint(shader=vgrad(10, 34, [(0, (246, 216, 146), 1), (1, (206, 164, 88), 1)])),
        )
        c.drawPath(svg("M44 32 C52 36 76 36 84 32 L84 27 C76 31 52 31 44 27 Z"), paint((150, 60, 50)))

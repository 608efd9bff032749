"""Heads of people, drawn from their attributes: hair, face, hat."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.draw import Colour, curve, mix, mul, oval, paint, svg, vgrad
from ddpm.training.data.scenes.scene import Person

SKINS = {"fair": (248, 212, 186), "tan": (226, 172, 128), "brown": (170, 112, 76), "dark": (112, 70, 50)}


HAIRS = {
    "black": (40, 34, 40),
    "brown": (104, 64, 40),
    "blonde": (232, 190, 104),
    "red": (188, 76, 38),
    "grey": (166, 166, 172),
    "white": (236, 234, 230),
    "pink": (240, 130, 170),
    "blue": (70, 110, 200),
}


CLOTHES = {
    "red": (200, 56, 56),
    "blue": (58, 104, 186),
    "green": (62, 138, 88),
    "yellow": (240, 196, 74),
    "purple": (124, 78, 168),
    "white": (242, 240, 234),
    "black": (52, 52, 62),
    "orange": (232, 128, 56),
    "pink": (240, 150, 176),
    "teal": (44, 146, 150),
}


EYES = {"blue": (66, 126, 196), "green": (76, 146, 92), "brown": (108, 66, 38)}


def hair_back(c: skia.Canvas, person: Person, col: Colour, dark: Colour) -> None:
    st = person.hairstyle
    sh = paint(shader=vgrad(10, 110, [(0, col, 1), (1, dark, 1)]))
    if st in ("long", "curly long"):
        c.drawPath(svg("M38 50 C34 10 94 10 90 50 C96 74 94 92 100 108 C84 118 44 118 28 108 C34 92 32 74 38 50 Z"), sh)
        if st == "curly long":
            for i in range(9):
                for x in (33 + (i % 3) * 3, 95 - (i % 3) * 3):
                    c.drawCircle(x, 44 + i * 7.4, 7.5, paint(mul(dark, 1.0 if i % 2 else 1.12)))
    elif st == "bob":
        c.drawPath(svg("M38 48 C34 10 94 10 90 48 C93 64 94 76 90 84 C80 90 48 90 38 84 C34 76 35 64 38 48 Z"), sh)
    elif st == "ponytail":
        c.drawPath(svg("M80 24 C104 20 110 50 102 88 C94 80 96 60 84 44 Z"), sh)
    elif st == "braids":
        for x in (36, 92):
            for i in range(6):
                oval(
                    c,
                    x + (1.5 if i % 2 else -1.5),
                    66 + i * 7.5,
                    6 - 0.35 * i,
                    5.4,
                    paint(mul(dark, 1.15 if i % 2 else 0.95)),
                )
    elif st == "bun":
        c.drawCircle(64, 14, 11, sh)


def hair_front(c: skia.Canvas, person: Person, col: Colour, dark: Colour) -> None:
    st = person.hairstyle
    if st == "bald":
        return
    hi = mix(col, (255, 250, 235), 0.28)
    sh = paint(shader=vgrad(14, 62, [(0, hi, 1), (0.35, col, 1), (1, dark, 1)]))
    if st == "curly":
        for i, (x, y) in enumerate(
            [
                (42, 40),
                (40, 30),
                (46, 22),
                (54, 17),
                (64, 15),
                (74, 17),
                (82, 22),
                (88, 30),
                (86, 40),
                (58, 24),
                (70, 24),
                (50, 28),
                (78, 28),
            ]
        ):
            c.drawCircle(x, y, 8, paint(mix(dark, hi, (i % 4) / 4)))
        return
    d = {
        "short": "M41 52 C36 14 92 14 87 52 C86 42 84 38 80 36 C70 40 56 40 48 35 C44 38 43 44 41 52 Z",
        "swept": "M40 54 C34 12 84 8 90 30 C92 40 90 48 87 54 C86 44 84 38 80 36 C68 36 58 30 54 26 "
        "C52 34 44 38 40 54 Z",
    }.get(st, "M39 60 C34 12 94 12 89 60 C87 46 82 36 66 27 C58 36 44 40 39 60 Z")
    c.drawPath(svg(d), sh)
    c.drawPath(svg("M50 24 C58 19 70 19 78 24"), paint(mix(hi, (255, 255, 255), 0.3), 0.45, stroke=1.6, blur=0.7))


def face(c: skia.Canvas, person: Person, skin: Colour, hair: Colour) -> None:
    child = person.age == "child"
    dark = mul(skin, (0.72, 0.62, 0.60))
    ey, ex = (58 if child else 55), (10 if child else 9.4)
    er = 3.9 if child else 3.1
    blush = mix(skin, (236, 90, 90), 0.4)
    for sx in (-1, 1):
        oval(c, 64 + sx * 13.5, ey + 9, 5, 3.6, paint(blush, 0.5, blur=1.6))
        x = 64 + sx * ex
        if person.mood == "laughing":
            c.drawPath(
                curve("M%g %g Q%g %g %g %g", x - 4, ey + 1, x, ey - 4.4, x + 4, ey + 1),
                paint((46, 30, 30), 1, stroke=1.7),
            )
        else:
            oval(c, x, ey, er * 1.22, er * 1.12, paint((252, 250, 248)))
            c.drawCircle(x, ey + 0.2, er * 0.86, paint(mul(EYES[person.eyes], 0.85)))
            c.drawCircle(x, ey + 0.3, er * 0.46, paint((20, 16, 20)))
            c.drawCircle(x + er * 0.3, ey - er * 0.34, er * 0.26, paint((255, 255, 255)))
            c.drawPath(
                curve("M%g %g Q%g %g %g %g", x - er * 1.3, ey - 0.6, x, ey - er * 1.75, x + er * 1.35, ey - 0.6),
                paint((50, 32, 30), 1, stroke=1.5 if person.sex == "f" else 1.1),
            )
        b = mul(hair, 0.75) if person.hair not in ("white", "grey") else mul(hair, 0.85)
        c.drawPath(
            curve("M%g %g Q%g %g %g %g", x - sx * -4.6, ey - 7.4, x, ey - 9.8, x - sx * 4.6, ey - 6.8),
            paint(b, 0.9, stroke=1.9 if person.sex == "m" else 1.2),
        )
    c.drawPath(curve("M64 %g Q67.4 %g 63.4 %g", ey + 3, ey + 9, ey + 9.4), paint(dark, 0.8, stroke=1.1))
    if person.age == "old":
        for sx in (-1, 1):
            c.drawPath(
                curve("M%g %g Q%g %g %g %g", 64 + sx * 7, ey + 9, 64 + sx * 10, ey + 12, 64 + sx * 10, ey + 16),
                paint(dark, 0.6, stroke=0.8),
            )
            c.drawLine(64 + sx * 15, ey + 2, 64 + sx * 18, ey + 3.4, paint(dark, 0.6, stroke=0.7))
    my = ey + 15
    if person.beard:
        p = svg(
            "M41 56 C42 90 54 94 64 94 C74 94 86 90 87 56 C84 66 80 68 76 66 C70 63 58 63 52 66 C48 68 44 66 41 56 Z"
        )
        c.drawPath(p, paint(shader=vgrad(56, 94, [(0, hair, 1), (1, mul(hair, 0.7), 1)])))
    lip = mix(mul(skin, 0.75), (200, 60, 70), 0.55 if person.sex == "f" else 0.3)
    if person.mood == "laughing":
        c.drawPath(
            curve(
                "M56 %g Q64 %g 72 %g Q70 %g 64 %g Q58 %g 56 %g Z",
                my - 1,
                my + 1,
                my - 1,
                my + 7.5,
                my + 7.5,
                my + 7.5,
                my - 1,
            ),
            paint((120, 36, 40)),
        )
        c.drawPath(
            curve("M57 %g Q64 %g 71 %g L70 %g Q64 %g 58 %g Z", my - 0.5, my + 1, my - 0.5, my + 1.8, my + 3, my + 1.8),
            paint((255, 255, 252)),
        )
    else:
        d = 4.2 if person.mood == "smiling" else 1.2
        c.drawPath(curve("M57.5 %g Q64 %g 70.5 %g", my, my + d, my), paint(lip, 1, stroke=1.9))
    if person.glasses:
        for sx in (-1, 1):
            c.drawCircle(64 + sx * 9.6, ey + 0.4, 7, paint((60, 44, 40), 0.95, stroke=1.3))
            c.drawCircle(64 + sx * 9.6, ey + 0.4, 6.4, paint((255, 255, 255), 0.14))
        c.drawLine(61.4, ey, 66.6, ey, paint((60, 44, 40), 0.95, stroke=1.2))

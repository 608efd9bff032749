"""A whole person in one of several poses: limbs as strokes between joints, the head as in the portrait."""

from __future__ import annotations

from typing import NamedTuple

import skia

from ddpm.training.data.scenes.draw import (
    SCREEN,
    Colour,
    Point,
    Points,
    curve,
    glow,
    mix,
    mul,
    oval,
    paint,
    poly,
    smooth,
    svg,
    vgrad,
)
from ddpm.training.data.scenes.faces import CLOTHES, HAIRS, SKINS, face, hair_back, hair_front
from ddpm.training.data.scenes.scene import Person


class Pose(NamedTuple):
    """Joints in a 128 x 128 box, feet at y = 124: elbow and hand of each arm, knee and foot of each leg."""

    arms: tuple[tuple[Point, Point], tuple[Point, Point]]
    legs: tuple[tuple[Point, Point], tuple[Point, Point]]
    sink: float = 0.0  # how far the trunk is lowered
    tilt: float = 0.0  # degrees of the head


DOWN = (((43, 68), (45, 85)), ((85, 68), (83, 85)))
UPRIGHT = (((57, 104), (56, 123)), ((71, 104), (72, 123)))
CROSSED = (((36, 112), (70, 121)), ((92, 112), (58, 121)))

POSES = {
    "stand": Pose(DOWN, UPRIGHT),
    "walk": Pose((((46, 69), (38, 82)), ((84, 68), (92, 80))), (((54, 103), (42, 121)), ((78, 102), (84, 123)))),
    "run": Pose((((40, 64), (34, 52)), ((88, 68), (98, 62))), (((46, 100), (30, 110)), ((84, 98), (88, 122))), 0, 5),
    "wave": Pose((((43, 68), (45, 85)), ((94, 48), (101, 27))), UPRIGHT, 0, 4),
    "cheer": Pose((((35, 44), (29, 23)), ((93, 44), (99, 23))), UPRIGHT),
    "dance": Pose(
        (((36, 52), (27, 34)), ((92, 62), (106, 56))), (((54, 102), (46, 122)), ((82, 100), (68, 116))), 0, 8
    ),
    "sit": Pose((((42, 94), (44, 111)), ((86, 94), (84, 111))), CROSSED, 23),
    "read": Pose((((42, 92), (54, 99)), ((86, 92), (74, 99))), CROSSED, 23),
    "fish": Pose((((44, 92), (62, 92)), ((84, 88), (70, 89))), CROSSED, 23),
    "umbrella": Pose((((43, 68), (45, 85)), ((88, 64), (84, 48))), UPRIGHT),
    "lantern": Pose((((43, 68), (45, 85)), ((92, 62), (103, 57))), UPRIGHT),
    "dive": Pose((((36, 62), (24, 74)), ((92, 62), (104, 74))), (((50, 102), (40, 116)), ((78, 100), (90, 112)))),
    "balloon": Pose((((43, 68), (45, 85)), ((92, 60), (98, 44))), UPRIGHT),
}
OVERHEAD = ("umbrella", "balloon")  # they need room above the head
SHOULDERS: tuple[Point, Point] = ((52, 51), (76, 51))
HIPS: tuple[Point, Point] = ((57, 84), (71, 84))


def figure(c: skia.Canvas, person: Person, deed: str) -> None:
    """Feet at (64, 126), about 120 high; less when sitting."""
    pose, skin, col = POSES[deed], SKINS[person.skin], CLOTHES[person.colour]
    if deed in OVERHEAD:
        c.translate(64 * (1 - 0.76), 126 * (1 - 0.76))
        c.scale(0.76, 0.76)
    if deed == "umbrella":
        _umbrella(c, person)
    c.save()
    c.translate(0, pose.sink)
    _hair_behind(c, person, pose)
    c.restore()
    _legs(c, person, pose, skin)
    c.save()
    c.translate(0, pose.sink)
    _trunk(c, person, col, sitting=bool(pose.sink))
    c.restore()
    for (sx, sy), (elbow, hand) in zip(SHOULDERS, pose.arms, strict=True):
        _limb(c, (sx, sy + pose.sink), elbow, hand, mul(col, 0.86), 8.5)
        c.drawCircle(*hand, 4.3, paint(skin))
    c.save()
    c.translate(0, pose.sink)
    _head(c, person, skin, pose)
    c.restore()
    _held(c, person, deed, pose.arms[1][1])


def _limb(c: skia.Canvas, a: Point, joint: Point, end: Point, col: Colour, width: float) -> None:
    c.drawPath(smooth([a, joint, joint, end]), paint(mul(col, 0.75), stroke=width + 0.8))
    c.drawPath(smooth([a, joint, joint, end]), paint(col, stroke=width))


def _legs(c: skia.Canvas, person: Person, pose: Pose, skin: Colour) -> None:
    trousers = (66, 74, 112) if person.colour not in ("blue", "purple", "black") else (128, 100, 72)
    skirt = person.garment == "dress"
    col = mul(skin, 0.94) if skirt else trousers
    for i, ((hx, hy), (knee, foot)) in enumerate(zip(HIPS, pose.legs, strict=True)):
        _limb(c, (hx, hy + pose.sink), knee, foot, mul(col, 0.86 + 0.14 * i), 7.5 if skirt else 10.5)
        oval(c, foot[0] + (2 if foot[0] > 64 else -2), foot[1] + 1.2, 7, 4, paint((84, 56, 44)))


def _trunk(c: skia.Canvas, person: Person, col: Colour, *, sitting: bool) -> None:
    if person.garment == "dress":
        shape = "M50 48 C56 43 72 43 78 48 L84 84 L98 98 C84 106 44 106 30 98 L44 84 Z" if sitting else (
            "M50 48 C56 43 72 43 78 48 L89 104 C76 109 52 109 39 104 Z"
        )  # fmt: skip
    else:
        shape = "M48 49 C56 43 72 43 80 49 C83 64 82 78 80 89 C72 92 56 92 48 89 C46 78 45 64 48 49 Z"
    bright = mix(col, (255, 255, 255), 0.16)
    c.drawPath(svg(shape), paint(shader=vgrad(44, 104, [(0, bright, 1), (0.5, col, 1), (1, mul(col, 0.74), 1)])))
    match person.garment:
        case "jacket":
            c.drawPath(svg("M59 46 L69 46 L68 90 L60 90 Z"), paint((240, 236, 226)))
        case "hoodie":
            c.drawPath(svg("M52 48 C54 58 74 58 76 48 C82 54 76 62 64 62 C52 62 46 54 52 48 Z"), paint(mul(col, 0.78)))
            c.drawPath(svg("M54 78 L74 78 L77 88 L51 88 Z"), paint(mul(col, 0.8)))
        case "shirt":
            for sx in (-1, 1):
                c.drawPath(poly([(64, 55), (64 + sx * 9, 46), (64 + sx * 10, 54)]), paint(bright))
            for y in (62, 71, 80):
                c.drawCircle(64, y, 1.1, paint(mul(col, 0.6)))
        case "dress":
            c.drawPath(svg("M49 70 C56 74 72 74 79 70 L80 75 C72 79 56 79 48 75 Z"), paint(mul(col, 0.68)))
        case _:
            c.drawPath(svg("M48 84 C56 88 72 88 80 84 L80 90 C72 93 56 93 48 90 Z"), paint(mul(col, 0.7)))


def _into_head(c: skia.Canvas, person: Person, pose: Pose) -> None:
    """From the portrait's head to the figure's, chin at the neck."""
    k = 0.62 if person.age == "child" else 0.53
    c.translate(64, 47)
    c.rotate(pose.tilt)
    c.scale(k, k)
    c.translate(-64, -88)


def _hair_behind(c: skia.Canvas, person: Person, pose: Pose) -> None:
    c.save()
    _into_head(c, person, pose)
    hair = HAIRS[person.hair]
    hair_back(c, person, hair, mul(hair, 0.62))
    c.restore()


def _head(c: skia.Canvas, person: Person, skin: Colour, pose: Pose) -> None:
    c.save()
    _into_head(c, person, pose)
    hair = HAIRS[person.hair]
    if person.hairstyle in ("braids", "ponytail"):
        hair_back(c, person, hair, mul(hair, 0.62))
    c.drawPath(svg("M56 80 L72 80 L73 94 L55 94 Z"), paint(mul(skin, 0.82)))
    for x in (40.5, 87.5):
        oval(c, x, 58, 4, 5.6, paint(mul(skin, 0.9)))
    c.drawPath(svg("M41 48 C40 22 88 22 87 48 C88 68 80 86 64 87 C48 86 40 68 41 48 Z"), paint(skin))
    face(c, person, skin, hair)
    hair_front(c, person, hair, mul(hair, 0.62))
    if person.hat == "beanie":
        cap = CLOTHES["red"] if person.colour != "red" else CLOTHES["teal"]
        c.drawPath(svg("M38 42 C36 4 92 4 90 42 Z"), paint(cap))
        c.drawRoundRect(skia.Rect.MakeXYWH(36, 34, 56, 10), 4, 4, paint(mul(cap, 0.8)))
        c.drawCircle(64, 9, 7, paint((246, 240, 230)))
    elif person.hat == "straw hat":
        oval(c, 64, 34, 44, 9, paint((214, 172, 92)))
        c.drawPath(svg("M42 33 C42 2 86 2 86 33 Z"), paint((242, 208, 136)))
        c.drawPath(svg("M42 33 C52 37 76 37 86 33 L86 26 C76 30 52 30 42 26 Z"), paint((150, 60, 50)))
    c.restore()
    if person.scarf:
        scarf = CLOTHES[person.scarf]
        c.drawPath(svg("M50 44 C58 50 70 50 78 44 L79 52 C70 59 58 59 49 52 Z"), paint(scarf))
        c.drawPath(poly([(70, 52), (78, 51), (79, 70), (72, 70)]), paint(mul(scarf, 0.82)))


def _umbrella(c: skia.Canvas, person: Person) -> None:
    """Behind the head: its stick ends in the right hand."""
    col = CLOTHES["yellow"] if person.colour in ("red", "pink", "orange") else CLOTHES["red"]
    c.drawLine(84, 50, 76, -18, paint((70, 50, 44), stroke=2.4))
    dome = "M18 8 C24 -40 120 -44 122 4 C112 -3 104 -3 96 4 C88 -3 80 -2 72 5 C64 -2 56 -1 48 6 C40 0 28 0 18 8 Z"
    c.drawPath(svg(dome), _round(col, -34, 8))


def _round(col: Colour, top: float, bottom: float) -> skia.Paint:
    """Lit from above."""
    lit, shaded = mix(col, (255, 255, 255), 0.35), mul(col, 0.75)
    return paint(shader=vgrad(top, bottom, [(0, lit, 1), (0.5, col, 1), (1, shaded, 1)]))


def _held(c: skia.Canvas, person: Person, deed: str, hand: Point) -> None:
    """What the hands hold, in front of the body."""
    x, y = hand
    match deed:
        case "read":
            _book(c)
        case "fish":
            c.drawLine(x - 14, y + 8, 120, 34, paint((110, 74, 44), stroke=2))
            c.drawPath(curve("M120 34 Q%g 70 %g 122", 126, 122), paint((250, 250, 250), 0.8, stroke=0.8))
            c.drawCircle(122, 120, 2.6, paint((220, 50, 46)))
        case "lantern":
            glow(c, x + 3, y + 16, 22, (255, 206, 110), 0.7, SCREEN)
            c.drawLine(x, y, x + 3, y + 7, paint((60, 48, 44), stroke=1.4))
            c.drawRoundRect(skia.Rect.MakeXYWH(x - 4, y + 7, 14, 17), 3, 3, paint((70, 54, 48)))
            c.drawRoundRect(skia.Rect.MakeXYWH(x - 2, y + 9.5, 10, 12), 2, 2, paint((255, 228, 140)))
        case "balloon":
            col = CLOTHES["red"] if person.colour != "red" else CLOTHES["yellow"]
            string = curve("M%g %g Q%g %g %g %g", x, y, x + 6, y - 14, x + 6, 8)
            c.drawPath(string, paint((240, 240, 240), 0.9, stroke=1))
            oval(c, x + 6, -8, 14, 17, _round(col, -26, 10))
        case _:
            pass


def _book(c: skia.Canvas) -> None:
    """Open, in the lap."""
    for sx in (-1, 1):
        page: Points = [(64, 94), (64 + sx * 19, 88), (64 + sx * 19, 106), (64, 111)]
        cover: Points = [(64, 109), (64 + sx * 20, 104), (64 + sx * 20, 108), (64, 114)]
        c.drawPath(poly(page), paint((250, 246, 232)))
        c.drawPath(poly(cover), paint((176, 52, 48)))
        for y in (98, 101.4, 104.8):
            c.drawLine(64 + sx * 3, y, 64 + sx * 16, y - 4, paint((120, 110, 100), 0.6, stroke=0.8))

"""Dragon and phoenix on the wing, drawn from curves in a 128 x 128 box, both flying to the left."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.beasts import shade_of
from ddpm.training.data.scenes.draw import SCREEN, Colour, curve, glow, mix, mul, oval, paint, poly, smooth, svg, vgrad

PLUMAGE: dict[str, tuple[Colour, Colour]] = {  # feathers, and the light in them
    "red": ((226, 58, 36), (255, 196, 64)),
    "blue": ((48, 104, 230), (130, 232, 255)),
    "purple": ((132, 58, 208), (255, 140, 226)),
    "golden": ((238, 164, 36), (255, 244, 160)),
}


def flying_dragon(c: skia.Canvas, col: Colour, fire: bool) -> None:
    belly, dark = mix(col, (255, 236, 190), 0.55), mul(col, 0.55)
    wing = mix(col, (255, 170, 90), 0.25)
    far = svg("M62 62 C54 42 46 24 24 10 C26 22 22 30 14 38 C26 38 32 44 34 54 C44 50 50 54 56 66 Z")
    c.drawPath(far, shade_of(mul(wing, 0.62), 6, 70))
    c.drawPath(svg("M86 66 C104 74 112 90 126 86 C122 100 104 100 92 92 C84 88 78 84 74 80 Z"), shade_of(col, 60, 100))
    c.drawPath(poly([(116, 90), (128, 76), (127, 98)]), shade_of(dark, 76, 98))
    for x, y in ((58, 84), (80, 82)):
        leg = curve("M%g %g C%g %g %g %g %g %g", x - 5, y - 4, x - 4, y + 10, x + 6, y + 10, x + 4, y + 22)
        c.drawPath(leg, paint(mul(col, 0.72), stroke=7))
        for k in (-4, 0, 4):
            c.drawLine(x + 4, y + 21, x + 2 + k, y + 27, paint((240, 226, 190), stroke=1.8))
    c.drawPath(svg("M44 58 C56 48 78 50 92 64 C98 74 92 88 76 92 C58 94 46 84 40 72 Z"), shade_of(col, 46, 96))
    c.drawPath(svg("M42 70 C52 84 66 88 84 84 C74 94 54 94 40 78 Z"), paint(belly))
    c.drawPath(svg("M52 82 C38 78 28 66 30 50 C32 40 42 40 44 50 C46 58 54 58 62 56 Z"), shade_of(col, 40, 84))
    c.drawPath(svg("M31 60 C34 72 42 80 52 84 C44 72 42 64 41 56 Z"), paint(belly, 0.9))
    if fire:
        _flame(c)
    head = svg("M44 34 C54 40 54 54 44 58 C36 60 28 58 22 60 C14 62 8 60 8 55 C14 50 22 48 28 40 C32 34 38 32 44 34 Z")
    c.drawPath(head, shade_of(col, 30, 62))
    for horn in ("M42 36 C50 28 58 26 66 28 C60 32 54 38 50 44 Z", "M36 35 C40 26 48 20 56 20 C50 26 46 32 44 38 Z"):
        c.drawPath(svg(horn), paint((244, 230, 196)))
    c.drawCircle(34, 44, 3, paint((255, 228, 90)))
    c.drawCircle(33.4, 44.2, 1.4, paint((30, 10, 10)))
    c.drawLine(11, 57, 32, 54.5, paint(dark, 0.9, stroke=1.3))
    near = svg(
        "M54 68 C54 42 64 18 90 0 C92 14 104 26 124 28 C114 36 110 44 112 56 C102 50 92 56 90 68 C82 62 74 68 70 80 Z"
    )
    c.drawPath(near, shade_of(wing, 0, 80))
    for x, y in ((112, 56), (90, 68), (124, 28)):
        c.drawPath(curve("M58 66 Q%g %g %g %g", 76, 26, x, y), paint(dark, 0.75, stroke=1.4))
    for x, y in ((52, 50), (64, 50), (76, 54), (88, 62), (98, 72)):
        c.drawPath(poly([(x - 4, y + 3), (x + 5, y - 5), (x + 3, y + 5)]), paint(mul(wing, 1.1)))


def _flame(c: skia.Canvas) -> None:
    glow(c, -6, 60, 22, (255, 140, 40), 0.6, SCREEN)
    for d, col in (
        ("M12 56 C0 48 -14 50 -22 42 C-20 52 -30 56 -34 66 C-24 64 -22 74 -12 76 C-6 70 4 68 12 59 Z", (250, 90, 30)),
        ("M12 56 C2 52 -10 54 -16 50 C-14 58 -22 60 -24 66 C-14 66 -10 70 -4 68 C0 66 6 64 12 59 Z", (255, 170, 50)),
        ("M12 56 C4 55 -4 58 -10 57 C-8 62 -12 63 -12 65 C-4 65 4 63 12 59 Z", (255, 240, 160)),
    ):
        c.drawPath(svg(d), paint(col, 0.95))


def soaring_phoenix(c: skia.Canvas, word: str) -> None:
    col, light = PLUMAGE[word]
    for k, (x, y) in enumerate(((122, 62), (126, 82), (118, 102), (104, 116))):
        feather = smooth([(70, 66), (88, 74 + 4 * k), ((x + 82) / 2 + 4, (y + 88) / 2), (x, y)])
        c.drawPath(feather, paint(mul(col, 0.8 + 0.08 * k), stroke=7 - k * 0.6))
        c.drawPath(feather, paint(light, 0.8, stroke=2.2))
        oval(c, x, y, 6, 6, paint(col))
        oval(c, x, y, 3, 3, paint(light))
    _plumes(c, mul(col, 0.72), light, ((58, 62), (66, 22), (96, 2)), ((104, 24), (98, 40), (84, 54)))
    c.drawPath(svg("M34 54 C44 44 64 48 78 66 C84 76 78 84 66 82 C50 80 38 70 34 54 Z"), shade_of(col, 44, 86))
    c.drawPath(svg("M38 60 C46 74 58 80 70 82 C56 84 42 76 38 60 Z"), paint(light, 0.75))
    _plumes(c, col, light, ((54, 60), (30, 30), (10, 6)), ((2, 34), (14, 50), (34, 62)))
    c.drawPath(svg("M44 60 C32 58 26 48 30 40 C36 32 48 36 48 46 C50 52 54 54 56 56 Z"), shade_of(col, 34, 62))
    c.drawPath(svg("M32 40 C24 42 18 46 14 52 C22 50 28 50 33 48 Z"), paint((255, 214, 120)))
    for x, y in ((46, 22), (54, 26), (58, 34)):
        crest = curve("M40 38 Q%g %g %g %g", (x + 42) / 2 - 2, (y + 30) / 2 - 2, x, y)
        c.drawPath(crest, paint(light, stroke=2))
        c.drawCircle(x, y, 2.4, paint(col))
    c.drawCircle(36, 43, 2.4, paint((255, 252, 230)))
    c.drawCircle(35.6, 43.2, 1.3, paint((40, 10, 20)))


def _plumes(
    c: skia.Canvas,
    col: Colour,
    light: Colour,
    lead: tuple[tuple[float, float], ...],
    trail: tuple[tuple[float, float], ...],
) -> None:
    """A wing: its leading edge from shoulder to tip, its trailing edge back, and feathers between them."""
    (ax, ay), (bx, by), (tx, ty) = lead
    path = skia.Path()
    path.moveTo(ax, ay)
    path.quadTo(bx, by, tx, ty)
    for x, y in trail:
        path.quadTo((tx + x) / 2 + (ax - x) * 0.22, (ty + y) / 2 + (ay - y) * 0.22, x, y)
        tx, ty = x, y
    path.close()
    top = min(ay, lead[2][1])
    c.drawPath(path, paint(shader=vgrad(top, max(ay, ty), [(0, light, 1), (0.3, col, 1), (1, mul(col, 0.75), 1)])))
    for x, y in (lead[2], *trail[:-1]):
        c.drawPath(curve("M%g %g Q%g %g %g %g", ax, ay, (ax + bx + x) / 3, (ay + by + y) / 3, x, y),
                   paint(light, 0.7, stroke=1.6))  # fmt: skip

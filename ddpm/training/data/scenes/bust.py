"""A close view of an animal: the drawing of a head above shoulders drawn in its own colours."""

from __future__ import annotations

import skia

from ddpm.training.data.scenes.draw import Colour, mix, mul, oval, paint, rgrad, svg

CUBIC = skia.SamplingOptions(skia.CubicResampler.Mitchell())


def bust(c: skia.Canvas, head: skia.Image, coat: Colour, chest: Colour) -> None:
    """Fills a 128 x 132 box from below; coat and chest: colours of the drawing's rim and of its lower middle."""
    body = rgrad(54, 96, 66, [(0, mix(coat, (255, 255, 255), 0.15), 1), (0.55, coat, 1), (1, mul(coat, 0.62), 1)])
    c.drawPath(svg("M38 84 C22 92 12 110 8 134 L120 134 C116 110 106 92 90 84 Z"), paint(shader=body))
    c.drawPath(svg("M50 88 C42 104 44 124 50 134 L78 134 C84 124 86 104 78 88 Z"), paint(chest, 0.9))
    oval(c, 64, 92, 30, 8, paint(mul(coat, 0.45), 0.5, blur=3))
    k = 88 / max(head.width(), head.height())
    w, h = head.width() * k, head.height() * k
    c.drawImageRect(head, skia.Rect.MakeXYWH(64 - w / 2, 100 - h, w, h), CUBIC)

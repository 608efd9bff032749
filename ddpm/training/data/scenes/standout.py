"""A subject's own layer: lit by the scene, then kept apart from its ground, so that it can be read at 128 pixels.

Three things keep it apart: the light of the scene tints it only mildly, a rim of light follows its edge on the sun's
side, and where its brightness is near that of what lies behind, it is pushed away from it and given a soft halo.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import skia

from ddpm.training.data.scenes.draw import ATOP, Colour, Point, lgrad, mix, mul, paint, rgba
from ddpm.training.data.scenes.light import Light
from ddpm.training.data.scenes.scene import Scene

SIZE = 128
APART = 62.0  # grey levels between a subject and its ground below which it is pushed away
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class Layer:
    """A transparent picture of one subject, in picture units times `scale`."""

    def __init__(self, scale: float) -> None:
        side = int(SIZE * scale)
        info = skia.ImageInfo.Make(side, side, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
        self.surface = skia.Surface.MakeRaster(info)
        self.canvas = self.surface.getCanvas()
        self.canvas.scale(scale, scale)
        self.scale = scale

    def light(self, light: Light, foot: Point, size: float, lit_from: float, *, depth: float, underwater: bool) -> None:
        """Tint, haze, a lit and a shaded side, and the rim; lit_from: -1 left, +1 right; foot: (x, y) of its base."""
        c, (x, y) = self.canvas, foot
        r, g, b = mix(light.ambient, (1, 1, 1), 0.68)
        floor = max(1.0, 0.97 / max(r, g, b))  # night takes a quarter of the colour, not of the brightness
        tint = skia.ColorFilters.Matrix(
            [r * floor, 0, 0, 0, 0, 0, g * floor, 0, 0, 0, 0, 0, b * floor, 0, 0, 0, 0, 0, 1, 0]
        )
        plain = self.surface.makeImageSnapshot()
        over = paint()
        over.setColorFilter(tint)
        over.setBlendMode(skia.BlendMode.kSrc)
        self._image(plain, over)
        if depth or underwater:
            far = 0.06 * underwater + 0.4 * depth
            c.drawPaint(paint(mix(light.mid, light.haze, 0.5), far, blend=ATOP))
        bright, shade = x + lit_from * size * 0.45, x - lit_from * size * 0.45
        night = mul(light.top, 0.3)
        stops = [(0, light.glow, 0.22), (0.42, light.glow, 0), (0.6, night, 0), (1, night, 0.26)]
        c.drawPaint(paint(shader=lgrad((bright, y - size), (shade, y), stops), blend=ATOP))
        edge = 1.0 if underwater else lit_from * 1.3
        self._rim(light.glow, 0.4 + 0.4 * light.dark, (0 if underwater else -edge, 0.9))

    def _image(self, image: skia.Image, how: skia.Paint, dx: float = 0, dy: float = 0) -> None:
        """A layer's own picture back onto it, moved by picture units."""
        self.canvas.save()
        self.canvas.resetMatrix()
        self.canvas.drawImage(image, dx * self.scale, dy * self.scale, skia.SamplingOptions(), how)
        self.canvas.restore()

    def _rim(self, col: Colour, alpha: float, away: Point) -> None:
        """Light on what is left of the shape when the shape itself, moved `away` from the light, is taken off."""
        shape = self.surface.makeImageSnapshot()
        over = paint()
        over.setBlendMode(ATOP)
        self.canvas.saveLayer(None, over)
        self.canvas.drawPaint(paint(mix(col, (255, 255, 255), 0.25), alpha))
        off = paint()
        off.setBlendMode(skia.BlendMode.kDstOut)
        self._image(shape, off, *away)
        self.canvas.restore()

    def onto(self, c: skia.Canvas, scene: Scene, light: Light) -> npt.NDArray[np.uint8]:
        """Painted into the picture; -> the picture's mask with this subject added, uint8 (side, side)."""
        shape = self.surface.toarray(colorType=skia.kRGBA_8888_ColorType)
        alpha = shape[..., 3]
        ground = scene.surface.toarray(colorType=skia.kRGBA_8888_ColorType)
        gain, halo = _apart(shape, ground, light)
        image = self.surface.makeImageSnapshot()
        c.save()
        c.resetMatrix()
        if halo is not None:
            glow = paint()
            sigma = 2.6 * self.scale
            glow.setImageFilter(skia.ImageFilters.DropShadowOnly(0, 0, sigma, sigma, rgba(halo, 0.75)))
            c.drawImage(image, 0, 0, skia.SamplingOptions(), glow)
        over = paint()
        lift = max(0.0, gain - 1) * 0.12  # black fur has nothing to multiply
        over.setColorFilter(
            skia.ColorFilters.Matrix([gain, 0, 0, 0, lift, 0, gain, 0, 0, lift, 0, 0, gain, 0, lift, 0, 0, 0, 1, 0])
        )
        c.drawImage(image, 0, 0, skia.SamplingOptions(), over)
        c.restore()
        return alpha if scene.mask is None else np.maximum(scene.mask, alpha)


def _apart(shape: npt.NDArray[np.uint8], ground: npt.NDArray[np.uint8], light: Light) -> tuple[float, Colour | None]:
    """Factor for the subject's brightness and the colour of its halo; straight-alpha RGBA, (side, side, 4) each."""
    weight = shape[..., 3].astype(np.float32) / 255
    total = float(weight.sum())
    if total < 20:
        return 1.0, None
    own = float(((shape[..., :3] @ LUMA) * weight).sum()) / total
    behind = float(((ground[..., :3] @ LUMA) * weight).sum()) / total
    gap = own - behind
    if abs(gap) >= APART:
        return 1.0, None
    missing = (APART - abs(gap)) / APART
    if own > 150 or (gap > 0 and behind < 110) or own + APART < 120:  # towards the light
        gain = 1 + 0.28 * missing if behind < 150 else 1 + 0.06 * missing
    else:
        gain = 1 - 0.14 * missing
    bright = behind < 110
    halo = mix(light.glow, light.haze, 0.35) if bright else mul(light.haze, 0.42)
    return gain, mix(halo, light.mid, 1 - missing) if missing < 0.5 else halo

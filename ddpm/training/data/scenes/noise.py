"""Noise made once a process and the same in every process: textures laid over the picture, ridges for skylines."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import skia

from ddpm.training.data.scenes.draw import SOFT, Colour, Point, Points, poly, rgba

Field = npt.NDArray[np.float32]  # 0..1

SAMPLING = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kNone)


def fractal(size: int, beta: float, seed: int, stretch: Point = (1.0, 1.0)) -> Field:
    """tileable 1/f noise, 0..1"""
    g = np.random.default_rng(seed)
    fy = np.fft.fftfreq(size)[:, None] * stretch[1]
    fx = np.fft.fftfreq(size)[None, :] * stretch[0]
    f = np.hypot(fx, fy)
    f[0, 0] = 1
    s = (g.normal(size=(size, size)) + 1j * g.normal(size=(size, size))) / f**beta
    s[0, 0] = 0
    a = np.fft.ifft2(s).real
    lo, hi = np.percentile(a, [1, 99])
    return np.clip((a - lo) / (hi - lo), 0, 1).astype(np.float32)


def _image(alpha: Field | None = None, grey: Field | None = None) -> skia.Image:
    """white with this alpha (straight: skia premultiplies by the type given), or opaque grey"""
    field = alpha if grey is None else grey
    assert field is not None
    px = np.full((*field.shape, 4), 255, np.uint8)
    if grey is None:
        px[..., 3] = field * 255
    else:
        px[..., :3] = (field * 255)[..., None]
    return skia.Image.fromarray(px, skia.kRGBA_8888_ColorType, skia.AlphaType.kUnpremul_AlphaType)


@lru_cache(maxsize=1)
def bank() -> dict[str, list[Any]]:
    """noise made once per process; the same in every process"""
    b: dict[str, list[Any]] = {}
    b["ridges"] = [fractal(512, 1.15, 100 + i)[7] for i in range(48)]
    b["soft_ridges"] = [fractal(512, 1.9, 300 + i)[9] for i in range(32)]
    b["grain"] = [_image(grey=0.5 + (fractal(256, 0.9, 500 + i) - 0.5) * 0.9) for i in range(4)]
    b["rock"] = [_image(grey=0.5 + (fractal(256, 1.0, 520 + i, (0.8, 2.0)) - 0.5) * 0.95) for i in range(4)]
    b["strokes"] = [_image(grey=0.5 + (fractal(256, 1.0, 540 + i, (1.8, 0.35)) - 0.5) * 0.8) for i in range(4)]
    b["cloud"] = [
        _image(alpha=np.clip((fractal(256, 1.5, 560 + i, (2.0, 0.8)) - 0.45) * 2.2, 0, 1) ** 1.2) for i in range(6)
    ]
    b["mist"] = [_image(alpha=np.clip((fractal(256, 1.7, 580 + i, (2.4, 0.6)) - 0.25) * 1.3, 0, 1)) for i in range(4)]
    caust = []
    for i in range(3):
        a, c = fractal(256, 1.35, 600 + i), fractal(256, 1.35, 620 + i)
        caust.append(
            _image(
                alpha=np.clip(1 - np.abs(a - 0.5) * 9, 0, 1) ** 1.5 * 0.8
                + np.clip(1 - np.abs(c - 0.5) * 9, 0, 1) ** 1.5 * 0.2
            )
        )
    b["caustic"] = caust
    return b


def texture(
    canvas: skia.Canvas,
    rng: random.Random,
    kind: str,
    alpha: float = 0.5,
    scale: float = 1.0,
    blend: skia.BlendMode = SOFT,
    clip: skia.Path | None = None,
    tint: Colour | None = None,
    dx: float | None = None,
) -> None:
    """lay a noise image over the picture (or over a clip path)"""
    im = rng.choice(bank()[kind])
    m = skia.Matrix()
    m.setScaleTranslate(scale, scale, rng.uniform(-256, 0) if dx is None else dx, rng.uniform(-256, 0))
    p = skia.Paint(AntiAlias=True, Shader=im.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat, SAMPLING, m))
    p.setAlphaf(alpha)
    p.setBlendMode(blend)
    if tint is not None:
        p.setColorFilter(skia.ColorFilters.Blend(rgba(tint), skia.BlendMode.kSrcIn))
    if clip is None:
        canvas.drawPaint(p)
    else:
        canvas.drawPath(clip, p)


def ridge(
    rng: random.Random,
    base: float,
    amp: float,
    rough: bool = True,
    x0: float = -4,
    x1: float = 132,
    n: int = 69,
    stretch: float = 1.0,
) -> Points:
    """heights of a skyline: list of (x, y), y smaller is higher"""
    r = rng.choice(bank()["ridges" if rough else "soft_ridges"])
    o = rng.randrange(512)
    idx = (o + np.arange(n) * (2.2 * stretch)) % 511
    i = idx.astype(int)
    f = idx - i
    h = r[i] * (1 - f) + r[(i + 1) % 512] * f
    lo, hi = h.min(), h.max()
    h = 0.35 * h + 0.65 * (h - lo) / max(hi - lo, 1e-3)
    xs = np.linspace(x0, x1, n)
    return list(zip(xs.tolist(), (base - amp * h).tolist(), strict=True))


def below(pts: Points, bottom: float = 132) -> skia.Path:
    """closed path of everything under a skyline"""
    return poly(pts + [(pts[-1][0], bottom), (pts[0][0], bottom)])

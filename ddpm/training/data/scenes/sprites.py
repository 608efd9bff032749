"""Loads the free art and recolours it; every result is a cached skia image."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import skia

from ddpm.training.data.scenes.draw import Colour, mix

Pixels = npt.NDArray[np.uint8]
ART = Path(__file__).with_name("art.npz")

# colour word: hue (degrees) or None to keep, saturation factor, value factor, value offset
TINTS = {
    "brown": (22, 0.75, 0.62, 0.02),
    "black": (230, 0.22, 0.34, 0.04),
    "white": (40, 0.10, 0.45, 0.55),
    "grey": (220, 0.10, 0.72, 0.05),
    "red": (2, 1, 1, 0),
    "blue": (214, 1, 1, 0),
    "green": (130, 0.9, 0.9, 0),
    "golden": (42, 1, 1.12, 0.02),
    "purple": (278, 0.85, 0.95, 0),
    "teal": (176, 0.9, 0.95, 0),
    "silver": (215, 0.12, 0.8, 0.15),
    "pink": (336, 0.8, 1.05, 0.02),
    "orange": (24, 1.05, 1.0, 0),
}


@lru_cache(maxsize=1)
def _art() -> dict[str, Pixels]:
    z = np.load(ART)
    return {k: z[k] for k in z.files}


def _recolour(px: Pixels, word: str, span: tuple[int, int]) -> Pixels:
    hue, ks, kv, ov = TINTS[word]
    hsv = cv2.cvtColor(px[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    h, s, v = hsv[..., 0], hsv[..., 1], hsv[..., 2]
    m = (s > 0.16) & (v > 0.18) & (h >= span[0]) & (h <= span[1])
    base = np.median(h[m & (px[..., 3] > 128)]) if m.any() else 0
    d = (h - base + 180) % 360 - 180
    keep = 0.8 if ks > 0.5 else 0.1
    h2, s2, v2 = (hue + d * keep) % 360, np.clip(s * ks, 0, 1), np.clip(v * kv + ov, 0, 1)
    hsv = np.dstack([np.where(m, h2, h), np.where(m, s2, s), np.where(m, v2, v)]).astype(np.float32)
    out = px.copy()
    out[..., :3] = np.clip(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255, 0, 255)
    return out


@lru_cache(maxsize=512)
def sprite(source: str, name: str, word: str | None, span: tuple[int, int]) -> skia.Image:
    px = _art()[f"{source}/{name}"]
    if word:
        px = _recolour(px, word, span)
    im = skia.Image.fromarray(np.ascontiguousarray(px), skia.kRGBA_8888_ColorType, skia.AlphaType.kUnpremul_AlphaType)
    return im


@lru_cache(maxsize=512)
def coat(source: str, name: str, word: str | None, span: tuple[int, int]) -> tuple[Colour, Colour]:
    """The colours of a drawing of a head, for the shoulders below it: of its sides, and of a light chest."""
    px = _art()[f"{source}/{name}"]
    if word:
        px = _recolour(px, word, span)
    h, w = px.shape[:2]
    sides = np.concatenate([px[h // 3 : 3 * h // 4, : w // 4], px[h // 3 : 3 * h // 4, -w // 4 :]], axis=1)
    fur, muzzle = _middle(sides), _middle(px[3 * h // 4 :, w // 3 : 2 * w // 3])
    pale = min(muzzle) > 150 and max(muzzle) - min(muzzle) < 60  # else it is a tongue or an open mouth
    return fur, muzzle if pale else mix(fur, (255, 250, 240), 0.4)


def _middle(px: Pixels) -> Colour:
    seen = px[..., :3][px[..., 3] > 128]
    r, g, b = np.median(seen, axis=0) if len(seen) else (128.0, 128.0, 128.0)
    return float(r), float(g), float(b)

"""Finish: glow, grade, brush and paper. uint8 RGB (128, 128, 3) in and out."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from ddpm.training.data.scenes.noise import Field, fractal
from ddpm.training.data.scenes.sprites import Pixels


@lru_cache(maxsize=1)
def _fields() -> dict[str, Any]:
    f: dict[str, Any] = {}
    f["wob"] = [(fractal(256, 1.2, 900 + i) - 0.5).astype(np.float32) for i in range(6)]
    f["paper"] = [(fractal(256, 0.55, 920 + i) - 0.5).astype(np.float32) for i in range(4)]
    f["brush"] = [(fractal(256, 0.9, 940 + i, (1.3, 0.6)) - 0.5).astype(np.float32) for i in range(4)]
    f["wash"] = [(fractal(256, 1.8, 960 + i) - 0.5).astype(np.float32) for i in range(4)]
    y, x = np.mgrid[0:128, 0:128].astype(np.float32)
    f["grid"] = (x, y)
    r = np.hypot(x - 63.5, y - 63.5) / 90
    f["vignette"] = (1 - 0.26 * np.clip(r - 0.35, 0, 1) ** 1.5)[..., None].astype(np.float32)
    d = np.minimum(np.minimum(x, 127 - x), np.minimum(y, 127 - y))
    f["edge"] = d
    return f


def _crop(rng: random.Random, kind: str) -> Field:
    a = rng.choice(_fields()[kind])
    i, j = rng.randrange(128), rng.randrange(128)
    return a[i : i + 128, j : j + 128]


def finish(img: Pixels, rng: random.Random, style: str) -> Pixels:
    """RGB and mask in, RGB and mask out, uint8 (128, 128, 4); the mask goes where the edges wander."""
    F = _fields()
    gx, gy = F["grid"]
    k = {"storybook": 1.6, "oil painting": 2.6, "watercolor": 3.0, "pastel": 1.8}[style]
    # wandering edges, as of a hand
    wandering = cv2.remap(
        img, gx + k * _crop(rng, "wob"), gy + k * _crop(rng, "wob"), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = wandering[..., 3].astype(np.float32)
    wandering = np.ascontiguousarray(wandering[..., :3])
    if style == "oil painting":
        wandering = cv2.medianBlur(wandering, 3)
    a: Field = wandering.astype(np.float32)
    # bloom
    b = cv2.GaussianBlur(a, (0, 0), 5)
    a += np.maximum(b - 110, 0) * (0.15 if style != "watercolor" else 0.08)
    if style in ("storybook", "oil painting"):
        a += 0.55 * (a - cv2.GaussianBlur(a, (0, 0), 1.1))
    m = a.mean(axis=2, keepdims=True)
    if style == "oil painting":
        a = m + (a - m) * 1.16
        br = _crop(rng, "brush")[..., None]
        a *= 1 + 0.16 * br
        e = cv2.Sobel(_crop(rng, "brush"), cv2.CV_32F, 0, 1, ksize=3)[..., None]
        a += 5.5 * e
        a *= F["vignette"]
    elif style == "watercolor":
        a = m + (a - m) * 0.92
        a = 255 - (255 - a) * (0.80 + 0.5 * _crop(rng, "wash")[..., None])
        g = cv2.GaussianBlur(a, (0, 0), 1.6)
        a += (a - g) * 0.7
        a += 16 * _crop(rng, "paper")[..., None]
        d = np.clip((F["edge"] - 3 - 9 * (_crop(rng, "wob") + 0.25)) / 3.0, 0, 1)[..., None]
        a = a * d + np.array([250, 247, 238], np.float32) * (1 - d)
        mask = mask * d[..., 0]
    elif style == "pastel":
        a = m + (a - m) * 0.8
        a = 44 + a * 0.84
        a += 18 * _crop(rng, "paper")[..., None]
    else:
        a = m + (a - m) * 1.08
        a *= 1 + 0.10 * _crop(rng, "brush")[..., None]
        a += 7 * _crop(rng, "paper")[..., None]
        a *= F["vignette"]
    return np.clip(np.dstack([a, mask]), 0, 255).astype(np.uint8)

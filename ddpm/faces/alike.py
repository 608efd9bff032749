"""Which of several pictures looks most like a face: colours and features within the oval of a framed face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 32  # px: enough for eyes, brows and mouth, too little for skin and single hairs


def most_alike(face: Image.Image, pictures: Sequence[Image.Image]) -> int:
    """The index of the framed picture that is nearest to the framed face. Light and contrast do not count."""
    wanted = _seen(face)
    return int(np.argmin([np.square(_seen(picture) - wanted).sum() for picture in pictures]))


def _seen(picture: Image.Image) -> NDArray[np.float64]:
    """(SIDE, SIDE, 3), nothing outside the oval, mean 0 and length 1."""
    small = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX), dtype=np.float64)
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    oval = ((x / 0.75) ** 2 + (y / 0.95) ** 2 <= 1)[..., None]
    centred = (small - small.mean(axis=(0, 1), where=oval, keepdims=True)) * oval
    return centred / (np.sqrt(np.square(centred).sum()) + 1e-9)

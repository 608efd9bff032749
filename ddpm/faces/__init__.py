"""A selfie into the frame of the training faces: eyes 0.357 of the width apart, on a line 0.328 down.

OpenCV's cascade finds a face roughly, or a grid of squares is tried; a small learned network shifts, scales and turns
the frame until it sits (weights/framing has the figures). Nothing here needs torch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from ddpm.faces.corrector import corrector
from ddpm.faces.find import find_faces
from ddpm.faces.frame import EYE_DISTANCE, EYE_LINE, MOUTH_LINE, Frame, cut
from ddpm.images import fit, open_picture

__all__ = [
    "EYE_DISTANCE",
    "EYE_LINE",
    "MOUTH_LINE",
    "NO_FACE",
    "Frame",
    "FramedFace",
    "cut",
    "find_faces",
    "find_frame",
    "frame_face",
    "several",
]

NO_FACE = "No face was found, so the middle of the picture is used: a well lit portrait from the front works best."


class FramedFace(NamedTuple):
    """The square picture that the model is guided by, and a sentence for the user where something is amiss."""

    image: Image.Image
    found: bool
    notice: str | None


def frame_face(image: Image.Image, size: int) -> FramedFace:
    """The largest face of a picture, upright and framed as in training, size x size; without one the middle."""
    image = open_picture(image)
    faces = find_faces(np.asarray(image), corrector())
    if not faces:
        return FramedFace(fit(image, size, size), False, NO_FACE)
    return FramedFace(cut(image, faces[0], size), True, several(len(faces)) if len(faces) > 1 else None)


def find_frame(image: Image.Image) -> Frame | None:
    """The training frame round the largest face, in px of the upright picture."""
    faces = find_faces(np.asarray(image.convert("RGB")), corrector())
    return faces[0] if faces else None


def several(count: int) -> str:
    """What to say when there is a choice."""
    return f"{count} faces were found; the largest is used. Crop the photo to choose another."

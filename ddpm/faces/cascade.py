"""Where OpenCV's Haar cascade sees faces: roughly, upright ones only, and not all. It is a quick first look."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np

from ddpm.faces.frame import Frame, Pixels, shrunk

FILE = "haarcascade_frontalface_alt2.xml"
LOOKED_AT = 480  # px of the longer side; a face large enough to be guided by is seen at this size
SMALLEST_FACE = 0.12  # of the shorter side
_ONE_AT_A_TIME = Lock()  # the classifier keeps what it looks at in itself
DOWN, SIDE = 0.071, 1.143  # the training frame seen from the box, in its widths: medians over 360 training faces


def rough_frames(pixels: Pixels) -> list[Frame]:
    """The training frame round every face that the cascade sees in (height, width, 3)."""
    classifier = cascade()
    if classifier is None:
        return []
    scale = min(1.0, LOOKED_AT / max(pixels.shape))
    grey = cv2.equalizeHist(cv2.cvtColor(shrunk(pixels, scale), cv2.COLOR_RGB2GRAY))
    least = int(SMALLEST_FACE * min(grey.shape))
    with _ONE_AT_A_TIME:
        boxes = classifier.detectMultiScale(grey, 1.1, 3, minSize=(least, least))
    return [frame_of(*box).scaled(1 / scale) for box in np.asarray(boxes, dtype=float).reshape(-1, 4).tolist()]


def frame_of(left: float, top: float, width: float, height: float) -> Frame:
    """The training frame that belongs to the cascade's box."""
    return Frame.round(left + width / 2, top + height / 2 + DOWN * width, width * SIDE)


@cache
def cascade() -> Any:
    """The cascade out of OpenCV's wheel; None where that is version 5, which has neither the class nor the file."""
    path = Path(cv2.__file__).parent / "data" / FILE
    if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
        return None
    return cv2.CascadeClassifier(str(path))

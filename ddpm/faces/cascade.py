"""Where OpenCV's Haar cascades see faces: roughly, and upright ones only. The corrector does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import cv2
import numpy as np

from ddpm.faces.frame import Frame, Pixels, shrunk

LOOKED_AT = 480  # px of the longer side; a face large enough to be guided by is seen at this size
SMALLEST_FACE = 0.12  # of the shorter side


class Cascade(NamedTuple):
    """Where the training frame lies, seen from the cascade's box, in box widths: medians over 360 training faces."""

    file: str
    down: float  # middle of the frame below the middle of the box
    side: float


CASCADES = (
    Cascade("haarcascade_frontalface_default.xml", 0.063, 1.113),
    Cascade("haarcascade_frontalface_alt2.xml", 0.071, 1.143),
    Cascade("haarcascade_frontalface_alt.xml", 0.069, 1.127),
)


def rough_frames(pixels: Pixels) -> list[Frame]:
    """The training frame round every face that a cascade sees in (height, width, 3), the median where several do."""
    groups: list[list[Frame]] = []
    for frame in _looks(pixels):
        group = next((group for group in groups if _same(group[0], frame)), None)
        groups.append([frame]) if group is None else group.append(frame)
    return [_middle(group) for group in groups]


def frame_of(box: tuple[float, float, float, float], cascade: Cascade) -> Frame:
    """The training frame that belongs to a cascade's box (left, top, width, height)."""
    left, top, width, height = box
    return Frame.round(left + width / 2, top + height / 2 + cascade.down * width, width * cascade.side)


def _looks(pixels: Pixels) -> Iterator[Frame]:
    """Every face that any cascade sees in the picture or in its mirror image."""
    scale = min(1.0, LOOKED_AT / max(pixels.shape))
    grey = cv2.equalizeHist(cv2.cvtColor(shrunk(pixels, scale), cv2.COLOR_RGB2GRAY))
    least = int(SMALLEST_FACE * min(grey.shape))
    for cascade in CASCADES:
        classifier = _cascade(cascade.file)
        if classifier is None:
            continue
        for mirrored in (False, True):
            look = np.ascontiguousarray(grey[:, ::-1]) if mirrored else grey
            boxes = classifier.detectMultiScale(look, 1.05, 4, minSize=(least, least))
            for left, top, width, height in (map(float, box) for box in boxes):
                left = grey.shape[1] - left - width if mirrored else left
                yield frame_of((left, top, width, height), cascade).scaled(1 / scale)


def _same(one: Frame, other: Frame) -> bool:
    """Of one face: sizes within a third, middles within a third of a side."""
    return one.far_from(other) < 1 / 3 and 0.75 < one.side / other.side < 1.33


def _middle(group: list[Frame]) -> Frame:
    x, y = (median(frame.middle[axis] for frame in group) for axis in (0, 1))
    return Frame.round(x, y, median(frame.side for frame in group))


@cache
def _cascade(file: str) -> Any:
    """A cascade out of the wheel; None where opencv is 5, which has neither the class nor the files."""
    path = Path(cv2.__file__).parent / "data" / file
    if not hasattr(cv2, "CascadeClassifier") or not path.is_file():
        return None
    return cv2.CascadeClassifier(str(path))

"""The frame of the training faces, a square that may be turned, and cutting it out of a picture."""

from __future__ import annotations

from math import cos, hypot, radians, sin
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

MIRROR = cv2.BORDER_REFLECT_101
Pixels = NDArray[np.uint8]  # (height, width, 3)
EYE_DISTANCE, EYE_LINE, MOUTH_LINE = 0.357, 0.328, 0.685  # of the frame's side, as in the pictures that faces learned


class Frame(NamedTuple):
    """A square of the picture in px; it may reach over the edges."""

    left: float  # of the square before it is turned about its middle
    top: float
    side: float
    turn: float = 0.0  # degrees clockwise, as the face is tilted in the picture

    @staticmethod
    def round(x: float, y: float, side: float, turn: float = 0.0) -> Frame:
        """The frame whose middle is at x, y."""
        return Frame(x - side / 2, y - side / 2, side, turn)

    @property
    def middle(self) -> tuple[float, float]:
        return self.left + self.side / 2, self.top + self.side / 2

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where in the picture a place of the frame is; (0, 0) is its upper left corner, (1, 1) the lower right one."""
        across, down = (x - 0.5) * self.side, (y - 0.5) * self.side
        c, s = cos(radians(self.turn)), sin(radians(self.turn))
        middle = self.middle
        return middle[0] + c * across - s * down, middle[1] + s * across + c * down

    def scaled(self, by: float) -> Frame:
        """The same frame in the picture resized by this factor."""
        return Frame(self.left * by, self.top * by, self.side * by, self.turn)

    def far_from(self, other: Frame) -> float:
        """The distance of the two middles, in sides of the larger frame: below 0.5 they cannot be two faces."""
        (x, y), (u, v) = self.middle, other.middle
        return hypot(x - u, y - v) / max(self.side, other.side)


def cut(image: Image.Image, frame: Frame, size: int) -> Image.Image:
    """The frame's contents, size x size, upright; what lies outside the picture is its mirror image."""
    if frame.turn:
        image, frame = _upright(image, frame)
    left, top, side, _ = frame
    over = [max(0, int(np.ceil(reach))) for reach in (-left, -top, left + side - image.width,
                                                      top + side - image.height)]  # fmt: skip
    if any(over):
        padded = np.pad(np.asarray(image), ((over[1], over[3]), (over[0], over[2]), (0, 0)), "reflect")
        image, left, top = Image.fromarray(padded), left + over[0], top + over[1]
    box = (left, top, min(left + side, image.width), min(top + side, image.height))
    return image.resize((size, size), Image.Resampling.LANCZOS, box=box)


def _upright(image: Image.Image, frame: Frame) -> tuple[Image.Image, Frame]:
    """The contents of a turned frame at their own size, turned back, and the frame in them."""
    side = max(1, int(np.ceil(frame.side)))
    return Image.fromarray(warped(np.asarray(image), frame, side, cv2.INTER_CUBIC)), Frame(0, 0, side)


def warped(pixels: Pixels, frame: Frame, size: int, flags: int = cv2.INTER_LINEAR, border: int = MIRROR) -> Pixels:
    """The frame's contents, (size, size, 3), read at single points: shrink a picture first where they lie far apart."""
    step = frame.side / size
    c, s = step * cos(radians(frame.turn)), step * sin(radians(frame.turn))
    x, y = frame.at(0.5 / size, 0.5 / size)  # the middle of the first pixel; OpenCV counts from middles
    matrix = np.array([[c, -s, x - 0.5], [s, c, y - 0.5]])
    inverse = flags | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(pixels, matrix, (size, size), flags=inverse, borderMode=border), dtype=np.uint8)


def shrunk(pixels: Pixels, scale: float) -> Pixels:
    """The picture at a scale below 1, every point the mean of those it stands for."""
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)

"""A referee of faces: OpenCV's YuNet (Wu, Peng & Yu 2023) says whether a picture shows one face in the training frame.

Its file is given by the caller and is no part of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ddpm.errors import CannotLoad, Missing
from ddpm.faces.frame import EYE_DISTANCE, EYE_LINE

SIDE = 256  # pixels a side that the referee looks at; smaller pictures are enlarged
MARGIN = 0.25  # of the side, added around: a detector wants to see where a face ends
CERTAIN = 0.7  # YuNet's score from which a face counts
REACH = 0.10  # of the side: how far an eye may be from its place in the frame
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the referee saw in one picture."""

    faces: int
    in_frame: bool  # exactly one face, with both eyes where the training frame has them


class Referee:
    """YuNet behind `look`."""

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise Missing(f"There is no referee {file}; it is the file of OpenCV's YuNet face detector (.onnx).")
        outer = round(SIDE * (1 + 2 * MARGIN))
        try:
            self._net = cv2.FaceDetectorYN.create(str(file), "", (outer, outer), CERTAIN)
        except cv2.error as error:
            raise CannotLoad(f"{file.name} is no YuNet face detector: {str(error).splitlines()[0]}") from error

    def judge(self, pixels: Tensor) -> list[Verdict]:
        """pixels: (N, 3, H, W) uint8."""
        return [self.look(np.ascontiguousarray(each.permute(1, 2, 0).numpy())) for each in pixels]

    def look(self, picture: Pixels) -> Verdict:
        """picture: (H, W, 3) uint8 RGB, square."""
        edge = round(SIDE * MARGIN)
        larger = cv2.resize(picture[..., ::-1], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(larger, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        found = self._net.detect(framed)[1]
        if found is None or len(found) != 1:
            return Verdict(0 if found is None else len(found), False)
        # columns 4..7: the right eye, which is left in the picture, and the left eye
        eyes = (np.asarray(found[0][4:8], np.float64).reshape(2, 2) - edge) / SIDE
        return Verdict(1, eyes_in_frame(eyes))


def eyes_in_frame(eyes: NDArray[np.float64]) -> bool:
    """eyes: (2, 2), x and y of both as shares of the side."""
    places = np.array([[0.5 - EYE_DISTANCE / 2, EYE_LINE], [0.5 + EYE_DISTANCE / 2, EYE_LINE]])
    ordered = eyes[np.argsort(eyes[:, 0])]
    return bool((np.hypot(*(ordered - places).T) <= REACH).all())

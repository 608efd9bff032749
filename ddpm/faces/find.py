"""Faces of a picture as training frames: cascade or grid propose, the corrector moves, turns and judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ddpm.faces.cascade import SMALLEST_FACE, rough_frames
from ddpm.faces.corrector import LOOK, SEEN, Array, Corrector, moved, normal
from ddpm.faces.frame import Frame, Pixels, shrunk, warped

LARGEST_SIDE = 1200  # px; larger pictures are shrunk to it before faces are looked for
ROUNDS = 4  # looks at one face, each from where the last one ended
SURE = 0.7  # of a face, for it to count
GRID_SIDES = (0.95, 0.68, 0.48, 0.34, 0.24)  # of the picture's shorter side
GRID_STEP = 0.3  # of the frame's side; the corrector reaches 0.22
LONGEST = 3  # times the shorter side: the middle of what is longer is searched square by square
AT_ONCE = 256  # looks, as many as take 30 MB
NEAR_BY = ((0, 0, 1, 0), (0.04, 0.02, 1, -4), (-0.04, -0.02, 1, 4), (0.02, -0.04, 1.06, 0), (-0.02, 0.04, 0.94, 0),
           (0.03, 0.03, 0.96, 3), (-0.03, -0.03, 1.04, -3))  # fmt: skip  # shift right and down in sides, size, degrees
MOST = 12  # places of the grid that are looked at again
MIRRORED = np.array([-1, 1, 1, -1, 1], dtype=np.float32)  # what a mirror image does to an answer


def find_faces(pixels: Pixels, corrector: Corrector) -> list[Frame]:
    """The training frames of all faces in (height, width, 3), the largest first; none may be found."""
    scale = min(1.0, LARGEST_SIDE / max(pixels.shape))
    if scale < 1:
        pixels = shrunk(pixels, scale)
    seen = Seen(pixels, corrector)
    faces = seen.refined(rough_frames(pixels)) or seen.refined(seen.promising(grid(pixels)))
    return [frame.scaled(1 / scale) for frame in sorted(faces, key=lambda frame: -frame.side)]


def grid(pixels: Pixels) -> list[Frame]:
    """Squares of every size all over the picture, so close that one is within the corrector's reach of any face."""
    height, width = pixels.shape[:2]
    short = min(height, width)

    def places(extent: int, side: float) -> Iterator[float]:
        first = max(0.0, (extent - LONGEST * short) / 2)
        reach = extent - 2 * first - 0.8 * side
        count = max(1, int(np.ceil(reach / (GRID_STEP * side))))
        return iter(first + 0.4 * side + np.linspace(0, reach, count + 1) if reach > 0 else [extent / 2])

    sides = [share * short for share in GRID_SIDES if share > SMALLEST_FACE]
    return [Frame.round(x, y, side) for side in sides for y in places(height, side) for x in places(width, side)]


class Seen:
    """One picture as the corrector sees it: at ever smaller sizes, so that reading single points is enough."""

    def __init__(self, pixels: Pixels, corrector: Corrector) -> None:
        self.corrector = corrector
        self.sizes = [pixels]
        while min(self.sizes[-1].shape[:2]) > LOOK:
            self.sizes.append(shrunk(self.sizes[-1], 0.75))
        self.scales = [one.shape[1] / pixels.shape[1] for one in self.sizes]

    def refined(self, frames: Sequence[Frame]) -> list[Frame]:
        """Where the frames end after a few looks, without those that show no face and without doubles."""
        if not frames:
            return []
        for _ in range(ROUNDS):
            answers = self.asked(frames, mirrored=True)
            frames = [moved(frame, answer) for frame, answer in zip(frames, answers, strict=True)]
        sure = self.asked(frames, mirrored=True)[:, 4]
        kept: list[Frame] = []
        for index in np.argsort(-sure):
            if sure[index] > logit(SURE) and all(frames[index].far_from(one) > 0.5 for one in kept):
                kept.append(frames[index])
        return [self.settled(frame) for frame in kept]

    def settled(self, frame: Frame) -> Frame:
        """The median of what the corrector says from several places near by: its own errors partly cancel."""
        around = [
            Frame.round(*frame.at(0.5 + right, 0.5 + down), frame.side * grow, frame.turn + turn)
            for right, down, grow, turn in NEAR_BY
        ]
        ends = [moved(one, answer) for one, answer in zip(around, self.asked(around, mirrored=True), strict=True)]
        x, y = (float(np.median([end.middle[axis] for end in ends])) for axis in (0, 1))
        return Frame.round(
            x, y, float(np.median([end.side for end in ends])), float(np.median([end.turn for end in ends]))
        )

    def promising(self, frames: Sequence[Frame]) -> list[Frame]:
        """The squares in which a face is most likely."""
        sure = self.asked(frames)[:, 4]
        return [frames[index] for index in np.argsort(-sure)[:MOST] if sure[index] > logit(SURE / 2)]

    def asked(self, frames: Sequence[Frame], mirrored: bool = False) -> Array:
        """The corrector's answers (N, 5), with the mean of what it says of the mirror image where that is asked."""
        parts = [frames[at : at + AT_ONCE] for at in range(0, len(frames), AT_ONCE)]
        return np.concatenate([self.answers(part, mirrored) for part in parts])

    def answers(self, frames: Sequence[Frame], mirrored: bool) -> Array:
        looks = normal(np.stack([self.look(frame) for frame in frames]))
        if not mirrored:
            return self.corrector(looks)
        both = self.corrector(looks), MIRRORED * self.corrector(looks[..., ::-1])
        return np.mean(both, axis=0, dtype=np.float32)

    def look(self, frame: Frame) -> Pixels:
        """(LOOK, LOOK, 3): what is in the frame and a little round it."""
        wanted = 1.5 * LOOK / SEEN / frame.side
        level = next((i for i, scale in reversed(list(enumerate(self.scales))) if scale >= wanted), 0)
        frame = frame.scaled(self.scales[level])
        return warped(self.sizes[level], Frame.round(*frame.middle, frame.side * SEEN, frame.turn), LOOK)


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))

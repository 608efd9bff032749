"""Looks to train framing on: framed faces seen through wrong frames, and places without a face.

Every look is a framed face through a frame that is shifted, scaled and turned at random; the answer is where the right
one lies. Tight pictures end where their frame does, so each is put onto another ground through a mask of random shape,
or continued by its mirror image: else the network would learn to find the picture's edge. What has no face is learned
from places beside the face, from drawn scenes without people and from folders of pictures: animals above all, for they
have eyes.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ddpm.faces.corrector import LOOK, SEEN, normal
from ddpm.faces.frame import MIRROR, Frame, Pixels, warped

FACE = 80  # px of a frame's side in memory: a little more than is looked at, so that single points may be read
GROUND = 192  # px of a side of the pictures without a face
WIDE_SIDE, WIDE_DOWN = 0.658, 0.563  # the tight frame in a wide picture: its side, and its middle from the top
NO_FACE_SHARE = 0.35
FAR_SHARE = 0.35  # of the wrong frames are as a cascade or a grid gives them, the rest as the corrector leaves them
Answer = tuple[float, float, float, float]


@dataclass
class Faces:
    """Samples without end from framed pictures and grounds, all in memory."""

    tight: list[Pixels]
    wide: list[Pixels]
    grounds: list[Pixels]
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(N, 3, LOOK, LOOK) normalised looks, (N, 4) right answers, (N,) 1 where there is a face."""
        made = [self.sample() for _ in range(count)]
        looks = torch.from_numpy(normal(np.stack([look for look, _, _ in made])))
        return looks, torch.tensor([right for _, right, _ in made]), torch.tensor([face for _, _, face in made])

    def sample(self) -> tuple[Pixels, Answer, float]:
        rng = self.rng
        picture, right = self.face()
        nothing = rng.random() < NO_FACE_SHARE
        seen = astray(rng, right) if nothing else wrong(rng, right)
        wider = Frame.round(*seen.middle, seen.side * SEEN, seen.turn)
        if nothing and rng.random() < 0.6:
            look = self.ground(180 if rng.random() < 0.3 else 30)
        else:
            look = warped(picture, wider, LOOK, border=cv2.BORDER_REPLICATE if rng.random() < 0.3 else MIRROR)
            if rng.random() < 0.6:
                mask = self.oval(wider, right)
                look = (look * mask + self.ground() * (1 - mask)).astype(np.uint8)
        return spoilt(rng, look), answer(seen, right), 0.0 if nothing else 1.0

    def face(self) -> tuple[Pixels, Frame]:
        """A picture and the right frame in it; one in three has real surroundings."""
        if self.rng.random() < 0.35:
            picture, side = self.wide[self.rng.integers(len(self.wide))], FACE / WIDE_SIDE
            right = Frame.round(side / 2, side * WIDE_DOWN, FACE)
        else:
            picture, right = self.tight[self.rng.integers(len(self.tight))], Frame(0, 0, FACE)
        return (np.ascontiguousarray(picture[:, ::-1]) if self.rng.random() < 0.5 else picture), right

    def oval(self, seen: Frame, right: Frame) -> NDArray[np.float32]:
        """(LOOK, LOOK, 1): what of the look shows the face, a soft oval or square of random size about it."""
        rng = self.rng
        (x0, y0), (x1, y1), (x2, y2) = (seen.at(*corner) for corner in ((0, 0), (1, 0), (0, 1)))
        u = (np.arange(LOOK, dtype=np.float32) + 0.5) / LOOK
        across, down = u[None, :], u[:, None]
        middle, wide, high = (
            np.array(right.middle) + rng.normal(0, 3, 2),
            rng.uniform(0.42, 0.75),
            rng.uniform(0.5, 0.85),
        )
        x = (x0 + (x1 - x0) * across + (x2 - x0) * down - middle[0]) / (wide * right.side)
        y = (y0 + (y1 - y0) * across + (y2 - y0) * down - middle[1]) / (high * right.side)
        power = float(rng.choice([2, 4, 8]))
        reach = (np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)
        return np.clip((1 - reach) * rng.uniform(3, 40) + 0.5, 0, 1)[..., None]

    def ground(self, turn: float = 180) -> Pixels:
        """A square of any size out of a picture without a face, turned by up to so many degrees."""
        picture = self.grounds[self.rng.integers(len(self.grounds))]
        size = float(len(picture))
        middle, side = self.rng.uniform(0.2, 0.8, 2) * size, size * self.rng.uniform(0.15, 0.8)
        return warped(picture, Frame.round(middle[0], middle[1], side, self.rng.uniform(-turn, turn)), LOOK)


def wrong(rng: np.random.Generator, right: Frame) -> Frame:
    """A frame as a cascade or a grid gives it, or as one that was corrected before."""
    far = rng.random() < FAR_SHARE
    shift = rng.uniform(-0.22, 0.22, 2) if far else rng.normal(0, 0.04, 2)
    grow = rng.uniform(-0.32, 0.32) if far else rng.normal(0, 0.05)
    turn = rng.uniform(-40, 40) if far else rng.normal(0, 5)
    side = right.side * math.exp(grow)
    x, y = np.array(right.middle) + shift * side
    return Frame.round(float(x), float(y), side, float(turn))


def astray(rng: np.random.Generator, right: Frame) -> Frame:
    """A frame that has no face in it: beside it, far too large or too small, or on its head."""
    x, y = right.middle
    match rng.integers(4):
        case 0 | 1:
            angle, away = rng.uniform(0, 2 * math.pi), right.side * rng.uniform(0.5, 1.0)
            return Frame.round(x + away * math.cos(angle), y + away * math.sin(angle),
                               right.side * math.exp(rng.uniform(-0.5, 0.3)), rng.uniform(-30, 30))  # fmt: skip
        case 2:
            side = right.side * float(rng.choice([rng.uniform(0.25, 0.5), rng.uniform(2.0, 2.4)]))
            return Frame.round(x + rng.normal(0, 10), y + rng.normal(0, 10), side, rng.uniform(-30, 30))
        case _:
            return Frame.round(x, y, right.side, rng.uniform(75, 285))


def answer(seen: Frame, right: Frame) -> Answer:
    """What `ddpm.faces.corrector.moved` turns the seen frame into the right one with."""
    by = np.exp(1j * math.radians(right.turn - seen.turn)) * right.side / seen.side
    shift = complex(right.middle[0] - seen.middle[0], right.middle[1] - seen.middle[1])
    shift *= np.exp(-1j * math.radians(seen.turn)) / seen.side
    return float(shift.real), float(shift.imag), float(by.real - 1), float(by.imag)


def spoilt(rng: np.random.Generator, look: Pixels) -> Pixels:
    """Other light, less colour, softer or noisier, something before it: what photos have."""
    x = look.astype(np.float64)
    if rng.random() < 0.2:
        x[:] = x.mean(axis=2, keepdims=True)
    x = 255 * (np.clip(x / 255, 0, 1) ** math.exp(rng.normal(0, 0.25)))
    x = (x - 128) * rng.uniform(0.6, 1.25) + 128 + rng.normal(0, 12) + rng.normal(0, 5, 3)
    if rng.random() < 0.25:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), rng.uniform(0.3, 1.3)), dtype=np.float64)
    if rng.random() < 0.3:
        x += rng.normal(0, rng.uniform(1, 8), x.shape)
    if rng.random() < 0.15:
        left, top, width, height = rng.integers(0, LOOK, 2).tolist() + rng.integers(6, 20, 2).tolist()
        x[top : top + height, left : left + width] = rng.uniform(0, 255, 3)
    return x.clip(0, 255).astype(np.uint8)


def read(paths: Sequence[Path], side: float, every: int, held: int) -> list[Pixels]:
    """The pictures of archives, this large, but for those held out: number held, held + every, ... of each archive."""
    pictures = []
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith((".webp", ".png", ".jpg")))
            for index, name in enumerate(names):
                if index % every != held:
                    with Image.open(io.BytesIO(archive.read(name))) as opened:
                        small = opened.convert("RGB").resize((round(side),) * 2, Image.Resampling.BOX)
                        pictures.append(np.asarray(small))
    return pictures


def scenes(count: int) -> list[Pixels]:
    """Drawn places and animals, no people."""
    from ddpm.training.data.scenes import render

    return [
        np.asarray(render(index, 7, category=("Scenery", "Animals", "Animals")[index % 3], plain=index % 2 == 0)[0])
        for index in range(count)
    ]


def without_faces(folders: Sequence[Path]) -> list[Pixels]:
    """The pictures of folders, squares of GROUND px."""
    found = sorted(path for folder in folders for path in folder.iterdir() if path.suffix in (".png", ".jpg", ".webp"))
    pictures = []
    for path in found:
        with Image.open(path) as opened:
            square = opened.convert("RGB").resize((GROUND, GROUND), Image.Resampling.BOX)
            pictures.append(np.asarray(square))
    return pictures

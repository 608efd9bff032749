"""Discs, squares and triangles in plain colours: a set that paints itself in a second, to see the trainer work."""

from __future__ import annotations

import random

import numpy as np
from PIL import Image, ImageDraw

from ddpm.training.config import Data
from ddpm.training.data.painted import Painted, paint
from ddpm.training.data.pictures import Pictures, resized

COLOURS = {"red": (214, 58, 52), "blue": (52, 96, 206), "green": (58, 150, 82), "yellow": (240, 200, 64)}
GROUNDS = {"white": (246, 244, 238), "black": (34, 34, 44)}
SHAPES = ("disc", "square", "triangle")
FINE = 4  # painted this much larger, then reduced: smooth edges


def paint_shapes(data: Data) -> Pictures:
    """data.count pictures, the same for the same seed."""
    return paint(data, paint_shape)


def paint_shape(data: Data, index: int) -> Painted:
    """One of them, its caption and no mask."""
    picture, caption = _shape(random.Random(f"{data.seed}:{index}"), data.kept * FINE)
    return resized(picture, data), [caption], None


def _shape(rng: random.Random, side: int) -> tuple[np.ndarray, str]:
    colour, ground, shape = rng.choice(list(COLOURS)), rng.choice(list(GROUNDS)), rng.choice(SHAPES)
    image = Image.new("RGB", (side, side), GROUNDS[ground])
    draw = ImageDraw.Draw(image)
    r = side * rng.uniform(0.2, 0.32)
    x, y = rng.uniform(r, side - r), rng.uniform(r, side - r)
    match shape:
        case "disc":
            draw.ellipse((x - r, y - r, x + r, y + r), COLOURS[colour])
        case "square":
            draw.rectangle((x - r * 0.85, y - r * 0.85, x + r * 0.85, y + r * 0.85), COLOURS[colour])
        case _:
            draw.polygon([(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)], COLOURS[colour])
    return np.asarray(image), f"a {colour} {shape} on {ground}"

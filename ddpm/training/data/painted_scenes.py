"""One picture of the renderer of scenes, with its captions and where its subjects are."""

from __future__ import annotations

import importlib.util
import random

from ddpm.errors import Missing
from ddpm.training.config import Data
from ddpm.training.data.painted import Painted, paint
from ddpm.training.data.pictures import Pictures, resized, resized_mask


def paint_scenes(data: Data) -> Pictures:
    """data.count scenes; picture i is the same whatever the count and the processes."""
    if importlib.util.find_spec("skia") is None:
        raise Missing("Scenes are painted with skia-python: pip install skia-python==144.1")
    return paint(data, paint_scene)


def paint_scene(data: Data, index: int) -> Painted:
    """uint8 (C, side, side), its captions, uint8 mask (side, side): 255 on the subjects."""
    import cv2

    from ddpm.training.data.scenes import render

    cv2.setNumThreads(1)
    arranged = random.Random(f"{data.seed}:{index}:arrange").random() < data.arranged
    picture, said, _, *mask = render(index, data.seed, plain=data.plain, arranged=arranged)
    kept = random.Random(f"{data.seed}:{index}").sample(said, min(data.captions_each, len(said)))
    return resized(picture, data), kept, resized_mask(mask[0], data) if mask else None

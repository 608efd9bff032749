"""Pictures of the renderer of scenes, painted before training starts by as many processes as one likes."""

from __future__ import annotations

import importlib.util
import multiprocessing
import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor
from tqdm import tqdm

from ddpm.errors import Missing
from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures, resized

CHUNK = 32  # pictures a process paints between two reports


def paint_scenes(data: Data) -> Pictures:
    """data.count scenes; picture i is the same whatever the count and the processes."""
    if importlib.util.find_spec("skia") is None:
        raise Missing("Scenes are painted with skia-python: pip install skia-python==144.1")
    pixels = torch.empty((data.count, data.channels, data.size, data.size), dtype=torch.uint8)
    captions: list[list[str]] = []
    progress = tqdm(total=data.count, unit=" scenes", desc="painting", mininterval=2)
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    if data.processes == 1:
        painted: Iterator[tuple[Tensor, list[str]]] = map(partial(_scene, data), range(data.count))
        pool = None
    else:
        pool = context.Pool(data.processes)
        painted = pool.imap(partial(_scene, data), range(data.count), CHUNK)
    try:
        for index, (picture, said) in enumerate(painted):
            pixels[index] = picture
            captions.append(said)
            progress.update()
    finally:
        progress.close()
        if pool:
            pool.terminate()
    return Pictures(pixels, captions if data.captions else None)


def _scene(data: Data, index: int) -> tuple[Tensor, list[str]]:
    import cv2

    from ddpm.training.data.scenes import render

    cv2.setNumThreads(1)
    picture, said, _ = render(index, data.seed)
    kept = random.Random(f"{data.seed}:{index}").sample(said, min(data.captions_each, len(said)))
    return resized(picture, data), kept

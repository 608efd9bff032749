"""Latents of a whole set, made once: a codec is too dear to be asked in every step."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ddpm.errors import BadRequest
from ddpm.loading.files import write_whole
from ddpm.models.model import Codec
from ddpm.training.data.pictures import Pictures
from ddpm.training.data.shelf import mapped

TOGETHER = 16  # pictures encoded at once
AGAIN = "Remove latents.json and latents.bin in {}: they are made anew."


@torch.no_grad()
def latents_of(pictures: Pictures, codec: Codec, flip: bool, cache: Path | None, hash: str, device: str) -> Tensor:
    """(N, c, h, w) float16; with `flip` (2N, c, h, w), as the mirrored pictures, with latents of their own, follow.

    With a cache they are kept there for the codec whose weights have this `hash`, and a run that was cut short goes on.
    """
    count, side = len(pictures) * (1 + flip), pictures.pixels.shape[-1] // codec.factor
    shape = (count, codec.channels, side, side)
    progress = None if cache is None else cache / "latents.json"
    latents, done = torch.empty(shape, dtype=torch.float16), 0
    if cache is not None and progress is not None:
        cache.mkdir(parents=True, exist_ok=True)
        done = _done(progress, shape, hash)
        file = cache / "latents.bin"
        if (file.stat().st_size if file.exists() else 0) < done * 2 * math.prod(shape[1:]):
            raise BadRequest(f"data.cache: {file} is not whole. {AGAIN.format(cache)}", "data.cache")
        latents = mapped(file, shape, np.float16)
    starts = range(done, count, TOGETHER)
    for first in tqdm(starts, desc="encoding pictures", unit="", mininterval=2, disable=len(starts) < 20 or None):
        chosen = torch.arange(first, min(first + TOGETHER, count))
        x0 = pictures.pixels[chosen % len(pictures)].float().to(device) / 127.5 - 1
        x0 = torch.where((chosen >= len(pictures)).to(device)[:, None, None, None], x0.flip(3), x0)
        latents[chosen] = codec.encode(x0).half().cpu()
        if progress is not None:
            made = {"codec": hash, "shape": shape, "done": int(chosen[-1]) + 1}
            write_whole(progress, json.dumps(made).encode())
    return latents


def _done(progress: Path, shape: tuple[int, ...], hash: str) -> int:
    if not progress.exists():
        return 0
    try:
        made = json.loads(progress.read_text(encoding="utf-8"))
        codec, its_shape, done = made["codec"], made["shape"], int(made["done"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"data.cache: {progress} is damaged. {AGAIN.format(progress.parent)}", "data.cache") from error
    if codec != hash or its_shape != list(shape):
        raise BadRequest(
            f"data.cache: {progress.parent} holds latents {its_shape} of another codec or set; this run needs "
            f"{list(shape)}. Remove latents.json and latents.bin there, or name another cache.",
            "data.cache",
        )
    return done

"""A training set in memory: uint8 pixels and captions, from files that may be anything. Broken ones are skipped."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from ddpm.errors import BadRequest
from ddpm.training.config import Data

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
MAX_PIXELS = 100_000_000  # a larger picture is taken for a mistake, not decoded

Named = tuple[str, bytes, list[str]]  # name, the file's bytes, captions


@dataclass(frozen=True)
class Pictures:
    """pixels: (N, C, size, size) uint8; captions: of each picture, at least one, or None for an unconditional set."""

    pixels: Tensor
    captions: list[list[str]] | None
    skipped: list[str] = field(default_factory=list)  # "name: reason", one for each file left out

    def __len__(self) -> int:
        return len(self.pixels)


def collect(files: Iterable[Named], data: Data, where: str) -> Pictures:
    """Decode, crop to the centre square, scale. Files that cannot be read are skipped and named."""
    pixels: list[Tensor] = []
    captions: list[list[str]] = []
    skipped: list[str] = []
    for name, content, said in files:
        try:
            pixels.append(square(content, data))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            skipped.append(f"{name}: {error}")
            continue
        captions.append(said)
    if not pixels:
        reason = f"; none of {len(skipped)} could be read, the first: {skipped[0]}" if skipped else ""
        raise BadRequest(f"data.path: no pictures in {where} ({', '.join(SUFFIXES)}){reason}.", "data.path")
    has_captions = data.captions and any(captions)
    return Pictures(torch.stack(pixels), [said or [""] for said in captions] if has_captions else None, skipped)


def square(content: bytes, data: Data) -> Tensor:
    """The bytes of a picture file -> uint8 (C, size, size): upright, on white, centre square, box-filtered."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on metadata; what matters is raised
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(f"{opened.width} x {opened.height} pixels are more than {MAX_PIXELS}")
            image = ImageOps.exif_transpose(opened).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    side = (data.size, data.size)
    fitted = ImageOps.fit(flat.convert("RGB" if data.channels == 3 else "L"), side, Image.Resampling.BOX)
    array = np.array(fitted).reshape(data.size, data.size, data.channels)
    return torch.from_numpy(array).permute(2, 0, 1).contiguous()


def resized(pixels: np.ndarray, data: Data) -> Tensor:
    """One uint8 (H, W, 3) array -> (C, size, size), for pictures that are made, not read."""
    image = Image.fromarray(pixels).convert("RGB" if data.channels == 3 else "L")
    if image.size != (data.size, data.size):
        image = image.resize((data.size, data.size), Image.Resampling.BOX)
    return torch.from_numpy(np.array(image).reshape(data.size, data.size, data.channels)).permute(2, 0, 1).contiguous()

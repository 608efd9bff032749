"""A training set as tensors: uint8 pixels, captions, where the subject is. Files that cannot be read are skipped."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from tqdm import tqdm

from ddpm.errors import BadRequest
from ddpm.images import eight_bits
from ddpm.training.config import Data

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
UNREAD_SUFFIXES = (".heic", ".heif", ".avif", ".jxl", ".jp2", ".svg", ".psd", ".raw", ".dng", ".cr2", ".nef", ".arw")
MAX_PIXELS = 100_000_000  # a larger picture is taken for a mistake, not decoded
FINER = 2  # a large JPEG is decoded at least so many times as large as it is kept: no difference is seen


Stamp = list[int]  # of a source, another when it was replaced: size and time, in an archive size and checksum


class File(NamedTuple):
    """A picture file that has not been read yet."""

    name: str
    read: Callable[[], bytes]
    captions: list[str]
    mask: Callable[[], bytes] | None = None  # a grey picture of the same shape, white on the subject
    stamp: Stamp | None = None


@dataclass(frozen=True)
class Pictures:
    """A set, in memory or mapped from disk; one that is being painted grows up to len()."""

    pixels: Tensor  # (N, C, side, side) uint8
    captions: list[list[str]] | None  # of each picture at least one; None: an unconditional set
    remarks: list[str] = field(default_factory=list)  # "name: reason", one for each file left out
    masks: Tensor | None = None  # (N, side, side) uint8, 255 on the subject
    so_far: Callable[[], int] | None = None  # how many are painted by now; None: all

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def ready(self) -> int:
        """Pictures that can be drawn from now."""
        return len(self) if self.so_far is None else self.so_far()


def collect(files: Sequence[File], data: Data, where: str, passed_over: Sequence[str] = ()) -> Pictures:
    """Decode, crop to the centre square, scale; what the cache has already is not decoded again.

    passed_over: remarks on what is no file of this set, to be told with those on files that cannot be read.
    """
    from ddpm.training.data.shelf import Shelf

    shelf = Shelf(data, len(files), data.cache)
    shelf.continued([file.name for file in files])
    if (changed := _first_changed(files, shelf.lines, data)) is not None:
        shelf.cut(changed)
    left = files[len(shelf.lines) :]
    for file in tqdm(left, desc="reading pictures", unit="", mininterval=2, disable=len(left) < 500 or None):
        read = _read(file, data)
        if isinstance(read, str):
            shelf.skip(file.name, read, file.stamp)
        else:
            shelf.add(file.name, read[0], mask=read[1], stamp=file.stamp)
    pictures = shelf.pictures([file.captions for file in files])
    pictures.remarks.extend(passed_over)
    if not len(pictures):
        broken = pictures.remarks
        reason = f"; none of {len(broken)} could be read, the first: {broken[0]}" if broken else ""
        raise BadRequest(f"data.path: no pictures in {where} ({', '.join(SUFFIXES)}){reason}.", "data.path")
    return pictures


def _first_changed(files: Sequence[File], lines: Sequence[dict[str, Any]], data: Data) -> int | None:
    """Of those in the cache the first that was replaced, or that was skipped and can be read by now."""
    for number, (file, line) in enumerate(zip(files, lines, strict=False)):
        replaced = line.get("stamp", file.stamp) != file.stamp  # sets of before there were stamps are taken as they are
        if replaced or "skipped" in line and not isinstance(_read(file, data), str):
            return number
    return None


def _read(file: File, data: Data) -> tuple[Tensor, Tensor | None] | str:
    """Pixels and mask, or why there are none."""
    try:
        return square(file.read(), data), None if file.mask is None else square(file.mask(), data, channels=1)[0]
    except UnidentifiedImageError:  # whose own text names an object in memory
        return "it is no picture that can be read"
    except Exception as error:  # on broken files decoders and archives raise almost anything
        return str(error) or type(error).__name__


def square(content: bytes, data: Data, channels: int | None = None) -> Tensor:
    """The bytes of a picture file -> uint8 (C, side, side): upright, on white, centre square.

    Reduced by areas; a picture that is too small is enlarged smoothly, so that no squares are learnt.
    """
    channels = channels or data.channels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on metadata; what matters is raised
        with Image.open(io.BytesIO(content)) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(f"{opened.width} x {opened.height} pixels are more than {MAX_PIXELS}")
            opened.draft("RGB", (FINER * data.kept, FINER * data.kept))
            image = eight_bits(ImageOps.exif_transpose(opened)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    filter = Image.Resampling.BICUBIC if min(flat.size) < data.kept else Image.Resampling.BOX
    return as_tensor(ImageOps.fit(flat.convert("RGB" if channels == 3 else "L"), (data.kept, data.kept), filter))


def resized(pixels: np.ndarray, data: Data) -> Tensor:
    """One uint8 (H, W, 3) array -> (C, side, side), for pictures that are made, not read."""
    return as_tensor(_box(Image.fromarray(pixels).convert("RGB" if data.channels == 3 else "L"), data.kept))


def resized_mask(mask: np.ndarray, data: Data) -> Tensor:
    """One uint8 (H, W) array -> (side, side)."""
    return as_tensor(_box(Image.fromarray(mask), data.kept))[0]


def _box(image: Image.Image, side: int) -> Image.Image:
    return image if image.size == (side, side) else image.resize((side, side), Image.Resampling.BOX)


def as_tensor(image: Image.Image) -> Tensor:
    """RGB or L -> uint8 (C, H, W)."""
    array = np.array(image)
    return torch.from_numpy(array if array.ndim == 3 else array[..., None]).permute(2, 0, 1).contiguous()

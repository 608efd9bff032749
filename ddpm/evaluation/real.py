"""Sets of pictures from disk at a model's size, and their features, kept because they cost most of the time."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.errors import BadRequest
from ddpm.evaluation.features import features
from ddpm.evaluation.gallery import keep
from ddpm.loading.efficientnet import EfficientNetLite
from ddpm.request import PROMPT_LIMIT
from ddpm.training.config import Data
from ddpm.training.data.archives import read_archives
from ddpm.training.data.folders import read_folder

SIZES = (8, 1024)  # pixels a side at which sets can be read, as training's
PIECE = 256  # pictures whose features are saved together: so much is lost when a run is killed


class Captioned(NamedTuple):
    """Pictures, (N, 3, size, size) uint8, and a caption of each: "" where it has none."""

    pixels: Tensor
    captions: list[str]


def read_set(paths: Sequence[Path], size: int) -> Tensor:
    """All pictures in folders and in .zip and .tar archives: (N, 3, size, size) uint8, in a drawn order."""
    return _read(paths, size, captions=False).pixels


def read_captioned(paths: Sequence[Path], size: int) -> Captioned:
    """The same in the same order, each with the first of its captions, read as training reads them (folders.py)."""
    found = _read(paths, size, captions=True)
    if not any(found.captions):
        # prompts decide what is painted: neither the empty one nor others' would ask for pictures like these
        raise BadRequest(
            "The pictures of --real have no captions that a text model could be asked for: put a .txt beside each "
            "(or metadata.csv), or leave --real out, which asks for captions of renders.",
            "real",
        )
    return found


def _read(paths: Sequence[Path], size: int, captions: bool) -> Captioned:
    if absent := next((path for path in paths if not path.exists()), None):
        raise BadRequest(f"There is no folder or archive {absent}.", "real")
    folders = tuple(path for path in paths if path.is_dir())
    archives = tuple(path for path in paths if not path.is_dir())
    found = []
    if folders:
        found.append(read_folder(Data(kind="folder", path=folders, size=size, captions=captions)))
    if archives:
        found.append(read_archives(Data(kind="archive", path=archives, size=size, captions=captions)))
    if not found:
        raise BadRequest("There is no real set: name folders or archives of pictures with --real.", "real")
    pixels = torch.cat([each.pixels for each in found])
    said = [lines[0][:PROMPT_LIMIT] for each in found for lines in each.captions or [[""]] * len(each)]
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
    return Captioned(pixels[order], [said[i] for i in order.tolist()])


def at_size(pixels: Tensor, size: int) -> Tensor:
    """(N, 3, H, H) uint8 -> (N, 3, size, size) uint8, by areas: what a model of that size could have learnt from."""
    if pixels.shape[-1] == size:
        return pixels
    parts = [F.interpolate(part.float(), (size, size), mode="area").round().byte() for part in pixels.split(PIECE)]
    return torch.cat(parts)


def kept_features(
    network: EfficientNetLite, pixels: Tensor, cache: Path, advance: Callable[[int], object] | None = None
) -> Tensor:
    """`features`, kept in the cache under a name that the pictures' own bytes decide."""
    found = []
    for piece in pixels.split(PIECE):
        path = cache / "features" / f"{_name(piece)}.pt"
        if path.exists():
            known = torch.load(path, weights_only=True)
            if advance is not None:
                advance(len(piece))
        else:
            known = features(network, piece, advance)
            path.parent.mkdir(parents=True, exist_ok=True)
            data = io.BytesIO()
            torch.save(known, data)
            keep(data.getvalue(), path)
        found.append(known)
    return torch.cat(found)


def _name(pixels: Tensor) -> str:
    shape = "x".join(map(str, pixels.shape))
    return hashlib.sha256(shape.encode() + pixels.contiguous().numpy().tobytes()).hexdigest()[:24]

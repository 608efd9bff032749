"""Sets of pictures from disk at a model's size, and their features, kept because they cost most of the time."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm.errors import BadRequest
from ddpm.evaluation.features import features
from ddpm.evaluation.gallery import keep
from ddpm.loading.efficientnet import EfficientNetLite
from ddpm.training.config import Data
from ddpm.training.data.archives import read_archives
from ddpm.training.data.folders import read_folder

PIECE = 256  # pictures whose features are saved together: so much is lost when a run is killed


def read_set(paths: Sequence[Path], size: int, seed: int = 0) -> Tensor:
    """All pictures in folders and in .zip and .tar archives: (N, 3, size, size) uint8, in an order of `seed`."""
    folders = tuple(path for path in paths if path.is_dir())
    archives = tuple(path for path in paths if not path.is_dir())
    found = []
    if folders:
        found.append(read_folder(Data(kind="folder", path=folders, size=size, captions=False)).pixels)
    if archives:
        found.append(read_archives(Data(kind="archive", path=archives, size=size, captions=False)).pixels)
    if not found:
        raise BadRequest("There is no real set: name folders or archives of pictures with --real.", "real")
    pixels = torch.cat(found)
    return pixels[torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))]


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

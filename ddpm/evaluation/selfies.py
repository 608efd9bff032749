"""Selfies measured: how near results come to the framed face as likeness rises, and whether they are faces still."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ddpm.engine import Engine
from ddpm.evaluation.gallery import Settings, Wish, read_picture, save_picture
from ddpm.evaluation.measures import tallied
from ddpm.evaluation.referee import Referee
from ddpm.events import Framed, Result
from ddpm.request import FromSelfie

LIKENESSES = (0.0, 0.25, 0.5, 0.75, 1.0)
DEFAULTS = Settings()  # of the model
DEFAULT: float = FromSelfie.model_fields["likeness"].default
COARSE = 8  # positions a side at which a result and the face are compared: light, colours, the head's place
MOST = 200  # photos that are asked of

Advance = Callable[[int], object]


class Photo(NamedTuple):
    """What selfies are made of. pixels: (3, H, W) uint8."""

    pixels: Tensor
    seed: int


class Selfie(NamedTuple):
    """One result beside what it should resemble. made, face: (3, size, size) uint8; found: whether there was a face."""

    made: Tensor
    face: Tensor
    found: bool


class Selfies:
    """Selfies of one model, kept in a folder of the cache that is named by all that decides them."""

    def __init__(self, engine: Engine, name: str, folder: Path, settings: Settings = DEFAULTS) -> None:
        self.engine, self.name, self.folder, self.settings = engine, name, folder, settings

    def of(self, photos: Sequence[Photo], likeness: float, advance: Advance) -> list[Selfie]:
        """One selfie of each photo; those that lie in the folder are read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = []
        for photo in photos:
            made.append(self._one(photo, likeness))
            advance(1)
        return made

    def _one(self, photo: Photo, likeness: float) -> Selfie:
        said = hashlib.sha256(photo.pixels.contiguous().numpy().tobytes()).hexdigest()[:16]
        stem = self.folder / f"{said}-{photo.seed}-{likeness:g}"
        for found in (True, False):
            face, result = (stem.with_name(f"{stem.name}-{found}-{what}.png") for what in ("face", "made"))
            if result.exists():  # written after the face
                return Selfie(read_picture(result), read_picture(face), found)
        framed, image = self._run(photo, likeness)
        save_picture(framed.image, stem.with_name(f"{stem.name}-{framed.found}-face.png"))
        save_picture(image, stem.with_name(f"{stem.name}-{framed.found}-made.png"))
        return self._one(photo, likeness)

    def _run(self, photo: Photo, likeness: float) -> tuple[Framed, Image.Image]:
        image = Image.fromarray(photo.pixels.permute(1, 2, 0).contiguous().numpy())
        source = FromSelfie(image=image, likeness=likeness)
        request = self.settings.request(self.name, Wish("", photo.seed), source=source)
        framed, result = None, None
        for event in self.engine.events(request, lambda: False, lambda: False):
            framed = event if isinstance(event, Framed) else framed
            result = event.image if isinstance(event, Result) else result
        assert framed is not None and result is not None
        return framed, result


def photos(pixels: Tensor, first_seed: int) -> list[Photo]:
    """pixels: (N, 3, H, W) uint8; each photo has its seed, the same at every likeness."""
    return [Photo(one, first_seed + i) for i, one in enumerate(pixels[:MOST])]


def coarse_distance(selfies: Sequence[Selfie]) -> float:
    """Mean absolute difference of results and faces at low frequencies, in grey levels (0 to 255)."""
    made, faces = (torch.stack(side).float() for side in list(zip(*selfies, strict=True))[:2])
    return float((_coarse(made) - _coarse(faces)).abs().mean())


def results(selfies: Sequence[Selfie]) -> Tensor:
    """(N, 3, size, size) uint8."""
    return torch.stack([each.made for each in selfies])


def distances(made: Mapping[float, Sequence[Selfie]]) -> dict[str, float]:
    """By likeness, `coarse_distance`."""
    return {f"{likeness:g}": round(coarse_distance(each), 2) for likeness, each in made.items()}


def seen(selfies: Sequence[Selfie], referee: Path | None) -> dict[str, Any]:
    """How often the photo had a face, and what the referee sees in the results."""
    found: dict[str, Any] = {"face_found": share_found(selfies)}
    return found | {"at_default": tallied(Referee(referee).judge(results(selfies)))} if referee else found


def share_found(selfies: Sequence[Selfie]) -> float:
    """Of photos in which a face was found; the others were taken whole, with a notice."""
    return round(sum(each.found for each in selfies) / len(selfies), 4)


def rows(columns: Sequence[Sequence[Selfie]], most: int = 8) -> Tensor:
    """A row a photo: the framed face, then its selfie in each of the columns."""
    return torch.stack(
        [each for row in list(zip(*columns, strict=True))[:most] for each in (row[0].face, *(one.made for one in row))]
    )


def _coarse(pixels: Tensor) -> Tensor:
    return F.interpolate(pixels, (COARSE, COARSE), mode="area")

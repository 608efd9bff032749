"""PIL pictures of any mode as three-colour planes for a network that knows nothing else, and back again."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ddpm.errors import BadPicture

DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})  # grey of 16 bits; PIL reads some files of it as 32-bit "I"
GREY = torch.tensor([0.299, 0.587, 0.114])  # luma of ITU-R BT.601, as PIL's convert("L")
REACH = 16  # px that colours are grown into what is transparent: from further away hardly anything tells at the rim


class Planes(NamedTuple):
    """A picture as float planes in [0, 1]: colour (3, H, W), and alpha (H, W) if it has one."""

    mode: str  # of the picture to be made
    colour: Tensor
    alpha: Tensor | None

    @property
    def deep(self) -> bool:
        """Whether the picture has 16 bits."""
        return self.mode in DEEP

    @property
    def flat_alpha(self) -> bool:
        return self.alpha is not None and bool((self.alpha == self.alpha[0, 0]).all())

    def to_enlarge(self) -> list[Tensor]:
        """What has to go through the network: the colours, and alpha (as grey) unless it is flat."""
        if self.alpha is None or self.flat_alpha:
            return [self.colour]
        return [_grown(self.colour, self.alpha), self.alpha.expand(3, -1, -1)]

    def room(self, scale: int) -> Tensor:
        """An empty result: bytes, or float where grey is made of the three colours or the picture has 16 bits."""
        _, height, width = self.colour.shape
        kind = torch.uint8 if self.mode in ("RGB", "RGBA") else torch.float32
        return torch.empty(3, height * scale, width * scale, dtype=kind)


def take_apart(image: Image.Image) -> Planes:
    """The picture's planes, before they are made larger."""
    image = _plain(image)
    if image.mode in DEEP:
        array = np.asarray(image).astype(np.float32)
        if array.min() < 0 or array.max() > 65535:
            raise BadPicture(
                f"A grey picture of 16 bits has values 0 to 65535; this one reaches {array.max():.0f}.", field="image"
            )
        return Planes(image.mode, torch.from_numpy(array / 65535).expand(3, -1, -1), None)
    pixels = (
        torch.from_numpy(np.array(image, dtype=np.float32) / 255)
        .reshape(image.height, image.width, -1)
        .permute(2, 0, 1)
    )
    alpha = pixels[-1] if image.mode in ("LA", "RGBA") else None
    colour = pixels[:1].expand(3, -1, -1) if image.mode in ("L", "LA") else pixels[:3]
    return Planes(image.mode, colour, alpha)


def assemble(planes: Planes, results: list[Tensor]) -> Image.Image:
    """The picture made of the planes' enlargements, in the order of `to_enlarge`."""
    colour = results[0]
    if planes.deep:
        return _sixteen(_grey(colour), planes.mode)
    grey = planes.mode in ("L", "LA")
    image = Image.fromarray(_bytes(_grey(colour)) if grey else colour.permute(1, 2, 0).numpy())
    if planes.alpha is not None:
        image.putalpha(_alpha(planes, results, image.size))
    return image


def _grown(colour: Tensor, alpha: Tensor) -> Tensor:
    """The colours that can be seen, grown into what is fully transparent: each pixel the mean of those beside it.

    What a file has under alpha 0, black most often, would come through at the rim of a cut-out whose edge is hard.
    """
    seen = (alpha > 0).numpy().astype(np.float32)[..., None]
    paint = np.ascontiguousarray(colour.permute(1, 2, 0).numpy() * seen)
    for _ in range(REACH):
        near = cv2.boxFilter(seen, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)[..., None]
        sums = cv2.boxFilter(paint, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        paint = np.where(seen > 0, paint, sums / near.clip(min=1))
        seen = (near > 0).astype(np.float32)
    return torch.from_numpy(paint).permute(2, 0, 1)


def _plain(image: Image.Image) -> Image.Image:
    """The picture in one of the modes that are kept: L, LA, RGB, RGBA or 16-bit grey."""
    if image.mode in ("L", "LA", "RGB", "RGBA") and "transparency" not in image.info or image.mode in DEEP:
        return image
    if image.has_transparency_data:
        return image.convert("LA" if image.mode in ("L", "LA", "La") else "RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _grey(colour: Tensor) -> Tensor:
    """(3, H, W) float to (H, W)."""
    return torch.einsum("c,chw->hw", GREY, colour.float())


def _bytes(plane: Tensor) -> np.ndarray:
    return (plane * 255).round().to(torch.uint8).numpy()


def _sixteen(plane: Tensor, mode: str) -> Image.Image:
    values = (plane * 65535).round().clamp(0, 65535).numpy()
    return Image.fromarray(values.astype(np.int32)) if mode == "I" else Image.fromarray(values.astype(np.uint16))


def _alpha(planes: Planes, results: list[Tensor], size: tuple[int, int]) -> Image.Image:
    assert planes.alpha is not None
    if planes.flat_alpha:
        return Image.new("L", size, round(float(planes.alpha[0, 0]) * 255))
    alpha = results[1]
    return Image.fromarray(_bytes(_grey(alpha if alpha.is_floating_point() else alpha.float() / 255)))

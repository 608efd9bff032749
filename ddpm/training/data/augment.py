"""What is done to a picture anew each time it is drawn: mirrored, cut elsewhere, its colours shifted a little."""

from __future__ import annotations

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from ddpm.training.config import Data
from ddpm.training.dice import Dice

# A caption that says one of these means it: the colours of such a picture are left alone.
COLOUR_WORDS = frozenset(
    "amber aqua azure beige black blond blonde blue bronze brown copper coral crimson cyan dark emerald ginger gold "
    "golden gray green grey indigo ivory lavender light lilac magenta maroon mauve navy olive orange pale pink purple "
    "red rose ruby scarlet silver tan teal turquoise violet white yellow".split()
)
SIDE_WORDS = frozenset(("left", "right"))  # alike, for mirroring
GREY = (0.299, 0.587, 0.114)  # luma of Rec. 601


def augment(
    x0: Tensor, mask: Tensor | None, data: Data, dice: Dice, coloured: Tensor, sided: Tensor
) -> tuple[Tensor, Tensor | None]:
    """x0: (B, C, side, side) in [-1, 1], mask: (B, side, side); both cut to data.size.

    coloured, sided: (B,) bool, whether colours, left or right are captioned and so left alone.
    """
    if data.zoom > 1:
        rows, columns = dice.uniform(), dice.uniform()
        x0 = _cut(x0, rows, columns, data.size)
        mask = None if mask is None else _cut(mask, rows, columns, data.size)
    if data.flip:
        mirrored = ((dice.uniform() < 0.5) & ~sided).to(x0.device)
        x0 = torch.where(mirrored[:, None, None, None], x0.flip(3), x0)
        mask = None if mask is None else torch.where(mirrored[:, None, None], mask.flip(2), mask)
    if data.colour:
        shifts = [((2 * dice.uniform() - 1) * data.colour).to(x0.device)[:, None, None, None] for _ in range(3)]
        x0 = torch.where(coloured.to(x0.device)[:, None, None, None], x0, _shifted(x0, *shifts))
    return x0, mask


def says(captions: Sequence[str], words: frozenset[str]) -> bool:
    """Whether any of them has one of these words."""
    return any(word in words for caption in captions for word in re.findall(r"[a-z]+", caption.lower()))


def _cut(pictures: Tensor, rows: Tensor, columns: Tensor, size: int) -> Tensor:
    """A square of `size` of each, at shares (B,) of the room there is. (B, ..., side, side)."""
    room = pictures.shape[-1] - size + 1
    corners = zip((rows * room).long().tolist(), (columns * room).long().tolist(), strict=True)
    return torch.stack([pictures[i, ..., y : y + size, x : x + size] for i, (y, x) in enumerate(corners)])


def _shifted(x0: Tensor, brightness: Tensor, contrast: Tensor, saturation: Tensor) -> Tensor:
    """Shares (B, 1, 1, 1); 0 leaves the picture as it is."""
    if x0.shape[1] == 3:
        grey = (x0 * torch.tensor(GREY, device=x0.device)[:, None, None]).sum(1, keepdim=True)
        x0 = grey + (x0 - grey) * (1 + saturation)
    return (x0 * (1 + contrast) + brightness).clamp(-1, 1)

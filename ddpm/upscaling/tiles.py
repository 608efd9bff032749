"""A large picture through a network in tiles that overlap, so that memory stays small and no seam shows.

Each tile is cut out with a margin of its neighbours, put through the network, and only its own part is kept. With a
margin as wide as the network's reach the result is that of the whole picture; RRDBNet reaches further than any margin
that pays, and tests/upscaling/test_seams.py holds what is left of the difference to what cannot be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

BORDER = 10  # pixels repeated around the picture, so that its edges are not met by the networks' black padding


class Tile(NamedTuple):
    """A part of the picture, and the larger part looked at to make it: slices over height and width.

    What is seen counts from the corner of the bordered picture, that is from `BORDER` pixels before the first.
    """

    own: tuple[slice, slice]
    seen: tuple[slice, slice]

    def kept(self, scale: int) -> tuple[slice, slice]:
        """Where the own part lies in what the network makes, `scale` times larger, of the seen part."""
        return tuple(  # type: ignore[return-value]
            slice((own.start + BORDER - seen.start) * scale, (own.stop + BORDER - seen.start) * scale)
            for own, seen in zip(self.own, self.seen, strict=True)
        )

    def placed(self, scale: int) -> tuple[slice, slice]:
        """Where the own part lies in the whole result."""
        rows, columns = self.own
        return slice(rows.start * scale, rows.stop * scale), slice(columns.start * scale, columns.stop * scale)


def cut(height: int, width: int, size: int, margin: int) -> list[Tile]:
    """Tiles of at most `size` pixels a side, all nearly equal, that cover the picture once, row by row."""
    return [
        Tile((rows, columns), (_widened(rows, margin, height), _widened(columns, margin, width)))
        for rows in _spans(height, size)
        for columns in _spans(width, size)
    ]


@torch.inference_mode()
def through(network: Callable[[Tensor], Tensor], pixels: Tensor, tiles: list[Tile], out: Tensor) -> Iterator[Tile]:
    """Fill `out` (C, H * s, W * s), float or integer, from `pixels` (C, H, W) in [0, 1]; yields each tile when done.

    `network` maps (1, C, h, w) to (1, C, h * s, w * s). An integer `out` holds 0..its largest value for 0..1, rounded.
    """
    scale = out.shape[-1] // pixels.shape[-1]
    bordered = F.pad(pixels[None], (BORDER,) * 4, mode="replicate")
    for tile in tiles:
        made = network(bordered[(..., *tile.seen)])[0]
        made = made[(..., *tile.kept(scale))].float().clamp(0.0, 1.0)
        if not out.is_floating_point():
            made = (made * torch.iinfo(out.dtype).max).round()
        out[(..., *tile.placed(scale))] = made.to(out.dtype).cpu()
        yield tile


def _spans(length: int, size: int) -> list[slice]:
    count = -(-length // size)
    edges = [length * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in zip(edges, edges[1:], strict=False)]


def _widened(span: slice, margin: int, length: int) -> slice:
    """`span` with its margin, as far as picture and border reach, counted from the border's corner."""
    return slice(max(span.start + BORDER - margin, 0), min(span.stop + BORDER + margin, length + 2 * BORDER))

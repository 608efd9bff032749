"""What enlarging a picture holds in memory, known before any network is there."""

from __future__ import annotations

import sys

from ddpm.upscaling.real_esrgan import SOURCES
from ddpm.upscaling.tiles import cut

LIBRARIES = 180 * 2**20  # bytes that the packages of the networks bring along, the first time
PLANES = 3 * 4 * 2  # bytes a pixel: three colours in float32, and the same again with its border


def enlarging(upscaler: str, width: int, height: int, scale: int) -> int:
    """Bytes beside what the program holds already and beside the result: the network, one tile, the picture."""
    source = SOURCES[upscaler]
    tiles = cut(height, width, source.tile, source.margin)
    largest = max(_length(tile.seen[0]) * _length(tile.seen[1]) for tile in tiles)
    libraries = 0 if "basicsr" in sys.modules or "realesrgan" in sys.modules else LIBRARIES
    return libraries + source.weights + source.each * largest + PLANES * width * height


def _length(span: slice) -> int:
    return int(span.stop - span.start)

"""Upscalers, tiles and seams included, against RealESRGANer of the realesrgan package with the same weights."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from PIL import Image

from ddpm.bench.clock import alternating
from ddpm.bench.report import Figure, Table, compared
from ddpm.compat import alias_functional_tensor
from ddpm.upscaling import upscale
from ddpm.upscaling.real_esrgan import SOURCES, network

STOCK, OURS = "RealESRGANer", "this package"


def upscaler_table(name: str, weights: Path, rounds: int, side: int = 128) -> Table:
    """A picture of side x side pixels, four times larger; both with the tiles and margins that we use."""
    alias_functional_tensor()
    from realesrgan import RealESRGANer

    image = Image.effect_mandelbrot((side, side), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB")
    pixels, source = np.asarray(image)[..., ::-1], SOURCES[name]
    with TemporaryDirectory() as folder:
        file = Path(folder) / source.pth
        ours = network(name, weights, "cpu")
        torch.save({"params": {key: value.contiguous() for key, value in ours.state_dict().items()}}, file)
        fresh = copy.deepcopy(ours).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        stock = RealESRGANer(
            4, str(file), model=fresh, tile=source.tile, tile_pad=source.margin, half=False, device="cpu"
        )

    def theirs() -> np.ndarray:
        with redirect_stdout(io.StringIO()):  # it prints every tile
            return stock.enhance(pixels, outscale=4)[0][..., ::-1]

    calls: dict[str, Callable[[], object]] = {
        STOCK: theirs,
        OURS: lambda: upscale(image, 4, name, weights=weights),
    }
    timings = alternating(calls, rounds)
    apart = np.abs(theirs().astype(float) - np.asarray(upscale(image, 4, name, weights=weights))).mean()
    table = compared(f"Upscaler {name}: {side} px to {4 * side} px", timings,
                     note=f"The same picture: {apart:.2f} of 255 grey levels apart on average.")  # fmt: skip
    ratio = timings[STOCK].wall / timings[OURS].wall
    table.figures.append(Figure(f"{name}: times as fast as {STOCK}, {side} px to {4 * side}", f"{ratio:.1f}", "2.2"))
    return table

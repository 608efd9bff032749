"""Ratios measured in one run: this package against the usual way with the same weights, called in turn.

`run` yields a table at a time, since all of them take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ddpm.bench.report import Table
    from ddpm.runtime import Choice

PARTS = ("start", "networks", "pictures", "growth", "upscalers", "training", "faces")


def run(weights: Path, choice: Choice, parts: tuple[str, ...], rounds: int, models: tuple[str, ...]) -> Iterator[Table]:
    """The tables of these parts. `models`: which of the catalogue's, by name; only flow models of ours have a loop."""
    from ddpm.bench import enlarging, faces, growth, networks, pictures, starting, training
    from ddpm.engine import Engine
    from ddpm.upscaling import UPSCALERS

    if "start" in parts:
        yield starting.start_table(weights, choice)
    engine = Engine(weights, choice="openvino" if choice == "auto" and _has_openvino() else choice)
    for name in models:
        if "networks" in parts:
            yield networks.network_table(engine, name, 5 * rounds)
        if "pictures" in parts:
            yield pictures.picture_table(engine, name, rounds)
            if engine.catalogue.load(name).text is not None:
                yield pictures.sketch_table(engine, name, rounds)
        if "growth" in parts:
            yield growth.growth_table(engine, name)
    if "growth" in parts:
        yield growth.sizes_table()
        yield growth.enlarging_table(weights)
    if "upscalers" in parts:
        for upscaler in UPSCALERS:
            yield enlarging.upscaler_table(upscaler, weights, rounds)
    if "training" in parts:
        yield training.training_table(rounds)
    if "faces" in parts:
        yield from faces.faces_tables(engine, rounds)


def _has_openvino() -> bool:
    """With it "auto" would prepare networks in the background, which a bench has to wait for."""
    import importlib.util

    return importlib.util.find_spec("openvino") is not None

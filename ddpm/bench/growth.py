"""How seconds and memory grow: with steps, with pictures, with their size, and with what is enlarged.

Size is measured on a network of ours' kind with random weights that takes any; each thing once, after one to warm up.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from ddpm.bench.clock import timed
from ddpm.bench.networks import ready
from ddpm.bench.pictures import made
from ddpm.bench.report import Figure, Row, Table
from ddpm.compat import ensure_torchvision
from ddpm.engine import Engine
from ddpm.request import Request
from ddpm.upscaling import DEFAULT, upscale

ANY = "any-size"  # the folder of that network
SIDE, STEPS = 64, 8  # pixels it is trained at, as its card says; steps of its pictures
SHAPE = {
    "sample_size": SIDE, "block_out_channels": (32, 64, 128), "layers_per_block": 2, "norm_num_groups": 16,
    "down_block_types": ("DownBlock2D",) * 3, "up_block_types": ("UpBlock2D",) * 3,
}  # fmt: skip
Job = tuple[str, float, Callable[[], object]]  # what it is, how much more work than the first, and how it is done


def growth_table(engine: Engine, name: str) -> Table:
    """Steps and pictures of a model."""
    defaults = ready(engine, name).card.defaults
    settings = [(factor * defaults.steps, 1) for factor in (1, 2, 4)] + [(defaults.steps, count) for count in (2, 4)]
    jobs: list[Job] = [
        (f"{steps} steps, {count} picture{'s' * (count > 1)}", steps * count / defaults.steps,
         partial(made, engine, Request(model=name, seed=1, steps=steps, count=count)))
        for steps, count in settings
    ]  # fmt: skip
    return grown(f"Growth of {name}", jobs)


def sizes_table(sides: tuple[int, ...] = (SIDE, 2 * SIDE, 4 * SIDE)) -> Table:
    """Pictures of ever more pixels, in torch: a graph is of one size."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / ANY)
        engine = Engine(folder, choice="torch")
        request = partial(Request, model=ANY, seed=1, steps=STEPS, sampler="ddim")
        jobs: list[Job] = [
            (f"{side} x {side} px", (side / sides[0]) ** 2, partial(made, engine, request(width=side, height=side)))
            for side in sides
        ]
        return grown("Growth with size: a network without attention, random weights", jobs)


def enlarging_table(weights: Path, sides: tuple[int, ...] = (64, 128, 256, 512)) -> Table:
    """Ever larger pictures made four times larger; from 256 px on in several tiles."""

    def job(side: int) -> Job:
        picture = Image.effect_mandelbrot((side, side), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB")
        return f"{side} px to {4 * side} px", (side / sides[0]) ** 2, partial(upscale, picture, 4, weights=weights)

    jobs = [job(side) for side in sides]
    return grown(f"Growth with resolution: the upscaler {DEFAULT}", jobs)


def grown(title: str, jobs: list[Job]) -> Table:
    """Each job once, with what it takes beside what it does."""
    jobs[0][2]()
    rows: list[Row] = []
    for what, work, job in jobs:
        timing = timed(job)
        base = rows[0].timing if rows else timing
        note = f"{work:g} times the work, {timing.cpu / base.cpu:.2f} times the CPU time"
        rows.append(Row(what, timing, base.wall / timing.wall, base.cpu / timing.cpu, note))
    most = max(range(len(jobs)), key=lambda index: jobs[index][1])
    return Table(title, rows, figures=[Figure(title, rows[most].note, "no more than the work")])


def write(folder: Path) -> None:
    """A model folder in diffusers' layout with that network and random weights."""
    ensure_torchvision()
    diffusers: Any = importlib.import_module("diffusers")

    diffusers.UNet2DModel(**SHAPE).save_pretrained(folder / "unet")
    diffusers.DDIMScheduler(beta_schedule="linear").save_pretrained(folder / "scheduler")
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "DDPMPipeline", **parts}), encoding="utf-8")

"""Guided faces of 256 px on a network of google/ddpm-celebahq-256's shape; its weights are random, times are the same.

One step is timed, because cost is linear in the steps; the faces come one after the other, each shown as it comes.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from PIL import Image

from ddpm.bench.clock import alternating, timed
from ddpm.bench.networks import ready
from ddpm.bench.pictures import made
from ddpm.bench.report import Row, Table, compared
from ddpm.bench.stock import ddim_guided
from ddpm.compat import ensure_torchvision
from ddpm.engine import Engine
from ddpm.request import FromSelfie, Request

NAME, COUNT = "faces-256", 5
SHAPE = {
    "sample_size": 256, "block_out_channels": (128, 128, 256, 256, 512, 512), "layers_per_block": 2,
    "down_block_types": ("DownBlock2D",) * 4 + ("AttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "AttnUpBlock2D") + ("UpBlock2D",) * 4,
    "attention_head_dim": None, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-6,
}  # fmt: skip


def faces_tables(choice: Engine, rounds: int) -> list[Table]:
    """Five faces with their memory, then a step of one face against diffusers' loop with and without a gradient."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / NAME)
        engine = Engine(folder, choice=choice.models.choice)
        ready(engine, NAME)
        face = Image.effect_mandelbrot((256, 256), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB")

        def request(count: int) -> Request:
            source = FromSelfie(image=face, likeness=0.5, strength=1)
            return Request(model=NAME, source=source, sampler="ddim", steps=1, count=count, seed=1)

        made(engine, request(1))
        five = timed(lambda: made(engine, request(COUNT)))
        plain = engine.catalogue.load(NAME)
        levels = plain.levels(1, "ddim")
        x, target = torch.randn(1, 3, 256, 256), torch.zeros(1, 3, 256, 256)
        stock = partial(ddim_guided, plain.network, levels, x, target)
        calls: dict[str, Callable[[], object]] = {
            "diffusers' loop, float32, gradient through the network": partial(stock, True),
            "diffusers' loop, float32, no guidance": partial(stock, False),
            f"this package, guided ({engine.models.engines()[NAME]})": lambda: made(engine, request(1)),
        }
        timings = alternating(calls, rounds)
    alone = Table(f"{COUNT} guided faces of 256 px, one step each", [Row("this package", five)])
    return [alone, compared("A step of one guided face of 256 px", timings)]


def write(folder: Path) -> None:
    """A model folder in diffusers' layout with a network of that shape and random weights."""
    ensure_torchvision()
    diffusers: Any = importlib.import_module("diffusers")

    torch.manual_seed(0)
    diffusers.UNet2DModel(**SHAPE).half().save_pretrained(folder / "unet")
    diffusers.DDIMScheduler(beta_schedule="linear").save_pretrained(folder / "scheduler")
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "DDPMPipeline", **parts}), encoding="utf-8")

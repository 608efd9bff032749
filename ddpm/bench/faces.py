"""Guided faces of 256 px on a network of google/ddpm-celebahq-256's shape; its weights are random, times are the same.

Both guide a framed face at every step: ours by a gradient at x0, as selfies do by default; stock backpropagates through
its network, or does not guide. The five come one after the other, each shown as it comes, in a process of their own.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from ddpm.bench.clock import Timing, alternating, timed
from ddpm.bench.lever import lever
from ddpm.bench.networks import ceiling, ready
from ddpm.bench.pictures import made
from ddpm.bench.report import Figure, Row, Table, compared
from ddpm.bench.stock import ddim_guided
from ddpm.compat import ensure_torchvision
from ddpm.engine import Engine
from ddpm.events import Framed
from ddpm.models.model import Model
from ddpm.request import FromSelfie, Request
from ddpm.runtime import Choice

NAME, COUNT, STEPS = "faces-256", 5, 4  # so many steps, because finding and framing the face is done once a request
PHOTO = Path(__file__).resolve().parents[2] / "assets" / "examples" / "photo.png"
THROUGH, PLAIN = "diffusers' loop, float32, gradient through the network", "diffusers' loop, float32, no guidance"
HALF, FEWER = "the same, UniPC in half the steps", ("unipc", STEPS // 2)
SHAPE = {
    "sample_size": 256, "block_out_channels": (128, 128, 256, 256, 512, 512), "layers_per_block": 2,
    "down_block_types": ("DownBlock2D",) * 4 + ("AttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "AttnUpBlock2D") + ("UpBlock2D",) * 4,
    "attention_head_dim": None, "downsample_padding": 0, "flip_sin_to_cos": False, "freq_shift": 1, "norm_eps": 1e-6,
}  # fmt: skip


def faces_tables(choice: Engine, rounds: int) -> list[Table]:
    """One guided face against diffusers' loop with and without a gradient; then five, with their memory."""
    with TemporaryDirectory() as folder:
        write(Path(folder) / NAME)
        engine = Engine(folder, choice=choice.models.choice)
        ready(engine, NAME)
        with Image.open(PHOTO) as opened:
            photo = opened.convert("RGB")
        asked = partial(request, photo)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            five = alone.submit(five_alone, folder, choice.models.choice, photo).result()
        plain = engine.catalogue.load(NAME)
        side = plain.card.size
        x, target = torch.randn(1, 3, side, side), torch.zeros(1, 3, side, side)
        stock = partial(ddim_guided, plain.network, plain.levels(STEPS, "ddim"), x, target)
        ours = f"this package, guided ({engine.models.engines()[NAME]})"
        calls: dict[str, Callable[[], object]] = {
            THROUGH: partial(stock, True), PLAIN: partial(stock, False), ours: lambda: made(engine, asked(1)),
            HALF: lambda: made(engine, asked(1, *FEWER)),
        }  # fmt: skip
        timings = alternating(calls, max(1, (rounds + 1) // 2))
        found = lever(choice, photo)
        words = " ".join([bound(plain, timings[THROUGH]), *([found.said()] if found else [])])
        one = compared(f"One guided face of {side} px, {STEPS} steps", timings, note=words)
        if found is not None and found.holds:
            ratio = timings[THROUGH].wall / timings[HALF].wall, timings[THROUGH].cpu / timings[HALF].cpu
            what = f"a guided face of {side} px, UniPC in half the steps: times as fast as stock with its gradient"
            one.figures.append(Figure(what, "{:.1f} ({:.1f} by CPU time)".format(*ratio), "8"))
        fault = "" if framed(engine, asked(1)) else "no face was found, so nothing was guided by outlines"
    rows = _of_five(timings, five)
    ratios = {what: f"{row.times_faster:.1f} ({row.times_faster_cpu:.1f} by CPU time)" for what, row in rows.items()}
    what = f"five guided faces of {side} px"
    figures = [
        Figure(f"{what}: times as fast as stock with a gradient through its network", ratios[THROUGH], "8"),
        Figure(f"{what}: times as fast as stock without guidance", ratios[PLAIN], "2.5"),
    ]
    if five.peak is not None:
        figures.append(Figure(f"{what}: memory", f"{five.peak / 2**30:.2f} GiB", "2.5 GiB"))
    note = f"Stock's loops make one face at a time: theirs are {COUNT} times one. Ratios are this package's to each."
    all_rows = [Row("this package", five), *rows.values()]
    return [one, Table(f"{COUNT} guided faces of {side} px, {STEPS} steps", all_rows, note, figures, fault)]


def five_alone(folder: str, choice: Choice, photo: Image.Image) -> Timing:
    """Five faces in this process, which should be a new one: what others left in memory does not count as theirs."""
    engine = Engine(folder, choice=choice)
    ready(engine, NAME)
    made(engine, request(photo, 1))
    return timed(lambda: made(engine, request(photo, COUNT)))


def request(photo: Image.Image, count: int, sampler: str = "ddim", steps: int = STEPS) -> Request:
    """Selfies as they are by default, from pure noise so that all steps are made."""
    source = FromSelfie(image=photo, strength=1)
    return Request(model=NAME, source=source, sampler=sampler, steps=steps, count=count, seed=1)


def framed(engine: Engine, asked: Request) -> bool:
    """Whether the photo's face is found: without one there is no gradient, and nothing to compare."""
    events = engine.events(asked, lambda: True, lambda: False)  # stopped before the first call
    return any(isinstance(event, Framed) and event.found for event in events)


def bound(model: Model, through: Timing) -> str:
    """How much faster than stock a guided loop of as many steps could be here, and where more has to come from."""
    x = torch.randn(1, 3, model.card.size, model.card.size)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.network(x, 500.0, None)
    work, (most, where) = counter.get_total_flops() / 1e9, ceiling(3)
    least = work / most
    return (
        f"A call is {work:.0f} GFLOP and this processor's ceiling {most:.0f} GFLOP a CPU second ({where}), so a step "
        f"takes at least {least:.2f} CPU seconds: at equal steps nothing here can be more than "
        f"{through.cpu / STEPS / least:.2f} times as fast as stock with its gradient, by CPU time. What is beyond that "
        "can come from fewer steps alone."
    )


def _of_five(timings: dict[str, Timing], five: Timing) -> dict[str, Row]:
    """Stock's loops for all of them, with how much faster we are."""
    rows = {}
    for what in (THROUGH, PLAIN):
        whole = Timing(COUNT * timings[what].wall, COUNT * timings[what].cpu, timings[what].peak)
        faster = whole.wall / five.wall, whole.cpu / five.cpu
        rows[what] = Row(what, whole, *faster, f"{COUNT} times one; this package is so much faster")
    return rows


def write(folder: Path) -> None:
    """A model folder in diffusers' layout with a network of that shape and random weights."""
    ensure_torchvision()
    diffusers: Any = importlib.import_module("diffusers")

    torch.manual_seed(0)
    diffusers.UNet2DModel(**SHAPE).half().save_pretrained(folder / "unet")
    diffusers.DDIMScheduler(beta_schedule="linear").save_pretrained(folder / "scheduler")
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDIMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "DDPMPipeline", **parts}), encoding="utf-8")

"""A step of training against the one of denoising-diffusion-pytorch: the same network, size and batch.

Theirs is its Trainer's step on a CPU, as that class writes it: float32, clipping, Adam, its EMA. Ours is the loop's own
step, with its draws, its batch out of the data and its EMA; theirs gets its batch for nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ddpm.bench.clock import alternating
from ddpm.bench.report import Figure, Table, compared
from ddpm.compat import ensure_torchvision

if TYPE_CHECKING:
    from ddpm.training.loop import Run

PACKAGE = "denoising_diffusion_pytorch"
TITLE = "A training step: 16 pictures of 64 px, diffusers' UNet2DModel of 3.9 M parameters"
STOCK, OURS = "denoising-diffusion-pytorch", "this package"
SIZE, BATCH = 64, 16
SHAPE = {
    "sample_size": SIZE, "block_out_channels": (32, 64, 128), "layers_per_block": 2, "norm_num_groups": 16,
    "down_block_types": ("DownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
}  # fmt: skip


def training_table(rounds: int) -> Table:
    """Both steps in turn; an empty table with a hint where the package is not installed."""
    if importlib.util.find_spec(PACKAGE) is None:
        return Table(TITLE, note="To compare: pip install denoising-diffusion-pytorch")
    with TemporaryDirectory() as name:
        folder = Path(name)
        theirs, run, steps = their_step(_write(folder / "model")), our_run(folder), itertools.count()

        def ours() -> None:
            run.step(next(steps) * BATCH)
            run.state.average()

        timings = alternating({STOCK: theirs, OURS: ours}, rounds)
        table = compared(TITLE, timings)
        ratio = timings[STOCK].wall / timings[OURS].wall
        table.figures.append(Figure(f"a training step: times as fast as {STOCK}'s", f"{ratio:.1f}", "1"))
        return table


def our_run(folder: Path) -> Run:
    """A run that goes on from folder/model."""
    from ddpm.training.config import TrainConfig
    from ddpm.training.loop import Run

    data = {"kind": "shapes", "size": SIZE, "count": 256, "captions": False}
    asked = {"name": "bench", "start": folder / "model", "data": data, "batch": BATCH, "device": "cpu",
             "threads": torch.get_num_threads(), "out": folder / "run", "weights": folder}  # fmt: skip
    return Run(TrainConfig.model_validate(asked), resume=False)


def their_step(network: nn.Module) -> Callable[[], object]:
    """What Trainer.train does between two batches, with gradient_accumulate_every=1 and its defaults."""
    package: Any = importlib.import_module(PACKAGE)
    averages: Any = importlib.import_module("ema_pytorch")

    diffusion = package.GaussianDiffusion(_Called(network), image_size=SIZE)
    adam = torch.optim.Adam(diffusion.parameters(), lr=1e-4, betas=(0.9, 0.99))
    ema = averages.EMA(diffusion, beta=0.995, update_every=10)
    pictures = torch.rand(BATCH, 3, SIZE, SIZE)

    def step() -> None:
        diffusion(pictures).backward()
        nn.utils.clip_grad_norm_(diffusion.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        ema.update()

    return step


class _Called(nn.Module):
    """UNet2DModel as GaussianDiffusion calls a network, with the attributes that it reads."""

    channels = out_dim = 3
    self_condition = random_or_learned_sinusoidal_cond = False

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, time: Tensor, condition: Tensor | None = None) -> Tensor:
        return self.network(x, time).sample  # type: ignore[no-any-return]


def _write(folder: Path) -> nn.Module:
    """A model folder of diffusers with that network and random weights. -> the network."""
    ensure_torchvision()
    diffusers: Any = importlib.import_module("diffusers")

    torch.manual_seed(0)
    network = diffusers.UNet2DModel(**SHAPE)
    network.save_pretrained(folder / "unet")
    diffusers.DDPMScheduler(prediction_type="v_prediction").save_pretrained(folder / "scheduler")
    parts = {"unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"]}
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "DDPMPipeline", **parts}), encoding="utf-8")
    return network  # type: ignore[no-any-return]

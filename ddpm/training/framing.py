"""Train the network that finishes a face's framing (ddpm/faces/corrector.py). No labels: training faces ARE framed.

    python -m ddpm.training.framing --tight celeba128-0.zip celeba128-1.zip sfhq128-0.zip --wide ukmp96-0.zip \\
        --without animals/

`ddpm/training/looks.py` makes what it sees. Every 12th tight picture and every second wide one are left out, for tests.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm.faces.corrector import LOOK, STRIDES, WEIGHTS
from ddpm.faces.frame import EYE_DISTANCE, EYE_LINE, MOUTH_LINE
from ddpm.training.looks import FACE, WIDE_SIDE, Faces, read, scenes, without_faces

WIDTHS, FEATURES = (16, 32, 48, 64, 48), 40  # 143,733 parameters, 289 kB in float16
HELD_TIGHT, HELD_WIDE = 12, 2
DOUBT = 0.1  # the weight of whether there is a face, beside where it is
POINTS = torch.tensor([(-EYE_DISTANCE / 2, EYE_LINE - 0.5), (EYE_DISTANCE / 2, EYE_LINE - 0.5),
                       (-0.12, MOUTH_LINE - 0.5), (0.12, MOUTH_LINE - 0.5)])  # fmt: skip  # eyes, corners of the mouth


class Network(nn.Module):
    """The corrector as it is trained; `ddpm.faces.corrector` computes the same without torch."""

    def __init__(self) -> None:
        super().__init__()
        ends = zip((3, *WIDTHS[:-1]), WIDTHS, STRIDES, strict=True)
        self.convs = nn.ModuleList(nn.Conv2d(before, after, 3, stride, 1) for before, after, stride in ends)
        self.read = nn.Linear(WIDTHS[-1] * (LOOK // math.prod(STRIDES)) ** 2, FEATURES)
        self.answer = nn.Linear(FEATURES, 5)

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = F.relu(conv(x))
        return self.answer(F.relu(self.read(x.flatten(1))))


def points(answer: Tensor) -> Tensor:
    """Where the eyes and the mouth of the frame that an answer points to are. (N, 4) -> (N, 4, 2), in sides."""
    shift, grow, turn = answer[:, None, :2], answer[:, None, 2], answer[:, None, 3]
    x, y = POINTS[:, 0], POINTS[:, 1]
    return shift + torch.stack([(1 + grow) * x - turn * y, turn * x + (1 + grow) * y], dim=-1)


def loss(said: Tensor, right: Tensor, face: Tensor) -> tuple[Tensor, Tensor]:
    """The mean distance of eyes and mouth in sides of the right frame, over faces alone; and the doubt there is one."""
    away = (points(said[:, :4]) - points(right)).norm(dim=-1).mean(dim=1)
    side = torch.hypot(1 + right[:, 2], right[:, 3])
    return (away / side * face).sum() / face.sum(), F.binary_cross_entropy_with_logits(said[:, 4], face)


def train(faces: Faces, minutes: float, rate: float, batch: int, out: Path, start: Path | None = None) -> None:
    """AdamW, a cosine over the given time; prints the loss and writes the weights, an average (EMA), as it goes."""
    torch.manual_seed(0)
    network, average = Network(), Network()
    if start is not None:
        network.load_state_dict({name: value.float() for name, value in load_file(start).items()})
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    began, step, told, sums = time.monotonic(), 0, time.monotonic(), np.zeros(3)
    while (done := (time.monotonic() - began) / (60 * minutes)) < 1:
        optimiser.param_groups[0]["lr"] = rate * (min(1, (step + 1) / 200) * (0.5 + 0.5 * math.cos(math.pi * done)))
        looks, right, face = faces.batch(batch)
        away, doubt = loss(network(looks), right, face)
        optimiser.zero_grad()
        (away + DOUBT * doubt).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, max(0.002, 1 / (step + 1)))
        sums += away.item(), doubt.item(), 1
        if time.monotonic() - told > 20:
            told, (far, unsure, count) = time.monotonic(), sums
            print(
                f"{step * batch:,} looks: eyes and mouth off by {far / count:.4f}, doubt {unsure / count:.3f}",
                flush=True,
            )
            sums[:] = 0
            write(average, out)
    write(average, out)


def write(network: Network, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in network.state_dict().items()}, out)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Train weights/framing, the network that finishes a face's framing.")
    parser.add_argument("--tight", type=Path, nargs="+", required=True, help="archives of exactly framed faces")
    parser.add_argument("--wide", type=Path, nargs="+", required=True, help="archives of faces with surroundings")
    parser.add_argument("--grounds", type=int, default=600, help="drawn scenes to put faces on")
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="folders of pictures without a face")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--start", type=Path, help="go on from these weights")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(argv)
    tight, wide = read(given.tight, FACE, HELD_TIGHT, 0), read(given.wide, FACE / WIDE_SIDE, HELD_WIDE, 1)
    grounds = [*scenes(given.grounds), *without_faces(given.without)]
    train(Faces(tight, wide, grounds), given.minutes, given.rate, given.batch, given.out, given.start)


if __name__ == "__main__":
    main()

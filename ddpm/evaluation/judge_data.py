"""What the judge learns from: renders with their facts, disturbed so that it reads generated pictures too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ddpm.errors import BadRequest
from ddpm.evaluation.labels import Labels, labels

Heads = Mapping[str, tuple[str, ...]]
UNKNOWN = -100  # F.cross_entropy passes over it


@dataclass(frozen=True, slots=True)
class Renders:
    """pictures: (N, S, S, 3) uint8, read from disk as they are asked for; seen: what is in each; plain: whether so."""

    pictures: np.ndarray
    seen: list[Labels]
    plain: list[bool]

    def newest(self, count: int, plain: bool = False) -> Renders:
        """The last `count`, or those of them that are plain."""
        places = [i for i in range(len(self.seen) - count, len(self.seen)) if self.plain[i] or not plain]
        return Renders(self.pictures[places], [self.seen[i] for i in places], [self.plain[i] for i in places])

    def answers(self, heads: Heads) -> Tensor:
        """(N, heads) int64, UNKNOWN where a head has no answer."""
        places = {head: {word: i for i, word in enumerate(words)} for head, words in heads.items()}
        rows = [[places[head].get(seen.get(head, ""), UNKNOWN) for head in heads] for seen in self.seen]
        return torch.tensor(rows)


def read_renders(folder: Path) -> Renders:
    """The renders of a data folder."""
    try:
        pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        facts: list[dict[str, Any]] = json.loads((folder / "facts.json").read_text())
    except (OSError, ValueError) as error:
        raise BadRequest(f"{folder} must hold pictures.npy and facts.json ({error}).", "data") from error
    if len(facts) != len(pictures):
        raise BadRequest(f"{folder}: {len(pictures)} pictures, but facts of {len(facts)}.", "data")
    return Renders(pictures, [labels(each) for each in facts], [bool(each.get("plain")) for each in facts])


def augment(pixels: Tensor, rng: torch.Generator) -> Tensor:
    """What generated pictures have and renders do not: softness, noise, other colours. (B, 3, S, S) in [-1, 1].

    Each picture is mirrored, shifted by up to 4 pixels and coloured by its own draw; a batch shares its softness.
    """
    count, size = len(pixels), pixels.shape[-1]

    def draw(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng)

    pixels = torch.where(draw(count, 1, 1, 1) < 0.5, pixels.flip(3), pixels)
    dx, dy = (int(each) for each in (draw(2) * 9 - 4).floor())
    pixels = F.pad(pixels, (4, 4, 4, 4), mode="replicate")[:, :, 4 + dy : 4 + dy + size, 4 + dx : 4 + dx + size]
    softness = float(draw(1))
    if softness < 0.25:  # pictures of a model of 64 px
        small = F.interpolate(pixels, (min(size, 64), min(size, 64)), mode="area")
        pixels = F.interpolate(small, size=(size, size), mode="bicubic")
    elif softness < 0.5:
        kernel = torch.tensor([0.25, 0.5, 0.25]) if softness < 0.4 else torch.tensor([0.1, 0.8, 0.1])
        weight = (kernel[:, None] * kernel)[None, None].expand(3, 1, 3, 3).contiguous()
        pixels = F.conv2d(F.pad(pixels, (1, 1, 1, 1), mode="replicate"), weight, groups=3)
    gain, shift = 0.9 + 0.2 * draw(count, 1, 1, 1), 0.1 * draw(count, 3, 1, 1) - 0.05
    grain = torch.randn(1, 3, size, size, generator=rng)  # shared by the batch: one for each takes a tenth of the time
    return (pixels * gain + shift + 0.06 * draw(count, 1, 1, 1) * grain).clamp(-1, 1)


def paint(folder: Path, count: int, seed: int) -> None:
    """A data folder of `count` renders, every third as plain as what the scenes model learns."""
    from ddpm.training.data.scenes import render

    folder.mkdir(parents=True, exist_ok=True)
    indices = tqdm(range(count), unit=" pictures", desc="painting")
    painted = [render(index, seed, plain=index % 3 == 0) for index in indices]
    np.save(folder / "pictures.npy", np.stack([each.pixels for each in painted]))
    facts = [each.facts | {"plain": index % 3 == 0} for index, each in enumerate(painted)]
    (folder / "facts.json").write_text(json.dumps(facts))

"""Batches that depend on nothing but the seed and how many pictures were seen, so a resumed run is the same run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from ddpm.models.model import Text, TextEncoder
from ddpm.training.data.pictures import Pictures


class Batch(NamedTuple):
    x0: Tensor  # (B, C, H, W) float32 in [-1, 1]
    text: Text | None


class CaptionStates:
    """The token states of every caption, in float16, one after the other: captions differ in length."""

    def __init__(self, captions: list[list[str]], encoder: TextEncoder) -> None:
        unique = list(dict.fromkeys(["", *(caption for said in captions for caption in said)]))
        number = {caption: i for i, caption in enumerate(unique)}
        self.of_picture = [[number[caption] for caption in said] for said in captions]
        progress: Iterable[str] = tqdm(unique, desc="reading captions", unit="", mininterval=2)
        rows = [encoder.encode([caption]).states[0].half().cpu() for caption in progress]
        self.starts = [0, *torch.tensor([len(row) for row in rows]).cumsum(0).tolist()]
        self.states = torch.cat(rows)

    def batch(self, numbers: list[int]) -> Text:
        """Captions by number (0 is the empty one), padded to the longest."""
        rows = [self.states[self.starts[i] : self.starts[i + 1]].float() for i in numbers]
        lengths = torch.tensor([len(row) for row in rows])
        states = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        return Text(states, torch.arange(states.shape[1]) < lengths[:, None])


class Batches:
    """Every picture once before any a second time, in an order that the seed decides."""

    def __init__(self, pictures: Pictures, encoder: TextEncoder | None, *, seed: int, flip: bool, drop: float) -> None:
        self.pictures, self.seed, self.flip, self.drop = pictures, seed, flip, drop
        self.captions = CaptionStates(pictures.captions, encoder) if pictures.captions and encoder else None
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def __call__(self, seen: int, count: int, generator: torch.Generator) -> Batch:
        """The next `count` pictures after `seen`; flips, captions and drops come from the generator."""
        chosen = torch.tensor([self._at(seen + i) for i in range(count)])
        x0 = self.pictures.pixels[chosen].float() / 127.5 - 1
        if self.flip:
            mirrored = torch.rand(count, generator=generator) < 0.5
            x0 = torch.where(mirrored[:, None, None, None], x0.flip(3), x0)
        if self.captions is None:
            return Batch(x0, None)
        draws, dropped = torch.rand(count, generator=generator), torch.rand(count, generator=generator) < self.drop
        numbers = []
        for index, draw, drop in zip(chosen.tolist(), draws.tolist(), dropped.tolist(), strict=True):
            said = self.captions.of_picture[index]
            numbers.append(0 if drop else said[int(draw * len(said))])
        return Batch(x0, self.captions.batch(numbers))

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, len(self.pictures))
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._order = (epoch, torch.randperm(len(self.pictures), generator=generator))
        return int(self._order[1][offset])

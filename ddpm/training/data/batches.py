"""Batches that depend on nothing but the seed and how many pictures were seen, so a resumed run is the same run.

Only a set that is still being painted is drawn from by chance, from what is there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ddpm.models.model import Text, TextEncoder
from ddpm.training.config import Data
from ddpm.training.data.augment import COLOUR_WORDS, SIDE_WORDS, augment, says
from ddpm.training.data.captions import CaptionStates
from ddpm.training.data.pictures import Pictures
from ddpm.training.dice import Dice, number

ROOM = 0.4  # of a GPU's free memory may hold the set


class Batch(NamedTuple):
    """On the device that trains."""

    x0: Tensor  # (B, C, H, W) float32: pixels in [-1, 1], or latents
    text: Text | None
    mask: Tensor | None = None  # (B, H, W) in [0, 1], 1 on the subject


def _saying(captions: list[list[str]], words: frozenset[str]) -> Tensor:
    """(B,) bool: of which pictures any caption has one of these words."""
    return torch.tensor([says(each, words) for each in captions])


class Batches:
    """Every picture once before any a second time, in an order that the seed decides."""

    def __init__(
        self, pictures: Pictures, data: Data, encoder: TextEncoder | None, *,
        seed: int, drop: float = 0.0, latents: Tensor | None = None, device: str = "cpu",
    ) -> None:  # fmt: skip
        self.data, self.seed, self.drop, self.device = data, seed, drop, device
        self.captions = pictures.captions or [[""]] * len(pictures) if encoder else None
        self.states = CaptionStates(encoder, data.cache, device) if encoder else None
        if self.states and self.captions and pictures.so_far is None:
            self.states.add(caption for said in self.captions for caption in said)
        self.latents = None if latents is None else _near(latents, device)
        self.pixels = _near(pictures.pixels, device) if pictures.so_far is None else pictures.pixels
        self.pictures = pictures
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))

    def __call__(self, dice: Dice) -> Batch:
        """The pictures at the dice's positions; where they are cut, flips, captions and drops come from the dice."""
        chosen = self._chosen(dice)
        said = [self.captions[i] if self.captions else [] for i in chosen.tolist()]
        text = self._text(said, dice)
        if self.latents is not None:
            mirrored = (dice.uniform() < 0.5) & self.data.flip & ~_saying(said, SIDE_WORDS)
            row = chosen + mirrored * len(self.pictures)
            return Batch(self.latents[row.to(self.latents.device)].to(self.device).float(), text)
        x0 = self.pixels[chosen.to(self.pixels.device)].to(self.device).float() / 127.5 - 1
        masks = self.pictures.masks
        mask = None if masks is None else masks[chosen].to(self.device).float() / 255
        x0, mask = augment(x0, mask, self.data, dice, _saying(said, COLOUR_WORDS), _saying(said, SIDE_WORDS))
        return Batch(x0, text, mask)

    def _text(self, said: list[list[str]], dice: Dice) -> Text | None:
        if self.states is None:
            return None
        draws, dropped = dice.uniform().tolist(), (dice.uniform() < self.drop).tolist()
        chosen = [
            "" if drop else captions[int(draw * len(captions))]
            for captions, draw, drop in zip(said, draws, dropped, strict=True)
        ]
        self.states.add(chosen)
        longest = None if self.device == "cpu" else self.states.encoder.max_tokens  # one shape is faster on a GPU
        text = self.states.batch(chosen, longest)
        return Text(text.states.to(self.device), text.mask.to(self.device))

    def _chosen(self, dice: Dice) -> Tensor:
        """(B,) numbers of pictures."""
        if self.pictures.so_far is not None and (ready := self.pictures.ready) < len(self.pictures):
            return (dice.uniform().double() * ready).long()
        return torch.tensor([self._at(position) for position in dice.positions])

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, len(self.pictures))
        if self._order[0] != epoch:
            generator = torch.Generator().manual_seed(number("order", self.seed, epoch))
            self._order = (epoch, torch.randperm(len(self.pictures), generator=generator))
        return int(self._order[1][offset])


def _near(values: Tensor, device: str) -> Tensor:
    """On the GPU, where it has room for them; else where they are."""
    if not device.startswith("cuda"):
        return values
    free, _ = torch.cuda.mem_get_info()
    return values.to(device) if values.nbytes < ROOM * free else values

"""What is known about a model before its weights are read. Plain data, importable without torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from ddpm.diffusion.spacing import Spacing

LARGEST = 4  # times the side a model was trained at: further out pictures repeat themselves and memory runs away
PICTURES = (1, 3)  # channels that a picture may have: grey, RGB
ENDING = re.compile(r"\.(safetensors|ckpt|pth?|bin)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The settings a model is meant to be sampled with, where the request says nothing."""

    sampler: str = "heun"
    steps: int = 20
    guidance_scale: float = 3.0
    spacing: Spacing | None = "trailing"  # None: the own one of the sampler's scheduler in diffusers
    steps_offset: int = 0  # added to every time of the leading spacing; 1 for Stable Diffusion
    ends_clean: bool | None = True  # False: ddim and pndm end at the table's first level, not at no noise
    # (set_alpha_to_one in diffusers; None: as its scheduler of that name does by itself, pndm does not)
    pag_scale: float = 0.0  # of models that take it
    last: float = 0.0  # flow: the noise share at which the network is asked last; 0: steps run evenly to no noise
    shift: float = 1.0  # flow: > 1 asks more often near all noise, where a picture begins with nothing else
    guidance_until: float = 0.0  # noise share below which the prompt's guidance rests; 0: it never does


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One line of the model menu."""

    name: str  # how requests call it: a folder's name in the weights folder, or a Hub id
    title: str
    origin: str  # "embedded", "folder" or "hub"
    format: str  # which loader reads it
    size: int  # pixels per side it was trained at
    channels: int  # of the pictures: one of PICTURES
    target: str  # a value of Target
    schedule: str  # how its noise levels are called
    text: str | None  # "minilm", "clip" or None
    licence: str
    defaults: Defaults = field(default_factory=Defaults)
    kind: Literal["text", "unconditional", "part"] = "unconditional"  # "part": no model, but others need it
    latent: bool = False
    bytes: int = 0  # of its weights on disk
    note: str = ""  # a sentence for the user; of a model that cannot be used, the reason
    max_count: int = 16
    usable: bool = True
    weights_hash: str = ""  # first 10 hex digits of the weights' SHA-256; filled when the model is loaded
    factor: int = 1  # width and height are multiples of this
    fixed_size: bool = False  # it has learnt positions, and makes pictures of `size` only
    inpaints: bool = False  # its network sees the mask and what is round it (9 channels)
    embeds_guidance: bool = False  # its network is told the guidance scale (latent consistency models)
    finish_below: float = 0.0  # noise share under which a second network paints; 0: there is none
    takes_pag: bool = False  # its network can be told to attend to nothing, which perturbed-attention guidance needs
    weights: str = ""  # which of a checkpoint's weights are used: "EMA", "raw", "as saved"
    step: int | None = None  # of training, where the file says so; `epoch` alike
    epoch: int | None = None
    checked: bool = True  # False: its format is known from descriptions, no real file of it could be tried here

    def makes(self, width: int, height: int) -> bool:
        """Whether pictures of this size can be asked of it."""
        if self.fixed_size:
            return width == height == self.size
        return width % self.factor == height % self.factor == 0 and width * height <= (LARGEST * self.size) ** 2


def named(cards: Sequence[ModelCard], name: str) -> ModelCard | None:
    """The card of this name, else one whose name differs by the ending of a weights file only."""
    known = {card.name: card for card in cards}
    if name in known:
        return known[name]
    return next((card for card in cards if ENDING.sub("", card.name) == ENDING.sub("", name)), None)

"""Unseen renders with one caption each: what prompts are measured with, and the real set of the scenes model.

They are painted once, into a folder named by seed and by the renderer's sources, and never from a seed of training.
"""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ddpm.errors import Missing
from ddpm.evaluation.gallery import keep, read_picture, save_picture
from ddpm.loading.files import sources_hash
from ddpm.training.data.shelf import RENDERER

SEED = 90_001  # of the renders that evaluation alone sees


@dataclass(frozen=True, slots=True)
class Rendered:
    """A render, one of its captions and what is so."""

    path: Path
    caption: str
    facts: dict[str, Any]

    def pixels(self) -> Tensor:
        """(3, 128, 128) uint8."""
        return read_picture(self.path)


class Renders:
    """Renders by index, painted when first asked for and kept."""

    def __init__(self, cache: Path, seed: int = SEED, plain: bool = False, arranged: bool = False) -> None:
        if importlib.util.find_spec("skia") is None:
            raise Missing("Prompts are measured beside renders, which skia-python paints: pip install skia-python")
        self.seed, self.plain, self.arranged = seed, plain, arranged
        kind = "arranged-" if arranged else "plain-" if plain else ""
        self.folder = cache / f"renders-{kind}{seed}-{sources_hash(RENDERER)}"

    def get(self, count: int, advance: Callable[[int], object]) -> list[Rendered]:
        """The first `count`."""
        found = []
        for index in range(count):
            found.append(self._one(f"{index:06d}", index))
            advance(1)
        return found

    def alike(self, subject: str, place: str, count: int) -> list[Rendered]:
        """`count` of one subject in one place."""
        stem = f"{subject}-{place}".replace(" ", "-")
        return [self._one(f"{stem}-{index:02d}", index, subject=subject, place=place) for index in range(count)]

    def _one(self, stem: str, index: int, **wish: Any) -> Rendered:
        picture, said = self.folder / f"{stem}.png", self.folder / f"{stem}.json"
        if not picture.exists():  # which is written last
            self._paint(picture, said, index, wish)
        values = json.loads(said.read_text(encoding="utf-8"))
        return Rendered(picture, values["caption"], values["facts"])

    def _paint(self, picture: Path, said: Path, index: int, wish: dict[str, Any]) -> None:
        from ddpm.training.data.scenes import render

        if wish:
            wish["category"] = _category(wish["subject"])
        painted = render(index, self.seed, plain=self.plain, arranged=self.arranged, **wish)
        caption = random.Random(f"caption:{self.seed}:{index}").choice(painted.captions)
        self.folder.mkdir(parents=True, exist_ok=True)
        keep(json.dumps({"caption": caption, "facts": painted.facts}).encode(), said)
        save_picture(Image.fromarray(painted.pixels), picture)


def stacked(rendered: list[Rendered]) -> Tensor:
    """(N, 3, 128, 128) uint8."""
    return torch.stack([each.pixels() for each in rendered])


def _category(subject: str) -> str:
    from ddpm.prompts.vocabulary import CATEGORIES

    return next(name for name, subjects in CATEGORIES.items() if subject in subjects)

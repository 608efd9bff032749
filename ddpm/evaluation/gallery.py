"""Pictures of a model, made once: files named by prompt and seed, in a folder named by weights and settings.

What was killed goes on where it stopped: a file is there whole or not at all, and what is there is not made again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ddpm.engine import Engine
from ddpm.errors import CannotLoad
from ddpm.events import Preview, Result
from ddpm.faces.corrector import WEIGHTS as FRAMING
from ddpm.loading.files import sources_hash, weights_hash
from ddpm.models.card import ModelCard
from ddpm.plan import resolve
from ddpm.request import Request
from ddpm.runtime import resolved

PAINTER = ("diffusion", "samplers", "models", "plan.py", "sources.py", "conditioning.py", "painting.py")
WORDS = ("title", "licence", "note")  # of a model's index: about its pictures, not of them
USUAL = ("auto", "cpu")  # engine and device that leave a folder its name
DECIDE = ("sampler", "steps", "guidance_scale", "guidance_until", "pag_scale", "width", "height")


class Wish(NamedTuple):
    """One picture to make."""

    prompt: str
    seed: int

    @property
    def file(self) -> str:
        return f"{self.seed:08d}-{hashlib.sha256(self.prompt.encode()).hexdigest()[:12]}.png"


@dataclass(frozen=True, slots=True)
class Settings:
    """What else decides a picture; None is the card's default."""

    sampler: str | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    pag_scale: float | None = None
    guidance_until: float | None = None

    def request(self, name: str, wish: Wish, **more: Any) -> Request:
        return Request(model=name, prompt=wish.prompt, seed=wish.seed, **asdict(self), **more)


class Gallery:
    """The pictures of one model with one set of settings."""

    def __init__(self, engine: Engine, name: str, settings: Settings, cache: Path) -> None:
        self.engine, self.name, self.settings = engine, name, settings
        self.card = _card(engine, name)
        self.hash = model_hash(engine.catalogue.find(name))
        self.resolved = self._resolved(settings)
        chosen = engine.models.choice, resolved(engine.device).partition(":")[0]
        how = [each for each in chosen if each not in USUAL]  # others round otherwise
        stem, painter = name.replace("/", "-"), sources_hash(PAINTER)
        decided = _digest([self.hash, self.resolved, painter, *how])
        self.folder = cache / f"{stem}-{decided}"
        usual = not how and self.resolved == self._resolved(Settings())
        framed = _digest([self.hash, painter, sources_hash(("faces",)), weights_hash([FRAMING])])
        self.selfies = cache / (f"{stem}-selfies-{framed}" + ("" if usual else f"-{decided}"))

    def _resolved(self, settings: Settings) -> dict[str, Any]:
        full = resolve(settings.request(self.name, Wish("", 0)), self.card)
        return {key: getattr(full, key) for key in DECIDE}

    def pictures(self, wishes: Sequence[Wish], advance: Callable[[int], object]) -> Tensor:
        """(N, 3, H, W) uint8 in the order of the wishes; `advance` hears of each picture, made or found."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pictures = []
        for wish in wishes:
            path = self.folder / wish.file
            if not path.exists():
                save_picture(self.make(wish), path)
            pictures.append(read_picture(path))
            advance(1)
        return torch.stack(pictures)

    def make(self, wish: Wish) -> Image.Image:
        """The picture, by the application's own way."""
        request = self.settings.request(self.name, wish)
        for event in self.engine.events(request, lambda: False, lambda: False):
            if isinstance(event, Result):
                return event.image
        raise CannotLoad(f"{self.name} made no picture of {wish.prompt!r}.")

    def speed(self, prompt: str, pictures: int = 3) -> dict[str, float]:
        """Seconds a picture and milliseconds a step: the quickest of a few, made anew."""
        times, steps = [], 1
        for seed in range(pictures):
            began = time.perf_counter()
            for event in self.engine.events(
                self.settings.request(self.name, Wish(prompt, seed)), lambda: False, lambda: False
            ):
                if isinstance(event, Preview):
                    steps = max(steps, event.steps)
            times.append(time.perf_counter() - began)
        quickest = min(times)
        return {"seconds_a_picture": round(quickest, 3), "milliseconds_a_step": round(1000 * quickest / steps, 1)}


def read_picture(path: Path) -> Tensor:
    """(3, H, W) uint8; a grey picture in three equal channels."""
    with Image.open(path) as image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).contiguous()


def save_picture(image: Image.Image, path: Path) -> None:
    """A PNG in the cache."""
    data = io.BytesIO()
    image.save(data, "PNG", compress_level=1)
    keep(data.getvalue(), path)


def keep(data: bytes, path: Path) -> None:
    """A file of the cache: there whole or not at all, whatever other evaluation keeps the same one just then."""
    temporary = path.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(data)
    os.replace(temporary, path)


def _card(engine: Engine, name: str) -> ModelCard:
    engine.catalogue.find(name)  # whose refusal names the models there are
    card = next((card for card in engine.cards() if card.name == name), None)
    if card is None or not card.usable:
        raise CannotLoad(card.note if card else f"{name} is no model that makes pictures.")
    return card


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def model_hash(model: Path) -> str:
    """Of all that decides a model's pictures: in its folder all but reports and words; a weights file and its YAML."""
    if model.is_file():
        beside = (model.with_suffix(".yaml"), model.with_suffix(".yml"))
        return weights_hash([model, *(path for path in beside if path.is_file())])
    endings = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".json", ".txt")
    index, told = model / "model_index.json", {}
    if index.is_file():
        told = {key: value for key, value in json.loads(index.read_bytes()).items() if key not in WORDS}
    apart = {index, *model.glob("evaluation*.json")}
    files = weights_hash(path for path in model.rglob("*") if path.suffix in endings and path not in apart)
    return _digest([files, told])

"""Fewer steps, honestly: how many a better sampler needs to come as near to the limit of many as stock's comes.

Measured on selfies of a trained model, since with random weights there is no picture to come near to.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image

from ddpm.bench.pictures import made
from ddpm.engine import Engine
from ddpm.request import FromSelfie, Request

MODEL = "faces"
LIMIT, STOCK, OURS = ("ddim", 120), ("ddim", 24), ("unipc", 12)  # samplers and steps
SEEDS = 3


class Lever(NamedTuple):
    """How far two settings end from the limit that both have, in grey levels on average."""

    stock: float
    ours: float

    @property
    def holds(self) -> bool:
        return self.ours <= self.stock

    def said(self) -> str:
        verb = "ends as near" if self.holds else "does NOT end as near"
        return (
            f"On selfies of {MODEL}, {OURS[0]} in {OURS[1]} steps {verb} to the pictures of {LIMIT[1]} steps as "
            f"{STOCK[0]} in {STOCK[1]}: {self.ours:.2f} and {self.stock:.2f} grey levels away."
        )


def lever(engine: Engine, photo: Image.Image) -> Lever | None:
    """None where that model is not there."""
    if not any(card.name == MODEL and card.usable for card in engine.cards()):
        return None
    limit = pictures(engine, photo, *LIMIT)
    stock, ours = (float(np.abs(pictures(engine, photo, *way) - limit).mean()) for way in (STOCK, OURS))
    return Lever(stock, ours)


def pictures(engine: Engine, photo: Image.Image, sampler: str, steps: int) -> np.ndarray:
    """Guided all the way from noise, the same seeds every time."""
    source = FromSelfie(image=photo, strength=1)
    request = Request(model=MODEL, source=source, sampler=sampler, steps=steps, count=SEEDS, seed=1)
    return np.stack([np.asarray(result.image, float) for result in made(engine, request)])

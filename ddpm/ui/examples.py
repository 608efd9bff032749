"""What stands on the page before anything was made, and what one click makes: requests, with their results as files.

assets/examples/NAME.png is what example NAME made, its recipe inside. `python -m ddpm.ui.remake` makes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ddpm.errors import BadPicture
from ddpm.recipe import read_recipe
from ddpm.request import SELFIE_COUNT
from ddpm.ui.controls import ASSETS
from ddpm.ui.pictures import Made, address, recipe_line

FOLDER = ASSETS / "examples"


@dataclass(frozen=True)
class Example:
    """A request in the request's own names; `image` and `mask` are names of files in the folder."""

    name: str
    mode: str  # of the request, or "upscale"
    values: dict[str, Any] = field(default_factory=dict)
    seed: int = 1  # of the picture that stands for it; a click draws a new one
    words: str = ""  # on its card, where it has no prompt


TEXT = [
    Example("panda", "text", {"prompt": "A panda under the aurora borealis"}),
    Example("horse", "text", {"prompt": "A white horse on a tropical island by day"}, seed=5),
    Example("fairy", "text", {"prompt": "A fairy under a starry night sky"}),
    Example("dragon", "text", {"prompt": "A gold dragon by a mountain lake at night"}),
]
IMAGE = [
    Example("changed", "image",
            {"image": "dragon", "prompt": "A red dragon in front of a volcano at sunset", "strength": 0.7}),
    Example("sunset", "image", {"image": "horse", "prompt": "A white horse in a desert at sunset",
                               "strength": 0.9}),
]  # fmt: skip
MASK = [
    Example("repainted", "mask", {"image": "horse", "mask": "middle", "prompt": "A brown dog on a tropical island"}),
    Example("gone", "mask", {"image": "dragon", "mask": "middle", "prompt": "A mountain lake at night"}),
]
FILM = [TEXT[3], TEXT[0], TEXT[1], TEXT[2]]
SELFIE = [Example("face", "selfie", {"image": "photo"}),
          *(Example(f"face-{seed}", "selfie", {"image": "photo"}, seed) for seed in range(2, 1 + SELFIE_COUNT))]
UPSCALE = [
    Example("enlarged", "upscale", {"image": "panda", "upscale": 4}, words="A scene, four times larger"),
    Example("enlarged-face", "upscale", {"image": "face", "upscale": 4}, words="A face, four times larger"),
]
EVERY = [*TEXT, *IMAGE, *MASK, *SELFIE, *UPSCALE]  # in the order in which they need each other


def made(name: str) -> Made | None:
    """The picture NAME.png as a result, or None when it is not there."""
    file = path(name)
    if file is None:
        return None
    with Image.open(file) as image:
        size = image.size
    try:
        recipe, _ = read_recipe(file)
    except BadPicture:
        recipe = {}
    seed = int(recipe.get("seed", -1))
    return Made(file, seed, recipe, False, recipe_line(seed, recipe.get("steps"), size))


def path(name: str) -> str | None:
    """The picture NAME.png as a file for an input, or None."""
    file = FOLDER / f"{name}.png"
    return str(file) if file.is_file() else None


def cards(examples: list[Example]) -> list[dict[str, Any]]:
    """Tiles of the examples: the result, and the words that ask for it."""
    return [
        {"src": address(file), "text": example.words or example.values["prompt"], "alt": ""}
        for example in examples
        if (file := path(example.name))
    ]


def filled(example: Example, names: Sequence[str]) -> list[Any]:
    """The values of these fields as the example has them; pictures as files."""
    return [path(example.values[name]) if name in ("image", "mask") else example.values[name] for name in names]

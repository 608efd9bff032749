"""What stands on the page before anything was made: pictures in assets/examples, with the recipes they carry."""

from __future__ import annotations

import json
from typing import Any

from PIL import Image

from ddpm.ui.pictures import ASSETS, Made, address

FOLDER = ASSETS / "examples"
PROMPTS = {  # the file's name -> the prompt that its card shows and one click runs
    "phoenix": "A purple phoenix over a volcano at twilight, oil painting",
    "horse": "A white horse on a tropical island by day",
    "mountains": "A snowy mountain by a lake",
    "dragon": "A gold dragon by a mountain lake at night",
}


def example(name: str) -> Made | None:
    """The example picture NAME.png as a result, or None when it is not there."""
    path = FOLDER / f"{name}.png"
    if not path.is_file():
        return None
    with Image.open(path) as image:
        size, recipe = image.size, _recipe(image.info)
    steps = recipe.get("request", recipe).get("steps")
    seed = int(recipe.get("seed", -1))
    parts = [
        f"**Seed {seed}**" if seed >= 0 else "**Example**",
        f"{steps} steps" if steps else "",
        f"{size[0]} × {size[1]}",
    ]
    return Made(str(path), seed, recipe, False, " · ".join(part for part in parts if part))


def path(name: str) -> str | None:
    """The example picture as a file for an input, or None."""
    file = FOLDER / f"{name}.png"
    return str(file) if file.is_file() else None


def cards() -> list[dict[str, Any]]:
    """Tiles of the example prompts."""
    return [{"src": address(FOLDER / f"{name}.png"), "text": prompt, "alt": ""} for name, prompt in PROMPTS.items()]


def _recipe(info: dict[Any, Any]) -> dict[str, Any]:
    try:
        recipe = json.loads(info.get("recipe", "{}"))
    except ValueError:
        return {}
    return recipe if isinstance(recipe, dict) else {}

"""Our own chunk `recipe`: JSON that loses nothing."""

from __future__ import annotations

from typing import Any

from ddpm.recipe.found import Found, json_object

ABOUT = ("needs", "sha256", "weights")  # beside the request: what must be sent again, and by what it is known


def read(texts: dict[str, str]) -> Found | None:
    """The `recipe` chunk, or None where there is none of ours. An enlarged picture's holds no request."""
    told = json_object(texts.get("recipe", ""))
    if isinstance(told.get("upscaler"), str) and "request" not in told:
        return Found({}, [f"Enlarged by {told['upscaler'][:60]}; how it was made is in the smaller picture."])
    if not isinstance(told.get("request"), dict):
        return None
    about = {name: told[name] for name in ABOUT if _sound(name, told)}
    return Found({name: value for name, value in told["request"].items() if name not in ABOUT} | about, [])


def _sound(name: str, told: dict[str, Any]) -> bool:
    value = told.get(name)
    match name:
        case "needs":
            return isinstance(value, list) and bool(value) and all(each in ("image", "mask") for each in value)
        case "sha256":
            return isinstance(value, dict) and bool(value) and all(isinstance(each, str) for each in value.values())
    return isinstance(value, str) and bool(value)

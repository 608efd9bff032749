"""How a picture was made, as our own JSON and as AUTOMATIC1111's text, and files that carry it.

Our `recipe` chunk is lossless; `parameters` is there for other tools. Input pictures are never stored: a recipe names
them by the SHA-256 of their pixels, and a selfie not even so.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
from functools import cache
from importlib import metadata
from typing import Any, Literal

from PIL import Image, PngImagePlugin

from ddpm.prompts.choices import choose
from ddpm.prompts.extra_networks import without_networks
from ddpm.recipe.automatic1111 import FILLS
from ddpm.recipe.samplers import THEIR_SAMPLERS
from ddpm.recipe.texts import EXIF, USER_COMMENT
from ddpm.request import FLAT_NAMES, FromNoise, FromSelfie, Request

VERSION = 1  # of the `recipe` chunk
PACKAGES = ("torch", "diffusers", "transformers", "numpy", "pillow")  # what can change a pixel


def recipe(
    request: Request, model_name: str, weights_hash: str, seed: int, *, engine: str = "torch cpu float32"
) -> dict[str, Any]:
    """How the picture with this seed was made. `request` has what the model's card decided filled in.

    The picture stands alone: its own seed, count 1. `weights_hash` is a SHA-256 in hexadecimal ("" when unknown).
    """
    settings = {name: value for name, value in request.settings().items() if value is not None}
    for name in ("prompt", "negative_prompt"):  # as this seed read them; so the recipe needs no list of choices
        settings[name] = without_networks(choose(settings[name], seed))[0]
    source = request.source
    needs = [name for name in ("image", "mask") if name in type(source).model_fields]
    made: dict[str, Any] = {
        "recipe": VERSION,
        "model": model_name,
        "weights": weights_hash,
        "seed": seed,
        "request": settings | {"model": model_name, "seed": seed, "count": 1},
        "engine": engine,
        "versions": _versions(),
    }
    if needs:
        made["needs"] = needs
        made["note"] = f"To make this picture again, send the same {' and '.join(needs)}."
    if not isinstance(source, FromNoise | FromSelfie):
        made["sha256"] = {name: pixels_hash(getattr(source, name)) for name in needs}
    return made


def save_png(image: Image.Image, recipe: dict[str, Any]) -> bytes:
    """A PNG file's bytes, with the recipe in it; an empty recipe writes none."""
    chunks = PngImagePlugin.PngInfo()
    if isinstance(recipe.get("request"), dict):
        chunks.add_text("parameters", parameters(recipe, image.size))
    if recipe:
        chunks.add_text("recipe", json.dumps(recipe))
    file = io.BytesIO()
    image.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


def save_picture(image: Image.Image, recipe: dict[str, Any], format: Literal["PNG", "JPEG", "WEBP"]) -> bytes:
    """A file's bytes with the recipe in it: both chunks of a PNG, AUTOMATIC1111's text as EXIF of a JPEG or WebP."""
    if format == "PNG":
        return save_png(image, recipe)
    exif, file = Image.Exif(), io.BytesIO()
    if isinstance(recipe.get("request"), dict):
        comment = b"UNICODE\0" + parameters(recipe, image.size).encode("utf-16-be")
        exif.get_ifd(EXIF)[USER_COMMENT] = comment
    image.convert("RGB").save(file, format, quality=95, exif=exif)
    return file.getvalue()


def parameters(recipe: dict[str, Any], size: tuple[int, int]) -> str:
    """The recipe in AUTOMATIC1111's grammar: prompt, negative prompt, one line of pairs."""
    made = recipe["request"]
    pairs: dict[str, Any] = {
        "Steps": made.get("steps"),
        "Sampler": THEIR_SAMPLERS.get(made.get("sampler", ""), made.get("sampler")),
        "CFG scale": made.get("guidance_scale"),
        "CFG until": made.get("guidance_until"),
        "PAG scale": made.get("pag_scale"),
        "Seed": made.get("seed"),
        "Size": f"{made.get('width') or size[0]}x{made.get('height') or size[1]}",
        "Model hash": recipe.get("weights", "")[:10] or None,
        "Model": made.get("model"),
        "Denoising strength": made.get("strength") if made.get("mode") != "selfie" else None,
    }
    if made.get("mode") == "mask":
        pairs["Mask blur"] = made.get("mask_blur")
        pairs["Mask grow"] = made.get("mask_grow") or None
        pairs["Masked content"] = {ours: theirs for theirs, ours in FILLS.items()}.get(made.get("fill", ""))
        pairs["Inpaint area"] = "Only masked" if made.get("only_masked") else "Whole picture"
        pairs["Masked area padding"] = made.get("padding")
    pairs["Version"] = "ddpm"
    line = ", ".join(f"{key}: {_quoted(str(value))}" for key, value in pairs.items() if value is not None)
    prompt, negative = made.get("prompt", ""), made.get("negative_prompt", "")
    return "\n".join(part for part in (prompt, negative and f"Negative prompt: {negative}", line) if part)


def request_from(recipe: dict[str, Any]) -> dict[str, Any]:
    """What `Request.checked` takes, out of a recipe or of the fields of `read_recipe`; add image and mask if needed."""
    settings = recipe.get("request", recipe)
    return {name: value for name, value in settings.items() if name in FLAT_NAMES and name not in ("source", "film")}


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,\n:]", value) else value


def pixels_hash(image: Image.Image) -> str:
    """SHA-256 over mode, size and pixels, so that the same picture in another file has the same one."""
    head = f"{image.mode} {image.width}x{image.height}\n".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()


@cache
def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _versions() -> dict[str, str]:
    """Versions of what can change a pixel, read without importing any of it."""
    found = {name: version for name in PACKAGES if (version := _installed(name))}
    return {"python": platform.python_version()} | found

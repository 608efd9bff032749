"""From a file to settings: the first grammar that knows its texts tells them, the request's own rules check each."""

from __future__ import annotations

from os import PathLike
from typing import Any

from PIL import Image

from ddpm.errors import BadRequest
from ddpm.prompts.extra_networks import without_networks
from ddpm.recipe import automatic1111, comfyui, fooocus, invokeai, ours, sdnext, stable_diffusion_cpp
from ddpm.recipe.texts import MARK, texts_of
from ddpm.request import FLAT_NAMES, MODES, FilmRequest, FromMask, FromSelfie, Request

NONE = "This picture carries no recipe."
GRAMMARS = (ours, invokeai, fooocus, stable_diffusion_cpp, sdnext, automatic1111, comfyui)  # ours loses nothing
BLANK = Image.new("RGB", (8, 8), "white")


def read_recipe(source: str | PathLike[str] | bytes) -> tuple[dict[str, Any], list[str]]:
    """The settings a file tells (our flat names) and sentences about what it tells but cannot be used.

    Files of AUTOMATIC1111, Forge, ComfyUI, InvokeAI, Fooocus, stable-diffusion.cpp, SD.Next and this program. A file
    without a recipe: ({}, [NONE]). `needs` among the fields names pictures that must be sent again. BadPicture for a
    file that is no picture.
    """
    return read_texts(texts_of(source))


def read_texts(texts: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The same of texts that were already taken out of a file. Raises nothing, whatever they hold."""
    texts = {key: text.lstrip(MARK) for key, text in texts.items()}
    for grammar in GRAMMARS:
        found = grammar.read(texts)
        if found is not None and (found.fields or found.unread):
            fields, refused = _usable(found.fields)
            return fields, list(dict.fromkeys(refused + found.unread))
    return {}, [NONE]


def _usable(fields: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Each setting checked by itself with the request's own rules: those that pass, and sentences about the others."""
    usable, unread = {}, []
    for name, value in fields.items():
        if name in ours.ABOUT:
            usable[name] = value
            continue
        try:
            usable[name] = _checked(name, value)
        except BadRequest as error:
            unread.append(str(error))
        if name in ("prompt", "negative_prompt") and name in usable:
            usable[name], networks = without_networks(usable[name])
            unread += networks
    return usable, unread


def _checked(name: str, value: Any) -> Any:
    if name not in FLAT_NAMES or name in ("image", "mask", "source", "film", "styles"):
        raise BadRequest(f"{str(name)[:60]!r} is not a setting.")
    if not isinstance(value, str | int | float | None):
        raise BadRequest(f"{name} must be one value, not a {type(value).__name__}.", name)
    if name == "mode":
        if value not in MODES:
            raise BadRequest(f"mode is {str(value)[:60]!r}, but must be one of {', '.join(MODES)}.", name)
        return value
    if name in Request.model_fields:
        return getattr(Request.checked(**{name: value}), name)
    if name in FromMask.model_fields:
        return getattr(FromMask.model_validate({"image": BLANK, "mask": BLANK, name: value}), name)
    if name in FromSelfie.model_fields:
        return getattr(FromSelfie.model_validate({"image": BLANK, name: value}), name)
    return getattr(FilmRequest.model_validate({name: value}), name)

"""What a picture's file says about how it was made: written as AUTOMATIC1111's text and as our own JSON, and read back.

Our `recipe` chunk is lossless; `parameters` is there for other tools. Input pictures are never stored: a recipe names
them by the SHA-256 of their pixels, and a selfie not even so. Whatever is read is plain data, checked like a request.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
from functools import cache
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from ddpm.errors import BadPicture, BadRequest
from ddpm.images import FORMATS, MAX_PIXELS
from ddpm.request import FLAT_NAMES, MODES, FilmRequest, FromMask, FromNoise, FromSelfie, Request

VERSION = 1  # of the `recipe` chunk
LONGEST = 2**20  # characters of a text chunk that are read
NONE = "This picture carries no recipe."
PACKAGES = ("torch", "diffusers", "transformers", "numpy", "pillow")  # what can change a pixel
SAMPLERS = {  # ours -> AUTOMATIC1111's
    "ddpm": "DDPM", "ddim": "DDIM", "euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "deis": "DEIS",
    "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE", "unipc": "UniPC", "pndm": "PLMS", "lcm": "LCM",
}  # fmt: skip
FIELDS = {  # AUTOMATIC1111's -> ours
    "Steps": "steps", "Sampler": "sampler", "CFG scale": "guidance_scale", "Seed": "seed", "Size-1": "width",
    "Size-2": "height", "Model": "model", "Denoising strength": "strength", "Mask blur": "mask_blur",
    "Masked content": "fill", "Inpaint area": "only_masked", "Masked area padding": "padding",
}  # fmt: skip
FILLS = {"original": "original", "fill": "fill", "latent noise": "noise"}
PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')  # modules/infotext_utils.py, re_param


def recipe(
    request: Request, model_name: str, weights_hash: str, seed: int, *, engine: str = "torch cpu float32"
) -> dict[str, Any]:
    """How the picture with this seed was made. `request` has what the model's card decided filled in.

    The picture stands alone: its own seed, count 1. `weights_hash` is a SHA-256 in hexadecimal ("" when unknown).
    """
    settings = {name: value for name, value in request.settings().items() if value is not None}
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
        made["sha256"] = {name: _pixels_hash(getattr(source, name)) for name in needs}
    return made


def upscale_recipe(scale: int, upscaler: str | None) -> dict[str, Any]:
    """How an enlarged picture was made; there is no request in it, as the picture itself is not stored."""
    return {"recipe": VERSION, "upscale": scale, "upscaler": upscaler, "needs": ["image"], "versions": _versions()}


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


def parameters(recipe: dict[str, Any], size: tuple[int, int]) -> str:
    """The recipe in AUTOMATIC1111's grammar: prompt, negative prompt, one line of pairs."""
    made = recipe["request"]
    pairs: dict[str, Any] = {
        "Steps": made.get("steps"),
        "Sampler": SAMPLERS.get(made.get("sampler", ""), made.get("sampler")),
        "CFG scale": made.get("guidance_scale"),
        "Seed": made.get("seed"),
        "Size": f"{made.get('width') or size[0]}x{made.get('height') or size[1]}",
        "Model hash": recipe.get("weights", "")[:10] or None,
        "Model": made.get("model"),
        "Denoising strength": made.get("strength"),
    }
    if made.get("mode") == "mask":
        pairs["Mask blur"] = made.get("mask_blur")
        pairs["Masked content"] = {ours: theirs for theirs, ours in FILLS.items()}.get(made.get("fill", ""))
        pairs["Inpaint area"] = "Only masked" if made.get("only_masked") else "Whole picture"
        pairs["Masked area padding"] = made.get("padding")
    pairs["Version"] = "ddpm"
    line = ", ".join(f"{key}: {_quoted(str(value))}" for key, value in pairs.items() if value is not None)
    prompt, negative = made.get("prompt", ""), made.get("negative_prompt", "")
    return "\n".join(part for part in (prompt, negative and f"Negative prompt: {negative}", line) if part)


def read_recipe(source: str | PathLike[str] | bytes) -> tuple[dict[str, Any], list[str]]:
    """The settings a file tells (our flat names) and sentences about what it tells but cannot be used.

    Our own chunk wins over AUTOMATIC1111's. A file without either: ({}, [NONE]).
    """
    texts = _texts(source)
    if "recipe" in texts:
        ours = _json(texts["recipe"])
        if isinstance(ours.get("request"), dict):
            fields, unread = _usable(ours["request"])
            return fields | {name: ours[name] for name in ("needs", "sha256", "weights") if ours.get(name)}, unread
    if "parameters" in texts:
        return _read_parameters(texts["parameters"])
    return {}, [NONE]


def request_from(recipe: dict[str, Any]) -> dict[str, Any]:
    """What `Request.checked` takes, out of a recipe or of the fields of `read_recipe`; add image and mask if needed."""
    settings = recipe.get("request", recipe)
    return {name: value for name, value in settings.items() if name in FLAT_NAMES and name not in ("source", "film")}


def _read_parameters(text: str) -> tuple[dict[str, Any], list[str]]:
    *lines, last = text.strip().split("\n")
    pairs = PAIR.findall(last)
    if len(pairs) < 3:  # then it is a line of the prompt
        lines, pairs = [*lines, last], []
    parts: dict[str, list[str]] = {"prompt": [], "negative_prompt": []}
    into = "prompt"
    for line in lines:
        if line.strip().startswith("Negative prompt:"):
            into, line = "negative_prompt", line.strip()[len("Negative prompt:") :]
        parts[into].append(line.strip())
    found: dict[str, Any] = {name: "\n".join(part) for name, part in parts.items() if part}
    told = _split_sizes({key: _unquoted(value) for key, value in pairs})
    fields, unread = _translated(told)
    usable, refused = _usable(found | fields)
    if not usable and not told:
        return {}, [NONE]
    return usable, refused + unread


def _translated(told: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """AUTOMATIC1111's pairs under our names, and those that have no meaning here."""
    fields: dict[str, Any] = {FIELDS[key]: value for key, value in told.items() if key in FIELDS}
    unread = [f"{key}: {value}" for key, value in told.items() if key not in FIELDS | {"Version": "", "Model hash": ""}]
    if "sampler" in fields:
        fields["sampler"] = _sampler(fields["sampler"])
    if "fill" in fields:
        fields["fill"] = FILLS.get(fields["fill"].lower(), fields["fill"])
    if "only_masked" in fields:
        fields["only_masked"] = fields["only_masked"].lower() == "only masked"
    if "Hires upscale" in told and "strength" in fields:  # there it belongs to the enlarging
        unread.append(f"Denoising strength: {fields.pop('strength')}")
    if "strength" in fields:
        fields["mode"] = "mask" if fields.keys() & {"mask_blur", "fill", "only_masked", "padding"} else "image"
        fields["needs"] = ["image", "mask"] if fields["mode"] == "mask" else ["image"]
    return fields, unread


def _usable(fields: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Each setting checked by itself with the request's own rules: those that pass, and sentences about the others."""
    usable, unread = {}, []
    blank = Image.new("RGB", (8, 8), "white")
    for name, value in fields.items():
        if name == "needs":
            usable[name] = value
            continue
        if name not in FLAT_NAMES or name in ("image", "mask", "source", "film"):
            unread.append(f"{str(name)[:60]!r} is not a setting.")
            continue
        try:
            if name == "mode":
                if value not in tuple(MODES):  # a tuple: what was read may not be hashable
                    raise BadRequest(f"mode is {str(value)[:60]!r}, but must be one of {', '.join(MODES)}.", name)
                usable[name] = value
            elif name in Request.model_fields:
                usable[name] = getattr(Request.checked(**{name: value}), name)
            elif name in FromMask.model_fields:
                usable[name] = getattr(FromMask(**{"image": blank, "mask": blank, name: value}), name)
            elif name in FromSelfie.model_fields:
                usable[name] = getattr(FromSelfie(**{"image": blank, name: value}), name)
            else:
                usable[name] = getattr(FilmRequest(**{name: value}), name)
        except BadRequest as error:
            unread.append(str(error))
    return usable, unread


def _texts(source: str | PathLike[str] | bytes) -> dict[str, str]:
    """The text chunks of a PNG, or the EXIF comment of a JPEG or WebP as `parameters`."""
    try:
        Image.init()
        file = io.BytesIO(source if isinstance(source, bytes) else Path(source).read_bytes())
        with Image.open(file, formats=[known for known in FORMATS if known in Image.OPEN]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            image.load()  # text chunks may follow the pixels
            texts = {str(key): value for key, value in image.info.items() if isinstance(value, str)}
            comment = image.getexif().get_ifd(0x8769).get(0x9286)  # Exif.Photo.UserComment
    except Exception as error:  # as in images.py: decoders raise almost anything
        raise BadPicture("This file could not be read as a picture, so no recipe could be looked for.") from error
    if comment and "parameters" not in texts:
        texts["parameters"] = _comment(comment)
    return {key: value for key, value in texts.items() if len(value) <= LONGEST}


def _comment(comment: bytes | str) -> str:
    """Exif UserComment: eight bytes name the coding; writers disagree about UTF-16's byte order."""
    if isinstance(comment, str):
        return comment
    code, rest = comment[:8], comment[8:]
    if code != b"UNICODE\0":
        return (rest if code == b"ASCII\0\0\0" else comment).decode("utf-8", "replace").strip("\0")
    orders = [rest.decode(order, "replace") for order in ("utf-16-be", "utf-16-le")]
    return max(orders, key=lambda text: sum(character.isascii() for character in text))


def _json(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _sampler(name: str) -> str:
    """Our name for AUTOMATIC1111's; old files carry the schedule in it ("DPM++ 2M Karras")."""
    plain = re.sub(r" (karras|exponential|polyexponential|sgm uniform)$", "", name.strip().lower())
    return {theirs.lower(): ours for ours, theirs in SAMPLERS.items()}.get(plain, plain)


def _split_sizes(told: dict[str, str]) -> dict[str, str]:
    """`Size: 512x768` as Size-1 and Size-2, as AUTOMATIC1111 reads any <n>x<m>."""
    split: dict[str, str] = {}
    for key, value in told.items():
        sides = re.fullmatch(r"(\d{1,6})x(\d{1,6})", value)
        split |= {f"{key}-1": sides[1], f"{key}-2": sides[2]} if sides else {key: value}
    return split


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,\n:]", value) else value


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()


def _pixels_hash(image: Image.Image) -> str:
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

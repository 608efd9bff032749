"""The texts in a picture's file: PNG chunks, the EXIF comment and tags of JPEG and WebP, comments of JPEG and GIF."""

from __future__ import annotations

import io
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image

from ddpm.errors import BadPicture
from ddpm.images import FORMATS, MAX_PIXELS

LONGEST = 2**20  # characters of a text that are read
USER_COMMENT = 0x9286
MAKE, MODEL = 0x010F, 0x0110  # where ComfyUI's WebP keeps `workflow:{...}` and `prompt:{...}`
EXIF = 0x8769


def texts_of(source: str | PathLike[str] | bytes) -> dict[str, str]:
    """Chunk name -> text, of at most LONGEST characters; the EXIF comment is called `parameters`."""
    try:
        Image.init()
        file = io.BytesIO(source if isinstance(source, bytes) else Path(source).read_bytes())
        with Image.open(file, formats=[known for known in FORMATS if known in Image.OPEN]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            image.load()  # text chunks may follow the pixels
            texts = {str(key): value for key, value in image.info.items() if isinstance(value, str)}
            comment, exif = image.info.get("comment"), image.getexif()
            tags = {**dict(exif), **exif.get_ifd(EXIF)}  # Fooocus writes the comment outside the Exif part
    except Exception as error:  # as in images.py: decoders raise almost anything
        raise BadPicture("This file could not be read as a picture, so no recipe could be looked for.") from error
    texts = _of_tags(tags) | texts
    if isinstance(comment, bytes):
        texts.setdefault("parameters", comment.decode("utf-8", "replace"))
    return {key: value for key, value in texts.items() if len(value) <= LONGEST}


def _of_tags(tags: dict[int, Any]) -> dict[str, str]:
    texts = {}
    for tag in (MAKE, MODEL):
        name, colon, text = str(tags.get(tag, "")).partition(":")
        if colon and name in ("prompt", "workflow"):
            texts[name] = text.rstrip("\0")
    if comment := tags.get(USER_COMMENT):
        texts["parameters"] = decoded(comment)
    return texts


def decoded(comment: Any) -> str:
    """Exif UserComment: eight bytes name the coding; writers disagree about UTF-16's byte order."""
    if not isinstance(comment, bytes):
        return str(comment)
    code, rest = comment[:8], comment[8:]
    if code != b"UNICODE\0":
        return (rest if code == b"ASCII\0\0\0" else comment).decode("utf-8", "replace").strip("\0")
    orders = [rest.decode(order, "replace") for order in ("utf-16-be", "utf-16-le", "utf-8")]
    return max(
        orders,
        key=lambda text: sum(character.isascii() and character != "\0" for character in text) / max(len(text), 1),
    )

"""The texts in a picture's file: PNG chunks, the EXIF comment and tags of JPEG and WebP, comments of JPEG and GIF."""

from __future__ import annotations

import io
import re
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
MARK = "\ufeff"  # of the byte order; no part of a text
ORDERS = {b"\xfe\xff": "utf-16-be", b"\xff\xfe": "utf-16-le"}
WRITTEN = re.compile(r"[\t\n\r -~]")
# From Latin with accents to Arabic and Indic, punctuation, kana, Chinese, Korean, full width, emoji. In the wrong byte
# order about half of a Chinese text is outside of it.
READABLE = re.compile("[\u00a0-\u0e7f\u1e00-\u206f\u20a0-\u27bf\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffee"
                      "\U0001f300-\U0001faff]")  # fmt: skip


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
    """Exif UserComment: eight bytes name the coding. UTF-16's byte order is its mark's, else the one that makes sense.

    The standard leaves it open; AUTOMATIC1111 writes the high byte first, others the low one.
    """
    if not isinstance(comment, bytes):
        return str(comment).lstrip(MARK)
    code, rest = comment[:8], comment[8:]
    if code != b"UNICODE\0":
        text = (rest if code == b"ASCII\0\0\0" else comment).decode("utf-8", "replace")
    elif order := ORDERS.get(rest[:2]):
        text = rest.decode(order, "replace")
    else:
        orders = [rest.decode(order, "replace") for order in ("utf-16-be", "utf-16-le")]
        text = max([*orders, *_as_utf_8(rest)], key=_sense)  # of equals the first
    return text.strip("\0").lstrip(MARK)


def _as_utf_8(rest: bytes) -> list[str]:
    """The text, where all of it is UTF-8: some of UTF-16's bytes nearly always look like it."""
    try:
        return [rest.strip(b"\0").decode()] if b"\0" not in rest.strip(b"\0") else []
    except UnicodeDecodeError:
        return []


def _sense(text: str) -> float:
    """How much a text looks written, 0..2: Latin counts double, as its bytes in the wrong order are Chinese at most."""
    said = text.strip("\0")
    return sum(2 if WRITTEN.match(one) else 1 if READABLE.match(one) else 0 for one in said) / max(len(said), 1)

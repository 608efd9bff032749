"""A picture's file without anything about how, where or by whom it was made. Pixels stay bit for bit."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image

from ddpm.errors import BadPicture
from ddpm.images import open_picture

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
# Pixels, transparency, colour and animation; all other chunks (tEXt, zTXt, iTXt, eXIf, tIME, ...) tell stories.
PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"iCCP", b"sBIT", b"acTL",
            b"fcTL", b"fdAT")  # fmt: skip
JPEG_KEPT = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")  # beginnings of segments; the last says how colours are coded
WEBP_KEPT = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
WEBP_FLAGS = 0x08 | 0x04  # in VP8X: there is EXIF, there is XMP
ORIENTATION = 0x0112


def strip(data: bytes) -> bytes:
    """The same PNG, JPEG or WebP without text, EXIF, XMP and comments; other files as PNG. BadPicture if it is none.

    A photo that EXIF turns upright keeps that one tag. What a program hid in the pixels themselves is not touched.
    """
    picture = open_picture(data, max_side=None)  # refuses what is no picture, and is what other formats become
    try:
        if data.startswith(PNG):
            return PNG + b"".join(whole for kind, whole in _png_chunks(data) if kind in PNG_KEPT)
        if data.startswith(JPEG):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            kept = b"".join(_webp_chunk(kind, body) for kind, body in _webp_chunks(data) if kind in WEBP_KEPT)
            return b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept
    except (struct.error, IndexError) as error:
        raise BadPicture("This file ends in the middle of a picture, so it cannot be cleaned.") from error
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        yield kind, data[at : at + 12 + length]
        if kind == b"IEND":  # what follows is not the picture
            return
        at += 12 + length


def _jpeg(data: bytes) -> bytes:
    """The segments but for comments and what applications added."""
    kept, at, turned = [JPEG], 2, _orientation(data)
    if turned:
        kept.append(_exif_with(turned))
    while data[at + 1] != 0xDA:  # start of scan
        if data[at + 1] == 0xFF:  # padding
            at += 1
            continue
        marker, (length,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if not (marker == 0xFE or (0xE0 <= marker <= 0xEF and not body.startswith(JPEG_KEPT))):
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    end = _end_of_scan(data, at)
    return b"".join(kept) + data[at:end]


def _end_of_scan(data: bytes, at: int) -> int:
    """After the first end-of-image marker: thumbnails and videos that cameras append are left out."""
    found = data.find(b"\xff\xd9", at)
    return found + 2 if found >= 0 else len(data)


def _orientation(data: bytes) -> int:
    with Image.open(io.BytesIO(data)) as image:
        value = image.getexif().get(ORIENTATION)
    return value if isinstance(value, int) and 2 <= value <= 8 else 0


def _exif_with(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    body = exif.tobytes()
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    if kind == b"VP8X":
        body = bytes([body[0] & ~WEBP_FLAGS]) + body[1:]
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

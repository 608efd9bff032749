"""A picture's file without anything about how, where or by whom it was made.

Of PNG, JPEG and WebP the pixels stay bit for bit, as they are coded; other formats become PNG.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from PIL import Image

from ddpm.errors import BadPicture
from ddpm.images import open_picture, open_whole

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
# Pixels, transparency, colour and animation; all other chunks (tEXt, zTXt, iTXt, eXIf, tIME, ...) tell stories.
PNG_KEPT = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"iCCP", b"sBIT", b"acTL",
            b"fcTL", b"fdAT")  # fmt: skip
JPEG_KEPT = (b"JFIF\0", b"ICC_PROFILE\0", b"Adobe")  # beginnings of segments; the last says how colours are coded
START_OF_SCAN, END_OF_IMAGE, COMMENT = 0xDA, 0xD9, 0xFE
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # what ends a scan; the others are pixels, restarts and padding
WEBP_KEPT = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
WEBP_EXIF, WEBP_XMP = 0x08, 0x04  # in VP8X: there is some
PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I;16B")  # what Pillow writes as it is
ORIENTATION = 0x0112


def strip(data: bytes) -> bytes:
    """The same PNG, JPEG or WebP without text, EXIF, XMP and comments; other files as PNG. BadPicture if it is none.

    A photo that EXIF turns upright keeps that one tag. What a program hid in the pixels themselves is not touched.
    """
    picture = open_picture(data, max_side=None)  # refuses what is no picture
    try:
        if data.startswith(PNG):
            return _png(data)
        if data.startswith(JPEG):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise BadPicture("This file ends in the middle of a picture, so it cannot be cleaned.") from error
    return _as_png(open_whole(data), picture)


def _as_png(whole: Image.Image, plain: Image.Image) -> bytes:
    """Another format's picture, upright: `whole` in its own mode, with alpha and 16 bits, else `plain` in RGB."""
    if whole.mode == "I" and np.asarray(whole).min() >= 0 and np.asarray(whole).max() < 2**16:
        whole = whole.convert("I;16")
    if whole.mode not in PNG_MODES:
        whole = whole.convert("RGBA") if whole.has_transparency_data else plain
    file = io.BytesIO()
    whole.save(file, "PNG")
    return file.getvalue()


def _png(data: bytes) -> bytes:
    """Its chunks but for those that tell stories; which way is up comes before the pixels."""
    head, *kept = (whole for kind, whole in _png_chunks(data) if kind in PNG_KEPT)
    if turned := _orientation(data):
        body = b"eXIf" + _exif_with(turned)
        kept.insert(0, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return PNG + head + b"".join(kept)


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
    """The segments but for comments and what applications added, and the scans between them.

    What comes behind the picture, thumbnails and videos that cameras append, is left out.
    """
    kept, at, turned = [JPEG], 2, _orientation(data)
    if turned:
        body = b"Exif\0\0" + _exif_with(turned)
        kept.append(b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    while at < len(data) and (marker := data[at + 1]) != END_OF_IMAGE:
        if marker == 0xFF:  # padding
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body, end = data[at + 4 : at + 2 + length], at + 2 + length
        if marker == START_OF_SCAN:
            following = MARKER.search(data, end)
            end = following.start() if following else len(data)
        if not (marker == COMMENT or (0xE0 <= marker <= 0xEF and not body.startswith(JPEG_KEPT))):
            kept.append(data[at:end])
        at = end
    return b"".join(kept) + data[at : at + 2]


def _orientation(data: bytes) -> int:
    """How it is turned, 2 to 8; 0: not, or by garbage, of which Pillow raises SyntaxError, struct.error and others."""
    with Image.open(io.BytesIO(data)) as image, suppress(Exception):
        value = image.getexif().get(ORIENTATION)
        return value if isinstance(value, int) and 2 <= value <= 8 else 0
    return 0


def _exif_with(orientation: int) -> bytes:
    """EXIF (a small TIFF) that says nothing else."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _webp(data: bytes) -> bytes:
    """As a PNG's; which way is up comes behind the pixels, and is announced in the first chunk."""
    turned = _orientation(data)
    kept = [_webp_chunk(kind, body, turned) for kind, body in _webp_chunks(data) if kind in WEBP_KEPT]
    if turned:
        kept.append(_webp_chunk(b"EXIF", _exif_with(turned)))
    return b"RIFF" + struct.pack("<I", sum(map(len, kept)) + 4) + b"WEBP" + b"".join(kept)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_chunk(kind: bytes, body: bytes, turned: int = 0) -> bytes:
    if kind == b"VP8X":
        body = bytes([body[0] & ~(WEBP_EXIF | WEBP_XMP) | (WEBP_EXIF if turned else 0)]) + body[1:]
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

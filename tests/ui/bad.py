"""Picture files that nobody should send, and some that only look so: one list for the page, scripts and terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from PIL import Image

FILES: dict[str, tuple[Callable[[], bytes], str | None]] = {  # what is in the file; None: it is read like any other
    "text.png": (lambda: b"hello, I am no picture", "could not be read as a picture"),
    "empty.png": (lambda: b"", "is empty"),
    "truncated.png": (lambda: png(Image.effect_noise((64, 64), 90))[:900], "damaged or cut off"),
    "dot.png": (lambda: png(Image.new("RGB", (1, 1))), "1x1 pixels"),
    "huge.png": (lambda: png(Image.new("1", (20_000, 20_000))), "too many"),
    "cmyk.jpg": (lambda: encoded(Image.new("CMYK", (40, 30), (200, 20, 0, 0)), "JPEG"), None),
    "deep.png": (lambda: png(Image.new("I;16", (40, 30), 40_000)), None),
    "palette.png": (lambda: encoded(two_colours(), "PNG", transparency=0), None),
    "animated.gif": (lambda: encoded(two_colours(), "GIF", save_all=True, append_images=[Image.new("RGB", (40, 30))]),
                     None),
}  # fmt: skip
REFUSED = {name: sentence for name, (_, sentence) in FILES.items() if sentence}


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(image: Image.Image) -> bytes:
    return encoded(image, "PNG")


def two_colours() -> Image.Image:
    """A palette picture; without a palette of its own Pillow would write an empty one."""
    image = Image.new("RGB", (40, 30), "orange")
    image.paste((0, 90, 80), (0, 0, 20, 30))
    return image.quantize(2)


def write(folder: Path) -> Path:
    """All of them, a picture without fault, a mask without white and one of another size."""
    for name, (made, _) in FILES.items():
        (folder / name).write_bytes(made())
    Image.new("RGB", (40, 30), "teal").save(folder / "good.png")
    Image.new("L", (40, 30)).save(folder / "black.png")
    mask = Image.new("L", (20, 15))
    mask.paste(255, (5, 5, 10, 10))
    mask.save(folder / "small-mask.png")
    return folder

"""stable-diffusion.cpp's text: AUTOMATIC1111's, with `Sampler: euler_a karras` and JSON after `SDCPP:`. (examples/)"""

from __future__ import annotations

from ddpm.recipe import automatic1111
from ddpm.recipe.found import Found

MARKS = ("SDCPP:", "Version: stable-diffusion.cpp")
ALWAYS = ("Guidance", "Eta")  # numbers that every file carries, which say nothing at 0


def read(texts: dict[str, str]) -> Found | None:
    """The `parameters` chunk, if this program wrote it."""
    text = texts.get("parameters", "")
    if not any(mark in text for mark in MARKS):
        return None
    plain = text.partition("SDCPP:")[0].rstrip(", \n")  # its JSON holds commas and braces: away before pairs are read
    found = automatic1111.read_text(plain)
    if found is None:
        return None
    nothing = tuple(f"{key}: {zero}" for key in ALWAYS for zero in ("0", "0.0", "0.000000"))
    return Found(found.fields, [sentence for sentence in found.unread if sentence not in nothing])

"""AUTOMATIC1111's and Forge's text: prompt, `Negative prompt:`, and one line of pairs. (modules/infotext_utils.py)"""

from __future__ import annotations

import json
import re
from typing import Any

from ddpm.recipe.found import Found, line, renamed, sides

FIELDS = {
    "Steps": "steps", "Sampler": "sampler", "CFG scale": "guidance_scale",
    "CFG until": "guidance_until", "PAG scale": "pag_scale", "Seed": "seed", "Size-1": "width", "Size-2": "height",
    "Model": "model", "Denoising strength": "strength", "Mask blur": "mask_blur",
    "Masked content": "fill", "Inpaint area": "only_masked", "Masked area padding": "padding",
    "Mask grow": "mask_grow",
}  # fmt: skip
FILLS = {"original": "original", "fill": "fill", "latent noise": "noise"}
SILENT = frozenset({"Version", "Model hash", "User", "Init image hash"})
AS_HERE = {("Schedule type", "Automatic"), ("Clip skip", "1"), ("RNG", "CPU"), ("Mask mode", "Inpaint masked")}
# re_param there; here keys begin a word and have at most 60 letters, so that a long text cannot make it slow
PAIR = re.compile(r'\b(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
NEGATIVE = "Negative prompt:"


def read(texts: dict[str, str]) -> Found | None:
    """The `parameters` chunk; None when it holds none of this."""
    return read_text(texts["parameters"]) if "parameters" in texts else None


def read_text(text: str) -> Found | None:
    """One text in this grammar. A last line of fewer than three pairs belongs to the prompt."""
    *lines, last = text.strip().split("\n")
    told = pairs(last)
    if len(told) < 3:
        lines, told = [*lines, last], {}
    prompts = split_prompts(lines)
    if not told and "negative_prompt" not in prompts:
        return None  # any text is a prompt in this grammar; without a sign of it, it is somebody's comment
    fields, unread = translated(told)
    return Found({"prompt": ""} | prompts | fields, unread)


def split_prompts(lines: list[str]) -> dict[str, Any]:
    """The prompt and, from the line that says so, the negative prompt."""
    parts: dict[str, list[str]] = {"prompt": [], "negative_prompt": []}
    into = "prompt"
    for each in map(str.strip, lines):
        if each.startswith(NEGATIVE):
            into, each = "negative_prompt", each[len(NEGATIVE) :]
        parts[into].append(each.strip())
    return {name: "\n".join(part) for name, part in parts.items() if part}


def pairs(text: str) -> dict[str, str]:
    """`Key: value, Key: "quoted, value"`; a value like 512x768 is told as Key-1 and Key-2."""
    told: dict[str, str] = {}
    for key, value in PAIR.findall(text):
        value = _unquoted(value)
        size = sides(value) if "x" in value else None
        told |= {f"{key}-1": size[0], f"{key}-2": size[1]} if size else {key: value}
    return told


def translated(told: dict[str, str]) -> Found:
    """The pairs under our names, and those that have no meaning here."""
    told = {key: value for key, value in told.items() if (key, value) not in AS_HERE}
    fields, unread = renamed(told, FIELDS, SILENT)
    if "fill" in fields:
        fields["fill"] = FILLS.get(fields["fill"].lower(), fields["fill"])
    if "only_masked" in fields:
        fields["only_masked"] = fields["only_masked"].lower() == "only masked"
    if any(key.startswith("Hires ") for key in told) and "strength" in fields:  # there it belongs to the enlarging
        unread.append(line("Denoising strength", fields.pop("strength")))
    if "strength" in fields:
        masked = bool(fields.keys() & {"mask_blur", "fill", "only_masked", "padding"})
        fields["mode"] = "mask" if masked else "image"
        fields["needs"] = ["image", "mask"] if masked else ["image"]
    return Found(fields, unread)


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"'):
        try:
            return str(json.loads(value))
        except ValueError:
            return value
    return value.strip()

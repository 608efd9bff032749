"""Fooocus's `parameters` where `fooocus_scheme` is fooocus: JSON. (modules/meta_parser.py; the other is text.)"""

from __future__ import annotations

from ddpm.recipe.found import Found, json_object, renamed, sides

FIELDS = {
    "prompt": "prompt", "negative_prompt": "negative_prompt", "steps": "steps", "guidance_scale": "guidance_scale",
    "base_model": "model", "seed": "seed", "sampler": "sampler", "width": "width", "height": "height",
}  # fmt: skip
SILENT = frozenset(
    {"version", "base_model_hash", "created_by", "metadata_scheme", "full_prompt", "full_negative_prompt"}
)
EMPTY = ("None", "none", "[]", "Default (model)")


def read(texts: dict[str, str]) -> Found | None:
    """The `parameters` chunk, if it is JSON."""
    told = json_object(texts.get("parameters", ""))
    if not told or not {"prompt", "steps", "seed", "base_model"} & told.keys():
        return None
    size = sides(told.pop("resolution")) if isinstance(told.get("resolution"), str) else None
    if size:
        told |= {"width": size[0], "height": size[1]}
    told = {key: value for key, value in told.items() if not (isinstance(value, str) and value in EMPTY)}
    return renamed(told, FIELDS, SILENT)

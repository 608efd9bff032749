"""InvokeAI's metadata: JSON in `invokeai_metadata`, older in `sd-metadata`, oldest a command line in `Dream`.

Weights in its prompts are Compel's (`word++`, `(a b)1.2`) and are written as ours.
"""

from __future__ import annotations

import re
from typing import Any

from ddpm.recipe.compel import from_compel
from ddpm.recipe.found import Found, json_object, line, renamed

FIELDS = {
    "positive_prompt": "prompt", "negative_prompt": "negative_prompt", "width": "width", "height": "height",
    "seed": "seed", "cfg_scale": "guidance_scale", "steps": "steps", "scheduler": "sampler", "sampler": "sampler",
    "strength": "strength", "model": "model", "prompt": "prompt", "model_weights": "model",
}  # fmt: skip
SILENT = frozenset({"app_version", "generation_mode", "model_hash", "init_image", "type",
                    "metadata_version", "canvas_v2_metadata", "ref_images", "orig_hash", "variations"})  # fmt: skip
AS_HERE = {("rand_device", "cpu"), ("clip_skip", 0), ("cfg_rescale_multiplier", 0), ("threshold", 0), ("perlin", 0)}
SWITCHES = {"s": "steps", "S": "seed", "W": "width", "H": "height", "C": "cfg_scale", "A": "sampler", "m": "sampler",
            "f": "strength"}  # fmt: skip


def read(texts: dict[str, str]) -> Found | None:
    """Whichever of its three chunks there is, the newest first."""
    if told := json_object(texts.get("invokeai_metadata", "")):
        return _translated(told)
    if (old := json_object(texts.get("sd-metadata", ""))) and isinstance(old.get("image"), dict):
        return _translated({"model_weights": old.get("model_weights")} | _with_one_prompt(old["image"]))
    if dream := re.match(r'\s*"((?:[^"\\]|\\.)*)"(.*)', texts.get("Dream", ""), re.DOTALL):
        switches = re.findall(r"\s(?:--(\w+)\s+|-(\w)\s*)([^\s\-]\S*)", dream[2])  # glued to their values at first
        told = {SWITCHES.get(long or short, f"-{long or short}"): value for long, short, value in switches}
        return _translated(_with_one_prompt({"prompt": dream[1].replace('\\"', '"')} | told))
    return None


def _translated(told: dict[str, Any]) -> Found:
    told = {key: value for key, value in told.items() if not _as_here(key, value)}
    if isinstance(told.get("model"), dict):
        told["model"] = told["model"].get("name") or told["model"].get("model_name")
    mode = str(told.get("generation_mode") or "")
    fields, unread = renamed(told, FIELDS, SILENT)
    for name in ("prompt", "negative_prompt"):
        if isinstance(fields.get(name), str):
            fields[name], lost = from_compel(fields[name])
            unread += lost
    masked = "inpaint" in mode or "outpaint" in mode
    if masked or "img2img" in mode or told.get("init_image"):
        fields["mode"] = "mask" if masked else "image"
        fields["needs"] = ["image", "mask"] if masked else ["image"]
    elif "strength" in fields:
        unread.append(line("strength", fields.pop("strength")))
    return Found(fields, unread)


def _as_here(key: str, value: Any) -> bool:
    return isinstance(value, str | int | float) and (key, value) in AS_HERE


def _with_one_prompt(told: dict[str, Any]) -> dict[str, Any]:
    """Older prompts are lists with weights, and hold what is unwanted in square brackets."""
    said = told.get("prompt")
    if isinstance(said, list):
        texts = [part.get("prompt") for part in said if isinstance(part, dict)]
        said = " ".join(text for text in texts if isinstance(text, str))
    if not isinstance(said, str):
        return {key: value for key, value in told.items() if key != "prompt"}
    unwanted = re.findall(r"\[([^\[\]]*)\]", said)
    wanted = re.sub(r"(?<!\s)\s*\[[^\[\]]*\]", "", said).strip()
    return told | {"prompt": wanted, "negative_prompt": ", ".join(text.strip() for text in unwanted)}

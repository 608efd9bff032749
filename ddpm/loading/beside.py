"""What a weights file cannot say itself: NAME.yaml beside NAME.pth, and what its name gives away.

The YAML of the minimal DDPM repository, either generation, may lie there unchanged: what it says of the model is taken
from it, what it says of training is of no interest here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from ddpm.errors import CannotLoad

# as the Lightning trainer of the Flask generator names its files: DATA_model_64_64_1000steps_21896samples_...
NAMED = re.compile(r"[^_]+_model_(?P<height>\d+)_(?P<width>\d+)_(?P<timesteps>\d+)steps(_|\.|$)")
THEIR_PARTS = {"model", "diffusion", "training", "inference", "api", "preprocessing"}


@dataclass(frozen=True, slots=True)
class Beside:
    """Settings of one weights file; None: its family's own default."""

    use: str = "ema"  # or "raw": the weights as the optimiser left them
    title: str = ""
    licence: str = ""
    note: str = ""
    size: int | None = None  # pixels per side
    timesteps: int | None = None
    schedule: str | None = None  # linear, scaled_linear, cosine, ...
    target: str | None = None  # eps, v, x0
    heads: int | None = None
    head_width: int | None = None
    groups: int | None = None
    time_share: float | None = None  # of the minimal DDPM layout: how much of the time embedding is added
    new_attention_order: bool = False  # guided-diffusion's --use_new_attention_order
    bound: str | None = None  # "peak": divide x0 by its largest value, as the CelebA-HQ runs did, instead of cutting
    legacy_noise: bool = False  # DiffusionGen 1 began from noise at 0.18215 of its strength
    sampler: str | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    vae: str | None = None  # a folder beside the file, or a Hub id
    text_encoder: str | None = None  # the same; with its tokenizer


def read_beside(file: Path) -> Beside:
    """The settings of a weights file. CannotLoad names a wrong key, its file and the nearest right one."""
    path = next((path for path in (file.with_suffix(".yaml"), file.with_suffix(".yml")) if path.is_file()), None)
    given: dict[str, Any] = {}
    if path is not None:
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise CannotLoad(f"{path.name} beside it cannot be read: {error}") from error
        if not isinstance(given, dict):
            raise CannotLoad(f"{path.name} beside it must hold settings, not a {type(given).__name__}")
        if isinstance(given.get("model"), Mapping):
            given = _theirs(given, path.name)
    beside = Beside(**_checked(given, path.name if path else ""))
    if named := NAMED.match(file.name):
        beside = replace(
            beside,
            size=beside.size or int(named["height"]),
            timesteps=beside.timesteps or int(named["timesteps"]),
        )
    return beside


def _theirs(given: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The minimal DDPM repository's YAML: old (image_size, base_channels) and new (im_size, down_channels)."""
    _known(given, THEIR_PARTS, file)
    model, diffusion = given["model"], given.get("diffusion")
    taken: dict[str, Any] = {"size": model.get("im_size", model.get("image_size"))}
    if isinstance(diffusion, Mapping):
        taken["timesteps"] = diffusion.get("timesteps")
    return taken


def _checked(given: Mapping[str, Any], file: str) -> dict[str, Any]:
    kinds = {field.name: str(field.type) for field in fields(Beside)}
    _known(given, set(kinds), file)
    for key, value in given.items():
        wanted = kinds[key].removesuffix(" | None")
        right: Any = {"int": int, "float": (int, float), "bool": bool, "str": str}[wanted]
        if value is not None and (not isinstance(value, right) or (isinstance(value, bool) and wanted != "bool")):
            raise CannotLoad(f"{file} beside it: {key} is {value!r}, but must be of type {wanted}")
    if given.get("use", "ema") not in ("ema", "raw"):
        raise CannotLoad(f"{file} beside it: use is {given['use']!r}; say ema or raw")
    return dict(given)


def _known(given: Mapping[str, Any], keys: set[str], file: str) -> None:
    for key in given:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(keys))}"
            raise CannotLoad(f"{file} beside it has an unknown key {key!r}; {hint}")

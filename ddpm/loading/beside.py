"""What a weights file cannot say itself: NAME.yaml beside NAME.pth, and what its name gives away.

The YAML of the minimal DDPM repository, either generation, may lie there unchanged: what it says of the model is taken
from it, what it says of training is of no interest here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ddpm.errors import CannotLoad
from ddpm.loading.said import check, kinds_of, within
from ddpm.loading.their_yaml import is_theirs, of_model, read_yaml, unknown

# as the Lightning trainer of the Flask generator names its files: DATA_model_64_64_1000steps_21896samples_...
NAMED = re.compile(r"[^_]+_model_(?P<height>\d+)_(?P<width>\d+)_(?P<timesteps>\d+)steps(_|\.|$)")


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


def read_beside(file: Path, config: Path | None = None) -> Beside:
    """The settings of a weights file. CannotLoad names a wrong key, its file and the nearest right one.

    What NAME.yaml leaves open is taken from `config`, a YAML that somebody named for this file, then from its name.
    """
    own = next((path for path in (file.with_suffix(".yaml"), file.with_suffix(".yml")) if path.is_file()), None)
    beside = Beside()
    for path in filter(None, (own, config)):
        beside = _filled(beside, _settings(path))
    if named := NAMED.match(file.name):
        said = {"size": int(named["height"]), "timesteps": int(named["timesteps"])}
        beside = _filled(beside, {key: value for key, value in said.items() if within(key, value)})
    return beside


def _filled(beside: Beside, more: Mapping[str, Any]) -> Beside:
    """With `more` where nothing was said yet."""
    plain = Beside()
    return replace(
        beside, **{key: value for key, value in more.items() if getattr(beside, key) == getattr(plain, key)}
    )


def _settings(path: Path) -> dict[str, Any]:
    """What one YAML says, in our names, checked."""
    given = read_yaml(path)
    if is_theirs(given):
        left_out = " ".join(f"{path.name}: {remark}" for remark in unknown(given))
        given = {**of_model(given), "note": left_out}
    return _checked(given, path.name)


def _checked(given: Mapping[str, Any], file: str) -> dict[str, Any]:
    kinds = kinds_of(Beside)
    _known(given, set(kinds), file)
    said = {key: value for key, value in given.items() if value is not None}
    check(said, kinds, f"{file} beside it")
    return said


def _known(given: Mapping[str, Any], keys: set[str], file: str) -> None:
    for key in given:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(keys))}"
            raise CannotLoad(f"{file} beside it has an unknown key {key!r}; {hint}")

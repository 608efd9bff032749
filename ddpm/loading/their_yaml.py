"""YAML of the minimal DDPM repository (Diffusion2), both generations: its keys, and what it says of a finished model.

What it says of a training run is read in training/their_config.py, what it says of a service in commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ddpm.errors import CannotLoad

KNOWN = {  # every key of theirs, some of which mean nothing here
    "model": ("image_size", "in_channels", "base_channels", "im_channels", "im_size", "down_channels", "mid_channels",
              "down_sample", "time_emb_dim", "num_down_layers", "num_mid_layers", "num_up_layers", "num_heads"),
    "diffusion": ("timesteps", "beta_start", "beta_end"),
    "training": ("batch_size", "epochs", "learning_rate", "device", "data_dir", "save_path", "num_workers", "logs"),
    "inference": ("model_path", "device", "logs"),
    "api": ("host", "port", "reload"),
    "preprocessing": ("data_dir", "save_dir"),
}  # fmt: skip


def read_yaml(path: Path) -> dict[str, Any]:
    """The settings in a YAML file of anybody's; nothing written is no settings."""
    import yaml  # here: every start of the command line passes by

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CannotLoad(f"{path.name} cannot be read as YAML ({type(error).__name__}: {str(error)[:300]})") from error
    if not isinstance(values, dict):
        raise CannotLoad(f"{path.name} must hold settings, one `key: value` a line, not a {type(values).__name__}")
    return values


def is_theirs(values: Mapping[str, Any]) -> bool:
    """Whether settings are of this kind: a section `model`, which ours do not have."""
    return isinstance(values.get("model"), Mapping)


def of_model(values: Mapping[str, Any]) -> dict[str, Any]:
    """`size` and `timesteps` of the model: old (image_size) and new (im_size)."""
    model, diffusion = values["model"], values.get("diffusion")
    said: dict[str, Any] = {"size": model.get("im_size", model.get("image_size"))}
    if isinstance(diffusion, Mapping):
        said["timesteps"] = diffusion.get("timesteps")
    return said


def unknown(values: Mapping[str, Any]) -> list[str]:
    """A sentence for every key that is not one of theirs."""
    found = []
    for section, inside in values.items():
        if section not in KNOWN:
            found.append(_sentence(str(section), list(KNOWN)))
        elif isinstance(inside, Mapping):
            found += [
                _sentence(f"{section}.{key}", list(KNOWN[section])) for key in inside if key not in KNOWN[section]
            ]
    return found


def _sentence(key: str, known: list[str]) -> str:
    near = get_close_matches(key.rpartition(".")[2], known, 1, 0.6)
    return f"{key} is not known and is left out" + (f"; the nearest is {near[0]}." if near else ".")

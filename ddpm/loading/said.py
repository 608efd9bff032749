"""Settings that files of a model say: each has a type and a range, and what is outside it is refused by name."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from ddpm.diffusion.spacing import GRIDS, Spacing
from ddpm.errors import CannotLoad

TYPES: dict[str, Any] = {"int": int, "float": (int, float), "bool": bool, "str": str}
CHOICES: dict[str, tuple[str, ...]] = {
    "use": ("ema", "raw"),
    "target": ("eps", "v", "x0"),
    "bound": ("peak",),
    "schedule": ("linear", "linear_scaled", "scaled_linear", "cosine", "squaredcos_cap_v2", "sigmoid"),
    "sampler": tuple(GRIDS),
    "spacing": get_args(Spacing),
}  # fmt: skip
RANGES: dict[str, tuple[float, float]] = {  # both ends are allowed; what a request may ask for, where it asks for it
    "size": (8, 4096), "timesteps": (2, 10_000), "steps": (1, 1000), "guidance_scale": (0, 30), "heads": (1, 1024),
    "head_width": (1, 4096), "groups": (1, 1024), "time_share": (-10, 10), "steps_offset": (0, 100),
    "pag_scale": (0, 10), "last": (0, 0.9), "shift": (0.01, 100), "guidance_until": (0, 1), "max_count": (1, 16),
    "finish_below": (0, 1), "channels": (1, 3),
}  # fmt: skip


def kinds_of(settings: type) -> dict[str, str]:
    """The names of a dataclass's settings, and of which type each is: int, float, bool, str, perhaps " | None"."""
    kinds = {field.name: str(field.type).replace("Spacing", "str") for field in fields(settings)}
    return {name: kind for name, kind in kinds.items() if kind.removesuffix(" | None") in TYPES}


def check(given: Mapping[str, Any], kinds: Mapping[str, str], where: str) -> None:
    """CannotLoad for the first that is of another type, no choice or out of its range. None: not said, where it may."""
    for key, value in given.items():
        wanted, _, optional = kinds[key].partition(" | ")
        if value is None and optional:
            continue
        if not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted != "bool"):
            raise CannotLoad(f"{where}: {key} is {reprlib.repr(value)}, but must be of type {wanted}")
        if key in CHOICES and value not in CHOICES[key]:
            raise CannotLoad(f"{where}: {key} is {reprlib.repr(value)}; say {_listed(CHOICES[key])}")
        if key in RANGES and not within(key, value):
            low, high = RANGES[key]
            raise CannotLoad(f"{where}: {key} is {reprlib.repr(value)}, but must lie in {low:g}..{high:g}")


def within(key: str, value: float) -> bool:
    low, high = RANGES[key]
    return low <= value <= high  # false of NaN


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]

"""A small diffusion studio: a request goes in, events come out. `from ddpm import Engine, Request`.

Public names are imported when they are first used, so that importing the package imports neither torch nor gradio.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddpm.engine import Engine
    from ddpm.errors import DDPMError
    from ddpm.events import Event, Film, Framed, Notice, Preview, Result
    from ddpm.models.card import ModelCard
    from ddpm.request import FilmRequest, FromImage, FromMask, FromNoise, FromSelfie, Request

__version__ = "1.0.0"

__all__ = [
    "DDPMError",
    "Engine",
    "Event",
    "Film",
    "FilmRequest",
    "Framed",
    "FromImage",
    "FromMask",
    "FromNoise",
    "FromSelfie",
    "ModelCard",
    "Notice",
    "Preview",
    "Request",
    "Result",
]

_HOMES = {
    "ddpm.engine": ("Engine",),
    "ddpm.errors": ("DDPMError",),
    "ddpm.events": ("Event", "Film", "Framed", "Notice", "Preview", "Result"),
    "ddpm.models.card": ("ModelCard",),
    "ddpm.request": ("FilmRequest", "FromImage", "FromMask", "FromNoise", "FromSelfie", "Request"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'ddpm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

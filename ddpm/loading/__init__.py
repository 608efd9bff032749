"""Files to models. `load` tries every format and keeps every refusal's reason; the catalogue lists what there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ddpm.errors import CannotLoad

if TYPE_CHECKING:
    from ddpm.models.model import Model


def load(path: Path, device: str = "cpu") -> Model:
    """The model in this folder, on this device. CannotLoad says for each format why it is not that one."""
    from ddpm.loading import diffusers_folder, embedded  # here, so that the catalogue can be listed without torch

    formats = {"our own model": embedded.load, "a diffusers folder": diffusers_folder.load}
    reasons = []
    for name, read in formats.items():
        try:
            return read(Path(path), device)
        except CannotLoad as reason:
            reasons.append(f"not {name}: {str(reason).rstrip('.')}")
    raise CannotLoad(f"{Path(path).name} cannot be loaded: {'; '.join(reasons)}.")

"""Files to models. `load` tries every format and keeps every refusal's reason; the catalogue lists what there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm.errors import CannotLoad
from ddpm.loading.hub import id_of

if TYPE_CHECKING:
    from ddpm.models.model import Model


def load(path: Path, device: str = "cpu", config: Path | None = None) -> Model:
    """The model in this folder or weights file. CannotLoad says for each format why it is not that one.

    `config`: a YAML that counts as the one beside a weights file.
    """
    from ddpm.loading import diffusers_folder, embedded, single_file  # here: the catalogue is listed without torch

    path = Path(path)
    name = id_of(path) or path.name
    if path.is_file():
        try:
            return single_file.load(path, device, config)
        except CannotLoad as reason:
            raise CannotLoad(f"{name} cannot be loaded: {str(reason).rstrip('.')}.") from reason
    if config is not None:
        raise CannotLoad(f"{name} is a folder, which says all of itself; --settings is for a single weights file.")
    reasons = []
    for format, read in {"our own": embedded.load, "in diffusers' layout": diffusers_folder.load}.items():
        try:
            model = read(path, device)
        except CannotLoad as reason:
            reasons.append(f"not {format}: {str(reason).rstrip('.')}")
        else:
            return replace(
                model, card=replace(model.card, name=name, origin="hub" if "/" in name else model.card.origin)
            )
    raise CannotLoad(f"{name} cannot be loaded: {'; '.join(reasons)}.")

"""One weights file of somebody's trainer: the families are tried in order, every refusal's reason is kept.

The card comes from names and shapes alone; the numbers are read when the model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm.errors import CannotLoad
from ddpm.loading.beside import read_beside
from ddpm.loading.companions import Incomplete
from ddpm.loading.skim import refuse_code, skim
from ddpm.loading.unwrap import Found, unwrap
from ddpm.models.card import ModelCard

if TYPE_CHECKING:
    from ddpm.loading.family import Family
    from ddpm.models.model import Model

ENDINGS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin")  # in capitals, too
UNREAD = {  # weights that people have beside those, and why they are not read
    ".gguf": "its weights are quantised, for stable-diffusion.cpp",
    ".onnx": "it is a graph for ONNX Runtime",
    ".msgpack": "it is for Flax",
    ".h5": "it is for Keras",
}
FAMILIES = (
    "stable_diffusion_file",
    "diffusion_gen",
    "mini_ddpm",
    "celeba_ddpm",
    "lucidrains",
    "openai_unet",
)
SHOWN_KEYS = 4  # of a file that no family knows


def describe(path: Path, config: Path | None = None) -> ModelCard:
    """The card of a weights file; CannotLoad gives every family's reason."""
    if why := UNREAD.get(path.suffix.lower()):
        raise CannotLoad(f"{why}, which is not read here; take the .safetensors of the same model")
    beside = read_beside(path, config)
    content = skim(path)
    refuse_code(path.name, content)
    _, card = _claimed(unwrap(content, path, beside))
    return replace(card, bytes=path.stat().st_size)


def load(path: Path, device: str = "cpu", config: Path | None = None) -> Model:
    """The model in a weights file, every tensor accounted for."""
    from ddpm.loading.files import read_checkpoint, weights_hash

    if not path.is_file():
        raise CannotLoad(f"{path.name} is not a file")
    card = describe(path, config)  # refuses before gigabytes are read
    beside = read_beside(path, config)
    family, _ = _claimed(unwrap(skim(path), path, beside))
    found = unwrap(read_checkpoint(path), path, beside)
    return family.build(found, replace(card, weights_hash=weights_hash([path])), device)


def _claimed(found: Found) -> tuple[Family, ModelCard]:
    """The first family that takes the file, and the card it gives."""
    reasons = []
    for family in families():
        try:
            return family, family.describe(found)
        except Incomplete as reason:
            raise CannotLoad(f"it is {family.NAME}, but {reason}") from reason
        except CannotLoad as reason:
            reasons.append(f"not {family.NAME}: {str(reason).rstrip('.')}")
    keys = ", ".join(list(found.state)[:SHOWN_KEYS])
    raise CannotLoad(f"{'; '.join(reasons)}. Its tensors begin with {keys}")


def families() -> Iterator[Family]:
    """The modules, imported when first needed."""
    for name in FAMILIES:
        family: Family = import_module(f"ddpm.loading.{name}")  # type: ignore[assignment]
        yield family

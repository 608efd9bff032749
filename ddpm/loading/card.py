"""A model folder's card, from its JSON files alone: no torch, no weights, so the menu is listed in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from ddpm.errors import CannotLoad
from ddpm.loading.said import check, kinds_of
from ddpm.models.card import Defaults, ModelCard

STEM = "diffusion_pytorch_model"  # what diffusers calls a component's weights
FINISH = "finish"  # the folder of a second network, in a folder of ours
FORMAT = 1  # of our own folders; raised when older code could not read a newer folder


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file, or a sentence."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CannotLoad(f"no {path.name} in {path.parent.name}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CannotLoad(f"{path.parent.name}/{path.name} cannot be read as JSON ({error})") from error
    if not isinstance(value, dict):
        raise CannotLoad(f"{path.parent.name}/{path.name} holds a {type(value).__name__}, not an object")
    return value


def weight_files(folder: Path, stem: str) -> list[Path]:
    """The files that hold a component's weights: safetensors before torch files, whole before sharded before fp16."""
    for ending in ("safetensors", "fp16.safetensors", "bin"):
        name = f"{stem}.{ending}"
        if (folder / name).is_file():
            return [folder / name]
        index = folder / (f"{stem}.safetensors.index.fp16.json" if ending.startswith("fp16") else f"{name}.index.json")
        if index.is_file():
            return _shards(folder, index)
    raise CannotLoad(f"no weights {stem}.safetensors (or .bin, or shards with an index) in {folder.name}")


def _shards(folder: Path, index: Path) -> list[Path]:
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CannotLoad(f"{folder.name}/{index.name} has no weight_map")
    names = sorted({str(name) for name in places.values()})
    for name in names:
        if PurePosixPath(name).name != name or name in ("", ".", "..") or "\\" in name:
            raise CannotLoad(f"{folder.name}/{index.name} points outside its folder ({name!r})")
        if not (folder / name).is_file():
            raise CannotLoad(f"the shard {name} is missing in {folder.name}; copy the folder again")
    return [folder / name for name in names]


def read_card(folder: Path) -> ModelCard:
    """The card of a model folder of any format; CannotLoad says why there is none."""
    if not folder.is_dir():
        raise CannotLoad(f"{folder.name} is not a folder")
    if (folder / "model_index.json").is_file() and "ddpm_format" in read_json(folder / "model_index.json"):
        return embedded_card(folder)
    from ddpm.loading.layout import diffusers_card

    return diffusers_card(folder)


def embedded_card(folder: Path) -> ModelCard:
    """The card of our own format."""
    index = read_json(folder / "model_index.json")
    version = index.get("ddpm_format")
    if version is None:
        raise CannotLoad("no 'ddpm_format' in its model_index.json")
    if version != FORMAT:
        raise CannotLoad(f"its ddpm_format is {version!r}, this version reads {FORMAT}; update the application")
    known = kinds_of(Defaults)
    defaults = index.get("defaults", {})
    if not isinstance(defaults, dict) or defaults.keys() - known:
        raise CannotLoad(f"its defaults are {defaults!r}, known are {', '.join(sorted(known))}")
    check(defaults, known, "its model_index.json, defaults")
    needed = ("title", "licence", "size", "channels", "target", "schedule")
    if absent := [key for key in needed if key not in index]:
        raise CannotLoad(f"its model_index.json lacks {', '.join(absent)}")
    numbers = {"size": "int", "channels": "int", "max_count": "int", "finish_below": "float"}
    check({key: index[key] for key in numbers if key in index}, numbers, "its model_index.json")
    networks = [folder / "network", *([folder / FINISH] if index.get("finish_below") else [])]
    return ModelCard(
        name=folder.name,
        title=str(index["title"]),
        origin="embedded",
        format="hybrid",
        size=index["size"],
        channels=index["channels"],
        target=str(index["target"]),
        schedule=str(index["schedule"]),
        text=index.get("text"),
        licence=str(index["licence"]),
        defaults=Defaults(**defaults),
        kind="text" if index.get("text") else "unconditional",
        latent=(folder / "vae").is_dir(),
        bytes=sum(path.stat().st_size for network in networks for path in weight_files(network, STEM)),
        note=str(index.get("note", "")),
        max_count=index.get("max_count", 16),
        factor=index["size"],
        fixed_size=True,
        finish_below=float(index.get("finish_below", 0)),
        takes_pag=True,
    )

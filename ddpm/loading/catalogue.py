"""What models there are: the folders in the weights folder, listed anew each time, and the curated ones of the Hub.

A model that cannot be used stays in the list with the reason in its note, and hides none of the others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ddpm.errors import CannotLoad, UnknownModel
from ddpm.loading import hub
from ddpm.loading.card import read_card
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from ddpm.models.model import Model

MARKS = ("model_index.json", "config.json", "unet/config.json")  # a folder with one of these means to be a model
BARE = (".safetensors", ".ckpt", ".pt", ".pth")
UPSCALERS = ("realesr", "esrgan")  # how the file names of the upscaler's weights begin; they lie in the same folder
ENTRY_KEYS = {"id", "title", "licence", "bytes", "size", "text", "latent", "note", "defaults", "revision"}


@dataclass(frozen=True, slots=True)
class Curated:
    """One entry of configs/models.yaml: a card for before the download, and the settings that fit the model."""

    card: ModelCard
    revision: str = "main"


class Catalogue:
    """The models of a weights folder and of a list of Hub models."""

    def __init__(self, weights: Path, curated: Path | None = None) -> None:
        self.weights = Path(weights)
        self._curated = {entry.card.name: entry for entry in read_curated(curated)} if curated else {}

    def cards(self) -> list[ModelCard]:
        """Everything there is, embedded and dropped-in models first. No torch, no weights: JSON files only."""
        return [*self._folders(), *map(self._hub_card, self._curated)]

    def find(self, name: str) -> Path:
        """The folder of a model by its name in the list; UnknownModel names those there are."""
        self._check(name)
        if hub.is_id(name):
            revision = self._curated[name].revision if name in self._curated else "main"
            if folder := hub.local(name, revision):
                return folder
            if name in self._curated:
                raise UnknownModel(self._hub_card(name).note, self._names())
        elif name not in (".", "..") and (self.weights / name).exists():
            return self.weights / name
        raise self._unknown(name)

    def load(self, name: str, device: str = "cpu") -> Model:
        """The model of this name, with the curated settings where there are some."""
        from ddpm.loading import load

        model = load(self.find(name), device)
        if name not in self._curated:
            return model
        curated = self._curated[name].card
        known = replace(model.card, title=curated.title, licence=curated.licence, defaults=curated.defaults)
        return replace(model, card=known)

    def _folders(self) -> Iterator[ModelCard]:
        if not self.weights.is_dir():
            return
        for path in sorted(self.weights.iterdir(), key=lambda path: path.name.lower()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                if any((path / mark).is_file() for mark in MARKS):
                    yield _card_or_reason(path)
            elif path.suffix in BARE and not path.name.lower().startswith(UPSCALERS):
                reason = "a single file does not say what network it belongs to; put a model's whole folder here."
                yield _unusable(path.name, f"{path.name}: {reason}", path.stat().st_size)

    def _hub_card(self, name: str) -> ModelCard:
        entry = self._curated[name]
        if folder := hub.local(name, entry.revision):
            found = _card_or_reason(folder)
            if not found.usable:
                return replace(entry.card, usable=False, note=f"Its copy on this machine is incomplete: {found.note}")
            curated = entry.card
            return replace(
                found,
                name=name,
                title=curated.title,
                origin="hub",
                licence=curated.licence,
                defaults=curated.defaults,
                note=curated.note,
            )
        missing = (
            f"{name} is not on this machine ({entry.card.bytes / 1e6:,.0f} MB, licence {entry.card.licence}). "
            f"Fetch it with `python -m ddpm models --download {name}`."
        )
        return replace(entry.card, usable=False, note=missing)

    def _check(self, name: str) -> None:
        parts = name.replace("\\", "/").split("/")
        outside = ".." in parts or "" in parts or ":" in parts[0]
        if "\0" in name or outside or len(name) > 200 or (len(parts) > 1 and not hub.is_id(name)):
            raise self._unknown(name)

    def _names(self) -> tuple[str, ...]:
        return tuple(card.name for card in self.cards() if card.usable)

    def _unknown(self, name: str) -> UnknownModel:
        names = self._names()
        nearest = difflib.get_close_matches(name, names, 1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        listed = f"there are {', '.join(names)}" if names else f"there is none yet in {self.weights.name}/"
        return UnknownModel(f"No model is called {name[:80]!r}; {listed}.{hint}", names)


def _card_or_reason(folder: Path) -> ModelCard:
    try:
        return read_card(folder)
    except CannotLoad as reason:
        return _unusable(folder.name, f"{folder.name} cannot be used: {reason}", 0)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:  # a JSON file of unexpected content
        return _unusable(folder.name, f"{folder.name} cannot be used: {type(error).__name__}: {error}", 0)


def _unusable(name: str, reason: str, size: int) -> ModelCard:
    return ModelCard(
        name=name, title=name, origin="folder", format="unknown", size=0, channels=3, target="", schedule="", text=None,
        licence="not stated", bytes=size, note=reason, usable=False,
    )  # fmt: skip


def read_curated(path: Path) -> list[Curated]:
    """The entries of configs/models.yaml; a wrong key is named with the file and the nearest right one."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CannotLoad(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("models"), list):
        raise CannotLoad(f"{path.name} must hold a list called models.")
    return [_entry(entry, path.name) for entry in content["models"]]


def _entry(entry: Mapping[str, Any], file: str) -> Curated:
    _known(entry, ENTRY_KEYS, file)
    if absent := [key for key in ("id", "title", "licence", "bytes", "size") if key not in entry]:
        raise CannotLoad(f"{file}: the entry {entry.get('id', entry)} lacks {', '.join(absent)}.")
    if not hub.is_id(str(entry["id"])):
        raise CannotLoad(f"{file}: {entry['id']!r} is not a Hub id (owner/name).")
    defaults = entry.get("defaults", {})
    _known(defaults, {field.name for field in fields(Defaults)}, file)
    text = entry.get("text")
    card = ModelCard(
        name=entry["id"],
        title=entry["title"],
        origin="hub",
        format="diffusers",
        size=int(entry["size"]),
        channels=3,
        target="eps",
        schedule="linear",
        text=text,
        licence=entry["licence"],
        defaults=Defaults(**defaults),
        kind="text" if text else "unconditional",
        latent=bool(entry.get("latent", False)),
        bytes=int(entry["bytes"]),
        note=entry.get("note", ""),
    )
    return Curated(card, str(entry.get("revision", "main")))


def _known(entry: Mapping[str, Any], keys: set[str], file: str) -> None:
    for key in entry:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(keys))}."
            raise CannotLoad(f"{file}: unknown key {key!r}{hint}")

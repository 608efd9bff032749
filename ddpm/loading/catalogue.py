"""What models there are: the folders in the weights folder, listed anew each time, and the curated ones of the Hub.

A model that cannot be used stays in the list with the reason in its note, and hides none of the others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm.errors import CannotLoad, DDPMError, TooMuch, UnknownModel
from ddpm.loading import hub
from ddpm.loading.card import read_card, read_json
from ddpm.loading.curated import UNTRIED, read_curated
from ddpm.loading.single_file import ENDINGS, UNREAD, describe
from ddpm.models.card import ModelCard

if TYPE_CHECKING:
    from ddpm.models.model import Model

MARKS = ("model_index.json", "config.json", "unet/config.json", "unet_config.json")  # of folders meant to be models
UPSCALERS = ("realesr", "esrgan")  # how the file names of the upscaler's weights begin; they lie in the same folder
SHIPPED = ("faces", "scenes")  # stand first, whatever is put beside them
OURS = ("judge", "framing")  # folders of networks that other parts of this application read
PARTS = ("AutoencoderKL", "AutoencoderTiny", "VQModel", "CLIPModel", "CLIPTextModel")  # networks that are no models
SHORT = re.compile(r"MemoryError|out of memory|(can't|cannot) allocate memory|not enough memory", re.I)  # which passes


class Catalogue:
    """The models of a weights folder and of a list of Hub models."""

    def __init__(self, weights: Path, curated: Path | None = None, settings: Mapping[str, Path] | None = None) -> None:
        """`settings`: YAML files that count as NAME.yaml beside the weights files of these names."""
        self.weights, self.settings = Path(weights), dict(settings or {})
        self.curated = {entry.card.name: entry for entry in read_curated(curated)} if curated else {}
        self._seen: dict[Path, tuple[Stamp, ModelCard]] = {}  # cards of weights files, as long as they do not change
        self._failed: dict[str, tuple[Stamp, str]] = {}  # what went wrong when a model was loaded, likewise

    def cards(self) -> list[ModelCard]:
        """Everything there is, embedded and dropped-in models first. No torch, no numbers: names and shapes only.

        The first of a kind is the one that paints where none is named.
        """
        return [self._with_failure(card) for card in (*self._local(), *map(self._hub_card, self.curated))]

    def stamp(self) -> Stamp:
        """Changes whenever something in the weights folder does; cheap enough to be asked every few seconds."""
        return stamp_of(self.weights)

    def find(self, name: str) -> Path:
        """The folder of a model by its name in the list; UnknownModel names those there are."""
        self._check(name)
        if hub.is_id(name):
            if folder := self._fetched(name):
                return folder
            if name in self.curated:
                raise UnknownModel(self._hub_card(name).note, self._names())
        elif name not in (".", "..") and (self.weights / name).exists():
            return self.weights / name
        raise self._unknown(name)

    def version(self, name: str) -> Stamp:
        """Changes when a model's files do, or the settings that count for it; UnknownModel if there is none."""
        return self._stamp(self.find(name))

    def load(self, name: str, device: str = "cpu") -> Model:
        """The model of this name, with the curated settings where there are some."""
        from ddpm.loading import load

        path = self.find(name)
        stamp = self._stamp(path)
        self._failed.pop(name, None)
        try:
            model = load(path, device, self.settings.get(name))
        except Exception as error:  # of files that nobody vouches for
            reason = str(error) if isinstance(error, DDPMError) else f"{name} cannot be loaded: {_said(error)}"
            if SHORT.search(reason):
                raise TooMuch(
                    f"There was too little memory to load {name}; close other programs, or choose a smaller model."
                ) from error
            self._failed[name] = stamp, reason
            if isinstance(error, DDPMError):
                raise
            raise CannotLoad(reason) from error
        if name not in self.curated:
            return model
        curated = self.curated[name].card
        known = replace(model.card, title=curated.title, licence=curated.licence, defaults=curated.defaults)
        return replace(model, card=known)

    def _local(self) -> Iterator[ModelCard]:
        if not self.weights.is_dir():
            return
        for path in sorted(self.weights.iterdir(), key=lambda path: (path.name not in SHIPPED, path.name.lower())):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                if any((path / mark).is_file() for mark in MARKS):
                    if not _is_part(path):
                        yield _card_or_reason(path)
                elif path.name not in OURS and (inside := next(filter(_has_weights, sorted(path.glob("*"))), None)):
                    said = f"{inside.name} is not looked for in a folder; move it into {self.weights.name}/ itself"
                    yield _unusable(path, f"{path.name} cannot be used: {said}, or copy the whole model's folder.")
            elif _has_weights(path):
                yield self._file_card(path)

    def _file_card(self, path: Path) -> ModelCard:
        """Of a weights file; a file of 100 tensors is skimmed in milliseconds, but not every time."""
        stamp = self._stamp(path)
        if path not in self._seen or self._seen[path][0] != stamp or not self._seen[path][1].usable:
            self._seen[path] = stamp, _card_or_reason(path, self.settings.get(path.name))
        return self._seen[path][1]

    def _with_failure(self, card: ModelCard) -> ModelCard:
        """A model that could not be loaded says so until its files or settings change."""
        if card.name not in self._failed or not card.usable:
            return card
        stamp, reason = self._failed[card.name]
        if stamp != self.version(card.name):
            return card
        return replace(card, usable=False, note=reason)

    def _stamp(self, path: Path) -> Stamp:
        """As `version`, by its path."""
        settings = (path.with_suffix(".yaml"), path.with_suffix(".yml"), self.settings.get(path.name))
        return stamp_of(path, *filter(None, settings))

    def _fetched(self, name: str) -> Path | None:
        """A Hub model's folder on this machine: of the pinned revision, else whatever was fetched."""
        pinned = self.curated[name].revision if name in self.curated else None
        return hub.local(name, pinned or "main") or hub.local(name)

    def _hub_card(self, name: str) -> ModelCard:
        entry = self.curated[name]
        folder = self._fetched(name)
        if folder and entry.card.kind == "part":
            return replace(entry.card, usable=False, note=f"On this machine. {entry.card.note}")
        if folder:
            found = _card_or_reason(folder)
            if not found.usable:
                note = f"Its copy on this machine is incomplete; fetch it again and it goes on. ({found.note})"
                return replace(entry.card, usable=False, note=note)
            curated = entry.card
            return replace(
                found,
                name=name,
                title=curated.title,
                origin="hub",
                licence=curated.licence,
                defaults=curated.defaults,
                note=" ".join(filter(None, (curated.note, found.note))),
                checked=False,
            )
        missing = (
            f"{name} is not on this machine ({entry.card.bytes / 1e6:,.0f} MB, licence {entry.card.licence}, "
            f"{'pinned' if entry.revision else 'not pinned: the newest revision'}). "
            f"Fetch it with `python -m ddpm models --download {name}`. {UNTRIED}"
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


Stamp = tuple[tuple[str, int, int], ...]  # names, times in nanoseconds, bytes


def stamp_of(*paths: Path) -> Stamp:
    """When the newest of these were written: files by themselves, folders with what lies in them, two levels deep."""
    found: list[tuple[str, int, int]] = []
    for path in paths:
        inside = [*path.glob("*"), *path.glob("*/*")] if path.is_dir() else []
        for one in (path, *inside):
            try:
                facts = one.stat()
            except OSError:  # gone while we looked, or never there
                continue
            found.append((str(one), facts.st_mtime_ns, facts.st_size))
    return tuple(sorted(found))


def _has_weights(path: Path) -> bool:
    """Whether a file is meant to be a model's weights, by its name."""
    ending, name = path.suffix.lower(), path.name.lower()
    ncnn = ending == ".bin" and path.with_suffix(".param").is_file()  # as upscalers are published, too
    return path.is_file() and ending in (*ENDINGS, *UNREAD) and not name.startswith((*UPSCALERS, ".")) and not ncnn


def _is_part(folder: Path) -> bool:
    """Whether a folder holds an autoencoder or a prompt encoder, which belongs to a weights file beside it."""
    try:
        config = read_json(folder / "config.json")
    except CannotLoad:
        return False
    architectures = config.get("architectures")
    named = [config.get("_class_name"), *(architectures if isinstance(architectures, list) else [])]
    return any(name in PARTS for name in named)


def _card_or_reason(path: Path, config: Path | None = None) -> ModelCard:
    try:
        return read_card(path) if path.is_dir() else describe(path, config)
    except CannotLoad as reason:
        return _unusable(path, f"{path.name} cannot be used: {reason}")
    except Exception as error:  # whatever a strange file makes its reader raise; the others stay in the list
        return _unusable(path, f"{path.name} cannot be used: {_said(error)}")


def _said(error: Exception) -> str:
    return f"reading it failed ({type(error).__name__}: {str(error)[:300]})"


def _unusable(path: Path, reason: str) -> ModelCard:
    return ModelCard(
        name=path.name, title=path.name, origin="folder", format="unknown", size=0, channels=3, target="", schedule="",
        text=None, licence="not stated", bytes=path.stat().st_size if path.is_file() else 0, note=reason, usable=False,
    )  # fmt: skip

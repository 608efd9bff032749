"""configs/models.yaml: models of the Hub that this application knows by name, with settings that fit them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from ddpm.errors import CannotLoad
from ddpm.loading import hub
from ddpm.models.card import Defaults, ModelCard

ENTRY_KEYS = {
    "id", "title", "licence", "bytes", "size", "text", "latent", "note", "defaults", "revision", "part", "only",
}  # fmt: skip


UNTRIED = "Not tried here: no model of the Hub could be fetched where this was made."


@dataclass(frozen=True, slots=True)
class Curated:
    """One entry: a card for before the download, what to fetch, and the settings that fit the model."""

    card: ModelCard
    revision: str | None = None  # the commit that is pinned; None: whatever is newest
    only: tuple[str, ...] = ()  # patterns of the files that are wanted; (): the usual ones


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
        kind="part" if entry.get("part") else "text" if text else "unconditional",
        latent=bool(entry.get("latent", False)),
        bytes=int(entry["bytes"]),
        note=" ".join(filter(None, (entry.get("note", ""), UNTRIED))),
        checked=False,
    )
    return Curated(card, _revision(entry), tuple(entry.get("only", ())))


def _revision(entry: Mapping[str, Any]) -> str | None:
    return str(entry["revision"]) if entry.get("revision") else None


def _known(entry: Mapping[str, Any], keys: set[str], file: str) -> None:
    for key in entry:
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(keys))}."
            raise CannotLoad(f"{file}: unknown key {key!r}{hint}")

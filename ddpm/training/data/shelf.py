"""Pictures kept ready, in memory or in files that are mapped into it, filled one by one and never half.

FOLDER/pixels.bin       (N, C, side, side) uint8, as long as the whole set from the start (a sparse file)
FOLDER/masks.bin        (N, side, side) uint8, where the set marks its subjects
FOLDER/pictures.jsonl   a line for each source, written after its pixels: name, captions or why it was left out
FOLDER/set.json         the settings it was made with
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddpm.errors import BadRequest, DDPMError
from ddpm.loading.files import write_whole
from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures

SETTINGS = (
    "kind",
    "path",
    "classes",
    "size",
    "zoom",
    "channels",
    "seed",
    "plain",
    "arranged",
    "captions_each",
)  # that pixels depend on


class Shelf:
    """Room for `capacity` sources; `add` and `skip` take the next one each."""

    def __init__(self, data: Data, capacity: int, folder: Path | None) -> None:
        self.data, self.capacity, self.folder = data, capacity, folder
        self.lines: list[dict[str, Any]] = []
        self.count = 0  # pictures so far; the lines of sources that were left out are not pictures
        self.captions: list[list[str]] = []
        self._masks: Tensor | None = None
        if folder is not None:
            self._open(folder)
        self.pixels = self._room("pixels.bin", (capacity, data.channels, data.kept, data.kept))

    def continued(self, names: list[str]) -> int:
        """How many of these sources, in this order, are here already."""
        known = [line["name"] for line in self.lines]
        if known != names[: len(known)]:
            first = next((name for name, now in zip(known, [*names, *known], strict=False) if name != now), "")
            raise BadRequest(
                f"data.cache: {self.folder} was made of other files (it has {first!r} where there is another now); "
                "remove that folder or name another one.",
                "data.cache",
            )
        return len(known)

    def add(self, name: str, pixels: Tensor, captions: list[str] | None = None, mask: Tensor | None = None) -> None:
        """The next source's picture: (C, side, side) uint8, its captions where they are not known otherwise."""
        self.pixels[self.count] = pixels
        if mask is not None:
            self._mask_room()[self.count] = mask
        self._line({"name": name} if captions is None else {"name": name, "captions": captions})
        self.captions.append(captions or [])
        self.count += 1

    def skip(self, name: str, reason: str) -> None:
        """The next source cannot be used."""
        self._line({"name": name, "skipped": reason})

    def pictures(self, captions: list[list[str]] | None = None) -> Pictures:
        """What is on the shelf; `captions` of every source, or those that came with the pictures."""
        rows = [i for i, line in enumerate(self.lines) if "skipped" not in line]
        said = self.captions if captions is None else [captions[i] for i in rows]
        has_captions = self.data.captions and any(said)
        masks = None if self._masks is None else self._masks[: self.count]
        remarks = [f"{line['name']}: {line['skipped']}" for line in self.lines if "skipped" in line]
        kept = [each or [""] for each in said] if has_captions else None
        return Pictures(self.pixels[: self.count], kept, remarks, masks)

    def growing(self) -> Pictures:
        """The same while it is still being filled, by another thread: nobody may look at rows from `ready` on."""
        captions = self.captions if self.data.captions else None
        return Pictures(self.pixels, captions, [], self._mask_room(), lambda: self.count)

    def _open(self, folder: Path) -> None:
        wanted = {key: value for key, value in self.data.model_dump(mode="json").items() if key in SETTINGS}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            settings = folder / "set.json"
            made = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else wanted
            made.setdefault("arranged", 0.0)  # sets of before there was this choice
            if changed := [key for key in SETTINGS if made.get(key) != wanted[key]]:
                said = ", ".join(f"{key} {made.get(key)} -> {wanted[key]}" for key in changed)
                raise BadRequest(f"data.cache: {folder} holds another set ({said}); name another one.", "data.cache")
            if not settings.exists():  # what is there stays as it is: other processes may be reading it
                write_whole(settings, json.dumps(wanted).encode())
            self._read_lines(folder / "pictures.jsonl")
        except (OSError, ValueError) as error:
            raise BadRequest(f"data.cache: {folder} cannot be used: {error}.", "data.cache") from error
        if (folder / "masks.bin").exists():
            self._mask_room()

    def _read_lines(self, path: Path) -> None:
        """Whole lines only: one that a kill cut short is of a source that will come again."""
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            write_whole(path, whole.encode())
        self.lines = [json.loads(line) for line in whole.splitlines()][: self.capacity]
        self.captions = [line.get("captions", []) for line in self.lines if "skipped" not in line]
        self.count = len(self.captions)

    def _line(self, line: dict[str, Any]) -> None:
        if self.folder is not None:
            try:
                with (self.folder / "pictures.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            except OSError as error:
                raise DDPMError(
                    f"data.cache: {self.folder} could not be written: {error}. Make room there and start again: "
                    f"{len(self.lines)} of {self.capacity} are done."
                ) from error
        self.lines.append(line)

    def _mask_room(self) -> Tensor:
        if self._masks is None:
            self._masks = self._room("masks.bin", (self.capacity, self.data.kept, self.data.kept))
        return self._masks

    def _room(self, name: str, shape: tuple[int, ...]) -> Tensor:
        if self.folder is None or not self.capacity:
            return torch.zeros(shape, dtype=torch.uint8)
        path, size = self.folder / name, int(np.prod(shape))
        try:
            with path.open("ab") as file:
                if file.tell() < size:
                    file.truncate(size)
            return torch.from_numpy(np.memmap(path, np.uint8, "r+", shape=shape))
        except OSError as error:
            raise DDPMError(f"data.cache: {path} needs {size / 1e6:.0f} MB: {error}. Make room there.") from error

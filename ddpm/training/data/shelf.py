"""Pictures kept ready, in memory or in files that are mapped into it, filled one by one and never half.

FOLDER/pixels.bin       (N, C, side, side) uint8, as long as the whole set from the start
FOLDER/masks.bin        (N, side, side) uint8, where the set marks its subjects
FOLDER/pictures.jsonl   a line for each source, written after its pixels: name, stamp, captions or why it was left out
FOLDER/set.json         the settings it was made with
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ddpm.errors import BadRequest, DDPMError
from ddpm.loading.files import sources_hash, write_whole
from ddpm.training.config import Data
from ddpm.training.data.pictures import Pictures, Stamp

_log = logging.getLogger(__name__)
RENDERER = ("training/data/scenes", "prompts")  # of the package: what decides a scene
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

    def cut(self, first: int) -> None:
        """Forget the sources from this one on: it is another by now, or can be read."""
        self._take(self.lines[:first])
        if self.folder is None:
            return
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        try:
            (self.folder / "latents.json").unlink(missing_ok=True)  # they are of the pictures as they were
            write_whole(self.folder / "pictures.jsonl", text.encode())
        except OSError as error:
            raise DDPMError(f"data.cache: {self.folder} could not be written: {error}. Make room there.") from error

    def add(
        self, name: str, pixels: Tensor, captions: list[str] | None = None, mask: Tensor | None = None,
        stamp: Stamp | None = None,
    ) -> None:  # fmt: skip
        """The next source's picture: (C, side, side) uint8, its captions where they are not known otherwise."""
        self.pixels[self.count] = pixels
        if mask is not None:
            self._mask_room()[self.count] = mask
        elif self._masks is not None:  # of a picture that was cut
            self._masks[self.count] = 0
        self._line({"name": name, "stamp": stamp, "captions": captions})
        self.captions.append(captions or [])
        self.count += 1

    def skip(self, name: str, reason: str, stamp: Stamp | None = None) -> None:
        """The next source cannot be used."""
        self._line({"name": name, "stamp": stamp, "skipped": reason})

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
            if self.data.kind == "scenes":
                wanted["renderer"] = sources_hash(RENDERER)
                if made.get("renderer", wanted["renderer"]) != wanted["renderer"]:
                    _log.warning("%s was painted by another version of the renderer; remove it to paint anew.", folder)
            if not settings.exists():  # what is there stays as it is: other processes may be reading it
                write_whole(settings, json.dumps(wanted).encode())
            self._read_lines(folder / "pictures.jsonl")
        except (OSError, ValueError) as error:
            raise BadRequest(f"data.cache: {folder} cannot be used: {error}.", "data.cache") from error
        self._check_length(folder / "pixels.bin", self.data.channels)
        if (folder / "masks.bin").exists():
            self._check_length(folder / "masks.bin", 1)
            self._mask_room()

    def _check_length(self, path: Path, channels: int) -> None:
        """Of a file that was lost or cut short the rest would be black pictures."""
        there = path.stat().st_size // (channels * self.data.kept**2) if path.exists() else 0
        if there < self.count:
            raise BadRequest(
                f"data.cache: {path} holds {there} of {self.count} pictures; remove the folder {self.folder}, it is "
                "made anew.",
                "data.cache",
            )

    def _read_lines(self, path: Path) -> None:
        """Whole lines only: one that a kill cut short is of a source that will come again."""
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            write_whole(path, whole.encode())
        self._take([json.loads(line) for line in whole.split("\n")[:-1]][: self.capacity])

    def _take(self, lines: list[dict[str, Any]]) -> None:
        self.lines = lines
        self.captions = [line.get("captions", []) for line in lines if "skipped" not in line]
        self.count = len(self.captions)

    def _line(self, values: dict[str, Any]) -> None:
        line = {key: value for key, value in values.items() if value is not None}
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
        return mapped(self.folder / name, shape)


def mapped(path: Path, shape: tuple[int, ...], dtype: type[np.generic] = np.uint8) -> Tensor:
    """The file as a tensor. All of its room is taken at once: later a full disk would be a bus error."""
    size, there = int(np.prod(shape)) * np.dtype(dtype).itemsize, path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            if there < size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), there, size - there)
            elif there < size:
                file.truncate(size)
        return torch.from_numpy(np.memmap(path, dtype, "r+", shape=shape))
    except OSError as error:
        if path.exists() and path.stat().st_size > there:
            os.truncate(path, there)  # gives back what there was of it
        raise DDPMError(f"data.cache: {path} needs {size / 1e6:.0f} MB: {error}. Make room there.") from error

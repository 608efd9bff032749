"""The token states of captions, each encoded once and kept in float16, in memory or in a file mapped into it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ddpm.errors import DDPMError
from ddpm.loading.files import write_whole
from ddpm.models.model import Text, TextEncoder

TOGETHER = 256  # captions encoded at once


class Rows(Protocol):
    """Room for token states, one after the other."""

    values: Tensor  # (rows, width) float16

    def append(self, rows: Tensor) -> None: ...


class CaptionStates:
    """caption -> states. Captions differ in length, so all rows lie one after the other."""

    def __init__(self, encoder: TextEncoder, folder: Path | None = None, device: str = "cpu") -> None:
        self.encoder, self.device = encoder, device
        self.number: dict[str, int] = {}
        self.starts: list[int] = [0]
        self._copy: Tensor | None = None
        self.rows: Rows = InMemory(encoder.width, device) if folder is None else OnDisk(encoder.width, folder)
        if isinstance(self.rows, OnDisk):
            for caption, length in self.rows.known():
                self._enter(caption, length)
        self.add([""])

    def add(self, captions: Iterable[str]) -> None:
        """Encode those that are new."""
        new = [caption for caption in dict.fromkeys(captions) if caption not in self.number]
        groups = range(0, len(new), TOGETHER)
        for i in tqdm(groups, desc="reading captions", unit="", mininterval=2, disable=len(new) < 2 * TOGETHER or None):
            group = new[i : i + TOGETHER]
            text = self.encoder.encode(group)
            states = [row[mask].half() for row, mask in zip(text.states, text.mask, strict=True)]
            self.rows.append(torch.cat(states))
            if isinstance(self.rows, OnDisk):
                self.rows.enter([(caption, len(row)) for caption, row in zip(group, states, strict=True)])
            for caption, row in zip(group, states, strict=True):
                self._enter(caption, len(row))

    def batch(self, captions: list[str], length: int | None = None) -> Text:
        """States of captions that were added, (B, T, width) float32, padded to the longest, or to `length`."""
        numbers = [self.number[caption] for caption in captions]
        starts = torch.tensor([self.starts[i] for i in numbers])
        lengths = torch.tensor([self.starts[i + 1] for i in numbers]) - starts
        places = torch.arange(length or int(lengths.max()))
        mask = places < lengths[:, None]
        rows = self._near()
        index, mask = torch.where(mask, starts[:, None] + places, 0).to(rows.device), mask.to(rows.device)
        return Text(rows[index].float() * mask[..., None], mask)

    def _near(self) -> Tensor:
        """All rows; on a GPU a copy there, made anew when there are more."""
        if not self.device.startswith("cuda"):
            return self.rows.values
        if self._copy is None or len(self._copy) < len(self.rows.values):
            self._copy = self.rows.values.to(self.device)
        return self._copy

    def _enter(self, caption: str, length: int) -> None:
        self.number[caption] = len(self.starts) - 1
        self.starts.append(self.starts[-1] + length)


class InMemory:
    """Twice as much room whenever it is full, on the device that trains."""

    def __init__(self, width: int, device: str) -> None:
        self.values = torch.empty((1024, width), dtype=torch.float16, device=device)
        self.used = 0

    def append(self, rows: Tensor) -> None:
        while self.used + len(rows) > len(self.values):
            self.values = torch.cat([self.values, torch.empty_like(self.values)])
        self.values[self.used : self.used + len(rows)] = rows.to(self.values.device)
        self.used += len(rows)


class OnDisk:
    """FOLDER/states.bin and FOLDER/captions.jsonl (caption, rows), the line written after its rows."""

    def __init__(self, width: int, folder: Path) -> None:
        self.width, self.folder, self.list = width, folder, folder / "captions.jsonl"
        self.file = folder / "states.bin"
        folder.mkdir(parents=True, exist_ok=True)
        self.values = torch.empty((0, width), dtype=torch.float16)

    def known(self) -> list[tuple[str, int]]:
        """What is there, whole lines only; the file of states is cut to them.

        Whole files are only read: of several processes that begin together all open the same ones.
        """
        text = self.list.read_text(encoding="utf-8") if self.list.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        entries: list[tuple[str, int]] = [(each[0], each[1]) for each in map(json.loads, whole.split("\n")[:-1])]
        size = sum(length for _, length in entries) * self.width * 2
        there = self.file.stat().st_size if self.file.exists() else 0
        if size > there:
            raise DDPMError(f"{self.file} is shorter than {self.list} says; remove both, they are made anew.")
        if whole != text:
            write_whole(self.list, whole.encode())
        if size < there:
            os.truncate(self.file, size)
        if there:
            self._map()
        return entries

    def append(self, rows: Tensor) -> None:
        try:
            with self.file.open("ab") as file:
                file.write(rows.cpu().contiguous().numpy().tobytes())
        except OSError as error:
            raise DDPMError(f"{self.file} could not be written: {error}. Make room there and start again.") from error
        self._map()

    def enter(self, entries: list[tuple[str, int]]) -> None:
        with self.list.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)

    def _map(self) -> None:
        if size := self.file.stat().st_size:
            shape = (size // 2 // self.width, self.width)
            self.values = torch.from_numpy(np.memmap(self.file, np.float16, "c", shape=shape))

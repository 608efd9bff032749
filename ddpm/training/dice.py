"""Everything random about one training step.

A picture's draws depend on the seed and on its place in the run alone, not on how a batch is cut into processes and
parts: two processes, or two parts, make the step that one would make. So a resumed run is the same run, too. On a GPU
noise is drawn for a part at once: there a run is the same only if it is cut the same way.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


class Dice:
    """Draws of the pictures `rows` (a range within 0..batch) of the step that begins after `seen` pictures.

    Every process makes the same calls in the same order, so each call draws for the whole batch and keeps its rows.
    """

    def __init__(self, seed: int, seen: int, batch: int, rows: range) -> None:
        self.seed, self.seen, self.batch, self.rows = seed, seen, batch, rows
        self._generator = torch.Generator().manual_seed(number("step", seed, seen))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def positions(self) -> range:
        """Of these pictures in the run: 0 is the first one it ever saw."""
        return range(self.seen + self.rows.start, self.seen + self.rows.stop)

    def uniform(self) -> Tensor:
        """(rows,) in [0, 1)."""
        return torch.rand(self.batch, generator=self._generator)[self.rows.start : self.rows.stop]

    def strata(self) -> Tensor:
        """(rows,) in [0, 1), each as likely as any other, but of the batch one in each of `batch` equal shares."""
        order = torch.randperm(self.batch, generator=self._generator)
        within = torch.rand(self.batch, generator=self._generator)
        return ((order + within) / self.batch)[self.rows.start : self.rows.stop]

    def normal(self) -> Tensor:
        """(rows,) standard normal."""
        return torch.randn(self.batch, generator=self._generator)[self.rows.start : self.rows.stop]

    def noise(self, shape: tuple[int, ...], device: torch.device | str = "cpu", stream: str = "eps") -> Tensor:
        """(rows, *shape) standard normal, from a generator a picture; on a GPU, where that would cost, one for all."""
        if torch.device(device).type == "cpu":
            seeds = [number(stream, self.seed, position) for position in self.positions]
            drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
            return torch.stack(drawn)
        generator = torch.Generator(device).manual_seed(number(stream, self.seed, self.positions.start))
        return torch.randn((len(self), *shape), generator=generator, device=device)


def number(stream: str, *values: int) -> int:
    """A seed of 32 bits (torch's CPU generator reads no more) in which every value has its part."""
    return int.from_bytes(hashlib.blake2b(f"{stream}:{values}".encode(), digest_size=4).digest(), "little")

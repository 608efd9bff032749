"""Plain torch. Where the device multiplies 16-bit numbers natively, matrices are stored so and calls use autocast.

Where it does not they are emulated and slower than float32, so then everything stays float32.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

MATRICES = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)  # what autocast would cast on every call; norms stay float32


@functools.cache
def has_bfloat16(device: str = "cpu") -> bool:
    """Whether the device multiplies bfloat16 natively."""
    kind = torch.device(device).type
    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:  # not Linux: float32 is the safe answer
        return False
    return "avx512_bf16" in words or "amx_bf16" in words


def fastest(device: str = "cpu") -> torch.dtype:
    """What the device multiplies fastest: GPUs older than bfloat16 have float16."""
    if has_bfloat16(device):
        return torch.bfloat16
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32


@dataclass(frozen=True, slots=True)
class Running:
    """A network's call as it is carried out, and by what."""

    name: str
    call: Callable[..., Tensor]
    preparing: bool = False
    prepared: bool = False

    def __call__(self, x_t: Tensor, *args: Any) -> Tensor:
        return self.call(x_t, *args)

    def news(self) -> Iterator[str]:
        """Nothing ever changes here."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Eager:
    """torch as it comes, on one device."""

    device: str = "cpu"
    dtype: torch.dtype = torch.float32

    @property
    def name(self) -> str:
        return f"torch {self.device} {str(self.dtype).removeprefix('torch.')}"

    def compile(
        self, module: nn.Module, call: Callable[..., Tensor], example: Callable[[], object] | None = None
    ) -> Running:
        """Store the module's matrices as they are used, and wrap `call(x_t, ...)`: x_t (B, C, H, W) -> float32."""
        module.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if self.dtype == torch.float32:
            return Running(self.name, call)
        for part in module.modules():
            if isinstance(part, MATRICES):
                part.to(self.dtype)
        kind = torch.device(self.device).type

        def run(x_t: Tensor, *args: Any) -> Tensor:
            with torch.autocast(kind, self.dtype):
                return call(x_t.contiguous(memory_format=torch.channels_last), *args).float()

        return Running(self.name, run)

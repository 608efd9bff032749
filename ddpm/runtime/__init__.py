"""How a network's calls are carried out. Schedules, guidance and samplers run as float32 torch outside a runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from torch import Tensor, nn

from ddpm.runtime.eager import Eager, has_bfloat16

Precision = Literal["auto", "float32"]


class Runtime(Protocol):
    """One way to run a network on one device."""

    @property
    def name(self) -> str:
        """As recipes and /health say it."""

    def compile(self, module: nn.Module, call: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """`call`, which calls `module`, as it runs here: same arguments, float32 out. May re-store the module."""


def pick(device: str = "cpu", precision: Precision = "auto") -> Runtime:
    """The fastest runtime whose pictures stay within 1.5 grey levels of float32 on this device."""
    return Eager(device, bfloat16=precision == "auto" and has_bfloat16(device))


__all__ = ["Eager", "Precision", "Runtime", "has_bfloat16", "pick"]

"""How a network's calls are carried out. Schedules, guidance and samplers run as float32 torch outside a runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from ddpm.errors import BadRequest, Missing
from ddpm.runtime.cores import cores, threads_kept
from ddpm.runtime.eager import Eager, fastest, has_bfloat16

Precision = Literal["auto", "float32"]
Choice = Literal["auto", "torch", "openvino", "compile"]  # what app.py's --engine takes


class Network(Protocol):
    """A network as it runs."""

    @property
    def name(self) -> str:
        """By what, as recipes and /health say it."""

    def __call__(self, x_t: Tensor, *args: Any) -> Tensor:
        """x_t: (B, C, H, W) float32, and what else its call takes -> float32 of x_t's shape."""

    @property
    def preparing(self) -> bool:
        """Whether `news` may still change how it runs."""

    @property
    def prepared(self) -> bool:
        """Whether `news` would do so now; any thread may ask."""

    def news(self) -> Iterator[str]:
        """To be asked before each request, never within one: sentences for the user; `name` may change here alone."""


class Runtime(Protocol):
    """One way to run a network on one device."""

    @property
    def name(self) -> str:
        """As recipes and /health say it."""

    def compile(
        self, module: nn.Module, call: Callable[..., Tensor], example: Callable[[], object] | None = None
    ) -> Network:
        """`call`, which calls `module`, as it runs here. May re-store the module.

        `example()` makes one call as they will come, for engines that prepare; without one they do not.
        """


def resolved(device: str) -> str:
    """The device itself; for "auto" a GPU that torch can use, else the processor ("mps" has to be asked for).

    BadRequest for a name that torch does not know, and for a device that is not here.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind, index = (meant := torch.device(device)).type, meant.index or 0
    except RuntimeError:
        raise BadRequest(f"device is {device!r}, but must be auto, cpu, cuda, cuda:1 or mps.", "device") from None
    there = {"cuda": index < torch.cuda.device_count(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind, True):
        raise BadRequest(f"device is {device!r}, which torch does not find here; auto takes what there is.", "device")
    return device


def pick(device: str = "cpu", precision: Precision = "auto", choice: Choice = "auto") -> Runtime:
    """The fastest runtime whose pictures stay within 1.5 grey levels of float32 on this device.

    What a single network does is decided where it is compiled, by measuring it once. Missing if OpenVINO was asked for
    by name and is not installed.
    """
    exact = precision == "float32"
    eager = Eager(device, torch.float32 if exact else fastest(device))
    if choice == "compile":
        from ddpm.runtime.compiled import Compiled

        return Compiled(eager)
    if choice == "torch" or exact or device != "cpu":
        return eager
    from ddpm.runtime.openvino import OpenVINO, installed

    if installed():
        return OpenVINO(has_bfloat16(device), cores(), wait=choice == "openvino")
    if choice == "openvino":
        raise Missing("The engine openvino needs its package: pip install openvino")
    return eager


__all__ = [
    "Choice", "Eager", "Network", "Precision", "Runtime",
    "cores", "fastest", "has_bfloat16", "pick", "resolved", "threads_kept",
]  # fmt: skip

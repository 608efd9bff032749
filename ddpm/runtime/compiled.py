"""torch.compile, for GPUs and by name only: a network's first call takes minutes, which many pictures pay back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.runtime.eager import Eager, Running

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compiled:
    """The eager runtime with its networks compiled."""

    eager: Eager

    @property
    def name(self) -> str:
        return f"{self.eager.name} compiled"

    def compile(
        self, module: nn.Module, call: Callable[..., Tensor], example: Callable[[], object] | None = None
    ) -> Tried:
        """As Runtime.compile. The module's own calls go to what torch's compiler makes of it, as long as it can."""
        return Tried(self, module, self.eager.compile(module, call, example))


class Tried:
    """A network that is compiled when it is first called, and stays as it was where that fails."""

    preparing = prepared = False  # nothing happens between requests

    def __init__(self, runtime: Compiled, module: nn.Module, run: Running) -> None:
        self.name, self._run, self._module = runtime.name, run, module
        self._failed = ""
        eager, compiled = module.forward, torch.compile(module.forward, dynamic=False)

        def forward(*args: Any, **kwargs: Any) -> Any:
            if any(isinstance(value, Tensor) and value.is_meta for value in args):  # which counts memory
                return eager(*args, **kwargs)
            try:
                return compiled(*args, **kwargs)
            except torch.cuda.OutOfMemoryError:
                raise
            except Exception as reason:  # a compiler may fail in any way
                made = eager(*args, **kwargs)  # what is wrong with the call itself fails here as well
                self._give_up(reason)
                return made

        module.forward = forward
        self._eager = eager

    def __call__(self, x_t: Tensor, *args: Any) -> Tensor:
        return self._run(x_t, *args)

    def news(self) -> Iterator[str]:
        """That it could not be compiled, at the next request."""
        if self._failed:
            self.name = self._run.name
            yield f"The network could not be compiled and runs as it is: {self._failed}."
            self._failed = ""

    def _give_up(self, reason: Exception) -> None:
        _log.warning("torch.compile failed", exc_info=reason)
        self._failed = (str(reason).strip().splitlines() or [type(reason).__name__])[0][:200].rstrip(".")
        self._module.forward = self._eager

"""The models in memory: loaded when first asked for; when they are too many the least recently used go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm.errors import TooMuch

if TYPE_CHECKING:
    from ddpm.loading.catalogue import Catalogue
    from ddpm.models.model import Model
    from ddpm.runtime import Precision


class LoadedModels:
    """A catalogue's models, ready to run on one device, within a budget of bytes. Any thread may ask."""

    def __init__(self, catalogue: Catalogue, device: str, budget: int, precision: Precision) -> None:
        self.catalogue, self.device, self.budget, self.precision = catalogue, device, budget, precision
        self._models: OrderedDict[str, tuple[float, Model]] = OrderedDict()  # with their files' time; last used last
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        return list(self._models)

    def has(self, name: str) -> bool:
        """Whether `get` answers at once: a model whose files changed is loaded anew. UnknownModel if there is none."""
        changed, entry = changed_at(self.catalogue.find(name)), self._models.get(name)
        return entry is not None and entry[0] == changed

    def get(self, name: str) -> Model:
        """The model; CannotLoad, UnknownModel and TooMuch say why not."""
        with self._lock:
            if not self.has(name):
                self._models.pop(name, None)
                self._models[name] = changed_at(self.catalogue.find(name)), self._load(name)
            self._models.move_to_end(name)
            while len(self._models) > 1 and self.nbytes > self.budget:
                self._models.popitem(last=False)
            return self._models[name][1]

    @property
    def nbytes(self) -> int:
        return sum(model.nbytes for _, model in self._models.values())

    def _load(self, name: str) -> Model:
        from ddpm.runtime import pick

        model = self.catalogue.load(name, self.device)
        if model.nbytes > self.budget:
            needs, has = model.nbytes / 2**30, self.budget / 2**30
            raise TooMuch(f"{name} needs {needs:.2g} GB of memory; this engine may use {has:.2g} GB for its models.")
        runtime = pick(self.device, self.precision)
        return replace(model, network=runtime.compile(model.module, model.network))


def changed_at(folder: Path) -> float:
    """When the newest file of a model's folder was written."""
    return max((path.stat().st_mtime for path in (folder, *folder.rglob("*"))), default=0.0)

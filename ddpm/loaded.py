"""The models in memory: loaded when first asked for; when they are too many the least recently used go first."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ddpm.loading.catalogue import Catalogue, Stamp
    from ddpm.memory import Estimates
    from ddpm.models.card import ModelCard
    from ddpm.models.model import Model
    from ddpm.request import Request
    from ddpm.runtime import Choice, Network, Precision, Runtime


class LoadedModels:
    """A catalogue's models, ready to run on one device. Any thread may ask.

    Several share a budget of bytes; what one alone may take is decided by the memory that is free.
    """

    def __init__(
        self, catalogue: Catalogue, device: str, budget: int, precision: Precision, choice: Choice = "auto"
    ) -> None:
        self.catalogue, self.device, self.budget = catalogue, device, budget
        self.precision, self.choice = precision, choice
        self._models: OrderedDict[str, Loaded] = OrderedDict()  # last used last
        self._lock = threading.Lock()
        self._runtime: Runtime | None = None
        self._estimates: Estimates | None = None

    def names(self) -> list[str]:
        return list(self._models)

    def engines(self) -> dict[str, str]:
        """What runs each loaded model; plain data, no torch."""
        return {name: loaded.networks[0].name for name, loaded in list(self._models.items())}

    def has(self, name: str) -> bool:
        """Whether `get` answers at once: changed files or settings are loaded anew. UnknownModel if there is none."""
        version, loaded = self.catalogue.version(name), self._models.get(name)
        return loaded is not None and loaded.version == version

    def get(self, name: str) -> Model:
        """The model; CannotLoad, UnknownModel and TooMuch say why not."""
        with self._lock:
            if not self.has(name):
                self._models.pop(name, None)
                size = next((card.bytes for card in self.catalogue.cards() if card.name == name), 0)
                self._let_go(0, size)  # before it comes, so that large ones need not fit beside each other
                self._models[name] = self._load(name, size)
            self._models.move_to_end(name)
            self._let_go(1)
            return self._models[name].model

    def drop(self, name: str) -> bool:
        """Take a model out of memory; whether it was there. A request that is using it keeps it until it is done."""
        with self._lock:
            there = self._models.pop(name, None) is not None
            gc.collect()  # as in `_let_go`
            return there

    def news(self, name: str) -> Iterator[str]:
        """To be read before a request: what its networks' engine has to say. The engine may change here alone."""
        said = set[str]()
        if loaded := self._models.get(name):  # another thread may have dropped it meanwhile
            for sentence in chain.from_iterable(network.news() for network in loaded.networks):
                if sentence not in said:  # two networks may have the same to say
                    said.add(sentence)
                    yield sentence

    def preparing(self, name: str) -> bool:
        """Whether a loaded model's networks may still come to run otherwise; without torch, as the next two."""
        return (loaded := self._models.get(name)) is not None and any(one.preparing for one in loaded.networks)

    def prepared(self, name: str) -> bool:
        """Whether its next request would find it changed."""
        return (loaded := self._models.get(name)) is not None and any(one.prepared for one in loaded.networks)

    def room(self, card: ModelCard, times: int) -> bool:
        """Whether a model that nobody asked for may be loaded: no other must go for it, and memory is plentiful."""
        if self._runtime is None:  # nothing could be loaded yet, so it is not known where
            return False
        from ddpm.memory import free_memory

        free = free_memory(self.device)
        return self.nbytes + 2 * card.bytes <= self.budget and (free is None or times * card.bytes <= free)

    def check(self, request: Request, model: Model) -> None:
        """Raise TooMuch where a request, its defaults filled in, would not fit in the memory that is free now."""
        from ddpm.memory import Estimates, free_memory

        if self._estimates is None:
            self._estimates = Estimates()
        self._estimates.check(request, model, free_memory(self.device))

    def check_enlarging(self, size: tuple[int, int], scale: int, upscaler: str) -> None:
        """Raise TooMuch where a picture of that size cannot be made so much larger in the memory that is free now."""
        from ddpm.memory import check_enlarging, free_memory
        from ddpm.runtime import resolved

        check_enlarging(size, scale, upscaler, free_memory(resolved(self.device)))

    @property
    def nbytes(self) -> int:
        return sum(loaded.model.nbytes for loaded in self._models.values())

    def _let_go(self, keep: int, more: int = 0) -> None:
        """Drop models until they and `more` bytes are within the budget, or only `keep` are left."""
        while len(self._models) > keep and self.nbytes + more > self.budget:
            self._models.popitem(last=False)
            gc.collect()  # a network and the graph that runs it refer to each other

    def _load(self, name: str, size: int) -> Loaded:
        """The model, its files being of so many bytes; TooMuch, before they are read, where they do not fit."""
        import torch

        from ddpm.runtime import cores, pick, resolved

        if self._runtime is None:
            self.device = resolved(self.device)
            self._runtime = pick(self.device, self.precision, self.choice)
            if torch.get_num_threads() > cores():  # torch counts hyper-threads, and cores that a container may not use
                torch.set_num_threads(cores())
        from ddpm.memory import check_weights, free_memory

        check_weights(name, size, free_memory(self.device))
        version, model = self.catalogue.version(name), self.catalogue.load(name, self.device)
        told = model.card.inpaints or model.card.embeds_guidance  # called with more than samplers' tensors: torch
        network = self._runtime.compile(model.module, model.network, None if told else example_of(model))
        running = replace(model, network=network)
        if model.finish is None:
            return Loaded(version, running, (network,))
        example = example_of(replace(model, network=model.finish.network))
        finish = self._runtime.compile(model.finish.module, model.finish.network, example)
        running = replace(running, finish=model.finish._replace(network=finish))
        return Loaded(version, running, (network, finish))


class Loaded(NamedTuple):
    """A model in memory."""

    version: Stamp  # of its files and settings
    model: Model
    networks: tuple[Network, ...]  # the model's own one or two, as they run


def example_of(model: Model) -> Callable[[], object]:
    """One call of the model's network as samplers make it: one picture of its own size, a prompt of full length."""
    import torch
    from torch.nn import functional as F

    def example() -> object:
        shape = model.latent_shape(model.card.size, model.card.size)
        x_t = torch.randn((1, *shape), generator=torch.Generator().manual_seed(0)).to(model.device)
        t = model.levels(2, model.card.defaults.sampler)[1].t  # half way
        if model.text is None:
            return model.network(x_t, t, None)
        text = model.text.encode(["a red house by a lake at dawn"])
        missing = max(0, model.text.max_tokens - text.states.shape[1])
        padded = text._replace(states=F.pad(text.states, (0, 0, 0, missing)), mask=F.pad(text.mask, (0, missing)))
        return model.network(x_t, t, padded)

    return example

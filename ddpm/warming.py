"""Models made ready while nobody waits: the first one, again when its network has been converted, then the selfie's.

A rehearsal is a request of one step, from prompt to picture, so everything that a visitor's first one needs is there:
both sizes of batch that guidance makes of it are compiled. It gives way to any request, within a call of the network.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ddpm.errors import DDPMError
from ddpm.request import Request

if TYPE_CHECKING:
    from ddpm.engine import Engine
    from ddpm.models.card import ModelCard

WORDS = "a red dragon over a castle at night"
LOOK = 0.25  # seconds between two looks at whether the line is empty or a conversion has ended
PAGE_FIRST = 1.0  # seconds that the page is waited for: loading torch would compete with it
ROOM = 4  # times a model's bytes on disk must be free for it to be loaded unasked


def rehearsals(card: ModelCard) -> Iterator[Request]:
    """Requests that call a model's network in every way that its default one does: guided, and then not."""
    if card.kind == "text":
        yield Request(model=card.name, prompt=WORDS, steps=1, seed=0)
        yield Request(model=card.name, prompt=WORDS, steps=1, seed=0, guidance_scale=1)
    else:
        yield Request(model=card.name, steps=1, seed=0)


class Warming:
    """The thread that watches over an engine's line. `first` is the model to begin with."""

    def __init__(self, engine: Engine, first: str) -> None:
        self.engine, self.first = engine, first

    def start(self, seen: threading.Event) -> threading.Thread:
        """Begin once the page was `seen`, or was given the time for it."""
        thread = threading.Thread(target=self.run, args=(seen,), name="warming", daemon=True)
        thread.start()
        return thread

    def run(self, seen: threading.Event) -> None:
        seen.wait(PAGE_FIRST)
        try:
            self._make_ready(self.first)
            if (other := self._selfies()) is not None and self.engine.models.room(other, ROOM):
                self._make_ready(other.name)
        except DDPMError:  # it cannot be loaded, or the engine was closed: who asks for it is told
            return

    def _make_ready(self, name: str) -> None:
        """Rehearse until it was not interrupted; once more when its network has come to run otherwise."""
        self._rehearsed(name)
        models = self.engine.models
        while models.preparing(name) and not self.engine.line.closed:
            if models.prepared(name):
                self._rehearsed(name)
            time.sleep(LOOK)
        if models.has(name) and name not in self.engine.warmed():
            self._rehearsed(name)  # somebody's request has found the converted network before us

    def _rehearsed(self, name: str) -> None:
        state = "stopped"
        while state == "stopped" and not self.engine.line.closed:
            while not (self.engine.line.idle or self.engine.line.closed):
                time.sleep(LOOK)
            job = self.engine.warm(name, gives_way=True)
            job.done.wait()
            state = job.state

    def _selfies(self) -> ModelCard | None:
        """The model that selfies ask for, where it is another.

        OpenVINO asked for by name has requests wait for conversions: then nothing is loaded unasked.
        """
        if self.engine.models.choice == "openvino":
            return None
        cards = [card for card in self.engine.cards() if card.usable and card.kind == "unconditional"]
        return next((card for card in cards[:1] if card.name != self.first), None)

"""From a request to events. The engine holds the loaded models and the line; every tab, endpoint and script asks it.

Importing this module imports no torch: the page answers first, and the line's thread loads torch behind it.
"""

from __future__ import annotations

import importlib.util
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from ddpm.errors import DDPMError, Missing, UnknownModel
from ddpm.events import Begun, Event, Notice, Preview, Result
from ddpm.jobs import Job, Line
from ddpm.loaded import LoadedModels
from ddpm.warming import Warming, rehearsals

if TYPE_CHECKING:
    from ddpm.models.card import ModelCard
    from ddpm.painting import Painting
    from ddpm.plan import Work
    from ddpm.request import Request
    from ddpm.runtime import Choice, Network, Precision

ROOT = Path(__file__).resolve().parent.parent
CURATED = ROOT / "configs" / "models.yaml"
SEEDS = 2**32  # a drawn seed is below this, so that every tool can read it
SKETCH = {"sampler": "dpmpp_2m", "steps": 6}  # of a sketch while one types: one call a step, and good with few
SHORTEST_FILM = 2.0  # seconds: 20 steps at 60 a second would be gone before they are seen

Stop = Callable[[], bool]
Tell = Callable[[Preview], None]


def _said_once(events: Iterator[Event]) -> Iterator[Event]:
    """The events, where what is to be said of every picture is said with the first."""
    said = set[str]()
    for event in events:
        if isinstance(event, Notice):
            if event.text in said:
                continue
            said.add(event.text)
        yield event


def _nobody(event: Preview) -> None:
    """Where nobody wants to hear of tiles."""


class Engine:
    """Loaded models (least recently used go first when the budget is full) and one line with one torch thread.

    Its methods may be called from any thread; `events` alone works in the thread that calls it.
    """

    def __init__(
        self,
        weights: Path | str = ROOT / "weights",
        device: str = "cpu",
        memory_budget: int = 6 * 2**30,
        *,
        precision: Precision = "auto",
        choice: Choice = "auto",
        max_waiting: int = 32,
        settings: Mapping[str, Path] | None = None,
    ) -> None:
        """`device` is torch's name of one, or "auto"; `choice` is what runs the networks: Missing if not there.

        `settings`: YAML files that count as NAME.yaml beside the weights files of these names.
        """
        from ddpm.loading.catalogue import Catalogue

        if choice == "openvino" and importlib.util.find_spec("openvino") is None:
            raise Missing("The engine openvino needs its package: pip install openvino")
        self.weights, self.precision = Path(weights), precision
        self.line = Line(max_waiting)
        self.catalogue = Catalogue(self.weights, CURATED if CURATED.exists() else None, settings or {})
        self.models = LoadedModels(self.catalogue, device, memory_budget, precision, choice)
        self._warm_by: dict[str, str] = {}  # models that were rehearsed, and what ran them then

    @property
    def device(self) -> str:
        """Where networks run; "auto" until the first model is loaded, which decides."""
        return self.models.device

    def cards(self) -> list[ModelCard]:
        """What can be asked for, without loading any of it."""
        return self.catalogue.cards()

    def run(self, request: Request, session: str = "") -> Iterator[Event]:
        """Do the request in the line and follow it; raises what went wrong. Whoever stops iterating stops the job."""
        yield from self.submit(request, session).follow()

    def submit(self, request: Request, session: str = "") -> Job:
        """Put the request in the line; raises LineFull. What is done unasked gives way to it."""
        return self.line.submit(lambda job: self.events(request, job.stopping, job.watched, job.tell), session)

    def upscale(
        self, image: Image.Image, scale: int, upscaler: str | None = None, session: str = ""
    ) -> Iterator[Event]:
        """Enlarge a picture in the line and follow it."""
        yield from self.submit_upscale(image, scale, upscaler, session).follow()

    def submit_upscale(self, image: Image.Image, scale: int, upscaler: str | None = None, session: str = "") -> Job:
        """Put the enlarging of a picture in the line, unless its values are refused; its one Result is the picture."""
        from ddpm.upscaling import checked

        times, name = checked(scale, upscaler)
        return self.line.submit(
            lambda job: self.upscale_events(image, times, name, job.stopping, job.tell), session, "upscale"
        )

    def unload(self, name: str) -> bool:
        """Take a model out of memory; whether it was there."""
        self._warm_by.pop(name, None)
        return self.models.drop(name)

    def warm(self, name: str | None = None, session: str = "", gives_way: bool = False) -> Job:
        """Load a model (the first text model unless named) in the line and rehearse it, so that later nobody waits."""
        name = name or self._default("text")
        return self.line.submit(lambda job: self._warm(name, job.stopping), session, f"warm {name}", gives_way)

    def keep_warm(self, first: str | None, seen: threading.Event) -> threading.Thread:
        """Make models ready while nobody waits, beginning when the page was `seen`. `first`: as of `warm`."""
        return Warming(self, first or self._default("text")).start(seen)

    def warmed(self) -> list[str]:
        """Models whose next request finds everything compiled."""
        return [name for name, engine in self.models.engines().items() if self._warm_by.get(name) == engine]

    def health(self) -> dict[str, Any]:
        """What GET /health says; plain data."""
        from ddpm import __version__

        return {
            "status": "ok",
            "version": __version__,
            "device": self.device,
            "engine": next(reversed(self.models.engines().values()), self.models.choice),  # of the newest model
            "engines": self.models.engines(),
            "loaded": self.models.names(),
            "warm": self.warmed(),
            "running": self.line.running,
            "queue": self.line.waiting,
        }

    def close(self) -> bool:
        """Stop every job and end the torch thread. False: a call of its network is still going on."""
        return self.line.close()

    def events(self, request: Request, stop: Stop, watch: Callable[[], bool], tell: Tell = _nobody) -> Iterator[Event]:
        """Do the request here and now, in this thread; raises what went wrong.

        `stop` is read between model calls and while a picture is enlarged, `watch` before pictures are put into
        previews. `tell` hears of tiles, which finish inside one long call.
        """
        from ddpm.plan import prepare, resolve
        from ddpm.sources import with_nearest

        name = self.meant(request)
        if not self.models.has(name):  # which refuses unknown names; what the card alone rules out is refused here
            for card in self.cards():
                if card.name == name and card.usable:
                    resolve(request, card)
            yield Notice(f"Loading {name}...")
        model = self.models.get(name)
        yield from map(Notice, self.models.news(name))
        self.models.check(resolve(request, model.card), model)
        if request.seed < 0:  # now: what its choices make of the prompt is what there is to say about it
            request = request.model_copy(update={"seed": secrets.randbelow(SEEDS)})
        work = prepare(request, model)
        yield from work.events
        if work.start.unchanged is not None:
            made = self._unchanged(work, stop, tell)
        else:
            made = self._paint(work, stop, watch, tell)
            if work.start.face is not None:
                made = with_nearest(made, work.start.face)
        yield from _said_once(made)

    def upscale_events(
        self, image: Image.Image, scale: int, upscaler: str | None, stop: Stop, tell: Tell = _nobody
    ) -> Iterator[Event]:
        """Enlarge a picture here and now. A stopped one has no result: half a picture is of no use."""
        from ddpm.upscaling import DEFAULT, UPSCALERS

        upscaler = upscaler or DEFAULT
        if upscaler in UPSCALERS:  # another is refused below
            self.models.check_enlarging(image.size, scale, upscaler)
        larger = self._enlarged(image, scale, upscaler, 0, stop, tell)
        if larger is not None:
            yield Result(0, larger, -1, {"recipe": 1, "upscale": scale, "upscaler": upscaler})

    def _paint(self, work: Work, stop: Stop, watch: Callable[[], bool], tell: Tell) -> Iterator[Event]:
        """All pictures of a request, each as soon as it is there."""
        from ddpm.film import film_notice, make_film
        from ddpm.memory import together
        from ddpm.painting import Painting, TimeLeft

        request, film, most = work.request, work.request.film, together(work.request, work.model)
        pace = TimeLeft(-(-request.count // most) * work.steps)
        for first in range(0, request.count, most):
            seeds = [request.seed + index for index in range(first, min(first + most, request.count))]
            frames: list[Image.Image] | None = [] if film and first == 0 else None
            painting = Painting(work.plan(seeds), work.model.codec, first, pace, stop, watch, frames)
            if first == 0 and work.start.face is not None:
                yield Begun(painting.beginning())
            yield from painting
            if painting.x0 is None:  # stopped before the first call
                return
            yield from self._results(work, painting, seeds, stop, tell)
            if film and frames:
                if notice := film_notice(film.fps, film.format, len(frames)):
                    yield Notice(notice)
                yield make_film(frames, film.fps, film.format, SHORTEST_FILM)
            if painting.partial:
                return

    def _results(self, work: Work, painting: Painting, seeds: list[int], stop: Stop, tell: Tell) -> Iterator[Event]:
        from ddpm.plan import decoded

        assert painting.x0 is not None
        for offset, seed in enumerate(seeds):
            image = work.start.finish(decoded(work.model, painting.x0[offset : offset + 1]))
            yield from self._result(work, painting.index + offset, seed, image, painting.partial, stop, tell)

    def _unchanged(self, work: Work, stop: Stop, tell: Tell) -> Iterator[Event]:
        """Strength 0: the input, bit for bit, as often as it was asked for."""
        assert work.start.unchanged is not None
        if work.request.film:
            yield Notice("There is no film: at strength 0 nothing is denoised.")
        for index in range(work.request.count):
            yield from self._result(work, index, work.request.seed + index, work.start.unchanged, False, stop, tell)

    def _result(
        self, work: Work, index: int, seed: int, image: Image.Image, partial: bool, stop: Stop, tell: Tell
    ) -> Iterator[Event]:
        """Enlarge if that was asked for, and write the recipe. Where that is stopped or fails, the small one stays."""
        from ddpm.recipe import recipe

        request = work.request
        if request.upscale > 1 and not partial:
            try:
                larger = self._enlarged(image, request.upscale, request.upscaler, index, stop, tell)
                image, partial = (image, True) if larger is None else (larger, False)
            except DDPMError as error:
                yield Notice(f"Not enlarged: {error}")
                request = request.model_copy(update={"upscale": 1})
        card, engine = work.model.card, cast("Network", work.model.network).name
        yield Result(index, image, seed, recipe(request, card.name, card.weights_hash, seed, engine=engine), partial)

    def _enlarged(
        self, image: Image.Image, scale: int, upscaler: str | None, index: int, stop: Stop, tell: Tell
    ) -> Image.Image | None:
        from ddpm.runtime import resolved
        from ddpm.upscaling import DEFAULT, upscale

        began = time.monotonic()

        def progress(done: int, tiles: int) -> None:
            tell(Preview(index, done, tiles, (time.monotonic() - began) / done * (tiles - done)))

        return upscale(image, scale, upscaler or DEFAULT, weights=self.weights, device=resolved(self.device),
                       exact=self.precision == "float32", stop=stop, progress=progress)  # fmt: skip

    def meant(self, request: Request) -> str:
        """The model asked for, or the first of the menu that suits the source."""
        if request.model is not None:
            return request.model
        return self._default("unconditional" if request.source.mode == "selfie" else "text")

    def _default(self, kind: str) -> str:
        cards = [card for card in self.cards() if card.usable]
        if not cards:
            raise UnknownModel(f"There is no model in {self.weights.name}: put a model folder there.")
        return next((card.name for card in cards if card.kind == kind), cards[0].name)

    def _warm(self, name: str, stop: Stop) -> Iterator[Event]:
        """A model's rehearsals; its pictures are nobody's, its notices are told."""
        yield Notice(f"Loading {name}...")
        card = self.models.get(name).card
        yield from map(Notice, self.models.news(name))
        for request in rehearsals(card):
            if stop():
                return
            for event in self.events(request, stop, lambda: True):
                if isinstance(event, Notice):
                    yield event
        if not stop():
            self._warm_by[name] = self.models.engines().get(name, "")

"""From a request to events. The engine holds the loaded models and the line; every tab, endpoint, command and script asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ddpm.events import Event
from ddpm.jobs import Job, Line

if TYPE_CHECKING:
    from ddpm.models.model import ModelCard
    from ddpm.request import Request

ROOT = Path(__file__).resolve().parent.parent


class Engine:
    """Loaded models (least recently used go first when the budget is full) and one line with one torch thread.

    Its methods may be called from any thread; `events` alone works in the thread that calls it.
    """

    def __init__(
        self, weights: Path | str = ROOT / "weights", device: str = "cpu", memory_budget: int = 6 * 2**30, max_waiting: int = 32
    ) -> None:
        self.weights, self.device, self.memory_budget = Path(weights), device, memory_budget
        self.line = Line(max_waiting)

    def cards(self) -> list[ModelCard]:
        """What can be asked for, without loading any of it."""
        raise NotImplementedError

    def events(self, request: Request, stop: Callable[[], bool], watch: Callable[[], bool]) -> Iterator[Event]:
        """Do the request here and now, in this thread. `stop` is read between model calls, `watch` before previews."""
        raise NotImplementedError

    def run(self, request: Request, session: str = "") -> Iterator[Event]:
        """Do the request in the line and follow it; raises what went wrong. Whoever stops iterating stops the job."""
        yield from self.submit(request, session).follow()

    def submit(self, request: Request, session: str = "") -> Job:
        """Put the request in the line; raises LineFull."""
        return self.line.submit(lambda job: self.events(request, job.stopping, job.watched), session)

    def upscale_events(
        self, image: Image.Image, scale: int, upscaler: str | None, stop: Callable[[], bool]
    ) -> Iterator[Event]:
        """Enlarge a picture here and now; Previews count tiles, the Result's seed is -1."""
        raise NotImplementedError

    def upscale(self, image: Image.Image, scale: int, upscaler: str | None = None, session: str = "") -> Iterator[Event]:
        yield from self.submit_upscale(image, scale, upscaler, session).follow()

    def submit_upscale(self, image: Image.Image, scale: int, upscaler: str | None = None, session: str = "") -> Job:
        """Put the enlarging of a picture in the line; its one Result is the enlarged picture."""
        return self.line.submit(lambda job: self.upscale_events(image, scale, upscaler, job.stopping), session)

    def warm(self, name: str | None = None, session: str = "") -> Job:
        """Load a model (the first of the menu unless named) in the line, so that the first request need not wait for it."""
        raise NotImplementedError

    def health(self) -> dict[str, Any]:
        """status, version, device, engine, loaded (names), queue (waiting jobs): plain data for GET /health."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop every job and end the torch thread."""
        self.line.close()

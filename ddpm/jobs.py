"""The line and the one torch thread. A `Job` is a request on its way: who waits polls it, nobody is called back.

All torch work of a process runs in the line's worker thread, because OpenMP keeps a team of threads for every thread
that calls it, and because a waiting job must be able to leave. What a job does is an iterator of events; this module
knows no models.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Literal

from ddpm.errors import DDPMError, LineFull
from ddpm.events import Event, Failed, Film, Preview, Result

State = Literal["waiting", "running", "finished", "stopped", "failed"]
LOOK = 2.0  # seconds that a look at a job counts; pages look four times a second
KEEP = 600.0  # seconds that a job which is over can still be found, so that a reloaded page finds its pictures
KEPT = 64  # such jobs at most
KEPT_BYTES = 256 << 20  # and no more pictures of theirs than this

_log = logging.getLogger(__name__)


class Job:
    """One request on its way through the line. Any thread may read it; only the worker writes it."""

    def __init__(
        self, line: Line, work: Callable[[Job], Iterator[Event]], session: str, what: str = "", gives_way: bool = False
    ) -> None:
        self.id = secrets.token_urlsafe(12)
        self.sessions, self.what = {session}, what  # a browser tab that was duplicated adds its own
        self.gives_way = gives_way  # it is stopped as soon as another job comes
        self.state: State = "waiting"
        self.events: list[Event] = []  # so far, without Previews
        self.error: str | None = None
        self.exception: BaseException | None = None  # what `error` was, for who wants to raise it again
        self.done = threading.Event()
        self.asked_at = time.monotonic()
        self.over_at: float | None = None
        self.followers = 0  # pages and scripts that wait for it; counted by them
        self.context = contextvars.copy_context()  # of the caller: ZeroGPU reads the visitor's token from it
        self._line = line
        self._work: Callable[[Job], Iterator[Event]] | None = work
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._frame: tuple[int, Preview | None] = (0, None)  # one assignment, so number and picture belong together
        self.looked_at = time.monotonic()  # who shows previews says so here; without it they carry numbers only

    @property
    def newest(self) -> Preview | None:
        """The newest preview: how far it is and, while somebody looks, the picture."""
        return self._frame[1]

    @property
    def frame_number(self) -> int:
        """Counts previews, so that who polls knows whether `newest` changed."""
        return self._frame[0]

    @property
    def over(self) -> bool:
        return self.done.is_set()

    @property
    def place(self) -> int:
        """Place in line from 1; 0 when it runs or is over."""
        return self._line.place(self)

    def stop(self) -> None:
        """Ask it to end: a waiting job leaves at once, a running one within one model call; what is there stays."""
        self._stop.set()
        self._line.leave(self)

    def stopping(self) -> bool:
        return self._stop.is_set()

    def watched(self) -> bool:
        return time.monotonic() - self.looked_at < LOOK

    def follow(self, look: bool = True) -> Iterator[Event]:
        """Every event as it comes, and the newest preview whenever there is a newer one; raises what ended the job.

        Who does not `look` gets previews without pictures. Whoever stops iterating stops the job.
        """
        told, frame = 0, 0
        try:
            while True:
                if look:
                    self.looked_at = time.monotonic()
                with self._news:
                    if not self._has_news(told, frame):
                        self._news.wait(timeout=LOOK / 4)
                over = self.over  # read before the events, so that the last of them are not missed
                number, preview = self._frame
                if preview is not None and number > frame:
                    frame = number
                    yield preview
                while told < len(self.events):
                    told += 1
                    yield self.events[told - 1]
                if over:
                    break
            if self.exception is not None:
                raise self.exception
        finally:
            if not self.over:
                self.stop()

    def _has_news(self, told: int, frame: int) -> bool:
        return self.over or len(self.events) > told or self._frame[0] > frame

    def run(self) -> None:
        """Do the work, in the worker's thread and the caller's context. Never raises."""
        try:
            self.context.run(self._consume)
            self.finish("stopped" if self.stopping() else "finished")
        except Exception as problem:  # whatever it was, it is the caller's to see, and the next job must run
            self._fail(problem)

    def finish(self, state: State) -> None:
        self._work = None  # it holds the request's pictures, and the job can be found for a while
        with self._news:
            self.state, self.over_at = state, time.monotonic()
            self.done.set()
            self._news.notify_all()

    def tell(self, event: Event) -> None:
        """Let who follows hear of an event; the work itself may do so from inside a long call."""
        with self._news:
            if isinstance(event, Preview):
                self._frame = (self._frame[0] + 1, event)
            else:
                self.events.append(event)
            self._news.notify_all()

    def _consume(self) -> None:
        assert self._work is not None
        for event in self._work(self):
            if isinstance(event, Failed):
                raise DDPMError(event.text)
            self.tell(event)

    def _fail(self, problem: Exception) -> None:
        if not isinstance(problem, DDPMError):
            _log.error("job %s failed", self.id, exc_info=problem)
        traceback.clear_frames(problem.__traceback__)  # its frames hold tensors, and the job is kept for a while
        self.error, self.exception = str(problem) or type(problem).__name__, problem
        self.finish("failed")


class Line:
    """Jobs in the order they came, and the one thread that does them."""

    def __init__(self, max_waiting: int = 32) -> None:
        self.max_waiting = max_waiting
        self._waiting: list[Job] = []
        self._jobs: dict[str, Job] = {}  # all that can still be found, oldest first
        self._changed = threading.Condition()
        self._running: Job | None = None
        self._worker: threading.Thread | None = None
        self._closed = False

    def submit(
        self, work: Callable[[Job], Iterator[Event]], session: str = "", what: str = "request", gives_way: bool = False
    ) -> Job:
        """Put work at the end of the line. `work(job)` reads `job.stopping()` often, `job.watched()` for previews.

        `what` is what /health calls it while it runs; work that `gives_way` is stopped when other work comes.
        """
        with self._changed:
            if self._closed:
                raise LineFull("The engine has been closed; make a new one.")
            if len(self._waiting) >= self.max_waiting:
                raise LineFull(f"{len(self._waiting)} requests are waiting already; try again in a minute.")
            job = Job(self, work, session, what, gives_way)
            self._drop_old()
            if not gives_way:
                for other in [other for other in self._jobs.values() if other.gives_way and not other.over]:
                    other.stop()
            self._jobs[job.id] = job
            self._waiting.append(job)
            if self._worker is None:  # not before it is needed: a process that forks first has nothing to lose
                self._worker = threading.Thread(target=self._serve, name="torch", daemon=True)
                self._worker.start()
                atexit.register(self.close)
            self._changed.notify_all()
            return job

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> str | None:
        """What the job that runs now is called."""
        return self._running.what if self._running is not None else None

    @property
    def idle(self) -> bool:
        return not self._waiting and self._running is None and not self._closed

    @property
    def closed(self) -> bool:
        return self._closed

    def place(self, job: Job) -> int:
        """Place in line from 1; 0 when it runs or is over."""
        with self._changed:
            return self._waiting.index(job) + 1 if job in self._waiting else 0

    def find(self, id: str) -> Job | None:
        with self._changed:
            self._drop_old()
            return self._jobs.get(id)

    def of_session(self, session: str) -> list[Job]:
        """The session's jobs that can still be found, oldest first. Those of no session are nobody's."""
        with self._changed:
            self._drop_old()
            return [job for job in self._jobs.values() if session and session in job.sessions]

    def leave(self, job: Job) -> None:
        """Take a waiting job out of the line; a running one is not touched."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
                job.finish("stopped")

    def close(self, timeout: float = 5.0) -> bool:
        """Stop every job and end the thread. False: it is still inside torch, and Python may crash when it exits."""
        atexit.unregister(self.close)
        with self._changed:
            self._closed = True
            jobs = list(self._jobs.values())
            self._changed.notify_all()
        for job in jobs:
            if not job.over:
                job.stop()
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join(timeout)
            return not self._worker.is_alive()
        return True

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait(timeout=60)
                    self._drop_old()
                if not self._waiting:
                    return
                job = self._running = self._waiting.pop(0)
                job.state = "running"
            job.run()
            del job  # or the last one would be held until the next comes
            with self._changed:
                self._running = None
                self._drop_old()

    def _drop_old(self) -> None:
        over = [job for job in self._jobs.values() if job.over_at is not None]
        horizon, held = time.monotonic() - KEEP, 0
        for place, job in enumerate(reversed(over)):
            held += sum(map(_bytes, job.events))
            if (job.over_at or 0.0) < horizon or place >= KEPT or held > KEPT_BYTES:
                del self._jobs[job.id]


def _bytes(event: Event) -> int:
    """What the event holds in memory, if it is a picture or a film."""
    match event:
        case Result(image=image):
            return image.width * image.height * len(image.getbands())
        case Film(data=data):
            return len(data)
    return 0

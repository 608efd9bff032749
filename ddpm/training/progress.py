"""How far the run is: a bar on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from ddpm.training.pace import Pace

EVERY = 30.0  # seconds between two lines


class Progress:
    """In pictures, with throughput, loss and the time that is left."""

    def __init__(self, total: int, seen: int, pace: Pace, shown: bool, processes: int = 1) -> None:
        self.total, self.pace, self.shown, self.processes = total, pace, shown, processes
        terminal = shown and sys.stderr.isatty()
        self.bar = tqdm(total=total, initial=seen, unit=" pictures", mininterval=0.5) if terminal else None
        self._said, self._last, self._seen = time.monotonic(), time.monotonic(), seen
        self.per_second = 0.0
        self.work: float | None = None  # seconds of a GPU at its best that a picture is; 0: not known
        self.waiting = 0.0  # the share of the time that steps waited for their batch

    def __call__(self, seen: int, loss: float, waited: float = 0.0) -> None:
        """`waited`: seconds of this step that passed before its batch was there."""
        now = time.monotonic()
        took = max(1e-9, now - self._last)
        speed, share = (seen - self._seen) / took, min(1.0, waited / took)
        self.waiting = 0.9 * self.waiting + 0.1 * share if self.per_second else share
        self.per_second = 0.9 * self.per_second + 0.1 * speed if self.per_second else speed
        self._last, step, self._seen = now, seen - self._seen, seen
        if self.bar is not None:
            self.bar.update(step)
            self.bar.set_postfix_str(
                f"loss {loss:.4f}, {self.waiting:.0%} waiting for data, {duration(self.left(seen))} left", refresh=False
            )
        elif self.shown and now - self._said >= EVERY:
            self._said = now
            pace = f"{self.per_second:.1f} a second{self._of_ceiling()}, {self.waiting:.0%} waiting for data"
            print(f"{seen:,} pictures, {pace}, loss {loss:.4f}, {duration(self.left(seen))} left", flush=True)

    def left(self, seen: int) -> float:
        """Seconds, as it looks now."""
        by_pictures = (self.total - seen) / self.per_second if self.per_second else float("inf")
        by_time = self.pace.seconds_left()
        return max(0.0, by_pictures if by_time is None else min(by_pictures, by_time))

    def _of_ceiling(self) -> str:
        """How much of the GPUs' arithmetic that is, where it is known."""
        used = (self.work or 0.0) * self.per_second / self.processes
        return f" ({used:.0%} of the measured ceiling)" if used else ""

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def duration(seconds: float) -> str:
    """h:mm:ss."""
    if seconds == float("inf"):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

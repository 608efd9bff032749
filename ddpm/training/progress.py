"""How far the run is: a bar on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

from ddpm.training.pace import Pace

EVERY = 30.0  # seconds between two lines


class Progress:
    """In pictures, with throughput, loss and the time that is left."""

    def __init__(self, total: int, seen: int, pace: Pace, shown: bool) -> None:
        self.total, self.pace, self.shown = total, pace, shown
        terminal = shown and sys.stderr.isatty()
        self.bar = tqdm(total=total, initial=seen, unit=" pictures", mininterval=0.5) if terminal else None
        self._said, self._last, self._seen = time.monotonic(), time.monotonic(), seen
        self.per_second = 0.0

    def __call__(self, seen: int, loss: float) -> None:
        now = time.monotonic()
        speed = (seen - self._seen) / max(1e-9, now - self._last)
        self.per_second = 0.9 * self.per_second + 0.1 * speed if self.per_second else speed
        self._last, step, self._seen = now, seen - self._seen, seen
        if self.bar is not None:
            self.bar.update(step)
            self.bar.set_postfix_str(f"loss {loss:.4f}, {duration(self.left(seen))} left", refresh=False)
        elif self.shown and now - self._said >= EVERY:
            self._said = now
            print(f"{seen:,} pictures, {self.per_second:.1f} a second, loss {loss:.4f}, "
                  f"{duration(self.left(seen))} left", flush=True)  # fmt: skip

    def left(self, seen: int) -> float:
        """Seconds, as it looks now."""
        by_pictures = (self.total - seen) / self.per_second if self.per_second else float("inf")
        by_time = self.pace.seconds_left()
        return max(0.0, by_pictures if by_time is None else min(by_pictures, by_time))

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


def duration(seconds: float) -> str:
    """h:mm:ss."""
    if seconds == float("inf"):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"

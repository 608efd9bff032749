"""How fast a run learns at a moment, and when it is over: by pictures, by minutes, or by a deadline set while it runs.

The decay lies before the end, wherever the end is. A run that is given more time later goes back to the state before
its decay (state.py) and goes on at the constant rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ddpm.errors import BadRequest
from ddpm.training.config import TrainConfig

LOWEST = 0.02  # share of the rate at the very end: steps of nothing would teach nothing
LOOK = 5.0  # seconds between two looks at the deadline file


class Moment(NamedTuple):
    factor: float  # share of the learning rates
    falling: bool  # whether the decay has begun
    over: bool


class Pace:
    """Asked before every step. `folder/deadline`, a file holding a time (2026-11-21T18:00), goes before `minutes`."""

    def __init__(
        self, config: TrainConfig, clock: Callable[[], float] = time.time, say: Callable[[str], None] = print
    ) -> None:
        self.config, self.clock, self.say, self.began = config, clock, say, clock()
        self.file = config.folder / "deadline"
        self._looked, self._said = 0.0, ""
        self._deadline = _read(self.file)
        if self._deadline is not None and self._deadline <= self.began:  # perhaps an earlier run's
            raise BadRequest(f"The time in {self.file} is past: write a later one in it, or remove it.", "deadline")

    def now(self, seen: int) -> Moment:
        """The rate for the step after `seen` pictures."""
        config, left = self.config, self.seconds_left()
        rise = min(1.0, (seen + config.batch) / config.warm_up) if config.warm_up else 1.0
        decay = min(config.decay, config.images // 2)  # a short run is not all decay
        fall = min(1.0, (config.images - seen) / decay) if decay else 1.0
        if left is not None and config.decay_minutes:
            fall = min(fall, left / (60 * config.decay_minutes))
        over = seen >= config.images or (left is not None and left <= 0)
        return Moment(rise * max(LOWEST, fall), fall < 1, over)

    def seconds_left(self) -> float | None:
        """Until the time is up; None where only pictures count."""
        now = self.clock()
        if now - self.began >= self._looked + LOOK:
            self._looked = now - self.began
            self._look()
        if self._deadline is not None:
            return self._deadline - now
        return None if self.config.minutes is None else self.began + 60 * self.config.minutes - now

    def _look(self) -> None:
        """A file that an editor has half written, or one with a slip, ends no run: the older end holds."""
        try:
            self._deadline, said = _read(self.file), ""
        except BadRequest as error:
            said = str(error)
        if said and said != self._said:
            self.say(said)
        self._said = said


def _read(file: Path) -> float | None:
    try:
        text = file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise BadRequest(f"{file} says {text!r}; write a time like 2026-11-21T18:00 in it.", "deadline") from error

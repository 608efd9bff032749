"""Fair timing on a machine that others use too: what is compared is called in turn, and medians are taken.

Two clocks: the wall's, which is what a user waits, and the processor's, which other programs hardly touch.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ddpm.runtime import threads_kept

RESET, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians of one thing's calls."""

    wall: float  # seconds
    cpu: float  # seconds of all threads together
    peak: int | None = None  # most bytes the process held in memory meanwhile; None where the system does not say


def alternating(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Timing]:
    """Each call once unmeasured, then all in turn, `rounds` times."""
    for call in calls.values():
        timed(call)
    taken: dict[str, list[Timing]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(timed(call))
    return {name: median_of(timings) for name, timings in taken.items()}


def timed(call: Callable[[], object]) -> Timing:
    """One call, which finds all of torch's threads, whatever the call before it made of them."""
    forget_peak()
    with threads_kept():
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        return Timing(time.perf_counter() - wall, time.process_time() - cpu, peak_memory())


def forget_peak() -> None:
    """Let `peak_memory` count from now on, where the kernel has that switch."""
    try:
        RESET.write_text("5")
    except OSError:
        pass


def peak_memory() -> int | None:
    """Most bytes this process held since `forget_peak`, else since it began; None where the system does not say."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", STATUS.read_text(), re.M)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def median_of(timings: list[Timing]) -> Timing:
    """Of each clock by itself; the largest peak."""
    peaks = [timing.peak for timing in timings if timing.peak is not None]
    return Timing(
        median(timing.wall for timing in timings),
        median(timing.cpu for timing in timings),
        max(peaks) if peaks else None,
    )

"""How many threads a network gets: the processor's real cores, as far as this process may use them.

Hosts give containers two cores of a machine with sixty-four, which both torch and OpenVINO would otherwise count.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
QUOTA = Path("/sys/fs/cgroup/cpu.max")  # "200000 100000": two cores' worth of every period; "max ...": no limit


@functools.cache
def cores() -> int:
    """Threads for a network, at least 1: OMP_NUM_THREADS if it is set, else real cores within affinity and quota."""
    wanted = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, physical(_read(CPUINFO)) or allowed, quota(_read(QUOTA)) or allowed))


@contextmanager
def threads_kept() -> Iterator[None]:
    """torch has as many threads afterwards as before, whatever the calls in between made of them."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def physical(cpuinfo: str) -> int:
    """Real cores in the text of /proc/cpuinfo: hyper-threads share one's arithmetic units. 0 where it does not say."""
    return len(set(re.findall(r"^physical id\s*:\s*(\d+)$.*?^core id\s*:\s*(\d+)$", cpuinfo, re.M | re.S)))


def quota(cpu_max: str) -> int:
    """Whole cores that a control group grants, rounded up, from the text of cpu.max; 0: no limit."""
    granted, _, period = cpu_max.strip().partition(" ")
    return math.ceil(int(granted) / int(period)) if granted.isdigit() and period.isdigit() else 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return ""

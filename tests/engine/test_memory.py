"""Generating again and again does not grow the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddpm.engine import Engine
from ddpm.events import Result
from ddpm.request import Request

pytestmark = pytest.mark.slow

STATUS = Path("/proc/self/status")


def resident() -> int:
    """Kilobytes of memory this process holds now."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


@pytest.mark.skipif(not STATUS.exists(), reason="reads /proc")
def test_fifty_generations_do_not_grow_memory(weights: Path) -> None:
    engine = Engine(weights)

    def generate(seed: int) -> None:
        request = Request(model="tiny-text", prompt=f"house number {seed}", seed=seed, count=2, sampler="unipc")
        assert sum(isinstance(event, Result) for event in engine.run(request)) == 2

    for seed in range(10):
        generate(seed)
    before = resident()
    for seed in range(10, 60):
        generate(seed)
    assert resident() <= before * 1.05
    engine.close()

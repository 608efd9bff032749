"""Fifty pictures in a row, as a visitor who likes it would make them: memory stays where it was."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from gradio_client import Client

from tests.ui.conftest import Running

MANY = 50
GROWTH = 0.05

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]


def resident(pid: int) -> int:
    """kB of memory the process holds."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


def test_fifty_generations_do_not_grow_the_process(running: Running) -> None:
    client = Client(running.url, verbose=False)

    def paint(count: int) -> None:
        for seed in range(count):
            client.predict("a lake", steps=3, seed=seed, guidance_scale=1, api_name="/text_to_image")

    paint(10)  # allocators and caches find their size
    before = resident(running.pid)
    paint(MANY)
    assert resident(running.pid) < before * (1 + GROWTH), (before, resident(running.pid))

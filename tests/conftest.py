"""What every test process has: one torch thread, and a denoiser that makes no error.

Nothing heavy is imported here: with `-n 2` the process that only hands out tests reads this, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.exact import GaussianModel

if "PYTEST_XDIST_WORKER" in os.environ:  # threads of one test process would spin against those of the next
    import torch

    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # those of the programs that it starts, too


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a browser first, then the slow ones: what takes long begins early, so that both cores end together."""
    first: dict[Path, int] = {}
    for item in items:
        rank = next((rank for rank, mark in enumerate(("browser", "slow")) if item.get_closest_marker(mark)), 2)
        first[item.path] = min(rank, first.get(item.path, rank))
    items.sort(key=lambda item: first[item.path])


@pytest.fixture
def gaussian() -> GaussianModel:
    from tests.exact import GaussianModel

    return GaussianModel()

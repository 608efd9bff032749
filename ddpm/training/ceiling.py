"""What share of a GPU's arithmetic a run uses: the work of its steps beside what the GPU reaches at its best."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

SIDE = 4096  # of a square matrix product: large enough that nothing but arithmetic counts on any GPU
ROUNDS = 20


def reached(device: str, dtype: torch.dtype, side: int = SIDE) -> float:
    """FLOP a second of a matrix product in what the run computes with, measured here and now."""
    a = torch.randn(side, side, device=device).to(dtype)
    for _ in range(3):
        a @ a
    _finish(device)
    began = time.perf_counter()
    for _ in range(ROUNDS):
        a @ a
    _finish(device)
    return ROUNDS * 2.0 * side**3 / (time.perf_counter() - began)


def counted(step: Callable[[], float]) -> tuple[float, float]:
    """What the step returns, and its FLOP, there and back."""
    with FlopCounterMode(display=False) as counter:
        made = step()
    return made, float(counter.get_total_flops())


def _finish(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()

"""What a step is taken with: its rate at that moment, and the average that follows it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ddpm.training.loop import train
from tests.training.conftest import saved, small

pytestmark = pytest.mark.slow


def test_a_short_runs_average_follows_closely(tmp_path: Path) -> None:
    """Its decay may be of thousands of steps: the first step moves it by 1 - 2 / 11, the second by 1 - 3 / 12."""
    first, second = (small(tmp_path / str(images), images=images, ema=0.9999) for images in (4, 8))
    train(first), train(second)
    one, two = saved(first), saved(second)
    for key in (key for key in one if key.startswith("network.")):
        average = key.replace("network.", "0.9999.")
        assert torch.allclose(two[average], 0.25 * one[average] + 0.75 * two[key], atol=1e-6)


def test_the_rate_of_the_moment_is_the_optimisers(tmp_path: Path) -> None:
    slow, fast = (small(tmp_path / str(w), images=4, warm_up=w, muon_rate=0, weight_decay=0) for w in (200, 0))
    train(slow), train(fast)
    rates = [torch.load(c.folder / "state.pt", weights_only=True)["optimisers"][0]["param_groups"][0]["lr"]
             for c in (slow, fast)]  # fmt: skip
    assert rates == pytest.approx([slow.learning_rate / 50, fast.learning_rate])

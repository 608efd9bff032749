"""What a run says of itself: how fast, how much of it waiting for data, how much of what a GPU can do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import nn

from ddpm.training import progress as module
from ddpm.training.ceiling import counted, reached
from ddpm.training.curves import Point, read_points
from ddpm.training.loop import Run
from ddpm.training.pace import Pace
from ddpm.training.progress import Progress
from tests.training.conftest import small

pytestmark = pytest.mark.slow


def test_the_line_tells_waiting_from_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    told = Progress(1000, 0, Pace(small(tmp_path)), True, processes=2)
    told.bar, told.work = None, 0.01
    for step in range(1, 41):
        clock[0] += 2.0
        told(100 * step, 0.5, waited=0.5)
    assert told.per_second == pytest.approx(50) and told.waiting == pytest.approx(0.25)
    line = capsys.readouterr().out.splitlines()[-1]
    assert "50.0 a second (25% of the measured ceiling), 25% waiting for data, loss 0.5000" in line
    told.work = 0.0
    clock[0] += 60
    told(4100, 0.5)
    assert "a second, 2" in capsys.readouterr().out


def test_a_run_times_the_wait_for_its_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(small(tmp_path, images=120), resume=False)
    batches = run.task.batches

    def slow(dice: object) -> object:
        time.sleep(0.05)
        return batches(dice)  # type: ignore[arg-type]

    monkeypatch.setattr(run.task, "batches", slow)
    run.step(0)
    assert 0.05 <= run.waited < 5
    assert run.go()
    points = read_points(run.config.folder / "loss.csv")
    assert points and all(0 < point.waiting <= 1 for point in points)


def test_curves_of_older_runs_are_read(tmp_path: Path) -> None:
    (tmp_path / "loss.csv").write_text("pictures,seconds,loss,per_second,rate\n40,1.0,0.5,40.00,1.0000\n")
    assert read_points(tmp_path / "loss.csv") == [Point(40, 1.0, 0.5, 40.0, 1.0, 0.0)]


def test_a_step_is_counted_there_and_back_and_the_ceiling_is_arithmetic() -> None:
    layer, x = nn.Linear(64, 32), torch.randn(8, 64)
    made, flops = counted(lambda: layer(x).sum().backward() or 7.0)
    assert made == 7.0 and flops == 2 * (2 * 8 * 64 * 32)  # forward, and the weights' gradient; x wants none
    assert 1e8 < reached("cpu", torch.float32, side=128) < 1e14

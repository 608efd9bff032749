"""When the rates rise and fall, and when a run ends by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ddpm.errors import BadRequest
from ddpm.training.config import TrainConfig
from ddpm.training.loop import train
from ddpm.training.pace import LOWEST, Pace
from tests.training.conftest import SMALL, saved, small

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_rates_rise_stay_and_fall_before_the_end_of_the_time() -> None:
    clock = [1000.0]
    config = TrainConfig(**{**SMALL, "batch": 10, "images": 10**6, "warm_up": 100, "minutes": 10, "decay_minutes": 4})
    pace = Pace(config, lambda: clock[0])
    factors = [(pace.now(seen).factor, pace.now(seen).falling) for seen in (0, 40, 90, 5000)]
    assert factors == [(0.1, False), (0.5, False), (1.0, False), (1.0, False)]
    clock[0] += 6 * 60 - 6
    assert pace.now(5000) == (1.0, False, False)
    clock[0] += 6 + 2 * 60
    assert pace.now(5000).factor == pytest.approx(0.5) and pace.now(5000).falling
    clock[0] += 2 * 60 - 1
    assert pace.now(5000).factor == LOWEST and not pace.now(5000).over
    clock[0] += 1
    assert pace.now(5000).over


def test_a_deadline_can_be_set_while_it_runs(tmp_path: Path) -> None:
    clock = [datetime(2026, 11, 21, 12, 0).timestamp()]
    config = small(tmp_path, images=10**6, minutes=600, decay_minutes=10)
    pace = Pace(config, lambda: clock[0])
    assert pace.seconds_left() == 36_000
    config.folder.mkdir(parents=True)
    (config.folder / "deadline").write_text((datetime(2026, 11, 21, 12, 0) + timedelta(minutes=5)).isoformat())
    clock[0] += 60
    assert pace.seconds_left() == 240 and pace.now(1000).factor == pytest.approx(0.4)
    (config.folder / "deadline").write_text("soon")
    clock[0] += 60
    with pytest.raises(BadRequest, match="says 'soon'; write a time like"):
        pace.now(1000)


def test_a_run_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    config = small(tmp_path, images=10**9, minutes=0.03, decay_minutes=0.01)
    assert train(config)
    assert 4 <= saved(config, "state-before-decay.pt")["images"] < saved(config)["images"] < 10**6

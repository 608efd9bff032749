"""When the rates rise and fall, and when a run ends by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ddpm.errors import BadRequest
from ddpm.training.config import TrainConfig
from ddpm.training.loop import train
from ddpm.training.pace import LOWEST, Moment, Pace
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


def test_a_short_run_is_at_most_half_decay() -> None:
    pace = Pace(TrainConfig(**{**SMALL, "batch": 10, "images": 1000, "warm_up": 0, "decay": 100_000}))
    assert [pace.now(seen).factor for seen in (0, 400, 750, 990)] == [1, 1, 0.5, 0.02]


def test_a_deadline_can_be_set_while_it_runs(tmp_path: Path) -> None:
    clock = [datetime(2026, 11, 21, 12, 0).timestamp()]
    config = small(tmp_path, images=10**6, minutes=600, decay_minutes=10)
    pace = Pace(config, lambda: clock[0])
    assert pace.seconds_left() == 36_000
    config.folder.mkdir(parents=True)
    (config.folder / "deadline").write_text((datetime(2026, 11, 21, 12, 0) + timedelta(minutes=5)).isoformat())
    clock[0] += 60
    assert pace.seconds_left() == 240 and pace.now(1000).factor == pytest.approx(0.4)


def test_a_slip_in_the_deadline_is_said_once_and_the_older_end_holds(tmp_path: Path) -> None:
    clock, said = [datetime(2026, 11, 21, 12, 0).timestamp()], list[str]()
    config = small(tmp_path, images=10**6, minutes=600)
    config.folder.mkdir(parents=True)
    file = config.folder / "deadline"
    file.write_text("2026-11-21T18:00")
    pace = Pace(config, lambda: clock[0], said.append)
    later = (14_160, "2026-11-21T16:00")
    for left, text in ((21_540, ""), (21_480, "18:00"), (21_420, "18:00"), later, (35_700, None)):
        clock[0] += 60
        file.unlink() if text is None else file.write_text(text)
        assert pace.seconds_left() == left
    assert said == [f"{file} says {text!r}; write a time like 2026-11-21T18:00 in it." for text in ("", "18:00")]
    file.write_text("soon")
    with pytest.raises(BadRequest, match="says 'soon'; write a time like"):
        Pace(config, lambda: clock[0])


def test_after_an_end_that_was_put_off_one_goes_on_from_before_the_last_decay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = (range(20, 40), range(60, 80))
    monkeypatch.setattr(Pace, "now", lambda pace, seen: Moment(1.0, any(seen in part for part in falling), seen >= 80))
    config = small(tmp_path)
    assert train(config) and saved(config, "state-before-decay.pt")["images"] == 60


@pytest.mark.parametrize("resume", [False, True])
def test_a_deadline_of_an_earlier_run_is_refused_before_anything_is_written(tmp_path: Path, resume: bool) -> None:
    config = small(tmp_path, images=8 if resume else 80)
    if resume:
        train(config)
    config.folder.mkdir(parents=True, exist_ok=True)
    (config.folder / "deadline").write_text("2020-01-01T12:00")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(BadRequest, match=r"The time in .*deadline is past: write a later one in it, or remove it\."):
        train(config, resume=resume)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_resuming_at_the_end_makes_what_is_made_there(tmp_path: Path) -> None:
    """As a run is told to whose last pictures found no room."""
    config = small(tmp_path, images=8)
    train(config)
    last = config.folder / "previews" / "final.png"
    last.unlink()
    assert train(config, resume=True) and last.exists() and saved(config)["images"] == 8


def test_a_run_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    config = small(tmp_path, images=10**9, minutes=0.03, decay_minutes=0.01)
    assert train(config)
    assert 4 <= saved(config, "state-before-decay.pt")["images"] < saved(config)["images"] < 10**6

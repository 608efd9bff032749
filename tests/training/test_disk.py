"""What a full disk or a file that was cut short costs: a sentence, and never the run."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from ddpm.errors import DDPMError
from ddpm.training.curves import read_points
from ddpm.training.loop import train
from tests.training.conftest import SMALL, equal, saved, small

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_a_full_disk_is_said_and_the_older_state_is_whole(tmp_path: Path) -> None:
    """A limit on the size of files is a disk that ends there."""
    config = small(tmp_path, images=8)
    train(config)
    before, (soft, hard) = saved(config), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DDPMError, match=r"could not be written to .*state\.pt.*Make room"):
            train(small(tmp_path, images=16), resume=True)
        with pytest.raises(DDPMError, match=r"needs .* MB.*Make room"):
            data = {"kind": "scenes", "size": 128, "cache": tmp_path / "cache"}
            train(small(tmp_path / "other", data=data))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert equal(before, saved(config)) and not list(config.folder.glob("*.new"))


@pytest.mark.parametrize(("room", "where"), [(4_000, "previews"), (100, "run")])
def test_a_full_disk_is_said_when_a_preview_or_the_settings_do_not_fit(tmp_path: Path, room: int, where: str) -> None:
    config = small(tmp_path, previews={**SMALL["previews"], "count": 64, "every": 8})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(DDPMError, match=rf"{where} could not be written: .*Make room, then start again\."):
            train(config)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [*config.folder.rglob("*.part"), *config.folder.rglob("*.png")]


def test_a_full_disk_at_the_end_keeps_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last pictures do not fit; what was learnt is there."""
    import errno

    from ddpm.training import records

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records, "save_picture", full)
    config = small(tmp_path, images=8)
    with pytest.raises(DDPMError, match=r"No space left.*then --resume; it goes on from .*state\.pt\."):
        train(config)
    assert saved(config)["images"] == 8


@pytest.mark.parametrize("cut", [1, 9, 14, 20, 40])
def test_a_loss_file_that_was_cut_short_costs_points_not_the_run(tmp_path: Path, cut: int) -> None:
    train(small(tmp_path, images=160))
    file = tmp_path / "run" / "loss.csv"
    whole, points = file.read_bytes(), read_points(file)
    assert len(points) == 4
    file.write_bytes(whole[:-cut])
    left = read_points(file)
    assert left[:3] == points[:3] or len(left) < 4
    file.write_bytes(whole[: len(whole) // 2 - cut])
    left = read_points(file)
    assert len(left) < 4 and left[:-1] == points[: max(0, len(left) - 1)]
    assert train(small(tmp_path, images=200), resume=True)
    assert read_points(file)[-1].pictures == 200

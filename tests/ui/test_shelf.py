"""The folder of results: what is too old goes, what a process left behind goes, and nothing of anybody else's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from PIL import Image

from ddpm.events import Result
from ddpm.ui.pictures import KEPT_SECONDS, SHELVES, Shelf

RESULT = Result(0, Image.new("RGB", (8, 8)), 1)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(path: Path, seconds: float = KEPT_SECONDS + 60) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then), follow_symlinks=False)


def left_behind(folder: Path) -> Path:
    """A shelf with one old picture, of a process that is gone."""
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "picture.png").write_bytes(b"x")
    for path in (folder / "a", folder):
        aged(path)
    return folder


def test_pictures_of_the_day_before_go(temporary: Path) -> None:
    shelf = Shelf()
    old, new = (Path(shelf.keep(RESULT).path) for _ in range(2))
    aged(old.parent)
    shelf.keep(RESULT)
    assert not old.parent.exists() and new.exists()


def test_what_ended_processes_left_goes_and_nothing_else(temporary: Path) -> None:
    old = left_behind(temporary / f"{SHELVES}old")
    fresh = left_behind(temporary / f"{SHELVES}fresh")
    aged(fresh / "a", 60)  # a picture of a minute ago in a folder that is old
    other = left_behind(temporary / "other")
    link = temporary / f"{SHELVES}link"
    link.symlink_to(other)
    aged(link)
    inside = left_behind(temporary / f"{SHELVES}inside")
    (inside / "b").symlink_to(other)
    aged(inside / "b")
    aged(inside)
    Shelf()
    assert not old.exists() and not inside.exists()
    assert (fresh / "a" / "picture.png").exists() and (other / "a" / "picture.png").exists() and link.is_symlink()


def test_a_shelf_that_was_taken_for_a_leftover_is_made_again(temporary: Path) -> None:
    shelf = Shelf()
    aged(shelf.folder)
    Shelf()
    assert not shelf.folder.exists()
    assert Path(shelf.keep(RESULT).path).exists() and shelf.folder.stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_the_folder_goes_when_the_process_ends(temporary: Path) -> None:
    work = "from ddpm.ui.pictures import Shelf; print(Shelf().folder, flush=True)"
    env = {**os.environ, "TMPDIR": str(temporary)}
    made = subprocess.run([sys.executable, "-c", work], env=env, capture_output=True, text=True, check=True)
    assert Path(made.stdout.strip()).parent == temporary.resolve() and not any(temporary.glob(f"{SHELVES}*"))

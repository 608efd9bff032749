"""The folder of results: what is too old goes, what a process left behind goes, and nothing of anybody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from ddpm.events import Result
from ddpm.ui import pictures
from ddpm.ui.own_folders import UPLOADS, own_uploads
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


def test_a_shelf_in_use_is_no_leftover_however_old(temporary: Path) -> None:
    shelf = Shelf()
    for path in (*shelf.folder.iterdir(), shelf.folder):
        aged(path)
    Shelf()
    assert shelf.folder.exists()


def test_a_shelf_that_is_gone_is_made_again(temporary: Path) -> None:
    shelf = Shelf()
    shutil.rmtree(shelf.folder)
    assert Path(shelf.keep(RESULT).path).exists() and shelf.folder.stat().st_mode & 0o077 == 0


def test_the_oldest_of_too_many_results_go(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, made = Shelf(), []
    for place in range(4):
        made.append(Path(shelf.keep(RESULT).path))
        aged(made[-1].parent, 100 - place)
    monkeypatch.setattr(pictures, "KEPT_BYTES", 2 * made[0].stat().st_size)
    shelf.keep(RESULT)
    assert [path.exists() for path in made] == [False, False, True, True]


def test_uploads_are_of_one_process_and_unfinished_ones_go(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    own_uploads()
    folder = Path(get_upload_folder())
    assert folder.parent == temporary.resolve() and folder.name.startswith(UPLOADS)
    own_uploads()
    assert Path(get_upload_folder()) == folder
    (folder / "whole").mkdir()
    for name in ("tmpold", "tmpnew", "other"):
        (folder / name).write_bytes(b"x")
    aged(folder / "tmpold"), aged(folder / "other")
    Shelf().keep(RESULT)
    assert sorted(path.name for path in folder.iterdir()) == ["in-use", "other", "tmpnew", "whole"]


@pytest.mark.slow
def test_the_folder_goes_when_the_process_ends(temporary: Path) -> None:
    work = "from ddpm.ui.pictures import Shelf; print(Shelf().folder, flush=True)"
    env = {**os.environ, "TMPDIR": str(temporary)}
    made = subprocess.run([sys.executable, "-c", work], env=env, capture_output=True, text=True, check=True)
    assert Path(made.stdout.strip()).parent == temporary.resolve() and not any(temporary.glob(f"{SHELVES}*"))

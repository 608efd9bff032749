"""Folders of this process beside the system's temporary files: they go when it ends, or, where it was killed, later."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: there a folder counts as left when it is old
    fcntl = None  # type: ignore[assignment]

IN_USE = "in-use"  # a file that its process holds locked
UPLOADS = "ddpm-uploads-"
LEFT = 24 * 3600  # seconds after which a folder that nobody uses is deleted
UNFINISHED = 3600  # seconds after which an upload that broke off is deleted
_held: list[IO[str]] = []


def own_folder(prefix: str) -> Path:
    """A new one, and those deleted that killed processes left."""
    folder = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if fcntl is not None:
        _held.append((folder / IN_USE).open("w"))
        fcntl.flock(_held[-1], fcntl.LOCK_EX)
    _clear(folder, prefix)
    return folder


def own_uploads() -> None:
    """Uploads in a folder of this process, unless GRADIO_TEMP_DIR says where.

    Else all of a user's apps share gradio's, which names files by what is in them: who ends deletes the others'.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        os.environ["GRADIO_TEMP_DIR"] = str(own_folder(UPLOADS))


def drop_unfinished() -> None:
    """What was sent by clients that went away meanwhile; gradio forgets it."""
    folder = os.environ.get("GRADIO_TEMP_DIR")
    for part in Path(folder).glob("tmp*") if folder else ():
        with suppress(OSError):
            if part.is_file() and time.time() - part.stat().st_mtime > UNFINISHED:
                part.unlink()


def _clear(own: Path, prefix: str) -> None:
    for other in own.parent.glob(f"{prefix}*"):
        with suppress(OSError):  # not ours to look into, or gone meanwhile
            whose = other.lstat()  # of a link, not of what it leads to
            if stat.S_ISDIR(whose.st_mode) and whose.st_uid == own.stat().st_uid and not _in_use(other):
                newest = max(one.lstat().st_mtime for one in (other, *other.iterdir()))
                if time.time() - newest > LEFT:
                    shutil.rmtree(other, ignore_errors=True)


def _in_use(folder: Path) -> bool:
    if fcntl is None or not (folder / IN_USE).is_file():
        return False
    with (folder / IN_USE).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

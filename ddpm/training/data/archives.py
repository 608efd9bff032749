"""Pictures and captions in zip and tar archives, laid out inside like folders (folders.py). Nothing is unpacked."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ddpm.errors import BadRequest
from ddpm.training.config import Data
from ddpm.training.data.folders import with_captions
from ddpm.training.data.pictures import Named, Pictures, collect


def read_archives(data: Data) -> Pictures:
    """All pictures in the archives data.path; a folder among them stands for every .zip and .tar in it."""
    return collect(_files(data.path), data, ", ".join(map(str, data.path)))


def _files(paths: Sequence[Path]) -> Iterator[Named]:
    for path in paths:
        archives = (
            sorted(each for each in path.iterdir() if each.suffix in (".zip", ".tar")) if path.is_dir() else [path]
        )
        for archive in archives:
            yield from _one(archive)


def _one(path: Path) -> Iterator[Named]:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as opened:
                names = sorted(info.filename for info in opened.infolist() if not info.is_dir())
                yield from with_captions(names, opened.read, str(path))
            return
        with tarfile.open(path) as tar:
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            yield from with_captions(sorted(members), lambda name: _member(tar, members[name]), str(path))
    except FileNotFoundError as error:
        raise BadRequest(f"data.path: there is no archive {path}.", "data.path") from error
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BadRequest(f"data.path: {path} is no zip or tar archive, or cut short ({error}).", "data.path") from error


def _member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    opened = tar.extractfile(member)
    return opened.read() if opened else b""

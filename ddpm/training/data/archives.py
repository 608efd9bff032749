"""Pictures and captions in zip and tar archives, laid out inside like folders (folders.py). Nothing is unpacked."""

from __future__ import annotations

import contextlib
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ddpm.errors import BadRequest
from ddpm.training.config import Data
from ddpm.training.data.folders import list_files, passed_over
from ddpm.training.data.pictures import File, Pictures, Stamp, collect

ENDINGS = (".zip", ".tar")
MOST = 400_000_000  # bytes of a member, unpacked: more than the largest picture that is read takes as a plain bitmap
# RuntimeError: what zipfile says of a member with a password
BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError)


def read_archives(data: Data, archives: Sequence[Path] | None = None) -> Pictures:
    """All pictures in the archives data.path (or `archives`); a folder among them stands for every one in it."""
    paths = archives or data.path
    files: list[File] = []
    remarks: list[str] = []
    with contextlib.ExitStack() as opened:
        for path in paths:
            inside = sorted(each for each in path.iterdir() if each.suffix in ENDINGS) if path.is_dir() else [path]
            for archive in inside:
                inner, said = _one(archive, data, opened)
                files, remarks = [*files, *inner], [*remarks, *said]
        return collect(files, data, ", ".join(map(str, paths)), remarks)


def _one(path: Path, data: Data, opened: contextlib.ExitStack) -> tuple[list[File], list[str]]:
    """Its pictures, and remarks on what in it is passed over."""
    try:
        if zipfile.is_zipfile(path):
            archive = opened.enter_context(zipfile.ZipFile(path))
            stamps = {info.filename: [info.file_size, info.CRC] for info in archive.infolist() if not info.is_dir()}
            names, large = _readable(stamps)
            files = list_files(names, archive.read, stamps.__getitem__, str(path), data)
        else:
            tar = opened.enter_context(tarfile.open(path))
            members = {member.name: member for member in tar.getmembers() if member.isfile()}
            stamps = {name: [member.size, int(member.mtime)] for name, member in members.items()}
            names, large = _readable(stamps)
            files = list_files(names, partial(_member, tar, members), stamps.__getitem__, str(path), data)
    except FileNotFoundError as error:
        raise BadRequest(f"data.path: there is no archive {path}.", "data.path") from error
    except BROKEN as error:
        raise BadRequest(f"data.path: {path} is no zip or tar archive, or damaged ({error}).", "data.path") from error
    said = [f"{path.name}/{remark}" for remark in [*passed_over(names, data), *large]]
    return [file._replace(name=f"{path.name}/{file.name}") for file in files], said


def _readable(stamps: Mapping[str, Stamp]) -> tuple[list[str], list[str]]:
    """The names in their order, without those that are too large to be a picture; remarks on these."""
    large = [f"{name}: {stamp[0]:,} bytes are too many" for name, stamp in stamps.items() if stamp[0] > MOST]
    return sorted(name for name, stamp in stamps.items() if stamp[0] <= MOST), large


def _member(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> bytes:
    file = tar.extractfile(members[name])
    return file.read() if file else b""

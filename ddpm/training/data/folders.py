"""Pictures and captions in folders. Captions come from metadata.csv or metadata.jsonl (file_name, text), else
from a .txt beside the picture, else from the name of its class folder; a plain folder has none of these.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from ddpm.errors import BadRequest
from ddpm.training.config import Data
from ddpm.training.data.pictures import SUFFIXES, Named, Pictures, collect

TABLES = ("metadata.csv", "metadata.jsonl")
Read = Callable[[str], bytes]


def read_folder(data: Data) -> Pictures:
    """All pictures below data.path, in the order of their names."""
    return collect(_files(data.path), data, ", ".join(map(str, data.path)))


def _files(folders: Sequence[Path]) -> Iterator[Named]:
    for folder in folders:
        if not folder.is_dir():
            raise BadRequest(f"data.path: {folder} is not a folder; check the path in the configuration.", "data.path")
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        yield from with_captions(names, partial(_read, folder), str(folder))


def _read(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def with_captions(names: Sequence[str], read: Read, where: str) -> Iterator[Named]:
    """Pictures among these names and what is said of them, for folders and archives: `read` gives a file's bytes."""
    there = set(names)
    table: dict[str, list[str]] = {}
    for name in names:
        if PurePosixPath(name).name in TABLES:
            table |= _table(name, read(name), there, where)
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        said = table.get(name, [])
        text = path.with_suffix(".txt").as_posix()
        if not said and text in there:
            lines = read(text).decode("utf-8", "replace").splitlines()
            said = [line.strip() for line in lines if line.strip()]
        elif not said and not table and len(path.parts) > 1:
            said = [path.parent.name.replace("_", " ")]
        yield name, read(name), said


def _table(name: str, content: bytes, there: set[str], where: str) -> dict[str, list[str]]:
    """file_name -> captions, from one metadata file; every file it names must be there."""
    text = content.decode("utf-8-sig", "replace")
    try:
        if name.endswith(".csv"):
            rows = list(csv.DictReader(io.StringIO(text)))
        else:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        pairs = [(str(row["file_name"]), str(row["text"])) for row in rows]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadRequest(
            f"data.path: {where}/{name} needs file_name and text in every row ({error!r}).", "data.path"
        ) from error
    folder, said = PurePosixPath(name).parent, dict[str, list[str]]()
    for file_name, caption in pairs:
        said.setdefault((folder / file_name).as_posix(), []).append(caption)
    if absent := [file_name for file_name in said if file_name not in there]:
        raise BadRequest(
            f"data.path: {where}/{name} names {len(absent)} of {len(said)} files that are not there, "
            f"the first: {absent[0]}. Correct the file or add the pictures.",
            "data.path",
        )
    return said

"""Pictures and captions in folders. Captions come from metadata.csv or metadata.jsonl (file_name, text), else
from a .txt beside the picture, else from the name of its class folder; a plain folder has none of these.
NAME.mask.png beside NAME.png (.jpg, ...) is white on the picture's subject.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from ddpm.errors import BadRequest
from ddpm.training.config import Data
from ddpm.training.data.pictures import SUFFIXES, UNREAD_SUFFIXES, File, Pictures, Stamp, collect

TABLES = ("metadata.csv", "metadata.jsonl")
MASK = ".mask.png"
Read = Callable[[str], bytes]


def read_folder(data: Data, folders: Sequence[Path] | None = None) -> Pictures:
    """All pictures below data.path (or `folders`), in the order of their names."""
    folders = folders or data.path
    files: list[File] = []
    remarks: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            raise BadRequest(f"data.path: {folder} is not a folder; check the path in the configuration.", "data.path")
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        files += list_files(names, partial(_read, folder), partial(_stamp, folder), str(folder), data)
        remarks += passed_over(names, data)
    return collect(files, data, ", ".join(map(str, folders)), remarks)


def _read(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def _stamp(folder: Path, name: str) -> Stamp:
    there = (folder / name).stat()
    return [there.st_size, there.st_mtime_ns]


def list_files(names: Sequence[str], read: Read, stamp: Callable[[str], Stamp], where: str, data: Data) -> list[File]:
    """Pictures among these names and what is said of them, for folders and archives: `read` gives a file's bytes."""
    there = set(names)
    table: dict[str, list[str]] = {}
    for name in names:
        if PurePosixPath(name).name in TABLES:
            table |= _table(name, read(name), there, where)
    pictures = [name for name in names if _is_picture(name)]
    if data.classes:
        pictures = _of_classes(pictures, data.classes, where)
    _check_texts(names, pictures, there, where)
    files = []
    for name in pictures:
        path = PurePosixPath(name)
        said, text = table.get(name, []), path.with_suffix(".txt").as_posix()
        if not said and text in there:
            lines = _text(read(text)).split("\n")
            said = [line.strip() for line in lines if line.strip()]
        elif not said and not table and len(path.parts) > 1:
            said = [path.parent.name.replace("_", " ")]
        mask = path.with_suffix(MASK).as_posix()
        if mask in there:
            files.append(File(name, partial(read, name), said, partial(read, mask), stamp(name) + stamp(mask)))
        else:
            files.append(File(name, partial(read, name), said, stamp=stamp(name)))
    return files


def passed_over(names: Sequence[str], data: Data) -> list[str]:
    """"name: reason" of what looks as if it were meant and is not used: other kinds of picture, texts of none."""
    paths = [PurePosixPath(name) for name in names if not PurePosixPath(name).name.startswith(".")]
    kinds = f"its kind is not read here; save it as {' or '.join(SUFFIXES[:2])}"
    remarks = [f"{path}: {kinds}" for path in paths if path.suffix.lower() in UNREAD_SUFFIXES]
    if not data.captions:
        return remarks
    stems = {PurePosixPath(name).with_suffix("") for name in names if _is_picture(name)}
    texts = [path for path in paths if path.suffix == ".txt" and path.with_suffix("") not in stems]
    return remarks + [f"{path}: there is no picture {path.stem} beside it whose caption it could be" for path in texts]


def _is_picture(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not name.endswith(MASK)


def _of_classes(names: list[str], classes: Sequence[str], where: str) -> list[str]:
    there = sorted({PurePosixPath(name).parent.name for name in names})
    if absent := [name for name in classes if name not in there]:
        raise BadRequest(
            f"data.classes: there is no folder {absent[0]} in {where}; there are {', '.join(there[:12]) or 'none'}.",
            "data.classes",
        )
    return [name for name in names if PurePosixPath(name).parent.name in classes]


def _check_texts(names: Sequence[str], pictures: list[str], there: set[str], where: str) -> None:
    """Captions of which not one belongs to a picture are a mistake, not captions to be passed over."""
    texts = {name for name in names if name.endswith(".txt")}
    matched = {PurePosixPath(name).with_suffix(".txt").as_posix() for name in pictures} & there
    if len(texts) > 1 and pictures and not matched:
        picture = PurePosixPath(pictures[0])
        raise BadRequest(
            f"data.path: none of the {len(texts)} .txt files in {where} belongs to a picture, the first: {min(texts)}. "
            f"The caption of {picture.name} is {picture.with_suffix('.txt').name}.",
            "data.path",
        )


def _text(content: bytes) -> str:
    """UTF-8, or UTF-16 where its mark stands before it, as Windows writes it; lines may end as there."""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if marked else "utf-8-sig", "replace").replace("\r\n", "\n")


def _table(name: str, content: bytes, there: set[str], where: str) -> dict[str, list[str]]:
    """file_name -> captions, from one metadata file; every file it names must be there."""
    text = _text(content)
    try:
        if name.endswith(".csv"):
            rows = list(csv.DictReader(io.StringIO(text)))
        else:
            rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        pairs = [(row["file_name"], "" if row["text"] is None else row["text"]) for row in rows]
        if other := [each for pair in pairs for each in pair if not isinstance(each, str)]:
            raise TypeError(f"{other[0]!r} is no text")
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadRequest(
            f"data.path: {where}/{name} needs file_name and text in every row ({error!r}).", "data.path"
        ) from error
    folder, said = PurePosixPath(name).parent, dict[str, list[str]]()
    for file_name, caption in pairs:
        captions = said.setdefault((folder / file_name).as_posix(), [])
        captions += [caption] if caption.strip() else []
    if absent := [file_name for file_name in said if file_name not in there]:
        raise BadRequest(
            f"data.path: {where}/{name} names {len(absent)} of {len(said)} files that are not there, "
            f"the first: {absent[0]}. Correct the file or add the pictures.",
            "data.path",
        )
    return said

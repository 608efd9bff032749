"""Models of the Hugging Face Hub that are on this machine, by their id (owner/name). Nothing here uses the network;
download.py does, when somebody asks for it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def is_id(name: str) -> bool:
    """Whether a name has the form of a Hub id."""
    return bool(ID.fullmatch(name)) and ".." not in name and "--" not in name


def cache() -> Path:
    """Where huggingface_hub keeps what it has fetched; the same rules as its own, without importing it."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def local(name: str, revision: str = "main") -> Path | None:
    """The folder of a model that is in the cache, or None. Never touches the network."""
    if not is_id(name):
        return None
    repository = cache() / f"models--{name.replace('/', '--')}"
    reference = repository / "refs" / revision
    commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    folder = repository / "snapshots" / commit
    return folder if folder.is_dir() else None


def remembered(name: str) -> str:
    """The commit that `main` was when the model was fetched, or ""."""
    reference = cache() / f"models--{name.replace('/', '--')}" / "refs" / "main"
    return reference.read_text(encoding="utf-8").strip() if reference.is_file() else ""


def any_revision(name: str) -> Path | None:
    """The newest snapshot of a model in the cache, whatever its revision, or None."""
    if not is_id(name):
        return None
    found = (cache() / f"models--{name.replace('/', '--')}" / "snapshots").glob("*")
    return max((folder for folder in found if folder.is_dir()), key=lambda folder: folder.stat().st_mtime, default=None)


def id_of(folder: Path) -> str | None:
    """The id of the model whose cached snapshot this folder is; None for any other folder."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    return repository.removeprefix("models--").replace("--", "/")

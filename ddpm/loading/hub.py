"""Models of the Hugging Face Hub, by their id (owner/name). Nothing is fetched without being asked for: models in the
local cache are loaded from there, and only `download` uses the network.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ddpm.errors import CannotLoad, Missing, UnknownModel

ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
# Configs, tokenizer and weights; no training checkpoints, no safety checker, no other frameworks' copies.
WANTED = ["*.json", "*.txt", "README.md", "*.safetensors", "*.bin"]
UNWANTED = ["safety_checker/*", "feature_extractor/*", "*.fp16.*", "*non_ema*", "v1-*", "v2-*", "sd_turbo.safetensors"]


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


def id_of(folder: Path) -> str | None:
    """The id of the model whose cached snapshot this folder is; None for any other folder."""
    repository = folder.parent.parent.name
    if folder.parent.name != "snapshots" or not repository.startswith("models--"):
        return None
    return repository.removeprefix("models--").replace("--", "/")


def download(name: str, revision: str | None = None) -> Path:
    """Fetch a model into the cache and return its folder. Only what somebody asked for by name comes this way."""
    if not is_id(name):
        raise UnknownModel(f"{name!r} is not a Hub id; one looks like google/ddpm-celebahq-256.")
    try:
        from huggingface_hub import list_repo_files, snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
    except ModuleNotFoundError as error:
        raise Missing("Models of the Hub need: pip install huggingface_hub") from error
    try:
        files = list_repo_files(name, revision=revision)
        doubles = ["*.bin"] if any(file.endswith(".safetensors") for file in files) else []
        folder = snapshot_download(
            name, revision=revision, allow_patterns=WANTED, ignore_patterns=[*UNWANTED, *doubles]
        )
    except RepositoryNotFoundError as error:
        raise UnknownModel(f"There is no model {name} on the Hub, or it wants a login.") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise Missing(
            f"{name} is not on this machine, and the Hub cannot be reached ({type(error).__name__}). Go online and run "
            f"`python -m ddpm models --download {name}`, or choose one of the embedded models."
        ) from error
    if not any(Path(folder).glob("*.json")):
        raise CannotLoad(f"{name} holds no JSON at its top, so it is no model in diffusers' layout.")
    return Path(folder)

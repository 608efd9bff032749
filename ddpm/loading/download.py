"""Fetching a model of the Hub: what it will cost is known first, progress is told, Cancel works within a second, and
what was fetched stays, so that the next try goes on where this one ended.

The files land in huggingface_hub's own cache by its own functions; its 2.x versions throw half a file away, so the half
is kept here.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ddpm.errors import CannotLoad, DDPMError, Missing, UnknownModel
from ddpm.loading import hub

# Configs, tokenizer and weights; no training checkpoints, no safety checker, no other frameworks' copies.
WANTED = ("*.json", "*.txt", "README.md", "*.safetensors", "*.bin")
UNWANTED = ("safety_checker/*", "feature_extractor/*", "*.fp16.*", "*non_ema*", "v1-*", "v2-*", "sd_turbo.safetensors",
            "image_encoder/*", "*vision*", "openvino*", "flax*", "tf_*", "rust_*", "onnx/*")  # fmt: skip
CHUNK = 2**18  # bytes between two looks at Cancel
SPARE = 200 * 2**20  # bytes that stay free on the disk


class Cancelled(Exception):
    """Ends a transfer from inside; never leaves this module."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a download would bring, known before a byte of it is fetched."""

    name: str
    commit: str
    licence: str
    files: tuple[tuple[str, int], ...]  # names and bytes
    pinned: bool = True  # False: the newest commit
    before: str = ""  # the commit that was fetched before, where none is pinned

    @property
    def which(self) -> str:
        """Which revision it is, in words."""
        said = f"revision `{self.commit[:12]}`"
        if self.pinned:
            return said
        changed = self.before not in ("", self.commit)
        return f"{said}, not pinned" + (f", another than was fetched before (`{self.before[:12]}`)" if changed else "")

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(size for _, size in self.files)


class Download:
    """One model being fetched, in a thread of its own. Plain fields: whoever shows it reads them when it likes."""

    def __init__(self, name: str, revision: str | None = None, only: tuple[str, ...] = ()) -> None:
        self.name, self.revision, self.only = name, revision, only
        self.state: Literal["waiting", "running", "finished", "stopped", "failed"] = "waiting"
        self.done = self.total = 0  # bytes
        self.error = ""
        self.folder: Path | None = None
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"download {name}", daemon=True)

    def start(self) -> Download:
        """Begin; answers at once."""
        self.state = "running"
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop soon. What is there stays and is not fetched again."""
        self._cancel.set()

    def wait(self, seconds: float | None = None) -> Download:
        """Until it is over, or for so long."""
        self._thread.join(seconds)
        return self

    def follow(self, every: float = 0.5) -> Iterator[Download]:
        """Itself, again and again, until it is over."""
        while self._thread.is_alive():
            yield self
            time.sleep(every)
        yield self

    def _run(self) -> None:
        try:
            wanted = offer(self.name, self.revision, self.only)
            self.total = wanted.bytes
            check_disk(wanted)
            for file, _ in wanted.files:
                self.folder = fetch(wanted, file, self._told).parents[file.count("/")]
            if self.revision is None:
                remember(wanted)
            self.state = "finished"
        except Cancelled:
            self.state = "stopped"
        except DDPMError as error:
            self.state, self.error = "failed", str(error)
        except Exception as error:  # a thread's error would otherwise be seen by nobody
            self.state, self.error = "failed", f"{type(error).__name__}: {error}"

    def _told(self, more: int) -> None:
        """So many bytes more; may be negative where a server makes us begin a file again."""
        self.done += more
        if self._cancel.is_set():
            raise Cancelled


def offer(name: str, revision: str | None = None, only: tuple[str, ...] = ()) -> Offer:
    """Files, sizes and licence of a model, asked of the Hub. `only`: patterns of the files that are wanted."""
    if not hub.is_id(name):
        raise UnknownModel(f"{name!r} is not a Hub id; one looks like google/ddpm-celebahq-256.")
    api = _package()
    with _sentences(name):
        info = api.HfApi().model_info(name, revision=revision, files_metadata=True)
    sizes = {file.rfilename: int(file.size or 0) for file in info.siblings or []}
    chosen = _chosen(sizes, only)
    if not any(file.endswith(".json") for file in chosen):
        raise CannotLoad(f"{name} holds no JSON that is wanted, so it is no model in diffusers' layout.")
    data = info.card_data
    licence = str(getattr(data, "license", None) or "not stated")
    before = "" if revision else hub.remembered(name)
    return Offer(name, str(info.sha), licence, tuple((file, sizes[file]) for file in chosen), bool(revision), before)


def _chosen(sizes: dict[str, int], only: tuple[str, ...]) -> list[str]:
    """The files to fetch: those asked for, or the usual ones, and torch files only where there are no safetensors."""

    def fits(file: str, patterns: tuple[str, ...]) -> bool:
        return any(fnmatch.fnmatch(file, pattern) for pattern in patterns)

    chosen = [file for file in sizes if fits(file, only or WANTED) and (only or not fits(file, UNWANTED))]
    if not only and any(file.startswith("unet/") for file in chosen):  # then what lies beside it is a second copy
        chosen = [file for file in chosen if "/" in file or not file.endswith((".safetensors", ".bin"))]
    folders = {file.rpartition("/")[0] for file in chosen if file.endswith(".safetensors")}
    return sorted(file for file in chosen if not file.endswith(".bin") or file.rpartition("/")[0] not in folders)


def check_disk(wanted: Offer) -> None:
    """Refuse, with both numbers, what would not fit; what is there already is not counted again."""
    cache = hub.cache()
    cache.mkdir(parents=True, exist_ok=True)
    there = sum(_size(_repository(wanted.name) / "snapshots" / wanted.commit / file) for file, _ in wanted.files)
    free = shutil.disk_usage(cache).free
    if wanted.bytes - there + SPARE > free:
        raise Missing(
            f"{wanted.name} needs {(wanted.bytes - there) / 1e6:,.0f} MB, but only {free / 1e6:,.0f} MB are free where "
            f"models are kept. Make room, or set HF_HUB_CACHE to a folder on a larger disk."
        )


def remember(wanted: Offer) -> None:
    """What `main` was, so that the model is found by its name alone."""
    reference = _repository(wanted.name) / "refs" / "main"
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(wanted.commit, encoding="utf-8")


def fetch(wanted: Offer, file: str, told: Callable[[int], None]) -> Path:
    """One file into the cache, going on with what an earlier try left. The path of it in the snapshot."""
    api = _package()
    with _sentences(wanted.name):
        url = api.hf_hub_url(wanted.name, file, revision=wanted.commit)
        facts = api.get_hf_file_metadata(url)
        blob = _repository(wanted.name) / "blobs" / str(facts.etag)
        if blob.is_file():
            told(blob.stat().st_size)
        else:
            _fill(blob, url, facts.size, told)
        return Path(api.hf_hub_download(wanted.name, file, revision=wanted.commit, cache_dir=hub.cache()))


def _fill(blob: Path, url: str, size: int | None, told: Callable[[int], None]) -> None:
    """Write the rest of a file to what is there of it, and give it its name when it is whole."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    blob.parent.mkdir(parents=True, exist_ok=True)
    part = blob.with_name(f"{blob.name}.part")
    began = _size(part)
    told(began)
    if size is None or began < size:
        headers = build_hf_headers() | ({"Range": f"bytes={began}-"} if began else {})
        with get_session().stream("GET", url, headers=headers, follow_redirects=True) as answer:
            hf_raise_for_status(answer)
            again = began and answer.status_code == 200  # this server knows no ranges
            if again:
                told(-began)
            with part.open("wb" if again else "ab") as file:
                for chunk in answer.iter_bytes(CHUNK):
                    file.write(chunk)
                    told(len(chunk))
    came = _size(part)
    if (size is not None and came != size) or not _is_itself(part, blob.name):
        part.unlink()
        raise Missing(f"A file came damaged ({came:,} bytes, {size or 0:,} were announced); fetch it again.")
    part.replace(blob)


def _is_itself(part: Path, etag: str) -> bool:
    """Whether the bytes have the SHA-256 that a large file is called by; small ones are called otherwise."""
    if not re.fullmatch(r"[0-9a-f]{64}", etag):
        return True
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest() == etag


def _package() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise Missing("Models of the Hub need: pip install huggingface_hub") from error
    return huggingface_hub


class _sentences:
    """What goes wrong with the Hub, as a sentence that says what to do."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, Cancelled | DDPMError):
            return
        from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

        if isinstance(error, RevisionNotFoundError):
            raise UnknownModel(f"{self.name} has no such revision on the Hub.") from error
        if isinstance(error, RepositoryNotFoundError):
            raise UnknownModel(f"There is no model {self.name} on the Hub, or it wants a login.") from error
        if isinstance(error, HfHubHTTPError | OSError) or type(error).__module__.startswith("httpx"):  # or httpx2
            raise Missing(
                f"{self.name} is not on this machine, and the Hub cannot be reached ({type(error).__name__}). Go "
                f"online and run `python -m ddpm models --download {self.name}`, or choose one of the embedded models."
            ) from error


def _repository(name: str) -> Path:
    return hub.cache() / f"models--{name.replace('/', '--')}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0

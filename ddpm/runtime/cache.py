"""What is worked out once per machine and network, in the user's cache folder: graphs and whether they pay.

An entry is a folder that appears whole or not at all. Its name is made of everything its content depends on: the
network's numbers, settings and source, shapes, OpenVINO's version and the processor.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ddpm.runtime.cores import CPUINFO

KEPT = 12  # entries; those not used for longest go first
PATIENCE = 900.0  # seconds without news after which whoever was making an entry is taken for dead
DAY = 24 * 3600.0  # seconds after which a conversion that failed is tried again: memory may have been short
VERDICT = "verdict.json"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found out about a network's graph on this machine."""

    use: bool
    why: str  # for people, where it is not used
    wrapped: bool = False  # whether the network puts its output out as `.sample` of an object
    seconds: float = 0.0  # a call of the graph, CPU time of one thread
    eager_seconds: float = 0.0  # the same call in torch, alternating with it
    error: float = 0.0  # relative L2 distance of the graph's output to float32's
    failed: bool = False  # nothing was found out: the conversion crashed


def cache_folder() -> Path:
    """Where programs of this user keep what they can work out again."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "ddpm" / "openvino"


def entry_name(module: nn.Module, inputs: Sequence[Tensor], versions: str) -> str:
    """The entry's name for this network as it is now, these input shapes and this machine.

    Every number is read, for of one file EMA or raw weights may be in use, with settings that stand in no tensor. That
    is 1.5 GB a second without a copy, and no network of more than 1.6 GB is converted.
    """
    sources = {inspect.getsourcefile(type(part)) for part in module.modules()}
    own = sorted(path for path in sources if path and f"{os.sep}torch{os.sep}" not in path)
    own += [str(Path(__file__).with_name(name)) for name in ("calls.py", "convert.py")]  # what makes graphs
    digest = hashlib.sha256(versions.encode())
    for path in own:
        digest.update(Path(path).read_bytes())
    digest.update(repr([tuple(tensor.shape) for tensor in inputs]).encode())
    digest.update(processor().encode())
    for name, part in module.named_modules():
        settings = _plain({**vars(part), "config": getattr(part, "config", None)})  # diffusers hides its own
        digest.update(f"{name} {type(part).__qualname__} {settings}\n".encode())
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:32]


def _plain(value: object) -> object:
    """What is the same in every process: plain values, also in containers, but for private items; else a type's name.

    Private are a module's own tables and those notes of diffusers whose order changes from process to process.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        public = [(str(key), _plain(each)) for key, each in value.items() if not str(key).startswith("_")]
        return sorted(public, key=lambda item: item[0])
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return getattr(value, "__qualname__", type(value).__qualname__)  # a function's own name


def processor() -> str:
    """This processor's model and abilities; the same for every core."""
    try:
        first = CPUINFO.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(re.findall(r"^(?:model name|flags|Features)\s*:.*$", first, re.M)) or platform.machine()


def read_verdict(entry: Path) -> Verdict | None:
    """The entry's verdict, and its date renewed; None where there is none that can be read.

    A failure is believed for a day, then its entry goes.
    """
    try:
        verdict = Verdict(**json.loads((entry / VERDICT).read_text(encoding="utf-8")))
        if verdict.failed and time.time() - (entry / VERDICT).stat().st_mtime > DAY:
            shutil.rmtree(entry, ignore_errors=True)
            return None
        os.utime(entry)
    except (OSError, ValueError, TypeError):
        return None
    return verdict


def write_verdict(folder: Path, verdict: Verdict) -> None:
    (folder / VERDICT).write_text(json.dumps(asdict(verdict)), encoding="utf-8")


def being_made(entry: Path) -> bool:
    """Whether a process is at work on the entry; one that was killed leaves its folder, which is then let go."""
    busy = False
    for folder in entry.parent.glob(f".{entry.name}-*"):
        try:
            busy = busy or time.time() - folder.stat().st_mtime < PATIENCE
            if time.time() - folder.stat().st_mtime > PATIENCE:
                shutil.rmtree(folder, ignore_errors=True)
        except FileNotFoundError:  # it was finished meanwhile
            continue
    return busy


@contextmanager
def workshop(entry: Path) -> Iterator[Path]:
    """A private folder beside the entry, in which it is made; where that fails, the folder goes."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=entry.parent))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def publish(folder: Path, entry: Path) -> None:
    """Put a finished folder in the entry's place, if no whole one was put there meanwhile, and let old entries go.

    No file in the folder may be open: Windows would not rename it. OSError where the entry cannot be put there.
    """
    if read_verdict(entry) is None:
        shutil.rmtree(entry, ignore_errors=True)  # a damaged one
    try:
        folder.rename(entry)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        if read_verdict(entry) is None:  # else another process was first; both made the same
            raise
    _let_go(entry.parent)


def _let_go(cache: Path) -> None:
    """Remove the entries that were not used for longest, but for `KEPT`."""
    used: list[tuple[float, Path]] = []
    for path in cache.iterdir():
        with suppress(FileNotFoundError):  # another process has removed it meanwhile
            if not path.name.startswith("."):
                used.append((path.stat().st_mtime, path))
    for _, old in sorted(used)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)

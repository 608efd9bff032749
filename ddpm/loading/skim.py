"""What is in a weights file, without torch and without reading its numbers: names, shapes and plain values.

A torch file is a pickle beside raw numbers. The reader here builds no class that the pickle names: tensors become their
shapes, settings become plain dictionaries, everything else an inert `Foreign`. So nothing in a file can run, and a list
of models appears in milliseconds. The numbers themselves are read by files.py, when a model is loaded.
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

from ddpm.errors import CannotLoad

LARGEST_HEADER = 100 * 2**20  # bytes of names and shapes; the largest known files have 3 MB
MAGIC = 0x1950A86A20F9469CFC6C  # begins torch files from before version 1.6

# Settings that DiffusionGen 2 keeps in its checkpoints as instances of its own dataclasses; they are read as plain
# values. Nothing else by these names is ever imported.
SETTINGS_CLASSES = tuple(
    f"diffusiongen2.configs.{name}Config"
    for name in ("Project", "UNet", "Diffusion", "Data", "Training", "Optim", "Eval")
)
# What trainers leave beside the weights: callbacks, settings, losses. They are read as nothing at all, so that the
# weights can be had; an object of any other class refuses the file.
BYSTANDERS = ("pytorch_lightning.", "lightning.", "omegaconf.", "numpy.", "argparse.", "pathlib.")


class Shape(NamedTuple):
    """A tensor without its numbers."""

    shape: tuple[int, ...]


class Settings:
    """Plain values of a settings object, whatever its class was called."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class Foreign:
    """Stands where a file holds an object of somebody's class. It does nothing."""

    names: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Foreign:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """What the object was is of no interest."""

    def append(self, item: Any) -> None:
        """For objects that a pickle fills as lists."""

    def extend(self, items: Any) -> None:
        """The same."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """For objects that a pickle fills as dictionaries."""


def skim(path: Path) -> Any:
    """What the file holds, with `Shape` for every tensor. CannotLoad if it is neither safetensors nor a torch file."""
    if path.stat().st_size == 0:
        raise CannotLoad(f"{path.name} is empty (0 bytes); copy it again")
    if path.suffix == ".safetensors":
        return _safetensors(path)
    try:
        if zipfile.is_zipfile(path):
            return _Skimmer(io.BytesIO(_pickle(path))).load()
        return _old(path)
    except CannotLoad:
        raise
    except Exception as error:  # a damaged or hostile pickle raises whatever it likes
        raise CannotLoad(f"{path.name} is no torch file that can be read ({type(error).__name__}: {error})") from error


def bystanders(path: Path) -> list[str]:
    """Full names of the classes in a torch file whose objects may be read as nothing."""
    if not zipfile.is_zipfile(path):
        return []
    skimmer = _Skimmer(io.BytesIO(_pickle(path)))
    skimmer.load()
    return sorted(name for name in skimmer.named if name.startswith(BYSTANDERS))


def _pickle(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        entry = next(entry for entry in archive.infolist() if entry.filename.rpartition("/")[2] == "data.pkl")
        if entry.file_size > LARGEST_HEADER:
            raise CannotLoad(f"{path.name} describes its tensors in {entry.file_size:,} bytes, which no real file does")
        return archive.read(entry)


def _safetensors(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        head = file.read(8)
        size = struct.unpack("<Q", head)[0] if len(head) == 8 else LARGEST_HEADER + 1
        if size > LARGEST_HEADER:
            raise CannotLoad(f"{path.name} is damaged or no safetensors file; copy it again")
        try:
            header = json.loads(file.read(size))
            return {name: Shape(tuple(map(int, entry["shape"]))) for name, entry in header.items()
                    if name != "__metadata__"}  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CannotLoad(f"{path.name} is damaged or cut short ({error}); copy it again") from error


def _old(path: Path) -> Any:
    """A file of torch before 1.6: a magic number, a version, facts of the machine, then the object, then numbers."""
    with path.open("rb") as file:
        skimmer = _Skimmer(file)
        first = skimmer.load()
        if first != MAGIC:
            raise CannotLoad(f"{path.name} is a pickle of a {type(first).__name__}, not a file of torch.save")
        for _ in range(2):
            _Skimmer(file).load()
        return _Skimmer(file).load()


def _tensor(storage: Any, offset: int, size: Any, *rest: Any) -> Shape:
    return Shape(tuple(size))


def _parameter(data: Any, *rest: Any) -> Any:
    return data


class _Skimmer(pickle.Unpickler):
    """Unpickles containers and numbers, and nothing that its file names."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.named: set[str] = set()  # classes that are not built

    def find_class(self, module: str, name: str) -> Any:
        match f"{module}.{name}":
            case "collections.OrderedDict":
                return OrderedDict
            case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor":
                return _tensor
            case "torch._utils._rebuild_parameter":
                return _parameter
            case "torch.Size":
                return tuple
            case known if known in SETTINGS_CLASSES:
                return Settings
            case named:
                self.named.add(named)
                return type("Foreign", (Foreign,), {"names": (named,)})

    def persistent_load(self, pid: Any) -> Any:
        return None


def foreign_names(value: Any, deep: int = 3) -> set[str]:
    """Names of classes whose instances are in a skimmed file; those a plain reader cannot read."""
    if isinstance(value, Foreign):
        return {name for name in type(value).names if not name.startswith(BYSTANDERS)}
    if isinstance(value, dict) and deep:
        return set[str]().union(*(foreign_names(item, deep - 1) for item in value.values()))
    if isinstance(value, list | tuple) and deep:
        return set[str]().union(*(foreign_names(item, deep - 1) for item in value))
    return set()

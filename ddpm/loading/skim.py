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
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from ddpm.errors import CannotLoad

LARGEST_HEADER = 100 * 2**20  # bytes of names and shapes; the largest known files have 3 MB
MAGIC = 0x1950A86A20F9469CFC6C  # begins torch files from before version 1.6

# Settings that DiffusionGen 2 keeps in its checkpoints as instances of its own dataclasses; they are read as plain
# values. Nothing else by these names is ever imported.
SETTINGS_CLASSES = tuple(
    f"diffusiongen2.configs.{name}Config"
    for name in ("Project", "UNet", "Diffusion", "Data", "Training", "Optim", "Eval")
)
# What trainers leave beside the weights: callbacks, settings, losses, dates. They are read as nothing at all, so that
# the weights can be had; an object of any other class near the top refuses the file.
BYSTANDERS = (
    "pytorch_lightning.", "lightning.", "lightning_fabric.", "lightning_utilities.", "torchmetrics.", "omegaconf.",
    "numpy.", "argparse.", "pathlib.", "datetime.", "types.SimpleNamespace", "torch.device", "_codecs.encode",
    "torch.serialization._get_layout", "builtins.complex", "builtins.bytearray", "builtins.frozenset",
    "builtins.slice", "builtins.range",
)  # fmt: skip


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


class _Watched(Foreign):
    """Notes how a pickle fills its instances."""

    filled: ClassVar[set[type]]  # of list, dict and object

    def __setstate__(self, state: Any) -> None:
        self.filled.add(object)

    def append(self, item: Any) -> None:
        self.filled.add(list)

    def extend(self, items: Any) -> None:
        self.filled.add(list)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.filled.add(dict)


class Pairs:
    """Makes plain dictionaries: stands for classes like dict, since torch's own reader fills nothing else."""

    def __new__(cls, *args: Any) -> Any:
        return {}


class Row:
    """Makes plain lists, likewise."""

    def __new__(cls, *args: Any) -> Any:
        return []


def skim(path: Path) -> Any:
    """What the file holds, with `Shape` for every tensor. CannotLoad if it is neither safetensors nor a torch file."""
    if path.stat().st_size == 0:
        raise CannotLoad(f"{path.name} is empty (0 bytes); copy it again")
    if path.suffix.lower() == ".safetensors":
        return _safetensors(path)
    return _torch_file(path)[0]


def stand_ins(path: Path) -> list[tuple[type, str]]:
    """What torch's reader may make in place of each class that a torch file names. Refuses what only code could read:
    an object of an unknown class where weights or settings would be."""
    content, foreign = _torch_file(path)
    refuse_code(path.name, content)
    kinds: dict[frozenset[type], type] = {frozenset({dict}): Pairs, frozenset({list}): Row}
    return [(kinds.get(frozenset(kind.filled), Foreign), name) for name, kind in foreign.items()]


def refuse_code(file: str, content: Any) -> None:
    """CannotLoad, with the way to convert it, if a skimmed file holds objects of classes that nobody here knows."""
    if names := foreign_names(content):
        raise CannotLoad(
            f"{file} holds objects ({', '.join(sorted(names)[:3])}) that only running code could read, so it is "
            "refused; nothing in it was executed. Where you trust it, open it in the program that made it and save its "
            'state dict alone: safetensors.torch.save_file(model.state_dict(), "weights.safetensors")'
        )


def _torch_file(path: Path) -> tuple[Any, dict[str, type[_Watched]]]:
    """What a torch file holds, and the classes it names that are not built."""
    try:
        if not zipfile.is_zipfile(path):
            return _old(path)
        skimmer = _Skimmer(io.BytesIO(_pickle(path)))
        return skimmer.load(), skimmer.foreign
    except CannotLoad:
        raise
    except Exception as error:  # a damaged or hostile pickle raises whatever it likes
        raise CannotLoad(f"{path.name} is no torch file that can be read ({type(error).__name__}: {error})") from error


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
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise CannotLoad(f"{path.name} is damaged or cut short ({error}); copy it again") from error


def _old(path: Path) -> tuple[Any, dict[str, type[_Watched]]]:
    """A file of torch before 1.6: a magic number, a version, facts of the machine, then the object, then numbers."""
    with path.open("rb") as file:
        skimmer = _Skimmer(file)
        first = skimmer.load()
        if first != MAGIC:
            raise CannotLoad(
                f"{path.name} is a pickle of something else, not a file of torch.save; nothing in it was executed"
            )
        for _ in range(2):
            _Skimmer(file).load()
        skimmer = _Skimmer(file)
        return skimmer.load(), skimmer.foreign


def _tensor(storage: Any, offset: int, size: Any, *rest: Any) -> Shape:
    return Shape(tuple(size))


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _with_attributes(rebuild: Any, kind: Any, args: Any, attributes: Any) -> Any:
    return rebuild(*args)


def _dictionary(*args: Any) -> dict[Any, Any]:
    """A Counter comes with its counts, a defaultdict with its factory."""
    return dict(args[-1]) if args and isinstance(args[-1], dict) else {}


class _Skimmer(pickle.Unpickler):
    """Unpickles containers and numbers, and nothing that its file names."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.foreign: dict[str, type[_Watched]] = {}  # by the full names of classes that are not built

    def find_class(self, module: str, name: str) -> Any:
        module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))  # of Python 2
        match f"{module}.{name}":
            case "collections.OrderedDict":
                return OrderedDict
            case "collections.Counter" | "collections.defaultdict":  # a MultiStepLR keeps its milestones in a Counter
                if name == "defaultdict":  # which torch's reader does not know
                    self.foreign[f"{module}.{name}"] = type("Foreign", (_Watched,), {"filled": {dict}})
                return _dictionary
            case "builtins.set":
                return set
            case "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor_v3":
                return _tensor
            case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state":
                return _parameter
            case "torch._tensor._rebuild_from_type_v2":
                return _with_attributes
            case "torch.Size":
                return tuple
            case known if known in SETTINGS_CLASSES:
                return Settings
            case named:
                if named not in self.foreign:
                    self.foreign[named] = type("Foreign", (_Watched,), {"names": (named,), "filled": set()})
                return self.foreign[named]

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

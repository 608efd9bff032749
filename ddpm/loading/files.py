"""Weights and JSON as they lie on disk. safetensors first; a torch file only by weights_only=True, which runs no code.

Large networks are cut into shards with an index, in the layout of diffusers and transformers, because some hosts refuse
files over 10 MB.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ddpm.errors import CannotLoad
from ddpm.loading.card import STEM, read_json, weight_files
from ddpm.loading.skim import SETTINGS_CLASSES, Settings, stand_ins

SHARD_BYTES = 9_000_000


def read_checkpoint(path: Path) -> Any:
    """Whatever a .safetensors or torch file holds, tensors and plain values, on the CPU. Nothing in it is executed.

    Settings objects of classes known by name (skim.py) are read as plain values, callbacks and the like as nothing;
    objects of other classes, where weights or settings would be, refuse the file.
    """
    if path.suffix.lower() == ".safetensors":
        return read_tensors(path)
    allowed: list[Any] = [*((Settings, name) for name in SETTINGS_CLASSES), *stand_ins(path)]
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever a damaged or hostile file makes it raise
        raise CannotLoad(
            f"{path.name} cannot be read as plain weights ({_first_line(error)}); nothing in it was executed. "
            "Where you trust it, open it in the program that made it and save its state dict: "
            'safetensors.torch.save_file(model.state_dict(), "weights.safetensors").'
        ) from error


def sound(state: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """The tensors in float32 where they are floating, refused where one holds NaN or infinity."""
    cast = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    for name, tensor in cast.items():  # of 8-bit numbers torch could not say which are finite
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise CannotLoad(f"{where}: its tensor {name} holds NaN or infinity; copy or train it again.")
    return cast


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of one .safetensors or torch file, on the CPU. Nothing in the file is executed."""
    if path.stat().st_size == 0:
        raise CannotLoad(f"{path.name} is empty (0 bytes); copy it again.")
    if path.suffix.lower() == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(path)
        except (SafetensorError, ValueError) as error:
            raise CannotLoad(f"{path.name} is damaged or cut short ({error}); copy it again.") from error
    state = read_checkpoint(path)
    if not isinstance(state, Mapping):
        raise CannotLoad(f"{path.name} holds a {type(state).__name__}, not a state dict; save model.state_dict().")
    tensors = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    if not tensors:
        raise CannotLoad(f"{path.name} holds no tensors at its top level (keys: {', '.join(map(str, state))[:200]}).")
    return tensors


def read_weights(paths: Sequence[Path]) -> dict[str, Tensor]:
    """All tensors of a component, whole or in shards; floating ones in float32, none of them NaN or infinite."""
    state: dict[str, Tensor] = {}
    for path in paths:
        state.update(sound(read_tensors(path), path.name))
    return state


def write_weights(folder: Path, state: Mapping[str, Tensor], stem: str = STEM, limit: int = SHARD_BYTES) -> None:
    """The tensors as one file, or as shards of at most `limit` bytes and an index."""
    from safetensors.torch import save

    shards: list[dict[str, Tensor]] = [{}]
    room = limit
    for name, tensor in state.items():
        size = tensor.numel() * tensor.element_size()
        if shards[-1] and size > room:
            shards.append({})
            room = limit
        shards[-1][name] = tensor.detach().cpu().contiguous()
        room -= size + 200  # its entry in the header
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{stem}.safetensors"]
    if len(shards) > 1:
        names = [f"{stem}-{i + 1:05d}-of-{len(shards):05d}.safetensors" for i in range(len(shards))]
    for name, shard in zip(names, shards, strict=True):
        write_whole(folder / name, save(shard, metadata={"format": "pt"}))
    index = folder / f"{stem}.safetensors.index.json"
    if len(shards) > 1:
        places = {key: name for name, shard in zip(names, shards, strict=True) for key in shard}
        total = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
        write_json(index, {"metadata": {"total_size": total}, "weight_map": places})
    else:
        index.unlink(missing_ok=True)
    for old in folder.glob(f"{stem}*.safetensors"):
        if old.name not in names:
            old.unlink()


def write_whole(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all: written under another name, then renamed."""
    temporary = path.with_name(path.name + ".part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError:  # a full disk gets back what was written
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Readable JSON, whole or not at all."""
    write_whole(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def weights_hash(paths: Iterable[Path]) -> str:
    """First 10 hex digits of the SHA-256 over the files' bytes, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.as_posix()):
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:10]


def sources_hash(parts: Sequence[str]) -> str:
    """Of these parts of the package and the art in them: what decides pictures there paints others when it changes."""
    package, digest = Path(__file__).parents[1], hashlib.sha256()
    for part in parts:
        for path in sorted((package / part).rglob("*")) or [package / part]:
            if path.suffix in (".py", ".npz"):
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:10]


def put(module: torch.nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Load every tensor, strictly: a network with a random part would silently make noise."""
    own = module.state_dict()
    missing, foreign = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    wrong = [name for name in own.keys() & state.keys() if own[name].shape != state[name].shape]
    if missing or foreign or wrong:
        parts = [
            f"{len(names)} {what} ({', '.join(sorted(names)[:3])}{', ...' if len(names) > 3 else ''})"
            for what, names in (("missing", missing), ("unexpected", foreign), ("of another shape", wrong))
            if names
        ]
        raise CannotLoad(f"{where}: its weights do not fit its config: tensors {', '.join(parts)}.")
    module.load_state_dict(dict(state))


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


__all__ = [
    "SHARD_BYTES",
    "STEM",
    "put",
    "read_checkpoint",
    "read_json",
    "read_tensors",
    "read_weights",
    "sound",
    "weight_files",
    "weights_hash",
    "write_json",
    "write_weights",
    "write_whole",
]

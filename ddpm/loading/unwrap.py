"""From a checkpoint as a trainer saved it to one network's tensors by their own names, EMA or raw, and its step.

The rules are tried in order, the first that fits wins. They read names only, so they work on a skimmed file (shapes)
and on a loaded one (tensors) alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddpm.errors import CannotLoad
from ddpm.loading.beside import Beside

WRAPPERS = ("module.", "_orig_mod.", "model.", "unet.", "ema_model.", "net.")  # of other people's trainers
RAW, EMA, AS_SAVED = "raw", "EMA", "as saved"


@dataclass(frozen=True)
class Found:
    """One network's tensors (or their shapes) with what the file said beside them."""

    path: Path  # of the file: its name tells something, and companions may lie beside it
    state: Mapping[str, Any]
    which: str  # "EMA", "raw" or "as saved"
    branch: str = ""  # the entry of the checkpoint that holds the network; "" where it is the whole file
    step: int | None = None
    epoch: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)  # the checkpoint's other entries
    beside: Beside = Beside()  # what the YAML beside the file and the file's name say

    @property
    def name(self) -> str:
        """Of the file."""
        return self.path.name

    def shape(self, key: str) -> tuple[int, ...]:
        """Shape of a tensor; CannotLoad if there is none of that name."""
        if key not in self.state:
            raise CannotLoad(f"no {key} in it")
        return tuple(self.state[key].shape)

    def count(self, pattern: str) -> int:
        """How many numbers the pattern's one group takes: 3 for `downs.(\\d+).` with downs.0 to downs.2."""
        matches = (re.match(pattern, key) for key in self.state)
        return len({match[1] for match in matches if match})

    def has(self, pattern: str) -> bool:
        """Whether any name begins as the pattern says."""
        return any(re.match(pattern, key) for key in self.state)


def unwrap(content: Any, path: Path, beside: Beside) -> Found:
    """The network in a checkpoint; `beside.use` chooses "ema" (where there is one) or "raw"."""
    name = path.name
    if not isinstance(content, Mapping):
        raise CannotLoad(f"{name} holds a {_called(content)}, not a state dict; save model.state_dict()")
    raw = beside.use == "raw"
    numbers = {key: value for key, value in content.items() if isinstance(value, int) and not isinstance(value, bool)}
    step, epoch = numbers.get("step", numbers.get("global_step")), numbers.get("epoch", numbers.get("epochs"))
    extra = content.get("extra")
    if isinstance(extra, Mapping):
        epoch = extra.get("epoch", epoch)
    branch, state, which = _branch(content, raw)
    named = re.fullmatch(r"ema_[\d.]+_(\d+)(\.\w+)?", name)
    if which == AS_SAVED and named:
        which, step = EMA, int(named[1])
    others = {key: value for key, value in content.items() if not _is_state(value) and not _is_tensor(value)}
    return Found(path, _stripped(state), which, branch, step, epoch, others, beside)


def _branch(content: Mapping[str, Any], raw: bool) -> tuple[str, Mapping[str, Any], str]:
    """The entry that holds the network, its tensors, and which they are."""
    if "params_ema" in content or "params" in content:
        raise CannotLoad("it holds an upscaler's weights (params), not a diffusion model's")
    for with_ema, without in (("ema_unet", "unet"), ("ema_state_dict", "model_state_dict")):
        if _is_state(content.get(without)):
            if _is_state(content.get(with_ema)) and not raw:
                return with_ema, content[with_ema], EMA
            return without, content[without], RAW
    if _is_state(content.get("state_dict")):
        kept = {key: value for key, value in content["state_dict"].items() if not key.startswith("model_ema.")}
        return "state_dict", kept, RAW
    if _is_state(content.get("model")):
        state, ema = content["model"], content.get("ema")
        averaged = None if raw or not isinstance(ema, Mapping) else _ema(state, ema)
        return ("model", state, RAW) if averaged is None else ("ema", averaged, EMA)
    tensors = {str(key): value for key, value in content.items() if _is_tensor(value)}
    if tensors:
        return "", tensors, AS_SAVED
    if "shadow_params" in content:
        raise CannotLoad("it holds averaged weights without their names (shadow_params); save the model beside them")
    raise CannotLoad(f"no tensors where any trainer is known to put them (keys: {', '.join(map(str, content))[:160]})")


def _ema(state: Mapping[str, Any], ema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Averaged weights: by name under `ema_model.`, or a list in the order of the model's parameters."""
    averaged = {key[len("ema_model.") :]: value for key, value in ema.items() if key.startswith("ema_model.")}
    if averaged:
        return averaged
    shadow = ema.get("shadow", ema.get("shadow_params"))
    if not isinstance(shadow, list | tuple):
        return None
    names = [key for key, value in state.items() if _is_tensor(value)]
    if len(shadow) != len(names):
        raise CannotLoad(f"its average has {len(shadow)} tensors, its model {len(names)}; set `use: raw` beside it")
    merged = dict(state)
    for name, value in zip(names, shadow, strict=True):  # None where a weight was frozen
        if value is not None and tuple(value.shape) != tuple(state[name].shape):
            raise CannotLoad(f"its average is not in the order of its model: {name} is of another shape")
        merged[name] = state[name] if value is None else value
    return merged


def _stripped(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what trainers put before every name."""
    state = {str(key): value for key, value in state.items() if _is_tensor(value)}
    while state:
        prefix = next((prefix for prefix in WRAPPERS if all(key.startswith(prefix) for key in state)), None)
        if prefix is None:
            break
        state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "shape") and not isinstance(value, Mapping)


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and any(_is_tensor(item) for item in value.values())


def _called(content: Any) -> str:
    names = getattr(type(content), "names", ())
    return names[0] if names else type(content).__name__

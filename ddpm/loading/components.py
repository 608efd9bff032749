"""One part of a model from its folder: a network of diffusers, an autoencoder, a CLIP encoder with its tokenizer.

Weights are read here and handed over as tensors, so neither diffusers nor transformers opens a pickle or a connection.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.compat import ensure_torchvision
from ddpm.errors import CannotLoad, Missing
from ddpm.loading.files import put, read_json, read_weights
from ddpm.loading.layout import STEM, codec_channels, codec_factor, component_files
from ddpm.models.clip import CLIP
from ddpm.models.clip_pair import Penultimate
from ddpm.models.codec import Autoencoder

CODECS = ("AutoencoderKL", "AutoencoderTiny", "VQModel")
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}  # before diffusers 0.13


def package(name: str, why: str) -> Any:
    """diffusers or transformers, or a sentence that says how to get it."""
    ensure_torchvision()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Missing(f"{why} need: pip install {name}") from error


def read_component(name: str, folder: Path, config: Mapping[str, Any]) -> nn.Module:
    """One of diffusers' networks from its folder."""
    return made(name, config, read_weights(component_files(folder, STEM)), f"{folder.parent.name}/{folder.name}")


def made(name: str, config: Mapping[str, Any], state: Mapping[str, Tensor], where: str) -> nn.Module:
    """One of diffusers' networks with these weights, every tensor accounted for."""
    diffusers = package("diffusers", "Models in diffusers' layout")
    try:
        module: nn.Module = getattr(diffusers, name).from_config(dict(config))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise CannotLoad(f"{where}: its config makes no {name} ({error})") from error
    put(module, _renamed(state, module), where)
    return module.eval().requires_grad_(False)


def read_codec(folder: Path, device: str = "cpu") -> Autoencoder:
    """The autoencoder in a component folder (config.json and weights)."""
    config = read_json(folder / "config.json")
    return codec_of(read_component(_codec_name(config), folder, config), config, device)


def codec_of(module: nn.Module, config: Mapping[str, Any], device: str) -> Autoencoder:
    """One of diffusers' autoencoders as a codec, scaled as its config says."""
    scaling = config.get("scaling_factor", 1.0 if _codec_name(config) == "AutoencoderTiny" else 0.18215)
    return Autoencoder(
        module.to(device),
        factor=codec_factor(dict(config)),
        channels=codec_channels(dict(config)),
        scaling=float(scaling),
        shift=float(config.get("shift_factor") or 0.0),
    )


def _codec_name(config: Mapping[str, Any]) -> str:
    name = str(config.get("_class_name"))
    if name not in CODECS:
        raise CannotLoad(f"its codec is a {name}; read are {', '.join(CODECS)}")
    return name


def read_clip(
    folder: Path, tokenizer: Path, device: str = "cpu", *, attends_padding: bool = True, empty_is_zero: bool = False
) -> CLIP:
    """A CLIP text encoder from a folder of transformers' layout; the vision half of a whole CLIP model is left out."""
    module = clip_module(*_clip_files(folder), folder.name).to(device)
    return CLIP(module, read_tokenizer(tokenizer), attends_padding=attends_padding, empty_is_zero=empty_is_zero)


def read_penultimate(
    folder: Path, tokenizer: Path, device: str, *, projected: bool, empty_is_zero: bool
) -> Penultimate:
    """One of the two encoders of Stable Diffusion XL; the second is `projected`: it has a pooled state."""
    module = clip_module(*_clip_files(folder), folder.name, projected=projected).to(device)
    return Penultimate(module, read_tokenizer(tokenizer), empty_is_zero=empty_is_zero)


def _clip_files(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    config = read_json(folder / "config.json")
    config = config.get("text_config") or config
    state = {key: value for key, value in read_weights(component_files(folder, "model")).items()
             if not key.startswith(("vision_model.", "visual_projection.", "logit_scale"))}  # fmt: skip
    return config, state


def clip_module(
    config: Mapping[str, Any], state: Mapping[str, Tensor], where: str, *, projected: bool = False
) -> nn.Module:
    """transformers' CLIP text encoder with these weights."""
    transformers = package("transformers", "CLIP's text encoders")
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    kept = {key: value for key, value in state.items() if projected or key != "text_projection.weight"}
    # Handed over as tensors: transformers knows its older key names, and reads no file, so no pickle either.
    module, report = kind.from_pretrained(
        None, config=transformers.CLIPTextConfig.from_dict(dict(config)), state_dict=kept, output_loading_info=True,
        dtype=torch.float32,
    )  # fmt: skip
    if report["missing_keys"]:
        raise CannotLoad(f"{where}: tensors are missing ({', '.join(sorted(report['missing_keys'])[:3])}, ...)")
    return module


def read_tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer from a folder; nothing is fetched."""
    transformers = package("transformers", "CLIP's text encoders")
    # Version 5 has one class; before it, only the fast one says where in the prompt a token stands.
    tokenizer_class = getattr(transformers, "CLIPTokenizerFast", transformers.CLIPTokenizer)
    return tokenizer_class.from_pretrained(str(folder), local_files_only=True)


def _renamed(state: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Attention blocks of the oldest files under their names of today, and 1x1 convolutions as linear layers."""
    own, renamed = module.state_dict(), {}
    for key, value in state.items():
        old = re.fullmatch(r"(.+)\.(query|key|value|proj_attn)\.(weight|bias)", key)
        if old and key not in own:
            key = f"{old[1]}.{OLD_ATTENTION[old[2]]}.{old[3]}"
        if key in own and value.ndim == 4 and own[key].ndim == 2:
            value = value[:, :, 0, 0]
        renamed[key] = value
    return renamed

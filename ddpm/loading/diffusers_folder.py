"""Models in diffusers' layout: pixel UNets (DDPMPipeline, DDIMPipeline), unconditional latent ones (LDMPipeline) and
Stable Diffusion 1 and 2. Only diffusers' networks are used; its pipelines and schedulers are not.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.compat import ensure_torchvision
from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule
from ddpm.errors import BadRequest, CannotLoad, Missing
from ddpm.loading.files import put, read_json, read_weights, weights_hash
from ddpm.loading.layout import STEM, Layout, component_files, diffusers_card, read_layout
from ddpm.models.clip import CLIP
from ddpm.models.codec import Autoencoder, Pixels
from ddpm.models.model import Codec, Model, Network, Text

CODECS = ("AutoencoderKL", "AutoencoderTiny", "VQModel")
OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}  # before diffusers 0.13


def load(folder: Path, device: str = "cpu") -> Model:
    """The model in a diffusers folder, weights checked against its configs, in float32."""
    if not folder.is_dir():
        raise CannotLoad(f"{folder.name} is not a folder")
    layout, card = read_layout(folder), diffusers_card(folder)
    try:
        schedule = Schedule.from_diffusers_config(layout.scheduler_config)
    except BadRequest as error:
        raise CannotLoad(str(error)) from error
    name = "UNet2DConditionModel" if layout.conditional else "UNet2DModel"
    module = _component(name, layout.unet, layout.unet_config).to(device)
    return Model(
        card=replace(card, weights_hash=weights_hash(component_files(layout.unet, STEM))),
        schedule=schedule,
        codec=_codec(layout, device),
        text=_clip(layout, device) if layout.conditional else None,
        network=_network(module, layout.conditional),
        target=Target(card.target),
        module=module,
        clamp=layout.clamp,
    )


def _network(module: nn.Module, conditional: bool) -> Network:
    """A UNet as x_t, t, text -> output. A learnt variance in further channels is not used."""

    def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
        times = torch.full((len(x_t),), t, device=x_t.device)  # fractional times are fine: it makes sinusoids of them
        if not conditional:
            return module(x_t, times).sample[:, : x_t.shape[1]]
        if text is None:
            raise ValueError("this network reads a prompt: encode the empty one")
        states = text.states.to(x_t.device, x_t.dtype).expand(len(x_t), -1, -1)
        return module(x_t, times, encoder_hidden_states=states).sample[:, : x_t.shape[1]]

    return network


def _codec(layout: Layout, device: str) -> Codec:
    if layout.codec is None:
        return Pixels(int(layout.unet_config.get("in_channels", 3)))
    config = layout.codec_config
    name = config.get("_class_name")
    if name not in CODECS:
        raise CannotLoad(f"its codec is a {name}; read are {', '.join(CODECS)}")
    scaling = config.get("scaling_factor", 1.0 if name == "AutoencoderTiny" else 0.18215)
    return Autoencoder(
        _component(name, layout.codec, config).to(device),
        factor=layout.codec_factor,
        channels=int(config.get("latent_channels", 4)),
        scaling=float(scaling),
        shift=float(config.get("shift_factor") or 0.0),
    )


def _component(name: str, folder: Path, config: dict[str, Any]) -> nn.Module:
    """One of diffusers' networks with its weights, every tensor accounted for."""
    ensure_torchvision()
    try:
        diffusers = importlib.import_module("diffusers")
    except ModuleNotFoundError as error:
        raise Missing("Models in diffusers' layout need: pip install diffusers") from error
    try:
        module: nn.Module = getattr(diffusers, name).from_config(config)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise CannotLoad(f"{folder.name}/config.json makes no {name} ({error})") from error
    put(module, _renamed(read_weights(component_files(folder, STEM)), module), f"{folder.parent.name}/{folder.name}")
    return module.eval().requires_grad_(False)


def _renamed(state: dict[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
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


def _clip(layout: Layout, device: str) -> CLIP:
    ensure_torchvision()
    try:
        transformers: Any = importlib.import_module("transformers")
    except ModuleNotFoundError as error:
        raise Missing("Stable Diffusion's text encoder needs: pip install transformers") from error
    folder = layout.folder / "text_encoder"
    config = transformers.CLIPTextConfig.from_dict(read_json(folder / "config.json"))
    state = read_weights(component_files(folder, "model"))
    # Handed over as tensors: transformers knows its older key names, and reads no file, so no pickle either.
    module, report = transformers.CLIPTextModel.from_pretrained(
        None, config=config, state_dict=state, output_loading_info=True, dtype=torch.float32
    )
    if report["missing_keys"]:
        raise CannotLoad(f"{folder.name}: tensors are missing ({', '.join(sorted(report['missing_keys'])[:3])}, ...)")
    # Version 5 has one class; before it, only the fast one says where in the prompt a token stands.
    tokenizer_class = getattr(transformers, "CLIPTokenizerFast", transformers.CLIPTokenizer)
    tokenizer = tokenizer_class.from_pretrained(str(layout.folder / "tokenizer"), local_files_only=True)
    return CLIP(module.to(device), tokenizer)

"""Checkpoints of DiffusionGen 1 (model_state_dict, unet_params, diffusion_params) and 2 (ema_state_dict, config).

The prompt encoder (CLIP ViT-B/32) and the autoencoder (sd-vae-ft-ema) are not in the files; see companions.py.
Version 1 was trained on transposed pictures, with zeros for "no prompt" and guidance 4.5 inside its loss.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ddpm.errors import CannotLoad
from ddpm.loading.companions import companion
from ddpm.loading.family import card_of, from_table, named_schedule
from ddpm.loading.unwrap import Found
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from torch import Tensor

    from ddpm.models.diffusiongen_unet import DiffusionGenConfig
    from ddpm.models.model import Model

NAME = "of DiffusionGen"
CLIP = "openai/clip-vit-base-patch32"
VAE = "stabilityai/sd-vae-ft-ema"
SCALING = 0.18215  # of the latents, as Stable Diffusion
TARGETS = {"epsilon": "eps", "velocity": "v"}
REGIME = "It was trained with guidance 4.5 inside its loss: other guidance leaves what it has learnt."
LEGACY = "Starts from noise at 0.18215 of its strength, as its first program did."


def describe(found: Found) -> ModelCard:
    version = _version(found)
    stages = len(_widths(found)) - 1
    companion(found.path.parent, found.beside.text_encoder, CLIP, "CLIP's text encoder", "config.json")
    companion(found.path.parent, found.beside.vae, VAE, "an autoencoder", "config.json")
    card = card_of(
        found,
        f"DiffusionGen {version}",
        size=128 if version == 1 else 256,
        factor=8 * 2**stages,
        target="eps" if version == 1 else _target(found),
        schedule="scaled_linear" if version == 1 else "in the file",
        defaults=Defaults("ddim", 50, 4.5 if version == 1 else 5.0, "linspace"),
        kind="text",
        latent=True,
        note=" ".join([REGIME] * (version == 1) + [LEGACY] * found.beside.legacy_noise),
    )
    return replace(card, fixed_size=found.beside.legacy_noise)  # its starting noise is transposed too


def build(found: Found, card: ModelCard, device: str) -> Model:
    import torch

    from ddpm.diffusion.prediction import Target
    from ddpm.loading.components import read_clip, read_codec
    from ddpm.loading.files import put, sound
    from ddpm.models.codec import Transposed
    from ddpm.models.diffusiongen_unet import DiffusionGenUNet
    from ddpm.models.model import Model, Text

    version = _version(found)
    config = _config(found, version)
    module = DiffusionGenUNet(config)
    put(module, sound(_network(found) if version == 1 else _as_first(found, config), found.name), found.name)
    module = module.eval().requires_grad_(False).to(device)
    transposed = version == 1  # inside the network and the codec alone: everything else sees pictures upright

    def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
        if text is None:
            raise ValueError("this network reads a prompt: encode the empty one")
        states = text.states.to(x_t.device, x_t.dtype).expand(len(x_t), -1, -1)
        times = torch.full((len(x_t),), t, device=x_t.device)
        told = [times, states]
        if not (text.mask.is_meta or text.mask.all()):  # the shorter of two prompts is padded: that is not attended to
            told.append(text.mask.to(x_t.device).expand(len(x_t), -1))
        return module(x_t.mT, *told).mT if transposed else module(x_t, *told)

    codec = read_codec(companion(found.path.parent, found.beside.vae, VAE, "an autoencoder"), device)
    folder = companion(found.path.parent, found.beside.text_encoder, CLIP, "CLIP's text encoder")
    clip = read_clip(folder, folder, device, attends_padding=False, empty_is_zero=version == 1)
    if clip.width != config.text:
        raise CannotLoad(f"its network reads states of width {config.text}, {folder.name} gives {clip.width}")
    return Model(
        card=card,
        schedule=named_schedule(card.schedule, config.times) if version == 1 else from_table(_table(found)),
        codec=Transposed(codec) if transposed else codec,
        text=clip,
        network=network,
        target=Target(card.target),
        module=module,
        start=(lambda noise: SCALING * noise.mT) if found.beside.legacy_noise else None,
    )


def _version(found: Found) -> int:
    network = _network(found)
    if "time_encoder.te" in network:
        return 1
    if "time_embd_layer.te" in network:
        return 2
    raise CannotLoad("no unet.time_encoder.te (version 1) and no unet.time_embd_layer.te (version 2) in it")


def _network(found: Found) -> Mapping[str, Any]:
    """The network without the diffusion's buffers beside it."""
    inner = {key.removeprefix("unet."): value for key, value in found.state.items() if key.startswith("unet.")}
    return inner or found.state


def _settings(found: Found, part: str) -> Mapping[str, Any]:
    """Version 1's plain `unet_params`, or what version 2 keeps in `config`; empty where a file has neither."""
    given = found.extra.get(f"{part}_params") or getattr(found.extra.get("config"), part, None)
    return given if isinstance(given, Mapping) else dict(getattr(given, "__dict__", {}))


def _target(found: Found) -> str:
    """Its first settings had no prediction_type and meant noise; without any settings its later default is likelier."""
    settings = _settings(found, "diffusion")
    said = settings.get("prediction_type", "epsilon" if settings else "velocity")
    if said not in TARGETS:
        raise CannotLoad(f"its prediction_type is {said!r}; read are {', '.join(TARGETS)}")
    return TARGETS[said]


def _config(found: Found, version: int) -> DiffusionGenConfig:
    from ddpm.models.diffusiongen_unet import DiffusionGenConfig

    state, beside, settings = _network(found), found.beside, _settings(found, "unet")
    middles = {key.split(".")[1] for key in state if key.startswith(("bottlenecks.", "bottle_necks."))}
    layers = {key.split(".")[3] for key in state if key.startswith("encoders.0.attention_blocks.")}
    table = state["time_encoder.te" if version == 1 else "time_embd_layer.te"].shape
    across = state["encoders.0.attention_blocks.0.cross_attention." + ("k" if version == 1 else "kv") + ".weight"]
    return DiffusionGenConfig(
        version=version,
        channels=state["in_conv.weight"].shape[1],
        widths=_widths(found),
        layers=len(layers),
        middles=len(middles),
        times=table[0],
        table=table[1],
        time=table[1] if version == 1 else state["time_mlp.0.weight"].shape[0],
        text=across.shape[1],
        heads=beside.heads or int(settings.get("n_heads", 16)),
        groups=beside.groups or int(settings.get("n_groups", 16)),
    )


def _widths(found: Found) -> tuple[int, ...]:
    state = _network(found)
    stages = len({key.split(".")[1] for key in state if key.startswith("encoders.")})
    return (state["in_conv.weight"].shape[0], *(state[f"encoders.{i}.downsample.weight"].shape[0]
                                               for i in range(stages)))  # fmt: skip


def _table(found: Found) -> list[float]:
    if "alpha_bar" not in found.state:
        raise CannotLoad("no alpha_bar in it, so its noise levels are unknown")
    return found.state["alpha_bar"].double().tolist()


def _as_first(found: Found, config: DiffusionGenConfig) -> dict[str, Tensor]:
    """Version 2's tensors under version 1's names. Its joint q, k, v lie together head by head."""
    renamed: dict[str, Tensor] = {}
    for key, value in _network(found).items():
        key = key.replace("time_embd_layer.", "time_encoder.").replace("bottle_necks.", "bottlenecks.")
        key = key.replace(".skip_conv.", ".conv_skip.").replace(".wo.", ".w.")
        if matched := re.match(r"(.+)\.resnet_layers\.(\d+)\.(.+)", key):
            number = int(matched[2])
            row, place = ("resnet1", number) if number < config.layers else ("resnet2", number - config.layers)
            key = f"{matched[1]}.{row}.{place}.{matched[3]}"
        if key.endswith(".self_attention.qkv.weight"):
            value = value.unflatten(0, (config.heads, 3, -1)).transpose(0, 1).flatten(0, 2)
        if key.endswith(".cross_attention.kv.weight"):
            stem = key.removesuffix("kv.weight")
            keys, values = value.unflatten(0, (config.heads, 2, -1)).unbind(1)
            renamed |= {f"{stem}k.weight": keys.flatten(0, 1), f"{stem}v.weight": values.flatten(0, 1)}
            continue
        renamed[key] = value
    return renamed

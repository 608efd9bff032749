"""diffusers' tensors under CompVis' names: the layout of Stable Diffusion in one file, written from the other side."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

UNET, VAE = "model.diffusion_model.", "first_stage_model."
RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}  # fmt: skip


def unet(state: Mapping[str, Tensor], per_level: int, levels: int) -> dict[str, Tensor]:
    """A UNet2DConditionModel's tensors: every level's blocks in a row, a convolution between two levels."""
    places = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
              "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
              "time_embedding.cond_proj": "time_embed.cond_proj", "add_embedding.linear_1": "label_emb.0.0",
              "add_embedding.linear_2": "label_emb.0.2", "mid_block.resnets.0": "middle_block.0",
              "mid_block.attentions.0": "middle_block.1", "mid_block.resnets.1": "middle_block.2"}  # fmt: skip
    row = 1
    for level in range(levels):
        for block in range(per_level):
            places[f"down_blocks.{level}.resnets.{block}"] = f"input_blocks.{row}.0"
            places[f"down_blocks.{level}.attentions.{block}"] = f"input_blocks.{row}.1"
            row += 1
        places[f"down_blocks.{level}.downsamplers.0.conv"] = f"input_blocks.{row}.0.op"
        row += 1
    row = 0
    for level in range(levels):
        attends = any(key.startswith(f"up_blocks.{level}.attentions") for key in state)
        for block in range(per_level + 1):
            places[f"up_blocks.{level}.resnets.{block}"] = f"output_blocks.{row}.0"
            places[f"up_blocks.{level}.attentions.{block}"] = f"output_blocks.{row}.1"
            row += 1
        places[f"up_blocks.{level}.upsamplers.0.conv"] = f"output_blocks.{row - 1}.{1 + attends}.conv"
    renamed = {}
    for key, value in state.items():
        place = max((place for place in places if key.startswith(f"{place}.")), key=len)
        rest = key[len(place) + 1 :]
        if ".resnets." in f".{place}":
            part, kind = rest.rsplit(".", 1)
            rest = f"{RESNET[part]}.{kind}"
        renamed[f"{UNET}{places[place]}.{rest}"] = value
    return renamed


def vae(state: Mapping[str, Tensor], levels: int) -> dict[str, Tensor]:
    """An AutoencoderKL's tensors: attention as 1x1 convolutions, the decoder's levels counted from the other end."""
    renamed = {}
    for key, value in state.items():
        name = key.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
        name = name.replace("mid_block.resnets.0", "mid.block_1").replace("mid_block.resnets.1", "mid.block_2")
        name = name.replace("mid_block.attentions.0", "mid.attn_1")
        name = re.sub(r"down_blocks\.(\d+)\.resnets\.(\d+)", r"down.\1.block.\2", name)
        name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(r"up_blocks\.(\d+)\.resnets\.(\d+)", lambda m: f"up.{levels - 1 - int(m[1])}.block.{m[2]}", name)
        name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)
        if ".attn_1." in name:
            for new, old in {
                "group_norm": "norm",
                "to_q": "q",
                "to_k": "k",
                "to_v": "v",
                "to_out.0": "proj_out",
            }.items():
                name = name.replace(f".attn_1.{new}.", f".attn_1.{old}.")
            value = value[:, :, None, None] if value.ndim == 2 else value
        renamed[VAE + name] = value
    return renamed


def clip(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """transformers' own names behind a prefix; the old ones, that begin with text_model."""
    return {
        prefix + (key if key.startswith("text_model.") else f"text_model.{key}"): value for key, value in state.items()
    }


def open_clip(state: Mapping[str, Tensor], prefix: str, layers: int) -> dict[str, Tensor]:
    """OpenCLIP's names, q, k and v in one; with one layer more than is used where `layers` says so."""
    plain = {key.removeprefix("text_model."): value for key, value in state.items()}
    names = {"final_layer_norm": "ln_final", "embeddings.token_embedding": "token_embedding", "layer_norm1": "ln_1",
             "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
             "self_attn.out_proj": "attn.out_proj", "encoder.layers": "transformer.resblocks"}  # fmt: skip
    renamed: dict[str, Tensor] = {}
    for key, value in plain.items():
        if "position_ids" in key or re.search(r"\.[qkv]_proj\.", key):
            continue
        if key == "text_projection.weight":
            renamed["text_projection"] = value.T.contiguous()
            continue
        if key == "embeddings.position_embedding.weight":
            renamed["positional_embedding"] = value
            continue
        for new, old in names.items():
            key = key.replace(new, old)
        renamed[key] = value
    for layer in range(layers):
        for kind in ("weight", "bias"):
            parts = [plain[f"encoder.layers.{layer}.self_attn.{letter}_proj.{kind}"] for letter in "qkv"]
            renamed[f"transformer.resblocks.{layer}.attn.in_proj_{kind}"] = torch.cat(parts)
    return {prefix + key: value for key, value in renamed.items()}

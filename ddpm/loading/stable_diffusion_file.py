"""Stable Diffusion in one file, as CompVis trained it and AUTOMATIC1111 keeps it: 1.x, 2.x and XL, 4 and 9 channels.

The configs that diffusers would fetch from the Hub are read off the tensors' shapes, and diffusers' own conversion
renames them. The tokenizer's vocabulary is in no such file; see companions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm.errors import CannotLoad
from ddpm.loading.card import read_json
from ddpm.loading.companions import Incomplete, companion
from ddpm.loading.family import card_of, named_schedule
from ddpm.loading.layout import codec_channels, codec_factor
from ddpm.loading.unwrap import Found
from ddpm.models.card import Defaults, ModelCard

if TYPE_CHECKING:
    from ddpm.models.model import Model, TextEncoder

NAME = "Stable Diffusion in one file"
UNET, VAE = "model.diffusion_model.", "first_stage_model."
TOKENIZER = "openai/clip-vit-large-patch14"  # the vocabulary that all versions share
SECOND = "transformer.resblocks."  # how OpenCLIP calls its layers
ENCODERS = {  # version -> its encoders' places in the file
    "1": ("cond_stage_model.transformer.",),
    "2": ("cond_stage_model.model.",),
    "XL": ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."),
}
SIZES = {"1": 512, "2": 768, "XL": 1024}
SCALINGS = {"1": 0.18215, "2": 0.18215, "XL": 0.13025}
OPEN_CLIP = {  # OpenCLIP's names -> transformers'
    "transformer.resblocks": "text_model.encoder.layers", ".ln_1.": ".layer_norm1.", ".ln_2.": ".layer_norm2.",
    ".mlp.c_fc.": ".mlp.fc1.", ".mlp.c_proj.": ".mlp.fc2.", ".attn.": ".self_attn.",
    "ln_final.": "text_model.final_layer_norm.", "token_embedding.": "text_model.embeddings.token_embedding.",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
}  # fmt: skip
ASSUMED_V = "Whether it predicts noise or v is not in the file; {} is assumed (`target: eps` or v changes it)."


def describe(found: Found) -> ModelCard:
    version = _version(found)
    takes = found.shape(f"{UNET}input_blocks.0.0.weight")[1]
    gives, factor = _codec_facts(found)
    if takes not in (gives, 2 * gives + 1):
        raise CannotLoad(f"its network takes {takes} channels; read are {gives} and {2 * gives + 1} (inpainting)")
    tokenizer(found)
    known_as = r"v[-_]?pred" + ("|768" if version == "2" else "")  # of 2.1 the larger one predicts v, the base noise
    says_v = "v_pred" in found.state or re.search(known_as, found.name, re.IGNORECASE)
    turbo = "turbo" in found.name.lower()
    small = turbo or (version == "2" and not says_v)  # 2-base and both turbos are of 512 pixels
    distilled = f"{UNET}time_embed.cond_proj.weight" in found.state
    defaults = Defaults("dpmpp_2m", 20, 7.5, "karras", steps_offset=1, ends_clean=False)
    if distilled:
        defaults = Defaults("lcm", 5, 8.0, "trailing")
    elif turbo:
        defaults = Defaults("euler", 2, 1.0, "trailing")
    card = card_of(
        found,
        f"Stable Diffusion {version}, one file",
        size=512 if small else SIZES[version],
        factor=factor,
        target="v" if says_v and version != "1" else "eps",
        schedule="scaled_linear",
        defaults=defaults,
        kind="text",
        latent=True,
        note="" if version == "1" else ASSUMED_V.format("v" if says_v else "noise"),
    )
    return replace(card, inpaints=takes != gives, embeds_guidance=distilled)


def build(found: Found, card: ModelCard, device: str) -> Model:
    from diffusers.loaders import single_file_utils as names

    from ddpm.diffusion.prediction import Target
    from ddpm.loading.components import codec_of, made, read_codec
    from ddpm.loading.files import sound
    from ddpm.models.conditional import conditional
    from ddpm.models.model import Model

    version = _version(found)
    config = unet_config(found, version)
    used = sound(names.convert_ldm_unet_checkpoint(dict(found.state), config), found.name)
    module = made("UNet2DConditionModel", config, used, found.name)
    if folder := _other_codec(found):
        pixels = read_codec(folder, device)
    else:
        settings = vae_config(found, version)
        used = sound(names.convert_ldm_vae_checkpoint(dict(found.state), settings), found.name)
        pixels = codec_of(made("AutoencoderKL", settings, used, found.name), settings, device)
    schedule = named_schedule(card.schedule, found.beside.timesteps or 1000)
    return Model(
        card=card,
        schedule=schedule.zero_terminal_snr() if "ztsnr" in found.state else schedule,
        codec=pixels,
        text=_text(found, version, device),
        network=conditional(module.to(device), pixels),
        target=Target(card.target),
        module=module,
    )


def tokenizer(found: Found) -> Path:
    """The folder of CLIP's vocabulary: `text_encoder` beside the file, or the Hub's cache."""
    return companion(found.path.parent, found.beside.text_encoder, TOKENIZER, "CLIP's tokenizer", "tokenizer.json",
                     "vocab.json")  # fmt: skip


def _other_codec(found: Found) -> Path | None:
    """The folder of the autoencoder that the YAML beside the file names; None: the one in the file."""
    name = found.beside.vae
    return companion(found.path.parent, name, name, "an autoencoder", "config.json") if name else None


def _codec_facts(found: Found) -> tuple[int, int]:
    """Channels of the latents, and pixels of each position a side."""
    if folder := _other_codec(found):
        config = read_json(folder / "config.json")
        return codec_channels(config), codec_factor(config)
    if f"{VAE}post_quant_conv.weight" not in found.state:
        raise Incomplete("there is no autoencoder in it; name one beside it, for example `vae: madebyollin/taesd`")
    return found.shape(f"{VAE}post_quant_conv.weight")[0], 2 ** (found.count(rf"{VAE}encoder\.down\.(\d+)\.") - 1)


def _version(found: Found) -> str:
    found.shape(f"{UNET}input_blocks.0.0.weight")
    for version, places in ENCODERS.items():
        if all(found.has(re.escape(place)) for place in places):
            return version
    raise CannotLoad("a Stable Diffusion network without its text encoder; put the whole checkpoint here")


def unet_config(found: Found, version: str) -> dict[str, Any]:
    """The config of diffusers' UNet2DConditionModel, off the file's shapes."""
    levels = list(_levels(found))
    widths = [found.shape(f"{UNET}input_blocks.{blocks[0]}.0.in_layers.2.weight")[0] for blocks in levels]
    depths = [found.count(rf"{re.escape(UNET)}input_blocks\.{blocks[0]}\.1\.transformer_blocks\.(\d+)\.")
              for blocks in levels]  # fmt: skip
    key = next(key for key in found.state if key.startswith(UNET) and key.endswith("attn2.to_k.weight"))
    projection = next(key for key in found.state if key.startswith(UNET) and key.endswith(".proj_in.weight"))
    heads: Any = found.beside.heads or 8
    if version != "1" and not found.beside.heads:
        heads = [width // (found.beside.head_width or 64) for width in widths]
    config: dict[str, Any] = {
        "in_channels": found.shape(f"{UNET}input_blocks.0.0.weight")[1],
        "out_channels": found.shape(f"{UNET}out.2.weight")[0],
        "block_out_channels": tuple(widths),
        "layers_per_block": len(levels[0]),
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths),
        "up_block_types": tuple("CrossAttnUpBlock2D" if depth else "UpBlock2D" for depth in reversed(depths)),
        "transformer_layers_per_block": tuple(depth or 1 for depth in depths),
        "cross_attention_dim": found.shape(key)[1],
        "attention_head_dim": heads,
        "norm_num_groups": found.beside.groups or 32,
        "use_linear_projection": len(found.shape(projection)) == 2,
    }
    if version == "XL":
        pooled = found.shape(f"{ENCODERS['XL'][1]}text_projection")[1]
        told = found.shape(f"{UNET}label_emb.0.0.weight")[1]
        config |= {"addition_embed_type": "text_time", "projection_class_embeddings_input_dim": told,
                   "addition_time_embed_dim": (told - pooled) // 6}  # fmt: skip
    if f"{UNET}time_embed.cond_proj.weight" in found.state:
        config["time_cond_proj_dim"] = found.shape(f"{UNET}time_embed.cond_proj.weight")[1]
    return config


def vae_config(found: Found, version: str) -> dict[str, Any]:
    """The config of diffusers' AutoencoderKL, off the file's shapes."""
    down = rf"{re.escape(VAE)}encoder\.down\."
    count = found.count(rf"{down}(\d+)\.")
    widths = tuple(found.shape(f"{VAE}encoder.down.{i}.block.0.conv1.weight")[0] for i in range(count))
    return {
        "_class_name": "AutoencoderKL",
        "block_out_channels": widths,
        "layers_per_block": found.count(rf"{down}0\.block\.(\d+)\."),
        "latent_channels": found.shape(f"{VAE}post_quant_conv.weight")[0],
        "down_block_types": ("DownEncoderBlock2D",) * count,
        "up_block_types": ("UpDecoderBlock2D",) * count,
        "norm_num_groups": found.beside.groups or 32,
        "scaling_factor": SCALINGS[version],
    }


def _levels(found: Found) -> Iterator[list[int]]:
    """Numbers of the residual blocks of each level going down."""
    level: list[int] = []
    for i in range(1, found.count(rf"{re.escape(UNET)}input_blocks\.(\d+)\.")):
        if f"{UNET}input_blocks.{i}.0.op.weight" in found.state:
            yield level
            level = []
        else:
            level.append(i)
    yield level


def _text(found: Found, version: str, device: str) -> TextEncoder:
    from ddpm.loading.components import clip_module, read_tokenizer
    from ddpm.models.clip import CLIP
    from ddpm.models.clip_pair import CLIPPair, Penultimate

    folder = tokenizer(found)
    if version == "1":
        config, state = _clip(found, ENCODERS["1"][0])
        return CLIP(clip_module(config, state, found.name).to(device), read_tokenizer(folder))
    words = read_tokenizer(folder)
    words.pad_token = "!"  # OpenCLIP pads with token 0
    if version == "2":  # its last layer was never used
        config, state = _open_clip(found, ENCODERS["2"][0], without_last=True)
        return CLIP(clip_module(config, state, found.name).to(device), words)
    first, second = ENCODERS["XL"]
    one = Penultimate(clip_module(*_clip(found, first), found.name).to(device), read_tokenizer(folder),
                      empty_is_zero=True)  # fmt: skip
    two = Penultimate(clip_module(*_open_clip(found, second), found.name, projected=True).to(device), words,
                      empty_is_zero=True)  # fmt: skip
    return CLIPPair(one, two)


def _clip(found: Found, prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """OpenAI's encoder: its config off the shapes, and its tensors, in the oldest files without `text_model.`."""
    from ddpm.loading.files import sound

    given = {key.removeprefix(prefix): value for key, value in found.state.items() if key.startswith(prefix)}
    state = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in given.items()
             if not key.endswith("position_ids")}  # fmt: skip
    return _clip_config(found, state, "quick_gelu"), sound(state, found.name)


def _open_clip(found: Found, prefix: str, without_last: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """OpenCLIP's encoder, its joint q, k, v taken apart and everything renamed."""
    from ddpm.loading.files import sound

    given = {key.removeprefix(prefix): value for key, value in found.state.items() if key.startswith(prefix)}
    last = max(int(key.split(".")[2]) for key in given if key.startswith(SECOND))
    state: dict[str, Any] = {}
    for key, value in given.items():
        if key in ("logit_scale", "attn_mask") or (without_last and key.startswith(f"{SECOND}{last}.")):
            continue
        if key == "text_projection":
            if not without_last:
                state["text_projection.weight"] = value.T.contiguous()
            continue
        for old, new in OPEN_CLIP.items():
            key = key.replace(old, new)
        if joint := re.fullmatch(r"(.+)\.in_proj_(weight|bias)", key):
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                state[f"{joint[1]}.{letter}_proj.{joint[2]}"] = part.contiguous()
        else:
            state[key] = value
    return _clip_config(found, state, "gelu"), sound(state, found.name)


def _clip_config(found: Found, state: dict[str, Any], activation: str) -> dict[str, Any]:
    words, width = state["text_model.embeddings.token_embedding.weight"].shape
    layers = {key.split(".")[3] for key in state if key.startswith("text_model.encoder.layers.")}
    config = {
        "vocab_size": words,
        "hidden_size": width,
        "intermediate_size": state["text_model.encoder.layers.0.mlp.fc1.weight"].shape[0],
        "num_hidden_layers": len(layers),
        "num_attention_heads": max(1, width // (found.beside.head_width or 64)),
        "max_position_embeddings": state["text_model.embeddings.position_embedding.weight"].shape[0],
        "hidden_act": activation,
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
        "pad_token_id": words - 1,
    }
    if "text_projection.weight" in state:
        config["projection_dim"] = state["text_projection.weight"].shape[0]
    return config

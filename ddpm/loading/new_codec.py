"""A new autoencoder of diffusers' class, and its folder, so that diffusers and this application read it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ddpm.compat import ensure_torchvision
from ddpm.errors import Missing
from ddpm.loading.files import write_json, write_weights

GROUPS = 16  # of its group norms; every width is a multiple


def new_codec(widths: tuple[int, ...], layers: int, channels: int, latent_channels: int, size: int) -> Any:
    """An AutoencoderKL that makes latents at a 2 ** (len(widths) - 1)th of the side. No attention: it costs, and a
    codec of small pictures sees far enough without."""
    ensure_torchvision()
    try:
        from diffusers import AutoencoderKL
    except ModuleNotFoundError as error:
        raise Missing("Training a codec needs: pip install diffusers") from error
    return AutoencoderKL(
        in_channels=channels,
        out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * len(widths),
        up_block_types=("UpDecoderBlock2D",) * len(widths),
        block_out_channels=widths,
        layers_per_block=layers,
        latent_channels=latent_channels,
        norm_num_groups=GROUPS,
        sample_size=size,
        mid_block_add_attention=False,
    )


def write_codec(folder: Path, module: Any, scaling: float) -> None:
    """config.json and the weights in float16. `scaling` brings its latents to unit variance."""
    config: dict[str, Any] = {**dict(module.config), "_class_name": "AutoencoderKL", "scaling_factor": scaling}
    state = {key: value.to(torch.float16) for key, value in module.state_dict().items()}
    write_weights(folder, state)
    write_json(folder / "config.json", {key: value for key, value in config.items() if key != "_use_default_values"})

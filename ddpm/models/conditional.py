"""diffusers' two UNets as networks of this package: x_t, t, prompts in, a tensor of x_t's shape out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ddpm.models.model import Codec, Network, Text, Told

LCM_SCALE = 1000.0  # guidance - 1 is counted in thousandths before its sinusoids; Luo et al. 2023, section 4.2
KEPT_SIZES = 8  # of the plain picture that inpainting networks see outside of inpainting; each is as large as x_t


def unconditional(module: nn.Module) -> Network:
    """A UNet2DModel. A learnt variance in further channels is not used."""

    def network(x_t: Tensor, t: float, text: Text | None) -> Tensor:
        times = torch.full((len(x_t),), t, device=x_t.device)  # fractional times are fine: it makes sinusoids of them
        return module(x_t, times).sample[:, : x_t.shape[1]]

    return network


def conditional(module: nn.Module, codec: Codec) -> Network:
    """A UNet2DConditionModel: of Stable Diffusion 1, 2 or XL, with 4 or 9 channels, with or without told guidance."""
    config: Any = module.config
    pooled, guided = config.addition_embed_type == "text_time", config.time_cond_proj_dim
    sees_hole, grey = config.in_channels == 2 * codec.channels + 1, _grey(codec)

    def network(x_t: Tensor, t: float, text: Text | None, told: Told | None = None) -> Tensor:
        if text is None:
            raise ValueError("this network reads a prompt: encode the empty one")
        batch, channels = x_t.shape[:2]
        told = told or Told()
        extra: dict[str, Any] = {"encoder_hidden_states": text.states.to(x_t.device, x_t.dtype).expand(batch, -1, -1)}
        if text.mask.is_meta or not text.mask.all():  # the shorter of two prompts is padded: that is not attended to
            extra["encoder_attention_mask"] = text.mask.to(x_t.device).expand(batch, -1)
        if pooled:
            extra["added_cond_kwargs"] = _size_and_pooled(x_t, text, codec.factor)
        if guided:
            extra["timestep_cond"] = guidance_embedding(told.guidance or 1.0, guided).to(x_t).expand(batch, -1)
        seen = torch.cat([x_t, *_hole(x_t, told, grey)], dim=1) if sees_hole else x_t
        times = torch.full((batch,), t, device=x_t.device)
        return module(seen, times, **extra).sample[:, :channels]

    return network


def guidance_embedding(scale: float, width: int) -> Tensor:
    """(1, width) sines and cosines of a guidance scale, as latent consistency models read it. scale: 1 is none."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, dtype=torch.float32) * -(torch.log(torch.tensor(10_000.0)) / (half - 1)))
    angles = LCM_SCALE * (scale - 1) * frequencies[None]
    return nn.functional.pad(torch.cat([angles.sin(), angles.cos()], dim=1), (0, width % 2))


def _size_and_pooled(x_t: Tensor, text: Text, factor: int) -> dict[str, Tensor]:
    """Podell et al. 2023 (SDXL), section 2.2: original size, where it was cropped, wanted size; all as if uncropped."""
    if text.pooled is None:
        raise ValueError("this network reads a pooled state of the prompt, which its encoder does not give")
    height, width = x_t.shape[-2] * factor, x_t.shape[-1] * factor
    sizes = torch.tensor([[height, width, 0, 0, height, width]], dtype=x_t.dtype, device=x_t.device)
    pooled = text.pooled.to(x_t.device, x_t.dtype)
    return {"text_embeds": pooled.expand(len(x_t), -1), "time_ids": sizes.expand(len(x_t), -1)}


def _grey(codec: Codec) -> Callable[[int, int, torch.device], Tensor]:
    """h, w, device -> the latents of a plain grey picture, kept: a run asks at every step, for the same."""

    @functools.lru_cache(KEPT_SIZES)
    @torch.inference_mode(False)  # what is kept must be usable under autograd too
    @torch.no_grad()
    def grey(height: int, width: int, device: torch.device) -> Tensor:
        return codec.encode(torch.zeros(1, 3, height * codec.factor, width * codec.factor, device=device))

    return grey


def _hole(x_t: Tensor, told: Told, grey: Callable[[int, int, torch.device], Tensor]) -> tuple[Tensor, Tensor]:
    """The mask and the picture round it; without either everything may be painted, on grey."""
    batch, _, height, width = x_t.shape
    if told.mask is None or told.around is None:
        mask, around = torch.ones_like(x_t[:1, :1]), grey(height, width, x_t.device)
    else:
        mask, around = told.mask, told.around
    return tuple(part.to(x_t).expand(batch, -1, -1, -1) for part in (mask, around))  # type: ignore[return-value]

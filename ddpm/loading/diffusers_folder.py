"""Models in diffusers' layout: pixel UNets (DDPMPipeline, DDIMPipeline), unconditional latent ones (LDMPipeline) and
Stable Diffusion 1, 2 and XL with their turbo, latent consistency and inpainting variants.

Only diffusers' networks are used; its pipelines and schedulers are not.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ddpm.diffusion.prediction import Target
from ddpm.diffusion.schedule import Schedule
from ddpm.errors import BadRequest, CannotLoad
from ddpm.loading.components import read_clip, read_codec, read_component, read_penultimate
from ddpm.loading.files import weights_hash
from ddpm.loading.layout import STEM, Layout, component_files, diffusers_card, read_layout
from ddpm.models.clip_pair import CLIPPair
from ddpm.models.codec import Pixels
from ddpm.models.conditional import conditional, unconditional
from ddpm.models.model import Model, TextEncoder

__all__ = ["load", "read_codec"]


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
    module = read_component(name, layout.unet, layout.unet_config).to(device)
    codec = read_codec(layout.codec, device) if layout.codec else Pixels(int(layout.unet_config.get("in_channels", 3)))
    return Model(
        card=replace(card, weights_hash=weights_hash(component_files(layout.unet, STEM))),
        schedule=schedule,
        codec=codec,
        text=_text(layout, device) if layout.conditional else None,
        network=conditional(module, codec) if layout.conditional else unconditional(module),
        target=Target(card.target),
        module=module,
        clamp=layout.clamp,
    )


def _text(layout: Layout, device: str) -> TextEncoder:
    folder, zero = layout.folder, layout.zero_without_prompt
    if not layout.two_encoders:
        return read_clip(folder / "text_encoder", folder / "tokenizer", device)
    first, second = (
        read_penultimate(
            folder / f"text_encoder{number}", folder / f"tokenizer{number}", device, projected=bool(number),
            empty_is_zero=zero,
        )
        for number in ("", "_2")
    )  # fmt: skip
    return CLIPPair(first, second)

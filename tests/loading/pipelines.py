"""Tiny random pipelines of every layout, made by diffusers' own classes."""

import json

import torch

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402


def pixel_unet(**changes) -> diffusers.UNet2DModel:
    torch.manual_seed(0)
    settings = dict(
        sample_size=16, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    return diffusers.UNet2DModel(**{**settings, **changes}).eval()


def pixel_pipeline(scheduler) -> diffusers.DDPMPipeline:
    kind = diffusers.DDIMPipeline if isinstance(scheduler, diffusers.DDIMScheduler) else diffusers.DDPMPipeline
    return kind(unet=pixel_unet(), scheduler=scheduler)


def tiny_vae() -> diffusers.AutoencoderKL:
    torch.manual_seed(1)
    return diffusers.AutoencoderKL(
        block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    ).eval()  # fmt: skip


def tiny_clip(folder, pad="<|endoftext|>", **changes):
    """A CLIP text encoder of width 32 and a tokenizer of a few words."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    symbols = [chr(c) for c in range(97, 123)]
    tokens = symbols + [s + "</w>" for s in symbols] + ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.model_max_length = 77
    tokenizer.pad_token = pad
    torch.manual_seed(2)
    config = CLIPTextConfig(
        vocab_size=len(tokens), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        bos_token_id=len(tokens) - 2, eos_token_id=len(tokens) - 1, pad_token_id=len(tokens) - 1,
    )  # fmt: skip
    return CLIPTextModel(config).eval(), tokenizer


def text_unet(**changes) -> diffusers.UNet2DConditionModel:
    torch.manual_seed(3)
    settings = dict(
        sample_size=16, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8, attention_head_dim=8,
        cross_attention_dim=32, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    unet = diffusers.UNet2DConditionModel(**{**settings, **changes}).eval()
    with torch.no_grad():
        unet.conv_out.weight *= 8  # an untrained network says so little that every sampler would paint the same
    return unet


def stable_diffusion(folder, scheduler, kind=None, **changes) -> diffusers.StableDiffusionPipeline:
    folder.mkdir(exist_ok=True)
    text_encoder, tokenizer = tiny_clip(folder)
    unet = text_unet(**changes)
    return (kind or diffusers.StableDiffusionPipeline)(
        vae=tiny_vae(), text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def stable_diffusion_xl(folder, scheduler) -> diffusers.StableDiffusionXLPipeline:
    """Two encoders of width 32, the second with a projection of 16."""
    from transformers import CLIPTextModelWithProjection

    folder.mkdir(exist_ok=True)
    first, tokenizer = tiny_clip(folder)
    (folder / "second").mkdir(exist_ok=True)
    other, tokenizer_2 = tiny_clip(folder / "second", pad="q")
    torch.manual_seed(6)
    other.config.projection_dim = 16
    second = CLIPTextModelWithProjection(other.config).eval()
    unet = text_unet(
        cross_attention_dim=64, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + 16, transformer_layers_per_block=(1, 2),
        use_linear_projection=True, attention_head_dim=(4, 8),
    )  # fmt: skip
    return diffusers.StableDiffusionXLPipeline(
        vae=tiny_vae(), text_encoder=first, text_encoder_2=second, tokenizer=tokenizer, tokenizer_2=tokenizer_2,
        unet=unet, scheduler=scheduler, force_zeros_for_empty_prompt=True, add_watermarker=False,
    )  # fmt: skip

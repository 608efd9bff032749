"""Stable Diffusion in one file: the same answers as the pipeline it was written from, with no config and no network."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402

from ddpm.errors import CannotLoad  # noqa: E402
from ddpm.loading import load  # noqa: E402
from ddpm.loading.catalogue import Catalogue  # noqa: E402
from tests.loading import compvis  # noqa: E402
from tests.loading.pipelines import stable_diffusion, stable_diffusion_xl  # noqa: E402

DDIM = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False)


def written(pipeline, encoders: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    state = compvis.unet(pipeline.unet.state_dict(), 1, 2) | compvis.vae(pipeline.vae.state_dict(), 2) | encoders
    return {key: value.clone().contiguous() for key, value in state.items()}


def answers_alike(model, pipeline, states: torch.Tensor, **extra) -> None:
    x = torch.randn(1, pipeline.unet.config.in_channels, 16, 16)
    channels = pipeline.vae.config.latent_channels
    from ddpm.models.model import Told

    told = Told(mask=x[:, channels : channels + 1], around=x[:, channels + 1 :])
    text = model.text.encode(["red fox"])
    with torch.no_grad():
        torch.testing.assert_close(text.states, states, atol=1e-5, rtol=0)
        expected = pipeline.unet(x, 321, states, **extra).sample
        torch.testing.assert_close(model.network(x[:, :channels], 321.0, text, told), expected, atol=1e-5, rtol=1e-4)
        pixels = torch.rand(1, 3, 32, 32) * 2 - 1
        latents = pipeline.vae.encode(pixels).latent_dist.mode() * model.codec.scaling
        torch.testing.assert_close(model.codec.encode(pixels), latents)
        decoded = pipeline.vae.decode(latents / model.codec.scaling).sample.clamp(-1, 1)
        torch.testing.assert_close(model.codec.decode(latents), decoded)


def beside(folder, name: str, tokenizer, more: str = "") -> None:
    tokenizer.save_pretrained(folder / "words")
    (folder / f"{name}.yaml").write_text(f"text_encoder: words\ngroups: 8\nheads: 8\nhead_width: 8\nsize: 32\n{more}")


@pytest.mark.parametrize("channels", [4, 9])
def test_version_1(tmp_path, channels):
    pipeline = stable_diffusion(tmp_path / "made", diffusers.DDIMScheduler(**DDIM), in_channels=channels,
                                kind=diffusers.StableDiffusionInpaintPipeline if channels == 9 else None)  # fmt: skip
    state = written(pipeline, compvis.clip(pipeline.text_encoder.state_dict(), "cond_stage_model.transformer."))
    state["model_ema.decay"] = torch.ones(())
    torch.save({"state_dict": state, "global_step": 470000, "epoch": 3}, tmp_path / "v1.ckpt")
    beside(tmp_path, "v1", pipeline.tokenizer)
    (card,) = Catalogue(tmp_path).cards()
    assert (card.usable, card.kind, card.latent, card.inpaints, card.step) == (
        True,
        "text",
        True,
        channels == 9,
        470000,
    )
    model = load(tmp_path / "v1.ckpt")
    answers_alike(model, pipeline, pipeline.encode_prompt("red fox", "cpu", 1, False)[0])
    assert model.card.defaults.sampler == "dpmpp_2m" and model.card.size == 32
    (tmp_path / "v1.yaml").unlink()
    with pytest.raises(CannotLoad, match="--download openai/clip-vit-large-patch14"):
        load(tmp_path / "v1.ckpt")


def test_version_2_leaves_the_last_layer_out(tmp_path):
    pipeline = stable_diffusion(
        tmp_path / "made", diffusers.DDIMScheduler(**DDIM), use_linear_projection=True, attention_head_dim=(4, 8)
    )
    encoder = pipeline.text_encoder.state_dict()
    layers = compvis.open_clip(encoder, "cond_stage_model.model.", 2)
    last = {
        key.replace("resblocks.1.", "resblocks.2."): value * 3 for key, value in layers.items() if "resblocks.1." in key
    }
    extra = {
        "cond_stage_model.model.text_projection": torch.ones(32, 32),
        "cond_stage_model.model.logit_scale": torch.ones(()),
    }
    save_file(written(pipeline, layers | last | extra), tmp_path / "v2-768-v.safetensors")
    beside(tmp_path, "v2-768-v", pipeline.tokenizer)
    (tmp_path / "v2-768-v.yaml").write_text((tmp_path / "v2-768-v.yaml").read_text().replace("heads: 8\n", ""))
    model = load(tmp_path / "v2-768-v.safetensors")
    assert model.text.module.config.hidden_act == "gelu" and model.text.module.config.num_hidden_layers == 2
    assert model.card.target == "v" and "is not in the file" in model.card.note
    pipeline.text_encoder.config.hidden_act = "gelu"
    for layer in _layers(pipeline.text_encoder):
        layer.mlp.activation_fn = torch.nn.GELU()
    tokens = _padded(pipeline.tokenizer, "red fox", model.text)
    answers_alike(model, pipeline, pipeline.text_encoder(tokens).last_hidden_state)


def test_xl(tmp_path):
    pipeline = stable_diffusion_xl(tmp_path / "made", diffusers.DDIMScheduler(**DDIM))
    first = compvis.clip(pipeline.text_encoder.state_dict(), "conditioner.embedders.0.transformer.")
    second = compvis.open_clip(pipeline.text_encoder_2.state_dict(), "conditioner.embedders.1.model.", 2)
    save_file(written(pipeline, first | second), tmp_path / "xl.safetensors")
    beside(tmp_path, "xl", pipeline.tokenizer)
    (tmp_path / "xl.yaml").write_text((tmp_path / "xl.yaml").read_text().replace("heads: 8\n", ""))
    model = load(tmp_path / "xl.safetensors")
    for layer in _layers(pipeline.text_encoder_2):
        layer.mlp.activation_fn = torch.nn.GELU()
    one = _padded(pipeline.tokenizer, "red fox", model.text.first)
    two = _padded(pipeline.tokenizer, "red fox", model.text.second)
    with torch.no_grad():
        read = pipeline.text_encoder_2(two, output_hidden_states=True)
        states = torch.cat([pipeline.text_encoder(one, output_hidden_states=True).hidden_states[-2],
                            read.hidden_states[-2]], -1)  # fmt: skip
    sizes = torch.tensor([[32.0, 32, 0, 0, 32, 32]])
    answers_alike(model, pipeline, states, added_cond_kwargs={"text_embeds": read.text_embeds, "time_ids": sizes})
    assert not model.text.encode([""]).states.any() and model.codec.scaling == 0.13025


def _layers(encoder) -> list:
    return [part for part in encoder.modules() if type(part).__name__ == "CLIPEncoderLayer"]


def _padded(tokenizer, prompt: str, clip) -> torch.Tensor:
    """The prompt's tokens, padded as this encoder is."""
    ids = tokenizer(prompt).input_ids
    return torch.tensor([ids + [clip._tokenizer.pad_token_id] * (77 - len(ids))])


def first_version(folder, **changes):
    """A tiny 1.x pipeline and its tensors as one file has them."""
    pipeline = stable_diffusion(folder / "made", diffusers.DDIMScheduler(**DDIM), **changes)
    encoder = compvis.clip(pipeline.text_encoder.state_dict(), "cond_stage_model.transformer.")
    beside(folder, "v1", pipeline.tokenizer)
    return pipeline, written(pipeline, encoder)


def test_an_autoencoder_beside_the_file_takes_the_place_of_its_own(tmp_path):
    """As the list of models says of TAESD; a file may then be without one."""
    pipeline, state = first_version(tmp_path)
    torch.manual_seed(9)
    widths = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(1, 1),
                  num_decoder_blocks=(1, 1))  # fmt: skip
    tiny = diffusers.AutoencoderTiny(**widths).eval()
    tiny.save_pretrained(tmp_path / "tiny")
    without = {key: value for key, value in state.items() if not key.startswith("first_stage_model.")}
    settings = (tmp_path / "v1.yaml").read_text()
    for name, tensors in {"v1": state, "bare": without}.items():
        save_file(tensors, tmp_path / f"{name}.safetensors")
        (tmp_path / f"{name}.yaml").write_text(f"{settings}vae: tiny\n")
        model = load(tmp_path / f"{name}.safetensors")
        latents = torch.randn(1, 4, 16, 16)
        with torch.no_grad():
            torch.testing.assert_close(model.codec.decode(latents), tiny.decode(latents).sample.clamp(-1, 1))
        assert (model.card.factor, model.codec.scaling) == (2, 1.0)
    (tmp_path / "bare.yaml").write_text(settings)
    with pytest.raises(CannotLoad, match="no autoencoder in it; name one beside it"):
        load(tmp_path / "bare.safetensors")
    (tmp_path / "v1.yaml").write_text(f"{settings}vae: tyni\n")
    with pytest.raises(CannotLoad, match="there is no folder 'tyni' beside it"):
        load(tmp_path / "v1.safetensors")
    (tmp_path / "v1.yaml").write_text(f"{settings}vae: madebyollin/nobody\n")
    with pytest.raises(CannotLoad, match="--download madebyollin/nobody"):
        load(tmp_path / "v1.safetensors")


def test_the_oldest_names_of_its_text_encoder(tmp_path):
    pipeline, state = first_version(tmp_path)
    old = {key.replace("transformer.text_model.", "transformer."): value for key, value in state.items()}
    assert old.keys() != state.keys()
    save_file(old, tmp_path / "v1.safetensors")
    answers_alike(load(tmp_path / "v1.safetensors"), pipeline, pipeline.encode_prompt("red fox", "cpu", 1, False)[0])


def test_only_what_is_used_has_to_be_sound(tmp_path):
    pipeline, state = first_version(tmp_path)
    broken = torch.full((3,), float("nan"))
    unused = {"model_ema.decay": broken, "first_stage_model.loss.logvar": broken.clone()}
    save_file(state | unused, tmp_path / "v1.safetensors")
    answers_alike(load(tmp_path / "v1.safetensors"), pipeline, pipeline.encode_prompt("red fox", "cpu", 1, False)[0])
    for key in ("model.diffusion_model.out.2.bias", "first_stage_model.quant_conv.bias",
                "cond_stage_model.transformer.text_model.final_layer_norm.bias"):  # fmt: skip
        save_file(state | {key: torch.full_like(state[key], float("inf"))}, tmp_path / "v1.safetensors")
        with pytest.raises(CannotLoad, match="holds NaN or infinity"):
            load(tmp_path / "v1.safetensors")


def test_settings_beside_it_are_honoured(tmp_path):
    _, state = first_version(tmp_path)
    save_file(state, tmp_path / "v1.safetensors")
    (tmp_path / "v1.yaml").write_text((tmp_path / "v1.yaml").read_text() + "schedule: linear\ntimesteps: 500\n")
    model = load(tmp_path / "v1.safetensors")
    assert len(model.schedule.alphas_bar) == 500 and model.schedule.alphas_bar[0] == pytest.approx(1 - 1e-4)


@pytest.mark.parametrize(
    ("name", "version", "size", "target"),
    [("v1-5", "1", 512, "eps"), ("v2-1_768-v-pred", "2", 768, "v"), ("768-v-ema", "2", 768, "v"),
     ("512-base-ema", "2", 512, "eps"), ("sd_turbo", "2", 512, "eps"), ("sd_xl_base_1.0", "XL", 1024, "eps"),
     ("sd_xl_turbo_1.0", "XL", 512, "eps"), ("NoobAI-XL-Vpred-v1.0", "XL", 1024, "v"),
     ("sdxl_1024x768_mix", "XL", 1024, "eps")],
)  # fmt: skip
def test_size_and_target_by_what_each_is_called(tmp_path, monkeypatch, name, version, size, target):
    from ddpm.loading import single_file, stable_diffusion_file

    _, state = first_version(tmp_path)
    save_file(state, tmp_path / f"{name}.safetensors")
    settings = (tmp_path / "v1.yaml").read_text().replace("size: 32\n", "")
    (tmp_path / f"{name}.yaml").write_text(settings)
    monkeypatch.setattr(stable_diffusion_file, "_version", lambda found: version)
    card = single_file.describe(tmp_path / f"{name}.safetensors")
    assert card.size == size and (card.defaults.steps <= 4) == ("turbo" in name) and card.target == target

"""Folders saved by diffusers' own classes, read here: the same network output, and by the chain the same picture."""

import json
import shutil
from contextlib import nullcontext

import pytest
import torch

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402

from ddpm.errors import CannotLoad  # noqa: E402
from ddpm.loading import load  # noqa: E402
from ddpm.loading.layout import read_layout  # noqa: E402
from ddpm.models.model import join  # noqa: E402
from ddpm.samplers import get_sampler  # noqa: E402
from ddpm.samplers.ddim import DDIM  # noqa: E402
from ddpm.samplers.loop import Plan, sample  # noqa: E402
from ddpm.samplers.noise import PictureNoise  # noqa: E402
from tests.loading.pipelines import pixel_pipeline, pixel_unet, stable_diffusion  # noqa: E402

pytestmark = pytest.mark.slow


def paint(model, sampler: str, steps: int, seed: int, condition=None, guidance: float = 1.0, eta=None):
    """A picture by our chain, (H, W, 3) in 0..255."""
    stations = model.levels(steps, sampler)
    chosen = get_sampler(sampler) if eta is None else DDIM(eta)
    shape = model.latent_shape(model.card.size, model.card.size)
    noise = PictureNoise([seed], shape)

    def predict(x_t, level):
        if condition is None or guidance == 1:
            return model.denoise(x_t, level, condition and condition[0])
        both = model.denoise(torch.cat([x_t, x_t]), level, join(*condition))
        (x0, x0_un), (eps, eps_un) = both.x0.chunk(2), both.eps.chunk(2)
        return type(both)(x0_un + guidance * (x0 - x0_un), eps_un + guidance * (eps - eps_un))

    with torch.no_grad():
        plan = Plan(noise(), chosen.path(stations), predict, chosen, noise)
        *_, last = sample(plan)
        pixels = model.codec.decode(last.x)
    return (pixels[0].permute(1, 2, 0) + 1) * 127.5


def difference(ours, theirs) -> float:
    return (ours - torch.from_numpy(theirs[0]) * 255).abs().mean().item()


def test_pixel_folders_with_components_and_flat(tmp_path):
    pipeline = pixel_pipeline(diffusers.DDPMScheduler())
    pipeline.save_pretrained(tmp_path / "parts")
    flat = tmp_path / "flat"  # as google/ddpm-*: everything in the root
    shutil.copytree(tmp_path / "parts" / "unet", flat)
    shutil.copy(tmp_path / "parts" / "scheduler" / "scheduler_config.json", flat)
    shutil.copy(tmp_path / "parts" / "model_index.json", flat)
    bare = tmp_path / "bare"  # and without an index
    shutil.copytree(flat, bare)
    (bare / "model_index.json").unlink()
    x_t = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = pipeline.unet(x_t, 321).sample
        for name in ("parts", "flat", "bare"):
            model = load(tmp_path / name)
            level = model.schedule.level(321)
            assert torch.equal(model.denoise(x_t, level, None).eps, expected)
            assert level.alpha**2 == pytest.approx(float(pipeline.scheduler.alphas_cumprod[321]), abs=1e-6)
    assert (model.card.size, model.card.channels, model.card.target, model.clamp) == (16, 3, "eps", 1.0)
    assert model.card.factor == 2 and not model.card.latent and model.card.kind == "unconditional"


def test_torch_files_and_old_attention_names(tmp_path):
    unet = pixel_unet()
    unet.save_pretrained(tmp_path / "old")
    diffusers.DDPMScheduler().save_pretrained(tmp_path / "old")
    (tmp_path / "old" / "diffusion_pytorch_model.safetensors").unlink()
    names = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
    state = {}
    for key, value in unet.state_dict().items():
        for new, old in names.items():
            key = key.replace(new, old)
        state[key] = value
    assert state.keys() != unet.state_dict().keys()
    torch.save(state, tmp_path / "old" / "diffusion_pytorch_model.bin")
    config = json.loads((tmp_path / "old" / "scheduler_config.json").read_text())
    config["timesteps"] = config.pop("num_train_timesteps")
    (tmp_path / "old" / "scheduler_config.json").write_text(json.dumps(config))
    (tmp_path / "old" / "config.json").rename(tmp_path / "old" / "unet_config.json")
    model = load(tmp_path / "old")
    x_t = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(model.network(x_t, 5, None), unet(x_t, 5).sample)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_ddim_paints_the_picture_of_the_pipeline(tmp_path, eta):
    pipeline = pixel_pipeline(diffusers.DDIMScheduler())
    pipeline.save_pretrained(tmp_path / "m")
    theirs = pipeline(
        generator=torch.Generator().manual_seed(7), num_inference_steps=10, eta=eta, output_type="np"
    ).images
    assert difference(paint(load(tmp_path / "m"), "ddim", 10, 7, eta=eta), theirs) <= 0.5


def test_ddpm_paints_the_picture_of_the_pipeline(tmp_path):
    pipeline = pixel_pipeline(diffusers.DDPMScheduler(num_train_timesteps=50, beta_end=0.2))
    pipeline.save_pretrained(tmp_path / "m")
    theirs = pipeline(generator=torch.Generator().manual_seed(3), num_inference_steps=50, output_type="np").images
    assert difference(paint(load(tmp_path / "m"), "ddpm", 50, 3), theirs) <= 0.5


SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SCHEDULERS = {
    "euler": lambda: diffusers.EulerDiscreteScheduler(**SD, timestep_spacing="trailing"),
    "euler-leading": lambda: diffusers.EulerDiscreteScheduler(**SD, timestep_spacing="leading", steps_offset=1),
    "ddim": lambda: diffusers.DDIMScheduler(**SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1),
    "ddim-v": lambda: diffusers.DDIMScheduler(
        **SD,
        clip_sample=False,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
    ),
    "pndm": lambda: diffusers.PNDMScheduler(**SD, skip_prk_steps=True, steps_offset=1),
    "dpmpp_2m": lambda: diffusers.DPMSolverMultistepScheduler(**SD, use_karras_sigmas=True),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_stable_diffusion_paints_the_picture_of_the_pipeline(tmp_path, name):
    pipeline = stable_diffusion(tmp_path / "made", SCHEDULERS[name]())
    pipeline.set_progress_bar_config(disable=True)
    pipeline.save_pretrained(tmp_path / "m")
    model = load(tmp_path / "m")
    assert (model.card.kind, model.card.text, model.card.latent, model.card.size) == ("text", "clip", True, 32)
    theirs = pipeline(
        "a red fox", negative_prompt="sea", num_inference_steps=8, guidance_scale=5.0, height=32, width=32,
        generator=torch.Generator().manual_seed(11), output_type="np",
    ).images  # fmt: skip
    condition = (model.text.encode(["a red fox"]), model.text.encode(["sea"]))
    sampler = model.card.defaults.sampler
    assert difference(paint(model, sampler, 8, 11, condition, 5.0), theirs) <= 0.5
    assert difference(paint(model, sampler, 7, 11, condition, 5.0), theirs) > 1  # so the line above says something
    assert difference(paint(model, sampler, 8, 11, condition, 1.0), theirs) > 1


def test_parts_of_stable_diffusion_are_equal(tmp_path):
    pipeline = stable_diffusion(tmp_path / "made", SCHEDULERS["pndm"]())
    pipeline.save_pretrained(tmp_path / "m")
    model = load(tmp_path / "m")
    with torch.no_grad():
        expected = pipeline.encode_prompt("a fox", "cpu", 1, False)[0]
        torch.testing.assert_close(model.text.encode(["a fox"]).states, expected, atol=1e-5, rtol=0)
        pixels = torch.rand(1, 3, 32, 32) * 2 - 1
        latents = pipeline.vae.encode(pixels).latent_dist.mode() * pipeline.vae.config.scaling_factor
        torch.testing.assert_close(model.codec.encode(pixels), latents)
        decoded = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample.clamp(-1, 1)
        torch.testing.assert_close(model.codec.decode(latents), decoded)
        assert model.codec.preview(latents).shape == (1, 3, 16, 16)
    assert not torch.equal(model.text.encode(["a (fox:1.5)"]).states, model.text.encode(["a fox"]).states)
    assert model.text.count("a fox") == 6 and model.text.max_tokens == 77  # one token a letter, and the two that frame


def test_unconditional_latent(tmp_path):
    torch.manual_seed(4)
    vq = diffusers.VQModel(
        block_out_channels=(16, 32), layers_per_block=1, norm_num_groups=8, latent_channels=3, num_vq_embeddings=16,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    ).eval()  # fmt: skip
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear", clip_sample=False
    )
    unet = pixel_unet()
    pipeline = diffusers.LDMPipeline(vqvae=vq, unet=unet, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.save_pretrained(tmp_path / "m")
    model = load(tmp_path / "m")
    assert model.card.latent and model.card.size == 32 and model.latent_shape(32, 32) == (3, 16, 16)
    theirs = pipeline(generator=torch.Generator().manual_seed(5), num_inference_steps=6, output_type="np").images
    assert difference(paint(model, "ddim", 6, 5), theirs) <= 0.5


@pytest.mark.parametrize(
    ("file", "changes", "sentence"),
    [
        ("unet/config.json", {"num_class_embeds": 10}, "class labels"),
        ("unet/config.json", {"_class_name": "FluxTransformer2DModel"}, "FluxTransformer2DModel"),
        ("unet/config.json", {"layers_per_block": 2}, "missing"),
        ("scheduler/scheduler_config.json", {"_class_name": "MagicScheduler", "beta_schedule": None,
                                             "beta_start": None, "trained_betas": None}, "MagicScheduler .* no betas"),
        ("scheduler/scheduler_config.json", {"prediction_type": "dreams"}, "dreams"),
        ("scheduler/scheduler_config.json", {"beta_schedule": "odd"}, "odd"),
    ],
)
def test_what_it_cannot_read_is_named_for_every_format(tmp_path, file, changes, sentence):
    pixel_pipeline(diffusers.DDPMScheduler()).save_pretrained(tmp_path / "m")
    path = tmp_path / "m" / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(CannotLoad, match=sentence) as refusal:
        load(tmp_path / "m")
    assert "not our own: no 'ddpm_format'" in str(refusal.value)
    assert "not in diffusers' layout" in str(refusal.value)


@pytest.mark.parametrize(
    ("network", "codec", "sentence"),
    [
        ({"in_channels": 4, "out_channels": 4}, None, "takes 4 channels and gives 4; read are 1 and 3, of grey"),
        ({"in_channels": 6}, None, "takes 6 channels and gives 3; read are 1 and 3"),
        ({"in_channels": 6}, {"_class_name": "VQModel"}, "takes 6 channels and gives 3; read are 3, as its codec"),
        ({"in_channels": 3}, {"_class_name": "AutoencoderKL"}, "takes 3 channels and gives 3; read are 4"),
        ({"in_channels": 3}, {"_class_name": "VQModel", "latent_channels": 8}, "read are 8"),
        ({}, None, ""),
        ({"in_channels": 1, "out_channels": 1}, None, ""),
        ({"out_channels": 6}, None, ""),
        ({}, {"_class_name": "VQModel"}, ""),
        ({"in_channels": 4, "out_channels": 4}, {"_class_name": "AutoencoderKL"}, ""),
    ],
)
def test_channels_that_are_no_picture_are_refused_before_the_menu(tmp_path, network, codec, sentence):
    configs = {"unet/config.json": {"_class_name": "UNet2DModel", **network}, "scheduler/scheduler_config.json": {}}
    for path, config in {**configs, **({"vqvae/config.json": codec} if codec else {})}.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(json.dumps(config))
    with pytest.raises(CannotLoad, match=sentence) if sentence else nullcontext():
        read_layout(tmp_path)


@pytest.mark.parametrize(
    ("name", "sampler"),
    [("LMSDiscrete", "dpmpp_2m"), ("KDPM2Discrete", "heun"), ("KDPM2AncestralDiscrete", "euler_ancestral"),
     ("DPMSolverSinglestep", "dpmpp_2m"), ("DPMSolverSDE", "dpmpp_2m_sde"), ("TCD", "lcm")],
)  # fmt: skip
def test_a_scheduler_that_is_not_built_here_is_replaced_by_the_nearest_and_said(tmp_path, name, sampler):
    from ddpm.recipe.samplers import sampler_named

    scheduler = {**SD, "_class_name": f"{name}Scheduler", "num_train_timesteps": 1000, "prediction_type": "epsilon"}
    pixel_pipeline(diffusers.DDIMScheduler(**SD)).save_pretrained(tmp_path / "m")
    (tmp_path / "m" / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    card = load(tmp_path / "m").card
    assert card.defaults.sampler == sampler == sampler_named(f"{name}Scheduler").sampler  # recipes say the same
    assert f"{name}Scheduler is not built here; {sampler} is used" in card.note


@pytest.mark.parametrize("name", ["DDPMParallel", "DDIMParallel"])
def test_schedulers_that_are_the_same_under_another_name(tmp_path, name):
    pixel_pipeline(getattr(diffusers, f"{name}Scheduler")()).save_pretrained(tmp_path / "m")
    model = load(tmp_path / "m")
    assert (model.card.defaults.sampler, model.clamp) == ("ddim", 1.0) and "not built" not in model.card.note


def test_an_unknown_scheduler_with_betas_is_no_reason_to_refuse(tmp_path):
    pixel_pipeline(diffusers.DDIMScheduler(**SD)).save_pretrained(tmp_path / "m")
    path = tmp_path / "m" / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_class_name": "MagicScheduler"}))
    model = load(tmp_path / "m")
    assert "MagicScheduler is not built here; dpmpp_2m is used" in model.card.note
    assert model.schedule.alphas_bar[0] == pytest.approx(1 - 0.00085)


def test_a_folder_that_nobody_could_try_says_so(tmp_path):
    pixel_pipeline(diffusers.DDIMScheduler()).save_pretrained(tmp_path / "m")
    card = load(tmp_path / "m").card
    assert not card.checked and "was tested on small models" in card.note

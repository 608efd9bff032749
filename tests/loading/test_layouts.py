"""Every layout of Stable Diffusion through the whole application: the engine, the one loop, every mode.

Tiny random pipelines made by diffusers' own classes; where diffusers has a pipeline for the mode, its picture is the
one made here, to half a grey level.
"""

from __future__ import annotations

import copy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm.compat import ensure_torchvision

ensure_torchvision()
import diffusers  # noqa: E402

from ddpm.engine import Engine  # noqa: E402
from ddpm.events import Film, Result  # noqa: E402
from ddpm.request import Request  # noqa: E402
from tests.loading.pipelines import pixel_pipeline, stable_diffusion, stable_diffusion_xl  # noqa: E402

pytestmark = pytest.mark.slow

SD = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
DDIM = partial(diffusers.DDIMScheduler, **SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
TURBO = partial(diffusers.EulerDiscreteScheduler, **SD, timestep_spacing="trailing")
LCM = partial(diffusers.LCMScheduler, **SD, clip_sample=False)
SIZE = 32
COMMON = dict(height=SIZE, width=SIZE, output_type="np")


def made(kind: str, folder: Path):
    """A pipeline of this layout."""
    if kind == "pixel":
        return pixel_pipeline(diffusers.DDIMScheduler())
    if kind == "xl":
        return stable_diffusion_xl(folder, DDIM())
    if kind == "inpainting":
        return stable_diffusion(folder, DDIM(), diffusers.StableDiffusionInpaintPipeline, in_channels=9)
    if kind == "lcm":
        return stable_diffusion(folder, LCM(), diffusers.LatentConsistencyModelPipeline, time_cond_proj_dim=16)
    return stable_diffusion(folder, {"sd": DDIM, "turbo": TURBO}[kind]())


KINDS = ("pixel", "sd", "turbo", "xl", "inpainting", "lcm")


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, diffusers.DiffusionPipeline]:
    folder = tmp_path_factory.mktemp("made")
    kept = {kind: made(kind, folder / kind) for kind in KINDS}
    for pipeline in kept.values():
        pipeline.set_progress_bar_config(disable=True)
    return kept


@pytest.fixture(scope="module")
def engine(pipelines, tmp_path_factory: pytest.TempPathFactory):
    weights = tmp_path_factory.mktemp("weights")
    for kind, pipeline in pipelines.items():
        pipeline.save_pretrained(weights / kind)
    running = Engine(weights, precision="float32", choice="torch")
    yield running
    running.close()


def painted(engine: Engine, **values) -> np.ndarray:
    """The request's picture, (H, W, 3) in 0..255."""
    *_, result = (event for event in engine.run(Request.checked(seed=11, **values)) if isinstance(event, Result))
    return np.asarray(result.image, dtype=np.float32)


def apart(ours: np.ndarray, theirs: np.ndarray, where: np.ndarray | None = None) -> float:
    """Mean difference in grey levels, over the whole picture or a part of it."""
    difference = np.abs(ours - theirs[0] * 255)
    return float((difference if where is None else difference[where]).mean())


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(11)


def photo(side: int = SIZE) -> Image.Image:
    return Image.effect_mandelbrot((side, side), (-2.0, -1.2, 1.0, 1.2), 60).convert("RGB")


def half(side: int = SIZE) -> Image.Image:
    """White on the right half: that is to be painted."""
    mask = Image.new("L", (side, side))
    mask.paste(255, (side // 2, 0, side, side))
    return mask


RUNS = {  # what is asked of ours, and of theirs
    "pixel": (dict(sampler="ddim", steps=8), dict(num_inference_steps=8, output_type="np")),
    "sd": (dict(prompt="a fox", steps=8, guidance_scale=5), dict(num_inference_steps=8, guidance_scale=5.0)),
    "turbo": (dict(prompt="a fox"), dict(num_inference_steps=2, guidance_scale=0.0)),
    "xl": (dict(prompt="a fox", steps=8, guidance_scale=5), dict(num_inference_steps=8, guidance_scale=5.0)),
    "lcm": (dict(prompt="a fox", steps=5, guidance_scale=8), dict(num_inference_steps=5, guidance_scale=8.0)),
}


@pytest.mark.parametrize("kind", RUNS)
def test_text_to_image_is_the_pipelines_picture(engine, pipelines, kind):
    asked, theirs = RUNS[kind]
    if kind != "pixel":
        theirs = {**theirs, **COMMON, "prompt": "a fox"}
    expected = pipelines[kind](generator=generator(), **theirs).images
    assert apart(painted(engine, model=kind, **asked), expected) <= 0.5
    assert apart(painted(engine, model=kind, **{**asked, "steps": 3}), expected) > 1  # so the line above says something
    if kind not in ("pixel", "turbo"):  # guidance is heard, embedded or by two calls
        assert apart(painted(engine, model=kind, **{**asked, "guidance_scale": 1}), expected) > 0.5


def test_image_to_image_is_the_pipelines_picture(engine, pipelines):
    pipeline = diffusers.StableDiffusionImg2ImgPipeline(**pipelines["sd"].components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.vae = copy.deepcopy(pipeline.vae)
    mean = pipeline.vae.encode(torch.zeros(1, 3, SIZE, SIZE)).latent_dist
    type(mean).sample, kept = lambda self, generator=None: self.mode(), type(mean).sample  # ours draws nothing here
    try:
        expected = pipeline("a fox", image=photo(), strength=0.5, num_inference_steps=8, guidance_scale=5.0,
                            generator=generator(), output_type="np").images  # fmt: skip
    finally:
        type(mean).sample = kept
    ours = painted(engine, model="sd", prompt="a fox", steps=8, guidance_scale=5, image=photo(), strength=0.5)
    assert apart(ours, expected) <= 0.5


def test_inpainting_with_four_channels_is_the_pipelines_picture(engine, pipelines):
    pipeline = diffusers.StableDiffusionInpaintPipeline(**pipelines["sd"].components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    expected, where = _inpainted(pipeline, 0.5)
    ours = painted(engine, model="sd", prompt="a fox", steps=8, guidance_scale=5, image=photo(), mask=half(),
                   strength=0.5, mask_blur=0)  # fmt: skip
    assert apart(ours, expected, where) <= 0.5


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_inpainting_with_nine_channels_is_the_pipelines_picture(engine, pipelines, strength):
    expected, where = _inpainted(pipelines["inpainting"], strength)
    asked = dict(model="inpainting", prompt="a fox", steps=8, guidance_scale=5, image=photo(), strength=strength)
    ours = painted(engine, mask=half(), mask_blur=0, **asked)
    assert apart(ours, expected, where) <= 0.5
    assert (ours[:, : SIZE // 2] == np.asarray(photo(), dtype=np.float32)[:, : SIZE // 2]).all()  # kept bit for bit
    flipped = painted(engine, mask=half().transpose(Image.Transpose.FLIP_LEFT_RIGHT), mask_blur=0, **asked)
    assert np.abs(flipped - ours).mean() > 1  # the network sees where the hole is


def _inpainted(pipeline, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """The pipeline's picture, and the part of it that was painted."""
    distribution = type(pipeline.vae.encode(torch.zeros(1, 3, SIZE, SIZE)).latent_dist)
    kept = distribution.sample
    distribution.sample = lambda self, generator=None: self.mode()  # ours takes the mean of the codec's posterior
    try:
        images = pipeline("a fox", image=photo(), mask_image=half(), strength=strength, num_inference_steps=8,
                          guidance_scale=5.0, generator=generator(), **COMMON).images  # fmt: skip
    finally:
        distribution.sample = kept
    return images, np.asarray(half()) > 127


@pytest.mark.parametrize("kind", KINDS)
def test_every_mode_works_on_every_layout(engine, kind):
    """And any sampler, with the model's own levels."""
    text = {} if kind == "pixel" else {"prompt": "a fox"}
    side = 16 if kind == "pixel" else SIZE
    modes = {
        "image": dict(image=photo(side), strength=0.5),
        "mask": dict(image=photo(side), mask=half(side), mask_blur=0),
    }
    seen = [painted(engine, model=kind, steps=4, sampler=name, **text) for name in ("heun", "unipc", "euler_ancestral")]
    assert all(picture.shape == (side, side, 3) for picture in seen)
    for values in modes.values():
        assert painted(engine, model=kind, steps=4, **text, **values).shape == (side, side, 3)
    events = list(engine.run(Request.checked(model=kind, seed=1, steps=4, fps=10, format="gif", **text)))
    (film,) = (event for event in events if isinstance(event, Film))
    assert film.data.startswith(b"GIF89a")


def test_the_menu_says_what_each_is(engine):
    cards = {card.name: card for card in engine.cards()}
    assert [cards[kind].inpaints for kind in KINDS] == [False, False, False, False, True, False]
    assert [cards[kind].embeds_guidance for kind in KINDS] == [False] * 5 + [True]
    assert (cards["turbo"].defaults.steps, cards["turbo"].defaults.guidance_scale) == (2, 1.0)
    assert (cards["lcm"].defaults.sampler, cards["lcm"].defaults.guidance_scale) == ("lcm", 8.0)
    assert cards["xl"].text == "clip" and all(cards[kind].usable for kind in KINDS)


def test_unloading_gives_the_memory_back(engine):
    painted(engine, model="sd", steps=1, prompt="a")
    assert "sd" in engine.models.names() and engine.unload("sd")
    assert "sd" not in engine.models.names() and not engine.unload("sd")

"""Every refused value has its own sentence; every accepted one comes out as it went in."""

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import ValidationError

from ddpm.errors import BadPicture, BadRequest
from ddpm.request import (
    FLAT_NAMES,
    SELFIE_COUNT,
    FilmRequest,
    FromImage,
    FromMask,
    FromNoise,
    FromSelfie,
    Request,
)

PICTURE = Image.new("RGB", (32, 24), "red")
MASK = Image.new("L", (32, 24), 255)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"prompt": "x" * 10_000}, "prompt", "prompt has 10,000 characters; the most is 2,000."),
        ({"negative_prompt": "x" * 2_001}, "negative_prompt", "negative_prompt has 2,001 characters"),
        ({"steps": 0}, "steps", "steps is 0, but must be a whole number from 1 to 1000."),
        ({"steps": 100_000}, "steps", "steps is 100000, but must be a whole number from 1 to 1000."),
        ({"steps": 2.5}, "steps", "steps is 2.5, but must be a whole number from 1 to 1000."),
        ({"steps": "many"}, "steps", "steps is 'many', but must be a whole number from 1 to 1000."),
        ({"count": 0}, "count", "count is 0, but must be a whole number from 1 to 16."),
        ({"count": 1000}, "count", "count is 1000, but must be a whole number from 1 to 16."),
        ({"guidance_scale": -1}, "guidance_scale", "guidance_scale is -1, but must be a number from 0 to 30."),
        ({"guidance_scale": 31}, "guidance_scale", "guidance_scale is 31, but must be a number from 0 to 30."),
        ({"guidance_scale": NAN}, "guidance_scale", "guidance_scale is nan, but must be a number from 0 to 30."),
        ({"guidance_scale": INF}, "guidance_scale", "guidance_scale is inf, but must be a number from 0 to 30."),
        ({"image": PICTURE, "strength": -0.1}, "strength", "strength is -0.1, but must be a number from 0 to 1."),
        ({"image": PICTURE, "strength": 1.1}, "strength", "strength is 1.1, but must be a number from 0 to 1."),
        ({"image": PICTURE, "strength": NAN}, "strength", "strength is nan, but must be a number from 0 to 1."),
        ({"image": PICTURE, "likeness": 2}, "likeness", "likeness is 2, but must be a number from 0 to 1."),
        ({"seed": -2}, "seed", "seed is -2, but must be a whole number from -1 to 2**63 - 1."),
        ({"seed": 2**63}, "seed", "seed is 9223372036854775808, but must be a whole number from -1"),
        ({"seed": 10**5000}, "seed", "seed is a huge number, but must be"),
        ({"seed": 2**63 - 1, "count": 2}, "seed", "leaves no seeds for 2 pictures"),
        ({"width": 7}, "width", "width is 7, but must be a whole number from 8 to 4096."),
        ({"upscale": 3}, "upscale", "upscale is 3, but must be one of 1, 2, 4."),
        ({"fps": 0}, "fps", "fps is 0, but must be a whole number from 1 to 120."),
        ({"format": "avi"}, "format", "format is 'avi', but must be one of 'mp4', 'gif', 'png'."),
        ({"sampler": "dpmpp2m"}, "sampler", "Did you mean 'dpmpp_2m'? There are: ddpm, ddim,"),
        ({"sampler": "qqq"}, "sampler", "'qqq' is no sampler of ours. There are: ddpm, ddim,"),
        ({"upscaler": "x4-plus"}, "upscaler", "Did you mean 'x4plus'?"),
        ({"promt": "a fox"}, "promt", "'promt' is not a setting. Did you mean 'prompt'?"),
        ({"guidance": 3}, "guidance", "Did you mean 'guidance_scale'?"),
        ({"image": PICTURE, "mask": Image.new("L", (32, 24))}, "mask", "The mask is empty: paint over a part first."),
        ({"image": PICTURE, "mask": MASK, "mask_blur": 65}, "mask_blur", "must be a whole number from 0 to 64."),
        ({"image": PICTURE, "mask": MASK, "mask_grow": -65}, "mask_grow", "must be a whole number from -64 to 64."),
        ({"image": PICTURE, "mask": MASK, "padding": 257}, "padding", "must be a whole number from 0 to 256."),
        ({"image": PICTURE, "mask": MASK, "fill": "blue"}, "fill", "must be one of 'original', 'fill', 'noise'."),
        ({"image": "/etc/passwd"}, "image", "image must be a picture, not str."),
        ({"mode": "mask", "image": PICTURE}, "mask", "A picture is missing: send mask."),
        ({"mode": "image"}, "image", "A picture is missing: send image."),
        ({"mode": "zap"}, "mode", "mode is 'zap', but must be one of text, image, mask, selfie."),
        ({"strength": 0.5}, "strength", "strength needs an input picture"),
        ({"image": PICTURE, "fill": "noise"}, "fill", "fill has no meaning in mode 'image'"),
        ({"source": {"mode": "image", "image": PICTURE, "strenth": 1}}, "strenth", "Did you mean 'strength'?"),
        ({"prompt": 5}, "prompt", "prompt is 5: input should be a valid string."),
        ({"prompt": "\ud800"}, "prompt", "prompt is '\\ud800': "),
        ({"model": "m" * 300}, "model", "longer than any model's name"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_a_bad_value_is_refused_with_its_own_sentence(values, field, sentence):
    with pytest.raises(BadRequest) as caught:
        Request.checked(**values)
    assert sentence in str(caught.value)
    assert caught.value.field == field


def test_a_bad_picture_inside_a_source_keeps_its_sentence():
    with pytest.raises(BadPicture, match="1x1 pixels; at least 8"):
        FromImage(image=Image.new("RGB", (1, 1)))


def test_constructors_refuse_in_the_same_words():
    with pytest.raises(BadRequest, match="'steeps' is not a setting. Did you mean 'steps'?"):
        Request(steeps=3)
    with pytest.raises(BadRequest, match="strength is 3, but must be a number from 0 to 1."):
        FromImage(image=PICTURE, strength=3)


def test_defaults_are_those_of_the_interface():
    request = Request()
    assert (request.prompt, request.seed, request.count, request.upscale) == ("", -1, 1, 1)
    assert request.source == FromNoise() and request.film is None
    assert request.model is request.sampler is request.steps is request.guidance_scale is request.width is None
    assert FromImage(image=PICTURE).strength == 0.6
    mask = FromMask(image=PICTURE, mask=MASK)
    assert (mask.strength, mask.mask_blur, mask.mask_grow, mask.fill) == (1.0, 4, 0, "original")
    assert (mask.only_masked, mask.padding) == (False, 32)
    assert FromSelfie(image=PICTURE).likeness == 0.5
    assert (FilmRequest().fps, FilmRequest().format) == (60, "mp4")
    assert FilmRequest(format="png strip").format == "png"


def test_flat_names_choose_the_mode():
    assert Request.checked(prompt="a", image=None, strength=None).source == FromNoise()
    assert Request.checked(image=PICTURE, strength=0).source == FromImage(image=PICTURE, strength=0.0)
    assert Request.checked(image=PICTURE, mask=MASK, fill="noise").source == FromMask(
        image=PICTURE, mask=MASK, fill="noise"
    )
    assert Request.checked(image=PICTURE, likeness=0.25).source == FromSelfie(image=PICTURE, likeness=0.25)
    assert Request.checked(mode="selfie", image=PICTURE).source == FromSelfie(image=PICTURE)
    assert Request.checked(fps=30).film == FilmRequest(fps=30)
    assert Request.checked().film is None


def test_a_selfie_makes_five_unless_told():
    assert Request(source=FromSelfie(image=PICTURE)).count == SELFIE_COUNT
    assert Request(source={"mode": "selfie", "image": PICTURE}).count == SELFIE_COUNT
    assert Request(source=FromSelfie(image=PICTURE), count=2).count == 2
    assert Request.checked(image=PICTURE, likeness=0.1, count=1).count == 1


def test_pictures_inside_are_upright_rgb_and_masks_grey():
    source = FromMask(image=Image.new("RGBA", (16, 16), (0, 0, 0, 0)), mask=Image.new("1", (16, 16), 1))
    assert source.image.mode == "RGB" and source.image.getpixel((0, 0)) == (255, 255, 255)
    assert source.mask.mode == "L" and source.mask.getpixel((0, 0)) == 255


def test_requests_cannot_change_and_cross_processes():
    request = Request.checked(image=PICTURE, mask=MASK, fps=24)
    with pytest.raises(ValidationError, match="frozen"):
        request.prompt = "other"
    assert pickle.loads(pickle.dumps(request)) == request


@settings(max_examples=40, deadline=None)
@given(
    st.fixed_dictionaries(
        {"prompt": st.text(st.characters(exclude_categories=["Cs"]), max_size=50)},
        optional={
            "seed": st.integers(-1, 2**63 - 16),
            "steps": st.integers(1, 1000),
            "guidance_scale": st.floats(0, 30),
            "count": st.integers(1, 16),
            "fps": st.integers(1, 120),
            "sampler": st.sampled_from(["heun", "ddim"]),
        },
    )
)
def test_settings_make_the_same_request_again(values):
    request = Request.checked(**values)
    assert Request.checked(**request.settings()) == request


@pytest.mark.parametrize(
    "source", [FromImage(image=PICTURE), FromMask(image=PICTURE, mask=MASK, padding=7), FromSelfie(image=PICTURE)]
)
def test_settings_hold_no_picture_and_with_it_make_the_same_request(source):
    request = Request(prompt="p", source=source)
    told = request.settings()
    assert set(told) <= set(FLAT_NAMES) - {"image", "mask", "source", "film"}
    pictures = {name: getattr(source, name) for name in ("image", "mask") if hasattr(source, name)}
    assert Request.checked(**told, **pictures) == request


def test_neither_torch_nor_gradio_is_imported():
    code = "import sys, ddpm.request; print([name for name in ('torch', 'gradio') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"

"""What we write is read by an independent reader, sd-parsers, and what both read of others' pictures agrees."""

from __future__ import annotations

import io
import json
from typing import Any, Literal

import pytest
from PIL import Image
from sd_parsers import ParserManager
from sd_parsers.data import Generators, PromptInfo

from ddpm.recipe import THEIR_SAMPLERS, read_recipe, recipe, save_picture
from ddpm.recipe.samplers import sampler_named
from ddpm.request import FromImage, Request
from tests.recipe.test_grammars import COMFY, FOOOCUS, FORGE, INVOKE, png

PICTURE = Image.effect_noise((32, 24), 90).convert("RGB")
LINKS = [  # of ComfyUI's workflow, as sd-parsers wants them: id, from, slot, to, slot, type
    [0, int(value[0]), value[1], int(name), 0, "CLIP" if key == "clip" else "OTHER"]
    for name, node in COMFY.items()
    for key, value in node["inputs"].items()
    if isinstance(value, list)
]


KEPT: list[Image.Image] = []  # sd-parsers knows a picture again by its id(), which a freed one leaves to the next


def read(file: bytes) -> PromptInfo:
    KEPT.append(Image.open(io.BytesIO(file)))
    info = ParserManager().parse(KEPT[-1])
    assert info is not None
    return info


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("sampler", ["heun", "dpmpp_2m", "euler_ancestral"])
def test_our_pictures_are_read_as_automatic1111s(format: Literal["PNG", "JPEG", "WEBP"], sampler: str) -> None:
    source = FromImage(image=PICTURE, strength=0.25)
    request = Request(prompt="ein Füchslein,\n(red:1.3)", negative_prompt="rain: heavy, 日本", sampler=sampler,
                      steps=20, guidance_scale=3.5, seed=2**40, source=source)  # fmt: skip
    info = read(save_picture(PICTURE, recipe(request, "my model", "0123456789abcdef", 2**40), format))
    assert info.generator is Generators.AUTOMATIC1111
    assert (info.full_prompt, info.full_negative_prompt) == (request.prompt, request.negative_prompt)
    (made,) = info.samplers
    assert made.name == THEIR_SAMPLERS[sampler]
    assert {key: str(value) for key, value in made.parameters.items()} == {
        "steps": "20", "cfg_scale": "3.5", "seed": str(2**40)}  # fmt: skip
    assert made.model is not None and (made.model.name, made.model.hash) == ("my model", "0123456789")
    assert info.metadata["Size"] == "32x24" and float(info.metadata["Denoising strength"]) == 0.25


@pytest.mark.parametrize(
    "texts",
    [{"parameters": FORGE}, {"prompt": json.dumps(COMFY), "workflow": json.dumps({"links": LINKS})},
     {"invokeai_metadata": json.dumps(INVOKE)}, {"parameters": json.dumps(FOOOCUS), "fooocus_scheme": "fooocus"}],
    ids=["forge", "comfyui", "invokeai", "fooocus"],
)  # fmt: skip
def test_both_readers_agree(texts: dict[str, str]) -> None:
    file = png(**texts)
    ours, theirs = read_recipe(file)[0], read(file).samplers[0]
    told: dict[str, Any] = theirs.parameters
    assert int(told["seed"]) == ours["seed"] and int(told["steps"]) == ours["steps"]
    assert float(told["cfg_scale"]) == ours["guidance_scale"]
    assert sampler_named(theirs.name).sampler == ours["sampler"]


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_we_read_what_we_write(format: Literal["JPEG", "WEBP"]) -> None:
    request = Request(model="scenes", prompt="ein Füchslein", sampler="heun", steps=9, guidance_scale=3.5, seed=7)
    fields, unread = read_recipe(save_picture(PICTURE, recipe(request, "scenes", "", 7), format))
    assert unread == [] and fields == {"prompt": "ein Füchslein", "sampler": "heun", "steps": 9, "guidance_scale": 3.5,
                                       "seed": 7, "model": "scenes", "width": 32, "height": 24}  # fmt: skip

"""A picture's file tells how it was made: without loss to us, in their grammar to other tools, of a selfie nothing."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from ddpm.errors import BadPicture
from ddpm.recipe import NONE, THEIR_SAMPLERS, parameters, read_recipe, read_texts, recipe, request_from, save_png
from ddpm.recipe.texts import decoded
from ddpm.recipe.writing import save_picture
from ddpm.request import SAMPLER_NAMES, FromImage, FromMask, FromSelfie, Request

PICTURE = Image.effect_noise((32, 24), 90).convert("RGB")
MASK = Image.new("L", (32, 24), 255)
HASH = "0123456789abcdef" * 4


def with_text(**texts: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        chunks.add_text(key, text)
    file = io.BytesIO()
    PICTURE.save(file, "PNG", pnginfo=chunks)
    return file.getvalue()


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
requests = st.builds(
    Request,
    model=st.just("scenes"),
    prompt=text,
    negative_prompt=text,
    sampler=st.none() | st.sampled_from(SAMPLER_NAMES),
    steps=st.none() | st.integers(1, 1000),
    guidance_scale=st.none() | st.floats(0, 30),
    seed=st.integers(0, 2**63 - 16),
    width=st.none() | st.just(64),
    upscale=st.sampled_from([1, 2, 4]),
    source=st.sampled_from([
        FromImage(image=PICTURE, strength=0.3), FromSelfie(image=PICTURE, likeness=0.7),
        FromMask(image=PICTURE, mask=MASK, fill="noise", only_masked=True, mask_grow=-3),
    ]) | st.just(Request().source),
    film=st.none() | st.just({"fps": 24, "format": "gif"}),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(requests)
def test_the_recipe_makes_an_equal_request(request):
    request = request.model_copy(update={"count": 1})
    made = recipe(request, "scenes", HASH, request.seed)
    fields, unread = read_recipe(save_png(PICTURE, made))
    assert unread == []
    pictures = {name: getattr(request.source, name) for name in made.get("needs", [])}
    assert Request.checked(**request_from(fields), **pictures) == request
    assert Request.checked(**request_from(made), **pictures) == request


def test_a_picture_of_many_stands_alone_with_its_own_seed():
    made = recipe(Request(prompt="a fox", count=4), "scenes", HASH, 1234)
    again = Request.checked(**request_from(made))
    assert (again.seed, again.count, again.model) == (1234, 1, "scenes")


def test_recipe_says_with_what_it_was_made():
    made = recipe(Request(prompt="a"), "scenes", HASH, 5, engine="openvino CPU")
    assert made["model"] == "scenes" and made["weights"] == HASH and made["engine"] == "openvino CPU"
    assert {"python", "torch", "pillow"} <= set(made["versions"])
    assert json.loads(json.dumps(made)) == made


def test_pixels_are_untouched_by_the_recipe():
    with Image.open(io.BytesIO(save_png(PICTURE, recipe(Request(), "m", HASH, 1)))) as image:
        assert image.tobytes() == PICTURE.tobytes()
        assert set(image.info) == {"parameters", "recipe"}
    with Image.open(io.BytesIO(save_png(PICTURE, {}))) as image:
        assert not image.info


def test_input_pictures_are_named_by_hash_only():
    mask = recipe(Request(source=FromMask(image=PICTURE, mask=MASK)), "m", HASH, 1)
    assert mask["needs"] == ["image", "mask"] and set(mask["sha256"]) == {"image", "mask"}
    assert all(len(value) == 64 for value in mask["sha256"].values())
    one, other = (recipe(Request(source=FromImage(image=image)), "m", HASH, 1)["sha256"]["image"]
                  for image in (PICTURE, PICTURE.transpose(Image.Transpose.ROTATE_180)))  # fmt: skip
    assert one == mask["sha256"]["image"] != other
    assert "send the same image and mask" in mask["note"]


def test_of_a_selfie_nothing_is_kept():
    other = Image.new("RGB", (50, 60), "blue")
    made = [recipe(Request(source=FromSelfie(image=image)), "faces", HASH, 1) for image in (PICTURE, other)]
    assert made[0] == made[1]
    assert "sha256" not in made[0] and made[0]["needs"] == ["image"]


def test_parameters_follow_automatic1111():
    request = Request(prompt="a fox,\nrunning", negative_prompt="rain: heavy", sampler="dpmpp_2m", steps=20,
                      guidance_scale=3.5, seed=7, source=FromImage(image=PICTURE, strength=0.25))  # fmt: skip
    assert parameters(recipe(request, "my, model", HASH, 7), (64, 48)) == (
        "a fox,\nrunning\nNegative prompt: rain: heavy\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 3.5, Seed: 7, "
        'Size: 64x48, Model hash: 0123456789, Model: "my, model", Denoising strength: 0.25, Version: ddpm'
    )


@pytest.mark.parametrize("name", SAMPLER_NAMES)
def test_every_sampler_has_a_name_there_and_back(name):
    written = parameters(recipe(Request(sampler=name, steps=3), "m", HASH, 1), (8, 8))
    assert f"Sampler: {THEIR_SAMPLERS[name]}" in written
    assert read_recipe(with_text(parameters=written))[0]["sampler"] == name


def test_a_picture_of_automatic1111_is_read():
    told = (
        "portrait, (sharp:1.2)\nsecond line\nNegative prompt: blurry,\nlow quality\nSteps: 25, Sampler: DPM++ 2M "
        'Karras, Schedule type: Karras, CFG scale: 7, Seed: 123, Size: 512x768, Model hash: 6ce0161689, Model: "v1, 5",'
        " Clip skip: 2, Version: v1.10.1"
    )
    fields, unread = read_recipe(with_text(parameters=told))
    assert fields == {
        "prompt": "portrait, (sharp:1.2)\nsecond line", "negative_prompt": "blurry,\nlow quality", "steps": 25,
        "sampler": "dpmpp_2m", "guidance_scale": 7.0, "seed": 123, "width": 512, "height": 768, "model": "v1, 5",
    }  # fmt: skip
    assert unread == ["Schedule type: Karras", "Clip skip: 2"]
    assert Request.checked(**request_from(fields)).steps == 25


def test_inpainting_of_automatic1111_is_read():
    told = ("x\nSteps: 5, Sampler: Euler a, Seed: 1, Denoising strength: 0.75, Mask blur: 8, Masked content: latent "
            "noise, Inpaint area: Only masked, Masked area padding: 16")  # fmt: skip
    fields, unread = read_recipe(with_text(parameters=told))
    assert unread == [] and fields.pop("needs") == ["image", "mask"]
    request = Request.checked(**request_from(fields), image=PICTURE, mask=MASK)
    want = FromMask(image=PICTURE, mask=MASK, strength=0.75, mask_blur=8, fill="noise", only_masked=True, padding=16)
    assert request.source == want and request.sampler == "euler_ancestral"


def test_the_exif_comment_of_a_jpeg_is_read():
    told = "a füchs\nSteps: 5, Sampler: Heun, Seed: 1"
    for order in ("utf-16-be", "utf-16-le"):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + told.encode(order)
        file = io.BytesIO()
        PICTURE.save(file, "JPEG", exif=exif)
        assert read_recipe(file.getvalue())[0] == {"prompt": "a füchs", "steps": 5, "sampler": "heun", "seed": 1}


@pytest.mark.parametrize(
    "told", ["一只狐狸在雪地里", "雪の中の狐", "여우와 눈", "лиса в снегу", "a fox", "狐 fox, snow", "😀 狐"]
)
@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le"])
def test_utf_16_is_read_in_the_order_that_makes_sense_of_it(told, order):
    for mark in ("\ufeff", ""):
        assert decoded(b"UNICODE\0" + (mark + told).encode(order)) == told


def test_a_mark_of_utf_8_is_no_part_of_the_prompt():
    told = "狐\nSteps: 5, Sampler: Heun, Seed: 1"
    for code in (b"UNICODE\0", b"ASCII\0\0\0"):
        assert decoded(code + told.encode("utf-8-sig")) == told
    assert read_texts({"parameters": "\ufeff" + told})[0]["prompt"] == "狐"


def test_guidance_to_the_end_is_said_in_words_of_others_too():
    made = recipe(Request(model="m", prompt="a fox", steps=3, guidance_until=0, pag_scale=0), "m", "", 5)
    fields, _ = read_texts({"parameters": parameters(made, (8, 8))})
    assert fields["guidance_until"] == 0 and fields["pag_scale"] == 0


def test_what_cannot_be_used_is_listed_and_nothing_is_run():
    foul = {"request": {"prompt": "__import__('os').system('touch /tmp/x')", "steps": 5000, "seed": "1e400",
                        "sampler": ["heun"], "evil": 1, "image": "/etc/passwd", "mode": {}, "strength": None,
                        "guidance_scale": 2}}  # fmt: skip
    fields, unread = read_recipe(with_text(recipe=json.dumps(foul)))
    assert fields == {"prompt": "__import__('os').system('touch /tmp/x')", "guidance_scale": 2.0}
    assert len(unread) == 7 and any("steps is 5000" in sentence for sentence in unread)


@pytest.mark.parametrize(
    "texts",
    [{}, {"recipe": "[" * 100_000}, {"recipe": "null"}, {"recipe": '{"request": 3}'}, {"recipe": "x" * (2**20 + 1)},
     {"Comment": "hello"}],
    ids=["none", "deep", "null", "number", "long", "other"],
)  # fmt: skip
def test_a_file_without_a_usable_recipe_gives_a_sentence(texts):
    assert read_recipe(with_text(**texts)) == ({}, [NONE])


def test_a_file_that_is_no_picture_is_refused():
    for file in (b"", b"text"):
        with pytest.raises(BadPicture, match="could not be read as a picture"):
            read_recipe(file)


def test_networks_are_read_as_what_cannot_be_used_and_never_written():
    told = "a fox <lora:ink:0.8>, snow\nNegative prompt: <lora:bad:1>\nSteps: 5, Sampler: Heun, Seed: 1"
    fields, unread = read_recipe(with_text(parameters=told))
    assert (fields["prompt"], fields["negative_prompt"]) == ("a fox, snow", "")
    assert unread == ["LoRA: ink:0.8", "LoRA: bad:1"]
    made = recipe(Request(prompt="a fox <lora:ink:0.8>"), "scenes", HASH, 1)
    assert made["request"]["prompt"] == "a fox" and "lora" not in parameters(made, (8, 8))


def test_choices_stand_in_the_recipe_as_they_were_drawn():
    request = Request(prompt="a {red|blue|green} __animal__", negative_prompt="__colour__", seed=3, count=9)
    made = [recipe(request, "scenes", HASH, seed)["request"] for seed in range(3, 12)]
    assert len({one["prompt"] for one in made}) > 4
    again = [Request.checked(**request_from(one)) for one in made]
    assert [recipe(one, "scenes", HASH, one.seed)["request"]["prompt"] for one in again] == [m["prompt"] for m in made]


def test_what_was_enlarged_says_where_its_recipe_is() -> None:
    fields, unread = read_recipe(save_png(PICTURE, {"recipe": 1, "upscale": 4, "upscaler": "animevideov3"}))
    assert not fields and unread == ["Enlarged by animevideov3; how it was made is in the smaller picture."]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_text_of_another_tool_says_how_a_mask_grew_and_no_selfie_is_image_to_image(format: str) -> None:
    masked = Request(source=FromMask(image=PICTURE, mask=MASK, mask_grow=5), steps=4)
    found, _ = read_recipe(save_picture(PICTURE, recipe(masked, "scenes", HASH, 7), format))
    assert found["mask_grow"] == 5 and found["mode"] == "mask"
    selfie = Request(source=FromSelfie(image=PICTURE, likeness=0.7), steps=4)
    found, _ = read_recipe(save_picture(PICTURE, recipe(selfie, "faces", HASH, 7), format))
    assert found.get("mode") != "image"

"""Other programs' HTTP, as their own front ends send it: fetch with JSON, a form with files, a plain GET."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from ddpm.prompts.vocabulary import CATEGORIES
from ddpm.ui.dialects import image_generator
from tests.ui.test_controls import card

pytestmark = pytest.mark.slow

PICTURE = Image.linear_gradient("L").resize((128, 128)).convert("RGB")
LEFT = Image.new("L", (128, 128), 0)
ImageDraw.Draw(LEFT).rectangle((0, 0, 63, 127), fill=255)


@pytest.fixture(scope="module")
def http(url: str) -> Any:
    with httpx.Client(base_url=url, timeout=120) as client:
        yield client


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def picture(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text, validate=True)))


def form(**fields: Any) -> dict[str, str]:
    """What FormData(generateForm) holds: every field as text; a box that is not ticked is not there."""
    return {"prompt": "a lake", "batch_size": "1", "cfg_scale": "4.5", "denoising_steps": "3", "strength": "0.50",
            "seed": "5", "diffusion_model_type": "epoch_375_model_tl_160_vl_163.pth", "sampling_method": "ddim",
            "esrgan": "None", "consecutiveWords": "1", "video_fps": "60"} | fields  # fmt: skip


EMPTY = {"image": ("", b"", "application/octet-stream"), "mask": ("", b"", "application/octet-stream")}


def post_form(http: httpx.Client, files: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = http.post("/diffusiongen/generate", data=form(**fields), files=EMPTY | files)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_image_generator(http: httpx.Client) -> None:
    home = http.get("/image-generator/").json()
    assert home["status"] == "online" and home["channels"] == 3 and home["models_available"] >= 2
    models = http.get("/image-generator/models").json()
    assert models["status"] == "success" and models["count"] == len(models["models"])
    assert {"name", "path", "extension", "size_mb"} == set(models["models"][0])
    config = http.get("/image-generator/config").json()
    name = next(each["name"] for each in models["models"] if each["name"] == "faces")
    assert name in config["models_available"] and set(config["cache_info"]) == {"cached_models", "model_names"}
    size = http.post("/image-generator/generate", json={"model": name, "num_steps": 2}).json()["image_size"]
    sent = {"model": name, "image_size": size, "channels": 3, "num_steps": 2}
    made = http.post("/image-generator/generate", json=sent).json()
    assert (made["status"], made["mode"], made["model_used"], made["channels"]) == ("success", "model", name, 3)
    assert [picture(made["image"]).height, picture(made["image"]).width] == made["image_size"] == size


@pytest.mark.parametrize("address", ["/image-generator/generate", "/generate"])
@pytest.mark.parametrize("ending", ["", ".pth", ".safetensors"])
def test_image_generators_own_defaults_are_no_choice(http: httpx.Client, address: str, ending: str) -> None:
    documented = {"model": f"faces{ending}", "image_size": [64, 64], "channels": 3, "num_steps": 2}
    own = http.post(address, json={"model": "faces", "num_steps": 2}).json()
    answer = http.post(address, json=documented)
    made = answer.json()
    assert answer.status_code == 200, made
    assert made["model_used"] == "faces" and picture(made["image"]).size == picture(own["image"]).size


def test_sizes_of_the_models_own_side_are_a_choice() -> None:
    def chosen(side: int, channels: int, *sent: Any) -> tuple[Any, Any]:
        return image_generator.chosen(replace(card("text", False), size=side, channels=channels), *sent)

    assert chosen(64, 3, [64, 64], 3) == ([64, 64], 3) and chosen(128, 1, [64, 64], 3) == (None, None)
    assert chosen(128, 3, [96, 128], 1) == ([96, 128], 1) and chosen(128, 3, None, None) == (None, None)


@pytest.mark.parametrize(
    ("sent", "status"),
    [({}, 400), ({"model": ""}, 400), ({"model": "../x"}, 400), ({"model": "x" * 256}, 400), ({"model": "nobody"}, 404),
     ({"model": "faces", "image_size": 64}, 400), ({"model": "faces", "channels": 1}, 400),
     ({"model": "faces", "num_steps": 0}, 400)],
)  # fmt: skip
def test_image_generator_refuses(http: httpx.Client, sent: dict[str, Any], status: int) -> None:
    answer = http.post("/image-generator/generate", json=sent)
    told = answer.json()
    assert answer.status_code == status and told["status"] == "error" and told["message"]
    if "num_steps" not in sent and "image_size" not in sent and "channels" not in sent:
        assert {"scenes", "faces"} <= set(told["available_models"])


def test_its_names_work_at_the_root_too(http: httpx.Client) -> None:
    asked = {"model": "scenes", "num_steps": 2, "seed": 3}
    side = Image.open(io.BytesIO(http.get("/generate?steps=2&seed=3", headers={"Accept": "image/png"}).content)).width
    made = http.post("/generate", json=asked | {"image_size": [side, side]}).json()
    assert made["status"] == "success" and made["image_size"] == [side, side]
    assert http.post("/generate", json=asked | {"image_size": [side + 1, side]}).json()["status"] == "error"
    jpeg = http.get("/generate?prompt=a+lake&steps=2&seed=3", headers={"Accept": "image/jpeg"})
    assert jpeg.headers["content-type"] == "image/jpeg" and Image.open(io.BytesIO(jpeg.content)).format == "JPEG"
    assert http.get("/models").json()["count"] >= 2


def test_diffusion2(http: httpx.Client) -> None:
    assert http.get("/diffusion2/").json()["status"] == "ok"
    answer = http.get("/diffusion2/generate")
    assert answer.headers["content-type"] == "image/png" and Image.open(io.BytesIO(answer.content)).format == "PNG"


def test_diffusiongen_from_words(http: httpx.Client) -> None:
    one = post_form(http, {})
    again = http.post("/generate", json={"prompt": "a lake", "steps": 3, "seed": 5, "sampler": "ddim",
                                         "guidance_scale": 4.5}).json()  # fmt: skip
    assert picture(one["image"]).tobytes() == picture(again["image"]).tobytes()
    assert set(one) == {"image"} and http.get("/diffusiongen/progress").json() == {"progress": 1000}
    many = post_form(http, {}, batch_size="2", seed="", esrgan="2x", denoising_steps="1")
    assert len(many["images"]) == 2 and picture(many["image"]).width == 2 * picture(one["image"]).width
    film = post_form(http, {}, realtime_denoise="on", video_fps="30")
    assert base64.b64decode(film["video"])[4:8] == b"ftyp"


def test_diffusiongens_strength_is_the_other_way_round(http: httpx.Client) -> None:
    file = {"image": ("me.png", png(PICTURE), "image/png")}
    near, far = (picture(post_form(http, file, strength=s, noise_image="on", denoising_steps="10")["image"])
                 for s in ("0.90", "0.10"))  # fmt: skip
    was = np.asarray(PICTURE.resize(near.size), dtype=float)
    distance = [np.abs(np.asarray(each.convert("RGB"), dtype=float) - was).mean() for each in (near, far)]
    assert distance[0] < distance[1]
    ours = http.post("/generate", json={
        "prompt": "a lake", "steps": 10, "seed": 5, "sampler": "ddim", "guidance_scale": 4.5, "strength": 1 - 0.9,
        "image": base64.b64encode(png(PICTURE)).decode()}).json()  # fmt: skip
    assert picture(ours["image"]).tobytes() == near.tobytes()


def test_diffusiongens_mask_keeps_what_is_white(http: httpx.Client) -> None:
    files = {"image": ("me.png", png(PICTURE), "image/png"), "mask": ("mask.png", png(LEFT), "image/png")}
    made = np.asarray(picture(post_form(http, files, strength="0.10")["image"]).convert("RGB"), dtype=int)
    was = np.asarray(PICTURE, dtype=int)
    assert (made[:, :50] == was[:, :50]).all() and np.abs(made[:, 80:] - was[:, 80:]).mean() > 1


def test_diffusiongen_warns_as_it_did(http: httpx.Client) -> None:
    broken = {"image": ("me.png", b"text", "image/png"), "mask": ("mask.png", png(LEFT), "image/png")}
    made = post_form(http, broken)
    assert made["image"] and "from noise" in made["img_warning"] and "needs a picture" in made["msk_warning"]
    white = {"image": ("me.png", png(PICTURE), "image/png"),
             "mask": ("mask.png", png(Image.new("L", (9, 9), 255)), "image/png")}  # fmt: skip
    assert "keeps everything" in post_form(http, white)["msk_warning"]


@pytest.mark.parametrize(
    "fields",
    [{"denoising_steps": "0"}, {"esrgan": "3x"}, {"cfg_scale": "much"}, {"denoising_steps": "x"}, {"batch_size": "99"}],
)
def test_diffusiongen_refuses(http: httpx.Client, fields: dict[str, str]) -> None:
    answer = http.post("/diffusiongen/generate", data=form(**fields), files=EMPTY)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{next(iter(fields))} is {next(iter(fields.values()))!r}")


@pytest.mark.parametrize(("strength", "shown"), [("2", "2"), ("-0.5", "-0.5"), ("nan", "nan")])
def test_diffusiongens_strength_is_refused_as_it_was_sent(http: httpx.Client, strength: str, shown: str) -> None:
    files = EMPTY | {"image": ("me.png", png(PICTURE), "image/png")}
    answer = http.post("/diffusiongen/generate", data=form(strength=strength), files=files)
    assert answer.json()["message"] == f"strength is {shown}, but must be a number from 0 to 1."
    assert http.post("/diffusiongen2/generate", json=payload(batch_size=99)).json()["message"].startswith("batch_size")
    assert http.post("/generate", json={"num_steps": 0}).json()["message"].startswith("num_steps is 0")


def test_diffusiongens_words(http: httpx.Client) -> None:
    asked = "/diffusiongen/random_prompt?categories=Man&categories=Mountain%20Lake&use_training_prompts=true"
    assert "mountain lake" in http.get(asked).json()["prompt"]
    labels = {"categories": ["Aurora Borealis", "Underwater Cave", "Qilin"], "use_training_prompts": "false"}
    assert http.get("/diffusiongen/random_prompt", params=labels).json()["prompt"]
    found = http.get("/diffusiongen/autocomplete", params={"q": "leo"}).json()
    assert isinstance(found, list) and http.get("/diffusiongen/autocomplete").json() == []
    assert "leviathan" in http.get("/diffusiongen/autocomplete?q=lev").json()
    assert {*CATEGORIES["Animals"]} <= set(http.get("/diffusiongen/get_vocab").json())
    for page in ("editor", "help"):
        answer = http.get(f"/diffusiongen/{page}", follow_redirects=True)
        assert answer.status_code == 200 and "text/html" in answer.headers["content-type"]


def payload(**fields: Any) -> dict[str, Any]:
    """What its script.js builds."""
    return {"prompt": "a lake", "second_prompt": "", "negative_prompt": "", "steps": 3, "cfg": 5.0, "seed": 5,
            "batch_size": 1, "use_ema": True, "use_ddpm": False, "use_real_esrgan": False, "real_time_denoising": False,
            "preview_interval": 5, "b64_image": None, "img2img_strength": 0.5, "b64_inpaint_image": None,
            "b64_inpaint_mask": None, "use_prompt_matching": False, "prompt_match_train": False,
            "prompt_match_val": False} | fields  # fmt: skip


def test_diffusiongen2(http: httpx.Client) -> None:
    assert http.get("/diffusiongen2/health").json()["status"] == "ok"
    made = http.post("/diffusiongen2/generate", json=payload(batch_size=2)).json()
    assert len(made["images"]) == 2 and (made["prompt"], made["seed"]) == ("a lake", 5)
    assert http.get("/diffusiongen2/progress").json() == {"progress": 100}
    shown = http.get("/diffusiongen2/preview").json()
    assert shown["step"] == shown["total_steps"] == 6
    drawn = http.get("/diffusiongen2/random_prompt?split=train&category=dragon").json()["prompt"]
    assert "dragon" in drawn or "drake" in drawn
    assert http.get("/diffusiongen2/random_prompt?split=val&category=any").json()["prompt"]
    for query in ("split=test", "split=train&category=unicorn"):
        assert http.get(f"/diffusiongen2/random_prompt?{query}").status_code == 400
    assert "upside down" in http.post("/diffusiongen2/generate", json=payload(second_prompt="a cat")).json()["detail"]


def test_what_is_sent_in_another_way_is_refused_in_words(http: httpx.Client) -> None:
    strength = {"image": ("a.png", png(PICTURE), "image/png"), "strength": ("s.txt", b"0.5", "text/plain")}
    fields = {key: value for key, value in form().items() if key != "strength"}
    answer = http.post("/diffusiongen/generate", data=fields, files=strength)
    assert answer.status_code == 400 and "strength is" in answer.text
    sent = {"prompt": "a fox", "steps": 1, "b64_inpaint_mask": base64.b64encode(png(LEFT)).decode()}
    answer = http.post("/diffusiongen2/generate", json=sent)
    assert answer.status_code == 400 and "needs its picture" in answer.text


def test_diffusiongen2s_mask_repaints_what_is_white(http: httpx.Client) -> None:
    image, mask = (base64.b64encode(png(each)).decode() for each in (PICTURE, LEFT))
    sent = payload(b64_inpaint_image=image, b64_inpaint_mask=mask, img2img_strength=0.9, seed=None)
    made = np.asarray(picture(http.post("/diffusiongen2/generate", json=sent).json()["images"][0]), dtype=int)
    was = np.asarray(PICTURE, dtype=int)
    assert (made[:, 80:] == was[:, 80:]).all() and np.abs(made[:, :50] - was[:, :50]).mean() > 1
    near = http.post("/diffusiongen2/generate", json=payload(b64_image=image, img2img_strength=0.0)).json()["images"][0]
    assert picture(near).convert("RGB").tobytes() == PICTURE.tobytes()


def test_health_names_the_engine_that_runs(http: httpx.Client) -> None:
    made = http.post("/generate", json={"model": "scenes", "prompt": "a lake", "steps": 1}).json()
    assert http.get("/health").json()["engine"] == made["recipe"]["engine"]


def test_a_huge_form_is_refused_as_it_comes_in(http: httpx.Client) -> None:
    files = {"image": ("me.png", b"\0" * (21 * 2**20), "image/png")}
    assert http.post("/diffusiongen/generate", data=form(), files=files).status_code == 413

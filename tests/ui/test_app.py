"""`python app.py` as scripts see it: every endpoint by gradio_client, every HTTP route, and their refusals."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image, ImageDraw

from ddpm.__main__ import main

pytestmark = pytest.mark.slow

ENDPOINTS = {
    "/text_to_image": ["prompt", "negative_prompt", "model", "sampler", "steps", "guidance_scale", "seed", "count",
                       "width", "height", "upscale", "pag_scale", "guidance_until"],
    "/image_to_image": ["image", "prompt", "strength"],
    "/inpaint": ["image", "mask", "prompt", "strength", "mask_blur", "mask_grow", "fill", "only_masked", "padding"],
    "/selfie": ["image", "likeness", "strength", "count"],  # and at its end through_network
    "/denoise_video": ["prompt", "fps", "format"],
    "/upscale": ["image", "scale", "upscaler"],
    "/read_recipe": ["image"],
    "/models": [],
    "/stop": ["job"],
    "/random_prompt": ["categories", "seen", "seed", "parts"],
    "/suggest": ["typed"],
    "/strip": ["image"],
}  # fmt: skip


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    return Client(url, verbose=False)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("in") / "picture.png"
    image = Image.linear_gradient("L").resize((90, 70)).convert("RGB")
    ImageDraw.Draw(image).ellipse((20, 15, 60, 55), fill=(200, 80, 40))
    image.save(path)
    return path


def get(url: str, data: bytes | None = None) -> tuple[int, bytes, str]:
    asked = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers["Content-Type"]


def test_endpoints_and_their_parameters_are_public_api(client: Client) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) == set(ENDPOINTS)
    for name, first in ENDPOINTS.items():
        assert [p["parameter_name"] for p in named[name]["parameters"]][: len(first)] == first, name


def test_text_to_image_is_repeatable_and_carries_its_recipe(client: Client) -> None:
    files, recipe = client.predict("a lake", steps=3, seed=7, count=2, api_name="/text_to_image")
    again, _ = client.predict("a lake", steps=3, seed=8, api_name="/text_to_image")
    assert len(files) == 2 and recipe["seeds"] == [7, 8]
    assert Image.open(files[1]).tobytes() == Image.open(again[0]).tobytes()
    info = Image.open(files[0]).info
    assert "Seed: 7" in info["parameters"] and json.loads(info["recipe"])["request"]["prompt"] == "a lake"
    fields, unread = client.predict(handle_file(files[0]), api_name="/read_recipe")
    assert fields["seed"] == 7 and not unread


def test_strength_0_gives_the_picture_back(client: Client, picture: Path) -> None:
    files, _ = client.predict(handle_file(picture), "a lake", strength=0, steps=3, api_name="/image_to_image")
    assert Image.open(files[0]).convert("RGB").tobytes() == Image.open(picture).tobytes()


def test_inpaint_keeps_what_is_outside(client: Client, picture: Path, tmp_path: Path) -> None:
    mask = Image.new("L", (90, 70))
    ImageDraw.Draw(mask).rectangle((50, 30, 70, 50), fill=255)
    mask.save(tmp_path / "mask.png")
    files, _ = client.predict(
        handle_file(picture), handle_file(tmp_path / "mask.png"), "a lake", mask_blur=0, steps=3, api_name="/inpaint"
    )
    made, was = Image.open(files[0]).convert("RGB"), Image.open(picture)
    assert made.size == was.size
    assert made.crop((0, 0, 40, 70)).tobytes() == was.crop((0, 0, 40, 70)).tobytes()


def test_selfie_film_and_upscale(client: Client, picture: Path) -> None:
    files, framed, recipe = client.predict(handle_file(picture), count=2, steps=3, api_name="/selfie")
    assert len(files) == 2 and Image.open(framed).size[0] > 0 and "sha256" not in recipe
    film, last, _ = client.predict("a lake", fps=30, format="gif", steps=3, api_name="/denoise_video")
    assert Image.open(film).format == "GIF" and Image.open(last).format == "PNG"
    larger, recipe = client.predict(handle_file(picture), 2, api_name="/upscale")
    assert Image.open(larger).size == (180, 140)


def deep(size: tuple[int, int]) -> Image.Image:
    """Grey of 16 bits, darker than 8 bits could tell apart."""
    return Image.fromarray(np.linspace(300, 900, size[0] * size[1]).reshape(size[1], size[0]).astype(np.uint16))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "I;16", "P"])
def test_upscale_keeps_alpha_grey_and_16_bits(client: Client, tmp_path: Path, mode: str) -> None:
    image = deep((40, 30)) if mode == "I;16" else Image.linear_gradient("L").resize((40, 30)).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.radial_gradient("L").resize((40, 30)))
    image.save(tmp_path / "in.png", **({"transparency": 0} if mode == "P" else {}))
    file, _ = client.predict(handle_file(tmp_path / "in.png"), 2, api_name="/upscale")
    with Image.open(file) as larger:
        assert larger.size == (80, 60) and larger.mode == {"P": "RGBA"}.get(mode, mode)
        if mode == "I;16":
            assert np.asarray(larger).max() < 2000 and len(np.unique(np.asarray(larger))) > 300
    assert Path(file).name == "in-x2.png"


@pytest.mark.parametrize("scale", [1, 3, "three", None])
def test_scale_has_one_sentence_on_every_way(
    client: Client, picture: Path, capsys: pytest.CaptureFixture[str], scale: Any
) -> None:
    with pytest.raises(AppError, match=f"scale must be 2 or 4; it is {scale!r}"):
        client.predict(handle_file(picture), scale, api_name="/upscale")
    if isinstance(scale, int):
        assert main(["upscale", str(picture), "--scale", str(scale)]) == 1
        assert f"scale must be 2 or 4; it is {scale}." in capsys.readouterr().err


def test_scale_as_text(client: Client, picture: Path) -> None:
    larger, recipe = client.predict(handle_file(picture), "2", api_name="/upscale")
    assert Image.open(larger).size == (180, 140) and recipe["upscale"] == 2


def test_catalogue_prompt_and_stop(client: Client) -> None:
    cards = client.predict(api_name="/models")
    assert {card["name"] for card in cards} >= {"scenes", "faces"} and str(Path.home()) not in json.dumps(cards)
    prompt = client.predict(["Animals"], None, 3, api_name="/random_prompt")
    assert prompt and prompt == client.predict(["Animals"], None, 3, api_name="/random_prompt")
    assert prompt == client.predict("Animals", None, 3, api_name="/random_prompt")
    with pytest.raises(AppError, match="the nearest is 'Animals'"):
        client.predict(["animals"], None, 3, api_name="/random_prompt")
    assert client.predict(api_name="/stop") == "Stopped 0 jobs."


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"prompt": "x" * 10_000}, "10,000 characters"),
        ({"count": 1000}, "count is 1000"),
        ({"guidance_scale": -1}, "guidance_scale is -1"),
        ({"sampler": "hein"}, "'heun'"),
        ({"model": "../secret"}, "model"),
    ],
)
def test_refusals_are_sentences_and_the_app_goes_on(client: Client, values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(**{"prompt": "a lake", **values}, api_name="/text_to_image")
    assert sentence in str(refused.value)


def test_a_text_file_is_no_picture(client: Client, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("hello")
    with pytest.raises(AppError, match="could not be read as a picture|not a picture"):
        client.predict(handle_file(tmp_path / "no.png"), "a lake", api_name="/image_to_image")


def test_http(url: str) -> None:
    status, health, _ = get(f"{url}/health")
    assert status == 200 and json.loads(health)["status"] == "ok"
    status, models, _ = get(f"{url}/models")
    assert status == 200 and str(Path.home()) not in models.decode() and len(json.loads(models)["models"]) >= 2
    status, png, kind = get(f"{url}/generate?prompt=a+lake&steps=3&seed=5")
    assert (status, kind) == (200, "image/png")
    status, answer, _ = get(f"{url}/generate", json.dumps({"prompt": "a lake", "num_steps": 3, "seed": 5}).encode())
    made = json.loads(answer)
    assert status == 200 and made["seed"] == 5 and made["channels"] == 3
    posted = Image.open(io.BytesIO(base64.b64decode(made["image"])))
    assert posted.tobytes() == Image.open(io.BytesIO(png)).tobytes() and posted.width == made["image_size"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"steps": 0}', 400), (b'{"model": "nobody"}', 404), (b'{"promt": "a"}', 400)],
)
def test_http_refusals(url: str, body: bytes, status: int) -> None:
    got, answer, _ = get(f"{url}/generate", body)
    said = json.loads(answer)
    assert got == status and said["status"] == "error" and len(said["message"]) > 10
    assert ("available_models" in said) == (status == 404)


def test_an_address_makes_one_picture_and_says_what_it_notices(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}/generate?prompt=a+lake&count=3", timeout=60)
    assert refused.value.code == 400 and b"POST the same as JSON" in refused.value.read()
    with urllib.request.urlopen(f"{url}/generate?prompt=a+lake+__nobody__&steps=1&seed=1", timeout=60) as answer:
        assert "There is no list __nobody__" in answer.headers["X-Notices"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(f"{url}/generate?steps=1", method="HEAD"), timeout=60)
    assert refused.value.code == 405
    sent = json.dumps({"prompt": "a lake", "num_steps": 1, "image_size": [64, 64]}).encode()
    assert get(f"{url}/generate", sent)[0] == 200  # what the image generator's front end sends unasked


def test_suggestions_and_stripping(client: Client, tmp_path: Path) -> None:
    assert "a red dragon" in client.predict("a red dra", api_name="/suggest")
    assert client.predict(["horse", "desert"], True, 3, 1, api_name="/random_prompt").count(" ") < 4
    files, _ = client.predict("a lake", steps=1, seed=7, api_name="/text_to_image")
    with Image.open(client.predict(handle_file(files[0]), api_name="/strip")) as clean, Image.open(files[0]) as made:
        assert clean.tobytes() == made.tobytes() and made.info and not clean.info

"""Styles of styles.csv are one setting of a request, so every way in has them: the same words, the same picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from PIL import Image

from ddpm.__main__ import main
from ddpm.engine import Engine
from ddpm.errors import BadRequest
from ddpm.events import Result
from ddpm.prompts import styles
from ddpm.recipe import read_recipe, request_from, save_png
from ddpm.request import Request
from ddpm.ui import build_app, launch_options
from ddpm.ui.controls import settings, suited
from ddpm.ui.easel import Page
from ddpm.ui.pictures import Shelf
from tests.engine.conftest import tiny_model
from tests.ui.conftest import free_port

pytestmark = pytest.mark.slow

ASKED: dict[str, Any] = {"model": "tiny-text", "prompt": "a fox", "negative_prompt": "blur", "steps": 2, "seed": 5}
WRITTEN = ("ink drawing of a fox, lines, sepia", "blur, colour")
UNKNOWN = "There is no style 'ink' in styles.csv; the nearest is 'Ink'."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("styles") / "styles.csv"
    path.write_text('name,prompt,negative_prompt\nInk,"ink drawing of {prompt}, lines",colour\nOld,sepia,\n', "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(styles, "FILE", path)
        yield path


@pytest.fixture(scope="module")
def engine(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("weights")
    for text in (None, "minilm"):
        tiny_model(folder, text)
    made = Engine(folder, choice="torch", precision="float32")
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(engine: Engine) -> Iterator[str]:
    demo = build_app(engine)
    _, address, _ = demo.launch(prevent_thread_lock=True, server_port=free_port(), quiet=True,
                                **launch_options(demo, engine))  # fmt: skip
    yield address.rstrip("/")
    demo.close()


Way = Callable[[dict[str, Any]], bytes]  # settings -> the PNG file that comes of them


def python(engine: Engine, **values: Any) -> bytes:
    (result,) = [event for event in engine.run(Request(**values)) if isinstance(event, Result)]
    return save_png(result.image, result.recipe)


@pytest.fixture
def ways(engine: Engine, url: str, tmp_path: Path) -> dict[str, Way]:
    client, page = Client(url, verbose=False), Page(engine, Shelf())

    def of_the_page(values: dict[str, Any]) -> bytes:
        asked = page.request("text", {**values, "seed": str(values["seed"])})
        return python(engine, **{name: getattr(asked, name) for name in values})

    def command_line(values: dict[str, Any]) -> bytes:
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items() if name != "styles"]
        named = ["--styles", *values["styles"]] if "styles" in values else []
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        assert main(["sample", *named, *flags, f"--weights={engine.weights}", f"--out={out}"]) == 0
        return next(out.glob("*.png")).read_bytes()

    def posted(values: dict[str, Any]) -> bytes:
        return base64.b64decode(httpx.post(f"{url}/generate", json=values, timeout=60).json()["image"])

    return {
        "python": lambda values: python(engine, **values),
        "page": of_the_page,
        "command line": command_line,
        "gradio_client": lambda values: Path(client.predict(**values, api_name="/text_to_image")[0][0]).read_bytes(),
        "post": posted,
        "get": lambda values: httpx.get(f"{url}/generate", params=values, timeout=60).content,
    }


def pixels(png: bytes) -> bytes:
    return Image.open(io.BytesIO(png)).tobytes()


@pytest.mark.parametrize("way", ["python", "page", "command line", "gradio_client", "post", "get"])
def test_every_way_paints_in_styles_and_its_recipe_makes_that_picture(ways: Any, engine: Engine, way: str) -> None:
    made = ways[way](ASKED | {"styles": ["Ink", "Old"]})
    fields, unread = read_recipe(made)
    assert (fields["prompt"], fields["negative_prompt"]) == WRITTEN and "styles" not in fields and not unread
    assert WRITTEN[0] in Image.open(io.BytesIO(made)).info["parameters"]
    plain = ASKED | dict(zip(("prompt", "negative_prompt"), WRITTEN, strict=True))
    assert pixels(made) == pixels(ways[way](plain)) != pixels(ways[way](ASKED))
    assert pixels(made) == pixels(ways[way]({name: request_from(fields)[name] for name in ASKED}))


def test_an_unknown_style_is_refused_with_the_nearest(
    engine: Engine, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadRequest, match=UNKNOWN):
        python(engine, **ASKED, styles=["ink"])
    answer = httpx.post(f"{url}/generate", json=ASKED | {"styles": "ink"}, timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (400, UNKNOWN)
    assert main(["sample", "--styles", "ink", "--model=tiny-text", f"--weights={engine.weights}"]) == 1
    assert UNKNOWN in capsys.readouterr().err
    with pytest.raises(BadRequest, match="leave styles empty"):
        python(engine, model="tiny", styles=["Ink"])


def test_networks_are_told_on_every_way(ways: Any, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ASKED | {"prompt": "a fox <lora:ink:0.8>"}
    said = "LoRA: ink:0.8 is not supported and is left out of the prompt."
    assert httpx.post(f"{url}/generate", json=asked, timeout=60).json()["notices"] == [said]
    _, detail = Client(url, verbose=False).predict(**asked, api_name="/text_to_image")
    assert said in detail["notices"] and detail["request"]["prompt"] == "a fox"
    assert pixels(ways["python"](asked)) == pixels(ways["python"](asked | {"prompt": "a fox"}))
    ways["command line"](asked)
    assert capsys.readouterr().err.count(said) == 1


def test_a_style_that_makes_a_prompt_too_long_to_be_sent_again_is_refused(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="In the style 'Ink' prompt has 2,0.. characters; the most is 2,000"):
        python(engine, **ASKED | {"prompt": "x" * 1990}, styles=["Ink"])


def test_the_menu_is_there_for_prompts_while_the_file_is(engine: Engine, file: Path) -> None:
    cards = {card.name: card for card in engine.cards()}
    with gr.Blocks():
        menus = {name: settings([card], card)["styles"] for name, card in cards.items()}
    assert menus["tiny-text"].visible and not menus["tiny"].visible
    assert [name for name, _ in menus["tiny-text"].choices] == ["Ink", "Old"]
    assert [suited(cards[name])["styles"]["visible"] for name in ("tiny-text", "tiny")] == [True, False]
    demo = build_app(engine)
    read = next(function for function in demo.fns.values() if function.name == "read" and len(function.outputs) == 5)
    shown = read.fn(*["tiny-text"] * 3, "tiny", "tiny-text")
    assert [each["visible"] for each in shown] == [True, True, True, False, True]
    file.rename(file.with_suffix(".away"))
    try:
        assert not any(each["visible"] for each in read.fn(*["tiny-text"] * 5))
        assert not suited(cards["tiny-text"])["styles"]["visible"]
    finally:
        file.with_suffix(".away").rename(file)


def test_the_parameter_is_public_api(url: str) -> None:
    named = Client(url, verbose=False).view_api(return_format="dict")["named_endpoints"]
    for name in ("/text_to_image", "/image_to_image", "/inpaint", "/selfie", "/denoise_video"):
        assert "styles" in [parameter["parameter_name"] for parameter in named[name]["parameters"]], name

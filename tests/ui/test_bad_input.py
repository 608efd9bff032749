"""What nobody should send, by gradio_client, HTTP and command line: each has its own sentence, and the app goes on.

The page gets the same files in test_bad_files.py and the same numbers in test_visits.py.
"""

from __future__ import annotations

import base64
import json
import math
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from ddpm.__main__ import main
from tests.ui.bad import FILES, REFUSED, write

pytestmark = pytest.mark.slow

SETTINGS: list[tuple[dict[str, Any], str]] = [  # values, and what the refusal says, word for word on every way in
    ({"prompt": "x" * 10_000}, "prompt has 10,000 characters; the most is 2,000."),
    ({"steps": 0}, "steps is 0, but must be a whole number from 1 to 1000."),
    ({"steps": 100_000}, "steps is 100000, but must be a whole number from 1 to 1000."),
    ({"count": 0}, "count is 0, but must be a whole number from 1 to 16."),
    ({"count": 1000}, "count is 1000, but must be a whole number from 1 to 16."),
    ({"guidance_scale": -1}, "guidance_scale is -1"),
    ({"sampler": "hein"}, "Did you mean 'heun'?"),
    ({"model": "../secret"}, "../secret"),
    ({"model": "a\0b"}, "model"),
]
STRENGTHS = [(-0.1, "strength is -0.1"), (1.5, "strength is 1.5"), (math.nan, "strength is nan")]


QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("/random_prompt", {"seed": "abc"}, "seed is 'abc'"), ("/random_prompt", {"seed": 1.5}, "seed is 1.5"),
    ("/random_prompt", {"seen": "maybe"}, "seen is 'maybe'"), ("/random_prompt", {"categories": [[]]}, "categories"),
    ("/random_prompt", {"parts": "many"}, "parts is 'many'"), ("/suggest", {"typed": ["a"]}, "typed must be text"),
    ("/stop", {"job": {"a": 1}}, "job must be text"), ("/read_recipe", {"image": {"path": "a\0b"}}, "no uploaded file"),
    ("/strip", {"image": {"path": "."}}, "no uploaded file"),
]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("bad"))


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    return Client(url, verbose=False)


def post(url: str, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    asked = urllib.request.Request(f"{url}/generate", json.dumps(values).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=120) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def refused(client: Client, *args: Any, api_name: str, **fields: Any) -> str:
    with pytest.raises((AppError, ValueError)) as error:
        client.predict(*args, api_name=api_name, **fields)
    return str(error.value)


@pytest.mark.parametrize(("name", "values", "words"), QUESTIONS, ids=[f"{one[0]} {one[1]}" for one in QUESTIONS])
def test_questions_of_another_kind_are_refused_in_words(
    client: Client, name: str, values: dict[str, Any], words: str
) -> None:
    assert words in refused(client, api_name=name, **values)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command line says on stderr when it refuses: one line, exit 1 (2 for what argparse itself refuses)."""
    try:
        assert main([*arguments]) == 1
    except SystemExit as end:
        assert end.code in (1, 2)
    return capsys.readouterr().err


@pytest.mark.parametrize(("values", "sentence"), SETTINGS, ids=[f"{list(v)[0]}-{s[:24]}" for v, s in SETTINGS])
def test_settings(
    client: Client, url: str, capsys: pytest.CaptureFixture[str], values: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(client, api_name="/text_to_image", **{"prompt": "a lake", **values})
    status, answer = post(url, {"prompt": "a lake", **values})
    assert status in (400, 404) and answer["status"] == "error" and sentence in answer["message"]
    if values == {"count": 1000}:  # many pictures are what the command line is for
        return
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
    said = told(capsys, "sample", *flags)
    assert sentence in said and said.count("\n") == 1


@pytest.mark.parametrize(("strength", "sentence"), STRENGTHS)
def test_strength(
    client: Client, url: str, files: Path, capsys: pytest.CaptureFixture[str], strength: float, sentence: str
) -> None:
    picture = str(files / "good.png")
    if not math.isnan(strength):  # gradio_client sends strict JSON, which has no NaN
        assert sentence in refused(client, handle_file(picture), "a lake", strength, api_name="/image_to_image")
    image = base64.b64encode((files / "good.png").read_bytes()).decode()
    status, answer = post(url, {"image": image, "strength": strength})
    assert status == 400 and sentence in answer["message"]
    assert sentence in told(capsys, "sample", "--image", picture, f"--strength={strength}")


@pytest.mark.parametrize("api_name", ["/read_recipe", "/strip", "/upscale", "/selfie", "/image_to_image", "/inpaint"])
def test_no_file_is_read_that_nobody_uploaded(client: Client, files: Path, api_name: str) -> None:
    """gradio looks at a path only where the value says `meta`; a script may leave that out."""
    for place in (files / "good.png", files / "missing.png", Path("/dev/zero")):
        told = {"path": str(place)}
        said = refused(client, *[told, told][: 2 if api_name == "/inpaint" else 1], api_name=api_name)
        assert "image is no uploaded file: send it with handle_file(...)" in said


def in_base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("name", FILES)
def test_picture_files(
    client: Client, url: str, files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    sentence, path = FILES[name][1], files / name
    status, answer = post(url, {"image": in_base64(path), "prompt": "a lake", "strength": 0})
    if sentence is None:
        made, _ = client.predict(handle_file(str(path)), "a lake", 0, api_name="/image_to_image")
        with Image.open(made[0]) as image:
            assert image.size == (40, 30) and image.mode == "RGB"
        assert status == 200
        assert main(["sample", "--image", str(path), "--strength=0", "--out", str(tmp_path)]) == 0
        return
    assert status in (400, 413) and sentence in answer["message"]
    assert sentence in refused(client, handle_file(str(path)), "a lake", api_name="/image_to_image")
    assert sentence in refused(client, handle_file(str(path)), api_name="/selfie")
    assert sentence in refused(client, handle_file(str(path)), api_name="/upscale")
    assert sentence in told(capsys, "sample", "--image", str(path))
    assert sentence in told(capsys, "upscale", str(path))


@pytest.mark.parametrize("name", [*FILES, "black.png", "small-mask.png"])
def test_mask_files(client: Client, url: str, files: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    good, mask = files / "good.png", files / name
    sentence = "The mask is empty: paint over a part first." if name == "black.png" else REFUSED.get(name)
    sent = {"image": in_base64(good), "mask": in_base64(mask), "prompt": "a lake", "steps": 1}
    status, answer = post(url, sent)
    asked = (handle_file(str(good)), handle_file(str(mask)), "a lake")
    if sentence is None:
        assert status == 200
        made, recipe = client.predict(*asked, steps=1, api_name="/inpaint")
        stretched = ["The mask is 20x15 pixels and the picture 40x30: the mask was stretched to the picture."]
        assert len(made) == 1 and recipe["notices"][:1] == (stretched if name == "small-mask.png" else [])
        return
    assert status in (400, 413) and sentence in answer["message"]
    assert sentence in refused(client, *asked, api_name="/inpaint")
    assert sentence in told(capsys, "sample", "--image", str(good), "--mask", str(mask))


def test_after_all_that_it_still_paints(client: Client, url: str) -> None:
    made, _ = client.predict("a lake", steps=2, api_name="/text_to_image")
    assert len(made) == 1
    with urllib.request.urlopen(f"{url}/health", timeout=20) as answer:
        assert json.loads(answer.read())["status"] == "ok"

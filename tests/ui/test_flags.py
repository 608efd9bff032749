"""`python app.py --share --auth USER:PASS`: page and HTTP both ask; a share link that cannot be had stops nothing."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AuthenticationError
from PIL import Image

from ddpm.ui.pictures import SHELVES
from tests.ui.conftest import ROOT, free_port, started, wait_for

pytestmark = pytest.mark.slow

NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens, so nothing leaves this machine


@pytest.fixture(scope="module")
def guarded(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    log = tmp_path_factory.mktemp("log") / "app.log"
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    quiet = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "HF_HOME": str(log.parent)}
    flags = ["--weights", str(weights), "--share", "--auth", "ann:dee"]
    with started(free_port(), log, *flags, **proxies, **quiet) as app:
        yield app.url, log


def status(url: str, words: str | None = None) -> int:
    asked = urllib.request.Request(url)
    if words:
        asked.add_header("Authorization", "Basic " + base64.b64encode(words.encode()).decode())
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_page_and_http_both_ask(guarded: tuple[str, Path]) -> None:
    url, _ = guarded
    for path in ("/health", "/models", "/generate?prompt=a+lake&steps=2", "/gradio_api/info", "/config"):
        assert status(url + path) == 401, path
        assert status(url + path, "ann:wrong") == 401, path
    assert status(f"{url}/health", "ann:dee") == 200
    assert status(f"{url}/generate?prompt=a+lake&steps=2", "ann:dee") == 200
    with pytest.raises(AuthenticationError):
        Client(url, verbose=False)
    files, _ = Client(url, auth=("ann", "dee"), verbose=False).predict("a lake", steps=2, api_name="/text_to_image")
    assert len(files) == 1


def test_the_app_ends_cleanly_and_soon_while_it_enlarges(weights: Path, tmp_path: Path) -> None:
    """A tile of x4plus takes longer than a stop is waited for."""
    with started(free_port(), tmp_path / "app.log", "--weights", str(weights)) as app:
        client = Client(app.url, verbose=False)
        picture = tmp_path / "photo.png"
        Image.effect_noise((512, 512), 60).save(picture)
        client.submit(handle_file(str(picture)), upscaler="x4plus", api_name="/upscale")
        end = time.monotonic() + 60
        while json.load(urllib.request.urlopen(f"{app.url}/health", timeout=60))["running"] != "upscale":
            assert time.monotonic() < end
            time.sleep(0.1)
        time.sleep(2)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 20


def test_the_app_ends_cleanly_though_a_call_of_a_network_goes_on(weights: Path, tmp_path: Path) -> None:
    code = "import app, sys; from ddpm.engine import Engine; Engine.close = lambda self: False; sys.exit(app.main())"
    port = free_port()
    env = {**os.environ, "TMPDIR": str(tmp_path), "GRADIO_TEMP_DIR": str(tmp_path / "gradio")}
    command = [sys.executable, "-c", code, "--port", str(port), "--weights", str(weights)]
    log = tmp_path / "app.log"
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out) as app:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", app, log)
            assert any(tmp_path.glob(f"{SHELVES}*"))
            time.sleep(3)  # so that it waits for its end, and is no longer starting
            app.terminate()
            assert app.wait(30) == 0, log.read_text()
        finally:
            app.kill()
    assert not any(tmp_path.glob(f"{SHELVES}*"))


def test_no_share_link_is_said_and_the_app_goes_on(guarded: tuple[str, Path]) -> None:
    url, log = guarded
    said = log.read_text()
    assert "Could not create share link" in said and "check your internet connection" in said
    assert status(f"{url}/health", "ann:dee") == 200

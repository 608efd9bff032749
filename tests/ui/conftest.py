"""`python app.py` once for all tests of the page: with the embedded weights, else with two tiny random models."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.ui.visitor import CHROMIUM, opened

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # fmt: skip
PATIENCE = 60.0  # seconds for the page to answer on a crowded machine; the promise of 8 s is for an idle one


def tiny_models(folder: Path) -> Path:
    import torch

    from ddpm.loading import embedded
    from ddpm.models.card import Defaults, ModelCard
    from ddpm.models.hybrid import Hybrid, HybridConfig

    torch.manual_seed(0)
    for name, text, kind in (("scenes", "minilm", "text"), ("faces", None, "unconditional")):
        shape = HybridConfig(size=32, widths=(32, 64), res_blocks=1, blocks=1, text_width=384 if text else 0)
        card = ModelCard(
            name, f"Tiny {name}", "embedded", "embedded", 32, 3, "x0", "flow", text, "MIT", Defaults(steps=8), kind
        )
        embedded.save(folder / name, Hybrid(shape), card)
    return folder


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    real = ROOT / "weights"
    if all((real / name / "model_index.json").is_file() for name in ("scenes", "faces")):
        return real
    return tiny_models(tmp_path_factory.mktemp("weights"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(address: str, app: subprocess.Popen[bytes], log: Path) -> None:
    """Until the page answers, were it with a refusal."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            assert app.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.2)


class Running(NamedTuple):
    url: str
    pid: int


@pytest.fixture(scope="session")
def url(running: Running) -> str:
    return running.url


@contextmanager
def started(port: int, log: Path, *flags: str, **env: str) -> Iterator[Running]:
    """`python app.py` that answers, and ends by SIGTERM as it should: cleanly, its folder of pictures gone."""
    from ddpm.ui.pictures import SHELVES

    own = log.parent / "temporary"
    own.mkdir()
    env = {**os.environ, "GRADIO_TEMP_DIR": str(own / "gradio"), "TMPDIR": str(own), "OMP_NUM_THREADS": "1", **env}
    with log.open("w") as out:
        command = [sys.executable, "app.py", "--port", str(port), *flags]
        app = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health", app, log)
        assert any(own.glob(f"{SHELVES}*"))
        yield Running(address, app.pid)
        app.terminate()
        assert app.wait(30) == 0 and not any(own.glob(f"{SHELVES}*")), log.read_text()
    finally:
        app.kill()


@pytest.fixture(scope="session")
def running(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("log") / "app.log"
    with started(free_port(), log, "--weights", str(weights)) as app:
        yield app


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """With WebGL only for modules that say `WEBGL = True`: without a GPU it takes most of two cores' time."""
    from playwright.sync_api import sync_playwright

    flags = FLAGS if getattr(request.module, "WEBGL", False) else [*FLAGS, "--disable-3d-apis"]
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser: Any) -> Iterator[Any]:
    """One visitor's browser at 1440 px, so that gradio's own files are fetched once."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: Any, url: str) -> Iterator[Any]:
    """The page newly opened; its every request must be local."""
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(60_000)
    opened(page, url)
    yield page
    page.close()
    hosts = {urlsplit(address).hostname for address in asked if address.startswith(("http", "ws"))}
    assert hosts <= {"127.0.0.1", "localhost"}, hosts

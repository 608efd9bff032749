"""Pictures are read and written in threads: on the event loop a large one would hold up everybody's page."""

from __future__ import annotations

import asyncio
import base64
import io
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from ddpm.engine import Engine
from ddpm.events import Event, Film, Framed, Result
from ddpm.jobs import Job
from ddpm.ui import build_app
from ddpm.ui.pictures import Shelf, Whole
from ddpm.ui.routes import routes

PICTURE = Image.linear_gradient("L").resize((32, 32)).convert("RGB")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One without models, whose every job ends with the same picture, a framed face and a film."""
    made = Engine(tmp_path)

    def work(job: Job) -> Iterator[Event]:
        yield from (Framed(PICTURE, True), Result(0, PICTURE, 1), Result(1, PICTURE, 2))
        yield Film(b"film", "png", 1, 1, ((1, PICTURE), (2, PICTURE)))

    def submit(*values: Any, **more: Any) -> Job:
        return made.line.submit(work)

    monkeypatch.setattr(made, "submit", submit)
    monkeypatch.setattr(made, "submit_upscale", submit)
    yield made
    made.close()


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where pictures were opened, and where they were written."""
    seen: list[int] = []
    opened, saved = Image.open, Image.Image.save

    def noting(call: Any) -> Any:
        return lambda *values, **more: (seen.append(threading.get_ident()), call(*values, **more))[1]

    monkeypatch.setattr(Image, "open", noting(opened))
    monkeypatch.setattr(Image.Image, "save", noting(saved))
    return seen


def functions(engine: Engine) -> dict[str, list[Any]]:
    """The page's functions by their names."""
    found: dict[str, list[Any]] = {}
    for function in build_app(engine).fns.values():
        found.setdefault(getattr(function.fn, "__name__", ""), []).append(function)
    return found


def done(work: AsyncIterator[Any]) -> None:
    async def all_of_it() -> None:
        async for _ in work:
            pass

    asyncio.run(all_of_it())


def test_on_the_page(engine: Engine, threads: list[int]) -> None:
    known, visitor = functions(engine), SimpleNamespace(session_hash="ann")
    for function in known["make"]:
        values = {part: [] if isinstance(part, gr.State) else part.value for part in function.inputs}
        values |= {part: PICTURE for part in function.inputs if isinstance(part, gr.Image | gr.ImageMask)}
        easel = function.fn.__self__
        if "painted" in easel.fields:
            values[easel.fields["painted"]] = None
        threads.clear()
        done(function.fn(values, visitor))
        assert threads and threading.get_ident() not in threads, easel.tab
    (function, *_) = known["enlarge"]
    values = {part: Whole(PICTURE, "a.png") if isinstance(part, gr.Image) else 2 for part in function.inputs}
    threads.clear()
    done(function.fn(values, visitor))
    assert threads and threading.get_ident() not in threads


def test_of_the_endpoints(
    engine: Engine, threads: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = functions(engine)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    PICTURE.save(file := tmp_path / "a.png")
    sent = {"path": str(file), "meta": {"_type": "gradio.FileData"}}
    needs: dict[str, tuple[Any, ...]] = {"inpaint": (sent, sent), "text_to_image": (), "denoise_video": ()}
    for name in ("text_to_image", "image_to_image", "inpaint", "selfie", "denoise_video", "upscale"):
        threads.clear()
        done(known[name][0].fn(*needs.get(name, (sent,)), request=None))
        assert threads and threading.get_ident() not in threads, name


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/generate"), ("POST", "/generate"), ("GET", "/diffusion2/generate"),
     ("POST", "/diffusiongen/generate"), ("POST", "/diffusiongen2/generate")],
)  # fmt: skip
def test_of_plain_http(engine: Engine, threads: list[int], method: str, path: str) -> None:
    file = io.BytesIO()
    PICTURE.save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    sent: dict[str, Any] = {"json": {("b64_image" if "2" in path else "image"): text}} if method == "POST" else {}
    if path == "/diffusiongen/generate":
        sent = {"files": {"image": ("a.png", file.getvalue())}}

    async def asked() -> int:
        transport = httpx.ASGITransport(Starlette(routes=routes(engine)))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            return (await http.request(method, path, **sent)).status_code

    threads.clear()
    assert asyncio.run(asked()) == 200
    assert len(threads) > (method == "POST") and threading.get_ident() not in threads


def test_two_threads_may_clear_the_shelf_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    gone = shelf.folder / "gone"  # listed, and deleted by another thread before it is looked at
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda folder: [gone, *listed(folder)])
    assert shelf.path("a.png").parent.is_dir()

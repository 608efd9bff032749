"""Whose a job is: every page that shows it may stop it and find it again after a reload, and nobody else may."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from PIL import Image
from starlette.applications import Starlette

from ddpm.engine import Engine
from ddpm.events import Event, Result
from ddpm.jobs import Job
from ddpm.ui import build_app
from ddpm.ui.easel import Page
from ddpm.ui.pictures import Shelf, Whole
from ddpm.ui.questions import Questions
from ddpm.ui.routes import routes

ANN, BOB = SimpleNamespace(session_hash="ann"), SimpleNamespace(session_hash="bob")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One without models, whose jobs go on until they are stopped and then have a picture."""
    made = Engine(tmp_path)

    def work(job: Job) -> Iterator[Event]:
        job._stop.wait()
        yield Result(0, Image.new("RGB", (32, 32)), 1)

    def submit(*asked: Any, session: str = "") -> Job:
        return made.line.submit(work, asked[1] if len(asked) == 2 else session)

    monkeypatch.setattr(made, "submit", submit)
    monkeypatch.setattr(made, "submit_upscale", submit)
    yield made
    made.close()


def functions(engine: Engine) -> dict[str, Any]:
    """The page's functions by their names; of those that several tabs have, one."""
    return {getattr(one.fn, "__qualname__", ""): one for one in build_app(engine).fns.values()}


def naming(job: Job) -> Any:
    """What a page sends that had this job before."""
    return SimpleNamespace(_data={"job": job.id})


def test_of_two_copies_of_a_page_either_stops_the_job(engine: Engine) -> None:
    easel = functions(engine)["Easel.make"].fn.__self__
    for stopping in (ANN, BOB):
        job = engine.submit(None, "ann")

        async def copied(job: Job = job) -> None:
            copy = easel.resume(naming(job), BOB)
            await anext(copy)
            await copy.aclose()

        asyncio.run(copied())
        easel.end_all(stopping)
        assert job.stopping()


def test_an_enlarging_is_found_again_by_a_page_that_was_reloaded(engine: Engine, tmp_path: Path) -> None:
    known = functions(engine)
    enlarge, resume = known["build.<locals>.enlarge"], known["build.<locals>.resume"]
    picture = Image.new("RGB", (16, 16), "red")
    picture.save(tmp_path / "photo.png")
    whole = Whole(picture, str(tmp_path / "photo.png"))
    values = {part: whole if isinstance(part, gr.Image) else 2 for part in enlarge.inputs}

    async def visit() -> dict[Any, Any]:
        before = enlarge.fn(values, ANN)
        await anext(before)
        await anext(before)
        await before.aclose()  # the page is gone
        while not engine.line.running:
            await asyncio.sleep(0.01)
        (job,) = engine.line.of_session("ann")
        assert not job.stopping()
        changed: dict[Any, Any] = {}
        async for updates in resume.fn(naming(job), BOB):
            changed |= updates
            for own in engine.line.of_session("bob"):
                own.stop()
        return changed

    changed = asyncio.run(visit())
    ((old, new),) = (value for part, value in changed.items() if isinstance(part, gr.ImageSlider))
    with Image.open(old) as small, Image.open(new) as large:
        assert small.size == large.size == (32, 32) and small.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert Path(new).name == "photo-x2.png"


@pytest.mark.parametrize("path", ["/generate", "/diffusion2/generate", "/diffusiongen/generate"])
def test_what_was_asked_over_http_is_stopped_by_no_guess(engine: Engine, path: str) -> None:
    asks = Questions(Page(engine, Shelf()))
    method = "POST" if path == "/diffusiongen/generate" else "GET"

    async def visit() -> int:
        transport = httpx.ASGITransport(Starlette(routes=routes(engine)))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            answer = asyncio.create_task(http.request(method, path, data={"a": "b"} if method == "POST" else None))
            while not engine.line.running:
                await asyncio.sleep(0.01)
            for guess in ("http", "", "diffusiongen 127.0.0.1", "diffusiongen2 127.0.0.1"):
                assert asks.stop(request=SimpleNamespace(session_hash=guess)) == "Stopped 0 jobs."  # type: ignore[arg-type]
                assert engine.line.of_session(guess) == []
            for job in engine.line._jobs.values():
                job.stop()
            return (await answer).status_code

    assert asyncio.run(visit()) == 200

"""The page is shown before what it will need is loaded, and gradio builds its application no oftener than it must."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import gradio as gr
import pytest

import app
from ddpm.engine import Engine
from ddpm.ui import Queued, build_app, launch_options
from ddpm.ui.first_look import FirstLook


@pytest.mark.parametrize(
    ("method", "path", "counts"), [("GET", "/", True), ("HEAD", "/", False), ("GET", "/health", False)]
)
def test_the_page_was_seen_once_it_was_answered(method: str, path: str, counts: bool) -> None:
    seen, during = threading.Event(), []

    async def page(scope: object, receive: object, send: object) -> None:
        during.append(seen.is_set())

    async def nothing(*message: object) -> dict[str, object]:
        return {}

    asyncio.run(FirstLook(page, seen)({"type": "http", "method": method, "path": path}, nothing, nothing))  # type: ignore[arg-type]
    assert during == [False] and seen.is_set() == counts


def test_the_queue_is_ours_without_a_second_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    queue = gr.Blocks.queue
    monkeypatch.setattr(gr.Blocks, "queue", lambda self, **options: made.append(options) or queue(self, **options))
    engine = Engine(tmp_path)
    demo = build_app(engine)
    assert isinstance(demo, Queued) and made == [{"max_size": 64, "default_concurrency_limit": None}]
    assert launch_options(demo, engine)["app_kwargs"]["middleware"][0].kwargs == {"seen": demo.seen}
    engine.close()


@pytest.mark.parametrize("named", [[], ["--model", "google/ddpm-cifar10-32"]])
def test_the_page_stays_without_any_model_that_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: list[str]
) -> None:
    """There are cards all the same, of what is only offered for download."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(Queued, "launch", lambda self, **options: None)
    monkeypatch.setattr(Queued, "block_thread", lambda self: None)
    monkeypatch.setattr(app, "end_as_ctrl_c_does", lambda: None)  # of this process, which goes on
    assert Engine(tmp_path).cards() and app.main(["--weights", str(tmp_path), *named]) == 0


@pytest.mark.slow
def test_gradio_is_imported_without_writing_stubs() -> None:
    """The name is gradio's own: another version may call it otherwise, and would be as slow as before."""
    code = (
        "import inspect, sys, ddpm.ui, gradio.component_meta as meta; from ddpm.ui.stubs import NoStubs, WRITES\n"
        "called = inspect.getsource(meta.ComponentMeta.__new__)\n"
        "print(WRITES in called, getattr(meta, WRITES).__module__, any(isinstance(f, NoStubs) for f in sys.meta_path))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "ddpm.ui.stubs", "False"]

"""A tab's right side without a browser: what a run changes on the page, whatever happened to what stood there."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from ddpm.engine import Engine
from ddpm.events import Event, Notice, Result
from ddpm.jobs import Job
from ddpm.ui.easel import GONE, Easel, Page
from ddpm.ui.pictures import Made, Shelf
from ddpm.ui.stream import follow
from ddpm.ui.text_to_image import build


@pytest.fixture
def easel(tmp_path: Path) -> Iterator[Easel]:
    engine = Engine(tmp_path)
    with gr.Blocks():
        yield build(Page(engine, Shelf()))
    engine.close()


def painted(easel: Easel, made: list[Made], *seeds: int) -> dict[Any, Any]:
    """Everything that a run of these seeds has changed on the page in the end; `made` is what stood there."""

    def work(job: Job) -> Iterator[Event]:
        yield from (Result(index, Image.new("RGB", (8, 8)), seed) for index, seed in enumerate(seeds))

    async def followed() -> dict[Any, Any]:
        changed: dict[Any, Any] = {}
        async for updates in easel.run(easel.page.engine.line.submit(work), made):
            changed |= updates
        return changed

    return asyncio.run(followed())


def test_who_waits_hears_of_it_every_second_and_leaves_the_line_by_going(easel: Easel) -> None:
    """gradio looks between two updates whether who asked is still there."""
    running, engine = threading.Event(), easel.page.engine

    def long(job: Job) -> Iterator[Event]:
        running.set()
        while not job.stopping():
            time.sleep(0.01)
        yield Notice("stopped")

    async def followed() -> list[float]:
        first, second = engine.line.submit(long), engine.line.submit(long)
        assert await asyncio.to_thread(running.wait, 5)
        updates, heard = follow(engine, second), []
        for _ in range(4):
            update = await anext(updates)
            assert update.status["busy"] and not update.over
            heard.append(time.monotonic())
        await updates.aclose()  # what gradio does when the connection is gone
        assert second.state == "stopped" and first.state == "running"
        first.stop()
        return heard

    heard = asyncio.run(followed())
    assert all(0.9 < late - early < 3 for early, late in itertools.pairwise(heard))


def test_a_reloaded_page_gets_back_what_its_job_was_asked_with(easel: Easel) -> None:
    values = {"seed": "7", "steps": 9, "prompt": "a fox", "negative_prompt": None, "guidance_scale": 4.0, "model": None}
    back = easel.asked_again(values)
    said = {name: back[part]["value"] for name, part in easel.fields.items() if part in back and "value" in back[part]}
    assert said == {"seed": "7", "steps": 9, "guidance_scale": 4.0}  # the words are kept by the page itself
    assert easel.asked_again({}) == {}


def click(index: int) -> Any:
    return SimpleNamespace(_data={"index": index})


def test_a_run_shows_its_picture_although_older_ones_were_deleted(easel: Easel) -> None:
    made = painted(easel, [], 1, 2)[easel.made]
    shutil.rmtree(Path(made[0].path).parent)
    page = painted(easel, made, 3)
    assert [one.seed for one in page[easel.made]] == [3, 2]
    assert [tile["text"] for tile in page[easel.strip]] == ["Seed 3", "Seed 2"]
    assert page[easel.go]["interactive"] and page[easel.all]["visible"]


def test_a_run_that_makes_nothing_leaves_list_and_strip_as_they_are(easel: Easel) -> None:
    page = painted(easel, painted(easel, [], 1)[easel.made])
    assert easel.made not in page and easel.strip not in page and page[easel.go]["interactive"]


def test_a_deleted_picture_is_said_to_be_gone(easel: Easel) -> None:
    made = painted(easel, [], 1, 2)[easel.made]
    assert easel.file(made, 1) == made[1].path
    shutil.rmtree(Path(made[1].path).parent)
    assert easel.pick(made, click(1)) == {easel.view: {"text": GONE}}
    assert easel.pick(made, click(0))[easel.note] == made[0].note
    with pytest.raises(gr.Error, match=GONE):
        easel.file(made, 1)
    assert easel.seed_of(made, 1) == "2"

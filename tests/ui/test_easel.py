"""A tab's right side without a browser: what a run changes on the page, whatever happened to what stood there."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from ddpm.engine import Engine
from ddpm.events import Event, Result
from ddpm.jobs import Job
from ddpm.ui.easel import GONE, Easel, Page
from ddpm.ui.pictures import Made, Shelf
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

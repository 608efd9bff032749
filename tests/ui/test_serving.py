"""Files of results, as the page serves them: for as long as the shelf keeps them, and nothing beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx
import pytest
from gradio.processing_utils import async_move_files_to_cache
from gradio.route_utils import delete_files_created_by_app
from PIL import Image

from ddpm.engine import Engine
from ddpm.events import Result
from ddpm.ui import Queued, build_app, launch_options
from ddpm.ui.examples import path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Queued]]:
    """Two pages in one process."""
    engine = Engine(tmp_path_factory.mktemp("weights"))
    made = [build_app(engine) for _ in range(2)]
    for demo in made:
        demo.launch(prevent_thread_lock=True, quiet=True, **launch_options(demo, engine))
    yield made
    for demo in made:
        demo.close()
    engine.close()


def status(demo: Queued, file: Path | str) -> int:
    return httpx.get(f"{demo.local_url}gradio_api/file={file}").status_code


def offered(demo: Queued, file: str) -> str:
    """Where a Download button that was given this file then points."""
    button = next(part for part in demo.blocks.values() if isinstance(part, gr.DownloadButton))
    return asyncio.run(async_move_files_to_cache(button.postprocess(file), button, postprocess=True))["path"]


def swept(demo: Queued) -> None:
    """What gradio does to its cache every quarter of an hour, to files of any age."""
    delete_files_created_by_app(demo, -1)


def test_a_download_outlives_the_sweep_of_gradios_cache(pages: list[Queued]) -> None:
    for demo in pages:
        made = demo.shelf.keep(Result(0, Image.new("RGB", (8, 8)), 7))
        files = [made.path, path("panda")]
        addresses = [offered(demo, file) for file in files]
        swept(demo)
        assert addresses == files and [status(demo, one) for one in addresses] == [200, 200]


def test_what_the_page_begins_with_stays_too(pages: list[Queued]) -> None:
    demo = pages[0]
    swept(demo)
    buttons = [part for part in demo.blocks.values() if isinstance(part, gr.DownloadButton) and part.value]
    assert buttons
    for button in buttons:
        assert status(demo, button.value["path"]) == 200
        assert not Path(button.value["path"]).is_relative_to(demo.shelf.folder)  # which is emptied after a day


@pytest.mark.parametrize("other", ["", "..", "../../etc/hostname", "/etc/hostname", "app.py"])
def test_nothing_else_is_served(pages: list[Queued], other: str) -> None:
    assert status(pages[0], pages[0].shelf.folder / other) == 403
    assert status(pages[0], other) in (403, 404)

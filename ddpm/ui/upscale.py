"""Upscale: Real-ESRGAN, two or four times, with before and after under one slider."""
# ruff: noqa: E501  (lines of HTML and JavaScript)

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from PIL import Image

from ddpm.errors import DDPMError
from ddpm.events import Result
from ddpm.ui import examples
from ddpm.ui.controls import PICTURE, buttons, heading
from ddpm.ui.easel import LISTEN, PRIVATE, Page
from ddpm.ui.pictures import SafeImage, refuse, required, told
from ddpm.ui.stream import complaint, follow

METHODS = [
    ("Fast (animevideov3)", "animevideov3"),
    ("Best for photos (x4plus)", "x4plus"),
    ("Best for drawings (x4plus-anime)", "x4plus-anime"),
]
STATUS = """<div class="line ${value.busy ? 'going' : ''}"><progress max="1" value="${value.p || 0}" aria-label="Progress"></progress>
<output aria-live="polite">${value.text}</output></div>"""


def build(page: Page) -> SafeImage:
    before, after = examples.path("small"), examples.path("enlarged")
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Make a picture two or four times larger.")
            picture = SafeImage(before, label="Your picture", **PICTURE)
            scale = gr.Radio([("2 times", 2), ("4 times", 4)], value=4, label="How much larger")
            go, halt = buttons("Enlarge")
            with gr.Accordion("More settings", open=False, elem_classes="more settings"):
                method = gr.Dropdown(
                    METHODS, value="animevideov3", label="Method", info="The better ones take many times longer"
                )
        with gr.Column(elem_classes="show", min_width=280):
            shown = (before, after) if before and after else None
            slider = gr.ImageSlider(
                shown,
                label="Before and after",
                type="filepath",
                format="png",
                height=600,
                max_height=600,
                interactive=False,
                elem_classes="drop",
                buttons=["fullscreen"],
            )
            status = gr.HTML(
                {
                    "text": "Enlarged four times. Yours will appear here." if shown else "Nothing here yet.",
                    "p": 0,
                    "busy": False,
                },
                html_template=STATUS,
                js_on_load=None,
                elem_classes="status",
                apply_default_css=False,
            )
            with gr.Row(elem_classes="save", visible=False) as save:
                one = gr.DownloadButton("Download", size="sm", min_width=90)

    async def enlarge(
        image: Image.Image | None, scale: int, method: str, request: gr.Request
    ) -> AsyncIterator[list[Any]]:
        job = told(page.engine.submit_upscale, required(image), int(scale), method, session=request.session_hash or "")
        busy = [gr.update(interactive=False, value="Working"), gr.update(interactive=True)]
        yield [gr.skip(), {"text": "Starting", "p": 0, "busy": True}, gr.skip(), gr.skip(), *busy]
        async for update in follow(page.engine, job):
            done = [event for event in update.events if isinstance(event, Result)]
            pair, file, row = gr.skip(), gr.skip(), gr.skip()
            if done:
                made, base = page.shelf.keep(done[-1]), page.shelf.path("before.png")
                required(image).resize(done[-1].image.size, Image.Resampling.BICUBIC).save(base)
                pair, file, row = (str(base), made.path), gr.update(value=made.path), gr.update(visible=True)
            ends = [gr.update(interactive=True, value="Enlarge"), gr.update(interactive=False)] if update.over else busy
            yield [pair, update.status, row, file, *ends]
        if job.state == "failed":
            raise refuse(DDPMError(complaint(job)))

    def end_all(request: gr.Request) -> None:
        for job in page.engine.line.of_session(request.session_hash or ""):
            job.stop()

    go.click(
        enlarge, [picture, scale, method], [slider, status, save, one, go, halt], concurrency_limit=None, **PRIVATE
    )
    halt.click(end_all, **LISTEN)
    return picture

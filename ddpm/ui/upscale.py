"""Upscale: Real-ESRGAN, two or four times, with before and after under one slider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from PIL import Image

from ddpm.errors import DDPMError
from ddpm.events import Result
from ddpm.images import open_picture, open_whole
from ddpm.jobs import Job
from ddpm.ui import examples
from ddpm.ui.controls import (
    LISTEN,
    PICTURE,
    PRIVATE,
    buttons,
    folded,
    heading,
    picked,
    refused_at_upload,
    script,
    tiles,
)
from ddpm.ui.easel import Page, Updates
from ddpm.ui.pictures import Whole, WholeImage, enlarged_name, refuse, required, told
from ddpm.ui.stream import GRACE, complaint, follow

METHODS = [
    ("Fast (animevideov3)", "animevideov3"),
    ("Best for photos (x4plus)", "x4plus"),
    ("Best for drawings (x4plus-anime)", "x4plus-anime"),
]
STATUS = """<div class="line ${value.busy ? 'going' : ''}">
<progress max="1" value="${value.p || 0}" aria-label="Progress"></progress>
<output aria-live="${value.busy && value.p ? 'off' : 'polite'}">${value.text}</output></div>"""


def build(page: Page) -> WholeImage:
    """The tab; its picture input, which other tabs send results to."""
    first = examples.UPSCALE[0]
    before, after = examples.path(first.values["image"]), examples.path(first.name)
    shown = (before, after) if before and after else None
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Make a picture two or four times larger.")
            picture = WholeImage(before, label="Your picture", **PICTURE)
            scale = gr.Radio([("2 times", 2), ("4 times", 4)], value=4, label="How much larger")
            go, halt = buttons("Enlarge")
            with folded():
                method = gr.Dropdown(
                    METHODS, value="animevideov3", label="Method", info="The better ones take many times longer"
                )
            cards = tiles(examples.cards(examples.UPSCALE), "Or start from one of these", elem_classes="cards")
        with gr.Column(elem_classes="show", min_width=280):
            slider = gr.ImageSlider(
                shown, label="Before and after", type="filepath", format="png", height=600, max_height=600,
                interactive=False, elem_classes=["drop", "compare"], buttons=["fullscreen"],
            )  # fmt: skip
            words = "Enlarged four times. Yours will appear here." if shown else "Nothing here yet."
            status = gr.HTML(
                {"text": words, "p": 0, "busy": False}, html_template=STATUS, elem_classes="status", tab="upscale",
                js_on_load="".join(map(script, ("job", "status", "compare"))), apply_default_css=False,
            )  # fmt: skip
            with gr.Row(elem_classes="save"):
                one = gr.DownloadButton("Download", size="sm", min_width=90, visible=False)

    asked: WeakKeyDictionary[Job, tuple[str, int]] = WeakKeyDictionary()  # the file it enlarges, and how much

    async def enlarge(values: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        whole, times, session = required(values[picture]), values[scale], request.session_hash or ""
        job = told(page.engine.submit_upscale, whole.image, times, values[method], session=session)
        asked[job] = whole.path, times
        async for updates in run(job, whole, times):
            yield updates

    async def resume(event: gr.EventData, request: gr.Request) -> AsyncIterator[Updates]:
        """As on the other tabs; the picture is read again for its side of the slider."""
        job = page.engine.line.find(str(event._data.get("job")))
        if job is None or job not in asked:
            yield {status: gr.skip()}  # an event that yields nothing empties all it could have changed
            return
        job.sessions.add(request.session_hash or "")
        path, times = asked[job]
        whole = Whole(await asyncio.to_thread(told, open_whole, path), path)
        async for updates in run(job, whole, times):
            yield updates

    async def run(job: Job, whole: Whole, times: int) -> AsyncIterator[Updates]:
        """Follow one job to its end."""
        yield {
            status: {"text": "Starting", "p": 0, "busy": True, "job": job.id},
            go: gr.update(interactive=False, value="Working"), halt: gr.update(interactive=True),
        }  # fmt: skip
        async for update in follow(page.engine, job, grace=GRACE):
            changed: Updates = {status: update.status}
            for event in update.events:
                if isinstance(event, Result):
                    changed |= await asyncio.to_thread(_compared, whole, event, times)
            if update.over:
                changed |= {go: gr.update(interactive=True, value="Enlarge"), halt: gr.update(interactive=False)}
            yield changed
        if job.state == "failed":
            raise refuse(DDPMError(complaint(job)))

    def _compared(whole: Whole, result: Result, times: int) -> Updates:
        """Both at the larger size under the slider, and the file itself."""
        made, base = page.shelf.keep(result, enlarged_name(whole.path, times)), page.shelf.path("before.png")
        _displayed(whole.image).resize(result.image.size, Image.Resampling.BICUBIC).save(base)
        return {slider: (str(base), made.path), one: gr.update(value=made.path, visible=True)}

    def choose(event: gr.EventData) -> list[Any]:
        return examples.filled(examples.UPSCALE[picked(event)], ["image", "upscale"])

    def end_all(request: gr.Request) -> None:
        for job in page.engine.line.of_session(request.session_hash or ""):
            job.stop()

    refused_at_upload(picture)
    inputs: set[Block] = {picture, scale, method}
    outputs = [slider, status, one, go, halt]
    go.click(enlarge, inputs, outputs, concurrency_limit=None, **PRIVATE)
    status.retry(resume, None, outputs, concurrency_limit=None, **PRIVATE)
    chosen = cards.click(choose, None, [picture, scale], **LISTEN)
    chosen.then(enlarge, inputs, outputs, concurrency_limit=None, **PRIVATE)
    halt.click(end_all, **LISTEN)
    return picture


def _displayed(image: Image.Image) -> Image.Image:
    """What a browser shows of the picture: transparent where it is, else as every other tab reads it."""
    return image.convert("RGBA") if image.has_transparency_data else open_picture(image)

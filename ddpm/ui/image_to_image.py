"""Image to image: a picture, what it should become, and how much of it may change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from PIL import Image

from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import PICTURE, buttons, heading, more, prompt_box, shared
from ddpm.ui.easel import PRIVATE, Easel, Page
from ddpm.ui.pictures import Made, SafeImage, required


def build(page: Page) -> tuple[Easel, SafeImage]:
    card, easel = page.card("text"), Easel(page, examples.example("changed"))
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Start from a picture and say what it should become.")
            picture = SafeImage(examples.path("mountains"), label="Your picture", **PICTURE)
            prompt = prompt_box("An erupting volcano at sunset, storybook style", card, "What should it become?", 2)
            strength = gr.Slider(
                0, 1, 0.6, step=0.05, label="How much to change", info="0 keeps the picture, 1 starts afresh"
            )
            go, halt = buttons()
            settings = more(page.cards, card)
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Picture"])
            easel.build_after()
    easel.wire(go, halt, settings.seed)
    settings.follow_model(page.engine.cards, prompt)

    async def change(
        prompt: str,
        image: Image.Image | None,
        strength: float,
        negative: str,
        guidance: float,
        model: str,
        sampler: str,
        steps: float,
        count: float,
        seed: str,
        upscale: int,
        made: list[Made],
        request: gr.Request,
    ) -> AsyncIterator[list[Any]]:
        def start() -> Any:
            values = shared(page.cards, prompt, negative, guidance, model, sampler, steps, count, seed, upscale)
            asked = Request.checked(mode="image", image=required(image), strength=strength, **values)
            return page.engine.submit(asked, request.session_hash or "")

        async for updates in easel.run(start, made):
            yield updates

    go.click(
        change,
        [prompt, picture, strength, *settings.inputs, easel.made],
        easel.outputs,
        concurrency_limit=None,
        **PRIVATE,
    )
    return easel, picture

"""Denoising: noise and the model's guess side by side while it runs, then the film of it and its steps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import buttons, heading, more, prompt_box, shared
from ddpm.ui.easel import PRIVATE, Easel, Page
from ddpm.ui.pictures import Made

VIEWS = ["The noisy picture (x_t)", "What the model sees in it (x0)"]
FORMATS = [("Film (MP4)", "mp4"), ("GIF", "gif"), ("Strip", "png")]

FILM_STEPS = 60  # a frame each, so a second of film at 60 frames a second; a picture alone needs far fewer


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Easel(page, examples.example("dragon"))
    own: dict[str, Any] = {}

    def extra() -> None:
        own["fps"] = gr.Slider(1, 120, 60, step=1, label="Frames per second")

    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("See how noise turns into a picture.")
            prompt = prompt_box(examples.PROMPTS["dragon"], card, lines=2)
            go, halt = buttons("Run")
            kind = gr.Radio(FORMATS, value="mp4", label="Save as")
            settings = more(page.cards, card, [extra])
            settings.steps.value = FILM_STEPS
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(VIEWS, example=[examples.path("dragon-noisy"), examples.path("dragon")], elem_id="film")
            easel.build_after()
    easel.wire(go, halt, settings.seed)
    settings.follow_model(page.engine.cards, prompt)

    async def film(
        prompt: str,
        fps: float,
        kind: str,
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
            asked = Request.checked(mode="text", fps=fps, format=kind, **values)
            return page.engine.submit(asked, request.session_hash or "")

        async for updates in easel.run(start, made):
            yield updates

    go.click(
        film, [prompt, own["fps"], kind, *settings.inputs, easel.made], easel.outputs, concurrency_limit=None, **PRIVATE
    )
    return easel

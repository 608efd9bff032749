"""Text to image: one sentence, one field, one button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import buttons, heading, more, picked, prompt_box, shared, tiles
from ddpm.ui.easel import LISTEN, PRIVATE, Easel, Page
from ddpm.ui.pictures import Made


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Easel(page, examples.example("phoenix"))
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Describe a picture and watch it appear.")
            prompt = prompt_box(examples.PROMPTS["phoenix"], card)
            go, halt = buttons()
            settings = more(page.cards, card)
            cards = tiles(examples.cards(), "Or start from one of these", elem_classes="cards")
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Picture"])
            easel.build_after()
    easel.wire(go, halt, settings.seed)
    settings.follow_model(page.engine.cards, prompt)

    async def generate(
        prompt: str,
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
            return page.engine.submit(Request.checked(**values), request.session_hash or "")

        async for updates in easel.run(start, made):
            yield updates

    def choose(event: gr.EventData) -> str:
        return list(examples.PROMPTS.values())[picked(event)]

    inputs = [prompt, *settings.inputs, easel.made]
    go.click(generate, inputs, easel.outputs, concurrency_limit=None, **PRIVATE)
    chosen = cards.click(choose, None, prompt, **LISTEN)
    chosen.then(generate, inputs, easel.outputs, concurrency_limit=None, **PRIVATE)
    return easel

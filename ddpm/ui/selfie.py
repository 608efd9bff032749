"""Selfie: a photo or the webcam, the face as the model sees it, and faces that remember it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from PIL import Image

from ddpm.faces import frame_face
from ddpm.request import SELFIE_COUNT, Request
from ddpm.ui import examples
from ddpm.ui.controls import PICTURE, buttons, heading, more, prompt_box, shared
from ddpm.ui.easel import PRIVATE, Easel, Page, frame_html
from ddpm.ui.pictures import Made, SafeImage, address, inline, required, told

SHOWN = 128  # px of the framed face on the page
PHOTO: dict[str, Any] = {**PICTURE, "sources": ["upload", "webcam"], "height": 230}


def build(page: Page) -> Easel:
    card, easel = page.card("unconditional", "face"), Easel(page, examples.example("face"), "Faces that remember yours")
    photo_path, framed = examples.path("photo"), examples.path("framed")
    own: dict[str, Any] = {}

    def extra() -> None:
        own["strength"] = gr.Slider(
            0, 1, 0.6, step=0.05, label="How much to change", info="How far each face starts from your photo"
        )

    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Five new faces that remember yours.")
            with gr.Row(elem_classes="faces"):
                photo = SafeImage(photo_path, label="Your photo", scale=3, min_width=160, **PHOTO)
                easel.framed = gr.HTML(
                    frame_html(address(framed)) if framed else "", scale=2, min_width=110, js_on_load=None
                )
            prompt = prompt_box("", card, "What should they look like?", 2)
            likeness = gr.Slider(0, 1, 0.5, step=0.05, label="Likeness", info="0 is a stranger, 1 is nearly you")
            go, halt = buttons("Make five faces")
            gr.Markdown("Your photo goes into no file we make, and is deleted within three hours.", elem_classes="hint")
            settings = more(page.cards, card, [extra], count=SELFIE_COUNT)
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Face"])
            easel.build_after()
    easel.wire(go, halt, settings.seed)
    settings.follow_model(page.engine.cards, prompt)

    def frame(image: Image.Image | None) -> str:
        if image is None:
            return ""
        face = told(frame_face, image, SHOWN)
        if face.notice:
            gr.Info(face.notice)
        return frame_html(inline(face.image), face.found)

    async def portray(
        prompt: str,
        image: Image.Image | None,
        likeness: float,
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
            asked = Request.checked(
                mode="selfie", image=required(image, "photo"), likeness=likeness, strength=strength, **values
            )
            return page.engine.submit(asked, request.session_hash or "")

        async for updates in easel.run(start, made):
            yield updates

    photo.change(frame, photo, easel.framed, **PRIVATE)
    inputs = [prompt, photo, likeness, own["strength"], *settings.inputs, easel.made]
    go.click(portray, inputs, easel.outputs, concurrency_limit=None, **PRIVATE)
    return easel

"""Inpaint: paint over what should change; everything else comes back bit for bit.

The picture is uploaded beside the editor and goes to the engine in full; the editor shows a smaller copy and only its
strokes are read. Large photos inside the editor make every read slow and lose strokes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import PICTURE, buttons, heading, more, prompt_box, shared
from ddpm.ui.easel import PRIVATE, Easel, Page
from ddpm.ui.pictures import Made, SafeImage, SafeMask, drawn_mask, for_editor, required

BRUSH = "#ff2f92"


def build(page: Page) -> tuple[Easel, SafeImage, gr.ImageEditor]:
    card, easel = page.card("text"), Easel(page, examples.example("repainted"))
    start_picture = examples.path("horse")
    own: dict[str, Any] = {}

    def extra() -> None:
        own["strength"] = gr.Slider(0, 1, 1, step=0.05, label="How much to change")
        own["grow"] = gr.Slider(-64, 64, 0, step=1, label="Grow or shrink the mask")
        own["fill"] = gr.Radio(
            [("Original", "original"), ("Fill", "fill"), ("Noise", "noise")], value="original", label="Start from"
        )
        own["only"] = gr.Checkbox(False, label="Work on the masked part only")
        own["padding"] = gr.Slider(
            0, 256, 32, step=1, label="Room around the masked part", info="Pixels; counts when working on it only"
        )
        own["file"] = SafeMask(label="Mask from a file", **{**PICTURE, "height": 160})

    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Paint over what should change.")
            picture = SafeImage(start_picture, label="Your picture", **{**PICTURE, "height": 150})
            prompt = prompt_box("A tropical island by day", card, "What should be there instead?", 2)
            go, halt = buttons()
            blur = gr.Slider(0, 64, 4, step=1, label="Soft edge", info="Pixels over which old and new blend")
            settings = more(page.cards, card, [extra])
        with gr.Column(elem_classes="show", min_width=280):
            with gr.Row(elem_classes="pair"):
                first: Any = {"background": start_picture, "layers": [], "composite": None} if start_picture else None
                editor = gr.ImageEditor(
                    first,
                    type="pil",
                    format="png",
                    image_mode="RGBA",
                    layers=False,
                    transforms=(),
                    sources=(),
                    show_label=False,
                    label="Picture and mask",
                    height=470,
                    elem_id="mask",
                    elem_classes="drop",
                    buttons=[],
                    brush=gr.Brush(default_size=36, colors=[BRUSH], color_mode="fixed"),
                    eraser=gr.Eraser(default_size=36),
                    interactive=True,
                )
                easel.build_stage(["Result"], min_width=280)
            easel.build_after()
    easel.wire(go, halt, settings.seed)
    settings.follow_model(page.engine.cards, prompt)

    def put(image: Image.Image | None) -> dict[str, Any] | None:
        return for_editor(image) if image is not None else None

    async def repaint(
        prompt: str,
        image: Image.Image | None,
        editor: dict[str, Any] | None,
        mask: Image.Image | None,
        blur: float,
        grow: float,
        strength: float,
        fill: str,
        only: bool,
        padding: float,
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
                mode="mask",
                image=required(image),
                mask=chosen_mask(required(image), editor, mask),
                mask_blur=blur,
                mask_grow=grow,
                strength=strength,
                fill=fill,
                only_masked=only,
                padding=padding,
                **values,
            )
            return page.engine.submit(asked, request.session_hash or "")

        async for updates in easel.run(start, made):
            yield updates

    picture.upload(put, picture, editor, **PRIVATE)
    picture.clear(put, picture, editor, **PRIVATE)
    inputs = [
        prompt,
        picture,
        editor,
        own["file"],
        blur,
        own["grow"],
        own["strength"],
        own["fill"],
        own["only"],
        own["padding"],
    ]
    go.click(repaint, [*inputs, *settings.inputs, easel.made], easel.outputs, concurrency_limit=None, **PRIVATE)
    return easel, picture, editor


def chosen_mask(image: Image.Image, editor: dict[str, Any] | None, uploaded: Image.Image | None) -> Image.Image:
    """The uploaded mask, which wins and says so, else the painted one."""
    drawn = drawn_mask(editor, image.size)
    if uploaded is not None:
        if drawn is not None:
            gr.Info("The mask from the file was used, not the painted one. Remove the file to use your strokes.")
        return uploaded
    if drawn is None:
        raise BadRequest("Paint over a part first.", "mask")
    return drawn

"""Image to image: a picture, what it should become, and how much of it may change."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import (
    PICTURE,
    Fields,
    buttons,
    folded,
    follow_model,
    heading,
    prompt_box,
    refused_at_upload,
    settings,
)
from ddpm.ui.easel import Easel, Page
from ddpm.ui.pictures import SafeImage, required
from ddpm.ui.slider import Slider


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Easel(page, "image_to_image", examples.made("changed"))
    first = examples.IMAGE[0].values
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Start from a picture and say what it should become.")
            picture = SafeImage(examples.path(first["image"]), label="Your picture", **PICTURE)
            prompt = prompt_box(first["prompt"], card, "What should it become?", 2)
            strength = Slider(
                0,
                1,
                first["strength"],
                step=0.05,
                label="How much to change",
                info="0 keeps the picture, 1 starts afresh",
            )
            go, halt = buttons()
            with folded():
                fields: Fields = {"image": picture, "prompt": prompt, "strength": strength}
                fields |= settings(page.cards(), card)
            easel.offer(examples.IMAGE)
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Picture"])
            easel.build_after()

    def ask(values: dict[str, Any]) -> Request:
        return page.request("image", values | {"image": required(values["image"])})

    refused_at_upload(picture)
    follow_model(fields, page.cards)
    easel.wire(go, halt, fields, ask)
    return easel

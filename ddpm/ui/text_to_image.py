"""Text to image: one sentence, one field, one button."""

from __future__ import annotations

import gradio as gr

from ddpm.ui import examples, help, words
from ddpm.ui.controls import buttons, folded, follow_model, heading, prompt_box, settings
from ddpm.ui.easel import Easel, Page
from ddpm.ui.sketch import Sketch


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Easel(page, "text_to_image", examples.made("panda"))
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Describe a picture and watch it appear.")
            prompt = prompt_box(examples.TEXT[0].values["prompt"], card, elem_classes="sketched")
            below = gr.Column()
            go, halt = buttons()
            with folded():
                fields = {"prompt": prompt, **settings(page.cards(), card)}
            model = fields["model"]
            assert isinstance(model, gr.Dropdown)
            with below:
                words.live(page, prompt, model)
                sketch = Sketch(easel)
            help.panel(prompt)
            easel.offer(examples.TEXT)
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Picture"])
            easel.build_after()
    follow_model(fields, page.cards)
    easel.wire(go, halt, fields, lambda values: page.request("text", values))
    sketch.wire()
    return easel

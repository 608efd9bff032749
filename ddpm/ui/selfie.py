"""Selfie: a photo or the webcam, the face as the model sees it, and faces that remember it."""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image

from ddpm.events import Event, Framed
from ddpm.request import LIMITS, SELFIE_COUNT, SELFIE_STRENGTH, Request
from ddpm.ui import examples
from ddpm.ui.controls import PICTURE, PRIVATE, Fields, buttons, folded, follow_model, heading, prompt_box, settings
from ddpm.ui.easel import Easel, Page, Updates, frame_html
from ddpm.ui.journey import STATIONS, departing, journey, reached
from ddpm.ui.pictures import SafeImage, address, inline, required, told
from ddpm.ui.slider import Slider

SHOWN = 128  # px of the framed face on the page
PHOTO: dict[str, Any] = {**PICTURE, "sources": ["upload", "webcam"], "height": 230}


def build(page: Page) -> Easel:
    card = page.card("unconditional", "face")
    others = [made for one in examples.SELFIE[1:] if (made := examples.made(one.name))]
    easel = Easel(page, "selfie", examples.made("face"), "Faces that remember yours", others)
    photo_path, framed_path = examples.path("photo"), examples.path("framed")
    fields: Fields = {}
    way = journey(photo_path and address(photo_path), framed_path and address(framed_path))

    def build_way() -> None:
        way.render()

    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Five new faces that remember yours.")
            with gr.Row(elem_classes="faces"):
                fields["image"] = photo = SafeImage(photo_path, label="Your photo", scale=3, min_width=160, **PHOTO)
                first = frame_html(address(framed_path)) if framed_path else ""
                framed = gr.HTML(first, scale=2, min_width=110, js_on_load=None)
            fields["prompt"] = prompt_box("", card, "What should they look like?", 2)
            fields["likeness"] = Slider(
                0, 1, 0.5, step=0.05, label="Likeness", info="0 is a stranger, 1 is nearly you"
            )
            go, halt = buttons(name_of_go(SELFIE_COUNT))
            gr.Markdown("Your photo is deleted within three hours; no recipe holds it.", elem_classes="hint")
            with folded():
                fields["strength"] = Slider(
                    0, 1, SELFIE_STRENGTH, step=0.05, label="How far to start from your photo",
                    info="Near keeps your pose and light, far leaves everything to likeness",
                )  # fmt: skip
                fields["through_network"] = gr.Checkbox(
                    False, label="Outlines through the network",
                    info="The model has a say in how your outlines are drawn. About five times slower",
                )  # fmt: skip
                fields |= settings(page.cards(), card, count=SELFIE_COUNT)
        with gr.Column(elem_classes="show", min_width=280):
            easel.build_stage(["Face"])
            easel.build_after(build_way)

    def frame(image: Image.Image | None) -> Updates:
        if image is None:
            return {framed: "", way: dict.fromkeys(STATIONS)}
        from ddpm.faces import frame_face  # here, because it brings OpenCV, which the page can do without

        face = told(frame_face, image, SHOWN)
        if face.notice:
            gr.Info(face.notice)
        return {framed: frame_html(inline(face.image), face.found), way: departing(image, face.image, face.found)}

    def reveal(event: Event) -> Updates:
        updates: Updates = {way: station} if (station := reached(event)) else {}
        if isinstance(event, Framed):
            updates[framed] = frame_html(inline(event.image), event.found)
        return updates

    def ask(values: dict[str, Any]) -> Request:
        return page.request("selfie", values | {"image": required(values["image"], "photo")})

    easel.own, easel.reveal, easel.name_of_go = [framed, way], reveal, name_of_go
    photo.change(frame, photo, [framed, way], **PRIVATE)
    follow_model(fields, page.cards)
    easel.wire(go, halt, fields, ask)
    return easel


def name_of_go(count: float | None) -> str:
    """What the button says for so many faces; nothing of a number that will be refused."""
    if count not in range(1, int(LIMITS["count"][1]) + 1):
        return "Make faces"
    return "Make 1 face" if count == 1 else f"Make {count:g} faces"

"""Inpaint: paint over what should change; beyond the soft edge all comes back bit for bit.

The picture is uploaded beside the editor and goes to the engine in full; the editor shows a smaller copy and only its
strokes are read. Large photos inside the editor make every read slow and lose strokes.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from ddpm.errors import BadRequest
from ddpm.images import open_mask
from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import (
    PICTURE,
    TELL,
    Fields,
    buttons,
    folded,
    follow_model,
    heading,
    prompt_box,
    refused_at_upload,
    script,
    settings,
)
from ddpm.ui.easel import Easel, Page, Updates
from ddpm.ui.pictures import SafeImage, SafeMask, drawn_mask, for_editor, required
from ddpm.ui.slider import Slider

BRUSH = "#ff2f92"
CURTAIN = '<figure><img alt=""><figcaption></figcaption></figure>'  # over the editor until it has drawn
TINT = 0.6  # of the brush's colour over an example's mask
FILLS = [("Original", "original"), ("Fill", "fill"), ("Noise", "noise")]


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Canvas(page, "inpaint", examples.made("repainted"))
    first = examples.MASK[0].values
    fields: Fields = {}
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("Paint over what should change.")
            picture = SafeImage(examples.path(first["image"]), label="Your picture", **{**PICTURE, "height": 150})
            fields["image"] = picture
            fields["prompt"] = prompt_box(first["prompt"], card, "What should be there instead?", 2)
            go, halt = buttons()
            fields["mask_blur"] = Slider(
                0, 64, 4, step=1, label="Soft edge", info="Pixels over which old and new blend"
            )
            with folded():
                fields |= _own_settings(first) | settings(page.cards(), card)
            easel.offer(examples.MASK)
        with gr.Column(elem_classes="show", min_width=280):
            with gr.Row(elem_classes="pair"):
                with gr.Column(elem_classes="canvas", min_width=280):
                    fields["painted"] = editor = _editor(_started(first))
                    gr.HTML(CURTAIN, js_on_load=script("curtain"), elem_classes="curtain", apply_default_css=False)
                easel.build_stage(["Result"], min_width=280)
            easel.build_after()

    def ask(values: dict[str, Any]) -> Request:
        image = required(values["image"])
        painted = drawn_mask(values.pop("painted"), image.size)
        return page.request("mask", values | {"image": image, "mask": chosen_mask(painted, values["mask"])})

    picture.input(afresh, picture, [editor, fields["mask"]], trigger_mode="always_last", **TELL)  # cleared, then filled
    refused_at_upload(fields["mask"])
    follow_model(fields, page.cards)
    easel.wire(go, halt, fields, ask)
    return easel


class Canvas(Easel):
    """An easel whose examples bring their mask as a file, shown in the picture: gradio's editor misplaces strokes that
    it did not see made."""

    def fill(self, example: examples.Example) -> Updates:
        gr.Info("Pink is repainted. Paint to add to it; it comes from Mask from a file, under More settings.")
        first = _started(example.values)
        return {**super().fill(example), self.fields["painted"]: first}


def afresh(image: Image.Image | None) -> list[Any]:
    """Another picture for the editor and the file of its mask: nothing of it is marked yet."""
    return [for_editor(image) if image is not None else None, None]


def _own_settings(first: dict[str, Any]) -> Fields:
    return {
        "strength": Slider(0, 1, 1, step=0.05, label="How much to change"),
        "mask_grow": Slider(-64, 64, 0, step=1, label="Grow or shrink the mask", info="Pixels"),
        "fill": gr.Radio(FILLS, value="original", label="Start from"),
        "only_masked": gr.Checkbox(False, label="Work on the masked part only"),
        "padding": Slider(
            0, 256, 32, step=1, label="Room around the masked part", info="Pixels; counts when working on it only"
        ),
        "mask": SafeMask(examples.path(first["mask"]), label="Mask from a file", **{**PICTURE, "height": 160}),
    }


def _editor(value: Any) -> gr.ImageEditor:
    return gr.ImageEditor(
        value, type="pil", format="png", image_mode="RGBA", layers=False, transforms=(), sources=(), buttons=[],
        show_label=False, label="Picture and mask", height=470, elem_id="mask", elem_classes="drop", interactive=True,
        brush=gr.Brush(default_size=36, colors=[BRUSH], color_mode="fixed"), eraser=gr.Eraser(default_size=36),
    )  # fmt: skip


def _started(values: dict[str, Any]) -> dict[str, Any] | None:
    """An example's picture in the editor, its mask laid over it in the brush's colour."""
    path, mask = examples.path(values["image"]), examples.path(values.get("mask", ""))
    if path is None:
        return None
    with Image.open(path) as image:
        shown = image.convert("RGB")
    if mask is not None:
        painted = Image.blend(shown, Image.new("RGB", shown.size, BRUSH), TINT)
        shown = Image.composite(painted, shown, open_mask(mask).resize(shown.size))
    return for_editor(shown)


def chosen_mask(drawn: Image.Image | None, uploaded: Image.Image | None) -> Image.Image:
    """What is painted and what a file masks, together. drawn: L; uploaded: L of any size."""
    if uploaded is None:
        if drawn is None:
            raise BadRequest("Paint over a part first.", "mask")
        return drawn
    return uploaded if drawn is None else ImageChops.lighter(drawn, uploaded.resize(drawn.size))

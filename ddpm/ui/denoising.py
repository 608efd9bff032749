"""Denoising: noise and the model's guess side by side while it runs, then the film of it and its steps."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ddpm.events import Event, Film
from ddpm.ui import examples
from ddpm.ui.controls import LISTEN, Fields, buttons, folded, follow_model, heading, picked, prompt_box, settings, tiles
from ddpm.ui.easel import Easel, Page, Updates
from ddpm.ui.pictures import address
from ddpm.ui.slider import Slider

VIEWS = ["The noisy picture (x_t)", "What the model sees in it (x0)"]
FORMATS = [("Film (MP4)", "mp4"), ("GIF", "gif"), ("Strip", "png")]
FILM_STEPS = 60  # a frame each: a picture alone needs far fewer, but here every step is to be seen


def build(page: Page) -> Easel:
    card, easel = page.card("text"), Easel(page, "denoising", examples.made("dragon"))
    fields: Fields = {}
    with gr.Row(elem_classes="studio"):
        with gr.Column(elem_classes="controls", min_width=280):
            heading("See how noise turns into a picture.")
            fields["prompt"] = prompt_box(examples.FILM[0].values["prompt"], card, lines=2)
            go, halt = buttons("Run")
            fields["format"] = gr.Radio(FORMATS, value="mp4", label="Save as")
            with folded():
                fields["fps"] = Slider(1, 120, 60, step=1, label="Frames per second")
                fields |= settings(page.cards(), card, steps=FILM_STEPS)
            easel.offer(examples.FILM)
        with gr.Column(elem_classes="show", min_width=280):
            pair = [examples.path("dragon-noisy"), examples.path("dragon-seen")]
            easel.build_stage(VIEWS, example=pair, elem_id="film")
            steps = Steps(easel)
            easel.build_after(steps.build)
    follow_model(fields, page.cards, keep=["steps"])
    easel.wire(go, halt, fields, lambda values: page.request("text", values))
    steps.wire()
    return easel


class Steps:
    """The film's file and a strip of its steps; a click on one puts it on the stage, the first brings the film back."""

    def __init__(self, easel: Easel) -> None:
        self.easel, self.page = easel, easel.page

    def build(self) -> None:
        with gr.Row(elem_classes="save"):
            self.file = gr.DownloadButton("Download the film", size="sm", min_width=90, visible=False)
        self.strip = tiles((), "Step by step", elem_classes="strip steps")
        self.shots = gr.State([])
        self.easel.own = [self.strip, self.shots, self.file]
        self.easel.reveal = self.reveal

    def wire(self) -> None:
        self.strip.click(self.pick, self.shots, self.easel.view, **LISTEN)

    def reveal(self, event: Event) -> Updates:
        if not isinstance(event, Film):
            return {}
        path = self.page.shelf.path(f"denoising.{event.format}")
        path.write_bytes(event.data)
        reel = {"film": {"src": address(path), "kind": event.format}, "text": "The film"}
        shots: list[dict[str, Any]] = [reel]
        cards = []
        for number, frame in event.steps:
            half = frame.width // 2
            files = self.page.shelf.path(f"step-{number}-x_t.png"), self.page.shelf.path(f"step-{number}-x0.png")
            frame.crop((0, 0, half, frame.height)).save(files[0])
            frame.crop((half, 0, frame.width, frame.height)).save(files[1])
            shots.append({"src": [address(file) for file in files], "text": f"Step {number}"})
            cards.append(
                {"above": address(files[0]), "src": address(files[1]), "text": str(number), "alt": f"Step {number}"}
            )
        whole = {**cards[-1], "above": cards[len(cards) // 3]["above"], "text": "Film", "alt": "The film", "on": True}
        return {
            self.strip: [whole, *cards],
            self.shots: shots,
            self.file: gr.update(value=str(path), visible=True, label=f"Download the film ({event.format.upper()})"),
            self.easel.view: {"film": reel["film"]},
        }

    def pick(self, shots: list[dict[str, Any]], event: gr.EventData) -> dict[str, Any]:
        return shots[min(picked(event), len(shots) - 1)]

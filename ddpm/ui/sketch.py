"""A sketch while one types: the prompt in a few steps, small and at once; the newest text wins.

The seed stays, so that a sketch grows with its sentence; Enter makes the full picture of that seed.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import gradio as gr
from gradio.components import Component

from ddpm.engine import SEEDS, SKETCH
from ddpm.errors import DDPMError
from ddpm.events import Result
from ddpm.jobs import Job
from ddpm.ui.controls import LISTEN, reads_prompt, script
from ddpm.ui.easel import Easel
from ddpm.ui.pictures import inline

STEPS = SKETCH["steps"]
FIGURE = """<figure class="frame sketch">{{#if value.src}}<img alt="Sketch of the prompt" src="{{value.src}}">{{/if}}
<figcaption role="status">{{value.text}}</figcaption></figure>"""
# by the judge; the figures are in weights/scenes/README.md, Sketches
HINT = (
    "Type, and it appears here. In sketches of Scenes, 98 % of what a prompt asks for is there, in full pictures 99 %; "
    "outlines are softer. Enter makes it in full."
)


class Sketch:
    """The switch, the small picture below it, and what typing does while it is on."""

    def __init__(self, easel: Easel) -> None:
        self.easel, self.engine = easel, easel.page.engine
        self.newest: dict[str, Job] = {}  # of each visitor
        self.switch = gr.Checkbox(False, label="Sketch while I type")
        self.figure = gr.HTML({"text": HINT}, html_template=FIGURE, js_on_load=script("sketch"),
                              apply_default_css=False, show_label=False, visible=False)  # fmt: skip

    def wire(self) -> None:
        fields = self.easel.fields
        inputs, drawn = {self.switch, *fields.values()}, gr.State("")
        turned = self.switch.change(
            self.turned, [self.switch, fields["seed"], drawn], [self.figure, fields["seed"], drawn], **LISTEN
        )
        turned.then(self.draw, inputs, self.figure, trigger_mode="multiple", **LISTEN)
        fields["model"].change(self.offered, fields["model"], self.switch, **LISTEN)  # type: ignore[attr-defined]
        fields["prompt"].input(self.draw, inputs, self.figure, trigger_mode="multiple", **LISTEN)  # type: ignore[attr-defined]

    def offered(self, name: str | None) -> Any:
        """A model that reads no prompt has nothing to sketch while one types."""
        reads = reads_prompt(next((card for card in self.engine.cards() if card.name == name), None))
        return gr.update(visible=True) if reads else gr.update(visible=False, value=False)

    def turned(self, on: bool, seed: str, drawn: str) -> list[Any]:
        """A sketch needs a seed that stays, and lets go of the one it drew; what the visitor wrote is kept."""
        seed = (seed or "").strip()
        if on and not seed:
            seed = drawn = str(secrets.randbelow(SEEDS))
        elif not on and seed == drawn:
            seed = ""
        return [gr.update(visible=on), seed, drawn]

    async def draw(self, values: dict[Component, Any], request: gr.Request) -> Any:
        """The newest text's sketch; a call that was overtaken changes nothing."""
        visitor = request.session_hash or ""
        if (before := self.newest.pop(visitor, None)) is not None:
            before.stop()
        fields = {name: values[part] for name, part in self.easel.fields.items()}
        if not values[self.switch] or not (fields["prompt"] or "").strip():
            return gr.skip()
        quick = {**SKETCH, "count": 1, "upscale": 1, "seed": fields["seed"] or "0"}
        began = time.monotonic()
        try:
            job = self.engine.submit(self.easel.page.request("text", fields | quick), visitor)
        except DDPMError as error:
            return {"text": str(error)}
        self.newest[visitor] = job
        job.looked_at = float("-inf")
        while not job.over:
            await asyncio.sleep(0.01)
        if self.newest.get(visitor) is job:
            del self.newest[visitor]
        made = next((event for event in job.events if isinstance(event, Result)), None)
        if job.state == "failed":
            return {"text": job.error}
        if made is None or job.stopping():
            return gr.skip()
        took = time.monotonic() - began
        return {"src": inline(made.image), "text": f"{STEPS} steps, {took:.1f} s. Enter makes it in full."}

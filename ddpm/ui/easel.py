"""The right side of a tab: the stage, what its picture was made with, where it can go next, the results so far.

`run` turns a job's events into component updates; it is the only place that does, so all tabs wait, show and end alike.
"""
# ruff: noqa: E501  (lines of HTML and JavaScript)

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import BadRequest, DDPMError
from ddpm.events import Film, Framed, Notice, Result
from ddpm.jobs import Job
from ddpm.models.card import ModelCard
from ddpm.ui.controls import picked, tiles
from ddpm.ui.pictures import Made, Shelf, address, inline, refuse
from ddpm.ui.stream import complaint, follow, stage

KEEP = 20  # results a tab shows; the newest run comes first
EXAMPLE_TEXT = "A drawing like those the model learned from. Yours will appear here."
MADE_TEXT = "Made by this model. Yours will appear here."
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
LISTEN: dict[str, Any] = {**PRIVATE, "queue": False}


@dataclass(frozen=True)
class Page:
    """What every tab needs to know: the engine, where result files go, and which models there are."""

    engine: Engine
    shelf: Shelf
    cards: list[ModelCard]

    def card(self, kind: str, word: str = "") -> ModelCard | None:
        """The model a tab starts with: of this kind, a name with `word` first; else any."""
        ranked = sorted(self.cards, key=lambda c: (c.kind != kind, word not in c.name))
        return ranked[0] if ranked else None


class Easel:
    """The parts of one tab's right side, and the wiring between them."""

    def __init__(self, page: Page, example: Made | None, label: str = "Made just now") -> None:
        self.page, self.example, self.label = page, example, label
        self.view: gr.HTML
        self.framed: gr.HTML | None = None

    def build_stage(self, labels: list[str], example: Sequence[str | None] = (), **options: Any) -> None:
        """One view per label; `example`: the pictures shown first, where they are not the tab's example result."""
        value: dict[str, Any] = {"text": "Nothing here yet."}
        if self.example is not None:
            shown = [path for path in example if path] or [self.example.path]
            value = {"src": [address(path) for path in shown], "text": MADE_TEXT if self.example.recipe else EXAMPLE_TEXT}
        self.view = stage(self.page.engine, labels, value, **options)

    def build_after(self) -> None:
        self.made, self.chosen = gr.State([]), gr.State(0)
        known = self.example is not None
        with gr.Row(elem_classes="after"):
            self.note = gr.Markdown(self.example.note if self.example else "", elem_classes="note")
            with gr.Row(elem_classes="next"):
                self.keep, self.change, self.repaint, self.enlarge = (
                    gr.Button(word, size="sm", min_width=90, interactive=known)
                    for word in ("Keep this seed", "Change it", "Repaint a part", "Enlarge")
                )
                self.one = gr.DownloadButton("Download", size="sm", min_width=90, visible=False)
                self.all = gr.DownloadButton("Download all", size="sm", min_width=90, visible=False)
        self.strip = tiles((), self.label, elem_classes="strip")
        with gr.Accordion("Recipe", open=False, elem_classes="more"):
            self.recipe = gr.JSON(self.example.recipe if self.example else {}, show_label=False, buttons=["copy"])

    @property
    def outputs(self) -> list[Any]:
        return [self.view, *self.shown, self.made, self.go, self.halt] + ([self.framed] if self.framed else [])

    @property
    def shown(self) -> list[Any]:
        return [
            self.strip,
            self.chosen,
            self.note,
            self.recipe,
            self.one,
            self.all,
            self.keep,
            self.change,
            self.repaint,
            self.enlarge,
        ]

    def wire(self, go: gr.Button, halt: gr.Button, seed: gr.Textbox | None) -> None:
        self.go, self.halt = go, halt
        halt.click(self.end_all, **LISTEN)
        self.strip.click(self.pick, self.made, [self.view, *self.shown], **LISTEN)
        if seed is not None:
            self.keep.click(self.seed_of, [self.made, self.chosen], seed, **LISTEN)
        else:
            self.keep.visible = False

    def end_all(self, request: gr.Request) -> None:
        """Stop this visitor's jobs, running or in line."""
        for job in self.page.engine.line.of_session(request.session_hash or ""):
            job.stop()

    def current(self, made: list[Made], chosen: int) -> Made:
        if made:
            return made[min(chosen, len(made) - 1)]
        if self.example is None:
            raise refuse(BadRequest("Make a picture first.", "image"))
        return self.example

    def seed_of(self, made: list[Made], chosen: int) -> str:
        return str(self.current(made, chosen).seed)

    def pick(self, made: list[Made], event: gr.EventData) -> list[Any]:
        index = min(picked(event), len(made) - 1)
        one = made[index]
        text = "Stopped. Keeping what was there." if one.partial else f"Picture {index + 1} of {len(made)}"
        return [{"src": [address(one.path)], "text": text}, *self.show(made, index)]

    def show(self, made: list[Made], chosen: int, zipped: str | None = None) -> list[Any]:
        """Updates for `shown`. The archive is made only when the results changed for good."""
        one, ready = made[chosen], gr.update(interactive=True)
        strip = [
            {
                "src": address(m.path),
                "text": "Stopped early" if m.partial else f"Seed {m.seed}",
                "alt": f"Result {i + 1}",
                "on": i == chosen,
            }
            for i, m in enumerate(made)
        ]
        every = gr.update(value=zipped, visible=True) if zipped else gr.skip()
        return [strip, chosen, one.note, one.recipe, gr.update(value=one.path, visible=True), every, *[ready] * 4]

    async def run(self, start: Callable[[], Job], made: list[Made]) -> AsyncIterator[list[Any]]:
        """Follow one job from `start` to its end: lists of updates for `outputs`."""
        try:
            job = start()
        except DDPMError as error:
            raise refuse(error) from None
        busy = [gr.update(interactive=False, value="Working"), gr.update(interactive=True)]
        new: list[Made] = []
        film: dict[str, Any] | None = None
        framed: Any = gr.skip()
        yield [
            {"text": "Starting", "p": 0, "busy": True, "job": job.id},
            *[gr.skip()] * (len(self.shown) + 1),
            *busy,
            *([gr.skip()] if self.framed else []),
        ]
        async for update in follow(self.page.engine, job):
            status, fresh = dict(update.status), False
            for event in update.events:
                match event:
                    case Result():
                        new.append(self.page.shelf.keep(event))
                        fresh = True
                    case Film():
                        film = self.keep_film(event)
                    case Framed():
                        framed = frame_html(inline(event.image), event.found)
                    case Notice(text=text) if text.startswith("Loading "):
                        status["text"] = text
                    case Notice(text=text):
                        gr.Info(text)
            every = (new + made)[:KEEP]
            if update.over and new:
                status |= {"src": [address(new[-1].path)], "film": film}
            zipped = self.page.shelf.zip(every) if update.over and len(every) > 1 else None
            shown = (
                self.show(every, len(new) - 1, zipped)
                if new and (fresh or update.over)
                else [gr.skip()] * len(self.shown)
            )
            ends = (
                [gr.update(interactive=True, value=self.go.value), gr.update(interactive=False)]
                if update.over
                else busy
            )
            yield [status, *shown, every, *ends, *([framed] if self.framed else [])]
        if job.state == "failed":
            raise refuse(DDPMError(complaint(job)))

    def keep_film(self, film: Film) -> dict[str, Any]:
        path = self.page.shelf.path(f"denoising.{film.format}")
        path.write_bytes(film.data)
        return {"src": address(path), "kind": film.format, "path": str(path)}


def frame_html(src: str, found: bool = True) -> str:
    caption = "Framed face" if found else "No face found"
    return f'<figure class="frame"><img alt="Your face as the model sees it" src="{src}"><figcaption>{caption}</figcaption></figure>'

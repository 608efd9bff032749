"""The right side of a tab: the stage, what its picture was made with, where it can go next, the results so far.

`run` turns a job's events into component updates; it is the only place that does, so all tabs wait, show and end alike.
What takes longer with larger pictures is done in threads: on the event loop it would hold up everybody's page.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

import gradio as gr
from gradio.components import Component

from ddpm.engine import Engine
from ddpm.errors import BadRequest, DDPMError
from ddpm.events import Event, Notice, Result
from ddpm.jobs import Job
from ddpm.models.card import ModelCard, named
from ddpm.request import Request
from ddpm.ui import examples
from ddpm.ui.controls import BARE, LISTEN, PRIVATE, TELL, Fields, filled, given, picked, tiles
from ddpm.ui.pictures import Made, Shelf, address, refuse, still_there
from ddpm.ui.stream import GRACE, complaint, follow, stage

KEEP = 20  # results a tab shows; the newest run comes first
EXAMPLE_TEXT = "A drawing like those the model learned from. Yours will appear here."
MADE_TEXT = "Made by this model. Yours will appear here."
GONE = "This picture is more than a day old and was deleted."
NEXT = ("Keep this seed", "Change it", "Repaint a part", "Enlarge")

Updates = dict[Component, Any]  # what changes; the rest stays


@dataclass(frozen=True)
class Page:
    """What every tab needs to know: the engine, where result files go, and which models there are."""

    engine: Engine
    shelf: Shelf
    first: str | None = None  # name of the model that stands first in the menus

    def cards(self) -> list[ModelCard]:
        """The models that can be used now; the list may grow while the page is open."""
        return sorted((card for card in self.engine.cards() if card.usable), key=lambda card: card.name != self.first)

    def card(self, kind: str, word: str = "") -> ModelCard | None:
        """The model a tab starts with: of this kind, a name with `word` first; else any."""
        ranked = sorted(self.cards(), key=lambda card: (card.kind != kind, word not in card.name))
        return ranked[0] if ranked else None

    def request(self, mode: str, values: dict[str, Any]) -> Request:
        """The fields of a tab as a request; raises BadRequest."""
        return Request.checked(mode=mode, **given(self.cards(), values))


class Easel:
    """The parts of one tab's right side, and the wiring between them."""

    def __init__(
        self, page: Page, tab: str, example: Made | None, label: str = "Made just now", others: Sequence[Made] = ()
    ) -> None:
        """`example` stands here before anything was made, with `others` beside it below."""
        self.page, self.tab, self.example, self.label = page, tab, example, label
        self.first = [example, *others] if example else []
        self.name_of_go: Callable[[Any], str] | None = None  # from the count, on a tab whose button says it
        self.view: gr.HTML
        self.offered: list[examples.Example] = []
        self.asked: WeakKeyDictionary[Job, dict[str, Any]] = WeakKeyDictionary()  # the fields' values of each job
        self.own: list[Component] = []  # parts that only this tab has, and what an event changes in them
        self.reveal: Callable[[Event], Updates] = lambda event: {}

    def build_stage(self, labels: list[str], example: Sequence[str | None] = (), **options: Any) -> None:
        """One view per label; `example`: the pictures shown first, where they are not the tab's example result."""
        value: dict[str, Any] = {"text": "Nothing here yet."}
        if self.example is not None:
            shown = [path for path in example if path] or [self.example.path]
            words = MADE_TEXT if self.example.recipe else EXAMPLE_TEXT
            value = {"src": [address(path) for path in shown], "alt": self.example.alt, "text": words}
        self.view = stage(self.page.engine, self.tab, labels, value, **options)

    def build_after(self, between: Callable[[], None] = lambda: None) -> None:
        """What stands below the stage; `between` builds a tab's own parts above the results."""
        self.made, self.chosen = gr.State([]), gr.State(0)
        known = self.example is not None
        with gr.Row(elem_classes="after"):
            self.note = gr.Markdown(self.example.note if self.example else "", elem_classes="note")
            with gr.Row(elem_classes="next"):
                self.keep, self.change, self.repaint, self.enlarge = self.next = [
                    gr.Button(word, size="sm", min_width=90, interactive=known) for word in NEXT
                ]
                path = self.example.path if self.example else None
                self.one = gr.DownloadButton("Download", path, size="sm", min_width=90, interactive=known)
        between()
        with gr.Row(elem_classes="save"):
            self.all = gr.DownloadButton("Download all", size="sm", min_width=90, visible=False)
        first = strip_of(self.first, 0) if len(self.first) > 1 else ()
        self.strip = tiles(first, self.label, elem_classes="strip")
        with gr.Accordion("Recipe", open=False, elem_classes="more"):
            self.recipe = gr.JSON(self.example.recipe if self.example else {}, show_label=False, buttons=["copy"])
            self.bare = gr.DownloadButton(
                "Download without it", path and self.page.shelf.bare(path), size="sm", interactive=known
            )

    def offer(self, offered: Sequence[examples.Example]) -> None:
        """Example cards; a click on one fills the fields and makes it."""
        self.offered = list(offered)
        self.cards = tiles(examples.cards(self.offered), "Or start from one of these", elem_classes="cards")

    def wire(self, go: gr.Button, halt: gr.Button, fields: Fields, ask: Callable[[dict[str, Any]], Request]) -> None:
        """`go` sends the fields' values, under their request names, through `ask` into the line."""
        self.go, self.fields, self.ask, self.halt = go, fields, ask, halt
        self.label_of_go = str(go.value)
        self.on(go.click)
        halt.click(self.end_all, **LISTEN)
        back = [*self.outputs, *fields.values()]
        self.named(self.view.retry(self.resume, None, back, concurrency_limit=None, **PRIVATE).then)
        self.named(fields["count"].change)  # type: ignore[attr-defined]
        if self.offered:

            def fill(event: gr.EventData) -> Updates:
                return self.fill(self.offered[picked(event)])

            filled = self.cards.click(fill, None, [*fields.values()], **TELL)
            self.on(filled.then)
        self.strip.click(self.pick, self.made, [self.view, *self.shown], **LISTEN)
        self.keep.click(self.seed_of, [self.made, self.chosen], fields["seed"], **LISTEN)

    def on(self, event: Callable[..., Any]) -> None:
        """Make `event` start a job with what the fields then hold."""
        inputs = {*self.fields.values(), self.made}
        self.named(event(self.make, inputs, self.outputs, concurrency_limit=None, **PRIVATE).then)

    def named(self, event: Callable[..., Any]) -> None:
        """Let `event` bring the button's words up to the count."""
        if self.name_of_go is not None:
            event(self.name_of_go, self.fields["count"], self.go, **LISTEN)

    def fill(self, example: examples.Example) -> Updates:
        """An example's values into the fields that it speaks of."""
        names = [name for name in self.fields if name in example.values]
        return {self.fields[name]: value for name, value in zip(names, examples.filled(example, names), strict=True)}

    @property
    def shown(self) -> list[Component]:
        return [self.strip, self.chosen, self.note, self.recipe, self.one, self.bare, self.all, *self.next]

    @property
    def outputs(self) -> list[Component]:
        return [self.view, *self.shown, self.made, self.go, self.halt, *self.own]

    def end_all(self, request: gr.Request) -> None:
        """Stop this visitor's jobs, running or in line."""
        for job in self.page.engine.line.of_session(request.session_hash or ""):
            job.stop()

    def current(self, made: list[Made], chosen: int) -> Made:
        made = made or self.first
        if not made:
            raise refuse(BadRequest("Make a picture first.", "image"))
        return made[min(chosen, len(made) - 1)]

    def file(self, made: list[Made], chosen: int) -> str:
        """The shown picture's file; refused where it was deleted meanwhile."""
        one = self.current(made, chosen)
        if not still_there([one]):
            raise refuse(BadRequest(GONE, "image"))
        return one.path

    def seed_of(self, made: list[Made], chosen: int) -> str:
        seed = self.current(made, chosen).seed
        return str(seed) if seed >= 0 else ""

    def pick(self, made: list[Made], event: gr.EventData) -> Updates:
        made = made or self.first
        index = min(picked(event), len(made) - 1)
        one = made[index]
        if not still_there([one]):
            return {self.view: {"text": GONE}}
        text = "Stopped. Keeping what was there." if one.partial else f"Picture {index + 1} of {len(made)}"
        return {self.view: {"src": [address(one.path)], "alt": one.alt, "text": text}, **self.show(made, index)}

    def show(self, made: list[Made], chosen: int) -> Updates:
        """The results, with one of them chosen."""
        one = made[chosen]
        return {
            self.strip: strip_of(made, chosen), self.chosen: chosen, self.note: one.note, self.recipe: one.recipe,
            self.one: gr.update(value=one.path, interactive=True),
            self.bare: gr.update(value=self.page.shelf.bare(one.path), interactive=True),
            **dict.fromkeys(self.next, gr.update(interactive=True)),
        }  # fmt: skip

    async def make(self, values: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Put what the fields ask for in the line, and follow it."""
        try:
            said = {name: values[part] for name, part in self.fields.items()}
            asked = await asyncio.to_thread(self.ask, said)
            job = self.page.engine.submit(asked, request.session_hash or "")
            self.asked[job] = {name: value for name, value in said.items() if name not in BARE}
        except DDPMError as error:
            raise refuse(error) from None
        async for updates in self.run(job, values[self.made]):
            yield updates

    async def resume(self, event: gr.EventData, request: gr.Request) -> AsyncIterator[Updates]:
        """A page that was reloaded or duplicated names the job it had; who knows its id may follow and stop it."""
        job = self.page.engine.line.find(str(event._data.get("job")))
        if job is None:
            yield {self.view: gr.skip()}  # an event that yields nothing empties all it could have changed
            return
        job.sessions.add(request.session_hash or "")
        async for updates in self.run(job, [], self.asked_again(self.asked.get(job, {}))):
            yield updates

    def asked_again(self, values: dict[str, Any]) -> Updates:
        """The settings a job was asked with, back into the fields of a page that was reloaded.

        The page keeps words itself, as they stood there last; pictures are lost, for they would be held in memory.
        """
        card = named(self.page.cards(), str(values.get("model")))
        known = {name: value for name, value in values.items() if value is not None and "prompt" not in name}
        return filled(self.fields, known, card)

    async def run(self, job: Job, made: list[Made], also: Updates | None = None) -> AsyncIterator[Updates]:
        """Follow one job to its end; `made` is what stood here before, `also` what changes at once."""
        new: list[Made] = []
        every: list[Made] = []  # what the strip shows from the first result on
        kept: dict[str, Any] = {}  # what a tab's own events put on the stage once the job is over
        yield {
            self.view: {"text": "Starting", "p": 0, "busy": True, "job": job.id},
            self.go: gr.update(interactive=False, value="Working"),
            self.halt: gr.update(interactive=True),
            **(also or {}),
        }
        async for update in follow(self.page.engine, job, grace=GRACE):
            status, changed = dict(update.status), dict[Component, Any]()
            for event in update.events:
                if isinstance(event, Result):
                    new.append(await asyncio.to_thread(self.page.shelf.keep, event))
                    every = (new + still_there(made))[:KEEP]
                    shown = await asyncio.to_thread(self.show, every, min(len(new), KEEP) - 1)
                    changed |= {self.made: every, **shown}
                elif isinstance(event, Notice):
                    _tell(event, status)
                else:
                    own = await asyncio.to_thread(self.reveal, event)
                    kept |= own.pop(self.view, {})
                    changed |= own
            if update.over:
                if new:
                    status |= {"src": [address(new[-1].path)], "alt": new[-1].alt, **kept}
                    if len(every) > 1:
                        archive = await asyncio.to_thread(self.page.shelf.zip, every)
                        changed[self.all] = gr.update(value=archive, visible=True)
                changed[self.halt] = gr.update(interactive=False)
                changed[self.go] = gr.update(interactive=True, value=self.label_of_go)
            yield {self.view: status, **changed}
        if job.state == "failed":
            raise refuse(DDPMError(complaint(job)))


def strip_of(made: Sequence[Made], chosen: int) -> list[dict[str, Any]]:
    """Results as a row of tiles."""
    return [
        {"src": address(one.path), "text": "Stopped early" if one.partial else f"Seed {one.seed}",
         "alt": f"Result {index + 1}", "on": index == chosen}
        for index, one in enumerate(made)
    ]  # fmt: skip


def _tell(notice: Notice, status: dict[str, Any]) -> None:
    """Loading is the status line's to say; anything else comes as a notice."""
    if notice.text.startswith("Loading "):
        status["text"] = notice.text
    else:
        gr.Info(notice.text)


def frame_html(src: str, found: bool = True) -> str:
    caption = "Framed face" if found else "No face found"
    return (
        f'<figure class="frame"><img alt="Your face as the model sees it" src="{escape(src)}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )

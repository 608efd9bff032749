"""The registry on the page: what models there are, loading and unloading, and fetching curated ones of the Hub.

The list follows the weights folder: a file put there appears within seconds. Nothing is fetched before its licence and
its exact size were shown and a second button was pressed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import DDPMError
from ddpm.loading.catalogue import Stamp
from ddpm.loading.download import Download, Offer, check_disk, offer
from ddpm.models.card import ModelCard
from ddpm.ui.controls import LISTEN

COLUMNS = ["Name", "Kind", "Size", "Made of", "Source", "Licence", "Weights", "Loaded", "Note"]
KINDS = {"text": "reads prompts", "unconditional": "no prompts", "part": "a part of others"}
SOURCES = {"embedded": "embedded", "folder": "weights folder", "hub": "Hugging Face Hub"}
LOADED = {"yes": "loaded", "no": "ready", "cannot be used": "not here"}  # the column Loaded, for people
LOCAL = {"127.0.0.1", "::1", "localhost"}
ELSEWHERE = "Fetching fills this machine's disk: open the page there (127.0.0.1), or start it with --auth and log in."
CHOOSE = "Choose a model first."
EVERY = 3.0  # seconds between looks at the folder and at a download


class Seen(NamedTuple):
    """What a visitor's page shows."""

    folder: Stamp
    loaded: list[str]
    download: str  # its line


def rows(engine: Engine) -> list[list[str]]:
    """One row a model, as the table shows it; no path of this machine."""
    loaded = engine.health()["loaded"]
    return [_row(card, card.name in loaded) for card in engine.cards()]


def _row(card: ModelCard, loaded: bool) -> list[str]:
    trained = ", ".join(
        filter(None, (card.weights, f"step {card.step:,}" if card.step is not None else "",
                      f"epoch {card.epoch}" if card.epoch is not None else ""))
    )  # fmt: skip
    state = "yes" if loaded else "no" if card.usable else "cannot be used"
    kind = KINDS[card.kind] + (", inpaints" if card.inpaints else "")
    size = f"{card.size} px" if card.size else ""
    return [card.name, kind, size, f"{card.bytes / 1e6:,.1f} MB", f"{SOURCES[card.origin]}, {card.format}",
            card.licence, trained, state, card.note]  # fmt: skip


def markup(table: list[list[str]]) -> str:
    """The rows as a table to read: what a model is made of below its size, what is to be said of it below its name."""
    lines = []
    for row in table:
        name, kind, size, made_of, source, licence, weights, loaded, note = map(escape, row)
        note = re.sub("`([^`]+)`", r"<code>\1</code>", note)
        cells = [
            f"<b>{name}</b><small>{note}</small>",
            kind,
            f"{size}<small>{made_of}</small>",
            f"{source}<small>{weights}</small>",
            licence,
            f"<span class='{loaded.split()[0]}'>{LOADED[loaded]}</span>",
        ]
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    head = "".join(f"<th scope='col'>{title}</th>" for title in ("Model", "Kind", "Size", "From", "Licence", "State"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def described(wanted: Offer) -> str:
    """What a download costs and under which terms, for a person to agree to."""
    return (
        f"**{wanted.name}**: {wanted.bytes / 1e6:,.1f} MB in {len(wanted.files)} files, licence **{wanted.licence}** "
        f"([read it](https://huggingface.co/{wanted.name})), {wanted.which}."
    )


def progress(going: Download | None) -> str:
    """A download in one line."""
    if going is None:
        return ""
    share = f"{going.done / 1e6:,.1f} of {going.total / 1e6:,.1f} MB"
    match going.state:
        case "waiting" | "running":
            return f"Fetching {going.name}: {share}."
        case "finished":
            return f"{going.name} is here ({going.total / 1e6:,.1f} MB)."
        case "stopped":
            return f"Stopped at {share}. Fetch it again and it goes on from there."
    return f"{going.name} could not be fetched: {going.error}"


def may_fetch(request: gr.Request) -> bool:
    """Whoever has logged in or sits at the machine. Over a share link the caller is local, but the host is not."""
    caller = request.client.host if request.client else ""
    asked_for = (urlsplit(f"//{request.headers.get('host', '')}").hostname or "").lower()
    return bool(request.username) or (caller in LOCAL and asked_for in LOCAL)


def registry_panel(engine: Engine) -> gr.HTML:
    """Build the panel where it is called, inside a Blocks. The table is returned."""
    download: Download | None = None  # of this process: downloads are everybody's
    seen = gr.State(None)
    table = gr.HTML(markup(rows(engine)), elem_classes="registry", apply_default_css=False)
    names = [card.name for card in engine.cards()]
    with gr.Row():
        name = gr.Dropdown(names, label="Model", allow_custom_value=True, info="or any id of the Hub, owner/name")
        refresh, load, unload = gr.Button("Refresh"), gr.Button("Load"), gr.Button("Unload")
        ask, fetch, cancel = (
            gr.Button("What would it cost?"),
            gr.Button("Fetch it", interactive=False),
            gr.Button("Stop"),
        )
    said = gr.Markdown(elem_classes="spoken")

    def listed() -> list[Any]:
        return [markup(rows(engine)), gr.Dropdown(choices=[card.name for card in engine.cards()])]

    def loading(chosen: str | None) -> Iterator[list[Any]]:
        if not chosen:
            yield [CHOOSE, *listed()]
            return
        yield [f"Loading {chosen} ...", gr.skip(), gr.skip()]

        def work() -> str:
            job = engine.warm(chosen)
            job.done.wait()
            if job.exception is not None:
                raise job.exception
            return f"{chosen} is loaded."

        yield [_sentence(work), *listed()]

    def unloading(chosen: str | None) -> list[Any]:
        if not chosen:
            return [CHOOSE, *listed()]
        return [f"{chosen} is unloaded." if engine.unload(chosen) else f"{chosen} was not loaded.", *listed()]

    def asking(chosen: str | None) -> Iterator[list[Any]]:
        if not chosen:
            yield [CHOOSE, gr.Button(interactive=False)]
            return
        yield ["Asking the Hub ...", gr.Button(interactive=False)]
        entry = engine.catalogue.curated.get(chosen)

        def work() -> str:
            wanted = offer(chosen, *((entry.revision, entry.only) if entry else ()))
            check_disk(wanted)
            return described(wanted)

        text = _sentence(work)
        yield [text, gr.Button(interactive=text.startswith("**"))]

    def fetching(chosen: str | None, request: gr.Request) -> list[Any]:
        nonlocal download
        if not chosen or not may_fetch(request):
            return [ELSEWHERE if chosen else CHOOSE, gr.Button(interactive=False)]
        if download is not None and download.state == "running":
            return [f"{download.name} is being fetched; one at a time.", gr.Button(interactive=False)]
        entry = engine.catalogue.curated.get(chosen)
        download = Download(chosen, *((entry.revision, entry.only) if entry else ())).start()
        return [progress(download), gr.Button(interactive=False)]

    def stopping() -> str:
        if download is not None:
            download.cancel()
        return progress(download)

    def look(before: Seen | None) -> list[Any]:
        """Every few seconds: only what this visitor has not seen is sent. A new one's table is of the page's start."""
        now = Seen(engine.catalogue.stamp(), engine.health()["loaded"], progress(download))
        running = download is not None and download.state == "running"
        news = running if before is None else now.download != before.download
        changed = before is None or now[:2] != before[:2] or (news and not running)
        return [now.download if news else gr.skip(), *(listed() if changed else (gr.skip(), gr.skip())), now]

    refresh.click(listed, None, [table, name], **LISTEN)
    load.click(loading, name, [said, table, name], **LISTEN)
    unload.click(unloading, name, [said, table, name], **LISTEN)
    ask.click(asking, name, [said, fetch], **LISTEN)
    name.change(lambda: gr.Button(interactive=False), None, fetch, **LISTEN)
    fetch.click(fetching, name, [said, fetch], **LISTEN)
    cancel.click(stopping, None, said, **LISTEN)
    gr.Timer(EVERY).tick(look, seen, [said, table, name, seen], **LISTEN)
    return table


def _sentence(work: Callable[[], str]) -> str:
    """What came of it, or what was wrong."""
    try:
        return work()
    except DDPMError as error:
        return str(error)

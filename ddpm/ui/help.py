"""What the scenes model understands: a folded panel, a sheet of pictures for each kind of words, each word a button.

`panel(prompt)` puts it where it is called; a click on a word writes it at the end of the prompt.
"""

from __future__ import annotations

from html import escape

import gradio as gr

from ddpm.prompts.groups import GROUPS, Group
from ddpm.ui.controls import ASSETS, LISTEN, script
from ddpm.ui.pictures import address
from ddpm.ui.surprise import drawer

INTRO = """<p>Say <b>who</b>, then <b>where</b>, <b>when</b>, the <b>weather</b> and a <b>style</b>: as much or as
little as you like. Other words are understood as far as they mean something like these. <code>(word:1.4)</code> counts
more, <code>[word]</code> less; <code>[a dog:a cat:0.5]</code> changes its mind half way, <code>a AND b</code> paints
both wishes, <code>{red|blue}</code> and <code>__animal__</code> are drawn anew for every seed.</p>"""


def panel(prompt: gr.Textbox) -> gr.Accordion:
    """The folded panel; its pictures are fetched when it is opened."""
    with gr.Accordion("What the scenes model understands", open=False, elem_classes="more") as folded:
        with gr.Accordion("Draw a prompt", open=False):
            drawer(prompt)
        shown = gr.HTML(page(), js_on_load=script("words"), apply_default_css=False)
    shown.click(take, prompt, prompt, **LISTEN)
    return folded


def page() -> str:
    """Every group of words with its sheet."""
    return f'<div class="words-help">{INTRO}{"".join(section(group) for group in GROUPS)}</div>'


def section(group: Group) -> str:
    """One kind of words; the sheet shows them in the order in which they are named."""
    sheet = ASSETS / "help" / f"{group.file}.webp"
    named = ", ".join(group.words)
    image = f'<img loading="lazy" src="{address(sheet)}" alt="{escape(f"Drawn: {named}")}">' if sheet.is_file() else ""
    words = "".join(
        f'<button type="button" data-text="{escape(said)}">{escape(word)}</button>'
        for word, said in zip(group.words, group.said, strict=True)
    )
    return f"<section><h3>{escape(group.title)}</h3><p>{escape(group.hint)}</p>{image}{words}</section>"


def take(prompt: str | None, event: gr.EventData) -> str:
    """The prompt with the word that was clicked at its end."""
    return added(prompt or "", str(event._data["text"]))


def added(prompt: str, word: str) -> str:
    """The word at the end; a style after a comma."""
    style = any(word in group.said for group in GROUPS if group.fact == "style")
    said = prompt.rstrip(", ")
    return f"{said}{',' if style and said else ''} {word}".strip()

"""A picture's recipe back into the fields: choose the file, or drop it anywhere beside a picture input.

What a recipe tells and cannot be used is said above the tabs: what matters most at once, all of it in a list to unfold.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from ddpm.errors import BadRequest
from ddpm.models.card import ModelCard, named
from ddpm.recipe import read_recipe
from ddpm.recipe.ours import ABOUT
from ddpm.ui.controls import SIZES, TELL, filled, reads_prompt
from ddpm.ui.easel import Easel, Page
from ddpm.ui.pictures import refuse, told


def button() -> gr.UploadButton:
    return gr.UploadButton("Open a recipe", size="sm", file_types=["image"], elem_classes="recipe-file", min_width=90)


def panel() -> gr.HTML:
    """Where the things that a recipe could not use are told; empty until there are some."""
    return gr.HTML("", visible=False, elem_classes="unused", js_on_load=None)


def wire(button: gr.UploadButton, unused: gr.HTML, page: Page, tabs: gr.Tabs, easels: dict[str, Easel]) -> None:
    """`easels`: the tab for each mode of a request, and "film"."""

    def fill(values: dict[Any, Any]) -> dict[Any, Any]:
        fields, unread = told(read_recipe, values[button])
        if not fields.keys() - set(ABOUT):
            raise refuse(BadRequest(unread[0] if unread else "This picture carries no recipe.", "image"))
        mode = "film" if "fps" in fields or "format" in fields else str(fields.get("mode", "text"))
        known, card, missing = fitted(fields, page.cards(), values[easels[mode].fields["model"]])
        if needs := fields.get("needs"):
            gr.Info(f"To make this picture again, add the same {' and '.join(needs)}.", title="One thing is missing")
        said = [*missing, *unread]
        return {
            tabs: gr.Tabs(selected=easels[mode].tab),
            unused: gr.update(value=markup(said), visible=bool(said)),
            **filled(easels[mode].fields, known, card),
        }

    outputs = [tabs, unused, *(part for easel in easels.values() for part in easel.fields.values())]
    models = (easel.fields["model"] for easel in easels.values())
    button.upload(fill, {button, *models}, outputs, **TELL)


def fitted(
    fields: dict[str, Any], cards: Sequence[ModelCard], chosen: str | None = None
) -> tuple[dict[str, Any], ModelCard | None, list[str]]:
    """What of a recipe these models can do, its model's card, and sentences about the rest, the weightiest first.

    Without its model the one that is `chosen` stays; but where there is a prompt, one that reads prompts takes over. A
    size belongs to its model: without it, or where it cannot make the size, the page's own stays.
    """
    known = {name: value for name, value in fields.items() if name not in ABOUT}
    name, missing = known.pop("model", None), list[str]()
    card = named(cards, name) if name else None
    if card is not None:
        known["model"] = card.name
    else:
        now, instead = named(cards, chosen or ""), None
        if known.get("prompt") and now and not reads_prompt(now):
            instead = card = next(filter(reads_prompt, cards), None)
        if instead is not None:
            known["model"] = instead.name
        if name:
            missing.append(f"There is no model {name!r} here" + (f"; {instead.title} is chosen." if instead else "."))
    if SIZES[0] in known or SIZES[1] in known:
        own = card.size if card else 0  # 0: not said
        width, height = (int(known.get(side) or own) for side in SIZES)
        if card is None or not card.makes(width, height):
            known = {name: value for name, value in known.items() if name not in SIZES}
            why = f", which {card.title} cannot make" if card else ""
            missing.append(f"Size: {width or '?'}x{height or '?'}{why}")
    return known, card, missing


def markup(sentences: Sequence[str]) -> str:
    """The first sentence, and all others folded behind it."""
    if not sentences:
        return ""
    first, *others = (escape(sentence) for sentence in sentences)
    if not others:
        return f"<p>Not used: {first}</p>"
    items = "".join(f"<li>{sentence}</li>" for sentence in others)
    return f"<details><summary>Not used: {first} <b>And {len(others)} more</b></summary><ul>{items}</ul></details>"

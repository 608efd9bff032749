"""A picture's recipe back into the fields: choose the file, or drop it anywhere beside a picture input."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ddpm.errors import BadRequest
from ddpm.models.card import ModelCard
from ddpm.recipe import read_recipe
from ddpm.ui.controls import MOST_STEPS, TELL, Fields, suited
from ddpm.ui.easel import Easel, Page
from ddpm.ui.pictures import refuse, told

BARE = ("image", "mask", "painted")  # pictures are not in a recipe


def button() -> gr.UploadButton:
    return gr.UploadButton("Open a recipe", size="sm", file_types=["image"], elem_classes="recipe-file", min_width=90)


def wire(button: gr.UploadButton, page: Page, tabs: gr.Tabs, easels: dict[str, Easel]) -> None:
    """`easels`: the tab for each mode of a request, and "film"."""

    def fill(path: str) -> dict[Any, Any]:
        fields, unread = told(read_recipe, path)
        known = {name: value for name, value in fields.items() if name not in ("needs", "sha256", "weights")}
        if not known:
            raise refuse(BadRequest(unread[0] if unread else "This picture carries no recipe.", "image"))
        mode = "film" if "fps" in known or "format" in known else str(known.get("mode", "text"))
        easel = easels[mode]
        names = {card.name for card in page.cards()}
        if known.get("model", "") not in names:
            unread = [*unread, f"There is no model {known.pop('model', '')!r} here."] if known.get("model") else unread
        for sentence in [*unread[:3], *([f"{len(unread) - 3} more could not be read."] if len(unread) > 3 else [])]:
            gr.Info(sentence, title="Not used")
        if needs := fields.get("needs"):
            gr.Info(f"To make this picture again, add the same {' and '.join(needs)}.", title="One thing is missing")
        card = next((card for card in page.cards() if card.name == known.get("model")), None)
        return {tabs: gr.Tabs(selected=easel.tab), **filled(easel.fields, known, card)}

    outputs = [tabs, *(part for easel in easels.values() for part in easel.fields.values())]
    button.upload(fill, button, outputs, **TELL)


def filled(fields: Fields, known: dict[str, Any], card: ModelCard | None) -> dict[Any, Any]:
    """The fields that the recipe speaks of, suited to its model; the others stay."""
    changes: dict[str, dict[str, Any]] = suited(card) if card else {}
    for name, value in known.items():
        if name not in BARE:
            changes[name] = changes.get(name, {}) | {"value": str(value) if name == "seed" else value}
    if "steps" in known:
        changes["steps"]["maximum"] = max(MOST_STEPS, known["steps"])
    return {fields[name]: gr.update(**change) for name, change in changes.items() if name in fields}

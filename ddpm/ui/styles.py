"""The menu of styles on the tabs with a prompt: there while there is a styles.csv, read afresh with every visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from ddpm.prompts.styles import read_styles
from ddpm.ui.controls import LISTEN, reads_prompt
from ddpm.ui.easel import Easel, Page


def follow_file(demo: gr.Blocks, page: Page, easels: Sequence[Easel]) -> None:
    """Each visit, and each opening of a menu, finds the file's styles as they are now."""
    models = [easel.fields["model"] for easel in easels]
    menus = [easel.fields["styles"] for easel in easels]

    def read(*names: str | None) -> list[Any]:
        styles, cards = list(read_styles()), {card.name: card for card in page.cards()}
        shown = [bool(styles) and reads_prompt(cards.get(name or "")) for name in names]
        return [gr.update(choices=styles, visible=visible) for visible in shown]

    demo.load(read, models, menus, **LISTEN)
    for menu in menus:
        assert isinstance(menu, gr.Dropdown)
        menu.focus(lambda: gr.update(choices=list(read_styles())), None, menu, **LISTEN)

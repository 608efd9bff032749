"""A drawn prompt: of which categories, seen in training or new, and of how many parts."""

from __future__ import annotations

import secrets

import gradio as gr

from ddpm.prompts import CATEGORIES, random_prompt
from ddpm.prompts.random_prompt import PARTS
from ddpm.ui.controls import TELL
from ddpm.ui.pictures import told
from ddpm.ui.slider import Slider

SEEN = {"Either": None, "Seen in training": True, "New": False}


def drawer(prompt: gr.Textbox) -> None:
    """The fields and the button; what is drawn replaces the prompt."""
    names = list(dict.fromkeys(name for group, words in CATEGORIES.items() for name in (group, *words)))
    of = gr.Dropdown(names, multiselect=True, label="Of", info="Nothing chosen: anything")
    with gr.Row():
        seen = gr.Radio(list(SEEN), value="Either", label="Combinations", min_width=130)
        parts = Slider(0, len(PARTS), 0, step=1, label="Parts", info=f"{', '.join(PARTS)}. 0: as it comes")
    button = gr.Button("Draw a prompt", size="md")
    button.click(drawn, [of, seen, parts], prompt, **TELL)


def drawn(of: list[str] | None, seen: str, parts: float | None) -> str:
    """A new prompt every time."""
    return told(random_prompt, of or None, SEEN[seen], secrets.randbelow(2**32), int(parts or 0) or None)

"""Below the prompt, while one types: how much of it the model reads, before anything is cut, and five ways to go on.

`live(page, prompt, model)` puts it where it is called; what is typed is not queued and the newest text wins.
"""

from __future__ import annotations

from html import escape

import gradio as gr

from ddpm.engine import Engine
from ddpm.errors import DDPMError
from ddpm.models.tokens import Reading, minilm_reading
from ddpm.prompts import suggest
from ddpm.prompts.choices import choose, unknown_lists
from ddpm.prompts.extra_networks import sentences, without_networks
from ddpm.prompts.grammar import parts, schedule
from ddpm.request import PROMPT_LIMIT
from ddpm.ui.controls import LISTEN, script
from ddpm.ui.easel import Page

STEPS = 50  # over which a prompt's changes are looked for
NEAR = 0.85  # of what is read: from there on the count is shown as a warning to come


def live(page: Page, prompt: gr.Textbox, model: gr.Dropdown) -> gr.HTML:
    """The line below the prompt; a click on a suggestion writes it into the prompt."""

    def told(text: str, name: str | None) -> str:
        return line(page.engine, text or "", name)

    def take(event: gr.EventData) -> str:
        return str(event._data["text"])[:PROMPT_LIMIT] + " "

    shown = gr.HTML(told(str(prompt.value or ""), model.value), js_on_load=script("words"), apply_default_css=False)
    for each in (prompt, model):  # typed, chosen from the examples, or written by a recipe
        each.change(told, [prompt, model], shown, trigger_mode="always_last", **LISTEN)
    shown.click(take, None, prompt, **LISTEN)
    return shown


def line(engine: Engine, text: str, name: str | None) -> str:
    """The suggestions, the count, and sentences about what will not be read."""
    card = next((card for card in engine.cards() if card.name == name), None)
    if card is None or card.kind != "text":
        return ""
    said = suggest(text) if card.text == "minilm" else []
    buttons = "".join(
        f'<button type="button" data-text="{escape(each)}">{escape(_end(each, text))}</button>' for each in said
    )
    found = reading(engine, text, name or "", card.text)
    below = _count(found) + _warnings(found, text)
    return f'<div class="suggested" role="group" aria-label="Ways to go on">{buttons}{below}</div>'


def reading(engine: Engine, text: str, name: str, encoder: str | None) -> Reading | None:
    """The longest of the prompts that AND joins and steps take turns with; None while there is no tokenizer.

    Of choices it is one draw: pictures of other seeds may read more words or fewer.
    """
    stages = dict.fromkeys(stage for _, stage in schedule(without_networks(choose(text, 0))[0], STEPS))
    texts = [part.text for stage in stages for part in parts(stage)]
    try:
        if encoder == "minilm":
            return max((minilm_reading(each) for each in texts), key=lambda each: each.tokens)
        if not engine.models.has(name) or (words := engine.models.get(name).text) is None:
            return None
        return Reading(max(words.count(each) for each in texts), words.max_tokens, "")
    except DDPMError:
        return None


def _count(found: Reading | None) -> str:
    if found is None:
        return ""
    blocks = -(-max(found.tokens - 2, 1) // (found.most - 2))
    kind = "over" if found.unread else "near" if found.tokens > NEAR * found.most and blocks == 1 else ""
    said = f"{found.tokens} of {found.most} word parts" + (
        f", {blocks} blocks" if blocks > 1 and not found.unread else ""
    )
    live = "polite" if kind else "off"  # spoken at every word, it would drown them
    return f'<output class="{kind}" aria-live="{live}">{said}</output>'


def _warnings(found: Reading | None, text: str) -> str:
    said = [f"There is no list __{name}__; put one into wildcards/{name}.txt." for name in unknown_lists(text)]
    said += sentences(text)
    if found is not None and found.unread:
        said.insert(0, f"Too long: “{found.unread[:80]}” will not be read.")
    return "".join(f'<p class="over">{escape(sentence)}</p>' for sentence in said)


def _end(suggestion: str, typed: str) -> str:
    """A long suggestion from the word on at which it differs."""
    words, known = suggestion.split(), typed.split()
    pairs = zip(words, known, strict=False)  # a comma is put before a style, behind a word that was typed
    same = next((index for index, (one, other) in enumerate(pairs) if one.rstrip(",") != other.rstrip(",")), len(known))
    return ("… " if same else "") + " ".join(words[same:]) if same < len(words) else suggestion

"""The parts every tab is made of: heading, prompt, buttons, the folded settings, rows of picture buttons.

Labels are plain words. The names they stand for are those of `ddpm.request`: a tab keeps its parts in a dict under
them (`Fields`), which is how values reach a request and how a recipe reaches the fields. Nothing here checks a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from ddpm.errors import BadRequest
from ddpm.models.card import ModelCard
from ddpm.prompts.styles import read_styles
from ddpm.request import LIMITS, SAMPLER_NAMES
from ddpm.ui.slider import Slider

ASSETS = Path(__file__).resolve().parents[2] / "assets"
SAMPLER_TITLES = {  # in the menu's order; what is not here stands below, by its own name
    "heun": "Heun",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "unipc": "UniPC",
    "deis": "DEIS",
    "euler": "Euler",
    "euler_ancestral": "Euler ancestral",
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "pndm": "PNDM",
    "lcm": "LCM",
}
PICTURE: dict[str, Any] = {"sources": ["upload"], "height": 250, "elem_classes": "drop", "buttons": []}
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
LISTEN: dict[str, Any] = {**PRIVATE, "queue": False}  # answered beside the queue; the page shows no notice from there
TELL: dict[str, Any] = {**PRIVATE, "concurrency_limit": None}  # through the queue, for what may refuse or inform
# What a model that reads no words does not have.
TEXT_ONLY = ("prompt", "negative_prompt", "styles", "guidance_scale", "guidance_until")
SIZES = ("width", "height")
SILENT: dict[str, Any] = {"negative_prompt": "", "styles": [], "count": 1, "upscale": 1}
BARE = ("image", "mask", "painted")  # pictures are not in a recipe
MOST_STEPS = 100  # of the slider; its number field and scripts may ask for more

Fields = dict[str, Component]

TILES = """<div class="tiles" role="group" aria-label="${label}">
{{#if value}}<p>${label}</p>{{/if}}
{{#each value}}<button type="button" data-i="{{@index}}" {{#if this.on}}aria-pressed="true"{{/if}}>
{{#if this.above}}<img src="{{this.above}}" alt="">{{/if}}<img src="{{this.src}}" alt="{{this.alt}}">
<span>{{this.text}}</span></button>{{/each}}</div>"""


def script(name: str) -> str:
    """assets/NAME.js, for a component's `js_on_load`."""
    return (ASSETS / f"{name}.js").read_text(encoding="utf-8")


def refused_at_upload(picture: Component) -> None:
    """Open every file as it comes, so that what cannot be read is said then and not when it is needed."""
    assert isinstance(picture, gr.Image)
    picture.upload(lambda image: None, picture, None, **TELL)


def heading(words: str) -> None:
    gr.HTML(f"<h2>{escape(words)}</h2>", elem_classes="heading", js_on_load=None)


def prompt_box(text: str, card: ModelCard | None, label: str = "Prompt", lines: int = 3, **options: Any) -> gr.Textbox:
    return gr.Textbox(
        text,
        label=label,
        lines=lines,
        max_lines=8,
        placeholder="A snowy mountain at night with a full moon",
        visible=reads_prompt(card),
        **options,
    )


def buttons(go: str = "Generate") -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_classes="act"):
        return (
            gr.Button(go, variant="primary", size="lg", elem_classes="go", scale=3, min_width=120),
            gr.Button("Stop", size="lg", elem_classes="halt", interactive=False, scale=1, min_width=80),
        )


def folded() -> gr.Accordion:
    """The settings below a tab's buttons: folded away, its own first, then those that every tab has."""
    return gr.Accordion("More settings", open=False, elem_classes="more settings")


def tiles(value: Sequence[dict[str, Any]] = (), label: str = "", **options: Any) -> gr.HTML:
    """A row of picture buttons: examples, results, faces and steps all look and work alike.

    One tile is {src, text, alt} and may have `above` (a second picture) and `on` (it is the one shown).
    """
    return gr.HTML(list(value), label=label, html_template=TILES, js_on_load=script("tiles"),
                   apply_default_css=False, show_label=False, **options)  # fmt: skip


def picked(event: gr.EventData) -> int:
    """The index a click on `tiles` carries."""
    return int(event._data["index"])


def reads_prompt(card: ModelCard | None) -> bool:
    return card is None or card.kind == "text"


def sized(card: ModelCard | None) -> bool:
    """Whether the model makes pictures of other sizes than its own."""
    return card is not None and not card.fixed_size


def takes_pag(card: ModelCard | None) -> bool:
    """Whether the model can be steered away from what it makes without attention."""
    return card is not None and card.takes_pag


def settings(cards: Sequence[ModelCard], card: ModelCard | None, count: int = 1, steps: int | None = None) -> Fields:
    """The settings that every tab has, in the order in which they stand on each."""
    text, defaults = reads_prompt(card), card.defaults if card else None
    fields: Fields = {}
    fields["negative_prompt"] = gr.Textbox(
        label="Leave out", placeholder="blurry, text", info="What you would rather not see", visible=text
    )
    styles = list(read_styles())
    fields["styles"] = gr.Dropdown(
        styles, value=[], multiselect=True, label="Styles", info="Texts of styles.csv around your words",
        visible=text and bool(styles),
    )  # fmt: skip
    fields["guidance_scale"] = Slider(
        0, 15, defaults.guidance_scale if defaults else 3, step=0.5, label="Follow the words",
        info="Low wanders, high obeys. 1 is off.", visible=text,
    )  # fmt: skip
    fields["guidance_until"] = Slider(
        0, 1, defaults.guidance_until if defaults else 0, step=0.05, label="Stop following at",
        info="The share of noise at which the words have done their part. 0 is never.", visible=text,
    )  # fmt: skip
    fields["pag_scale"] = Slider(
        0, 4, defaults.pag_scale if defaults else 0, step=0.25, label="Firm shapes",
        info="Steers away from pictures that fall apart. 0 is off and quicker.", visible=takes_pag(card),
    )  # fmt: skip
    with gr.Row():
        fields["model"] = gr.Dropdown(choices(cards), value=card.name if card else None, label="Model", min_width=130)
        fields["sampler"] = gr.Dropdown(
            [(SAMPLER_TITLES.get(name, name), name) for name in dict.fromkeys((*SAMPLER_TITLES, *SAMPLER_NAMES))],
            label="Sampler", min_width=130, value=defaults.sampler if defaults else "heun",
        )  # fmt: skip
    fields["steps"] = Slider(
        1, MOST_STEPS, steps or (defaults.steps if defaults else 20), step=1, label="Steps",
        info=f"More takes longer. Type up to {LIMITS['steps'][1]}.",
    )  # fmt: skip
    with gr.Row():
        for name in SIZES:
            fields[name] = Slider(label=name.capitalize(), min_width=130, **_size(card))
    with gr.Row():
        fields["count"] = Slider(1, card.max_count if card else 16, count, step=1, label="Pictures", min_width=130)
        fields["seed"] = gr.Textbox(label="Seed", placeholder="New each time", min_width=130)
    fields["upscale"] = gr.Radio([("As it is", 1), ("2 times", 2), ("4 times", 4)], value=1, label="Enlarge results")
    return fields


def choices(cards: Sequence[ModelCard]) -> list[tuple[str, str]]:
    return [(card.title, card.name) for card in cards]


def suited(card: ModelCard) -> dict[str, dict[str, Any]]:
    """What becomes of the settings when this model is chosen: its defaults, and nothing that it does not have."""
    text, defaults = reads_prompt(card), card.defaults
    return {
        **{name: {"visible": text} for name in TEXT_ONLY},
        "styles": {"visible": text and bool(read_styles())},
        "guidance_scale": {"visible": text, "value": defaults.guidance_scale},
        "guidance_until": {"visible": text, "value": defaults.guidance_until},
        "pag_scale": {"visible": takes_pag(card), "value": defaults.pag_scale},
        "sampler": {"value": defaults.sampler},
        "steps": {"value": defaults.steps},
        "count": {"maximum": card.max_count},
        **{name: _size(card) for name in SIZES},
    }


def follow_model(fields: Fields, cards: Callable[[], list[ModelCard]], keep: Sequence[str] = ()) -> None:
    """Choosing a model suits the settings to it; opening the menu reads it afresh.

    `keep`: settings that stay what they are on this tab.
    """

    def adopt(name: str | None) -> dict[Component, Any]:
        card = next((card for card in cards() if card.name == name), None)
        changes = suited(card) if card else {}
        return {fields[name]: gr.update(**change) for name, change in changes.items() if name in led}

    model, led = fields["model"], [name for name in fields if name not in keep]
    assert isinstance(model, gr.Dropdown)
    model.input(adopt, model, [fields[name] for name in led], **LISTEN)
    model.focus(lambda: gr.update(choices=choices(cards())), None, model, **LISTEN)


def filled(fields: Fields, known: dict[str, Any], card: ModelCard | None) -> dict[Any, Any]:
    """Settings back into the fields that they speak of, suited to their model; pictures and the other fields stay.

    Where there is a prompt, silence speaks, too: nothing was to be left out, styles are in it, it was one picture.
    """
    if "prompt" in known:
        known = SILENT | known
    changes: dict[str, dict[str, Any]] = suited(card) if card else {}
    for name, value in known.items():
        if name not in BARE:
            changes[name] = changes.get(name, {}) | {"value": str(value) if name == "seed" else value}
    if "steps" in known:
        changes["steps"]["maximum"] = max(MOST_STEPS, known["steps"])
    for name in SIZES:
        if name in known and card is not None:  # the sliders end sooner than the model does
            change = changes[name]
            change |= {"maximum": max(change["maximum"], known[name]), "minimum": min(change["minimum"], known[name])}
    return {fields[name]: gr.update(**change) for name, change in changes.items() if name in fields}


def given(cards: Sequence[ModelCard], values: dict[str, Any]) -> dict[str, Any]:
    """Fields' values as the request takes them; what the chosen model does not have is hidden, so not sent."""
    card = next((card for card in cards if card.name == values.get("model")), None)
    hidden = (() if reads_prompt(card) else TEXT_ONLY) + (() if sized(card) else SIZES)
    hidden += () if takes_pag(card) else ("pag_scale",)
    left = {name: value for name, value in values.items() if name not in hidden}
    return left | {"model": values.get("model") or None, "seed": read_seed(values.get("seed"))}


def read_seed(text: str | None) -> int:
    """'' -> -1, which draws a seed; a number as text, because a browser's number loses digits above 2**53."""
    text = (text or "").strip()
    if not text:
        return -1
    try:
        return int(text)
    except ValueError:
        raise BadRequest(
            f"Seed must be a whole number, or empty for a new one each time; it is {text[:40]!r}.", "seed"
        ) from None


def _size(card: ModelCard | None) -> dict[str, Any]:
    """A size slider of this model: its multiples up to twice the side it was trained at (beyond, pictures repeat)."""
    side, step = (card.size, card.factor) if card else (64, 8)
    return {"minimum": min(side, max(step, side // 4)), "maximum": 2 * side, "value": side, "step": step,
            "visible": sized(card)}  # fmt: skip

"""The parts every tab is made of: heading, prompt, buttons, the folded settings, rows of picture buttons.

Labels are plain words; the names they stand for are those of `ddpm.request`, and nothing here checks a value.
"""
# ruff: noqa: E501  (lines of HTML and JavaScript)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from ddpm.errors import BadRequest
from ddpm.models.card import ModelCard

# ddpm.samplers imports torch, which must not delay the page; a test holds these keys equal to SAMPLERS.
SAMPLER_NAMES = {
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

TILES = """<div class="tiles" role="group" aria-label="${label}">{{#if value}}<p>${label}</p>{{/if}}{{#each value}}
<button type="button" data-i="{{@index}}" {{#if this.on}}aria-pressed="true"{{/if}}><img src="{{this.src}}" alt="{{this.alt}}">
<span>{{this.text}}</span></button>{{/each}}</div>"""
TILES_JS = """element.addEventListener('click', e => { const b=e.target.closest('button'); if(!b) return;
element.querySelectorAll('button').forEach(x => x.setAttribute('aria-pressed', x===b)); trigger('click', {index:+b.dataset.i}); })"""


def heading(words: str) -> None:
    gr.HTML(f"<h2>{escape(words)}</h2>", elem_classes="heading", js_on_load=None)


def prompt_box(text: str, card: ModelCard | None, label: str = "Prompt", lines: int = 3) -> gr.Textbox:
    return gr.Textbox(
        text,
        label=label,
        lines=lines,
        max_lines=8,
        placeholder="A snowy mountain at night with a full moon",
        visible=reads_prompt(card),
    )


def buttons(go: str = "Generate") -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_classes="act"):
        return (
            gr.Button(go, variant="primary", size="lg", elem_classes="go", scale=3, min_width=120),
            gr.Button("Stop", size="lg", elem_classes="halt", interactive=False, scale=1, min_width=80),
        )


def tiles(value: Sequence[dict[str, Any]] = (), label: str = "", **options: Any) -> gr.HTML:
    """A row of picture buttons: examples, results, faces and steps all look and work alike."""
    return gr.HTML(
        list(value),
        label=label,
        html_template=TILES,
        js_on_load=TILES_JS,
        apply_default_css=False,
        show_label=False,
        **options,
    )


def picked(event: gr.EventData) -> int:
    """The index a click on `tiles` carries."""
    return int(event._data["index"])


def reads_prompt(card: ModelCard | None) -> bool:
    return card is None or card.kind == "text"


@dataclass(frozen=True)
class Settings:
    """The folded settings of a tab, in the order in which `inputs` hands them to an event."""

    negative: gr.Textbox
    guidance: gr.Slider
    model: gr.Dropdown
    sampler: gr.Dropdown
    steps: gr.Slider
    count: gr.Slider
    seed: gr.Textbox
    upscale: gr.Radio

    @property
    def inputs(self) -> list[Any]:
        return [self.negative, self.guidance, self.model, self.sampler, self.steps, self.count, self.seed, self.upscale]

    def follow_model(self, cards: Callable[[], list[ModelCard]], prompt: gr.Textbox | None) -> None:
        """Choosing a model brings its defaults, and hides what it does not have."""

        def adopt(name: str | None) -> list[Any]:
            card = next((card for card in cards() if card.name == name), None)
            text, defaults = reads_prompt(card), card.defaults if card else None
            updates: list[Any] = [
                gr.update(visible=text),
                gr.update(visible=text, value=defaults.guidance_scale) if defaults else gr.update(visible=text),
                gr.update(value=defaults.sampler) if defaults else gr.skip(),
                gr.update(value=defaults.steps) if defaults else gr.skip(),
                gr.update(maximum=card.max_count) if card else gr.skip(),
            ]
            return updates + ([gr.update(visible=text)] if prompt is not None else [])

        outputs: list[Any] = [self.negative, self.guidance, self.sampler, self.steps, self.count]
        self.model.change(
            adopt,
            self.model,
            outputs + ([prompt] if prompt is not None else []),
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )


def more(
    cards: list[ModelCard], card: ModelCard | None, extra: Sequence[Callable[[], Any]] = (), count: int = 1
) -> Settings:
    """Folded away on every tab, the same order everywhere; a tab's own settings come first."""
    text, defaults = reads_prompt(card), card.defaults if card else None
    with gr.Accordion("More settings", open=False, elem_classes="more settings"):
        for make in extra:
            make()
        negative = gr.Textbox(
            label="Leave out", placeholder="blurry, text", info="What you would rather not see", visible=text
        )
        guidance = gr.Slider(
            0,
            15,
            defaults.guidance_scale if defaults else 3,
            step=0.5,
            label="Follow the words",
            info="Low wanders, high obeys. 1 is off.",
            visible=text,
        )
        with gr.Row():
            model = gr.Dropdown(
                [(c.title, c.name) for c in cards], value=card.name if card else None, label="Model", min_width=130
            )
            sampler = gr.Dropdown(
                [(title, name) for name, title in SAMPLER_NAMES.items()],
                label="Sampler",
                value=defaults.sampler if defaults else "heun",
                min_width=130,
            )
        steps = gr.Slider(
            1, 100, defaults.steps if defaults else 20, step=1, label="Steps", info="More takes longer and adds detail"
        )
        with gr.Row():
            pictures = gr.Slider(1, card.max_count if card else 16, count, step=1, label="Pictures", min_width=130)
            seed = gr.Textbox(label="Seed", placeholder="New each time", min_width=130)
        upscale = gr.Radio([("As it is", 1), ("2 times", 2), ("4 times", 4)], value=1, label="Enlarge results")
    return Settings(negative, guidance, model, sampler, steps, pictures, seed, upscale)


def shared(
    cards: list[ModelCard],
    prompt: str,
    negative: str,
    guidance: float,
    model: str | None,
    sampler: str,
    steps: float,
    count: float,
    seed: str,
    upscale: int,
) -> dict[str, Any]:
    """The values of the prompt and `Settings.inputs` under their request names; what a model does not read is hidden, so not sent."""
    values = {
        "model": model or None,
        "sampler": sampler,
        "steps": steps,
        "count": count,
        "seed": read_seed(seed),
        "upscale": upscale,
    }
    if reads_prompt(next((card for card in cards if card.name == model), None)):
        values |= {"prompt": prompt or "", "negative_prompt": negative or "", "guidance_scale": guidance}
    return values


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

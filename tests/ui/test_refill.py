"""A recipe on the page: the missing model first, nothing hidden for good, sizes only with the model they belong to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from ddpm.models.card import named
from ddpm.recipe import read_texts
from ddpm.ui.controls import filled
from ddpm.ui.refill import fitted, markup
from tests.ui.test_controls import card

FREE, FIXED = replace(card("text", False), name="free"), replace(card("text", True), name="fixed")
BARE = replace(FREE, name="mine.safetensors")
CARDS = [FREE, FIXED, BARE]  # of 64 pixels, multiples of 8
SIZE = {"width": 128, "height": 64}


def test_the_missing_model_comes_first_and_its_size_with_it() -> None:
    told = ("a fox <lora:ink:1>\nSteps: 5, Sampler: DPM++ 2M Karras, Seed: 1, Size: 512x768, Model: vaedancer, Clip "
            "skip: 2, Hires upscale: 2, Hires upscaler: Latent")  # fmt: skip
    fields, unread = read_texts({"parameters": told})
    known, found, missing = fitted(fields, CARDS)
    assert found is None and not known.keys() & {"model", "width", "height"} and known["steps"] == 5
    assert missing == ["There is no model 'vaedancer' here.", "Size: 512x768"]
    shown = markup([*missing, *unread])
    assert shown.index("vaedancer") < shown.index("</summary>") < shown.index("512x768")
    assert all(word in shown for word in ("Clip skip: 2", "Hires upscale: 2", "Hires upscaler: Latent", "LoRA: ink:1"))
    assert "And 6 more" in shown


@pytest.mark.parametrize(
    ("model", "size", "taken"),
    [
        ("free", SIZE, SIZE),
        ("free", {"width": 256, "height": 256}, {"width": 256, "height": 256}),
        ("free", {"width": 260, "height": 256}, None),
        ("free", {"width": 264, "height": 256}, None),
        ("free", {"height": 72}, {"height": 72}),
        ("fixed", {"width": 64, "height": 64}, {"width": 64, "height": 64}),
        ("fixed", SIZE, None),
        ("nobody", SIZE, None),
        (None, SIZE, None),
    ],
)
def test_a_size_is_taken_over_where_its_model_can_make_it(model: Any, size: Any, taken: Any) -> None:
    known, _, missing = fitted({"prompt": "a fox", **({"model": model} if model else {}), **size}, CARDS)
    assert {name: known[name] for name in ("width", "height") if name in known} == (taken or {})
    assert any(sentence.startswith("Size: ") for sentence in missing) == (taken is None)
    assert known["prompt"] == "a fox"


def test_without_its_model_one_that_reads_the_prompt_takes_over() -> None:
    faces = replace(card("unconditional", True), name="faces")
    recipe = {"prompt": "a fox", "model": "vaedancer"}
    known, found, missing = fitted(recipe, [faces, FREE], "faces")
    assert (known["model"], found, missing) == ("free", FREE, ["There is no model 'vaedancer' here; One is chosen."])
    assert fitted(recipe, [faces, FREE], "free")[1] is None  # the one that is chosen reads prompts already
    assert fitted({"prompt": "", "seed": 1}, [faces, FREE], "faces")[1] is None


def test_what_a_recipe_with_a_prompt_does_not_say_is_not_left_from_before() -> None:
    names = ("prompt", "negative_prompt", "styles", "count", "upscale", "steps")
    fields: dict[str, Any] = {name: gr.Textbox(label=name) for name in names}
    said = {part.label: update["value"] for part, update in filled(fields, {"prompt": "a fox"}, None).items()}
    assert said == {"prompt": "a fox", "negative_prompt": "", "styles": [], "count": 1, "upscale": 1}
    assert not filled(fields, {}, None)


def test_a_model_is_known_with_and_without_its_files_ending() -> None:
    for name in ("mine", "mine.pth", "mine.safetensors"):
        assert named(CARDS, name) is BARE
    known, found, missing = fitted({"model": "mine", **SIZE}, CARDS)
    assert (known["model"], found, missing) == ("mine.safetensors", BARE, [])
    assert named(CARDS, "free.ckpt") is FREE and named(CARDS, "fre") is None


def test_what_a_file_says_is_text_on_the_page() -> None:
    shown = markup(["<script>1</script>", "a & b", "<b>"])
    assert "<script>" not in shown and "a &amp; b" in shown and "&lt;b&gt;" in shown
    assert markup([]) == "" and "<details" not in markup(["one"])

"""What the page sends: the fields of a tab under their request names, without what the chosen model does not have."""

from __future__ import annotations

import pytest
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.events import Result
from ddpm.models.card import Defaults, ModelCard
from ddpm.request import LIMITS, SAMPLER_NAMES, Request
from ddpm.ui.controls import SAMPLER_TITLES, given, read_seed, suited
from ddpm.ui.examples import EVERY, FILM, TEXT
from ddpm.ui.inpaint import chosen_mask
from ddpm.ui.pictures import enlarged_name, result_name


def card(kind: str, fixed: bool) -> ModelCard:
    return ModelCard(name=f"{kind}-{fixed}", title="One", origin="folder", format="diffusers", size=64, channels=3,
                     target="eps", schedule="linear", text="clip" if kind == "text" else None, licence="MIT",
                     defaults=Defaults("ddim", 30, 5.0), kind=kind, factor=8, fixed_size=fixed,
                     takes_pag=fixed)  # type: ignore[arg-type]  # fmt: skip


CARDS = [card(kind, fixed) for kind in ("text", "unconditional") for fixed in (True, False)]
VALUES = {"prompt": "a lake", "negative_prompt": "", "guidance_scale": 4.0, "guidance_until": 0.3,
          "pag_scale": 1.0, "sampler": "ddim",
          "steps": 5, "count": 1, "width": 96, "height": 64, "seed": "", "upscale": 1}  # fmt: skip


@pytest.mark.parametrize("model", CARDS, ids=[one.name for one in CARDS])
def test_what_a_model_lacks_is_hidden_and_not_sent(model: ModelCard) -> None:
    sent, settings = given(CARDS, VALUES | {"model": model.name}), suited(model)
    for name in ("prompt", "negative_prompt", "guidance_scale", "guidance_until"):
        assert (name in sent) == settings[name]["visible"] == (model.kind == "text")
    assert ("pag_scale" in sent) == settings["pag_scale"]["visible"] == model.takes_pag
    for name in ("width", "height"):
        assert (name in sent) == settings[name]["visible"] == (not model.fixed_size)
        size = settings[name]
        assert size["value"] == 64 and size["step"] == 8 and size["minimum"] % 8 == size["maximum"] % 8 == 0
    assert Request.checked(mode="text", **sent).seed == -1
    assert settings["sampler"]["value"] == "ddim" and settings["steps"]["value"] == 30


def test_the_menu_of_samplers_is_whole() -> None:
    assert set(SAMPLER_TITLES) == set(SAMPLER_NAMES)


def test_a_seed_is_read_to_its_last_digit() -> None:
    most = int(LIMITS["seed"][1])
    assert [read_seed(text) for text in (str(most), " 7 ", "", None)] == [most, 7, -1, -1]
    with pytest.raises(BadRequest, match="Seed must be a whole number.*'7.5'"):
        read_seed("7.5")


def test_examples_are_requests() -> None:
    names = [example.name for example in EVERY]
    assert len(set(names)) == len(names)
    for place, example in enumerate(EVERY):
        needed = example.values.get("image")
        assert needed in (None, "photo", *names[:place]), example.name  # made before it is needed
    for example in TEXT + FILM:
        assert Request.checked(mode=example.mode, **example.values).prompt


def test_what_is_painted_and_what_a_file_masks_are_both_repainted() -> None:
    drawn, uploaded = Image.new("L", (40, 20)), Image.new("L", (80, 40))
    drawn.paste(255, (0, 0, 10, 20))
    uploaded.paste(255, (60, 0, 80, 40))
    both = chosen_mask(drawn, uploaded)
    assert both.size == (40, 20)
    assert [both.getpixel((x, 10)) for x in (5, 20, 35)] == [255, 0, 255]
    assert chosen_mask(drawn, None) is drawn and chosen_mask(None, uploaded) is uploaded
    with pytest.raises(BadRequest, match="Paint over a part first"):
        chosen_mask(None, None)


def test_files_are_named_after_model_and_seed_or_what_was_enlarged() -> None:
    dot = Image.new("RGB", (8, 8))
    assert result_name(Result(0, dot, 7, {"model": "a/b"})) == "a-b-7"
    assert result_name(Result(0, dot, -1, {})) == "picture"
    assert enlarged_name("/tmp/x/my photo.2.jpg", 4) == "my-photo-2-x4"

"""Each result has its own picture, seed and place; what nobody asked for is the model's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ddpm.engine import Engine
from ddpm.events import Film, Notice, Result
from ddpm.plan import prepare, resolve
from ddpm.request import FilmRequest, FromImage, Request
from ddpm.samplers.noise import PictureNoise
from ddpm.sources import latents_of

pytestmark = pytest.mark.slow


def results(engine: Engine, request: Request) -> list[Result]:
    return [event for event in engine.events(request, lambda: False, lambda: True) if isinstance(event, Result)]


@pytest.mark.parametrize("at_once", [2, 3])
def test_pictures_made_together_are_those_made_one_by_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """As on a GPU: each result with its own picture, seed and place, and no more than were asked for."""
    request = Request(model="tiny-text", prompt="{a|b} fox", seed=7, count=5, steps=2)
    alone = results(engine, request)
    monkeypatch.setattr("ddpm.memory.together", lambda request, model: at_once)
    made = results(engine, request)
    assert [(one.index, one.seed) for one in made] == [(i, 7 + i) for i in range(5)]
    for one, other in zip(made, alone, strict=True):
        assert np.abs(np.subtract(one.image, other.image, dtype=float)).max() <= 1


def test_a_picture_is_noised_to_where_the_steps_begin(engine: Engine, photo: Image.Image) -> None:
    model, image = engine.models.get("tiny"), photo.resize((16, 16))
    work = prepare(Request(model="tiny", source=FromImage(image=image, strength=0.5), steps=4), model)
    first = work.levels[0]
    expected = first.alpha * latents_of(image, model) + first.sigma * PictureNoise([3], work.shape)()
    assert 0.1 < first.alpha < 0.9
    np.testing.assert_allclose(work.plan([3]).x, expected, atol=1e-6)


def test_a_models_own_guidance_is_used_where_none_is_asked_for(engine: Engine) -> None:
    card = engine.models.get("tiny-text").card
    card = replace(card, defaults=replace(card.defaults, guidance_scale=3.5, guidance_until=0.3, pag_scale=0.7))
    for asked in ({}, {"guidance_scale": 0.0, "guidance_until": 0.0, "pag_scale": 0.0}):
        got = resolve(Request(model="tiny-text", **asked), card)
        expected = (0.0, 0.0, 0.0) if asked else (3.5, 0.3, 0.7)
        assert (got.guidance_scale, got.guidance_until, got.pag_scale) == expected


def test_inputs_that_come_back_have_seeds_of_their_own(engine: Engine, photo: Image.Image) -> None:
    made = results(engine, Request(model="tiny", source=FromImage(image=photo, strength=0), seed=4, count=3))
    assert [(one.index, one.seed) for one in made] == [(0, 4), (1, 5), (2, 6)]


def test_there_is_no_film_of_nothing(engine: Engine, photo: Image.Image) -> None:
    request = Request(model="tiny", source=FromImage(image=photo, strength=0), film=FilmRequest())
    told = list(engine.events(request, lambda: False, lambda: True))
    assert not any(isinstance(event, Film) for event in told)
    assert any(isinstance(event, Notice) and "no film: at strength 0" in event.text for event in told)


def test_what_is_said_of_a_prompt_is_said_of_the_seed_that_is_drawn(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = "{__none__|a fox}"
    said = {}
    for seed in range(2, 12):
        monkeypatch.setattr("ddpm.engine.secrets.randbelow", lambda most, seed=seed: seed)
        told = list(engine.events(Request(model="tiny-text", prompt=prompt, steps=1), lambda: False, lambda: True))
        read = next(event for event in told if isinstance(event, Result)).recipe["request"]["prompt"]
        said[seed] = any(isinstance(event, Notice) and "__none__" in event.text for event in told)
        assert said[seed] == (read == "__none__")
    assert len(set(said.values())) == 2

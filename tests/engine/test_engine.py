"""The engine from request to events, on real model folders."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ddpm.engine import Engine
from ddpm.errors import BadRequest, TooMuch, UnknownModel
from ddpm.events import Event, Film, Framed, Notice, Preview, Result
from ddpm.recipe.writing import parameters
from ddpm.request import FilmRequest, FromImage, FromMask, FromSelfie, Request

pytestmark = pytest.mark.slow

SIZE = 16


def events(engine: Engine, request: Request) -> list[Event]:
    return list(engine.events(request, lambda: False, lambda: True))


def results(engine: Engine, request: Request) -> list[Result]:
    return [event for event in events(engine, request) if isinstance(event, Result)]


def mask_of(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rectangle(box, fill=255)
    return mask


def test_a_picture_of_a_batch_is_the_picture_made_alone(engine: Engine) -> None:
    for sampler in ("heun", "euler_ancestral", "dpmpp_2m_sde"):
        batch = results(engine, Request(model="tiny", seed=7, count=3, sampler=sampler))
        alone = results(engine, Request(model="tiny", seed=9, sampler=sampler))
        assert [result.seed for result in batch] == [7, 8, 9]
        assert batch[2].image.tobytes() == alone[0].image.tobytes() != batch[1].image.tobytes()


def test_a_prompt_and_guidance_change_the_picture(engine: Engine) -> None:
    def picture(**values: object) -> bytes:
        return results(engine, Request.checked(model="tiny-text", seed=1, **values))[0].image.tobytes()

    fox = picture(prompt="a fox")
    assert fox == picture(prompt="a fox", guidance_scale=2.0)
    assert len({fox, picture(prompt="a bus"), picture(prompt="a fox", guidance_scale=6.0), picture(),
                picture(prompt="a fox", negative_prompt="snow")}) == 5  # fmt: skip


@pytest.mark.parametrize("name", ["tiny", "tiny-text"])
def test_a_picture_is_steered_away_from_what_the_network_says_without_attention(engine: Engine, name: str) -> None:
    def made(**values: object) -> Result:
        return results(engine, Request.checked(model=name, seed=1, **values))[0]

    plain, firm = made(), made(pag_scale=1.5)
    assert plain.image.tobytes() == made(pag_scale=0).image.tobytes()
    assert firm.image.tobytes() not in (plain.image.tobytes(), made(pag_scale=3).image.tobytes())
    assert firm.recipe["request"]["pag_scale"] == 1.5 and plain.recipe["request"]["pag_scale"] == 0
    both = results(engine, Request(model=name, seed=0, count=2, pag_scale=1.5))
    assert both[1].image.tobytes() == firm.image.tobytes()


@pytest.mark.parametrize("prompt", ["a fox", "(a fox:1.2) AND snow"])
def test_guidance_rests_below_its_share_of_noise(engine: Engine, prompt: str) -> None:
    def made(**values: object) -> Result:
        return results(engine, Request.checked(model="tiny-text", prompt=prompt, seed=1, guidance_scale=6, **values))[0]

    always, early, never = made(guidance_until=0), made(guidance_until=0.6), made(guidance_until=1)
    assert always.image.tobytes() == made().image.tobytes() != early.image.tobytes() != never.image.tobytes()
    assert early.recipe["request"]["guidance_until"] == 0.6 and always.recipe["request"]["guidance_until"] == 0
    for made_so, said in ((early, "CFG until: 0.6,"), (always, "CFG until: 0.0,")):
        assert said in parameters(made_so.recipe, (64, 64))


def test_a_drawn_seed_is_reported_and_makes_the_picture_again(engine: Engine) -> None:
    first = results(engine, Request(model="tiny"))[0]
    assert 0 <= first.seed < 2**32
    assert results(engine, Request(model="tiny", seed=first.seed))[0].image.tobytes() == first.image.tobytes()
    assert first.recipe["seed"] == first.recipe["request"]["seed"] == first.seed
    assert first.recipe["request"]["sampler"] == "heun" and first.recipe["request"]["steps"] == 4


def test_a_recipe_makes_the_picture_again(engine: Engine) -> None:
    from ddpm.recipe import read_recipe, request_from, save_png

    made = results(engine, Request(model="tiny-text", prompt="a red house", seed=3, count=2, sampler="unipc"))[1]
    fields, unread = read_recipe(save_png(made.image, made.recipe))
    again = results(engine, Request.checked(**request_from(fields)))
    assert not unread and again[0].image.tobytes() == made.image.tobytes()


def test_previews_count_steps_and_carry_pictures_only_when_watched(engine: Engine) -> None:
    request = Request(model="tiny", count=2, steps=3)
    watched = [event for event in events(engine, request) if isinstance(event, Preview)]
    assert [(event.index, event.step, event.steps) for event in watched] == [(i // 3, i + 1, 6) for i in range(6)]
    assert watched[0].x_t is not None and watched[0].x_t.size == (SIZE, SIZE) and watched[0].x0 is not None
    assert watched[0].seconds_left is None and watched[-1].seconds_left == 0 and watched[-1].done == 1
    unwatched = engine.events(request, lambda: False, lambda: False)
    assert all(event.x_t is None and event.x0 is None for event in unwatched if isinstance(event, Preview))


@pytest.mark.parametrize("source", [FromImage, FromMask])
def test_strength_0_returns_the_input_bit_for_bit(engine: Engine, photo: Image.Image, source: type) -> None:
    more = {"mask": mask_of(photo.size, (3, 3, 20, 20))} if source is FromMask else {}
    made = results(engine, Request(model="tiny", source=source(image=photo, strength=0, **more), seed=4))
    assert [result.image.tobytes() for result in made] == [photo.tobytes()] and made[0].image.size == photo.size


def test_strength_1_ignores_the_picture(engine: Engine, photo: Image.Image) -> None:
    changed = results(engine, Request(model="tiny", source=FromImage(image=photo, strength=1), seed=4))
    assert changed[0].image.tobytes() == results(engine, Request(model="tiny", seed=4))[0].image.tobytes()


def test_strength_is_the_part_of_the_steps_that_is_run(engine: Engine, photo: Image.Image) -> None:
    for strength, steps in ((0.6, 6), (0.57, 5), (0.01, 1)):
        request = Request(model="tiny", source=FromImage(image=photo, strength=strength), steps=10)
        assert sum(isinstance(event, Preview) for event in events(engine, request)) == steps


@pytest.mark.parametrize("size", [(16, 16), (61, 40), (33, 97), (300, 200)])
@pytest.mark.parametrize("only_masked", [False, True])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_outside_the_blurred_mask_nothing_changes(
    engine: Engine, size: tuple[int, int], only_masked: bool, strength: float
) -> None:
    from ddpm.images import prepare_mask

    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    mask = mask_of(size, (0, 2, 7, 9))
    source = FromMask(image=photo, mask=mask, strength=strength, mask_blur=1, only_masked=only_masked, padding=4)
    made = np.asarray(results(engine, Request(model="tiny", source=source, seed=2))[0].image)
    soft = np.asarray(prepare_mask(mask, size, 0, 1))
    assert made.shape == (size[1], size[0], 3)
    assert (made[soft == 0] == np.asarray(photo)[soft == 0]).all()
    assert (made[soft == 255] != np.asarray(photo)[soft == 255]).any()


def test_what_stands_under_the_mask_matters_below_strength_1(engine: Engine, photo: Image.Image) -> None:
    def picture(fill: str) -> bytes:
        source = FromMask(image=photo, mask=mask_of(photo.size, (10, 5, 40, 30)), strength=0.5, fill=fill)
        return results(engine, Request(model="tiny", source=source, seed=2))[0].image.tobytes()

    assert len({picture("original"), picture("fill"), picture("noise")}) == 3


def test_a_mask_of_another_size_is_stretched_with_a_notice(engine: Engine, photo: Image.Image) -> None:
    source = FromMask(image=photo, mask=mask_of((20, 20), (2, 2, 9, 9)))
    said = events(engine, Request(model="tiny", source=source))
    assert any(isinstance(event, Notice) and "20x20" in event.text and "61x40" in event.text for event in said)


def test_a_selfie_shows_its_framed_face_and_makes_five_pictures(engine: Engine, photo: Image.Image) -> None:
    said = events(engine, Request(model="tiny", source=FromSelfie(image=photo), seed=1))
    framed = [event for event in said if isinstance(event, Framed)]
    assert len(framed) == 1 and framed[0].image.size == (SIZE, SIZE) and not framed[0].found
    assert sum(isinstance(event, Result) for event in said) == 5
    assert any(isinstance(event, Notice) and "face" in event.text.lower() for event in said)


def test_a_selfie_of_a_batch_is_the_one_made_alone(engine: Engine, photo: Image.Image) -> None:
    source = FromSelfie(image=photo, likeness=0.8)
    batch = results(engine, Request(model="tiny", source=source, seed=1, count=3))
    alone = results(engine, Request(model="tiny", source=source, seed=3, count=1))
    assert batch[2].image.tobytes() == alone[0].image.tobytes()


def test_a_selfie_without_likeness_is_its_framed_face_changed(engine: Engine, photo: Image.Image) -> None:
    selfie = FromSelfie(image=photo, likeness=0)
    said = events(engine, Request(model="tiny", source=selfie, seed=1, count=1))
    face = next(event.image for event in said if isinstance(event, Framed))
    changed = results(engine, Request(model="tiny", source=FromImage(image=face, strength=selfie.strength), seed=1))
    assert isinstance(said[-1], Result) and said[-1].image.tobytes() == changed[0].image.tobytes()


def test_a_film_has_every_step(engine: Engine) -> None:
    request = Request(model="tiny", steps=5, film=FilmRequest(fps=10, format="gif"))
    said = list(engine.events(request, lambda: False, lambda: False))
    assert all(event.x_t is not None and event.x0 is not None for event in said if isinstance(event, Preview))
    film = said[-1]
    assert isinstance(film, Film) and film.frames == 5 and film.data[:4] == b"GIF8"


def test_results_can_be_enlarged(engine: Engine) -> None:
    made = results(engine, Request(model="tiny", upscale=2))
    assert made[0].image.size == (2 * SIZE, 2 * SIZE) and not made[0].partial


def test_a_result_that_would_be_too_large_is_refused_before_it_is_painted(engine: Engine) -> None:
    """Inpainted, and as it came, a picture has the photo's size and not the model's."""
    photo = Image.new("RGB", (3000, 2400), "red")
    mask = mask_of(photo.size, (9, 9, 99, 99))
    for source in (FromMask(image=photo, mask=mask), FromImage(image=photo, strength=0)):
        said: list[Event] = []
        with pytest.raises(TooMuch, match="3000 x 2400 made 4 times larger would be 115 million pixels"):
            request = Request(model="tiny", source=source, upscale=4)
            said.extend(event for event in engine.events(request, lambda: False, lambda: True))
        assert not said


def test_what_could_not_be_enlarged_stays_small_and_says_why_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "realesr-animevideov3.pth").write_bytes(b"not weights")
    monkeypatch.setattr(engine, "weights", tmp_path)
    said = events(engine, Request(model="tiny", upscale=2, count=2, seed=3))
    made = [event for event in said if isinstance(event, Result)]
    assert [one.image.size for one in made] == [(SIZE, SIZE)] * 2 and not any(one.partial for one in made)
    assert all(one.recipe["request"]["upscale"] == 1 for one in made)
    (notice,) = [event.text for event in said if isinstance(event, Notice) and "enlarged" in event.text]
    assert notice.startswith("Not enlarged: realesr-animevideov3.pth is not a file of PyTorch weights")


def test_stop_is_read_between_model_calls_and_keeps_what_is_there(engine: Engine) -> None:
    calls = 0

    def stop() -> bool:  # Heun calls the model twice a step: the fifth question is in the middle of the third step
        nonlocal calls
        calls += 1
        return calls == 5

    said = list(engine.events(Request(model="tiny", steps=10, count=2), stop, lambda: False))
    assert sum(isinstance(event, Preview) for event in said) == 2
    assert isinstance(said[-1], Result) and said[-1].partial and calls == 5
    assert not any(isinstance(e, Result) for e in engine.events(Request(model="tiny"), lambda: True, lambda: False))


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ({"model": "tiny", "prompt": "a fox"}, BadRequest, "reads no prompt"),
        ({"model": "tiny", "negative_prompt": "a fox"}, BadRequest, "negative_prompt"),
        ({"model": "tiny", "guidance_scale": 3.0}, BadRequest, "guidance_scale is 3"),
        ({"model": "tiny", "guidance_until": 0.3}, BadRequest, "guidance_until is 0.3"),
        ({"model": "tiny", "width": 24}, BadRequest, "width is 24"),
        ({"model": "tiny", "width": 4096, "height": 4096}, BadRequest, "width is 4096, but tiny only makes 16"),
        ({"model": "tiny", "count": 7}, BadRequest, "at most 6"),
        ({"model": "tinny"}, UnknownModel, "tiny"),
        ({"model": "../tiny"}, UnknownModel, "No model"),
        ({"model": "tiny\0"}, UnknownModel, "No model"),
    ],
)
def test_what_a_model_cannot_do_is_refused_with_a_sentence(
    engine: Engine, values: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        list(engine.run(Request.checked(**values)))
    assert len(list(engine.run(Request(model="tiny", steps=1)))) >= 2  # and the engine goes on


def test_a_long_prompt_is_cut_with_a_notice(engine: Engine) -> None:
    said = events(engine, Request(model="tiny-text", prompt="fox " * 100, steps=1))
    assert any(isinstance(event, Notice) and "first 64" in event.text for event in said)


def test_events_are_plain_data(engine: Engine) -> None:
    for event in events(engine, Request(model="tiny", steps=1)):
        assert type(pickle.loads(pickle.dumps(event))) is type(event)


def test_warm_loads_in_the_line(weights: Path) -> None:
    engine = Engine(weights)
    job = engine.warm()
    assert job.done.wait(60) and job.state == "finished" and engine.health()["loaded"] == ["tiny-text"]
    engine.close()


def test_a_film_that_is_not_quite_what_was_asked_for_says_so(engine: Engine) -> None:
    said = list(engine.run(Request(model="tiny", steps=2, film=FilmRequest(fps=60, format="gif"))))
    assert [event.text for event in said if isinstance(event, Notice) and "GIF" in event.text]
    said = list(engine.run(Request(model="tiny", steps=2, film=FilmRequest(fps=20, format="gif"))))
    assert not [event.text for event in said if isinstance(event, Notice) and "GIF" in event.text]

"""What an input picture does to a prediction, held to laws on an exact denoiser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from ddpm import sources
from ddpm.diffusion.likeness import LOOSE, resembling
from ddpm.diffusion.prediction import Prediction, eps_of
from ddpm.diffusion.schedule import Level, Schedule
from ddpm.engine import Engine
from ddpm.events import Framed, Notice
from ddpm.images import mask_box
from ddpm.request import FromMask, FromSelfie
from ddpm.sources import _filled, from_mask, from_selfie, latents_of

EARLY, LATE = Schedule.cosine().level(700), Schedule.cosine().level(15)


def grey(x_t: torch.Tensor, level: Level) -> Prediction:
    """The exact denoiser of a world whose only picture is grey."""
    x0 = torch.zeros_like(x_t)
    return Prediction(x0, eps_of(x_t, x0, level))


def test_likeness_pulls_towards_the_face_early_and_not_at_the_end(engine: Engine) -> None:
    model, photo = engine.models.get("tiny"), Image.open(Path(__file__).parents[2] / "assets/examples/photo.png")

    def away(likeness: float, level: Level) -> float:
        start = from_selfie(FromSelfie(image=photo, likeness=likeness), model, (16, 16))
        face = latents_of(next(event.image for event in start.events if hasattr(event, "found")), model)
        x0, eps = start.steer(grey)(torch.ones(1, 3, 16, 16), level)
        torch.testing.assert_close(level.alpha * x0 + level.sigma * eps, torch.ones(1, 3, 16, 16))
        return float((x0 - face).square().mean())

    distances = [away(likeness, EARLY) for likeness in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert distances == sorted(distances, reverse=True) and distances[-1] < 0.3 * distances[0]
    assert away(1.0, LATE) == away(0.0, LATE)


def test_the_known_part_is_kept_in_every_prediction(engine: Engine, photo: Image.Image) -> None:
    model = engine.models.get("tiny")
    photo = photo.resize((16, 16))
    mask = Image.new("L", (16, 16))
    mask.paste(255, (4, 4, 9, 12))
    start = from_mask(FromMask(image=photo, mask=mask, mask_blur=0), model, (16, 16))
    x0 = start.steer(grey)(torch.ones(1, 3, 16, 16), EARLY).x0
    expected = latents_of(photo, model)
    expected[..., 4:12, 4:9] = 0
    torch.testing.assert_close(x0, expected, rtol=0, atol=0)


@pytest.mark.parametrize("side", [1, 10, 40])
def test_a_mask_smaller_than_the_models_pixels_is_painted_in_full_and_said(engine: Engine, side: int) -> None:
    model, size = engine.models.get("tiny"), (320, 320)
    mask = Image.new("L", size)
    mask.paste(255, (150, 150, 150 + side, 150 + side))
    source = FromMask(image=Image.new("RGB", size, "white"), mask=mask, mask_blur=0)
    start = from_mask(source, model, (16, 16))
    painted = start.steer(grey)(torch.ones(1, 3, 16, 16), EARLY).x0 == 0
    assert painted[..., 7:-(-(150 + side) // 20), 7:-(-(150 + side) // 20)].all()
    assert painted.sum() == 3 * (-(-(150 + side) // 20) - 7) ** 2
    assert any("hardly sees it" in event.text for event in start.events if isinstance(event, Notice)) == (side < 20)
    alone = from_mask(source.model_copy(update={"only_masked": True}), model, (16, 16))
    assert not alone.events


@pytest.mark.parametrize("fill", ["original", "fill", "noise"])
def test_fills_touch_only_what_is_masked(fill: str) -> None:
    known = torch.rand(1, 3, 20, 30) * 0.5 + 0.25
    paint = torch.zeros(1, 1, 20, 30)
    paint[..., 5:15, 8:20] = 1
    filled = _filled(known, paint, fill)
    inside = filled[..., 5:15, 8:20]
    assert torch.equal(filled * (1 - paint), known * (1 - paint))
    if fill == "fill":  # the surroundings' colours, so within their range
        assert inside.min() >= 0.25 and inside.max() <= 0.75 and inside.std() < known.std()
    elif fill == "noise":
        assert not inside.any()


@pytest.mark.parametrize("size", [(24, 16), (16, 24)])
def test_the_masked_part_alone_is_cut_out_with_the_models_aspect(
    engine: Engine, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = []
    monkeypatch.setattr(sources, "mask_box", lambda *given: boxes.append(mask_box(*given)) or boxes[-1])
    mask = Image.new("L", (200, 200))
    mask.paste(255, (90, 90, 110, 110))
    source = FromMask(image=Image.new("RGB", (200, 200)), mask=mask, mask_blur=0, only_masked=True, padding=10)
    from_mask(source, engine.models.get("tiny"), size)
    left, top, right, bottom = boxes[0]
    assert (right - left) * size[1] == (bottom - top) * size[0]


@pytest.mark.parametrize("last", [0.0, 0.7])
def test_what_is_no_face_is_held_loosely_and_let_go_before_the_last_call(engine: Engine, last: float) -> None:
    model = engine.models.get("tiny")
    model = replace(model, card=replace(model.card, defaults=replace(model.card.defaults, last=last)))
    drawing = Image.linear_gradient("L").convert("RGB")
    start = from_selfie(FromSelfie(image=drawing, likeness=0.8), model, (16, 16))
    framed = next(event for event in start.events if isinstance(event, Framed))
    assert not framed.found
    loosely = resembling(grey, latents_of(framed.image, model), 0.8, LOOSE.before(last))
    x_t, flow, pulled = torch.ones(1, 3, 16, 16), Schedule.flow(), []
    for share in (0.3, 0.65, 0.8, 0.95):
        x0 = start.steer(grey)(x_t, flow.level(share)).x0
        assert torch.equal(x0, loosely(x_t, flow.level(share)).x0)
        pulled.append(bool(x0.any()))
    assert pulled == [False, last == 0, True, True]

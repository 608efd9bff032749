"""What would not fit in memory is refused before it starts, with the largest that would."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from ddpm import memory
from ddpm.bench.faces import SHAPE
from ddpm.compat import ensure_torchvision
from ddpm.engine import ROOT, Engine
from ddpm.errors import TooMuch
from ddpm.events import Result
from ddpm.held import held
from ddpm.memory import Estimates, amount, free_memory, roughly, together
from ddpm.plan import prepare, resolve
from ddpm.request import FilmRequest, FromSelfie, Request
from ddpm.upscaling.cost import PLANES, enlarging
from ddpm.upscaling.real_esrgan import SOURCES, _empty

pytestmark = pytest.mark.slow


def test_what_a_network_holds_is_counted_exactly() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.SiLU(), nn.Conv2d(8, 2, 3, padding=1))
    pixels = 4 * 20 * 30  # bytes of one channel
    x = torch.empty(1, 3, 20, 30, device="meta")
    assert held(module, lambda x: module(x), x) == (8 + 8) * pixels  # both sides of SiLU; then one of them and the last
    assert held(module, lambda x: module(x) + module(x), x) == (2 + 8 + 8) * pixels
    assert not any(parameter.is_meta for parameter in module.parameters())


def test_attention_is_counted_without_its_matrix() -> None:
    module = nn.Identity()
    q = torch.empty(1, 1, 4096, 8, device="meta")
    assert held(module, lambda q: nn.functional.scaled_dot_product_attention(q, q, q), q) == 4 * 4096 * 8


def test_it_grows_with_pixels_and_pictures(engine: Engine) -> None:
    model, estimates = engine.models.get("tiny-text"), Estimates()

    def needed(**values: object) -> int:
        return estimates.needed(resolve(Request.checked(prompt="a fox", **values), model.card), model)

    base = needed()
    assert needed(guidance_scale=1) < base < needed(count=2) < needed(count=2, upscale=2)
    assert needed(count=3) - needed(count=2) == needed(count=2) - base == 2 * 3 * 16 * 16
    assert needed(film=FilmRequest(), steps=20) - base == 2 * 3 * 16 * 16 * 2 * 20


def test_what_is_kept_has_the_size_of_the_photo_where_it_is_inpainted(engine: Engine) -> None:
    model, photo, mask = engine.models.get("tiny"), Image.new("RGB", (600, 500)), Image.new("L", (600, 500), 255)

    def needed(**values: object) -> int:
        return Estimates().needed(resolve(Request.checked(model="tiny", **values), model.card), model)

    inpainted = needed(count=3, image=photo, mask=mask) - needed(count=2, image=photo, mask=mask)
    assert inpainted == needed(count=3, image=photo, strength=0) - needed(count=2, image=photo, strength=0)
    assert inpainted == 2 * 3 * 600 * 500 and needed(count=3, image=photo) - needed(count=2, image=photo) == 6 * 16 * 16
    assert needed(upscale=4, image=photo, mask=mask) > enlarging("animevideov3", 600, 500, 4)


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        ({"guidance_scale": 1}, 1),
        ({"guidance_scale": 3}, 2),
        ({"prompt": "a fox AND snow :0.5 AND a hill", "guidance_scale": 1}, 4),
        ({"prompt": "a fox [AND snow:2]", "steps": 4}, 3),
        ({"model": "tiny", "prompt": ""}, 1),
    ],
)
@pytest.mark.parametrize(("count", "film", "at_once"), [(1, False, 1), (3, False, 3), (6, False, 4), (6, True, 1)])
def test_the_batch_that_is_counted_is_the_one_that_is_called(
    engine: Engine, values: dict[str, object], rows: int, count: int, film: bool, at_once: int
) -> None:
    """Off the processor several pictures at once, each with all of its prompts; on it one by one."""
    asked = Request.checked(**{"model": "tiny-text", "prompt": "a fox", "count": count, **values})
    loaded, called = engine.models.get(str(asked.model)), []
    request = resolve(asked.model_copy(update={"film": FilmRequest() if film else None}), loaded.card)
    elsewhere = replace(loaded, module=nn.Linear(2, 2, device="meta"))
    assert together(request, elsewhere) == at_once and together(request, loaded) == 1
    assert memory._batch(request, elsewhere) == at_once * rows and memory._batch(request, loaded) == rows

    def network(x_t: torch.Tensor, *given: object) -> torch.Tensor:
        called.append(len(x_t))
        return loaded.network(x_t, *given)

    work = prepare(request, replace(loaded, network=network))
    plan = work.plan(range(at_once))
    for level in plan.levels[:-1]:
        plan.predict(plan.x, level)
    assert max(called) == at_once * rows


def test_a_way_back_through_the_network_is_counted(engine: Engine, photo: Image.Image) -> None:
    """SiLU keeps what it was given until the way back; nothing else of this network would be held."""
    module = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.SiLU(), nn.SiLU(), nn.Conv2d(8, 2, 3, padding=1))
    pixels = 4 * 20 * 30
    x = torch.empty(1, 3, 20, 30, device="meta")
    assert held(module, lambda x: module(x), x) == (8 + 8) * pixels
    assert held(module, lambda x: module(x), x.requires_grad_()) == (8 + 8 + 8 + 2) * pixels
    attend = torch.nn.functional.scaled_dot_product_attention
    q = torch.empty(1, 2, 64, 8, device="meta", requires_grad=True)
    assert held(module, lambda q: attend(3 * q, 5 * q, 7 * q), q) == 4 * 4 * q.numel()  # q, k, v and what comes out
    model, estimates = engine.models.get("tiny"), Estimates()
    plain, back = (
        estimates.needed(resolve(Request(source=FromSelfie(image=photo, through_network=there)), model.card), model)
        for there in (False, True)
    )
    assert back > 1.1 * plain


@pytest.mark.parametrize("name", ["scenes", "faces"])
def test_the_quick_guess_is_the_larger_one(name: str) -> None:
    """Several times, so that what it lets pass would have been let pass anyway."""
    engine = Engine(ROOT / "weights", choice="torch")
    model = engine.models.get(name)
    request = resolve(Request(model=name), model.card)
    assert Estimates().needed(request, model) < roughly(request, model) / 3
    engine.close()


def test_the_quick_guess_is_larger_for_large_networks_too() -> None:
    ensure_torchvision()
    from diffusers import AutoencoderKL, UNet2DConditionModel, UNet2DModel

    with torch.device("meta"):
        faces, x = UNet2DModel(**SHAPE), torch.empty(1, 3, 256, 256)
        assert held(faces, lambda x: faces(x, 5.0).sample, x) < memory.ROUGHLY * 256**2 / 3
        stable, x, text = UNet2DConditionModel(sample_size=64, cross_attention_dim=768), torch.empty(2, 4, 64, 64), 77
        states = torch.empty(2, text, 768)
        assert held(stable, lambda x: stable(x, 5.0, states).sample, x) < memory.ROUGHLY * 2 * 512**2 / 3
        blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
        codec = AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, **blocks)
        assert held(codec, lambda x: codec.decode(x).sample, x[:1]) < memory.ROUGHLY * 512**2


@pytest.mark.parametrize(
    ("values", "spare", "words"),
    [
        ({"count": 6, "upscale": 4}, 5, r"the most that fits is a count of (\d)"),
        ({"upscale": 4}, -1, "leave out the enlarging"),
        ({"film": FilmRequest(), "steps": 1000}, 9, "leave out the film, or take fewer steps"),
    ],
)
def test_a_refusal_names_what_would_fit(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, values: dict[str, object], spare: int, words: str
) -> None:
    """Free is what one picture, enlarged where it is, needs, and room for `spare` tenths of a second one."""
    model, estimates = engine.models.get("tiny"), Estimates()
    one = estimates.needed(resolve(Request.checked(model="tiny", upscale=values.get("upscale")), model.card), model)
    free = int((one + spare / 10 * 6 * 64 * 64) / memory.SPARE) + 1
    monkeypatch.setattr(memory, "free_memory", lambda device: free)
    request = Request.checked(model="tiny", **values)
    with pytest.raises(TooMuch, match=words) as refusal:
        list(engine.run(request))
    if found := re.search(words, str(refusal.value)):
        fits = {"count": int(found[1])} if found.groups() else {"upscale": 1, "film": None, "steps": 1}
        made = list(engine.run(request.model_copy(update=fits)))
        assert any(isinstance(event, Result) for event in made)


@pytest.mark.parametrize("upscaler", SOURCES)
def test_what_a_tile_holds_is_what_its_network_does(upscaler: str) -> None:
    source = SOURCES[upscaler]
    net = _empty(source.shape)
    counted = held(net, net, torch.empty(1, 3, 148, 148, device="meta"))
    assert counted <= source.each * 148**2 <= 1.05 * counted
    weights = sum(4 * parameter.numel() for parameter in net.parameters())
    assert weights <= source.weights <= 1.02 * weights
    one, more = (enlarging(upscaler, side, side, 4) for side in (40, 2000))
    assert one - source.weights == source.each * 60**2 + PLANES * 40**2  # with its border; the libraries are there
    tile = enlarging(upscaler, 4000, 4000, 4) - more - PLANES * (4000**2 - 2000**2)
    assert abs(tile) < 0.1 * source.each * source.tile**2  # however large the picture


def test_an_enlarging_that_does_not_fit_is_refused_before_it_starts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _empty(SOURCES["animevideov3"].shape)  # so that its libraries are there
    picture = Image.new("RGB", (600, 300), "red")
    free = int((enlarging("animevideov3", 300, 150, 4) + 6 * 1200 * 600) / memory.SPARE) + 1
    monkeypatch.setattr(memory, "free_memory", lambda device: free)
    with pytest.raises(TooMuch, match="600 x 300 pixels made 4 times larger .* MB are free; of .* 300 x 150 would"):
        list(engine.upscale(picture, 4))
    assert any(isinstance(event, Result) for event in engine.upscale(picture.resize((300, 150)), 4))


def test_weights_larger_than_free_memory_are_not_read(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(weights)
    size = next(card.bytes for card in engine.cards() if card.name == "tiny")
    monkeypatch.setattr(engine.catalogue, "load", lambda *given: pytest.fail("it was read"))
    monkeypatch.setattr(memory, "free_memory", lambda device: size)
    with pytest.raises(TooMuch, match="weights of tiny are 1 MB, and 1 MB of memory are free; close"):
        engine.models.get("tiny")


def test_the_count_that_is_named_fits_where_pictures_are_made_together(engine: Engine) -> None:
    """Where two calls make six pictures, memory does not grow evenly with their number."""
    module, loaded = nn.Conv2d(3, 64, 3, padding=1, device="meta"), engine.models.get("tiny")
    model = replace(loaded, module=module, network=lambda x_t, t, text: module(x_t)[:, :3])
    request, estimates = resolve(Request(model="tiny", count=6), loaded.card), Estimates()
    for count in range(1, 6):
        fits = request.model_copy(update={"count": count})
        free = int(estimates.needed(fits, model) / memory.SPARE) + 1
        estimates.check(fits, model, free)
        with pytest.raises(TooMuch, match=f"the most that fits is a count of {count}"):
            estimates.check(request, model, free)


def test_amounts_are_readable() -> None:
    assert [amount(size) for size in (1, 60 * 2**20, 2**30 - 2**20, 2**30, 2.55 * 2**30)] == [
        "1 MB", "60 MB", "1023 MB", "1.0 GB", "2.5 GB"
    ]  # fmt: skip


def test_the_largest_size_that_fits_is_named_and_does(engine: Engine) -> None:
    module, card = nn.Conv2d(3, 3, 3, padding=1), replace(engine.models.get("tiny").card, factor=4, fixed_size=False)
    model = replace(engine.models.get("tiny"), module=module, network=lambda x_t, t, text: module(x_t), card=card)
    estimates = Estimates()

    def of(width: int, height: int) -> Request:
        return resolve(Request(model="tiny"), card).model_copy(update={"width": width, "height": height})

    free = int(estimates.needed(of(40, 20), model) / memory.SPARE) + 1
    estimates.check(of(40, 20), model, free)
    estimates.check(of(400, 200), model, None)
    with pytest.raises(TooMuch, match="400x200 pixels of tiny .* the largest that fits is 40x20"):
        estimates.check(of(400, 200), model, free)
    with pytest.raises(TooMuch, match="close other programs"):
        estimates.check(of(40, 20), model, 1)
    with pytest.raises(TooMuch, match="close other programs"):
        estimates.check(of(40, 40), replace(model, card=replace(card, fixed_size=True, size=40)), 1)


def test_free_memory_is_the_least_of_machine_and_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert free_memory("cpu") is None
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    3000 kB\n")
    assert free_memory("cpu") == 3000 * 1024
    for name, text in (
        ("memory.max", "2000000\n"),
        ("memory.current", "900000\n"),
        ("memory.stat", "anon 1\ninactive_file 100000\n"),
    ):
        (tmp_path / name).write_text(text)
    assert free_memory("cpu") == 1_200_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory("cpu") == 3000 * 1024


def test_what_torch_keeps_of_a_gpu_for_later_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the request that was just made, or a model in another's place, would be refused."""
    for name, says in (("mem_get_info", (1000, 9000)), ("memory_reserved", 700), ("memory_allocated", 500)):
        monkeypatch.setattr(torch.cuda, name, lambda device, says=says: says)
    assert free_memory("cuda") == 1200

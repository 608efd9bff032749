"""After `strip` a file tells nothing but its picture, and that bit for bit."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from ddpm.errors import BadPicture
from ddpm.recipe import NONE, read_recipe, recipe, save_picture, strip
from ddpm.request import Request

PICTURE = Image.effect_noise((37, 24), 90).convert("RGB")
SECRET = b"Secret"


def file_of(format: str, image: Image.Image = PICTURE, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = SECRET.decode(), orientation
    tags.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + SECRET
    return tags


def story() -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", SECRET.decode())
    chunks.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    chunks.add(b"tIME", b"\x07\xe8\x01\x01\x01\x01\x01")
    return chunks


def behind_the_first_scan(jpeg: bytes, segment: bytes) -> bytes:
    """With a segment before the tables of the second scan."""
    at = jpeg.index(b"\xff\xc4", jpeg.index(b"\xff\xda"))
    return jpeg[:at] + segment + jpeg[at:]


FILES = {
    "png": file_of("PNG", pnginfo=story(), exif=exif()) + SECRET,
    "palette": file_of("PNG", PICTURE.quantize(7), pnginfo=story()),
    "jpeg": file_of("JPEG", exif=exif(), comment=SECRET, xmp=SECRET) + SECRET,
    "progressive": file_of("JPEG", exif=exif(), comment=SECRET, progressive=True, quality=95),
    "between scans": behind_the_first_scan(file_of("JPEG", progressive=True), b"\xff\xfe\x00\x0b\xff\xd9\0" + SECRET),
    "cmyk": file_of("JPEG", PICTURE.convert("CMYK"), comment=SECRET),
    "webp": file_of("WEBP", exif=exif(), xmp=SECRET),
    "lossless": file_of("WEBP", exif=exif(), lossless=True),
    "gif": file_of("GIF", PICTURE.quantize(7), comment=SECRET),
    "tiff": file_of("TIFF", exif=exif()),
}


@pytest.mark.parametrize("name", FILES)
def test_the_story_goes_and_the_pixels_stay(name: str) -> None:
    before, after = FILES[name], strip(FILES[name])
    assert SECRET in before and SECRET not in after
    with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(after)) as image:
        assert np.array_equal(np.asarray(was.convert("RGB")), np.asarray(image.convert("RGB")))
        assert not image.getexif() and {"comment", "xmp", "exif", "parameters"}.isdisjoint(image.info)
    assert strip(after) == after


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_our_own_recipe_is_gone(format: Any) -> None:
    file = save_picture(PICTURE, recipe(Request(prompt="a fox", steps=3, sampler="heun"), "m", "", 1), format)
    assert read_recipe(file)[0]["prompt"] == "a fox"
    assert read_recipe(strip(file)) == ({}, [NONE])


@pytest.mark.parametrize("turn", [3, 6, 8])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_stays_upright(format: str, turn: int) -> None:
    before = file_of(format, exif=exif(turn))
    after = strip(before)
    assert SECRET in before and SECRET not in after and strip(after) == after
    with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(after)) as image:
        assert dict(image.getexif()) == {0x0112: turn}
        assert np.array_equal(np.asarray(was), np.asarray(image))
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(was)), np.asarray(ImageOps.exif_transpose(image)))


GLASS = Image.merge("RGBA", (*PICTURE.split(), Image.linear_gradient("L").resize(PICTURE.size)))
DEEP = Image.fromarray(np.arange(37 * 24, dtype=np.uint16).reshape(24, 37) * 70)


@pytest.mark.parametrize(
    ("format", "image"),
    [("TIFF", GLASS), ("TGA", GLASS), ("TIFF", DEEP), ("PPM", DEEP), ("TIFF", PICTURE.convert("L")),
     ("TIFF", PICTURE.convert("L").convert("LA")), ("TIFF", PICTURE.convert("1"))],
)  # fmt: skip
def test_other_formats_keep_alpha_grey_and_16_bits(format: str, image: Image.Image) -> None:
    with Image.open(io.BytesIO(strip(file_of(format, image)))) as after:
        assert after.format == "PNG" and np.array_equal(np.asarray(after), np.asarray(image))


def test_a_gif_keeps_what_is_transparent() -> None:
    before = file_of("GIF", PICTURE.quantize(7), transparency=3, comment=SECRET)
    with Image.open(io.BytesIO(before)) as was, Image.open(io.BytesIO(strip(before))) as after:
        assert np.array_equal(np.asarray(was.convert("RGBA")), np.asarray(after.convert("RGBA")))
        assert after.convert("RGBA").getextrema()[3] == (0, 255)


def test_what_png_has_no_mode_for_becomes_rgb_and_stays_upright() -> None:
    for image in (PICTURE.convert("CMYK"), Image.fromarray(np.full((24, 37), 1e9, np.int32))):
        with Image.open(io.BytesIO(strip(file_of("TIFF", image)))) as after:
            assert after.mode == "RGB"
    turned = Image.Exif()
    turned[0x0112] = 6
    with Image.open(io.BytesIO(strip(file_of("TIFF", GLASS, exif=turned)))) as after:
        assert np.array_equal(np.asarray(after), np.asarray(GLASS.rotate(-90, expand=True))) and not after.getexif()


def test_colours_keep_their_profile() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for format in ("PNG", "JPEG", "WEBP"):
        with Image.open(io.BytesIO(strip(file_of(format, icc_profile=profile, exif=exif())))) as image:
            assert image.info["icc_profile"] == profile


def test_what_is_no_picture_is_refused() -> None:
    for file in (b"", b"text", FILES["png"][:60], FILES["webp"][:30]):
        with pytest.raises(BadPicture):
            strip(file)

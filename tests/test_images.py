"""Reading any file, refusing what is none, and pixels that must not change; masks are in test_masks.py."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from ddpm.errors import BadPicture
from ddpm.images import (
    crop_box,
    fit,
    open_mask,
    open_picture,
    open_whole,
    to_image,
    to_pixels,
)
from ddpm.recipe import strip


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def flat_png(width: int, height: int) -> bytes:
    """A whole, tiny file that claims width x height pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"just some text, not a picture", "could not be read as a picture"),
        (b"", "0 bytes"),
        (encoded(noise(64, 64))[:3000], "damaged or cut off"),
        (encoded(noise(64, 64), "JPEG")[:900], "damaged or cut off"),
        (encoded(noise(1, 1)), "1x1 pixels; at least 8"),
        (flat_png(60_000, 16), "60000x16 pixels: one side may be 512 times the other"),
        (flat_png(20_000, 20_000), "far too many pixels"),
        (flat_png(10_000, 7_000), "10,000x7,000 pixels, too many"),
        (flat_png(13_000, 13_000), "too many"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "could not be read as a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "could not be read as a picture"),
    ],
    ids=["text", "empty", "cut PNG", "cut JPEG", "1x1", "strip", "400 MP", "70 MP", "169 MP", "EPS", "SVG"],
)
def test_bad_files_are_refused_each_with_its_sentence(file, words):
    with pytest.raises(BadPicture, match=words):
        open_picture(file)


def test_bad_paths_are_refused_without_showing_folders(tmp_path):
    (tmp_path / "empty.png").touch()
    for path, words in ((tmp_path / "empty.png", "0 bytes"), (tmp_path / "none.png", "No such file"),
                        (tmp_path, "directory"), (f"{tmp_path}/a\0b", "could not be opened")):  # fmt: skip
        with pytest.raises(BadPicture, match=words) as caught:
            open_picture(path)
        assert str(tmp_path.parent) not in str(caught.value)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
def test_rgb_comes_bit_for_bit(format, tmp_path):
    image = noise(40, 24)
    (tmp_path / "a").write_bytes(encoded(image, format))
    for source in (encoded(image, format), tmp_path / "a", str(tmp_path / "a"), image):
        assert open_picture(source).tobytes() == image.tobytes()


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_orientation_is_applied(turn):
    image = noise(16, 24)
    exif = Image.Exif()
    exif[0x0112] = turn
    turns = [None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM,
             Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_270, Image.Transpose.TRANSVERSE,
             Image.Transpose.ROTATE_90]  # fmt: skip
    want = image if turn == 1 else image.transpose(turns[turn - 1])
    assert open_picture(encoded(image, exif=exif)).tobytes() == want.tobytes()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_garbage_in_the_place_of_exif_is_no_reason_to_refuse(format):
    file = encoded(noise(20, 12), format, exif=b"Exif\0\0garbage that is no EXIF")
    assert open_picture(file).size == open_whole(file).size == open_mask(file).size == (20, 12)
    assert open_picture(strip(file)).size == (20, 12)


def test_grey_of_sixteen_bits_keeps_its_tones():
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).repeat(8).reshape(256, 8)
    for file in (encoded(Image.fromarray(ramp)), encoded(Image.fromarray(ramp.astype(np.int32)), "TIFF")):
        got = np.asarray(open_picture(file))[:, 0, 0]
        assert np.abs(got.astype(int) - np.arange(256)).max() <= 1
    dark = np.full((8, 8), 255, dtype=np.uint16)
    assert np.asarray(open_picture(encoded(Image.fromarray(dark)))).max() == 1
    floats = Image.fromarray(np.full((8, 8), 0.5, dtype=np.float32))
    assert np.asarray(open_picture(encoded(floats, "TIFF"))).max() == 128


def test_cmyk_comes_as_the_colour_it_shows():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    got = np.asarray(open_picture(encoded(red, "JPEG", quality=100))).reshape(-1, 3).mean(0)
    assert got[0] > 230 and got[1] < 25 and got[2] < 25


def swapped(name: str = "bgrS") -> bytes:
    """sRGB's profile with red and blue changed over, maybe under another name: what was not converted stands out."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in (("rXYZ", "gone"), ("bXYZ", "rXYZ"), ("gone", "bXYZ")):
        profile = profile.replace(old.encode(), new.encode(), 1)
    return profile.replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))


def linear_grey() -> bytes:
    """The smallest grey profile there is (ICC.1:2001-04): a name, a white point and a straight line as its curve."""
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50, in 65536ths
    name = b"desc" + struct.pack(">II", 0, 5) + b"line\0" + bytes(79)
    tags = [(b"desc", name), (b"wtpt", b"XYZ " + bytes(4) + white), (b"kTRC", b"curv" + bytes(8))]
    table, body = struct.pack(">I", len(tags)), b""
    for tag, data in tags:
        table += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(body), len(data))
        body += data
    head = struct.pack(">I4xI4s4s4s12x4s28x", 128 + len(table + body), 0x02100000, b"mntr", b"GRAY", b"XYZ ", b"acsp")
    return (head + white).ljust(128, b"\0") + table + body


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "palette", "palette with alpha", "transparent colour"])
def test_a_profile_is_applied_to_colours_whatever_holds_them_and_alpha_stays(kind: str) -> None:
    colour, alpha, said = (200, 60, 20), 128 if "A" in kind or "alpha" in kind else 255, {}
    image = Image.new("RGBA", (8, 8), (*colour, alpha))
    if alpha == 255:
        image = image.convert("RGB")
    if kind == "transparent colour":
        alpha, said = 0, {"transparency": colour}
    file = encoded(image.quantize(2) if "palette" in kind else image, icc_profile=swapped(), **said)
    whole = open_whole(file)
    assert np.abs(np.subtract(whole.convert("RGBA").getpixel((0, 0)), (20, 60, 200, alpha))).max() <= 1
    assert whole.has_transparency_data == (alpha < 255) and "icc_profile" not in whole.info
    on_white = [value * alpha / 255 + 255 - alpha for value in (20, 60, 200)]
    assert np.abs(np.subtract(open_picture(file).getpixel((0, 0)), on_white)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_applied_and_grey_stays_grey(mode: str) -> None:
    image = Image.new(mode, (8, 8), 100 if mode == "L" else (100, 128))
    whole = open_whole(encoded(image, icc_profile=linear_grey()))
    grey, alpha = whole.convert("LA").getpixel((0, 0))
    assert whole.mode == mode and alpha == (128 if mode == "LA" else 255)
    assert abs(grey - 255 * (1.055 * (100 / 255) ** (1 / 2.4) - 0.055)) <= 1  # IEC 61966-2-1: sRGB's curve
    for profile in (swapped(), b"no profile at all"):  # colours cannot be grey's
        assert open_whole(encoded(image, icc_profile=profile)).tobytes() == image.tobytes()


def test_a_profile_is_known_by_what_it_does_not_by_its_name() -> None:
    """Wide profiles are called "Display P3 Gamut with sRGB Transfer"."""
    red = encoded(Image.new("RGB", (8, 8), (200, 60, 20)), icc_profile=swapped("sRGB"))
    for picture in (open_picture(red), open_whole(red)):
        assert np.abs(np.subtract(picture.convert("RGB").getpixel((0, 0)), (20, 60, 200))).max() <= 1


@pytest.mark.parametrize("size", [(20_000, 4_000), (10_000, 7_000)])
def test_a_large_jpeg_of_any_shape_is_decoded_smaller(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # its warning is about what is decoded in full
    file = io.BytesIO()
    Image.new("L", size, 200).save(file, "JPEG")
    picture = open_picture(file.getvalue())
    assert max(picture.size) == 4096 and picture.getpixel((9, 9)) == (200, 200, 200)


def test_photoshops_files_are_read() -> None:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 16, 24, 8, 3)  # Adobe's specification: RGB of 8 bits, 24 x 16
    file = head + bytes(12) + bytes(2) + b"".join(bytes([value]) * (24 * 16) for value in (200, 60, 20))
    assert open_picture(file).size == (24, 16) and open_picture(file).getpixel((3, 3)) == (200, 60, 20)


def test_srgb_profile_changes_no_bit_and_a_broken_one_is_ignored():
    image = noise(16, 16)
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (own, b"no profile at all"):
        assert open_picture(encoded(image, icc_profile=profile)).tobytes() == image.tobytes()


def test_alpha_lies_on_white():
    for image in (Image.new("RGBA", (8, 8), (255, 0, 0, 0)), Image.new("LA", (8, 8), (9, 0))):
        assert open_picture(encoded(image)).getpixel((3, 3)) == (255, 255, 255)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 200, 10, 20])
    assert open_picture(encoded(palette)).getpixel((0, 0)) == (200, 10, 20)
    assert open_picture(encoded(palette, transparency=1)).getpixel((0, 0)) == (255, 255, 255)
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert open_picture(half).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_read(format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    got = open_picture(encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=50))
    assert got.mode == "RGB" and np.abs(np.subtract(got.getpixel((5, 5)), (255, 0, 0))).max() <= 4
    assert getattr(got, "n_frames", 1) == 1


def test_large_pictures_are_made_smaller_and_nothing_of_the_file_stays():
    exif = Image.Exif()
    exif[0x010F] = "camera"
    got = open_picture(encoded(noise(600, 300), "JPEG", exif=exif), max_side=200)
    assert got.size == (200, 100)
    assert not got.info and not got.getexif()


def test_mask_is_white_or_any_alpha():
    grey = Image.new("L", (8, 8), 0)
    grey.putpixel((2, 2), 255)
    assert open_mask(encoded(grey)).tobytes() == grey.tobytes()
    layer = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    layer.putpixel((3, 3), (0, 0, 0, 200))  # black paint, yet painted
    assert open_mask(encoded(layer)).getpixel((3, 3)) == 200 and open_mask(encoded(layer)).getpixel((0, 0)) == 0
    opaque = Image.merge("RGBA", (grey, grey, grey, Image.new("L", (8, 8), 255)))
    assert open_mask(opaque).tobytes() == grey.tobytes()
    assert open_mask(encoded(grey.convert("1"))).getextrema() == (0, 255)


def test_pixels_round_trip_every_value():
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    pixels = to_pixels(Image.fromarray(values))
    assert pixels.shape == (1, 3, 16, 16) and pixels.dtype == torch.float32
    assert pixels.min() == -1 and pixels.max() == 1
    assert (np.asarray(to_image(pixels)) == values).all() and (np.asarray(to_image(pixels[0])) == values).all()
    assert to_image(torch.full((1, 8, 8), float("nan"))).getpixel((0, 0)) == (128, 128, 128)
    assert to_image(torch.full((3, 8, 8), 7.0)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (64, 64), (9, 301)])
def test_fit_cuts_the_middle_and_keeps_the_aspect(size):
    image = noise(*size)
    assert fit(image, 64, 64).size == (64, 64) and fit(image, 32, 48).size == (32, 48)
    assert fit(image, *size).tobytes() == image.tobytes()
    left, top, right, bottom = crop_box(size, 64, 64)
    assert right - left == bottom - top == min(size)
    assert abs(left - (size[0] - right)) <= 1 and abs(top - (size[1] - bottom)) <= 1


def test_a_whole_picture_keeps_its_mode_and_is_upright():
    deep = Image.fromarray(np.arange(12 * 20, dtype=np.uint16).reshape(12, 20) * 200)
    for image in (deep, *(Image.new(mode, (20, 12)) for mode in ("L", "LA", "RGB", "RGBA", "P"))):
        assert open_whole(encoded(image)).mode == image.mode
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    assert open_whole(encoded(Image.new("RGB", (20, 12)), "JPEG", exif=exif)).size == (12, 20)
    assert open_whole(Image.new("F", (20, 12), 0.5)).getextrema() == (128, 128)


@pytest.mark.parametrize(("kind", "white"), [
    (np.float32, 1), (np.float32, 1.02), (np.float32, 255), (np.float32, 65535), (np.float32, 1e6),
    (np.int32, 255), (np.int32, 65535), (np.int32, 2**31 - 1),
])  # fmt: skip
def test_grey_of_every_depth_has_its_half_tones(kind: type, white: float):
    ramp = np.linspace(0, white, 64 * 64).astype(kind).reshape(64, 64)
    seen = np.asarray(open_picture(Image.fromarray(ramp)), float)
    assert seen.min() == 0 and seen.max() == 255 and seen.mean() == pytest.approx(127.5, abs=4)


def test_an_empty_file_is_no_whole_picture():
    with pytest.raises(BadPicture, match="empty"):
        open_whole(b"")


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (64, 64)])
@pytest.mark.parametrize(("width", "height"), [(32, 48), (48, 32)])
def test_what_is_cut_out_has_the_aspect_and_touches_two_sides(size, width, height):
    left, top, right, bottom = crop_box(size, width, height)
    assert abs((right - left) * height - (bottom - top) * width) <= max(width, height)  # rounded to whole pixels
    assert right - left == size[0] or bottom - top == size[1]
    assert 0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]

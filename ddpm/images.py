"""Any file -> an upright RGB picture or a clear refusal; pixels <-> PIL; masks; pasting back.

Not here: colour profiles (`colours.py`), finding faces (`faces/`), what is written into files (`recipe/`), latents
(`models/codec.py`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from ddpm.colours import in_srgb
from ddpm.errors import BadPicture, BadRequest

if TYPE_CHECKING:
    from torch import Tensor

Source = str | PathLike[str] | bytes | Image.Image
Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom outside, as PIL counts

MIN_SIDE = 8  # px; below this a picture says nothing and resizing filters misbehave
MAX_SIDE = 4096  # px; larger pictures are made smaller on reading: 50 MB as RGB, above any phone's 12 megapixels
MAX_PIXELS = 60_000_000  # decoded pixels; a file of 100 kB can hold a hundred times as many
# What Pillow may open. Not EPS (it would start Ghostscript) and no format that only draws vectors.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA", "ICO", "PSD", "DIB")


def open_picture(source: Source, max_side: int | None = MAX_SIDE) -> Image.Image:
    """A file, its bytes or a PIL picture as upright RGB, alpha on white, first frame, at most `max_side` a side."""
    image = _load(source, max_side, "image")
    image = eight_bits(_upright(image))
    image = in_srgb(image)
    if image.has_transparency_data:  # RGBA, LA, PA, and palettes or RGB with one transparent colour
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return _without_info(_shrink(image.convert("RGB"), max_side))


def open_whole(source: Source) -> Image.Image:
    """A file, its bytes or a PIL picture upright in its own mode: alpha, grey and 16 bits stay. First frame only."""
    image = _upright(_load(source, None, "image"))
    return in_srgb(eight_bits(image) if image.mode == "F" else image)


def open_mask(source: Source, max_side: int | None = MAX_SIDE) -> Image.Image:
    """A file, its bytes or a PIL picture as mode L: 255 where the picture is to be repainted.

    White repaints. In a picture with any transparent pixel the alpha is the mask, as editors export their layers.
    """
    image = eight_bits(_upright(_load(source, max_side, "mask")))
    image = image.convert("RGB") if image.mode == "LAB" else image  # of which Pillow makes nothing else
    if image.has_transparency_data:
        alpha = image.convert("RGBA").getchannel("A")
        image = alpha if alpha.getextrema() != (255, 255) else image.convert("RGB")
    return _without_info(_shrink(image.convert("L"), max_side))


def eight_bits(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey as L (Pillow's own convert clips them to white).

    White is 65535 in 16 bits, else the first of 1 (floats only), 255 and 65535 that is not exceeded, else the lightest.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        array = np.nan_to_num(np.asarray(image, dtype=np.float64))
        top, usual, above = array.max(initial=0), [255, 65535], 1.0
        if image.mode == "F":
            usual, above = [1, *usual], 1.1  # sharpening and resizing overshoot
        full = next((white for white in usual if top <= above * white), top)
        full = 65535 if image.mode.startswith("I;16") else full
        return Image.fromarray((array / full * 255).round().clip(0, 255).astype(np.uint8))
    return image


def to_pixels(image: Image.Image) -> Tensor:
    """PIL -> (1, 3, H, W) float32 in [-1, 1]."""
    import torch

    array = np.asarray(image.convert("RGB"), dtype=np.float32) / 127.5 - 1.0
    return torch.from_numpy(array).permute(2, 0, 1)[None].contiguous()


def to_image(pixels: Tensor) -> Image.Image:
    """(3, H, W) or (1, 3, H, W) in [-1, 1] (clamped; NaN becomes grey) -> PIL RGB. One channel becomes grey RGB."""
    if pixels.dim() == 4:
        if len(pixels) != 1:
            raise ValueError(f"to_image takes one picture, not {len(pixels)}")
        pixels = pixels[0]
    array = pixels.detach().float().nan_to_num(0.0).clamp(-1, 1).add(1).mul(127.5).round().byte().cpu()
    return Image.fromarray(array.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())


def crop_box(size: tuple[int, int], width: int, height: int) -> Box:
    """The largest centred box of aspect width : height in a picture of this size: what `fit` cuts out."""
    w, h = size
    cut_w, cut_h = min(w, max(1, round(h * width / height))), min(h, max(1, round(w * height / width)))
    left, top = (w - cut_w) // 2, (h - cut_h) // 2
    return left, top, left + cut_w, top + cut_h


def fit(image: Image.Image, width: int, height: int) -> Image.Image:
    """Cut the centre to the aspect, then scale to exactly width x height; a picture of that size stays bit for bit."""
    if image.size == (width, height):
        return image.copy()
    return image.crop(crop_box(image.size, width, height)).resize((width, height), Image.Resampling.LANCZOS)


def mask_notice(mask: Image.Image, size: tuple[int, int]) -> str | None:
    """The sentence to show when a mask had to be stretched to the picture's (width, height); None when it fits."""
    if mask.size == size:
        return None
    (w, h), (width, height) = mask.size, size
    return f"The mask is {w}x{h} pixels and the picture {width}x{height}: the mask was stretched to the picture."


def prepare_mask(mask: Image.Image, size: tuple[int, int], grow: int = 0, blur: float = 0) -> Image.Image:
    """The mask as it is used: L, stretched to (width, height), grown (or shrunk) by `grow` px, edge softened by `blur`.

    Where it is 0 afterwards, `paste_back` leaves the picture bit for bit.
    """
    mask = mask if mask.mode == "L" else mask.convert("L")
    if mask.size != size:
        mask = mask.resize(size, Image.Resampling.BILINEAR)
    array = np.asarray(mask)
    if not array.any():
        raise BadRequest("The mask is empty: paint over a part first.", "mask")
    if grow:
        array = _dilate(array, grow) if grow > 0 else 255 - _dilate(255 - array, -grow)
        if not array.any():
            raise BadRequest(f"mask_grow is {grow}, which leaves nothing of the mask: shrink it less.", "mask_grow")
    mask = Image.fromarray(np.ascontiguousarray(array))
    soft = mask.filter(ImageFilter.GaussianBlur(blur)) if blur else mask
    return soft if soft.getbbox() else mask  # a wide blur must not wash a small dot away


def paste_back(original: Image.Image, painted: Image.Image, mask: Image.Image, box: Box | None = None) -> Image.Image:
    """`painted` over `original` where `mask` (L, the original's size) is not 0; every other pixel bit for bit.

    `painted` has any size and stands for `box` of the original (None: all of it).
    """
    box = box or (0, 0, *original.size)
    size = (box[2] - box[0], box[3] - box[1])
    painted = painted.convert(original.mode)
    if painted.size != size:
        painted = painted.resize(size, Image.Resampling.LANCZOS)
    result = original.copy()
    result.paste(painted, box[:2], mask.crop(box))
    return result


def mask_box(mask: Image.Image, padding: int = 32, aspect: float = 1.0) -> Box:
    """The box round what the mask paints, `padding` px wider, grown to `aspect` (width / height), inside the picture.

    Where the picture is too small for that aspect the box is as large as the picture there.
    """
    found = mask.getbbox()
    if found is None:
        raise BadRequest("The mask is empty: paint over a part first.", "mask")
    left, top, right, bottom = found[0] - padding, found[1] - padding, found[2] + padding, found[3] + padding
    width, height = right - left, bottom - top
    width, height = max(width, round(height * aspect)), max(height, round(width / aspect))
    x0, x1 = _span((left + right) // 2, width, mask.width)
    y0, y1 = _span((top + bottom) // 2, height, mask.height)
    return x0, y0, x1, y1


def _span(middle: int, length: int, limit: int) -> tuple[int, int]:
    """`length` px round `middle`, moved (and where needed cut) to lie in 0..limit."""
    length = min(length, limit)
    start = min(max(middle - length // 2, 0), limit - length)
    return start, start + length


def _dilate(array: np.ndarray, radius: int) -> np.ndarray:
    """Largest value within `radius` px along both axes, (H, W) uint8; doubling windows, so 64 px cost six passes."""
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (radius, radius)
        array, window, width = np.pad(array, pad), 1, 2 * radius + 1
        while window < width:
            shift = min(window, width - window)
            length = array.shape[axis] - shift
            array = np.maximum(array.take(range(length), axis), array.take(range(shift, shift + length), axis))
            window += shift
    return array


def _load(source: Source, max_side: int | None, field: str) -> Image.Image:
    """The first frame, decoded; every way in which that fails has its own sentence."""
    if isinstance(source, Image.Image):
        name, image = f"The {field}", source
    else:
        name, image = _opened(source, max_side, field)
    _check_size(image.size, name, field, max_side)
    with _refusing(f"{name} is damaged or cut off: its pixels could not be read. Save or send it again.", name, field):
        if image.format != "PSD":  # Pillow counts its layers from 1; what it opens with is the whole picture
            image.seek(0)
        image.load()
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says. Of garbage there Pillow raises almost anything; the pixels are good all the same."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _opened(source: str | PathLike[str] | bytes, max_side: int | None, field: str) -> tuple[str, Image.Image]:
    """A name for sentences and the picture, with only its header read."""
    name, file = (f"The {field}", source) if isinstance(source, bytes) else _read(Path(source), field)
    if not file:
        raise BadPicture(f"{name} is empty (0 bytes): send a PNG or JPEG.", field)
    with _refusing(f"{name} could not be read as a picture: send a PNG, JPEG or WebP.", name, field):
        Image.init()
        image = Image.open(io.BytesIO(file), formats=[known for known in FORMATS if known in Image.OPEN])
    if max_side:
        width, height = (max(1, side * max_side // max(image.size)) for side in image.size)
        image.draft("RGB", (width, height))  # a huge JPEG is decoded at a half, quarter or eighth
    return name, image


def _read(path: Path, field: str) -> tuple[str, bytes]:
    """A file's bare name, for sentences, and its bytes."""
    try:
        return repr(path.name), path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or "not a file name"
        raise BadPicture(f"{path.name!r} could not be opened: {reason}.", field) from None


@contextmanager
def _refusing(sentence: str, name: str, field: str) -> Iterator[None]:
    """Whatever a decoder raises on a bad file becomes one BadPicture."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"{name} has far too many pixels; at most {MAX_PIXELS:,} are read.", field) from None
    except Exception as error:  # Pillow's decoders raise almost anything: struct.error, SyntaxError, zlib.error, ...
        raise BadPicture(sentence, field) from error


def _check_size(size: tuple[int, int], name: str, field: str, max_side: int | None) -> None:
    width, height = size
    if min(size) < MIN_SIDE:
        raise BadPicture(f"{name} is {width}x{height} pixels; at least {MIN_SIDE} on each side are needed.", field)
    if width * height > MAX_PIXELS:
        raise BadPicture(f"{name} is {width:,}x{height:,} pixels, too many: at most {MAX_PIXELS:,} are read.", field)
    if max_side and max(size) > max(max_side, min(size) * (most := max_side // MIN_SIDE)):
        raise BadPicture(f"{name} is {width}x{height} pixels: one side may be {most} times the other, no more.", field)


def _shrink(image: Image.Image, max_side: int | None) -> Image.Image:
    if max_side and max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return image


def _without_info(image: Image.Image) -> Image.Image:
    """Pixels only: place, camera and comments of the file stay behind."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    return clean

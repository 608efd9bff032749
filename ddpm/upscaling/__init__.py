"""Real-ESRGAN: pictures 2 and 4 times larger, tile by tile, keeping alpha, grey and 16 bits.

`upscale` is the whole interface. Importing this package imports no torch; the first picture does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm.errors import BadPicture, BadRequest, TooMuch

if TYPE_CHECKING:
    from PIL import Image

UPSCALERS = {
    "animevideov3": "Fast: a second per picture; drawings and previews",
    "x4plus-anime": "Drawings: clean lines and flat colours",
    "x4plus": "Photographs: the most detail, and the slowest",
}
DEFAULT = "animevideov3"
SCALES = (2, 4)
LARGEST = 8192 * 8192  # pixels of a result: 200 MB, which the page and its browser can still show


def checked(scale: Any, upscaler: Any = None) -> tuple[int, str]:
    """Both as `upscale` takes them, or their refusal: the one check of page, endpoint, command line and Python.

    A scale may come as text, as from a form; no upscaler is the default one.
    """
    times = next((known for known in SCALES if scale in (known, str(known))), None)
    if times is None:
        raise BadRequest(f"scale must be 2 or 4; it is {shown(scale)}.", field="scale")
    upscaler = DEFAULT if upscaler is None else upscaler
    if upscaler not in tuple(UPSCALERS):  # a tuple: what was sent may not be hashable
        names = ", ".join(UPSCALERS)
        raise BadRequest(f"There is no upscaler {shown(upscaler)}; there are {names}.", field="upscaler")
    return times, upscaler


def check_size(size: tuple[int, int], scale: int) -> None:
    """Raise TooMuch where a picture of this (width, height) would become too large to be shown."""
    (width, height), side = size, int((LARGEST / scale**2) ** 0.5)
    if width * height * scale * scale > LARGEST:
        raise TooMuch(
            f"{width} x {height} made {scale} times larger would be {width * height * scale**2 / 1e6:.0f} million "
            f"pixels; the most is {LARGEST / 1e6:.0f}, for example from {side} x {side}."
        )


def shown(value: Any) -> str:
    text = value if isinstance(value, str) and value.isdecimal() else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def upscale(
    image: Image.Image,
    scale: int,
    upscaler: str = DEFAULT,
    *,
    weights: Path | str = "weights",
    device: str = "cpu",
    exact: bool = False,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Image.Image | None:
    """`image` made `scale` times larger, in its own mode (palettes become RGB or RGBA); None when `stop` said so.

    `stop` is asked before each block of the network, `progress(tiles done, tiles in all)` told after each tile. `exact`
    computes in float32, as 16-bit pictures always do. Alpha goes through the network too, unless it is one flat value.
    """
    scale, upscaler = checked(scale, upscaler)
    width, height = image.size
    check_size(image.size, scale)
    if not width or not height:
        raise BadPicture("The picture has no pixels.", field="image")

    from ddpm.upscaling.planes import assemble, take_apart
    from ddpm.upscaling.real_esrgan import SOURCES, Stopped, asking, enlarger, network
    from ddpm.upscaling.tiles import cut, through

    planes = take_apart(image)
    source = SOURCES[upscaler]
    tiles = cut(height, width, source.tile, source.margin)
    net = network(upscaler, Path(weights), device)
    enlarge = enlarger(net, scale, exact=exact or planes.deep)
    pixels, done = planes.to_enlarge(), 0
    results = []
    try:
        with asking(net, stop):
            for plane in pixels:
                out = planes.room(scale)
                for _ in through(enlarge, plane.to(device), tiles, out):
                    done += 1
                    progress(done, len(tiles) * len(pixels))
                results.append(out)
    except Stopped:
        return None
    return assemble(planes, results)

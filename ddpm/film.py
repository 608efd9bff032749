"""The denoising as a film: frames -> an MP4 that every browser plays, a GIF, or a PNG strip. PyAV writes the MP4."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image

from ddpm.errors import BadRequest, Missing
from ddpm.events import Film
from ddpm.request import LIMITS

SMALLEST = 256  # px of the shorter side; smaller frames are enlarged by a whole factor so that each pixel is seen
GIF_FPS = 50  # a GIF counts in 1/100 s, and browsers play anything shorter than 2/100 s at a crawl
STRIP_FRAMES = 12  # pictures of a strip, evenly spaced, the first and the last among them


def make_film(
    frames: Sequence[Image.Image],
    fps: int = 60,
    format: Literal["mp4", "gif", "png"] = "mp4",
    shortest: float = 0.0,
) -> Film:
    """Frames (all brought to the first one's size) as a film file. Its `fps` and `frames` say what is in the file.

    A film that would end before `shortest` seconds shows each frame for as many beats as it takes, so `fps` holds.
    """
    if not frames:
        raise BadRequest("A film needs at least one frame, and no step was finished.", "film")
    low, high = LIMITS["fps"]
    if not low <= fps <= high:
        raise BadRequest(f"fps is {fps}, but must be a whole number from {low} to {high}.", "fps")
    chosen = strip_numbers(len(frames))
    steps = tuple((number + 1, frames[number]) for number in chosen)
    rate = min(fps, GIF_FPS) if format == "gif" else fps
    beats = max(1, ceil(shortest * rate / len(frames)))
    match format:
        case "mp4":
            return Film(_mp4([frame for frame in frames for _ in range(beats)], rate), "mp4", rate,
                        beats * len(frames), steps)  # fmt: skip
        case "gif":
            return Film(_gif(frames, rate, beats), "gif", rate, len(frames), steps)
        case "png":
            return Film(_strip([frame for _, frame in steps]), "png", rate, len(steps), steps)
    raise BadRequest(f"format is {format!r}, but must be one of mp4, gif, png.", "format")


def film_notice(fps: int, format: str, frames: int) -> str | None:
    """The sentence to show when the film is not quite what was asked for."""
    if format == "gif" and fps > GIF_FPS:
        return f"A GIF cannot play at {fps} pictures a second: it was made with {GIF_FPS}. An MP4 can."
    if format == "png" and frames > STRIP_FRAMES:
        return f"The strip shows {STRIP_FRAMES} of the {frames} frames, evenly spaced."
    return None


def strip_numbers(frames: int) -> list[int]:
    """Which of so many frames a strip shows: at most STRIP_FRAMES, evenly spaced, with both ends."""
    if frames <= STRIP_FRAMES:
        return list(range(frames))
    return [round(i * (frames - 1) / (STRIP_FRAMES - 1)) for i in range(STRIP_FRAMES)]


def _sized(frames: Sequence[Image.Image], even: bool = False) -> Iterator[Image.Image]:
    """RGB frames of one size: at least SMALLEST a side by whole-number nearest, `even` by repeating the last row."""
    width, height = frames[0].size
    factor = -(-SMALLEST // min(width, height)) if min(width, height) < SMALLEST else 1
    for frame in frames:
        if frame.size != (width, height):
            frame = frame.resize((width, height), Image.Resampling.LANCZOS)
        frame = frame.convert("RGB").resize((width * factor, height * factor), Image.Resampling.NEAREST)
        if even and (frame.width % 2 or frame.height % 2):
            w, h = frame.size
            wide = Image.new("RGB", (w + w % 2, h + h % 2))
            for offset in ((w % 2, h % 2), (0, h % 2), (w % 2, 0), (0, 0)):
                wide.paste(frame, offset)
            frame = wide
        yield frame


def _mp4(frames: Sequence[Image.Image], fps: int) -> bytes:
    """H.264, yuv420p, the index at the front so that a browser starts before it has everything."""
    try:
        import av
    except ImportError as error:
        raise Missing("An MP4 needs the package av: pip install av. GIF and PNG strip work without it.") from error
    with TemporaryDirectory() as folder:  # a file, as moving the index to the front needs to open it twice
        path = Path(folder) / "film.mp4"
        with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = container.add_stream("libx264", rate=fps, options={"crf": "18", "preset": "fast"})
            stream.pix_fmt = "yuv420p"
            for number, image in enumerate(_sized(frames, even=True)):
                if not number:
                    stream.width, stream.height = image.size
                frame = av.VideoFrame.from_image(image)
                frame.pts, frame.time_base = number, Fraction(1, fps)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def _gif(frames: Sequence[Image.Image], fps: int, beats: int) -> bytes:
    """Endless; frames last whole hundredths of a second, chosen so that the whole film keeps its length."""
    ends = [round(100 * beats * (number + 1) / fps) for number in range(len(frames))]
    lasting = [10 * (end - start) for start, end in zip([0, *ends], ends, strict=False)]  # ms
    pictures = [image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG) for image in _sized(frames)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=lasting, loop=0, disposal=1)
    return file.getvalue()


def _strip(frames: Sequence[Image.Image]) -> bytes:
    """Side by side, first to last, left to right."""
    pictures = list(_sized(frames))
    width, height = pictures[0].size
    strip = Image.new("RGB", (width * len(pictures), height))
    for number, image in enumerate(pictures):
        strip.paste(image, (number * width, 0))
    file = io.BytesIO()
    strip.save(file, "PNG")
    return file.getvalue()

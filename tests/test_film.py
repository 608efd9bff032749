"""Films are decoded again by another program's eyes: number of frames, size, rate, colours."""

import io

import av
import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from ddpm.errors import BadRequest
from ddpm.film import GIF_FPS, STRIP_FRAMES, film_notice, make_film

pytestmark = pytest.mark.slow


def frames(count: int, size: tuple[int, int] = (64, 64)) -> list[Image.Image]:
    """Greys that tell each frame from its neighbours."""
    return [Image.new("RGB", size, (20 + 7 * i % 220,) * 3) for i in range(count)]


@pytest.mark.parametrize(("count", "fps"), [(1, 60), (2, 1), (25, 24), (31, 120)])
def test_mp4_plays_back_every_frame(count, fps):
    film = make_film(frames(count), fps, "mp4")
    assert (film.format, film.fps, film.frames) == ("mp4", fps, count)
    decoded = iio.imread(film.data, plugin="pyav", extension=".mp4")
    assert decoded.shape == (count, 256, 256, 3)
    greys = decoded.reshape(count, -1).mean(1)
    assert np.abs(greys - [image.getpixel((0, 0))[0] for image in frames(count)]).max() < 4
    with av.open(io.BytesIO(film.data)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == fps
        assert float(stream.duration * stream.time_base) == pytest.approx(count / fps, rel=0.01)
    assert film.data.index(b"moov") < film.data.index(b"mdat")


@pytest.mark.parametrize("size", [(257, 301), (28, 28), (33, 70), (300, 512)])
def test_mp4_has_an_even_size_and_small_frames_are_enlarged(size):
    decoded = iio.imread(make_film(frames(3, size), 30, "mp4").data, plugin="pyav", extension=".mp4")
    height, width = decoded.shape[1:3]
    assert width % 2 == height % 2 == 0 and min(width, height) >= 256
    factor = round(width / size[0])
    assert 0 <= width - factor * size[0] <= 1 and 0 <= height - factor * size[1] <= 1


def test_gif_keeps_its_length_at_any_rate():
    for fps in (7, 24, 50, 60):
        film = make_film(frames(40), fps, "gif")
        with Image.open(io.BytesIO(film.data)) as gif:
            lasting = []
            for number in range(gif.n_frames):
                gif.seek(number)
                lasting.append(gif.info["duration"])
        assert film.fps == min(fps, GIF_FPS) and len(lasting) == film.frames == 40
        assert min(lasting) >= 20 and sum(lasting) / 1000 == pytest.approx(40 / film.fps, abs=0.01)
    assert "made with 50" in (film_notice(60, "gif", 40) or "")
    assert film_notice(50, "gif", 40) is None and film_notice(120, "mp4", 40) is None


@pytest.mark.parametrize(("count", "fps", "seconds"), [(20, 60, 2.0), (7, 24, 49 / 24), (130, 60, 130 / 60)])
def test_a_short_film_holds_its_frames_and_keeps_its_rate(count, fps, seconds):
    film = make_film(frames(count), fps, "mp4", shortest=2.0)
    with av.open(io.BytesIO(film.data)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == film.fps == fps
        assert float(stream.duration * stream.time_base) == pytest.approx(seconds, rel=0.01)
    held = make_film(frames(5), 10, "gif", shortest=2.0)
    with Image.open(io.BytesIO(held.data)) as gif:
        assert gif.n_frames == held.frames == 5 and gif.info["duration"] == 400


def test_the_steps_of_a_film_are_its_own_frames():
    pictures = frames(100)
    film = make_film(pictures, 60, "mp4")
    numbers = [number for number, _ in film.steps]
    assert len(numbers) == STRIP_FRAMES and (numbers[0], numbers[-1]) == (1, 100)
    assert all(frame is pictures[number - 1] for number, frame in film.steps)


def test_strip_shows_both_ends():
    film = make_film(frames(100), 60, "png")
    strip = np.asarray(Image.open(io.BytesIO(film.data)))
    assert strip.shape == (256, 256 * STRIP_FRAMES, 3) and film.frames == STRIP_FRAMES
    first, last = (frames(100)[number].getpixel((0, 0)) for number in (0, 99))
    assert tuple(strip[0, 0]) == first and tuple(strip[0, -1]) == last
    assert "12 of the 100 frames" in (film_notice(60, "png", 100) or "")
    assert make_film(frames(3), 60, "png").frames == 3


def test_small_pixels_stay_squares():
    board = Image.fromarray((np.indices((32, 32)).sum(0) % 2 * 255).astype(np.uint8))
    strip = np.asarray(Image.open(io.BytesIO(make_film([board], 60, "png").data)))
    assert (strip[:, :, 0] == np.asarray(board).repeat(8, 0).repeat(8, 1)).all()


def test_frames_of_another_size_join_in():
    mixed = [*frames(2), Image.new("L", (256, 256), 200)]
    assert iio.imread(make_film(mixed, 10, "mp4").data, plugin="pyav", extension=".mp4").shape[0] == 3


@pytest.mark.parametrize("format", ["mp4", "gif", "png"])
def test_no_frames_and_bad_rates_are_refused(format):
    with pytest.raises(BadRequest, match="at least one frame"):
        make_film([], 60, format)
    for fps in (0, 121):
        with pytest.raises(BadRequest, match=f"fps is {fps}, but must be a whole number from 1 to 120."):
            make_film(frames(1), fps, format)
